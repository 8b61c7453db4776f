//! A small language for what happens in one document: keys, inserts, waits, and what a client says.

use std::time::Duration;

use super::super::{Candidate, Episodes, Place};
use crate::documents::{Documents, PositionEncoding, TextEdit};
use crate::domain::{
    ByteOffset, CompletionId, Confidence, DecisionId, DocumentUri, EpisodeId, Evidence,
    LedgerEvent, MatchRow, ModelId, OutcomeKind, OutcomeRow, RetentionRow, Timestamp,
};
use crate::engine::offers::Offer;

/// From one key to the next.
const KEY: u64 = 100;

/// A document, its cursor and a clock of its own.
pub struct Script {
    texts: Documents,
    episodes: Episodes,
    pub now: Timestamp,
    version: i32,
    pub cursor: usize,
    last: Option<CompletionId>,
    pub rows: Vec<LedgerEvent>,
}

pub fn uri() -> DocumentUri {
    DocumentUri::new("file:///w/a.rs")
}

impl Script {
    /// Opens a document with the cursor at `$0`.
    pub fn new(marked: &str) -> Self {
        let cursor = marked.find("$0").expect("a cursor");
        let texts = Documents::default();
        texts.open(uri(), "rust", 1, &marked.replace("$0", ""));
        Self {
            episodes: Episodes::new(texts.clone()),
            texts,
            now: Timestamp::from_unix_micros(1_795_000_000_000_000),
            version: 1,
            cursor,
            last: None,
            rows: Vec::new(),
        }
    }

    /// Offers `text` at the cursor.
    pub fn offer(mut self, text: &str) -> Self {
        let (version, offset) = (self.version, self.cursor);
        self.offer_late(text, version, offset);
        self
    }

    /// Offers `text` for an offset of an older version.
    pub fn offer_late(&mut self, text: &str, version: i32, offset: usize) {
        let id = CompletionId::new(self.now);
        let offer = Offer {
            decision: DecisionId::new(self.now),
            episode: EpisodeId::new(self.now),
            model: ModelId::new("m"),
            document: uri(),
            version,
            offset: ByteOffset::new(offset),
            typed: 0,
            text: text.to_owned(),
        };
        let row = self.episodes.offer(id, &offer, self.now);
        self.rows.extend(row.map(LedgerEvent::Outcome));
        self.last = Some(id);
    }

    /// Offers the last suggestion again, of which `typed` bytes stand before the cursor.
    pub fn offer_again(self, typed: usize) -> Self {
        let place = Place {
            start: self.cursor - typed,
            end: self.cursor,
        };
        self.episodes
            .offer_again(self.id(), &uri(), place, self.now);
        self
    }

    /// Makes a candidate at the cursor that is not offered.
    pub fn candidate(mut self, model: &str, text: &str) -> Self {
        let candidate = Candidate {
            decision: DecisionId::new(self.now),
            model: ModelId::new(model),
            text,
            confidence: Some(Confidence::new(0.25)),
            decided: self.now,
        };
        let made_for = (self.version, self.cursor);
        let rows = self.episodes.label(&uri(), made_for, candidate, self.now);
        self.rows.extend(rows);
        self
    }

    /// Types at the cursor, one key after the other.
    pub fn keys(mut self, text: &str) -> Self {
        for key in text.chars() {
            self = self.wait(KEY).insert(&key.to_string());
        }
        self
    }

    /// Puts a text in at the cursor with one change.
    pub fn insert(self, text: &str) -> Self {
        let at = self.cursor;
        self.edit(at, at, text)
    }

    /// Takes characters out before the cursor with one change.
    pub fn delete(self, bytes: usize) -> Self {
        let at = self.cursor;
        self.edit(at - bytes, at, "")
    }

    /// Replaces `start..end` with one change; the cursor is behind it if it is not before it.
    pub fn edit(mut self, start: usize, end: usize, text: &str) -> Self {
        self.replace(start, end, text);
        if start <= self.cursor {
            let kept = self.cursor.saturating_sub(end);
            self.cursor = start + text.len() + kept;
        }
        self
    }

