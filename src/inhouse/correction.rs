//! What a workspace has taught about the confidence: a scale and a shift of its logit.
//!
//! The weights were fitted on other people's code. Here somebody types on, and every line that is
//! finished says whether a suggestion was right. Two numbers follow that, by one step of Bayesian
//! logistic regression each time: they begin at identity, a prior holds them there until there is
//! evidence, and old evidence fades, because code and habits change. The scale stays positive, so
//! a correction never turns the order of two suggestions of one kind around.

use serde::{Deserialize, Serialize};

use crate::domain::Confidence;

/// How far from 1 the scale of a workspace is expected to be, and from 0 its shift.
const PRIOR_DEVIATION: [f64; 2] = [0.25, 0.5];
const SCALES: (f64, f64) = (0.5, 1.5);
const SHIFTS: (f64, f64) = (-1.5, 1.5);
/// The keys of one line ask about much the same thing: four of them count as one observation.
const WEIGHT: f64 = 0.25;
/// What is kept of the evidence at each new observation: about the last thousand speak.
const KEPT: f64 = 0.999;
/// Nobody is surer than this, or less sure.
const MAX_LOGIT: f64 = 6.0;

/// The correction of one workspace.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    scale: f64,
    shift: f64,
    /// What is known, as a symmetric precision matrix: scale, both, shift.
    precision: [f64; 3],
}

impl Default for Correction {
    fn default() -> Self {
        Self {
            scale: 1.0,
            shift: 0.0,
            precision: prior(),
        }
    }
}

impl Correction {
    /// Returns a confidence as it is in this workspace. Grows with the confidence it is given.
    #[must_use]
    pub fn apply(&self, fitted: Confidence) -> Confidence {
        if *self == Self::default() {
            return fitted;
        }
        let logit = self.scale * logit(fitted) + self.shift;
        Confidence::new(logistic(logit) as f32)
    }

    /// Learns whether a suggestion was right that the weights alone gave this confidence.
    pub fn observe(&mut self, fitted: Confidence, is_right: bool) {
        let x = logit(fitted);
        let p = logistic(self.scale * x + self.shift);
        let error = WEIGHT * (f64::from(u8::from(is_right)) - p);
        let spread = WEIGHT * p * (1.0 - p);
        let [start_scale, start_both, start_shift] = prior();
        let fade = |now: f64, start: f64| start + KEPT * (now - start);
        let a = fade(self.precision[0], start_scale) + spread * x * x;
        let b = fade(self.precision[1], start_both) + spread * x;
        let c = fade(self.precision[2], start_shift) + spread;
        // The prior keeps the matrix positive definite, so the determinant is never zero.
        let determinant = a * c - b * b;
        let step = |row: [f64; 2]| error * (row[0] * x + row[1]) / determinant;
        self.scale = (self.scale + step([c, -b])).clamp(SCALES.0, SCALES.1);
        self.shift = (self.shift + step([-b, a])).clamp(SHIFTS.0, SHIFTS.1);
        self.precision = [a, b, c];
    }

    /// Returns whether the numbers can have come from observations: what was read from a file may
    /// be anything.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let [a, b, c] = self.precision;
        (SCALES.0..=SCALES.1).contains(&self.scale)
            && (SHIFTS.0..=SHIFTS.1).contains(&self.shift)
            && self.precision.iter().all(|number| number.is_finite())
            && a > 0.0
            && a * c > b * b
    }
}

fn prior() -> [f64; 3] {
    let [scale, shift] = PRIOR_DEVIATION;
    [1.0 / (scale * scale), 0.0, 1.0 / (shift * shift)]
}

fn logit(confidence: Confidence) -> f64 {
    let p = f64::from(confidence.get());
    (p / (1.0 - p)).ln().clamp(-MAX_LOGIT, MAX_LOGIT)
}

fn logistic(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(p: f64) -> Confidence {
        Confidence::new(p as f32)
    }

    /// A workspace in which the truth is this shift away from what the weights say.
    fn after(n: usize, shift: f64) -> Correction {
        let mut correction = Correction::default();
        // Golden ratio steps: spread evenly, and the same every time.
        let mut dice = 0.5;
        for n in 0..n {
            let fitted = at(0.1 + 0.8 * ((n % 17) as f64 / 16.0));
            dice = (dice + 0.618_033_988_749_895) % 1.0;
            let is_right = dice < logistic(logit(fitted) + shift);
            correction.observe(fitted, is_right);
        }
        correction
    }

    #[test]
    fn without_evidence_nothing_changes() {
        for p in [0.0, 0.02, 0.6, 0.97, 1.0] {
            assert_eq!(Correction::default().apply(at(p)), at(p));
        }
    }

    #[test]
    fn a_handful_of_failures_moves_it_a_little() {
        let mut correction = Correction::default();
        for _ in 0..4 {
            correction.observe(at(0.7), false);
        }
        let now = correction.apply(at(0.7)).get();
        assert!((0.5..0.7).contains(&now), "{now}");
    }

    #[test]
    fn weights_that_are_wrong_here_are_set_right() {
        for shift in [-1.0, 1.0] {
            let correction = after(2_000, shift);
            for p in [0.3, 0.6, 0.8] {
                let truth = logistic(logit(at(p)) + shift);
                let now = f64::from(correction.apply(at(p)).get());
                assert!((now - truth).abs() < 0.07, "{p}: {now}, in truth {truth}");
            }
        }
    }

    #[test]
    fn weights_that_are_right_here_are_left_alone() {
        let correction = after(2_000, 0.0);
        for p in [0.3, 0.6, 0.8] {
            let now = f64::from(correction.apply(at(p)).get());
            assert!((now - p).abs() < 0.05, "{p}: {now}");
        }
    }

    #[test]
    fn it_follows_when_the_truth_changes() {
        let mut correction = after(2_000, 1.0);
        for _ in 0..600 {
            correction.observe(at(0.7), false);
        }
        assert!(correction.apply(at(0.7)).get() < 0.5);
    }

    proptest! {
        #[test]
        fn whatever_happens_the_order_stays(
            seen in prop::collection::vec((0.0..=1.0_f64, any::<bool>()), 0..300),
            one in 0.0..=1.0_f64, other in 0.0..=1.0_f64,
        ) {
            let mut correction = Correction::default();
            for (fitted, is_right) in seen {
                correction.observe(at(fitted), is_right);
                prop_assert!(correction.is_sound());
            }
            let (less, more) = (one.min(other), one.max(other));
            prop_assert!(correction.apply(at(less)) <= correction.apply(at(more)));
        }
    }
}
