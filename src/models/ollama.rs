//! Ollama's own `/api/generate`: one JSON object on each line.
//!
//! With the field `suffix` the server joins prefix and suffix by the template of the model. A model
//! whose template has no place for a suffix is refused with 400; from then on it gets the prefix
//! alone, raw, so that it goes on with the text instead of answering it. With a FIM family in the
//! configuration the prompt is that family's template, raw. The usage has no word for what a prompt
//! cache held, and older servers leave the prompt's count out where they held all of it.

use std::borrow::Cow;

use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{Completion, FimTemplate, Finish, ModelSpec, Prompt};
use crate::guard::Cleared;

use super::answer::{Answer, Step, json};
use super::dialect::{Dialect, Dialects};
use super::plain_prompt::with_snippets;
use super::server::Server;
use super::usage::Counting;
use super::{Clients, ModelError, Probe, Sink, exchange};

/// The model's own template takes a suffix.
const SUFFIX: Dialect = Dialect::First;
/// It takes none: the prefix alone.
const PREFIX_ONLY: Dialect = Dialect::Second;

/// A model behind Ollama.
#[derive(Debug)]
pub struct Ollama {
    spec: ModelSpec,
    server: Server,
    template: Option<&'static FimTemplate>,
    fim: Dialects,
}

impl Ollama {
    pub(super) fn new(
        spec: ModelSpec,
        key: Option<SecretString>,
        clients: &Clients,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            server: Server::new(&spec, key, clients)?,
            template: super::template_of(&spec)?,
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

    pub(super) async fn complete(
        &self,
        prompt: Cleared<Prompt>,
        sink: &mut dyn Sink,
    ) -> Result<Completion, ModelError> {
        let mut dialect = self.fim.first_to_try();
        loop {
            let text = match (self.template, dialect) {
                (Some(template), _) => Text::Template(template),
                (None, SUFFIX) => Text::Suffix,
                (None, PREFIX_ONLY) => Text::Prefix,
            };
            let body = body(prompt.get(), &self.spec, text);
            let answer = Answer::new(&mut *sink);
            let result = self
                .server
                .ask("/api/generate", &body, decode, answer)
                .await;
            match self.fim.next(dialect, &result) {
                Some(next) if self.template.is_none() => dialect = next,
                _ => return result,
            }
        }
    }

    pub(super) async fn probe(&self) -> Result<Probe, ModelError> {
        let request = self.server.get("/api/version").await?;
        let version = exchange::probe(request, self.server.host()).await?;
        let version = version.get("version").and_then(Value::as_str);
        let version = version.ok_or(ModelError::Garbled {
            why: "it is not what Ollama says of itself",
        })?;
        let question = Question {
            model: &self.spec.model,
        };
        let request = self.server.post("/api/show", &question).await?;
        let shown = exchange::probe(request, self.server.host()).await?;
        let capabilities = shown.get("capabilities").and_then(Value::as_array);
        let inserts = capabilities.map(|all| all.iter().any(|one| one == "insert"));
        let mut probe = Probe {
            server: Some(format!("Ollama {version}")),
            model: Some(self.spec.model.clone()),
            fim: self.template.map_or(inserts, |_| Some(true)),
            ..Probe::default()
        };
        if probe.fim == Some(false) {
            probe.note(
                "The model's template has no place for a suffix, so text after the cursor is not \
                 used; take a base model, or set `fim`.",
            );
        }
        if let Some(inserts) = inserts.filter(|_| self.template.is_none()) {
            self.fim.learn(if inserts { SUFFIX } else { PREFIX_ONLY });
        }
        if self.server.sends_key_in_the_clear() {
            probe.note("The key is sent without TLS.");
        }
        Ok(probe)
    }
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
}

/// Which text the server is given.
#[derive(Clone, Copy)]
enum Text {
    Suffix,
    Prefix,
    Template(&'static FimTemplate),
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    prompt: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    suffix: &'a str,
    raw: bool,
    stream: bool,
    options: Options,
}

#[derive(Serialize)]
struct Options {
    num_predict: u32,
    temperature: u32,
    /// A prompt that is longer than the server's own setting is cut silently otherwise.
    num_ctx: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<&'static str>,
}

fn body<'a>(prompt: &'a Prompt, spec: &'a ModelSpec, text: Text) -> Body<'a> {
    let before = with_snippets(prompt);
    let (before, suffix, stops): (_, _, &[&str]) = match text {
        Text::Suffix => (before, prompt.suffix.as_str(), &[]),
        Text::Prefix => (before, "", &[]),
        Text::Template(template) => (
            Cow::Owned(template.render(&before, &prompt.suffix)),
            "",
            template.stop,
        ),
    };
    let line_end = prompt.single_line.then_some("\n");
    Body {
        model: &spec.model,
        prompt: before,
        // Without one a server would take the prompt for a question.
        raw: suffix.is_empty(),
        suffix,
        stream: true,
        options: Options {
            num_predict: prompt.max_output_tokens.min(spec.max_output_tokens),
            temperature: 0,
            num_ctx: spec.context_tokens,
            stop: line_end.into_iter().chain(stops.iter().copied()).collect(),
        },
    }
}

/// Reads one line. The last one has `done` and tells the tokens.
pub(super) fn decode(data: &str, answer: &mut Answer<'_>) -> Result<Step, ModelError> {
    let line = json(data)?;
    if let Some(error) = answer.reported_error(&line) {
        return Err(error);
    }
    let Some(is_done) = line.get("done").and_then(Value::as_bool) else {
        return Err(ModelError::Garbled {
            why: "a line is not from Ollama",
        });
    };
    answer.report(&Counting::OLLAMA, &line);
    let told = |field: &str| line.get(field).and_then(Value::as_str);
    answer.unseen(told("thinking").unwrap_or_default());
    answer.text(told("response").unwrap_or_default());
    if !is_done {
        return Ok(Step::More);
    }
    answer.finish(match told("done_reason") {
        Some("length") => Finish::Length,
        _ => Finish::Stop,
    });
    Ok(Step::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Protocol;
    use crate::models::tests::{pretty, prompt, spec};

    fn shown(text: Text) -> String {
        let spec = spec(Protocol::Ollama, "http://127.0.0.1:11434");
        pretty(&body(&prompt(), &spec, text))
    }

    #[test]
    fn the_server_joins_prefix_and_suffix() {
        insta::assert_snapshot!(shown(Text::Suffix));
    }

    #[test]
    fn a_model_without_a_place_for_a_suffix_gets_the_prefix_raw() {
        insta::assert_snapshot!(shown(Text::Prefix));
    }

    #[test]
    fn a_family_is_rendered_here_and_stops_at_its_tokens() {
        let template = FimTemplate::of("qwen2.5-coder").expect("a known family");
        insta::assert_snapshot!(shown(Text::Template(template)));
    }
}
