//! What kind of place the cursor stands at.
//!
//! The syntax tree tells, where there is one and it is sound around the cursor; else the text of
//! the line does. A wrong guess costs a needless model call or a suggestion that is too long.

use crate::documents::{BlockStyle, Language, Node, Rope, Scope, Tree, closer_of};
use crate::domain::CursorSite;

/// How far back a block comment's beginning is looked for when there is no tree, in bytes.
const COMMENT_REACH: usize = 4_096;

/// The cursor's surroundings.
pub(super) struct Place<'a> {
    pub(super) language: Option<&'static Language>,
    pub(super) tree: Option<&'a Tree>,
    pub(super) rope: &'a Rope,
    pub(super) offset: usize,
    pub(super) prefix: &'a str,
    pub(super) suffix: &'a str,
    pub(super) line_prefix: &'a str,
    pub(super) line_suffix: &'a str,
    pub(super) scopes: &'a [Scope],
    pub(super) is_in_import: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Syntax {
    Code,
    Comment,
    String,
}

/// The shape of the cursor's line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    /// Nothing but blanks.
    Blank,
    /// The cursor ends it, after what opens a block.
    AfterOpener,
    /// The cursor ends it, after other text.
    AfterText,
    /// Something stands after the cursor, if only what an editor has closed by itself.
    BeforeText,
}

/// Says whether an answer ends with the line: the whole table.
///
/// Where a line is being written, its rest is wanted: a longer answer is rarely taken as a whole,
/// and each of its tokens is paid for. Where a block is empty or a line of it is, the block is what
/// is missing. A suggestion that was just accepted makes no difference.
const fn is_single_line(site: CursorSite, line: Line) -> bool {
    match (site, line) {
        // Prose, names and heads go on for a line; so does a block comment, line by line.
        (CursorSite::Comment | CursorSite::String, _) => true,
        (CursorSite::Import | CursorSite::Signature, _) => true,
        // More text would tear what stands after the cursor from its beginning.
        (CursorSite::MidLine, _) => true,
        (CursorSite::EmptyBlock, _) => false,
        (CursorSite::LineEnd, Line::Blank | Line::AfterOpener) => false,
        (CursorSite::LineEnd, Line::AfterText | Line::BeforeText) => true,
    }
}

