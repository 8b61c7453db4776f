//! What each protocol sends, and how it learns what a server takes.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::fake::{Asked, Fake, events, status};
use super::{cleared, prompt, spec};
use crate::context::{INSTRUCTION_TOKENS, count_tokens};
use crate::domain::{Completion, Finish, ModelSpec, Protocol};
use crate::models::chat_prompt::ChatPrompt;
use crate::models::{Clients, Collected, Model, ModelError, SecretString};

fn model(spec: ModelSpec) -> Model {
    Model::new(spec, Some(SecretString::from("key-1")), &Clients::new()).expect("a usable model")
}

async fn ask(model: &Model) -> Result<Completion, ModelError> {
    model.complete(cleared(), &mut Collected::default()).await
}

/// The recorded stream of a protocol.
fn streamed(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::LlamaCpp => include_str!("../../../tests/fixtures/wires/llama-cpp/streamed.sse"),
        Protocol::Ollama => include_str!("../../../tests/fixtures/wires/ollama/streamed.ndjson"),
        Protocol::OpenAiCompletions => {
            include_str!("../../../tests/fixtures/wires/openai-completions/streamed.sse")
        }
        Protocol::OpenAiChat => {
            include_str!("../../../tests/fixtures/wires/openai-chat/streamed.sse")
        }
        Protocol::OpenAiResponses => {
            include_str!("../../../tests/fixtures/wires/openai-responses/streamed.sse")
        }
        Protocol::MistralFim => {
            include_str!("../../../tests/fixtures/wires/mistral-fim/streamed.sse")
        }
        Protocol::DeepSeekFim => {
            include_str!("../../../tests/fixtures/wires/deepseek-fim/streamed.sse")
        }
        Protocol::Anthropic => include_str!("../../../tests/fixtures/wires/anthropic/streamed.sse"),
        Protocol::Gemini => include_str!("../../../tests/fixtures/wires/gemini/streamed.sse"),
        Protocol::Scripted => unreachable!("it has no wire"),
    }
}

fn answers(protocol: Protocol) -> axum::response::Response {
    if protocol == Protocol::Ollama {
        status(
            200,
            &[("content-type", "application/x-ndjson")],
            streamed(protocol),
        )
    } else {
        events(streamed(protocol))
    }
}

/// Asks a server of the protocol once and returns what it saw.
async fn seen(protocol: Protocol) -> Asked {
    let fake = Fake::start(move |_, _| answers(protocol)).await;
    let answer = ask(&model(spec(protocol, &fake.url))).await;
    let answer = answer.unwrap_or_else(|error| panic!("{protocol}: {error}"));
    assert_eq!(answer.text, "area(2, 3)", "{protocol}");
    assert_eq!(answer.finish, Finish::Length, "{protocol}");
    fake.asked().pop().expect("one request")
}

#[tokio::test]
async fn every_protocol_has_its_route_and_its_place_for_the_key() {
    let bearer = ("authorization", "Bearer key-1");
    for (protocol, path, (header, key)) in [
        (Protocol::LlamaCpp, "/infill", bearer),
        (Protocol::Ollama, "/api/generate", bearer),
        (Protocol::OpenAiCompletions, "/v1/completions", bearer),
        (Protocol::OpenAiChat, "/v1/chat/completions", bearer),
        (Protocol::OpenAiResponses, "/v1/responses", bearer),
        (Protocol::MistralFim, "/v1/fim/completions", bearer),
        (Protocol::DeepSeekFim, "/beta/completions", bearer),
        (Protocol::Anthropic, "/v1/messages", ("x-api-key", "key-1")),
        (
            Protocol::Gemini,
            "/v1beta/models/qwen2.5-coder-1.5b:streamGenerateContent",
            ("x-goog-api-key", "key-1"),
        ),
    ] {
        let asked = seen(protocol).await;
        assert_eq!(asked.path, path);
        assert_eq!(asked.header(header), Some(key), "{protocol}");
        let has_bearer = asked.authorization.is_some();
        assert_eq!(has_bearer, header == "authorization", "{protocol}");
    }
}

#[tokio::test]
async fn every_text_of_the_prompt_is_sent_and_nothing_of_the_machine() {
    for &protocol in Protocol::ALL {
        if protocol == Protocol::Scripted {
            continue;
        }
        let body = seen(protocol).await.body;
        for text in ["src/shape.rs", "pub fn area", "fn main() {", r";\n}"] {
            assert!(body.contains(text), "{protocol}: {text} in {body}");
        }
        for text in ["key-1", env!("CARGO_MANIFEST_DIR")] {
            assert!(!body.contains(text), "{protocol}: {text} in {body}");
        }
    }
}

#[tokio::test]
async fn versions_and_framings_are_asked_for_by_name() {
    let asked = seen(Protocol::Anthropic).await;
    assert_eq!(asked.header("anthropic-version"), Some("2023-06-01"));
    let asked = seen(Protocol::Gemini).await;
    assert_eq!(asked.query.as_deref(), Some("alt=sse"));
}

