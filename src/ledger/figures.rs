//! The figures of one line of a report: counts, exact sums, and what follows from them.

use serde::{Deserialize, Serialize};

use crate::domain::{Money, OutcomeKind, divide_half_even};

/// Counts and sums of one line. What is derived is a method, so that nothing is rounded twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Decision points, cache hits and suppressed requests of `lsp` and `try` sessions.
    pub requests: u64,
    /// Requests that were answered with what we already had.
    pub cache_hits: u64,
    /// Requests that were answered with nothing before any decision.
    pub suppressed: u64,
    /// Calls of models over the network, those of `mantle complete` included.
    pub calls: u64,
    /// Calls whose cost is not known.
    pub unpriced_calls: u64,
    /// Sum of the known costs, in pico-USD.
    pub known_cost_pico: i128,
    /// Suggestions that were sent to an editor.
    pub offered: u64,
    /// Suggestions that an editor says it showed.
    pub shown: u64,
    /// Suggestions that were taken whole.
    pub accepted: u64,
    /// Those of them that no client reported: one edit put the suggestion there.
    pub accepted_inferred: u64,
    /// Suggestions that were taken in part.
    pub partly_accepted: u64,
    /// Suggestions that an editor says were turned down.
    pub dismissed: u64,
    /// Suggestions that were still there after ten minutes.
    pub retained: u64,
    /// Accepted suggestions that were looked for after ten minutes; the session of the others
    /// ended before, or their document was closed, so what became of them is not known.
    pub retention_checked: u64,
    /// Accepted suggestions whose ten minutes are not over.
    pub retained_pending: u64,
}

impl Figures {
    /// Returns how many were retained; `None` while some are due and nothing has looked after any
    /// of them, for then it is not known.
    #[must_use]
    pub const fn known_retained(&self) -> Option<u64> {
        if self.retained > 0 || self.retention_checked > 0 || self.retained_pending >= self.accepted
        {
            Some(self.retained)
        } else {
            None
        }
    }

    /// Returns what is known of the cost, in pico-USD: 0 when there were no calls, `None` when
    /// there were and the cost of none is known.
    #[must_use]
    pub fn cost_pico(&self) -> Option<i128> {
        (self.calls == 0 || self.unpriced_calls < self.calls).then_some(self.known_cost_pico)
    }

    /// Returns the cost in dollars with six places.
    #[must_use]
    pub fn cost_usd(&self) -> Option<String> {
        self.cost_pico().map(|pico| Money::format_pico(pico, 6))
    }

    /// Returns the cost per `count` in dollars with nine places, rounded once; `None` when there
    /// is nothing to divide by or the cost is not known.
    #[must_use]
    pub fn cost_per_usd(&self, count: u64) -> Option<String> {
        const PICO_PER_NANO: i128 = 1_000;
        if count == 0 {
            return None;
        }
        let nano = divide_half_even(self.cost_pico()?, i128::from(count) * PICO_PER_NANO);
        Some(Money::format_pico(nano * PICO_PER_NANO, 9))
    }

    /// Returns accepted ÷ offered.
    #[must_use]
    pub fn acceptance_rate(&self) -> Option<f64> {
        fraction(i128::from(self.accepted), i128::from(self.offered))
    }

    pub(super) fn add_outcomes(&mut self, kind: OutcomeKind, count: u64) {
        let field = match kind {
            OutcomeKind::Offered => &mut self.offered,
            OutcomeKind::Shown => &mut self.shown,
            OutcomeKind::Accepted => &mut self.accepted,
            OutcomeKind::PartlyAccepted => &mut self.partly_accepted,
            OutcomeKind::Dismissed => &mut self.dismissed,
            OutcomeKind::Retained => &mut self.retained,
            // Endings that only learning looks at.
            OutcomeKind::Matched
            | OutcomeKind::Diverged
            | OutcomeKind::Replaced
            | OutcomeKind::Censored => return,
        };
        *field += count;
    }

    /// Adds the figures of another line.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.cache_hits += other.cache_hits;
        self.suppressed += other.suppressed;
        self.calls += other.calls;
        self.unpriced_calls += other.unpriced_calls;
        self.known_cost_pico += other.known_cost_pico;
        self.offered += other.offered;
        self.shown += other.shown;
        self.accepted += other.accepted;
        self.accepted_inferred += other.accepted_inferred;
        self.partly_accepted += other.partly_accepted;
        self.dismissed += other.dismissed;
        self.retained += other.retained;
        self.retention_checked += other.retention_checked;
        self.retained_pending += other.retained_pending;
    }
}

/// Returns the quotient with six places, enough for a share; `None` when it has no meaning.
fn fraction(part: i128, whole: i128) -> Option<f64> {
    const PLACES: i128 = 1_000_000;
    if whole <= 0 {
        return None;
    }
    let millionths = divide_half_even(part.checked_mul(PLACES)?, whole);
    Some(millionths as f64 / PLACES as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_calls_cost_nothing_and_unpriced_calls_cost_nobody_knows_what() {
        let none = Figures::default();
        assert_eq!(none.cost_usd().as_deref(), Some("0.000000"));
        let unpriced = Figures {
            calls: 2,
            unpriced_calls: 2,
            ..none
        };
        assert_eq!(unpriced.cost_usd(), None);
        let partly = Figures {
            calls: 3,
            unpriced_calls: 2,
            known_cost_pico: 468_000_000,
            ..none
        };
        assert_eq!(partly.cost_usd().as_deref(), Some("0.000468"));
    }

    #[test]
    fn what_has_no_denominator_is_unknown() {
        let figures = Figures {
            accepted: 1,
            ..Figures::default()
        };
        assert_eq!(figures.acceptance_rate(), None);
        assert_eq!(figures.cost_per_usd(0), None);
    }

    #[test]
    fn a_unit_cost_is_rounded_once_to_nano_dollars() {
        // 0.001 USD for three: 333,333.33 nano-USD each. For 16,000: 62.5, half to even is 62.
        let figures = Figures {
            calls: 1,
            known_cost_pico: 1_000_000_000,
            ..Figures::default()
        };
        assert_eq!(figures.cost_per_usd(3).as_deref(), Some("0.000333333"));
        assert_eq!(figures.cost_per_usd(16_000).as_deref(), Some("0.000000062"));
    }

    #[test]
    fn halves_round_to_even_on_both_sides_of_zero() {
        let rounded: Vec<_> = [-15, -5, 5, 15, 25, 26]
            .map(|n| divide_half_even(n, 10))
            .into();
        assert_eq!(rounded, [-2, 0, 0, 2, 2, 3]);
    }
}
