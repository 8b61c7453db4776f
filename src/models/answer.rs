//! An answer while it comes: the text, the usage, and why it ended.
//!
//! Each protocol reads its events into one of these with its own [`Decode`]; what the sink hears
//! and what is returned in the end are the same by construction.

use serde_json::Value;

use crate::domain::{Completion, Finish, Usage};

use super::middle::Middle;
use super::refusal::{kind_of, slug};
use super::usage::{Counting, Reported};
use super::{ModelError, Sink};

/// Whether more is expected after an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    More,
    Done,
}

/// How a protocol reads the data of one event into the answer.
pub(super) type Decode = fn(&str, &mut Answer<'_>) -> Result<Step, ModelError>;

/// What has come of an answer so far.
pub(super) struct Answer<'a> {
    text: String,
    /// Finds the middle in what a chat model says.
    middle: Option<Middle>,
    /// How many bytes have come, text or not.
    generated: usize,
    usage: Usage,
    reported: Reported,
    finish: Option<Finish>,
    is_enough: bool,
    has_moved: bool,
    sink: &'a mut dyn Sink,
}

impl<'a> Answer<'a> {
    pub(super) fn new(sink: &'a mut dyn Sink) -> Self {
        Self {
            text: String::new(),
            middle: None,
            generated: 0,
            usage: Usage::default(),
            reported: Reported::default(),
            finish: None,
            is_enough: false,
            has_moved: false,
            sink,
        }
    }

    /// Hears that the host lets nothing more through for so long.
    pub(super) fn exhausted(&mut self, rest: std::time::Duration) {
        self.sink.exhausted(rest);
    }

    /// Begins the answer of a chat model, of which only the middle is text.
    pub(super) fn of_chat(sink: &'a mut dyn Sink, middle: Middle) -> Self {
        Self {
            middle: Some(middle),
            ..Self::new(sink)
        }
    }

    /// Adds a piece of text. Nothing more is wanted once the sink has enough.
    pub(super) fn text(&mut self, chunk: &str) {
        if chunk.is_empty() || self.is_enough {
            return;
        }
        self.has_moved = true;
        self.generated += chunk.len();
        let Some(middle) = &mut self.middle else {
            return self.tell(chunk);
        };
        let told = middle.hear(chunk);
        let is_tedious = middle.is_tedious();
        self.tell(&told);
        self.is_enough |= is_tedious;
        self.tell_unseen();
    }

    /// Adds what was generated and is no part of the answer, such as a thought.
    pub(super) fn unseen(&mut self, chunk: &str) {
        if !chunk.is_empty() {
            self.has_moved = true;
            self.generated += chunk.len();
            self.tell_unseen();
        }
    }

    fn tell_unseen(&mut self) {
        self.sink.unseen(self.generated - self.text.len());
    }

    fn tell(&mut self, chunk: &str) {
        if chunk.is_empty() {
            return;
        }
        if self.text.is_empty() {
            self.sink.first_token();
        }
        self.text.push_str(chunk);
        self.is_enough = self.sink.text(chunk).is_break();
    }

    /// Takes the provider's own report of usage. It comes before the text of the same event, so
    /// that a sink that has enough knows what it cost.
    pub(super) fn report(&mut self, counting: &Counting, report: &Value) {
        let usage = self.reported.hear(counting, report);
        self.usage(usage);
    }

    /// Takes a word on usage, in place of an earlier one; an empty word is none.
    pub(super) fn usage(&mut self, usage: Usage) {
        if usage != Usage::default() && usage != self.usage {
            self.has_moved = true;
            self.usage = usage;
            self.sink.usage(usage);
        }
    }

    pub(super) fn finish(&mut self, finish: Finish) {
        self.finish = Some(finish);
    }

    pub(super) fn is_enough(&self) -> bool {
        self.is_enough
    }

    pub(super) fn has_text(&self) -> bool {
        !self.text.is_empty()
    }

    /// Returns whether text or usage has come since this was last asked.
    pub(super) fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.has_moved)
    }

    pub(super) fn into_completion(mut self) -> Completion {
        if !self.is_enough
            && let Some(mut middle) = self.middle.take()
        {
            let rest = middle.end();
            self.tell(&rest);
            self.tell_unseen();
        }
        Completion {
            text: self.text,
            usage: self.usage,
            finish: if self.is_enough {
                Finish::Early
            } else {
                // An answer that just ends may have been cut, like one at its token limit.
                self.finish.unwrap_or(Finish::Length)
            },
        }
    }

    /// Returns the error that an event reports, if it reports one.
    pub(super) fn reported_error(&self, event: &Value) -> Option<ModelError> {
        event
            .get("error")
            .filter(|error| !error.is_null())
            .map(|_| self.in_stream(event))
    }

    /// Returns the error that an event is.
    pub(super) fn in_stream(&self, event: &Value) -> ModelError {
        ModelError::InStream {
            kind: kind_of(event),
            after_text: self.has_text(),
        }
    }

    /// Returns the error of an answer that ends because of what the provider calls `kind`.
    pub(super) fn failed(&self, kind: Option<&str>) -> ModelError {
        ModelError::InStream {
            kind: kind.and_then(slug),
            after_text: self.has_text(),
        }
    }
}

/// Reads the data of an event as JSON.
pub(super) fn json(data: &str) -> Result<Value, ModelError> {
    serde_json::from_str(data).map_err(|_| ModelError::Garbled {
        why: "an event is not JSON",
    })
}
