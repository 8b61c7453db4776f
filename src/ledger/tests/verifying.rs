//! The check finds what was broken on purpose, and nothing in a ledger that is in order.

use std::path::Path;

use sqlx::{Connection, Executor};

use super::rows::{call, one_of_each};
use super::writing::{folder, raw};
use crate::domain::{CallRow, LedgerEvent, TokenCount, Usage};
use crate::ledger::schema::{TABLES, VERSION};
use crate::ledger::{Fault, Ledger, LedgerReader, Verification};

async fn write(path: &Path, events: Vec<LedgerEvent>) {
    let ledger = Ledger::open(path).await.expect("a ledger");
    for event in events {
        ledger.record(event).expect("room in the queue");
    }
    ledger.close().await;
}

async fn verified(path: &Path) -> Verification {
    let reader = LedgerReader::open_read_only(path).await.expect("a ledger");
    reader.verify().await.expect("a check")
}

fn said(verification: &Verification) -> Vec<(&str, Option<u64>)> {
    let faults = verification.faults.iter();
    faults
        .map(|Fault { what, rows, .. }| (what.as_str(), *rows))
        .collect()
}

#[tokio::test]
async fn a_ledger_in_order_has_no_fault() {
    let (_folder, path) = folder();
    write(&path, one_of_each(1)).await;
    let found = verified(&path).await;
    assert_eq!(said(&found), []);
    assert_eq!(found.schema_version, VERSION);
    let each: Vec<_> = TABLES.iter().map(|table| (*table, 1)).collect();
    assert_eq!(found.rows, each);
}

#[tokio::test]
async fn rows_that_contradict_one_another_are_counted_and_one_is_named() {
    let (_folder, path) = folder();
    let events = one_of_each(1).into_iter().skip(1);
    let events = events.filter(|event| !matches!(event, LedgerEvent::CacheHit(_)));
    let wrong = CallRow {
        usage: Usage {
            input_total: Some(TokenCount::new(5)),
            cache_read: Some(TokenCount::new(6)),
            output_total: Some(TokenCount::new(1)),
            reasoning: Some(TokenCount::new(2)),
            ..Usage::default()
        },
        ..call(1, 1, Some(-1))
    };
    let id = wrong.id;
    write(
        &path,
        events.chain([LedgerEvent::Call(Box::new(wrong))]).collect(),
    )
    .await;
    let found = verified(&path).await;
    // Nothing made the suggestion, since the decision and the cache hit were left out; the call of
    // `one_of_each` lacks its decision, too.
    assert_eq!(
        said(&found),
        [
            ("calls without a decision", Some(2)),
            ("calls that cost less than nothing", Some(1)),
            (
                "calls whose cached input is more than all of their input",
                Some(1)
            ),
            (
                "calls whose reasoning is more than all of their output",
                Some(1)
            ),
            ("outcomes of a suggestion that nothing made", Some(1)),
            ("looks after a suggestion that nothing made", Some(1)),
        ]
    );
    assert_eq!(found.faults[1].example, Some(id.as_uuid()));
}

#[tokio::test]
async fn a_ledger_that_could_be_changed_is_no_longer_one_to_trust() {
    let (_folder, path) = folder();
    write(&path, one_of_each(1)).await;
    let mut connection = raw(&path).await;
    let sql = "DROP TRIGGER calls_no_update; DROP TABLE matches;";
    connection.execute(sql).await.expect("it is changed");
    let found = verified(&path).await;
    assert_eq!(
        said(&found),
        [
            ("the trigger calls_no_update is missing", None),
            ("the table matches is missing", None),
            ("the trigger matches_no_update is missing", None),
            ("the trigger matches_no_delete is missing", None),
        ]
    );
}

#[tokio::test]
async fn a_damaged_page_is_found_and_left_as_it_is() {
    let (_folder, path) = folder();
    write(&path, one_of_each(1)).await;
    let mut connection = raw(&path).await;
    let mut number = async |sql: &'static str| -> usize {
        let number: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut connection)
            .await
            .expect("a number");
        usize::try_from(number).expect("not negative")
    };
    let page = number("SELECT rootpage FROM sqlite_schema WHERE name = 'outcomes_by_time'").await;
    let end = page * number("PRAGMA page_size").await;
    // Whoever closes last brings the log home, and that need not be this connection.
    assert_eq!(
        number("PRAGMA wal_checkpoint(TRUNCATE)").await,
        0,
        "nobody is in the way"
    );
    connection.close().await.expect("it closes");
    let mut bytes = std::fs::read(&path).expect("the file");
    // The one entry of the index is at the end of its page.
    bytes[end - 8..end].fill(7);
    std::fs::write(&path, &bytes).expect("the damage");
    let found = verified(&path).await;
    assert!(!found.faults.is_empty());
    for Fault { what, .. } in &found.faults {
        assert!(what.starts_with("the file is damaged: "), "{what}");
        assert_eq!(what.lines().count(), 1, "{what}");
    }
    assert_eq!(std::fs::read(&path).expect("the file"), bytes);
}
