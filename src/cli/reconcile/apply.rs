//! Applying an invoice: what it says of calls that were not reported is booked, so that later reports
//! show it; and undoing that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use serde::Serialize;
use time::Date;
use uuid::Uuid;

use super::invoice::Invoice;
use super::model_on;
use crate::domain::{
    BillingBasis, Booking, BookingRow, Correction, LedgerEvent, Money, RowId, Timestamp,
    divide_half_even,
};
use crate::ledger::margin::{LARGEST_FACTOR_PPM, corrections_in_force};
use crate::ledger::{Billed, Ledger, LedgerReader};

/// What was done with one model of the invoice.
#[derive(Debug, Serialize)]
pub(super) struct Applied {
    pub model: String,
    pub supplier: String,
    /// Its factor; `null` where there is none, for a reason.
    pub factor_ppm: Option<u64>,
    pub reason: Option<String>,
}

/// Books what an invoice says of calls that were not reported, by model and host, in place of what it
/// said before.
///
/// # Errors
///
/// When nothing of it can be applied, or another invoice corrects the same calls.
pub(super) async fn apply(
    (ledger, reader): (&Path, &LedgerReader),
    (name, since, until): (&str, Date, Timestamp),
    (invoice, ours): (&Invoice, &[&Billed]),
    now: Timestamp,
) -> anyhow::Result<Vec<Applied>> {
    if !invoice.has_cost {
        bail!("the invoice has no cost, so it says nothing that could be applied");
    }
    let bookings = reader.bookings().await?;
    let holding = corrections_in_force(&bookings)?;
    let before: Vec<&BookingRow> = holding
        .iter()
        .map(|(row, _)| *row)
        .filter(|row| row.reference.as_deref() == Some(name))
        .collect();
    let since = Timestamp::from(since);
    let is_apart =
        |row: &&&BookingRow| row.until.is_some_and(|end| end <= since) || row.since >= until;
    if let Some(other) = before.iter().find(is_apart) {
        bail!(
            "an invoice `{name}` that begins on {} is applied already; tell this one apart with --name",
            other.since.to_utc().date()
        );
    }
    let applied = factors(invoice, ours);
    let mut rows: Vec<BookingRow> = applied
        .iter()
        .filter_map(|applied| {
            let correction = Correction {
                model: applied.model.clone(),
                supplier: applied.supplier.clone(),
                factor_ppm: applied.factor_ppm?,
            };
            Some(row(name, (since, until), correction, now))
        })
        .collect();
    if rows.is_empty() {
        let reasons: BTreeSet<&str> = applied
            .iter()
            .filter_map(|applied| applied.reason.as_deref())
            .collect();
        let reasons: Vec<&str> = reasons.into_iter().collect();
        bail!("nothing of the invoice was applied: {}", reasons.join("; "));
    }
    // What it said before of other models, it says no more.
    for old in before {
        let Booking::Correction(said) = &old.booking else {
            continue;
        };
        let is_replaced = |row: &BookingRow| matches!(&row.booking, Booking::Correction(new) if (&new.model, &new.supplier) == (&said.model, &said.supplier));
        if !rows.iter().any(is_replaced) {
            rows.push(undoing(old, said, now));
        }
    }
    let all: Vec<BookingRow> = bookings.iter().chain(&rows).cloned().collect();
    // It is checked before it is booked: what contradicts would stop every report.
    corrections_in_force(&all)?;
    book(ledger, rows).await?;
    Ok(applied)
}

/// Books a factor of one in place of what an invoice has said.
///
/// # Errors
///
/// When no such invoice is applied.
pub(super) async fn undo(
    ledger: &Path,
    name: &str,
    now: Timestamp,
) -> anyhow::Result<Vec<Correction>> {
    let reader = LedgerReader::open_read_only(ledger).await?;
    let bookings = reader.bookings().await?;
    let mut last: BTreeMap<(&str, &str), (&BookingRow, &Correction)> = BTreeMap::new();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    // Also one that is damaged or contradicts another can be undone, so nothing is checked here.
    for row in &bookings {
        let Booking::Correction(said) = &row.booking else {
            continue;
        };
        let invoice = row.reference.as_deref().unwrap_or_default();
        known.insert(invoice);
        if invoice == name {
            let key = (said.model.as_str(), said.supplier.as_str());
            let there = last.entry(key).or_insert((row, said));
            if (there.0.at, there.0.id) <= (row.at, row.id) {
                *there = (row, said);
            }
        }
    }
    let holding: Vec<_> = last
        .into_values()
        .filter(|(_, said)| !said.is_undone())
        .collect();
    if holding.is_empty() {
        if known.contains(name) {
            bail!("what the invoice `{name}` said was taken back already");
        }
        let known: Vec<&str> = known.into_iter().collect();
        match known.as_slice() {
            [] => bail!("no invoice was ever applied to this ledger"),
            names => bail!(
                "no invoice `{name}` was ever applied; these were: {}",
                names.join(", ")
            ),
        }
    }
    let rows = holding.iter().map(|(row, said)| undoing(row, said, now));
    book(ledger, rows.collect()).await?;
    Ok(holding.into_iter().map(|(_, said)| said.clone()).collect())
}

