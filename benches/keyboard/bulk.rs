//! Row c: a file of 20 MB.

use std::time::{Duration, Instant};

use mantle_ls::cli::lsp_client::LspError;

use crate::Bench;
use crate::fake_model::{Delivery, Script};
use crate::server::{Setting, answer};
use crate::support::{memory, milliseconds};
use crate::table::{Row, Tables, spread};

const BYTES: usize = 20 * 1024 * 1024;
const HOLD: Duration = Duration::from_millis(50);
const EDITS: usize = 20;

/// Measures the first completion after it was opened, and those behind later keys.
pub async fn measure(bench: &Bench, tables: &mut Tables) -> Result<(), LspError> {
    let page = bench.corpus.bulk(BYTES, EDITS + 1);
    bench.model.play(Script {
        hold: HOLD,
        delivery: Delivery::AtTheEnd,
        text: page.whole.clone(),
    });
    let server = bench.start(Setting::Pinned, &[]).await?;
    // The frame is made before the clock runs: how fast this client writes JSON is not the point.
    let (mut document, frame) = server.opening("bulk.rs", &page.text);
    let mut opened = Some(Instant::now());
    server.client.send_bytes(frame).await?;
    let mut edits = Vec::new();
    for place in &page.places {
        let (key, rest) = place.rest.split_at(1);
        let mark = bench.model.mark();
        let first = opened.take();
        let start = document.begin(place).await?;
        let began = first.unwrap_or_else(Instant::now);
        let cursor = document.type_at(start, key).await?;
        let suggested = answer(document.ask(cursor).await?).await?;
        let took = began.elapsed();
        document.leave(place).await?;
        let calls = bench.model.since(mark);
        let [call] = &calls[..] else {
            tables.failed("c", &format!("{} calls for one request", calls.len()));
            continue;
        };
        if suggested.text.as_deref() != Some(rest) {
            tables.failed("c", &format!("expected {rest:?}, got {:?}", suggested.text));
            continue;
        }
        let overhead = took.saturating_sub(call.held().unwrap_or_default());
        if first.is_some() {
            tables.time(Row {
                what: "c. 20 MB opened, to the first completion, less the model's time".to_owned(),
                p50: milliseconds(overhead),
                target: "≤ 200 ms".to_owned(),
                ..Row::default()
            });
        } else {
            edits.push(overhead);
        }
    }
    let count = edits.len();
    let (p50, p99) = spread(&mut edits);
    tables.time(Row {
        what: format!("c. 20 MB, a later key and its completion, less the model's time ({count})"),
        p50,
        p99,
        target: "≤ 5 ms".to_owned(),
        ..Row::default()
    });
    tables.time(Row {
        what: "c. 20 MB, peak resident".to_owned(),
        p50: format!("{:.1} MiB", memory(&server.client, "VmHWM")),
        target: "≤ 120 MiB".to_owned(),
        ..Row::default()
    });
    drop(document);
    server.stop().await
}
