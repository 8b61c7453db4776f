//! What a query says about its cursor: the typed part of a word, the line, the text around it.

use super::language::introduces;
use super::lex::{Lexed, columns, hash_bytes};
use super::model::Query;
use super::pieces::{is_word_char, may_grow};
use super::surroundings::Surroundings;

const MAX_ABOVE_BYTES: usize = 64 * 1024;
const MAX_BELOW_BYTES: usize = 16 * 1024;
/// Nobody types on in a line that is longer.
const MAX_LINE_BYTES: usize = 400;
/// Lines above and below that a suggestion is compared with.
const LINES_ABOVE: usize = 200;
const LINES_BELOW: usize = 40;
/// Lines above that count as neighbours.
const NEIGHBOURS: usize = 3;

/// A query, taken apart.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    /// The text above, up to what was typed of the word at the cursor.
    pub(super) above: &'a str,
    /// The lines below.
    pub(super) below: &'a str,
    /// The cursor's line up to the cursor.
    pub(super) typed: &'a str,
    /// What was typed of the word or sign at the cursor.
    pub(super) partial: &'a str,
    /// What already stands after the cursor on its line, without blanks at the end.
    pub(super) rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// Takes a query apart; `None` where no suggestion makes sense, such as inside a word.
    pub(super) fn of(query: &Query<'a>) -> Option<Self> {
        let before = window(query.before);
        let (line, below) = query.after.split_once('\n').unwrap_or((query.after, ""));
        let rest = line.trim_end();
        let typed = &before[before.rfind('\n').map_or(0, |i| i + 1)..];
        if typed.len() + rest.len() > MAX_LINE_BYTES {
            return None;
        }
        let is_inside_word = rest.starts_with(is_word_char) && typed.ends_with(is_word_char);
        if is_inside_word {
            return None;
        }
        let partial = partial(typed);
        Some(Self {
            above: &before[..before.len() - partial.len()],
            below: head(below),
            typed,
            partial,
            rest,
        })
    }

    /// Returns the line up to the word at the cursor.
    pub(super) fn line_before_partial(&self) -> &'a str {
        &self.typed[..self.typed.len() - self.partial.len()]
    }

    /// Returns whether nothing but blanks stands before the word at the cursor.
    pub(super) fn is_at_line_start(&self) -> bool {
        self.line_before_partial().trim().is_empty()
    }

    /// Returns the next line below with text on it, and by how many columns it is indented more than
    /// the cursor's.
    pub(super) fn line_below(&self) -> Option<(i32, &'a str)> {
        let blanks = |line: &str| columns(&line[..line.len() - line.trim_start().len()]);
        let below = self.below.lines().find(|line| !line.trim().is_empty())?;
        Some((blanks(below) - blanks(self.typed), below.trim()))
    }

    /// Returns whether the cursor follows a blank inside a line.
    pub(super) fn is_after_blank(&self) -> bool {
        self.partial.is_empty()
            && !self.is_at_line_start()
            && self.typed.ends_with(char::is_whitespace)
    }

    /// Returns the whole lines above the cursor's.
    pub(super) fn lines_above(&self) -> &'a str {
        &self.above[..self.above.len() - self.line_before_partial().len()]
    }

    /// Returns what the lines around the cursor say of how a line may look.
    pub(super) fn surroundings(&self) -> Surroundings<'a> {
        let deeper = self.line_below().map(|(deeper, _)| deeper > 0);
        Surroundings::of(self.lines_above(), self.below, deeper)
    }

    /// Returns the lines around the cursor, to compare suggestions with.
    pub(super) fn neighbourhood(&self) -> Neighbourhood<'a> {
        let above = self.lines_above();
        Neighbourhood {
            above: hashes(above.lines().rev(), LINES_ABOVE),
            below: hashes(self.below.lines(), LINES_BELOW),
            text_above: above,
            text_below: self.below,
        }
    }
}

/// Hashes of the lines around the cursor, nearest first, empty ones left out.
#[derive(Debug)]
pub(super) struct Neighbourhood<'a> {
    above: Vec<u64>,
    below: Vec<u64>,
    text_above: &'a str,
    text_below: &'a str,
}

impl Neighbourhood<'_> {
    /// Says whether the name that a line declares is declared in the lines around already.
    pub(super) fn has_sibling(&self, line: &str) -> bool {
        let Some(head) = head_of(line) else {
            return false;
        };
        let begins = |other: &str| {
            let rest = other.trim_start().strip_prefix(head);
            rest.is_some_and(|rest| !rest.starts_with(is_word_char))
        };
        self.text_above.lines().rev().take(LINES_ABOVE).any(begins)
            || self.text_below.lines().take(LINES_BELOW).any(begins)
    }

    /// Says where a line like this stands already.
    pub(super) fn repeats(&self, line: &str) -> Repeats {
        let hash = hash_bytes(line.trim().as_bytes());
        let near = self.above.len().min(NEIGHBOURS);
        Repeats {
            just_above: self.above[..near].contains(&hash),
            above: self.above.contains(&hash),
            times_above: self.above.iter().filter(|other| **other == hash).count(),
            next: self.below.first() == Some(&hash),
            below: self.below.contains(&hash),
        }
    }
}

