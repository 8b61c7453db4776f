//! What a tier costs for what it keeps beyond the arm that is free. It describes what happened: the
//! router sends each tier other places, so it does not say what a tier would do elsewhere.

use crate::domain::{MicroUsd, Tier, divide_half_even};

/// What is known of a tier in a period, the free arm apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    pub tier: Tier,
    /// Whether it is the embedded model, which costs nothing.
    pub is_free: bool,
    /// How often it was asked, by fallbacks, too.
    pub requests: u64,
    /// Calls that it took, and those of them whose cost is not known.
    pub calls: u64,
    pub unpriced: u64,
    pub cost_pico: i128,
    /// Characters that a look after ten minutes has found; `None` when nothing has looked.
    pub kept_chars: Option<u64>,
}

/// A tier beside the free arm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Increment {
    /// Which one; the embedded model is not part of the tier in-house here.
    pub tier: Tier,
    /// How often it was asked.
    pub requests: u64,
    /// What its calls cost, as far as it is known; the free arm would have cost nothing.
    pub cost: Option<MicroUsd>,
    /// Characters that it kept; `None` when nothing has looked.
    pub kept_chars: Option<u64>,
    /// How many more these are than the free arm keeps of as many requests, rounded.
    pub extra_chars: Option<i128>,
    /// Cost per thousand of them in nano-USD.
    pub per_thousand: Option<i128>,
    /// Why there is no such cost, or what it leaves out.
    pub remark: Option<String>,
}

/// Lays each tier beside the free arm, in the order in which they were given.
pub(super) fn of(asked: &[Asked]) -> Vec<Increment> {
    let free = asked.iter().find(|arm| arm.is_free && arm.requests > 0);
    let tiers = asked.iter().filter(|arm| !arm.is_free && arm.requests > 0);
    tiers.map(|tier| beside(tier, free)).collect()
}

fn beside(tier: &Asked, free: Option<&Asked>) -> Increment {
    let is_cost_known = tier.calls == 0 || tier.unpriced < tier.calls;
    let mut increment = Increment {
        tier: tier.tier,
        requests: tier.requests,
        cost: is_cost_known.then(|| MicroUsd::rounded(tier.cost_pico)),
        kept_chars: tier.kept_chars,
        extra_chars: None,
        per_thousand: None,
        remark: None,
    };
    increment.remark = match extra(tier, free) {
        Err(why) => Some(why.to_owned()),
        Ok((times, of)) => {
            increment.extra_chars = Some(divide_half_even(times, of));
            // A thousand characters for pico-USD are a character for nano-USD.
            let product = tier.cost_pico.checked_mul(of);
            match product.filter(|_| is_cost_known && times > 0) {
                Some(product) => {
                    increment.per_thousand = Some(divide_half_even(product, times));
                    (tier.unpriced > 0)
                        .then(|| format!("at least: {} calls of unknown cost", tier.unpriced))
                }
                None if times <= 0 => Some("it kept no more than the free arm".to_owned()),
                None => Some("what it cost is not known".to_owned()),
            }
        }
    };
    increment
}

/// Returns the characters beyond the free arm as a fraction, so that nothing is rounded twice.
fn extra(tier: &Asked, free: Option<&Asked>) -> Result<(i128, i128), &'static str> {
    let free = free.ok_or("the embedded model was not asked, so there is no free arm")?;
    let looked = "nothing has looked for what was accepted";
    let kept = i128::from(tier.kept_chars.ok_or(looked)?);
    let of_free = i128::from(free.kept_chars.ok_or(looked)?);
    let (requests, free_requests) = (i128::from(tier.requests), i128::from(free.requests));
    Ok((kept * free_requests - of_free * requests, free_requests))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Asked = Asked {
        tier: Tier::InHouse,
        is_free: true,
        requests: 300,
        calls: 0,
        unpriced: 0,
        cost_pico: 0,
        kept_chars: Some(1_000),
    };

    /// A hundred requests for two dollars that kept 1,000 characters.
    const PREMIUM: Asked = Asked {
        tier: Tier::Premium,
        is_free: false,
        requests: 100,
        calls: 90,
        unpriced: 0,
        cost_pico: 2_000_000_000_000,
        kept_chars: Some(1_000),
    };

    /// The free arm keeps 3⅓ characters of a request, so the tier kept 666⅔ more; 2 dollars for
    /// these are 3 dollars for a thousand.
    #[test]
    fn a_tier_is_charged_for_what_it_keeps_beyond_the_free_arm() {
        let found = of(&[FREE, PREMIUM]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].extra_chars, Some(667));
        assert_eq!(found[0].per_thousand, Some(3_000_000_000));
        assert_eq!(found[0].remark, None);
    }

    #[track_caller]
    fn check_unknown(arms: &[Asked], expected: &str) {
        let found = of(arms);
        assert_eq!(found[0].per_thousand, None);
        let remark = found[0].remark.as_deref().unwrap_or_default();
        assert!(remark.contains(expected), "{remark}");
    }

    #[test]
    fn where_there_is_no_such_cost_the_reason_is_said() {
        check_unknown(&[PREMIUM], "no free arm");
        let blind = Asked {
            kept_chars: None,
            ..PREMIUM
        };
        check_unknown(&[FREE, blind], "nothing has looked");
        for kept in [333, 0] {
            let worse = Asked {
                kept_chars: Some(kept),
                ..PREMIUM
            };
            check_unknown(&[FREE, worse], "kept no more");
        }
        let unknown = Asked {
            unpriced: 90,
            cost_pico: 0,
            ..PREMIUM
        };
        check_unknown(&[FREE, unknown], "not known");
        let partly = Asked {
            unpriced: 3,
            ..PREMIUM
        };
        let found = of(&[FREE, partly]);
        assert_eq!(found[0].per_thousand, Some(3_000_000_000));
        let remark = found[0].remark.as_deref().expect("a remark");
        assert!(remark.starts_with("at least: 3 calls"), "{remark}");
    }
}
