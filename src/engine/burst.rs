//! Typing bursts: consecutive requests in one document without a pause or a jump.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::{BurstId, ByteOffset, DocumentUri, Timestamp};

/// A pause that ends a burst.
const PAUSE: Duration = Duration::from_secs(2);
/// A move of the cursor that ends a burst, in bytes: more than an accepted line.
const JUMP: usize = 400;

#[derive(Debug)]
struct Burst {
    id: BurstId,
    last: Timestamp,
    offset: ByteOffset,
}

/// The running burst of each document.
#[derive(Debug, Default)]
pub struct Bursts {
    running: Mutex<HashMap<DocumentUri, Burst>>,
}

impl Bursts {
    /// Returns the burst that a request belongs to.
    pub fn of(&self, document: &DocumentUri, offset: ByteOffset, now: Timestamp) -> BurstId {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = |burst: &&mut Burst| {
            now.since(burst.last) < PAUSE && burst.offset.get().abs_diff(offset.get()) <= JUMP
        };
        if let Some(burst) = running.get_mut(document).filter(goes_on) {
            burst.last = now;
            burst.offset = offset;
            return burst.id;
        }
        let id = BurstId::new(now);
        running.insert(
            document.clone(),
            Burst {
                id,
                last: now,
                offset,
            },
        );
        id
    }

    /// Forgets a document that is closed.
    pub fn end(&self, document: &DocumentUri) {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_micros(millis * 1_000)
    }

    #[test]
    fn a_pause_or_a_jump_begins_another_burst() {
        let (bursts, document) = (Bursts::default(), DocumentUri::new("a"));
        let first = bursts.of(&document, ByteOffset::new(10), at(0));
        assert_eq!(bursts.of(&document, ByteOffset::new(11), at(1_900)), first);
        assert_eq!(bursts.of(&document, ByteOffset::new(12), at(3_800)), first);
        let second = bursts.of(&document, ByteOffset::new(13), at(5_800));
        assert_ne!(second, first);
        assert_ne!(
            bursts.of(&document, ByteOffset::new(900), at(5_900)),
            second
        );
    }
}
