//! The price that keeps spending on its path through the period.
//!
//! What may be spent per decision point follows from what is left of the budget, so an error is
//! made up for and never repeated. The base price is solved from time to time, on decisions that
//! were made; in between it follows the average cost, in steps that do not depend on the currency's
//! scale. Idle hours take no steps.

/// Share of the newest cost in the average.
const ALPHA: f64 = 0.05;
/// How far one step follows the error of the average.
const ETA: f64 = 0.05;
/// How far the price may drift from its base before it is solved again, as a factor.
const MOST_DRIFT: f64 = 8.0;

/// The pacing price of one budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pacer {
    base: f64,
    drift: f64,
    average: f64,
}

impl Pacer {
    /// Begins at a price, which is 0 where the budget is no constraint.
    #[must_use]
    pub fn new(base: f64) -> Self {
        Self {
            base: base.max(0.0),
            drift: 0.0,
            average: 1.0,
        }
    }

    /// Returns the price now.
    #[must_use]
    pub fn price(&self) -> f64 {
        self.base * self.drift.exp()
    }

    /// Follows what a decision point has cost, where it was allowed `allowance` on average.
    pub fn step(&mut self, cost: f64, allowance: f64) {
        let most = MOST_DRIFT.ln();
        if allowance <= 0.0 {
            self.drift = most;
            return;
        }
        // One dear call among many cheap ones is no reason to close, but it has to count for what it
        // is: with a lower bound than the ratio of their costs, the average says too little was
        // spent, and the price falls while the budget runs out.
        let ratio = (cost / allowance).clamp(0.0, 100.0);
        self.average += ALPHA * (ratio - self.average);
        self.drift = (self.drift + ETA * (self.average - 1.0)).clamp(-most, most);
    }

    /// Takes a price that was solved anew; what has drifted since the last one is forgotten.
    pub fn rebase(&mut self, base: f64) {
        self.base = base.max(0.0);
        self.drift = 0.0;
    }
}

/// Returns the least price at which the mean cost is no more than `allowance`. `curve` holds prices
/// in ascending order, each with the mean cost of the decisions that it leads to; between two of
/// them the price is interpolated, above the last it is the last.
#[must_use]
pub fn solve(curve: &[(f64, f64)], allowance: f64) -> f64 {
    let Some(&(first, cost)) = curve.first() else {
        return 0.0;
    };
    if cost <= allowance {
        return first;
    }
    for pair in curve.windows(2) {
        let ((low, dear), (high, cheap)) = (pair[0], pair[1]);
        if cheap <= allowance && dear > cheap {
            return low + (high - low) * (dear - allowance) / (dear - cheap);
        }
    }
    curve.last().map_or(0.0, |(price, _)| *price)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_price_is_the_least_that_fits() {
        let curve = [(0.0, 10.0), (1.0, 6.0), (3.0, 2.0)];
        assert_eq!(solve(&curve, 20.0), 0.0);
        assert_eq!(solve(&curve, 8.0), 0.5);
        assert_eq!(solve(&curve, 4.0), 2.0);
        assert_eq!(solve(&curve, 1.0), 3.0);
        assert_eq!(solve(&[], 1.0), 0.0);
    }

    #[test]
    fn it_rises_when_too_much_is_spent_and_falls_again() {
        let mut pacer = Pacer::new(2.0);
        (0..100).for_each(|_| pacer.step(3.0, 1.0));
        let risen = pacer.price();
        assert!(risen > 4.0, "{risen}");
        (0..200).for_each(|_| pacer.step(0.2, 1.0));
        assert!(pacer.price() < risen);
        pacer.rebase(2.0);
        assert_eq!(pacer.price(), 2.0);
    }

    #[test]
    fn rare_dear_calls_are_not_taken_for_thrift() {
        // One call in thirty costs thirty times what is allowed on average, the others nothing: just
        // as much as is allowed.
        let mut pacer = Pacer::new(1.0);
        let mut prices = Vec::new();
        for n in 0..3_000 {
            pacer.step(if n % 30 == 0 { 30.0 } else { 0.0 }, 1.0);
            prices.push(pacer.price().ln());
        }
        let late = &prices[prices.len() / 2..];
        let mean = late.iter().sum::<f64>() / late.len() as f64;
        assert!(mean.abs() < 1.0, "{mean}");
    }

    #[test]
    fn the_scale_of_the_currency_does_not_matter() {
        let (mut dollars, mut cents) = (Pacer::new(1.0), Pacer::new(1.0));
        for n in 0..50 {
            let cost = f64::from(n % 7);
            dollars.step(cost, 2.0);
            cents.step(100.0 * cost, 200.0);
        }
        assert!((dollars.price() - cents.price()).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn it_stays_a_price(steps in proptest::collection::vec((0.0_f64..1e6, -1.0_f64..1e3), 0..200)) {
            let mut pacer = Pacer::new(1.0);
            for (cost, allowance) in steps {
                pacer.step(cost, allowance);
                prop_assert!(pacer.price() >= 1.0 / 8.0 - 1e-9 && pacer.price() <= 8.0 + 1e-9);
            }
        }
    }
}
