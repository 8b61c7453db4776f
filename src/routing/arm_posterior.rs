//! Everything that is known of one arm: how often it is right, what an accept is worth, how long
//! it takes, how often an answer survives the filters.
//!
//! Two heads. `matched` learns from every candidate that was compared with what was typed, shown
//! or not; `accepted` from offers alone, and begins where `matched` stands. So an arm is known
//! before anybody has accepted anything.

use serde::{Deserialize, Serialize};

use super::encode::SLOTS;
use super::logistic::{Belief, Channel, Example, Logistic, MEMORY, sigmoid};
use super::normal;
use super::prior::Prior;
use super::vector::FeatureVector;
use crate::domain::Money;

/// Kept characters of one accept count up to this many.
pub const MOST_KEPT: f64 = 400.0;

/// How many offers the level above is worth to a user.
pub const TENANT_WORTH: f64 = 50.0;

/// A mean that begins at an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Average {
    mean: f64,
    weight: f64,
}

impl Average {
    /// Starts at `mean`, as if it had been observed `weight` times.
    #[must_use]
    pub const fn new(mean: f64, weight: f64) -> Self {
        Self { mean, weight }
    }

    /// Returns the mean.
    #[must_use]
    pub const fn get(&self) -> f64 {
        self.mean
    }

    /// Adds a value; the last 3,000 speak.
    pub fn observe(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.weight = (self.weight + 1.0).min(MEMORY);
        self.mean += (value - self.mean) / self.weight;
    }

    fn merge(&mut self, base: &Self, mine: &Self) {
        let new = mine.weight - base.weight;
        if new <= 0.0 {
            return;
        }
        let sum = mine.mean * mine.weight - base.mean * base.weight;
        self.mean = (self.mean * self.weight + sum) / (self.weight + new);
        self.weight = (self.weight + new).min(MEMORY);
    }

    fn below(&self, most: f64) -> Self {
        Self::new(self.mean, self.weight.min(most))
    }

    fn is_sound(&self) -> bool {
        self.mean.is_finite() && self.weight.is_finite() && self.weight > 0.0
    }
}

/// What is known of one arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmPosterior {
    matched: Logistic,
    accepted: Logistic,
    kept: Average,
    offered: Average,
    /// What calls cost, as a share of the most that they could have cost.
    cost_share: Average,
    log_millis: Average,
    log_millis_squared: Average,
}

impl ArmPosterior {
    /// Returns what is expected of an arm that nothing is known of, worth less than 100 offers: how
    /// often it is right by `Prior`, the rest by what small models do on lines of code.
    #[must_use]
    pub fn bundled() -> Self {
        Self {
            // What is right is accepted about as often anywhere: held firmly, so that a head which
            // nothing has taught yet does not make every arm look unknown.
            accepted: Logistic::new(SLOTS, 0.0, 20.0, 60.0),
            matched: Prior::bundled().regression(),
            kept: Average::new(25.0, 20.0),
            offered: Average::new(0.8, 20.0),
            // Most answers are shorter than they may be.
            cost_share: Average::new(0.7, 10.0),
            // A median of 300 ms, which nine in ten answers come within a second of.
            log_millis: Average::new(300.0_f64.ln(), 5.0),
            log_millis_squared: Average::new(300.0_f64.ln().powi(2) + 0.7 * 0.7, 5.0),
        }
    }

    /// Returns what is expected of a new arm: what its siblings do, and three times as unsure.
    #[must_use]
    pub fn newcomer(siblings: &[&Self]) -> Self {
        let heads = |of: fn(&Self) -> &Logistic| {
            let heads: Vec<&Logistic> = siblings.iter().map(|sibling| of(sibling)).collect();
            Logistic::like(&heads)
        };
        let (Some(matched), Some(accepted)) = (heads(|s| &s.matched), heads(|s| &s.accepted))
        else {
            return Self::bundled();
        };
        let n = siblings.len() as f64;
        let mean = |of: fn(&Self) -> &Average| {
            let sum: f64 = siblings.iter().map(|sibling| of(sibling).mean).sum();
            Average::new(sum / n, 5.0)
        };
        Self {
            matched,
            accepted,
            kept: mean(|s| &s.kept),
            offered: mean(|s| &s.offered),
            cost_share: mean(|s| &s.cost_share),
            log_millis: mean(|s| &s.log_millis),
            log_millis_squared: mean(|s| &s.log_millis_squared),
        }
    }

