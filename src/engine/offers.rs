//! The suggestions that were sent to the editor in this session, so that an accept finds its own.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::{ByteOffset, CompletionId, DecisionId, DocumentUri, EpisodeId, OutcomeKind};

/// How many are remembered.
const CAPACITY: usize = 2_000;

/// One suggestion that was offered.
#[derive(Clone, Debug)]
pub struct Offer {
    pub decision: DecisionId,
    pub episode: EpisodeId,
    pub document: DocumentUri,
    /// Where it begins.
    pub offset: ByteOffset,
    /// The whole text, from there.
    pub text: String,
    /// What has become of it so far.
    pub outcomes: Vec<OutcomeKind>,
}

#[derive(Debug, Default)]
struct State {
    by_id: HashMap<CompletionId, Offer>,
    order: VecDeque<CompletionId>,
}

/// The store of offers, bounded: the oldest is forgotten first.
#[derive(Debug, Default)]
pub struct Offers(Mutex<State>);

impl Offers {
    pub fn insert(&self, id: CompletionId, offer: Offer) {
        let mut state = self.state();
        if state.by_id.insert(id, offer).is_none() {
            state.order.push_back(id);
        }
        while state.order.len() > CAPACITY {
            if let Some(oldest) = state.order.pop_front() {
                state.by_id.remove(&oldest);
            }
        }
    }

    pub fn get(&self, id: CompletionId) -> Option<Offer> {
        self.state().by_id.get(&id).cloned()
    }

    /// Notes an outcome; returns whether it is the first of its kind.
    pub fn note(&self, id: CompletionId, kind: OutcomeKind) -> bool {
        let mut state = self.state();
        let Some(offer) = state.by_id.get_mut(&id) else {
            return false;
        };
        let is_first = !offer.outcomes.contains(&kind);
        if is_first {
            offer.outcomes.push(kind);
        }
        is_first
    }

    /// Takes an outcome back that could not be recorded, so that saying it again is heard.
    pub fn take_back(&self, id: CompletionId, kind: OutcomeKind) {
        if let Some(offer) = self.state().by_id.get_mut(&id) {
            offer.outcomes.retain(|known| *known != kind);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
