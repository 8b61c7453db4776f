//! The filters of a text that has been read: each looks at the text and its surroundings and keeps,
//! changes or drops it. None knows of the others; [`ALL`] is their order.

use super::Filter;
use super::indentation::indentation;
use super::repetition::repeated_tail;
use super::surroundings::{Surroundings, says_something};
use crate::domain::CursorSite;
use crate::guard::Guard;

/// What a filter says of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Keep,
    /// Another text; one with nothing but blanks counts as dropped.
    Change(String),
    Drop,
}

impl Verdict {
    /// Keeps what stands before `end`, without the blanks that end it.
    pub(super) fn cut(text: &str, end: usize) -> Self {
        Self::Change(text[..end].trim_end().to_owned())
    }

    pub(super) fn drop_if(is_useless: bool) -> Self {
        if is_useless { Self::Drop } else { Self::Keep }
    }
}

type Apply = fn(&str, &Surroundings) -> Verdict;

/// The filters in the order in which they are applied.
pub(super) const ALL: &[(Filter, Apply)] = &[
    (Filter::Repetition, repetition),
    (Filter::Secret, secret),
    (Filter::TypedAgain, typed_again),
    (Filter::Overlap, overlap),
    (Filter::Closer, closer),
    (Filter::NextLine, next_line),
    (Filter::PreviousLine, previous_line),
    (Filter::Indentation, indentation),
    (Filter::TrailingBlanks, trailing_blanks),
    (Filter::LoneCloser, lone_closer),
];

/// Cuts after the first copy in a line that repeats its own end; what follows is more of the same.
fn repetition(text: &str, _: &Surroundings) -> Verdict {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some(cut) = repeated_tail(line.trim_end()) {
            return Verdict::cut(text, start + cut);
        }
        start += line.len();
    }
    Verdict::Keep
}

/// A secret in an answer is invented or learnt from somebody; neither is to be offered.
fn secret(text: &str, around: &Surroundings) -> Verdict {
    Verdict::drop_if(Guard::new().completes_secret(&around.line_prefix, text))
}

/// Takes off the line so far, or the identifier so far, with which some models begin again.
fn typed_again(text: &str, around: &Surroundings) -> Verdict {
    let begun = text.trim_start_matches([' ', '\t']);
    let line = around.line_prefix.trim_start();
    let line_is_telling =
        line.trim_end().chars().count() >= 3 && line.contains(char::is_alphabetic);
    if line_is_telling && let Some(rest) = begun.strip_prefix(line.trim_end()) {
        let rest = if line.ends_with([' ', '\t']) {
            rest.trim_start_matches([' ', '\t'])
        } else {
            rest
        };
        return Verdict::Change(rest.to_owned());
    }
    // One letter may well begin a name that begins with it.
    if around.typed.chars().count() >= 2
        && let Some(rest) = text.strip_prefix(&around.typed)
    {
        return Verdict::Change(rest.to_owned());
    }
    Verdict::Keep
}

/// Takes off the rest of the line, or whole lines, that stand after the cursor already.
fn overlap(text: &str, around: &Surroundings) -> Verdict {
    let text = text.trim_end();
    let suffix = around.line_suffix.trim();
    let last_line = &text[text.rfind('\n').map_or(0, |at| at + 1)..];
    let ends = suffix.char_indices().map(|(at, char)| at + char.len_utf8());
    let shared = ends
        .rev()
        .map(|end| &suffix[..end])
        .find(|shared| last_line.ends_with(shared) && stands_twice(text, shared, around));
    if let Some(shared) = shared {
        return Verdict::cut(text, text.len() - shared.len());
    }
    repeated_next_lines(text, around).map_or(Verdict::Keep, |end| Verdict::cut(text, end))
}

