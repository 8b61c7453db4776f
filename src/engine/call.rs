//! The route over the network: one model after the other until one has something to say, each call
//! with its own decision row and its own charge.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Engine;
use super::answer::{Answer, Nothing};
use super::arm::ArmModel;
use super::charge::Charge;
use super::complete::Decided;
use super::finish::{EarlyStop, Filter, Finished, Surroundings, finish_in};
use super::flight::Flight;
use crate::context::{self, Context, Healing};
use crate::domain::{DecisionId, Prompt, Reason, Source};
use crate::models::ModelError;

impl Engine {
    /// Calls the models of the route in turn until one has something to say.
    pub(super) async fn call_route(
        self: &Arc<Self>,
        decided: &Decided,
        place: (&Context, &Arc<Surroundings>),
        flight: &Flight,
    ) -> Answer {
        let mut steps = Vec::new();
        let mut last_prompt = None;
        let mut parent = None;
        let mut step = 0_usize;
        let mut why = Nothing::Failed;
        let started = Instant::now();
        let route = &decided.decision.route;
        let mut is_retry = false;
        let mut at = 0;
        while let Some(model) = route.get(at) {
            let Some(arm) = decided.roster.arm(model) else {
                at += 1;
                continue;
            };
            let (id, reason) = match parent {
                None => (decided.id, decided.decision.reason),
                Some(parent) => {
                    let id = DecisionId::new(self.clock.now());
                    let reason = if is_retry {
                        Reason::Retry
                    } else {
                        Reason::Fallback
                    };
                    let step = u16::try_from(step).unwrap_or(u16::MAX);
                    let model = Some(model.clone());
                    self.record_decision(decided, id, Some(parent), step, model, reason);
                    (id, reason)
                }
            };
            parent = Some(id);
            step += 1;

            let asked = (&**arm, place, flight);
            match self.call(decided, id, asked, &mut last_prompt).await {
                Ok(Ok(finished)) => {
                    let text = finished.text;
                    steps.push(format!("{model} answered"));
                    self.explain(decided, last_prompt, steps);
                    self.candidate(decided, id, model, &text, None);
                    let made_by = (model.clone(), arm.spec.tier, Source::Model);
                    let served = self.keep_answer(decided, id, text, made_by, None, reason);
                    return Answer::Suggestion(Box::new(served));
                }
                Ok(Err(why_not)) => {
                    steps.push(format!("{model} had nothing usable to say: {why_not}"));
                    why = Nothing::NothingUsable;
                    break;
                }
                Err(failure) => {
                    steps.push(format!("{model} failed: {failure}"));
                    if !failure.is_worth_a_fallback() {
                        break;
                    }
                    // Another model is the better second try, where there is one.
                    let again = (at + 1 == route.len() && !is_retry)
                        .then(|| failure.retry_in())
                        .flatten()
                        .filter(|wait| started.elapsed() + *wait < arm.spec.first_token_timeout);
                    is_retry = again.is_some();
                    match again {
                        Some(wait) => tokio::time::sleep(wait).await,
                        None => at += 1,
                    }
                }
            }
        }
        self.explain(decided, last_prompt, steps);
        Answer::Nothing(why)
    }

    /// Makes one call with its row on the ledger; says what left nothing of the answer.
    async fn call(
        self: &Arc<Self>,
        decided: &Decided,
        id: DecisionId,
        (arm, (context, around), flight): (&ArmModel, (&Context, &Arc<Surroundings>), &Flight),
        last_prompt: &mut Option<Prompt>,
    ) -> Result<Result<Finished, &'static str>, CallError> {
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
        let mut prompt = context::render(context, &arm.spec);
        let healing = if arm.spec.protocol.is_chat() {
            // It is shown what was typed, and reads it wherever it ends.
            Healing::default()
        } else {
            context::heal(&mut prompt, context)
        };
        let (cleared, redactions) = self.guard.clear(prompt);
        if !redactions.is_empty() {
            tracing::info!(model = %arm.spec.id, ?redactions, "the prompt was redacted");
        }
        *last_prompt = Some(cleared.get().clone());

        let tokens = cleared.get().input_tokens;
        let Some(hold) = self.set_aside(&decided.roster, arm, tokens) else {
            return Err(CallError::OverBudget);
        };
        let row = (decided.request.id, id);
        let around = if healing.is_needed() {
            Arc::new(around.without_typed())
        } else {
            Arc::clone(around)
        };
        let early_stop = EarlyStop::at(Arc::clone(&around));
        let listeners = (healing.clone(), early_stop, flight);
        flight.starts_over();
        arm.health.begins(self.clock.now());
        let mut charge = Charge::open(self, arm, (place, hold), row, tokens, listeners);
        let result = model.complete(cleared, &mut charge).await;
        charge.settle(&result);
        match result {
            Ok(completion) => {
                let Some(text) = healing.rest_of(&completion.text) else {
                    self.learnt.finished(id, false);
                    return Ok(Err("it does not begin with what was typed"));
                };
                let finished = finish_in(text, &around);
                self.learnt.finished(id, finished.is_ok());
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
enum CallError {
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
    fn is_worth_a_fallback(&self) -> bool {
        match self {
            Self::Unusable(_) | Self::NoLedger | Self::OverBudget | Self::Busy => true,
            Self::Model(error) => error.is_worth_a_fallback(),
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
