//! What was edited in a document since a moment, as places in its text then and now.
//!
//! The text of that moment is kept as a rope, which shares all that was not edited with the text of
//! now. An edit costs some additions; nothing is read or compared before somebody asks for
//! [`Edits::hunks`]. The composition of edits is the usual one of patches: edits that touch become
//! one, and one that is taken back is none.

use std::ops::Range;

use ropey::Rope;

use super::splice::Splice;
use crate::domain::Timestamp;

/// How many places are kept apart; beyond that the two that are nearest become one.
const MOST_PIECES: usize = 32;

/// The edits of one document since a moment.
#[derive(Clone, Debug)]
pub struct Edits {
    /// The text of that moment.
    base: Rope,
    /// In the order of the text, and never touching.
    pieces: Vec<Piece>,
}

/// A place in both texts, in bytes; between two of them the texts are the same.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Piece {
    old: Range<usize>,
    new: Range<usize>,
    /// When it was edited last.
    at: Timestamp,
}

/// Whole lines that differ, in bytes of the text then and of the text now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hunk {
    /// The lines that stood there.
    pub removed: Range<usize>,
    /// The lines that stand there.
    pub added: Range<usize>,
    /// The numbers of these lines, the first of the document being 0.
    pub lines: Range<usize>,
    /// When it was edited last.
    pub at: Timestamp,
}

impl Edits {
    /// Begins at a text.
    #[must_use]
    pub const fn since(base: Rope) -> Self {
        Self {
            base,
            pieces: Vec::new(),
        }
    }

    /// Returns the text that the edits began at.
    #[must_use]
    pub const fn base(&self) -> &Rope {
        &self.base
    }

    /// Returns whether the text is as it was.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Follows the edits of one change, in order.
    pub fn apply(&mut self, splices: &[Splice], at: Timestamp) {
        for splice in splices {
            self.compose(splice, at);
            if self.pieces.len() > MOST_PIECES {
                self.join_nearest();
            }
        }
    }

    fn compose(&mut self, splice: &Splice, at: Timestamp) {
        let (start, end) = (splice.start, splice.old_end());
        let touched = self.pieces.partition_point(|piece| piece.new.end < start)
            ..self.pieces.partition_point(|piece| piece.new.start <= end);
        let (old, mut new) = match &self.pieces[touched.clone()] {
            [] => {
                let before = self.pieces[..touched.start].last();
                let then = |byte: usize| match before {
                    Some(piece) => byte - piece.new.end + piece.old.end,
                    None => byte,
                };
                (then(start)..then(end), start..end)
            }
            [first, ..] => {
                let last = &self.pieces[touched.end - 1];
                let new = first.new.start.min(start)..last.new.end.max(end);
                let old = first.old.start - (first.new.start - new.start)
                    ..last.old.end + (new.end - last.new.end);
                (old, new)
            }
        };
        for later in &mut self.pieces[touched.end..] {
            later.new.start = later.new.start - splice.removed + splice.inserted;
            later.new.end = later.new.end - splice.removed + splice.inserted;
        }
        new.end = new.end - splice.removed + splice.inserted;
        let is_edited = !(old.is_empty() && new.is_empty());
        let piece = is_edited.then_some(Piece { old, new, at });
        self.pieces.splice(touched, piece);
    }

    fn join_nearest(&mut self) {
        let gap = |at: usize| self.pieces[at + 1].new.start - self.pieces[at].new.end;
        if let Some(at) = (0..self.pieces.len() - 1).min_by_key(|&at| gap(at)) {
            let next = self.pieces.remove(at + 1);
            let piece = &mut self.pieces[at];
            piece.old.end = next.old.end;
            piece.new.end = next.new.end;
            piece.at = piece.at.max(next.at);
        }
    }

    /// Forgets edits that were made before a moment: as if the text had been so from the beginning.
    /// `now` is the text after all edits.
    pub fn forget_before(&mut self, moment: Timestamp, now: &Rope) {
        if !self.lead_to(now) {
            return;
        }
        for at in (0..self.pieces.len()).rev() {
            if self.pieces[at].at >= moment {
                continue;
            }
            let Piece { old, new, .. } = self.pieces.remove(at);
            let text = now.slice(now.byte_to_char(new.start)..now.byte_to_char(new.end));
            let start = self.base.byte_to_char(old.start);
            self.base.remove(start..self.base.byte_to_char(old.end));
            self.base.insert(start, &text.to_string());
            for later in &mut self.pieces[at..] {
                later.old.start = later.old.start + new.len() - old.len();
                later.old.end = later.old.end + new.len() - old.len();
            }
        }
    }

