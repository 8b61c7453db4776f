use proptest::prelude::*;

use super::*;
use crate::domain::{CursorSite, Policy, Region, Tier};
use crate::routing::{Arm, Standing, decide};

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

fn arm(name: &str, micro_usd: i64) -> Arm {
    Arm {
        model: ModelId::new(name),
        tier: Tier::OpenSource,
        region: Some(Region::new("eu")),
        cost: Some(Money::from_pico_usd(micro_usd * 1_000_000)),
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
        regions: vec![Region::new("eu")],
        ..Policy::default()
    }
}

/// An arm whose candidates are right this often.
fn right(share: f64) -> ArmPosterior {
    let mut posterior = ArmPosterior::bundled();
    let vector = encode(&place(None));
    for n in 0..400 {
        posterior.observe_match(&vector, f64::from(n % 20) < 20.0 * share);
    }
    posterior
}

fn bids(posteriors: &[ArmPosterior]) -> Vec<Bid<'_>> {
    let bid = |posterior| Bid {
        posterior,
        is_demoted: false,
    };
    posteriors.iter().map(bid).collect()
}

fn market<'m>(bids: &'m [Bid<'m>], seed: u64) -> Market<'m> {
    Market {
        bids,
        gaps: &[],
        worth: Worth {
            per_character: Money::from_pico_usd(20_000_000),
            lambda: 0.0,
            typical_kept: 25.0,
            attention: None,
        },
        left: Money::from_pico_usd(1_000_000_000_000),
        exploration: Exploration::OFF,
        draw: Draw {
            seed,
            number: 0.5,
            held_out: None,
        },
    }
}

fn decided(arms: &[Arm], confidence: Option<f32>, market: &Market<'_>) -> Decision {
    let standing = Standing {
        embedded_threshold: 0.6,
        can_record: true,
        market: Some(market),
    };
    decide(&place(confidence), arms, &rules(), standing)
}

fn route_of(decision: &Decision) -> Vec<&str> {
    decision.route.iter().map(ModelId::as_str).collect()
}

#[test]
fn a_better_model_is_called_where_the_difference_is_worth_its_price() {
    let posteriors = [right(0.5), right(0.8)];
    let bids = bids(&posteriors);
    let arms = [arm("weak", 5), arm("strong", 40)];
    let plenty = market(&bids, 1);
    let decision = decided(&arms, None, &plenty);
    assert_eq!(route_of(&decision)[0], "strong");
    assert_eq!(decision.reason, Reason::BestValue);

    // At a tenth of that price for a character the same difference is not worth it.
    let mut thrifty = plenty;
    thrifty.worth.per_character = Money::from_pico_usd(1_500_000);
    assert_eq!(route_of(&decided(&arms, None, &thrifty))[0], "weak");
    // And when money has to bring a lot, nobody is called.
    thrifty.worth.lambda = 100.0;
    let silent = decided(&arms, None, &thrifty);
    assert_eq!(
        (silent.action, silent.reason),
        (Action::Silent, Reason::NotWorthIt)
    );
}

#[test]
fn characters_that_the_embedded_model_would_have_given_are_not_paid_for() {
    let posteriors = [right(0.85)];
    let bids = bids(&posteriors);
    let mut market = market(&bids, 1);
    market.worth.per_character = Money::from_pico_usd(5_000_000);
    let arms = [arm("paid", 20)];
    assert_eq!(decided(&arms, None, &market).action, Action::Call);
    let mut sure = place(Some(0.95));
    sure.embedded_chars = Some(30);
    let standing = Standing {
        embedded_threshold: 0.6,
        can_record: true,
        market: Some(&market),
    };
    let decision = decide(&sure, &arms, &rules(), standing);
    assert_eq!(decision.action, Action::Embedded);
}

#[test]
fn what_does_not_fit_the_budget_goes_to_the_next_cheaper_arm_and_then_to_none() {
    let posteriors = [right(0.6), right(0.9)];
    let bids = bids(&posteriors);
    let mut market = market(&bids, 1);
    let arms = [arm("cheap", 5), arm("dear", 40)];
    market.left = Money::from_pico_usd(30_000_000);
    let decision = decided(&arms, None, &market);
    assert_eq!(route_of(&decision), ["cheap"]);
    assert_eq!(decision.arms[2].excluded, Some(Exclusion::Budget));
    market.left = Money::ZERO;
    let decision = decided(&[arm("cheap", 5), arm("own", 0)], None, &market);
    assert_eq!(route_of(&decision), ["own"]);
    assert_eq!(decided(&arms, None, &market).action, Action::Silent);
}

#[test]
fn a_supplier_at_its_cap_is_out() {
    let posteriors = [right(0.6), right(0.9)];
    let bids = bids(&posteriors);
    let mut capped = arm("b", 5);
    capped.is_within_cap = false;
    let decision = decided(&[arm("a", 5), capped], None, &market(&bids, 1));
    assert_eq!(route_of(&decision), ["a"]);
    assert_eq!(decision.arms[2].excluded, Some(Exclusion::Cap));
}

#[test]
fn a_demoted_model_keeps_its_floor_and_nothing_more() {
    let posteriors = [right(0.4), right(0.9)];
    let mut bids = bids(&posteriors);
    let arms = [arm("a", 5), arm("b", 5)];
    assert_eq!(route_of(&decided(&arms, None, &market(&bids, 1)))[0], "b");
    bids[1].is_demoted = true;
    let explored = (0..4_000).filter(|&seed| {
        let mut market = market(&bids, seed);
        market.exploration = Exploration::default();
        market.draw = Draw {
            held_out: None,
            ..Draw::from_seed(seed)
        };
        route_of(&decided(&arms, None, &market)).first() == Some(&"b")
    });
    // A floor of 1 % and half of the 2 % of exploration.
    let share = explored.count() as f64 / 4_000.0;
    assert!((0.012..0.030).contains(&share), "{share}");
}

#[test]
fn a_held_out_burst_is_silent_or_forced_with_its_propensity() {
    let posteriors = [right(0.9), right(0.1)];
    let bids = bids(&posteriors);
    let arms = [arm("a", 5), arm("b", 5)];
    let mut market = market(&bids, 1);
    market.draw.held_out = Some(HeldOut::Silence);
    let decision = decided(&arms, Some(0.9), &market);
    assert_eq!(
        (decision.action, decision.propensity),
        (Action::Silent, 0.005)
    );
    market.draw.held_out = Some(HeldOut::Arm(0.99));
    let decision = decided(&arms, None, &market);
    assert_eq!(route_of(&decision)[0], "b");
    assert_eq!(decision.reason, Reason::HeldOut);
    assert!(decision.propensity >= 0.0025);
}

#[test]
fn what_is_done_is_done_as_often_as_its_propensity_says() {
    let posteriors = [right(0.45), right(0.5), right(0.55)];
    let bids = bids(&posteriors);
    let arms = [arm("a", 5), arm("b", 10), arm("c", 20)];
    let draws = 40_000_u64;
    let mut seen: std::collections::BTreeMap<String, (f64, f64)> = Default::default();
    for seed in 0..draws {
        let mut market = market(&bids, seed);
        market.exploration = Exploration::default();
        market.draw = Draw::from_seed(seed);
        let decision = decided(&arms, Some(0.7), &market);
        let name = match decision.action {
            Action::Call => decision.route[0].to_string(),
            other => other.to_string(),
        };
        let entry = seen.entry(name).or_default();
        *entry = (entry.0 + 1.0 / draws as f64, decision.propensity);
    }
    let sum: f64 = seen.values().map(|(_, propensity)| propensity).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{seen:?}");
    for (name, (realised, pi)) in &seen {
        let noise = 4.0 * (pi * (1.0 - pi) / draws as f64).sqrt();
        assert!((realised - pi).abs() < noise, "{name}: {realised} {pi}");
    }
}

proptest! {
    #[test]
    fn no_seed_and_no_budget_choose_an_arm_that_a_rule_keeps_out(
        flags in proptest::collection::vec((any::<bool>(), any::<bool>(), 0_i64..90), 1..6),
        left in 0_i64..90,
        seed: u64,
        confidence in proptest::option::of(0.0_f32..1.0),
    ) {
        let posteriors: Vec<ArmPosterior> = flags.iter().map(|_| ArmPosterior::bundled()).collect();
        let bids = bids(&posteriors);
        let arms: Vec<Arm> = flags
            .iter()
            .enumerate()
            .map(|(n, &(is_near, has_key, cost))| Arm {
                region: Some(Region::new(if is_near { "eu" } else { "us" })),
                has_key,
                ..arm(&format!("m{n}"), cost)
            })
            .collect();
        let mut market = market(&bids, seed);
        market.exploration = Exploration::default();
        market.draw = Draw::from_seed(seed);
        market.left = Money::from_pico_usd(left * 1_000_000);
        let decision = decided(&arms, confidence, &market);
        for model in &decision.route {
            let arm = arms.iter().find(|arm| arm.model == *model).expect("one of them");
            prop_assert!(arm.region == Some(Region::new("eu")) && arm.has_key);
            let cost = arm.cost.expect("it is priced");
            prop_assert!(cost == Money::ZERO || cost <= market.left);
        }
        prop_assert!(decision.propensity > 0.0 && decision.propensity <= 1.0 + 1e-9);
        // What is on the estimates is the whole of chance: the models, and that nobody is asked.
        let all: f64 = decision.arms.iter().filter_map(|arm| arm.propensity).sum();
        prop_assert!((all - 1.0).abs() < 1e-7, "{}", all);
        let first = decision.route.first();
        let asked = decision.arms[1..].iter().find(|arm| first == Some(&arm.model));
        let shows = decision.arms[0].excluded.is_none();
        match asked.and_then(|arm| arm.propensity) {
            Some(written) => prop_assert!((written - decision.propensity).abs() < 1e-8),
            // The embedded model's answer and silence in its place share it.
            None if shows => prop_assert!(decision.arms[0].propensity > Some(decision.propensity)),
            None => {
                let nobody = decision.arms[0].propensity.expect("chance has a part");
                prop_assert!((nobody - decision.propensity).abs() < 1e-8);
            }
        }
        prop_assert_eq!(decision.action == Action::Call, !decision.route.is_empty());
    }
}
