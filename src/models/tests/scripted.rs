//! The double itself.

use std::time::Duration;

use super::{cleared, prompt, spec};
use crate::domain::{Finish, ModelSpec, Protocol, TokenCount, Usage};
use crate::models::{Collected, Model, ModelError, Script, Waiting};

fn double(script: Script) -> Model {
    let spec = ModelSpec {
        first_token_timeout: Duration::from_millis(500),
        idle_timeout: Duration::from_millis(100),
        is_canary: false,
        ..spec(Protocol::Scripted, "")
    };
    Model::scripted(spec, script)
}

#[tokio::test(start_paused = true)]
async fn a_script_plays_its_answers_in_order_and_repeats_the_last() {
    let usage = Usage {
        output_total: Some(TokenCount::new(2)),
        ..Usage::default()
    };
    let script = Script::new()
        .wait(Duration::from_millis(400))
        .text("a")
        .text("b")
        .usage(usage)
        .finish(Finish::Length)
        .then()
        .fail(ModelError::Loading)
        .then()
        .text("c");
    let log = script.log();
    let model = double(script);
    let mut heard = Collected::default();
    let first = model
        .complete(cleared(), &mut heard)
        .await
        .expect("an answer");
    assert_eq!((first.text.as_str(), first.finish), ("ab", Finish::Length));
    assert_eq!((first.usage, heard.usage), (usage, usage));
    assert_eq!(heard.first_tokens, 1);
    let second = model.complete(cleared(), &mut heard).await;
    assert_eq!(second, Err(ModelError::Loading));
    for _ in 0..2 {
        let last = model
            .complete(cleared(), &mut heard)
            .await
            .expect("an answer");
        assert_eq!((last.text.as_str(), last.finish), ("c", Finish::Stop));
    }
    assert_eq!(log.prompts(), vec![prompt(); 4]);
    assert_eq!(log.abandoned(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_script_that_hangs_meets_the_limits_of_its_model() {
    for (script, waiting) in [
        (Script::new().hang(), Waiting::FirstToken),
        (Script::new().text("a").hang(), Waiting::NextToken),
    ] {
        let error = double(script)
            .complete(cleared(), &mut Collected::default())
            .await
            .expect_err("nothing more comes");
        let ModelError::TimedOut { waiting: said, .. } = error else {
            panic!("a limit: {error}");
        };
        assert_eq!(said, waiting);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_is_counted() {
    let script = Script::new().hang();
    let log = script.log();
    let model = double(script);
    let mut heard = Collected::default();
    let call = model.complete(cleared(), &mut heard);
    assert!(
        tokio::time::timeout(Duration::from_millis(10), call)
            .await
            .is_err()
    );
    assert_eq!((log.calls(), log.abandoned()), (1, 1));
}
