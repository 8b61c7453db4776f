//! The skeleton of a piece of code: the brackets that are code, and where strings and comments
//! stand. A bracket in a string, a comment, a character or a regular expression is none. Words and
//! tags that open and close blocks are brackets too.
//!
//! Where there is a grammar, its tokens tell, and they do so in code that is broken or unfinished
//! too; elsewhere the text is read with the quotes and comments that the language names.

use std::ops::Range;
use std::time::Duration;

use super::language::Language;
use super::parse::parse_text;

/// One bracket of the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bracket {
    /// Where it stands, in bytes.
    pub at: usize,
    /// The character; what opens an interpolation counts as `{`, a word or tag that opens a block
    /// as `⟨`, one that closes it as `⟩`.
    pub kind: char,
}

impl Bracket {
    pub(super) const fn block_start(at: usize) -> Self {
        Self { at, kind: '⟨' }
    }

    pub(super) const fn block_end(at: usize) -> Self {
        Self { at, kind: '⟩' }
    }
}

/// The brackets of a piece of code, in order, and what is not code.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Skeleton {
    /// The brackets that are code.
    pub brackets: Vec<Bracket>,
    /// Strings and comments, in bytes.
    pub quoted: Vec<Range<usize>>,
}

impl Skeleton {
    /// Reads the skeleton from the tokens of the language's grammar.
    ///
    /// Returns `None` when the time is up, or when the brackets of the tokens do not pair up: then
    /// the grammar has lost its way, and [`Skeleton::by_text`] is the better guess. What is left
    /// open at the end, or was opened before the beginning, does no harm.
    #[must_use]
    pub fn by_grammar(language: &Language, text: &str, limit: Duration) -> Option<Self> {
        let tree = parse_text(language, text, limit)?;
        let mut skeleton = Self::default();
        let mut cursor = tree.walk();
        'walk: loop {
            let node = cursor.node();
            let kind = node.kind();
            let mut names = language.string_nodes.iter().chain(&language.comment_nodes);
            if node.is_named() && names.any(|name| name == kind) {
                skeleton.quoted.push(node.byte_range());
            }
            let bracket = match kind {
                "(" | ")" | "[" | "]" | "{" | "}" => kind.chars().next(),
                "${" => Some('{'),
                _ => None,
            };
            let is_lone = kind == ")"
                && node
                    .parent()
                    .is_some_and(|parent| parent.kind() == language.blocks.lone_parenthesis);
            let is_token = !node.is_named() && !node.is_missing() && !is_lone;
            if let Some(kind) = bracket.filter(|_| is_token) {
                let at = node.start_byte();
                skeleton.brackets.push(Bracket { at, kind });
            }
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    break 'walk;
                }
            }
        }
        skeleton.add_blocks(language, text);
        skeleton.pairs_up().then_some(skeleton)
    }

    /// Reads the skeleton from the text alone. Without a language only double quotes make strings.
    #[must_use]
    pub fn by_text(language: Option<&Language>, text: &str) -> Self {
        let mut skeleton = Self::default();
        let marks = marks(language);
        let is_mark = |byte: &u8| marks[usize::from(*byte)];
        let mut at = 0;
        while let Some(next) = text.as_bytes()[at..].iter().position(is_mark) {
            at += next;
            let length = quoted_length(language, text, at);
            if length > 0 {
                skeleton.quoted.push(at..at + length);
                at += length;
                continue;
            }
            let kind = char::from(text.as_bytes()[at]);
            if BRACKETS.contains(kind) {
                skeleton.brackets.push(Bracket { at, kind });
            }
            at += 1;
        }
        if let Some(language) = language {
            skeleton.add_blocks(language, text);
        }
        skeleton
    }

    /// Adds what the words or tags of a language open and close.
    fn add_blocks(&mut self, language: &Language, text: &str) {
        let found = language
            .blocks
            .brackets_of(language.block_style, text, &self.quoted);
        if !found.is_empty() {
            self.brackets.extend(found);
            // Stable: a word that ends one block and begins the next stays in that order.
            self.brackets.sort_by_key(|bracket| bracket.at);
        }
    }

    /// Returns whether a place lies within a string or a comment.
    #[must_use]
    pub fn is_quoted(&self, at: usize) -> bool {
        self.quoted
            .iter()
            .any(|quoted| quoted.start < at && at < quoted.end)
    }

    fn pairs_up(&self) -> bool {
        let mut open = Vec::new();
        self.brackets.iter().all(|bracket| {
            if let Some(closer) = closer_of(bracket.kind) {
                open.push(closer);
                return true;
            }
            open.pop().is_none_or(|expected| expected == bracket.kind)
        })
    }
}

/// Returns what closes an opening bracket, or `None` for any other character.
#[must_use]
pub const fn closer_of(opener: char) -> Option<char> {
    match opener {
        '(' => Some(')'),
        '[' => Some(']'),
        '{' => Some('}'),
        '⟨' => Some('⟩'),
        _ => None,
    }
}

