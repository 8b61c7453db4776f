use std::path::PathBuf;

use time::macros::datetime;

use super::*;

fn usd(text: &str) -> Money {
    text.parse().expect("an amount")
}

fn now() -> Timestamp {
    datetime!(2026-11-16 0:00 UTC).into()
}

fn margin() -> BudgetArgs {
    BudgetArgs {
        target: Some(0.8),
        seat_price: Some(usd("19.00")),
        seats: Some(10),
        ..BudgetArgs::default()
    }
}

/// The month until now, with so many dollars spent on each of the last days.
fn standing(args: &BudgetArgs, dollars: &[&str]) -> Standing {
    let month = Month::of(now());
    let mut query = ReportQuery::new(month.begin, month.end);
    query.by = vec![Dimension::Day];
    query.seat_price = args.seat_price;
    query.seats = args.seats;
    let mut report = MarginReport::empty(&query).expect("an empty report");
    let first = 16 - dollars.len();
    let mut lines = Vec::new();
    for (n, dollars) in dollars.iter().enumerate() {
        let mut figures = report.totals;
        figures.known_cost_pico = i128::from(usd(dollars).pico_usd());
        lines.push((format!("2026-11-{:02}", first + n), figures));
    }
    report.totals.known_cost_pico = lines.iter().map(|(_, day)| day.known_cost_pico).sum();
    report.by = vec![(Dimension::Day, lines)];
    Standing::of(args, month, &report, now()).expect("a standing")
}

#[test]
fn a_fifth_of_the_months_revenue_is_the_ceiling() {
    let standing = standing(&margin(), &["1.00", "1.00", "1.00"]);
    let json = standing.json();
    assert_eq!(json["revenue_usd"], "190.000000");
    // 190.00 × 0.2 = 38.00, less the reserve.
    assert_eq!(json["ceiling_usd"], "37.810945");
    assert_eq!(json["spent_usd"], "3.000000");
    assert_eq!(json["left_usd"], "34.810945");
    assert_eq!(standing.state(), State::Within);
    assert!(
        standing
            .text()
            .contains("ceiling               $37.81 ($38.00 less")
    );
}

#[test]
fn cron_is_told_how_it_stands() {
    let code = |args: &BudgetArgs, dollars: &[&str]| {
        let standing = standing(args, dollars);
        (standing.state().as_str(), standing.state().exit_code())
    };
    assert_eq!(code(&margin(), &[]), ("within", 0));
    assert_eq!(code(&margin(), &["5.00", "5.00"]), ("at-risk", 4));
    assert_eq!(code(&margin(), &["20.00", "20.00"]), ("spent", 5));
    let committed = BudgetArgs {
        committed: usd("38.00"),
        ..margin()
    };
    assert_eq!(code(&committed, &[]), ("infeasible", 3));
    let text = standing(&committed, &[]).text();
    assert!(text.contains("a margin of 80 % cannot be met"), "{text}");
}

#[test]
fn who_has_no_revenue_has_a_budget_and_no_margin() {
    let own = BudgetArgs {
        own: Some(usd("25.00")),
        ..BudgetArgs::default()
    };
    let standing = standing(&own, &["1.00"]);
    assert_eq!(standing.json()["mode"], "own");
    assert!(standing.json()["target"].is_null());
    assert!(!standing.text().contains("margin"));
}

#[test]
fn without_any_budget_it_says_how_to_give_one() {
    let standing = standing(&BudgetArgs::default(), &["1.00"]);
    assert_eq!(standing.state().exit_code(), 0);
    assert!(standing.text().contains("margin.seat_price"));
    assert!(standing.json()["ceiling_usd"].is_null());
}

#[test]
fn a_target_that_is_no_share_is_wrong_use() {
    let month = Month::of(now());
    let report = MarginReport::empty(&ReportQuery::new(month.begin, month.end));
    let args = BudgetArgs {
        target: Some(80.0),
        ..margin()
    };
    let report = report.expect("an empty report");
    let error = Standing::of(&args, month, &report, now()).expect_err("it is refused");
    assert!(error.is::<WrongUse>(), "{error:#}");
}

#[tokio::test]
async fn a_ledger_that_is_not_there_yet_has_spent_nothing() {
    let mut out = Vec::new();
    let code = run(
        &margin(),
        &PathBuf::from("/nowhere/ledger.sqlite3"),
        now(),
        &mut out,
    )
    .await;
    assert_eq!(code.expect("a budget"), ExitCode::SUCCESS);
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(text.contains("spent                 $0.00"), "{text}");
    assert!(text.contains("can be said once"), "{text}");
}

#[test]
fn the_configuration_says_what_the_command_line_leaves_open() {
    let configured = Allowance {
        per_thousand_chars: None,
        target: Ppm::from_fraction(0.8),
        seat_price: Some(usd("19.00")),
        seats: Some(10),
        own: Some(usd("20.10")),
    };
    let filled = |mut args: BudgetArgs| {
        args.fill(&configured);
        standing(&args, &["1.00"]).json()
    };
    let margin = filled(BudgetArgs::default());
    assert_eq!(
        (&margin["mode"], &margin["ceiling_usd"]),
        (&"margin".into(), &"37.810945".into())
    );
    let own = filled(BudgetArgs {
        own: Some(usd("2.01")),
        ..BudgetArgs::default()
    });
    assert_eq!(
        (&own["mode"], &own["ceiling_usd"]),
        (&"own".into(), &"2.000000".into())
    );

    // Where no seat earns anything there is no margin to keep, and the budget is one's own.
    let mut args = BudgetArgs::default();
    args.fill(&Allowance {
        seat_price: None,
        seats: None,
        ..configured
    });
    let own = standing(&args, &["1.00"]).json();
    assert_eq!(
        (&own["mode"], &own["ceiling_usd"]),
        (&"own".into(), &"20.000000".into())
    );
}
