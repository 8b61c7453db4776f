//! What comes every month, such as the price of a seat, as the part of it that a period covers.
//!
//! Each calendar month of the period, in UTC, counts with (time of the period in this month) ÷
//! (length of this month). Ten days of November are 10/30 of a seat's price, ten days of December
//! 10/31. The sum is exact and rounded half to even once, to pico-USD.

use time::{Date, Month};

use super::error::LedgerError;
use crate::domain::{Money, Timestamp, divide_half_even};

/// The least number of days that 28, 29, 30 and 31 all divide, so that months add up exactly.
const COMMON_DAYS: i128 = 377_580;
const MICROS_PER_DAY: i128 = 86_400_000_000;

/// Returns what `seats` seats at `price` per month earn in `[since, until)`, in pico-USD.
pub(super) fn of_seats(
    seats: u32,
    price: Money,
    since: Timestamp,
    until: Timestamp,
) -> Result<i128, LedgerError> {
    let monthly = i128::from(price.pico_usd()) * i128::from(seats);
    per_month(monthly, since, until)
}

/// Returns the part of `monthly` that `[since, until)` covers, in the unit of `monthly`.
pub(super) fn per_month(
    monthly: i128,
    since: Timestamp,
    until: Timestamp,
) -> Result<i128, LedgerError> {
    let mut covered: i128 = 0;
    let mut from = since;
    while from < until {
        let (next, days) = next_month(from).ok_or(LedgerError::RevenueTooLarge)?;
        let to = next.min(until);
        let micros = i128::from(to.unix_micros()) - i128::from(from.unix_micros());
        covered += micros * (COMMON_DAYS / i128::from(days));
        from = to;
    }
    let earned = monthly
        .checked_mul(covered)
        .ok_or(LedgerError::RevenueTooLarge)?;
    Ok(divide_half_even(earned, COMMON_DAYS * MICROS_PER_DAY))
}

/// Returns where the month after that of `at` begins, and how many days the month of `at` has.
fn next_month(at: Timestamp) -> Option<(Timestamp, u8)> {
    let day = at.to_utc().date();
    let (year, month) = match day.month() {
        Month::December => (day.year() + 1, Month::January),
        month => (day.year(), month.next()),
    };
    let first = Date::from_calendar_date(year, month, 1).ok()?;
    let next = Timestamp::from(first);
    (next > at).then_some((next, day.month().length(day.year())))
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use time::macros::datetime;

    use super::*;

    #[track_caller]
    fn check(since: OffsetDateTime, until: OffsetDateTime, expected: &str) {
        let price = "19.00".parse().expect("a price");
        let earned = of_seats(1, price, since.into(), until.into()).expect("a small amount");
        assert_eq!(Money::format_pico(earned, 6), expected);
    }

    #[test]
    fn a_whole_month_earns_the_price() {
        check(
            datetime!(2026-11-01 0:00 UTC),
            datetime!(2026-12-01 0:00 UTC),
            "19.000000",
        );
        check(
            datetime!(2028-02-01 0:00 UTC),
            datetime!(2028-03-01 0:00 UTC),
            "19.000000",
        );
        check(
            datetime!(2026-01-01 0:00 UTC),
            datetime!(2027-01-01 0:00 UTC),
            "228.000000",
        );
    }

    #[test]
    fn a_part_of_a_month_earns_its_part() {
        // Ten of thirty days: 6.333333.
        check(
            datetime!(2026-11-11 0:00 UTC),
            datetime!(2026-11-21 0:00 UTC),
            "6.333333",
        );
        // Half of November and 15 of 31 days of December: 9.5 + 9.193548.
        check(
            datetime!(2026-11-16 0:00 UTC),
            datetime!(2026-12-16 0:00 UTC),
            "18.693548",
        );
        // Twelve hours of a month of 30 days: 19/60.
        check(
            datetime!(2026-11-01 0:00 UTC),
            datetime!(2026-11-01 12:00 UTC),
            "0.316667",
        );
    }

    #[test]
    fn an_empty_period_earns_nothing() {
        check(
            datetime!(2026-11-01 0:00 UTC),
            datetime!(2026-11-01 0:00 UTC),
            "0.000000",
        );
        check(
            datetime!(2026-11-02 0:00 UTC),
            datetime!(2026-11-01 0:00 UTC),
            "0.000000",
        );
    }

    #[test]
    fn an_amount_beyond_reckoning_is_an_error() {
        let since = datetime!(1970-01-01 0:00 UTC).into();
        let until = datetime!(9000-01-01 0:00 UTC).into();
        let most = Money::from_pico_usd(i64::MAX);
        assert_eq!(
            of_seats(u32::MAX, most, since, until),
            Err(LedgerError::RevenueTooLarge)
        );
    }
}
