//! Events per second through the writer that every session has, all of them synced at the end.

use std::path::Path;
use std::time::{Duration, Instant};

use mantle_ls::domain::{LedgerEvent, Timestamp};
use mantle_ls::ledger::{Ledger, LedgerError, LedgerReader, TABLES};

use super::events::Source;
use super::reports::FIRST_DAY;

const EVENTS: usize = 200_000;
const TARGET: f64 = 50_000.0;

/// Prints the table; returns false when an event is missing.
pub fn run() -> bool {
    println!("| appends, synced at the end | events | time | events per second | target |");
    println!("|---|---|---|---|---|");
    [1, 4].into_iter().all(|producers| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("ledger.sqlite3");
        let (events, took) = append(&path, producers);
        println!(
            "| {producers} producer(s) | {events} | {took:.2?} | {:.0} | ≥ {TARGET:.0} |",
            events as f64 / took.as_secs_f64()
        );
        let there = rows(&path);
        if there != events {
            eprintln!("error: {there} of {events} are on the ledger");
        }
        there == events
    })
}

/// Makes the events before the clock starts, then appends them.
fn append(path: &Path, producers: usize) -> (usize, Duration) {
    let all: Vec<Vec<LedgerEvent>> = (0..producers)
        .map(|producer| {
            let mut source = Source::new(producer as u64, producer as u16);
            let mut events = Vec::new();
            while events.len() < EVENTS / producers {
                let seconds = events.len() as u64;
                events.extend(source.point(FIRST_DAY.plus(Duration::from_secs(seconds))));
            }
            events
        })
        .collect();
    let count = all.iter().map(Vec::len).sum();
    let ledger = runtime().block_on(Ledger::open(path)).expect("a ledger");
    let began = Instant::now();
    std::thread::scope(|scope| {
        for events in all {
            let ledger = ledger.clone();
            scope.spawn(move || produce(&ledger, events));
        }
    });
    runtime().block_on(ledger.flush()).expect("synced");
    let took = began.elapsed();
    runtime().block_on(ledger.close());
    (count, took)
}

/// Records without waiting, and waits for the disk whenever the queue is full.
pub fn produce(ledger: &Ledger, events: impl IntoIterator<Item = LedgerEvent>) {
    for event in events {
        let mut place = ledger.reserve();
        while let Err(LedgerError::Full) = place {
            std::thread::sleep(Duration::from_millis(2));
            place = ledger.reserve();
        }
        place.expect("a ledger that can be written").record(event);
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn rows(path: &Path) -> usize {
    let mut rows = 0;
    let whole = (
        Timestamp::from_unix_micros(i64::MIN),
        Timestamp::from_unix_micros(i64::MAX),
    );
    runtime().block_on(async {
        let reader = LedgerReader::open_read_only(path).await.expect("a ledger");
        for table in TABLES {
            let count = |_| -> Result<(), ()> {
                rows += 1;
                Ok(())
            };
            let read = reader.rows(table, whole, count).await;
            read.expect("it is read").expect("counting does not fail");
        }
    });
    rows
}
