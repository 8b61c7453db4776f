//! A ledger of an earlier version opens, keeps its rows and takes new ones.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use super::rows::{at, one_of_each};
use super::writing::{count, folder, raw};
use crate::domain::LedgerEvent;
use crate::ledger::insert::insert;
use crate::ledger::schema::{TABLES, VERSION, VERSION_1};
use crate::ledger::{Ledger, LedgerReader, ReportQuery};

/// Makes a file as version 1 wrote it, with one row of each kind that there was.
async fn version_1(path: &Path) {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut connection = options.connect().await.expect("a SQLite file");
    connection.execute(VERSION_1).await.expect("the tables");
    let rows: Vec<_> = one_of_each(1)
        .into_iter()
        .filter(|event| !matches!(event, LedgerEvent::Retention(_) | LedgerEvent::Booking(_)))
        .collect();
    insert(&mut connection, &rows).await.expect("the rows");
    connection.close().await.expect("it closes");
}

async fn version(path: &Path) -> i64 {
    sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut raw(path).await)
        .await
        .expect("a version")
}

#[tokio::test]
async fn a_ledger_of_version_1_is_brought_up_and_keeps_its_rows() {
    let (_folder, path) = folder();
    version_1(&path).await;
    let ledger = Ledger::open(&path).await.expect("an older ledger opens");
    for event in one_of_each(2) {
        ledger.record(event).expect("room in the queue");
    }
    ledger.close().await;
    assert_eq!(version(&path).await, VERSION);
    for table in TABLES {
        let is_later = ["retentions", "bookings"].contains(table);
        let expected = if is_later { 1 } else { 2 };
        assert_eq!(count(&path, table).await, expected, "{table}");
    }
    // Again, and nothing more is done to it.
    let again = Ledger::open(&path).await.expect("it opens");
    again.close().await;
    assert_eq!(count(&path, "retentions").await, 1);
}

#[tokio::test]
async fn a_ledger_of_version_1_is_the_same_as_a_new_one_once_it_is_brought_up() {
    let (_folder, old) = folder();
    let (_other, new) = folder();
    version_1(&old).await;
    let mut schemas = Vec::new();
    for path in [&old, &new] {
        let ledger = Ledger::open(path).await.expect("it opens");
        ledger.close().await;
        let sql = "SELECT COALESCE(sql, name) FROM sqlite_schema ORDER BY type, name";
        let found: Vec<String> = sqlx::query_scalar(sql)
            .fetch_all(&mut raw(path).await)
            .await
            .expect("a schema");
        schemas.push(found);
    }
    assert_eq!(schemas[0], schemas[1]);
}

#[tokio::test]
async fn a_report_reads_a_ledger_of_version_1_and_leaves_it_as_it_is() {
    let (_folder, path) = folder();
    version_1(&path).await;
    let reader = LedgerReader::open_read_only(&path).await;
    let reader = reader.expect("an older ledger is read");
    let report = reader.margin_report(&ReportQuery::new(at(0), at(60))).await;
    let totals = report.expect("a report").totals;
    assert_eq!((totals.accepted, totals.retention_checked), (1, 0));
    assert_eq!(version(&path).await, 1);
}
