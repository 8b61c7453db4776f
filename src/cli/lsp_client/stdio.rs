//! The three pipes of a server: what goes in, what comes out, and what it says beside.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::mpsc;

use super::{Answer, KEPT_NOTIFICATIONS, KEPT_WORDS, Notification, Shared, Stray, frame};

/// Any message from the server; which kind it is shows in the fields it has.
#[derive(Debug, Deserialize)]
struct Incoming {
    #[serde(default)]
    id: Option<Value>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
    #[serde(default)]
    result: Value,
    error: Option<Failure>,
}

#[derive(Debug, Deserialize)]
struct Failure {
    code: i64,
    message: String,
}

/// Writes what is sent until the client hangs up; then stdin is closed.
pub(super) async fn write(mut stdin: ChildStdin, mut outgoing: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = outgoing.recv().await {
        let written = stdin.write_all(&bytes).await;
        if written.is_err() || stdin.flush().await.is_err() {
            return;
        }
    }
}

/// Sorts what comes into answers, notifications and strays until the server's output ends.
pub(super) async fn read(
    stdout: ChildStdout,
    shared: Arc<Shared>,
    outbox: mpsc::WeakSender<Vec<u8>>,
) {
    let mut stdout = BufReader::new(stdout);
    while let Some(body) = next_body(&mut stdout).await {
        let Ok(message) = serde_json::from_slice::<Incoming>(&body) else {
            // A server that writes anything but messages to its stdout is broken for every
            // editor; keep it as a stray so that a test can see it.
            shared.lock().strays.push(Stray {
                id: "unreadable".to_owned(),
                code: None,
            });
            continue;
        };
        if let (Some(id), Some(method)) = (&message.id, &message.method) {
            // Weak: this task must not keep the server's stdin open.
            if let Some(outbox) = outbox.upgrade() {
                let answer = answer_to_server(id, method, &message.params);
                let _ = outbox.send(answer).await;
            }
            continue;
        }
        sort(&shared, message);
        shared.changed.notify_waiters();
    }
    let mut state = shared.lock();
    state.ended = true;
    // Dropping the senders tells every open request that there will be no answer.
    state.waiting.clear();
    drop(state);
    shared.changed.notify_waiters();
}

fn sort(shared: &Shared, message: Incoming) {
    let mut state = shared.lock();
    if let Some(method) = message.method {
        if state.notifications.len() == KEPT_NOTIFICATIONS {
            state.notifications.pop_front();
        }
        state.notifications.push_back(Notification {
            method,
            params: message.params,
        });
        return;
    }
    let id = message.id.unwrap_or(Value::Null);
    let code = message.error.as_ref().map(|failure| failure.code);
    let waiting = id.as_i64().and_then(|id| state.waiting.remove(&id));
    let Some(waiting) = waiting else {
        let id = id.to_string();
        state.strays.push(Stray { id, code });
        return;
    };
    drop(state);
    let answer: Answer = match message.error {
        Some(failure) => Err((failure.code, failure.message)),
        None => Ok(message.result),
    };
    // The caller may have stopped waiting; then the answer has no reader, and that is fine.
    let _ = waiting.send(answer);
}

/// Answers what a server may ask of any client; a server must not need more than this.
fn answer_to_server(id: &Value, method: &str, params: &Value) -> Vec<u8> {
    let result = match method {
        "workspace/configuration" => {
            let asked = params["items"].as_array().map_or(0, Vec::len);
            json!(vec![Value::Null; asked])
        }
        "window/workDoneProgress/create"
        | "window/showMessageRequest"
        | "client/registerCapability"
        | "client/unregisterCapability" => Value::Null,
        _ => {
            let error = json!({"code": -32601, "message": format!("unknown request {method}")});
            return frame(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
        }
    };
    frame(&json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

/// Reads the body of the next frame; `None` at the end of the output.
async fn next_body(stdout: &mut (impl AsyncBufRead + Unpin)) -> Option<Vec<u8>> {
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if stdout.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let header = line.trim();
        if header.is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stdout.read_exact(&mut body).await.ok()?;
    Some(body)
}

/// Keeps the last lines of the server's stderr, for the message when it ends.
pub(super) async fn overhear(stderr: ChildStderr, shared: Arc<Shared>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut state = shared.lock();
        if state.last_words.len() == KEPT_WORDS {
            state.last_words.pop_front();
        }
        state.last_words.push_back(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(messages: &[Value]) -> (Arc<Shared>, tokio::sync::oneshot::Receiver<Answer>) {
        let shared = Arc::new(Shared::default());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        shared.lock().waiting.insert(7, sender);
        for message in messages {
            let incoming = serde_json::from_value(message.clone()).expect("the test's message");
            sort(&shared, incoming);
        }
        (shared, receiver)
    }

    #[test]
    fn an_answer_reaches_the_request_that_waits_for_it() {
        let (_, mut answer) = sorted(&[json!({"id": 7, "result": {"items": []}})]);
        assert_eq!(answer.try_recv(), Ok(Ok(json!({"items": []}))));
    }

    #[test]
    fn a_second_answer_to_the_same_request_is_a_stray() {
        let twice = json!({"id": 7, "result": null});
        let (shared, _answer) = sorted(&[twice.clone(), twice]);
        let expected = Stray {
            id: "7".to_owned(),
            code: None,
        };
        assert_eq!(shared.lock().strays, [expected]);
    }

    #[test]
    fn an_error_without_an_id_is_a_stray_with_its_code() {
        let (shared, _answer) =
            sorted(&[json!({"id": null, "error": {"code": -32700, "message": "no"}})]);
        let expected = Stray {
            id: "null".to_owned(),
            code: Some(-32700),
        };
        assert_eq!(shared.lock().strays, [expected]);
    }

    #[test]
    fn untaken_notifications_are_bounded_and_the_newest_stay() {
        let many: Vec<Value> = (0..KEPT_NOTIFICATIONS + 3)
            .map(|n| json!({"method": "mantle/status", "params": n}))
            .collect();
        let (shared, _answer) = sorted(&many);
        let state = shared.lock();
        assert_eq!(state.notifications.len(), KEPT_NOTIFICATIONS);
        assert_eq!(state.notifications[0].params, json!(3));
    }

    #[tokio::test]
    async fn frames_are_read_whatever_the_case_and_order_of_the_headers() {
        let mut input: &[u8] =
            b"Content-Type: x\r\ncontent-length: 2\r\n\r\n{}Content-Length: 4\r\n\r\nnull";
        assert_eq!(next_body(&mut input).await.as_deref(), Some(&b"{}"[..]));
        assert_eq!(next_body(&mut input).await.as_deref(), Some(&b"null"[..]));
        assert_eq!(next_body(&mut input).await, None);
    }
}
