//! The book itself: rows by key, found at a date.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use super::cost::PriceRow;
use super::file::{self, PriceFileError};
use crate::domain::{Timestamp, edit_distance, fnv1a};

const BUNDLED: &str = include_str!("data/list-prices.json");

static BOOK: LazyLock<PriceBook> = LazyLock::new(|| {
    PriceBook::parse(BUNDLED).expect("a test reads the bundled file, so it parses")
});

/// A list of prices that can be searched by key and date.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PriceBook {
    rows: BTreeMap<String, Vec<PriceRow>>,
    snapshot_id: String,
    as_of: String,
    /// Keys whose rows come from the user's file.
    own: BTreeSet<String>,
}

/// The book that calls are priced from: the bundled one, or that with the user's file over it.
/// Clones are cheap, and the bundled book is not parsed before it is asked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Prices(Option<Arc<PriceBook>>);

impl Prices {
    /// Puts the user's price file over the bundled book.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with the file.
    pub fn with_own(text: &str) -> Result<Self, PriceFileError> {
        let book = PriceBook::bundled().overlaid(text)?;
        Ok(Self(Some(Arc::new(book))))
    }
}

impl Deref for Prices {
    type Target = PriceBook;

    fn deref(&self) -> &PriceBook {
        match &self.0 {
            Some(book) => book,
            None => PriceBook::bundled(),
        }
    }
}

