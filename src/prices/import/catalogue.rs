//! What every importer shares: which keys are wanted, what may be taken, and what was left out.

use std::collections::{BTreeMap, BTreeSet};

use crate::prices::book::PriceBook;
use crate::prices::entry::Entry;

/// A price per million tokens outside of these bounds is in another unit than it says, in
/// micro-USD: a hundredth of a cent, and two thousand dollars.
const PLAUSIBLE: std::ops::RangeInclusive<u64> = 100..=2_000_000_000;

/// Which prices of a catalogue are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// All of them; else those of keys that the book has, and of `keys`.
    pub all: bool,
    /// More keys; a `*` stands for any letters.
    pub keys: Vec<String>,
    /// Whether a price of 0 is a price.
    pub free: bool,
}

/// A price of a catalogue that was not taken.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Skipped {
    /// Its key, as the catalogue has it.
    pub key: String,
    /// Why.
    pub why: String,
}

/// Prices on their way in.
pub(super) struct Catalogue<'a> {
    selection: &'a Selection,
    known: BTreeSet<&'a str>,
    entries: BTreeMap<String, Vec<Entry>>,
    skipped: Vec<Skipped>,
}

impl<'a> Catalogue<'a> {
    pub fn new(selection: &'a Selection, known: &'a PriceBook) -> Self {
        Self {
            selection,
            known: known.keys().collect(),
            entries: BTreeMap::new(),
            skipped: Vec::new(),
        }
    }

    /// Returns the keys of the book that a catalogue is read for.
    pub fn known(&self) -> impl Iterator<Item = &'a str> + use<'_, 'a> {
        self.known.iter().copied()
    }

    /// Returns whether prices of this key are wanted at all.
    pub fn wants(&self, id: &str) -> bool {
        self.selection.all
            || self.known.contains(id)
            || self.selection.keys.iter().any(|glob| matches(glob, id))
    }

    pub fn skip(&mut self, key: &str, why: impl Into<String>) {
        self.skipped.push(Skipped {
            key: key.to_owned(),
            why: why.into(),
        });
    }

    pub fn take_all(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            let key = entry.id.clone();
            self.take(&key, entry);
        }
    }

    /// Takes a price, unless it is not wanted or cannot be meant; `key` is its name there.
    pub fn take(&mut self, key: &str, mut entry: Entry) {
        if !self.wants(&entry.id) {
            return self.skip(
                key,
                "not a key of the book; --all takes every key, --key NAME takes one",
            );
        }
        if entry.input == Some(0) && entry.output == Some(0) {
            if !self.selection.free {
                return self.skip(
                    key,
                    "a price of 0 means that it is not known; --free takes it",
                );
            }
            entry = Entry {
                input: None,
                output: None,
                free: true,
                ..entry
            };
        }
        // For a part, too, 0 is "not known", and such a part costs the input price.
        let parts = [
            &mut entry.cache_read,
            &mut entry.cache_write,
            &mut entry.cache_write_1h,
            &mut entry.batch_input,
            &mut entry.batch_output,
        ];
        parts.into_iter().for_each(unless_zero);
        for step in &mut entry.long_context {
            let parts = [
                &mut step.cache_read,
                &mut step.cache_write,
                &mut step.cache_write_1h,
            ];
            parts.into_iter().for_each(unless_zero);
        }
        let prices = [entry.input, entry.output].into_iter().flatten();
        let of_steps = entry
            .long_context
            .iter()
            .flat_map(|step| [step.input, step.output]);
        if prices
            .chain(of_steps)
            .any(|price| !PLAUSIBLE.contains(&price))
        {
            return self.skip(
                key,
                "a price below 0.0001 or above 2000 USD per million tokens: the unit looks wrong",
            );
        }
        if let Err(error) = entry.clone().into_rows() {
            return self.skip(key, error.to_string());
        }
        let rows = self.entries.entry(entry.id.clone()).or_default();
        match rows.iter().find(|row| row.valid_from == entry.valid_from) {
            None => rows.push(entry),
            Some(same) if *same == entry => {}
            Some(_) => self.skip(
                key,
                "the catalogue has two prices for it; the first was taken",
            ),
        }
    }

    pub fn into_parts(self) -> (Vec<Entry>, Vec<Skipped>) {
        (self.entries.into_values().flatten().collect(), self.skipped)
    }
}

fn unless_zero(price: &mut Option<u64>) {
    if *price == Some(0) {
        *price = None;
    }
}

/// Returns whether `text` is what `glob` says, where a `*` stands for any letters.
fn matches(glob: &str, text: &str) -> bool {
    let Some((start, rest)) = glob.split_once('*') else {
        return glob == text;
    };
    let Some(text) = text.strip_prefix(start) else {
        return false;
    };
    (0..=text.len())
        .filter(|&at| text.is_char_boundary(at))
        .any(|at| matches(rest, &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        for (glob, text, expected) in [
            ("a/b", "a/b", true),
            ("a/b", "a/bc", false),
            ("mistral/*", "mistral/codestral-2508", true),
            ("*codestral*", "mistral/codestral-2508", true),
            ("*-2507", "mistral/codestral-2508", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(glob, text), expected, "{glob} {text}");
        }
    }
}
