//! How a language marks its blocks, beyond braces and indentation: words such as `do` and `end`,
//! tags, headings, the end of a statement.
//!
//! Words and tags are found in the text, outside of strings and comments, and take part as a pair
//! of brackets of their own: whatever follows brackets follows them too.

use std::ops::Range;

use serde::Deserialize;

use super::skeleton::Bracket;

/// How a language marks blocks. Brackets that stand open hold a block in each of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockStyle {
    /// With braces.
    Braces,
    /// With a colon and deeper indentation.
    Indent,
    /// With words, such as `do` and `end`.
    Words,
    /// With tags.
    Tags,
    /// With headings: a block ends where the next one begins.
    Headings,
    /// With a mark at the end of each statement.
    Statements,
}

impl BlockStyle {
    /// Returns the name, as `language.toml` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Braces => "braces",
            Self::Indent => "indent",
            Self::Words => "words",
            Self::Tags => "tags",
            Self::Headings => "headings",
            Self::Statements => "statements",
        }
    }
}

/// The marks of a language's blocks; each style reads its own.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Blocks {
    /// Brackets that open a block of lines.
    pub brackets: String,
    /// Words that open a block wherever they stand.
    pub open: Vec<String>,
    /// Words that open a block where a statement begins: elsewhere they only say when it is run.
    pub open_statement: Vec<String>,
    /// Words that end one block and begin the next, such as `else`.
    pub middle: Vec<String>,
    /// Words that close a block.
    pub close: Vec<String>,
    /// Whether all of them are such only where a statement begins, as in a shell.
    pub only_at_statement: bool,
    /// Whether what follows a colon and a blank stands on the same line.
    pub value_after_blank: bool,
    /// Tags that have no end.
    pub void: Vec<String>,
    /// What begins a heading.
    pub headings: Vec<String>,
    /// What ends a statement.
    pub end: String,
    /// The node of a pattern whose closing parenthesis nothing has opened.
    pub lone_parenthesis: String,
}

impl Default for Blocks {
    fn default() -> Self {
        Self {
            brackets: "{".to_owned(),
            open: Vec::new(),
            open_statement: Vec::new(),
            middle: Vec::new(),
            close: Vec::new(),
            only_at_statement: false,
            value_after_blank: false,
            void: Vec::new(),
            headings: Vec::new(),
            end: String::new(),
            lone_parenthesis: String::new(),
        }
    }
}

/// What a word does to blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Opens,
    OpensStatement,
    Middle,
    Closes,
}

impl Blocks {
    /// Returns what the words or tags of a text open and close, in order.
    pub(super) fn brackets_of(
        &self,
        style: BlockStyle,
        text: &str,
        quoted: &[Range<usize>],
    ) -> Vec<Bracket> {
        match style {
            BlockStyle::Words => self.words(text, quoted),
            BlockStyle::Tags => self.tags(text, quoted),
            BlockStyle::Braces
            | BlockStyle::Indent
            | BlockStyle::Headings
            | BlockStyle::Statements => Vec::new(),
        }
    }

    /// Returns whether a line may close a block, or begin its next part, by a word or a tag.
    pub(super) fn may_close(&self, style: BlockStyle, line: &str) -> bool {
        match style {
            BlockStyle::Words => self
                .close
                .iter()
                .chain(&self.middle)
                .any(|word| line.contains(word.as_str())),
            BlockStyle::Tags => line.contains("</"),
            BlockStyle::Braces
            | BlockStyle::Indent
            | BlockStyle::Headings
            | BlockStyle::Statements => false,
        }
    }

    /// Returns whether a text begins with what closes a block, or begins its next part.
    pub(super) fn begins_with_closer(&self, style: BlockStyle, text: &str) -> bool {
        match style {
            BlockStyle::Words => {
                let word = &text[..word_length(text)];
                self.close.iter().chain(&self.middle).any(|w| w == word)
            }
            BlockStyle::Tags => text.starts_with("</"),
            BlockStyle::Headings => self.is_heading(text),
            BlockStyle::Braces | BlockStyle::Indent | BlockStyle::Statements => false,
        }
    }

