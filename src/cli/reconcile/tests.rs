//! Invoices made to the documented shapes, beside a ledger of known calls.

use std::fs;

use super::*;
use crate::domain::{CallRow, LedgerEvent, Money, TokenCount, Usage};
use crate::ledger::Ledger;
use crate::ledger::tests::rows;

/// Two calls on 10 November 2026: one reported, one that was closed and is known in part. Each has
/// 1,000 tokens of input, 400 of them from a cache, 50 of output, and costs a dollar.
async fn ledger() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::open(&folder.path().join("ledger.db"))
        .await
        .expect("a ledger");
    for (n, basis) in [(1, BillingBasis::Reported), (2, BillingBasis::Partial)] {
        let call = CallRow {
            provider_model: "gpt-5-mini".to_owned(),
            host: "api.openai.com".to_owned(),
            usage: Usage {
                input_total: Some(TokenCount::new(1_000)),
                cache_read: Some(TokenCount::new(400)),
                output_total: Some(TokenCount::new(50)),
                ..Usage::default()
            },
            cost: Some(Money::from_pico_usd(1_000_000_000_000)),
            basis,
            status: None,
            at: rows::at(60),
            ..rows::call(n, n, Some(0))
        };
        let event = LedgerEvent::Call(Box::new(call));
        ledger.record_and_wait(event).await.expect("it is written");
    }
    ledger.close().await;
    folder
}

async fn reconcile(invoice: &str, more: &[&str]) -> anyhow::Result<(ExitCode, String)> {
    reconcile_at(&ledger().await, invoice, more).await
}

/// Reconciles an invoice with the ledger in this folder, a day after its calls.
async fn reconcile_at(
    folder: &tempfile::TempDir,
    invoice: &str,
    more: &[&str],
) -> anyhow::Result<(ExitCode, String)> {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: ReconcileArgs,
    }
    let file = folder.path().join("invoice.csv");
    fs::write(&file, invoice).expect("a file");
    let file = file.display().to_string();
    let line = ["reconcile", &file].into_iter().chain(more.iter().copied());
    let args = <Line as clap::Parser>::parse_from(line).args;
    let mut out = Vec::new();
    // What is booked later is of a later moment.
    static BOOKED: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(86_400);
    let now = rows::at(BOOKED.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let code = run(&args, &folder.path().join("ledger.db"), now, &mut out).await?;
    Ok((code, String::from_utf8(out).expect("UTF-8")))
}

async fn json_of(invoice: &str, more: &[&str]) -> Value {
    let more: Vec<&str> = more.iter().copied().chain(["--json"]).collect();
    let (_, text) = reconcile(invoice, &more).await.expect("a comparison");
    serde_json::from_str(&text).expect("JSON")
}

/// All input includes what a cache had, and the model is a dated version of what was asked for.
const OPENAI: &str = "\
start_time_iso,project_id,model,num_model_requests,input_tokens,input_cached_tokens,output_tokens,amount_value,amount_currency
2026-11-10T00:00:00Z,p1,gpt-5-mini-2026-08-07,2,2000,800,100,2.50,usd
";

