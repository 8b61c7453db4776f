//! The report says what the rows say.

use proptest::prelude::*;

use super::rows::{at, call, decision, one_of_each};
use super::writing::folder;
use super::{example, rows};
use crate::domain::{
    CallRow, DecisionRow, LedgerEvent, MatchRow, ModelId, OutcomeKind, OutcomeRow, Reason, Tier,
};
use crate::ledger::{
    Dimension, Figures, Ledger, LedgerReader, MarginReport, ReportQuery, Unwanted, What,
};

async fn report(path: &std::path::Path, query: &ReportQuery) -> MarginReport {
    let reader = LedgerReader::open_read_only(path).await.expect("a ledger");
    reader.margin_report(query).await.expect("a report")
}

#[tokio::test]
async fn the_totals_of_the_example_are_as_reckoned_by_hand() {
    let (_folder, path) = folder();
    example::write(&path).await;
    let report = report(&path, &example::query()).await;
    // Requests: decisions 1, 2, 3, 4, 6 and 8, two cache hits, one suppressed: 9. Decision 5 is a
    // further step of 4, and 7 is `mantle complete`.
    // Calls: 2, 3, 4, 5 and 7. Cost: 468 + 12,300 + 100 + 32 = 12,900 micro-USD.
    // Offered: 1, 2, 3, 5, 8. Accepted: 1, 2, 8; the ten minutes of 8 are not over. Only 1 was
    // seen by its edit; 1 and 2 were looked for after ten minutes.
    assert_eq!(
        report.totals,
        Figures {
            requests: 9,
            cache_hits: 2,
            suppressed: 1,
            calls: 5,
            unpriced_calls: 1,
            known_cost_pico: 12_900_000_000,
            offered: 5,
            shown: 0,
            accepted: 3,
            accepted_inferred: 1,
            partly_accepted: 1,
            dismissed: 1,
            retained: 1,
            retention_checked: 2,
            retained_pending: 1,
        }
    );
    assert_eq!(report.totals.acceptance_rate(), Some(0.6));
    assert_eq!(report.totals.cost_usd().as_deref(), Some("0.012900"));
    assert_eq!(
        report.totals.cost_per_usd(3).as_deref(),
        Some("0.004300000")
    );
    // Two of thirty days at 19 dollars are 1.266667; of them 0.0129 are spent.
    assert_eq!(report.revenue_usd().as_deref(), Some("1.266667"));
    assert_eq!(report.gross_margin(), Some(0.989_816));
}

/// The clock of a machine may go back, and two ledgers may become one in any order: only the time on a row
/// counts, and a row counts once.
#[tokio::test]
async fn events_out_of_order_and_twice_are_the_same_report() {
    let (_folder, path) = folder();
    example::write(&path).await;
    let (_other_folder, other) = folder();
    let ledger = Ledger::open(&other).await.expect("a new ledger");
    for event in example::events().into_iter().rev().chain(example::events()) {
        ledger.record(event).expect("room in the queue");
    }
    ledger.close().await;
    let query = ReportQuery {
        by: Dimension::ALL.to_vec(),
        ..example::query()
    };
    assert_eq!(report(&other, &query).await, report(&path, &query).await);
}

/// Nobody is experimented on who asks by hand: such a decision is sampled, but an option may have no chance
/// at all.
#[tokio::test]
async fn a_decision_is_drawn_where_every_option_keeps_a_floor() {
    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    for (n, epsilon) in [(1, None), (2, Some(0.0)), (3, Some(0.02))] {
        let row = DecisionRow {
            epsilon,
            at: at(n as i64),
            ..decision(n, None)
        };
        let event = LedgerEvent::Decision(Box::new(row));
        ledger.record_and_wait(event).await.expect("it is written");
    }
    ledger.close().await;
    let reader = LedgerReader::open_read_only(&path).await.expect("a ledger");
    let mut drawn = Vec::new();
    let heard = reader.logged((at(0), at(10)), |logged| drawn.push(logged.is_drawn));
    heard.await.expect("decisions");
    assert_eq!(drawn, [false, false, true]);
}

