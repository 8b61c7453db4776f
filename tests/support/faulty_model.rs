//! A model server that fails in every way that a server can, and answers when it is told to: a raw
//! socket, because no HTTP library would do most of this.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How a call ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It does not: an answer with usage.
    None,
    /// HTTP 429, with or without a word on when to come back.
    RateLimited { retry_after: Option<u32> },
    /// Another HTTP status.
    Status(u16),
    /// The connection is reset before a word.
    ResetAtOnce,
    /// The connection is reset after some text.
    ResetInTheMiddle,
    /// The stream ends after some text, without an end of its own.
    CutOff,
    /// An error event in a stream that began with 200.
    InStream,
    /// A byte now and then, and never a whole event.
    SlowDrip,
    /// Nothing at all.
    Silence,
    /// Bytes that are no HTTP.
    Garbage,
    /// A web page.
    WebPage,
    /// A stream whose events are no JSON.
    GarbledEvents,
}

/// The server; it ends when it is dropped.
pub struct FaultyModel {
    pub port: u16,
    calls: Arc<AtomicUsize>,
    _listening: JoinSet<()>,
}

impl FaultyModel {
    /// Starts a server that meets every call in the same way.
    pub async fn start(fault: Fault) -> Self {
        Self::by_number(move |_| fault).await
    }

    /// Starts a server that meets each call as `fault` says of its number, from 0.
    pub async fn by_number(fault: impl Fn(usize) -> Fault + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let calls = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&calls);
        let mut listening = JoinSet::new();
        listening.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::Relaxed);
                connections.spawn(meet(stream, fault(number)));
                // Those that have ended are let go.
                while connections.try_join_next().is_some() {}
            }
        });
        Self {
            port,
            calls,
            _listening: listening,
        }
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

fn text(text: &str) -> String {
    event(&format!(
        r#"{{"choices":[{{"index":0,"text":"{text}","finish_reason":null}}]}}"#
    ))
}

async fn meet(mut stream: TcpStream, fault: Fault) {
    if fault == Fault::ResetAtOnce {
        // Once something was sent, or it would be a connection that never stood.
        let _ = stream.read(&mut [0]).await;
        reset(stream);
        return;
    }
    read_request(&mut stream).await;
    let refusal = |status: u16, headers: &str| {
        let body = r#"{"error":{"type":"made_up","message":"no"}}"#;
        format!(
            "HTTP/1.1 {status} No\r\ncontent-type: application/json\r\n{headers}content-length: \
             {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    let answer = match fault {
        Fault::None => {
            let end = event(
                r#"{"choices":[{"index":0,"text":"","finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":5}}"#,
            );
            format!("{STREAM}{}{end}{}", text("price(order);"), event("[DONE]"))
        }
        Fault::RateLimited { retry_after } => {
            let header = retry_after.map(|after| format!("retry-after: {after}\r\n"));
            refusal(429, &header.unwrap_or_default())
        }
        Fault::Status(status) => refusal(status, ""),
        Fault::ResetInTheMiddle | Fault::CutOff => format!("{STREAM}{}", text("price(or")),
        Fault::InStream => format!("{STREAM}{}", event(r#"{"error":{"type":"overloaded"}}"#)),
        Fault::SlowDrip => format!("{STREAM}data: {{"),
        Fault::Garbage => "\u{1}\u{2}hello\r\n\r\n".to_owned(),
        Fault::WebPage => {
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<html>Sign in</html>"
                .to_owned()
        }
        Fault::GarbledEvents => format!("{STREAM}{}", event("{not json")),
        Fault::Silence | Fault::ResetAtOnce => String::new(),
    };
    let _ = stream.write_all(answer.as_bytes()).await;
    match fault {
        Fault::ResetInTheMiddle => {
            // What was written must be read before the reset overtakes it.
            let _ = stream.flush().await;
            let mut byte = [0];
            let _ =
                tokio::time::timeout(std::time::Duration::from_millis(50), stream.read(&mut byte))
                    .await;
            reset(stream);
        }
        Fault::SlowDrip => loop {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            if stream.write_all(b" ").await.is_err() {
                return;
            }
        },
        Fault::Silence => {
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
        _ => {
            let _ = stream.shutdown().await;
        }
    }
}

/// Closes a connection with a reset instead of an end.
fn reset(stream: TcpStream) {
    let _ = stream.set_zero_linger();
    drop(stream);
}

/// Reads headers and body, so that no answer overtakes the question.
async fn read_request(stream: &mut TcpStream) {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let head = read.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(head) = head {
            let headers = String::from_utf8_lossy(&read[..head]).to_lowercase();
            let length = headers
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|length| length.trim().parse::<usize>().ok());
            if read.len() >= head + 4 + length.unwrap_or(0) {
                return;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => read.extend_from_slice(&buffer[..count]),
        }
    }
}
