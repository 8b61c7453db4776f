//! The suggestions that were offered in this session, so that what a client says of one finds it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::episodes::{Ending, Identity, Place};
use crate::domain::{
    ByteOffset, CompletionId, DecisionId, DocumentUri, EpisodeId, ModelId, OutcomeKind,
};

/// How many are remembered.
const CAPACITY: usize = 2_000;

/// One suggestion that is offered.
#[derive(Clone, Debug)]
pub struct Offer {
    pub decision: DecisionId,
    pub episode: EpisodeId,
    /// Who made it.
    pub model: ModelId,
    pub document: DocumentUri,
    /// The version of the document that it is offered for.
    pub version: i32,
    /// Where it begins in that version.
    pub offset: ByteOffset,
    /// How many bytes of it stand there already.
    pub typed: usize,
    /// The whole text, from there.
    pub text: String,
}

/// What is known of an offer, also after its episode.
#[derive(Clone, Debug)]
pub struct Known {
    pub identity: Identity,
    pub document: DocumentUri,
    /// Where it was when its episode ended; it is not moved after that.
    pub place: Place,
    pub is_shown: bool,
    pub is_accepted: bool,
    pub is_dismissed: bool,
    /// The weight of the rows about its ending so far.
    pub spent: f64,
}

impl Known {
    pub fn new(id: CompletionId, offer: &Offer, place: Place) -> Self {
        Self {
            identity: Identity {
                completion: id,
                decision: offer.decision,
                episode: offer.episode,
                text: Arc::from(offer.text.as_str()),
            },
            document: offer.document.clone(),
            place,
            is_shown: false,
            is_accepted: false,
            is_dismissed: false,
            spent: 0.0,
        }
    }

    /// Notes an ending that is about to be written.
    pub fn end(&mut self, place: Place, ending: &Ending) {
        self.place = place;
        self.is_accepted |= ending.kind == OutcomeKind::Accepted;
        self.spent += ending.weight;
    }
}

/// The store of offers, bounded: the oldest is forgotten first.
#[derive(Debug, Default)]
pub struct Offers {
    by_id: HashMap<CompletionId, Known>,
    order: VecDeque<CompletionId>,
}

impl Offers {
    /// Keeps an offer; returns whether it is the first of its id.
    pub fn insert(&mut self, id: CompletionId, known: Known) -> bool {
        if self.by_id.contains_key(&id) {
            return false;
        }
        self.by_id.insert(id, known);
        self.order.push_back(id);
        while self.order.len() > CAPACITY {
            if let Some(oldest) = self.order.pop_front() {
                self.by_id.remove(&oldest);
            }
        }
        true
    }

    pub fn get_mut(&mut self, id: CompletionId) -> Option<&mut Known> {
        self.by_id.get_mut(&id)
    }
}
