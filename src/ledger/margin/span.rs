//! When a booking counts.

use crate::domain::{Booking, BookingRow, Timestamp};

/// A span of time, `[since, until)`.
#[derive(Clone, Copy)]
pub(in crate::ledger) struct Span {
    pub since: Timestamp,
    pub until: Timestamp,
}

impl Span {
    pub const fn of(since: Timestamp, until: Timestamp) -> Self {
        Self { since, until }
    }

    /// What happens at once fills the smallest span there is, whatever end it was given.
    pub fn of_row(row: &BookingRow) -> Self {
        let at_once = Timestamp::from_unix_micros(row.since.unix_micros().saturating_add(1));
        let forever = Timestamp::from_unix_micros(i64::MAX);
        let until = match &row.booking {
            Booking::Seats { .. }
            | Booking::Trial { .. }
            | Booking::Rate { .. }
            | Booking::Pool(_)
            | Booking::Cost { monthly: true, .. } => row.until.unwrap_or(forever),
            Booking::PoolUse { .. }
            | Booking::Usage(_)
            | Booking::Funnel(_)
            | Booking::Correction(_) => row.until.unwrap_or(at_once),
            Booking::Overage { .. }
            | Booking::Prepaid { .. }
            | Booking::PrepaidUse { .. }
            | Booking::PrepaidExpiry { .. }
            | Booking::CreditNote { .. }
            | Booking::Cost { monthly: false, .. } => at_once,
        };
        Self::of(row.since, until)
    }

    /// Returns whether a booking lies wholly in `[since, until)`: counts cannot be divided.
    pub fn holds(self, row: &BookingRow) -> bool {
        let span = Self::of_row(row);
        self.since <= span.since && span.until <= self.until
    }

    pub fn within(self, other: Self) -> Option<Self> {
        let (since, until) = (self.since.max(other.since), self.until.min(other.until));
        (since < until).then_some(Self { since, until })
    }

    pub fn micros(self) -> i128 {
        i128::from(self.until.unix_micros()) - i128::from(self.since.unix_micros())
    }
}