#[tokio::test]
async fn a_server_that_refuses_one_way_of_asking_is_asked_in_the_other_from_then_on() {
    for (protocol, refused) in [
        (Protocol::OpenAiChat, "\"temperature\""),
        (Protocol::OpenAiResponses, "\"temperature\""),
        (Protocol::Anthropic, "\"temperature\""),
        (Protocol::Gemini, "\"thinkingConfig\""),
        (Protocol::Ollama, "\"suffix\""),
    ] {
        let calls = std::sync::Arc::new(AtomicUsize::new(0));
        let count = std::sync::Arc::clone(&calls);
        let fake = Fake::start(move |_, _| match count.fetch_add(1, Ordering::Relaxed) {
            0 => status(400, &[], r#"{"error":{"type":"invalid_request_error"}}"#),
            _ => answers(protocol),
        })
        .await;
        let model = model(spec(protocol, &fake.url));
        for _ in 0..2 {
            let answer = ask(&model).await;
            assert!(answer.is_ok(), "{protocol}: {answer:?}");
        }
        let has_refused: Vec<bool> = fake
            .asked()
            .iter()
            .map(|asked| asked.body.contains(refused))
            .collect();
        assert_eq!(has_refused, [true, false, false], "{protocol}");
    }
}

#[tokio::test]
async fn a_server_that_took_one_way_of_asking_is_not_asked_twice_when_it_refuses() {
    let calls = std::sync::Arc::new(AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&calls);
    let fake = Fake::start(move |_, _| match count.fetch_add(1, Ordering::Relaxed) {
        0 => answers(Protocol::OpenAiChat),
        _ => status(400, &[], ""),
    })
    .await;
    let model = model(spec(Protocol::OpenAiChat, &fake.url));
    assert!(ask(&model).await.is_ok());
    let error = ask(&model).await.expect_err("a refusal");
    assert_eq!(error.status(), Some(400));
    assert_eq!(fake.asked().len(), 2);
}

#[tokio::test]
async fn refusals_that_have_nothing_to_do_with_the_way_of_asking_are_met_once() {
    for code in [401, 404, 429, 500, 529] {
        let fake = Fake::start(move |_, _| {
            status(
                code,
                &[],
                r#"{"type":"error","error":{"type":"overloaded_error"}}"#,
            )
        })
        .await;
        let error = ask(&model(spec(Protocol::Anthropic, &fake.url)))
            .await
            .expect_err("a refusal");
        assert_eq!(error.status(), Some(code));
        assert!(error.is_worth_a_fallback());
        assert_eq!(fake.asked().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_probe_finds_the_model_in_the_list_of_every_provider() {
    for (protocol, path, list) in [
        (
            Protocol::OpenAiChat,
            "/v1/models",
            r#"{"data":[{"id":"qwen2.5-coder-1.5b","owned_by":"us"}]}"#,
        ),
        (
            Protocol::Anthropic,
            "/v1/models",
            r#"{"data":[{"type":"model","id":"qwen2.5-coder-1.5b"}],"has_more":false}"#,
        ),
        (
            Protocol::Gemini,
            "/v1beta/models",
            r#"{"models":[{"name":"models/qwen2.5-coder-1.5b"}]}"#,
        ),
        (
            Protocol::DeepSeekFim,
            "/models",
            r#"{"object":"list","data":[{"id":"qwen2.5-coder-1.5b"}]}"#,
        ),
    ] {
        let fake = Fake::start(move |_, _| status(200, &[], list)).await;
        let probe = model(spec(protocol, &fake.url)).probe().await;
        let probe = probe.unwrap_or_else(|error| panic!("{protocol}: {error}"));
        assert_eq!(probe.model.as_deref(), Some("qwen2.5-coder-1.5b"));
        assert_eq!(probe.message, "", "{protocol}");
        assert_eq!(fake.paths(), [path]);
    }
}

#[tokio::test]
async fn a_probe_of_ollama_says_whether_the_suffix_is_used() {
    for (capabilities, fim) in [
        (r#"["completion","insert"]"#, true),
        (r#"["completion"]"#, false),
    ] {
        let shown = format!(r#"{{"capabilities":{capabilities}}}"#);
        let fake = Fake::start(move |path, _| match path {
            "/api/version" => status(200, &[], r#"{"version":"0.13.1"}"#),
            "/api/show" => status(200, &[], &shown),
            _ => answers(Protocol::Ollama),
        })
        .await;
        let model = model(spec(Protocol::Ollama, &fake.url));
        let probe = model.probe().await.expect("an answer");
        assert_eq!(probe.server.as_deref(), Some("Ollama 0.13.1"));
        assert_eq!(probe.fim, Some(fim));
        assert_eq!(probe.message.is_empty(), fim, "{}", probe.message);
        ask(&model).await.expect("an answer");
        let body = fake.asked().pop().expect("the question").body;
        assert_eq!(body.contains("\"suffix\""), fim, "{body}");
    }
}

#[test]
fn the_instruction_is_not_longer_than_what_prompts_leave_for_it() {
    let chat = ChatPrompt::of(&prompt());
    let (_, closing) = chat.file.split_once(";\n}\n").expect("the suffix");
    let tokens = count_tokens(&chat.instruction).get() + count_tokens(closing).get();
    // A chat's own marks need some more.
    assert!(tokens + 24 <= INSTRUCTION_TOKENS, "{tokens}");
}
