//! Mistral's `/v1/fim/completions`, for Codestral; Inception's Mercury has the same route.
//!
//! Prefix and suffix have a field each and the server joins them. Snippets stand before the prefix
//! as plain text (`plain_prompt`). The answer comes in the chunks of a chat. A call that is closed
//! early is billed to its end there, so the line's end is asked for as a stop string.

use std::borrow::Cow;

use secrecy::SecretString;
use serde::Serialize;

use crate::domain::{Completion, ModelSpec, Prompt};
use crate::guard::Cleared;

use super::answer::Answer;
use super::model_list;
use super::openai_chunk::decode;
use super::plain_prompt::with_snippets;
use super::server::Server;
use super::{Clients, ModelError, Probe, Sink};

/// A model behind `/v1/fim/completions`.
#[derive(Debug)]
pub struct MistralFim {
    spec: ModelSpec,
    server: Server,
}

impl MistralFim {
    pub(super) fn new(
        spec: ModelSpec,
        key: Option<SecretString>,
        clients: &Clients,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            server: Server::new(&spec, key, clients)?,
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
        let body = body(prompt.get(), &self.spec);
        let answer = Answer::new(sink);
        self.server
            .ask("/v1/fim/completions", &body, decode, answer)
            .await
    }

    pub(super) async fn probe(&self) -> Result<Probe, ModelError> {
        model_list::probe_with_suffix(&self.server, "/v1/models", &self.spec).await
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    prompt: Cow<'a, str>,
    suffix: &'a str,
    max_tokens: u32,
    temperature: u32,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop: &'static [&'static str],
    stream: bool,
}

fn body<'a>(prompt: &'a Prompt, spec: &'a ModelSpec) -> Body<'a> {
    Body {
        model: &spec.model,
        prompt: with_snippets(prompt),
        suffix: &prompt.suffix,
        max_tokens: prompt.max_output_tokens.min(spec.max_output_tokens),
        temperature: 0,
        stop: if prompt.single_line { &["\n"] } else { &[] },
        stream: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Protocol;
    use crate::models::tests::{pretty, prompt, spec};

    #[test]
    fn prefix_and_suffix_have_a_field_each() {
        let spec = spec(Protocol::MistralFim, "https://host");
        insta::assert_snapshot!(pretty(&body(&prompt(), &spec)));
    }
}