/// Of six places: shown and not wanted, held back and not wanted, held back where it was not sure, shown
/// and accepted, shown and typed, and one whose document has no version.
#[tokio::test]
async fn keys_tell_which_answers_were_not_wanted() {
    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    let silent = |n| DecisionRow {
        reason: Reason::HeldOut,
        ..decision(n, None)
    };
    let shown = |n| DecisionRow {
        reason: Reason::EmbeddedIsSure,
        ..decision(n, Some(("embedded", Tier::InHouse)))
    };
    let mut held_back = silent(2);
    held_back.arms[0].excluded = None;
    let mut nameless = shown(6);
    nameless.document_version = None;
    let rows = [shown(1), held_back, silent(3), shown(4), shown(5), nameless];
    for (n, mut row) in (1_u128..).zip(rows) {
        row.at = at(n as i64);
        let mut events = vec![LedgerEvent::Decision(Box::new(row))];
        let is_typed = n == 5;
        events.push(LedgerEvent::Match(MatchRow {
            exact_line: is_typed,
            at: at(20),
            ..rows::matched(100 + n, n)
        }));
        if n == 4 {
            events.push(LedgerEvent::Outcome(OutcomeRow {
                at: at(20),
                ..rows::outcome(200, n, OutcomeKind::PartlyAccepted)
            }));
        }
        for event in events {
            ledger.record_and_wait(event).await.expect("it is written");
        }
    }
    ledger.close().await;
    let reader = LedgerReader::open_read_only(&path).await.expect("a ledger");
    let mut found = Vec::new();
    let heard = reader.keys((at(0), at(10)), |key| {
        found.push((key.version, key.unwanted))
    });
    heard.await.expect("decisions");
    let (shown, held_back) = (Some(Unwanted::Shown), Some(Unwanted::HeldBack));
    let expected = [shown, held_back, None, None, None].map(|unwanted| (3, unwanted));
    assert_eq!(found, expected);
}

/// A call, its end, its comparison and the look after ten minutes, each with the editor that it was in.
#[tokio::test]
async fn lessons_come_in_order_and_say_where() {
    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    let of_arm = MatchRow {
        arm: ModelId::new("codestral"),
        ..rows::matched(3, 1)
    };
    for event in [
        LedgerEvent::Decision(Box::new(decision(1, Some(("codestral", Tier::OpenSource))))),
        LedgerEvent::Call(Box::new(call(2, 1, Some(5)))),
        LedgerEvent::Match(of_arm),
        LedgerEvent::Retention(rows::retention(4, 1)),
        LedgerEvent::Outcome(rows::outcome(5, 1, OutcomeKind::Accepted)),
    ] {
        ledger.record_and_wait(event).await.expect("it is written");
    }
    ledger.close().await;
    let reader = LedgerReader::open_read_only(&path).await.expect("a ledger");
    let mut heard = Vec::new();
    let all = reader.lessons((at(-10), at(10_000)), |taught| heard.push(taught));
    all.await.expect("lessons");
    assert!(heard.is_sorted_by_key(|taught| taught.at));
    let client = rows::who().client;
    assert!(client.is_some() && heard.iter().all(|taught| taught.client == client));
    let is = |wanted: fn(&What) -> bool| heard.iter().filter(|t| wanted(&t.what)).count();
    assert_eq!(is(|what| matches!(what, What::Called { .. })), 1);
    assert_eq!(
        is(|what| matches!(what, What::Compared { is_match: false })),
        1
    );
    assert_eq!(is(|what| matches!(what, What::Kept(_))), 1);
    assert_eq!(is(|what| matches!(what, What::Ended { .. })), 1);
}

#[tokio::test]
async fn the_json_form_is_as_documented() {
    let (_folder, path) = folder();
    example::write(&path).await;
    let report = report(&path, &example::query()).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).expect("JSON"));
}

#[tokio::test]
async fn other_dimensions_credit_the_same_rows() {
    let (_folder, path) = folder();
    example::write(&path).await;
    let query = ReportQuery {
        by: vec![
            Dimension::Host,
            Dimension::Lab,
            Dimension::Client,
            Dimension::Tenant,
            Dimension::User,
            Dimension::Workspace,
            Dimension::Site,
            Dimension::Origin,
        ],
        ..example::query()
    };
    let report = report(&path, &query).await;
    let shown: Vec<String> = report
        .by
        .iter()
        .flat_map(|(dimension, lines)| {
            lines.iter().map(move |(key, figures)| {
                let Figures { requests, calls, offered, accepted, .. } = figures;
                let cost = figures.cost_usd();
                format!("{dimension} {key}: {requests} requests, {calls} calls, {offered} offered, {accepted} accepted, {cost:?}")
            })
        })
        .collect();
    // By host: 4 called api.anthropic.com, 2, 3, 5 and 7 api.mistral.ai; 1, 6 and 8 called nobody,
    // and the suppressed request neither.
    insta::assert_snapshot!(shown.join("\n"));
}

#[tokio::test]
async fn a_ledger_of_free_answers_costs_nothing() {
    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    let row = decision(1, Some(("embedded", Tier::InHouse)));
    ledger
        .record(LedgerEvent::Decision(Box::new(row)))
        .expect("room in the queue");
    ledger.close().await;
    let report = report(&path, &ReportQuery::new(at(0), at(60))).await;
    assert_eq!(report.totals.cost_usd().as_deref(), Some("0.000000"));
    assert_eq!(
        report.totals.cost_per_usd(1).as_deref(),
        Some("0.000000000")
    );
    assert_eq!(report.gross_margin(), None);
}

