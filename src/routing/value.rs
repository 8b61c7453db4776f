//! What a call is worth, in characters that are kept.
//!
//! The unit is one kept character. Attention has a price, too: a suggestion that is read and turned
//! down costs what a share of a good one is worth. Money becomes characters at what the owner pays
//! for one, plus the pacing price.

use super::arm_posterior::ArmPosterior;
use super::logistic::sigmoid;
use super::propensity::Contender;
use super::tradeoffs::Alternative;
use super::vector::FeatureVector;
use crate::domain::{ArmEstimate, Money};

/// From this probability on a suggestion of average length is worth a look.
const SHOWN_FROM: f64 = 0.25;
/// Between these it could as well be: shares of suggestions that are accepted where people leave
/// completion switched on.
const PLAUSIBLE: [f64; 2] = [0.15, 0.35];
/// Kept characters of an accept, which the price of attention is reckoned from.
pub const TYPICAL_KEPT: f64 = 25.0;
/// Share of the late answers that a later key is still served from.
const STILL_OF_USE: f64 = 0.4;
/// Micro-USD in pico-USD.
const MICRO: f64 = 1e6;

/// What characters, attention and money are worth here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worth {
    /// What the owner pays for a kept character.
    pub per_character: Money,
    /// The pacing price: characters that a micro-USD must bring beyond that.
    pub lambda: f64,
    /// Expected kept characters of an accept, over all arms; sets the price of attention.
    pub typical_kept: f64,
    /// The price of attention as held-out bursts have measured it, in characters; `None` for what
    /// follows from `typical_kept`.
    pub attention: Option<f64>,
}

impl Worth {
    /// Returns the price of attention: what a suggestion that is turned down costs, in characters.
    #[must_use]
    pub fn attention(&self) -> f64 {
        let default = Self::attention_from(self.typical_kept, SHOWN_FROM);
        self.attention.unwrap_or(default)
    }

    /// Returns the price of attention where a typical suggestion is worth a look from this
    /// probability on.
    fn attention_from(typical_kept: f64, shown_from: f64) -> f64 {
        typical_kept * shown_from / (1.0 - shown_from)
    }

    /// Returns how far apart prices of attention lie that are as plausible as the default: what is
    /// measured less exactly than that says less than the default does.
    #[must_use]
    pub fn plausible_attention() -> f64 {
        let of = |shown_from| Self::attention_from(TYPICAL_KEPT, shown_from);
        of(PLAUSIBLE[1]) - of(PLAUSIBLE[0])
    }

    /// Returns how many characters a micro-USD must bring where a character may cost this much.
    #[must_use]
    pub fn characters_of(per_character: Money) -> f64 {
        // Who pays nothing for a character buys none.
        MICRO / (per_character.pico_usd().max(1) as f64)
    }

    /// Returns what a micro-USD must bring, in characters.
    #[must_use]
    pub fn of_money(&self) -> f64 {
        Self::characters_of(self.per_character) + self.lambda.max(0.0)
    }

    /// Returns the worth where a character counts `times` as much, because too few are kept there.
    #[must_use]
    pub fn raised(self, times: f64) -> Self {
        let per_character = self.per_character.pico_usd() as f64 * times;
        Self {
            per_character: Money::from_pico_usd(per_character as i64),
            lambda: self.lambda / times,
            ..self
        }
    }

    /// Returns what an answer is worth that is accepted with probability `p` and then keeps `kept`
    /// characters; below 0 it is better not shown.
    #[must_use]
    pub fn of_showing(&self, p: f64, kept: f64) -> f64 {
        p * kept - (1.0 - p) * self.attention()
    }

    /// Returns what the free answer is worth, the embedded model's where it may show one: never less
    /// than silence.
    #[must_use]
    pub fn of_free(&self, embedded: &ArmEstimate) -> f64 {
        if embedded.excluded.is_some() {
            return 0.0;
        }
        let (p, kept) = (embedded.p_accept, embedded.kept_chars);
        self.of_showing(p.unwrap_or(0.0), kept.unwrap_or(0.0))
            .max(0.0)
    }

