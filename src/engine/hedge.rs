//! A second call beside a first one that is late, where the second costs nothing.
//!
//! The delay is that of Dean and Barroso, *The Tail at Scale* (CACM 56(2), 2013): the second call is
//! made when the first has been silent for as long as 95 in 100 of its answers took, so that few
//! calls are doubled and what they make shorter is the tail. Their second request costs a few per
//! cent of load; ours would cost a second price, so only a model that is free to ask is asked: a
//! server on this machine or a pool that is paid for anyway.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::Engine;
use super::arm::ArmModel;
use super::call::{Outcome, Scene, Step, Trail};
use crate::domain::Reason;

/// A call under way, on the heap, so that it can be closed before it ends.
type Running<'s> = Pin<Box<dyn Future<Output = (Step<'s>, Outcome)> + Send + 's>>;

impl Engine {
    /// Makes a call; where it is late, another one beside it with the first model of what is left of
    /// the route that is free to ask, which it takes out of there. The first of the two that says
    /// anything is listened to and the other one closed, at once, with its row on the ledger.
    pub(super) async fn call_or_hedge<'s>(
        self: &'s Arc<Self>,
        scene: Scene<'s>,
        step: Step<'s>,
        rest: &mut VecDeque<&'s Arc<ArmModel>>,
        trail: &mut Trail,
        told: &mut Vec<String>,
    ) -> (Step<'s>, Outcome) {
        let arm = step.arm;
        let spare = rest.iter().position(|spare| is_spare(spare, arm));
        let Some((spare, late)) = spare.zip(spare.and_then(|_| arm.health.late_after())) else {
            return self.run(scene, step).await;
        };
        let first = step.voice.number;
        let mut call = self.begin(scene, step);
        tokio::select! {
            biased;
            ended = &mut call => return ended,
            () = tokio::time::sleep(late) => {}
        }
        if scene.flight.speaker().is_some() {
            return call.await;
        }
        let spare = rest.remove(spare).expect("it was found there");
        told.push(format!(
            "{} is late, so {} was asked beside it",
            arm.spec.id, spare.spec.id
        ));
        let step = trail.step(self, scene, spare, Reason::Hedge);
        race(scene, (first, call), self.begin(scene, step), told).await
    }

    fn begin<'s>(self: &'s Arc<Self>, scene: Scene<'s>, step: Step<'s>) -> Running<'s> {
        Box::pin(self.run(scene, step))
    }

    async fn run<'s>(
        self: &'s Arc<Self>,
        scene: Scene<'s>,
        mut step: Step<'s>,
    ) -> (Step<'s>, Outcome) {
        let outcome = self.call(scene, &mut step).await;
        (step, outcome)
    }
}

/// Returns what comes of the one of two calls that speaks first, or of the other one if that fails.
async fn race<'s>(
    scene: Scene<'s>,
    (first, mut call): (u32, Running<'s>),
    mut beside: Running<'s>,
    told: &mut Vec<String>,
) -> (Step<'s>, Outcome) {
    tokio::select! {
        biased;
        ended = &mut call => settled(scene, ended, beside, told).await,
        ended = &mut beside => settled(scene, ended, call, told).await,
        speaker = scene.flight.first_word() => {
            let (heard, other) = if speaker == first { (call, beside) } else { (beside, call) };
            drop(other);
            heard.await
        }
    }
}

/// Takes an answer, or what the other call comes to where there is none.
async fn settled<'s>(
    scene: Scene<'s>,
    (step, outcome): (Step<'s>, Outcome),
    other: Running<'s>,
    told: &mut Vec<String>,
) -> (Step<'s>, Outcome) {
    let speaker = scene.flight.speaker();
    match outcome {
        // It came second and was stopped by its own first word.
        _ if speaker.is_some_and(|speaker| speaker != step.voice.number) => other.await,
        Err(failure) if failure.is_worth_a_fallback() => {
            told.push(format!("{} failed: {failure}", step.arm.spec.id));
            other.await
        }
        outcome => (step, outcome),
    }
}

/// Whether a model may be asked beside another one: free, somewhere else, and not resting.
fn is_spare(spare: &ArmModel, late: &ArmModel) -> bool {
    spare.is_free() && spare.spec.host() != late.spec.host()
}
