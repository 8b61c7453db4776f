//! What happens when models fail: retries, rests, other rules in mid-session.

use std::time::Duration;

use super::{Desk, served, spec, used};
use crate::domain::{Network, Policy, Region};
use crate::engine::{Answer, Nothing};
use crate::models::{ModelError, Script};

fn overloaded() -> ModelError {
    ModelError::Status {
        status: 529,
        kind: Some("overloaded_error".to_owned()),
        message: None,
    }
}

#[tokio::test(start_paused = true)]
async fn the_only_model_is_asked_once_more_when_what_failed_may_pass() {
    let script = Script::new()
        .fail(overloaded())
        .then()
        .text("a + b;")
        .usage(used(100, 5));
    let log = script.log();
    let desk = Desk::new(Policy::default(), vec![(spec("one", Some("1")), script)]).await;
    let cursor = desk.open("let x = $0\n");
    let served = served(desk.complete(cursor).await);
    assert_eq!(served.reason, "retry");
    assert_eq!(log.calls(), 2);
    let totals = desk.totals().await;
    // The refused call has a row of its own and a known cost of nothing.
    assert_eq!((totals.requests, totals.calls), (1, 2));
    assert_eq!(totals.cost_pico(), Some(105_000_000));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_goes_on_failing_is_asked_twice_and_then_rests() {
    let script = Script::new().fail(overloaded());
    let log = script.log();
    let desk = Desk::new(Policy::default(), vec![(spec("one", Some("1")), script)]).await;
    let cursor = desk.open("let x = $0\n");
    assert!(matches!(
        desk.complete(cursor).await,
        Answer::Nothing(Nothing::Failed)
    ));
    assert_eq!(log.calls(), 2);
    let status = desk.engine.status().borrow().sentence();
    assert_eq!(
        status,
        "one is not asked for 10 s: the model answered with status 529 (overloaded_error)"
    );
    // It rests: nobody is asked.
    let cursor = desk.change("let y = 1; let z = $0\n");
    assert!(matches!(desk.complete(cursor).await, Answer::Nothing(_)));
    assert_eq!(log.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_rested_is_tried_by_one_call_and_is_well_again() {
    let script = Script::new()
        .fail(ModelError::Loading)
        .then()
        .text("a + b;");
    let desk = Desk::new(Policy::default(), vec![(spec("one", None), script)]).await;
    let cursor = desk.open("let x = $0\n");
    let failed = desk.complete(cursor).await;
    assert!(matches!(failed, Answer::Nothing(Nothing::Failed)));
    tokio::time::advance(Duration::from_secs(5)).await;
    let mut request = desk.request(cursor);
    request.received = request.received.plus(Duration::from_secs(5));
    let answer = served(desk.engine.complete(request).await);
    assert_eq!(answer.candidate.text, "a + b;");
    assert_eq!(desk.engine.status().borrow().sentence(), "");
}

#[tokio::test(start_paused = true)]
async fn other_rules_hold_from_the_next_request_on() {
    let script = Script::answer("a + b;");
    let log = script.log();
    let desk = Desk::new(Policy::default(), vec![(spec("eu", None), script)]).await;
    let roster = desk.engine.roster();
    let models = vec![roster.arms[0].spec.clone()];
    let rules = (roster.policy.clone(), roster.prices.clone());
    assert!(
        !desk
            .engine
            .configure(rules, Network::default(), models.clone())
    );
    let policy = Policy {
        id: "other".into(),
        regions: vec![Region::new("us")],
        ..Policy::default()
    };
    let rules = (policy, roster.prices.clone());
    assert!(desk.engine.configure(rules, Network::default(), models));
    let cursor = desk.open("let x = $0\n");
    let answer = desk.complete(cursor).await;
    assert!(matches!(answer, Answer::Nothing(Nothing::NothingEligible)));
    assert_eq!(log.calls(), 0);
    // The model itself is the one that was there, with its health.
    assert!(std::sync::Arc::ptr_eq(
        &roster.arms[0],
        &desk.engine.roster().arms[0]
    ));
}

#[tokio::test(start_paused = true)]
async fn through_another_network_a_model_begins_anew() {
    let script = Script::new().fail(ModelError::Loading);
    let desk = Desk::new(Policy::default(), vec![(spec("eu", None), script)]).await;
    let cursor = desk.open("let x = $0\n");
    let failed = desk.complete(cursor).await;
    assert!(matches!(failed, Answer::Nothing(Nothing::Failed)));
    let before = desk.engine.roster();
    let now = desk.request(cursor).received;
    assert!(!before.arms[0].health.may_be_tried(now));

    let network = Network {
        proxy: Some("http://proxy.example:3128".to_owned()),
        ca_file: None,
    };
    let configure = || {
        let rules = (before.policy.clone(), before.prices.clone());
        let models = vec![before.arms[0].spec.clone()];
        desk.engine.configure(rules, network.clone(), models)
    };
    assert!(configure());
    let after = desk.engine.roster();
    assert_eq!(*after.clients.network(), network);
    assert!(after.arms[0].health.may_be_tried(now));
    // Nothing is new the second time, so open connections and health stay.
    assert!(!configure());
}
