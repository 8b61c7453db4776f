//! Time and peak memory of `mantle report` on a large ledger, before and after rollups. The digits
//! must be the same.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mantle_ls::domain::Timestamp;
use mantle_ls::ledger::Ledger;

use super::appends::produce;
use super::events::Source;

/// Midnight at the beginning of 1 October 2026, UTC.
pub const FIRST_DAY: Timestamp = Timestamp::from_unix_micros(1_790_812_800_000_000);
const DAYS: u64 = 30;
/// From 1 October until the end of 30 October, and what a month that begins and ends at noon asks for.
const WHOLE: [&str; 4] = ["--since", "2026-10-01", "--until", "2026-10-31"];
const FROM_NOON: [&str; 4] = [
    "--since",
    "2026-10-01T12:00:00Z",
    "--until",
    "2026-10-30T12:00:00Z",
];
/// Decision points leave some three events each.
const PER_POINT: f64 = 3.77;

/// Prints the table; returns false when a report changed by being rolled up.
pub fn run(events: usize, keep: Option<PathBuf>) -> bool {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let state = keep.unwrap_or_else(|| temporary.path().to_owned());
    let path = state.join("ledger.sqlite3");
    if path.exists() {
        println!("the ledger that is there: {}", path.display());
    } else {
        let began = Instant::now();
        let written = fill(&path, events);
        println!("{written} events written in {:.0?}", began.elapsed());
    }
    let _ = std::fs::remove_file(state.join("ledger.rollups"));
    let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
    println!(
        "\n| {:.0} MiB | time | peak resident |\n|---|---|---|",
        bytes as f64 / 1_048_576.0
    );
    let report = |name: &str, period: [&str; 4]| {
        let (took, peak, printed) = mantle(&state, &[&["report", "--json"], &period[..]].concat());
        println!("| {name} | {took:.2?} | {peak:.0} MiB |");
        printed
    };
    // While somebody else has the lock, a report adds nothing up for the next one.
    let lock = std::fs::File::create(state.join("ledger.rollups.lock")).expect("a lock");
    lock.lock().expect("nobody else has it");
    let before = [
        report("30 days, from rows", WHOLE),
        report("noon to noon, from rows", FROM_NOON),
    ];
    drop(lock);
    let (took, peak, said) = mantle(&state, &["ledger", "compact"]);
    println!("| mantle ledger compact | {took:.2?} | {peak:.0} MiB |");
    let after = [
        report("30 days, rolled up", WHOLE),
        report("noon to noon, rolled up", FROM_NOON),
    ];
    // It reads every decision, whatever is rolled up.
    let frontier = [&["report", "--json", "--frontier"], &WHOLE[..]].concat();
    let (took, peak, _) = mantle(&state, &frontier);
    println!("| 30 days, with the frontier | {took:.2?} | {peak:.0} MiB |");
    println!("\n{said}");
    let is_same = before == after && before[0].contains("\"requests\"");
    if !is_same {
        eprintln!("error: a report says something else after its days are rolled up");
    }
    is_same
}

/// Writes events, thirty days of them in the order of their time.
fn fill(path: &Path, events: usize) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let ledger = runtime.block_on(Ledger::open(path)).expect("a ledger");
    let micros = DAYS as f64 * 86_400e6 / (events as f64 / PER_POINT);
    let mut source = Source::new(1, 0);
    let mut written = 0;
    let mut point = 0;
    // The last events lie ten minutes after their point, and still belong to the thirty days.
    let end = FIRST_DAY.plus(Duration::from_secs(86_400 * DAYS - 700));
    produce(
        &ledger,
        std::iter::from_fn(|| {
            let at = FIRST_DAY.plus(Duration::from_micros((point as f64 * micros) as u64));
            point += 1;
            (at < end && written < events).then(|| {
                let made = source.point(at);
                written += made.len();
                made
            })
        })
        .flatten(),
    );
    runtime.block_on(ledger.close());
    written
}

/// Runs the program to its end; returns how long it took, its peak memory and what it printed.
fn mantle(state: &Path, args: &[&str]) -> (Duration, f64, String) {
    let began = Instant::now();
    let printed = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_mantle"))
        .arg("--state")
        .arg(state)
        .args(args)
        .env("HOME", state)
        .env_remove("XDG_CONFIG_HOME")
        .stdout(Stdio::from(printed.reopen().expect("the same file")))
        .spawn()
        .expect("the program");
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0.0;
    while child.try_wait().expect("our child").is_none() {
        // The kernel keeps the highest; what is missed is the last moment.
        peak = high_water(&status).unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = began.elapsed();
    assert!(child.wait().expect("our child").success(), "{args:?}");
    let text = std::fs::read_to_string(printed.path()).expect("what was printed");
    (took, peak, text)
}

/// Returns the highest resident size that a process has had, in MiB.
fn high_water(status: &Path) -> Option<f64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
