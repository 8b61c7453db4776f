//! Servers on this machine, found at ports that a test gives.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::Instant;

use super::fake::{Fake, status};
use crate::domain::Protocol;
use crate::models::{Clients, FoundServer, Port, ServerKind, find_servers};

fn port_of(url: &str) -> u16 {
    let number = url.rsplit(':').next().expect("a port");
    number.parse().expect("a number")
}

async fn find(body: &'static str) -> (Vec<FoundServer>, Fake) {
    let fake = Fake::start(move |_, _| status(200, &[], body)).await;
    let port = Port {
        number: port_of(&fake.url),
        kind: ServerKind::LmStudio,
    };
    (find_servers(&Clients::new(), &[port]).await, fake)
}

#[tokio::test]
async fn who_keeps_the_list_tells_the_kind_whatever_the_port() {
    for (owner, kind, protocol) in [
        ("llamacpp", ServerKind::LlamaCpp, Protocol::LlamaCpp),
        ("library", ServerKind::Ollama, Protocol::Ollama),
        ("vllm", ServerKind::Vllm, Protocol::OpenAiCompletions),
        (
            "somebody",
            ServerKind::LmStudio,
            Protocol::OpenAiCompletions,
        ),
    ] {
        let body = format!(r#"{{"object":"list","data":[{{"id":"m","owned_by":"{owner}"}}]}}"#);
        let (found, fake) = find(body.leak()).await;
        assert_eq!(found.len(), 1, "{owner}");
        assert_eq!((found[0].kind, found[0].kind.protocol()), (kind, protocol));
        assert_eq!(found[0].base_url, fake.url);
        let asked = fake.asked();
        assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/v1/models"));
        assert!(asked[0].body.is_empty(), "nothing of the user's is sent");
    }
}

#[tokio::test]
async fn models_that_fill_in_the_middle_come_first() {
    let (found, _fake) = find(
        r#"{"data":[{"id":"llama3","owned_by":"library"},{"id":"qwen2.5-coder","owned_by":"library"}]}"#,
    )
    .await;
    assert_eq!(found[0].models, ["qwen2.5-coder", "llama3"]);
}

#[tokio::test]
async fn a_server_without_a_model_is_found_and_what_is_no_model_server_is_not() {
    let (found, _fake) = find(r#"{"object":"list","data":null}"#).await;
    assert_eq!(found[0].models, Vec::<String>::new());
    for body in ["<html>", "{}", r#"{"data2":[]}"#, ""] {
        let (found, _fake) = find(body).await;
        assert_eq!(found, [], "{body}");
    }
}

#[tokio::test]
async fn ports_that_are_closed_or_silent_cost_half_a_second_together() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let number = |listener: &TcpListener| listener.local_addr().expect("an address").port();
    let ports = [number(&silent), number(&silent), number(&closed)].map(|number| Port {
        number,
        kind: ServerKind::Vllm,
    });
    drop(closed);
    let clients = Clients::new();
    // The client is built before the clock stands still.
    find_servers(&clients, &ports[2..]).await;
    tokio::time::pause();
    let before = Instant::now();
    assert_eq!(find_servers(&clients, &ports).await, []);
    assert!(before.elapsed() <= Duration::from_millis(501));
}
