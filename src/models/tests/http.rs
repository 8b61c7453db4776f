//! Whole calls over a real socket.

use std::ops::ControlFlow;
use std::time::Duration;

use futures::FutureExt;

use super::fake::{Fake, events, events_then_silence, raw, status};
use super::{cleared, spec};
use crate::domain::{Finish, ModelSpec, Protocol, TokenCount, Usage};
use crate::models::{Clients, Collected, Model, ModelError, SecretString, Sink, Waiting};

const OPEN_AI: &str = "data: {\"choices\":[{\"text\":\"1\",\"finish_reason\":null}],\"usage\":null}\n\n\
    data: {\"choices\":[{\"text\":\" + 2\",\"finish_reason\":\"stop\"}]}\n\n\
    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":3,\
    \"prompt_tokens_details\":{\"cached_tokens\":32}}}\n\n\
    data: [DONE]\n\n";
const FIRST_EVENT: &str = "data: {\"choices\":[{\"text\":\"1\"}],\"usage\":\
    {\"prompt_tokens\":40,\"completion_tokens\":1}}\n\n";
const LLAMA: &str = "data: {\"content\":\"1\",\"stop\":false,\"tokens_predicted\":1,\"tokens_evaluated\":40}\n\n\
    data: {\"content\":\"\",\"stop\":true,\"stop_type\":\"word\",\"tokens_predicted\":2,\
    \"tokens_evaluated\":40,\"timings\":{\"cache_n\":30}}\n\n";

fn model(spec: ModelSpec) -> Model {
    Model::new(spec, None, &Clients::new()).expect("a usable model")
}

fn open_ai(url: &str) -> Model {
    model(spec(Protocol::OpenAiCompletions, url))
}

fn counts(input: u64, cached: Option<u64>, output: u64) -> Usage {
    Usage {
        input_total: Some(TokenCount::new(input)),
        cache_read: cached.map(TokenCount::new),
        output_total: Some(TokenCount::new(output)),
        ..Usage::default()
    }
}

struct First(Collected);

impl Sink for First {
    fn text(&mut self, chunk: &str) -> ControlFlow<()> {
        let _ = self.0.text(chunk);
        ControlFlow::Break(())
    }

    fn usage(&mut self, usage: Usage) {
        self.0.usage(usage);
    }
}

#[tokio::test]
async fn an_answer_is_heard_as_it_comes_and_returned_whole() {
    let fake = Fake::start(|_, _| events(OPEN_AI)).await;
    let mut heard = Collected::default();
    let answer = open_ai(&fake.url)
        .complete(cleared(), &mut heard)
        .await
        .expect("an answer");
    assert_eq!(answer.text, "1 + 2");
    assert_eq!(answer.finish, Finish::Stop);
    assert_eq!(answer.usage, counts(40, Some(32), 3));
    assert_eq!(
        heard,
        Collected {
            chunks: vec!["1".to_owned(), " + 2".to_owned()],
            usage: answer.usage,
            first_tokens: 1,
        }
    );
}

#[tokio::test]
async fn the_key_goes_into_a_bearer_header_and_v1_is_not_doubled() {
    let fake = Fake::start(|_, _| events(OPEN_AI)).await;
    for root in ["", "/", "/v1", "/v1/", "/proxy/", "/openai/v1/"] {
        let spec = spec(Protocol::OpenAiCompletions, &format!("{}{root}", fake.url));
        let key = SecretString::from("key-1\n");
        Model::new(spec, Some(key), &Clients::new())
            .expect("a usable model")
            .complete(cleared(), &mut Collected::default())
            .await
            .expect("an answer");
    }
    assert!(
        fake.asked()
            .iter()
            .all(|asked| asked.authorization.as_deref() == Some("Bearer key-1"))
    );
    let mut paths = fake.paths();
    // As Azure and Bedrock have it.
    assert_eq!(paths.pop().as_deref(), Some("/openai/v1/completions"));
    assert_eq!(paths.pop().as_deref(), Some("/proxy/v1/completions"));
    assert_eq!(paths, ["/v1/completions"; 4]);
}

#[tokio::test]
async fn equal_prompts_give_equal_bytes() {
    let fake = Fake::start(|_, _| events(OPEN_AI)).await;
    for _ in 0..2 {
        open_ai(&fake.url)
            .complete(cleared(), &mut Collected::default())
            .await
            .expect("an answer");
    }
    let asked = fake.asked();
    assert_eq!(asked[0].body, asked[1].body);
}

