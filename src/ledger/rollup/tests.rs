//! A report says the same, to the last digit, with days that are added up and without.

use std::path::Path;

use proptest::prelude::*;
use uuid::Uuid;

use super::super::asked::AskedSums;
use super::super::tests::example;
use super::super::tests::rows::{at, cache_hit, call, decision, outcome, retention, suppressed};
use super::super::tests::writing::folder;
use super::*;
use crate::domain::{
    CacheHitRow, CallRow, DecisionId, DecisionRow, LedgerEvent, ModelId, Origin, OutcomeKind,
    OutcomeRow, RetentionRow, SuppressedRow, Tier, TokenCount, fnv1a,
};
use crate::ledger::margin::CallGroup;
use crate::ledger::{Dimension, Figures, Ledger, LedgerReader, MarginReport, ReportQuery};

const A_DAY: i64 = 86_400;
/// The day of `at(0)`.
const FIRST: i64 = 1_794_268_800 / A_DAY;

async fn write(path: &Path, events: Vec<LedgerEvent>) {
    let ledger = Ledger::open(path).await.expect("a ledger");
    for event in events {
        ledger.record(event).expect("room in the queue");
    }
    ledger.close().await;
}

async fn report(path: &Path, query: &ReportQuery) -> MarginReport {
    let reader = LedgerReader::open_read_only(path).await.expect("a ledger");
    reader.margin_report(query).await.expect("a report")
}

async fn roll_up(path: &Path, day: i64) -> RolledUp {
    let reader = LedgerReader::open_read_only(path).await.expect("a ledger");
    let done = reader.roll_up(at(day * A_DAY), false).await;
    done.expect("rolled up").expect("nobody else does")
}

/// Returns the report as it is, and as it is without what was rolled up.
async fn both(path: &Path, query: &ReportQuery) -> (MarginReport, MarginReport) {
    let with = report(path, query).await;
    let hidden = path.with_extension("hidden");
    let is_there = fs::rename(path_of(path), &hidden).is_ok();
    let without = report(path, query).await;
    if is_there {
        fs::rename(&hidden, path_of(path)).expect("back again");
    }
    (with, without)
}

fn all_days() -> ReportQuery {
    ReportQuery {
        by: Dimension::ALL.to_vec(),
        now: at(30 * A_DAY),
        ..ReportQuery::new(at(-A_DAY), at(10 * A_DAY))
    }
}

async fn late(path: &Path) -> Option<Vec<i64>> {
    let rollups = Rollups::of(path).await.expect("a file");
    let mut connection = super::super::tests::writing::raw(path).await;
    let version = super::super::schema::VERSION;
    let late = rollups.late(&mut connection, version).await.expect("read");
    late.map(|days| days.into_iter().map(|day| day - FIRST).collect())
}

fn decided(n: u128, seconds: i64) -> LedgerEvent {
    LedgerEvent::Decision(Box::new(DecisionRow {
        at: at(seconds),
        ..decision(n, Some(("codestral", Tier::OpenSource)))
    }))
}

fn called(n: u128, of: u128, seconds: i64) -> LedgerEvent {
    LedgerEvent::Call(Box::new(CallRow {
        at: at(seconds),
        ..call(n, of, Some(468_000_000))
    }))
}

fn offered(n: u128, of: u128, seconds: i64) -> LedgerEvent {
    LedgerEvent::Outcome(OutcomeRow {
        at: at(seconds),
        ..outcome(n, of, OutcomeKind::Offered)
    })
}

#[tokio::test]
async fn the_example_is_the_same_rolled_up() {
    let (_folder, path) = folder();
    example::write(&path).await;
    let done = roll_up(&path, 5).await;
    assert_eq!((done.days, done.kept, done.left), (4, 0, 0));
    let query = ReportQuery {
        by: Dimension::ALL.to_vec(),
        ..example::query()
    };
    let (with, without) = both(&path, &query).await;
    assert_eq!(with, without);
    assert_eq!(with.totals.requests, 9);
}

