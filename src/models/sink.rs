//! Whoever listens to a stream.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::domain::Usage;

/// Hears a completion as it comes.
pub trait Sink: Send {
    /// Hears the next piece of text, never empty. `Break` says that the suggestion is complete:
    /// the stream is closed and the answer is what was seen, with
    /// [`Finish::Early`](crate::domain::Finish::Early).
    fn text(&mut self, chunk: &str) -> ControlFlow<()>;

    /// Hears what the call has used so far. A later word replaces an earlier one.
    fn usage(&mut self, usage: Usage);

    /// Hears that the host lets no further request through for so long, as the headers of this
    /// answer say.
    fn exhausted(&mut self, _rest: Duration) {}

    /// Hears how many bytes were generated so far that are no text of the answer: thoughts, a
    /// fence, the text before the cursor once more. They are paid for like any others.
    fn unseen(&mut self, _bytes: usize) {}

    /// Hears that the first text is there; called once, before that text.
    fn first_token(&mut self) {}
}

/// Keeps all that it hears and never stops the stream.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Collected {
    /// The pieces of text, in order.
    pub chunks: Vec<String>,
    /// The last word on usage.
    pub usage: Usage,
    /// How often a first token was announced: once, or never.
    pub first_tokens: u32,
}

impl Collected {
    /// Returns the text so far.
    #[must_use]
    pub fn joined(&self) -> String {
        self.chunks.concat()
    }
}

impl Sink for Collected {
    fn text(&mut self, chunk: &str) -> ControlFlow<()> {
        self.chunks.push(chunk.to_owned());
        ControlFlow::Continue(())
    }

    fn usage(&mut self, usage: Usage) {
        self.usage = usage;
    }

    fn first_token(&mut self) {
        self.first_tokens += 1;
    }
}
