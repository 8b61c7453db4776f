//! Other policies that can be played over the rows of a ledger.

use std::str::FromStr;

use crate::domain::{ArmEstimate, ModelId, Money};

/// Another policy: what it would have done follows from what is on the row.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Nobody is paid: the embedded model where it is sure, else silence.
    Free,
    /// The cheapest of the eligible models, everywhere.
    Cheapest,
    /// This model, where it was eligible; else what is free.
    Always(ModelId),
    /// The embedded model where it is at least so sure, else the cheapest of the eligible ones.
    EmbeddedFrom(f64),
}

/// A policy that is none of those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a policy is free, cheapest, always=MODEL, or embedded=0.6 (the embedded model from that confidence on)"
)]
pub struct NotAWish;

impl FromStr for Wish {
    type Err = NotAWish;

    fn from_str(text: &str) -> Result<Self, NotAWish> {
        match text.split_once('=') {
            None if text == "free" => Ok(Self::Free),
            None if text == "cheapest" => Ok(Self::Cheapest),
            Some(("always", model)) if !model.is_empty() => Ok(Self::Always(ModelId::new(model))),
            Some(("embedded", share)) => match share.parse() {
                Ok(share) if (0.0..=1.0).contains(&share) => Ok(Self::EmbeddedFrom(share)),
                _ => Err(NotAWish),
            },
            _ => Err(NotAWish),
        }
    }
}

impl Wish {
    /// Returns who would have been asked at a place with these arms, of which the first is the
    /// embedded model; `None` is what costs nothing.
    #[must_use]
    pub fn wanted<'a>(&self, arms: &'a [ArmEstimate]) -> Option<&'a ModelId> {
        let (embedded, arms) = arms.split_first()?;
        let mut eligible = arms.iter().filter(|arm| arm.excluded.is_none());
        let cheapest = |eligible: &mut dyn Iterator<Item = &'a ArmEstimate>| {
            let cheapest = eligible.min_by_key(|arm| arm.cost.unwrap_or(Money::ZERO));
            cheapest.map(|arm| &arm.model)
        };
        match self {
            Self::Free => None,
            Self::Cheapest => cheapest(&mut eligible),
            Self::Always(model) => eligible
                .find(|arm| arm.model == *model)
                .map(|arm| &arm.model),
            Self::EmbeddedFrom(least) => {
                let is_sure = embedded.excluded.is_none()
                    && embedded.p_accept.is_some_and(|sure| sure >= *least);
                if is_sure {
                    None
                } else {
                    cheapest(&mut eligible)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Exclusion, Tier};

    fn arm(model: &str, cost: i64, p_accept: f64, excluded: Option<Exclusion>) -> ArmEstimate {
        ArmEstimate {
            model: ModelId::new(model),
            tier: Tier::OpenSource,
            p_accept: Some(p_accept),
            kept_chars: None,
            cost: Some(Money::from_pico_usd(cost)),
            latency_ms: None,
            excluded,
        }
    }

    #[track_caller]
    fn check(policy: &str, sure: Option<Exclusion>, expected: Option<&str>) {
        let arms = [
            arm("embedded", 0, 0.7, sure),
            arm("far", 1, 0.2, Some(Exclusion::Region)),
            arm("dear", 9, 0.2, None),
            arm("cheap", 2, 0.2, None),
        ];
        let wish: Wish = policy.parse().expect("a policy");
        let wanted = wish.wanted(&arms).map(ModelId::as_str);
        assert_eq!(wanted, expected, "{policy}");
    }

    #[test]
    fn what_another_policy_does_follows_from_the_row() {
        let unsure = Some(Exclusion::NotSure);
        check("free", None, None);
        check("cheapest", None, Some("cheap"));
        check("always=dear", None, Some("dear"));
        check("always=far", None, None);
        check("embedded=0.6", None, None);
        check("embedded=0.8", None, Some("cheap"));
        check("embedded=0.6", unsure, Some("cheap"));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in ["", "dear", "always=", "embedded=2", "embedded=x", "free=1"] {
            assert_eq!(text.parse::<Wish>(), Err(NotAWish), "{text}");
        }
    }
}
