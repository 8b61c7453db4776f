//! Rows f, g and i: requests that nobody waits for any more.

use std::time::{Duration, Instant};

use mantle_ls::cli::lsp_client::LspError;
use serde_json::Value;

use crate::Bench;
use crate::fake_model::Delivery;
use crate::scene::{self, Burst, Cancel, Keys, Scene};
use crate::server::{PATIENCE, Setting};
use crate::table::{Row, Tables, spread};

const HOLD: Duration = Duration::from_millis(500);
const REQUESTS: usize = 10;
const REPETITIONS: usize = 3;
/// The error code of the protocol for a request that its client cancelled.
const CANCELLED: i64 = -32_800;

/// Row f: ten requests, each cancelled by the next key, at a free and at a paid model.
pub async fn with_each_key(bench: &Bench, tables: &mut Tables) -> Result<(), LspError> {
    for (setting, model) in [(Setting::Pinned, "free"), (Setting::Paid, "paid")] {
        let mut scene = Scene::open(bench, setting).await?;
        scene.play(HOLD, Delivery::AtTheEnd);
        for (keys, how, target) in [
            (Keys::Agreeing, "agreeing", "1 call"),
            (Keys::Contradicting, "contradicting", "ran out 1"),
        ] {
            let mut outcomes = Vec::new();
            for _ in 0..REPETITIONS {
                let burst = Burst {
                    keys,
                    count: REQUESTS,
                    gap: Duration::from_millis(20),
                    cancel: Cancel::WithEachKey,
                };
                outcomes.push(scene.type_burst(burst).await?);
            }
            let what = format!(
                "f. ten requests 20 ms apart, older cancelled, {how} keys, {model} model 500 ms"
            );
            tables.burst(scene::row(what, target, &outcomes));
        }
        scene.server.stop().await?;
    }
    Ok(())
}

/// Row g: ten requests are written before the first nine are cancelled.
pub async fn after_all(bench: &Bench, tables: &mut Tables) -> Result<(), LspError> {
    let mut scene = Scene::open(bench, Setting::Pinned).await?;
    scene.play(HOLD, Delivery::AtTheEnd);
    let mut outcomes = Vec::new();
    for _ in 0..REPETITIONS {
        let burst = Burst {
            keys: Keys::Contradicting,
            count: REQUESTS,
            gap: Duration::ZERO,
            cancel: Cancel::AfterAll,
        };
        outcomes.push(scene.type_burst(burst).await?);
    }
    let what = "g. ten requests at once, then nine cancelled, model 500 ms".to_owned();
    tables.burst(scene::row(what, "ran out ≤ 1, answer ≤ 505 ms", &outcomes));
    scene.server.stop().await
}

/// Row i: how soon the model hears that nobody waits.
pub async fn to_the_socket(bench: &Bench, tables: &mut Tables) -> Result<(), LspError> {
    let count = bench.rounds.min(50);
    let mut scene = Scene::open(bench, Setting::Pinned).await?;
    scene.play(Duration::from_secs(5), Delivery::AtTheEnd);
    let mut spans = Vec::new();
    let mut refused = 0;
    for _ in 0..count {
        let (place, cursor) = scene.begin_line(1).await?;
        let mark = bench.model.mark();
        let pending = scene.document.ask(cursor).await?;
        let arrived = bench.model.wait(mark, PATIENCE, |calls| calls.len() == 1);
        if arrived.await.is_none() {
            tables.failed("i", "a request did not reach the model");
            break;
        }
        let cancelled = Instant::now();
        scene.server.cancel(pending.id()).await?;
        let closed = bench
            .model
            .wait(mark, PATIENCE, |calls| calls[0].held().is_some());
        let calls = closed.await.unwrap_or_default();
        match calls.first().and_then(|call| call.closed) {
            Some(closed) => spans.push(closed - cancelled),
            None => tables.failed("i", "a cancelled call ran to its end"),
        }
        scene.document.leave(&place).await?;
        let answer = pending.answer::<Value>(PATIENCE).await;
        refused += usize::from(answer.is_err_and(|error| error.code() == Some(CANCELLED)));
    }
    if refused != count {
        tables.failed(
            "i",
            &format!("{refused} of {count} were answered as cancelled"),
        );
    }
    let (p50, p99) = spread(&mut spans);
    tables.time(Row {
        what: format!("i. from the cancellation to the closed connection ({count})"),
        p50,
        p99,
        target: "≤ 1 ms".to_owned(),
        ..Row::default()
    });
    scene.server.stop().await
}