    /// Returns whether a line is a heading.
    #[must_use]
    pub fn is_heading(&self, line: &str) -> bool {
        let marks = &self.headings;
        marks.iter().any(|mark| line.starts_with(mark.as_str()))
    }

    fn words(&self, text: &str, quoted: &[Range<usize>]) -> Vec<Bracket> {
        let mut found = Vec::new();
        let mut quoted = quoted.iter().peekable();
        let mut at = 0;
        // The last word with a role, and whether one on this line has opened a statement's block.
        let (mut last_end, mut last_role, mut has_opened) = (0, None, false);
        while at < text.len() {
            while quoted.peek().is_some_and(|range| range.end <= at) {
                quoted.next();
            }
            if let Some(range) = quoted.peek().filter(|range| range.start <= at) {
                at = range.end;
                continue;
            }
            let length = word_length(&text[at..]);
            if length == 0 {
                has_opened &= !text[at..].starts_with('\n');
                at += text[at..].chars().next().map_or(1, char::len_utf8);
                continue;
            }
            let (word, start) = (&text[at..at + length], at);
            at += length;
            let Some(role) = self.role(word).filter(|_| stands_alone(text, start, at)) else {
                continue;
            };
            let line = &text[text[..start].rfind('\n').map_or(0, |newline| newline + 1)..start];
            let begins = begins_statement(line)
                || last_role.is_some()
                    && text[last_end..start].trim_matches([' ', '\t']).is_empty();
            let counts = match role {
                Role::Opens if has_opened => false,
                Role::OpensStatement => begins,
                Role::Opens | Role::Middle | Role::Closes => begins || !self.only_at_statement,
            };
            if !counts {
                continue;
            }
            (last_end, last_role) = (at, Some(role));
            has_opened |= role == Role::OpensStatement;
            if matches!(role, Role::Middle | Role::Closes) {
                found.push(Bracket::block_end(start));
                has_opened = false;
            }
            if role != Role::Closes {
                found.push(Bracket::block_start(start));
            }
        }
        found
    }

    fn role(&self, word: &str) -> Option<Role> {
        let is_in = |words: &[String]| words.iter().any(|w| w == word);
        if is_in(&self.open) {
            Some(Role::Opens)
        } else if is_in(&self.open_statement) {
            Some(Role::OpensStatement)
        } else if is_in(&self.close) {
            Some(Role::Closes)
        } else if is_in(&self.middle) {
            Some(Role::Middle)
        } else {
            None
        }
    }

    fn tags(&self, text: &str, quoted: &[Range<usize>]) -> Vec<Bracket> {
        let is_quoted = |at: usize| quoted.iter().any(|range| range.contains(&at));
        let mut found = Vec::new();
        for (at, _) in text.match_indices('<').filter(|(at, _)| !is_quoted(*at)) {
            let rest = &text[at + 1..];
            let name = rest.strip_prefix('/').unwrap_or(rest);
            let length = name
                .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | ':'))
                .unwrap_or(name.len());
            let name = &name[..length];
            if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                continue;
            }
            if rest.starts_with('/') {
                found.push(Bracket::block_end(at));
                continue;
            }
            let end = text[at..]
                .match_indices('>')
                .map(|(offset, _)| at + offset)
                .find(|end| !is_quoted(*end));
            let is_void = self.void.iter().any(|void| void.eq_ignore_ascii_case(name));
            // A tag that is still being written opens nothing yet.
            if !is_void && end.is_some_and(|end| !text[..end].ends_with('/')) {
                found.push(Bracket::block_start(at));
            }
        }
        found
    }
}

/// Returns the length of the word that begins a text.
fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

