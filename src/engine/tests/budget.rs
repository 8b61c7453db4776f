//! The month's budget in a session.

use super::*;
use crate::domain::{Allowance, Choice, Exclusion, Ppm};
use crate::engine::StatusState;
use crate::models::ScriptLog;

/// Its input is free and its answer is billed at 1,000 dollars per million tokens: 64 tokens, the
/// most there are, cost 6.4 cents.
fn dear(id: &str) -> ModelSpec {
    let mut dear = spec(id, Some("0"));
    if let PriceSource::Own(rates) = &mut dear.price {
        rates.output = "1000".parse().expect("a price");
    }
    dear
}

fn own(budget: &str) -> Policy {
    Policy {
        embedded: true,
        allowance: Allowance {
            own: Some(budget.parse().expect("an amount")),
            ..Allowance::default()
        },
        choice: Some(Choice::Cheapest),
        ..Policy::default()
    }
}

/// A desk with one dear model, whose answers have 20 tokens each.
async fn desk_with_a_dear_model(policy: Policy) -> (Desk, ScriptLog) {
    let script = Script::answer("total(order);").usage(used(100, 20));
    let log = script.log();
    (Desk::new(policy, vec![(dear("dear"), script)]).await, log)
}

const NOBODY: Answer = Answer::Nothing(Nothing::NothingEligible);

#[tokio::test]
async fn nothing_paid_is_called_before_it_is_known_what_was_spent() {
    let (desk, log) = desk_with_a_dear_model(own("25.00")).await;
    let cursor = desk.open("let x = $0\n");
    let request = desk.request(cursor);
    let id = request.id;
    assert_eq!(desk.engine.complete(request).await, NOBODY);
    let explanation = desk.engine.explanation(id).expect("it was decided");
    let excluded = explanation.decision.arms[1].excluded;
    assert_eq!(excluded, Some(Exclusion::Budget));
    assert_eq!(log.calls(), 0);
    assert_eq!(desk.engine.status().borrow().state, StatusState::Ready);

    assert!(desk.engine.read_spending().await);
    let served = served(desk.complete(cursor).await);
    assert_eq!(served.candidate.model.as_str(), "dear");
}

#[tokio::test]
async fn a_budget_that_ends_in_the_middle_leaves_the_next_keys_to_the_embedded_model() {
    // Less the reserve it is 2.0597 dollars, and a thirty-second of that just covers 6.4 cents.
    let (desk, log) = desk_with_a_dear_model(own("2.07")).await;
    assert!(desk.engine.read_spending().await);
    let cursor = desk.open("let x = $0\n");
    let answered = served(desk.complete(cursor).await);
    assert_eq!(answered.candidate.model.as_str(), "dear");
    assert_eq!(desk.engine.status().borrow().state, StatusState::Ready);

    let cursor = desk.change("let other = $0\n");
    for _ in 0..3 {
        assert_eq!(desk.complete(cursor).await, NOBODY);
    }
    // Neither does another reading make room, which has the call of two cents in it.
    assert!(desk.engine.read_spending().await);
    assert_eq!(desk.complete(cursor).await, NOBODY);
    let status = desk.engine.status().borrow().clone();
    assert_eq!(status.state, StatusState::Warning);
    assert!(
        status.message.contains("is spent ($0.02 of $2.06)"),
        "{}",
        status.message
    );

    let (newest, rest) = desk.teach();
    let cursor = desk.change(&newest);
    let embedded = served(desk.complete(cursor).await);
    assert_eq!(embedded.candidate.source, Source::Embedded);
    assert_eq!(embedded.candidate.text, rest);
    assert_eq!(log.calls(), 1);
    // 20 tokens at 1,000 dollars per million.
    assert_eq!(desk.totals().await.cost_pico(), Some(20_000_000_000));
}