    /// Whether a text is as long as the edits make it: a newer one need not be.
    fn lead_to(&self, now: &Rope) -> bool {
        let length = |range: &Range<usize>| range.len();
        let old: usize = self.pieces.iter().map(|piece| length(&piece.old)).sum();
        let new: usize = self.pieces.iter().map(|piece| length(&piece.new)).sum();
        self.base.len_bytes() + new == now.len_bytes() + old
    }

    /// Returns the lines that differ, in order; those that follow upon one another are one hunk.
    /// `now` is the text after all edits; for another one there are none.
    #[must_use]
    pub fn hunks(&self, now: &Rope) -> Vec<Hunk> {
        if !self.lead_to(now) {
            return Vec::new();
        }
        let mut found: Vec<(Range<usize>, Range<usize>, Timestamp)> = Vec::new();
        for piece in &self.pieces {
            let old = lines_of(&self.base, &piece.old);
            let new = lines_of(now, &piece.new);
            match found.last_mut() {
                Some((last_old, last_new, at)) if new.start <= last_new.end => {
                    (last_old.end, last_new.end) = (old.end, new.end);
                    *at = (*at).max(piece.at);
                }
                _ => found.push((old, new, piece.at)),
            }
        }
        let hunks = found.into_iter();
        hunks
            .filter_map(|(old, new, at)| self.trimmed(old, new, now, at))
            .collect()
    }

    /// Takes off the lines that are the same at both ends.
    fn trimmed(
        &self,
        mut old: Range<usize>,
        mut new: Range<usize>,
        now: &Rope,
        at: Timestamp,
    ) -> Option<Hunk> {
        let same = |then: usize, today: usize| self.base.line(then) == now.line(today);
        while !old.is_empty() && !new.is_empty() && same(old.start, new.start) {
            (old.start, new.start) = (old.start + 1, new.start + 1);
        }
        while !old.is_empty() && !new.is_empty() && same(old.end - 1, new.end - 1) {
            (old.end, new.end) = (old.end - 1, new.end - 1);
        }
        let bytes = |rope: &Rope, lines: &Range<usize>| {
            rope.line_to_byte(lines.start)..rope.line_to_byte(lines.end)
        };
        (!old.is_empty() || !new.is_empty()).then(|| Hunk {
            removed: bytes(&self.base, &old),
            added: bytes(now, &new),
            lines: new,
            at,
        })
    }
}

