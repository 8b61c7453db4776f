//! OpenAI's `/v1/responses`, with a fill-in prompt.
//!
//! Nothing is stored at the provider (`store: false`). The usage stands in the last event, whichever
//! way the response ended: completed, incomplete or failed. As in `openai_chat`, models that reason
//! are asked in their own way once they have refused the other.

use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{Completion, Finish, ModelSpec, Prompt};
use crate::guard::Cleared;

use super::answer::{Answer, Step, json};
use super::chat_prompt::{ChatPrompt, output_limit};
use super::dialect::{Dialect, Dialects};
use super::server::Server;
use super::usage::Counting;
use super::{Clients, ModelError, Probe, Sink, model_list};

/// A temperature.
const CLASSIC: Dialect = Dialect::First;

/// A model behind `/v1/responses`.
#[derive(Debug)]
pub struct OpenAiResponses {
    spec: ModelSpec,
    server: Server,
    dialects: Dialects,
}

impl OpenAiResponses {
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
                (&self.server, "/v1/responses"),
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
    instructions: &'a str,
    input: String,
    max_output_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning>,
    store: bool,
    stream: bool,
}

#[derive(Serialize)]
struct Reasoning {
    effort: &'static str,
}

fn body<'a>(
    chat: &'a ChatPrompt,
    prompt: &Prompt,
    spec: &'a ModelSpec,
    dialect: Dialect,
) -> Body<'a> {
    let is_classic = dialect == CLASSIC;
    Body {
        model: &spec.model,
        instructions: &chat.instruction,
        input: chat.text(),
        // The route wants at least 16.
        max_output_tokens: output_limit(prompt, spec, !is_classic).max(16),
        temperature: is_classic.then_some(0),
        reasoning: (!is_classic).then_some(Reasoning { effort: "low" }),
        store: false,
        stream: true,
    }
}

/// Reads one event, or a whole response from a server that does not stream.
pub(super) fn decode(data: &str, answer: &mut Answer<'_>) -> Result<Step, ModelError> {
    if data == "[DONE]" {
        return Ok(Step::Done);
    }
    let event = json(data)?;
    let kind = event.get("type").and_then(Value::as_str);
    match kind {
        Some("error") => {
            let code = event.get("code").or_else(|| event.pointer("/error/code"));
            return Err(answer.failed(code.and_then(Value::as_str)));
        }
        Some("response.output_text.delta") => {
            let delta = event.get("delta").and_then(Value::as_str);
            answer.text(delta.unwrap_or_default());
            return Ok(Step::More);
        }
        _ => {}
    }
    let is_whole = event.get("object").and_then(Value::as_str) == Some("response");
    let response = if is_whole {
        Some(&event)
    } else {
        event.get("response")
    };
    let Some(response) = response else {
        // Whatever else is told of the response's parts, or an error in the manner of others.
        return match answer.reported_error(&event) {
            Some(error) => Err(error),
            None if kind.is_some() => Ok(Step::More),
            None => Err(ModelError::Garbled {
                why: "an event is not of a response",
            }),
        };
    };
    if let Some(usage) = response.get("usage") {
        answer.report(&Counting::RESPONSES, usage);
    }
    if let Some(error) = answer.reported_error(response) {
        return Err(error);
    }
    if is_whole {
        read_output(response, answer);
    }
    match response.get("status").and_then(Value::as_str) {
        Some("completed") => answer.finish(Finish::Stop),
        Some("incomplete") => answer.finish(match incomplete_because(response) {
            Some("content_filter") => Finish::Stop,
            _ => Finish::Length,
        }),
        Some("failed" | "cancelled") => return Err(answer.in_stream(response)),
        _ => return Ok(Step::More),
    }
    Ok(Step::Done)
}

fn incomplete_because(response: &Value) -> Option<&str> {
    response.pointer("/incomplete_details/reason")?.as_str()
}

/// Reads the texts of a whole response.
fn read_output(response: &Value, answer: &mut Answer<'_>) {
    let list = |value: &Value, field: &str| {
        let list = value.get(field).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    for item in list(response, "output") {
        for part in list(&item, "content") {
            if part.get("type").and_then(Value::as_str) == Some("output_text") {
                answer.text(part.get("text").and_then(Value::as_str).unwrap_or_default());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Protocol;
    use crate::models::tests::{pretty, prompt, spec};

    fn shown(dialect: Dialect) -> String {
        let spec = spec(Protocol::OpenAiResponses, "https://host");
        let chat = ChatPrompt::of(&prompt());
        pretty(&body(&chat, &prompt(), &spec, dialect))
    }

    #[test]
    fn nothing_is_stored_at_the_provider() {
        insta::assert_snapshot!(shown(CLASSIC));
    }

    #[test]
    fn a_model_that_reasons_gets_room_for_it_and_no_temperature() {
        insta::assert_snapshot!(shown(Dialect::Second));
    }
}