    /// Starts a user below a tenant.
    #[must_use]
    pub fn below(&self) -> Self {
        Self {
            matched: self.matched.below(TENANT_WORTH),
            accepted: self.accepted.below(TENANT_WORTH),
            kept: self.kept.below(TENANT_WORTH),
            offered: self.offered.below(TENANT_WORTH),
            cost_share: self.cost_share.below(TENANT_WORTH),
            log_millis: self.log_millis.below(TENANT_WORTH),
            log_millis_squared: self.log_millis_squared.below(TENANT_WORTH),
        }
    }

    /// Trusts what was learnt less, because the model behind the arm is a new version.
    pub fn model_changed(&mut self) {
        self.matched.loosen(0.3);
        self.accepted.loosen(0.3);
    }

    /// Returns how many labels it remembers.
    #[must_use]
    pub const fn observed(&self) -> f64 {
        self.matched.observed() + self.accepted.observed()
    }

    /// Returns what is believed of the logit of an accept, if an answer is offered here.
    #[must_use]
    pub fn accept(&self, features: &FeatureVector) -> Belief {
        let (matched, accepted) = (
            self.matched.believe(features),
            self.accepted.believe(features),
        );
        Belief {
            mean: matched.mean + accepted.mean,
            deviation: matched.deviation.hypot(accepted.deviation),
        }
    }

    /// Returns how likely a candidate is taken to be what comes to be typed here.
    #[must_use]
    pub fn matches(&self, features: &FeatureVector) -> f64 {
        sigmoid(self.matched.believe(features).mean)
    }

    /// Learns whether a candidate was what came to be typed, shown or not.
    pub fn observe_match(&mut self, features: &FeatureVector, is_match: bool) {
        let example = Example {
            features,
            label: f64::from(u8::from(is_match)),
            weight: 1.0,
        };
        self.matched.observe(example, Channel::CLEAR);
    }

    /// Learns what became of an offer; `weight` is that of its evidence.
    pub fn observe_offer(
        &mut self,
        features: &FeatureVector,
        is_accepted: bool,
        weight: f64,
        channel: Channel,
    ) {
        let matched = self.matched.believe(features).mean;
        let example = Example {
            features,
            label: f64::from(u8::from(is_accepted)),
            weight,
        };
        self.accepted.observe_beside(example, matched, channel);
    }

    /// Learns how many characters of an accept were kept.
    pub fn observe_kept(&mut self, characters: u32) {
        self.kept.observe(f64::from(characters).min(MOST_KEPT));
    }

    /// Learns whether something of an answer could be offered.
    pub fn observe_offered(&mut self, was_offered: bool) {
        self.offered.observe(f64::from(u8::from(was_offered)));
    }

    /// Learns how long an answer took.
    pub fn observe_latency(&mut self, millis: u32) {
        let log = f64::from(millis.max(1)).ln();
        self.log_millis.observe(log);
        self.log_millis_squared.observe(log * log);
    }

    /// Learns what a call has cost, of the most that it could have.
    pub fn observe_cost(&mut self, cost: Money, worst: Money) {
        if worst > Money::ZERO {
            let share = cost.pico_usd() as f64 / worst.pico_usd() as f64;
            self.cost_share.observe(share.clamp(0.0, 1.0));
        }
    }

    /// Returns what a call is expected to cost that costs `worst` at the most.
    #[must_use]
    pub fn expected_cost(&self, worst: Money) -> Money {
        let share = self.cost_share.get().clamp(0.0, 1.0);
        Money::from_pico_usd((share * worst.pico_usd() as f64).round() as i64)
    }

    /// Returns the expected kept characters of an accept.
    #[must_use]
    pub const fn kept(&self) -> f64 {
        self.kept.get()
    }

    /// Returns the probability that a call gives something to offer.
    #[must_use]
    pub const fn offered(&self) -> f64 {
        self.offered.get()
    }

    /// Returns the probability that an answer comes before the next key does, given gaps between
    /// keys in milliseconds; 1 where no gap is known.
    #[must_use]
    pub fn in_time(&self, gaps: &[u32]) -> f64 {
        if gaps.is_empty() {
            return 1.0;
        }
        let (mean, squared) = (self.log_millis.get(), self.log_millis_squared.get());
        let deviation = (squared - mean * mean).max(0.01).sqrt();
        let before =
            |gap: &u32| normal::quick_cdf((f64::from((*gap).max(1)).ln() - mean) / deviation);
        gaps.iter().map(before).sum::<f64>() / gaps.len() as f64
    }

