//! Finds the end of the block that the cursor stands in, while an answer comes in.
//!
//! Brackets, words and tags tell it where they make blocks, indentation, headings and the ends of
//! statements where those do. What is a bracket and what is only text, the language's grammar says, from a small window before the cursor; where there is
//! none, or it has lost its way, the text itself is read.

use std::time::Duration;

use super::surroundings::{Balance, Surroundings, indent};
use crate::documents::{BlockStyle, Bracket, Skeleton};

/// How long one look by the grammar may take; the text is read when it takes longer.
const PARSE_LIMIT: Duration = if cfg!(test) {
    // A machine that does other work must not change what a test sees.
    Duration::from_secs(60)
} else {
    Duration::from_millis(5)
};

/// Words that go on with the statement before them, where indentation makes blocks.
const GOES_ON: [&str; 5] = ["else", "elif", "except", "finally", "case"];

/// Where a block ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BlockEnd {
    /// With the line, which still belongs to it.
    Here,
    /// At a place within the text: what follows stands after the cursor already.
    Within(usize),
    /// Before the line.
    Before,
}

/// What has been seen of the block.
#[derive(Debug)]
pub(super) struct Block {
    /// The least indentation of a line of the block; unknown until its first line has come.
    base: Option<usize>,
    has_gone_deeper: bool,
}

impl Block {
    pub(super) const fn new() -> Self {
        Self {
            base: None,
            has_gone_deeper: false,
        }
    }

    /// Judges a line with text that ends `body` and begins at `line_start`.
    pub(super) fn end_line(
        &mut self,
        around: &Surroundings,
        body: &str,
        line_start: usize,
    ) -> Option<BlockEnd> {
        by_brackets(around, body, line_start)
            .or_else(|| self.by_indent(around, body, line_start))
            .or_else(|| by_marks(around, body, line_start))
    }

    fn by_indent(
        &mut self,
        around: &Surroundings,
        body: &str,
        line_start: usize,
    ) -> Option<BlockEnd> {
        if !around.is_by_indent() {
            return None;
        }
        let line = &body[line_start..];
        let first_line = body.lines().next().unwrap_or_default();
        if line_start == 0 {
            return None;
        }
        let width = indent(line);
        let base = *self
            .base
            .get_or_insert_with(|| base(around, first_line, width));
        let is_deeper = width > base;
        let is_end = width < base
            || width == base && around.holds_items && self.has_gone_deeper && !goes_on(line);
        if is_end && !is_continued(around, body, line_start) {
            return Some(BlockEnd::Before);
        }
        self.has_gone_deeper |= is_deeper;
        None
    }
}

/// Returns the least indentation of the block's lines, from what the model wrote first.
fn base(around: &Surroundings, first_line: &str, second: usize) -> usize {
    let stands = indent(&around.line_prefix);
    let opens = first_line.trim_end().ends_with(':')
        || first_line.trim().is_empty() && around.line_prefix.trim_end().ends_with(':');
    if !around.is_line_start() {
        return match (opens, second) {
            // The body of what was opened; some models count its indentation from nothing.
            (true, 1..) if second <= stands => 1,
            (true, _) => stands + 1,
            (false, _) => stands,
        };
    }
    let written = indent(first_line);
    if written >= stands {
        written
    } else if opens && second <= stands {
        0
    } else {
        stands
    }
}

