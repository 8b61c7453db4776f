//! How far the text at a place is what was suggested. Only that stretch of the rope is read.

use super::place::Place;
use crate::documents::Rope;

/// What a place has in common with a suggestion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agreement {
    /// Bytes of the suggestion, from its beginning, that stand there.
    pub matched: usize,
    /// Whether there is nothing else at the place.
    pub is_all: bool,
}

/// Compares what stands at `place` with `text`. A line break is one, whether LF or CRLF.
pub fn agree(rope: &Rope, place: Place, text: &str) -> Agreement {
    let end = place.end.min(rope.len_bytes());
    let Some(region) = rope.get_byte_slice(place.start.min(end)..end) else {
        return Agreement {
            matched: 0,
            is_all: false,
        };
    };
    let expected = text.as_bytes();
    let (mut matched, mut is_all) = (0, true);
    'region: for chunk in region.chunks() {
        for &byte in chunk.as_bytes() {
            match expected.get(matched) {
                Some(&wanted) if wanted == byte => matched += 1,
                Some(b'\n') if byte == b'\r' => {}
                _ => {
                    is_all = false;
                    break 'region;
                }
            }
        }
    }
    while !text.is_char_boundary(matched) {
        matched -= 1;
    }
    Agreement { matched, is_all }
}

/// Returns how many of the first bytes of `text` stand at `start`, whatever follows them.
pub fn held(rope: &Rope, start: usize, text: &str) -> usize {
    // A CR more for every line break, at most.
    let end = start
        .saturating_add(text.len())
        .saturating_add(text.matches('\n').count());
    agree(rope, Place { start, end }, text).matched
}

/// Returns whether `text` stands at `start`, whatever follows it.
pub fn stands(rope: &Rope, start: usize, text: &str) -> bool {
    held(rope, start, text) == text.len()
}

/// Returns how many characters the first `bytes` of `text` are.
pub fn characters(text: &str, bytes: usize) -> u32 {
    u32::try_from(text[..bytes].chars().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: &str, (start, end): (usize, usize), text: &str, expected: (usize, bool)) {
        let found = agree(&Rope::from_str(document), Place { start, end }, text);
        assert_eq!((found.matched, found.is_all), expected);
    }

    #[test]
    fn the_common_beginning_is_counted_in_whole_characters() {
        check("x = fo", (4, 6), "foo", (2, true));
        check("x = fa", (4, 6), "foo", (1, false));
        check("x = foo;", (4, 8), "foo", (3, false));
        check("x = ", (4, 4), "foo", (0, true));
        // é and è share their first byte.
        check("é", (0, 2), "è", (0, false));
        check("x", (5, 9), "foo", (0, true));
    }

    #[test]
    fn a_suggestion_stands_with_either_line_break() {
        let rope = Rope::from_str("x = {\r\n}\r\n");
        assert!(stands(&rope, 4, "{\n}"));
        assert!(!stands(&rope, 4, "{\n\n}"));
    }
}
