//! Every way in which a model can fail, through the real program: the next model answers, and the
//! ledger has a right row for the one that failed.

mod support;

use serde_json::Value;
use sqlx::{Connection, Row, SqliteConnection};
use support::faulty_model::{Fault, FaultyModel};
use support::{PATIENCE, Server, Workspace};

/// What the ledger says of the call that failed.
struct Expected {
    outcome: &'static str,
    /// Whether it is known to have cost nothing.
    is_free: bool,
}

async fn check(fault: Fault, expected: Expected) {
    let bad = FaultyModel::start(fault).await;
    check_at(&format!("http://127.0.0.1:{}", bad.port), fault, expected).await;
    assert_eq!(
        bad.calls(),
        1,
        "{fault:?}: asked once, since there is another"
    );
}

/// Asks a first model that fails and a second one that answers.
async fn check_at(address: &str, fault: Fault, expected: Expected) {
    let good = FaultyModel::start(Fault::None).await;
    let workspace = Workspace::new(&[]);
    let model = |id: &str, address: &str, price: &str| {
        format!(
            "[[models]]\nid = \"{id}\"\ntier = \"open-source\"\nprotocol = \"openai-completions\"\n\
             base_url = \"{address}\"\nprice = {{ input = \"{price}\", output = \"{price}\" }}\n\
             first_token_timeout_ms = 700\nidle_timeout_ms = 700\n"
        )
    };
    let good_address = format!("http://127.0.0.1:{}", good.port);
    workspace.configure(&format!(
        "[inhouse]\nenabled = false\n{}{}",
        model("bad", address, "0.10"),
        model("good", &good_address, "1.00")
    ));
    let server = Server::start(&workspace).await;
    let (document, cursor) = server
        .open("src/new.rs", "fn main() {\n    let total = $0\n}\n")
        .await;
    let items = document
        .complete(&server.client, cursor, PATIENCE)
        .await
        .expect("an answer");
    let text_came = matches!(fault, Fault::ResetInTheMiddle | Fault::CutOff);
    if fault == Fault::ResetInTheMiddle {
        // What was streamed is paid for, and nobody waits for a second answer.
        assert!(items.is_empty(), "{fault:?}: {items:?}");
    } else {
        let item = items.first();
        let item = item.unwrap_or_else(|| panic!("{fault:?}: no suggestion"));
        let starts = if text_came {
            "price(or"
        } else {
            "price(order);"
        };
        let text = item.insert_text.clone();
        assert!(text.contains(starts), "{fault:?}: {text}");
    }
    server.end(&[]).await;

    let mut ledger = SqliteConnection::connect(&format!("sqlite:{}", workspace.ledger().display()))
        .await
        .expect("a ledger");
    let rows = sqlx::query("SELECT model, outcome, cost FROM calls ORDER BY rowid")
        .fetch_all(&mut ledger)
        .await
        .expect("the calls");
    let failed = &rows[0];
    assert_eq!(failed.get::<String, _>(0), "bad", "{fault:?}");
    assert_eq!(failed.get::<String, _>(1), expected.outcome, "{fault:?}");
    let cost: Option<i64> = failed.get(2);
    assert_eq!(cost == Some(0), expected.is_free, "{fault:?}: {cost:?}");
    assert!(
        cost.is_some(),
        "{fault:?}: a price is known, so the cost is"
    );
    if !text_came {
        // 100 tokens in and 5 out at 1.00 USD per million.
        assert_eq!(rows.len(), 2, "{fault:?}");
        assert_eq!(
            rows[1].get::<Option<i64>, _>(2),
            Some(105_000_000),
            "{fault:?}"
        );
    }
    let report: Value = workspace.report();
    assert_eq!(report["totals"]["requests"], 1, "{fault:?}");
}

const fn free(outcome: &'static str) -> Expected {
    Expected {
        outcome,
        is_free: true,
    }
}

/// What may have been generated before the failure is billed as it is known, or assumed.
const fn billed(outcome: &'static str) -> Expected {
    Expected {
        outcome,
        is_free: false,
    }
}

#[tokio::test]
async fn a_rate_limit_is_refused_at_the_door_with_and_without_a_word_on_when_to_come_back() {
    for retry_after in [None, Some(1)] {
        check(Fault::RateLimited { retry_after }, free("rate-limited")).await;
    }
}

#[tokio::test]
async fn an_error_of_the_server_costs_nothing() {
    for status in [400, 500, 529] {
        check(Fault::Status(status), free("refused")).await;
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_before_a_word_may_have_cost_its_prompt() {
    check(Fault::ResetAtOnce, billed("garbled")).await;
}

#[tokio::test]
async fn what_was_streamed_before_a_reset_is_billed_and_not_asked_for_again() {
    check(Fault::ResetInTheMiddle, billed("garbled")).await;
}

#[tokio::test]
async fn a_stream_that_just_ends_is_an_answer_cut_short() {
    check(Fault::CutOff, billed("done")).await;
}

#[tokio::test]
async fn an_error_inside_a_stream_is_billed() {
    check(Fault::InStream, billed("refused")).await;
}

#[tokio::test]
async fn a_server_that_drips_or_is_silent_runs_out_of_time() {
    check(Fault::SlowDrip, billed("timed-out")).await;
    check(Fault::Silence, billed("timed-out")).await;
}

#[tokio::test]
async fn what_is_no_answer_is_garbled() {
    check(Fault::WebPage, billed("garbled")).await;
    check(Fault::GarbledEvents, billed("garbled")).await;
    check(Fault::Garbage, billed("garbled")).await;
}

#[tokio::test]
async fn a_host_that_has_no_address_is_unreachable() {
    // A label of more than 63 letters is no name, which needs no network to find out.
    let address = format!("http://{}.example", "a".repeat(64));
    check_at(&address, Fault::Silence, free("unreachable")).await;
}
