//! Reads the price catalogues of others: what can be taken over as it is meant, and what not.
//!
//! A catalogue is a claim, not a bill. A price of 0 means "not known" there unless the user says
//! otherwise, a price that no model has is a wrong unit, and what has no place in our format is
//! left out with the reason. Nothing is written here.

mod catalogue;
mod decimal;
mod genai_prices;
mod litellm;
mod models_dev;

use std::collections::BTreeMap;

use serde_json::Value;

pub use catalogue::{Selection, Skipped};

use super::book::PriceBook;
use super::entry::{Entry, PriceFile, SourceEntry};
use super::file::{self, PriceFileError};
use catalogue::Catalogue;

/// Whose format a file has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Ours, `mantle.prices.v1`.
    Mantle,
    /// LiteLLM's `model_prices_and_context_window.json`: dollars per token.
    LiteLlm,
    /// Pydantic's genai-prices, version 2: dollars per million tokens, dated, with conditions.
    GenaiPrices,
    /// The JSON of models.dev: dollars per million tokens.
    ModelsDev,
}

impl Format {
    /// Every format, in the order in which they are offered.
    pub const ALL: &'static [Self] = &[
        Self::Mantle,
        Self::LiteLlm,
        Self::GenaiPrices,
        Self::ModelsDev,
    ];

    /// Returns the name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mantle => "mantle",
            Self::LiteLlm => "litellm",
            Self::GenaiPrices => "genai-prices-v2",
            Self::ModelsDev => "models-dev",
        }
    }

    /// Returns the format that a file seems to have, by its shape.
    fn of(json: &Value) -> Option<Self> {
        let has = |value: &Value, key: &str| value.get(key).is_some();
        match json {
            Value::Array(providers) => {
                let first = providers.first()?;
                (has(first, "models") && has(first, "id")).then_some(Self::GenaiPrices)
            }
            Value::Object(_) if has(json, "schema") => Some(Self::Mantle),
            Value::Object(table) => table.values().find_map(|value| {
                if has(value, "litellm_provider") {
                    return Some(Self::LiteLlm);
                }
                value
                    .get("models")
                    .is_some_and(Value::is_object)
                    .then_some(Self::ModelsDev)
            }),
            _ => None,
        }
    }
}

/// Why a catalogue cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not JSON.
    #[error("the file is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON of no shape that is known here.
    #[error(
        "the file is no price catalogue that is known; say which with --format mantle, litellm, genai-prices-v2 or models-dev"
    )]
    UnknownFormat,
    /// It has another shape than its format says.
    #[error("the file is not of the format {format}: {problem}")]
    Shape {
        /// The format.
        format: &'static str,
        /// What does not fit.
        problem: String,
    },
    /// A price file of ours that contradicts itself.
    #[error(transparent)]
    File(#[from] PriceFileError),
}

/// What was taken from a catalogue, ready to be compared and written.
#[derive(Debug)]
pub struct Import {
    /// The format that was read.
    pub format: Format,
    /// The prices that were taken.
    pub book: PriceBook,
    /// What was not taken, and why.
    pub skipped: Vec<Skipped>,
    entries: Vec<Entry>,
    digest: String,
}

/// Reads a catalogue; `known` is the book whose keys it is read for.
///
/// # Errors
///
/// [`ImportError`]; a single price that cannot be taken is no error, it is among the skipped.
pub fn import(
    text: &str,
    format: Option<Format>,
    selection: &Selection,
    known: &PriceBook,
) -> Result<Import, ImportError> {
    let json: Value = serde_json::from_str(text)?;
    let format = format
        .or_else(|| Format::of(&json))
        .ok_or(ImportError::UnknownFormat)?;
    let mut catalogue = Catalogue::new(selection, known);
    match format {
        Format::Mantle => catalogue.take_all(file::parse(text)?.rows),
        Format::LiteLlm => litellm::read(&json, &mut catalogue)?,
        Format::GenaiPrices => genai_prices::read(&json, &mut catalogue)?,
        Format::ModelsDev => models_dev::read(&json, &mut catalogue)?,
    }
    let (entries, skipped) = catalogue.into_parts();
    let text_of_ours = PriceFile::new("1970-01-01".to_owned(), Vec::new(), entries.clone());
    Ok(Import {
        format,
        book: PriceBook::parse(&text_of_ours.to_text())?,
        skipped,
        entries,
        digest: PriceBook::digest(text),
    })
}

impl Import {
    /// Returns the text of the user's price file with these prices in it: `own` is the file as it
    /// is, if there is one. A key that was imported has the imported rows and no others.
    ///
    /// # Errors
    ///
    /// [`PriceFileError`] when the user's file is broken; it is then not overwritten.
    pub fn merged_into(
        &self,
        own: Option<&str>,
        source: &str,
        today: &str,
    ) -> Result<String, PriceFileError> {
        let (mut sources, kept) = match own {
            Some(text) => {
                let file = file::parse(text)?;
                (file.sources, file.rows)
            }
            None => (Vec::new(), Vec::new()),
        };
        sources.retain(|known| known.name != source);
        sources.push(SourceEntry {
            name: source.to_owned(),
            retrieved: today.to_owned(),
            licence: "as its source says".to_owned(),
            digest: Some(self.digest.clone()),
        });
        let mut by_key: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        let taken = |id: &str| self.entries.iter().any(|entry| entry.id == id);
        let kept = kept.into_iter().filter(|entry| !taken(&entry.id));
        for entry in kept.chain(self.entries.iter().cloned()) {
            by_key.entry(entry.id.clone()).or_default().push(entry);
        }
        let rows = by_key.into_values().flatten().collect();
        let text = PriceFile::new(today.to_owned(), sources, rows).to_text();
        PriceBook::parse(&text)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