    /// Adds what `mine` has learnt since it was `base`. Returns whether that could be done.
    pub fn merge(&mut self, base: &Self, mine: &Self) -> bool {
        if !self.matched.merge(&base.matched, &mine.matched)
            || !self.accepted.merge(&base.accepted, &mine.accepted)
        {
            return false;
        }
        self.kept.merge(&base.kept, &mine.kept);
        self.offered.merge(&base.offered, &mine.offered);
        self.cost_share.merge(&base.cost_share, &mine.cost_share);
        self.log_millis.merge(&base.log_millis, &mine.log_millis);
        self.log_millis_squared
            .merge(&base.log_millis_squared, &mine.log_millis_squared);
        true
    }

    /// Returns whether it can have come from observations.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.matched.is_sound(SLOTS)
            && self.accepted.is_sound(SLOTS)
            && [
                &self.kept,
                &self.offered,
                &self.cost_share,
                &self.log_millis,
                &self.log_millis_squared,
            ]
            .iter()
            .all(|average| average.is_sound())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Features;
    use crate::routing::encode::encode;
    use crate::routing::logistic::sigmoid;

    fn place(language: &str) -> FeatureVector {
        encode(&Features::at_line_end(language))
    }

    fn p(arm: &ArmPosterior, language: &str) -> f64 {
        sigmoid(arm.accept(&place(language)).mean)
    }

    #[test]
    fn lines_that_are_typed_teach_an_arm_before_anything_is_offered() {
        let mut arm = ArmPosterior::bundled();
        for n in 0..300 {
            arm.observe_match(&place("rust"), n % 10 < 8);
            arm.observe_match(&place("cobol"), n % 10 == 0);
        }
        assert!((p(&arm, "rust") - 0.8).abs() < 0.08, "{}", p(&arm, "rust"));
        assert!(p(&arm, "cobol") < 0.2);
    }

    #[test]
    fn offers_correct_what_the_lines_have_taught() {
        let mut arm = ArmPosterior::bundled();
        for n in 0..300 {
            arm.observe_match(&place("rust"), n % 2 == 0);
        }
        for n in 0..400 {
            arm.observe_offer(&place("rust"), n % 4 == 0, 1.0, Channel::CLEAR);
        }
        assert!((p(&arm, "rust") - 0.25).abs() < 0.06, "{}", p(&arm, "rust"));
    }

    #[test]
    fn evidence_without_weight_is_none() {
        let mut arm = ArmPosterior::bundled();
        arm.observe_offer(&place("rust"), false, 0.0, Channel::CLEAR);
        assert_eq!(arm, ArmPosterior::bundled());
    }

    #[test]
    fn an_answer_is_in_time_for_those_who_wait_longer() {
        let mut arm = ArmPosterior::bundled();
        (0..200).for_each(|n| arm.observe_latency(180 + n % 40));
        let (quick, slow) = (arm.in_time(&[120; 8]), arm.in_time(&[600; 8]));
        assert!(quick < 0.2 && slow > 0.95, "{quick} {slow}");
        assert_eq!(arm.in_time(&[]), 1.0);
    }

    #[test]
    fn a_user_begins_at_the_tenant_and_what_both_learn_is_added() {
        let mut tenant = ArmPosterior::bundled();
        (0..500).for_each(|n| tenant.observe_match(&place("rust"), n % 10 < 7));
        let user = tenant.below();
        assert!((p(&user, "rust") - p(&tenant, "rust")).abs() < 1e-6);
        assert_eq!(user.observed(), 0.0);

        let (base, mut here, mut there) = (user.clone(), user.clone(), user);
        (0..40).for_each(|_| here.observe_match(&place("rust"), false));
        (0..40).for_each(|_| there.observe_kept(80));
        assert!(here.merge(&base, &there));
        assert!(p(&here, "rust") < p(&base, "rust"));
        assert!(here.kept() > base.kept());
        assert!(here.is_sound());
    }

    #[test]
    fn a_newcomer_stands_among_its_siblings_and_is_less_sure() {
        let mut known = ArmPosterior::bundled();
        (0..500).for_each(|n| known.observe_match(&place("rust"), n % 10 < 7));
        let new = ArmPosterior::newcomer(&[&known]);
        assert!((p(&new, "rust") - p(&known, "rust")).abs() < 1e-6);
        let wide = new.accept(&place("rust")).deviation;
        assert!(wide > 1.5 * known.accept(&place("rust")).deviation);
        assert_eq!(ArmPosterior::newcomer(&[]), ArmPosterior::bundled());
    }
}
