use clap::Parser;

use super::*;
use crate::ledger::tests::{example, rows};

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    report: ReportArgs,
}

fn parse(args: &[&str]) -> Result<ReportArgs, clap::Error> {
    let words = std::iter::once("report").chain(args.iter().copied());
    Command::try_parse_from(words).map(|command| command.report)
}

const TWO_DAYS: i64 = 2 * 86_400;

pub(super) async fn run_on(path: &Path, args: &[&str]) -> String {
    let args = parse(args).expect("right use");
    let mut out = Vec::new();
    run(
        args,
        path,
        rows::at(TWO_DAYS),
        &PriceLists::UNKNOWN,
        &mut out,
    )
    .await
    .expect("a report");
    String::from_utf8(out).expect("text")
}

async fn example_report(by: &[Dimension]) -> MarginReport {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("ledger.db");
    example::write(&path).await;
    let query = ReportQuery {
        by: by.to_vec(),
        ..example::query()
    };
    read(&path, &query, &PriceLists::UNKNOWN)
        .await
        .expect("a report")
        .0
}

#[tokio::test]
async fn the_example_is_laid_out_in_tables() {
    let report = example_report(Dimension::DEFAULT).await;
    insta::assert_snapshot!(layout::report(&report, None, None));
}

#[tokio::test]
async fn a_narrow_terminal_shows_fewer_columns_and_breaks_no_number() {
    let report = example_report(&[Dimension::Client]).await;
    let text = layout::report(&report, None, Some(50));
    assert!(
        text.lines().all(|line| line.chars().count() <= 50),
        "{text}"
    );
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn the_period_is_counted_from_now() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("ledger.db");
    example::write(&path).await;
    let by_since = run_on(&path, &["--since", "2d", "--json", "--seat-price", "19.00"]).await;
    let (expected, _) = read(&path, &example::query(), &PriceLists::UNKNOWN)
        .await
        .expect("a report");
    let expected = serde_json::to_value(&expected).expect("JSON");
    let mut said: serde_json::Value = serde_json::from_str(&by_since).expect("JSON");
    // A report until now says where the month will end, beside what was.
    let month_end = said
        .as_object_mut()
        .and_then(|said| said.remove("month_end"));
    assert_eq!(month_end.expect("it is until now")["month"], "2026-11-01");
    assert_eq!(said, expected);
    let by_date = run_on(
        &path,
        &[
            "--since=2026-11-10",
            "--until=2026-11-12T00:00:00Z",
            "--json",
            "--seat-price=19",
            "--by=model,tier,language,day",
        ],
    )
    .await;
    assert_eq!(by_date, by_since);
}

#[tokio::test]
async fn events_that_wait_in_a_side_file_are_said_to_be_missing() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("ledger.db");
    example::write(&path).await;
    assert!(!run_on(&path, &[]).await.contains("Not counted"));
    std::fs::write(folder.path().join("ledger-spool-1.jsonl"), "").expect("a side file");
    assert!(
        run_on(&path, &[])
            .await
            .contains("Not counted: 1 side file")
    );
}

#[tokio::test]
async fn a_ledger_that_is_absent_or_empty_is_a_hint_and_no_error() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("ledger.db");
    let absent = run_on(&path, &[]).await;
    assert!(
        absent.starts_with("nothing recorded yet: there is no ledger at "),
        "{absent}"
    );
    assert!(!path.exists(), "reporting made a file");

    let ledger = crate::ledger::Ledger::open(&path)
        .await
        .expect("a new ledger");
    let empty = run_on(&path, &[]).await;
    assert!(
        empty.starts_with("nothing recorded yet: the ledger "),
        "{empty}"
    );
    assert_eq!(empty.lines().count(), 1);
    ledger.close().await;
}

#[tokio::test]
async fn an_absent_ledger_has_the_same_json_form() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("ledger.db");
    let text = run_on(&path, &["--json", "--by", "model"]).await;
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["version"], 1);
    assert_eq!(json["totals"]["requests"], 0);
    assert_eq!(json["totals"]["cost_usd"], "0.000000");
    assert!(json["totals"]["acceptance_rate"].is_null());
    assert!(json["totals"]["gross_margin"].is_null());
    assert_eq!(json["by"], serde_json::json!({"model": []}));
}

/// Calls of the first day cost 468 + 32 micro-USD, those of the second 12,300 + 100, and one that
/// nobody knows: 11,900 more.
#[tokio::test]
async fn a_period_is_compared_with_the_one_before_it() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("ledger.db");
    example::write(&path).await;
    let text = run_on(&path, &["--since=1d", "--by=model", "--compare"]).await;
    insta::assert_snapshot!(text);
    let day = [
        "--since=2026-11-10",
        "--until=2026-11-11",
        "--by=model",
        "--json",
    ];
    let first: serde_json::Value = serde_json::from_str(&run_on(&path, &day).await).expect("JSON");
    for compare in [
        "--compare",
        "--compare=previous",
        "--compare=2026-11-10",
        "--compare=2d",
    ] {
        let both = run_on(&path, &["--since=1d", "--by=model", "--json", compare]).await;
        let both: serde_json::Value = serde_json::from_str(&both).expect("JSON");
        assert_eq!(both["version"], 1);
        assert_eq!(both["period"]["since"], "2026-11-11T00:00:00Z");
        assert_eq!(both["compare"]["period"], first["period"], "{compare}");
        assert_eq!(both["compare"]["by"], first["by"], "{compare}");
    }
}

