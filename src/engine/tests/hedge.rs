//! A late model, and one that costs nothing beside it.

use std::time::Duration;

use super::{Desk, served, spec};
use crate::domain::{ModelId, ModelSpec, Policy};
use crate::models::Script;

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn elsewhere(id: &str, usd_per_mtok: Option<&str>) -> ModelSpec {
    ModelSpec {
        base_url: format!("http://127.0.0.2/{id}"),
        ..spec(id, usd_per_mtok)
    }
}

/// A model that is first asked and usually answers in 50 ms, and another one elsewhere.
async fn desk(first: Script, (beside, script): (ModelSpec, Script)) -> Desk {
    let arms = vec![(spec("first", None), first), (beside, script)];
    let desk = Desk::new(Policy::default(), arms).await;
    let roster = desk.engine.roster();
    let arm = roster.arm(&ModelId::new("first")).expect("it is there");
    for _ in 0..20 {
        let _was_open = arm.health.answered(50);
    }
    desk
}

#[tokio::test(start_paused = true)]
async fn a_late_model_loses_to_a_free_one_that_speaks_first() {
    let slow = Script::new().wait(millis(900)).text("late();");
    let quick = Script::new().wait(millis(20)).text("quick();");
    let (slow_log, quick_log) = (slow.log(), quick.log());
    let desk = desk(slow, (elsewhere("beside", None), quick)).await;
    let cursor = desk.open("let x = $0\n");
    let began = tokio::time::Instant::now();
    let served = served(desk.complete(cursor).await);
    assert_eq!(served.candidate.text, "quick();");
    assert_eq!(served.reason, "hedge");
    assert_eq!(began.elapsed(), millis(70), "50 until it is late, and 20");
    assert_eq!((slow_log.calls(), slow_log.abandoned()), (1, 1));
    assert_eq!(quick_log.calls(), 1);
    // Both have their rows, and the request is one.
    let totals = desk.totals().await;
    assert_eq!((totals.requests, totals.calls), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_late_model_that_speaks_first_after_all_is_listened_to() {
    let slow = Script::new().wait(millis(80)).text("late();");
    let slower = Script::new().wait(millis(500)).text("slower();");
    let log = slower.log();
    let desk = desk(slow, (elsewhere("beside", None), slower)).await;
    let cursor = desk.open("let x = $0\n");
    let served = served(desk.complete(cursor).await);
    assert_eq!(served.candidate.text, "late();");
    assert_eq!((log.calls(), log.abandoned()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_second_call_that_fails_leaves_the_first_one_alone() {
    let slow = Script::new().wait(millis(200)).text("late();");
    let broken = Script::new().fail(crate::models::ModelError::Loading);
    let desk = desk(slow, (elsewhere("beside", None), broken)).await;
    let cursor = desk.open("let x = $0\n");
    let served = served(desk.complete(cursor).await);
    assert_eq!(served.candidate.text, "late();");
}

#[tokio::test(start_paused = true)]
async fn two_that_speak_in_the_same_moment_make_one_answer() {
    let slow = Script::new().wait(millis(70)).text("one();");
    let quick = Script::new().wait(millis(20)).text("two();");
    let desk = desk(slow, (elsewhere("beside", None), quick)).await;
    let cursor = desk.open("let x = $0\n");
    let served = served(desk.complete(cursor).await);
    let text = served.candidate.text.as_str();
    assert!(matches!(text, "one();" | "two();"), "{text}");
}

async fn assert_alone(desk: Desk, beside: crate::models::ScriptLog) {
    let cursor = desk.open("let x = $0\n");
    let served = served(desk.complete(cursor).await);
    assert_eq!(served.candidate.text, "late();");
    assert_eq!(beside.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_beside_who_speaks_in_time() {
    let slow = Script::new()
        .wait(millis(40))
        .text("late")
        .wait(millis(400));
    let beside = Script::answer("quick();");
    let log = beside.log();
    let slow = slow.text("();");
    assert_alone(desk(slow, (elsewhere("beside", None), beside)).await, log).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_beside_who_would_cost() {
    let slow = Script::new().wait(millis(400)).text("late();");
    let beside = Script::answer("quick();");
    let log = beside.log();
    assert_alone(
        desk(slow, (elsewhere("beside", Some("1")), beside)).await,
        log,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_late_is_not_asked_again() {
    let slow = Script::new().wait(millis(400)).text("late();");
    let beside = Script::answer("quick();");
    let log = beside.log();
    assert_alone(desk(slow, (spec("beside", None), beside)).await, log).await;
}
