//! What became of what was offered, and how good what was not offered would have been.
//!
//! An *offer episode* is one suggestion in one document from its first offer until it no longer
//! fits, is replaced, or the document is closed; requests that are answered with it again belong
//! to it. It has one ending. Best first: a client says so; one edit inserts at least nine tenths
//! of what was left; it is typed by hand; the text goes another way; nothing is known. What is
//! inferred waits a second for a client that knows better. Beside the episodes, every candidate
//! has a *match label*, and every accepted suggestion is looked for again: see [`label`] and
//! [`retention`].
//!
//! [`document::Document`] and what it is made of are state machines: they are given edits and
//! moments, and know no clock, no timer and no ledger. [`Episodes`] holds one for every open
//! document; the engine tells it what happens and records what it returns. A key costs a look-up
//! and some additions, and one comparison at the place of the running episode.

mod agree;
mod document;
mod episode;
mod label;
mod place;
mod retention;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use self::agree::{held, stands};
use self::document::{Document, Found};
use super::offers::{Known, Offer, Offers};
use crate::documents::{Change, Documents, Rope};
use crate::domain::{
    CompletionId, DecisionId, DocumentUri, Evidence, LedgerEvent, ModelId, OutcomeKind, OutcomeRow,
    Timestamp,
};

pub use self::episode::{Ending, Identity};
pub use self::label::Candidate;
pub use self::place::Place;

/// What a client says and the document does not confirm counts for learning by half.
const DOUBTED: f64 = 0.5;
/// How many candidates may wait to be compared.
const MOST_LABELS: usize = 256;

/// All open documents of a session.
pub struct Episodes {
    texts: Documents,
    state: Mutex<State>,
    /// Rings when something is due earlier than whoever sleeps thinks.
    earlier: Notify,
}

#[derive(Default)]
struct State {
    documents: HashMap<DocumentUri, Document>,
    offers: Offers,
    /// Offers whose end is known in both ways, until somebody learns from them.
    compared: Vec<Compared>,
    sleeps_until: Option<Timestamp>,
}

/// An offer of which a client says whether it was accepted, and the document looks as if.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    pub is_accepted: bool,
    pub is_inferred: bool,
}

/// No suggestion of that id was offered in this session, or too long ago.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unknown;

impl Episodes {
    pub fn new(texts: Documents) -> Self {
        Self {
            texts,
            state: Mutex::default(),
            earlier: Notify::new(),
        }
    }

    /// Follows a change of an open document.
    pub fn change(
        &self,
        uri: &DocumentUri,
        version: i32,
        change: &Change,
        now: Timestamp,
    ) -> Vec<LedgerEvent> {
        let mut state = self.state();
        let mut found = Found::default();
        let document = match state.documents.get_mut(uri) {
            Some(document) => document,
            None => state.documents.entry(uri.clone()).or_default(),
        };
        document.change(version, change, now, &mut found);
        let due = document.due();
        self.wake(&mut state, due);
        state.rows(found)
    }

    /// Ends all that runs in a document that is closed, or about to be opened anew.
    pub fn close(&self, uri: &DocumentUri, now: Timestamp) -> Vec<LedgerEvent> {
        let rope = self.rope(uri);
        let mut state = self.state();
        let mut found = Found::default();
        if let Some(mut document) = state.documents.remove(uri) {
            document.close(rope.as_ref(), now, &mut found);
        }
        state.rows(found)
    }

    /// Ends all that runs: the session is over.
    pub fn close_all(&self, now: Timestamp) -> Vec<LedgerEvent> {
        let open: Vec<DocumentUri> = self.state().documents.keys().cloned().collect();
        open.iter().flat_map(|uri| self.close(uri, now)).collect()
    }

    /// Begins the episode of a suggestion. `None` when that id was offered before.
    pub fn offer(&self, id: CompletionId, offer: &Offer, now: Timestamp) -> Option<OutcomeRow> {
        let rope = self.rope(&offer.document);
        let mut state = self.state();
        let State {
            documents, offers, ..
        } = &mut *state;
        let document = documents.entry(offer.document.clone()).or_default();
        let here = document.place(offer.version, offer.offset.get());
        let mut place = here.unwrap_or(Place::at(offer.offset.get()));
        place.end += offer.typed;
        let known = Known::new(id, offer, place);
        let identity = known.identity.clone();
        if !offers.insert(id, known) {
            return None;
        }
        let station = Ending {
            kind: OutcomeKind::Offered,
            evidence: Evidence::Server,
            weight: 1.0,
            characters: identity.characters(),
            at: now,
        };
        let row = identity.outcome(station);
        document.is_offered(offer.decision, &offer.model, id);
        document.offer(identity, place, rope.as_ref(), now);
        let due = document.due();
        self.wake(&mut state, due);
        Some(row)
    }

