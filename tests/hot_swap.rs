//! Every protocol is swapped for every other while people type: no request fails, nothing is
//! started again, and the ledger goes on.

mod support;

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use serde_json::{Value, json};
use sqlx::{Connection, Row, SqliteConnection};
use support::{PATIENCE, Server, Workspace};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Every protocol over HTTP, the path that it asks, and the answer that is played.
const PROTOCOLS: [(&str, &str, &str); 9] = [
    ("llama-cpp", "/infill", "streamed.sse"),
    ("ollama", "/api/generate", "streamed.ndjson"),
    ("openai-completions", "/v1/completions", "streamed.sse"),
    ("openai-chat", "/v1/chat/completions", "streamed.sse"),
    ("openai-responses", "/v1/responses", "streamed.sse"),
    ("mistral-fim", "/v1/fim/completions", "streamed.sse"),
    ("deepseek-fim", "/beta/completions", "streamed.sse"),
    ("anthropic", "/v1/messages", "streamed.sse"),
    (
        "gemini",
        "/v1beta/models/m:streamGenerateContent",
        "streamed.sse",
    ),
];

/// How many documents are typed in at once.
const TYPISTS: usize = 4;

/// How often each path was asked.
type Asked = Arc<Mutex<HashMap<String, usize>>>;

async fn provider(tasks: &mut JoinSet<()>) -> (u16, Asked) {
    let asked = Asked::default();
    let count = Arc::clone(&asked);
    let app = Router::new().fallback(move |request: Request| {
        let count = Arc::clone(&count);
        async move {
            let path = request.uri().path().to_owned();
            let (protocol, _, file) = PROTOCOLS
                .into_iter()
                .find(|(_, known, _)| *known == path)
                .unwrap_or_else(|| panic!("{path} is asked by nobody"));
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/wires");
            let answer = std::fs::read(format!("{folder}/{protocol}/{file}")).expect("a fixture");
            *count
                .lock()
                .expect("nobody panics")
                .entry(path)
                .or_default() += 1;
            let kind = if file.ends_with(".ndjson") {
                "application/x-ndjson"
            } else {
                "text/event-stream"
            };
            Response::builder()
                .header("content-type", kind)
                .body(Body::from(answer))
                .expect("a response")
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound address").port();
    tasks.spawn(async move {
        let _served = axum::serve(listener, app).await;
    });
    (port, asked)
}

fn configuration(protocol: &str, port: u16) -> String {
    format!(
        "[inhouse]\nenabled = false\n[[models]]\nid = \"now\"\ntier = \"open-source\"\n\
         protocol = \"{protocol}\"\nbase_url = \"http://127.0.0.1:{port}\"\nmodel = \"m\"\n\
         fim = \"qwen2.5-coder\"\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_ordered_pair_of_protocols_is_swapped_under_load() {
    let mut tasks = JoinSet::new();
    let (port, asked) = provider(&mut tasks).await;
    let workspace = Workspace::new(&[]);
    workspace.configure(&configuration(PROTOCOLS[0].0, port));
    let server = Server::start(&workspace).await;
    let times = |path: &str| {
        let asked = asked.lock().expect("nobody panics");
        asked.get(path).copied().unwrap_or_default()
    };
    let is_over = Cell::new(false);
    let requests = Cell::new(0_usize);

    let typist = async |number: usize| {
        let mut line = 0;
        while !is_over.get() {
            line += 1;
            let path = format!("src/typist_{number}_{line}.rs");
            let text = format!("fn f() {{\n    let value_{number}_{line} = $0\n}}\n");
            let (document, cursor) = server.open(&path, &text).await;
            let items = document.complete(&server.client, cursor, PATIENCE).await;
            let items = items.expect("an answer");
            assert!(
                !items.is_empty(),
                "request {line} of typist {number} failed"
            );
            requests.set(requests.get() + 1);
            document
                .close(&server.client)
                .await
                .expect("the server reads");
        }
    };
    let swaps = async {
        let mut swapped = 0;
        let mut now = 0;
        for (before, after) in ordered_pairs() {
            for next in [before, after] {
                if next == now {
                    continue;
                }
                let (protocol, path, _) = PROTOCOLS[next];
                let so_far = times(path);
                workspace.configure(&configuration(protocol, port));
                server
                    .notify("workspace/didChangeConfiguration", json!({"settings": {}}))
                    .await;
                let is_taken = |message: &Value| {
                    message["message"]
                        .as_str()
                        .is_some_and(|text| text.contains("1 models"))
                };
                let taken: Value = server
                    .client
                    .wait_for("window/logMessage", is_taken, PATIENCE)
                    .await
                    .expect("the change is taken");
                drop(taken);
                while times(path) == so_far {
                    tokio::task::yield_now().await;
                }
                now = next;
                swapped += 1;
            }
        }
        is_over.set(true);
        swapped
    };
    let typists = futures::future::join_all((0..TYPISTS).map(typist));
    let (swapped, _) = tokio::join!(swaps, typists);
    assert!(swapped >= PROTOCOLS.len() * (PROTOCOLS.len() - 1));
    server.end(&[]).await;

    let requests = requests.get();
    let report = workspace.report();
    assert_eq!(report["totals"]["requests"], json!(requests));
    assert_eq!(report["totals"]["calls"], json!(requests), "one call each");
    let mut ledger = SqliteConnection::connect(&format!("sqlite:{}", workspace.ledger().display()))
        .await
        .expect("a ledger");
    let failed = sqlx::query("SELECT count(*) FROM calls WHERE outcome NOT IN ('done', 'early')")
        .fetch_one(&mut ledger)
        .await
        .expect("a count");
    assert_eq!(failed.get::<i64, _>(0), 0, "no call failed");
}

/// Returns every pair of two different protocols once in each order, so that as few swaps as may be
/// lie between them.
fn ordered_pairs() -> Vec<(usize, usize)> {
    let all = 0..PROTOCOLS.len();
    let mut pairs = Vec::new();
    for first in all.clone() {
        for second in all.clone().skip(first + 1) {
            pairs.extend([(first, second), (second, first)]);
        }
    }
    pairs
}
