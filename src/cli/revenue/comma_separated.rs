//! Bookings from a table: comma-separated values whose columns are the fields of a booking.
//!
//! A line is the same booking as its words after `mantle revenue add`, so that what was booked
//! either way is recognised. An empty value is none at all.

use std::collections::BTreeMap;

use anyhow::{Context, bail};

use crate::cli::booking::{FIELDS, Fields, read};
use crate::domain::{BookingRow, RowId, Timestamp, edit_distance};
use crate::prices::PriceBook;

/// How many wrong lines are named at once; whoever has more has made one mistake in all of them.
const NAMED: usize = 5;

/// Reads all bookings of a table.
///
/// # Errors
///
/// What is wrong with the header, or with lines: each is named by its number.
pub(super) fn bookings(
    text: &str,
    prices: &PriceBook,
    now: Timestamp,
) -> anyhow::Result<Vec<BookingRow>> {
    // Spreadsheets put a mark before the first name.
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers()?.clone();
    check_header(&header)?;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    let mut lines: BTreeMap<RowId, u64> = BTreeMap::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let row = booking(&header, &record, prices, now).and_then(|row| {
            match lines.insert(row.id, line) {
                None => Ok(row),
                Some(first) => bail!(
                    "says the same as line {first}; if it is another booking, write a number of its \
                     own into the column `ref`, else take it out"
                ),
            }
        });
        match row {
            Ok(row) => rows.push(row),
            Err(error) => wrong.push(format!("line {line}: {error:#}")),
        }
    }
    if !wrong.is_empty() {
        let more = match wrong.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!("\nand {more} more"),
        };
        wrong.truncate(NAMED);
        bail!("{}{more}", wrong.join("\n"));
    }
    Ok(rows)
}

fn check_header(header: &csv::StringRecord) -> anyhow::Result<()> {
    for (index, name) in header.iter().enumerate() {
        if !FIELDS.contains(&name) {
            let near = FIELDS.iter().min_by_key(|field| edit_distance(field, name));
            let near = near.filter(|field| edit_distance(field, name) <= 2);
            let hint = match near {
                Some(near) => format!("write `{near}`"),
                None => format!("a column is one of {}", FIELDS.join(", ")),
            };
            bail!("line 1: no booking has a field `{name}`; {hint}");
        }
        if header.iter().take(index).any(|before| before == name) {
            bail!("line 1: the column `{name}` is there twice; take one of them out");
        }
    }
    for needed in ["kind", "since"] {
        if !header.iter().any(|name| name == needed) {
            bail!("line 1: the column `{needed}` is missing; every booking has one");
        }
    }
    Ok(())
}

fn booking(
    header: &csv::StringRecord,
    record: &csv::StringRecord,
    prices: &PriceBook,
    now: Timestamp,
) -> anyhow::Result<BookingRow> {
    if record.len() != header.len() {
        bail!(
            "it has {} values where the first line names {}; put a value with a comma in \"quotes\"",
            record.len(),
            header.len()
        );
    }
    let pairs = header
        .iter()
        .zip(record)
        .filter(|(_, value)| !value.is_empty());
    let words: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let kind = record.iter().zip(header).find(|(_, name)| *name == "kind");
    let kind = kind.map_or("", |(value, _)| value).to_owned();
    let row = Fields::from_words(&words).and_then(|fields| read(fields, prices, now));
    row.with_context(|| format!("booking of kind `{kind}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> anyhow::Result<Vec<BookingRow>> {
        bookings(text, PriceBook::bundled(), Timestamp::from_unix_micros(0))
    }

    #[track_caller]
    fn check_refused(text: &str, expected: &str) {
        let error = format!("{:#}", taken(text).expect_err("it was taken"));
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_line_is_the_booking_of_its_words() {
        let rows = taken(
            "\u{feff}kind, since,seats,price,amount,name,ref\r\n\
             seats,2026-11-01,1000,19.00,,,\r\n\
             cost,2026-11-01,,,500,\"hosting, eu\",\r\n\
             credit-note,2026-11-20,,,400,,CN-7\r\n",
        )
        .expect("three bookings");
        let words = [
            "kind=seats",
            "since=2026-11-01",
            "seats=1000",
            "price=19.00",
        ];
        let fields = Fields::from_words(&words.map(str::to_owned)).expect("words");
        let now = Timestamp::from_unix_micros(0);
        let typed = read(fields, PriceBook::bundled(), now).expect("a booking");
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0], typed);
        assert_eq!(rows[2].reference.as_deref(), Some("CN-7"));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line_with_what_to_write() {
        check_refused("kind,since,seat\n", "write `seats`");
        check_refused(
            "kind,since,colour_of_hair\n",
            "a column is one of kind, since",
        );
        check_refused("kind,seats\n", "line 1: the column `since` is missing");
        check_refused("kind,since,kind\n", "`kind` is there twice");
        let header = "kind,since,seats,price\n";
        check_refused(
            &format!("{header}seats,2026-11-01,1,19\nseats,01.11.2026,1,19\n"),
            "line 3: booking of kind `seats`: `since` is `01.11.2026`; write it like 2026-11-01",
        );
        check_refused(
            &format!("{header}seats,2026-11-01,1,\n"),
            "line 2: booking of kind `seats`: `price` is missing",
        );
        check_refused(
            &format!("{header}seats,2026-11-01,1,19,50\n"),
            "line 2: it has 5 values where the first line names 4",
        );
        check_refused(
            &format!(
                "{header}seats,2026-11-01,1,19\ntrial,2026-11-01,1,19\nseats,2026-11-01,1,19\n"
            ),
            "line 3: booking of kind `trial`: trial has no field `price`\n\
             line 4: says the same as line 2",
        );
    }
    #[tokio::test]
    async fn a_table_that_was_imported_before_is_recognised() {
        let folder = tempfile::tempdir().expect("a folder");
        let ledger = folder.path().join("ledger.db");
        let table = "kind,since,seats,price\nseats,2026-11-01,10,19\ntrial,2026-11-01,2,\n";
        let mut out = Vec::new();
        for _ in 0..2 {
            let rows = taken(table).expect("bookings");
            let booked = crate::cli::revenue::book(&ledger, rows, &mut out).await;
            booked.expect("it is booked");
        }
        let out = String::from_utf8(out).expect("text");
        assert_eq!(out, "booked: 2\nbooked: 0; booked before: 2\n");
    }
}
