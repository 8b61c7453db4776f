//! Brings a syntax tree up to date, from the rope's chunks, within a limit of time and size.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use ropey::Rope;
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use super::language::Language;

/// The largest text that is parsed, in bytes; larger ones are mostly generated and are completed
/// from their text alone.
pub const MAX_PARSE_BYTES: usize = 2 * 1024 * 1024;

/// Parses a rope; `old` is the previous tree with all edits applied to it, if there is one.
///
/// Returns `None` when the text is too large, the time is up, or the build has no grammar of it.
pub(super) fn parse_rope(
    language: &Language,
    rope: &Rope,
    old: Option<&Tree>,
    limit: Duration,
) -> Option<Tree> {
    let length = rope.len_bytes();
    let mut read = |byte: usize, _| {
        if byte >= length {
            return &[][..];
        }
        let (chunk, start, _, _) = rope.chunk_at_byte(byte);
        &chunk.as_bytes()[byte - start..]
    };
    parse(language, length, &mut read, old, limit)
}

/// Parses a text that is not open in the editor.
///
/// Returns `None` when the text is too large, the time is up, or the build has no grammar of it.
#[must_use]
pub fn parse_text(language: &Language, text: &str, limit: Duration) -> Option<Tree> {
    let mut read = |byte: usize, _| text.as_bytes().get(byte..).unwrap_or_default();
    parse(language, text.len(), &mut read, None, limit)
}

fn parse<'a>(
    language: &Language,
    length: usize,
    read: &mut impl FnMut(usize, tree_sitter::Point) -> &'a [u8],
    old: Option<&Tree>,
    limit: Duration,
) -> Option<Tree> {
    if length > MAX_PARSE_BYTES {
        return None;
    }
    let grammar = language.grammar()?;
    let mut parser = Parser::new();
    parser
        .set_language(grammar)
        .expect("a test loads every grammar of the table");
    let started = Instant::now();
    let mut within_time = |_: &ParseState| {
        if started.elapsed() > limit {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut within_time);
    parser.parse_with_options(read, old, Some(options))
}
