//! What is recorded is there, once, whoever records it and however it ends.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Executor, Row, TypeInfo, ValueRef};
use tempfile::TempDir;

use super::rows::{call, decision, one_of_each, suppressed};
use crate::domain::LedgerEvent;
use crate::ledger::schema::{self, TABLES};
use crate::ledger::{Ledger, LedgerError, LedgerReader, LedgerState, WriterSettings};

pub(in crate::ledger) fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("ledger.db");
    (folder, path)
}

pub(in crate::ledger) async fn raw(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    options.connect().await.expect("a SQLite file")
}

pub(super) async fn count(path: &Path, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_one(&mut raw(path).await)
        .await
        .expect("a count")
}

pub(super) fn event(n: u128) -> LedgerEvent {
    LedgerEvent::Suppressed(suppressed(n))
}

#[tokio::test]
async fn what_is_written_twice_is_there_once() {
    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    for _ in 0..2 {
        for event in one_of_each(1) {
            ledger.record_and_wait(event).await.expect("recorded");
        }
    }
    // The same within one group.
    for event in [one_of_each(1), one_of_each(1)].concat() {
        ledger.record(event).expect("room in the queue");
    }
    ledger.close().await;
    for table in TABLES {
        assert_eq!(count(&path, table).await, 1, "{table}");
    }
}

#[tokio::test]
async fn a_suggestion_accepted_twice_is_one_outcome() {
    use crate::domain::OutcomeKind::{Accepted, Retained};
    use crate::ledger::tests::rows::outcome;

    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    for row in [
        outcome(1, 5, Accepted),
        outcome(2, 5, Accepted),
        outcome(3, 5, Retained),
    ] {
        ledger
            .record(LedgerEvent::Outcome(row))
            .expect("room in the queue");
    }
    ledger.close().await;
    assert_eq!(count(&path, "outcomes").await, 2);
}

#[tokio::test]
async fn every_field_of_every_row_has_a_column() {
    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    for event in one_of_each(1) {
        ledger.record(event).expect("room in the queue");
    }
    ledger.close().await;
    let mut connection = raw(&path).await;
    let mut shown = String::new();
    for table in TABLES {
        let sql = format!("SELECT * FROM {table}");
        let row = sqlx::query(AssertSqlSafe(sql))
            .fetch_one(&mut connection)
            .await;
        shown += &format!("{table}\n{}", show(&row.expect("one row")));
    }
    insta::assert_snapshot!(shown);
}

fn show(row: &SqliteRow) -> String {
    let show_value = |index: usize| -> String {
        let raw = row.try_get_raw(index).expect("a column");
        match raw.type_info().name() {
            "NULL" => "NULL".to_owned(),
            "INTEGER" => row.get::<i64, _>(index).to_string(),
            "REAL" => row.get::<f64, _>(index).to_string(),
            "BLOB" => {
                let bytes = row.get::<Vec<u8>, _>(index);
                let bytes = bytes.try_into().expect("an id has 16 bytes");
                format!("id {}", u128::from_be_bytes(bytes))
            }
            _ => row.get::<String, _>(index),
        }
    };
    let lines = row.columns().iter().enumerate();
    lines
        .map(|(index, column)| format!("  {}: {}\n", column.name(), show_value(index)))
        .collect()
}

#[tokio::test]
async fn rows_cannot_be_changed_or_deleted() {
    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    for event in one_of_each(1) {
        ledger.record(event).expect("room in the queue");
    }
    ledger.close().await;
    let mut connection = raw(&path).await;
    for table in TABLES {
        for sql in [
            format!("UPDATE {table} SET at = 0"),
            format!("DELETE FROM {table}"),
        ] {
            let refused = connection.execute(AssertSqlSafe(sql.clone())).await;
            let error = refused.expect_err(&sql).to_string();
            assert!(error.contains("append-only"), "{sql}: {error}");
        }
        assert_eq!(count(&path, table).await, 1, "{table}");
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_what_to_do() {
    let (_folder, path) = folder();
    Ledger::open(&path)
        .await
        .expect("a new ledger")
        .close()
        .await;
    raw(&path)
        .await
        .execute(AssertSqlSafe(format!(
            "PRAGMA user_version = {}",
            schema::VERSION + 1
        )))
        .await
        .expect("a newer version");
    for refused in [
        Ledger::open(&path).await.map(|_| ()),
        LedgerReader::open_read_only(&path).await.map(|_| ()),
    ] {
        let error = refused.expect_err("a newer ledger was opened");
        assert!(
            matches!(error, LedgerError::TooNew { found, .. } if found == schema::VERSION + 1),
            "{error}"
        );
        assert!(error.to_string().contains("Update mantle"), "{error}");
    }
    let mut connection = raw(&path).await;
    let tables: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut connection)
        .await
        .expect("a version");
    assert_eq!(tables, schema::VERSION + 1, "the file was left as it was");
}

#[tokio::test]
async fn a_file_of_somebody_else_is_refused_and_left_alone() {
    let (folder, path) = folder();
    std::fs::write(
        &path,
        "these are my notes, and they are long enough to be read",
    )
    .expect("a file");
    let error = Ledger::open(&path).await.expect_err("notes were opened");
    assert!(matches!(error, LedgerError::NotALedger { .. }), "{error}");

    let other = folder.path().join("other.db");
    let options = SqliteConnectOptions::new()
        .filename(&other)
        .create_if_missing(true);
    let mut connection = options.connect().await.expect("a SQLite file");
    connection
        .execute("CREATE TABLE notes (text TEXT)")
        .await
        .expect("a table");
    let error = Ledger::open(&other)
        .await
        .expect_err("another database was opened");
    assert!(matches!(error, LedgerError::NotALedger { .. }), "{error}");
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut connection)
        .await
        .expect("a mode");
    assert_eq!(mode, "delete", "the file was not switched to another mode");
}