impl Place<'_> {
    /// Returns the site and whether an answer should end with the line.
    pub(super) fn site(&self) -> (CursorSite, bool) {
        let site = self.kind();
        (site, is_single_line(site, self.line()))
    }

    fn line(&self) -> Line {
        if !self.line_suffix.trim().is_empty() {
            Line::BeforeText
        } else if self.line_prefix.trim().is_empty() {
            Line::Blank
        } else if self.opens_a_block() {
            Line::AfterOpener
        } else {
            Line::AfterText
        }
    }

    fn kind(&self) -> CursorSite {
        let by_tree = self.syntax_by_tree();
        let syntax = by_tree.unwrap_or_else(|| self.syntax_by_text());
        if syntax == Syntax::Comment {
            return CursorSite::Comment;
        }
        if self.is_in_import || self.begins_with_import_word() {
            return CursorSite::Import;
        }
        if syntax == Syntax::String {
            return CursorSite::String;
        }
        let is_in_head = self.scopes.last().is_some_and(|scope| {
            scope.head.start < self.offset && self.offset <= scope.head.end && !self.is_line_blank()
        });
        let is_head = is_in_head && !self.is_after_block_opener() || self.is_head_by_text();
        if is_head && !self.is_in_expression_body() {
            return CursorSite::Signature;
        }
        if self.is_in_empty_block() {
            return CursorSite::EmptyBlock;
        }
        if has_code(self.line_suffix) {
            return CursorSite::MidLine;
        }
        CursorSite::LineEnd
    }

    /// Returns `None` where the tree is not to be trusted.
    fn syntax_by_tree(&self) -> Option<Syntax> {
        let language = self.language?;
        let offset = self.offset;
        let root = self.tree?.root_node();
        let mut node = root.descendant_for_byte_range(offset.saturating_sub(1), offset)?;
        let is_within = |node: Node<'_>| node.start_byte() < offset && offset < node.end_byte();
        let is_one_of = |kinds: &[String], node: Node<'_>| kinds.iter().any(|k| k == node.kind());
        let mut is_sound = true;
        loop {
            if is_one_of(&language.interpolation_nodes, node) && is_within(node) {
                break;
            }
            if is_one_of(&language.string_nodes, node) && is_within(node) {
                return Some(Syntax::String);
            }
            if is_one_of(&language.comment_nodes, node) && self.is_in_comment(language, node) {
                return Some(Syntax::Comment);
            }
            is_sound &= !node.is_error();
            let Some(parent) = node.parent() else { break };
            node = parent;
        }
        is_sound.then_some(Syntax::Code)
    }

    fn is_in_comment(&self, language: &Language, node: Node<'_>) -> bool {
        let start = node.start_byte();
        let begins_with = |marker: &str| {
            let text = self.rope.get_byte_slice(start..start + marker.len());
            text.is_some_and(|text| text == marker)
        };
        let marker = language.line_comment.as_str();
        let block = language.block_comment.as_ref();
        let is_line_comment = !marker.is_empty()
            && begins_with(marker)
            && block.is_none_or(|(open, _)| !begins_with(open));
        if !is_line_comment {
            return start < self.offset && self.offset < node.end_byte();
        }
        // Some grammars let a line comment reach over its line ending.
        start < self.offset
            && self.offset <= node.end_byte()
            && self.rope.byte_to_line(start) == self.rope.byte_to_line(self.offset)
    }

    /// Reads the line from its start, minding quotes and comments.
    fn syntax_by_text(&self) -> Syntax {
        let Some(language) = self.language else {
            return Syntax::Code;
        };
        let reach = self.prefix.len().saturating_sub(COMMENT_REACH);
        let recent = &self.prefix[self.prefix.ceil_char_boundary(reach)..];
        let before_line = &recent[..recent.len().saturating_sub(self.line_prefix.len())];
        let mut syntax = Syntax::Code;
        if let Some((open, close)) = &language.block_comment {
            let opened = before_line.rfind(open.as_str());
            let closed = before_line.rfind(close.as_str());
            if opened > closed {
                syntax = Syntax::Comment;
            }
        }
        let is_whole = self.prefix.len() == self.offset;
        for quote in language.long_quotes.iter().filter(|_| is_whole) {
            if self.prefix.matches(quote.as_str()).count() % 2 == 1 {
                return Syntax::String;
            }
        }
        read_line(language, self.line_prefix, syntax)
    }

    fn begins_with_import_word(&self) -> bool {
        let Some(language) = self.language else {
            return false;
        };
        let line = without_modifiers(language, self.line_prefix.trim_start());
        language.import_words.iter().any(|word| {
            line.strip_prefix(word.as_str())
                .is_some_and(|rest| rest.starts_with([' ', '\t', '"', '<']))
        })
    }

    fn is_head_by_text(&self) -> bool {
        let Some(language) = self.language else {
            return false;
        };
        let line = without_modifiers(language, self.line_prefix.trim_start());
        let is_head = language.head_words.iter().any(|word| {
            line.strip_prefix(word.as_str())
                .is_some_and(|rest| rest.starts_with([' ', '\t', '<', '(']))
        });
        // `struct point p = …` is a variable.
        let assigns = line.find('=').unwrap_or(usize::MAX) < line.find('(').unwrap_or(usize::MAX);
        is_head && !assigns && !line.contains(['{', ';']) && !self.opens_a_block()
    }

    /// Returns whether the line has come to the body of a function that is one expression: an
    /// assignment behind its parameters.
    fn is_in_expression_body(&self) -> bool {
        let line = self.line_prefix;
        let count = |text: &str, char: char| text.matches(char).count();
        let Some((head, rest)) = line.rsplit_once(')') else {
            return false;
        };
        let is_balanced = count(head, '(') == count(head, ')') + 1;
        let assigned = rest.split_once('=').map(|(before, _)| before);
        // `Item = …` of a bound is none.
        is_balanced && assigned.is_some_and(|before| count(before, '<') <= count(before, '>'))
    }

    fn is_line_blank(&self) -> bool {
        self.line_prefix.trim().is_empty() && self.line_suffix.trim().is_empty()
    }

    fn opens_a_block(&self) -> bool {
        let line = self.line_prefix.trim_end();
        // A colon within brackets is that of an annotation, a dictionary or a slice.
        let is_in_brackets =
            line.matches(['(', '[', '{']).count() > line.matches([')', ']', '}']).count();
        line.ends_with(|c| self.bracket_opens_block(c))
            || self.is_indented_language() && self.ends_with_colon() && !is_in_brackets
            || self.is_opened_by_word(line)
    }

    fn ends_with_colon(&self) -> bool {
        let line = match self.language {
            Some(language) if language.blocks.value_after_blank => self.line_prefix,
            Some(_) | None => self.line_prefix.trim_end(),
        };
        line.ends_with(':')
    }

    /// Returns whether words or tags open a block before the cursor, and nothing more of that line
    /// is to come: `do`, or the parameters of a function.
    fn is_opened_by_word(&self, line: &str) -> bool {
        let Some(language) = self.language else {
            return false;
        };
        let words = [&language.blocks.open, &language.blocks.middle];
        let last = line.rsplit(|c: char| !c.is_alphanumeric()).next();
        let last = last.unwrap_or_default();
        let statement = &language.blocks.open_statement;
        let is_whole = line.ends_with([')', '|', '>'])
            || words.into_iter().flatten().any(|word| word == last)
            // `begin` is a whole line, `while` is not.
            || line.trim_start() == last && statement.iter().any(|word| word == last);
        is_whole && language.leaves_block_open(line)
    }

    fn bracket_opens_block(&self, char: char) -> bool {
        match self.language {
            Some(language) => language.blocks.brackets.contains(char),
            None => char == '{',
        }
    }

    fn is_after_block_opener(&self) -> bool {
        self.opens_a_block() && !has_code(self.line_suffix)
    }

    fn is_indented_language(&self) -> bool {
        self.language
            .is_some_and(|language| language.block_style == BlockStyle::Indent)
    }

    fn is_in_empty_block(&self) -> bool {
        let before = self.prefix.trim_end();
        let after = self.suffix.trim_start();
        if self.is_indented_language() {
            let opener = before.lines().next_back().unwrap_or_default();
            let next = self.suffix[self.line_suffix.len()..]
                .lines()
                .find(|line| !line.trim().is_empty());
            let is_deeper = next.is_some_and(|line| indent(line) > indent(opener));
            return self.is_line_blank() && before.ends_with(':') && !is_deeper;
        }
        let is_by_word = self.language.is_some_and(|language| {
            let opener = before.lines().next_back().unwrap_or_default();
            let opens = language.blocks.is_heading(opener) || language.leaves_block_open(opener);
            opens && (after.is_empty() || language.begins_with_closer(after))
        });
        if is_by_word && self.is_line_blank() {
            return true;
        }
        let Some(opener) = before.chars().next_back() else {
            return false;
        };
        let is_at_opener =
            self.line_prefix.trim().is_empty() || self.line_prefix.trim_end().ends_with(opener);
        // An expression in markup or in a template stands in braces, too, with more after it.
        // Other brackets than braces hold a block only where they stand on lines of their own.
        is_at_opener
            && (opener == '{' || self.is_line_blank())
            && self.bracket_opens_block(opener)
            && (after.is_empty() || closer_of(opener).is_some_and(|c| after.starts_with(c)))
            && !has_code(self.line_suffix)
    }
}

