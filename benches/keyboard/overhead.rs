//! Row a: what a key with its completion costs beyond the time that the model takes.

use std::time::{Duration, Instant};

use mantle_ls::cli::lsp_client::LspError;

use crate::Bench;
use crate::corpus::Page;
use crate::fake_model::{Delivery, OTHERWISE, Script};
use crate::server::{Server, Setting, answer};
use crate::support::{memory, milliseconds};
use crate::table::{Row, Tables, spread};

const HOLD: Duration = Duration::from_millis(50);
/// Of this many lines of a document one is typed, at the most.
const LINES_PER_PLACE: usize = 10;
/// How long a document is left alone after its first completion.
const SETTLED: Duration = Duration::from_millis(500);
/// Threads come and go; this often the meter is read.
const METER_EVERY: usize = 10;

/// Lines of the document whose memory is looked at.
const LARGEST: usize = 50_000;
/// The lines of other files that the workspace of an embedded model has.
const OTHER_LINES: usize = 20_000;
/// Where in the sources those lines begin, behind all that is typed in.
const OTHERS_FROM: usize = 60_000;

/// What the requests of one row came to.
#[derive(Default)]
struct Measured {
    by_model: Vec<Duration>,
    by_embedded: Vec<Duration>,
    processor: Duration,
    wrong: usize,
}

/// Measures every size with every setting, and the floor.
pub async fn measure(bench: &Bench, tables: &mut Tables) -> Result<(), LspError> {
    let pages = pages(bench, 200);
    row(
        bench,
        tables,
        Setting::Null,
        "floor: null server, before",
        &pages,
    )
    .await?;
    for lines in [200, 5_000, LARGEST] {
        let pages = self::pages(bench, lines);
        let what = format!("{lines} lines, pinned");
        row(bench, tables, Setting::Pinned, &what, &pages).await?;
        let what = format!("{lines} lines, embedded model on");
        row(bench, tables, Setting::Embedded, &what, &pages).await?;
    }
    // Once more, because the other work on a machine comes and goes.
    row(
        bench,
        tables,
        Setting::Null,
        "floor: null server, after",
        &pages,
    )
    .await
}

/// Returns as many documents as it takes to have a new place for each round, and one to warm up.
fn pages(bench: &Bench, lines: usize) -> Vec<Page> {
    let mut pages = Vec::new();
    let mut places = 0;
    for number in 0.. {
        let wanted = (lines / LINES_PER_PLACE).min(bench.rounds - places + 1);
        let page = bench.corpus.page(lines, wanted, number);
        if page.places.len() > 1 {
            places += page.places.len() - 1;
            pages.push(page);
        }
        if places >= bench.rounds {
            break;
        }
    }
    pages
}

async fn row(
    bench: &Bench,
    tables: &mut Tables,
    setting: Setting,
    what: &str,
    pages: &[Page],
) -> Result<(), LspError> {
    let others = match setting {
        Setting::Embedded => bench.corpus.part(OTHERS_FROM, OTHER_LINES),
        Setting::Null | Setting::Pinned | Setting::Paid => String::new(),
    };
    let mut server = bench.start(setting, &[("others.rs", &others)]).await?;
    let mut measured = Measured::default();
    for (number, page) in pages.iter().enumerate() {
        type_in(
            bench,
            setting,
            &mut server,
            &format!("page_{number}.rs"),
            page,
            &mut measured,
        )
        .await?;
    }
    let requests = measured.by_model.len() + measured.by_embedded.len();
    if measured.wrong > 0 || measured.by_model.is_empty() {
        let wrong = measured.wrong;
        tables.failed(
            &format!("a. {what}"),
            &format!("{wrong} of {} answers were wrong", requests + wrong),
        );
    }
    let cpu = measured
        .processor
        .checked_div(u32::try_from(requests).unwrap_or(u32::MAX));
    let target = match pages[0].text.lines().count() {
        _ if setting == Setting::Null => "",
        ..1_000 => "≤ 0.6 ms, p99 ≤ 3",
        1_000..20_000 => "≤ 0.8 ms, p99 ≤ 3",
        20_000.. => "≤ 1.0 ms, p99 ≤ 3; CPU ≤ 1.5 ms",
    };
    let (p50, p99) = spread(&mut measured.by_model);
    tables.time(Row {
        what: format!("a. {what}: a key and its completion, less the model's time"),
        p50,
        p99,
        cpu: cpu.map(milliseconds).unwrap_or_default(),
        target: target.to_owned(),
    });
    if !measured.by_embedded.is_empty() {
        let count = measured.by_embedded.len();
        let (p50, p99) = spread(&mut measured.by_embedded);
        tables.time(Row {
            what: format!("a. … answered by the embedded model ({count} of {requests})"),
            p50,
            p99,
            cpu: String::new(),
            target: String::new(),
        });
    }
    if pages[0].text.lines().count() >= LARGEST {
        tables.time(Row {
            what: format!("a. {what}: resident after {requests} completions, and peak"),
            p50: format!("{:.1} MiB", memory(&server.client, "VmRSS")),
            p99: format!("{:.1} MiB", memory(&server.client, "VmHWM")),
            cpu: String::new(),
            target: "≤ 60 MiB".to_owned(),
        });
    }
    server.stop().await
}

/// Types one character in every place of a document, asks behind it, and leaves the line whole.
async fn type_in(
    bench: &Bench,
    setting: Setting,
    server: &mut Server,
    name: &str,
    page: &Page,
    measured: &mut Measured,
) -> Result<(), LspError> {
    bench.model.play(Script {
        hold: HOLD,
        delivery: Delivery::AtTheEnd,
        text: page.whole.clone(),
    });
    let mut document = server.open(name, &page.text).await?;
    let mut before = Duration::ZERO;
    for (round, place) in page.places.iter().enumerate() {
        if round == 1 {
            // What is done once for a document is not the price of a key.
            tokio::time::sleep(SETTLED).await;
            before = server.processor_time();
        }
        let (key, rest) = place.rest.split_at(1);
        let mark = bench.model.mark();
        let start = document.begin(place).await?;
        let pressed = Instant::now();
        let cursor = document.type_at(start, key).await?;
        let suggested = answer(document.ask(cursor).await?).await?;
        let took = pressed.elapsed();
        document.leave(place).await?;
        if round == 0 {
            continue;
        }
        let expected = if setting == Setting::Null {
            OTHERWISE
        } else {
            rest
        };
        let is_embedded = suggested.source.as_deref() == Some("embedded");
        match (&bench.model.since(mark)[..], &suggested.text) {
            ([call], Some(text)) if text == expected => {
                measured
                    .by_model
                    .push(took - call.held().unwrap_or_default());
            }
            ([], Some(_)) if is_embedded => measured.by_embedded.push(took),
            (calls, text) => {
                measured.wrong += 1;
                eprintln!(
                    "{name}: {} calls, expected {expected:?}, got {text:?}",
                    calls.len()
                );
            }
        }
        if round % METER_EVERY == 0 {
            server.processor_time();
        }
    }
    measured.processor += server.processor_time() - before;
    document.close().await
}
