//! llama.cpp's own server: `/infill`, which joins prefix and suffix with the model's own tokens.
//!
//! The current line goes into `prompt`, as in the server's own editor clients: what comes before it
//! is then cut into tokens alike on every key, and so is found in the server's cache.
//! A model without FIM tokens answers 501; from then on it gets the prefix alone on `/completion`.
//!
//! Measured with b11549: the line stands at the end of the prefix, before the suffix (the server's
//! manual says after it); of the snippets only what fits into context less batch less twice the
//! answer is taken. Not measured, from its source as we know it: at most three quarters of
//! `--batch-size` are taken of the prefix and a quarter of the suffix. What is cut is cut silently,
//! and is not in the usage either.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU8, Ordering};

use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{Completion, Finish, ModelSpec, Prompt, TokenCount, Usage};
use crate::guard::Cleared;

use super::exchange::{self, Answer, Patience, Step};
use super::plain_prompt::with_snippets;
use super::server::Server;
use super::{Clients, ModelError, Probe, Sink};

const UNKNOWN: u8 = 0;
const FIM: u8 = 1;
const NO_FIM: u8 = 2;
/// The server's `--batch-size` unless it is told another; it does not tell.
const DEFAULT_BATCH: u64 = 2048;

/// A model behind llama.cpp's server.
#[derive(Debug)]
pub struct LlamaCpp {
    spec: ModelSpec,
    server: Server,
    /// Whether the model has FIM tokens, as the server last said.
    fim: AtomicU8,
}

impl LlamaCpp {
    pub(super) fn new(
        spec: ModelSpec,
        key: Option<SecretString>,
        clients: &Clients,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            server: Server::new(&spec, key, clients)?,
            spec,
            fim: AtomicU8::new(UNKNOWN),
        })
    }

    pub(super) const fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Returns whether the model uses the text after the cursor; `None` before the first answer.
    #[must_use]
    pub fn has_fim(&self) -> Option<bool> {
        match self.fim.load(Ordering::Relaxed) {
            FIM => Some(true),
            NO_FIM => Some(false),
            _unknown => None,
        }
    }

    pub(super) async fn complete(
        &self,
        prompt: Cleared<Prompt>,
        sink: &mut dyn Sink,
    ) -> Result<Completion, ModelError> {
        let prompt = prompt.get();
        if self.has_fim() != Some(false) {
            let body = infill(prompt, &self.spec);
            match self.ask("/infill", &body, sink).await {
                Err(ModelError::Status { status: 501, .. }) => {
                    self.fim.store(NO_FIM, Ordering::Relaxed);
                }
                Ok(completion) => {
                    self.fim.store(FIM, Ordering::Relaxed);
                    return Ok(completion);
                }
                Err(error) => return Err(error),
            }
        }
        let body = prefix_only(prompt, &self.spec);
        let answer = self.ask("/completion", &body, sink).await;
        if let Err(ModelError::Unreachable { .. } | ModelError::Loading) = &answer {
            // The next server at this address may serve another model.
            self.fim.store(UNKNOWN, Ordering::Relaxed);
        }
        answer
    }

    async fn ask<T: Serialize + Sync>(
        &self,
        path: &str,
        body: &T,
        sink: &mut dyn Sink,
    ) -> Result<Completion, ModelError> {
        let request = self.server.post(path, body).await?;
        let patience = Patience::of(&self.spec);
        exchange::complete(request, self.server.host(), patience, decode, sink).await
    }

    pub(super) async fn probe(&self) -> Result<Probe, ModelError> {
        let request = self.server.get("/props").await?;
        let props = exchange::probe(request, self.server.host()).await?;
        let told = |place: &str| props.pointer(place).and_then(Value::as_str);
        let context = props
            .pointer("/default_generation_settings/n_ctx")
            .and_then(Value::as_u64);
        let mut probe = Probe {
            // Packages that are built without git call themselves `b0-unknown`.
            server: Some(match told("/build_info") {
                Some(build) if !build.ends_with("unknown") => format!("llama.cpp {build}"),
                _ => "llama.cpp".to_owned(),
            }),
            model: told("/model_alias")
                .filter(|alias| !alias.is_empty())
                .or_else(|| told("/model_path"))
                .map(|path| path.rsplit('/').next().unwrap_or(path).to_owned()),
            ..Probe::default()
        };
        if context.is_none() && probe.model.is_none() {
            return Err(ModelError::Garbled {
                why: "it is not what llama.cpp's server says of itself",
            });
        }
        if let Some(tokens) = context.filter(|tokens| *tokens < self.spec.context_tokens.into()) {
            probe.note(&format!(
                "The server gives each request {tokens} tokens; set `context_tokens` to that."
            ));
        }
        if self.server.sends_key_in_the_clear() {
            probe.note("The key is sent without TLS.");
        }
        let request = self.server.post("/infill", &Question::SMALLEST).await?;
        match exchange::probe(request, self.server.host()).await {
            Ok(_) => {
                self.fim.store(FIM, Ordering::Relaxed);
                if context.is_some_and(|tokens| tokens <= DEFAULT_BATCH) {
                    probe.note(
                        "Its context is no larger than its usual --batch-size, so snippets are \
                         dropped; start it with more context or a smaller batch.",
                    );
                }
            }
            Err(ModelError::Status { status: 501, .. }) => {
                self.fim.store(NO_FIM, Ordering::Relaxed);
                probe.note(
                    "The model has no fill-in-the-middle tokens, so text after the cursor is not used.",
                );
            }
            Err(error) => return Err(error),
        }
        probe.fim = self.has_fim();
        Ok(probe)
    }
}

