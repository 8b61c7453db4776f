//! Margin at risk: how much of the margin chance takes in one period of twenty.
//!
//! Days are drawn again and again from those of the period, with replacement (Efron's bootstrap),
//! as many as it has; revenue and what is committed stay as they are. So it knows how far days differ
//! and nothing of what no day has shown: a price that rises, or a team that grows.

use std::collections::BTreeMap;

use super::{Books, Margin};
use crate::domain::{Dice, MicroUsd};

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// With fewer days, they say nothing of how far days differ.
const FEWEST_DAYS: usize = 14;
const DRAWS: usize = 2_000;
/// The same draws every time, so that a report of the same period says the same.
const SEED: u64 = 0x6d61_7267_696e;

/// What chance may do to a margin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AtRisk {
    /// Days that were drawn from.
    pub days: usize,
    /// What everything costs in the dearest one of twenty such periods.
    pub cost: MicroUsd,
    /// The margin that is left in it, in millionths.
    pub margin_ppm: i128,
    /// How far that is below the margin of this period, in millionths.
    pub at_risk_ppm: i128,
}

/// Draws the days anew; `None` without a margin or with calls on too few days.
pub(super) fn of(margin: &Margin, books: &Books<'_>) -> Option<AtRisk> {
    let now = margin.margin_ppm()?;
    let mut days: BTreeMap<i64, i128> = BTreeMap::new();
    for group in books.calls {
        let day = group.at.unix_micros().div_euclid(MICROS_PER_DAY);
        *days.entry(day).or_default() += group.cost_pico;
    }
    if days.len() < FEWEST_DAYS {
        return None;
    }
    // A day without calls between the first and the last one is a day, too.
    let (first, last) = (*days.keys().next()?, *days.keys().next_back()?);
    let costs: Vec<i128> = (first..=last)
        .map(|day| days.get(&day).copied().unwrap_or(0))
        .collect();
    let mut dice = Dice::new(SEED);
    let mut sums: Vec<i128> = (0..DRAWS)
        .map(|_| costs.iter().map(|_| costs[dice.below(costs.len())]).sum())
        .collect();
    sums.sort_unstable();
    let metered = MicroUsd::rounded(sums[DRAWS * 95 / 100]);
    let cost = margin.committed_cost() + metered + margin.correction_cost();
    let margin_ppm = margin.margin_ppm_at(cost)?;
    Some(AtRisk {
        days: costs.len(),
        cost,
        margin_ppm,
        at_risk_ppm: now - margin_ppm,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::figures::Figures;
    use super::super::{CallGroup, PriceLists};
    use super::*;
    use crate::domain::{Tier, Timestamp, TokenCount};

    /// Days of calls at these cents each, half of them spent on calls that failed, with a hundred dollars
    /// of revenue.
    fn at_risk(cents: &[i64]) -> Option<AtRisk> {
        let day = |(number, cents): (usize, &i64)| CallGroup {
            model: "m".to_owned(),
            tier: Tier::Premium,
            supplier: "host".to_owned(),
            lab: None,
            price_id: None,
            at: Timestamp::from_unix_micros(number as i64 * MICROS_PER_DAY),
            calls: 1,
            unpriced: 0,
            cost_pico: i128::from(*cents) * 10_000_000_000,
            unreported_pico: 0,
            cancelled: 0,
            cancelled_pico: None,
            failed: 1,
            failed_pico: i128::from(*cents) * 5_000_000_000,
            uncached: TokenCount::ZERO,
            cache_read: TokenCount::ZERO,
            cache_write: (TokenCount::ZERO, TokenCount::ZERO),
            output: TokenCount::ZERO,
        };
        let calls: Vec<CallGroup> = cents.iter().enumerate().map(day).collect();
        let totals = Figures {
            calls: cents.len() as u64,
            known_cost_pico: calls.iter().map(|group| group.cost_pico).sum(),
            ..Figures::default()
        };
        let books = Books {
            since: Timestamp::from_unix_micros(0),
            until: Timestamp::from_unix_micros(30 * MICROS_PER_DAY),
            totals: &totals,
            calls: &calls,
            bookings: &[],
            retained_chars: None,
            seats_pico: Some(100_000_000_000_000),
            prices: &PriceLists::UNKNOWN,
            users: &BTreeMap::new(),
            remarks: Vec::new(),
        };
        Margin::of(&books).expect("nothing is booked").at_risk
    }

    #[test]
    fn even_days_put_nothing_at_risk_and_uneven_ones_do() {
        let even = at_risk(&[50; 30]).expect("thirty days");
        assert_eq!(
            (even.days, even.at_risk_ppm, even.margin_ppm),
            (30, 0, 850_000)
        );
        let uneven: Vec<i64> = (0..30)
            .map(|day| if day % 10 == 0 { 500 } else { 0 })
            .collect();
        let uneven = at_risk(&uneven).expect("thirty days");
        // Three of thirty days cost five dollars; of a binomial of 30 and 0.1 the 95th percentile
        // is 6 or, by chance of 2,000 draws, 5.
        assert!([MicroUsd::new(25_000_000), MicroUsd::new(30_000_000)].contains(&uneven.cost));
        assert_eq!(uneven.at_risk_ppm, 850_000 - uneven.margin_ppm);
    }

    #[test]
    fn a_few_days_say_nothing_of_chance() {
        assert_eq!(at_risk(&[50; 13]), None);
    }
}
