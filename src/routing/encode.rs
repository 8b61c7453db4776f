//! The features of a place as the estimates see them.

use super::logistic::logit;
use super::vector::{Encoder, FeatureVector};
use crate::domain::{Features, fnv1a};

/// Slots of the product's vectors: a few hundred names are in use at a time.
pub const SLOTS: u32 = 1_024;

/// Returns the vector of a place: numbers about one in size, kinds by name.
#[must_use]
pub fn encode(features: &Features) -> FeatureVector {
    let mut encoder = Encoder::new(SLOTS);
    let site = features.site.as_str();
    encoder
        .kind("language", &features.language)
        .kind("site", site)
        .kind(site, &features.language)
        .number("line", scale(features.line_prefix_chars, 20.0))
        .number("name", scale(features.partial_identifier_chars, 4.0))
        .number("prompt", scale(features.prompt_tokens, 500.0))
        .number("document", scale(features.document_lines, 200.0));
    match features.embedded_confidence {
        Some(confidence) => {
            encoder
                .number("embedded", 0.5 * logit(f64::from(confidence)))
                .number(
                    "embedded-chars",
                    scale(features.embedded_chars.unwrap_or(0), 20.0),
                );
        }
        None => {
            encoder.kind("embedded", "silent");
        }
    }
    encoder.finish()
}

/// Returns a number that grows by one for every doubling above `unit`, slower than what it counts.
fn scale(count: u32, unit: f64) -> f64 {
    (f64::from(count) / unit).ln_1p()
}

/// Returns the hash of a place's features, as decision rows carry it: equal hashes were equal to
/// the router.
#[must_use]
pub fn feature_hash(vector: &FeatureVector) -> String {
    let mut bytes = Vec::with_capacity(vector.entries().len() * 8);
    for (slot, value) in vector.entries() {
        bytes.extend_from_slice(&slot.to_le_bytes());
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    format!("{:016x}", fnv1a(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CursorSite;

    fn place() -> Features {
        Features {
            language: "rust".into(),
            site: CursorSite::LineEnd,
            embedded_confidence: Some(0.7),
            embedded_chars: Some(12),
            prompt_tokens: 900,
            line_prefix_chars: 8,
            partial_identifier_chars: 3,
            document_lines: 100,
        }
    }

    #[test]
    fn equal_places_have_equal_hashes_and_every_feature_counts() {
        let hash = |features: &Features| feature_hash(&encode(features));
        assert_eq!(hash(&place()), hash(&place()));
        let others = [
            Features {
                language: "go".into(),
                ..place()
            },
            Features {
                site: CursorSite::Comment,
                ..place()
            },
            Features {
                embedded_confidence: None,
                ..place()
            },
            Features {
                embedded_chars: Some(30),
                ..place()
            },
            Features {
                prompt_tokens: 100,
                ..place()
            },
            Features {
                line_prefix_chars: 40,
                ..place()
            },
            Features {
                partial_identifier_chars: 0,
                ..place()
            },
            Features {
                document_lines: 9_000,
                ..place()
            },
        ];
        for other in &others {
            assert_ne!(hash(other), hash(&place()), "{other:?}");
        }
    }

    #[test]
    fn the_size_of_a_number_is_about_one() {
        for (slot, value) in encode(&place()).entries() {
            assert!(value.abs() < 4.0, "{slot}: {value}");
        }
    }
}
