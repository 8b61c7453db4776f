//! One edit as bytes: where it was, how much went and how much came. Whoever holds places in a
//! document moves them along with these.

use std::ops::Range;

use ropey::Rope;

/// One edit in bytes of the text that it changed, without what it replaced by the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Splice {
    /// Where it begins.
    pub start: usize,
    /// How many bytes were taken out there.
    pub removed: usize,
    /// How many bytes were put in their place.
    pub inserted: usize,
    /// Whether a line break is among what was put in.
    pub breaks_line: bool,
}

impl Splice {
    /// Makes the splice that replaces `start..end` of `text` by `by`. Editors replace a whole line
    /// or text where a word has changed; only what differs is kept.
    pub(super) fn of(text: &Rope, start: usize, end: usize, by: &str) -> Self {
        let removed = text.byte_slice(start..end);
        let same = |(one, other): &(u8, u8)| one == other;
        let head = removed.bytes().zip(by.bytes()).take_while(same).count();
        let head = floor(by, head);
        let most = (removed.len_bytes() - head).min(by.len() - head);
        let from_the_end = removed.bytes_at(removed.len_bytes()).reversed();
        let tail = from_the_end
            .zip(by.bytes().rev())
            .take(most)
            .take_while(same)
            .count();
        let mut new_end = by.len() - tail;
        while !by.is_char_boundary(new_end) {
            new_end += 1;
        }
        let tail = by.len() - new_end;
        Self {
            start: start + head,
            removed: removed.len_bytes() - head - tail,
            inserted: new_end - head,
            breaks_line: by[head..new_end].contains(['\n', '\r']),
        }
    }

    /// Returns the first byte after what was taken out, in the text before the edit.
    #[must_use]
    pub const fn old_end(&self) -> usize {
        self.start + self.removed
    }
}

/// What a change did to a document: its edits in order, each in the text that the one before it
/// left, and the text after all of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The edits that changed anything.
    pub splices: Vec<Splice>,
    /// The text now. It is shared, not copied.
    pub rope: Rope,
}

impl Change {
    /// Returns the shortest part of the text now that holds all edits, in bytes; `None` if there are
    /// none. Where something was only taken out it is empty.
    #[must_use]
    pub fn place(&self) -> Option<Range<usize>> {
        let after = |splice: &Splice| splice.start..splice.start + splice.inserted;
        let (first, rest) = self.splices.split_first()?;
        Some(rest.iter().fold(after(first), |place, splice| {
            let end = place.end.max(splice.old_end());
            place.start.min(splice.start)..end - splice.removed + splice.inserted
        }))
    }
}

/// Returns the last character border of `text` at or before `bytes`.
fn floor(text: &str, mut bytes: usize) -> usize {
    while !text.is_char_boundary(bytes) {
        bytes -= 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, range: (usize, usize), by: &str, expected: (usize, usize, usize)) {
        let splice = Splice::of(&Rope::from_str(text), range.0, range.1, by);
        assert_eq!((splice.start, splice.removed, splice.inserted), expected);
    }

    #[test]
    fn what_is_replaced_by_itself_is_no_part_of_an_edit() {
        check("let x = ;", (8, 8), "1", (8, 0, 1));
        check("let x = ;", (0, 9), "let x = 1;", (8, 0, 1));
        check("aaa", (0, 3), "aa", (2, 1, 0));
        check("abc", (0, 3), "abc", (3, 0, 0));
    }

    #[test]
    fn the_place_of_a_change_holds_all_of_its_edits() {
        let place = |edits: &[(usize, usize, usize)]| {
            let splice = |&(start, removed, inserted): &(usize, usize, usize)| Splice {
                start,
                removed,
                inserted,
                breaks_line: false,
            };
            let (splices, rope) = (edits.iter().map(splice).collect(), Rope::new());
            Change { splices, rope }.place()
        };
        assert_eq!(place(&[]), None);
        assert_eq!(place(&[(4, 2, 3)]), Some(4..7));
        assert_eq!(place(&[(4, 2, 0)]), Some(4..4));
        assert_eq!(place(&[(4, 0, 2), (10, 3, 1)]), Some(4..11));
        // One before it moves it along.
        assert_eq!(place(&[(10, 0, 2), (0, 1, 5)]), Some(0..16));
        assert_eq!(place(&[(10, 0, 2), (9, 4, 0)]), Some(9..9));
    }

    #[test]
    fn the_borders_are_those_of_characters() {
        // é and è share their first byte, é and ĩ their last.
        check("é", (0, 2), "è", (0, 2, 2));
        check("é", (0, 2), "ĩ", (0, 2, 2));
    }
}
