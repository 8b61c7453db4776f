//! Asks a model beside the answer, now and then, to learn what it would have said.
//!
//! A model that is hardly ever chosen at some kind of place is hardly ever seen there, and what is
//! believed of it stays what it was. So at one place in fifty that nobody is called for, one of the
//! models that might be is asked all the same. Its answer is compared with what comes to be typed
//! and shown to nobody. What that costs is a small share of the ceiling, which the owner sets; each
//! call has a decision of its own, with `shadow` as its reason.

use std::sync::Arc;

use super::Engine;
use super::arm::ArmModel;
use super::call::{Scene, Trail};
use super::complete::Decided;
use super::flight::Flight;
use super::gather::Seen;
use crate::domain::{CompletionId, Decision, Dice, ModelId, Money, Reason, TokenCount, fnv1a};

/// Share of the places without a call at which a model is asked.
const SHARE: f64 = 0.02;

impl Engine {
    /// Asks one model in the background, if chance and the owner's share of the ceiling allow it.
    pub(super) fn ask_in_shadow(self: &Arc<Self>, decided: &Decided, seen: Seen) {
        let Some(arm) = self.shadow_arm(decided) else {
            return;
        };
        let mut decided = decided.clone();
        // A suggestion of its own, which nobody is offered.
        decided.request.id = CompletionId::new(self.clock.now());
        let (engine, closing) = (Arc::clone(self), self.closing.clone());
        let place = (decided.snapshot.clone(), decided.request.offset);
        self.flights.beside(&place, |flight| async move {
            tokio::select! {
                // What it has cost until then is recorded when the call is dropped.
                () = closing.cancelled() => {}
                () = engine.listen(&decided, &arm, seen, &flight) => {}
            }
        });
    }

    /// Draws whom to ask, or nobody.
    fn shadow_arm(&self, decided: &Decided) -> Option<Arc<ArmModel>> {
        let (request, decision) = (&decided.request, &decided.decision);
        let share = decided.roster.policy.shadow_share?;
        // Where nothing is explored, as when somebody asks by hand, nothing is spent on this either.
        let epsilon = decision.odds.as_ref().map(|odds| odds.epsilon);
        if epsilon.is_none_or(|epsilon| epsilon <= 0.0) {
            return None;
        }
        let mut dice = Dice::new(fnv1a(decided.id.as_uuid().as_bytes()));
        if dice.share() >= SHARE {
            return None;
        }
        let eligible: Vec<&Arc<ArmModel>> = eligible(decision)
            .filter_map(|model| decided.roster.arm(model))
            .collect();
        let arm = *eligible.get(dice.below(eligible.len().max(1)))?;
        let tokens = TokenCount::new(u64::from(decided.features.prompt_tokens));
        let worst = arm.worst_cost(tokens, request.received)?;
        let fits = worst == Money::ZERO || self.pace.admits_shadow(share, worst, request.received);
        fits.then(|| Arc::clone(arm))
    }

    /// Makes the call, and takes its answer to be compared with what will be typed.
    async fn listen(
        self: &Arc<Self>,
        decided: &Decided,
        arm: &Arc<ArmModel>,
        seen: Seen,
        flight: &Flight,
    ) {
        let (context, around) = self.gather(decided, seen).await;
        let scene = Scene {
            decided,
            context: &context,
            around: &Arc::new(around),
            flight,
        };
        let mut trail = Trail::after(decided.id);
        let mut step = trail.step(self, scene, arm, Reason::Shadow);
        match self.call(scene, &mut step).await {
            Ok(Ok(finished)) => {
                self.candidate(decided, step.id, &arm.spec.id, &finished.text, None);
            }
            Ok(Err(why_not)) => {
                tracing::debug!(model = %arm.spec.id, why_not, "nothing to compare")
            }
            Err(error) => tracing::debug!(model = %arm.spec.id, %error, "nothing to compare"),
        }
    }
}

/// Returns the models over the network that might have been called.
fn eligible(decision: &Decision) -> impl Iterator<Item = &ModelId> {
    let arms = decision.arms.iter().skip(1);
    arms.filter(|arm| arm.excluded.is_none())
        .map(|arm| &arm.model)
}

/// Returns how likely one of the models was to be asked at a place that nobody was called for.
pub(super) fn propensity(decision: &Decision) -> f64 {
    SHARE / eligible(decision).count().max(1) as f64
}
