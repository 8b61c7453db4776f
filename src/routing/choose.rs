//! The choice under a budget: which of the eligible arms is worth its price here, if any.
//!
//! Comes after the hard rules and never undoes them. Sampling decides by what is believed, a floor
//! keeps every option in play, and one draw per burst makes it stick. The probability of what was
//! done is part of the decision.

use super::arm_posterior::ArmPosterior;
use super::burst::{Draw, HOLDOUT, HeldOut};
use super::encode::{encode, feature_hash};
use super::logistic::{Belief, sigmoid};
use super::propensity::{Contender, Exploration, thompson};
use super::tradeoffs::Alternative;
use super::value::Worth;
use crate::domain::{
    Action, ArmEstimate, Decision, Exclusion, Features, ModelId, Money, Odds, Reason,
};

/// What is known of one arm beyond the rules.
#[derive(Clone, Copy, Debug)]
pub struct Bid<'m> {
    /// What it is worth.
    pub posterior: &'m ArmPosterior,
    /// Whether it has become worse in this language, or is only tried out: it keeps its floor of
    /// exploration and is not chosen for its worth.
    pub is_demoted: bool,
}

/// What a choice under a budget is made from.
#[derive(Clone, Copy, Debug)]
pub struct Market<'m> {
    /// By arm, in the order of the arms.
    pub bids: &'m [Bid<'m>],
    /// Gaps between keys, in milliseconds.
    pub gaps: &'m [u32],
    /// What characters, attention and money are worth.
    pub worth: Worth,
    /// What may still be reserved.
    pub left: Money,
    /// How much is played for the sake of learning.
    pub exploration: Exploration,
    /// The chance of this burst.
    pub draw: Draw,
}

/// Never the best, whatever is sampled.
const OUT_OF_SAMPLING: Contender = Contender {
    belief: Belief {
        mean: 0.0,
        deviation: 0.0,
    },
    gain: 0.0,
    offset: f64::MIN,
};

impl Market<'_> {
    /// Returns the rule that keeps an arm out that the rules of the policy let in. `cost` is the
    /// most that the call can cost.
    pub(super) fn exclusion(&self, arm: usize, cost: Money) -> Option<Exclusion> {
        if self.bids.len() <= arm {
            // Nothing is known of it, not even what it is worth.
            return Some(Exclusion::Disabled);
        }
        (cost > Money::ZERO && cost > self.left).then_some(Exclusion::Budget)
    }

    /// Returns what could have been done at a place that was decided; the first is what costs nothing.
    #[must_use]
    pub fn alternatives(&self, features: &Features, decision: &Decision) -> Vec<Alternative> {
        let vector = encode(features);
        let Some((embedded, arms)) = decision.arms.split_first() else {
            return Vec::new();
        };
        let free = self.worth.free_alternative(embedded);
        let priced = self.bids.iter().zip(arms);
        let eligible = priced.filter(|(_, estimate)| estimate.excluded.is_none());
        let of_arm = |(bid, estimate): (&Bid<'_>, &ArmEstimate)| {
            let worst = estimate.cost.unwrap_or(Money::ZERO);
            let cost = bid.posterior.expected_cost(worst);
            self.worth
                .alternative(bid.posterior, &vector, cost, self.gaps)
        };
        std::iter::once(free).chain(eligible.map(of_arm)).collect()
    }

    /// Chooses among the estimates: the first is the embedded model's, the others are the arms'.
    pub(super) fn choose(&self, features: &Features, mut estimates: Vec<ArmEstimate>) -> Decision {
        let vector = encode(features);
        let (mut arms, mut contenders, mut costs): (Vec<usize>, Vec<Contender>, Vec<Money>) =
            Default::default();
        for (index, bid) in self.bids.iter().enumerate() {
            let Some(estimate) = estimates.get_mut(index + 1) else {
                break;
            };
            let worst = estimate.cost.unwrap_or(Money::ZERO);
            let cost = bid.posterior.expected_cost(worst);
            let contender = self
                .worth
                .of_calling(bid.posterior, &vector, cost, self.gaps);
            estimate.p_accept = Some(sigmoid(contender.belief.mean));
            estimate.kept_chars = Some(bid.posterior.kept());
            if estimate.excluded.is_none() {
                arms.push(index + 1);
                contenders.push(if bid.is_demoted {
                    OUT_OF_SAMPLING
                } else {
                    contender
                });
                costs.push(cost);
            }
        }
        let embedded = &estimates[0];
        let shows_embedded = embedded.excluded.is_none();
        let score_of_free = self.worth.of_free(embedded);
        let shares = thompson(&contenders, score_of_free);
        let played = self.exploration.mix(&shares, &costs);

        let forced = |number: f64| {
            let at = (number * arms.len() as f64) as usize;
            (!arms.is_empty()).then(|| at.min(arms.len() - 1))
        };
        let (option, is_silenced) = match self.draw.held_out {
            Some(HeldOut::Silence) => (None, true),
            Some(HeldOut::Arm(number)) => (forced(number), false),
            None => (played.play(self.draw.number), false),
        };
        let is_shown = shows_embedded && !is_silenced;
        let half = HOLDOUT / 2.0;
        let unforced = if arms.is_empty() { half } else { 0.0 };
        let free = (1.0 - HOLDOUT) * played.free + unforced;
        let of_arm =
            |option: usize| (1.0 - HOLDOUT) * played.arms[option] + half / arms.len() as f64;
        estimates[0].propensity = Some(written(free + half));
        for (option, &arm) in arms.iter().enumerate() {
            estimates[arm].propensity = Some(written(of_arm(option)));
        }
        let propensity = match option {
            Some(option) => of_arm(option),
            None if !shows_embedded => free + half,
            None if is_silenced => half,
            None => free,
        };
        let (action, reason) = match option {
            _ if is_silenced => (Action::Silent, Reason::HeldOut),
            Some(_) if self.draw.held_out.is_some() => (Action::Call, Reason::HeldOut),
            Some(_) => (Action::Call, Reason::BestValue),
            None if is_shown => (Action::Embedded, Reason::EmbeddedIsSure),
            None if arms.is_empty() => (Action::Silent, Reason::NothingEligible),
            None => (Action::Silent, Reason::NotWorthIt),
        };
        let mut route: Vec<ModelId> = Vec::new();
        let mut expected_cost = Money::ZERO;
        if let Some(first) = option {
            expected_cost = costs[first];
            let mut order: Vec<usize> = (0..arms.len()).collect();
            order.retain(|&arm| arm == first || contenders[arm].expected() > score_of_free);
            order.sort_by(|&a, &b| {
                let by_score = contenders[b]
                    .expected()
                    .total_cmp(&contenders[a].expected());
                (b == first).cmp(&(a == first)).then(by_score)
            });
            route.extend(order.iter().map(|&arm| estimates[arms[arm]].model.clone()));
        }
        Decision {
            action,
            route,
            reason,
            arms: estimates,
            expected_cost,
            propensity,
            odds: Some(Odds {
                epsilon: self.exploration.epsilon,
                seed: self.draw.seed,
                lambda: self.worth.lambda,
                value_per_char: self.worth.per_character,
                feature_hash: feature_hash(&vector),
            }),
        }
    }
}

/// A probability as it stands among the estimates of a row: far finer than the floor, and short.
fn written(propensity: f64) -> f64 {
    (propensity * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests;