const BRACKETS: &str = "()[]{}";

/// Returns the bytes that a bracket, a string or a comment may begin with. Most bytes are none of
/// those, and every one is looked at.
fn marks(language: Option<&Language>) -> [bool; 256] {
    let mut marks = [false; 256];
    let line = language.map_or("", |language| language.line_comment.as_str());
    let block = language.and_then(|language| language.block_comment.as_ref());
    let block = block.map_or("", |(open, _)| open.as_str());
    let comments = [line, block]
        .into_iter()
        .filter_map(|mark| mark.bytes().next());
    for byte in BRACKETS.bytes().chain(*b"\"'`").chain(comments) {
        marks[usize::from(byte)] = true;
    }
    marks
}

/// Returns the length of the string or comment that begins at a place; 0 when there is none.
fn quoted_length(language: Option<&Language>, text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let line_length = rest.find('\n').unwrap_or(rest.len());
    let up_to = |close: &str, from: usize| {
        rest[from..]
            .find(close)
            .map_or(rest.len(), |at| from + at + close.len())
    };
    if let Some(language) = language {
        // In Lua what begins a comment of several lines begins with what begins one of a line.
        if let Some((open, close)) = &language.block_comment
            && rest.starts_with(open.as_str())
        {
            return up_to(close, open.len());
        }
        if language.begins_line_comment(text, at) {
            return line_length;
        }
        if let Some(quote) = language
            .long_quotes
            .iter()
            .find(|quote| rest.starts_with(quote.as_str()))
        {
            return up_to(quote, quote.len());
        }
    }
    let quotes = language.map_or("\"", |language| language.quotes.as_str());
    let Some(quote) = rest.chars().next().filter(|char| "\"'`".contains(*char)) else {
        return 0;
    };
    if quotes.contains(quote) {
        // Backticks quote whole lines; other strings end with theirs at the latest.
        let limit = if quote == '`' {
            rest.len()
        } else {
            line_length
        };
        return string_length(&rest[..limit], quote);
    }
    if quote == '\'' {
        character_length(rest)
    } else {
        0
    }
}

fn string_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if char == quote => return at + char.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// Returns the length of a character literal; a lone quote, such as that of a lifetime, is none.
fn character_length(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    let is_escape = match chars.next() {
        Some((_, '\\')) => true,
        Some((_, '\n' | '\'')) | None => return 0,
        Some(_) => false,
    };
    if is_escape {
        chars.next();
    }
    match chars.next() {
        Some((at, '\'')) => at + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[track_caller]
    fn check(language: &str, text: &str, expected: &str) {
        let language = Language::by_id(language).expect("a language of the table");
        let kinds = |skeleton: Skeleton| -> String {
            skeleton
                .brackets
                .iter()
                .map(|bracket| bracket.kind)
                .collect()
        };
        let by_grammar = Skeleton::by_grammar(language, text, LIMIT).map(kinds);
        assert_eq!(by_grammar.as_deref(), Some(expected), "by grammar");
        assert_eq!(
            kinds(Skeleton::by_text(Some(language), text)),
            expected,
            "by text"
        );
    }

    #[test]
    fn brackets_in_strings_and_comments_are_not_code() {
        check(
            "rust",
            "fn f() {\n    g(\"}\", '}', '\\''); // }\n",
            "(){()",
        );
        check("rust", "fn f<'a>(a: &'a str) { /* } */ }", "(){}");
        check(
            "python",
            "def f():\n    return [\"\"\"}\n)\"\"\", '(']\n",
            "()[]",
        );
        check("go", "func f() {\n\tg(`}\n}`)\n", "(){()");
        check("c", "int f(void) {\n    puts(\"{\");\n", "(){()");
    }

    #[test]
    fn only_a_grammar_knows_templates_and_regular_expressions() {
        let language = Language::by_id("typescript").expect("a language of the table");
        let text = "function f() {\n  return `${g(1)}}`.match(/}[)]/);\n";
        let skeleton = Skeleton::by_grammar(language, text, LIMIT).expect("it pairs up");
        let kinds: String = skeleton.brackets.iter().map(|b| b.kind).collect();
        assert_eq!(kinds, "(){{()}()");
    }

    #[test]
    fn brackets_that_do_not_pair_up_are_not_trusted() {
        let language = Language::by_id("rust").expect("a language of the table");
        assert_eq!(Skeleton::by_grammar(language, "fn f() { (] }", LIMIT), None);
        // One that was opened before the text is no fault.
        assert!(Skeleton::by_grammar(language, "    g();\n}\n", LIMIT).is_some());
    }

    #[test]
    fn an_unknown_language_has_double_quotes_only() {
        let skeleton = Skeleton::by_text(None, "don't ( \")\" )");
        let places: Vec<_> = skeleton.brackets.iter().map(|b| b.at).collect();
        assert_eq!(places, [6, 12]);
        assert!(skeleton.is_quoted(9) && !skeleton.is_quoted(6));
    }
}
