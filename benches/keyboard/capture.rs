//! A typing session as it went over the wire, key by key, to look at: `--capture`.
//!
//! The keys of row e, with the older request cancelled by each key as VS Code does it. Times are
//! those at which the editor wrote or read, and at which the model heard or answered.

use std::time::{Duration, Instant};

use mantle_ls::cli::lsp_client::LspError;
use tokio::task::JoinSet;

use crate::Bench;
use crate::fake_model::Delivery;
use crate::scene::Scene;
use crate::server::{Setting, answer};
use crate::typing::KEYS;

const KEY: Duration = Duration::from_millis(60);
const MODEL: Duration = Duration::from_millis(300);
const FIRST_TOKEN: Duration = Duration::from_millis(100);

/// Types the keys and returns a line for everything that happened, in order.
pub async fn session(bench: &Bench) -> Result<String, LspError> {
    let mut scene = Scene::open(bench, Setting::Pinned).await?;
    scene.play(MODEL, Delivery::From(FIRST_TOKEN));
    let (place, mut cursor) = scene.begin_line(KEYS).await?;
    let mark = bench.model.mark();
    let began = Instant::now();
    let mut events: Vec<(Instant, String)> = Vec::new();
    let mut answers = JoinSet::new();
    let mut older = None;
    let mut due = began;
    for n in 0..KEYS {
        tokio::time::sleep_until(due.into()).await;
        due += KEY;
        let key = &place.rest[n..=n];
        cursor = scene.document.type_at(cursor, key).await?;
        if let Some(older) = older {
            scene.server.cancel(older).await?;
        }
        let pending = scene.document.ask(cursor).await?;
        let id = pending.id();
        events.push((Instant::now(), format!("editor   `{key}`, request {id}")));
        older = Some(id);
        answers.spawn(async move {
            let said = match answer(pending).await {
                Ok(suggested) => suggested.text.unwrap_or_else(|| "nothing".to_owned()),
                Err(error) => format!("{error}"),
            };
            (Instant::now(), id, said)
        });
    }
    while let Some(answered) = answers.join_next().await {
        let (at, id, said) = answered.expect("waiting does not panic");
        events.push((at, format!("mantle            answers {id}: {said}")));
    }
    for call in bench.model.since(mark) {
        events.push((
            call.arrived,
            "model                      is called".to_owned(),
        ));
        if let Some(at) = call.answered {
            events.push((at, "model                      has answered".to_owned()));
        }
        if let Some(at) = call.closed {
            events.push((
                at,
                "model                      sees the call closed".to_owned(),
            ));
        }
    }
    events.sort_by_key(|(at, _)| *at);
    scene.server.stop().await?;
    let line = |(at, what): &(Instant, String)| {
        let after = at.saturating_duration_since(began).as_secs_f64() * 1e3;
        format!("{after:8.1} ms  {what}\n")
    };
    Ok(events.iter().map(line).collect())
}
