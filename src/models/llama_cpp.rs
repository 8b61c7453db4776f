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

use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{Completion, Finish, ModelSpec, Prompt};
use crate::guard::Cleared;

use super::answer::{Answer, Step, json};
use super::dialect::{Dialect, Dialects};
use super::exchange;
use super::plain_prompt::with_snippets;
use super::server::Server;
use super::usage::Counting;
use super::{Clients, ModelError, Probe, Sink};

/// The model has FIM tokens: `/infill`.
const FIM: Dialect = Dialect::First;
/// It has none: `/completion` with the prefix alone.
const NO_FIM: Dialect = Dialect::Second;
/// The server's `--batch-size` unless it is told another; it does not tell.
const DEFAULT_BATCH: u64 = 2048;

/// A model behind llama.cpp's server.
#[derive(Debug)]
pub struct LlamaCpp {
    spec: ModelSpec,
    server: Server,
    /// Whether the model has FIM tokens, as the server last said.
    fim: Dialects,
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
            fim: Dialects::default(),
        })
    }

    pub(super) const fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    pub(super) const fn server(&self) -> &Server {
        &self.server
    }

    /// Returns whether the model uses the text after the cursor; `None` before the first answer.
    #[must_use]
    pub fn has_fim(&self) -> Option<bool> {
        self.fim.known().map(|known| known == FIM)
    }

    pub(super) async fn complete(
        &self,
        prompt: Cleared<Prompt>,
        sink: &mut dyn Sink,
    ) -> Result<Completion, ModelError> {
        let prompt = prompt.get();
        if self.has_fim() != Some(false) {
            let body = infill(prompt, &self.spec);
            let answer = Answer::new(&mut *sink);
            match self.server.ask("/infill", &body, decode, answer).await {
                Err(ModelError::Status { status: 501, .. }) => {
                    self.fim.learn(NO_FIM);
                }
                Ok(completion) => {
                    self.fim.learn(FIM);
                    return Ok(completion);
                }
                Err(error) => return Err(error),
            }
        }
        let body = prefix_only(prompt, &self.spec);
        let answer = Answer::new(sink);
        let answer = self.server.ask("/completion", &body, decode, answer).await;
        if let Err(ModelError::Unreachable { .. } | ModelError::Loading) = &answer {
            // The next server at this address may serve another model.
            self.fim.forget();
        }
        answer
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
                self.fim.learn(FIM);
                if context.is_some_and(|tokens| tokens <= DEFAULT_BATCH) {
                    probe.note(
                        "Its context is no larger than its usual --batch-size, so snippets are \
                         dropped; start it with more context or a smaller batch.",
                    );
                }
            }
            Err(ModelError::Status { status: 501, .. }) => {
                self.fim.learn(NO_FIM);
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
pub(super) fn decode(data: &str, answer: &mut Answer<'_>) -> Result<Step, ModelError> {
    let event = json(data)?;
    if let Some(error) = answer.reported_error(&event) {
        return Err(error);
    }
    answer.report(&Counting::LLAMA_CPP, &event);
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
