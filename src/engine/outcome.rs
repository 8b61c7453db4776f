//! What became of a suggestion, told by the client and checked against the document.

use super::Engine;
use super::offers::Offer;
use crate::domain::{CompletionId, Evidence, LedgerEvent, Origin, OutcomeKind, OutcomeRow, RowId};

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

/// The document disagrees with the client: the row counts, for learning only by half.
const DOUBTED: f64 = 0.5;

impl Engine {
    /// Records that a suggestion was taken whole. Returns once it is on disk; saying it twice is
    /// once. Dropping the future does not take it back.
    ///
    /// # Errors
    /// When the suggestion is not known or the ledger cannot be written.
    pub async fn accept(&self, id: CompletionId) -> Result<(), OutcomeError> {
        let offer = self.offers.get(id).ok_or(OutcomeError::Unknown(id))?;
        if !self.offers.note(id, OutcomeKind::Accepted) {
            return Ok(());
        }
        let weight = if self.document_holds(&offer) {
            1.0
        } else {
            DOUBTED
        };
        let characters = u32::try_from(offer.text.chars().count()).ok();
        let row = self.outcome(id, &offer, OutcomeKind::Accepted, weight, characters);
        if let Err(message) = self.book.record_and_wait(row).await {
            self.offers.take_back(id, OutcomeKind::Accepted);
            return Err(OutcomeError::NotRecorded(message));
        }
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
        let offer = self.offers.get(id).ok_or(OutcomeError::Unknown(id))?;
        if offer.outcomes.contains(&OutcomeKind::Dismissed) {
            return Ok(());
        }
        self.told(id, OutcomeKind::Shown, None)
    }

    /// Records that the first `utf16_units` of a suggestion were taken.
    ///
    /// # Errors
    /// When the suggestion is not known, or is shorter than that.
    pub fn accept_partly(&self, id: CompletionId, utf16_units: u32) -> Result<(), OutcomeError> {
        let offer = self.offers.get(id).ok_or(OutcomeError::Unknown(id))?;
        let whole = utf16_length(&offer.text);
        if utf16_units > whole {
            return Err(OutcomeError::TooLong {
                said: utf16_units,
                whole,
            });
        }
        self.told(id, OutcomeKind::PartlyAccepted, Some(utf16_units))
    }

    /// Records that the user has turned a suggestion down; it does not come back by itself.
    ///
    /// # Errors
    /// When the suggestion is not known.
    pub fn dismiss(&self, id: CompletionId) -> Result<(), OutcomeError> {
        self.answers.forget(id);
        self.told(id, OutcomeKind::Dismissed, None)
    }

    /// Returns how much of a suggestion stands in the document, for clients whose counts differ.
    ///
    /// # Errors
    /// When the suggestion is not known.
    pub fn held(&self, id: CompletionId) -> Result<Held, OutcomeError> {
        let offer = self.offers.get(id).ok_or(OutcomeError::Unknown(id))?;
        let start = offer.offset.get();
        let there = self
            .documents
            .snapshot(&offer.document)
            .map(|snapshot| snapshot.slice(start..start.saturating_add(offer.text.len())))
            .unwrap_or_default();
        let pairs = there.chars().zip(offer.text.chars());
        let same = pairs.take_while(|(there, offered)| there == offered);
        let units: usize = same.map(|(character, _)| character.len_utf16()).sum();
        Ok(Held {
            units: u32::try_from(units).unwrap_or(u32::MAX),
            whole: utf16_length(&offer.text),
        })
    }

    fn told(
        &self,
        id: CompletionId,
        kind: OutcomeKind,
        characters: Option<u32>,
    ) -> Result<(), OutcomeError> {
        let offer = self.offers.get(id).ok_or(OutcomeError::Unknown(id))?;
        if self.offers.note(id, kind) {
            self.book
                .record(self.outcome(id, &offer, kind, 1.0, characters));
        }
        Ok(())
    }

    /// Remembers a suggestion and records its offer; an answer to the command line is no offer.
    pub(super) fn offer(&self, id: CompletionId, offer: Offer) {
        self.offers.insert(id, offer.clone());
        if self.origin == Origin::Cli || !self.offers.note(id, OutcomeKind::Offered) {
            return;
        }
        let characters = u32::try_from(offer.text.chars().count()).ok();
        let mut row = self.outcome(id, &offer, OutcomeKind::Offered, 1.0, characters);
        if let LedgerEvent::Outcome(row) = &mut row {
            row.evidence = Evidence::Server;
        }
        self.book.record(row);
        self.status.send_modify(|status| status.offered += 1);
    }

    fn outcome(
        &self,
        id: CompletionId,
        offer: &Offer,
        kind: OutcomeKind,
        weight: f64,
        characters: Option<u32>,
    ) -> LedgerEvent {
        let now = self.clock.now();
        LedgerEvent::Outcome(OutcomeRow {
            id: RowId::new(now),
            completion: id,
            decision: offer.decision,
            episode: offer.episode,
            kind,
            evidence: Evidence::Client,
            weight,
            characters,
            at: now,
        })
    }

    /// Returns whether the document holds the suggestion where it was offered.
    fn document_holds(&self, offer: &Offer) -> bool {
        let Some(snapshot) = self.documents.snapshot(&offer.document) else {
            return false;
        };
        let (start, length) = (offer.offset.get(), snapshot.rope.len_bytes());
        let end = start.saturating_add(offer.text.len());
        if end > length {
            return false;
        }
        let Some(found) = snapshot.rope.get_byte_slice(start..end) else {
            return false;
        };
        found == offer.text.as_str()
    }
}

fn utf16_length(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}