    /// Returns an arm as sampling sees it, when a call is expected to cost `cost` and keys come
    /// `gaps` milliseconds apart.
    #[must_use]
    pub fn of_calling(
        &self,
        arm: &ArmPosterior,
        features: &FeatureVector,
        cost: Money,
        gaps: &[u32],
    ) -> Contender {
        let (in_time, kept) = (arm.in_time(gaps), arm.kept());
        let shown = in_time * arm.offered();
        let attention = self.attention();
        let price = self.of_money() * cost.pico_usd() as f64 / MICRO;
        Contender {
            belief: arm.accept(features),
            gain: shown * (kept + attention) + (1.0 - in_time) * STILL_OF_USE * kept,
            offset: -shown * attention - price,
        }
    }

    /// Returns what an arm could add here, whatever money is worth.
    #[must_use]
    pub fn alternative(
        &self,
        arm: &ArmPosterior,
        features: &FeatureVector,
        cost: Money,
        gaps: &[u32],
    ) -> Alternative {
        let contender = self.of_calling(arm, features, Money::ZERO, gaps);
        // All that it gains but for the attention that it saves is kept.
        let turned_down = -contender.offset;
        let p = sigmoid(contender.belief.mean);
        Alternative {
            gain: contender.expected(),
            kept: p * (contender.gain - turned_down),
            cost: cost.pico_usd() as f64,
        }
    }

    /// Returns what the free answer brings.
    #[must_use]
    pub fn free_alternative(&self, embedded: &ArmEstimate) -> Alternative {
        let gain = self.of_free(embedded);
        let (p, kept) = (embedded.p_accept, embedded.kept_chars);
        let is_shown = embedded.excluded.is_none() && gain > 0.0;
        let kept = p.unwrap_or(0.0) * kept.unwrap_or(0.0);
        Alternative {
            gain,
            kept: if is_shown { kept } else { 0.0 },
            cost: 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::Encoder;
    use crate::routing::encode::SLOTS;

    const WORTH: Worth = Worth {
        per_character: Money::from_pico_usd(2_000_000),
        lambda: 0.0,
        typical_kept: 30.0,
        attention: None,
    };

    #[test]
    fn a_suggestion_is_worth_a_look_from_a_quarter_on() {
        assert!(WORTH.of_showing(0.25, 30.0).abs() < 1e-9);
        assert!(WORTH.of_showing(0.24, 30.0) < 0.0);
        // A longer one is worth it sooner: 10 / (90 + 10) = 0.1.
        assert!(WORTH.of_showing(0.1, 90.0).abs() < 1e-9);
    }

    #[test]
    fn what_attention_was_measured_to_cost_takes_the_place_of_the_default() {
        assert!((WORTH.attention() - 10.0).abs() < 1e-9);
        let measured = Worth {
            attention: Some(2.0),
            ..WORTH
        };
        assert!((measured.of_showing(0.25, 30.0) - 6.0).abs() < 1e-9);
        // 25 characters at 0.35 / 0.65, less at 0.15 / 0.85.
        assert!((Worth::plausible_attention() - 9.05).abs() < 0.01);
    }

    #[test]
    fn money_is_characters_at_the_owners_price_and_the_pacing_price() {
        // Two micro-USD a character: a micro-USD must bring half of one.
        assert_eq!(WORTH.of_money(), 0.5);
        let paced = Worth {
            lambda: 0.25,
            ..WORTH
        };
        assert_eq!(paced.of_money(), 0.75);
        // Where a character counts five times as much, money must bring a fifth.
        assert!((paced.raised(5.0).of_money() - 0.15).abs() < 1e-9);
    }

    #[test]
    fn cost_lowers_the_score_and_slowness_the_gain() {
        let arm = ArmPosterior::bundled();
        let features = Encoder::new(SLOTS).finish();
        let micro = |cost: i64| Money::from_pico_usd(cost * 1_000_000);
        let call = |cost, gaps: &[u32]| WORTH.of_calling(&arm, &features, micro(cost), gaps);
        let (free, paid) = (call(0, &[900; 4]), call(10, &[900; 4]));
        assert!((free.expected() - paid.expected() - 5.0).abs() < 1e-9);
        assert!(call(0, &[60; 4]).gain < free.gain);
    }
}
