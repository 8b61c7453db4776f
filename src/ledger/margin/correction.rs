//! What applied invoices say of calls whose usage was counted here and not by the provider.

use std::collections::BTreeMap;

use super::{Books, Span};
use crate::domain::{Booking, BookingRow, Correction, MicroUsd, Tier, Timestamp, divide_half_even};
use crate::ledger::error::LedgerError;

const MILLION: i128 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// An invoice of a thousand times what was assumed is about other calls.
pub const LARGEST_FACTOR_PPM: u64 = 1_000_000_000;

/// What one invoice changes in a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CorrectionLine {
    /// Name of the invoice.
    pub invoice: String,
    /// The model, by its name in the configuration.
    pub model: String,
    /// Who sent the invoice.
    pub supplier: String,
    /// First moment that it is about.
    pub since: Timestamp,
    /// First moment after that.
    pub until: Timestamp,
    /// What calls cost by the invoice over what the ledger assumes, in millionths.
    pub factor_ppm: u64,
    /// What the ledger assumes that its calls of the period have cost.
    pub assumed: MicroUsd,
    /// What comes to that; below zero where the invoice is cheaper. The sum of the days.
    pub extra: MicroUsd,
    /// When it was booked.
    pub booked: Timestamp,
    /// What it comes to on each day, rounded there, so that every view of it adds up to the same.
    pub days: Vec<CorrectedDay>,
}

/// What one invoice changes on one day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CorrectedDay {
    /// First moment of the day, in UTC.
    pub day: Timestamp,
    /// Tier of the calls.
    pub tier: Tier,
    /// Who trained their model.
    pub lab: Option<String>,
    /// What comes to their cost.
    pub extra: MicroUsd,
}

/// Returns the corrections that hold: the last that was booked of each invoice, model and supplier,
/// but for those that were undone.
///
/// # Errors
///
/// [`LedgerError::Correction`] where one is damaged, or two invoices correct the same calls.
pub fn in_force(bookings: &[BookingRow]) -> Result<Vec<(&BookingRow, &Correction)>, LedgerError> {
    let mut last: BTreeMap<(&str, &str, &str), (&BookingRow, &Correction)> = BTreeMap::new();
    for row in bookings {
        let Booking::Correction(correction) = &row.booking else {
            continue;
        };
        let key = (
            invoice_of(row),
            correction.model.as_str(),
            correction.supplier.as_str(),
        );
        let there = last.entry(key).or_insert((row, correction));
        if (there.0.at, there.0.id) <= (row.at, row.id) {
            *there = (row, correction);
        }
    }
    let mut holding: Vec<_> = last.into_values().collect();
    // What was undone may have been damaged.
    holding.retain(|(_, correction)| !correction.is_undone());
    for (row, correction) in &holding {
        check(row, correction)?;
    }
    for (index, (row, correction)) in holding.iter().enumerate() {
        let contradicts = |(other, theirs): &&(&BookingRow, &Correction)| {
            theirs.model == correction.model
                && theirs.supplier == correction.supplier
                && Span::of_row(other).within(Span::of_row(row)).is_some()
        };
        if let Some((other, _)) = holding[..index].iter().find(contradicts) {
            return Err(LedgerError::Correction {
                reason: format!(
                    "the invoices `{}` and `{}` both correct calls of {} on {}; undo one with \
                     `mantle reconcile INVOICE --undo`",
                    invoice_of(other),
                    invoice_of(row),
                    correction.model,
                    other.since.max(row.since).to_utc().date()
                ),
            });
        }
    }
    Ok(holding)
}

fn invoice_of(row: &BookingRow) -> &str {
    row.reference.as_deref().unwrap_or_default()
}

fn check(row: &BookingRow, correction: &Correction) -> Result<(), LedgerError> {
    let is_midnight = |at: Timestamp| at.unix_micros().rem_euclid(MICROS_PER_DAY) == 0;
    let problem = match (row.reference.as_deref(), row.until) {
        (None | Some(""), _) => "names no invoice",
        (_, None) => "has no end",
        (_, Some(until)) if until <= row.since => "ends before it begins",
        (_, Some(until)) if !is_midnight(until) || !is_midnight(row.since) => {
            "is not about whole days"
        }
        _ if correction.factor_ppm > LARGEST_FACTOR_PPM => "has a factor above 1,000",
        _ if row.currency != "USD" => "is not in US dollars",
        _ => return Ok(()),
    };
    Err(LedgerError::Correction {
        reason: format!(
            "the booking {} of {} {problem}; undo it with `mantle reconcile INVOICE --undo --name {:?}`",
            row.id,
            correction.model,
            invoice_of(row)
        ),
    })
}

/// Returns what applied invoices change in a period.
pub(super) fn lines(books: &Books<'_>) -> Result<Vec<CorrectionLine>, LedgerError> {
    let holding = in_force(books.bookings)?;
    let line = |(row, correction): (&BookingRow, &Correction)| {
        let span = Span::of_row(row);
        let groups = books.calls.iter().filter(|group| {
            group.model == correction.model
                && group.supplier == correction.supplier
                && (span.since..span.until).contains(&group.at)
        });
        let mut by_day: BTreeMap<(i64, Tier, Option<&str>), i128> = BTreeMap::new();
        for group in groups {
            let day = group.at.unix_micros().div_euclid(MICROS_PER_DAY);
            let key = (day, group.tier, group.lab.as_deref());
            *by_day.entry(key).or_default() += group.unreported_pico;
        }
        let assumed: i128 = by_day.values().sum();
        let more = i128::from(correction.factor_ppm) - MILLION;
        let extra = |pico: i128| {
            let product = pico.saturating_mul(more);
            MicroUsd::rounded(divide_half_even(product, MILLION))
        };
        let of_day = |((day, tier, lab), pico): ((i64, Tier, Option<&str>), i128)| CorrectedDay {
            day: Timestamp::from_unix_micros(day * MICROS_PER_DAY),
            tier,
            lab: lab.map(str::to_owned),
            extra: extra(pico),
        };
        let days: Vec<CorrectedDay> = by_day
            .into_iter()
            .filter(|(_, pico)| *pico != 0)
            .map(of_day)
            .collect();
        (assumed != 0).then(|| CorrectionLine {
            invoice: invoice_of(row).to_owned(),
            model: correction.model.clone(),
            supplier: correction.supplier.clone(),
            since: span.since,
            until: span.until,
            factor_ppm: correction.factor_ppm,
            assumed: MicroUsd::rounded(assumed),
            extra: days.iter().map(|day| day.extra).sum(),
            booked: row.at,
            days,
        })
    };
    Ok(holding.into_iter().filter_map(line).collect())
}

#[cfg(test)]
mod tests;
