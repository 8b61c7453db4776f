//! `/v1/completions`: vLLM, TGI, llama.cpp and the hosts of open models.
//!
//! With a FIM family in the configuration the prompt is that family's template; without one the
//! text after the cursor goes into the field `suffix`, which some servers refuse and llama.cpp
//! ignores. Snippets stand before the prefix as plain text (`plain_prompt`).

use std::borrow::Cow;

use secrecy::SecretString;
use serde::Serialize;

use crate::domain::{Completion, FimTemplate, ModelSpec, Prompt};
use crate::guard::Cleared;

use super::answer::Answer;
use super::model_list;
use super::openai_chunk::decode;
use super::plain_prompt::with_snippets;
use super::server::Server;
use super::{Clients, ModelError, Probe, Sink};

/// A model behind `/v1/completions`.
#[derive(Debug)]
pub struct OpenAiCompletions {
    spec: ModelSpec,
    server: Server,
    template: Option<&'static FimTemplate>,
}

impl OpenAiCompletions {
    pub(super) fn new(
        spec: ModelSpec,
        key: Option<SecretString>,
        clients: &Clients,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            server: Server::new(&spec, key, clients)?,
            template: super::template_of(&spec)?,
            spec,
        })
    }

    pub(super) const fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    pub(super) const fn server(&self) -> &Server {
        &self.server
    }

    pub(super) async fn complete(
        &self,
        prompt: Cleared<Prompt>,
        sink: &mut dyn Sink,
    ) -> Result<Completion, ModelError> {
        let body = body(prompt.get(), &self.spec, self.template);
        let answer = Answer::new(sink);
        self.server
            .ask("/v1/completions", &body, decode, answer)
            .await
    }

    pub(super) async fn probe(&self) -> Result<Probe, ModelError> {
        let mut probe = model_list::probe(&self.server, "/v1/models", &self.spec).await?;
        probe.fim = self.template.map(|_| true);
        let is_llama_cpp = probe.server.as_deref() == Some("llamacpp");
        if is_llama_cpp && self.template.is_none() {
            probe.fim = Some(false);
            probe.note(
                "llama.cpp ignores the suffix here; use the protocol llama-cpp, or set `fim`.",
            );
        }
        Ok(probe)
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    prompt: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    suffix: &'a str,
    max_tokens: u32,
    temperature: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<&'static str>,
    stream: bool,
    stream_options: StreamOptions,
}

/// What is wanted of a stream, wherever OpenAI's manner is spoken.
#[derive(Serialize)]
pub(super) struct StreamOptions {
    include_usage: bool,
}

impl StreamOptions {
    /// Usage at the end, which is not told unless it is asked for.
    pub(super) const WITH_USAGE: Self = Self {
        include_usage: true,
    };
}

fn body<'a>(
    prompt: &'a Prompt,
    spec: &'a ModelSpec,
    template: Option<&'static FimTemplate>,
) -> Body<'a> {
    let before = with_snippets(prompt);
    let (text, suffix) = match template {
        Some(template) => (Cow::Owned(template.render(&before, &prompt.suffix)), ""),
        None => (before, prompt.suffix.as_str()),
    };
    // The line's end comes first: a host that takes only a few stop strings keeps the first ones.
    let line_end = prompt.single_line.then_some("\n");
    let stop = line_end
        .into_iter()
        .chain(template.iter().flat_map(|t| t.stop.iter().copied()))
        .collect();
    Body {
        model: &spec.model,
        prompt: text,
        suffix,
        max_tokens: prompt.max_output_tokens.min(spec.max_output_tokens),
        temperature: 0,
        stop,
        stream: true,
        stream_options: StreamOptions::WITH_USAGE,
    }
}

#[cfg(test)]
mod tests;
