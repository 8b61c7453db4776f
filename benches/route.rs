//! How long a decision under a budget takes, with ten arms. Budget: 50 µs at the 99th percentile.
//!
//! `cargo bench --bench route`. Every decision is at another place with another seed; the estimates
//! have learnt from a thousand lines each.

use std::time::Instant;

use mantle_ls::domain::{CursorSite, Dice, Features, ModelId, Money, Policy, Region, Tier};
use mantle_ls::routing::{
    Arm, ArmPosterior, Bid, Draw, Exploration, Market, Standing, Worth, decide, encode,
};

const ARMS: usize = 10;
const DECISIONS: usize = 100_000;
const LANGUAGES: [&str; 5] = ["rust", "python", "typescript", "go", "java"];

fn place(dice: &mut Dice) -> Features {
    let is_silent = dice.share() < 0.3;
    let confidence = (!is_silent).then(|| dice.share() as f32);
    Features {
        language: LANGUAGES[dice.below(LANGUAGES.len())].to_owned(),
        site: CursorSite::ALL[dice.below(CursorSite::ALL.len())],
        embedded_confidence: confidence,
        embedded_chars: confidence.map(|_| dice.below(60) as u32),
        prompt_tokens: 200 + dice.below(1_500) as u32,
        line_prefix_chars: dice.below(60) as u32,
        partial_identifier_chars: dice.below(8) as u32,
        document_lines: dice.below(2_000) as u32,
    }
}

fn main() {
    let mut dice = Dice::new(1);
    let posteriors: Vec<ArmPosterior> = (0..ARMS)
        .map(|arm| {
            let mut posterior = ArmPosterior::bundled();
            for _ in 0..1_000 {
                let is_match = dice.share() < 0.3 + 0.05 * arm as f64;
                posterior.observe_match(&encode(&place(&mut dice)), is_match);
            }
            posterior
        })
        .collect();
    let bids: Vec<Bid<'_>> = posteriors
        .iter()
        .map(|posterior| Bid {
            posterior,
            is_demoted: false,
        })
        .collect();
    let arms: Vec<Arm> = (0..ARMS)
        .map(|arm| Arm {
            model: ModelId::new(format!("model-{arm}")),
            tier: Tier::OpenSource,
            region: Some(Region::new("eu")),
            cost: Some(Money::from_pico_usd(10_000_000 << (arm / 2))),
            has_key: true,
            is_healthy: true,
            fits: true,
            is_affordable: true,
            is_canary: false,
            is_within_cap: true,
            is_drilled: false,
            latency_ms: Some(250),
        })
        .collect();
    let policy = Policy {
        id: "bench".to_owned(),
        embedded: true,
        ..Policy::default()
    };
    let gaps = [140_u32, 180, 220, 160, 900, 150, 170, 2_400];
    let (mut micros, mut calls): (Vec<f64>, usize) = (Vec::with_capacity(DECISIONS), 0);
    for seed in 0..DECISIONS as u64 {
        let features = place(&mut dice);
        let market = Market {
            bids: &bids,
            gaps: &gaps,
            worth: Worth {
                per_character: Money::from_pico_usd(20_000_000),
                lambda: 0.01,
                typical_kept: 25.0,
                attention: None,
            },
            left: Money::from_pico_usd(1_000_000_000_000),
            exploration: Exploration::default(),
            draw: Draw::from_seed(seed),
        };
        let standing = Standing {
            embedded_threshold: 0.6,
            can_record: true,
            market: Some(&market),
        };
        let started = Instant::now();
        let decision = decide(&features, &arms, &policy, standing);
        micros.push(started.elapsed().as_secs_f64() * 1e6);
        calls += usize::from(!decision.route.is_empty());
    }
    assert!(
        calls > DECISIONS / 100,
        "some places are worth a call: {calls}"
    );
    micros.sort_by(f64::total_cmp);
    let at = |share: f64| micros[((DECISIONS - 1) as f64 * share) as usize];
    println!(
        "a decision with {ARMS} arms: p50 {:.1} µs, p99 {:.1} µs, {calls} of {DECISIONS} calls",
        at(0.5),
        at(0.99)
    );
}
