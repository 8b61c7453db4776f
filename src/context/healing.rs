//! Token healing: a name that was begun is taken back from the prompt, and the answer must begin
//! with it.
//!
//! Models read tokens, not letters: after `self.pri` they seldom say `ce`, since no text that they
//! learnt was cut there. Cut back to the border before, they say `price`. No server is asked to
//! hold them to it, since few can: the answer is read as it streams, and one that begins otherwise
//! is closed. What comes after the name is free.

use super::collect::Context;
use crate::domain::Prompt;

/// What an answer must begin with, and how much of it has come.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Healing {
    typed: String,
    heard: String,
    is_over: bool,
}

/// What a piece of an answer means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Healed<'c> {
    /// This much of it is new.
    New(&'c str),
    /// It says what was typed, so far.
    Typed,
    /// It says something else: the answer is of no use.
    Other,
}

/// Takes the name that ends at the cursor off a prompt, with the blank before it, since tokens of
/// words begin with one. Where the name goes on after the cursor, it stays.
#[must_use]
pub fn heal(prompt: &mut Prompt, context: &Context) -> Healing {
    let typed = &context.partial_identifier;
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let is_whole = !context.line_suffix.starts_with(is_part);
    let Some(before) = prompt
        .prefix
        .strip_suffix(typed.as_str())
        .filter(|_| is_whole && !typed.is_empty())
    else {
        return Healing::default();
    };
    let border = before.strip_suffix(' ').unwrap_or(before).len();
    prompt.prefix.truncate(border);
    Healing {
        typed: typed.clone(),
        ..Healing::default()
    }
}

impl Healing {
    /// Returns whether something was taken back.
    #[must_use]
    pub const fn is_needed(&self) -> bool {
        !self.typed.is_empty()
    }

    /// Hears the next piece of an answer.
    pub fn hear<'c>(&mut self, chunk: &'c str) -> Healed<'c> {
        if self.is_over || self.typed.is_empty() {
            return Healed::New(chunk);
        }
        self.heard.push_str(chunk);
        if let Some(rest) = self.rest_of(&self.heard) {
            // What was heard before was not all of it, so the rest is of this piece.
            let new = &chunk[chunk.len() - rest.len()..];
            self.is_over = true;
            return Healed::New(new);
        }
        if self.typed.starts_with(begun(&self.heard)) {
            Healed::Typed
        } else {
            Healed::Other
        }
    }

    /// Returns a whole answer without what was typed; `None` when it begins otherwise.
    #[must_use]
    pub fn rest_of<'t>(&self, text: &'t str) -> Option<&'t str> {
        if self.typed.is_empty() {
            return Some(text);
        }
        begun(text).strip_prefix(self.typed.as_str())
    }
}

/// Some servers leave the blank of the first token out.
fn begun(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::context::collect;
    use crate::documents::Snapshot;
    use crate::domain::{ByteOffset, DocumentUri, TokenCount};

    fn healed(text: &str) -> (String, Healing) {
        let at = text.find("$0").expect("a cursor");
        let uri = DocumentUri::new("file:///w/a.rs");
        let snapshot = Snapshot::of_text(uri, "rust", &text.replace("$0", ""));
        let context = collect(&snapshot, None, ByteOffset::new(at), "a.rs", &[]);
        let mut prompt = Prompt {
            path: String::new(),
            language: String::new(),
            snippets: Vec::new(),
            prefix: context.prefix.clone(),
            suffix: context.suffix.clone(),
            single_line: true,
            max_output_tokens: 1,
            input_tokens: TokenCount::ZERO,
        };
        let healing = heal(&mut prompt, &context);
        (prompt.prefix, healing)
    }

    #[track_caller]
    fn check_cut(text: &str, prefix: &str, typed: &str) {
        let (cut, healing) = healed(text);
        assert_eq!((cut.as_str(), healing.typed.as_str()), (prefix, typed));
    }

    #[test]
    fn a_name_that_was_begun_is_taken_back_with_its_blank() {
        check_cut("let a = self.pri$0;", "let a = self.", "pri");
        check_cut("let a = pri$0;", "let a =", "pri");
        check_cut("\tpri$0", "\t", "pri");
        check_cut("let a = $0;", "let a = ", "");
        check_cut("let a = 12$0;", "let a = 12", "");
        check_cut("let a = pri$0ce;", "let a = pri", "");
    }

    #[track_caller]
    fn check_rest(answer: &str, expected: Option<&str>) {
        let (_, healing) = healed("let a = pri$0;");
        assert_eq!(healing.rest_of(answer), expected);
    }

    #[test]
    fn an_answer_must_begin_with_what_was_typed() {
        check_rest(" price();\nlet b = 1;", Some("ce();\nlet b = 1;"));
        check_rest("price", Some("ce"));
        check_rest("pri", Some(""));
        check_rest("pr", None);
        check_rest("order.price", None);
        check_rest("\nprice", None);
    }

    proptest! {
        #[test]
        fn a_stream_says_the_same_however_it_is_cut(
            answer in " ?(p|pr|pri|price|x|é)( |\n|[a-z(]){0,12}",
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        ) {
            let (_, mut healing) = healed("let a = pri$0;");
            let whole = healing.rest_of(&answer).map(str::to_owned);
            let mut borders: Vec<usize> = cuts.iter().map(|cut| cut.index(answer.len() + 1)).collect();
            borders.retain(|&at| answer.is_char_boundary(at));
            borders.extend([0, answer.len()]);
            borders.sort_unstable();
            let mut rest = String::new();
            let mut is_other = false;
            for pair in borders.windows(2) {
                match healing.hear(&answer[pair[0]..pair[1]]) {
                    Healed::New(new) => rest.push_str(new),
                    Healed::Typed => {}
                    Healed::Other => is_other = true,
                }
            }
            match whole {
                Some(whole) => prop_assert_eq!((rest, is_other), (whole, false)),
                None => prop_assert!(rest.is_empty()),
            }
        }
    }
}
