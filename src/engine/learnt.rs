//! What this installation has learnt of the models over the network.
//!
//! Every lesson comes from a row that goes to the ledger, so that what is known can be learnt again
//! from there. All sessions of a user share one file: each adds what it has learnt to what the
//! others have written.

mod kept;

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Engine;
use super::episodes::Compared;
use crate::domain::{
    CallOutcome, CallRow, DecisionId, Evidence, Features, LedgerEvent, MatchRow, ModelId, Money,
    OutcomeKind, OutcomeRow, RetentionRow,
};
use crate::routing::{Estimates, Lesson, Said, Sight, Turn};

pub use kept::{KeepError, replace_estimates, witness_in};

/// How many decisions wait for what becomes of them: what was accepted is looked for once more after
/// ten minutes.
const MOST_WAITING: usize = 2_000;
/// The check of an accept that says what was kept, in seconds.
const KEPT_AFTER: u32 = 600;

/// What is known of the models, which many requests share.
#[derive(Default)]
pub struct Learnt(Mutex<State>);

#[derive(Default)]
struct State {
    mine: Estimates,
    /// What `mine` was when it was last brought together with the file.
    base: Estimates,
    waiting: HashMap<DecisionId, Waiting>,
    order: VecDeque<DecisionId>,
    file: kept::Standing,
    /// The editor of this session, as it names itself.
    client: Option<Box<str>>,
}

/// A step that was decided for a model over the network.
struct Waiting {
    arm: ModelId,
    sight: Sight,
    /// The most that its call was expected to cost.
    worst: Option<Money>,
}

impl Learnt {
    /// Knows nothing yet; `client` is the editor of this session, as it names itself.
    pub fn of(client: Option<&str>) -> Self {
        Self(Mutex::new(State {
            client: client.map(Box::from),
            ..State::default()
        }))
    }

