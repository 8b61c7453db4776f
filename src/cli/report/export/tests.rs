//! The forms for other programs, made of ledgers whose calls are known, and read back where we have
//! a reader.

mod columns;
mod corrected;

use std::process::ExitCode;

use clap::Parser;
use serde_json::Value;

use super::super::{demo, run};
use super::*;
use crate::cli::reconcile;
use crate::domain::{
    BillingBasis, BookingRow, CallRow, LedgerEvent, ModelId, Money, Rates, RowId, TokenCount, Usage,
};
use crate::ledger::Ledger;
use crate::ledger::margin::CallGroup;
use crate::ledger::tests::rows::{self, at};
use crate::prices::PriceBook;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    report: ReportArgs,
}

fn list_price(calls: &CallGroup) -> Option<Rates> {
    let row = PriceBook::bundled().listed(calls.price_id.as_deref()?, calls.at);
    row.map(|row| row.rates)
}

const TWO_DAYS: i64 = 2 * 86_400;

async fn export(ledger: &Path, args: &[&str]) -> anyhow::Result<String> {
    let words = std::iter::once("report").chain(args.iter().copied());
    let args = Line::try_parse_from(words)?.report;
    let prices = PriceLists {
        rates: &list_price,
        announced: &|_| Vec::new(),
    };
    let mut out = Vec::new();
    run(args, ledger, at(TWO_DAYS), &prices, &mut out).await?;
    Ok(String::from_utf8(out)?)
}

/// Puts an export beside the ledger that it was made of.
async fn reconciled(focus: &str, ledger: &Path) -> (ExitCode, Value) {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: reconcile::ReconcileArgs,
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("focus.csv");
    std::fs::write(&file, focus).expect("a file");
    let words = ["reconcile", file.to_str().expect("UTF-8"), "--json"];
    let args = Line::parse_from(words).args;
    let mut out = Vec::new();
    let code = reconcile::run(&args, ledger, rows::at(0), &mut out).await;
    let json = serde_json::from_slice(&out).expect("JSON");
    (code.expect("a comparison"), json)
}

/// Calls on 10 November 2026. What they cost at list price is 0.30 and 0.90 dollars per million
/// tokens: 1,000 of input and 100 of output are 390 micro-USD.
///
/// - one at list price; one for 10 micro-USD more;
/// - one at a price of its own, for 5 micro-USD, whose rates nobody knows any more;
/// - one whose cost is not known, and one on a pool;
/// - hosting for 30 dollars a month, from that day on.
async fn five_calls() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.db");
    let ledger = Ledger::open(&path).await.expect("a ledger");
    let call = |n: u128, price: &str, micros: Option<i64>| CallRow {
        usage: Usage {
            input_total: Some(TokenCount::new(1_000)),
            output_total: Some(TokenCount::new(100)),
            ..Usage::default()
        },
        price_id: Some(price.to_owned()),
        status: None,
        at: at(3_600),
        ..rows::call(n, n, micros.map(|micros| micros * 1_000_000))
    };
    let listed = "mistral/codestral-2508";
    let calls = [
        call(1, listed, Some(390)),
        CallRow {
            basis: BillingBasis::Partial,
            ..call(2, listed, Some(400))
        },
        CallRow {
            region: None,
            lab: None,
            ..call(3, "own", Some(5))
        },
        CallRow {
            provider_model: "new, \"odd\"".to_owned(),
            ..call(4, "nowhere/new", None)
        },
        CallRow {
            model: ModelId::new("qwen"),
            provider_model: "qwen".to_owned(),
            host: "gpu-1".to_owned(),
            ..call(5, "pool/l4", Some(0))
        },
    ];
    for call in calls {
        ledger
            .record(LedgerEvent::Call(Box::new(call)))
            .expect("room in the queue");
    }
    let hosting = BookingRow {
        id: RowId::from_uuid(uuid::Uuid::from_u128(77)),
        since: at(0),
        until: None,
        currency: "USD".to_owned(),
        reference: None,
        booking: Booking::Cost {
            name: "hosting".to_owned(),
            amount: Money::from_pico_usd(30_000_000_000_000),
            monthly: true,
        },
        at: at(0),
    };
    ledger
        .record(LedgerEvent::Booking(Box::new(hosting)))
        .expect("room in the queue");
    ledger.close().await;
    (folder, path)
}

