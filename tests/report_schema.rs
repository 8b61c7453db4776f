//! The JSON of `mantle report` is what `docs/report.schema.json` says: no field more, and none less.
//!
//! The schema lets fields be added, for that is no break of the contract; here it is read strictly, so that a
//! new field fails until it is in the schema.

use std::path::Path;
use std::process::Command;

use jsonschema::Validator;
use mantle_ls::domain::{
    BillingBasis, Booking, BookingRow, CallId, CallOutcome, CallRow, CompletionId, Correction,
    DecisionId, LedgerEvent, ModelId, Money, Protocol, RowId, Tier, Timestamp, TokenCount, Usage,
};
use mantle_ls::engine::Clock;
use mantle_ls::ledger::Ledger;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

const NOVEMBER: &str = "tests/fixtures/margin/november.jsonl";
const ALL: &str = "--by=model,tier,language,day,host,lab,client,tenant,user,workspace,site,origin";

/// Runs the program with a folder of its own for all that it keeps; returns what it printed.
#[track_caller]
fn mantle(state: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_mantle"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("XDG_CONFIG_HOME", state)
        .env("XDG_STATE_HOME", state)
        .output()
        .expect("mantle runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {error}");
    String::from_utf8(output.stdout).expect("text")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn schema() -> Value {
    let state = folder();
    serde_json::from_str(&mantle(state.path(), &["report", "--schema"])).expect("JSON")
}

/// Lets no object have a field that its schema does not name.
fn make_strict(schema: &mut Value) {
    if let Some(fields) = schema.as_object_mut() {
        if fields.contains_key("properties") {
            fields.insert("additionalProperties".to_owned(), false.into());
        }
        fields.values_mut().for_each(make_strict);
    } else if let Some(items) = schema.as_array_mut() {
        items.iter_mut().for_each(make_strict);
    }
}

fn strict() -> Validator {
    let mut schema = schema();
    make_strict(&mut schema);
    jsonschema::validator_for(&schema).expect("a schema")
}

#[track_caller]
fn check(text: &str) -> Value {
    let report: Value = serde_json::from_str(text).expect("JSON");
    let faults: Vec<String> = strict()
        .iter_errors(&report)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    report
}

#[test]
fn what_is_printed_is_the_file_and_a_schema() {
    let file = include_str!("../docs/report.schema.json");
    let state = folder();
    assert_eq!(mantle(state.path(), &["report", "--schema"]), file);
    assert!(jsonschema::meta::is_valid(&schema()));
}

#[test]
fn the_made_up_month_by_everything_beside_another_is_as_the_schema_says() {
    let state = folder();
    let args = ["report", "--demo", "--json", ALL, "--compare", "--top=3"];
    let report = check(&mantle(state.path(), &args));
    for there in [
        "/margin/seats",
        "/margin/margin_at_risk",
        "/frontier/points/3",
        "/compare/totals",
    ] {
        assert!(
            report.pointer(there).is_some_and(|value| !value.is_null()),
            "{there}"
        );
    }
}

#[test]
fn a_ledger_that_holds_nothing_is_as_the_schema_says() {
    let state = folder();
    check(&mantle(state.path(), &["report", "--json", "--frontier"]));
}

#[test]
fn the_worked_month_is_as_the_schema_says() {
    let state = folder();
    mantle(state.path(), &["revenue", "import", NOVEMBER]);
    let period = ["--since=2026-11-01", "--until=2026-12-01"];
    let report = check(&mantle(
        state.path(),
        &[&["report", "--json", ALL], &period[..]].concat(),
    ));
    assert!(report.pointer("/margin/make_or_buy/model").is_some());
    assert!(report.pointer("/margin/committed/pools/1/name").is_some());
}

/// A call of yesterday that nobody has reported, with a correction by an invoice, in a report until now,
/// which tells where the month will end unless it has only begun.
#[test]
fn an_applied_invoice_and_the_end_of_the_month_are_as_the_schema_says() {
    let state = folder();
    const MICROS_PER_DAY: i64 = 86_400_000_000;
    let now = Clock::system().now().unix_micros();
    let yesterday = now - now.rem_euclid(MICROS_PER_DAY) - MICROS_PER_DAY;
    let at = Timestamp::from_unix_micros;
    let call = CallRow {
        id: CallId::from_uuid(Uuid::from_u128(1)),
        decision: DecisionId::from_uuid(Uuid::from_u128(2)),
        completion: CompletionId::from_uuid(Uuid::from_u128(3)),
        model: ModelId::new("m"),
        tier: Tier::Premium,
        protocol: Protocol::OpenAiCompletions,
        provider_model: "m".to_owned(),
        host: "api.example.com".to_owned(),
        lab: None,
        region: None,
        usage: Usage {
            input_total: Some(TokenCount::new(1_000)),
            ..Usage::default()
        },
        cost: Some(Money::from_pico_usd(1_000_000_000_000)),
        price_id: None,
        price_snapshot: None,
        basis: BillingBasis::Assumed,
        outcome: CallOutcome::Cancelled,
        status: None,
        first_token_ms: None,
        duration_ms: 10,
        at: at(yesterday),
    };
    let booking = BookingRow {
        id: RowId::from_uuid(Uuid::from_u128(4)),
        since: at(yesterday),
        until: Some(at(yesterday + MICROS_PER_DAY)),
        currency: "USD".to_owned(),
        reference: Some("bill.csv".to_owned()),
        booking: Booking::Correction(Correction {
            model: "m".to_owned(),
            supplier: "api.example.com".to_owned(),
            factor_ppm: 1_250_000,
        }),
        at: at(yesterday),
    };
    let path = state.path().join("mantle/ledger.sqlite3");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let ledger = Ledger::open(&path).await.expect("a ledger");
        for event in [
            LedgerEvent::Call(Box::new(call)),
            LedgerEvent::Booking(Box::new(booking)),
        ] {
            ledger.record_and_wait(event).await.expect("written");
        }
        ledger.close().await;
    });
    let report = check(&mantle(
        state.path(),
        &["report", "--json", "--seat-price=19"],
    ));
    let line = &report["margin"]["corrections"][0];
    assert_eq!(line["invoice"], "bill.csv");
    assert_eq!(line["correction_usd"], "0.250000");
    assert_eq!(report["margin"]["cost_usd"], "1.250000");
    assert_eq!(report["margin"]["metered"]["cost_usd"], "1.000000");
}

#[test]
fn a_field_too_many_or_too_few_is_found() {
    let state = folder();
    let text = mantle(state.path(), &["report", "--json"]);
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let strict = strict();
    let open = jsonschema::validator_for(&schema()).expect("a schema");
    assert!(strict.is_valid(&report));

    let mut more = report.clone();
    more["margin"]["unit_costs"]["new"] = json!(1);
    assert!(!strict.is_valid(&more));
    assert!(
        open.is_valid(&more),
        "who reads by it is not broken by a new field"
    );

    let mut less = report.clone();
    let totals = less["totals"].as_object_mut().expect("totals");
    totals.remove("requests");
    assert!(!open.is_valid(&less));

    let mut other = report;
    other["totals"]["cost_usd"] = json!(0.5);
    assert!(!open.is_valid(&other), "dollars are text");
}
