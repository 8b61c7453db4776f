//! Other policies that can be played over the rows of a ledger.

use std::fmt;
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
    /// The model of the most expected characters at so many dollars for a thousand of them: what it
    /// is expected to bring at that price, less the most that its call can cost, is compared with
    /// what is free.
    Worth(f64),
}

/// A policy that is none of those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a policy is free, cheapest, always=MODEL, embedded=0.6 (the embedded model from that confidence on), or \
     worth=0.3 (at most so many dollars for 1,000 expected characters)"
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
            Some(("worth", usd)) => match usd.parse() {
                Ok(usd) if f64::is_finite(usd) && usd >= 0.0 => Ok(Self::Worth(usd)),
                _ => Err(NotAWish),
            },
            _ => Err(NotAWish),
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free => f.write_str("free"),
            Self::Cheapest => f.write_str("cheapest"),
            Self::Always(model) => write!(f, "always={model}"),
            Self::EmbeddedFrom(least) => write!(f, "embedded={least}"),
            Self::Worth(usd) => write!(f, "worth={usd}"),
        }
    }
}

impl Wish {
    /// Returns whether what is on a row with these arms is enough to say what would have been done:
    /// [`Wish::Worth`] needs to know what each eligible model is expected to bring.
    #[must_use]
    pub fn is_told_by(&self, arms: &[ArmEstimate]) -> bool {
        let Self::Worth(_) = self else { return true };
        let mut eligible = arms.iter().skip(1).filter(|arm| arm.excluded.is_none());
        eligible.all(|arm| expected_chars(arm).is_some())
    }

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
            Self::Worth(usd) => {
                let free = match embedded.excluded {
                    None => expected_chars(embedded).unwrap_or(0.0),
                    Some(_) => 0.0,
                };
                let worth = |arm: &ArmEstimate| {
                    let cost = arm.cost.unwrap_or(Money::ZERO).pico_usd() as f64 / 1e12;
                    Some(expected_chars(arm)? * usd / 1_000.0 - cost)
                };
                let worths = eligible.filter_map(|arm| Some((arm, worth(arm)?)));
                let best = worths.max_by(|(_, one), (_, other)| one.total_cmp(other));
                best.filter(|(_, worth)| *worth > free * usd / 1_000.0)
                    .map(|(arm, _)| &arm.model)
            }
        }
    }
}

/// The characters that an arm is expected to bring, where that is known.
fn expected_chars(arm: &ArmEstimate) -> Option<f64> {
    Some(arm.p_accept? * arm.kept_chars?)
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
            propensity: None,
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

    /// The embedded model would bring 3 characters, the cheap one 6 for 2 thousandths of a dollar,
    /// the dear one 9 for 20: the third more characters cost 0.667 dollars a thousand, and those
    /// beyond them 6.
    #[test]
    fn who_pays_more_for_a_character_asks_dearer_models() {
        let bring = |model: &str, cost: i64, chars: f64| ArmEstimate {
            kept_chars: Some(chars * 2.0),
            ..arm(model, cost * 1_000_000_000, 0.5, None)
        };
        let arms = [
            bring("embedded", 0, 3.0),
            bring("cheap", 2, 6.0),
            bring("dear", 20, 9.0),
        ];
        let at = |usd: f64| Wish::Worth(usd).wanted(&arms).map(ModelId::as_str);
        assert_eq!(at(0.0), None);
        assert_eq!(at(0.66), None);
        assert_eq!(at(0.67), Some("cheap"));
        assert_eq!(at(5.9), Some("cheap"));
        assert_eq!(at(6.1), Some("dear"));

        let unsure = ArmEstimate {
            excluded: Some(Exclusion::NotSure),
            ..arms[0].clone()
        };
        let alone = [unsure, arms[1].clone(), arms[2].clone()];
        assert_eq!(
            Wish::Worth(0.5).wanted(&alone).map(ModelId::as_str),
            Some("cheap")
        );

        let blind = [arms[0].clone(), arm("new", 1, 0.5, None)];
        assert!(Wish::Worth(1.0).is_told_by(&arms) && !Wish::Worth(1.0).is_told_by(&blind));
        assert!(Wish::Cheapest.is_told_by(&blind));
    }

    #[test]
    fn a_policy_is_written_as_it_is_read() {
        for text in ["free", "cheapest", "always=m", "embedded=0.6", "worth=0.3"] {
            let wish: Wish = text.parse().expect("a policy");
            assert_eq!(wish.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in [
            "",
            "dear",
            "always=",
            "embedded=2",
            "embedded=x",
            "free=1",
            "worth=-1",
            "worth=inf",
        ] {
            assert_eq!(text.parse::<Wish>(), Err(NotAWish), "{text}");
        }
    }
}
