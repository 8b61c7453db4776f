//! What became of a suggestion: told by the client, or found in the document, and recorded.

use std::time::Duration;

use super::Engine;
use super::complete::Decided;
use super::episodes::{Candidate, Place, Unknown};
use super::offers::Offer;
use crate::domain::{
    CompletionId, CompletionRequest, Confidence, DecisionId, LedgerEvent, ModelId, Origin,
    OutcomeKind, OutcomeRow,
};

/// Why an outcome was not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OutcomeError {
    /// This session has not offered it, or too long ago.
    #[error("no suggestion {0} was offered in this session")]
    Unknown(CompletionId),
    /// It is not on disk; the sentence says why.
    #[error("not recorded: {0}")]
    NotRecorded(String),
    /// More was said to be taken than there is.
    #[error("{said} UTF-16 units were said to be accepted, the suggestion has {whole}")]
    TooLong {
        /// What the client said.
        said: u32,
        /// What there is.
        whole: u32,
    },
    /// A part was said to be taken that ends between the two units of a character.
    #[error("the first {said} UTF-16 units of the suggestion end inside of a character")]
    InsideCharacter {
        /// What the client said.
        said: u32,
    },
}

/// How much of a suggestion the document holds where it was offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held {
    /// UTF-16 units of its beginning.
    pub units: u32,
    /// UTF-16 units of the whole.
    pub whole: u32,
}

impl Held {
    /// Returns whether all of it is there.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.units == self.whole
    }
}

impl Engine {
    /// Records that a suggestion was taken whole. Returns once it is on disk; saying it twice is
    /// once. Dropping the future does not take it back.
    ///
    /// # Errors
    /// When the suggestion is not known or the ledger cannot be written.
    pub async fn accept(&self, id: CompletionId) -> Result<(), OutcomeError> {
        let unknown = |_: Unknown| OutcomeError::Unknown(id);
        let row = self
            .episodes
            .accept(id, self.clock.now())
            .map_err(unknown)?;
        self.learnt.compare(self.episodes.take_compared());
        let Some(row) = row else { return Ok(()) };
        let event = LedgerEvent::Outcome(row.clone());
        if let Err(message) = self.book.record_and_wait(event).await {
            self.episodes.take_back(&row);
            return Err(OutcomeError::NotRecorded(message));
        }
        self.learnt.observe(&LedgerEvent::Outcome(row));
        self.status.send_modify(|status| status.accepted += 1);
        Ok(())
    }

    /// Records that a client has put a suggestion on the screen.
    ///
    /// Said of a suggestion that was turned down it changes nothing: some clients say it once more.
    ///
    /// # Errors
    /// When the suggestion is not known.
    pub fn shown(&self, id: CompletionId) -> Result<(), OutcomeError> {
        self.told(id, self.episodes.show(id, self.clock.now()))
    }

    /// Notes that the first `utf16_units` of a suggestion were taken. The row is written when the
    /// episode ends, and says how much of it is in the document: a part that becomes the whole is
    /// an accept, and some clients say the whole length for every word.
    ///
    /// # Errors
    /// When the suggestion is not known or shorter than that, or when a character would be split.
    pub fn accept_partly(&self, id: CompletionId, utf16_units: u32) -> Result<(), OutcomeError> {
        self.episodes.claim(id, |text| bytes_of(text, utf16_units))
    }

    /// Records that the user has turned a suggestion down; it does not come back by itself.
    ///
    /// # Errors
    /// When the suggestion is not known.
    pub fn dismiss(&self, id: CompletionId) -> Result<(), OutcomeError> {
        self.answers.forget(id);
        let row = self.episodes.dismiss(id, self.clock.now());
        self.learnt.compare(self.episodes.take_compared());
        self.told(id, row)
    }

    /// Returns how much of a suggestion stands in the document, for clients whose counts differ.
    ///
    /// # Errors
    /// When the suggestion is not known.
    pub fn held(&self, id: CompletionId) -> Result<Held, OutcomeError> {
        let held = self.episodes.held(id);
        let (text, bytes) = held.map_err(|_| OutcomeError::Unknown(id))?;
        Ok(Held {
            units: utf16_length(&text[..bytes]),
            whole: utf16_length(&text),
        })
    }

    fn told(
        &self,
        id: CompletionId,
        row: Result<Option<OutcomeRow>, Unknown>,
    ) -> Result<(), OutcomeError> {
        let row = row.map_err(|_| OutcomeError::Unknown(id))?;
        if let Some(row) = row {
            let event = LedgerEvent::Outcome(row);
            self.learnt.observe(&event);
            self.book.record(event);
        }
        Ok(())
    }