#[tokio::test]
async fn rows_of_a_day_that_is_added_up_are_not_read_again() {
    let (_folder, path) = folder();
    write(&path, vec![decided(1, 5), decided(2, A_DAY + 5)]).await;
    roll_up(&path, 1).await;
    let mut rollups = Rollups::of(&path).await.expect("a file");
    rollups
        .days
        .get_mut(&FIRST)
        .expect("the day")
        .totals
        .requests = 1_000;
    rollups.save(&path).expect("written");
    let requests = async |query: &ReportQuery| report(&path, query).await.totals.requests;
    assert_eq!(requests(&all_days()).await, 1_001);
    // A part of the day is read from rows, and so is a day whose accepts are not all due.
    let since = at(1);
    assert_eq!(
        requests(&ReportQuery {
            since,
            ..all_days()
        })
        .await,
        2
    );
    let now = at(A_DAY + 599);
    assert_eq!(requests(&ReportQuery { now, ..all_days() }).await, 2);
}

#[tokio::test]
async fn what_comes_late_is_told_by_the_days_that_it_touches() {
    let events = || {
        vec![
            decided(1, 5),
            decided(2, A_DAY + 5),
            offered(10, 2, 2 * A_DAY + 5),
            // Of a decision that is not there.
            offered(11, 77, 3 * A_DAY),
            LedgerEvent::Outcome(OutcomeRow {
                at: at(4 * A_DAY),
                ..outcome(12, 3, OutcomeKind::Accepted)
            }),
        ]
    };
    let after = async |more: Vec<LedgerEvent>| {
        let (_folder, path) = folder();
        write(&path, events()).await;
        roll_up(&path, 6).await;
        write(&path, more).await;
        let (with, without) = both(&path, &all_days()).await;
        assert_eq!(with, without);
        let late: Vec<i64> = late(&path).await.expect("this ledger");
        // Made anew, nothing is late any more.
        roll_up(&path, 6).await;
        assert_eq!(self::late(&path).await, Some(Vec::new()));
        late
    };
    let none: [i64; 0] = [];
    assert_eq!(after(Vec::new()).await, none);
    assert_eq!(
        after(vec![decided(20, 7 * A_DAY), decided(21, 6 * A_DAY)]).await,
        none
    );
    assert_eq!(after(vec![decided(20, A_DAY)]).await, [1]);
    // A call says which host the decision and what is credited to it stand for.
    assert_eq!(after(vec![called(20, 2, 8 * A_DAY)]).await, [1, 2]);
    assert_eq!(after(vec![called(20, 1, 8 * A_DAY)]).await, [0]);
    assert_eq!(after(vec![decided(77, 8 * A_DAY)]).await, [3]);
    assert_eq!(after(vec![called(20, 77, 8 * A_DAY)]).await, [3]);
    let looked = |after_s| {
        LedgerEvent::Retention(RetentionRow {
            after_s,
            at: at(8 * A_DAY),
            ..retention(20, 3)
        })
    };
    assert_eq!(after(vec![looked(600)]).await, [4]);
    assert_eq!(after(vec![looked(300)]).await, none);
    let suppressed = SuppressedRow {
        at: at(5 * A_DAY),
        ..suppressed(20)
    };
    assert_eq!(after(vec![LedgerEvent::Suppressed(suppressed)]).await, [5]);
}

#[tokio::test]
async fn a_day_is_made_once() {
    let (_folder, path) = folder();
    write(&path, vec![decided(1, 5), decided(2, A_DAY + 5)]).await;
    assert_eq!(roll_up(&path, 1).await.days, 1);
    let again = roll_up(&path, 2).await;
    assert_eq!((again.days, again.kept), (1, 1));
    // An earlier end takes nothing back.
    let earlier = roll_up(&path, 0).await;
    assert_eq!((earlier.days, earlier.kept), (0, 2));
    assert_eq!(earlier.through, at(2 * A_DAY));
}

#[tokio::test]
async fn who_interrupts_it_keeps_the_days_that_were_made() {
    let (_folder, path) = folder();
    write(
        &path,
        (0..6).map(|n| decided(1 + n, n as i64 * A_DAY)).collect(),
    )
    .await;
    let mut connection = super::super::tests::writing::raw(&path).await;
    let made = make::make(&path, &mut connection, at(6 * A_DAY), false).await;
    let made = made.expect("made");
    assert!(!made.is_all);
    made.rollups.save(&path).expect("written");
    // A day of them is late, and has to be made again before the new ones.
    write(&path, vec![decided(20, A_DAY)]).await;
    let (with, without) = both(&path, &all_days()).await;
    assert_eq!(with, without);
    assert_eq!(with.totals.requests, 7);
    let rest = roll_up(&path, 6).await;
    assert_eq!((rest.days, rest.kept, rest.through), (3, 3, at(6 * A_DAY)));
    let (with, without) = both(&path, &all_days()).await;
    assert_eq!(with, without);
    assert_eq!(late(&path).await, Some(Vec::new()));
}

