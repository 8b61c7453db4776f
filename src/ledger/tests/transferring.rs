//! Events out of one ledger and into another.

use super::rows::{
    at, booking, cache_hit, call, decision, matched, outcome, retention, suppressed,
};
use crate::domain::{Booking, LedgerEvent, OutcomeKind, Tier, Timestamp};
use crate::ledger::transfer::{Columns, Imported, import, line};
use crate::ledger::{ImportError, Ledger, LedgerReader, schema};
use std::path::Path;

/// A ledger with a row in every table.
async fn written(path: &Path) {
    let ledger = Ledger::open(path).await.expect("a ledger");
    let events = [
        LedgerEvent::Decision(Box::new(decision(1, Some(("codestral", Tier::OpenSource))))),
        LedgerEvent::Decision(Box::new(decision(2, None))),
        LedgerEvent::Call(Box::new(call(3, 1, Some(123_456_789_012_345)))),
        LedgerEvent::Call(Box::new(call(4, 1, None))),
        LedgerEvent::Outcome(outcome(5, 1, OutcomeKind::Offered)),
        LedgerEvent::Match(matched(6, 1)),
        LedgerEvent::Retention(retention(7, 1)),
        LedgerEvent::CacheHit(cache_hit(8, 1)),
        LedgerEvent::Suppressed(suppressed(9)),
        LedgerEvent::Booking(Box::new(booking(10, Booking::Trial { seats: 3 }))),
    ];
    for event in events {
        ledger.record_and_wait(event).await.expect("it is written");
    }
    ledger.close().await;
}

async fn exported(path: &Path) -> Vec<String> {
    let reader = LedgerReader::open_read_only(path).await.expect("a ledger");
    let mut lines = Vec::new();
    for table in schema::TABLES {
        let hear = |columns: Columns| {
            lines.push(line(table, columns).to_string());
            Ok::<_, std::convert::Infallible>(())
        };
        let period = (Timestamp::from_unix_micros(i64::MIN), at(1_000_000));
        let heard = reader.rows(table, period, hear).await.expect("it is read");
        heard.expect("nobody objects");
    }
    lines
}

#[tokio::test]
async fn what_was_exported_and_imported_is_the_same_however_often() {
    let folder = tempfile::tempdir().expect("a folder");
    let (here, there) = (folder.path().join("a.db"), folder.path().join("b.db"));
    written(&here).await;
    let lines = exported(&here).await;
    assert_eq!(lines.len(), 10);
    let imported = import(&there, lines.iter().cloned())
        .await
        .expect("it is imported");
    assert_eq!(imported, Imported { new: 10, known: 0 });
    let again = import(&there, lines.iter().cloned())
        .await
        .expect("it is imported");
    assert_eq!(again, Imported { new: 0, known: 10 });
    assert_eq!(exported(&there).await, lines);
    let reader = LedgerReader::open_read_only(&there)
        .await
        .expect("a ledger");
    let found = reader.verify().await.expect("it is read");
    assert!(found.faults.is_empty(), "{:?}", found.faults);
}

#[tokio::test]
async fn a_line_that_no_ledger_says_is_named_and_nothing_is_imported() {
    let folder = tempfile::tempdir().expect("a folder");
    let (here, there) = (folder.path().join("a.db"), folder.path().join("b.db"));
    written(&here).await;
    let good = exported(&here).await;
    let of_table = |name: &str| {
        let wanted = format!("\"table\":\"{name}\"");
        good.iter()
            .find(|line| line.contains(&wanted))
            .expect("a row of it")
    };
    let call = of_table("calls");
    for (bad, expected) in [
        ("{".to_owned(), "no JSON"),
        (call.replace("\"schema\":", "\"schema\":9"), "knows up to"),
        (
            call.replace("\"calls\"", "\"prompts\""),
            "there is no table `prompts`",
        ),
        (
            call.replace("\"host\"", "\"hostess\""),
            "has no column `hostess`",
        ),
        (
            call.replace("\"duration_ms\":300", "\"duration_ms\":\"long\""),
            "a whole number",
        ),
        (
            call.replace("00000000-0000-0000-0000-000000000001", "me"),
            "a UUID",
        ),
        (
            call.replace("\"duration_ms\":300", "\"duration_ms\":null"),
            "NOT NULL",
        ),
    ] {
        let lines = [of_table("suppressed").clone(), String::new(), bad];
        let error = import(&there, lines.into_iter()).await.expect_err(expected);
        let said = error.to_string();
        assert!(matches!(error, ImportError::Line { line: 3, .. }), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    assert!(
        exported(&there).await.is_empty(),
        "not even the line before it"
    );
}
