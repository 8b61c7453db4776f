//! Keeps the answers within bounds, and chooses among those that fit.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::fit::{Around, Fit};
use super::trie::Trie;
use super::{Answer, Hit, Place};
use crate::domain::{CompletionId, DocumentUri};

/// What an answer takes beside its texts, in bytes, roughly.
const OVERHEAD: usize = 512;

#[derive(Debug)]
struct Entry {
    document: DocumentUri,
    language: String,
    policy: String,
    around: Around,
    answer: Answer,
    /// When it was inserted.
    made: u64,
    /// When it was inserted or last served.
    used: u64,
}

impl Entry {
    fn fit(&self, place: Place<'_>, typed: usize) -> Option<Fit> {
        let is_same_scope = self.language == place.language && self.policy == place.policy;
        let fit = || self.around.fit(&self.answer.text, place, typed);
        is_same_scope.then(fit).flatten()
    }

    fn bytes(&self) -> usize {
        let texts = [&self.around.before, &self.around.after, &self.answer.text];
        texts.map(String::len).iter().sum::<usize>() + OVERHEAD
    }
}

/// Whether it is shown, then how near it is, then how new it is.
type Rank = (bool, Reverse<usize>, u64);

#[derive(Debug, Default)]
struct Document {
    places: Trie,
    /// The answer that the user was given last.
    shown: Option<CompletionId>,
}

/// Everything behind the lock.
#[derive(Debug)]
pub(super) struct Store {
    documents: HashMap<DocumentUri, Document>,
    entries: HashMap<CompletionId, Entry>,
    by_use: BTreeMap<u64, CompletionId>,
    bytes: usize,
    /// Counts insertions and hits: an order, no time.
    now: u64,
    most_answers: usize,
    most_bytes: usize,
}

impl Store {
    pub(super) fn bounded(most_answers: usize, most_bytes: usize) -> Self {
        Self {
            documents: HashMap::new(),
            entries: HashMap::new(),
            by_use: BTreeMap::new(),
            bytes: 0,
            now: 0,
            most_answers,
            most_bytes,
        }
    }

    pub(super) fn insert(&mut self, place: Place<'_>, answer: Answer, offered: bool) {
        let id = answer.id;
        self.remove(id);
        self.now += 1;
        let entry = Entry {
            document: place.document.clone(),
            language: place.language.to_owned(),
            policy: place.policy.to_owned(),
            around: Around::of(place),
            answer,
            made: self.now,
            used: self.now,
        };
        let document = self.documents.entry(place.document.clone()).or_default();
        let crowded_out = document
            .places
            .insert(&entry.around.before, id, &entry.answer.text);
        if offered {
            document.shown = Some(id);
        }
        self.bytes += entry.bytes();
        self.by_use.insert(entry.used, id);
        self.entries.insert(id, entry);
        if let Some(oldest) = crowded_out {
            self.remove(oldest);
        }
        while self.entries.len() > self.most_answers || self.bytes > self.most_bytes {
            let Some((_, oldest)) = self.by_use.first_key_value() else {
                break;
            };
            self.remove(*oldest);
        }
    }

    pub(super) fn find(&mut self, place: Place<'_>) -> Option<Hit> {
        let document = self.documents.get_mut(place.document)?;
        let mut best: Option<(Rank, CompletionId, Fit)> = None;
        document.places.visit(place.before, |id, typed| {
            let Some(entry) = self.entries.get(&id) else {
                return;
            };
            let rank = (document.shown == Some(id), Reverse(typed), entry.made);
            if best.is_some_and(|(best, ..)| best >= rank) {
                return;
            }
            if let Some(fit) = entry.fit(place, typed) {
                best = Some((rank, id, fit));
            }
        });
        let (_, id, fit) = best?;
        document.shown = Some(id);
        let entry = self.entries.get_mut(&id)?;
        self.now += 1;
        self.by_use.remove(&entry.used);
        self.by_use.insert(self.now, id);
        entry.used = self.now;
        Some(Hit {
            answer: entry.answer.clone(),
            typed: fit.typed,
            closed: fit.closed,
        })
    }

    pub(super) fn show(&mut self, id: CompletionId) {
        let document = self.entries.get(&id).map(|entry| &entry.document);
        if let Some(document) = document.and_then(|document| self.documents.get_mut(document)) {
            document.shown = Some(id);
        }
    }

    pub(super) fn remove(&mut self, id: CompletionId) {
        let Some(entry) = self.entries.remove(&id) else {
            return;
        };
        self.by_use.remove(&entry.used);
        self.bytes -= entry.bytes();
        let Some(document) = self.documents.get_mut(&entry.document) else {
            return;
        };
        document.places.remove(&entry.around.before, id);
        if document.shown == Some(id) {
            document.shown = None;
        }
        if document.places.is_empty() {
            self.documents.remove(&entry.document);
        }
    }

    pub(super) fn close(&mut self, document: &DocumentUri) {
        let Some(closed) = self.documents.remove(document) else {
            return;
        };
        for id in closed.places.ids() {
            if let Some(entry) = self.entries.remove(&id) {
                self.by_use.remove(&entry.used);
                self.bytes -= entry.bytes();
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let known: usize = self
            .documents
            .values()
            .map(|d| d.places.ids().count())
            .sum();
        assert_eq!(known, self.entries.len(), "the trie and the table agree");
        assert_eq!(self.by_use.len(), self.entries.len(), "each has its turn");
        self.entries.len()
    }

    #[cfg(test)]
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}
