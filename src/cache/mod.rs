//! Answers we already have: the same place again, or the text typed on into a suggestion.
//!
//! An answer is found by the text around the cursor it was made for, not by its offset, so it
//! survives edits elsewhere and scrolling. A hit costs nothing and keeps the suggestion's identity,
//! so twenty keys typed into one suggestion are one offer. Knows no model and no price.
//!
//! [`fit`] says when an answer fits a place, [`trie`] finds those that may, [`store`] keeps them
//! and chooses. What is shown stays as long as it fits: nothing that came later displaces it.

mod fit;
mod store;
#[cfg(test)]
mod tests;
mod trie;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use fit::typed_since;

use self::store::Store;
use crate::domain::{
    CacheLayer, CompletionId, Confidence, DecisionId, DocumentUri, EpisodeId, ModelId, Tier,
};

/// How much text before the cursor [`AnswerCache::find`] can make use of, in bytes: a shorter
/// window finds less, a longer one no more.
pub const BEFORE_WINDOW: usize = 3_072;
/// The same for the text after the cursor.
pub const AFTER_WINDOW: usize = 256;

/// How many answers are kept.
const ANSWERS: usize = 2_000;
/// How much memory their texts may take, in bytes.
const BYTES: usize = 8 << 20;

/// The text around a cursor.
///
/// `before` and `after` are windows: they reach to an end of the document or at least 1 KiB and 256
/// bytes far.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The document.
    pub document: &'a DocumentUri,
    /// Its language: the same text asks for something else in another one.
    pub language: &'a str,
    /// State of the rules: an answer made under other rules is not ours to give.
    pub policy: &'a str,
    /// Text before the cursor.
    pub before: &'a str,
    /// Text after the cursor.
    pub after: &'a str,
}

/// An answer with all that a later hit must be credited to.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// The suggestion.
    pub id: CompletionId,
    /// The decision that paid for it.
    pub decision: DecisionId,
    /// Its offer episode.
    pub episode: EpisodeId,
    /// Who made it.
    pub model: ModelId,
    /// That model's tier.
    pub tier: Tier,
    /// How sure it was.
    pub confidence: Option<Confidence>,
    /// The whole text, from the place it was made for.
    pub text: String,
}

/// An answer that fits here.
#[derive(Clone, PartialEq, Debug)]
pub struct Hit {
    /// The answer as it was made.
    pub answer: Answer,
    /// How many bytes of its text stand before the cursor by now.
    pub typed: usize,
    /// How many bytes at the end of its text stand behind the cursor by now, because the editor
    /// closed a bracket or a quote by itself.
    pub closed: usize,
}

impl Hit {
    /// Returns what is left to insert; never empty.
    #[must_use]
    pub fn rest(&self) -> &str {
        &self.answer.text[self.typed..self.answer.text.len() - self.closed]
    }

    /// Returns which layer this is.
    #[must_use]
    pub const fn layer(&self) -> CacheLayer {
        if self.typed == 0 {
            CacheLayer::Exact
        } else {
            CacheLayer::TypedThrough
        }
    }
}

/// The answers of a session. Clones share them.
///
/// Bounded by number and by bytes: the answer that was not served for the longest time goes first.
#[derive(Clone, Debug)]
pub struct AnswerCache(Arc<Mutex<Store>>);

impl Default for AnswerCache {
    fn default() -> Self {
        Self::bounded(ANSWERS, BYTES)
    }
}

impl AnswerCache {
    /// Makes a cache of at most so many answers, whose texts take at most so many bytes.
    #[must_use]
    pub fn bounded(answers: usize, bytes: usize) -> Self {
        Self(Arc::new(Mutex::new(Store::bounded(answers, bytes))))
    }

    /// Keeps an answer for the place it was made for; `offered` says whether the user was given it.
    ///
    /// An offered answer is the shown one of its document from now on. One that came too late to be
    /// offered waits until nothing that was offered fits. An id has one answer: the newest.
    pub fn insert(&self, place: Place<'_>, answer: Answer, offered: bool) {
        self.store().insert(place, answer, offered);
    }

    /// Finds an answer that begins with what was typed since it was made, and takes it for served:
    /// it is the shown one of its document from now on.
    ///
    /// The shown answer wins as long as it fits; then the nearest place, which is the answer made
    /// for the longest text before this cursor; then the newest.
    #[must_use]
    pub fn find(&self, place: Place<'_>) -> Option<Hit> {
        self.store().find(place)
    }

    /// Takes an answer for the shown one of its document: the user is about to be given it.
    pub fn show(&self, id: CompletionId) {
        self.store().show(id);
    }

    /// Drops an answer that the user has turned down.
    pub fn forget(&self, id: CompletionId) {
        self.store().remove(id);
    }

    /// Drops the answers of a document that was closed.
    pub fn close(&self, document: &DocumentUri) {
        self.store().close(document);
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // Every method leaves the store whole, so what a panic elsewhere left behind is sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
