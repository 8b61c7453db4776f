//! The route over the network: one model after the other until one has something to say, each call
//! with its own decision row and its own charge.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Engine;
use super::answer::{Answer, Nothing};
use super::arm::ArmModel;
use super::charge::Charge;
use super::complete::Decided;
use super::finish::{EarlyStop, Filter, Finished, Surroundings, finish_in};
use super::flight::{Flight, Voice};
use crate::context::{self, Context, Healing};
use crate::domain::{DecisionId, Prompt, Reason, Source};
use crate::models::ModelError;

/// The place that all calls of a route are made for, and where they are heard.
#[derive(Clone, Copy)]
pub(super) struct Scene<'s> {
    pub decided: &'s Decided,
    pub context: &'s Context,
    pub around: &'s Arc<Surroundings>,
    pub flight: &'s Flight,
}

/// One call of a route with its decision.
pub(super) struct Step<'s> {
    pub arm: &'s Arc<ArmModel>,
    pub id: DecisionId,
    pub reason: Reason,
    pub voice: Voice<'s>,
    /// What it was asked with, once it was asked.
    pub prompt: Option<Prompt>,
}

/// What came of a call: an answer, an answer of which nothing was left, or none.
pub(super) type Outcome = Result<Result<Finished, &'static str>, CallError>;

/// The decisions of one request, each the child of the one before it.
pub(super) struct Trail {
    parent: Option<DecisionId>,
    steps: u16,
}

impl Trail {
    /// Begins behind a decision that is on the ledger and has made no call.
    pub const fn after(parent: DecisionId) -> Self {
        Self {
            parent: Some(parent),
            steps: 1,
        }
    }

    /// Takes the next step: the first is the decision itself, the others have rows of their own.
    pub fn step<'s>(
        &mut self,
        engine: &Engine,
        scene: Scene<'s>,
        arm: &'s Arc<ArmModel>,
        reason: Reason,
    ) -> Step<'s> {
        let decided = scene.decided;
        let (id, reason) = match self.parent {
            None => (decided.id, decided.decision.reason),
            Some(parent) => {
                let id = DecisionId::new(engine.clock.now());
                let model = Some(arm.spec.id.clone());
                engine.record_decision(decided, id, Some(parent), self.steps, model, reason);
                (id, reason)
            }
        };
        self.parent = Some(id);
        self.steps = self.steps.saturating_add(1);
        Step {
            arm,
            id,
            reason,
            voice: scene.flight.voice(),
            prompt: None,
        }
    }
}

impl Engine {
    /// Calls the models of the route in turn until one has something to say.
    pub(super) async fn call_route(
        self: &Arc<Self>,
        decided: &Decided,
        (context, around): (&Context, &Arc<Surroundings>),
        flight: &Flight,
    ) -> Answer {
        let scene = Scene {
            decided,
            context,
            around,
            flight,
        };
        let route = decided.decision.route.iter();
        let mut route: VecDeque<&Arc<ArmModel>> = route
            .filter_map(|model| decided.roster.arm(model))
            .collect();
        let mut trail = Trail {
            parent: None,
            steps: 0,
        };
        let mut told = Vec::new();
        let mut last_prompt = None;
        let mut why = Nothing::Failed;
        let started = Instant::now();
        let mut reason = Reason::Fallback;
        while let Some(arm) = route.pop_front() {
            let is_retry = reason == Reason::Retry;
            let step = trail.step(self, scene, arm, reason);
            flight.starts_over();
            let (step, outcome) = self
                .call_or_hedge(scene, step, &mut route, &mut trail, &mut told)
                .await;
            let model = &step.arm.spec.id;
            last_prompt = step.prompt.or(last_prompt);
            match outcome {
                Ok(Ok(finished)) => {
                    let text = finished.text;
                    told.push(format!("{model} answered"));
                    self.explain(decided, last_prompt, told);
                    self.candidate(decided, step.id, model, &text, None);
                    let made_by = (model.clone(), step.arm.spec.tier, Source::Model);
                    let served =
                        self.keep_answer(decided, step.id, text, made_by, None, step.reason);
                    return Answer::Suggestion(Box::new(served));
                }
                Ok(Err(why_not)) => {
                    told.push(format!("{model} had nothing usable to say: {why_not}"));
                    why = Nothing::NothingUsable;
                    break;
                }
                Err(failure) => {
                    let hint = failure.hint().map(|hint| format!("; {hint}"));
                    let hint = hint.unwrap_or_default();
                    told.push(format!("{model} failed: {failure}{hint}"));
                    if !failure.is_worth_a_fallback() {
                        break;
                    }
                    // Another model is the better second try, where there is one.
                    let again = (route.is_empty() && !is_retry)
                        .then(|| failure.retry_in())
                        .flatten()
                        .filter(|wait| {
                            started.elapsed() + *wait < step.arm.spec.first_token_timeout
                        });
                    reason = match again {
                        Some(_) => Reason::Retry,
                        None => Reason::Fallback,
                    };
                    if let Some(wait) = again {
                        tokio::time::sleep(wait).await;
                        route.push_front(step.arm);
                    }
                }
            }
        }
        self.explain(decided, last_prompt, told);
        Answer::Nothing(why)
    }

