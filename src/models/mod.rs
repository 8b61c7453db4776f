//! Speaks to models: one variant per wire protocol, for any vendor that speaks it.
//!
//! A model is handed a cleared prompt and streams text and usage to a [`Sink`]. It does not choose,
//! price, retry or write anything down; whoever drops the future has hung up on the provider.
//! Read `llama_cpp` for a protocol that is given a prefix and a suffix and `anthropic` for one that is
//! asked in words, `exchange`, `frames` and `answer` for what they share, and `usage` for how
//! providers count.

mod answer;
mod anthropic;
mod chat_prompt;
mod clients;
mod deepseek_fim;
mod dialect;
mod discover;
mod error;
mod exchange;
mod frames;
mod gemini;
mod llama_cpp;
mod load;
mod middle;
mod mistral_fim;
mod model_list;
mod ollama;
mod openai_chat;
mod openai_chunk;
mod openai_completions;
mod openai_responses;
mod plain_prompt;
mod probe;
mod ready;
mod refusal;
mod retry_after;
mod scripted;
mod server;
mod sink;
mod usage;

pub use anthropic::Anthropic;
pub use clients::Clients;
pub use deepseek_fim::DeepSeekFim;
pub use discover::{FoundServer, Port, ServerKind, USUAL_PORTS, find_servers};
pub use error::{ModelError, Waiting};
pub use gemini::Gemini;
pub use llama_cpp::LlamaCpp;
pub use mistral_fim::MistralFim;
pub use ollama::Ollama;
pub use openai_chat::OpenAiChat;
pub use openai_completions::OpenAiCompletions;
pub use openai_responses::OpenAiResponses;
pub use probe::Probe;
pub use scripted::{Script, ScriptLog, Scripted};
pub use secrecy::SecretString;
pub use sink::{Collected, Sink};

use crate::domain::{Completion, FimTemplate, ModelSpec, Prompt, Protocol};
use crate::guard::Cleared;

use self::server::Server;

/// A model that can be asked. Cheap to share behind an `Arc`; nothing is opened before a call.
#[derive(Debug)]
pub enum Model {
    /// llama.cpp's own server.
    LlamaCpp(LlamaCpp),
    /// Ollama's own server.
    Ollama(Ollama),
    /// A server with `/v1/completions`.
    OpenAiCompletions(OpenAiCompletions),
    /// A server with `/v1/chat/completions`.
    OpenAiChat(OpenAiChat),
    /// A server with `/v1/responses`.
    OpenAiResponses(OpenAiResponses),
    /// A server with `/v1/fim/completions`.
    MistralFim(MistralFim),
    /// DeepSeek's `/beta/completions`.
    DeepSeekFim(DeepSeekFim),
    /// A server with `/v1/messages`.
    Anthropic(Anthropic),
    /// Google's `streamGenerateContent`.
    Gemini(Gemini),
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
            Protocol::Ollama => Ollama::new(spec, key, clients).map(Self::Ollama),
            Protocol::OpenAiCompletions => {
                OpenAiCompletions::new(spec, key, clients).map(Self::OpenAiCompletions)
            }
            Protocol::OpenAiChat => OpenAiChat::new(spec, key, clients).map(Self::OpenAiChat),
            Protocol::OpenAiResponses => {
                OpenAiResponses::new(spec, key, clients).map(Self::OpenAiResponses)
            }
            Protocol::MistralFim => MistralFim::new(spec, key, clients).map(Self::MistralFim),
            Protocol::DeepSeekFim => DeepSeekFim::new(spec, key, clients).map(Self::DeepSeekFim),
            Protocol::Anthropic => Anthropic::new(spec, key, clients).map(Self::Anthropic),
            Protocol::Gemini => Gemini::new(spec, key, clients).map(Self::Gemini),
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
            Self::Ollama(model) => model.spec(),
            Self::OpenAiCompletions(model) => model.spec(),
            Self::OpenAiChat(model) => model.spec(),
            Self::OpenAiResponses(model) => model.spec(),
            Self::MistralFim(model) => model.spec(),
            Self::DeepSeekFim(model) => model.spec(),
            Self::Anthropic(model) => model.spec(),
            Self::Gemini(model) => model.spec(),
            Self::Scripted(model) => model.spec(),
        }
    }

    /// Says that a call is about to be made, so that a connection to a server on this machine is there
    /// by then. It is closed again if there is no call within a second.
    pub fn get_ready(&self) {
        if let Some(server) = self.server() {
            server.get_ready();
        }
    }

    fn server(&self) -> Option<&Server> {
        Some(match self {
            Self::LlamaCpp(model) => model.server(),
            Self::Ollama(model) => model.server(),
            Self::OpenAiCompletions(model) => model.server(),
            Self::OpenAiChat(model) => model.server(),
            Self::OpenAiResponses(model) => model.server(),
            Self::MistralFim(model) => model.server(),
            Self::DeepSeekFim(model) => model.server(),
            Self::Anthropic(model) => model.server(),
            Self::Gemini(model) => model.server(),
            Self::Scripted(_) => return None,
        })
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
            Self::Ollama(model) => model.complete(prompt, sink).await,
            Self::OpenAiCompletions(model) => model.complete(prompt, sink).await,
            Self::OpenAiChat(model) => model.complete(prompt, sink).await,
            Self::OpenAiResponses(model) => model.complete(prompt, sink).await,
            Self::MistralFim(model) => model.complete(prompt, sink).await,
            Self::DeepSeekFim(model) => model.complete(prompt, sink).await,
            Self::Anthropic(model) => model.complete(prompt, sink).await,
            Self::Gemini(model) => model.complete(prompt, sink).await,
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
            Self::Ollama(model) => model.probe().await,
            Self::OpenAiCompletions(model) => model.probe().await,
            Self::OpenAiChat(model) => model.probe().await,
            Self::OpenAiResponses(model) => model.probe().await,
            Self::MistralFim(model) => model.probe().await,
            Self::DeepSeekFim(model) => model.probe().await,
            Self::Anthropic(model) => model.probe().await,
            Self::Gemini(model) => model.probe().await,
            Self::Scripted(model) => Ok(model.probe()),
        }
    }
}

impl Model {
    /// Asks the server how many requests it works on now, within a few seconds.
    ///
    /// # Errors
    ///
    /// [`ModelError::Unusable`] for a protocol whose servers do not tell, with what to do; else as
    /// [`Model::probe`].
    pub async fn load(&self) -> Result<u32, ModelError> {
        match self {
            Self::LlamaCpp(model) => load::of(model.server()).await,
            Self::OpenAiCompletions(model) => load::of(model.server()).await,
            Self::OpenAiChat(model) => load::of(model.server()).await,
            other => Err(ModelError::Unusable {
                why: format!(
                    "how busy a server is can be read from llama.cpp's and vLLM's only, which is not said of {}",
                    other.spec().id
                ),
            }),
        }
    }
}

/// Returns the template of the family that the configuration names, if it names one.
fn template_of(spec: &ModelSpec) -> Result<Option<&'static FimTemplate>, ModelError> {
    spec.fim
        .as_deref()
        .map(|family| {
            FimTemplate::of(family).ok_or_else(|| ModelError::UnknownFamily {
                family: family.to_owned(),
            })
        })
        .transpose()
}

#[cfg(test)]
mod tests;
