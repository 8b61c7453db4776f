//! What was earned: seats by the day, overage when it happened, prepaid credits as they are used.

use std::collections::{BTreeMap, BTreeSet};

use super::{Books, Span, currency};
use crate::domain::{Booking, BookingRow, MicroUsd, Timestamp, divide_half_even};
use crate::ledger::error::LedgerError;
use crate::ledger::revenue::per_month;

/// What was earned in a period.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Earned {
    /// Seats, by the part of the month in which they were there.
    pub seats: MicroUsd,
    /// Use beyond what seats include.
    pub overage: MicroUsd,
    /// Of prepaid credits, those that were used.
    pub prepaid: MicroUsd,
    /// Of prepaid credits, those that expired.
    pub breakage: MicroUsd,
    /// What was given back; below zero.
    pub credit_notes: MicroUsd,
    /// Of what was paid in advance, what is not earned at the end of the period.
    pub deferred: MicroUsd,
    /// Whether it is booked; else it is seats at the configured price.
    pub is_booked: bool,
    /// Seats of the period on average, those on trial included, in thousandths.
    pub seats_milli: i128,
}

impl Earned {
    /// Returns the revenue of the period.
    #[must_use]
    pub fn net(&self) -> MicroUsd {
        [
            self.seats,
            self.overage,
            self.prepaid,
            self.breakage,
            self.credit_notes,
        ]
        .into_iter()
        .sum()
    }
}

pub(super) fn of(
    books: &Books<'_>,
    remarks: &mut Vec<String>,
) -> Result<Option<Earned>, LedgerError> {
    let period = Span::of(books.since, books.until);
    let mut earned = Earned::default();
    let mut is_booked = false;
    let mut seat_time: i128 = 0;
    for row in books.bookings {
        let Some(span) = Span::of_row(row).within(period) else {
            continue;
        };
        let usd = |pico: i128| currency::in_usd(books.bookings, row, span.since, pico);
        match &row.booking {
            Booking::Seats { seats, price } => {
                is_booked = true;
                let monthly = i128::from(price.pico_usd()) * i128::from(*seats);
                let pico = per_month(usd(monthly)?, span.since, span.until)?;
                earned.seats = earned.seats + MicroUsd::rounded(pico);
                seat_time += i128::from(*seats) * span.micros();
            }
            Booking::Trial { seats } => seat_time += i128::from(*seats) * span.micros(),
            Booking::Overage { credits, price } => {
                is_booked = true;
                let pico = i128::from(price.pico_usd()).saturating_mul(i128::from(*credits));
                earned.overage = earned.overage + MicroUsd::rounded(usd(pico)?);
            }
            Booking::CreditNote { amount } => {
                is_booked = true;
                let pico = usd(amount.pico_usd().into())?;
                earned.credit_notes = earned.credit_notes + MicroUsd::rounded(-pico);
            }
            // Packages are reckoned as a whole, below; the rest earns nothing.
            Booking::Prepaid { .. }
            | Booking::PrepaidUse { .. }
            | Booking::PrepaidExpiry { .. }
            | Booking::Rate { .. }
            | Booking::Pool(_)
            | Booking::PoolUse { .. }
            | Booking::Cost { .. }
            | Booking::Usage(_)
            | Booking::Funnel(_)
            | Booking::Correction(_) => {}
        }
    }
    for package in packages(books.bookings, books.until)? {
        let before = package.earned_until(books.since)?;
        let after = package.earned_until(books.until)?;
        is_booked = true;
        earned.prepaid = earned.prepaid + MicroUsd::rounded(after.used - before.used);
        earned.breakage = earned.breakage + MicroUsd::rounded(after.expired - before.expired);
        let left = package.sold - after.used - after.expired;
        earned.deferred = earned.deferred + MicroUsd::rounded(left);
    }
    earned.seats_milli = divide_half_even(seat_time * 1_000, period.micros().max(1));
    if is_booked {
        if books.seats_pico.is_some() {
            remarks.push(
                "revenue is booked, so the seat price of the configuration is not used".to_owned(),
            );
        }
        return Ok(Some(Earned {
            is_booked,
            ..earned
        }));
    }
    Ok(books.seats_pico.map(|pico| Earned {
        seats: MicroUsd::rounded(pico),
        ..earned
    }))
}

/// One prepaid package, in pico-USD.
struct Package<'a> {
    name: &'a str,
    credits: u64,
    sold: i128,
    /// When credits were used, and how many.
    uses: Vec<(Timestamp, u64)>,
    expires: Option<Timestamp>,
}

struct EarnedSoFar {
    used: i128,
    expired: i128,
}

impl Package<'_> {
    /// What it has earned before `at`: by credits used, and all the rest once it has expired.
    fn earned_until(&self, at: Timestamp) -> Result<EarnedSoFar, LedgerError> {
        let used: u64 = self
            .uses
            .iter()
            .filter(|(used, _)| *used < at)
            .fold(0, |sum, (_, credits)| sum.saturating_add(*credits));
        if used > self.credits {
            return Err(LedgerError::Prepaid {
                name: self.name.to_owned(),
                problem: "has more credits used than were sold",
            });
        }
        let earned = self.sold.saturating_mul(i128::from(used));
        let used = divide_half_even(earned, i128::from(self.credits.max(1)));
        let is_over = self.expires.is_some_and(|expires| expires < at);
        Ok(EarnedSoFar {
            used,
            expired: if is_over { self.sold - used } else { 0 },
        })
    }
}

/// Returns the packages that were sold before `until`.
fn packages(bookings: &[BookingRow], until: Timestamp) -> Result<Vec<Package<'_>>, LedgerError> {
    let mut packages: BTreeMap<&str, Package<'_>> = BTreeMap::new();
    for row in bookings.iter().filter(|row| row.since < until) {
        if let Booking::Prepaid {
            name,
            credits,
            amount,
        } = &row.booking
        {
            let sold = currency::in_usd(bookings, row, row.since, amount.pico_usd().into())?;
            let package = packages.entry(name).or_insert(Package {
                name,
                credits: 0,
                sold: 0,
                uses: Vec::new(),
                expires: None,
            });
            package.credits = package.credits.saturating_add(*credits);
            package.sold += sold;
        }
    }
    let mut unsold: BTreeSet<&str> = BTreeSet::new();
    for row in bookings.iter().filter(|row| row.since < until) {
        let (name, credits) = match &row.booking {
            Booking::PrepaidUse { name, credits } => (name, Some(*credits)),
            Booking::PrepaidExpiry { name } => (name, None),
            _ => continue,
        };
        match (packages.get_mut(name.as_str()), credits) {
            (Some(package), Some(credits)) => package.uses.push((row.since, credits)),
            (Some(package), None) => package.expires = Some(row.since),
            (None, _) => {
                unsold.insert(name);
            }
        }
    }
    if let Some(name) = unsold.first() {
        return Err(LedgerError::Prepaid {
            name: (*name).to_owned(),
            problem: "is used or expired before it was sold",
        });
    }
    Ok(packages.into_values().collect())
}
