//! Our models against the real llama.cpp server and a real, very small model.

#![cfg(feature = "peers")]

#[path = "peers/llama/server.rs"]
mod server;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use mantle_ls::domain::{
    Finish, ModelId, ModelSpec, PriceSource, Prompt, Protocol, Region, Snippet, Tier, TokenCount,
    Usage,
};
use mantle_ls::guard::{Cleared, Guard};
use mantle_ls::models::{Clients, Collected, Model, ModelError, Sink};

use server::LlamaServer;

fn model(server: &LlamaServer, protocol: Protocol) -> Model {
    let spec = ModelSpec {
        id: ModelId::new("smol"),
        tier: Tier::InHouse,
        protocol,
        base_url: server.base_url(),
        model: "smollm2-135m".to_owned(),
        fim: None,
        region: Some(Region::local()),
        price: PriceSource::Free,
        context_tokens: 2048,
        max_output_tokens: 2000,
        first_token_timeout: Duration::from_secs(60),
        idle_timeout: Duration::from_secs(60),
        is_canary: false,
        api_key: None,
    };
    Model::new(spec, None, &Clients::new()).expect("a usable model")
}

fn prompt(single_line: bool, max_output_tokens: u32) -> Cleared<Prompt> {
    let prompt = Prompt {
        path: "src/shapes.py".to_owned(),
        language: "python".to_owned(),
        snippets: vec![Snippet {
            path: "src/point.py".to_owned(),
            text: "class Point:\n    def __init__(self, x, y):\n        self.x = x\n        self.y = y\n"
                .to_owned(),
        }],
        prefix: "def area(width, height):\n    return width * height\n\ndef perimeter(width, height):\n    return".to_owned(),
        suffix: "\n\nprint(area(2, 3))\n".to_owned(),
        single_line,
        max_output_tokens,
        input_tokens: TokenCount::new(80),
    };
    Guard::new().clear(prompt).0
}

#[track_caller]
fn assert_counted(usage: Usage) {
    assert!(usage.is_complete(), "{usage:?}");
    assert!(usage.input_total > Some(TokenCount::ZERO), "{usage:?}");
    assert!(usage.output_total > Some(TokenCount::ZERO), "{usage:?}");
}

#[tokio::test]
async fn a_model_without_fim_tokens_completes_from_the_prefix() {
    let server = LlamaServer::start();
    let model = model(&server, Protocol::LlamaCpp);
    let mut heard = Collected::default();
    let answer = model
        .complete(prompt(true, 24), &mut heard)
        .await
        .expect("an answer");
    println!("llama-cpp: {:?} {:?}", answer.text, answer.usage);
    assert!(!answer.text.trim().is_empty());
    assert!(!answer.text.contains('\n'), "stopped at the line's end");
    assert_eq!((answer.text, answer.usage), (heard.joined(), heard.usage));
    assert_counted(answer.usage);
    assert!(answer.usage.cache_read.is_some());

    let Model::LlamaCpp(llama) = &model else {
        panic!("the protocol asked for");
    };
    assert_eq!(llama.has_fim(), Some(false), "learned from the first call");

    let again = model
        .complete(prompt(true, 24), &mut Collected::default())
        .await
        .expect("an answer");
    assert_eq!(again.text, heard.joined(), "greedy answers repeat");
    assert_eq!(again.usage.input_total, answer.usage.input_total);
    assert!(
        again.usage.cache_read > Some(TokenCount::ZERO),
        "equal prompts are read from the server's cache: {:?}",
        again.usage
    );
}

#[tokio::test]
async fn a_model_with_fim_tokens_is_asked_for_the_middle() {
    let server = LlamaServer::start_with_fim();
    let model = model(&server, Protocol::LlamaCpp);
    let mut heard = Collected::default();
    let answer = model
        .complete(prompt(false, 12), &mut heard)
        .await
        .expect("an answer");
    println!("infill: {:?} {:?}", answer.text, answer.usage);
    assert_eq!(answer.text, heard.joined());
    assert_counted(answer.usage);
    let Model::LlamaCpp(llama) = &model else {
        panic!("the protocol asked for");
    };
    assert_eq!(llama.has_fim(), Some(true));

    // Snippet and prefix come before what is typed, and so from the server's cache.
    let mut typed = prompt(false, 12).into_inner();
    typed.prefix.push_str(" 2 *");
    let without_snippet = Prompt {
        snippets: Vec::new(),
        ..typed.clone()
    };
    let ask = async |prompt| {
        model
            .complete(Guard::new().clear(prompt).0, &mut Collected::default())
            .await
            .expect("an answer")
            .usage
    };
    let usage = ask(typed).await;
    println!("infill, one word later: {usage:?}");
    assert!(usage.uncached_input() < usage.cache_read, "{usage:?}");
    assert!(
        ask(without_snippet).await.input_total < usage.input_total,
        "the snippet was read"
    );

    let probe = model.probe().await.expect("an answer");
    assert_eq!(probe.fim, Some(true));
    assert!(!probe.message.contains("fill-in"), "{}", probe.message);
}

#[tokio::test]
async fn the_open_ai_route_completes_and_counts() {
    let server = LlamaServer::start();
    let model = model(&server, Protocol::OpenAiCompletions);
    let mut heard = Collected::default();
    let answer = model
        .complete(prompt(true, 24), &mut heard)
        .await
        .expect("an answer");
    println!("openai-completions: {:?} {:?}", answer.text, answer.usage);
    assert!(!answer.text.trim().is_empty());
    assert!(!answer.text.contains('\n'));
    assert_eq!(answer.text, heard.joined());
    assert_counted(answer.usage);
}