#[tokio::test]
async fn what_was_looked_for_and_is_gone_is_known_to_be_gone() {
    let retained_of = async |events: Vec<LedgerEvent>| {
        let (_folder, path) = folder();
        let ledger = Ledger::open(&path).await.expect("a new ledger");
        for event in events {
            ledger.record(event).expect("room in the queue");
        }
        ledger.close().await;
        let report = report(&path, &ReportQuery::new(at(0), at(10_000))).await;
        report.totals.known_retained()
    };
    let accepted = || LedgerEvent::Outcome(rows::outcome(1, 1, OutcomeKind::Accepted));
    let checked = |after_s| {
        LedgerEvent::Retention(crate::domain::RetentionRow {
            after_s,
            still_there: false,
            ..rows::retention(2, 1)
        })
    };
    assert_eq!(retained_of(vec![accepted()]).await, None);
    assert_eq!(retained_of(vec![accepted(), checked(300)]).await, None);
    assert_eq!(retained_of(vec![accepted(), checked(600)]).await, Some(0));
}

#[tokio::test]
async fn rows_without_their_decision_are_credited_to_unknown() {
    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    for event in one_of_each(1).into_iter().skip(1) {
        ledger.record(event).expect("room in the queue");
    }
    ledger.close().await;
    let report = report(&path, &ReportQuery::new(at(0), at(60))).await;
    let model = |key: &str| {
        let (_, lines) = &report.by[0];
        lines
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, figures)| *figures)
    };
    assert_eq!(model("unknown").map(|figures| figures.accepted), Some(1));
    assert_eq!(model("unknown").map(|figures| figures.cache_hits), Some(1));
    assert_eq!(model("codestral").map(|figures| figures.calls), Some(1));
    assert_eq!(model("none").map(|figures| figures.suppressed), Some(1));
}

#[tokio::test]
async fn a_sum_beyond_what_sqlite_adds_up_is_exact() {
    let (_folder, path) = folder();
    let ledger = Ledger::open(&path).await.expect("a new ledger");
    for n in 0..3 {
        let row = call(n, n, Some(i64::MAX));
        ledger
            .record(LedgerEvent::Call(Box::new(row)))
            .expect("room in the queue");
    }
    ledger.close().await;
    let report = report(&path, &ReportQuery::new(at(0), at(60))).await;
    assert_eq!(report.totals.known_cost_pico, i128::from(i64::MAX) * 3);
}

#[tokio::test]
async fn a_dimension_named_twice_is_shown_once_and_none_is_allowed() {
    let (_folder, path) = folder();
    example::write(&path).await;
    let by = |by: &[Dimension]| ReportQuery {
        by: by.to_vec(),
        ..example::query()
    };
    let twice = report(&path, &by(&[Dimension::Day, Dimension::Day])).await;
    assert_eq!(twice.by.len(), 1);
    let none = report(&path, &by(&[])).await;
    assert!(none.by.is_empty());
    assert_eq!(none.totals, twice.totals);
}

/// A decision with a call and an outcome, by arbitrary properties.
type Made = (u8, u8, Option<i64>, bool, i64);

fn events_of(n: u128, (model, language, cost, is_accepted, seconds): Made) -> Vec<LedgerEvent> {
    let tier = Tier::ALL[usize::from(model) % Tier::ALL.len()];
    let name = format!("model-{model}");
    let decision = DecisionRow {
        language: format!("language-{language}"),
        at: at(seconds),
        ..decision(n, (model > 0).then_some((name.as_str(), tier)))
    };
    let call = CallRow {
        model: ModelId::new(name),
        tier,
        at: at(seconds),
        ..call(n, n, cost)
    };
    let kind = if is_accepted {
        OutcomeKind::Accepted
    } else {
        OutcomeKind::Offered
    };
    vec![
        LedgerEvent::Decision(Box::new(decision)),
        LedgerEvent::Call(Box::new(call)),
        LedgerEvent::Outcome(rows::outcome(n, n, kind)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_lines_of_each_dimension_add_up_to_the_totals(
        made in prop::collection::vec(
            (0_u8..4, 0_u8..3, prop::option::of(0..i64::MAX), any::<bool>(), 0_i64..400_000),
            0..40,
        )
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let report = runtime.expect("a runtime").block_on(async {
            let (_folder, path) = folder();
            let ledger = Ledger::open(&path).await.expect("a new ledger");
            for (row, n) in made.iter().zip(1..) {
                for event in events_of(n, *row) {
                    ledger.record(event).expect("room in the queue");
                }
            }
            ledger.close().await;
            let query = ReportQuery {
                by: Dimension::ALL.to_vec(),
                ..ReportQuery::new(at(0), at(400_000))
            };
            report(&path, &query).await
        });
        let cost: i128 = made.iter().filter_map(|row| row.2).map(i128::from).sum();
        prop_assert_eq!(report.totals.known_cost_pico, cost);
        prop_assert_eq!(report.totals.calls, made.len() as u64);
        for (dimension, lines) in &report.by {
            let mut sum = Figures::default();
            lines.iter().for_each(|(_, figures)| sum.add(figures));
            prop_assert_eq!(sum, report.totals, "{}", dimension);
        }
    }
}
