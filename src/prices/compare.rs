//! Two books compared at one moment: what came, what went, and what changed by how much.

use std::collections::BTreeSet;

use super::book::PriceBook;
use super::cost::PriceRow;
use crate::domain::{Money, PricePerMTok, Timestamp};

/// What is different for one key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The key.
    pub key: String,
    /// How it differs.
    pub change: Change,
}

/// How a key differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Only the second book has it.
    Added,
    /// Only the first book has it.
    Removed,
    /// Prices differ; at least one.
    Prices(Vec<PriceChange>),
    /// The prices of this moment are the same, but not these: `days`, `hours`, `lengths`, `regions`.
    Terms(Vec<&'static str>),
}

/// One price that differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PriceChange {
    /// Which: `input`, `cache_read`, `cache_write`, `cache_write_1h`, `output`, `per_request`,
    /// `per_hour`.
    pub what: &'static str,
    /// In the first book: USD per million tokens; for fees, USD.
    pub old: String,
    /// In the second book.
    pub new: String,
    /// Whether one is at least ten times the other: more often a wrong unit than a new price.
    pub is_tenfold: bool,
}

impl Difference {
    /// Returns whether a price changes tenfold or more.
    #[must_use]
    pub fn is_tenfold(&self) -> bool {
        match &self.change {
            Change::Prices(changes) => changes.iter().any(|change| change.is_tenfold),
            Change::Added | Change::Removed | Change::Terms(_) => false,
        }
    }
}

/// Compares the keys that either book has, in order; what is the same is left out.
#[must_use]
pub fn differences(old: &PriceBook, new: &PriceBook, at: Timestamp) -> Vec<Difference> {
    let keys: BTreeSet<&str> = old.keys().chain(new.keys()).collect();
    let compare = |key: &str| {
        let change = match (old.listed(key, at), new.listed(key, at)) {
            (None, None) => return None,
            (None, Some(_)) => Change::Added,
            (Some(_), None) => Change::Removed,
            (Some(before), Some(after)) => {
                let changes = price_changes(before, after);
                let terms = terms_changed(old.rows_of(key), new.rows_of(key));
                match (changes.is_empty(), terms.is_empty()) {
                    (false, _) => Change::Prices(changes),
                    (true, false) => Change::Terms(terms),
                    (true, true) => return None,
                }
            }
        };
        Some(Difference {
            key: key.to_owned(),
            change,
        })
    };
    keys.into_iter().filter_map(compare).collect()
}

fn price_changes(old: &PriceRow, new: &PriceRow) -> Vec<PriceChange> {
    let plain_input = new.rates.input;
    let token = |what, price: fn(&PriceRow) -> PricePerMTok| {
        let (old, new) = (price(old), price(new));
        let (a, b) = (old.micro_usd().into(), new.micro_usd().into());
        let change = change(what, (a, old.to_string()), (b, new.to_string()))?;
        // A cache that is not spoken of costs the plain input price; that is no wrong unit.
        let is_filled_in = what.starts_with("cache") && new == plain_input;
        Some(PriceChange {
            is_tenfold: change.is_tenfold && !is_filled_in,
            ..change
        })
    };
    let fee = |what, price: fn(&PriceRow) -> Money| {
        let (old, new) = (price(old), price(new));
        let (a, b) = (old.pico_usd().into(), new.pico_usd().into());
        change(what, (a, old.to_string()), (b, new.to_string()))
    };
    [
        token("input", |row| row.rates.input),
        token("cache_read", |row| row.rates.cache_read),
        token("cache_write", |row| row.rates.cache_write),
        token("cache_write_1h", |row| row.rates.cache_write_1h),
        token("output", |row| row.rates.output),
        fee("per_request", |row| row.per_request),
        fee("per_hour", |row| row.per_hour),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn change(
    what: &'static str,
    (old_number, old): (i128, String),
    (new_number, new): (i128, String),
) -> Option<PriceChange> {
    let (least, most) = (old_number.min(new_number), old_number.max(new_number));
    (least != most).then_some(PriceChange {
        what,
        old,
        new,
        is_tenfold: most >= least.saturating_mul(10),
    })
}

/// Names, notes and dates of retirement are no terms of a price.
fn terms_changed(old: &[PriceRow], new: &[PriceRow]) -> Vec<&'static str> {
    fn differs<T: PartialEq>(rows: [&[PriceRow]; 2], term: impl Fn(&PriceRow) -> T) -> bool {
        let [old, new] = rows.map(|rows| rows.iter().map(&term).collect::<Vec<T>>());
        old != new
    }
    let rows = [old, new];
    [
        (
            "days",
            differs(rows, |row| (row.rates, row.valid_from, row.valid_to)),
        ),
        ("hours", differs(rows, |row| row.off_peak.clone())),
        ("lengths", differs(rows, |row| row.long_context.clone())),
        (
            "regions",
            differs(rows, |row| row.regional_uplift_percent.clone()),
        ),
    ]
    .into_iter()
    .filter_map(|(term, differs)| differs.then_some(term))
    .collect()
}
