//! Amounts of other currencies in dollars, at the rate that was booked for their time.

use super::Span;
use crate::domain::{Booking, BookingRow, Timestamp, divide_half_even};
use crate::ledger::error::LedgerError;

const MICRO: i128 = 1_000_000;

/// Returns `pico` of the row's currency in pico-USD, at the rate that holds at `at`: the one that
/// was booked last for that time.
pub(super) fn in_usd(
    bookings: &[BookingRow],
    row: &BookingRow,
    at: Timestamp,
    pico: i128,
) -> Result<i128, LedgerError> {
    if row.currency == "USD" {
        return Ok(pico);
    }
    let holds = |rate: &&BookingRow| {
        let span = Span::of_row(rate);
        rate.currency == row.currency && span.since <= at && at < span.until
    };
    let rate = bookings
        .iter()
        .filter(|row| matches!(row.booking, Booking::Rate { .. }))
        .filter(holds)
        .max_by_key(|rate| (rate.since, rate.at));
    match rate.map(|rate| &rate.booking) {
        Some(Booking::Rate { micro_usd }) => {
            let product = pico.checked_mul(i128::from(*micro_usd));
            let product = product.ok_or(LedgerError::RevenueTooLarge)?;
            Ok(divide_half_even(product, MICRO))
        }
        _ => Err(LedgerError::NoRate {
            currency: row.currency.clone(),
            day: at.to_utc().date().to_string(),
        }),
    }
}