#[tokio::test]
async fn the_dearest_lines_and_one_for_the_others_add_up_to_the_whole() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("ledger.db");
    example::write(&path).await;
    let text = run_on(&path, &["--since=2d", "--by=model", "--top=1", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let lines = json["by"]["model"].as_array().expect("lines");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0]["cost_usd"], "0.012300");
    assert_eq!(lines[1]["key"], crate::ledger::OTHERS);
    // All calls cost 0.012900; see the example.
    assert_eq!(lines[1]["cost_usd"], "0.000600");
}

#[test]
fn a_team_is_a_tenant_by_another_name() {
    let by = |name: &str| parse(&["--by", name]).expect("right use").by;
    assert_eq!(by("team"), [Dimension::Tenant]);
    assert_eq!(by("team,tenant,day").len(), 3);
}

#[tokio::test]
async fn comma_separated_values_are_the_lines_of_the_json_form() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("ledger.db");
    example::write(&path).await;
    let asked = [
        "--since=1d",
        "--by=model,day",
        "--compare",
        "--seat-price=19",
    ];
    let json = run_on(&path, &[&asked[..], &["--format=json"]].concat()).await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let csv = run_on(&path, &[&asked[..], &["--format=csv"]].concat()).await;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
    let mut expected = Vec::new();
    for report in [&json, &json["compare"]] {
        expected.push((report, "total", &report["totals"]));
        for dimension in ["model", "day"] {
            let lines = report["by"][dimension].as_array().expect("lines");
            expected.extend(lines.iter().map(|line| (report, dimension, line)));
        }
    }
    assert_eq!(rows.len(), expected.len());
    for (row, (report, dimension, line)) in rows.iter().zip(expected) {
        assert_eq!(row[0], *report["period"]["since"].as_str().expect("a time"));
        assert_eq!(row[1], *report["period"]["until"].as_str().expect("a time"));
        assert_eq!(row[2], *dimension);
        let line = line.as_object().expect("fields");
        let fields = line.keys().filter(|name| *name != "key").count();
        assert_eq!(header.len(), 4 + fields, "{header:?}");
        for (name, value) in header.iter().zip(row).skip(4) {
            let text = match &line[name] {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(value, text, "{name}");
        }
    }
}

#[tokio::test]
async fn wrong_use_says_how_to_say_it() {
    #[track_caller]
    fn check(args: &[&str], hint: &str) {
        let error = parse(args).expect_err("taken");
        assert_eq!(error.exit_code(), 2, "{error}");
        assert!(error.to_string().contains(hint), "{error}");
    }
    check(&["--since", "yesterday"], "write it like 30d");
    check(&["--by", "modell"], "model");
    check(&["--seat-price", "19,00"], "write it like");
    check(&["--seats", "0"], "1..");
    check(&["--top", "0"], "1..");
    check(&["--json", "--format", "csv"], "cannot be used with");
    check(&["--compare", "last"], "write it like 30d");

    let backwards = parse(&["--since", "1h", "--until", "2h"]).expect("each is a moment");
    let missing = Path::new("no ledger is opened");
    let error = run(
        backwards,
        missing,
        rows::at(0),
        &PriceLists::UNKNOWN,
        &mut Vec::new(),
    )
    .await
    .expect_err("a period backwards");
    let error = error.downcast::<clap::Error>().expect("wrong use");
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("earlier --since"), "{error}");
}

#[tokio::test]
async fn the_made_up_month_is_the_same_every_time_and_says_what_it_is() {
    let nowhere = Path::new("/nowhere/ledger.sqlite3");
    let table = run_on(nowhere, &["--demo", "--by", "tier"]).await;
    assert!(table.starts_with("SIMULATED"), "{table}");
    insta::assert_snapshot!(table);
    let json = run_on(nowhere, &["--demo", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["simulated"], true);
    let csv = run_on(nowhere, &["--demo", "--format", "csv"]).await;
    assert!(
        csv.lines().skip(1).all(|row| row.ends_with(",true")),
        "{csv}"
    );
}

#[tokio::test]
async fn the_page_needs_nothing_else_and_takes_names_for_text() {
    let nowhere = Path::new("/nowhere/ledger.sqlite3");
    let page = run_on(
        nowhere,
        &["--demo", "--format", "html", "--by", "day,model"],
    )
    .await;
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("SIMULATED"));
    for (start, _) in page.match_indices("http") {
        assert!(
            page[start..].starts_with("http://www.w3.org/2000/svg"),
            "{}",
            &page[start..start + 60]
        );
    }
    // A part of a drawing may stand for another part of it.
    let page = page.replace("url(#", "(#");
    for forbidden in ["<script", "src=", "<link", "url(", "@import"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    // One waterfall, two charts of days, two of models and the frontier, each for light and dark.
    assert_eq!(page.matches("<svg viewBox").count(), 12);

    let mut report = example_report(&[Dimension::Model]).await;
    report.by[0].1[0].0 = "<img src=x onerror=alert(1)>&\"".to_owned();
    let page = html::page(&report, None, None, false).expect("a page");
    assert!(
        !page.contains("<img"),
        "a name is text, in tables and in charts"
    );
    assert!(!page.contains("SIMULATED"));
}