    /// Makes one call with its row on the ledger; says what left nothing of the answer.
    pub(super) async fn call(self: &Arc<Self>, scene: Scene<'_>, step: &mut Step<'_>) -> Outcome {
        let (arm, around) = (step.arm, scene.around);
        let model = arm
            .model
            .as_ref()
            .map_err(|error| CallError::Unusable(error.to_string()))?;
        // Whoever has so many calls open there waits for a server that is slow; the next one may
        // not be.
        let Ok(_slot) = arm.slots.try_acquire() else {
            return Err(CallError::Busy);
        };
        let place = self.book.reserve();
        if place.is_none() && !arm.is_free() {
            return Err(CallError::NoLedger);
        }
        let mut prompt = context::render(scene.context, &arm.spec);
        let healing = if arm.spec.protocol.is_chat() {
            // It is shown what was typed, and reads it wherever it ends.
            Healing::default()
        } else {
            context::heal(&mut prompt, scene.context)
        };
        let (cleared, redactions) = self.guard.clear(prompt);
        if !redactions.is_empty() {
            tracing::info!(model = %arm.spec.id, ?redactions, "the prompt was redacted");
        }
        step.prompt = Some(cleared.get().clone());

        let tokens = cleared.get().input_tokens;
        let Some(hold) = self.set_aside(&scene.decided.roster, arm, tokens) else {
            return Err(CallError::OverBudget);
        };
        let row = (scene.decided.request.id, step.id);
        let around = if healing.is_needed() {
            Arc::new(around.without_typed())
        } else {
            Arc::clone(around)
        };
        let early_stop = EarlyStop::at(Arc::clone(&around));
        let listeners = (healing.clone(), early_stop, step.voice);
        arm.health.begins(self.clock.now());
        let mut charge = Charge::open(self, arm, (place, hold), row, tokens, listeners);
        let result = model.complete(cleared, &mut charge).await;
        charge.settle(&result);
        match result {
            Ok(completion) => {
                let Some(text) = healing.rest_of(&completion.text) else {
                    self.learnt.finished(step.id, false);
                    return Ok(Err("it does not begin with what was typed"));
                };
                let finished = finish_in(text, &around);
                self.learnt.finished(step.id, finished.is_ok());
                let touched = finished.as_ref().map(|finished| &finished.touched);
                tracing::debug!(model = %arm.spec.id, ?touched, "an answer was finished");
                Ok(finished.map_err(Filter::as_str))
            }
            Err(error) => {
                tracing::warn!(model = %arm.spec.id, %error, "a model failed");
                let rest = arm.health.failed(self.clock.now(), retry_after(&error));
                self.status
                    .send_modify(|status| status.rests(&arm.spec.id, &error, rest));
                Err(CallError::Model(error))
            }
        }
    }
}

/// Why a step of a route had no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error("{0}")]
    Unusable(String),
    #[error("its cost could not be recorded")]
    NoLedger,
    #[error("what may still be spent does not cover the most that it can cost")]
    OverBudget,
    #[error("its host has enough of our calls")]
    Busy,
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl CallError {
    pub(super) fn is_worth_a_fallback(&self) -> bool {
        match self {
            Self::Unusable(_) | Self::NoLedger | Self::OverBudget | Self::Busy => true,
            Self::Model(error) => error.is_worth_a_fallback(),
        }
    }

    /// Returns what the user can do about it, where it is for the user to do.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Model(error) => Some(error.hint()),
            _ => None,
        }
    }

    fn retry_in(&self) -> Option<Duration> {
        match self {
            Self::Unusable(_) | Self::NoLedger | Self::OverBudget | Self::Busy => None,
            Self::Model(error) => error.retry_in(),
        }
    }
}

/// Returns how long the host itself asks us to wait.
const fn retry_after(error: &ModelError) -> Option<Duration> {
    match error {
        ModelError::RateLimited { retry_after } => *retry_after,
        _ => None,
    }
}
