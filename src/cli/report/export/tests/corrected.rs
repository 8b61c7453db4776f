//! Corrections by invoices in every view that can tell them apart: always beside what was recorded, and
//! the same money everywhere.

use super::*;
use crate::domain::{Correction, Tier};

const A_DAY: i64 = 86_400;

/// Calls of two models at two hosts, one of them of two labs and tiers, on 24 days around the end of
/// November 2026, at costs that no factor leaves whole; each host has sent an invoice whose name stands
/// for it, the first for both months, in the middle of December.
async fn corrected() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.db");
    let ledger = Ledger::open(&path).await.expect("a ledger");
    let mut events = Vec::new();
    for n in 0..96_u128 {
        let day = (n % 24) as i64;
        let (model, host) = [("a", "one.example"), ("b", "two.example")][(n / 24 % 2) as usize];
        let is_odd = n / 48 == 1;
        events.push(LedgerEvent::Call(Box::new(CallRow {
            model: ModelId::new(model),
            provider_model: model.to_owned(),
            host: host.to_owned(),
            lab: (!is_odd).then(|| "lab".to_owned()),
            tier: if is_odd {
                Tier::Premium
            } else {
                Tier::OpenSource
            },
            basis: if n % 5 == 0 {
                BillingBasis::Reported
            } else {
                BillingBasis::Assumed
            },
            status: None,
            price_id: None,
            at: at((10 + day) * A_DAY + 3_600),
            ..rows::call(n + 1, n + 1, Some(1_234_567_891 + n as i64 * 77_777_777))
        })));
    }
    for (number, model, host, days, factor_ppm) in [
        (1, "a", "one.example", (10, 34), 1_333_333),
        (2, "b", "two.example", (12, 20), 777_777),
    ] {
        events.push(LedgerEvent::Booking(Box::new(BookingRow {
            id: RowId::from_uuid(uuid::Uuid::from_u128(1_000 + number)),
            since: at(days.0 * A_DAY),
            until: Some(at(days.1 * A_DAY)),
            currency: "USD".to_owned(),
            reference: Some(format!("{host} of November")),
            booking: Booking::Correction(Correction {
                model: model.to_owned(),
                supplier: host.to_owned(),
                factor_ppm,
            }),
            at: at(35 * A_DAY),
        })));
    }
    for event in events {
        ledger.record(event).expect("room in the queue");
    }
    ledger.close().await;
    (folder, path)
}

/// The period that all of it lies in.
const PERIOD: [&str; 2] = ["--since=2026-11-15", "--until=2026-12-20"];

async fn asked(path: &Path, more: &[&str]) -> String {
    let text = export(path, &[&PERIOD[..], more].concat()).await;
    text.expect("a report")
}

/// Reads dollars of any number of places as micro-dollars; none is lost.
fn micros(text: &str) -> i128 {
    let (whole, part) = text.split_once('.').expect("places");
    let (micros, rest) = part.split_at(6);
    assert!(rest.bytes().all(|byte| byte == b'0'), "{text}");
    let micros: i128 = format!("{}{micros}", whole.trim_start_matches('-'))
        .parse()
        .expect("digits");
    if text.starts_with('-') {
        -micros
    } else {
        micros
    }
}