#[tokio::test]
async fn a_llama_model_without_fim_tokens_is_asked_without_a_suffix_from_then_on() {
    let fake = Fake::start(|path, _| match path {
        "/infill" => status(501, &[], r#"{"error":{"type":"not_supported_error"}}"#),
        _ => events(LLAMA),
    })
    .await;
    let model = model(spec(Protocol::LlamaCpp, &fake.url));
    for _ in 0..2 {
        let answer = model
            .complete(cleared(), &mut Collected::default())
            .await
            .expect("an answer");
        assert_eq!(answer.text, "1");
        assert_eq!(answer.usage, counts(40, Some(30), 2));
        assert_eq!(answer.finish, Finish::Stop);
    }
    assert_eq!(fake.paths(), ["/infill", "/completion", "/completion"]);
}

#[tokio::test]
async fn dropping_a_call_closes_the_connection() {
    let mut fake = Fake::start(|_, tell| events_then_silence(FIRST_EVENT, tell)).await;
    let model = open_ai(&fake.url);
    let (tell, mut text) = tokio::sync::mpsc::unbounded_channel();
    struct Tell(tokio::sync::mpsc::UnboundedSender<Usage>, Usage);
    impl Sink for Tell {
        fn text(&mut self, _: &str) -> ControlFlow<()> {
            let _ = self.0.send(self.1);
            ControlFlow::Continue(())
        }
        fn usage(&mut self, usage: Usage) {
            self.1 = usage;
        }
    }
    let mut sink = Tell(tell, Usage::default());
    let usage = {
        let call = model.complete(cleared(), &mut sink);
        tokio::select! {
            _ = call => panic!("the answer never ends"),
            usage = text.recv() => usage,
        }
    };
    assert_eq!(usage, Some(counts(40, None, 1)), "known before the drop");
    fake.hung_up().await;
}

#[tokio::test]
async fn a_sink_that_has_enough_closes_the_connection() {
    let mut fake = Fake::start(|_, tell| events_then_silence(FIRST_EVENT, tell)).await;
    let mut sink = First(Collected::default());
    let answer = open_ai(&fake.url)
        .complete(cleared(), &mut sink)
        .await
        .expect("an answer");
    assert_eq!(answer.finish, Finish::Early);
    assert_eq!(answer.text, "1");
    assert_eq!(answer.usage, counts(40, None, 1));
    fake.hung_up().await;
}

#[tokio::test]
async fn silence_before_the_first_token_and_after_it_are_told_apart() {
    for (text, waiting) in [
        ("", Waiting::FirstToken),
        (": ping\n\n: ping\n\n", Waiting::FirstToken),
        (FIRST_EVENT, Waiting::NextToken),
    ] {
        let mut fake = Fake::start(move |_, tell| events_then_silence(text, tell)).await;
        let limit = Duration::from_millis(50);
        let model = model(ModelSpec {
            first_token_timeout: if waiting == Waiting::FirstToken {
                limit
            } else {
                Duration::from_secs(10)
            },
            idle_timeout: limit,
            is_canary: false,
            ..spec(Protocol::OpenAiCompletions, &fake.url)
        });
        let error = model
            .complete(cleared(), &mut Collected::default())
            .await
            .expect_err("nothing more comes");
        assert_eq!(error, ModelError::TimedOut { waiting, limit });
        fake.hung_up().await;
    }
}

#[tokio::test]
async fn an_error_inside_a_stream_is_an_error() {
    let fake = Fake::start(|_, _| {
        events(&format!(
            "{FIRST_EVENT}data: {{\"error\":{{\"message\":\"let a = \",\"type\":\"server_error\"}}}}\n\n"
        ))
    })
    .await;
    let mut heard = Collected::default();
    let error = open_ai(&fake.url)
        .complete(cleared(), &mut heard)
        .await
        .expect_err("an error");
    assert_eq!(
        error,
        ModelError::InStream {
            kind: Some("server_error".to_owned()),
            after_text: true
        }
    );
    assert!(!error.is_worth_a_fallback(), "text was paid for");
    assert_eq!(heard.usage, counts(40, None, 1), "and it is known how much");
}

#[tokio::test]
async fn a_connection_that_breaks_is_told_from_an_answer_that_ends() {
    let url = raw(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n\
          21\r\ndata: {\"choices\":[{\"text\":\"1\"}]}\n\r\n1\r\n\n\r\n",
    )
    .await;
    let error = open_ai(&url)
        .complete(cleared(), &mut Collected::default())
        .await
        .expect_err("the last chunk is missing");
    assert_eq!(error, ModelError::Interrupted { after_text: true });

    let url = raw(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n\
          data: {\"choices\":[{\"text\":\"1\"}]}\n\n",
    )
    .await;
    let answer = open_ai(&url)
        .complete(cleared(), &mut Collected::default())
        .await
        .expect("the end of the connection is the end of the answer");
    assert_eq!(answer.usage, Usage::default(), "unknown, not zero");
    assert_eq!(answer.finish, Finish::Length);
}

#[tokio::test]
async fn a_server_that_speaks_something_else_is_an_error() {
    for answer in [&b"SSH-2.0-OpenSSH_9.2\r\n"[..], b"", b"\0\0\0\0"] {
        let url = raw(answer).await;
        let error = open_ai(&url)
            .complete(cleared(), &mut Collected::default())
            .await
            .expect_err("this is not HTTP");
        assert_eq!(error, ModelError::Interrupted { after_text: false });
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let fake = Fake::start(|_, _| {
        let chunk = format!(
            "data: {{\"choices\":[{{\"text\":\"{}\"}}]}}\n\n",
            "a".repeat(1000)
        );
        events(&chunk.repeat(1100))
    })
    .await;
    let error = open_ai(&fake.url)
        .complete(cleared(), &mut Collected::default())
        .await
        .expect_err("more than 1 MiB");
    assert!(matches!(error, ModelError::Garbled { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let fake = Fake::start(|_, _| {
        status(
            200,
            &[("content-type", "application/json; charset=utf-8")],
            r#"{"choices":[{"text":"1 + 2","finish_reason":"length"}],
                "usage":{"prompt_tokens":40,"completion_tokens":3}}"#,
        )
    })
    .await;
    let answer = open_ai(&fake.url)
        .complete(cleared(), &mut Collected::default())
        .await
        .expect("an answer");
    assert_eq!(answer.text, "1 + 2");
    assert_eq!(answer.finish, Finish::Length);
    assert_eq!(answer.usage, counts(40, None, 3));
}

#[tokio::test]
async fn a_call_can_be_sent_to_another_thread() {
    let fake = Fake::start(|_, _| events(OPEN_AI)).await;
    let model = open_ai(&fake.url);
    let task = tokio::spawn(async move {
        let mut heard = Collected::default();
        model.complete(cleared(), &mut heard).boxed().await
    });
    assert!(task.await.expect("no panic").is_ok());
}

/// Runs one test of this binary again with another environment, which cannot be changed safely
/// from within.
pub(super) fn again_with(test: &str, environment: &[(&str, &str)]) -> bool {
    const CHILD: &str = "MANTLE_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return false;
    }
    let output = std::process::Command::new(std::env::current_exe().expect("a test binary"))
        .args(["--exact", &format!("models::tests::{test}")])
        .env(CHILD, "1")
        .envs(environment.iter().copied())
        .output()
        .expect("the test binary starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{test} with {environment:?}: {said}"
    );
    true
}

#[tokio::test]
async fn without_certificates_plain_http_works_and_https_says_what_to_install() {
    let bare = [
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_DIR", "/nonexistent"),
    ];
    if again_with(
        "http::without_certificates_plain_http_works_and_https_says_what_to_install",
        &bare,
    ) {
        return;
    }
    let fake = Fake::start(|_, _| events(OPEN_AI)).await;
    let call = |url: String| async move {
        open_ai(&url)
            .complete(cleared(), &mut Collected::default())
            .await
    };
    assert!(call(fake.url.clone()).await.is_ok());
    let error = call(fake.url.replace("http:", "https:"))
        .await
        .expect_err("nothing to check a certificate with");
    assert_eq!(error, ModelError::NoCertificates);
    assert!(error.hint().contains("ca-certificates"));
}

#[tokio::test]
async fn a_proxy_is_not_used_for_this_machine_and_is_for_others() {
    let proxy = [
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("http_proxy", "http://127.0.0.1:1"),
        ("NO_PROXY", ""),
        ("no_proxy", ""),
    ];
    if again_with(
        "http::a_proxy_is_not_used_for_this_machine_and_is_for_others",
        &proxy,
    ) {
        return;
    }
    let fake = Fake::start(|_, _| events(OPEN_AI)).await;
    let here = open_ai(&fake.url)
        .complete(cleared(), &mut Collected::default())
        .await;
    assert!(here.is_ok(), "{here:?}");
    // A name that only a proxy could resolve; the refusal is that of the proxy's port.
    let there = open_ai("http://model.invalid")
        .complete(cleared(), &mut Collected::default())
        .await;
    let Err(ModelError::Unreachable { why, .. }) = there else {
        panic!("nobody listens on port 1: {there:?}");
    };
    assert!(why.contains("refused"), "{why}");
}
