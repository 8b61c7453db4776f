//! When the file cannot be written: nothing that was acknowledged is lost, and nothing is
//! acknowledged that is not on disk.

use std::path::Path;
use std::time::Duration;

use sqlx::Executor;
use sqlx::sqlite::SqliteConnection;

use super::writing::{count, event, folder, raw};
use crate::ledger::{Ledger, LedgerError, LedgerReader, LedgerState, WriterSettings, spool};

fn impatient() -> WriterSettings {
    WriterSettings {
        busy_timeout: Duration::from_millis(5),
        spool_after: Duration::from_millis(20),
        try_again_after: Duration::from_millis(10),
        ..WriterSettings::default()
    }
}

fn patient() -> WriterSettings {
    WriterSettings {
        busy_timeout: Duration::from_millis(5),
        spool_after: Duration::from_secs(600),
        ..WriterSettings::default()
    }
}

async fn lock(path: &Path) -> SqliteConnection {
    let mut other = raw(path).await;
    other.execute("BEGIN EXCLUSIVE").await.expect("the lock");
    other
}

async fn release(mut other: SqliteConnection) {
    other.execute("ROLLBACK").await.expect("no lock");
}

async fn until_the_state_is(ledger: &Ledger, writable: bool) {
    while (ledger.state() == LedgerState::Writable) != writable {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_locked_file_is_waited_for() {
    let (_folder, path) = folder();
    let ledger = Ledger::open_with(&path, patient())
        .await
        .expect("a new ledger");
    let other = lock(&path).await;
    ledger.record(event(1)).expect("room in the queue");
    let waiting = tokio::spawn({
        let ledger = ledger.clone();
        async move { ledger.record_and_wait(event(2)).await }
    });
    tokio::task::yield_now().await;
    assert!(
        !waiting.is_finished(),
        "acknowledged while the file was locked"
    );
    release(other).await;
    waiting.await.expect("no panic").expect("recorded");
    assert_eq!(count(&path, "suppressed").await, 2);
    assert!(spool::left_behind(&path, spool::Kind::Waiting).is_empty());
}

#[tokio::test]
async fn a_file_locked_for_long_has_a_side_file_that_is_merged_when_it_can_be_written() {
    let (_folder, path) = folder();
    let ledger = Ledger::open_with(&path, impatient())
        .await
        .expect("a new ledger");
    let other = lock(&path).await;
    for n in 0..20 {
        ledger.record_and_wait(event(n)).await.expect("recorded");
    }
    assert_eq!(count(&path, "suppressed").await, 0);
    assert_eq!(spool::left_behind(&path, spool::Kind::Waiting).len(), 1);
    assert_eq!(ledger.state(), LedgerState::Writable);
    release(other).await;
    // Without any further event: the writer tries again by itself.
    while !spool::left_behind(&path, spool::Kind::Waiting).is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(count(&path, "suppressed").await, 20);
}

#[tokio::test]
async fn a_side_file_is_merged_at_the_next_open() {
    let (_folder, path) = folder();
    Ledger::open(&path)
        .await
        .expect("a new ledger")
        .close()
        .await;
    // What a process leaves that died while the ledger was locked, the last line torn.
    let mut left = spool::Spool::create(&path, spool::Kind::Waiting).expect("a side file");
    left.append(&[&event(1), &event(2)]).expect("written");
    let name = left.path().to_owned();
    drop(left);
    let mut text = std::fs::read_to_string(&name).expect("the side file");
    text.push_str(r#"{"Suppressed":{"id":"00000000-00"#);
    std::fs::write(&name, text).expect("a torn line");

    let ledger = Ledger::open(&path).await.expect("the same ledger");
    assert_eq!(count(&path, "suppressed").await, 2);
    assert!(!name.exists(), "the side file is still there");
    ledger.close().await;
}

#[tokio::test]
async fn the_side_file_of_a_living_process_is_left_to_it() {
    let (_folder, path) = folder();
    Ledger::open(&path)
        .await
        .expect("a new ledger")
        .close()
        .await;
    let mut living = spool::Spool::create(&path, spool::Kind::Waiting).expect("a side file");
    living.append(&[&event(1)]).expect("written");
    Ledger::open(&path)
        .await
        .expect("the same ledger")
        .close()
        .await;
    assert!(living.path().exists());
    assert_eq!(count(&path, "suppressed").await, 0);
}

#[tokio::test]
async fn lines_that_are_no_events_are_kept_aside() {
    let (_folder, path) = folder();
    Ledger::open(&path)
        .await
        .expect("a new ledger")
        .close()
        .await;
    let name = path.with_file_name("ledger-spool-1.jsonl");
    let mut lines = serde_json::to_string(&event(1)).expect("JSON");
    lines.push_str("\n{\"Revenue\":{}}\n");
    std::fs::write(&name, lines).expect("a side file");
    Ledger::open(&path)
        .await
        .expect("the same ledger")
        .close()
        .await;
    assert_eq!(count(&path, "suppressed").await, 1);
    assert!(!name.exists());
    assert!(path.with_file_name("ledger-spool-1.jsonl.unread").exists());
}

#[tokio::test]
async fn without_any_disk_nothing_is_acknowledged_and_the_message_says_what_to_do() {
    let (folder, path) = folder();
    let home = folder.path().join("state");
    let moved = folder.path().join("moved");
    let path = home.join(path.file_name().expect("a name"));
    let ledger = Ledger::open_with(&path, impatient())
        .await
        .expect("a new ledger");
    let other = lock(&path).await;
    // The folder is gone, so there is no place for a side file, and the file itself is locked.
    std::fs::rename(&home, &moved).expect("moved away");

    let place = ledger.reserve().expect("room in the queue");
    let refused = ledger.record_and_wait(event(1)).await;
    let Err(LedgerError::NotWritable { message }) = refused else {
        panic!("acknowledged: {refused:?}");
    };
    assert!(
        message.contains("Check that its folder exists"),
        "{message}"
    );
    assert_eq!(ledger.state(), LedgerState::Degraded { message });
    assert!(matches!(
        ledger.reserve().map(drop),
        Err(LedgerError::NotWritable { .. })
    ));
    assert!(matches!(
        ledger.record(event(2)),
        Err(LedgerError::NotWritable { .. })
    ));
    // A call that was under way ends: its place still takes what it cost.
    place.record(event(3));
    assert!(ledger.flush().await.is_err(), "flushed without a disk");

    std::fs::rename(&moved, &home).expect("moved back");
    release(other).await;
    until_the_state_is(&ledger, true).await;
    ledger.flush().await.expect("written");
    assert_eq!(
        count(&path, "suppressed").await,
        1,
        "the call that was under way"
    );
}

#[tokio::test]
async fn a_place_where_no_file_can_be_is_refused_with_what_to_do() {
    let (folder, path) = folder();
    std::fs::write(&path, "").expect("a file");
    let below_a_file = path.join("ledger.db");
    for unusable in [below_a_file.as_path(), folder.path()] {
        let error = Ledger::open(unusable)
            .await
            .expect_err("a ledger in no place");
        assert!(matches!(error, LedgerError::Open { .. }), "{error}");
        assert!(error.to_string().contains("--state DIR"), "{error}");
    }
}

#[tokio::test]
async fn a_reader_never_creates_a_ledger_and_reads_while_others_write() {
    let (_folder, path) = folder();
    let missing = LedgerReader::open_read_only(&path).await;
    assert!(matches!(missing, Err(LedgerError::Missing { .. })));
    assert!(!path.exists());

    let ledger = Ledger::open(&path).await.expect("a new ledger");
    let _writing = lock(&path).await;
    LedgerReader::open_read_only(&path).await.expect("a reader");
    drop(ledger);
}
