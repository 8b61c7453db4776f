use serde_json::Value;

use super::super::tests::run_on;
use crate::cli::simulate::policy::tests::ledger;

async fn silence(people: u128, seed: Option<i64>) -> (Value, String) {
    let folder = ledger(people, seed).await;
    let path = folder.path().join("ledger.db");
    let json = run_on(&path, &["--json", "--frontier"]).await;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let table = run_on(&path, &["--frontier", "--by=tier"]).await;
    (json["silence"].clone(), table)
}

/// Half of 1,040 places are silent; at the others the only model was asked, as likely as not, and every
/// answer was accepted with 30 characters for a millionth of a dollar.
#[tokio::test]
async fn what_silence_missed_is_what_the_places_that_were_asked_brought() {
    let (silence, table) = silence(260, Some(1)).await;
    assert!(silence["refused"].is_null(), "{silence:#}");
    assert_eq!(
        (&silence["places"], &silence["asked"]),
        (&520.into(), &520.into())
    );
    let near = |field: &str, expected: f64| {
        for end in 0..3 {
            let found = silence[field][end].as_f64().expect("a number");
            assert!((found / expected - 1.0).abs() < 1e-9, "{field}: {found}");
        }
    };
    near("lost_accepts", 520.0);
    near("lost_characters", 15_600.0);
    near("saved_usd", 0.000_52);
    assert_eq!(silence["measure"], "accepted_characters");
    let line = table.lines().find(|line| line.contains("accepts missed"));
    let words: Vec<&str> = line.expect("a line").split_whitespace().collect();
    assert_eq!(words[2..], ["520", "520", "to", "520"], "{table}");
}

#[tokio::test]
async fn too_few_places_are_counted_and_it_says_how_many_would_do() {
    let (few, table) = silence(40, Some(1)).await;
    let why = few["refused"].as_str().expect("a reason");
    assert!(
        why.contains("80 such places") && why.contains("40 effective"),
        "{why}"
    );
    assert!(why.contains("5 times as long"), "{why}");
    assert!(few["lost_accepts"].is_null() && few["saved_usd"].is_null());
    assert!(table.contains("effective user-days"), "{table}");
    let (undrawn, _) = silence(40, None).await;
    assert_eq!(undrawn["places"], 0);
    let why = undrawn["refused"].as_str().expect("a reason");
    assert!(why.starts_with("nobody was left unasked"), "{why}");
}

#[tokio::test]
async fn nobody_who_does_not_ask_for_it_waits_for_it() {
    let folder = ledger(1, Some(1)).await;
    let json = run_on(&folder.path().join("ledger.db"), &["--json"]).await;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert!(json["silence"].is_null());
    // Where savings are shown, it says how to ask.
    let demo = crate::cli::report::demo::write().await.expect("a month");
    let september = ["--since=2026-09-01", "--until=2026-10-01", "--by=tier"];
    let table = run_on(&demo.ledger, &september).await;
    let line = table.lines().find(|line| line.starts_with(" by silence"));
    assert!(line.expect("a line").contains("--frontier"), "{table}");
}

/// In the made-up month, a hosted model that is drawn by lot is accepted a third of the times that it is
/// offered, has an answer at 84 of a hundred calls, and 82 of a hundred answers are offered.
#[tokio::test]
async fn the_made_up_month_knows_what_its_silence_missed() {
    let nowhere = std::path::Path::new("/nowhere/ledger.sqlite3");
    let json = run_on(nowhere, &["--demo", "--json", "--by=tier"]).await;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let silence = &json["silence"];
    let places = silence["places"].as_f64().expect("a count");
    let number = |end: usize| silence["lost_accepts"][end].as_f64().expect("a number");
    let truth = places * 0.84 * 0.82 * (0.27 + 0.32 + 0.41) / 3.0;
    assert!(
        (number(1)..number(2)).contains(&truth),
        "{truth} {silence:#}"
    );
    assert!(
        number(2) - number(1) < truth / 2.0,
        "it is known well enough to be of use"
    );
    assert_eq!(silence["measure"], "kept_characters");
}
