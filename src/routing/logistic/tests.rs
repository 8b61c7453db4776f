use proptest::prelude::*;

use super::*;
use crate::domain::Dice;
use crate::routing::vector::Encoder;

const SLOTS: u32 = 128;

fn place(x: f64, language: &str) -> FeatureVector {
    let mut encoder = Encoder::new(SLOTS);
    encoder.number("x", x).kind("language", language);
    encoder.finish()
}

fn fresh() -> Logistic {
    Logistic::new(SLOTS, 0.0, 1.0, 1.0)
}

/// Places whose truth is known: the logit is 2x, and 1 more in Rust.
fn table(n: usize, seed: u64) -> Vec<(FeatureVector, f64)> {
    let mut dice = Dice::new(seed);
    (0..n)
        .map(|_| {
            let x = 4.0 * dice.share() - 2.0;
            let is_rust = dice.share() < 0.5;
            let truth = 2.0 * x + f64::from(u8::from(is_rust));
            let label = f64::from(u8::from(dice.share() < sigmoid(truth)));
            (place(x, if is_rust { "rust" } else { "go" }), label)
        })
        .collect()
}

fn examples(table: &[(FeatureVector, f64)]) -> Vec<Example<'_>> {
    table
        .iter()
        .map(|(features, label)| Example {
            features,
            label: *label,
            weight: 1.0,
        })
        .collect()
}

#[track_caller]
fn check_knows(model: &Logistic, within: f64) {
    for (x, language, truth) in [(1.0, "rust", 3.0), (-1.0, "go", -2.0), (0.0, "rust", 1.0)] {
        let p = sigmoid(model.believe(&place(x, language)).mean);
        assert!((p - sigmoid(truth)).abs() < within, "{language} {x}: {p}");
    }
}

#[test]
fn online_and_in_one_go_it_finds_the_truth() {
    let table = table(3_000, 5);
    let mut online = fresh();
    for example in examples(&table) {
        online.observe(example, Channel::CLEAR);
    }
    check_knows(&online, 0.07);
    let mut fitted = fresh();
    fitted.fit(&examples(&table), 50);
    check_knows(&fitted, 0.05);
}

#[test]
fn evidence_narrows_and_what_was_never_seen_stays_wide() {
    let mut model = fresh();
    let seen = place(0.5, "rust");
    let before = model.believe(&seen).deviation;
    model.fit(&examples(&table(500, 1)), 50);
    assert!(model.believe(&seen).deviation < before / 2.0);
    assert!(model.believe(&place(0.0, "cobol")).deviation > model.believe(&seen).deviation);
}

#[test]
fn a_blurred_label_is_read_for_what_it_is() {
    // 80 % of the accepts are seen, and 10 % of the others look like one: where half are accepted,
    // 45 % read so.
    let channel = Channel {
        sensitivity: 0.8,
        false_positives: 0.1,
    };
    assert!((channel.corrected(0.45) - 0.5).abs() < 1e-12);
    let mut dice = Dice::new(3);
    let mut model = fresh();
    let here = place(0.0, "rust");
    for _ in 0..3_000 {
        let label = f64::from(u8::from(dice.share() < 0.45));
        let example = Example {
            features: &here,
            label,
            weight: 1.0,
        };
        model.observe(example, channel);
    }
    let p = sigmoid(model.believe(&here).mean);
    assert!((p - 0.5).abs() < 0.06, "{p}");
}

#[test]
fn old_evidence_fades_and_a_change_is_followed() {
    let here = place(0.0, "rust");
    let mut model = fresh();
    let teach = |model: &mut Logistic, label: f64, times: usize| {
        for _ in 0..times {
            let example = Example {
                features: &here,
                label,
                weight: 1.0,
            };
            model.observe(example, Channel::CLEAR);
        }
    };
    teach(&mut model, 1.0, 20_000);
    assert!(model.observed() <= MEMORY);
    assert!(sigmoid(model.believe(&here).mean) > 0.95);
    teach(&mut model, 0.0, 6_000);
    assert!(sigmoid(model.believe(&here).mean) < 0.1);
}

#[test]
fn a_level_below_begins_where_the_one_above_stands_and_moves_sooner() {
    let mut tenant = fresh();
    tenant.fit(&examples(&table(2_000, 9)), 50);
    let mut user = tenant.below(50.0);
    let here = place(1.0, "rust");
    assert_eq!(user.believe(&here).mean, tenant.believe(&here).mean);
    assert!(user.believe(&here).deviation > tenant.believe(&here).deviation);
    for _ in 0..60 {
        let example = Example {
            features: &here,
            label: 0.0,
            weight: 1.0,
        };
        user.observe(example, Channel::CLEAR);
        tenant.observe(example, Channel::CLEAR);
    }
    assert!(user.believe(&here).mean < tenant.believe(&here).mean - 0.5);
}

#[test]
fn a_new_arm_begins_among_its_siblings_with_three_times_their_variance() {
    let mut one = fresh();
    one.fit(&examples(&table(400, 1)), 50);
    let mut other = fresh();
    other.fit(&examples(&table(400, 2)), 50);
    let new = Logistic::like(&[&one, &other]).expect("it has siblings");
    let here = place(0.7, "rust");
    let (a, b, c) = (one.believe(&here), other.believe(&here), new.believe(&here));
    assert!((c.mean - (a.mean + b.mean) / 2.0).abs() < 1e-4);
    let mean_variance = (a.deviation.powi(2) + b.deviation.powi(2)) / 2.0;
    assert!((c.deviation.powi(2) / mean_variance - 3.0).abs() < 0.1);
    assert!(Logistic::like(&[]).is_none());
}

#[test]
fn two_processes_that_began_alike_are_added_up() {
    let table = table(600, 4);
    let (first, second) = table.split_at(300);
    let base = fresh();
    let learn = |mut model: Logistic, rows: &[(FeatureVector, f64)]| {
        for example in examples(rows) {
            model.observe(example, Channel::CLEAR);
        }
        model
    };
    let mut merged = learn(base.clone(), first);
    assert!(merged.merge(&base, &learn(base.clone(), second)));
    let in_one = learn(base.clone(), &table);
    let here = place(1.0, "rust");
    let (merged, in_one) = (merged.believe(&here), in_one.believe(&here));
    assert!(
        (merged.mean - in_one.mean).abs() < 0.5,
        "{merged:?} {in_one:?}"
    );
    assert!((merged.deviation - in_one.deviation).abs() < 0.05);
}

#[test]
fn states_of_another_shape_are_not_mixed() {
    let mut model = fresh();
    let other = Logistic::new(64, 0.0, 1.0, 1.0);
    assert!(!model.merge(&other, &other));
    assert!(!other.is_sound(SLOTS));
    assert!(model.is_sound(SLOTS));
    model.now.mean[3] = f32::NAN;
    assert!(!model.is_sound(SLOTS));
}

proptest! {
    #[test]
    fn whatever_is_observed_it_stays_sound(
        rows in proptest::collection::vec((-1e4_f64..1e4, 0.0_f64..=1.0, 0.0_f64..2.0), 0..60),
    ) {
        let mut model = fresh();
        for (x, label, weight) in rows {
            let features = place(x, "rust");
            model.observe(Example { features: &features, label, weight }, Channel::CLEAR);
            let belief = model.believe(&features);
            prop_assert!(belief.mean.is_finite() && belief.deviation.is_finite());
        }
        prop_assert!(model.is_sound(SLOTS));
    }
}
