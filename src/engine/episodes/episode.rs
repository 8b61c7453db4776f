//! One offer episode: a suggestion in one document from its first offer to its ending.
//!
//! It is told of edits and of what clients say, and ends once. What ends it by inference is held
//! back for [`HOLD`], since editors send the edit of an accept first and the command after it.

use std::sync::Arc;
use std::time::Duration;

use super::agree::{Agreement, agree, characters};
use super::place::{Moved, Place, nearest};
use crate::documents::{Change, Rope};
use crate::domain::{
    CompletionId, DecisionId, EpisodeId, Evidence, OutcomeKind, OutcomeRow, RowId, Timestamp,
};

/// How long an inferred ending waits for a client that knows better.
pub const HOLD: Duration = Duration::from_secs(1);
/// After this long without an edit nothing can be told any more.
const LAPSE: Duration = Duration::from_secs(30);
/// A suggestion that left within this time was not seen.
const UNSEEN: Duration = Duration::from_millis(150);
/// One that stayed this long was seen.
const SEEN: Duration = Duration::from_millis(750);
/// Fewer characters in one edit are typing: brackets come in pairs, and editors gather keys for up
/// to 150 ms before they send them.
const LEAST_INSERT: u32 = 3;

/// What a suggestion is, to whoever must name it in a row.
#[derive(Clone, Debug)]
pub struct Identity {
    pub completion: CompletionId,
    pub decision: DecisionId,
    pub episode: EpisodeId,
    pub text: Arc<str>,
}

impl Identity {
    pub fn outcome(&self, ending: Ending) -> OutcomeRow {
        OutcomeRow {
            id: RowId::new(ending.at),
            completion: self.completion,
            decision: self.decision,
            episode: self.episode,
            kind: ending.kind,
            evidence: ending.evidence,
            weight: ending.weight,
            characters: Some(ending.characters),
            at: ending.at,
        }
    }

    /// Returns how many characters the whole text is.
    pub fn characters(&self) -> u32 {
        characters(&self.text, self.text.len())
    }
}

/// How an episode ended.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ending {
    pub kind: OutcomeKind,
    pub evidence: Evidence,
    pub weight: f64,
    pub characters: u32,
    pub at: Timestamp,
}

/// Why an episode ends without the client or the text at its place saying so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    /// Another suggestion was offered.
    Replaced,
    /// The document or the session is closed.
    Closed,
}

/// An episode that has not ended.
#[derive(Clone, Debug)]
pub struct Episode {
    pub identity: Identity,
    pub place: Place,
    /// Bytes of the text that stand at the place.
    typed: usize,
    /// The most that ever stood there.
    longest: usize,
    first: Timestamp,
    last_edit: Timestamp,
    has_lapsed: bool,
    /// How much of it a client said was taken, in bytes.
    claim: Option<usize>,
}

impl Episode {
    pub fn new(identity: Identity, place: Place, now: Timestamp) -> Self {
        Self {
            identity,
            place,
            typed: 0,
            longest: 0,
            first: now,
            last_edit: now,
            has_lapsed: false,
            claim: None,
        }
    }

    /// Looks at what was typed while the answer was on its way; ends when it came too late.
    pub fn begin(&mut self, rope: &Rope, now: Timestamp) -> Option<Ending> {
        let found = agree(rope, self.place, &self.identity.text);
        self.stand(found);
        self.judge(found, now)
    }

    /// Follows a change of the document; `Some` when the episode is over.
    pub fn change(&mut self, change: &Change, now: Timestamp) -> Option<Ending> {
        self.has_lapsed = self.has_lapsed_by(now);
        self.last_edit = now;
        let mut is_touched = false;
        let is_single = change.splices.len() == 1;
        for splice in &change.splices {
            let splice = if is_single {
                nearest(*splice, self.place, &change.rope)
            } else {
                *splice
            };
            match self.place.follow(&splice) {
                Moved::Away => {}
                Moved::Inside => is_touched = true,
                Moved::Broken => return Some(self.gone(now)),
            }
        }
        if !is_touched {
            return None;
        }
        let found = agree(&change.rope, self.place, &self.identity.text);
        let before = self.typed;
        self.stand(found);
        if self.is_insert(before, found.matched) {
            return Some(self.inserted(found.matched, now));
        }
        self.judge(found, now)
    }

    /// Notes that a client says the first `bytes` were taken.
    pub fn claim(&mut self, bytes: usize) {
        self.claim = self.claim.max(Some(bytes));
    }