    /// Hears that a candidate is offered under this id by a later step than the one it was made for.
    pub fn is_offered(
        &self,
        uri: &DocumentUri,
        (decision, model): (DecisionId, &ModelId),
        id: CompletionId,
    ) {
        if let Some(document) = self.state().documents.get_mut(uri) {
            document.is_offered(decision, model, id);
        }
    }

    /// Hears that a suggestion was sent again, for a document in which it stands from `place.start`
    /// to `place.end` already.
    pub fn offer_again(&self, id: CompletionId, uri: &DocumentUri, place: Place, now: Timestamp) {
        let mut state = self.state();
        let Some(document) = state.documents.get_mut(uri) else {
            return;
        };
        document.offer_again(id, place, now);
        let due = document.due();
        self.wake(&mut state, due);
    }

    /// Ends an episode as a client says: all of it was taken. `None` when that is known already.
    pub fn accept(&self, id: CompletionId, now: Timestamp) -> Result<Option<OutcomeRow>, Unknown> {
        let mut state = self.state();
        let State {
            documents,
            offers,
            compared,
            ..
        } = &mut *state;
        let known = offers.get_mut(id).ok_or(Unknown)?;
        if known.is_accepted {
            return Ok(None);
        }
        let mut document = documents.get_mut(&known.document);
        let taken = document.as_mut().and_then(|document| document.take(id));
        // Before its edit has come there is nothing to infer from.
        compared.extend(taken.as_ref().and_then(|(_, inferred)| {
            Some(Compared {
                is_accepted: true,
                is_inferred: (*inferred)? == OutcomeKind::Accepted,
            })
        }));
        let place = taken.map_or(known.place, |(episode, _)| episode.place);
        let rope = self.rope(&known.document);
        let text = &known.identity.text;
        let is_there = rope.is_some_and(|rope| stands(&rope, place.start, text));
        let trusted = if is_there { 1.0 } else { DOUBTED };
        let ending = Ending {
            kind: OutcomeKind::Accepted,
            evidence: Evidence::Client,
            // What was written about it before cannot be taken back; together they count once.
            weight: f64::min(trusted, 1.0 - known.spent),
            characters: known.identity.characters(),
            at: now,
        };
        known.end(place, &ending);
        let row = known.identity.outcome(ending);
        let mut due = None;
        if let Some(document) = document {
            document.watch(known.identity.clone(), place, now);
            due = document.due();
        }
        self.wake(&mut state, due);
        Ok(Some(row))
    }

    /// Returns the offers since the last call whose end is known in both ways.
    pub fn take_compared(&self) -> Vec<Compared> {
        std::mem::take(&mut self.state().compared)
    }

    /// Takes an accept back that could not be recorded, so that saying it again is heard.
    pub fn take_back(&self, row: &OutcomeRow) {
        let mut state = self.state();
        let State {
            documents, offers, ..
        } = &mut *state;
        let Some(known) = offers.get_mut(row.completion) else {
            return;
        };
        known.is_accepted = false;
        known.spent = (known.spent - row.weight).max(0.0);
        if let Some(document) = documents.get_mut(&known.document) {
            document.unwatch(row.completion);
        }
    }

    /// Notes that a client says the first `bytes` of a suggestion were taken; what is written when
    /// the episode ends is what of it is in the document. `bytes` is 0 where the client says no
    /// length.
    pub fn claim(
        &self,
        id: CompletionId,
        bytes: impl FnOnce(&str) -> Result<usize, super::OutcomeError>,
    ) -> Result<(), super::OutcomeError> {
        let mut state = self.state();
        let State {
            documents, offers, ..
        } = &mut *state;
        let known = offers.get_mut(id).ok_or(super::OutcomeError::Unknown(id))?;
        let bytes = bytes(&known.identity.text)?;
        if let Some(document) = documents.get_mut(&known.document) {
            document.claim(id, bytes);
        }
        Ok(())
    }

    /// Returns the text of a suggestion, and how many of its first bytes the document holds.
    pub fn held(&self, id: CompletionId) -> Result<(Arc<str>, usize), Unknown> {
        let mut state = self.state();
        let State {
            documents, offers, ..
        } = &mut *state;
        let known = offers.get_mut(id).ok_or(Unknown)?;
        let document = documents.get(&known.document);
        let place = document.and_then(|document| document.place_of(id));
        let text = Arc::clone(&known.identity.text);
        let start = place.unwrap_or(known.place).start;
        let rope = self.rope(&known.document);
        let held = rope.map_or(0, |rope| held(&rope, start, &text));
        Ok((text, held))
    }

