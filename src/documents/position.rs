//! Lines and columns as editors count them, and the way to bytes and back.
//!
//! Lines end in LF, CRLF or a lone CR and in nothing else. Whatever an editor sends is clamped:
//! past a line's end means before its line ending, past the last line means the end of the text,
//! inside of a character means before it. tree-sitter counts lines otherwise; see `edit`.

use ropey::Rope;

/// A place in a document, as editors write it: both counts start at 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// Units of the encoding between the line's start and the place.
    pub character: u32,
}

impl Position {
    /// Makes a position.
    #[must_use]
    pub const fn new(line: u32, character: u32) -> Self {
        Self { line, character }
    }
}

/// What `character` counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum PositionEncoding {
    /// Bytes.
    Utf8,
    /// Code units of UTF-16, what editors use unless something else was agreed.
    #[default]
    Utf16,
    /// Characters.
    Utf32,
}

/// Returns the char index of a position, clamped.
pub(super) fn char_of(text: &Rope, position: Position, encoding: PositionEncoding) -> usize {
    let line = position.line as usize;
    if line >= text.len_lines() {
        return text.len_chars();
    }
    let start = text.line_to_char(line);
    let end = line_end(text, line);
    let wanted = position.character as usize;
    let place = match encoding {
        PositionEncoding::Utf32 => start.saturating_add(wanted),
        PositionEncoding::Utf8 => {
            let byte = text.char_to_byte(start).saturating_add(wanted);
            text.byte_to_char(byte.min(text.len_bytes()))
        }
        PositionEncoding::Utf16 => {
            let unit = text.char_to_utf16_cu(start).saturating_add(wanted);
            text.utf16_cu_to_char(unit.min(text.len_utf16_cu()))
        }
    };
    place.clamp(start, end)
}

/// Returns the position of a char index; one inside of a line ending counts as before it.
pub(super) fn position_of(text: &Rope, place: usize, encoding: PositionEncoding) -> Position {
    let place = place.min(text.len_chars());
    let line = text.char_to_line(place);
    let start = text.line_to_char(line);
    let place = place.min(line_end(text, line));
    let character = match encoding {
        PositionEncoding::Utf32 => place - start,
        PositionEncoding::Utf8 => text.char_to_byte(place) - text.char_to_byte(start),
        PositionEncoding::Utf16 => text.char_to_utf16_cu(place) - text.char_to_utf16_cu(start),
    };
    Position {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        character: u32::try_from(character).unwrap_or(u32::MAX),
    }
}

/// Returns the char index of the end of a line, before its line ending.
pub(super) fn line_end(text: &Rope, line: usize) -> usize {
    let start = text.line_to_char(line);
    if line + 1 >= text.len_lines() {
        return text.len_chars();
    }
    let next = text.line_to_char(line + 1);
    // The line has an ending, hence at least one char.
    let last = next - 1;
    let is_crlf = last > start && text.char(last) == '\n' && text.char(last - 1) == '\r';
    if is_crlf { last - 1 } else { last }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, position: (u32, u32), encoding: PositionEncoding, byte: usize) {
        let rope = Rope::from_str(text);
        let place = char_of(&rope, Position::new(position.0, position.1), encoding);
        assert_eq!(rope.char_to_byte(place), byte, "{position:?} in {text:?}");
    }

    #[test]
    fn a_column_past_the_end_is_the_end_before_the_line_ending() {
        for encoding in ALL {
            check("ab\r\ncd\ref\ngh", (0, 99), encoding, 2);
            check("ab\r\ncd\ref\ngh", (1, 99), encoding, 6);
            check("ab\r\ncd\ref\ngh", (2, u32::MAX), encoding, 9);
            check("ab\r\ncd\ref\ngh", (3, 99), encoding, 12);
        }
    }

    #[test]
    fn a_line_past_the_last_is_the_end_of_the_text() {
        for encoding in ALL {
            check("ab\ncd", (2, 0), encoding, 5);
            check("ab\ncd\n", (2, 7), encoding, 6);
            check("", (u32::MAX, u32::MAX), encoding, 0);
        }
    }

    #[test]
    fn inside_of_a_character_is_before_it() {
        // 👍 has two units in UTF-16 and four bytes; é has two bytes.
        check("a👍b", (0, 2), PositionEncoding::Utf16, 1);
        check("a👍b", (0, 3), PositionEncoding::Utf16, 5);
        check("a👍b", (0, 3), PositionEncoding::Utf8, 1);
        check("é", (0, 1), PositionEncoding::Utf8, 0);
        check("a👍b", (0, 2), PositionEncoding::Utf32, 5);
    }

    #[test]
    fn other_unicode_line_separators_do_not_end_a_line() {
        check(
            "a\u{2028}b\u{b}c\u{85}d\ne",
            (1, 0),
            PositionEncoding::Utf16,
            11,
        );
    }

    const ALL: [PositionEncoding; 3] = [
        PositionEncoding::Utf8,
        PositionEncoding::Utf16,
        PositionEncoding::Utf32,
    ];
}
