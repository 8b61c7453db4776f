//! Budget: what a call costs us beside the HTTP client, at most 0.2 ms of processor time: rendering
//! the prompt, the guard, the wire's body, the events of the stream, the row on the ledger, and what
//! makes a suggestion of the answer.
//!
//! A server in the same process answers every request with the same stream of 18 events at once. The
//! floor is a bare client that posts a body of the same size and reads the answer to its end, with
//! the same settings and in the same rounds. What is counted is the processor time of the whole
//! process, so the server's part and the client's are in every row and go out in the difference.
//! The calls are made on one thread, as in the language server.

#![allow(clippy::print_stdout, reason = "the table goes to the terminal")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse;
use mantle_ls::domain::{
    ByteOffset, CompletionId, CompletionRequest, DocumentUri, ModelId, ModelSpec, Network, Origin,
    Policy, PriceSource, Prompt, Protocol, Region, Snippet, Tier, TokenCount, Trigger,
};
use mantle_ls::engine::{Answer, Clock, Engine, Setup};
use mantle_ls::guard::Guard;
use mantle_ls::models::{Clients, Collected, Model};
use mantle_ls::prices::Prices;
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 9;
const CALLS: usize = 200;
const LINES: usize = 400;

/// The processor time of this process so far.
fn spent() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).expect("time passes forward");
    Duration::new(
        seconds,
        u32::try_from(time.tv_nsec).expect("less than a second"),
    )
}

/// Eighteen events, as a model streams a line of code, with usage in the last but one.
fn stream(protocol: Protocol) -> String {
    let pieces = [
        "total", "_price", "(", "order", ",", " ", "rates", ".", "of", "(", "\"", "eu",
    ];
    let pieces = pieces.iter().chain(&["\"", ")", ")", ";"]);
    let chunks: String = pieces
        .map(|piece| {
            let piece = serde_json::to_string(piece).expect("a string is JSON");
            let choice = match protocol {
                Protocol::OpenAiChat => format!("\"delta\":{{\"content\":{piece}}}"),
                _ => format!("\"text\":{piece}"),
            };
            format!("data: {{\"id\":\"c-1\",\"object\":\"chunk\",\"choices\":[{{\"index\":0,{choice},\"finish_reason\":null}}]}}\n\n")
        })
        .collect();
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1400,\"completion_tokens\":16,\
         \"total_tokens\":1416,\"prompt_tokens_details\":{\"cached_tokens\":1024}}}\n\n";
    format!("{chunks}{usage}data: [DONE]\n\n")
}

/// Starts the server on a thread of its own.
fn serve() -> String {
    let (tell, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async move {
            let chat = stream(Protocol::OpenAiChat);
            let text = stream(Protocol::OpenAiCompletions);
            let app = Router::new().fallback(move |request: axum::extract::Request| {
                let is_chat = request.uri().path().contains("chat");
                let body = if is_chat { chat.clone() } else { text.clone() };
                async move {
                    let read = axum::body::to_bytes(request.into_body(), 1 << 20).await;
                    read.expect("a whole body");
                    ([("content-type", "text/event-stream")], body).into_response()
                }
            });
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0");
            let listener = listener.await.expect("a free port");
            tell.send(listener.local_addr().expect("an address"))
                .expect("somebody waits");
            axum::serve(listener, app).await.expect("it serves");
        });
    });
    format!("http://{}", address.recv().expect("the server starts"))
}

fn spec(protocol: Protocol, base_url: &str) -> ModelSpec {
    ModelSpec {
        id: ModelId::new("m"),
        tier: Tier::OpenSource,
        protocol,
        base_url: base_url.to_owned(),
        model: "m".to_owned(),
        fim: Some("qwen2.5-coder".to_owned()),
        region: Some(Region::local()),
        price: PriceSource::Free,
        context_tokens: 4_096,
        max_output_tokens: 64,
        first_token_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
        is_canary: false,
        api_key: None,
    }
}

/// A file with as many lines, each a place to complete.
fn file() -> (String, Vec<usize>) {
    let mut text = String::new();
    let mut places = Vec::new();
    for line in 0..LINES {
        text += &format!("def price_{line}(order, rates):\n    value_{line} = ");
        places.push(text.len());
        text += "\n    return value\n\n";
    }
    (text, places)
}

