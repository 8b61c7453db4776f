//! A request for a completion and what answers it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::model::named;
use super::{ByteOffset, CompletionId, ModelId, Timestamp, Usage};

/// The name of an open document, as the editor writes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentUri(String);

impl DocumentUri {
    /// Wraps a URI.
    #[must_use]
    pub fn new(uri: impl Into<String>) -> Self {
        Self(uri.into())
    }

    /// Returns the URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DocumentUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

named!(
    /// Why a completion is asked for.
    Trigger {
        /// The user asked by hand.
        Invoked = "invoked",
        /// The editor asked after a key.
        Automatic = "automatic",
    }
);

named!(
    /// Which face asked; only `lsp` and `try` rows count as offers in reports.
    Origin {
        /// A language server session.
        Lsp = "lsp",
        /// A `mantle try` session.
        Try = "try",
        /// `mantle complete` on the command line: never an offer.
        Cli = "cli",
    }
);

/// One request, already freed of everything that is particular to a protocol.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CompletionRequest {
    /// The suggestion that may come of it.
    pub id: CompletionId,
    /// The document at the cursor.
    pub document: DocumentUri,
    /// The cursor.
    pub offset: ByteOffset,
    /// Why it is asked for.
    pub trigger: Trigger,
    /// When it was received.
    pub received: Timestamp,
}

/// How sure a model is that its suggestion is exactly right: between 0 and 1.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Confidence(f32);

impl Confidence {
    /// Makes a confidence; what is not a number counts as 0, the rest is clamped to 0..=1.
    #[must_use]
    pub fn new(probability: f32) -> Self {
        Self(if probability.is_nan() {
            0.0
        } else {
            probability.clamp(0.0, 1.0)
        })
    }

    /// Returns the probability.
    #[must_use]
    pub const fn get(self) -> f32 {
        self.0
    }
}

named!(
    /// Where an answer came from.
    Source {
        /// Typed-through or exact: an answer we already had.
        Cache = "cache",
        /// The embedded model.
        Embedded = "embedded",
        /// A model over the network.
        Model = "model",
    }
);

/// A suggestion that is ready to be offered.
#[derive(Clone, PartialEq, Debug)]
pub struct Candidate {
    /// The suggestion's identity; a typed-through answer keeps that of the first offer.
    pub id: CompletionId,
    /// The text to insert at the cursor.
    pub text: String,
    /// Where it came from this time.
    pub source: Source,
    /// Which model made it, whenever that was.
    pub model: ModelId,
    /// How sure that model was, where it says so.
    pub confidence: Option<Confidence>,
}

named!(
    /// Why a model stopped.
    Finish {
        /// It was done, or reached a stop string.
        Stop = "stop",
        /// It reached the token limit.
        Length = "length",
        /// We closed the stream because the suggestion was complete.
        Early = "early",
    }
);

/// A model's whole answer. There is none without usage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Completion {
    /// The raw text, before any trimming.
    pub text: String,
    /// What it used, as far as the provider said.
    pub usage: Usage,
    /// Why it ended.
    pub finish: Finish,
}
