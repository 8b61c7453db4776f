//! `/v1/completions`: vLLM, TGI, llama.cpp and the hosts of open models.
//!
//! With a FIM family in the configuration the prompt is that family's template; without one the
//! text after the cursor goes into the field `suffix`, which some servers refuse and llama.cpp
//! ignores. Snippets stand before the prefix as plain text (`plain_prompt`).

use std::borrow::Cow;

use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{Completion, FimTemplate, ModelSpec, Prompt};
use crate::guard::Cleared;

use super::answer::Answer;
use super::exchange;
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
        let template = spec
            .fim
            .as_deref()
            .map(|family| {
                FimTemplate::of(family).ok_or_else(|| ModelError::UnknownFamily {
                    family: family.to_owned(),
                })
            })
            .transpose()?;
        Ok(Self {
            server: Server::new(&spec, key, clients)?,
            spec,
            template,
        })
    }

    pub(super) const fn spec(&self) -> &ModelSpec {
        &self.spec
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
        let request = self.server.get("/v1/models").await?;
        let listed = exchange::probe(request, self.server.host()).await?;
        let models = listed
            .get("data")
            .and_then(Value::as_array)
            .ok_or(ModelError::Garbled {
                why: "it is no list of models",
            })?;
        let told = |model: &Value, field: &str| {
            model.get(field).and_then(Value::as_str).map(str::to_owned)
        };
        let ours = models
            .iter()
            .find(|model| told(model, "id").as_deref() == Some(self.spec.model.as_str()));
        let shown = ours.or(models.first());
        let mut probe = Probe {
            server: shown.and_then(|model| told(model, "owned_by")),
            model: shown.and_then(|model| told(model, "id")),
            fim: self.template.map(|_| true),
            ..Probe::default()
        };
        let is_llama_cpp = probe.server.as_deref() == Some("llamacpp");
        if ours.is_none() && !is_llama_cpp {
            probe.note(&format!(
                "The server does not list the model {:?}.",
                self.spec.model
            ));
        }
        if is_llama_cpp && self.template.is_none() {
            probe.fim = Some(false);
            probe.note(
                "llama.cpp ignores the suffix here; use the protocol llama-cpp, or set `fim`.",
            );
        }
        if self.server.sends_key_in_the_clear() {
            probe.note("The key is sent without TLS.");
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

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
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
        stream_options: StreamOptions {
            include_usage: true,
        },
    }
}

#[cfg(test)]
mod tests;