fn prompt(text: &str, place: usize) -> Prompt {
    Prompt {
        path: "shop/prices.py".to_owned(),
        language: "python".to_owned(),
        snippets: vec![Snippet {
            path: "shop/rates.py".to_owned(),
            text: text[..1_500].to_owned(),
        }],
        prefix: text[place.saturating_sub(3_500)..place].to_owned(),
        suffix: text[place..(place + 1_500).min(text.len())].to_owned(),
        single_line: false,
        max_output_tokens: 64,
        input_tokens: TokenCount::new(1_400),
    }
}

async fn bare(url: &str, body: &[u8]) {
    // Built as our own for loopback are: a connection for each call.
    thread_local! {
        static CLIENT: reqwest::Client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client");
    }
    let request = CLIENT.with(|client| client.post(format!("{url}/v1/completions")));
    let request = request.header("content-type", "application/json");
    let answer = request.body(body.to_vec()).send().await;
    let answer = answer.expect("an answer").bytes().await.expect("all of it");
    assert!(answer.len() > 1_000, "{}", answer.len());
}

async fn modelled(model: &Model, prompt: Prompt) {
    let (cleared, _) = Guard::new().clear(prompt);
    let answer = model.complete(cleared, &mut Collected::default()).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.text, "total_price(order, rates.of(\"eu\"));");
    assert!(answer.usage.is_complete());
}

/// An engine that asks this model alone, with the file open in it.
async fn engine(spec: ModelSpec, folder: &std::path::Path, text: &str) -> Arc<Engine> {
    let engine = Arc::new(Engine::new(Setup {
        policy: Policy {
            pin: Some(spec.id.clone()),
            embedded: false,
            ..Policy::default()
        },
        models: vec![spec],
        prices: Prices::default(),
        network: Network::default(),
        key_of: Box::new(|_| Err("there are no keys here".to_owned())),
        ledger: folder.join("ledger.sqlite3"),
        cache: folder.join("cache"),
        origin: Origin::Try,
        client: None,
        user: None,
        roots: Vec::new(),
        index_memory: 8 << 20,
        dependencies: None,
        clock: Clock::system(),
    }));
    engine.open_book().await;
    let uri = DocumentUri::new("file:///shop/prices.py");
    engine.open(uri, None, "python", 1, text);
    engine
}

async fn completed(engine: &Arc<Engine>, place: usize) {
    let received = Clock::system().now();
    let request = CompletionRequest {
        id: CompletionId::new(received),
        document: DocumentUri::new("file:///shop/prices.py"),
        offset: ByteOffset::new(place),
        trigger: Trigger::Invoked,
        received,
    };
    let answer = engine.complete(request).await;
    assert!(matches!(answer, Answer::Suggestion(_)), "{answer:?}");
}

fn main() {
    // Fails when somebody else was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let url = serve();
    let (text, places) = file();
    let body = vec![b'a'; 7_200];
    let model =
        |protocol| Model::new(spec(protocol, &url), None, &Clients::new()).expect("a usable model");
    let completions = model(Protocol::OpenAiCompletions);
    let chat = model(Protocol::OpenAiChat);
    let mut rows: [Vec<f64>; 4] = Default::default();
    for round in 0..=ROUNDS {
        let folder = tempfile::tempdir().expect("a folder");
        let spec = spec(Protocol::OpenAiCompletions, &url);
        let engine = runtime.block_on(engine(spec, folder.path(), &text));
        for (row, times) in rows.iter_mut().enumerate() {
            let before = spent();
            runtime.block_on(async {
                for call in 0..CALLS {
                    let place = places[10 + call];
                    match row {
                        0 => bare(&url, &body).await,
                        1 => modelled(&completions, prompt(&text, place)).await,
                        2 => modelled(&chat, prompt(&text, place)).await,
                        _ => completed(&engine, place).await,
                    }
                }
            });
            let each = (spent() - before).as_secs_f64() * 1e6 / CALLS as f64;
            // The first round builds clients and fills caches.
            if round > 0 {
                times.push(each);
            }
        }
        runtime.block_on(engine.close());
    }
    let median = |times: &[f64]| {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    let floor = median(&rows[0]);
    println!(
        "{}, {} build, {}; {ROUNDS} rounds of {CALLS} calls, medians of processor time",
        support::machine(),
        support::build(),
        support::today()
    );
    println!("| call | µs each | over the bare client |\n|---|---|---|");
    let names = [
        "a bare client, the server's part in it",
        "guard and model, `openai-completions`",
        "guard and model, `openai-chat`",
        "the whole path: request to suggestion, with its rows on the ledger",
    ];
    for (name, times) in names.iter().zip(&rows) {
        let each = median(times);
        println!("| {name} | {each:.0} | {:+.0} |", each - floor);
    }
}