#[tokio::test]
async fn while_one_process_makes_days_another_does_not() {
    let (_folder, path) = folder();
    write(&path, vec![decided(1, 5)]).await;
    let _held = lock(&path).expect("a lock").expect("it is free");
    let reader = LedgerReader::open_read_only(&path).await.expect("a ledger");
    assert_eq!(reader.roll_up(at(A_DAY), false).await, Ok(None));
    // Looking does not need it.
    let dry = reader.roll_up(at(A_DAY), true).await.expect("read");
    assert_eq!(dry.map(|dry| dry.days), Some(1));
    assert!(!path_of(&path).exists());
}

#[tokio::test]
async fn a_damaged_file_and_that_of_another_ledger_are_not_used() {
    let (_folder, path) = folder();
    write(&path, vec![decided(1, 5), decided(2, 6)]).await;
    roll_up(&path, 1).await;
    let bytes = fs::read(path_of(&path)).expect("the file");
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        assert!(decode(&damaged).is_none(), "byte {place}");
    }
    assert!(decode(&bytes).is_some());
    let (_other_folder, other) = folder();
    write(&other, vec![decided(1, 5), decided(3, 6), decided(4, 7)]).await;
    fs::copy(path_of(&path), path_of(&other)).expect("copied");
    assert_eq!(late(&other).await, None);
    assert_eq!(report(&other, &all_days()).await.totals.requests, 3);
    // One that holds less than what went in is another, too.
    let (_third_folder, third) = folder();
    write(&third, vec![decided(1, 5)]).await;
    fs::copy(path_of(&path), path_of(&third)).expect("copied");
    assert_eq!(late(&third).await, None);
    // And it is made anew.
    assert_eq!(roll_up(&third, 1).await.days, 1);
    assert_eq!(late(&third).await, Some(Vec::new()));
}

#[tokio::test]
async fn a_day_of_too_many_strangers_stays_read_from_rows() {
    let (_folder, path) = folder();
    let strangers = (0..300).map(|n| offered(1_000 + n, 5_000 + n, 60));
    write(&path, strangers.collect()).await;
    let done = roll_up(&path, 1).await;
    assert_eq!(done.left, 1);
    write(&path, vec![decided(5_001, 5), decided(5_002, 3 * A_DAY)]).await;
    let (with, without) = both(&path, &all_days()).await;
    assert_eq!(with, without);
    assert_eq!(with.totals.offered, 300);
}

#[test]
fn the_form_of_the_file_is_the_one_that_its_first_line_names() {
    let figures = Figures {
        requests: 1,
        calls: 2,
        known_cost_pico: -3,
        ..Figures::default()
    };
    let mut sums = Sums::by(&[Dimension::Tier, Dimension::Origin]);
    sums.add_line(
        &[Dimension::Tier, Dimension::Origin],
        vec!["premium".to_owned(), "lsp".to_owned()],
        &figures,
    );
    sums.asked
        .insert((Tier::Premium, false), AskedSums::default());
    let cell = ["m", "rust", "line-end"].map(str::to_owned).to_vec();
    sums.cells.insert(cell, figures);
    let mut rollups = Rollups {
        through: 20_000,
        days: BTreeMap::from([(19_999, sums)]),
        ..Rollups::default()
    };
    rollups
        .days
        .entry(19_999)
        .or_default()
        .calls
        .push(CallGroup {
            model: "m".to_owned(),
            tier: Tier::Premium,
            supplier: "host".to_owned(),
            lab: None,
            price_id: Some("key".to_owned()),
            at: at(0),
            calls: 1,
            unpriced: 2,
            cost_pico: 3,
            unreported_pico: 2,
            cancelled: 4,
            cancelled_pico: Some(5),
            failed: 6,
            failed_pico: 7,
            uncached: TokenCount::new(8),
            cache_read: TokenCount::new(9),
            cache_write: (TokenCount::new(10), TokenCount::new(11)),
            output: TokenCount::new(12),
        });
    // Another number here means another form: raise the one in `MAGIC`, too.
    assert_eq!(fnv1a(&rollups.encode()), 1_792_614_752_691_372_859);
    assert_eq!(decode(&rollups.encode()), Some(rollups));
}

