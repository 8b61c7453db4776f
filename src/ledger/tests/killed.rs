//! A process that is killed at any moment has lost nothing that was acknowledged.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::writing::{count, event, folder};
use crate::ledger::Ledger;

/// Tells the process of the test below which file to write.
const CHILD: &str = "MANTLE_TEST_LEDGER_OF_A_CHILD";
const CHILD_TEST: &str = "ledger::tests::killed::writes_until_it_is_killed";

/// In an ordinary test run there is nothing to do here; started by the test below, it writes,
/// says which events were acknowledged, and never ends by itself.
#[tokio::test]
async fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD).map(PathBuf::from) else {
        return;
    };
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    for n in 0.. {
        ledger.record_and_wait(event(n)).await.expect("recorded");
        println!("acknowledged {n}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let (_folder, path) = folder();
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args([CHILD_TEST, "--exact", "--nocapture"])
        .env(CHILD, &path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process of our own");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let mut acknowledged = 0;
    for line in output.lines().map_while(Result::ok) {
        acknowledged += i64::from(line.contains("acknowledged "));
        if acknowledged == 40 {
            // SIGKILL; what it had said by then is still in the pipe, and counts.
            child.kill().expect("killed");
        }
    }
    child.wait().expect("it ended");
    assert!(
        acknowledged >= 40,
        "the process ended early, after {acknowledged}"
    );
    // Opening it for writing is what the next process does.
    Ledger::open(&path)
        .await
        .expect("the same ledger")
        .close()
        .await;
    let there = count(&path, "suppressed").await;
    assert!(there >= acknowledged, "{there} of {acknowledged}");
}