/// Returns whether what ends the text and begins the rest of the line is meant once.
fn stands_twice(text: &str, shared: &str, around: &Surroundings) -> bool {
    let rest = &text[..text.len() - shared.len()];
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if shared.contains(is_word) {
        // Only all of the rest of the line, and no end of a longer word.
        let is_whole = shared.len() == around.line_suffix.trim().len();
        return is_whole && !(shared.starts_with(is_word) && rest.ends_with(is_word));
    }
    if around.site == CursorSite::String {
        return true;
    }
    if let Some(quote) = shared.chars().find(|c| matches!(c, '"' | '\'' | '`')) {
        // The quote after the cursor ends a string only if one was begun before it.
        return around.line_prefix.matches(quote).count() % 2 == 1;
    }
    // A bracket may be needed twice.
    !shared.contains([')', ']', '}']) || around.follow_text(text).excess.is_some()
}

/// Returns where the last lines of the text begin if they are the lines after the cursor's.
fn repeated_next_lines(text: &str, around: &Surroundings) -> Option<usize> {
    let mut starts = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            starts.push((start, line.trim_end()));
        }
        start += line.len();
    }
    let most = starts.len().saturating_sub(1).min(around.next_lines.len());
    (1..=most).rev().find_map(|n| {
        let last = &starts[starts.len() - n..];
        let is_same = last
            .iter()
            .map(|(_, line)| line)
            .eq(&around.next_lines[..n]);
        let is_telling = last.iter().any(|(_, line)| says_something(line));
        let cut = last[0].0;
        let counts = is_same && is_telling && around.follow_text(&text[..cut]).open.is_empty();
        counts.then_some(cut)
    })
}

/// Cuts at a bracket that nothing here opened and that stands after the cursor already.
fn closer(text: &str, around: &Surroundings) -> Verdict {
    if matches!(around.site, CursorSite::Comment | CursorSite::String) {
        return Verdict::Keep;
    }
    match around.follow_text(text).excess {
        Some(at) => Verdict::cut(text, at),
        None => Verdict::Keep,
    }
}

/// Drops a text whose first line makes the line that follows.
fn next_line(text: &str, around: &Surroundings) -> Verdict {
    let next = around.next_lines.first().map_or("", String::as_str);
    Verdict::drop_if(says_something(next) && first_line(text, around).trim() == next.trim())
}

/// Drops a text whose first line makes the line before once more.
fn previous_line(text: &str, around: &Surroundings) -> Verdict {
    let previous = &around.previous_line;
    let words = previous
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.contains(char::is_alphabetic))
        .count();
    // `break;`, `pass` and `None,` may well stand twice.
    let counts = says_something(previous) && words >= 2;
    Verdict::drop_if(counts && first_line(text, around).trim() == previous.trim())
}

/// Returns the cursor's line as the text would make it.
fn first_line(text: &str, around: &Surroundings) -> String {
    let first = text.lines().next().unwrap_or_default();
    [around.line_prefix.as_str(), first].concat()
}

/// Takes blanks off the ends of lines. One stays before a word that would else be joined.
fn trailing_blanks(text: &str, around: &Surroundings) -> Verdict {
    let mut lines: Vec<&str> = text.split('\n').collect();
    // Two blanks at the end of a line are a line break there, and a string may hold any.
    if !around.is_prose {
        for line in &mut lines {
            *line = line.trim_end();
        }
    }
    let joined = lines.join("\n");
    let mut kept = joined.trim_end().to_owned();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let would_join = kept.ends_with(is_word) && around.line_suffix.starts_with(is_word);
    if would_join && text.ends_with([' ', '\t']) {
        kept.push(' ');
    }
    if kept == text {
        Verdict::Keep
    } else {
        Verdict::Change(kept)
    }
}

/// Drops one closing character: editors type it with the opening one. A bracket on a line of its
/// own stays if it closes a block that nothing closes yet.
fn lone_closer(text: &str, around: &Surroundings) -> Verdict {
    let mut chars = text.trim().chars();
    let (Some(char), None) = (chars.next(), chars.next()) else {
        return Verdict::Keep;
    };
    let is_bracket = matches!(char, ')' | ']' | '}');
    let is_closer = is_bracket || matches!(char, '>' | '"' | '\'' | '`');
    let is_on_own_line =
        around.is_line_start() || text.trim_start_matches([' ', '\t']).starts_with('\n');
    let ends_block = is_bracket && is_on_own_line && around.unclosed > 0;
    Verdict::drop_if(is_closer && !ends_block)
}
