//! Every request has exactly one first row: a decision, a cache hit, or why there was neither.

use std::sync::Mutex;

use crate::domain::{DocumentUri, LedgerEvent, RowId, SuppressedRow};

use super::Engine;

/// Watches over one request. Dropped without a row, it records that the request was cancelled.
pub struct Account<'e> {
    engine: &'e Engine,
    document: DocumentUri,
    is_settled: Mutex<bool>,
}

impl<'e> Account<'e> {
    pub fn open(engine: &'e Engine, document: DocumentUri) -> Self {
        Self {
            engine,
            document,
            is_settled: Mutex::new(false),
        }
    }

    /// Says that a decision or a cache hit was recorded.
    pub fn settled(&self) {
        self.settle();
    }

    /// Records why the request is answered with nothing before any decision.
    pub fn suppress(&self, reason: &str) {
        if !self.settle() {
            return;
        }
        let engine = self.engine;
        let now = engine.clock.now();
        engine.book.record(LedgerEvent::Suppressed(SuppressedRow {
            id: RowId::new(now),
            who: engine.who(),
            origin: engine.origin,
            language: engine
                .documents
                .snapshot(&self.document)
                .map(|snapshot| snapshot.language_id),
            reason: reason.to_owned(),
            at: now,
        }));
    }

    /// Returns whether this call was the one that settled it.
    fn settle(&self) -> bool {
        let mut is_settled = self
            .is_settled
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        !std::mem::replace(&mut *is_settled, true)
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        self.suppress("cancelled");
    }
}