#[tokio::test]
async fn a_target_that_cannot_be_met_leaves_the_free_model() {
    let policy = Policy {
        allowance: Allowance {
            target: Ppm::from_fraction(0.8),
            seat_price: Some(Money::ZERO),
            ..Allowance::default()
        },
        choice: Some(Choice::Cheapest),
        ..Policy::default()
    };
    let paid = Script::answer("paid");
    let log = paid.log();
    let down = Script::new().fail(ModelError::RateLimited { retry_after: None });
    let arms = vec![(spec("free", None), down), (dear("dear"), paid)];
    let desk = Desk::new(policy, arms).await;
    assert!(desk.engine.read_spending().await);
    let status = desk.engine.status().borrow().clone();
    assert!(
        status.message.contains("cannot be met"),
        "{}",
        status.message
    );
    // The free model is asked, and the paid one is no fallback for it.
    let cursor = desk.open("let x = $0\n");
    assert_eq!(
        desk.complete(cursor).await,
        Answer::Nothing(Nothing::Failed)
    );
    assert_eq!(log.calls(), 0);
    assert_eq!(desk.totals().await.cost_pico(), Some(0));
}

#[tokio::test]
async fn a_cancelled_call_frees_what_it_has_not_cost() {
    let script = Script::new().text("a + ").hang();
    let log = script.log();
    let desk = Desk::new(own("2.07"), vec![(dear("dear"), script)]).await;
    assert!(desk.engine.read_spending().await);
    let cursor = desk.open("let x = $0\n");
    {
        let answer = desk.complete(cursor);
        tokio::pin!(answer);
        while log.calls() == 0 {
            tokio::select! {
                biased;
                _ = &mut answer => panic!("the model does not answer"),
                () = tokio::task::yield_now() => {}
            }
        }
        let roster = desk.engine.roster();
        let arm = &roster.arms[0];
        assert!(
            !desk.engine.affords(&roster, arm, TokenCount::ZERO),
            "it is set aside"
        );
    }
    desk.engine.flights.close().await;
    // Two tokens have come, and 6.2 cents are free again.
    let cost = desk.engine.status().borrow().cost;
    assert!(
        cost > Money::ZERO && cost < "0.01".parse().expect("an amount"),
        "{cost}"
    );
    assert_eq!(log.abandoned(), 1);
    assert_eq!(
        desk.totals().await.cost_pico(),
        Some(cost.pico_usd().into())
    );
}

/// Two windows of one ledger: what one may spend is gone for the other until it is given back.
#[tokio::test]
async fn a_second_window_sees_what_the_first_may_spend() {
    let (desk, _) = desk_with_a_dear_model(own("2.07")).await;
    assert!(desk.engine.read_spending().await);
    let roster = desk.engine.roster();
    let affords = |engine: &Engine| engine.affords(&roster, &roster.arms[0], TokenCount::ZERO);
    assert!(affords(&desk.engine));
    let slices = || std::fs::read_to_string(desk.folder.path().join("leases.json"));
    assert!(slices().expect("it is there").contains("\"holder\""));

    // A thirty-second of what the other leaves does not cover 6.4 cents.
    let other = Arc::new(Engine::with_arms(
        setup_in_folder(desk.folder.path(), own("2.07"), Vec::new()),
        vec![ArmModel::scripted(dear("dear"), Script::new())],
    ));
    assert_eq!(other.open_book().await, BookState::Open);
    assert!(other.read_spending().await);
    assert!(!affords(&other));

    desk.engine.close().await;
    let left = slices().expect("it is there");
    assert_eq!(left.matches("holder").count(), 1, "{left}");
    assert!(other.read_spending().await);
    assert!(affords(&other));
    other.close().await;
}

#[tokio::test]
async fn one_of_many_seats_does_not_take_what_is_there_for_all() {
    for (seats, is_enough) in [(None, true), (Some(2), true), (Some(40), false)] {
        let mut policy = own("2.40");
        policy.allowance.seats = seats;
        let (desk, _) = desk_with_a_dear_model(policy).await;
        assert!(desk.engine.read_spending().await);
        let roster = desk.engine.roster();
        let arm = &roster.arms[0];
        // Of forty seats one has six cents, and five times that at the most: a thirty-second of it
        // does not cover 6.4 cents.
        let affords = desk.engine.affords(&roster, arm, TokenCount::ZERO);
        assert_eq!(affords, is_enough, "{seats:?}");
        let cursor = desk.open("let x = $0\n");
        let _ = desk.complete(cursor).await;
        let status = desk.engine.status().borrow().clone();
        let is_told = status.message.contains("what one seat may spend");
        assert_eq!(is_told, !is_enough, "{}", status.message);
    }
}
