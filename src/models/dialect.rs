//! Two ways of asking, where servers of one protocol differ: the first is tried, and the second
//! when the first is refused. A refusal costs nothing, and is met once.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::domain::Completion;

use super::ModelError;

/// One of the two ways of a protocol; each protocol says what they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialect {
    First,
    Second,
}

/// Which way a server takes, as it last showed.
#[derive(Debug, Default)]
pub(super) struct Dialects(AtomicU8);

const FIRST: u8 = 1;
const SECOND: u8 = 2;

impl Dialects {
    /// Returns the way that the server takes; `None` before its first answer.
    pub(super) fn known(&self) -> Option<Dialect> {
        match self.0.load(Ordering::Relaxed) {
            FIRST => Some(Dialect::First),
            SECOND => Some(Dialect::Second),
            _unknown => None,
        }
    }

    /// Returns the way in which to ask first.
    pub(super) fn first_to_try(&self) -> Dialect {
        self.known().unwrap_or(Dialect::First)
    }

    /// Learns from what came of asking in one way. Returns the way in which to ask again; `None`
    /// when the answer stands.
    pub(super) fn next(
        &self,
        asked: Dialect,
        result: &Result<Completion, ModelError>,
    ) -> Option<Dialect> {
        let is_refused = matches!(
            result,
            Err(ModelError::Status {
                status: 400 | 422,
                ..
            })
        );
        if result.is_ok() {
            self.learn(asked);
        }
        let is_news = self.known().is_none() && asked == Dialect::First;
        (is_refused && is_news).then_some(Dialect::Second)
    }

    pub(super) fn learn(&self, dialect: Dialect) {
        let known = match dialect {
            Dialect::First => FIRST,
            Dialect::Second => SECOND,
        };
        self.0.store(known, Ordering::Relaxed);
    }

    /// Forgets it: the next server at the address may be another one.
    pub(super) fn forget(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
