//! What silence has missed: what a model would have brought at the places where nobody was asked.
//!
//! These are places where nothing was free and at least one model was eligible. At each of them chance
//! decides between silence and the models, every one of which has a floor (and a share of the
//! bursts is held out), so the places where a model was asked stand for those where none was. One
//! that was asked counts with π₀ ÷ (K · π): how likely silence was there, over how likely the model that was
//! asked, of the K eligible ones. The mean with these weights is what a model that is drawn by lot
//! brings where the router is silent: the effect on the untreated, weighted by inverse propensities
//! and normalised (Hájek, 1971; Hirano, Imbens and Ridder, Econometrica 71, 2003). Times the silent places it
//! is what they have missed. The interval is that of a ratio of sums over clusters.

use std::collections::BTreeMap;

use super::{Interval, effective, quantile};

/// One decision, as far as silence is concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gate {
    /// Something was free, nobody could have been asked, or chance had no part.
    Elsewhere,
    /// Nobody was asked, though somebody could have been.
    Silent,
    /// A model was asked where silence had a chance.
    Asked {
        /// Whose place, and of which day.
        cluster: u64,
        /// How much it counts for the silent ones: π₀ ÷ (K · π).
        weight: f64,
    },
    /// A model was asked, and the row does not say how likely silence was.
    Untold,
}

impl Gate {
    /// Returns a place at which a model was asked with the probability `asked`, one of `eligible`, where
    /// silence was as likely as `silence`.
    #[must_use]
    pub fn asked(cluster: u64, silence: f64, asked: f64, eligible: usize) -> Self {
        let weight = silence / (asked.max(f64::MIN_POSITIVE) * eligible.max(1) as f64);
        Self::Asked { cluster, weight }
    }
}

/// What the rows of a period say of silence.
pub struct Missed<'g> {
    gates: &'g [Gate],
    /// The sum of the weights.
    weight: f64,
    /// Places at which nobody was asked.
    pub silent: usize,
    /// Places at which a model was asked, and whose weight is known.
    pub asked: usize,
    /// Places at which one was asked, and whose weight is not known.
    pub untold: usize,
    /// As many clusters of equal weight would tell as much.
    pub effective_clusters: f64,
}

impl<'g> Missed<'g> {
    /// Looks through the decisions of a period.
    #[must_use]
    pub fn of(gates: &'g [Gate]) -> Self {
        let count =
            |is_wanted: fn(&Gate) -> bool| gates.iter().filter(|gate| is_wanted(gate)).count();
        let weights = sums(gates, |_| 1.0);
        Self {
            gates,
            weight: weights.values().sum(),
            silent: count(|gate| matches!(gate, Gate::Silent)),
            asked: count(|gate| matches!(gate, Gate::Asked { .. })),
            untold: count(|gate| matches!(gate, Gate::Untold)),
            effective_clusters: effective(weights.values().copied()),
        }
    }

    /// Estimates the sum of what the silent places have missed. `rewards` has what came of each
    /// decision, in the order of the gates; none of it is negative, so neither is the low end. Says nothing of
    /// whether the evidence is enough.
    #[must_use]
    pub fn total(&self, rewards: &[f64]) -> Interval {
        let of_weights = |number: f64| {
            if self.weight > 0.0 {
                number / self.weight
            } else {
                0.0
            }
        };
        let sum: f64 = sums(self.gates, |row| rewards[row]).values().sum();
        let mean = of_weights(sum);
        let residuals = sums(self.gates, |row| rewards[row] - mean);
        let clusters = residuals.len() as f64;
        let squares: f64 = residuals.values().map(|residual| residual * residual).sum();
        let spread = match clusters > 1.0 {
            true => of_weights((squares * clusters / (clusters - 1.0)).sqrt()),
            false => f64::INFINITY,
        };
        let silent = self.silent as f64;
        let half = quantile(clusters) * spread;
        Interval {
            value: silent * mean,
            low: (silent * (mean - half)).max(0.0),
            high: silent * (mean + half),
        }
    }
}

