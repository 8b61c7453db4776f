//! Which brackets are open where a line ends.
//!
//! Read from the text alone, a line at a time, without a grammar: quotes are closed on their line,
//! and what stands in them, or behind the sign of a comment, is no bracket. A text that does
//! otherwise is read wrongly until its next line.

use super::language::is_comment;
use super::pieces::is_word_char;

/// Longer lines are not read to their end.
const MAX_LINE_BYTES: usize = 400;
/// Brackets that are open at the same time; what is deeper is not told apart.
const DEEPEST: usize = 31;

/// How a line ends, by its last sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Semicolon,
    Comma,
    OpenBrace,
    OpenOther,
    CloseBrace,
    CloseOther,
    Colon,
    Word,
    Quote,
    Sign,
}

impl Ending {
    /// How many there are.
    pub(super) const COUNT: usize = 10;

    /// Returns how a line ends; `None` for a blank one.
    pub(super) fn of(line: &str) -> Option<Self> {
        Some(match line.trim_end().chars().next_back()? {
            ';' => Self::Semicolon,
            ',' => Self::Comma,
            '{' => Self::OpenBrace,
            '(' | '[' => Self::OpenOther,
            '}' => Self::CloseBrace,
            ')' | ']' => Self::CloseOther,
            ':' => Self::Colon,
            '"' | '\'' | '`' => Self::Quote,
            c if is_word_char(c) => Self::Word,
            _ => Self::Sign,
        })
    }

    /// Returns whether more must follow.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::OpenBrace | Self::OpenOther | Self::Colon)
    }

    /// Returns whether it ends a part of an expression that needs a comma or an operator after it.
    pub(super) fn is_operand(self) -> bool {
        matches!(
            self,
            Self::Word | Self::CloseOther | Self::CloseBrace | Self::Quote
        )
    }
}

/// The brackets that are open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brackets {
    /// The signs that close them.
    closing: [u8; DEEPEST + 1],
    /// How the last line ended right inside of so many of them.
    last: [Option<Ending>; DEEPEST + 1],
    depth: usize,
}

impl Default for Brackets {
    fn default() -> Self {
        Self {
            closing: [0; DEEPEST + 1],
            last: [None; DEEPEST + 1],
            depth: 0,
        }
    }
}

/// What a line does to the brackets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effect {
    /// A bracket is closed by the sign of another, or was not open.
    pub(super) is_mismatched: bool,
    /// Brackets of the lines before that it closes.
    pub(super) closed: usize,
    /// Brackets that it leaves open.
    pub(super) opened: usize,
    /// A quote is not closed.
    pub(super) has_open_quote: bool,
    /// The line is a comment; its brackets count for nothing.
    pub(super) is_comment: bool,
}

impl Brackets {
    /// Returns the sign that closes the innermost bracket.
    pub(super) fn innermost(&self) -> Option<u8> {
        (self.depth > 0).then(|| self.closing[self.depth])
    }

    /// Returns the signs that close this many of the innermost brackets, in order.
    pub(super) fn closing(&self, n: usize) -> impl Iterator<Item = char> + '_ {
        let last = self.depth.saturating_sub(n) + 1..=self.depth;
        last.rev().map(|depth| char::from(self.closing[depth]))
    }

    /// Returns how the last line ended that stands right inside of the innermost bracket.
    pub(super) fn last_ending(&self) -> Option<Ending> {
        self.last[self.depth]
    }

    /// Reads the next line.
    pub(super) fn read(&mut self, line: &str) -> Effect {
        let mut effect = Effect {
            is_comment: is_comment(line),
            ..Effect::default()
        };
        if effect.is_comment {
            return effect;
        }
        let before = self.depth;
        let mut lowest = before;
        let mut quote = None;
        let bytes = &line.as_bytes()[..line.len().min(MAX_LINE_BYTES)];
        let mut at = 0;
        while at < bytes.len() {
            let sign = bytes[at];
            match sign {
                b'\\' if quote.is_some() => at += 1,
                _ if quote.is_some() => quote = quote.filter(|&open| open != sign),
                b'(' => self.open(b')'),
                b'[' => self.open(b']'),
                b'{' => self.open(b'}'),
                b')' | b']' | b'}' if self.depth > 0 => {
                    effect.is_mismatched |= self.innermost() != Some(sign);
                    self.depth -= 1;
                    lowest = lowest.min(self.depth);
                }
                // A brace may have been opened above what was read.
                b')' | b']' => effect.is_mismatched = true,
                b'"' | b'`' => quote = Some(sign),
                b'\'' if is_quote(bytes, at) => quote = Some(sign),
                b'/' | b'#' if is_comment_from(bytes, at) => break,
                _ => {}
            }
            at += 1;
        }
        effect.closed = before - lowest;
        effect.opened = self.depth - lowest;
        effect.has_open_quote = quote == Some(b'"');
        if let Some(ending) = Ending::of(line) {
            self.last[self.depth] = Some(ending);
        }
        effect
    }

    fn open(&mut self, closing: u8) {
        if self.depth < DEEPEST {
            self.depth += 1;
            self.closing[self.depth] = closing;
            self.last[self.depth] = None;
        }
    }
}

