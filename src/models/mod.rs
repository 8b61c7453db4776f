//! Speaks to models: one variant per wire protocol, for any vendor that speaks it.
//!
//! A model is handed a cleared prompt and streams text and usage to a [`Sink`]. It does not choose,
//! price, retry or write anything down; whoever drops the future has hung up on the provider.
//! Read `llama_cpp` or `openai_completions` for a protocol, `exchange`, `frames` and `answer` for
//! what they share, and `usage` for how providers count.

mod answer;
mod clients;
mod dialect;
mod error;
mod exchange;
mod frames;
mod llama_cpp;
mod openai_chunk;
mod openai_completions;
mod plain_prompt;
mod probe;
mod refusal;
mod retry_after;
mod scripted;
mod server;
mod sink;
mod usage;

pub use clients::Clients;
pub use error::{ModelError, Waiting};
pub use llama_cpp::LlamaCpp;
pub use openai_completions::OpenAiCompletions;
pub use probe::Probe;
pub use scripted::{Script, ScriptLog, Scripted};
pub use secrecy::SecretString;
pub use sink::{Collected, Sink};

use crate::domain::{Completion, ModelSpec, Prompt, Protocol};
use crate::guard::Cleared;

/// A model that can be asked. Cheap to share behind an `Arc`; nothing is opened before a call.
#[derive(Debug)]
pub enum Model {
    /// llama.cpp's own server.
    LlamaCpp(LlamaCpp),
    /// A server with `/v1/completions`.
    OpenAiCompletions(OpenAiCompletions),
    /// A list of answers, for tests.
    Scripted(Scripted),
}

impl Model {
    /// Makes a model from what the configuration says of it. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`ModelError::UnknownFamily`] for a FIM family without a template, and
    /// [`ModelError::Unusable`] for an address or key that could never work. What may still change,
    /// such as a missing key or missing certificates, shows when the model is asked.
    pub fn new(
        spec: ModelSpec,
        key: Option<SecretString>,
        clients: &Clients,
    ) -> Result<Self, ModelError> {
        match spec.protocol {
            Protocol::LlamaCpp => LlamaCpp::new(spec, key, clients).map(Self::LlamaCpp),
            Protocol::OpenAiCompletions => {
                OpenAiCompletions::new(spec, key, clients).map(Self::OpenAiCompletions)
            }
            Protocol::Scripted => Err(ModelError::Unusable {
                why: "the protocol \"scripted\" answers from a list that only a test can give"
                    .to_owned(),
            }),
        }
    }

    /// Makes a double that plays `script`.
    #[must_use]
    pub fn scripted(spec: ModelSpec, script: Script) -> Self {
        Self::Scripted(Scripted::new(spec, script))
    }

    /// Returns what is known about the model.
    #[must_use]
    pub fn spec(&self) -> &ModelSpec {
        match self {
            Self::LlamaCpp(model) => model.spec(),
            Self::OpenAiCompletions(model) => model.spec(),
            Self::Scripted(model) => model.spec(),
        }
    }

    /// Streams a completion. Text and usage are told to `sink` as they come, so that what was seen
    /// before a drop or an error is known. Dropping the future closes the connection.
    ///
    /// # Errors
    ///
    /// See [`ModelError`]; after an error `sink` has seen all that came before it.
    pub async fn complete(
        &self,
        prompt: Cleared<Prompt>,
        sink: &mut dyn Sink,
    ) -> Result<Completion, ModelError> {
        match self {
            Self::LlamaCpp(model) => model.complete(prompt, sink).await,
            Self::OpenAiCompletions(model) => model.complete(prompt, sink).await,
            Self::Scripted(model) => model.complete(prompt, sink).await,
        }
    }

    /// Asks whether somebody is there and is the right kind of server, within a few seconds.
    /// No text of the user is sent, and at most one token is asked for.
    ///
    /// # Errors
    ///
    /// What a completion would meet as well: nobody there, no key, a refusal.
    pub async fn probe(&self) -> Result<Probe, ModelError> {
        match self {
            Self::LlamaCpp(model) => model.probe().await,
            Self::OpenAiCompletions(model) => model.probe().await,
            Self::Scripted(model) => Ok(model.probe()),
        }
    }
}

#[cfg(test)]
mod tests;
