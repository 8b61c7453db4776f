//! Errors: what they are called, what they tell and what they keep to themselves.

use std::time::Duration;

use super::fake::{Fake, raw, status};
use super::{cleared, spec};
use crate::domain::{CallOutcome, KeyPlace, ModelSpec, Protocol};
use crate::models::{Clients, Collected, Model, ModelError, SecretString};

async fn refused(code: u16, headers: &'static [(&str, &str)], body: &'static str) -> ModelError {
    let fake = Fake::start(move |_, _| status(code, headers, body)).await;
    ask(&fake.url).await
}

async fn ask(url: &str) -> ModelError {
    Model::new(
        spec(Protocol::OpenAiCompletions, url),
        None,
        &Clients::new(),
    )
    .expect("a usable model")
    .complete(cleared(), &mut Collected::default())
    .await
    .expect_err("a refusal")
}

#[tokio::test]
async fn a_rate_limit_says_how_long_to_wait() {
    assert_eq!(
        refused(429, &[("retry-after", "3")], "").await,
        ModelError::RateLimited {
            retry_after: Some(Duration::from_secs(3))
        }
    );
    let error = refused(429, &[("retry-after-ms", "120")], "").await;
    assert_eq!(
        error,
        ModelError::RateLimited {
            retry_after: Some(Duration::from_millis(120))
        }
    );
    assert_eq!(error.outcome(), CallOutcome::RateLimited);
    assert_eq!(error.status(), Some(429));
    assert_eq!(
        refused(429, &[], "").await,
        ModelError::RateLimited { retry_after: None }
    );
}

#[tokio::test]
async fn a_server_that_loads_its_model_is_not_there_yet() {
    let body = r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#;
    let error = refused(503, &[], body).await;
    assert_eq!(error, ModelError::Loading);
    assert_eq!(error.outcome(), CallOutcome::Unreachable);
    assert!(error.is_worth_a_fallback() && !error.was_sent());
}

