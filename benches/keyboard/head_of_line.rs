//! Row h: how soon a second request reaches the model while it works on the first.

use std::time::{Duration, Instant};

use mantle_ls::cli::lsp_client::LspError;
use mantle_ls::cli::lsp_client::wire::Position;

use crate::Bench;
use crate::fake_model::Delivery;
use crate::scene::{CONTRADICTION, Scene};
use crate::server::{PATIENCE, Setting};
use crate::table::{Row, Tables, spread};

const HOLD: Duration = Duration::from_secs(1);
const FIRST_PIECE: Duration = Duration::from_millis(50);

/// Where the second request is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Second {
    OtherPlace,
    OtherDocument,
    Contradiction,
}

/// Measures all three; nothing is cancelled by the client, which is the harder case.
pub async fn measure(bench: &Bench, tables: &mut Tables) -> Result<(), LspError> {
    for (second, what) in [
        (Second::OtherPlace, "in another place"),
        (Second::OtherDocument, "in another document"),
        (
            Second::Contradiction,
            "behind a key that contradicts its stream",
        ),
    ] {
        row(bench, tables, second, what).await?;
    }
    Ok(())
}

async fn row(
    bench: &Bench,
    tables: &mut Tables,
    second: Second,
    what: &str,
) -> Result<(), LspError> {
    let count = bench.rounds.min(20);
    let mut scene = Scene::open(bench, Setting::Pinned).await?;
    let other_page = bench.corpus.page(1_000, 1, 1);
    let mut other = scene.server.open("other.rs", &other_page.text).await?;
    let empty_line = Position {
        line: other_page.places[0].line,
        character: 0,
    };
    let delivery = match second {
        Second::Contradiction => Delivery::From(FIRST_PIECE),
        Second::OtherPlace | Second::OtherDocument => Delivery::AtTheEnd,
    };
    scene.play(HOLD, delivery);
    let mut spans = Vec::new();
    for _ in 0..count {
        let (elsewhere, other_at) = scene.begin_line(2).await?;
        let (place, at) = scene.begin_line(2).await?;
        let mark = bench.model.mark();
        let first = scene.document.ask(at).await?;
        let running = bench.model.wait(mark, PATIENCE, |calls| calls.len() == 1);
        running.await;
        // Several pieces have come by then, and the call runs on for long.
        tokio::time::sleep(FIRST_PIECE * 4).await;

        let (document, at, key) = match second {
            Second::OtherPlace => (&mut scene.document, other_at, &elsewhere.rest[..1]),
            Second::OtherDocument => (&mut other, empty_line, "x"),
            Second::Contradiction => (&mut scene.document, at, CONTRADICTION),
        };
        let pressed = Instant::now();
        let cursor = document.type_at(at, key).await?;
        let pending = document.ask(cursor).await?;
        let reached = bench.model.wait(mark, PATIENCE, |calls| calls.len() == 2);
        let calls = reached.await.unwrap_or_default();
        // A name that was begun is taken back from the prompt.
        let is_taken_back = key.chars().all(|c| c.is_alphanumeric() || c == '_');
        match calls.get(1) {
            Some(call) if is_taken_back || call.prompt.ends_with(key) => {
                spans.push(call.arrived - pressed)
            }
            Some(_) => tables.failed("h", "the second prompt lacks the key"),
            None => tables.failed("h", "the second request did not reach the model"),
        }
        scene.document.leave(&place).await?;
        scene.document.leave(&elsewhere).await?;
        for request in [first, pending] {
            scene.server.cancel(request.id()).await?;
            // Refused, or answered by then; only that it is over matters.
            let _ = crate::server::answer(request).await;
        }
    }
    let (p50, p99) = spread(&mut spans);
    tables.time(Row {
        what: format!("h. a 1 s call runs; a request {what} reaches the model ({count})"),
        p50,
        p99,
        target: "≤ 1 ms".to_owned(),
        ..Row::default()
    });
    scene.server.stop().await
}