/// Returns whether a single quote begins a text, and is no apostrophe and no lifetime of Rust.
fn is_quote(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|at| bytes[at]);
    let is_apostrophe = before.is_some_and(|b| b == b'_' || b.is_ascii_alphanumeric());
    let is_lifetime =
        before.is_some_and(|b| b"&<".contains(&b)) && bytes.get(at + 2) != Some(&b'\'');
    !is_apostrophe && !is_lifetime && bytes[at + 1..].contains(&b'\'')
}

fn is_comment_from(bytes: &[u8], at: usize) -> bool {
    let is_after_blank = at == 0 || bytes[at - 1].is_ascii_whitespace();
    let next = bytes.get(at + 1);
    is_after_blank && matches!((bytes[at], next), (b'/', Some(b'/')) | (b'#', Some(b' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, innermost: Option<char>, expected: Effect) {
        let mut brackets = Brackets::default();
        let effects: Vec<Effect> = text.lines().map(|line| brackets.read(line)).collect();
        assert_eq!(brackets.innermost().map(char::from), innermost);
        assert_eq!(effects.last(), Some(&expected));
    }

    #[test]
    fn a_line_opens_and_closes() {
        let effect = Effect {
            closed: 1,
            opened: 2,
            ..Effect::default()
        };
        check("if x {\n} else if f(|| {", Some('}'), effect);
    }

    #[test]
    fn the_wrong_sign_closes_badly() {
        let effect = Effect {
            is_mismatched: true,
            closed: 1,
            ..Effect::default()
        };
        check("if x {\n)", None, effect);
    }

    #[test]
    fn what_is_quoted_or_a_comment_is_no_bracket() {
        check(r#"f("(", '[', '\'', "\"{")"#, None, Effect::default());
        check("f(); // see (", None, Effect::default());
        check("f() # see (", None, Effect::default());
        let comment = Effect {
            is_comment: true,
            ..Effect::default()
        };
        check("// f(", None, comment);
    }

    #[test]
    fn an_apostrophe_and_a_lifetime_are_no_quotes() {
        let effect = Effect {
            opened: 1,
            ..Effect::default()
        };
        check("fn f<'a>(x: &'a str) {", Some('}'), effect);
        check("don't (", Some(')'), effect);
    }

    #[test]
    fn a_quote_ends_with_its_line() {
        let effect = Effect {
            has_open_quote: true,
            ..Effect::default()
        };
        check(
            "f(\"(",
            Some(')'),
            Effect {
                opened: 1,
                ..effect
            },
        );
        check("\"(\nf()", None, Effect::default());
    }

    #[test]
    fn the_last_ending_is_that_of_the_same_brackets() {
        let mut brackets = Brackets::default();
        for line in ["a;", "f(", "x,", "g(", "y", "),"] {
            brackets.read(line);
        }
        assert_eq!(brackets.last_ending(), Some(Ending::Comma));
        brackets.read(")");
        assert_eq!(brackets.last_ending(), Some(Ending::CloseOther));
    }

    #[test]
    fn brackets_deeper_than_are_told_apart_do_no_harm() {
        let mut brackets = Brackets::default();
        brackets.read(&"(".repeat(300));
        brackets.read(&")".repeat(300));
        assert_eq!(brackets.innermost(), None);
    }
}