#[tokio::test]
async fn an_http_error_keeps_its_status_and_name_and_nothing_of_its_text() {
    let body =
        r#"{"error":{"message":"bad prompt: let a = secret()","type":"invalid_request_error"}}"#;
    for code in [400, 401, 404, 500, 502, 529] {
        let error = refused(code, &[], body).await;
        assert_eq!(error.status(), Some(code));
        assert_eq!(error.outcome(), CallOutcome::Refused);
        assert!(error.is_worth_a_fallback());
        assert!(!error.hint().is_empty());
        let shown = format!("{error} {error:?} {}", error.hint());
        assert!(shown.contains("invalid_request_error"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[tokio::test]
async fn a_name_with_room_for_text_is_no_name() {
    for body in [
        r#"{"error":{"type":"let a = secret()"}}"#,
        r#"{"error":"secret"}"#,
        "secret",
        "",
    ] {
        let error = refused(500, &[], body).await;
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Fake::start(|_, _| status(200, &[], "")).await;
    let target = other.url.clone();
    let fake = Fake::start(move |_, _| status(307, &[("location", &target)], "")).await;
    let error = Model::new(
        spec(Protocol::OpenAiCompletions, &fake.url),
        Some(SecretString::from("key-1")),
        &Clients::new(),
    )
    .expect("a usable model")
    .complete(cleared(), &mut Collected::default())
    .await
    .expect_err("a redirect is an error");
    assert_eq!(error.status(), Some(307));
    assert!(other.asked().is_empty(), "the key stays with its host");
}

#[tokio::test]
async fn an_answer_that_is_none_is_garbled() {
    for (kind, body) in [
        ("text/html", "<html>Welcome</html>"),
        ("text/event-stream", ""),
        ("text/event-stream", "hello\n\n"),
        ("text/event-stream", "data: hello\n\ndata: more\n\n"),
        ("text/event-stream", "data: {}\n\n"),
        ("text/event-stream", "data: [1]\n\n"),
        ("application/json", "{}"),
        ("application/json", "null"),
        ("application/json", ""),
    ] {
        let fake = Fake::start(move |_, _| status(200, &[("content-type", kind)], body)).await;
        let error = ask(&fake.url).await;
        assert!(
            matches!(error, ModelError::Garbled { .. }),
            "{kind} {body:?}: {error:?}"
        );
        assert_eq!(error.outcome(), CallOutcome::Garbled);
    }
    let url = raw(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\ndata: \xff\xfe\n\n").await;
    assert!(matches!(ask(&url).await, ModelError::Garbled { .. }));
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let error = ask("http://127.0.0.1:1").await;
    let ModelError::Unreachable { host, why } = &error else {
        panic!("nobody listens on port 1: {error}");
    };
    assert_eq!(host, "127.0.0.1:1");
    assert!(why.contains("refused"), "{why}");
    assert_eq!(error.outcome(), CallOutcome::Unreachable);
    assert!(!error.was_sent());
}

#[tokio::test]
async fn a_missing_key_is_found_before_anything_is_sent() {
    let fake = Fake::start(|_, _| status(200, &[], "")).await;
    let spec = ModelSpec {
        api_key: Some(KeyPlace::Variable("SOME_API_KEY".to_owned())),
        ..spec(Protocol::OpenAiCompletions, &fake.url)
    };
    let error = Model::new(spec, None, &Clients::new())
        .expect("a key may be set later")
        .complete(cleared(), &mut Collected::default())
        .await
        .expect_err("no key");
    assert!(error.hint().contains("SOME_API_KEY"));
    assert!(!error.was_sent());
    assert!(fake.asked().is_empty());
}

#[test]
fn what_can_never_work_is_refused_at_once() {
    let make = |spec: ModelSpec, key: Option<&str>| {
        Model::new(spec, key.map(SecretString::from), &Clients::new()).expect_err("unusable")
    };
    let family = make(
        ModelSpec {
            fim: Some("gpt".to_owned()),
            ..spec(Protocol::OpenAiCompletions, "http://127.0.0.1:1")
        },
        None,
    );
    assert!(family.hint().contains("qwen2.5-coder"), "{}", family.hint());
    for url in [
        "",
        "127.0.0.1:8080",
        "ftp://a",
        "http://",
        "http://user:key@host",
    ] {
        for protocol in [Protocol::OpenAiCompletions, Protocol::LlamaCpp] {
            let error = make(spec(protocol, url), None);
            assert!(matches!(error, ModelError::Unusable { .. }), "{url}");
            assert!(!format!("{error:?}").contains("key@"), "{error:?}");
        }
    }
    let key = make(
        spec(Protocol::LlamaCpp, "http://127.0.0.1:1"),
        Some("a\nkey"),
    );
    assert!(!format!("{key:?} {key}").contains("nkey"));
    make(spec(Protocol::Scripted, ""), None);
}

#[test]
fn a_model_does_not_show_its_key_in_a_log() {
    let model = Model::new(
        spec(Protocol::OpenAiCompletions, "https://host"),
        Some(SecretString::from("key-1")),
        &Clients::new(),
    )
    .expect("a usable model");
    assert!(!format!("{model:?}").contains("key-1"));
}

#[tokio::test]
async fn a_probe_tells_what_the_server_says() {
    let fake = Fake::start(|path, _| match path {
        "/v1/models" => status(200, &[], r#"{"data":[{"id":"other","owned_by":"vllm"}]}"#),
        _ => status(404, &[], ""),
    })
    .await;
    let model = |protocol| {
        Model::new(spec(protocol, &fake.url), None, &Clients::new()).expect("a usable model")
    };
    let probe = model(Protocol::OpenAiCompletions)
        .probe()
        .await
        .expect("an answer");
    assert_eq!(probe.server.as_deref(), Some("vllm"));
    assert!(probe.message.contains("does not list"), "{}", probe.message);
    let error = model(Protocol::LlamaCpp)
        .probe()
        .await
        .expect_err("not llama.cpp");
    assert_eq!(error.status(), Some(404));
    assert!(error.hint().contains("protocol"));
}

#[tokio::test]
async fn a_probe_of_llama_cpp_says_whether_the_suffix_is_used() {
    for (infill, fim) in [(200, true), (501, false)] {
        let fake = Fake::start(move |path, _| match path {
            "/props" => status(
                200,
                &[],
                r#"{"build_info":"b6000","model_path":"/models/qwen.gguf",
                    "default_generation_settings":{"n_ctx":1024}}"#,
            ),
            _ => status(infill, &[], "{}"),
        })
        .await;
        let probe = Model::new(spec(Protocol::LlamaCpp, &fake.url), None, &Clients::new())
            .expect("a usable model")
            .probe()
            .await
            .expect("an answer");
        assert_eq!(probe.fim, Some(fim));
        assert_eq!(probe.server.as_deref(), Some("llama.cpp b6000"));
        assert_eq!(probe.model.as_deref(), Some("qwen.gguf"));
        assert!(probe.message.contains("1024 tokens"), "{}", probe.message);
    }
}
