//! What a ledger teaches, and how what was believed is judged.

use super::*;
use crate::domain::{Features, Money};

fn taught(language: &str, what: What) -> Taught {
    Taught {
        at: Timestamp::from_unix_micros(1),
        arm: ModelId::new("hosted"),
        features: Features::at_line_end(language),
        worst: Money::from_pico_usd(1_000),
        client: None,
        what,
    }
}

fn called() -> What {
    What::Called {
        outcome: CallOutcome::Done,
        behind: "hosted-1".into(),
        cost: Some(Money::from_pico_usd(250)),
        duration_ms: 200,
        was_usable: true,
    }
}

fn ended(is_accepted: bool) -> What {
    What::Ended {
        kind: if is_accepted {
            OutcomeKind::Accepted
        } else {
            OutcomeKind::Dismissed
        },
        weight: 1.0,
        is_said: true,
    }
}

#[test]
fn beliefs_are_judged_before_the_outcome_teaches_them() {
    let mut training = Training::default();
    training.hear(&taught("rust", called()));
    training.hear(&taught("rust", ended(true)));
    let cell = &training.cells[&(ModelId::new("hosted"), "rust".to_owned())];
    // The bundled prior of an accept: the first outcome cannot have taught it.
    let mut untaught = Estimates::default();
    untaught.meet(&ModelId::new("hosted"), "hosted-1");
    let sight = Sight::of(&taught("rust", called()).features);
    let prior = untaught.probability(&ModelId::new("hosted"), &sight);
    assert_eq!(cell.offers.expected(), prior);
    assert_eq!((cell.offers.weight(), cell.offers.came()), (1.0, Some(1.0)));
}

#[test]
fn a_steady_model_comes_to_be_believed_and_the_error_is_small() {
    let mut training = Training::default();
    training.hear(&taught("rust", called()));
    let mut dice = crate::domain::Dice::new(1);
    let mut right = 0.0;
    for _ in 0..2_000 {
        let is_right = dice.share() < 0.3;
        right += f64::from(u8::from(is_right));
        training.hear(&taught("rust", What::Compared { is_match: is_right }));
        training.hear(&taught("rust", ended(is_right)));
        training.hear(&taught("rust", called()));
    }
    training.hear(&taught("rust", What::Kept(40)));
    let lines = training.lines();
    let [all, rust] = lines.as_slice() else {
        panic!("a model and its language: {lines:?}");
    };
    assert_eq!(
        (all.language.as_deref(), rust.language.as_deref()),
        (None, Some("rust"))
    );
    assert_eq!(rust.lines, 2_000);
    let share = right / 2_000.0;
    assert!((rust.right.expect("lines") - share).abs() < 1e-9);
    assert!((rust.accepted.expect("offers") - share).abs() < 1e-9);
    assert!(rust.calibration_error.expect("enough") < 0.05, "{rust:?}");
    let by_chance = rust.calibration_error_by_chance.expect("enough");
    assert!((0.001..0.03).contains(&by_chance), "{rust:?}");
    let text = show(&lines, 1, false);
    assert!(
        text.contains(&format!("{:.1} %", 100.0 * by_chance)),
        "{text}"
    );
    let posterior = training.estimates.posterior(&ModelId::new("hosted"));
    let expected = posterior
        .expect("it was met")
        .expected_cost(Money::from_pico_usd(1_000));
    assert!((expected.pico_usd() - 250).abs() < 5, "{expected:?}");
}

#[test]
fn few_offers_have_no_calibration_error() {
    let mut cell = Cell::default();
    (0..299).for_each(|_| cell.offers.observe(0.9, false, 1.0));
    assert_eq!(cell.offers.error(), None);
    cell.offers.observe(0.9, false, 1.0);
    assert!((cell.offers.error().expect("enough") - 0.9).abs() < 1e-9);
}

#[test]
fn a_ledger_without_calls_teaches_nothing_and_says_so() {
    let text = show(&[], 0, false);
    assert!(text.contains("nothing to teach"), "{text}");
}