/// Returns whether a word is one by itself: no member, symbol, key, option, variable or path.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let (after, rest) = (text[end..].chars().next(), &text[end..]);
    let is_joined_before =
        before.is_some_and(|c| matches!(c, '.' | ':' | '@' | '$' | '-' | '/' | '\\'));
    let is_key = rest.starts_with(':') && !rest.starts_with("::");
    let is_joined_after = after.is_some_and(|c| matches!(c, '?' | '!' | '-' | '/'));
    !is_joined_before && !is_key && !is_joined_after
}

/// Returns whether a statement begins after so much of a line.
fn begins_statement(line: &str) -> bool {
    let line = line.trim_end();
    line.is_empty() || line.ends_with([';', '|', '&', '(', '{', '[', '=', ',', '!', '>'])
}

#[cfg(test)]
mod tests {
    use crate::documents::{Language, Skeleton};

    /// Returns the words and tags of a text as brackets, without the brackets themselves.
    #[track_caller]
    fn check(language: &str, text: &str, expected: &str) {
        let language = Language::by_id(language).expect("a language of the table");
        let skeleton = Skeleton::by_text(Some(language), text);
        let blocks = skeleton.brackets.iter().map(|bracket| bracket.kind);
        let blocks: String = blocks.filter(|kind| matches!(kind, '⟨' | '⟩')).collect();
        assert_eq!(blocks, expected, "{text}");
    }

    #[test]
    fn words_open_and_close_blocks() {
        check("ruby", "def f\n  g\nend\n", "⟨⟩");
        check("ruby", "x = if a\n  1\nelse\n  2\nend\n", "⟨⟩⟨⟩");
        check(
            "lua",
            "if a then\n  b()\nelseif c then\n  d()\nelse\n  e()\nend",
            "⟨⟩⟨⟩⟨⟩",
        );
        check("lua", "repeat\n  a()\nuntil b", "⟨⟩");
        check("lua", "f(function() return 1 end)", "⟨⟩");
        check(
            "shellscript",
            "if a; then\n  b\nelif c; then\n  d\nfi",
            "⟨⟩⟨⟩",
        );
        check("shellscript", "while read -r a; do\n  b\ndone < c", "⟨⟩");
        check("shellscript", "case $1 in\n  a) b ;;\nesac", "⟨⟩");
    }

    #[test]
    fn a_condition_behind_a_statement_opens_nothing() {
        check("ruby", "return 1 if a\nb while c\nd unless e", "");
        check("ruby", "while a do\n  b\nend", "⟨⟩");
        check("ruby", "list.each do |a|\n  b if a\nend", "⟨⟩");
    }

    #[test]
    fn names_strings_and_arguments_are_no_words_of_blocks() {
        check(
            "ruby",
            "range.end\na = { end: 1, if: 2 }\nputs :end, \"end\" # end",
            "",
        );
        check("ruby", "a.split(/[#{b}] */).each do |c|\n  d\nend", "⟨⟩");
        check("ruby", "begin_work\nend_date = do_it", "");
        check("shellscript", "echo done fi then\nmake --do\nrm ./do", "");
        check("lua", "local t = { ['end'] = 1 } -- end\nprint('do')", "");
    }

    #[test]
    fn tags_open_and_close_blocks_unless_they_have_no_end() {
        check("html", "<ul>\n  <li>a</li>\n</ul>", "⟨⟨⟩⟩");
        check(
            "html",
            "<input name=\"a>b\"><br><p>a < b</p><img src=x />",
            "⟨⟩",
        );
        check("html", "<!-- <p> --><div class=", "");
    }

    #[test]
    fn a_line_leaves_open_what_it_does_not_close() {
        let leaves_open = |language: &str, line: &str| {
            let language = Language::by_id(language).expect("a language of the table");
            language.leaves_block_open(line)
        };
        assert!(leaves_open("ruby", "  class Order < Base"));
        assert!(leaves_open("ruby", "  else"));
        assert!(!leaves_open("ruby", "  def a = 1 if b; end"));
        assert!(!leaves_open("ruby", "  end"));
        assert!(leaves_open("html", "<div><p>a</p>"));
        assert!(!leaves_open("rust", "do"));
    }
}
