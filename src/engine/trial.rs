//! Tries one model with one completion, the whole path long: what it costs is on the ledger.

use std::sync::Arc;

use super::{Answer, Engine};
use crate::domain::{
    ByteOffset, CallRow, CompletionId, CompletionRequest, DocumentUri, ModelId, Trigger,
};
use crate::models::{Clients, FoundServer, USUAL_PORTS, find_servers};

/// Only the lines after the cursor say what belongs at it, so that a model which names it has read
/// them.
const BEFORE: &str = "def total_price(";
const AFTER: &str = "):\n    return amount_zeta * quantity_theta\n";
const NAMES: [&str; 2] = ["amount_zeta", "quantity_theta"];

/// What came of a trial.
#[derive(Clone, PartialEq, Debug)]
pub struct Trial {
    /// The call as it stands on the ledger; `None` when none was made.
    pub call: Option<CallRow>,
    /// What would be offered.
    pub text: Option<String>,
    /// What happened, step by step, in sentences.
    pub steps: Vec<String>,
}

impl Trial {
    /// Returns whether the model has used the text after the cursor; `None` when it has said
    /// nothing.
    #[must_use]
    pub fn has_used_suffix(&self) -> Option<bool> {
        let text = self.text.as_deref()?;
        Some(NAMES.iter().all(|name| text.contains(name)))
    }

    /// Returns the tokens per second after the first one; `None` when there is nothing to measure.
    #[must_use]
    pub fn tokens_per_second(&self) -> Option<f64> {
        let call = self.call.as_ref()?;
        let millis = call.duration_ms.checked_sub(call.first_token_ms?)?;
        let tokens = call.usage.output_total?.get().checked_sub(1)?;
        (millis > 0 && tokens > 0).then(|| tokens as f64 * 1_000.0 / f64::from(millis))
    }
}

impl Engine {
    /// Asks the model that the rules pin for one completion.
    pub async fn try_pinned_model(self: &Arc<Self>) -> Trial {
        let document = DocumentUri::new("mantle:/total_price.py");
        let text = [BEFORE, AFTER].concat();
        self.open(document.clone(), None, "python", 1, &text);
        let received = self.clock.now();
        let id = CompletionId::new(received);
        let request = CompletionRequest {
            id,
            document,
            offset: ByteOffset::new(BEFORE.len()),
            trigger: Trigger::Invoked,
            received,
        };
        let answer = self.complete(request).await;
        let call = self.last_call.borrow().clone();
        let explanation = self.explanation(id);
        let mut steps = explanation
            .as_ref()
            .map_or_else(Vec::new, |explanation| explanation.steps.clone());
        let arms = explanation.iter().flat_map(|known| &known.decision.arms);
        steps.extend(
            arms.filter(|arm| arm.model != ModelId::embedded())
                .filter_map(|arm| Some((&arm.model, arm.excluded?)))
                .map(|(model, rule)| format!("{model} is not asked: {rule}")),
        );
        Trial {
            call,
            text: match answer {
                Answer::Suggestion(served) => Some(served.candidate.text),
                Answer::Nothing(_) => None,
            },
            steps,
        }
    }
}

/// Finds model servers at the usual ports of this machine, within half a second. Nothing of the
/// user's is sent.
pub async fn find_local_servers() -> Vec<FoundServer> {
    find_servers(&Clients::new(), USUAL_PORTS).await
}
