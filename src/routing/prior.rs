//! What is expected of a model before it has taught anything, as data: `prior.tsv`.
//!
//! A row names a feature as `encode` does, and says what weight it is expected to have and how
//! firmly, as a precision: an observation where right and wrong are equally likely adds a quarter of
//! the feature's square. Where the numbers come from stands in the file.

use std::collections::BTreeMap;
use std::fmt;

use super::encode::SLOTS;
use super::logistic::Logistic;
use super::vector::slot_of;
use crate::domain::fnv1a;

/// The committed rows.
const BUNDLED: &str = include_str!("prior.tsv");
/// The row of what is true everywhere.
const LEVEL: &str = "level";
/// The row of every feature that has none: it is expected to have no weight.
const OTHERS: &str = "others";

/// What is expected of one weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// The weight, on the scale of logits.
    pub mean: f64,
    /// How firmly: one over the variance.
    pub precision: f64,
}

/// What is expected of the weights of a regression, by the names of its features.
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    /// Of what is true everywhere.
    pub level: Expected,
    /// The precision of the weights that are not named; their mean is 0.
    pub others: f64,
    /// Of the named ones: a number by its name, a kind as `name=kind`.
    pub named: BTreeMap<String, Expected>,
}

impl Prior {
    /// Returns the one that new installations begin with.
    #[must_use]
    pub fn bundled() -> Self {
        Self::parse(BUNDLED).expect("a test reads the committed rows")
    }

    /// Returns the slot of a feature in the vectors that `encode` makes.
    #[must_use]
    pub fn slot(name: &str) -> u32 {
        slot_of(fnv1a(name.as_bytes()), SLOTS)
    }

    /// Returns a regression that nothing has taught yet.
    #[must_use]
    pub fn regression(&self) -> Logistic {
        let Expected { mean, precision } = self.level;
        let start = Logistic::new(SLOTS, mean, precision, self.others);
        self.named
            .iter()
            .fold(start, |regression, (name, expected)| {
                regression.expecting(Self::slot(name), expected.mean, expected.precision)
            })
    }

    /// Reads rows of name, mean and precision with tabs between; lines that begin with `#` say
    /// something to people.
    fn parse(text: &str) -> Option<Self> {
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        let mut named = BTreeMap::new();
        for row in rows {
            let mut cells = row.split('\t');
            let name = cells.next()?.to_owned();
            let mut number = || cells.next()?.parse::<f64>().ok();
            let (mean, precision) = (number()?, number()?);
            named.insert(name, Expected { mean, precision });
        }
        Some(Self {
            level: named.remove(LEVEL)?,
            others: named.remove(OTHERS)?.precision,
            named,
        })
    }
}

/// The rows as `prior.tsv` has them.
impl fmt::Display for Prior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = Expected {
            mean: 0.0,
            precision: self.others,
        };
        let first = [(LEVEL, self.level), (OTHERS, others)];
        let named = self
            .named
            .iter()
            .map(|(name, expected)| (name.as_str(), *expected));
        for (name, Expected { mean, precision }) in first.into_iter().chain(named) {
            writeln!(f, "{name}\t{mean:.2}\t{precision}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::{CursorSite, Features};
    use crate::routing::encode;

    #[test]
    fn the_committed_rows_are_read_and_written_as_they_are() {
        let rows = BUNDLED.lines().filter(|line| !line.starts_with('#'));
        let rows: Vec<&str> = rows.collect();
        let written = Prior::bundled().to_string();
        let mut written: Vec<&str> = written.lines().collect();
        // The order of the file is that of who reads it.
        written.sort_unstable();
        let mut sorted = rows.clone();
        sorted.sort_unstable();
        assert_eq!(written, sorted);
    }

    #[test]
    fn every_named_feature_has_a_slot_of_its_own_that_places_use() {
        let prior = Prior::bundled();
        let slots: BTreeSet<u32> = prior.named.keys().map(|name| Prior::slot(name)).collect();
        assert_eq!(slots.len(), prior.named.len(), "two names share a slot");
        let used: BTreeSet<u32> = CursorSite::ALL
            .iter()
            .flat_map(|&site| [Some(0.7), None].map(|sure| (site, sure)))
            .flat_map(|(site, embedded_confidence)| {
                let place = Features {
                    site,
                    embedded_confidence,
                    embedded_chars: embedded_confidence.map(|_| 9),
                    partial_identifier_chars: 3,
                    ..Features::at_line_end("rust")
                };
                let vector = encode(&place);
                let slots: Vec<u32> = vector.entries().iter().map(|(slot, _)| *slot).collect();
                slots
            })
            .collect();
        for name in prior
            .named
            .keys()
            .filter(|name| !name.starts_with("language="))
        {
            assert!(used.contains(&Prior::slot(name)), "no place has {name}");
        }
    }

    #[test]
    fn it_is_weak() {
        // A label teaches most where right and wrong are equally likely: a quarter of the square of
        // each value. At no place is the prior worth more than a hundred such labels.
        let regression = Prior::bundled().regression();
        for &site in CursorSite::ALL {
            let place = Features {
                site,
                ..Features::at_line_end("rust")
            };
            let vector = encode(&place);
            let variance = regression.believe(&vector).deviation.powi(2);
            // `n` labels at this place alone leave the variance 1 / (1 / variance + n / 4).
            assert!(4.0 / variance < 100.0, "{site}: {variance}");
        }
        assert!(4.0 * Prior::bundled().level.precision < 100.0);
    }
}
