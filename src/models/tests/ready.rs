//! Connections that are opened before there is anything to ask.

use futures::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{cleared, spec};
use crate::domain::{Completion, Protocol};
use crate::models::{Clients, Collected, Model, ModelError};

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n\
    data: {\"choices\":[{\"text\":\"1\",\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

type Call = JoinHandle<Result<Completion, ModelError>>;

async fn listen() -> (TcpListener, Model) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound address"));
    let spec = spec(Protocol::OpenAiCompletions, &url);
    let model = Model::new(spec, None, &Clients::new()).expect("a usable model");
    (listener, model)
}

fn call(model: Model) -> Call {
    tokio::spawn(async move { model.complete(cleared(), &mut Collected::default()).await })
}

async fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().await.expect("a connection").0
}

/// Reads a request to the end of its body.
async fn request(socket: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let mut some = [0; 4096];
        let bytes = socket.read(&mut some).await.expect("a request");
        assert!(bytes > 0, "the request ends early");
        read.extend_from_slice(&some[..bytes]);
        if read.ends_with(b"}") {
            return String::from_utf8(read).expect("text");
        }
    }
}

async fn answered(mut socket: TcpStream, call: Call) {
    let wrote = socket.write_all(ANSWER.as_bytes()).await;
    wrote.expect("the caller listens");
    drop(socket);
    let answer = call.await.expect("no panic").expect("an answer");
    assert_eq!(answer.text, "1");
}

/// Whether the other side has hung up.
async fn is_closed(mut socket: TcpStream) -> bool {
    let read = socket.read(&mut [0; 8]).await;
    read.is_ok_and(|bytes| bytes == 0)
}

#[tokio::test]
async fn a_call_goes_over_the_connection_that_stands_ready() {
    let (listener, model) = listen().await;
    model.get_ready();
    model.get_ready();
    let mut socket = accept(&listener).await;
    let call = call(model);
    let request = request(&mut socket).await;
    assert!(request.starts_with("POST /v1/completions HTTP/1.1\r\n"));
    answered(socket, call).await;
    let another = listener.accept().now_or_never();
    assert!(another.is_none(), "one connection is enough");
}

#[tokio::test]
async fn a_request_is_the_same_over_any_connection() {
    let (listener, model) = listen().await;
    let mut requests = Vec::new();
    for is_ready in [true, false] {
        let spec = model.spec().clone();
        let model = Model::new(spec, None, &Clients::new()).expect("a usable model");
        if is_ready {
            model.get_ready();
        }
        let call = call(model);
        let mut socket = accept(&listener).await;
        let text = request(&mut socket).await;
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
        lines[1..].sort();
        requests.push((lines, body.to_owned()));
        answered(socket, call).await;
    }
    assert_eq!(requests[0], requests[1]);
    assert!(
        requests[0]
            .0
            .iter()
            .any(|line| line.starts_with("host: 127.0.0.1:"))
    );
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_costs_no_call() {
    let (listener, model) = listen().await;
    model.get_ready();
    drop(accept(&listener).await);
    let call = call(model);
    let mut socket = accept(&listener).await;
    request(&mut socket).await;
    answered(socket, call).await;
}

#[tokio::test]
async fn a_connection_without_a_call_is_closed_and_the_next_one_opened() {
    let (listener, model) = listen().await;
    model.get_ready();
    let unused = accept(&listener).await;
    tokio::time::pause();
    assert!(is_closed(unused).await);
    tokio::time::resume();
    model.get_ready();
    let mut socket = accept(&listener).await;
    let call = call(model);
    request(&mut socket).await;
    answered(socket, call).await;
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_it() {
    let (listener, model) = listen().await;
    model.get_ready();
    let call = call(model);
    let mut socket = accept(&listener).await;
    request(&mut socket).await;
    call.abort();
    assert!(is_closed(socket).await);
}

#[tokio::test]
async fn who_is_not_there_is_not_there() {
    let (listener, model) = listen().await;
    drop(listener);
    model.get_ready();
    let answer = call(model).await.expect("no panic");
    assert!(
        matches!(answer, Err(ModelError::Unreachable { .. })),
        "{answer:?}"
    );
}
