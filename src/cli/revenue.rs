//! `mantle revenue`: books what was earned and what is paid beside calls, dated, never changed.

mod comma_separated;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use serde_json::{Value, json};

use super::booking::{Fields, read};
use super::{Command, WrongUse};
use crate::domain::{Booking, BookingRow, LedgerEvent, Timestamp};
use crate::ledger::{Ledger, LedgerError, LedgerReader};
use crate::prices::PriceBook;

/// What can be said after `mantle revenue`.
#[derive(Debug, Subcommand)]
pub enum RevenueArgs {
    /// Book one thing: its kind, then fields as key=value. A correction is another booking.
    #[command(after_help = format!("Kinds and what they need, beside since=DAY: {}. \
        Also until=DAY, currency=EUR, ref=NUMBER. All of it is in docs/report.md.", super::booking::KINDS))]
    Add {
        /// Such as seats, prepaid, credit-note, cost or rate.
        kind: String,
        /// Such as seats=1000 price=19.00 since=2026-11-01.
        fields: Vec<String>,
    },
    /// Book all of a file: a JSON object on each line, or a JSON list of them, with the field
    /// "kind"; or FILE.csv, whose first line names the fields. Importing a file twice books it
    /// once; if one line is wrong, nothing is booked.
    Import {
        /// The file.
        file: PathBuf,
    },
    /// List what is booked.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of them.
///
/// # Errors
///
/// When a booking is not right, or the ledger cannot be opened or written.
pub async fn run(
    args: &RevenueArgs,
    command: &Command,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let ledger = command.paths.ledger();
    match args {
        RevenueArgs::Add { kind, fields } => {
            let prices = command.load().settings.prices;
            let row = from_words(kind, fields, &prices, now)?;
            book(&ledger, vec![row], out).await?;
        }
        RevenueArgs::Import { file } => {
            let prices = command.load().settings.prices;
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            let extension = file.extension().unwrap_or_default();
            let rows = match extension.eq_ignore_ascii_case("csv") {
                true => comma_separated::bookings(&text, &prices, now),
                false => from_text(&text, &prices, now),
            };
            let rows = rows.with_context(|| format!("{}: nothing was booked", file.display()))?;
            book(&ledger, rows, out).await?;
        }
        RevenueArgs::List { json } => list(&ledger, |_| true, *json, out).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a booking of what was typed.
pub(super) fn from_words(
    kind: &str,
    words: &[String],
    prices: &PriceBook,
    now: Timestamp,
) -> anyhow::Result<BookingRow> {
    let mut fields = Fields::from_words(words)?;
    fields.set("kind", kind);
    read(fields, prices, now).map_err(|error| WrongUse(format!("{error:#}")).into())
}

fn from_text(text: &str, prices: &PriceBook, now: Timestamp) -> anyhow::Result<Vec<BookingRow>> {
    let values: Vec<(usize, Value)> = if text.trim_start().starts_with('[') {
        let all: Vec<Value> = serde_json::from_str(text)?;
        (1..).zip(all).collect()
    } else {
        let lines = (1..).zip(text.lines());
        lines
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(number, line)| {
                let value = serde_json::from_str(line).with_context(|| format!("line {number}"))?;
                Ok((number, value))
            })
            .collect::<anyhow::Result<_>>()?
    };
    values
        .iter()
        .map(|(number, value)| {
            Fields::from_json(value)
                .and_then(|fields| read(fields, prices, now))
                .with_context(|| format!("booking {number}"))
        })
        .collect()
}

/// Writes bookings to the ledger and says how many are new.
pub(super) async fn book(
    path: &Path,
    rows: Vec<BookingRow>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let ledger = Ledger::open(path).await?;
    let known: BTreeSet<_> = existing(path)
        .await?
        .into_iter()
        .map(|row| row.id)
        .collect();
    let all = rows.len();
    let mut new = BTreeSet::new();
    for row in rows.into_iter().filter(|row| !known.contains(&row.id)) {
        new.insert(row.id);
        ledger
            .record_and_wait(LedgerEvent::Booking(Box::new(row)))
            .await?;
    }
    ledger.close().await;
    let (new, old) = (new.len(), all - new.len());
    match old {
        0 => writeln!(out, "booked: {new}")?,
        old => writeln!(out, "booked: {new}; booked before: {old}")?,
    }
    Ok(())
}

async fn existing(path: &Path) -> Result<Vec<BookingRow>, LedgerError> {
    match LedgerReader::open_read_only(path).await {
        Ok(reader) => reader.bookings().await,
        Err(LedgerError::Missing { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Prints the bookings that are asked for, by the time from which they hold.
pub(super) async fn list(
    path: &Path,
    is_wanted: fn(&Booking) -> bool,
    json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut rows = existing(path).await?;
    rows.retain(|row| is_wanted(&row.booking));
    if json {
        let rows: Vec<Value> = rows.iter().map(as_json).collect::<Result<_, _>>()?;
        let body = json!({ "version": 1, "bookings": rows });
        writeln!(out, "{}", serde_json::to_string_pretty(&body)?)?;
        return Ok(());
    }
    if rows.is_empty() {
        writeln!(out, "nothing is booked")?;
    }
    for row in &rows {
        let since = row.since.to_utc().date();
        let until = row
            .until
            .map_or_else(String::new, |until| until.to_utc().date().to_string());
        let reference = row.reference.as_deref().unwrap_or("");
        let line = format!(
            "{since}  {until:10}  {:14}  {}  {} {reference}",
            row.booking.kind(),
            row.currency,
            said(&row.booking)
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn as_json(row: &BookingRow) -> anyhow::Result<Value> {
    let day = |at: Timestamp| at.to_utc().date().to_string();
    Ok(json!({
        "id": row.id.to_string(),
        "since": day(row.since),
        "until": row.until.map(day),
        "currency": row.currency,
        "ref": row.reference,
        "booking": serde_json::to_value(&row.booking)?,
    }))
}

/// Says a booking in a few words; amounts are in its currency.
fn said(booking: &Booking) -> String {
    let amount =
        |money: crate::domain::Money| crate::domain::Money::format_pico(money.pico_usd().into(), 2);
    match booking {
        Booking::Seats { seats, price } => format!("{seats} seats at {} a month", amount(*price)),
        Booking::Trial { seats } => format!("{seats} seats on trial"),
        Booking::Overage { credits, price } => format!("{credits} credits at {price}"),
        Booking::Prepaid {
            name,
            credits,
            amount: paid,
        } => {
            format!("{name}: {credits} credits for {}", amount(*paid))
        }
        Booking::PrepaidUse { name, credits } => format!("{name}: {credits} credits used"),
        Booking::PrepaidExpiry { name } => format!("{name}: expired"),
        Booking::CreditNote { amount: back } => amount(*back),
        Booking::Rate { micro_usd } => format!("{} micro-USD", micro_usd),
        Booking::Pool(pool) => format!(
            "{}: {} × {}, {}",
            pool.name, pool.gpus, pool.generation, pool.supplier
        ),
        Booking::PoolUse {
            pool,
            utilisation_bp,
            requests,
        } => {
            let percent = f64::from(*utilisation_bp) / 100.0;
            format!("{pool}: {percent} % busy, {requests} requests")
        }
        Booking::Cost {
            name,
            amount: paid,
            monthly,
        } => {
            let often = if *monthly { "a month" } else { "once" };
            format!("{name}: {} {often}", amount(*paid))
        }
        Booking::Usage(usage) => format!("{}: {} calls", usage.model, usage.calls),
        Booking::Correction(correction) => {
            let factor = i128::from(correction.factor_ppm) * 1_000_000;
            let factor = crate::domain::Money::format_pico(factor, 6);
            format!("{} at {} × {factor}", correction.model, correction.supplier)
        }
        Booking::Funnel(funnel) => {
            format!(
                "{} requests, {} offered, {} accepted",
                funnel.requests, funnel.offered, funnel.accepted
            )
        }
    }
}