    /// Ends an episode as a client says: it was turned down. `None` when it has ended already.
    pub fn dismiss(&self, id: CompletionId, now: Timestamp) -> Result<Option<OutcomeRow>, Unknown> {
        let mut state = self.state();
        let State {
            documents,
            offers,
            compared,
            ..
        } = &mut *state;
        let known = offers.get_mut(id).ok_or(Unknown)?;
        known.is_dismissed = true;
        let document = documents.get_mut(&known.document);
        let Some((episode, inferred)) = document.and_then(|document| document.take(id)) else {
            return Ok(None);
        };
        compared.push(Compared {
            is_accepted: false,
            is_inferred: inferred == Some(OutcomeKind::Accepted),
        });
        let ending = Ending {
            kind: OutcomeKind::Dismissed,
            evidence: Evidence::Client,
            weight: 1.0,
            characters: known.identity.characters(),
            at: now,
        };
        known.end(episode.place, &ending);
        Ok(Some(known.identity.outcome(ending)))
    }

    /// Notes that a client has put a suggestion on the screen. `None` when that is known already.
    pub fn show(&self, id: CompletionId, now: Timestamp) -> Result<Option<OutcomeRow>, Unknown> {
        let mut state = self.state();
        let known = state.offers.get_mut(id).ok_or(Unknown)?;
        if known.is_dismissed || std::mem::replace(&mut known.is_shown, true) {
            return Ok(None);
        }
        let station = Ending {
            kind: OutcomeKind::Shown,
            evidence: Evidence::Client,
            weight: 1.0,
            characters: known.identity.characters(),
            at: now,
        };
        Ok(Some(known.identity.outcome(station)))
    }

    /// Waits for the line of a candidate that was made at `offset` of `version`.
    pub fn label(
        &self,
        uri: &DocumentUri,
        (version, offset): (i32, usize),
        candidate: Candidate<'_>,
        now: Timestamp,
    ) -> Vec<LedgerEvent> {
        let mut state = self.state();
        let mut found = Found::default();
        self.make_room(&mut state, now, &mut found);
        let document = state.documents.entry(uri.clone()).or_default();
        if let Some(place) = document.place(version, offset) {
            document.label(candidate, place);
        }
        let due = document.due();
        self.wake(&mut state, due);
        state.rows(found)
    }

    /// Does what is due, in every document.
    pub fn tick(&self, now: Timestamp) -> Vec<LedgerEvent> {
        let mut state = self.state();
        let mut found = Found::default();
        let mut checks = Vec::new();
        for (uri, document) in &mut state.documents {
            if document.due().is_none_or(|due| due > now) {
                continue;
            }
            let rope = self.rope(uri);
            let mut due = Vec::new();
            document.tick(rope.as_ref(), now, &mut found, &mut due);
            checks.extend(
                due.into_iter()
                    .filter_map(|check| Some((check, rope.clone()?))),
            );
        }
        let mut rows = state.rows(found);
        drop(state);
        for (check, rope) in checks {
            let (row, retained) = check.run(&rope, now);
            rows.push(LedgerEvent::Retention(row));
            rows.extend(retained.map(LedgerEvent::Outcome));
        }
        rows
    }

    /// Returns when [`Self::tick`] has something to do; [`Self::earlier`] tells when that changes.
    pub fn due(&self) -> Option<Timestamp> {
        let mut state = self.state();
        let due = state.documents.values().filter_map(Document::due).min();
        state.sleeps_until = due;
        due
    }

    /// Waits until something is due earlier than [`Self::due`] said.
    pub async fn earlier(&self) {
        self.earlier.notified().await;
    }

    fn make_room(&self, state: &mut State, now: Timestamp, found: &mut Found) {
        while state
            .documents
            .values()
            .map(Document::labels)
            .sum::<usize>()
            >= MOST_LABELS
        {
            let oldest = |(uri, document): (_, &Document)| Some((document.oldest_label()?, uri));
            let oldest = state.documents.iter().filter_map(oldest).min();
            let Some(uri) = oldest.map(|(_, uri): (_, &DocumentUri)| uri.clone()) else {
                return;
            };
            let rope = self.rope(&uri);
            if let Some(document) = state.documents.get_mut(&uri) {
                document.settle_oldest_label(rope.as_ref(), now, found);
            }
        }
    }

    fn wake(&self, state: &mut State, due: Option<Timestamp>) {
        let Some(due) = due else { return };
        if state.sleeps_until.is_none_or(|until| due < until) {
            state.sleeps_until = Some(due);
            self.earlier.notify_one();
        }
    }

    fn rope(&self, uri: &DocumentUri) -> Option<Rope> {
        self.texts.snapshot(uri).map(|snapshot| snapshot.rope)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Makes rows of what was found. An accept that a client has reported since is not said again.
    fn rows(&mut self, found: Found) -> Vec<LedgerEvent> {
        let mut rows = Vec::new();
        for (identity, place, ending) in found.endings {
            if let Some(known) = self.offers.get_mut(identity.completion) {
                known.end(place, &ending);
            }
            rows.push(LedgerEvent::Outcome(identity.outcome(ending)));
        }
        rows.extend(found.labels.into_iter().map(LedgerEvent::Match));
        rows
    }
}
