//! What the owner lets a month of calls cost, as far as they have said.

use super::{Money, Ppm};

/// What a ceiling is reckoned from. Without a target and a budget there is none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Allowance {
    /// Gross margin to keep; a ceiling where there is revenue.
    pub target: Option<Ppm>,
    /// What a seat earns per month.
    pub seat_price: Option<Money>,
    /// How many seats; one when nothing is said.
    pub seats: Option<u32>,
    /// What a month may cost where there is no revenue, or no margin to keep.
    pub own: Option<Money>,
    /// What a thousand kept characters are worth to who pays for them.
    pub per_thousand_chars: Option<Money>,
}

impl Allowance {
    /// Returns whether several seats spend from it.
    #[must_use]
    pub fn shares_seats(&self) -> bool {
        self.is_limited() && self.seats.is_some_and(|seats| seats > 1)
    }

    /// Returns whether a ceiling may come of it: what the ledger has booked decides on a target.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.target.is_some() || self.own.is_some()
    }
}
