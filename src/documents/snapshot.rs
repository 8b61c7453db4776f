//! An open document as it was at one moment; later edits do not change it.

use std::ops::Range;

use ropey::Rope;
use tree_sitter::Tree;

use super::language::Language;
use super::position::{Position, PositionEncoding, char_of, line_end, position_of};
use crate::domain::{ByteOffset, DocumentUri};

/// A document at one version. Making and cloning one costs no copy of the text.
#[derive(Clone)]
pub struct Snapshot {
    /// The document's name.
    pub uri: DocumentUri,
    /// The version that the editor gave it.
    pub version: i32,
    /// Its language, as the editor calls it.
    pub language_id: String,
    /// What is known about that language, if anything is.
    pub language: Option<&'static Language>,
    /// The text.
    pub rope: Rope,
    /// The last tree, with every later edit applied to it.
    pub(super) tree: Option<Tree>,
    /// Whether that tree was parsed from exactly this text.
    pub(super) tree_is_current: bool,
    /// Tells states of documents apart, also across closing and opening again.
    pub(super) revision: u64,
}

impl Snapshot {
    /// Makes a snapshot of a text that is not open, with no tree.
    #[must_use]
    pub fn of_text(uri: DocumentUri, language_id: &str, text: &str) -> Self {
        Self {
            language: Language::of(language_id, &uri),
            uri,
            version: 0,
            language_id: language_id.to_owned(),
            rope: Rope::from_str(text),
            tree: None,
            tree_is_current: false,
            revision: 0,
        }
    }

    /// Returns the tree if it was parsed from exactly this text.
    #[must_use]
    pub fn current_tree(&self) -> Option<&Tree> {
        self.tree.as_ref().filter(|_| self.tree_is_current)
    }

    /// Returns the last tree, moved along with the edits since, even if it is older than the text.
    #[must_use]
    pub fn latest_tree(&self) -> Option<&Tree> {
        self.tree.as_ref()
    }

    /// Returns the length of the text.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rope.len_bytes()
    }

    /// Returns whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the byte offset of a position, clamped to the line and the text.
    #[must_use]
    pub fn offset(&self, position: Position, encoding: PositionEncoding) -> ByteOffset {
        ByteOffset::new(
            self.rope
                .char_to_byte(char_of(&self.rope, position, encoding)),
        )
    }

    /// Returns the position of a byte offset, clamped to the text.
    #[must_use]
    pub fn position(&self, offset: ByteOffset, encoding: PositionEncoding) -> Position {
        position_of(&self.rope, self.char_at(offset), encoding)
    }

    /// Returns the nearest offset at or before `offset` that is a character border of this text.
    #[must_use]
    pub fn clamp(&self, offset: ByteOffset) -> ByteOffset {
        ByteOffset::new(self.rope.char_to_byte(self.char_at(offset)))
    }

    /// Returns a part of the text; both ends are clamped to character borders.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> String {
        let start = self.char_at(ByteOffset::new(range.start));
        let end = self.char_at(ByteOffset::new(range.end)).max(start);
        copied(self.rope.slice(start..end))
    }

    /// Returns the whole text. It is copied; take a slice where that will do.
    #[must_use]
    pub fn text(&self) -> String {
        copied(self.rope.slice(..))
    }

    /// Returns the line of an offset, the first being 0.
    #[must_use]
    pub fn line(&self, offset: ByteOffset) -> usize {
        self.rope.char_to_line(self.char_at(offset))
    }

    /// Returns the bytes of a line without its line ending, or the empty end of the text.
    #[must_use]
    pub fn line_range(&self, line: usize) -> Range<usize> {
        if line >= self.rope.len_lines() {
            return self.len()..self.len();
        }
        let end = self.rope.char_to_byte(line_end(&self.rope, line));
        self.rope.line_to_byte(line)..end
    }

    /// Returns the cursor's line before the cursor.
    #[must_use]
    pub fn line_prefix(&self, offset: ByteOffset) -> String {
        let place = self.char_at(offset);
        let start = self.rope.line_to_char(self.rope.char_to_line(place));
        self.rope.slice(start..place).to_string()
    }

    /// Returns the cursor's line after the cursor, without its line ending.
    #[must_use]
    pub fn line_suffix(&self, offset: ByteOffset) -> String {
        let place = self.char_at(offset);
        let end = line_end(&self.rope, self.rope.char_to_line(place)).max(place);
        self.rope.slice(place..end).to_string()
    }

    fn char_at(&self, offset: ByteOffset) -> usize {
        self.rope
            .byte_to_char(offset.get().min(self.rope.len_bytes()))
    }
}

/// Copies a text at once into a string of its length.
fn copied(text: ropey::RopeSlice<'_>) -> String {
    let mut copy = String::with_capacity(text.len_bytes());
    text.chunks().for_each(|chunk| copy.push_str(chunk));
    copy
}
