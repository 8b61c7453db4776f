//! DeepSeek's `/beta/completions`: a prompt and a suffix, joined by the server.
//!
//! Snippets stand before the prefix as plain text (`plain_prompt`). While the request waits, the
//! server sends comments; its usage tells cache hits, which are kept on disk there and cost a
//! fraction.

use std::borrow::Cow;

use secrecy::SecretString;
use serde::Serialize;

use crate::domain::{Completion, ModelSpec, Prompt};
use crate::guard::Cleared;

use super::answer::Answer;
use super::model_list;
use super::openai_chunk::decode;
use super::openai_completions::StreamOptions;
use super::plain_prompt::with_snippets;
use super::server::Server;
use super::{Clients, ModelError, Probe, Sink};

/// A model behind `/beta/completions`.
#[derive(Debug)]
pub struct DeepSeekFim {
    spec: ModelSpec,
    server: Server,
    path: &'static str,
}

impl DeepSeekFim {
    pub(super) fn new(
        spec: ModelSpec,
        key: Option<SecretString>,
        clients: &Clients,
    ) -> Result<Self, ModelError> {
        let is_beta = spec.base_url.trim_end_matches('/').ends_with("/beta");
        Ok(Self {
            server: Server::new(&spec, key, clients)?,
            path: if is_beta {
                "/completions"
            } else {
                "/beta/completions"
            },
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
        self.server.ask(self.path, &body, decode, answer).await
    }

    pub(super) async fn probe(&self) -> Result<Probe, ModelError> {
        model_list::probe_with_suffix(&self.server, "/models", &self.spec).await
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
    stream_options: StreamOptions,
}

fn body<'a>(prompt: &'a Prompt, spec: &'a ModelSpec) -> Body<'a> {
    Body {
        model: &spec.model,
        prompt: with_snippets(prompt),
        suffix: &prompt.suffix,
        // The settings hold it below the 4,096 tokens that the route gives.
        max_tokens: prompt.max_output_tokens.min(spec.max_output_tokens),
        temperature: 0,
        stop: if prompt.single_line { &["\n"] } else { &[] },
        stream: true,
        stream_options: StreamOptions::WITH_USAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Protocol;
    use crate::models::tests::{pretty, prompt, spec};

    #[test]
    fn usage_is_asked_for() {
        let spec = spec(Protocol::DeepSeekFim, "https://host");
        insta::assert_snapshot!(pretty(&body(&prompt(), &spec)));
    }

    #[test]
    fn the_beta_route_is_not_doubled() {
        let path = |url: &str| {
            let spec = spec(Protocol::DeepSeekFim, url);
            let model = DeepSeekFim::new(spec, None, &Clients::new());
            model.expect("a usable model").path
        };
        assert_eq!(path("https://api.deepseek.com"), "/beta/completions");
        assert_eq!(path("https://api.deepseek.com/beta/"), "/completions");
    }
}