    /// Sees that models are known, by their names here and at their providers.
    pub fn meet<'m>(&self, models: impl Iterator<Item = (&'m ModelId, &'m str)>) {
        let mut state = self.state();
        let State { mine, base, .. } = &mut *state;
        for (arm, behind) in models {
            if mine.meet(arm, behind) {
                base.adopt(arm, mine);
            }
        }
    }

    /// Works with what is known now; nobody learns meanwhile.
    pub fn with<T>(&self, work: impl FnOnce(&Estimates) -> T) -> T {
        work(&self.state().mine)
    }

    /// Returns the name of this state of what is known, as decision rows carry it.
    pub fn name(&self) -> String {
        format!("{}-{}", kept::VERSION, self.state().mine.lessons())
    }

    /// Waits for what becomes of a step that goes to a model over the network.
    pub fn remember(
        &self,
        decision: DecisionId,
        (arm, worst): (&ModelId, Option<Money>),
        features: &Features,
    ) {
        let mut state = self.state();
        if state.order.len() == MOST_WAITING
            && let Some(oldest) = state.order.pop_front()
        {
            state.waiting.remove(&oldest);
        }
        state.order.push_back(decision);
        let waiting = Waiting {
            arm: arm.clone(),
            sight: Sight::of(features),
            worst,
        };
        state.waiting.insert(decision, waiting);
    }

    /// Learns from a row, if it says something of a model.
    pub fn observe(&self, event: &LedgerEvent) {
        match event {
            LedgerEvent::Match(row) => self.matched(row),
            LedgerEvent::Outcome(row) => self.ended(row),
            LedgerEvent::Retention(row) => self.retained(row),
            _ => {}
        }
    }

    /// Learns what clients have said of offers, and what their documents look like.
    pub fn compare(&self, compared: impl IntoIterator<Item = Compared>) {
        let mut state = self.state();
        let State { mine, client, .. } = &mut *state;
        for Compared {
            is_accepted,
            is_inferred,
        } in compared
        {
            mine.compare(client.as_deref(), is_accepted, is_inferred);
        }
    }

    fn matched(&self, row: &MatchRow) {
        let is_all_typed = row.prefix_chars == row.candidate_chars;
        let is_match = row.exact_line || is_all_typed;
        self.learn(row.decision, |waiting, _| {
            Some(Lesson::Matched(&waiting.sight, is_match))
        });
    }

    fn ended(&self, row: &OutcomeRow) {
        let is_accepted = match row.kind {
            OutcomeKind::Accepted | OutcomeKind::PartlyAccepted => true,
            OutcomeKind::Dismissed | OutcomeKind::Diverged | OutcomeKind::Replaced => false,
            // What was typed by hand was right, which its line says, and was not accepted.
            _ => return,
        };
        self.learn(row.decision, |waiting, client| {
            let said = match row.evidence {
                Evidence::Client => Said::ByClient,
                _ => Said::ByDocument(client),
            };
            let weight = row.weight;
            Some(Lesson::Offered(&waiting.sight, is_accepted, weight, said))
        });
    }

    fn retained(&self, row: &RetentionRow) {
        if row.after_s == KEPT_AFTER {
            self.learn(row.decision, |_, _| Some(Lesson::Kept(row.kept_chars)));
        }
    }

    /// Learns what a call has cost, and how long its answer took.
    pub fn called(&self, row: &CallRow) {
        let is_answered = matches!(row.outcome, CallOutcome::Done | CallOutcome::Early);
        if is_answered {
            self.learn(row.decision, |_, _| Some(Lesson::Answered(row.duration_ms)));
        }
        // A call that was refused costs nothing, and says nothing of what others cost.
        if is_answered || row.outcome == CallOutcome::Cancelled {
            self.learn(row.decision, |waiting, _| {
                Some(Lesson::Cost(row.cost?, waiting.worst?))
            });
        }
    }

    /// Learns whether anything of an answer could be offered.
    pub fn finished(&self, decision: DecisionId, is_usable: bool) {
        self.learn(decision, |_, _| Some(Lesson::Usable(is_usable)));
    }

    /// Learns what `lesson` makes of a step that waits, and of the editor of this session.
    fn learn<'s>(
        &self,
        decision: DecisionId,
        lesson: impl for<'w> FnOnce(&'w Waiting, Option<&'w str>) -> Option<Lesson<'w>> + 's,
    ) {
        let mut state = self.state();
        let State {
            mine,
            waiting,
            client,
            ..
        } = &mut *state;
        let Some(waiting) = waiting.get(&decision) else {
            return;
        };
        let Some(lesson) = lesson(waiting, client.as_deref()) else {
            return;
        };
        let arm = &waiting.arm;
        match mine.learn(arm, lesson) {
            Some((Turn::Demoted, language)) => {
                tracing::warn!(model = %arm, language, "it is right less often than it was: it is demoted");
            }
            Some((Turn::Returned, language)) => {
                tracing::info!(model = %arm, language, "it is what it was again: it is back");
            }
            None => {}
        }
    }

    /// Returns whether the user has not been told yet that nothing is kept, and takes it for told.
    fn is_news(&self) -> bool {
        !std::mem::replace(&mut self.state().file.is_told, true)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Brings what this session knows of the models together with what others have learnt.
    pub(super) fn keep_learnt(&self) {
        if self.roster().arms.is_empty() {
            return;
        }
        match self.learnt.keep(self.book.folder(), self.pace.price()) {
            Ok(Some(price)) => self.pace.begin_at(price),
            Ok(None) => {}
            Err(error @ (KeepError::Busy | KeepError::Io(_))) => {
                tracing::info!(%error, "it is tried again later");
            }
            Err(error @ KeepError::OtherVersion { .. }) => {
                if self.learnt.is_news() {
                    tracing::warn!("{error}");
                    let sentence = error.to_string();
                    self.status.send_modify(|status| status.warn(&sentence));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
