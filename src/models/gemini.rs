//! Google's `streamGenerateContent`, with a fill-in prompt.
//!
//! Events without a last word: the body just ends. Every event has the usage so far; a call that is
//! closed early is billed to its end there, so the output is believed only where the model says that
//! it has finished. Thoughts are counted beside the answer and what tools said beside the prompt.

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

const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
/// Thinking is turned off; models that cannot do without, or cannot think, refuse that.
const WITHOUT_THOUGHTS: Dialect = Dialect::First;

/// A model behind `streamGenerateContent`.
#[derive(Debug)]
pub struct Gemini {
    spec: ModelSpec,
    server: Server,
    path: String,
    dialects: Dialects,
}

impl Gemini {
    pub(super) fn new(
        spec: ModelSpec,
        key: Option<SecretString>,
        clients: &Clients,
    ) -> Result<Self, ModelError> {
        let key_header = KeyHeader::Plain(X_GOOG_API_KEY);
        Ok(Self {
            server: Server::signed_in(key_header, &spec, key, clients)?,
            path: format!(
                "/v1beta/models/{}:streamGenerateContent?alt=sse",
                spec.model
            ),
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
                (&self.server, &self.path),
                (&chat, prompt),
                body,
                decode,
                sink,
            )
            .await
    }

    pub(super) async fn probe(&self) -> Result<Probe, ModelError> {
        let path = "/v1beta/models?pageSize=1000";
        model_list::probe_with_suffix(&self.server, path, &self.spec).await
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    system_instruction: Content<'a>,
    contents: [Content<'a>; 1],
    generation_config: GenerationConfig,
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Part<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig {
    max_output_tokens: u32,
    temperature: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<ThinkingConfig>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThinkingConfig {
    thinking_budget: u32,
}

fn body<'a>(chat: &'a ChatPrompt, prompt: &Prompt, spec: &ModelSpec, dialect: Dialect) -> Body<'a> {
    let part = |text: &'a str| Part { text };
    let is_quick = dialect == WITHOUT_THOUGHTS;
    Body {
        system_instruction: Content {
            role: None,
            parts: vec![part(&chat.instruction)],
        },
        contents: [Content {
            role: Some("user"),
            parts: chat
                .others
                .as_deref()
                .into_iter()
                .chain([chat.file.as_str()])
                .map(part)
                .collect(),
        }],
        generation_config: GenerationConfig {
            max_output_tokens: output_limit(prompt, spec, !is_quick),
            temperature: 0,
            thinking_config: is_quick.then_some(ThinkingConfig { thinking_budget: 0 }),
        },
    }
}

/// Reads one event; a server that does not stream sends the same object in one piece.
pub(super) fn decode(data: &str, answer: &mut Answer<'_>) -> Result<Step, ModelError> {
    let event = json(data)?;
    let candidate = event.pointer("/candidates/0");
    let reason = candidate.and_then(|candidate| candidate.get("finishReason")?.as_str());
    let usage = event.get("usageMetadata");
    if let Some(usage) = usage {
        let counting = match reason {
            Some(_) => &Counting::GEMINI,
            None => &Counting::GEMINI_INPUT,
        };
        answer.report(counting, usage);
    }
    if let Some(error) = answer.reported_error(&event) {
        return Err(error);
    }
    if let Some(reason) = event.pointer("/promptFeedback/blockReason") {
        return Err(answer.failed(reason.as_str()));
    }
    let Some(candidate) = candidate else {
        return match usage {
            Some(_) => Ok(Step::More),
            None => Err(ModelError::Garbled {
                why: "an event is not from Gemini",
            }),
        };
    };
    let parts = candidate
        .pointer("/content/parts")
        .and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        let text = part.get("text").and_then(Value::as_str).unwrap_or_default();
        if part.get("thought").and_then(Value::as_bool) == Some(true) {
            answer.unseen(text);
        } else {
            answer.text(text);
        }
    }
    match reason {
        Some("MAX_TOKENS") => answer.finish(Finish::Length),
        Some(_) => answer.finish(Finish::Stop),
        None => {}
    }
    Ok(Step::More)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Protocol;
    use crate::models::tests::{pretty, prompt, spec};

    fn shown(dialect: Dialect) -> String {
        let spec = spec(Protocol::Gemini, "https://host");
        pretty(&body(&ChatPrompt::of(&prompt()), &prompt(), &spec, dialect))
    }

    #[test]
    fn thinking_is_turned_off() {
        insta::assert_snapshot!(shown(WITHOUT_THOUGHTS));
    }

    #[test]
    fn a_model_that_must_think_gets_room_for_it() {
        let body = shown(Dialect::Second);
        assert!(!body.contains("thinkingConfig"), "{body}");
        assert!(body.contains("\"maxOutputTokens\": 64"), "{body}");
    }
}