/// Adds up weighted numbers by cluster, in the same order every time.
fn sums(gates: &[Gate], number: impl Fn(usize) -> f64) -> BTreeMap<u64, f64> {
    let mut sums = BTreeMap::new();
    for (row, gate) in gates.iter().enumerate() {
        if let Gate::Asked { cluster, weight } = gate {
            *sums.entry(*cluster).or_default() += weight * number(row);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Dice;

    /// A ledger of which the truth is known: what was missed where nobody was asked. Where the router
    /// is silent more often, two models bring less, and one brings more than the other.
    fn made(seed: u64, user_days: u64) -> (Vec<Gate>, Vec<f64>, f64) {
        let mut dice = Dice::new(seed);
        let (mut gates, mut rewards, mut truth) = (Vec::new(), Vec::new(), 0.0);
        for _ in 0..user_days {
            let (cluster, mood) = (dice.roll(), 0.5 + dice.share());
            for _ in 0..4 + dice.below(12) {
                let promise = dice.share();
                let chances = [0.05 + 0.3 * promise, 0.05 + 0.5 * promise];
                let shares = [0.02 + 0.2 * promise, 0.02 + 0.4 * promise];
                let silence = 1.0 - shares[0] - shares[1];
                let draw = dice.share();
                if draw < silence {
                    gates.push(Gate::Silent);
                    rewards.push(0.0);
                    truth += mood * (chances[0] + chances[1]) / 2.0;
                    continue;
                }
                let arm = usize::from(draw >= silence + shares[0]);
                gates.push(Gate::asked(cluster, silence, shares[arm], 2));
                rewards.push(f64::from(dice.share() < mood * chances[arm]));
            }
        }
        (gates, rewards, truth)
    }

    #[test]
    fn the_interval_holds_what_was_missed_in_95_of_a_hundred_ledgers() {
        let (mut covered, mut bias, mut naive) = (0, 0.0, 0.0);
        for seed in 0..200 {
            let (gates, rewards, truth) = made(seed, 400);
            let missed = Missed::of(&gates);
            let found = missed.total(&rewards);
            covered += usize::from((found.low..=found.high).contains(&truth));
            bias += (found.value / truth - 1.0) / 200.0;
            let plain: f64 = rewards.iter().sum::<f64>() / missed.asked as f64;
            naive += (plain * missed.silent as f64 / truth - 1.0) / 200.0;
        }
        println!("{covered} of 200, bias {bias:.4}; by the plain rate {naive:.4}");
        // 190 are expected, give or take 3.1.
        assert!((183..=198).contains(&covered), "{covered} of 200");
        assert!(bias.abs() < 0.01, "{bias}");
        // Models are asked where they promise most: their plain rate says far too much of silent places.
        assert!(naive > 0.3, "{naive}");
    }

    #[test]
    fn one_model_as_likely_as_silence_stands_for_as_many_places() {
        let asked = |cluster| Gate::asked(cluster, 0.5, 0.5, 1);
        let gates = [
            asked(1),
            Gate::Silent,
            asked(2),
            Gate::Silent,
            Gate::Silent,
            Gate::Elsewhere,
        ];
        let missed = Missed::of(&gates);
        assert_eq!((missed.silent, missed.asked, missed.untold), (3, 2, 0));
        assert!((missed.effective_clusters - 2.0).abs() < 1e-12);
        // One of two is accepted, and three places were silent.
        let found = missed.total(&[1.0, 0.0, 0.0, 0.0, 0.0, 9.0]);
        assert!((found.value - 1.5).abs() < 1e-12);
        assert!(found.low == 0.0 && found.high > 3.0);
    }

    #[test]
    fn what_nobody_was_asked_for_is_not_known() {
        let missed = Missed::of(&[Gate::Silent, Gate::Untold]);
        assert_eq!((missed.silent, missed.untold), (1, 1));
        assert_eq!(missed.effective_clusters, 0.0);
        assert_eq!(missed.total(&[0.0, 1.0]).high, f64::INFINITY);
    }
}