    /// Begins the episode of a suggestion and records its offer, once; an answer to the command line
    /// is no offer.
    pub(super) fn offer(&self, id: CompletionId, offer: Offer) {
        if self.origin == Origin::Cli {
            return;
        }
        let Some(row) = self.episodes.offer(id, &offer, self.clock.now()) else {
            return;
        };
        self.book.record(LedgerEvent::Outcome(row));
        self.pace.offered(&offer.model);
        self.status.send_modify(|status| status.offered += 1);
    }

    /// Hears that a suggestion is sent again, of which `typed` bytes stand before the cursor.
    pub(super) fn offer_again(&self, id: CompletionId, request: &CompletionRequest, typed: usize) {
        let end = request.offset.get();
        let place = Place {
            start: end.saturating_sub(typed),
            end,
        };
        let now = self.clock.now();
        self.episodes.offer_again(id, &request.document, place, now);
    }

    /// Takes a candidate to be compared with what will be typed, whether it will be offered or not;
    /// once for each decision and model.
    pub(super) fn candidate(
        &self,
        decided: &Decided,
        decision: DecisionId,
        model: &ModelId,
        text: &str,
        confidence: Option<Confidence>,
    ) {
        if self.origin == Origin::Cli {
            return;
        }
        let request = &decided.request;
        let candidate = Candidate {
            decision,
            model: model.clone(),
            text,
            confidence,
            decided: request.received,
        };
        let made_for = (decided.snapshot.version, request.offset.get());
        let now = self.clock.now();
        self.record_all(
            self.episodes
                .label(&request.document, made_for, candidate, now),
        );
    }

    /// Does what becomes due while nothing happens: endings that no client has corrected, match
    /// labels after half a minute, the checks of retention. Runs until [`Engine::close`]; dropped
    /// before, it loses nothing, and what is due waits for the next call.
    pub async fn settle_when_due(&self) {
        loop {
            let due = self.episodes.due();
            let now = self.clock.now();
            if due.is_some_and(|due| due <= now) {
                self.record_all(self.episodes.tick(now));
                continue;
            }
            let sleep = async {
                match due {
                    Some(due) => tokio::time::sleep(due.since(now).max(SHORTEST)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.closing.cancelled() => return,
                () = self.episodes.earlier() => {}
                () = sleep => {}
            }
        }
    }

    pub(super) fn record_all(&self, events: Vec<LedgerEvent>) {
        for event in events {
            if let LedgerEvent::Match(row) = &event {
                self.confidence.observe(row);
            }
            self.learnt.observe(&event);
            if let LedgerEvent::Outcome(row) = &event
                && row.kind == OutcomeKind::Accepted
            {
                self.status.send_modify(|status| status.accepted += 1);
            }
            self.book.record(event);
        }
    }
}

/// No sleep is shorter than the runtime's timer, so that a clock that stands still does no harm.
const SHORTEST: Duration = Duration::from_millis(1);

/// Returns how many bytes the first `units` of UTF-16 are.
fn bytes_of(text: &str, units: u32) -> Result<usize, OutcomeError> {
    let mut left = units as usize;
    for (at, character) in text.char_indices() {
        if left == 0 {
            return Ok(at);
        }
        left = left
            .checked_sub(character.len_utf16())
            .ok_or(OutcomeError::InsideCharacter { said: units })?;
    }
    if left == 0 {
        return Ok(text.len());
    }
    let whole = text.encode_utf16().count();
    Err(OutcomeError::TooLong {
        said: units,
        whole: u32::try_from(whole).unwrap_or(u32::MAX),
    })
}

fn utf16_length(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_counted_to_the_border_of_a_character() {
        // é is one unit and two bytes, 😀 two units and four bytes.
        assert_eq!(bytes_of("é😀x", 0), Ok(0));
        assert_eq!(bytes_of("é😀x", 1), Ok(2));
        assert_eq!(
            bytes_of("é😀x", 2),
            Err(OutcomeError::InsideCharacter { said: 2 })
        );
        assert_eq!(bytes_of("é😀x", 4), Ok(7));
        assert_eq!(
            bytes_of("é😀x", 5),
            Err(OutcomeError::TooLong { said: 5, whole: 4 })
        );
        assert_eq!(
            bytes_of("😀", 1),
            Err(OutcomeError::InsideCharacter { said: 1 })
        );
    }
}
