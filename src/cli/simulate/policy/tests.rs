use super::*;
use crate::cli::simulate::tests::simulate_at;
use crate::domain::{
    Action, ArmEstimate, CallRow, DecisionRow, Exclusion, LedgerEvent, ModelId, Money, OutcomeKind,
    OutcomeRow, Tier,
};
use crate::ledger::Ledger;
use crate::ledger::tests::rows;

fn arm(model: &str, cost: i64, excluded: Option<Exclusion>) -> ArmEstimate {
    ArmEstimate {
        model: ModelId::new(model),
        tier: Tier::OpenSource,
        p_accept: None,
        kept_chars: None,
        cost: Some(Money::from_pico_usd(cost)),
        latency_ms: None,
        propensity: None,
        excluded,
    }
}

/// So many people, each with four decision points of one day. Every other one asks a model, which
/// costs a millionth of a dollar and is accepted with 30 characters; the others are silent. One in
/// two was as likely as the other.
pub(in crate::cli) async fn ledger(people: u128, seed: Option<i64>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::open(&folder.path().join("ledger.db")).await;
    let ledger = ledger.expect("a ledger");
    for n in 0..people * 4 {
        // Two people in three ask on even points, so that days differ.
        let is_asked = n % 2 == u128::from(n / 4 % 3 == 0);
        let mut who = rows::who();
        who.user = Some(format!("u{}", n / 4));
        let row = DecisionRow {
            who,
            action: if is_asked {
                Action::Call
            } else {
                Action::Silent
            },
            arm: is_asked.then(|| ModelId::new("m")),
            arms: vec![
                arm("embedded", 0, Some(Exclusion::NotSure)),
                arm("m", 1_000_000, None),
            ],
            propensity: if seed.is_some() { 0.5 } else { 1.0 },
            epsilon: seed.map(|_| 0.01),
            ..rows::decision(n + 1, None)
        };
        let mut events = vec![LedgerEvent::Decision(Box::new(row))];
        if is_asked {
            let call = CallRow {
                model: ModelId::new("m"),
                ..rows::call(n + 1, n + 1, Some(1_000_000))
            };
            events.push(LedgerEvent::Call(Box::new(call)));
            events.push(LedgerEvent::Outcome(OutcomeRow {
                characters: Some(30),
                ..rows::outcome(n + 1, n + 1, OutcomeKind::Accepted)
            }));
        }
        for event in events {
            ledger.record_and_wait(event).await.expect("it is written");
        }
    }
    ledger.close().await;
    folder
}

#[tokio::test]
async fn a_policy_that_always_asks_is_estimated_from_the_half_that_was_asked() {
    let folder = ledger(260, Some(1)).await;
    let (said, verdict) = simulate_at(&folder, &["--policy", "always=m", "--json"]).await;
    verdict.expect("there is enough");
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["decisions"], 1_040);
    assert_eq!(said["user_days"], 260);
    let near = |pointer: &str, expected: f64| {
        let found = said.pointer(pointer).and_then(Value::as_f64);
        let found = found.unwrap_or_else(|| panic!("{pointer} in {said:#}"));
        assert!(
            (found - expected).abs() <= expected * 1e-6,
            "{pointer}: {found}"
        );
    };
    near("/per_1000/accepted_characters/logged/0", 15_000.0);
    near("/per_1000/accepted_characters/policy/0", 30_000.0);
    near("/per_1000/cost_usd/policy/0", 0.001);
    near("/per_1000/cost_usd/change/0", 0.0005);
    let (text, _) = simulate_at(&folder, &["--policy", "free"]).await;
    assert!(text.contains("0 ["), "{text}");
}

#[tokio::test]
async fn thin_evidence_prints_what_there_is_and_is_refused() {
    let few = ledger(40, Some(1)).await;
    let (said, verdict) = simulate_at(&few, &["--policy", "always=m"]).await;
    assert!(
        said.contains("160 decision points of 40 user-days"),
        "{said}"
    );
    assert!(!said.contains("per 1,000 points"), "{said}");
    let why = verdict.expect_err("40 user-days").to_string();
    assert!(why.contains("only 40 effective user-days"), "{why}");

    let undrawn = ledger(260, None).await;
    let (_, verdict) = simulate_at(&undrawn, &["--policy", "always=m"]).await;
    let why = verdict.expect_err("nothing was drawn").to_string();
    assert!(why.contains("50 % of what it does"), "{why}");
}

#[tokio::test]
async fn without_its_only_model_a_policy_is_free_and_who_is_not_there_is_said() {
    let folder = ledger(260, Some(1)).await;
    let estimated = async |more: &[&str]| -> Value {
        let (said, verdict) = simulate_at(&folder, &[more, &["--json"]].concat()).await;
        verdict.expect("there is enough");
        serde_json::from_str(&said).expect("JSON")
    };
    let free = estimated(&["--policy", "free"]).await;
    for name in ["m", "mistral"] {
        let left = estimated(&["--policy", "always=m", "--without", name]).await;
        assert_eq!(left["per_1000"], free["per_1000"], "{name}");
        assert_eq!(left["policy"], format!("always=m without {name}"));
    }
    let more = ["--policy", "always=m", "--without", "nobody"];
    let (_, verdict) = simulate_at(&folder, &more).await;
    let why = verdict.expect_err("nobody has that name").to_string();
    assert!(
        why.contains("no call of this period went to `nobody`; there are the hosts"),
        "{why}"
    );
    let (_, verdict) = simulate_at(&folder, &["--without", "m"]).await;
    assert!(verdict.is_err(), "of calls alone it says nothing");
}