    /// Goes to a place without an edit.
    pub fn go_to(mut self, offset: usize) -> Self {
        self.cursor = offset;
        self
    }

    fn replace(&mut self, start: usize, end: usize, text: &str) {
        let snapshot = self.texts.snapshot(&uri()).expect("it is open");
        let position = |at| snapshot.position(ByteOffset::new(at), PositionEncoding::Utf16);
        let edit = TextEdit {
            range: Some(position(start)..position(end)),
            text: text.to_owned(),
        };
        self.version += 1;
        let change = self
            .texts
            .change(&uri(), self.version, &[edit], PositionEncoding::Utf16)
            .expect("it is open");
        let rows = self
            .episodes
            .change(&uri(), self.version, &change, self.now);
        self.rows.extend(rows);
    }

    /// Lets time pass; what becomes due meanwhile is done when it is due.
    pub fn wait(mut self, millis: u64) -> Self {
        let until = self.now.plus(Duration::from_millis(millis));
        while let Some(due) = self.episodes.due().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            let rows = self.episodes.tick(self.now);
            self.rows.extend(rows);
        }
        self.now = until;
        self
    }

    /// Lets time pass in which the machine sleeps.
    pub fn sleep(mut self, seconds: u64) -> Self {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self
    }

    pub fn accept(mut self) -> Self {
        let row = self.episodes.accept(self.id(), self.now);
        let row = row.expect("it was offered");
        self.rows.extend(row.map(LedgerEvent::Outcome));
        self
    }

    pub fn dismiss(mut self) -> Self {
        let row = self.episodes.dismiss(self.id(), self.now);
        let row = row.expect("it was offered");
        self.rows.extend(row.map(LedgerEvent::Outcome));
        self
    }

    /// A client says that the first `bytes` were taken.
    pub fn partly(self, bytes: usize) -> Self {
        let floor = |text: &str| {
            let fits = |at: &usize| *at <= bytes && text.is_char_boundary(*at);
            Ok((0..=text.len()).rev().find(fits).unwrap_or(0))
        };
        let claimed = self.episodes.claim(self.id(), floor);
        claimed.expect("it was offered");
        self
    }

    /// Closes the document.
    pub fn close(mut self) -> Self {
        let rows = self.episodes.close(&uri(), self.now);
        self.texts.close(&uri());
        self.rows.extend(rows);
        self
    }

    pub fn version(&self) -> i32 {
        self.version
    }

    fn id(&self) -> CompletionId {
        self.last.expect("something was offered")
    }

    /// Returns the rows about endings, in the order in which they were written.
    pub fn endings(&self) -> Vec<&OutcomeRow> {
        let is_ending = |row: &&OutcomeRow| {
            !matches!(
                row.kind,
                OutcomeKind::Offered | OutcomeKind::Shown | OutcomeKind::Retained
            )
        };
        self.outcomes().filter(is_ending).collect()
    }

    pub fn outcomes(&self) -> impl Iterator<Item = &OutcomeRow> {
        self.rows.iter().filter_map(|row| match row {
            LedgerEvent::Outcome(row) => Some(row),
            _ => None,
        })
    }

    pub fn labels(&self) -> Vec<&MatchRow> {
        let mut labels = Vec::new();
        for row in &self.rows {
            if let LedgerEvent::Match(row) = row {
                labels.push(row);
            }
        }
        labels
    }

    pub fn retentions(&self) -> Vec<&RetentionRow> {
        let mut checks = Vec::new();
        for row in &self.rows {
            if let LedgerEvent::Retention(row) = row {
                checks.push(row);
            }
        }
        checks
    }

    /// Closes the document and asserts how the one episode ended: kind, evidence, weight,
    /// characters.
    #[track_caller]
    pub fn ends(self, kind: OutcomeKind, evidence: Evidence, weight: f64, characters: u32) {
        let script = self.close();
        let endings: Vec<_> = script
            .endings()
            .iter()
            .map(|row| (row.kind, row.evidence, row.weight, row.characters))
            .collect();
        assert_eq!(endings, [(kind, evidence, weight, Some(characters))]);
    }
}