fn goes_on(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with([')', ']', '}'])
        || GOES_ON.iter().any(|word| {
            line.strip_prefix(word)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
}

/// Returns whether a line begins within a string or within brackets: its indentation says nothing.
fn is_continued(around: &Surroundings, body: &str, line_start: usize) -> bool {
    let (skeleton, from) = skeleton(around, body);
    let before = skeleton
        .brackets
        .iter()
        .filter(|bracket| (from..from + line_start).contains(&bracket.at));
    let is_open = !around.follow(before.copied()).open.is_empty();
    is_open
        || skeleton.is_quoted(from + line_start)
        || is_in_open_quote(&Skeleton::by_text(around.language, body), body, line_start)
}

/// Returns whether a place is in a string or comment that has not ended yet. A grammar does not see
/// those: it takes them for a mistake.
fn is_in_open_quote(by_text: &Skeleton, body: &str, at: usize) -> bool {
    by_text
        .quoted
        .last()
        .is_some_and(|quoted| quoted.start < at && quoted.end == body.len())
}

/// Judges by what marks the whole of a block: the next heading, or the end of a statement.
fn by_marks(around: &Surroundings, body: &str, line_start: usize) -> Option<BlockEnd> {
    let language = around.language?;
    let line = &body[line_start..];
    let end = match language.block_style {
        BlockStyle::Headings if line_start > 0 && language.blocks.is_heading(line) => {
            BlockEnd::Before
        }
        BlockStyle::Statements if line.trim_end().ends_with(language.blocks.end.as_str()) => {
            BlockEnd::Here
        }
        BlockStyle::Braces
        | BlockStyle::Indent
        | BlockStyle::Words
        | BlockStyle::Tags
        | BlockStyle::Headings
        | BlockStyle::Statements => return None,
    };
    let brackets = Skeleton::by_text(Some(language), &body[..line_start]).brackets;
    // Code in a page has lines that look like headings.
    let is_in_fence = body[..line_start].matches("```").count() % 2 == 1;
    let is_open = end == BlockEnd::Before && !around.follow(brackets).open.is_empty();
    (!is_open && !is_in_fence).then_some(end)
}

fn by_brackets(around: &Surroundings, body: &str, line_start: usize) -> Option<BlockEnd> {
    let line = &body[line_start..];
    if !around.may_close(line) {
        return None;
    }
    // The grammar is asked only where a block may end: a look costs more than reading the text.
    let by_text = Skeleton::by_text(around.language, body);
    let is_closing_line = around.begins_with_closer(line.trim_start());
    let closed_before = around
        .follow(by_text.brackets.iter().copied())
        .closed_before;
    if !is_closing_line && closed_before == 0 || is_in_open_quote(&by_text, body, line_start) {
        return None;
    }
    // Where nothing may be a string, a comment or an expression of its own, the text is exact.
    let has_patterns = around
        .language
        .is_some_and(|language| !language.blocks.lone_parenthesis.is_empty());
    let (skeleton, from) = if has_patterns || body.contains(['"', '\'', '`', '/', '#']) {
        skeleton(around, body)
    } else {
        (by_text, 0)
    };
    let own = skeleton
        .brackets
        .into_iter()
        .filter(|bracket| bracket.at >= from)
        .map(|bracket| Bracket {
            at: bracket.at - from,
            ..bracket
        });
    let Balance {
        open,
        last_pair,
        closed_before,
        excess,
    } = around.follow(own);
    if let Some(at) = excess {
        return Some(BlockEnd::Within(at));
    }
    if !open.is_empty() {
        return None;
    }
    let is_item = around.holds_items
        && last_pair.is_some_and(|(opened, closed)| {
            let closer = &body[closed..];
            let ends_block = closer.starts_with('}')
                || around
                    .language
                    .is_some_and(|language| language.begins_with_closer(closer));
            opened < line_start && line_start <= closed && ends_block
        });
    (closed_before > 0 || is_item).then_some(BlockEnd::Here)
}

/// Returns the skeleton of the window and the suggestion, and where the suggestion begins in it.
fn skeleton(around: &Surroundings, body: &str) -> (Skeleton, usize) {
    let from = around.window.len();
    let by_grammar = around.language.and_then(|language| {
        let text = [around.window.as_str(), body].concat();
        Skeleton::by_grammar(language, &text, PARSE_LIMIT)
    });
    match by_grammar {
        Some(skeleton) => (skeleton, from),
        None => (Skeleton::by_text(around.language, body), 0),
    }
}