#[derive(Serialize)]
struct Infill<'a> {
    input_prefix: &'a str,
    input_suffix: &'a str,
    input_extra: Vec<Extra<'a>>,
    prompt: &'a str,
    #[serde(flatten)]
    wishes: Wishes,
}

#[derive(Serialize)]
struct Extra<'a> {
    filename: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct PrefixOnly<'a> {
    prompt: Cow<'a, str>,
    #[serde(flatten)]
    wishes: Wishes,
}

/// What both routes understand.
#[derive(Serialize)]
struct Wishes {
    n_predict: u32,
    temperature: u32,
    stop: &'static [&'static str],
    cache_prompt: bool,
    stream: bool,
    /// Otherwise the last object repeats the prompt and fifty settings.
    response_fields: &'static [&'static str],
}

impl Wishes {
    fn of(prompt: &Prompt, spec: &ModelSpec) -> Self {
        Self {
            n_predict: prompt.max_output_tokens.min(spec.max_output_tokens),
            temperature: 0,
            stop: if prompt.single_line { &["\n"] } else { &[] },
            cache_prompt: true,
            stream: true,
            response_fields: &[
                "content",
                "stop",
                "stop_type",
                "tokens_evaluated",
                "tokens_predicted",
                "timings",
            ],
        }
    }
}

/// A question that costs one token, to learn whether the route works.
#[derive(Serialize)]
struct Question {
    input_prefix: &'static str,
    input_suffix: &'static str,
    n_predict: u32,
}

impl Question {
    const SMALLEST: Self = Self {
        input_prefix: "a",
        input_suffix: "b",
        n_predict: 1,
    };
}

fn infill<'a>(prompt: &'a Prompt, spec: &ModelSpec) -> Infill<'a> {
    let line = prompt.prefix.rfind('\n').map_or(0, |newline| newline + 1);
    let (before, line) = prompt.prefix.split_at(line);
    Infill {
        input_prefix: before,
        input_suffix: &prompt.suffix,
        input_extra: prompt
            .snippets
            .iter()
            .map(|snippet| Extra {
                filename: &snippet.path,
                text: &snippet.text,
            })
            .collect(),
        prompt: line,
        wishes: Wishes::of(prompt, spec),
    }
}

fn prefix_only<'a>(prompt: &'a Prompt, spec: &ModelSpec) -> PrefixOnly<'a> {
    PrefixOnly {
        prompt: with_snippets(prompt),
        wishes: Wishes::of(prompt, spec),
    }
}

/// Reads one object of the stream. The last one has `stop`; each tells the tokens so far.
fn decode(data: &str, answer: &mut Answer<'_>) -> Result<Step, ModelError> {
    let event: Value = serde_json::from_str(data).map_err(|_| ModelError::Garbled {
        why: "an event is not JSON",
    })?;
    if let Some(error) = answer.reported_error(&event) {
        return Err(error);
    }
    let count = |place: &str| {
        event
            .pointer(place)
            .and_then(Value::as_u64)
            .map(TokenCount::new)
    };
    // Before the text, so that a sink that has enough knows what it cost.
    answer.usage(Usage {
        // All tokens of the prompt, whether they were in the cache or not.
        input_total: count("/tokens_evaluated"),
        // Not `tokens_cached`: that is what the cache holds afterwards, answer included.
        cache_read: count("/timings/cache_n"),
        output_total: count("/tokens_predicted").or_else(|| count("/timings/predicted_n")),
        ..Usage::default()
    });
    let content = event.get("content").and_then(Value::as_str);
    answer.text(content.unwrap_or_default());
    match event.get("stop").and_then(Value::as_bool) {
        Some(true) => {
            let is_limit = event.get("stop_type").and_then(Value::as_str) == Some("limit")
                || event.get("stopped_limit").and_then(Value::as_bool) == Some(true);
            answer.finish(if is_limit {
                Finish::Length
            } else {
                Finish::Stop
            });
            Ok(Step::Done)
        }
        Some(false) => Ok(Step::More),
        None if content.is_some() => Ok(Step::More),
        None => Err(ModelError::Garbled {
            why: "an event is not from llama.cpp",
        }),
    }
}

#[cfg(test)]
mod tests;
