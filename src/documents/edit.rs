//! One edit of an open document: the rope is changed and the tree is told where.
//!
//! Nothing is parsed here; an edit of a large file costs microseconds. tree-sitter counts rows by
//! LF alone, editors also by CR, so rows are counted here in tree-sitter's own way.

use std::ops::Range;

use ropey::Rope;
use tree_sitter::{InputEdit, Point};

use super::position::{Position, PositionEncoding, char_of};
use super::splice::Splice;

/// One change of a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextEdit {
    /// What is replaced; `None` replaces the whole text.
    pub range: Option<Range<Position>>,
    /// What stands there afterwards.
    pub text: String,
}

/// A text that can be edited, with what is needed to tell tree-sitter's rows quickly.
#[derive(Clone)]
pub(super) struct EditableText {
    pub(super) rope: Rope,
    /// Whether a CR without LF may be in the text; only then do editors' lines and tree-sitter's
    /// rows differ. It stays set once it was, which costs a little time and nothing else.
    has_lone_cr: bool,
}

/// What an edit did to the text.
pub(super) enum Edited {
    /// Nothing changed.
    Nothing,
    /// A part of the text was replaced.
    Part(InputEdit, Splice),
    /// All of it was replaced.
    Whole(Splice),
}

impl EditableText {
    pub(super) fn new(text: &str) -> Self {
        Self {
            rope: Rope::from_str(text),
            has_lone_cr: has_lone_cr(text),
        }
    }

    /// Applies one edit; its range is clamped to the text.
    pub(super) fn apply(&mut self, edit: &TextEdit, encoding: PositionEncoding) -> Edited {
        let Some(range) = &edit.range else {
            let splice = Splice::of(&self.rope, 0, self.rope.len_bytes(), &edit.text);
            *self = Self::new(&edit.text);
            return Edited::Whole(splice);
        };
        let one = char_of(&self.rope, range.start, encoding);
        let other = char_of(&self.rope, range.end, encoding);
        let (start, end) = (one.min(other), one.max(other));
        if start == end && edit.text.is_empty() {
            return Edited::Nothing;
        }
        let start_byte = self.rope.char_to_byte(start);
        let old_end_byte = self.rope.char_to_byte(end);
        let new_end_byte = start_byte + edit.text.len();
        let splice = Splice::of(&self.rope, start_byte, old_end_byte, &edit.text);
        let start_position = self.point(start_byte);
        let old_end_position = self.point(old_end_byte);
        self.rope.remove(start..end);
        self.rope.insert(start, &edit.text);
        self.has_lone_cr = self.has_lone_cr || has_lone_cr(&edit.text);
        let input = InputEdit {
            start_byte,
            old_end_byte,
            new_end_byte,
            start_position,
            old_end_position,
            new_end_position: self.point(new_end_byte),
        };
        Edited::Part(input, splice)
    }

    /// Returns tree-sitter's point of a byte offset: rows end in LF only, columns are bytes.
    fn point(&self, byte: usize) -> Point {
        if !self.has_lone_cr {
            let row = self.rope.byte_to_line(byte);
            return Point::new(row, byte - self.rope.line_to_byte(row));
        }
        let (mut row, mut column) = (0, 0);
        for chunk in self.rope.byte_slice(..byte).chunks() {
            row += chunk.bytes().filter(|&b| b == b'\n').count();
            match chunk.rfind('\n') {
                Some(last) => column = chunk.len() - last - 1,
                None => column += chunk.len(),
            }
        }
        Point::new(row, column)
    }
}

fn has_lone_cr(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes
        .iter()
        .enumerate()
        .any(|(index, &byte)| byte == b'\r' && bytes.get(index + 1) != Some(&b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: (u32, u32), end: (u32, u32), text: &str) -> TextEdit {
        TextEdit {
            range: Some(Position::new(start.0, start.1)..Position::new(end.0, end.1)),
            text: text.to_owned(),
        }
    }

    #[track_caller]
    fn check(before: &str, edit: &TextEdit, after: &str, points: [(usize, usize); 3]) {
        let mut text = EditableText::new(before);
        let Edited::Part(input, _) = text.apply(edit, PositionEncoding::Utf16) else {
            panic!("the edit changes a part of the text");
        };
        assert_eq!(text.rope.to_string(), after);
        let told = [
            input.start_position,
            input.old_end_position,
            input.new_end_position,
        ]
        .map(|point| (point.row, point.column));
        assert_eq!(told, points);
    }

    #[test]
    fn rows_are_counted_by_line_feeds_alone() {
        // For the editor, `b` is on line 1 and `c` on line 2; for tree-sitter both rows are fewer.
        check(
            "a\rb\nc",
            &edit((2, 0), (2, 1), "x\ny"),
            "a\rb\nx\ny",
            [(1, 0), (1, 1), (2, 1)],
        );
        check(
            "a\rb\nc",
            &edit((1, 0), (1, 1), ""),
            "a\r\nc",
            [(0, 2), (0, 3), (0, 2)],
        );
    }

    #[test]
    fn a_range_that_ends_before_it_starts_is_turned_round() {
        check(
            "abc",
            &edit((0, 3), (0, 1), "-"),
            "a-",
            [(0, 1), (0, 3), (0, 2)],
        );
    }
}