impl PriceBook {
    /// Returns the book that is part of the program; it is parsed on first use.
    #[must_use]
    pub fn bundled() -> &'static Self {
        &BOOK
    }

    /// Names a file by its text, in hexadecimal: told apart, not proved.
    pub(super) fn digest(text: &str) -> String {
        format!("{:016x}", fnv1a(text.as_bytes()))
    }

    /// Returns the bundled keys by LiteLLM's names of them.
    pub(super) fn bundled_by_litellm_key() -> BTreeMap<String, String> {
        let file = file::parse(BUNDLED).expect("a test reads the bundled file, so it parses");
        file.rows
            .into_iter()
            .filter_map(|entry| Some((entry.litellm_key?, entry.id)))
            .collect()
    }

    /// Returns the row of `key` that holds at `at` outside of off-peak hours: what a list shows.
    #[must_use]
    pub fn listed(&self, key: &str, at: Timestamp) -> Option<&PriceRow> {
        let rows = self.rows_of(key).iter();
        rows.filter(|row| row.off_peak.is_none())
            .find(|row| row.is_valid_at(at))
    }

    /// Reads a price file in the format `mantle.prices.v1`.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with the file.
    pub fn parse(text: &str) -> Result<Self, PriceFileError> {
        let (as_of, listed) = file::read(text)?;
        let mut rows: BTreeMap<String, Vec<PriceRow>> = BTreeMap::new();
        for row in listed {
            rows.entry(row.id.clone()).or_default().push(row);
        }
        Ok(Self {
            rows,
            snapshot_id: Self::digest(text),
            as_of,
            own: BTreeSet::new(),
        })
    }

    /// Returns this book with the rows of another file in the place of its own. A key that the
    /// file names has the file's rows and no others: half of a price change would be a wrong price.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with the file.
    pub fn overlaid(&self, text: &str) -> Result<Self, PriceFileError> {
        let upper = Self::parse(text)?;
        let mut book = self.clone();
        book.own.extend(upper.rows.keys().cloned());
        book.rows.extend(upper.rows);
        book.snapshot_id = Self::digest(&format!("{}+{}", self.snapshot_id, upper.snapshot_id));
        Ok(book)
    }

    /// Returns whether the rows of `key` come from the user's file.
    #[must_use]
    pub fn is_own(&self, key: &str) -> bool {
        self.own.contains(key)
    }

    /// Returns a short digest of the file; every ledger row that was priced from it keeps it.
    #[must_use]
    pub fn snapshot_id(&self) -> &str {
        &self.snapshot_id
    }

    /// Returns the day at which the prices were collected, as `YYYY-MM-DD`.
    #[must_use]
    pub fn as_of(&self) -> &str {
        &self.as_of
    }

    /// Returns the row that prices a call of `key` that begins at `at`, off-peak hours included.
    #[must_use]
    pub fn find(&self, key: &str, at: Timestamp) -> Option<&PriceRow> {
        let mut valid = self.rows.get(key)?.iter().filter(|row| row.is_valid_at(at));
        // Rows that are limited to some hours stand before the row of all hours.
        valid.find(|row| row.off_peak.as_ref().is_none_or(|hours| hours.holds_at(at)))
    }

    /// Returns the listed key that `key` was probably meant to be, if one is near.
    #[must_use]
    pub fn nearest(&self, key: &str) -> Option<&str> {
        let wanted = key.to_lowercase();
        let distance_to = |listed: &str| {
            let model = listed.split_once('/').map_or(listed, |(_, model)| model);
            edit_distance(&wanted, listed).min(edit_distance(&wanted, model))
        };
        let (distance, nearest) = self
            .keys()
            .map(|listed| (distance_to(listed), listed))
            .min()?;
        // A third of the letters: enough for another version, too little for another model.
        if distance <= wanted.chars().count() / 3 {
            return Some(nearest);
        }
        self.keys()
            .find(|listed| wanted.len() >= 4 && listed.contains(&wanted))
    }

    /// Returns every key once, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.rows.keys().map(String::as_str)
    }

    /// Returns the rows of one key, as listed; none when it is not in the book.
    #[must_use]
    pub fn rows_of(&self, key: &str) -> &[PriceRow] {
        self.rows.get(key).map_or(&[], Vec::as_slice)
    }

    /// Returns the price changes that begin after `now` and not after `until`, by day, then by key:
    /// each with the row that holds until then.
    #[must_use]
    pub fn upcoming(&self, now: Timestamp, until: Timestamp) -> Vec<(&PriceRow, &PriceRow)> {
        let mut changes: Vec<(&PriceRow, &PriceRow)> = self
            .rows()
            .filter(|row| row.off_peak.is_none())
            .filter_map(|row| {
                let from = row.valid_from.filter(|&from| from > now && from <= until)?;
                let just_before = Timestamp::from_unix_micros(from.unix_micros() - 1);
                Some((self.listed(&row.id, just_before)?, row))
            })
            .collect();
        changes.sort_by_key(|(_, row)| row.valid_from);
        changes
    }

    /// Returns every row: by key, then as listed.
    pub fn rows(&self) -> impl Iterator<Item = &PriceRow> {
        self.rows.values().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{TokenCount, Usage};

    const NOVEMBER_2026: Timestamp = Timestamp::from_unix_micros(1_794_441_600_000_000);
    const SECOND: i64 = 1_000_000;

    fn usage(input: u64, output: u64) -> Usage {
        Usage {
            input_total: Some(TokenCount::new(input)),
            output_total: Some(TokenCount::new(output)),
            ..Usage::default()
        }
    }

    #[test]
    fn the_bundled_file_parses_and_knows_its_rows() {
        let book = PriceBook::parse(BUNDLED).expect("the bundled price file");
        assert_eq!(book.keys().count(), 59);
        // 59 models, two with an announced change, two with off-peak hours.
        assert_eq!(book.rows().count(), 63);
        assert_eq!(book.as_of(), "2026-11-12");
        for row in book.rows() {
            assert!(row.rates.output >= row.rates.cache_read, "{}", row.id);
            assert!(row.rates.input >= row.rates.cache_read, "{}", row.id);
            let provider = row.id.split('/').next();
            assert_eq!(provider, Some(row.provider.as_str()));
        }
    }

    #[test]
    fn the_rows_of_a_key_leave_no_gap_and_do_not_overlap() {
        for (key, rows) in &PriceBook::bundled().rows {
            let all_day: Vec<_> = rows.iter().filter(|row| row.off_peak.is_none()).collect();
            assert_eq!(all_day[0].valid_from, None, "{key}");
            assert_eq!(all_day[all_day.len() - 1].valid_to, None, "{key}");
            for pair in all_day.windows(2) {
                assert_eq!(pair[0].valid_to, pair[1].valid_from, "{key}");
            }
        }
    }

    #[test]
    fn a_completion_on_codestral_costs_what_the_list_says() {
        let book = PriceBook::bundled();
        let row = book
            .find("mistral/codestral-2508", NOVEMBER_2026)
            .expect("codestral is listed");
        // 1,500 tokens at 0.30 and 20 at 0.90 USD per million: 450 + 18 micro-USD.
        let cost = row
            .cost(&usage(1_500, 20), std::time::Duration::ZERO, None)
            .expect("both totals are known");
        assert_eq!(cost.to_string(), "$0.000468");
        assert_eq!(row.rates.cache_read.to_string(), "0.03");
    }

    #[test]
    fn an_announced_price_holds_from_its_day_on() {
        let first_of_december = Timestamp::from_unix_micros(1_796_083_200 * SECOND);
        let just_before = Timestamp::from_unix_micros(first_of_december.unix_micros() - 1);
        let input = |at| {
            let row = PriceBook::bundled().find("google/gemini-4-argon", at);
            row.map(|row| row.rates.input.to_string())
        };
        assert_eq!(input(just_before).as_deref(), Some("2.00"));
        assert_eq!(input(first_of_december).as_deref(), Some("4.00"));
    }

    #[test]
    fn off_peak_hours_cost_half() {
        // Monday, 23 November 2026: the peak is from 1 to 4 and from 6 to 10 o'clock UTC.
        let monday = 1_795_392_000 * SECOND;
        let input = |hours: i64| {
            let at = Timestamp::from_unix_micros(monday + hours * 3_600 * SECOND);
            let row = PriceBook::bundled().find("deepseek/deepseek-flash", at);
            row.map(|row| row.rates.input.micro_usd())
        };
        assert_eq!(input(0), Some(150_000));
        assert_eq!(input(1), Some(300_000));
        assert_eq!(input(9), Some(300_000));
        assert_eq!(input(10), Some(150_000));
        assert_eq!(input(-24 + 2), Some(150_000), "Sunday is off-peak");
    }

    #[test]
    fn a_threshold_that_is_inclusive_says_so() {
        let at_the_threshold = TokenCount::new(200_000);
        let input = |key| {
            let row = PriceBook::bundled().find(key, NOVEMBER_2026);
            row.map(|row| row.rates_for(at_the_threshold).input.to_string())
        };
        assert_eq!(input("xai/grok-4.7").as_deref(), Some("4.00"));
        assert_eq!(
            input("google/gemini-3.1-pro-preview").as_deref(),
            Some("2.00")
        );
    }

    #[test]
    fn a_key_that_is_not_listed_has_no_price_but_perhaps_a_neighbour() {
        let book = PriceBook::bundled();
        assert_eq!(book.find("mistral/codestral", NOVEMBER_2026), None);
        assert_eq!(
            book.nearest("codestral-2508"),
            Some("mistral/codestral-2508")
        );
        assert_eq!(book.nearest("codestral"), Some("mistral/codestral-2508"));
        assert_eq!(
            book.nearest("Mistral/Codestral-2509"),
            Some("mistral/codestral-2508")
        );
        assert_eq!(book.nearest("my-own-fine-tune"), None);
        assert_eq!(book.nearest(""), None);
    }

    #[test]
    fn the_users_file_wins_key_by_key() {
        use crate::prices::file::tests::{entry, file_with};
        let own = file_with(
            &entry(r#""input": 1500000, "output": 3000000"#)
                .replace("a/b", "google/gemini-4-argon"),
        );
        let book = PriceBook::bundled().overlaid(&own).expect("a price file");
        // The file knows nothing of the announced change, so there is none.
        let rows = book.rows_of("google/gemini-4-argon");
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].rates.input.to_string(), "1.50");
        assert!(book.is_own("google/gemini-4-argon"));
        assert!(!book.is_own("mistral/codestral-2508"));
        assert!(book.find("mistral/codestral-2508", NOVEMBER_2026).is_some());
        assert_ne!(book.snapshot_id(), PriceBook::bundled().snapshot_id());
        assert!(Prices::with_own("{}").is_err());
        assert_eq!(
            Prices::default().snapshot_id(),
            PriceBook::bundled().snapshot_id()
        );
    }

    #[test]
    fn another_file_has_another_digest() {
        // FNV-1a of "a", as published with the algorithm.
        assert_eq!(PriceBook::digest("a"), "af63dc4c8601ec8c");
        let changed = BUNDLED.replacen("300000", "300001", 1);
        let changed = PriceBook::parse(&changed).expect("still a price file");
        assert_ne!(changed.snapshot_id(), PriceBook::bundled().snapshot_id());
    }

    #[test]
    fn the_distance_of_words_counts_letters() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("same", "same"), 0);
    }
}
