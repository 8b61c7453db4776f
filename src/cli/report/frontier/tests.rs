use serde_json::Value;

use super::super::tests::run_on;
use crate::cli::simulate::policy::tests::ledger;

fn point<'v>(frontier: &'v Value, policy: Option<&str>) -> &'v Value {
    let points = frontier["points"].as_array().expect("points");
    let found = points
        .iter()
        .find(|point| point["policy"].as_str() == policy);
    found.unwrap_or_else(|| panic!("no {policy:?} in {frontier:#}"))
}

async fn frontier(people: u128, seed: Option<i64>, options: &[&str]) -> Value {
    let folder = ledger(people, seed).await;
    let path = folder.path().join("ledger.db");
    let said = run_on(&path, &[&["--json"], options].concat()).await;
    let said: Value = serde_json::from_str(&said).expect("JSON");
    said["frontier"].clone()
}

/// One in two decision points asks the model, for a millionth of a dollar and 30 characters, and all
/// of the seat's 19 dollars but those 0.00052 are left.
#[tokio::test]
async fn points_lie_between_paying_nobody_and_the_model_everywhere() {
    let options = ["--frontier", "--seat-price", "19"];
    let frontier = frontier(260, Some(1), &options).await;
    assert_eq!(frontier["measure"], "accepted_characters");
    assert_eq!(frontier["decisions"], 1_040);
    assert_eq!(frontier["user_days"], 260);
    let near = |policy: Option<&str>, field: &str, expected: f64| {
        let found = point(&frontier, policy)[field][0].as_f64();
        let found = found.expect("a number");
        assert!(
            (found - expected).abs() <= expected.abs() * 1e-6 + 1e-12,
            "{policy:?} {field}: {found}"
        );
    };
    near(Some("free"), "characters", 0.0);
    near(Some("free"), "cost_usd", 0.0);
    near(None, "characters", 15_000.0);
    near(None, "cost_usd", 0.000_5);
    near(Some("always=m"), "characters", 30_000.0);
    near(Some("always=m"), "cost_usd", 0.001);
    // Another half of 1,040 calls is 0.00052 dollars more.
    let margin = |policy| {
        let margin = &point(&frontier, policy)["gross_margin"][0];
        margin.as_f64().expect("there is revenue")
    };
    assert!((margin(None) - margin(Some("always=m")) - 0.000_52 / 19.0).abs() < 1e-6);
    for policy in [None, Some("free"), Some("always=m")] {
        assert_eq!(point(&frontier, policy)["is_on_frontier"], true);
    }
    // Its rows do not say what the model was expected to bring.
    let out = frontier["left_out"].as_array().expect("a list");
    assert_eq!((out.len(), &out[0]["policy"]), (1, &"worth=…".into()));
    let reason = out[0]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("100 % of the decisions"), "{reason}");
}

#[tokio::test]
async fn without_chance_or_evidence_there_is_what_was_and_the_reason() {
    let undrawn = frontier(260, None, &["--frontier"]).await;
    let why = undrawn["refused"].as_str().expect("a reason");
    assert!(
        why.starts_with("no decision of this period was drawn"),
        "{why}"
    );
    assert_eq!(undrawn["points"].as_array().map(Vec::len), Some(1));
    assert!(point(&undrawn, None)["gross_margin"].is_null());

    let few = frontier(40, Some(1), &["--frontier"]).await;
    assert!(few["refused"].is_null());
    let out = few["left_out"].as_array().expect("a list");
    let always = out.iter().find(|out| out["policy"] == "always=m");
    let reason = &always.expect("it is left out")["reason"];
    assert!(
        reason.as_str().expect("text").contains("40 effective"),
        "{reason}"
    );
}

#[tokio::test]
async fn nobody_who_does_not_ask_for_it_waits_for_it() {
    assert!(frontier(1, Some(1), &[]).await.is_null());
}

/// Who pays more for a character gets more of them, and less margin is left: the made-up month is made
/// so, and the estimates find it.
#[tokio::test]
async fn the_made_up_month_has_a_curve() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = run_on(&folder.path().join("no.db"), &["--demo", "--json"]).await;
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let frontier = &said["frontier"];
    assert_eq!(frontier["measure"], "kept_characters");
    let at = |policy, field: &str| {
        let number = point(frontier, Some(policy))[field][0].as_f64();
        number.expect("a number")
    };
    let course = ["free", "worth=0.01", "worth=0.3", "worth=3", "always=opus"];
    for pair in course.windows(2) {
        let (less, more) = (pair[0], pair[1]);
        assert!(at(less, "characters") < at(more, "characters"), "{pair:?}");
        let dearer = at(less, "gross_margin") >= at(more, "gross_margin");
        assert!(dearer, "{pair:?}");
    }
    let was = point(frontier, None);
    let margin = said["totals"]["gross_margin"].as_f64().expect("revenue");
    assert!((was["gross_margin"][0].as_f64().expect("revenue") - margin).abs() < 1e-6);
}