#[tokio::test]
async fn the_bill_of_openai_counts_cached_input_once() {
    let json = json_of(OPENAI, &[]).await;
    assert_eq!(json["shape"], "openai");
    let totals = &json["totals"];
    for class in ["input", "cache_read", "cache_write", "output"] {
        assert_eq!(totals["invoice"][class], totals["ledger"][class], "{class}");
    }
    assert_eq!(totals["invoice"]["input"], 1_200);
    assert_eq!(json["unexplained_usd"], "0.500000");
    assert_eq!(json["unexplained_share"], 0.2);
    // A dollar is reported, so the call that is not must have cost a dollar and a half.
    assert_eq!(json["correction"], 1.5);
    assert_eq!(json["models"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_is_unexplained_decides_the_exit_code() {
    let (code, text) = reconcile(OPENAI, &[]).await.expect("a comparison");
    assert_eq!(code, ExitCode::from(UNEXPLAINED));
    assert!(
        text.contains("$2.50") && text.contains("+20.00 %"),
        "{text}"
    );
    let (code, _) = reconcile(OPENAI, &["--tolerance", "20"])
        .await
        .expect("a comparison");
    assert_eq!(code, ExitCode::SUCCESS);
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn the_usage_of_anthropic_has_its_classes_apart_and_no_cost() {
    let invoice = "\
usage_date_utc,model_version,workspace,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens
2026-11-10,gpt-5-mini,w,1200,7,5,800,100
";
    let json = json_of(invoice, &[]).await;
    assert_eq!(json["shape"], "anthropic");
    assert_eq!(json["totals"]["invoice"]["cache_write"], 12);
    assert_eq!(json["unexplained_usd"], Value::Null);
    let share = json["unexplained_share"].as_f64().expect("a share");
    assert!((share - 12.0 / 2_112.0).abs() < 1e-9);
    assert_eq!(json["correction"], Value::Null);
}

#[tokio::test]
async fn rows_of_focus_are_one_token_class_each_and_other_charges_are_kept_apart() {
    let invoice = "\
ChargePeriodStart,ChargeCategory,x_Model,x_TokenType,ConsumedQuantity,ConsumedUnit,BilledCost,BillingCurrency
2026-11-10T00:00:00Z,Usage,gpt-5-mini,uncached_input_tokens,1200,tokens,1.2000000001,USD
2026-11-10T00:00:00Z,Usage,gpt-5-mini,cache_read_input_tokens,800,tokens,0.3,USD
2026-11-10T00:00:00Z,Usage,gpt-5-mini,output_tokens,100,tokens,0.4999999999,USD
2026-11-10T00:00:00Z,Credit,,,,,-5.00,USD
";
    let json = json_of(invoice, &[]).await;
    assert_eq!(json["unexplained_usd"], "0.000000");
    assert_eq!(json["totals"]["invoice"]["cache_read"], 800);
    assert_eq!(json["other"], json!({"rows": 1, "cost_usd": "-5.000000"}));
}

#[tokio::test]
async fn any_other_file_is_read_by_the_names_of_its_columns() {
    let invoice = "Date,Modell,Prompt,Completion,Preis\n2026-11-10,gpt-5-mini,2000,100,$2.00\n";
    let columns = "day=Date,model=Modell,all-input=Prompt,output=Completion,cost=Preis";
    let json = json_of(invoice, &["--columns", columns]).await;
    assert_eq!(json["unexplained_share"], 0.0);

    let error = reconcile(invoice, &[])
        .await
        .expect_err("nothing says what its columns are");
    let said = format!("{error:#}");
    assert!(
        said.contains("Date, Modell, Prompt") && said.contains("--columns"),
        "{said}"
    );
    let error = reconcile(invoice, &["--columns", "day=Datum"])
        .await
        .expect_err("not there");
    assert!(format!("{error:#}").contains("no column `Datum`"));
}

#[tokio::test]
async fn what_is_no_invoice_of_this_ledger_is_said_with_what_would_be() {
    let wrong = |from: &str, to: &str| OPENAI.replace(from, to);
    for (invoice, expected) in [
        (
            wrong("2026-11-10", "2026-10-10"),
            "it has some from 2026-11-10 to 2026-11-10",
        ),
        (wrong("gpt-5-mini-2026-08-07", "o9"), "it knows gpt-5-mini"),
        (wrong(",usd", ",eur"), "line 2: it is in eur"),
        (wrong("2.50", "much"), "line 2: `much` is no amount"),
        (
            wrong("2000,800", "2000,8000"),
            "line 2: more input was cached than there was",
        ),
        (
            wrong("2026-11-10T00:00:00Z", "soon"),
            "line 2: `soon` is no day",
        ),
        (
            OPENAI.lines().next().expect("a header").to_owned(),
            "no row is about a model",
        ),
    ] {
        let error = reconcile(&invoice, &[]).await.expect_err(expected);
        let said = format!("{error:#}");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_dated_version_is_the_model_and_another_size_is_not() {
    assert!(is_same("gpt-5-mini", "gpt-5-mini-2026-08-07"));
    assert!(is_same("claude-sonnet-5", "claude-sonnet-5-20260901"));
    assert!(!is_same("gpt-5", "gpt-5-mini"));
    assert!(!is_same("claude-sonnet-5", "claude-sonnet-5-5"));
}

async fn report(folder: &tempfile::TempDir) -> crate::ledger::MarginReport {
    let reader = LedgerReader::open_read_only(&folder.path().join("ledger.db")).await;
    let (since, until) = (rows::at(0), rows::at(86_400));
    let query = crate::ledger::ReportQuery::new(since, until);
    let report = reader.expect("a ledger").margin_report(&query).await;
    report.expect("a report")
}

/// Half a dollar of the bill is unexplained, and one of two dollars was not reported: it cost a dollar
/// and a half.
#[tokio::test]
async fn an_applied_invoice_is_a_line_of_later_reports_and_can_be_undone() {
    use crate::domain::MicroUsd;
    let folder = ledger().await;
    let said = reconcile_at(&folder, OPENAI, &["--apply", "--json"]).await;
    let said: Value = serde_json::from_str(&said.expect("it is applied").1).expect("JSON");
    assert_eq!(said["applied"][0]["factor_ppm"], 1_500_000);

    let applied = report(&folder).await;
    assert_eq!(applied.margin.metered_cost(), MicroUsd::new(2_000_000));
    assert_eq!(applied.margin.cost(), MicroUsd::new(2_500_000));
    assert_eq!(applied.spent_pico(), 2_500_000_000_000);
    let line = &applied.margin.corrections[0];
    assert_eq!(
        (line.invoice.as_str(), line.factor_ppm),
        ("invoice.csv", 1_500_000)
    );

    // A cheaper bill of the same name takes its place; the budget keeps to what the ledger says.
    let cheaper = OPENAI.replace("2.50", "1.75");
    let (_, text) = reconcile_at(&folder, &cheaper, &["--apply"])
        .await
        .expect("applied");
    assert!(text.contains("× 0.750000"), "{text}");
    let applied = report(&folder).await;
    assert_eq!(applied.margin.cost(), MicroUsd::new(1_750_000));
    assert_eq!(applied.spent_pico(), 2_000_000_000_000);

    // Another invoice of the same calls contradicts it, and is not booked.
    let refused = reconcile_at(&folder, OPENAI, &["--apply", "--name", "other"]).await;
    let refused = format!("{:#}", refused.expect_err("two invoices"));
    assert!(refused.contains("`invoice.csv` and `other`"), "{refused}");
    assert_eq!(report(&folder).await.margin.corrections.len(), 1);

    let (_, text) = reconcile_at(&folder, "", &["--undo"])
        .await
        .expect("undone");
    assert!(text.starts_with("undone: "), "{text}");
    let undone = report(&folder).await.margin;
    assert_eq!(
        (undone.corrections.len(), undone.cost()),
        (0, MicroUsd::new(2_000_000))
    );
    let twice = reconcile_at(&folder, "", &["--undo"])
        .await
        .expect_err("nothing is left");
    assert!(
        twice.to_string().contains("was taken back already"),
        "{twice}"
    );
}

#[tokio::test]
async fn an_invoice_that_says_nothing_of_such_calls_is_not_applied() {
    let refused = |invoice: String| async move {
        let refused = reconcile(&invoice, &["--apply"]).await;
        format!("{:#}", refused.expect_err("it is refused"))
    };
    let exact = refused(OPENAI.replace("2.50", "2.00")).await;
    assert!(exact.contains("costs what the ledger assumes"), "{exact}");
    let less = refused(OPENAI.replace("2.50", "0.50")).await;
    assert!(less.contains("is more than the bill"), "{less}");
    let other = refused(OPENAI.replace("2.50", "2000.00")).await;
    assert!(other.contains("a thousand times"), "{other}");
}
