//! Rows d and e: keys that agree with a suggestion that is shown, and with one that is on its way.

use std::time::{Duration, Instant};

use mantle_ls::cli::lsp_client::LspError;

use crate::Bench;
use crate::fake_model::Delivery;
use crate::scene::{self, Burst, Cancel, Keys, Scene};
use crate::server::{Setting, answer};
use crate::support::milliseconds;
use crate::table::{Calls, Row, Tables, spread};

pub const KEYS: usize = 20;
const REPETITIONS: usize = 3;

/// Row d: every key is a prefix of what is shown, and is answered without a model.
pub async fn through_a_suggestion(bench: &Bench, tables: &mut Tables) -> Result<(), LspError> {
    let mut scene = Scene::open(bench, Setting::Pinned).await?;
    scene.play(Duration::from_millis(50), Delivery::AtTheEnd);
    let mut spans = Vec::new();
    let (mut calls, mut right) = (0, 0);
    let mut processor = Duration::ZERO;
    for _ in 0..bench.rounds.div_ceil(KEYS) {
        let (place, mut cursor) = scene.begin_line(KEYS + 1).await?;
        let shown = answer(scene.document.ask(cursor).await?).await?;
        if shown.text.as_deref() != Some(&place.rest) {
            tables.failed("d", &format!("the suggestion itself was wrong: {shown:?}"));
        }
        let before = scene.server.processor_time();
        let mark = bench.model.mark();
        for n in 0..KEYS {
            let pressed = Instant::now();
            cursor = scene.document.type_at(cursor, &place.rest[n..=n]).await?;
            let suggested = answer(scene.document.ask(cursor).await?).await?;
            spans.push(pressed.elapsed());
            right += usize::from(suggested.text.as_deref() == Some(&place.rest[n + 1..]));
        }
        processor += scene.server.processor_time() - before;
        calls += bench.model.since(mark).len();
        scene.document.leave(&place).await?;
    }
    let keys = u32::try_from(spans.len()).unwrap_or(u32::MAX);
    let cpu = processor / keys;
    let (p50, p99) = spread(&mut spans);
    let longest = spans.last().copied().unwrap_or_default();
    tables.time(Row {
        what: format!(
            "d. a key of a shown suggestion, max {}",
            milliseconds(longest)
        ),
        p50,
        p99,
        cpu: milliseconds(cpu),
        target: "≤ 0.5 ms".to_owned(),
    });
    tables.calls(Calls {
        what: format!("d. {keys} keys of shown suggestions"),
        started: calls.to_string(),
        right: format!("{right} of {keys}"),
        target: "0 calls".to_owned(),
        ..Calls::default()
    });
    if right != spans.len() {
        tables.failed("d", &format!("{right} of {keys} answers were right"));
    }
    scene.server.stop().await
}

/// Row e: every key agrees with what the running call will say.
pub async fn ahead_of_the_model(bench: &Bench, tables: &mut Tables) -> Result<(), LspError> {
    let hold = Duration::from_millis(300);
    let streamed = Delivery::From(Duration::from_millis(100));
    let mut scene = Scene::open(bench, Setting::Pinned).await?;
    for (delivery, answered) in [
        (Delivery::AtTheEnd, "answered at the end"),
        (streamed, "streamed from 100 ms on"),
    ] {
        for (cancel, how) in [
            (Cancel::WithEachKey, "older cancelled"),
            (Cancel::Never, "nothing cancelled"),
        ] {
            scene.play(hold, delivery);
            let mut outcomes = Vec::new();
            for _ in 0..REPETITIONS {
                let burst = Burst {
                    keys: Keys::Agreeing,
                    count: KEYS,
                    gap: Duration::from_millis(60),
                    cancel,
                };
                outcomes.push(scene.type_burst(burst).await?);
            }
            let what = format!("e. 20 agreeing keys, 60 ms each, model 300 ms {answered}, {how}");
            tables.burst(scene::row(what, "1 call", &outcomes));
        }
    }
    scene.server.stop().await
}
