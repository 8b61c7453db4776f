//! Reads a stream and says when the suggestion is complete, so that no more is paid for.
//!
//! Everything is decided character by character and at line ends, on the text so far, so that the
//! verdict does not depend on how the stream was cut into chunks. `finish` reads the whole answer
//! in the same way and keeps exactly what was read up to the stop.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Filter;
use super::block::{Block, BlockEnd};
use super::repetition::{repeated_lines, repeated_tail};
use super::surroundings::{Surroundings, says_something};
use crate::domain::special_tokens;

/// The most lines of a suggestion.
const MOST_LINES: usize = 24;
/// The most lines of prose before a fence that are waited for.
const MOST_PROSE: usize = 3;
/// How often, in bytes, a line without an end is looked at for repetition.
const LONG_LINE: usize = 64;

/// Sentences with which chat models begin to talk about code instead of writing it.
const TALK: [&str; 14] = [
    "here is ",
    "here's ",
    "here’s ",
    "here are ",
    "sure,",
    "sure!",
    "certainly,",
    "certainly!",
    "of course,",
    "of course!",
    "below is ",
    "the completed code",
    "the missing code",
    "to complete ",
];

/// What stands before the suggestion itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Preamble {
    Unknown,
    /// A model that talks; so many lines of it.
    Talk(usize),
    /// The suggestion has begun.
    Over {
        fenced: bool,
    },
}

/// Sees a stream and says when the suggestion is complete.
#[derive(Debug)]
pub struct EarlyStop {
    around: Arc<Surroundings>,
    /// What was read, with line feeds for every kind of line end.
    text: String,
    is_after_return: bool,
    has_returns: bool,
    preamble: Preamble,
    /// Where the suggestion begins in the text.
    body: usize,
    line_start: usize,
    lines: usize,
    blank_lines: usize,
    /// Where the last line with text ends.
    last_text: Option<usize>,
    block: Block,
    stopped: Option<(Filter, usize)>,
}

impl EarlyStop {
    #[cfg(test)]
    pub(super) fn new(context: &crate::context::Context) -> Self {
        Self::at(Arc::new(Surroundings::of(context)))
    }

    /// Makes the reader of one answer at a place.
    pub fn at(around: Arc<Surroundings>) -> Self {
        Self {
            block: Block::new(),
            around,
            text: String::new(),
            is_after_return: false,
            has_returns: false,
            preamble: Preamble::Unknown,
            body: 0,
            line_start: 0,
            lines: 0,
            blank_lines: 0,
            last_text: None,
            stopped: None,
        }
    }

