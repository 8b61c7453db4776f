//! Bayesian logistic regression with a diagonal normal posterior (Laplace), online and in one go.
//!
//! The same type learns from every line that is typed and from a whole table: `observe` is one
//! step, `fit` goes over all examples until the mode is found. Every weight has a prior that holds
//! it until there is evidence, and that it returns to as evidence fades.

mod fit;

use serde::{Deserialize, Serialize};

use super::vector::FeatureVector;

/// How many observations speak at a time: older ones fade.
pub const MEMORY: f64 = 3_000.0;
/// Nobody is surer than this, or less sure.
const MAX_LOGIT: f64 = 12.0;

/// Returns the probability of a logit.
#[must_use]
pub fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// Returns the logit of a probability, at most 12 away from 0.
#[must_use]
pub fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln().clamp(-MAX_LOGIT, MAX_LOGIT)
}

/// What is believed of a logit: a normal distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Belief {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation.
    pub deviation: f64,
}

/// How a label is seen: what share of the true ones, and what share of the false ones, reads as
/// true. An accept that a client reports is seen as it is; one that is inferred from edits is not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channel {
    /// Share of the true ones that read as true.
    pub sensitivity: f64,
    /// Share of the false ones that read as true.
    pub false_positives: f64,
}

impl Channel {
    /// Labels that are what they say.
    pub const CLEAR: Self = Self {
        sensitivity: 1.0,
        false_positives: 0.0,
    };

    /// Returns the share that is true where the share `q` reads as true; between 0 and 1.
    #[must_use]
    pub fn corrected(self, q: f64) -> f64 {
        let spread = self.sensitivity - self.false_positives;
        if spread <= 0.0 {
            return q;
        }
        ((q - self.false_positives) / spread).clamp(0.0, 1.0)
    }

    /// Returns slope and information of the likelihood of `label` in the logit.
    fn slope(self, logit: f64, label: f64) -> (f64, f64) {
        let p = sigmoid(logit);
        let spread = (self.sensitivity - self.false_positives) * p * (1.0 - p);
        let q = self.false_positives + (self.sensitivity - self.false_positives) * p;
        let variance = (q * (1.0 - q)).max(1e-9);
        ((label - q) * spread / variance, spread * spread / variance)
    }
}

/// One labelled place.
#[derive(Clone, Copy, Debug)]
pub struct Example<'x> {
    /// What it looked like.
    pub features: &'x FeatureVector,
    /// What came of it, from 0 to 1: a share is a label, too.
    pub label: f64,
    /// How much it counts, from 0 on.
    pub weight: f64,
}

/// Weights with their precision, by slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Gaussian {
    mean: Vec<f32>,
    precision: Vec<f32>,
}

/// The regression of one arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    prior: Gaussian,
    now: Gaussian,
    observed: f64,
}

impl Logistic {
    /// Starts with weights around 0: the first slot, what is true everywhere, has the mean `start`
    /// and the precision `firm`, every other one the precision `precision`.
    #[must_use]
    pub fn new(slots: u32, start: f64, firm: f64, precision: f64) -> Self {
        let slots = slots.max(2) as usize;
        let mut prior = Gaussian {
            mean: vec![0.0; slots],
            precision: vec![precision.max(1e-3) as f32; slots],
        };
        prior.mean[0] = start as f32;
        prior.precision[0] = firm.max(1e-3) as f32;
        Self {
            now: prior.clone(),
            prior,
            observed: 0.0,
        }
    }

    /// Sets what is expected of one slot before anything is observed.
    #[must_use]
    pub fn expecting(mut self, slot: u32, mean: f64, precision: f64) -> Self {
        let slot = slot as usize;
        if slot < self.prior.mean.len() {
            for gaussian in [&mut self.prior, &mut self.now] {
                gaussian.mean[slot] = mean as f32;
                gaussian.precision[slot] = precision.max(1e-3) as f32;
            }
        }
        self
    }

    /// Returns how many observations it remembers, by weight.
    #[must_use]
    pub const fn observed(&self) -> f64 {
        self.observed
    }

    /// Returns what is believed of the logit at a place.
    #[must_use]
    pub fn believe(&self, features: &FeatureVector) -> Belief {
        let (mut mean, mut variance) = (0.0, 0.0);
        for &(slot, value) in features.entries() {
            let slot = slot as usize;
            // A vector of another length was made for another model; its slots say nothing here.
            let (Some(weight), Some(precision)) =
                (self.now.mean.get(slot), self.now.precision.get(slot))
            else {
                continue;
            };
            let value = f64::from(value);
            mean += f64::from(*weight) * value;
            variance += value * value / f64::from(*precision);
        }
        Belief {
            mean: mean.clamp(-MAX_LOGIT, MAX_LOGIT),
            deviation: variance.sqrt(),
        }
    }

    /// Learns one label; older ones fade by as much as it weighs.
    pub fn observe(&mut self, example: Example<'_>, channel: Channel) {
        self.observe_beside(example, 0.0, channel);
    }

