//! Reads a price file: from its entries to rows that price calls.
//!
//! What an entry leaves out is filled in here: a class of tokens without its own price costs the
//! plain input price, and a cache write for an hour what a write for minutes costs.

use std::collections::BTreeSet;
use std::ops::Range;

use super::cost::{ContextStep, LongContext, OffPeak, PriceRow, Window};
use super::entry::{Entry, PriceFile, SCHEMA, StepEntry, WindowEntry};
use crate::domain::{Money, PricePerMTok, Rates, Timestamp, TokenCount};

/// Why a price file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PriceFileError {
    /// Not JSON of this shape.
    #[error("the price file does not parse: {0}")]
    Json(#[from] serde_json::Error),
    /// Another format, or a newer one.
    #[error("the price file has the schema `{0}`; this version reads `{SCHEMA}`")]
    Schema(String),
    /// One row contradicts itself or another.
    #[error("price row `{id}`: {problem}")]
    Row {
        /// Key of the row.
        id: String,
        /// What is wrong.
        problem: String,
    },
}

/// Reads a price file. An entry with off-peak hours becomes two rows, the limited one first.
///
/// # Errors
///
/// The first thing that is wrong with the file. A price of zero is refused: in the catalogues
/// that such files come from, it means "not known".
pub(super) fn read(text: &str) -> Result<(String, Vec<PriceRow>), PriceFileError> {
    let file = parse(text)?;
    let as_of = file.as_of.clone();
    Ok((as_of, rows(file)?))
}

/// Reads the entries of a price file, whatever they say.
///
/// # Errors
///
/// [`PriceFileError::Json`] or [`PriceFileError::Schema`].
pub(super) fn parse(text: &str) -> Result<PriceFile, PriceFileError> {
    let file: PriceFile = serde_json::from_str(text)?;
    if file.schema != SCHEMA {
        return Err(PriceFileError::Schema(file.schema));
    }
    Ok(file)
}

/// Turns the entries of a file into rows; the first that contradicts itself or another is an error.
pub(super) fn rows(file: PriceFile) -> Result<Vec<PriceRow>, PriceFileError> {
    let mut seen = BTreeSet::new();
    let mut rows = Vec::with_capacity(file.rows.len());
    for entry in file.rows {
        if !seen.insert((entry.id.clone(), entry.valid_from.clone())) {
            return Err(PriceFileError::Row {
                id: entry.id,
                problem: "listed twice with the same first day".to_owned(),
            });
        }
        rows.extend(entry.into_rows()?);
    }
    Ok(rows)
}

impl Entry {
    /// Returns the rows of one entry: two where it has off-peak hours, the limited one first.
    ///
    /// # Errors
    ///
    /// [`PriceFileError::Row`].
    pub(super) fn into_rows(self) -> Result<Vec<PriceRow>, PriceFileError> {
        let id = self.id.clone();
        self.rows()
            .map_err(|problem| PriceFileError::Row { id, problem })
    }

    fn rows(self) -> Result<Vec<PriceRow>, String> {
        if [self.batch_input, self.batch_output].contains(&Some(0)) {
            return Err(zero_price());
        }
        let prices = [self.cache_read, self.cache_write, self.cache_write_1h];
        let per_request = fee(self.per_request_pico_usd)?;
        let per_hour = self.hour_price()?;
        let rates_of_tokens = match (self.input, self.output) {
            (Some(input), Some(output)) if !self.free => rates(input, output, prices)?,
            (None, None) if self.free => Rates::FREE,
            // A host that sells requests or hours of a machine has no price per token.
            (None, None) if per_request != Money::ZERO || per_hour != Money::ZERO => Rates::FREE,
            _ => {
                return Err("needs `input` and `output`, or a price per request or hour".to_owned());
            }
        };
        let peak = PriceRow {
            rates: rates_of_tokens,
            per_request,
            per_hour,
            long_context: long_context(self.long_context)?,
            off_peak: None,
            valid_from: self.valid_from.as_deref().map(midnight).transpose()?,
            valid_to: self.valid_to.as_deref().map(midnight).transpose()?,
            deprecated_on: self.deprecated_on.as_deref().map(midnight).transpose()?,
            context_tokens: self.context,
            cache_min_tokens: self.cache_min_tokens,
            regional_uplift_percent: self.regional_uplift_percent,
            note: self.note,
            id: self.id,
            provider: self.provider,
            class: self.class,
        };
        if let (Some(from), Some(to)) = (peak.valid_from, peak.valid_to)
            && from >= to
        {
            return Err("ends before it begins".to_owned());
        }
        let Some(off_peak) = self.off_peak else {
            return Ok(vec![peak]);
        };
        let cheap = PriceRow {
            rates: rates(
                off_peak.input,
                off_peak.output,
                [off_peak.cache_read, None, None],
            )?,
            off_peak: Some(windows(off_peak.windows)?),
            ..peak.clone()
        };
        Ok(vec![cheap, peak])
    }
}