#[tokio::test]
async fn two_ledgers_on_one_file_both_write() {
    let (_folder, path) = folder();
    let (one, two) = tokio::join!(Ledger::open(&path), Ledger::open(&path));
    let (one, two) = (one.expect("a ledger"), two.expect("the same ledger"));
    let write = async |ledger: Ledger, from: u128| {
        for n in from..from + 500 {
            if n % 50 == 0 {
                ledger.record_and_wait(event(n)).await.expect("recorded");
            } else {
                ledger.record(event(n)).expect("room in the queue");
            }
        }
        ledger.close().await;
    };
    tokio::join!(write(one, 0), write(two, 500));
    assert_eq!(count(&path, "suppressed").await, 1_000);
}

#[tokio::test]
async fn more_rows_than_one_statement_takes_are_all_written() {
    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    for n in 0..1_500 {
        let row = decision(n, None);
        ledger
            .record(LedgerEvent::Decision(Box::new(row)))
            .expect("room in the queue");
        ledger
            .record(LedgerEvent::Call(Box::new(call(n, n, None))))
            .expect("room in the queue");
    }
    ledger.flush().await.expect("written");
    assert_eq!(count(&path, "decisions").await, 1_500);
    assert_eq!(count(&path, "calls").await, 1_500);
}

#[tokio::test]
async fn what_is_flushed_is_there_when_the_ledger_is_dropped_and_opened_again() {
    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    ledger.record(event(1)).expect("room in the queue");
    ledger.flush().await.expect("written");
    drop(ledger);
    let again = Ledger::open(&path).await.expect("the same ledger");
    again.record_and_wait(event(2)).await.expect("recorded");
    assert_eq!(count(&path, "suppressed").await, 2);
}

/// Stands for a call that is dropped half way.
struct RecordsOnDrop(Option<(crate::ledger::Place, LedgerEvent)>);

impl Drop for RecordsOnDrop {
    fn drop(&mut self) {
        if let Some((place, event)) = self.0.take() {
            place.record(event);
        }
    }
}

#[test]
fn a_place_used_while_a_task_is_dropped_is_in_the_ledger() {
    let (_folder, path) = folder();
    let outer = tokio::runtime::Runtime::new().expect("a runtime");
    let ledger = outer.block_on(Ledger::open(&path)).expect("a new ledger");
    let place = ledger.reserve().expect("room in the queue");
    let guard = RecordsOnDrop(Some((place, event(1))));

    let dropped = tokio::runtime::Runtime::new().expect("another runtime");
    dropped.spawn(async move {
        let _guard = guard;
        std::future::pending::<()>().await;
    });
    // Dropping a runtime drops its tasks, and with them the guard, outside of any runtime.
    drop(dropped);

    let last = ledger.reserve().expect("room in the queue");
    outer.block_on(async {
        ledger.clone().close().await;
        assert_eq!(count(&path, "suppressed").await, 1);
    });
    assert_eq!(ledger.record(event(3)), Err(LedgerError::Closed));
    // A place that was reserved before the ledger was closed still counts.
    last.record(event(2));
    drop((ledger, outer));
    let reader = tokio::runtime::Runtime::new().expect("a third runtime");
    reader.block_on(async {
        while count(&path, "suppressed").await < 2 {
            tokio::task::yield_now().await;
        }
    });
}

#[tokio::test]
async fn a_full_queue_says_so_and_a_dropped_place_makes_room() {
    let (_folder, path) = folder();
    let settings = WriterSettings {
        capacity: 2,
        ..WriterSettings::default()
    };
    let ledger = Ledger::open_with(&path, settings)
        .await
        .expect("a new ledger");
    let first = ledger.reserve().expect("room for one");
    let _second = ledger.reserve().expect("room for two");
    assert_eq!(ledger.reserve().map(drop), Err(LedgerError::Full));
    assert_eq!(ledger.record(event(1)), Err(LedgerError::Full));
    drop(first);
    ledger.record(event(1)).expect("room again");
}

#[tokio::test]
async fn a_panic_of_the_writer_loses_nothing() {
    let (_folder, path) = folder();
    let settings = WriterSettings::default();
    let panics = settings.panics.clone();
    let ledger = Ledger::open_with(&path, settings)
        .await
        .expect("a new ledger");
    panics.store(1, Ordering::Relaxed);
    ledger.record(event(1)).expect("room in the queue");
    ledger.record_and_wait(event(2)).await.expect("recorded");
    assert_eq!(count(&path, "suppressed").await, 2);

    // Three in a row: the group is given up, who waits is told, and the writer goes on.
    panics.store(3, Ordering::Relaxed);
    let given_up = ledger.record_and_wait(event(3)).await;
    assert!(given_up.is_err());
    panics.store(0, Ordering::Relaxed);
    ledger.record_and_wait(event(4)).await.expect("recorded");
    assert_eq!(count(&path, "suppressed").await, 3);
    assert_eq!(ledger.state(), LedgerState::Writable);
}