/// Says what was booked, or why not.
pub(super) fn text(name: &str, applied: &[Applied]) -> String {
    let mut text = format!("\napplied as invoice {name}:\n");
    for Applied {
        model,
        supplier,
        factor_ppm,
        reason,
    } in applied
    {
        let factor = factor_ppm.map(factor);
        let said = factor.or_else(|| reason.clone()).unwrap_or_default();
        let _ = writeln!(text, "  {model} at {supplier}: {said}");
    }
    text.push_str(
        "Reports show it on a line of its own; `mantle reconcile INVOICE --undo` takes it back.\n",
    );
    text
}

pub(super) fn factor(ppm: u64) -> String {
    format!("× {}", Money::format_pico(i128::from(ppm) * 1_000_000, 6))
}

/// Returns the factor of each model of the ledger that is on the invoice: what the invoice leaves for
/// calls that were not reported, over what the ledger assumes of them. One line of an invoice may be
/// several models here; then they have the same.
fn factors(invoice: &Invoice, ours: &[&Billed]) -> Vec<Applied> {
    #[derive(Default)]
    struct Sums {
        billed: i128,
        reported: i128,
        assumed: i128,
        unpriced: u64,
        models: BTreeSet<(String, String)>,
    }
    let mut by_line: BTreeMap<&str, Sums> = BTreeMap::new();
    for ((_, model), amounts) in &invoice.lines {
        by_line.entry(model).or_default().billed += amounts.cost_pico;
    }
    for billed in ours {
        let sums = by_line.entry(model_on(invoice, billed)).or_default();
        match billed.basis {
            BillingBasis::Reported => sums.reported += billed.cost_pico,
            BillingBasis::Partial | BillingBasis::Assumed => sums.assumed += billed.cost_pico,
        }
        sums.unpriced += billed.unpriced_calls;
        sums.models
            .insert((billed.name.clone(), billed.host.clone()));
    }
    let mut applied = Vec::new();
    for (line, sums) in by_line {
        let factor = factor_of(
            line,
            sums.unpriced,
            sums.billed - sums.reported,
            sums.assumed,
        );
        for (model, supplier) in sums.models {
            applied.push(Applied {
                model,
                supplier,
                factor_ppm: factor.as_ref().ok().copied(),
                reason: factor.as_ref().err().cloned(),
            });
        }
    }
    applied
}

fn factor_of(line: &str, unpriced: u64, left: i128, assumed: i128) -> Result<u64, String> {
    if unpriced > 0 {
        return Err(format!("{unpriced} calls of {line} have no price"));
    }
    if assumed <= 0 {
        return Err(format!("all calls of {line} were reported"));
    }
    if left < 0 {
        return Err(format!("what was reported of {line} is more than the bill"));
    }
    let ppm = divide_half_even(left.saturating_mul(1_000_000), assumed);
    let ppm = u64::try_from(ppm)
        .ok()
        .filter(|ppm| *ppm <= LARGEST_FACTOR_PPM);
    match ppm {
        None => Err(format!(
            "the calls of {line} would have cost more than a thousand times what is assumed: it is about others"
        )),
        Some(Correction::NO_CHANGE) => Err(format!("{line} costs what the ledger assumes")),
        Some(ppm) => Ok(ppm),
    }
}

fn row(
    name: &str,
    (since, until): (Timestamp, Timestamp),
    correction: Correction,
    now: Timestamp,
) -> BookingRow {
    // The moment is part of it: what was undone may be applied again.
    let described = format!(
        "correction\n{name}\n{}\n{}\n{}\n{}",
        correction.model,
        correction.supplier,
        correction.factor_ppm,
        now.unix_micros()
    );
    BookingRow {
        id: RowId::from_uuid(Uuid::new_v5(&Uuid::NAMESPACE_OID, described.as_bytes())),
        since,
        until: Some(until),
        currency: "USD".to_owned(),
        reference: Some(name.to_owned()),
        booking: Booking::Correction(correction),
        at: now,
    }
}

fn undoing(old: &BookingRow, said: &Correction, now: Timestamp) -> BookingRow {
    let nothing = Correction {
        factor_ppm: Correction::NO_CHANGE,
        ..said.clone()
    };
    let name = old.reference.as_deref().unwrap_or_default();
    let day = |at: Timestamp| Timestamp::from(at.to_utc().date());
    let since = day(old.since);
    let until = old.until.map(day).filter(|until| *until > since);
    let a_day_later = since.plus(std::time::Duration::from_secs(86_400));
    row(name, (since, until.unwrap_or(a_day_later)), nothing, now)
}

async fn book(path: &Path, rows: Vec<BookingRow>) -> anyhow::Result<()> {
    let ledger = Ledger::open(path).await?;
    for row in rows {
        let event = LedgerEvent::Booking(Box::new(row));
        let booked = ledger.record_and_wait(event).await;
        booked.context("the correction could not be booked")?;
    }
    ledger.close().await;
    Ok(())
}
