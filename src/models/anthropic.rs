//! Anthropic's `/v1/messages`, with a fill-in prompt.
//!
//! The input's usage comes with the first event and the output's with the last, cumulative. The
//! count of the output in the first event is a placeholder: a call that is closed in between has
//! none yet. An overload is status 529, or an error event in a stream that had begun well.
//! Other files are marked for the prompt cache when they are long enough for one to take them: they
//! stay for a burst of typing, a write costs a quarter more and a read a tenth.

use reqwest::header::HeaderName;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{Completion, Finish, ModelSpec, Prompt};
use crate::guard::Cleared;

use super::answer::{Answer, Step, json};
use super::chat_prompt::{ChatPrompt, output_limit};
use super::dialect::{Dialect, Dialects};
use super::server::{KeyHeader, Server};
use super::usage::Counting;
use super::{Clients, ModelError, Probe, Sink, model_list};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");
/// With a temperature of 0. Models that take none, or that always think, refuse it.
const WITH_TEMPERATURE: Dialect = Dialect::First;
/// The fewest bytes that may be worth a cache: the smallest models keep 512 tokens and more. What is
/// marked and too short is not kept and not charged.
const CACHE_BYTES: usize = 2_048;

/// A model behind `/v1/messages`.
#[derive(Debug)]
pub struct Anthropic {
    spec: ModelSpec,
    server: Server,
    dialects: Dialects,
}

impl Anthropic {
    pub(super) fn new(
        spec: ModelSpec,
        key: Option<SecretString>,
        clients: &Clients,
    ) -> Result<Self, ModelError> {
        let server = Server::signed_in(KeyHeader::Plain(X_API_KEY), &spec, key, clients)?;
        Ok(Self {
            server: server.always_saying(VERSION),
            spec,
            dialects: Dialects::default(),
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
        let prompt = prompt.get();
        let chat = ChatPrompt::of(prompt);
        let body = |dialect| body(&chat, prompt, &self.spec, dialect);
        self.dialects
            .ask(
                (&self.server, "/v1/messages"),
                (&chat, prompt),
                body,
                decode,
                sink,
            )
            .await
    }

    pub(super) async fn probe(&self) -> Result<Probe, ModelError> {
        model_list::probe_with_suffix(&self.server, "/v1/models", &self.spec).await
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<u32>,
    system: &'a str,
    messages: [Message<'a>; 1],
    stream: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
struct Block<'a> {
    r#type: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

#[derive(Serialize)]
struct CacheControl {
    r#type: &'static str,
}

fn body<'a>(
    chat: &'a ChatPrompt,
    prompt: &Prompt,
    spec: &'a ModelSpec,
    dialect: Dialect,
) -> Body<'a> {
    let block = |text: &'a str, is_kept: bool| Block {
        r#type: "text",
        text,
        cache_control: is_kept.then_some(CacheControl {
            r#type: "ephemeral",
        }),
    };
    let others = chat.others.as_deref();
    let others = others.map(|others| block(others, others.len() >= CACHE_BYTES));
    Body {
        model: &spec.model,
        max_tokens: output_limit(prompt, spec, dialect != WITH_TEMPERATURE),
        temperature: (dialect == WITH_TEMPERATURE).then_some(0),
        system: &chat.instruction,
        messages: [Message {
            role: "user",
            content: others
                .into_iter()
                .chain([block(&chat.file, false)])
                .collect(),
        }],
        stream: true,
    }
}

/// Reads one event, or a whole message from a server that does not stream.
pub(super) fn decode(data: &str, answer: &mut Answer<'_>) -> Result<Step, ModelError> {
    let event = json(data)?;
    let at = |place: &str| event.pointer(place);
    let text = |place: &str| at(place).and_then(Value::as_str).unwrap_or_default();
    if let Some(error) = answer.reported_error(&event) {
        return Err(error);
    }
    match event.get("type").and_then(Value::as_str) {
        Some("message_start") => {
            if let Some(usage) = at("/message/usage") {
                answer.report(&Counting::ANTHROPIC_INPUT, usage);
            }
        }
        Some("content_block_start") => answer.text(text("/content_block/text")),
        Some("content_block_delta") => {
            answer.unseen(text("/delta/thinking"));
            answer.text(text("/delta/text"));
        }
        Some("message_delta") => {
            if let Some(usage) = at("/usage") {
                answer.report(&Counting::ANTHROPIC, usage);
            }
            if let Some(reason) = at("/delta/stop_reason").and_then(Value::as_str) {
                answer.finish(finish(reason));
            }
        }
        Some("message_stop") => return Ok(Step::Done),
        Some("message") => {
            if let Some(usage) = at("/usage") {
                answer.report(&Counting::ANTHROPIC, usage);
            }
            for block in at("/content")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let text = block.get("text").and_then(Value::as_str);
                answer.text(text.unwrap_or_default());
            }
            answer.finish(finish(text("/stop_reason")));
        }
        // Pings, ends of blocks, and events that are yet to be invented.
        Some(_) => {}
        None => {
            return Err(ModelError::Garbled {
                why: "an event is not from Anthropic",
            });
        }
    }
    Ok(Step::More)
}

fn finish(reason: &str) -> Finish {
    match reason {
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        _ => Finish::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Protocol, Snippet};
    use crate::models::tests::{pretty, prompt, spec};

    fn shown(prompt: &Prompt, dialect: Dialect) -> String {
        let spec = spec(Protocol::Anthropic, "https://host");
        pretty(&body(&ChatPrompt::of(prompt), prompt, &spec, dialect))
    }

    #[test]
    fn other_files_and_the_file_are_blocks_of_their_own() {
        insta::assert_snapshot!(shown(&prompt(), WITH_TEMPERATURE));
    }

    #[test]
    fn only_what_is_long_enough_for_a_cache_is_marked_for_it() {
        let long = Prompt {
            snippets: vec![Snippet {
                path: "a.rs".to_owned(),
                text: "a".repeat(CACHE_BYTES),
            }],
            ..prompt()
        };
        let marks = |prompt: &Prompt| shown(prompt, WITH_TEMPERATURE).matches("ephemeral").count();
        assert_eq!((marks(&prompt()), marks(&long)), (0, 1));
    }

    #[test]
    fn a_model_that_takes_no_temperature_gets_none() {
        assert!(!shown(&prompt(), Dialect::Second).contains("temperature"));
    }
}