/// A row of any kind that names one of a few decisions, at any time of a few days.
#[derive(Clone, Debug)]
struct Any {
    kind: u8,
    of: u128,
    variant: u8,
    seconds: i64,
}

fn any_row() -> impl Strategy<Value = Any> {
    // Often at the very edge of a day.
    let seconds = (-1_i64..4, prop_oneof![Just(0), Just(A_DAY - 1), 0..A_DAY]);
    (0_u8..8, 0_u128..10, 0_u8..6, seconds).prop_map(|(kind, of, variant, (day, second))| Any {
        kind,
        of,
        variant,
        seconds: day * A_DAY + second,
    })
}

fn event(id: u128, row: &Any) -> LedgerEvent {
    use OutcomeKind::{Accepted, Diverged, Offered, PartlyAccepted, Retained};
    let at = at(row.seconds);
    let variant = row.variant;
    match row.kind {
        0 | 1 => LedgerEvent::Decision(Box::new(DecisionRow {
            at,
            step: u16::from(variant == 5),
            origin: if variant == 4 {
                Origin::Cli
            } else {
                Origin::Lsp
            },
            language: format!("language-{}", variant % 3),
            ..decision(
                row.of,
                [None, Some(("codestral", Tier::OpenSource))][usize::from(variant % 2)],
            )
        })),
        2 => LedgerEvent::Call(Box::new(CallRow {
            at,
            model: ModelId::new(format!("model-{}", variant % 2)),
            host: format!("host-{}", variant % 3),
            lab: (variant > 2).then(|| "lab".to_owned()),
            ..call(
                id,
                row.of,
                (variant > 0).then_some(i64::from(variant) * 1_234_567_891),
            )
        })),
        3 | 4 => LedgerEvent::Outcome(OutcomeRow {
            at,
            // Nothing makes such a row, but nothing here may rely on that.
            decision: DecisionId::from_uuid(Uuid::from_u128(row.of + u128::from(variant == 5))),
            ..outcome(
                id,
                row.of,
                [
                    Offered,
                    Accepted,
                    Retained,
                    PartlyAccepted,
                    Diverged,
                    Accepted,
                ][usize::from(variant)],
            )
        }),
        5 => LedgerEvent::Retention(RetentionRow {
            at,
            after_s: if variant == 0 { 300 } else { 600 },
            ..retention(id, row.of)
        }),
        6 => LedgerEvent::CacheHit(CacheHitRow {
            at,
            ..cache_hit(id, row.of)
        }),
        _ => LedgerEvent::Suppressed(SuppressedRow {
            at,
            ..suppressed(id)
        }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_in_any_order_are_reported_the_same(
        rows in prop::collection::vec(any_row(), 0..60),
        cuts in (0_usize..60, 0_usize..60),
        days in (0_i64..5, 0_i64..5),
        period in (-A_DAY..3 * A_DAY, 1_i64..4 * A_DAY, 0_i64..2),
        by in prop::sample::subsequence(Dimension::ALL.to_vec(), 0..=Dimension::ALL.len()),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let (_folder, path) = folder();
            let mut events: Vec<_> = rows.iter().zip(20_000..).map(|(row, id)| event(id, row)).collect();
            let (first, second) = (cuts.0.min(events.len()), cuts.1.min(events.len()));
            let last = events.split_off(first.max(second));
            let middle = events.split_off(first.min(second));
            let (since, until) = (at(period.0), at(period.0 + period.1));
            let queries = [
                ReportQuery { by: by.clone(), now: at(30 * A_DAY), ..ReportQuery::new(since, until) },
                ReportQuery { by, ..ReportQuery::new(at(-A_DAY), at(period.2 * A_DAY + A_DAY)) },
            ];
            write(&path, events).await;
            roll_up(&path, days.0).await;
            for more in [middle, last] {
                write(&path, more).await;
                for query in &queries {
                    let (with, without) = both(&path, query).await;
                    prop_assert_eq!(with, without);
                }
                roll_up(&path, days.1).await;
                for query in &queries {
                    let (with, without) = both(&path, query).await;
                    prop_assert_eq!(with, without);
                }
            }
            Ok(())
        })?;
    }
}