/// Returns whether there is more than what editors close by themselves.
fn has_code(line_suffix: &str) -> bool {
    line_suffix.chars().any(|c| {
        !c.is_whitespace() && !matches!(c, ')' | ']' | '}' | '>' | ';' | ',' | '"' | '\'' | '`')
    })
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn without_modifiers<'a>(language: &Language, line: &'a str) -> &'a str {
    let mut rest = line;
    while let Some(after) = language
        .modifiers
        .iter()
        .find_map(|word| rest.strip_prefix(word.as_str()))
    {
        // `pub(crate)` and `extern "C"` carry something with them.
        let after = match after.split_once(')') {
            Some((_, after)) if rest_is_argument(rest, after) => after,
            _ => after,
        };
        let Some(next) = after.strip_prefix([' ', '\t']) else {
            break;
        };
        rest = next.trim_start();
        if let Some((_, after)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            rest = after.trim_start();
        }
    }
    rest
}

/// Returns whether what was skipped between two rests of a line is one word in parentheses.
fn rest_is_argument(before: &str, after: &str) -> bool {
    let skipped = &before[..before.len() - after.len()];
    skipped
        .split_once('(')
        .is_some_and(|(word, inside)| !word.contains([' ', '\t']) && !inside.contains('('))
}

fn read_line(language: &Language, line: &str, start: Syntax) -> Syntax {
    let mut syntax = start;
    let mut quote = None;
    let mut rest = line;
    while let Some(char) = rest.chars().next() {
        let mut step = char.len_utf8();
        match (syntax, quote) {
            (Syntax::String, Some(open)) => {
                if char == '\\' {
                    step += rest[step..].chars().next().map_or(0, char::len_utf8);
                } else if char == open {
                    (syntax, quote) = (Syntax::Code, None);
                }
            }
            (Syntax::Comment, _) => {
                let close = language.block_comment.as_ref().map(|(_, close)| close);
                if let Some(close) = close.filter(|close| rest.starts_with(close.as_str())) {
                    syntax = Syntax::Code;
                    step = close.len();
                }
            }
            (Syntax::Code | Syntax::String, _) => {
                let open = language.block_comment.as_ref().map(|(open, _)| open);
                if let Some(open) = open.filter(|open| rest.starts_with(open.as_str())) {
                    syntax = Syntax::Comment;
                    step = open.len();
                } else if language.begins_line_comment(line, line.len() - rest.len()) {
                    return Syntax::Comment;
                } else if let Some(literal) = char_literal(language, rest) {
                    step = literal;
                } else if language.quotes.contains(char) {
                    (syntax, quote) = (Syntax::String, Some(char));
                }
            }
        }
        rest = &rest[step..];
    }
    syntax
}

/// Returns the length of a literal such as `'"'`, where single quotes do not make strings.
fn char_literal(language: &Language, rest: &str) -> Option<usize> {
    if language.quotes.contains('\'') || !rest.starts_with('\'') {
        return None;
    }
    ["'\"'", "'\\\"'"]
        .into_iter()
        .find(|literal| rest.starts_with(literal))
        .map(str::len)
}

#[cfg(test)]
mod tests;
