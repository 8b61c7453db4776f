//! From a model's raw text to a suggestion, or to nothing; and when a stream may be closed.
//!
//! Pure. Today: one line where one line is wanted, no overlap with what stands after the cursor, no
//! line that is there already, no repetition, nothing empty, no special token and no mask that the
//! guard had put in the place of a secret.

use std::ops::ControlFlow;

use crate::context::Context;
use crate::domain::special_tokens;
use crate::guard::MASK;

/// Sees a stream and says when the suggestion is complete, so that no more is paid for.
#[derive(Debug)]
pub struct EarlyStop {
    single_line: bool,
    has_text: bool,
    newlines: usize,
}

/// The most lines of a suggestion.
const MOST_LINES: usize = 24;

impl EarlyStop {
    pub const fn new(single_line: bool) -> Self {
        Self {
            single_line,
            has_text: false,
            newlines: 0,
        }
    }

    /// Returns `Break` once a line break ends a line with text, or a block has become too long.
    pub fn push(&mut self, chunk: &str) -> ControlFlow<()> {
        for character in chunk.chars() {
            if character == '\n' {
                self.newlines += 1;
                if (self.single_line && self.has_text) || self.newlines >= MOST_LINES {
                    return ControlFlow::Break(());
                }
            } else if !character.is_whitespace() {
                self.has_text = true;
            }
        }
        ControlFlow::Continue(())
    }
}

/// Makes a suggestion of a model's raw text; `None` when nothing is left of it.
pub fn finish(raw: &str, context: &Context) -> Option<String> {
    let text = raw.replace("\r\n", "\n");
    if text.contains(MASK) {
        return None;
    }
    let text = without_special_tokens(&text);
    let text = if context.single_line {
        first_line(text)
    } else {
        text
    };
    let text = text.trim_end();
    let text = without_overlap(text, &context.line_suffix);
    let text = text.trim_end();
    if text.trim().is_empty() || repeats(text) || repeats_next_line(text, context) {
        return None;
    }
    Some(text.to_owned())
}

/// Cuts the text where a model says one of its special tokens: it meant to end there.
fn without_special_tokens(text: &str) -> &str {
    let end = special_tokens().filter_map(|token| text.find(token)).min();
    &text[..end.unwrap_or(text.len())]
}

/// Returns the first line that has text, with what stands before it on its own line.
fn first_line(text: &str) -> &str {
    let start = text.len() - text.trim_start_matches('\n').len();
    let rest = &text[start..];
    // A model that begins with a line break has nothing to say about this line.
    if start > 0 {
        return "";
    }
    rest.split('\n').next().unwrap_or(rest)
}

/// Cuts the end of the text that stands after the cursor already, such as a closing bracket.
fn without_overlap<'t>(text: &'t str, line_suffix: &str) -> &'t str {
    let suffix = line_suffix.trim();
    if suffix.is_empty() {
        return text;
    }
    let last_line_start = text.rfind('\n').map_or(0, |at| at + 1);
    let last_line = &text[last_line_start..];
    let overlap = suffix
        .char_indices()
        .map(|(at, character)| at + character.len_utf8())
        .rev()
        .find(|end| last_line.ends_with(&suffix[..*end]));
    match overlap {
        // Only the whole rest of the line counts, or closing characters: `)` may be meant twice.
        Some(end) if end == suffix.len() || suffix[..end].chars().all(|c| !c.is_alphanumeric()) => {
            &text[..text.len() - end]
        }
        _ => text,
    }
}

/// Returns whether the text is the same few lines over and over.
fn repeats(text: &str) -> bool {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.len() >= 4 && lines.iter().all(|line| *line == lines[0])
}

/// Returns whether the line that would come to be is the line that follows already.
fn repeats_next_line(text: &str, context: &Context) -> bool {
    let rest_of_line = context.suffix.split_once('\n').map(|(_, after)| after);
    let Some(next) =
        rest_of_line.and_then(|after| after.lines().find(|line| !line.trim().is_empty()))
    else {
        return false;
    };
    let line = format!(
        "{}{}",
        context.line_prefix,
        text.lines().next().unwrap_or_default()
    );
    let (line, next) = (line.trim(), next.trim());
    // Closing brackets repeat for good reasons.
    line == next && next.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::Documents;
    use crate::domain::{ByteOffset, DocumentUri};

    /// `$0` marks the cursor.
    #[track_caller]
    fn check(file: &str, raw: &str, expected: Option<&str>) {
        let offset = file.find("$0").expect("a cursor");
        let (documents, uri) = (Documents::default(), DocumentUri::new("file:///a.txt"));
        documents.open(uri.clone(), "plaintext", 1, &file.replace("$0", ""));
        let snapshot = documents.snapshot(&uri).expect("it is open");
        let mut context =
            crate::context::collect(&snapshot, None, ByteOffset::new(offset), "a.txt", &[]);
        context.single_line = true;
        assert_eq!(finish(raw, &context).as_deref(), expected);
    }

    #[test]
    fn a_bracket_that_is_there_already_is_not_inserted_again() {
        check("call($0)\n", "a, b)", Some("a, b"));
        check("call($0);\n", "a, b);", Some("a, b"));
        check("x = f($0\n", "a)", Some("a)"));
    }

    #[test]
    fn one_line_stays_one_line() {
        check("let x = $0\n", "1;\nlet y = 2;\n", Some("1;"));
        check("let x = $0\n", "\nlet y = 2;", None);
    }

    #[test]
    fn nothing_is_nothing() {
        check("let x = $0\n", "  \t", None);
        check("let x = $0\n", "", None);
    }

    #[test]
    fn a_special_token_ends_the_text_and_a_mask_forbids_it() {
        check("let x = $0\n", "1;<|endoftext|>fn", Some("1;"));
        check("let key = $0\n", &format!("\"{MASK}\";"), None);
    }

    #[test]
    fn the_line_that_follows_is_not_suggested() {
        check("$0\nlet total = sum(a);\n", "let total = sum(a);", None);
        check("if a {\n    $0\n}\n", "}", Some("}"));
    }

    #[test]
    fn a_stream_is_closed_at_the_end_of_its_line() {
        let mut stop = EarlyStop::new(true);
        assert!(stop.push("  \n").is_continue());
        assert!(stop.push("a + ").is_continue());
        assert!(stop.push("b;\n").is_break());
    }
}