fn columns(csv: &str, wanted: &[&str]) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let place = |name: &&str| header.iter().position(|column| column == *name);
    let places: Vec<usize> = wanted
        .iter()
        .map(|name| place(name).expect("a column"))
        .collect();
    let rows = reader.records().map(|row| row.expect("a row"));
    rows.map(|row| places.iter().map(|at| row[*at].to_owned()).collect())
        .collect()
}

#[tokio::test]
async fn what_focus_says_of_the_made_up_month_leaves_nothing_unexplained() {
    let demo = demo::write().await.expect("a month");
    let month = ["--since=2026-09-01", "--until=2026-10-01"];
    let focus = export(&demo.ledger, &[&month[..], &["--format=focus"]].concat()).await;
    let (code, json) = reconciled(&focus.expect("rows"), &demo.ledger).await;
    assert_eq!(code, ExitCode::SUCCESS);
    assert_eq!(json["shape"], "focus");
    assert_eq!(json["unexplained_usd"], "0.000000");
    assert_eq!(json["unexplained_share"], 0.0);
    let days = json["days"].as_array().expect("days");
    assert_eq!(days.len(), 30);
    for line in days
        .iter()
        .chain(json["models"].as_array().expect("models"))
    {
        assert_eq!(line["invoice"], line["ledger"], "{line}");
    }
    // The pool and hosting are about no model.
    assert_eq!(json["other"]["rows"], 2);
    assert_eq!(json["other"]["cost_usd"], "516.000000");
}

#[tokio::test]
async fn rows_of_focus_keep_list_price_difference_and_the_unknown_apart() {
    let (_folder, path) = five_calls().await;
    let asked = [
        "--since=2026-11-10T07:00:00Z",
        "--until=2026-11-10T08:00:00Z",
    ];
    let focus = export(&path, &[&asked[..], &["--format=focus"]].concat())
        .await
        .expect("rows");
    insta::assert_snapshot!(focus);
    // Whole days: the calls were made before the period begins.
    let (code, json) = reconciled(&focus, &path).await;
    assert_eq!(code, ExitCode::SUCCESS);
    assert_eq!(json["unexplained_usd"], "0.000000");
    assert_eq!(json["totals"]["ledger"]["cost_usd"], "0.000795");
    for line in json["models"].as_array().expect("models") {
        assert_eq!(line["invoice"], line["ledger"], "{line}");
    }
    // Nobody knows what the call of that one cost, and FOCUS has no row for that.
    let models = columns(&focus, &["x_Model"]).concat();
    assert!(
        models.iter().all(|model| !model.starts_with("new")),
        "{models:?}"
    );
}

/// Every line says what the one before it allows: a family is described before its samples, and is
/// never taken up again.
#[tokio::test]
async fn the_exposition_of_the_example_has_the_form_of_openmetrics_and_no_names_of_people() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.db");
    crate::ledger::tests::example::write(&path).await;
    let asked = ["--since=1d", "--seat-price=19", "--format=openmetrics"];
    let text = export(&path, &asked).await.expect("an exposition");
    insta::assert_snapshot!(text);
    let mut families: Vec<&str> = Vec::new();
    for line in text.lines() {
        if let Some(described) = line.strip_prefix("# TYPE ") {
            let name = described.split(' ').next().expect("a name");
            assert!(!families.contains(&name), "{name} twice");
            families.push(name);
        } else if !line.starts_with('#') {
            let family = families.last().expect("a family");
            assert!(line.starts_with(family), "{line}");
        }
    }
    assert!(text.ends_with("\n# EOF\n"));
    for hidden in ["u1", "w1", "t1", "Neovim", "rust"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    // The dollar just before the period counts, for counters know no period.
    assert!(
        text.contains("mantle_cost_micro_usd_total 1012900\n"),
        "{text}"
    );
}

