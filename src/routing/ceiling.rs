//! How much may be spent in a period: what the margin target leaves of the revenue.
//!
//! All in integers; what is rounded is rounded down, so that a ceiling is never too high. Nine million
//! dollars a month are beyond what an amount can hold: there a ceiling stays, which does no harm.

use crate::domain::{Allowance, Money, Ppm};

const MILLION: i128 = 1_000_000;
/// What is kept back for bills that differ from our own count: half a percent of the ceiling.
const RESERVE_PPM: i128 = 5_000;

/// Why there is nothing to spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a margin of {} % cannot be met: it leaves {} of the revenue, and {} are committed already; \
     nothing may be spent on calls until that changes",
    100.0 * .target.fraction(),
    dollars(.left_by_target),
    dollars(.committed)
)]
pub struct Infeasible {
    target: Ppm,
    left_by_target: Money,
    committed: Money,
}

fn dollars(money: &Money) -> String {
    format!("${}", Money::format_pico(i128::from(money.pico_usd()), 2))
}

/// The most that may be spent on metered calls in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceiling {
    before_reserve: Money,
    ceiling: Money,
}

impl Ceiling {
    /// Returns what a margin target leaves: of `revenue`, that contracts in force will have earned
    /// by the end of the period, less `committed` costs of goods such as reserved machines with
    /// their idle part.
    ///
    /// # Errors
    /// When nothing is left.
    pub fn of_margin(revenue: Money, target: Ppm, committed: Money) -> Result<Self, Infeasible> {
        let revenue = i128::from(revenue.pico_usd());
        let left = revenue * (MILLION - i128::from(target.get())) / MILLION;
        let before = left - i128::from(committed.pico_usd());
        if before <= 0 {
            return Err(Infeasible {
                target,
                left_by_target: Money::saturating(left),
                committed,
            });
        }
        Ok(Self::with_reserve(before))
    }

    /// Returns what an allowance leaves: by the margin where there are a target and revenue, else
    /// the budget of one's own; `None` where neither is said, and nothing is limited.
    #[must_use]
    pub fn of(
        allowance: &Allowance,
        revenue: Option<Money>,
        committed: Money,
    ) -> Option<Result<Self, Infeasible>> {
        match (revenue, allowance.target) {
            (Some(revenue), Some(target)) => Some(Self::of_margin(revenue, target, committed)),
            _ => allowance.own.map(|budget| Ok(Self::own(budget))),
        }
    }

    /// Returns the ceiling of who has a budget and no revenue.
    #[must_use]
    pub fn own(budget: Money) -> Self {
        Self::with_reserve(i128::from(budget.pico_usd().max(0)))
    }

    fn with_reserve(before: i128) -> Self {
        Self {
            before_reserve: Money::saturating(before),
            ceiling: Money::saturating(before * MILLION / (MILLION + RESERVE_PPM)),
        }
    }

    /// Returns what there is before the reserve is taken off.
    #[must_use]
    pub const fn before_reserve(self) -> Money {
        self.before_reserve
    }

    /// Returns the most that may be spent.
    #[must_use]
    pub const fn get(self) -> Money {
        self.ceiling
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Money {
        text.parse().expect("an amount")
    }

    fn ppm(fraction: f64) -> Ppm {
        Ppm::from_fraction(fraction).expect("a share")
    }

    #[test]
    fn four_fifths_of_margin_leave_a_fifth_less_what_is_committed() {
        // 24,116.67 of revenue leave 4,823.33; 3,803.93 for machines and 500.00 for hosting are
        // gone already, so 519.41 are left, and 516.82 after the reserve.
        let ceiling = Ceiling::of_margin(usd("24116.666667"), ppm(0.8), usd("4303.928"));
        let ceiling = ceiling.expect("something is left");
        assert_eq!(ceiling.before_reserve().to_string(), "$519.405333");
        assert_eq!(ceiling.get().to_string(), "$516.821227");
    }

    #[test]
    fn a_target_that_cannot_be_met_is_said_plainly() {
        let error = Ceiling::of_margin(usd("1000"), ppm(0.8), usd("300")).expect_err("it cannot");
        assert_eq!(
            error.to_string(),
            "a margin of 80 % cannot be met: it leaves $200.00 of the revenue, and $300.00 are \
             committed already; nothing may be spent on calls until that changes"
        );
        assert!(Ceiling::of_margin(Money::ZERO, ppm(0.5), Money::ZERO).is_err());
    }

    #[test]
    fn a_margin_comes_before_a_budget_of_ones_own_and_nothing_said_is_no_ceiling() {
        let both = Allowance {
            target: Some(ppm(0.8)),
            own: Some(usd("20.10")),
            ..Allowance::default()
        };
        let of = |allowance: &Allowance, revenue| {
            let ceiling = Ceiling::of(allowance, revenue, Money::ZERO)?;
            Some(ceiling.expect("something is left").get())
        };
        assert_eq!(of(&both, Some(usd("10.05"))), Some(usd("2")));
        assert_eq!(of(&both, None), Some(usd("20")));
        assert_eq!(of(&Allowance::default(), Some(usd("10"))), None);
    }

    #[test]
    fn an_own_budget_needs_no_revenue() {
        assert_eq!(Ceiling::own(usd("20.10")).get(), usd("20"));
        assert_eq!(Ceiling::own(Money::ZERO).get(), Money::ZERO);
    }
}
