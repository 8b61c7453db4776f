//! `/v1/chat/completions`: OpenAI's own chat and everybody's copy of it, with a fill-in prompt.
//!
//! The model is asked for nothing but the middle (`chat_prompt`), and what it says beside it is
//! taken off (`middle`). No stop string is sent, since the line's end may be that of a fence.
//! Models that reason refuse a temperature and the old name of the output limit: they are asked in
//! their own way from then on, for little effort, with room for their thoughts.

use secrecy::SecretString;
use serde::Serialize;

use crate::domain::{Completion, ModelSpec, Prompt};
use crate::guard::Cleared;

use super::chat_prompt::{ChatPrompt, output_limit};
use super::dialect::{Dialect, Dialects};
use super::openai_chunk::decode;
use super::openai_completions::StreamOptions;
use super::server::Server;
use super::{Clients, ModelError, Probe, Sink, model_list};

/// `max_tokens` and a temperature.
const CLASSIC: Dialect = Dialect::First;
/// `max_completion_tokens` and an effort.
const REASONING: Dialect = Dialect::Second;

/// A model behind `/v1/chat/completions`.
#[derive(Debug)]
pub struct OpenAiChat {
    spec: ModelSpec,
    server: Server,
    dialects: Dialects,
}

impl OpenAiChat {
    pub(super) fn new(
        spec: ModelSpec,
        key: Option<SecretString>,
        clients: &Clients,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            server: Server::new(&spec, key, clients)?,
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
                (&self.server, "/v1/chat/completions"),
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
    messages: [Message<'a>; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    stream: bool,
    stream_options: StreamOptions,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: std::borrow::Cow<'a, str>,
}

fn body<'a>(
    chat: &'a ChatPrompt,
    prompt: &Prompt,
    spec: &'a ModelSpec,
    dialect: Dialect,
) -> Body<'a> {
    let is_classic = dialect == CLASSIC;
    let limit = output_limit(prompt, spec, dialect == REASONING);
    Body {
        model: &spec.model,
        messages: [
            Message {
                role: "system",
                content: (&chat.instruction).into(),
            },
            Message {
                role: "user",
                content: chat.text().into(),
            },
        ],
        max_tokens: is_classic.then_some(limit),
        max_completion_tokens: (!is_classic).then_some(limit),
        temperature: is_classic.then_some(0),
        reasoning_effort: (!is_classic).then_some("low"),
        stream: true,
        stream_options: StreamOptions::WITH_USAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Protocol;
    use crate::models::tests::{pretty, prompt, spec};

    fn shown(dialect: Dialect) -> String {
        let spec = spec(Protocol::OpenAiChat, "https://host");
        let chat = ChatPrompt::of(&prompt());
        pretty(&body(&chat, &prompt(), &spec, dialect))
    }

    #[test]
    fn a_model_is_asked_for_the_middle() {
        insta::assert_snapshot!(shown(CLASSIC));
    }

    #[test]
    fn a_model_that_reasons_gets_room_for_it_and_no_temperature() {
        insta::assert_snapshot!(shown(REASONING));
    }
}