#[tokio::test]
async fn an_empty_exposition_has_no_samples_of_what_is_not_known() {
    let text = export(Path::new("/nowhere/ledger.db"), &["--format=openmetrics"]).await;
    let text = text.expect("an exposition");
    assert!(text.ends_with("# EOF\n"));
    assert!(!text.contains("\nmantle_gross_margin_ratio "), "{text}");
    let simulated = export(Path::new("/nowhere"), &["--demo", "--format=openmetrics"]).await;
    assert!(
        simulated
            .expect("a month")
            .contains("\nmantle_simulated 1\n")
    );
}

#[tokio::test]
async fn a_day_of_the_example_has_the_names_of_copilots_metrics() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.db");
    crate::ledger::tests::example::write(&path).await;
    let text = export(&path, &["--since=2d", "--format=copilot"]).await;
    let text = text.expect("lines");
    let days: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let first = serde_json::to_string_pretty(&days[0]).expect("JSON");
    insta::assert_snapshot!(first);
    // See the example: three were offered on the 11th, and one of them was accepted.
    assert_eq!(days.len(), 2);
    assert_eq!(days[1]["day"], "2026-11-11");
    assert_eq!(days[1]["code_generation_activity_count"], 3);
    assert_eq!(days[1]["code_acceptance_activity_count"], 1);
    for day in &days {
        for parts in [
            "totals_by_ide",
            "totals_by_language_feature",
            "totals_by_language_model",
        ] {
            for name in [
                "code_generation_activity_count",
                "code_acceptance_activity_count",
            ] {
                let parts = day[parts].as_array().expect("lines").iter();
                let sum: u64 = parts.filter_map(|line| line[name].as_u64()).sum();
                assert_eq!(day[name], sum, "{name}");
            }
        }
        assert!(day["loc_added_sum"].is_null());
    }
    assert!(!text.contains("u1") && !text.contains("w1"), "{text}");
}

#[tokio::test]
async fn who_was_active_in_a_week_counts_the_days_before_the_period() {
    let demo = demo::write().await.expect("a month");
    let text = export(
        &demo.ledger,
        &[
            "--since=2026-09-30",
            "--until=2026-10-01",
            "--format=copilot",
        ],
    );
    let day: Value = serde_json::from_str(&text.await.expect("a line")).expect("JSON");
    let count = |name: &str| day[name].as_u64().expect("a count");
    assert!(count("daily_active_users") <= count("weekly_active_users"));
    assert!(count("weekly_active_users") <= count("monthly_active_users"));
    assert_eq!(count("monthly_active_users"), 200);
}

#[tokio::test]
async fn a_ledger_that_is_absent_is_a_header_and_no_error() {
    let rows = export(Path::new("/nowhere/ledger.db"), &["--format=focus"]).await;
    let rows = rows.expect("a header");
    assert!(rows.starts_with("BilledCost,"), "{rows}");
    assert_eq!(rows.lines().count(), 1);
}

#[tokio::test]
async fn what_has_no_place_in_an_export_is_refused_with_what_to_do() {
    for wrong in [&["--by", "model"][..], &["--top", "3"], &["--compare"]] {
        let error = export(
            Path::new("/nowhere/ledger.db"),
            &[wrong, &["--format", "focus"]].concat(),
        )
        .await
        .expect_err("taken");
        let said = error.to_string();
        assert!(
            said.contains(wrong[0]) && said.contains("--format focus"),
            "{said}"
        );
        let error = error.downcast::<clap::Error>().expect("wrong use");
        assert_eq!(error.exit_code(), 2);
    }
}