impl Entry {
    /// Returns what an hour of a call costs: one price for the host, or one for each GPU.
    fn hour_price(&self) -> Result<Money, String> {
        let micro = match (self.per_hour, self.per_gpu_hour, self.gpus) {
            (None, None, None) => return Ok(Money::ZERO),
            (Some(hour), None, None) => hour,
            (None, Some(each), gpus) => each
                .checked_mul(u64::from(gpus.unwrap_or(1)))
                .ok_or("the price of its GPUs is too large")?,
            _ => return Err("has either `per_hour`, or `per_gpu_hour` and `gpus`".to_owned()),
        };
        fee(Some(
            micro
                .checked_mul(PICO_PER_MICRO)
                .ok_or("the price of an hour is too large")?,
        ))
    }
}

const PICO_PER_MICRO: u64 = 1_000_000;

fn fee(pico: Option<u64>) -> Result<Money, String> {
    match pico {
        None => Ok(Money::ZERO),
        Some(0) => Err(zero_price()),
        Some(pico) => i64::try_from(pico)
            .map(Money::from_pico_usd)
            .map_err(|_| "a price is too large".to_owned()),
    }
}

fn rates(
    input: u64,
    output: u64,
    [cache_read, cache_write, cache_write_1h]: [Option<u64>; 3],
) -> Result<Rates, String> {
    let cache_write = cache_write.unwrap_or(input);
    let cache_read = cache_read.unwrap_or(input);
    let cache_write_1h = cache_write_1h.unwrap_or(cache_write);
    if [input, output, cache_read, cache_write, cache_write_1h].contains(&0) {
        return Err(zero_price());
    }
    Ok(Rates {
        input: PricePerMTok::from_micro_usd(input),
        cache_read: PricePerMTok::from_micro_usd(cache_read),
        cache_write: PricePerMTok::from_micro_usd(cache_write),
        cache_write_1h: PricePerMTok::from_micro_usd(cache_write_1h),
        output: PricePerMTok::from_micro_usd(output),
    })
}

fn zero_price() -> String {
    "a price of 0 is not a price; leave the field out when it is not known".to_owned()
}

