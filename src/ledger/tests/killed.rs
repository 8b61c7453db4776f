//! A process that is killed at any moment has lost nothing that was acknowledged, and doubled nothing.
//!
//! `cargo bench --bench ledger -- kills` does the same 200 times, with events of every kind.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use uuid::Uuid;

use super::writing::{event, folder, raw};
use crate::ledger::Ledger;

/// Tells the process of the test below which file to write, and the number of its first event.
const CHILD: &str = "MANTLE_TEST_LEDGER_OF_A_CHILD";
const FIRST: &str = "MANTLE_TEST_FIRST_EVENT_OF_A_CHILD";
const CHILD_TEST: &str = "ledger::tests::killed::writes_until_it_is_killed";

/// In an ordinary test run there is nothing to do here; started by the test below, it writes,
/// says which events were acknowledged, and never ends by itself.
#[tokio::test]
async fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD).map(PathBuf::from) else {
        return;
    };
    let first = std::env::var_os(FIRST).expect("told by the test below");
    let first: u128 = first.to_string_lossy().parse().expect("a number");
    let ledger = Ledger::open(&path).await.expect("a ledger");
    for n in first.. {
        ledger.record_and_wait(event(n)).await.expect("recorded");
        println!("acknowledged {n}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_five_kills() {
    let (_folder, path) = folder();
    let mut acknowledged = Vec::new();
    for (kill, after) in [1, 40, 7, 2, 23].into_iter().enumerate() {
        let said = acknowledged_until_killed(&path, kill as u128 * 1_000_000, after);
        assert!(said.len() >= after, "the process ended early: {said:?}");
        acknowledged.extend(said);
    }
    // Opening it for writing is what the next process does.
    let ledger = Ledger::open(&path).await.expect("the same ledger");
    ledger.close().await;
    let there: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM suppressed")
        .fetch_all(&mut raw(&path).await)
        .await
        .expect("the ids");
    let distinct: HashSet<u128> = there.iter().map(Uuid::as_u128).collect();
    assert_eq!(distinct.len(), there.len());
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|n| !distinct.contains(n))
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
}

/// Runs a process that is killed once it has acknowledged `after` events; returns all that it had.
fn acknowledged_until_killed(path: &Path, first: u128, after: usize) -> Vec<u128> {
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args([CHILD_TEST, "--exact", "--nocapture"])
        .env(CHILD, path)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process of our own");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let mut acknowledged = Vec::new();
    for line in output.lines().map_while(Result::ok) {
        let number = line.split_once("acknowledged ").map(|(_, number)| number);
        acknowledged.extend(number.and_then(|number| number.parse::<u128>().ok()));
        if acknowledged.len() == after {
            // SIGKILL; what it had said by then is still in the pipe, and counts.
            child.kill().expect("killed");
        }
    }
    child.wait().expect("it ended");
    acknowledged
}