    /// Learns one label whose logit is the sum of this regression's and of `other`, which is given.
    pub fn observe_beside(&mut self, example: Example<'_>, other: f64, channel: Channel) {
        let weight = example.weight.clamp(0.0, 10.0);
        if weight == 0.0 || !example.label.is_finite() {
            return;
        }
        self.fade(1.0 - weight / MEMORY);
        let belief = self.believe(example.features);
        let (slope, information) =
            channel.slope(belief.mean + other, example.label.clamp(0.0, 1.0));
        let (slope, information) = (weight * slope, weight * information);
        // One step of an extended Kalman filter: without the denominator, every feature of a place
        // would correct the whole error, and ten of them ten times.
        let gain = slope / (1.0 + information * belief.deviation.powi(2));
        for &(slot, value) in example.features.entries() {
            let slot = slot as usize;
            if slot >= self.now.mean.len() {
                continue;
            }
            let value = f64::from(value);
            let precision = f64::from(self.now.precision[slot]);
            self.now.mean[slot] += (gain * value / precision) as f32;
            self.now.precision[slot] = (precision + information * value * value) as f32;
        }
        self.observed += weight;
    }

    /// Keeps this share of the evidence; the rest goes back to the prior.
    fn fade(&mut self, keep: f64) {
        let keep = keep.clamp(0.0, 1.0) as f32;
        self.observed *= f64::from(keep);
        let prior = self.prior.mean.iter().zip(&self.prior.precision);
        let now = self.now.mean.iter_mut().zip(&mut self.now.precision);
        for ((mean, precision), (&start, &firm)) in now.zip(prior) {
            if *mean == start && *precision == firm {
                continue;
            }
            let kept = firm + keep * (*precision - firm);
            let pull = firm * start + keep * (*precision * *mean - firm * start);
            *mean = pull / kept;
            *precision = kept;
        }
    }

    /// Trusts all it has learnt less: `share` of the precision is left, the means stay. This is
    /// what a new version of a model does to the evidence on the old one.
    pub fn loosen(&mut self, share: f64) {
        let share = share.clamp(0.01, 1.0) as f32;
        for gaussian in [&mut self.prior, &mut self.now] {
            gaussian
                .precision
                .iter_mut()
                .for_each(|precision| *precision *= share);
        }
        self.observed *= f64::from(share);
    }

    /// Starts a level below this one, such as a user of a tenant: its prior is what is known here,
    /// worth `most` observations at the most.
    #[must_use]
    pub fn below(&self, most: f64) -> Self {
        let share = if self.observed > most {
            (most / self.observed) as f32
        } else {
            1.0
        };
        let precision = self.now.precision.iter().zip(&self.prior.precision);
        let prior = Gaussian {
            mean: self.now.mean.clone(),
            precision: precision
                .map(|(now, firm)| firm + share * (now - firm).max(0.0))
                .collect(),
        };
        Self {
            now: prior.clone(),
            prior,
            observed: 0.0,
        }
    }

    /// Starts where others stand on average, three times as wide: what is known of a new arm.
    #[must_use]
    pub fn like(siblings: &[&Self]) -> Option<Self> {
        let first = siblings.first()?;
        let alike = siblings
            .iter()
            .filter(|other| other.now.mean.len() == first.now.mean.len());
        let n = alike.clone().count() as f32;
        let average = |of: fn(&Gaussian) -> &Vec<f32>| -> Vec<f32> {
            let mut sum = vec![0.0; first.now.mean.len()];
            for other in alike.clone() {
                sum.iter_mut()
                    .zip(of(&other.now))
                    .for_each(|(sum, value)| *sum += value / n);
            }
            sum
        };
        let prior = Gaussian {
            mean: average(|gaussian| &gaussian.mean),
            precision: average(|gaussian| &gaussian.precision)
                .into_iter()
                .map(|precision| precision / 3.0)
                .collect(),
        };
        Some(Self {
            now: prior.clone(),
            prior,
            observed: 0.0,
        })
    }

    /// Adds what `mine` has learnt since it was `base`, so that two processes that began at the same
    /// state both count. Returns whether the three are of one kind; else nothing is added.
    pub fn merge(&mut self, base: &Self, mine: &Self) -> bool {
        let slots = self.now.mean.len();
        if base.now.mean.len() != slots || mine.now.mean.len() != slots {
            return false;
        }
        for slot in 0..slots {
            let (was, is) = (base.now.precision[slot], mine.now.precision[slot]);
            let pull = is * mine.now.mean[slot] - was * base.now.mean[slot];
            if is == was && pull == 0.0 {
                continue;
            }
            let precision = self.now.precision[slot];
            // Evidence that has faded on one side must not make a weight less known than its prior.
            let sum = (precision + is - was).max(self.prior.precision[slot]);
            self.now.mean[slot] = (precision * self.now.mean[slot] + pull) / sum;
            self.now.precision[slot] = sum;
        }
        self.observed = (self.observed + mine.observed - base.observed).clamp(0.0, MEMORY);
        true
    }

    /// Returns whether every number can have come from observations: a file may hold anything.
    #[must_use]
    pub fn is_sound(&self, slots: u32) -> bool {
        let is_sound = |gaussian: &Gaussian| {
            gaussian.mean.len() == slots as usize
                && gaussian.precision.len() == slots as usize
                && gaussian.mean.iter().all(|mean| mean.is_finite())
                && gaussian
                    .precision
                    .iter()
                    .all(|precision| precision.is_finite() && *precision > 0.0)
        };
        is_sound(&self.prior) && is_sound(&self.now) && self.observed.is_finite()
    }
}

#[cfg(test)]
mod tests;