#[tokio::test]
async fn every_view_of_a_correction_adds_up_to_its_line_of_the_waterfall() {
    let (_folder, path) = corrected().await;
    let all = "--by=model,host,tier,lab,day,language,user";
    let json: Value = serde_json::from_str(&asked(&path, &[all, "--json"]).await).expect("JSON");
    let lines = json["margin"]["corrections"].as_array().expect("lines");
    assert_eq!(lines.len(), 2);
    let of = |value: &Value| micros(value.as_str().expect("dollars"));
    let whole = of(&json["margin"]["correction_usd"]);
    assert_eq!(
        lines
            .iter()
            .map(|line| of(&line["correction_usd"]))
            .sum::<i128>(),
        whole
    );
    assert!(of(&lines[0]["correction_usd"]) > 0 && of(&lines[1]["correction_usd"]) < 0);
    assert_eq!(of(&json["totals"]["correction_usd"]), whole);
    for dimension in ["model", "host", "tier", "lab", "day"] {
        let lines = json["by"][dimension].as_array().expect("lines");
        let sum: i128 = lines.iter().map(|line| of(&line["correction_usd"])).sum();
        assert_eq!(sum, whole, "{dimension}");
    }
    // A line of a host is that of its invoice, and what was recorded stays what it is.
    for host in json["by"]["host"].as_array().expect("hosts") {
        let of_host = lines.iter().find(|line| line["supplier"] == host["key"]);
        assert_eq!(
            of_host.expect("an invoice")["correction_usd"],
            host["correction_usd"]
        );
    }
    let recorded: i128 = (0..96).map(|n| 1_234_567_891 + n * 77_777_777).sum();
    assert_eq!(
        of(&json["totals"]["cost_usd"]),
        (recorded + 500_000) / 1_000_000
    );
    assert_eq!(
        of(&json["margin"]["cost_usd"]) - of(&json["margin"]["metered"]["cost_usd"]),
        whole
    );
    // Nobody knows which language a bill is about.
    for dimension in ["language", "user"] {
        assert!(
            json["by"][dimension][0]["correction_usd"].is_null(),
            "{dimension}"
        );
    }

    let top: Value =
        serde_json::from_str(&asked(&path, &["--by=day,host", "--top=1", "--json"]).await)
            .expect("JSON");
    let hosts = top["by"]["host"].as_array().expect("lines");
    assert_eq!(hosts[1]["key"], crate::ledger::OTHERS);
    let sum: i128 = hosts.iter().map(|line| of(&line["correction_usd"])).sum();
    assert_eq!(sum, whole, "what is not shown is there");

    let exposition = asked(&path, &["--format=openmetrics"]).await;
    let gauge = format!("\nmantle_period_correction_micro_usd {whole}\n");
    assert!(exposition.contains(&gauge), "{exposition}");

    let focus = asked(&path, &["--format=focus"]).await;
    let rows = columns(
        &focus,
        &[
            "ChargeCategory",
            "BilledCost",
            "EffectiveCost",
            "ProviderName",
        ],
    );
    let adjusted: Vec<_> = rows.iter().filter(|row| row[0] == "Adjustment").collect();
    assert_eq!(
        adjusted.iter().map(|row| micros(&row[1])).sum::<i128>(),
        whole
    );
    assert!(adjusted.iter().all(|row| row[1] == row[2]));
    for line in lines {
        let of_host = adjusted.iter().filter(|row| line["supplier"] == row[3]);
        let sum: i128 = of_host.map(|row| micros(&row[1])).sum();
        assert_eq!(sum, of(&line["correction_usd"]), "{line}");
    }
}

/// The first invoice was applied when November was over and December was not.
#[tokio::test]
async fn a_row_of_focus_is_a_correction_where_its_month_was_over() {
    let (_folder, path) = corrected().await;
    let focus = asked(&path, &["--format=focus"]).await;
    let wanted = [
        "ChargeCategory",
        "ChargeClass",
        "BillingPeriodStart",
        "InvoiceId",
        "ChargeFrequency",
        "x_Model",
    ];
    let rows = columns(&focus, &wanted);
    let (adjusted, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row[0] == "Adjustment");
    assert!(
        others
            .iter()
            .all(|row| row[1].is_empty() && row[3].is_empty())
    );
    for row in &adjusted {
        let class = match row[2].as_str() {
            "2026-11-01T00:00:00Z" => "Correction",
            _ => "",
        };
        assert_eq!(row[1], class, "{row:?}");
        assert!(row[3].ends_with("of November") && row[4] == "One-Time" && row[5].is_empty());
    }
    assert!(adjusted.iter().any(|row| row[1].is_empty()));
    // What was recorded is compared with an invoice, and not what one has changed.
    let (_, json) = reconciled(&focus, &path).await;
    assert_eq!(json["unexplained_usd"], "0.000000");
    assert_eq!(json["other"]["rows"], adjusted.len());
}

#[tokio::test]
async fn tables_show_a_correction_in_a_column_of_its_own_and_only_where_there_is_one() {
    let (_folder, path) = corrected().await;
    let table = asked(&path, &["--by=host,language"]).await;
    assert!(
        table.contains("corrected by invoices that are applied"),
        "{table}"
    );
    let (hosts, languages) = table.split_once("By language").expect("two tables");
    let hosts = hosts.split_once("By host").expect("hosts").1;
    assert!(
        hosts.contains("by invoices") && hosts.contains("-$0.0"),
        "{hosts}"
    );
    assert!(languages.contains('–'), "{languages}");
    let page = asked(&path, &["--by=host", "--format=html"]).await;
    assert!(page.contains("<th scope=\"col\">by invoices</th>"));
    let before = export(
        &path,
        &["--since=2026-11-01", "--until=2026-11-02", "--by=host"],
    )
    .await;
    assert!(!before.expect("a report").contains("by invoices"));
    let compared = asked(&path, &["--by=host", "--compare"]).await;
    let compared = compared
        .split_once("Compared with")
        .expect("a comparison")
        .1;
    assert!(compared.contains("by invoices"), "{compared}");
}
