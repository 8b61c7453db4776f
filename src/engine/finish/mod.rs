//! From a model's raw text to a suggestion, or to nothing; and when a stream may be closed.
//!
//! Pure. Two steps, which agree because they are the same code:
//!
//! 1. [`EarlyStop`] reads the answer while it streams in and closes it where the suggestion is
//!    complete. [`finish`] reads the whole answer once more in that way, so that what came after
//!    the stop in the same chunk, or from a server that was not asked to stop, does not survive.
//! 2. The filters of the text, one function each in `filters`, in the order of [`Filter::ALL`].
//!
//! Why this order: what cannot be shown whatever else is true of it goes first (a secret).
//! Then the beginning is put right, since the line that would come to be is compared later. Then the
//! end: what stands after the cursor already is taken off before brackets are counted, and whole
//! lines are compared only after that. Blanks come last, on what is left. A filter may uncover work
//! for an earlier one, so all of them run until none acts; each but the indentation only takes away,
//! so this ends, and finishing a finished text changes nothing.
//!
//! `tests/fixtures/finish/<filter>/` shows what each filter does and what it leaves alone.

mod block;
mod early_stop;
mod filters;
mod indentation;
mod repetition;
mod surroundings;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use early_stop::EarlyStop;
use filters::Verdict;
pub use surroundings::Surroundings;

use crate::context::Context;

/// How often the filters run at most; a text that will not come to rest is not offered.
const MOST_ROUNDS: usize = 8;

macro_rules! filters {
    ($($(#[doc = $doc:literal])* $name:ident = $word:literal,)*) => {
        /// What makes a suggestion of raw text, in the order in which it is done.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Filter {
            $($(#[doc = $doc])* $name,)*
        }

        impl Filter {
            /// Every filter, in order.
            #[cfg(test)]
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns the name, for logs, explanations and fixtures.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

filters!(
    // While reading:
    /// Every kind of line end becomes a line feed.
    LineEnds = "line-ends",
    /// A special token of any model family ends the text.
    SpecialToken = "special-token",
    /// Of an answer in a Markdown fence only the code is kept; talk without code is dropped.
    Chat = "chat",
    /// One line is kept where one line is wanted.
    SingleLine = "single-line",
    /// Two blank lines end the text; blank lines before it go where the cursor's line is blank.
    BlankLines = "blank-lines",
    /// A text that begins with the line that follows is dropped.
    NextLine = "next-line",
    /// A line that stands after the cursor already ends the text.
    SuffixStart = "suffix-start",
    /// The end of the cursor's block ends the text.
    BlockEnd = "block-end",
    /// Lines, or pieces of a line, that come again and again are kept once.
    Repetition = "repetition",
    /// A text of too many lines is cut.
    Length = "length",
    /// A text of nothing but blanks is dropped.
    Empty = "empty",
    // On the text:
    /// A text that is or completes a secret, or holds the mask of one, is dropped.
    Secret = "secret",
    /// The beginning that was typed already is taken off.
    TypedAgain = "typed-again",
    /// The end that stands after the cursor already is taken off: the rest of the line, and lines.
    Overlap = "overlap",
    /// The text is cut at a bracket that stands after the cursor already and closes nothing here.
    Closer = "closer",
    /// A text that begins with the line before once more is dropped.
    PreviousLine = "previous-line",
    /// Indentation fits the cursor's column and the file's blanks; lines move as a block.
    Indentation = "indentation",
    /// Blanks at the ends of lines go.
    TrailingBlanks = "trailing-blanks",
    /// A closing character that editors type themselves is dropped, unless it ends a block.
    LoneCloser = "lone-closer",
);

impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A suggestion, and what was done to the raw text to make it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finished {
    /// The text to insert at the cursor, with line feeds only.
    pub text: String,
    /// The filters that changed it, each once, in the order in which they did.
    pub touched: Vec<Filter>,
}

/// Makes a suggestion of a model's raw text.
///
/// # Errors
///
/// Names the filter that left nothing of it.
pub fn finish(raw: &str, context: &Context) -> Result<Finished, Filter> {
    finish_in(raw, &Arc::new(Surroundings::of(context)))
}

/// Does the same where the place was looked at before, for a stream.
///
/// # Errors
///
/// Names the filter that left nothing of it.
pub fn finish_in(raw: &str, around: &Arc<Surroundings>) -> Result<Finished, Filter> {
    let mut finished = Finished {
        text: raw.to_owned(),
        touched: Vec::new(),
    };
    for _ in 0..MOST_ROUNDS {
        let before = finished.text.clone();
        finished.read(around)?;
        for (filter, apply) in filters::ALL {
            match apply(&finished.text, around) {
                Verdict::Keep => {}
                Verdict::Change(text) if text.trim().is_empty() => return Err(*filter),
                Verdict::Change(text) => finished.change(*filter, text),
                Verdict::Drop => return Err(*filter),
            }
        }
        if finished.text == before {
            return Ok(finished);
        }
    }
    Err(finished.touched.last().copied().unwrap_or(Filter::Empty))
}

impl Finished {
    /// Reads the text as a stream would have been read.
    fn read(&mut self, around: &Arc<Surroundings>) -> Result<(), Filter> {
        let mut stop = EarlyStop::at(Arc::clone(around));
        // The verdict is that of the whole text: the reader has stopped by itself, or not at all.
        let _ = stop.push(&self.text);
        stop.close();
        let kept = stop.kept().to_owned();
        let skipped = stop.skipped();
        let mut acted = Vec::new();
        if stop.has_returns() {
            acted.push(Filter::LineEnds);
        }
        if !skipped.trim().is_empty() {
            acted.push(Filter::Chat);
        } else if !skipped.is_empty() {
            acted.push(Filter::BlankLines);
        }
        // Blanks that the stop leaves are no change of its own.
        let is_cut = kept.trim_end().len() + skipped.len() < self.text.trim_end().len();
        acted.extend(stop.stopped_by().filter(|_| is_cut));
        if kept.trim().is_empty() {
            let has_text = !self.text.trim().is_empty();
            let by = acted.last().copied().filter(|_| has_text);
            return Err(stop.stopped_by().or(by).unwrap_or(Filter::Empty));
        }
        for filter in acted {
            self.touch(filter);
        }
        self.text = kept;
        Ok(())
    }

    fn change(&mut self, filter: Filter, text: String) {
        self.touch(filter);
        self.text = text;
    }

    fn touch(&mut self, filter: Filter) {
        if !self.touched.contains(&filter) {
            self.touched.push(filter);
        }
    }
}
