//! Match labels: every candidate is compared with what came to stand at its place, shown or not.

use std::time::Duration;

use super::agree::{agree, characters};
use super::place::{Moved, Place};
use crate::documents::{Change, Rope};
use crate::domain::{CompletionId, Confidence, DecisionId, MatchRow, ModelId, RowId, Timestamp};

/// When a line that is not finished is compared all the same.
pub const LATEST: Duration = Duration::from_secs(30);
/// How much of a candidate is kept, in characters.
const LONGEST: usize = 2_000;

/// What a model has said, or would have said, at a place.
#[derive(Clone, Debug)]
pub struct Candidate<'t> {
    pub decision: DecisionId,
    /// The suggestion, if it was offered.
    pub model: ModelId,
    pub text: &'t str,
    pub confidence: Option<Confidence>,
    /// When it was decided; the line is compared at most [`LATEST`] later.
    pub decided: Timestamp,
}

/// What a change was to a candidate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// It is still being typed.
    Open,
    /// It is finished: it was broken, or somebody went on elsewhere.
    Finished,
    /// What stood before the candidate was deleted, so nothing can be said of it.
    Void,
}

/// A candidate that waits for its line to be finished.
#[derive(Clone, Debug)]
pub struct Pending {
    pub decision: DecisionId,
    /// The suggestion, once it was offered.
    pub completion: Option<CompletionId>,
    pub model: ModelId,
    place: Place,
    text: Box<str>,
    whole_chars: u32,
    line_breaks: usize,
    confidence: Option<Confidence>,
    decided: Timestamp,
}

impl Pending {
    pub fn new(candidate: Candidate<'_>, place: Place) -> Self {
        let text = candidate.text;
        let end = text.char_indices().nth(LONGEST);
        let kept = &text[..end.map_or(text.len(), |(end, _)| end)];
        Self {
            decision: candidate.decision,
            completion: None,
            model: candidate.model,
            place,
            text: kept.into(),
            whole_chars: characters(text, text.len()),
            line_breaks: kept.matches('\n').count(),
            confidence: candidate.confidence,
            decided: candidate.decided,
        }
    }

    pub fn due(&self) -> Timestamp {
        self.decided.plus(LATEST)
    }

    /// Follows a change of the document.
    pub fn change(&mut self, change: &Change) -> Line {
        let (mut is_inside, mut breaks_line) = (false, false);
        for splice in &change.splices {
            breaks_line |= splice.breaks_line;
            match self.place.follow(splice) {
                Moved::Away => {}
                Moved::Inside => is_inside = true,
                Moved::Broken => return Line::Void,
            }
        }
        // The common case: a key in the line. Lines are looked up only where they decide.
        if change.splices.is_empty() || (is_inside && !breaks_line) {
            return Line::Open;
        }
        let rope = &change.rope;
        let lines = line(rope, self.place.start)..=line(rope, self.place.end);
        let is_finished = if is_inside {
            lines.end() - lines.start() > self.line_breaks
        } else {
            let is_elsewhere = |at: usize| !lines.contains(&line(rope, at));
            breaks_line
                || change
                    .splices
                    .iter()
                    .any(|splice| is_elsewhere(splice.start))
        };
        if is_finished {
            Line::Finished
        } else {
            Line::Open
        }
    }

    /// Compares; `None` when nothing was typed there, which says nothing about the candidate.
    pub fn settle(&self, rope: &Rope, now: Timestamp) -> Option<MatchRow> {
        let end = self.place.end.min(rope.len_bytes());
        let region = rope.get_byte_slice(self.place.start.min(end)..end)?;
        if region.len_bytes() == 0 {
            return None;
        }
        let found = agree(rope, self.place, &self.text);
        let typed = region.line(0).to_string();
        let wanted = self.text.split('\n').next().unwrap_or_default();
        let within = now.since(self.decided).as_millis();
        Some(MatchRow {
            id: RowId::new(now),
            decision: self.decision,
            completion: self.completion,
            arm: self.model.clone(),
            offered: self.completion.is_some(),
            exact_line: typed.trim_end() == wanted.trim_end(),
            prefix_chars: characters(&self.text, found.matched),
            candidate_chars: self.whole_chars,
            confidence: self.confidence.map(Confidence::get),
            within_ms: u32::try_from(within).unwrap_or(u32::MAX),
            at: now,
        })
    }
}

fn line(rope: &Rope, offset: usize) -> usize {
    rope.byte_to_line(offset.min(rope.len_bytes()))
}