    /// Ends it because of something elsewhere.
    pub fn leave(&self, why: Left, now: Timestamp) -> Ending {
        if let Some(partly) = self.partly(now) {
            return partly;
        }
        match why {
            Left::Replaced if !self.has_lapsed_by(now) => Ending {
                kind: OutcomeKind::Replaced,
                evidence: Evidence::Server,
                weight: self.weight_of_dwell(now),
                characters: self.stood(),
                at: now,
            },
            Left::Replaced | Left::Closed => self.censored(now),
        }
    }

    /// Returns how it ends after all, when a client reports a part of what had ended by inference;
    /// `None` when it goes on: a client that took a part took no more.
    pub fn claimed(&self, inferred: Ending) -> Option<Ending> {
        let text = &self.identity.text;
        let is_whole = self.claim == Some(text.len()) && self.longest == text.len();
        match (inferred.kind, inferred.evidence) {
            (OutcomeKind::Accepted, Evidence::Client) => Some(inferred),
            (OutcomeKind::Accepted | OutcomeKind::Matched, _) if is_whole => {
                Some(self.taken(inferred.at))
            }
            (OutcomeKind::Accepted, _) => None,
            _ => self.partly(inferred.at),
        }
    }

    fn stand(&mut self, found: Agreement) {
        self.typed = found.matched;
        self.longest = self.longest.max(found.matched);
    }

    /// One edit brought at least nine tenths of what was left.
    fn is_insert(&self, before: usize, now: usize) -> bool {
        let text = &self.identity.text;
        let Some(grown) = text.get(before..now) else {
            return false;
        };
        let grown = u64::from(characters(grown, grown.len()));
        let left = u64::from(characters(text, text.len()) - characters(text, before));
        grown >= u64::from(LEAST_INSERT) && grown * 10 >= left * 9
    }

    fn inserted(&self, matched: usize, now: Timestamp) -> Ending {
        let text = &self.identity.text;
        if self.claim == Some(text.len()) && matched == text.len() {
            return self.taken(now);
        }
        Ending {
            kind: OutcomeKind::Accepted,
            evidence: Evidence::Insert,
            weight: 1.0,
            characters: characters(text, matched),
            at: now,
        }
    }

    /// The client said that all of it was taken, and all of it is there.
    fn taken(&self, at: Timestamp) -> Ending {
        Ending {
            kind: OutcomeKind::Accepted,
            evidence: Evidence::Client,
            weight: 1.0,
            characters: self.identity.characters(),
            at,
        }
    }

    fn judge(&self, found: Agreement, now: Timestamp) -> Option<Ending> {
        if found.matched == self.identity.text.len() {
            let matched = Ending {
                kind: OutcomeKind::Matched,
                evidence: Evidence::Match,
                weight: self.weight_of_dwell(now),
                characters: self.identity.characters(),
                at: now,
            };
            return Some(self.partly(now).unwrap_or(matched));
        }
        (!found.is_all).then(|| self.gone(now))
    }

    /// The text at the place went another way.
    fn gone(&self, now: Timestamp) -> Ending {
        if let Some(partly) = self.partly(now) {
            return partly;
        }
        if self.has_lapsed {
            return self.censored(now);
        }
        Ending {
            kind: OutcomeKind::Diverged,
            evidence: Evidence::Divergence,
            weight: self.weight_of_dwell(now),
            characters: self.stood(),
            at: now,
        }
    }

    fn censored(&self, now: Timestamp) -> Ending {
        Ending {
            kind: OutcomeKind::Censored,
            evidence: Evidence::Nothing,
            weight: 0.0,
            characters: self.stood(),
            at: now,
        }
    }

    /// A part was taken, as far as the document agrees; a client that claims more is believed by
    /// half. One that says no length is believed as far as the document goes.
    fn partly(&self, now: Timestamp) -> Option<Ending> {
        let claim = self.claim?;
        let bytes = if claim == 0 {
            self.longest
        } else {
            claim.min(self.longest)
        };
        let is_agreed = claim > 0 && claim <= self.longest;
        Some(Ending {
            kind: OutcomeKind::PartlyAccepted,
            evidence: Evidence::Client,
            weight: if is_agreed { 1.0 } else { super::DOUBTED },
            characters: characters(&self.identity.text, bytes),
            at: now,
        })
    }

    fn stood(&self) -> u32 {
        characters(&self.identity.text, self.longest)
    }

    fn has_lapsed_by(&self, now: Timestamp) -> bool {
        self.has_lapsed || now.since(self.last_edit) >= LAPSE
    }

    fn weight_of_dwell(&self, now: Timestamp) -> f64 {
        let dwell = now.since(self.first);
        let share = dwell.saturating_sub(UNSEEN).as_secs_f64() / (SEEN - UNSEEN).as_secs_f64();
        share.min(1.0)
    }
}
