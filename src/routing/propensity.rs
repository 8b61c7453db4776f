//! How likely each option is to be played: Thompson sampling with its probabilities written down.
//!
//! One normal number per arm is imagined in the space of its logit, the best score is played. The
//! probability of that is an integral in one dimension, and the draw is made from these very
//! probabilities: what is on the ledger is what was played, whatever the quadrature is worth. A
//! floor under every option gives support to later estimates, not the number of draws.

use super::logistic::{Belief, sigmoid};
use super::normal;
use crate::domain::Money;

/// Below this a score does not depend on the logit any more.
const FLAT: f64 = 1e-12;
/// A chance that no million draws show.
const NEGLIGIBLE: f64 = 1e-8;
/// The floor takes no more than this share of all.
const MOST_FLOOR: f64 = 0.5;

/// An arm as sampling sees it: its score is `gain · σ(logit) + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contender {
    /// What is believed of its logit.
    pub belief: Belief,
    /// What the score gains from 0 to certainty; never negative.
    pub gain: f64,
    /// The score at probability 0.
    pub offset: f64,
}

impl Contender {
    fn score(&self, logit: f64) -> f64 {
        self.gain * sigmoid(logit) + self.offset
    }

    /// Returns the score at the mean of what is believed.
    #[must_use]
    pub fn expected(&self) -> f64 {
        self.score(self.belief.mean)
    }

    /// Returns which standard normal number gives this score; infinite where none does.
    fn standing(&self, score: f64) -> f64 {
        if self.gain < FLAT {
            return if score > self.offset {
                f64::INFINITY
            } else {
                f64::NEG_INFINITY
            };
        }
        let p = (score - self.offset) / self.gain;
        if p <= 0.0 {
            return f64::NEG_INFINITY;
        }
        if p >= 1.0 {
            return f64::INFINITY;
        }
        let deviation = self.belief.deviation.max(1e-9);
        ((p / (1.0 - p)).ln() - self.belief.mean) / deviation
    }
}

/// Probabilities of the free answer and of every arm; together they are 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// Of the free answer: the embedded model's, or none.
    pub free: f64,
    /// Of the arms, in their order.
    pub arms: Vec<f64>,
}

/// Returns how often each arm has the best sampled score, and how often none is above `free`, the
/// score of what costs nothing.
#[must_use]
pub fn thompson(arms: &[Contender], free: f64) -> Shares {
    let below_free: f64 = arms
        .iter()
        .map(|arm| normal::quick_cdf(arm.standing(free)))
        .product();
    let mut shares: Vec<f64> = Vec::with_capacity(arms.len());
    for (index, arm) in arms.iter().enumerate() {
        let mut share = 0.0;
        let from = arm.standing(free);
        if from < f64::INFINITY {
            normal::above(from, |z, weight| {
                let score = arm.score(arm.belief.mean + arm.belief.deviation * z);
                let mut wins = weight;
                for (other, arm) in arms.iter().enumerate() {
                    if other != index {
                        wins *= normal::quick_cdf(arm.standing(score));
                    }
                    // What is left cannot be seen any more; most arms lose most of the time.
                    if wins < NEGLIGIBLE {
                        return;
                    }
                }
                share += wins;
            });
        }
        shares.push(share);
    }
    let above_free = 1.0 - below_free;
    let sum: f64 = shares.iter().sum();
    if sum > 0.0 {
        shares
            .iter_mut()
            .for_each(|share| *share *= above_free / sum);
    } else if let Some(best) = best(arms) {
        // Scores that are all the same number, or so far out that no node sees them.
        shares[best] = above_free;
    }
    Shares {
        free: if arms.is_empty() { 1.0 } else { below_free },
        arms: shares,
    }
}

fn best(arms: &[Contender]) -> Option<usize> {
    let scores = arms.iter().map(Contender::expected).enumerate();
    scores
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(index, _)| index)
}

/// How much is played for the sake of learning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exploration {
    /// Share that goes to the arms by what they do not cost.
    pub epsilon: f64,
    /// The least probability of every option.
    pub floor: f64,
}

impl Default for Exploration {
    fn default() -> Self {
        Self {
            epsilon: 0.02,
            floor: 0.01,
        }
    }
}

impl Exploration {
    /// None at all: the best is played as often as sampling says.
    pub const OFF: Self = Self {
        epsilon: 0.0,
        floor: 0.0,
    };

    /// Mixes exploration into `shares`. `costs` are those of the arms, in their order; a dearer one
    /// is explored less.
    #[must_use]
    pub fn mix(self, shares: &Shares, costs: &[Money]) -> Shares {
        let options = shares.arms.len() as f64 + 1.0;
        let floor = (self.floor * options).min(MOST_FLOOR) / options;
        let epsilon = if shares.arms.is_empty() {
            0.0
        } else {
            self.epsilon
        };
        let left = 1.0 - floor * options - epsilon;
        // Free arms count as one micro-USD: cheap, and not infinitely so.
        let cheapness = |cost: &Money| 1.0 / (cost.pico_usd().max(1_000_000) as f64);
        let all: f64 = costs.iter().map(cheapness).sum();
        let arms = shares.arms.iter().zip(costs);
        Shares {
            free: floor + left * shares.free,
            arms: arms
                .map(|(share, cost)| floor + epsilon * cheapness(cost) / all + left * share)
                .collect(),
        }
    }
}

impl Shares {
    /// Returns which option a number from `[0, 1)` plays: `None` for the free answer.
    #[must_use]
    pub fn play(&self, number: f64) -> Option<usize> {
        let mut left = number - self.free;
        if left < 0.0 {
            return None;
        }
        for (index, share) in self.arms.iter().enumerate() {
            left -= share;
            if left < 0.0 {
                return Some(index);
            }
        }
        // Rounding has left a sliver above the last one; it belongs to the last that can be played.
        self.arms.iter().rposition(|share| *share > 0.0)
    }

    /// Returns the probability of an option.
    #[must_use]
    pub fn of(&self, option: Option<usize>) -> f64 {
        option.map_or(self.free, |index| {
            self.arms.get(index).copied().unwrap_or(0.0)
        })
    }
}

#[cfg(test)]
mod tests;
