//! Calls of known tokens, at other prices.

use clap::Parser;

use super::*;
use crate::config::Layers;
use crate::domain::{Booking, BookingRow, CallOutcome, CallRow, LedgerEvent, TokenCount, Usage};
use crate::ledger::Ledger;
use crate::ledger::tests::rows;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: SimulateArgs,
}

/// A million tokens of input of Codestral, at 30 cents, and nothing else.
async fn ledger() -> tempfile::TempDir {
    ledger_of(CallOutcome::Done).await
}

async fn ledger_of(outcome: CallOutcome) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::open(&folder.path().join("ledger.db"))
        .await
        .expect("a ledger");
    let call = CallRow {
        usage: Usage {
            input_total: Some(TokenCount::new(1_000_000)),
            output_total: Some(TokenCount::new(0)),
            ..Usage::default()
        },
        outcome,
        ..rows::call(1, 1, Some(300_000_000_000))
    };
    let event = LedgerEvent::Call(Box::new(call));
    ledger.record_and_wait(event).await.expect("it is written");
    ledger.close().await;
    folder
}

async fn simulate(more: &[&str]) -> anyhow::Result<String> {
    let folder = ledger().await;
    let (said, result) = simulate_at(&folder, more).await;
    result.map(|()| said)
}

/// Simulates on the ledger in this folder; what was printed is there in any case.
pub(super) async fn simulate_at(
    folder: &tempfile::TempDir,
    more: &[&str],
) -> (String, anyhow::Result<()>) {
    let line = ["simulate", "--since", "2026-11-01"].into_iter();
    let args = match Command::try_parse_from(line.chain(more.iter().copied())) {
        Ok(command) => command.args,
        Err(error) => return (String::new(), Err(error.into())),
    };
    let settings = crate::config::load(&Layers::default()).settings;
    let mut out = Vec::new();
    let path = folder.path().join("ledger.db");
    let result = run(&args, &settings, &path, rows::at(86_400), &mut out).await;
    (String::from_utf8(out).expect("UTF-8"), result)
}

async fn json_of(more: &[&str]) -> serde_json::Value {
    let more: Vec<&str> = more.iter().copied().chain(["--json"]).collect();
    let text = simulate(&more).await.expect("a simulation");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn a_swap_puts_the_same_tokens_at_the_price_of_another_model() {
    // Sonnet 5 costs two dollars per million tokens of input.
    let json = json_of(&[
        "--swap",
        "codestral=anthropic/claude-sonnet-5",
        "--revenue",
        "10",
    ])
    .await;
    assert_eq!(json["controllable_usd"], "0.300000");
    assert_eq!(json["simulated_controllable_usd"], "2.000000");
    assert_eq!(json["simulated_gross_margin"], 0.8);
    assert_eq!(
        json["gross_margin"],
        serde_json::Value::Null,
        "nothing was earned"
    );
    let text = simulate(&["--swap", "codestral=anthropic/claude-sonnet-5"]).await;
    let text = text.expect("a simulation");
    assert!(
        text.contains("other tokens") && text.contains("There is no revenue"),
        "{text}"
    );
}

#[tokio::test]
async fn a_call_that_failed_and_was_billed_counts_once() {
    let folder = ledger_of(CallOutcome::Garbled).await;
    let (text, result) = simulate_at(&folder, &["--json"]).await;
    result.expect("a simulation");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["controllable_usd"], "0.300000");
}

#[tokio::test]
async fn without_a_change_nothing_changes() {
    let json = json_of(&[]).await;
    assert_eq!(json["simulated_controllable_usd"], json["controllable_usd"]);
}

#[tokio::test]
async fn who_is_not_there_is_said() {
    for (more, expected) in [
        (
            &["--swap", "opus=mistral/codestral-2508"][..],
            "there are codestral",
        ),
        (
            &["--swap", "codestral=mistral/codestral-25"],
            "did you mean `mistral/codestral-2508`?",
        ),
        (&["--swap", "codestral"], "is not MODEL=PRICE"),
        (&["--until", "2026-11-02"], "there are no calls"),
        (
            &["--prices", "/nowhere.json"],
            "/nowhere.json cannot be read",
        ),
    ] {
        let error = simulate(more).await.expect_err(expected);
        assert!(format!("{error:#}").contains(expected), "{error:#}");
    }
}

#[tokio::test]
async fn another_seat_price_is_that_of_every_seat_that_is_booked() {
    let folder = ledger().await;
    let ledger = Ledger::open(&folder.path().join("ledger.db")).await;
    let ledger = ledger.expect("the ledger");
    // Ten seats at 19 euros, and as a credit two dollars.
    let row = |n, currency: &str, booking| BookingRow {
        currency: currency.to_owned(),
        since: rows::at(0),
        until: None,
        ..rows::booking(n, booking)
    };
    let price = "19.00".parse().expect("an amount");
    let amount = "2.00".parse().expect("an amount");
    for row in [
        row(1, "EUR", Booking::Seats { seats: 10, price }),
        row(
            2,
            "EUR",
            Booking::Rate {
                micro_usd: 1_100_000,
            },
        ),
        row(3, "USD", Booking::CreditNote { amount }),
    ] {
        let event = LedgerEvent::Booking(Box::new(row));
        ledger.record_and_wait(event).await.expect("it is written");
    }
    ledger.close().await;
    let revenue = async |more: &[&str]| -> serde_json::Value {
        let (text, result) = simulate_at(&folder, &[more, &["--json"]].concat()).await;
        result.expect("a simulation");
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        json["revenue_usd"].clone()
    };
    // A day of thirty, of ten seats.
    assert_eq!(revenue(&[]).await, "4.966667");
    assert_eq!(revenue(&["--seat-price", "30"]).await, "8.000000");
    // Without bookings it is that of the configured seats: of one, for ten days of thirty.
    let json = json_of(&["--seat-price", "30"]).await;
    assert_eq!(json["revenue_usd"], "10.000000");
}