#[tokio::test]
async fn a_server_tells_whether_it_is_busy() {
    let server = LlamaServer::start();
    let idle = model(&server, Protocol::LlamaCpp);
    assert_eq!(idle.load().await.expect("it tells"), 0);
    let mut heard = Collected::default();
    let model = model(&server, Protocol::LlamaCpp);
    // Longer than any question takes; closed when the answer is in.
    let long = model.complete(prompt(false, 1_500), &mut heard);
    let busy = async {
        loop {
            match idle.load().await.expect("it tells") {
                0 => tokio::time::sleep(Duration::from_millis(20)).await,
                running => return running,
            }
        }
    };
    tokio::select! {
        running = busy => assert_eq!(running, 1),
        answer = long => panic!("it was never seen at work: {answer:?}"),
    }
}

#[tokio::test]
async fn both_routes_say_the_same_of_the_same_prompt() {
    let server = LlamaServer::start();
    let mut answers = Vec::new();
    for protocol in [Protocol::LlamaCpp, Protocol::OpenAiCompletions] {
        let answer = model(&server, protocol)
            .complete(prompt(false, 16), &mut Collected::default())
            .await
            .expect("an answer");
        assert_eq!(answer.finish, Finish::Length);
        assert_eq!(answer.usage.output_total, Some(TokenCount::new(16)));
        answers.push((answer.text, answer.usage.input_total));
    }
    assert_eq!(answers[0], answers[1], "the suffix is used by neither");
}

struct Enough {
    after: usize,
    heard: Collected,
}

impl Sink for Enough {
    fn text(&mut self, chunk: &str) -> ControlFlow<()> {
        let _ = self.heard.text(chunk);
        if self.heard.chunks.len() < self.after {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    fn usage(&mut self, usage: Usage) {
        self.heard.usage(usage);
    }
}

/// Waits until the server works on nothing, and says how long that took.
///
/// Not on the runtime's own thread, which has the connection to close.
async fn wait_until_idle(server: LlamaServer) -> Duration {
    tokio::task::spawn_blocking(move || watch(&server))
        .await
        .expect("the watch ends")
}

fn watch(server: &LlamaServer) -> Duration {
    let start = Instant::now();
    while server.busy_slots() > 0 {
        assert!(
            start.elapsed() < Duration::from_secs(6),
            "the server still works on a call that nobody waits for"
        );
        std::thread::yield_now();
    }
    start.elapsed()
}

#[tokio::test]
async fn an_early_stop_frees_the_server_and_knows_what_it_cost() {
    let server = LlamaServer::start();
    let model = model(&server, Protocol::LlamaCpp);
    let mut sink = Enough {
        after: 3,
        heard: Collected::default(),
    };
    // All 1,900 tokens would take some ten seconds and more.
    let answer = model
        .complete(prompt(false, 1900), &mut sink)
        .await
        .expect("an answer");
    assert_eq!(answer.finish, Finish::Early);
    assert_counted(answer.usage);
    assert!(answer.usage.output_total < Some(TokenCount::new(100)));
    println!("idle after {:?}", wait_until_idle(server).await);
}

#[tokio::test]
async fn a_dropped_call_frees_the_server() {
    struct Tell(tokio::sync::mpsc::UnboundedSender<()>);
    impl Sink for Tell {
        fn text(&mut self, _chunk: &str) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
        fn usage(&mut self, _usage: Usage) {}
        fn first_token(&mut self) {
            let _ = self.0.send(());
        }
    }

    let server = LlamaServer::start();
    let model = model(&server, Protocol::OpenAiCompletions);
    let (tell, mut first_token) = tokio::sync::mpsc::unbounded_channel();
    let mut sink = Tell(tell);
    {
        let call = model.complete(prompt(false, 1900), &mut sink);
        tokio::select! {
            _ = call => panic!("1,900 tokens are not there at once"),
            _ = first_token.recv() => {}
        }
    }
    println!("idle after {:?}", wait_until_idle(server).await);
}

#[tokio::test]
async fn a_probe_names_the_model_and_what_it_cannot_do() {
    let server = LlamaServer::start();
    let probe = model(&server, Protocol::LlamaCpp)
        .probe()
        .await
        .expect("an answer");
    println!("{probe:?}");
    assert!(probe.server.is_some_and(|name| name.contains("llama.cpp")));
    assert!(probe.model.is_some_and(|name| name.contains("SmolLM2")));
    assert_eq!(probe.fim, Some(false));
    assert!(probe.message.contains("fill-in-the-middle"));

    let probe = model(&server, Protocol::OpenAiCompletions)
        .probe()
        .await
        .expect("an answer");
    println!("{probe:?}");
    assert_eq!(probe.fim, Some(false));
    assert!(probe.message.contains("ignores the suffix"));
}

#[tokio::test]
async fn a_server_that_is_gone_is_unreachable() {
    let server = LlamaServer::start();
    let model = model(&server, Protocol::LlamaCpp);
    drop(server);
    let error = model
        .complete(prompt(true, 8), &mut Collected::default())
        .await
        .expect_err("nobody is there");
    assert!(matches!(error, ModelError::Unreachable { .. }), "{error}");
}
