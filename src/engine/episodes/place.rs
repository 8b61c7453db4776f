//! A place in a document that moves along with the edits, and the edits since a version.

use std::collections::VecDeque;

use crate::documents::{Rope, Splice};

/// How many edits of a document are remembered for answers that come late.
const REMEMBERED: usize = 256;
/// How far an edit is moved back over equal text, in bytes.
const SAME: usize = 64;

/// Where a suggestion was to go, and how far the text that was put there reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Where the suggestion begins.
    pub start: usize,
    /// The end of what was put there since.
    pub end: usize,
}

/// What an edit was to a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moved {
    /// It was elsewhere.
    Away,
    /// It put something in or took something out, at the place.
    Inside,
    /// It changed what the place begins with: what was offered there fits no more.
    Broken,
}

impl Place {
    /// Makes the place of a cursor.
    pub const fn at(offset: usize) -> Self {
        Self {
            start: offset,
            end: offset,
        }
    }

    /// Moves along with one edit.
    pub const fn follow(&mut self, splice: &Splice) -> Moved {
        let (start, old_end, inserted) = (splice.start, splice.old_end(), splice.inserted);
        if start > self.end {
            return Moved::Away;
        }
        if start >= self.start {
            let kept = self.end.saturating_sub(old_end);
            let is_behind = start == self.end && splice.removed > 0 && inserted == 0;
            self.end = start + inserted + kept;
            return if is_behind {
                Moved::Away
            } else {
                Moved::Inside
            };
        }
        let is_backspace = old_end == self.start && splice.removed > 0 && self.start == self.end;
        if old_end <= self.start && !is_backspace {
            self.start = self.start - splice.removed + inserted;
            self.end = self.end - splice.removed + inserted;
            return Moved::Away;
        }
        let kept = self.end.saturating_sub(old_end);
        self.start = start;
        self.end = start + inserted + kept;
        Moved::Broken
    }
}

/// Returns the same edit at the end of `place`, where that gives the same text: some editors find
/// edits by comparing texts, and then a bracket typed before a bracket seems to be behind it.
pub fn nearest(splice: Splice, place: Place, after: &Rope) -> Splice {
    let gap = splice.start.saturating_sub(place.end);
    if splice.removed > 0 || gap == 0 || gap > SAME {
        return splice;
    }
    let moved = |by: usize| after.get_byte_slice(place.end + by..splice.start + by);
    match (moved(0), moved(splice.inserted)) {
        (Some(one), Some(other)) if one == other => Splice {
            start: place.end,
            ..splice
        },
        _ => splice,
    }
}

/// The last edits of one document, each with the version that it led to.
#[derive(Debug, Default)]
pub struct Log {
    edits: VecDeque<(i32, Splice)>,
    /// The newest version of which an edit was forgotten.
    forgotten: Option<i32>,
}

impl Log {
    pub fn push(&mut self, version: i32, splice: Splice) {
        if self.edits.len() == REMEMBERED
            && let Some((version, _)) = self.edits.pop_front()
        {
            self.forgotten = Some(version);
        }
        self.edits.push_back((version, splice));
    }

    /// Returns where an offset of `version` is now; `None` when that is too long ago.
    pub fn place(&self, version: i32, offset: usize) -> Option<Place> {
        if self.forgotten.is_some_and(|forgotten| forgotten > version) {
            return None;
        }
        let mut place = Place::at(offset);
        let later = self.edits.iter().filter(|(then, _)| *then > version);
        for (_, splice) in later {
            if place.follow(splice) == Moved::Broken {
                return None;
            }
        }
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn splice(start: usize, removed: usize, inserted: usize) -> Splice {
        Splice {
            start,
            removed,
            inserted,
            breaks_line: false,
        }
    }

    #[track_caller]
    fn check(edit: (usize, usize, usize), moved: Moved, place: (usize, usize)) {
        // The place has three typed bytes, 10 to 13.
        let mut found = Place { start: 10, end: 13 };
        assert_eq!(found.follow(&splice(edit.0, edit.1, edit.2)), moved);
        assert_eq!((found.start, found.end), place);
    }

    #[test]
    fn a_place_follows_the_edits_before_it_and_grows_with_those_in_it() {
        check((0, 0, 5), Moved::Away, (15, 18));
        check((0, 4, 1), Moved::Away, (7, 10));
        check((8, 2, 0), Moved::Away, (8, 11));
        check((14, 0, 5), Moved::Away, (10, 13));
        check((13, 0, 5), Moved::Inside, (10, 18));
        check((10, 0, 2), Moved::Inside, (10, 15));
        check((12, 1, 0), Moved::Inside, (10, 12));
        check((12, 9, 2), Moved::Inside, (10, 14));
        check((13, 1, 0), Moved::Away, (10, 13));
        check((9, 2, 0), Moved::Broken, (9, 11));
        check((9, 9, 1), Moved::Broken, (9, 10));
    }

    #[test]
    fn a_backspace_before_an_empty_place_breaks_it() {
        let mut place = Place::at(10);
        assert_eq!(place.follow(&splice(9, 1, 0)), Moved::Broken);
        assert_eq!(place, Place::at(9));
    }

    #[test]
    fn an_edit_seen_behind_equal_text_is_the_same_edit_here() {
        // `f()` became `f())`; the cursor stood before the bracket, at 2.
        let after = Rope::from_str("f())");
        let found = nearest(splice(3, 0, 1), Place::at(2), &after);
        assert_eq!(found.start, 2);
        let after = Rope::from_str("f()x");
        assert_eq!(nearest(splice(3, 0, 1), Place::at(2), &after).start, 3);
    }

    #[test]
    fn an_offset_of_an_older_version_is_found_until_too_much_was_typed() {
        let mut log = Log::default();
        log.push(2, splice(0, 0, 3));
        log.push(3, splice(13, 0, 1));
        assert_eq!(log.place(1, 10), Some(Place { start: 13, end: 14 }));
        assert_eq!(log.place(3, 10), Some(Place::at(10)));
        for version in 4..400 {
            log.push(version, splice(0, 0, 1));
        }
        assert_eq!(log.place(1, 10), None);
        assert_eq!(log.place(398, 10), Some(Place::at(11)));
    }
}
