//! What has begun when a process is gone is on the ledger at the next start.

use sqlx::Connection;
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::rows::{call, decision};
use super::writing::{count, folder};
use crate::domain::{CallOutcome, LedgerEvent, Tier};
use crate::ledger::Ledger;
use crate::ledger::spool::{Kind, left_behind};

fn begun() -> [LedgerEvent; 2] {
    let decided = decision(1, Some(("m", Tier::Premium)));
    let mut assumed = call(1, 1, Some(900));
    assumed.outcome = CallOutcome::Cancelled;
    [
        LedgerEvent::Decision(Box::new(decided)),
        LedgerEvent::Call(Box::new(assumed)),
    ]
}

async fn cost_of_the_call(path: &std::path::Path) -> i64 {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display()))
        .await
        .expect("a ledger");
    let row = sqlx::query("SELECT cost FROM calls")
        .fetch_one(&mut connection)
        .await;
    row.expect("one call").get(0)
}

#[tokio::test]
async fn a_call_that_never_ended_is_on_the_ledger_with_its_decision() {
    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    begun().iter().for_each(|event| ledger.note(event));
    // As after a kill: nobody records the end.
    ledger.close().await;
    assert_eq!(left_behind(&path, Kind::Begun).len(), 1);

    Ledger::open(&path).await.expect("a ledger").close().await;
    assert_eq!(
        (count(&path, "decisions").await, count(&path, "calls").await),
        (1, 1)
    );
    assert_eq!(cost_of_the_call(&path).await, 900);
    assert!(left_behind(&path, Kind::Begun).is_empty());
}

#[tokio::test]
async fn what_came_of_a_call_stands_in_place_of_what_was_assumed() {
    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    let [decided, assumed] = begun();
    for event in [&decided, &assumed] {
        ledger.note(event);
    }
    ledger.record(decided).expect("room");
    let real = LedgerEvent::Call(Box::new(call(1, 1, Some(5))));
    ledger.record_and_wait(real).await.expect("recorded");
    let files = left_behind(&path, Kind::Begun);
    let length = std::fs::metadata(&files[0]).expect("the file").len();
    assert_eq!(length, 0, "nothing is under way");
    ledger.close().await;
    assert!(left_behind(&path, Kind::Begun).is_empty());

    // Killed after the real row was written and before the file was emptied.
    let later = Ledger::open(&path).await.expect("a ledger");
    later.note(&assumed);
    later.close().await;
    Ledger::open(&path).await.expect("a ledger").close().await;
    assert_eq!(cost_of_the_call(&path).await, 5);
}
