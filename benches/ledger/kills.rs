//! Kills a process that appends, at moments that a seed chooses: is every event that it had
//! acknowledged on the ledger, once?

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use mantle_ls::domain::{Dice, Timestamp};
use mantle_ls::ledger::{Ledger, LedgerReader, ReportQuery, TABLES};

use super::events::{Source, id_of};
use super::reports::FIRST_DAY;

/// Tasks of the child that append at once, so that groups have several events.
const TASKS: u16 = 4;
/// The longest that a child lives after its first word.
const LONGEST_MS: usize = 60;

/// Appends and says what is acknowledged, until it is killed.
pub fn child(path: &Path, seed: u64, number: u16) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let ledger = Ledger::open(path).await.expect("a ledger");
        let tasks = (0..TASKS).map(|task| {
            let source = Source::new(seed + u64::from(task), number * TASKS + task);
            append(&ledger, source)
        });
        let all = futures::future::join_all(tasks);
        futures::future::join(all, roll_up_again_and_again(path)).await;
    });
}

/// Adds up the day that is being written, so that kills meet that, too.
async fn roll_up_again_and_again(path: &Path) {
    let reader = LedgerReader::open_read_only(path).await.expect("a ledger");
    loop {
        let next_day = FIRST_DAY.plus(Duration::from_secs(86_400));
        reader.roll_up(next_day, false).await.expect("rolled up");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn append(ledger: &Ledger, mut source: Source) {
    for second in 0.. {
        for event in source.point(FIRST_DAY.plus(Duration::from_secs(second))) {
            let (table, id) = id_of(&event);
            ledger.note(&event);
            ledger.record_and_wait(event).await.expect("recorded");
            // One call, so that no line is torn by the kill before it is a whole one.
            let line = format!("{table} {id}\n");
            std::io::stdout().write_all(line.as_bytes()).expect("said");
            std::io::stdout().flush().expect("said");
        }
    }
}

/// Prints what was found; returns false when an event was lost or doubled.
pub fn run(times: usize, seed: u64) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("ledger.sqlite3");
    let mut dice = Dice::new(seed);
    let mut acknowledged: Vec<(String, String)> = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut differing = 0;
    for number in 0..times {
        acknowledged.extend(one(&path, &mut dice, number));
        differing += u32::from(!runtime.block_on(is_reported_the_same(&path)));
    }
    let there = runtime.block_on(async {
        // What the next session does: it merges what was left behind.
        Ledger::open(&path).await.expect("a ledger").close().await;
        rows(&path).await
    });
    let faults = runtime.block_on(async {
        let reader = LedgerReader::open_read_only(&path).await.expect("a ledger");
        reader.verify().await.expect("it is read").faults
    });
    let count = |table: &str, id: &str| there.get(table).and_then(|ids| ids.get(id)).copied();
    let lost = acknowledged
        .iter()
        .filter(|(table, id)| count(table, id).is_none())
        .count();
    let doubled = there
        .values()
        .flat_map(HashMap::values)
        .filter(|n| **n > 1)
        .count();
    let all: usize = there.values().map(HashMap::len).sum();
    println!(
        "{times} kills, seed {seed}: {} events acknowledged, {all} on the ledger; lost {lost}, doubled {doubled}; \
         reports that differ without rollups {differing}; `mantle ledger verify` finds {} fault(s).",
        acknowledged.len(),
        faults.len()
    );
    lost == 0 && doubled == 0 && differing == 0 && faults.is_empty() && acknowledged.len() >= times
}

/// Returns whether a report says the same with what is rolled up and without.
async fn is_reported_the_same(path: &Path) -> bool {
    let query = ReportQuery::new(FIRST_DAY, FIRST_DAY.plus(Duration::from_secs(2 * 86_400)));
    let reader = LedgerReader::open_read_only(path).await.expect("a ledger");
    let with = reader.margin_report(&query).await.expect("a report");
    let (rollups, aside) = (path.with_extension("rollups"), path.with_extension("aside"));
    let is_there = std::fs::rename(&rollups, &aside).is_ok();
    let without = reader.margin_report(&query).await.expect("a report");
    if is_there {
        std::fs::rename(&aside, &rollups).expect("back again");
    }
    with == without
}

/// Runs one child until it is killed; returns what it had acknowledged.
fn one(path: &Path, dice: &mut Dice, number: usize) -> Vec<(String, String)> {
    let mut child = Command::new(std::env::current_exe().expect("this bench"))
        .arg("child")
        .arg(path)
        .arg(dice.roll().min(u64::MAX / 2).to_string())
        .arg(number.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process of our own");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut said: Vec<String> = lines.next().into_iter().flatten().collect();
    let wait = Duration::from_micros(dice.below(LONGEST_MS * 1_000) as u64);
    let killer = std::thread::spawn(move || {
        std::thread::sleep(wait);
        // SIGKILL; what it had said by then is still in the pipe, and counts.
        child.kill().expect("killed");
        child.wait().expect("it ended");
    });
    said.extend(lines.map_while(Result::ok));
    killer.join().expect("killed");
    let whole = said.iter().filter_map(|line| line.split_once(' '));
    whole
        .filter(|(_, id)| id.len() == 36)
        .map(|(table, id)| (table.to_owned(), id.to_owned()))
        .collect()
}

/// Returns how often each id is in each table.
async fn rows(path: &Path) -> BTreeMap<&'static str, HashMap<String, u32>> {
    let whole = (
        Timestamp::from_unix_micros(i64::MIN),
        Timestamp::from_unix_micros(i64::MAX),
    );
    let reader = LedgerReader::open_read_only(path).await.expect("a ledger");
    let mut found = BTreeMap::new();
    for &table in TABLES {
        let mut ids: HashMap<String, u32> = HashMap::new();
        let note = |columns: mantle_ls::ledger::Columns| -> Result<(), ()> {
            let (_, id) = columns.first().ok_or(())?;
            *ids.entry(id.as_str().unwrap_or_default().to_owned())
                .or_default() += 1;
            Ok(())
        };
        let read = reader.rows(table, whole, note).await;
        read.expect("it is read").expect("every row has its id");
        found.insert(table, ids);
    }
    found
}
