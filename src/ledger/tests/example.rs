//! A small ledger by hand, whose report can be reckoned in the head.
//!
//! The period is 10 and 11 November 2026. In it:
//!
//! - 1: the embedded model, rust, on the 10th: offered, accepted (seen by its edit), retained;
//! - 2: codestral for 468 micro-USD, rust, on the 10th: offered, accepted (said twice), looked for
//!   after ten minutes and not kept; two more requests are answered from it for nothing;
//! - 3: codestral, python, on the 11th, cost not known: offered, taken in part;
//! - 4: sonnet for 12,300 micro-USD, python, on the 11th: failed, so
//! - 5: its next step is codestral for 100 micro-USD: offered, turned down;
//! - 6: rust, on the 10th: nothing was said;
//! - 7: `mantle complete` with codestral for 32 micro-USD, rust, on the 10th: no offer counts;
//! - 8: the embedded model, rust, one minute before the end: offered, accepted;
//! - one request for python on the 10th was suppressed.
//!
//! Just before and at the end of the period there is a call for a dollar each.

use std::path::Path;

use super::rows::{at, cache_hit, call, decision, outcome, retention, suppressed};
use crate::domain::OutcomeKind::{self, Accepted, Dismissed, Offered, PartlyAccepted, Retained};
use crate::domain::{
    CallRow, DecisionRow, Evidence, LedgerEvent, ModelId, Origin, OutcomeRow, RetentionRow, Tier,
    Timestamp,
};
use crate::ledger::{Ledger, ReportQuery};

const HOUR: i64 = 3_600;
const A_DAY: i64 = 24 * HOUR;
const MICRO_USD: i64 = 1_000_000;

const CODESTRAL: Option<(&str, Tier)> = Some(("codestral", Tier::OpenSource));
const SONNET: Option<(&str, Tier)> = Some(("sonnet", Tier::Premium));
const EMBEDDED: Option<(&str, Tier)> = Some(("embedded", Tier::InHouse));

/// Asks for the period of the example, at its end, with one seat at 19 dollars.
pub(crate) fn query() -> ReportQuery {
    ReportQuery {
        seat_price: Some("19.00".parse().expect("a price")),
        ..ReportQuery::new(at(0), at(2 * A_DAY))
    }
}

/// Writes the example into a new ledger.
pub(crate) async fn write(path: &Path) {
    let ledger = Ledger::open(path).await.expect("a new ledger");
    for event in events() {
        ledger.record(event).expect("room in the queue");
    }
    ledger.close().await;
}

/// Returns the events of the example, by kind.
pub(super) fn events() -> Vec<LedgerEvent> {
    let decided = |n, arm, language: &str, seconds| DecisionRow {
        language: language.to_owned(),
        parent: None,
        at: at(seconds),
        ..decision(n, arm)
    };
    let called = |n, micros: Option<i64>, seconds| CallRow {
        at: at(seconds),
        ..call(n, n, micros.map(|micros| micros * MICRO_USD))
    };
    let (day, next_day, end) = (HOUR, A_DAY + HOUR, 2 * A_DAY);
    let decisions = [
        decided(1, EMBEDDED, "rust", day),
        decided(2, CODESTRAL, "rust", day),
        decided(3, CODESTRAL, "python", next_day),
        decided(4, SONNET, "python", next_day),
        DecisionRow {
            step: 1,
            ..decided(5, CODESTRAL, "python", next_day)
        },
        decided(6, None, "rust", day),
        DecisionRow {
            origin: Origin::Cli,
            ..decided(7, CODESTRAL, "rust", day)
        },
        decided(8, EMBEDDED, "rust", end - 60),
        decided(98, CODESTRAL, "rust", -1),
        decided(99, CODESTRAL, "rust", end),
    ];
    let calls = [
        called(2, Some(468), day),
        called(3, None, next_day),
        CallRow {
            model: ModelId::new("sonnet"),
            tier: Tier::Premium,
            host: "api.anthropic.com".to_owned(),
            ..called(4, Some(12_300), next_day)
        },
        called(5, Some(100), next_day),
        called(7, Some(32), day),
        called(98, Some(1_000_000), -1),
        called(99, Some(1_000_000), end),
    ];
    let outcomes = [
        (1, Offered, day),
        (1, Accepted, day + 2),
        (1, Retained, day + 602),
        (2, Offered, day),
        (2, Accepted, day + 2),
        (2, Accepted, day + 3),
        (3, Offered, next_day),
        (3, PartlyAccepted, next_day + 1),
        (5, Offered, next_day),
        (5, Dismissed, next_day + 1),
        (7, Offered, day),
        (8, Offered, end - 60),
        (8, Accepted, end - 59),
    ];
    let outcomes = outcomes
        .into_iter()
        .zip(1_000..)
        .map(|((n, kind, seconds), id)| outcome_at(id, n, kind, at(seconds)));
    let looked_for = |id, n, after_s, still_there| {
        LedgerEvent::Retention(RetentionRow {
            after_s,
            still_there,
            ..retention(id, n)
        })
    };
    let more = [
        looked_for(4_000, 1, 600, true),
        looked_for(4_001, 2, 300, true),
        looked_for(4_002, 2, 600, false),
        looked_for(4_003, 8, 30, true),
        LedgerEvent::CacheHit(cache_hit(2_000, 2)),
        LedgerEvent::CacheHit(cache_hit(2_001, 2)),
        LedgerEvent::Suppressed(suppressed(3_000)),
    ];
    let decisions = decisions
        .into_iter()
        .map(|row| LedgerEvent::Decision(Box::new(row)));
    let calls = calls
        .into_iter()
        .map(|row| LedgerEvent::Call(Box::new(row)));
    decisions.chain(calls).chain(outcomes).chain(more).collect()
}

fn outcome_at(id: u128, n: u128, kind: OutcomeKind, at: Timestamp) -> LedgerEvent {
    let is_seen = n == 1 && kind == Accepted;
    LedgerEvent::Outcome(OutcomeRow {
        at,
        evidence: if is_seen {
            Evidence::Insert
        } else {
            Evidence::Client
        },
        ..outcome(id, n, kind)
    })
}
