//! `/v1/completions`: vLLM, TGI, llama.cpp and the hosts of open models.
//!
//! With a FIM family in the configuration the prompt is that family's template; without one the
//! text after the cursor goes into the field `suffix`, which some servers refuse and llama.cpp
//! ignores. Snippets stand before the prefix as plain text (`plain_prompt`).

use std::borrow::Cow;

use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{Completion, FimTemplate, Finish, ModelSpec, Prompt, TokenCount, Usage};
use crate::guard::Cleared;

use super::exchange::{self, Answer, Patience, Step};
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
        let request = self.server.post("/v1/completions", &body).await?;
        let patience = Patience::of(&self.spec);
        exchange::complete(request, self.server.host(), patience, decode, sink).await
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

/// Reads one chunk. Usage comes in a chunk of its own without choices, in the last chunk with
/// text, in every chunk, or never; the last word counts.
fn decode(data: &str, answer: &mut Answer<'_>) -> Result<Step, ModelError> {
    if data == "[DONE]" {
        return Ok(Step::Done);
    }
    let chunk: Value = serde_json::from_str(data).map_err(|_| ModelError::Garbled {
        why: "an event is not JSON",
    })?;
    if let Some(error) = answer.reported_error(&chunk) {
        return Err(error);
    }
    let choices = chunk.get("choices").and_then(Value::as_array);
    let usage = chunk.get("usage").filter(|usage| usage.is_object());
    if choices.is_none() && usage.is_none() {
        return Err(ModelError::Garbled {
            why: "an event is not a completion",
        });
    }
    // Before the text, so that a sink that has enough knows what it cost.
    if let Some(usage) = usage {
        answer.usage(read_usage(usage));
    }
    if let Some(choice) = choices.and_then(|choices| choices.first()) {
        let text = choice.get("text").and_then(Value::as_str);
        answer.text(text.unwrap_or_default());
        match choice.get("finish_reason").and_then(Value::as_str) {
            Some("length") => answer.finish(Finish::Length),
            Some(_) => answer.finish(Finish::Stop),
            None => {}
        }
    }
    Ok(Step::More)
}

/// Converts to the inclusive form, which is also how these servers count.
fn read_usage(usage: &Value) -> Usage {
    let count = |place: &str| {
        usage
            .pointer(place)
            .and_then(Value::as_u64)
            .map(TokenCount::new)
    };
    Usage {
        input_total: count("/prompt_tokens"),
        cache_read: count("/prompt_tokens_details/cached_tokens")
            .or_else(|| count("/prompt_cache_hit_tokens")),
        cache_write_5m: count("/prompt_tokens_details/cache_write_tokens"),
        cache_write_1h: None,
        output_total: count("/completion_tokens"),
        reasoning: count("/completion_tokens_details/reasoning_tokens"),
    }
}

#[cfg(test)]
mod tests;