/// Where a line equal to a suggested one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeats {
    /// Among the nearest lines above.
    pub(super) just_above: bool,
    /// Somewhere above.
    pub(super) above: bool,
    /// How often above.
    pub(super) times_above: usize,
    /// On the next line.
    pub(super) next: bool,
    /// Somewhere below.
    pub(super) below: bool,
}

/// Returns a line up to the end of the name that it declares, if it declares one.
fn head_of(line: &str) -> Option<&str> {
    let line = line.trim();
    let is_border = |&(_, c): &(usize, char)| !is_word_char(c);
    let ends = line.char_indices().filter(is_border).map(|(at, _)| at);
    let mut start = 0;
    let mut declares_next = false;
    for end in ends.chain([line.len()]).take(6) {
        let word = line.get(start..end).unwrap_or_default();
        if declares_next && !word.is_empty() {
            return Some(&line[..end]);
        }
        declares_next |= introduces(word);
        start = end + line[end..].chars().next().map_or(0, char::len_utf8);
    }
    None
}

fn hashes<'a>(lines: impl Iterator<Item = &'a str>, limit: usize) -> Vec<u64> {
    lines
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(limit)
        .map(|line| hash_bytes(line.as_bytes()))
        .collect()
}

/// Returns the word or sign that ends at the end of `typed` and may still grow.
fn partial(typed: &str) -> &str {
    if typed.len() > MAX_LINE_BYTES {
        return "";
    }
    let Some(last) = Lexed::new(typed).tokens.last().copied() else {
        return "";
    };
    let token = &typed[last.start as usize..(last.start + last.len) as usize];
    let touches = (last.start + last.len) as usize == typed.len();
    if touches && (token.starts_with(is_word_char) || may_grow(token)) {
        token
    } else {
        ""
    }
}

/// Cuts text before the cursor down to a bounded window of whole lines.
///
/// In a long text the window begins at a line chosen by what it says, not by where it stands: so
/// the beginning stays put while the user types, and what was read of it can be kept.
fn window(before: &str) -> &str {
    if before.len() <= MAX_ABOVE_BYTES * 3 / 4 {
        return before;
    }
    let from = ceil_boundary(before, before.len().saturating_sub(MAX_ABOVE_BYTES));
    let tail = &before[from..];
    let line_start = |at: usize| tail[at..].find('\n').map(|i| at + i + 1);
    let Some(first) = line_start(0) else {
        return tail;
    };
    let mut start = first;
    while start < MAX_ABOVE_BYTES / 4 {
        let Some(next) = line_start(start) else {
            break;
        };
        let line = &tail[start..next];
        if !line.trim().is_empty() && hash_bytes(line.as_bytes()).is_multiple_of(16) {
            return &tail[start..];
        }
        start = next;
    }
    &tail[first..]
}

fn head(below: &str) -> &str {
    if below.len() <= MAX_BELOW_BYTES {
        return below;
    }
    let mut end = MAX_BELOW_BYTES;
    while !below.is_char_boundary(end) {
        end -= 1;
    }
    let whole_lines = below[..end].rfind('\n').map_or(0, |i| i + 1);
    &below[..whole_lines]
}

fn ceil_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, above: &str, partial: &str, rest: &str) {
        let (before, after) = text.split_once('|').expect("the fixture marks the cursor");
        let cursor = Cursor::of(&Query {
            path: "a",
            language: "rust",
            before,
            after,
            several_lines: false,
        });
        let cursor = cursor.expect("a suggestion makes sense here");
        assert_eq!(
            (cursor.above, cursor.partial, cursor.rest),
            (above, partial, rest)
        );
    }

    #[test]
    fn the_word_at_the_cursor_may_still_grow() {
        check("a\nlet fo|\nb", "a\nlet ", "fo", "");
        check("std:|", "std", ":", "");
    }

    #[test]
    fn a_bracket_or_a_blank_is_whole() {
        check("f(|)", "f(", "", ")");
        check("let |  \r\n", "let ", "", "");
    }

    #[track_caller]
    fn check_head(line: &str, expected: Option<&str>) {
        assert_eq!(head_of(line), expected);
    }

    #[test]
    fn a_declaration_is_known_by_its_name() {
        check_head("    pub fn open(&self) {", Some("pub fn open"));
        check_head("async def test_one():", Some("async def test_one"));
        check_head("class A", Some("class A"));
        check_head("self.open(path)", None);
        check_head("let total = 1;", None);
        check_head("fn", None);
    }

    #[test]
    fn inside_a_word_nothing_is_suggested() {
        let inside = Query {
            path: "a",
            language: "rust",
            before: "let fo",
            after: "o = 1;",
            several_lines: false,
        };
        assert!(Cursor::of(&inside).is_none());
    }

    #[test]
    fn the_window_of_a_long_text_stays_put_while_the_user_types() {
        let text: String = (0..9_000).map(|n| format!("line {n}\n")).collect();
        let typed = format!("{text}let x = 1");
        let first = window(&text);
        assert!(first.len() <= MAX_ABOVE_BYTES && first.len() > MAX_ABOVE_BYTES / 2);
        assert_eq!(window(&typed).find(first), Some(0));
    }
}