/// Returns the lines that hold a range of bytes, its end too.
fn lines_of(rope: &Rope, range: &Range<usize>) -> Range<usize> {
    rope.byte_to_line(range.start)..rope.byte_to_line(range.end) + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A document whose text is replaced bit by bit.
    struct Desk {
        edits: Edits,
        now: Rope,
        minute: i64,
    }

    fn minute(n: i64) -> Timestamp {
        Timestamp::from_unix_micros(n * 60_000_000)
    }

    impl Desk {
        fn new(text: &str) -> Self {
            Self {
                edits: Edits::since(Rope::from_str(text)),
                now: Rope::from_str(text),
                minute: 0,
            }
        }

        /// Replaces some bytes; every edit takes a minute.
        fn replace(&mut self, range: Range<usize>, by: &str) {
            let splice = Splice::of(&self.now, range.start, range.end, by);
            let start = self.now.byte_to_char(range.start);
            self.now.remove(start..self.now.byte_to_char(range.end));
            self.now.insert(start, by);
            self.edits.apply(&[splice], minute(self.minute));
            self.minute += 1;
        }

        fn edit(&mut self, from: &str, to: &str) {
            let start = self.now.to_string().find(from).expect("it is there");
            self.replace(start..start + from.len(), to);
        }

        fn hunks(&self) -> Vec<(String, String)> {
            let part =
                |rope: &Rope, range: &Range<usize>| rope.byte_slice(range.clone()).to_string();
            let hunks = self.edits.hunks(&self.now);
            hunks
                .iter()
                .map(|hunk| {
                    let then = part(self.edits.base(), &hunk.removed);
                    (then, part(&self.now, &hunk.added))
                })
                .collect()
        }
    }

    #[track_caller]
    fn check(desk: &Desk, expected: &[(&str, &str)]) {
        let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        assert_eq!(desk.hunks(), expected.iter().map(owned).collect::<Vec<_>>());
    }

    #[test]
    fn lines_that_differ_are_told_as_they_were_and_as_they_are() {
        let mut desk = Desk::new("one\ntwo\nthree\nfour\nfive\n");
        desk.edit("two", "2");
        desk.edit("five", "cinq");
        check(&desk, &[("two\n", "2\n"), ("five\n", "cinq\n")]);
        // The line between them joins what touches it.
        desk.edit("three", "3");
        check(&desk, &[("two\nthree\n", "2\n3\n"), ("five\n", "cinq\n")]);
    }

    #[test]
    fn a_word_that_is_typed_is_one_edit_and_one_that_is_taken_back_is_none() {
        let mut desk = Desk::new("a\nb\n");
        for (at, key) in ["x", "y", "z"].into_iter().enumerate() {
            desk.replace(1 + at..1 + at, key);
        }
        check(&desk, &[("a\n", "axyz\n")]);
        assert_eq!(desk.edits.pieces.len(), 1);
        desk.edit("xyz", "");
        check(&desk, &[]);
        assert!(desk.edits.is_empty());
        // What was deleted and written again differs in no line.
        desk.edit("b", "");
        desk.replace(2..2, "b");
        check(&desk, &[]);
    }

    #[test]
    fn lines_that_are_new_or_gone_take_no_other_line_with_them() {
        let mut desk = Desk::new("one\ntwo\nthree\n");
        desk.replace(4..4, "new\n");
        check(&desk, &[("", "new\n")]);
        let mut desk = Desk::new("one\ntwo\nthree\n");
        desk.edit("two\n", "");
        check(&desk, &[("two\n", "")]);
        assert_eq!(desk.edits.hunks(&desk.now)[0].lines, 1..1);
    }

    #[test]
    fn what_is_old_is_forgotten_and_the_rest_stays() {
        let mut desk = Desk::new("one\n-\ntwo\n-\nthree\n");
        desk.edit("two", "a longer two");
        desk.edit("one", "1");
        desk.edit("three", "3");
        desk.edits.forget_before(minute(1), &desk.now);
        check(&desk, &[("one\n", "1\n"), ("three\n", "3\n")]);
        desk.edits.forget_before(minute(9), &desk.now);
        check(&desk, &[]);
        assert_eq!(desk.edits.base(), &desk.now);
    }

    #[test]
    fn of_another_text_nothing_is_told() {
        let mut desk = Desk::new("one\n");
        desk.edit("one", "two and more");
        assert_eq!(desk.edits.hunks(&Rope::from_str("one\n")), []);
    }

    #[test]
    fn many_places_become_fewer_and_lose_nothing() {
        let text = "a line\n\n".repeat(200);
        let mut desk = Desk::new(&text);
        for n in 0..100 {
            desk.replace(n * 15..n * 15 + 1, "Äb");
        }
        assert!(desk.edits.pieces.len() <= MOST_PIECES);
        laws(&desk);
    }

    /// Whatever was edited, the hunks make the text of now out of the text then.
    fn laws(desk: &Desk) {
        let mut text = String::new();
        let mut at = 0;
        for (hunk, (_, added)) in desk.edits.hunks(&desk.now).iter().zip(desk.hunks()) {
            text += &desk
                .edits
                .base()
                .byte_slice(at..hunk.removed.start)
                .to_string();
            text += &added;
            at = hunk.removed.end;
        }
        text += &desk.edits.base().byte_slice(at..).to_string();
        assert_eq!(text, desk.now.to_string());
    }

    proptest! {
        #[test]
        fn hunks_lead_from_the_text_then_to_the_text_now(
            text in "[ab\né]{0,60}",
            edits in prop::collection::vec((0usize..80, 0usize..12, "[ab\né]{0,6}"), 0..60),
            old in 0i64..60,
        ) {
            let mut desk = Desk::new(&text);
            for (start, length, by) in edits {
                let chars = desk.now.len_chars();
                let start = start.min(chars);
                let end = (start + length).min(chars);
                let bytes = desk.now.char_to_byte(start)..desk.now.char_to_byte(end);
                desk.replace(bytes, &by);
            }
            laws(&desk);
            desk.edits.forget_before(minute(old), &desk.now);
            laws(&desk);
            prop_assert!(desk.edits.pieces.iter().all(|piece| piece.at >= minute(old)));
        }
    }
}
