//! Hard rules first. Then the choice under a budget, where there is one; else the plain policy: the
//! embedded model, then the cheapest.

use super::choose::Market;
use crate::domain::{
    Action, ArmEstimate, Decision, Exclusion, Features, ModelId, Money, Policy, Reason, Region,
    Tier,
};

/// What the engine knows of one model at this decision point.
#[derive(Clone, Debug)]
pub struct Arm {
    /// The model.
    pub model: ModelId,
    /// Its tier.
    pub tier: Tier,
    /// Where it runs, if that is known.
    pub region: Option<Region>,
    /// What a call would cost at the most; `None` when the price is not known.
    pub cost: Option<Money>,
    /// Whether its key is there, or it needs none.
    pub has_key: bool,
    /// Whether it may be tried: it did not fail lately.
    pub is_healthy: bool,
    /// Whether prompt and answer fit its context.
    pub fits: bool,
    /// Whether the most that a call can cost may still be spent.
    pub is_affordable: bool,
    /// Whether a drill is held without its supplier.
    pub is_drilled: bool,
    /// Whether it is only tried out: it is nobody's first choice.
    pub is_canary: bool,
    /// Whether its supplier's share stays below the cap with one answer more.
    pub is_within_cap: bool,
    /// Median time to an answer, where it was measured.
    pub latency_ms: Option<u32>,
}

/// What holds for all arms at this moment.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'m> {
    /// The embedded model answers from this confidence on.
    pub embedded_threshold: f32,
    /// Whether spending can be recorded; without that nothing is spent.
    pub can_record: bool,
    /// Estimates and a budget; without them the policy is the plain one.
    pub market: Option<&'m Market<'m>>,
}

/// Decides who answers at this place.
///
/// Without a market it is deterministic, so every propensity is 1; equal costs keep the order of
/// `arms`, which is that of the configuration. With one, chance has a part that the market brings.
#[must_use]
pub fn decide(
    features: &Features,
    arms: &[Arm],
    policy: &Policy,
    standing: Standing<'_>,
) -> Decision {
    let mut estimates = vec![embedded_estimate(features, policy, standing)];
    // Who has pinned a model wants that one, whatever it is worth.
    let market = standing.market.filter(|_| policy.pin.is_none());
    estimates.extend(arms.iter().enumerate().map(|(index, arm)| ArmEstimate {
        model: arm.model.clone(),
        tier: arm.tier,
        p_accept: None,
        kept_chars: None,
        cost: arm.cost,
        latency_ms: arm.latency_ms,
        propensity: None,
        excluded: exclusion(arm, policy, standing).or_else(|| {
            let cost = arm.cost.unwrap_or(Money::ZERO);
            market.and_then(|market| market.exclusion(index, cost))
        }),
    }));
    if let Some(market) = market {
        return market.choose(features, estimates);
    }

    let embedded_answers = estimates[0].excluded.is_none();
    let mut eligible: Vec<(bool, &ArmEstimate)> = estimates[1..]
        .iter()
        .zip(arms)
        .filter(|(estimate, _)| estimate.excluded.is_none())
        .map(|(estimate, arm)| (arm.is_canary, estimate))
        .collect();
    // A pinned model may be unpriced; it is alone then, so its place does not matter.
    eligible
        .sort_by_key(|(is_canary, estimate)| (*is_canary, estimate.cost.unwrap_or(Money::ZERO)));
    let eligible: Vec<&ArmEstimate> = eligible.into_iter().map(|(_, one)| one).collect();
    let route: Vec<ModelId> = eligible
        .iter()
        .map(|estimate| estimate.model.clone())
        .collect();
    let first_cost = eligible
        .first()
        .and_then(|estimate| estimate.cost)
        .unwrap_or(Money::ZERO);

    let (action, reason) = if embedded_answers {
        (Action::Embedded, Reason::EmbeddedIsSure)
    } else if route.is_empty() {
        (Action::Silent, Reason::NothingEligible)
    } else if policy.pin.is_some() {
        (Action::Call, Reason::Pinned)
    } else {
        (Action::Call, Reason::CheapestEligible)
    };
    let is_call = action == Action::Call;
    Decision {
        action,
        route: if is_call { route } else { Vec::new() },
        reason,
        expected_cost: if is_call { first_cost } else { Money::ZERO },
        arms: estimates,
        propensity: 1.0,
        odds: None,
    }
}

