//! Two ways of asking, where servers of one protocol differ: the first is tried, and the second
//! when the first is refused. A refusal costs nothing, and is met once.

use std::sync::atomic::{AtomicU8, Ordering};

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