fn long_context(entries: Vec<StepEntry>) -> Result<Option<LongContext>, String> {
    if !entries.is_sorted_by(|a, b| a.above_tokens < b.above_tokens) {
        return Err("the thresholds of long_context do not rise".to_owned());
    }
    let steps = entries
        .into_iter()
        .map(|entry| {
            let prices = [entry.cache_read, entry.cache_write, entry.cache_write_1h];
            Ok(ContextStep {
                above: TokenCount::new(entry.above_tokens),
                inclusive: entry.inclusive,
                rates: rates(entry.input, entry.output, prices)?,
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    Ok((!steps.is_empty()).then_some(LongContext { steps }))
}

fn windows(entries: Vec<WindowEntry>) -> Result<OffPeak, String> {
    for entry in &entries {
        let days = entry.weekdays.iter().all(|day| (1..=7).contains(day));
        let hours = entry
            .hours_utc
            .iter()
            .all(|&(from, to)| from < to && to <= 24);
        if !days || !hours {
            return Err("off_peak needs days from 1 to 7 and hours from 0 to 24".to_owned());
        }
    }
    let windows = entries
        .into_iter()
        .map(|entry| Window {
            weekdays: entry.weekdays,
            hours: entry.hours_utc,
        })
        .collect();
    Ok(OffPeak { windows })
}

/// Returns the first moment of a day written `YYYY-MM-DD`, in UTC.
pub(super) fn midnight(date: &str) -> Result<Timestamp, String> {
    let number = |range: Range<usize>| -> Option<i64> { date.get(range)?.parse().ok() };
    let parts = number(0..4).zip(number(5..7)).zip(number(8..10));
    match parts {
        Some(((year, month @ 1..=12), day @ 1..=31))
            if date.len() == 10 && date.split('-').count() == 3 =>
        {
            Ok(Timestamp::from_unix_micros(
                days_since_1970(year, month, day) * 86_400_000_000,
            ))
        }
        _ => Err(format!("`{date}` is not a day; write it like 2026-12-01")),
    }
}

/// Counts days in the Gregorian calendar. The year is taken to begin in March, so that the leap
/// day comes last and the months' lengths follow one line.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    const DAYS_BEFORE_1970: i64 = 719_468;
    year * 365 + leap_days + day_of_year - DAYS_BEFORE_1970
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::prices) fn file_with(rows: &str) -> String {
        format!(
            r#"{{"schema": "mantle.prices.v1", "unit": "", "as_of": "2026-01-01",
                "currency": "USD", "sources": [], "warning": "", "rows": [{rows}]}}"#
        )
    }

    pub(in crate::prices) fn entry(prices: &str) -> String {
        format!(
            r#"{{"id": "a/b", "provider": "a", "class": "mid", "endpoint": "chat",
                "context": 1000, "litellm_key": "b", {prices}}}"#
        )
    }

    #[track_caller]
    fn check_refused(rows: &str, expected: &str) {
        let error = read(&file_with(rows)).expect_err("the file was taken");
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        let seconds = |date| midnight(date).map(|at| at.unix_micros() / 1_000_000);
        assert_eq!(seconds("1970-01-01"), Ok(0));
        assert_eq!(seconds("2000-02-29"), Ok(951_782_400));
        assert_eq!(seconds("2026-12-01"), Ok(1_796_083_200));
        for wrong in [
            "",
            "2026",
            "2026-13-01",
            "01.12.2026",
            "2026-12-1",
            "2026-12-011",
        ] {
            assert!(midnight(wrong).is_err(), "{wrong:?} was taken for a day");
        }
    }

    #[test]
    fn a_class_without_a_price_costs_the_input_price() {
        let text = file_with(&entry(r#""input": 3, "output": 9"#));
        let (_, rows) = read(&text).expect("a price file");
        let rates = rows[0].rates;
        assert_eq!(rates.cache_read.micro_usd(), 3);
        assert_eq!(rates.cache_write.micro_usd(), 3);
        assert_eq!(rates.cache_write_1h.micro_usd(), 3);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        check_refused(&entry(r#""input": 0, "output": 9"#), "price of 0");
        check_refused(
            &entry(r#""input": 3, "output": 9, "cache_read": 0"#),
            "price of 0",
        );
        check_refused(
            &entry(r#""input": 3, "output": 9, "batch_input": 0"#),
            "price of 0",
        );
        check_refused(&entry(r#""input": -3, "output": 9"#), "does not parse");
        check_refused(&entry(r#""input": 0.3, "output": 9"#), "does not parse");
        check_refused(
            &entry(r#""input": 3, "output": 9, "colour": 1"#),
            "unknown field",
        );
        let twice = entry(r#""input": 3, "output": 9"#);
        check_refused(&format!("{twice}, {twice}"), "listed twice");
        check_refused(&entry(r#""input": 3"#), "needs `input` and `output`");
        check_refused(&entry(r#""per_hour": 0"#), "price of 0");
        check_refused(&entry(r#""per_hour": 5, "gpus": 2"#), "either `per_hour`");
        check_refused(
            &entry(
                r#""input": 3, "output": 9, "valid_from": "2026-02-01", "valid_to": "2026-01-01""#,
            ),
            "ends before it begins",
        );
        check_refused(
            &entry(
                r#""input": 3, "output": 9, "long_context": [
                    {"above_tokens": 9, "input": 5, "output": 5},
                    {"above_tokens": 9, "input": 5, "output": 5}]"#,
            ),
            "do not rise",
        );
    }

    #[test]
    fn a_host_may_sell_hours_of_gpus_instead_of_tokens() {
        let text = file_with(&entry(r#""per_gpu_hour": 2350000, "gpus": 2"#));
        let (_, rows) = read(&text).expect("a price file");
        assert!(rows[0].rates.are_free());
        // Two GPUs at 2.35 USD.
        assert_eq!(rows[0].per_hour.to_string(), "$4.700000");
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        let text = file_with(&entry(
            r#""input": 3, "output": 9, "regional_uplift_percent": {"us": 10},
               "off_peak": {"input": 1, "output": 2, "windows": [
                    {"weekdays": [1], "hours_utc": [[0, 24]]}]}"#,
        ));
        let file = parse(&text).expect("a price file");
        let written = file.to_text();
        assert_eq!(parse(&written).expect("what we wrote"), file);
    }

    #[test]
    fn another_schema_is_refused() {
        let text = file_with("").replace("prices.v1", "prices.v2");
        assert!(
            matches!(read(&text), Err(PriceFileError::Schema(schema)) if schema.ends_with("v2"))
        );
    }
}