fn embedded_estimate(features: &Features, policy: &Policy, standing: Standing<'_>) -> ArmEstimate {
    let is_sure = features
        .embedded_confidence
        .is_some_and(|confidence| confidence >= standing.embedded_threshold);
    let excluded = if policy.pin.is_some() {
        Some(Exclusion::NotPinned)
    } else if !policy.embedded {
        Some(Exclusion::Disabled)
    } else if !is_sure {
        Some(Exclusion::NotSure)
    } else {
        None
    };
    ArmEstimate {
        model: ModelId::embedded(),
        tier: Tier::InHouse,
        p_accept: features.embedded_confidence.map(f64::from),
        kept_chars: features.embedded_chars.map(f64::from),
        cost: Some(Money::ZERO),
        latency_ms: None,
        propensity: None,
        excluded,
    }
}

/// Returns the first rule that keeps an arm out. Residency comes before everything that costs.
fn exclusion(arm: &Arm, policy: &Policy, standing: Standing<'_>) -> Option<Exclusion> {
    if let Some(pin) = &policy.pin {
        if arm.model != *pin {
            return Some(Exclusion::NotPinned);
        }
        // A pin outweighs every rule but the owner's money.
        return (!arm.is_affordable).then_some(Exclusion::Budget);
    }
    if !policy.allows(arm.region.as_ref()) {
        return Some(Exclusion::Region);
    }
    let Some(cost) = arm.cost else {
        return Some(Exclusion::Unpriced);
    };
    if cost > Money::ZERO && !standing.can_record {
        return Some(Exclusion::NoLedger);
    }
    if !arm.has_key {
        return Some(Exclusion::NoKey);
    }
    if !arm.is_healthy {
        return Some(Exclusion::Unhealthy);
    }
    if !arm.fits {
        return Some(Exclusion::TooLong);
    }
    if arm.is_drilled {
        return Some(Exclusion::Drill);
    }
    if !arm.is_within_cap {
        return Some(Exclusion::Cap);
    }
    (!arm.is_affordable).then_some(Exclusion::Budget)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::CursorSite;

    fn place(embedded_confidence: Option<f32>) -> Features {
        Features {
            language: "rust".into(),
            site: CursorSite::LineEnd,
            embedded_confidence,
            embedded_chars: embedded_confidence.map(|_| 12),
            prompt_tokens: 900,
            line_prefix_chars: 8,
            partial_identifier_chars: 0,
            document_lines: 100,
        }
    }

    fn arm(name: &str, micro_usd: Option<i64>) -> Arm {
        Arm {
            model: ModelId::new(name),
            tier: Tier::OpenSource,
            region: Some(Region::new("eu")),
            cost: micro_usd.map(|micro| Money::from_pico_usd(micro * 1_000_000)),
            has_key: true,
            is_healthy: true,
            fits: true,
            is_affordable: true,
            is_canary: false,
            is_within_cap: true,
            is_drilled: false,
            latency_ms: None,
        }
    }

    fn rules() -> Policy {
        Policy {
            id: "test".into(),
            embedded: true,
            ..Policy::default()
        }
    }

    const STANDING: Standing<'_> = Standing {
        embedded_threshold: 0.6,
        can_record: true,
        market: None,
    };

    fn route_of(decision: &Decision) -> Vec<&str> {
        decision.route.iter().map(ModelId::as_str).collect()
    }

    #[test]
    fn a_sure_embedded_model_answers_and_nothing_is_spent() {
        let decision = decide(
            &place(Some(0.8)),
            &[arm("hosted", Some(5))],
            &rules(),
            STANDING,
        );
        assert_eq!(decision.action, Action::Embedded);
        assert_eq!(decision.expected_cost, Money::ZERO);
        assert!(decision.route.is_empty());
    }

    #[test]
    fn the_cheapest_eligible_arm_is_first_and_the_dearer_are_its_fallbacks() {
        let arms = [
            arm("dear", Some(90)),
            arm("cheap", Some(5)),
            arm("middle", Some(20)),
        ];
        let decision = decide(&place(Some(0.3)), &arms, &rules(), STANDING);
        assert_eq!(route_of(&decision), ["cheap", "middle", "dear"]);
        assert_eq!(decision.reason, Reason::CheapestEligible);
        assert_eq!(decision.expected_cost, Money::from_pico_usd(5_000_000));
    }

    #[test]
    fn a_model_that_is_tried_out_is_behind_all_others() {
        let mut canary = arm("canary", Some(1));
        canary.is_canary = true;
        let arms = [canary, arm("dear", Some(90))];
        let decision = decide(&place(None), &arms, &rules(), STANDING);
        assert_eq!(route_of(&decision), ["dear", "canary"]);
        let decision = decide(&place(None), &arms[..1], &rules(), STANDING);
        assert_eq!(route_of(&decision), ["canary"], "better than nobody");
    }

    #[test]
    fn residency_outweighs_cost() {
        let mut abroad = arm("cheap-abroad", Some(1));
        abroad.region = Some(Region::new("us"));
        let mut unknown = arm("cheap-unknown", Some(1));
        unknown.region = None;
        let policy = Policy {
            regions: vec![Region::new("eu")],
            ..rules()
        };
        let decision = decide(
            &place(None),
            &[abroad, unknown, arm("here", Some(50))],
            &policy,
            STANDING,
        );
        assert_eq!(route_of(&decision), ["here"]);
        assert_eq!(decision.arms[1].excluded, Some(Exclusion::Region));
        assert_eq!(decision.arms[2].excluded, Some(Exclusion::Region));
    }

    #[test]
    fn an_arm_without_a_price_is_never_called() {
        let decision = decide(&place(None), &[arm("unpriced", None)], &rules(), STANDING);
        assert_eq!(decision.action, Action::Silent);
        assert_eq!(decision.arms[1].excluded, Some(Exclusion::Unpriced));
    }

    #[test]
    fn without_a_ledger_only_free_arms_are_called() {
        let standing = Standing {
            can_record: false,
            ..STANDING
        };
        let decision = decide(
            &place(None),
            &[arm("paid", Some(5)), arm("free", Some(0))],
            &rules(),
            standing,
        );
        assert_eq!(route_of(&decision), ["free"]);
    }

    #[test]
    fn what_does_not_fit_the_budget_leaves_the_place_to_cheaper_models_and_then_to_nobody() {
        let mut dear = arm("dear", Some(90));
        dear.is_affordable = false;
        let arms = [dear, arm("cheap", Some(5))];
        let decision = decide(&place(None), &arms, &rules(), STANDING);
        assert_eq!(route_of(&decision), ["cheap"]);
        assert_eq!(decision.arms[1].excluded, Some(Exclusion::Budget));

        let decision = decide(&place(None), &arms[..1], &rules(), STANDING);
        assert_eq!(decision.action, Action::Silent);
        let decision = decide(&place(Some(0.8)), &arms[..1], &rules(), STANDING);
        assert_eq!(decision.action, Action::Embedded);
        let pinned = Policy {
            pin: Some(ModelId::new("dear")),
            ..rules()
        };
        let decision = decide(&place(None), &arms, &pinned, STANDING);
        assert_eq!(decision.action, Action::Silent);
    }

    #[test]
    fn a_pinned_model_gets_every_request_unfiltered() {
        let mut pinned = arm("pinned", None);
        pinned.is_healthy = false;
        let policy = Policy {
            pin: Some(ModelId::new("pinned")),
            ..rules()
        };
        let decision = decide(
            &place(Some(0.99)),
            &[arm("free", Some(0)), pinned],
            &policy,
            STANDING,
        );
        assert_eq!(route_of(&decision), ["pinned"]);
        assert_eq!(decision.reason, Reason::Pinned);
    }

    fn any_arm() -> impl Strategy<Value = Arm> {
        let region = prop_oneof![
            Just(None),
            Just(Some("eu")),
            Just(Some("us")),
            Just(Some("local"))
        ];
        (
            "[a-e]",
            region,
            proptest::option::of(0_i64..100),
            any::<bool>(),
            any::<bool>(),
            any::<bool>(),
        )
            .prop_map(|(name, region, cost, has_key, is_healthy, fits)| Arm {
                region: region.map(Region::new),
                has_key,
                is_healthy,
                fits,
                ..arm(&name, cost)
            })
    }

    proptest! {
        #[test]
        fn no_arm_outside_of_the_rules_is_ever_on_a_route(
            arms in proptest::collection::vec(any_arm(), 0..6),
            confidence in proptest::option::of(0.0_f32..1.0),
            can_record: bool,
        ) {
            let policy = Policy { regions: vec![Region::new("eu")], ..rules() };
            let standing = Standing { can_record, ..STANDING };
            let decision = decide(&place(confidence), &arms, &policy, standing);
            prop_assert_eq!(decision.arms.len(), arms.len() + 1);
            prop_assert_eq!(decision.action == Action::Call, !decision.route.is_empty());
            let allowed = arms.iter().filter(|arm| {
                policy.allows(arm.region.as_ref())
                    && arm.has_key && arm.is_healthy && arm.fits
                    && arm.cost.is_some_and(|cost| can_record || cost == Money::ZERO)
            }).count();
            if decision.action == Action::Call {
                prop_assert_eq!(decision.route.len(), allowed);
            } else if decision.action == Action::Silent {
                prop_assert_eq!(allowed, 0);
            }
        }
    }
}