    /// Reads on. Returns `Break` once the suggestion is complete; what comes after is not read.
    pub fn push(&mut self, chunk: &str) -> ControlFlow<()> {
        for char in chunk.chars() {
            if self.stopped.is_some() {
                break;
            }
            self.read(char);
        }
        match self.stopped {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }

    /// Ends the stream: its last line may need no line break.
    pub(super) fn close(&mut self) {
        if self.stopped.is_none() && self.line_start < self.text.len() {
            self.end_line(true);
        }
        if self.stopped.is_none() && matches!(self.preamble, Preamble::Talk(_)) {
            self.stop(Filter::Chat, self.body);
        }
    }

    /// Returns the suggestion as far as it was read, without what came before or after it.
    pub(super) fn kept(&self) -> &str {
        let end = self.stopped.map_or(self.text.len(), |(_, cut)| cut);
        &self.text[self.body.min(end)..end]
    }

    /// Returns what ended the reading, if anything did before the end of the stream.
    pub(super) fn stopped_by(&self) -> Option<Filter> {
        self.stopped.map(|(filter, _)| filter)
    }

    /// Returns what stands before the suggestion and does not belong to it.
    pub(super) fn skipped(&self) -> &str {
        &self.text[..self.body.min(self.text.len())]
    }

    /// Returns whether a line end was another one than a line feed.
    pub(super) const fn has_returns(&self) -> bool {
        self.has_returns
    }

    fn read(&mut self, char: char) {
        let is_second_half = self.is_after_return && char == '\n';
        self.is_after_return = char == '\r';
        self.has_returns |= self.is_after_return;
        if is_second_half {
            return;
        }
        let is_line_end = matches!(char, '\n' | '\r');
        if is_line_end {
            self.end_line(false);
        }
        if self.stopped.is_some() {
            return;
        }
        self.text.push(if is_line_end { '\n' } else { char });
        if is_line_end {
            self.line_start = self.text.len();
            return;
        }
        if matches!(char, '>' | ']') {
            let token = special_tokens().find(|token| self.text.ends_with(token));
            if let Some(token) = token {
                self.stop(Filter::SpecialToken, self.text.len() - token.len());
                return;
            }
        }
        let length = self.text.len() - self.line_start;
        if length.is_multiple_of(LONG_LINE)
            && let Some(cut) = repeated_tail(&self.text[self.line_start..])
        {
            self.stop(Filter::Repetition, self.line_start + cut);
        }
    }

    fn stop(&mut self, filter: Filter, cut: usize) {
        self.stopped = Some((filter, cut.max(self.body)));
    }

    /// Judges the line that ends here. `is_last` says that no line break follows.
    fn end_line(&mut self, is_last: bool) {
        let end = self.text.len();
        let line = &self.text[self.line_start..end];
        let is_blank = line.trim().is_empty();
        let fence = line.trim_start().starts_with("```") && !self.around.is_prose;
        match self.preamble {
            Preamble::Unknown | Preamble::Over { .. } if is_blank && self.last_text.is_none() => {
                return self.skip_blank_line(end, is_last);
            }
            Preamble::Unknown | Preamble::Talk(_) if fence => {
                self.preamble = Preamble::Over { fenced: true };
                self.body = end + usize::from(!is_last);
                return;
            }
            Preamble::Unknown if !self.around.is_prose && is_talk(line) => {
                self.preamble = Preamble::Talk(1);
                return;
            }
            Preamble::Talk(lines) => {
                self.preamble = Preamble::Talk(lines + usize::from(!is_blank));
                if lines >= MOST_PROSE {
                    self.stop(Filter::Chat, self.body);
                }
                return;
            }
            Preamble::Unknown => self.preamble = Preamble::Over { fenced: false },
            Preamble::Over { fenced: true } if fence => {
                return self.stop(Filter::Chat, self.last_text.unwrap_or(self.body));
            }
            Preamble::Over { .. } => {}
        }
        self.judge_line(end, is_blank, is_last);
    }

    /// A blank line at the beginning: the rest of the cursor's line, if that has text.
    fn skip_blank_line(&mut self, end: usize, is_last: bool) {
        if is_last {
            return;
        }
        if self.around.is_line_start() {
            self.body = end + 1;
        } else if self.around.single_line {
            // The model has nothing to say about this line.
            self.stop(Filter::SingleLine, end);
        }
        self.lines += 1;
        if self.lines >= MOST_LINES {
            self.stop(Filter::Length, end);
        }
    }

    fn judge_line(&mut self, end: usize, is_blank: bool, is_last: bool) {
        if self.around.single_line {
            if !is_last {
                self.stop(Filter::SingleLine, end);
            }
            return;
        }
        self.lines += 1;
        if is_blank {
            self.blank_lines += 1;
            if let Some(last_text) = self.last_text.filter(|_| self.blank_lines >= 2) {
                self.stop(Filter::BlankLines, last_text);
            }
            return;
        }
        if self.is_next_line(end) {
            let is_first = self.last_text.is_none();
            let filter = if is_first {
                Filter::NextLine
            } else {
                Filter::SuffixStart
            };
            return self.stop(filter, self.last_text.unwrap_or(self.body));
        }
        let body = &self.text[self.body..end];
        let line_start = self.line_start.max(self.body) - self.body;
        match self.block.end_line(&self.around, body, line_start) {
            Some(BlockEnd::Within(at)) => {
                return self.stop(Filter::BlockEnd, self.body + at);
            }
            Some(BlockEnd::Here) if !is_last => return self.stop(Filter::BlockEnd, end),
            Some(BlockEnd::Before) => {
                return self.stop(Filter::BlockEnd, self.last_text.unwrap_or(self.body));
            }
            Some(BlockEnd::Here) | None => {}
        }
        if let Some(cut) = repeated_lines(body) {
            return self.stop(Filter::Repetition, self.body + cut);
        }
        self.blank_lines = 0;
        self.last_text = Some(end);
        if self.lines >= MOST_LINES && !is_last {
            self.stop(Filter::Length, end);
        }
    }

    /// Returns whether the line that ends here stands after the cursor already.
    fn is_next_line(&self, end: usize) -> bool {
        let Some(next) = self.around.next_lines.first() else {
            return false;
        };
        let line = &self.text[self.line_start.max(self.body)..end];
        let is_first = self.last_text.is_none() && !self.text[self.body..end].contains('\n');
        let line = if is_first {
            format!("{}{line}", self.around.line_prefix)
        } else {
            line.to_owned()
        };
        if line.trim_end() != next || !says_something(next) {
            return false;
        }
        // The same line within a block of the suggestion's own is another one.
        let before = self
            .around
            .follow_text(&self.text[self.body..self.line_start.max(self.body)]);
        before.open.is_empty() && before.closed_before == 0
    }
}

/// Returns whether a model begins to talk.
pub(super) fn is_talk(line: &str) -> bool {
    let line = line.trim_start().to_lowercase();
    TALK.iter().any(|talk| line.starts_with(talk))
}
