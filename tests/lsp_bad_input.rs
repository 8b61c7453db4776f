//! Whatever a client writes, the server answers what it can, skips the rest, and goes on: each
//! test sends one thing that is wrong and then an ordinary completion that must work.
//!
//! The list is what other language servers of this field were seen to die of.

mod support;

use mantle_ls::cli::lsp_client::wire::{INLINE_COMPLETION, InitializationOptions, Position};
use mantle_ls::cli::lsp_client::{frame, frame_bytes};
use serde_json::{Value, json};
use support::{PATIENCE, Server, Workspace, sure_document};

/// Stands for no answer among the codes that are as good as each other.
const SILENCE: i64 = 0;
const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const NOT_INITIALIZED: i64 = -32002;

/// Sends `bytes` to a server; it must answer without an id with one of `codes`, or with nothing
/// where `codes` is empty, and then complete as if nothing had been.
#[track_caller]
fn check(bytes: impl Into<Vec<u8>>, codes: &[i64]) -> impl Future<Output = ()> {
    let bytes = bytes.into();
    let codes = codes.to_vec();
    async move {
        let workspace = Workspace::where_the_embedded_model_is_sure();
        let server = Server::start(&workspace).await;
        let sent = server.client.send_bytes(bytes).await;
        sent.expect("the server reads");
        server.assert_completes().await;
        let strays = server.client.strays();
        let found: Vec<i64> = strays.iter().filter_map(|stray| stray.code).collect();
        match found.as_slice() {
            [] => assert!(
                codes.is_empty() || codes.contains(&SILENCE),
                "no answer to the bad frame"
            ),
            [code] => assert!(codes.contains(code), "answered {code}, wanted {codes:?}"),
            more => panic!("one bad frame was answered {more:?}"),
        }
        server.end(&found).await;
    }
}

#[tokio::test]
async fn invalid_json_is_answered_and_skipped() {
    check(frame_bytes(b"{nope"), &[PARSE_ERROR]).await;
}

#[tokio::test]
async fn a_json_array_is_answered_and_skipped() {
    check(frame_bytes(b"[1,2]"), &[PARSE_ERROR, INVALID_REQUEST]).await;
}

#[tokio::test]
async fn invalid_utf8_is_answered_and_skipped() {
    check(frame_bytes(b"{\"a\":\"\xff\xfe\"}"), &[PARSE_ERROR]).await;
}

#[tokio::test]
async fn an_empty_object_is_answered_and_skipped() {
    check(frame_bytes(b"{}"), &[PARSE_ERROR, INVALID_REQUEST]).await;
}

#[tokio::test]
async fn a_message_without_method_and_id_is_skipped_answered_or_not() {
    // It may as well be taken for a notification of no name, and those have no answer.
    let message = frame_bytes(b"{\"jsonrpc\":\"2.0\"}");
    check(message, &[SILENCE, PARSE_ERROR, INVALID_REQUEST]).await;
}

#[tokio::test]
async fn an_id_that_is_an_array_is_answered_and_skipped() {
    let message = frame_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"x\"}");
    check(message, &[PARSE_ERROR, INVALID_REQUEST]).await;
}

#[tokio::test]
async fn a_bare_number_is_answered_and_skipped() {
    check(frame_bytes(b"42"), &[PARSE_ERROR, INVALID_REQUEST]).await;
}

#[tokio::test]
async fn an_empty_body_is_answered_and_skipped() {
    check(frame_bytes(b""), &[PARSE_ERROR]).await;
}

#[tokio::test]
async fn headers_without_a_length_are_answered_and_skipped() {
    check("Content-Type: x\r\n\r\n", &[PARSE_ERROR]).await;
}

#[tokio::test]
async fn a_length_in_words_is_answered_and_skipped() {
    check("Content-Length: abc\r\n\r\n", &[PARSE_ERROR]).await;
}

#[tokio::test]
async fn a_length_that_no_memory_holds_is_answered_and_skipped() {
    check("Content-Length: 1000000000000\r\n\r\n", &[PARSE_ERROR]).await;
}

#[tokio::test]
async fn a_negative_length_is_answered_and_skipped() {
    check("Content-Length: -5\r\n\r\n", &[PARSE_ERROR]).await;
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_skipped() {
    check(
        frame(&json!({"jsonrpc": "2.0", "id": 77, "result": null})),
        &[],
    )
    .await;
}

#[tokio::test]
async fn a_change_with_wrong_params_is_skipped() {
    let change = json!({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"x": 1}});
    check(frame(&change), &[]).await;
}

#[tokio::test]
async fn a_change_of_a_file_that_is_not_open_is_skipped() {
    check(frame(&change_of("file:///never/opened.rs", 0, 0)), &[]).await;
}

#[tokio::test]
async fn an_unknown_notification_is_skipped() {
    check(frame(&json!({"jsonrpc": "2.0", "method": "made/up"})), &[]).await;
}

#[tokio::test]
async fn a_cancel_of_a_request_that_never_was_is_skipped() {
    let cancel = json!({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 4711}});
    check(frame(&cancel), &[]).await;
}

fn change_of(uri: &str, line: u32, character: u32) -> Value {
    let place = json!({"line": line, "character": character});
    json!({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
        "textDocument": {"uri": uri, "version": 2},
        "contentChanges": [{"range": {"start": place, "end": place}, "text": "x"}],
    }})
}

/// Sends a request in a frame of the test's own making; it must be answered like any other.
async fn check_headers(headers: impl Fn(usize) -> String) {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    let (document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let pending = server.client.expect_answer(INLINE_COMPLETION);
    let body = serde_json::to_vec(&json!({
        "jsonrpc": "2.0", "id": pending.id(), "method": INLINE_COMPLETION,
        "params": {
            "textDocument": {"uri": document.uri()},
            "position": cursor,
            "context": {"triggerKind": 2},
        },
    }))
    .expect("a message");
    let mut bytes = headers(body.len()).into_bytes();
    bytes.extend(body);
    let sent = server.client.send_bytes(bytes).await;
    sent.expect("the server reads");
    let answer: Value = pending.answer(PATIENCE).await.expect("an answer");
    assert_eq!(answer["items"].as_array().map(Vec::len), Some(1));
    server.assert_completes().await;
    server.end(&[]).await;
}

#[tokio::test]
async fn header_names_in_lower_case_are_understood() {
    check_headers(|length| format!("content-length: {length}\r\n\r\n")).await;
}

#[tokio::test]
async fn headers_beside_the_length_are_understood() {
    check_headers(|length| format!("X-A: 1\r\nContent-Length: {length}\r\nX-B: 2\r\n\r\n")).await;
}

#[tokio::test]
async fn a_change_past_the_end_is_clamped_and_the_next_completion_works() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    let (document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let mut change = change_of(document.uri(), 900, 900)["params"].clone();
    // The document below does not know of this change: its question is not to be an older one.
    change["textDocument"]["version"] = json!(document.version());
    server.notify("textDocument/didChange", change).await;
    // The clamped change is behind the cursor; the line before it still has its answer.
    let item = server.complete(&document, cursor).await;
    support::assert_rest(&document, cursor, &item.expect("a suggestion"));
    server.assert_completes().await;
    server.end(&[]).await;
}

#[tokio::test]
async fn a_completion_past_the_end_is_answered_and_the_next_one_works() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    let (document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    for position in [
        Position {
            line: document.text().lines().count() as u32 + 1,
            character: 0,
        },
        Position {
            line: 100_000,
            character: 100_000,
        },
        Position {
            line: cursor.line,
            character: u32::MAX,
        },
    ] {
        // Any answer but an error will do: the place does not exist.
        server.complete(&document, position).await;
    }
    server.assert_completes().await;
    server.end(&[]).await;
}

#[tokio::test]
async fn a_completion_in_a_file_that_is_not_open_is_answered_with_nothing() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    let params = json!({
        "textDocument": {"uri": "file:///never/opened.rs"},
        "position": {"line": 0, "character": 0},
        "context": {"triggerKind": 2},
    });
    let answer = server.request(INLINE_COMPLETION, params).await;
    let answer = answer.expect("no error");
    assert_eq!(answer["items"], json!([]));
    server.assert_completes().await;
    server.end(&[]).await;
}

#[tokio::test]
async fn a_completion_with_wrong_params_is_refused_and_the_next_one_works() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    let answer = server.request(INLINE_COMPLETION, json!({"x": 1})).await;
    assert_eq!(answer, Err(INVALID_PARAMS));
    server.assert_completes().await;
    server.end(&[]).await;
}

#[tokio::test]
async fn an_unknown_request_is_refused_by_name() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    let answer = server.request("made/up", json!({})).await;
    assert_eq!(answer, Err(METHOD_NOT_FOUND));
    server.assert_completes().await;
    server.end(&[]).await;
}

#[tokio::test]
async fn a_request_before_initialize_is_refused_and_initialize_still_works() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::silent(&workspace);
    let params = json!({
        "textDocument": {"uri": "file:///a.rs"},
        "position": {"line": 0, "character": 0},
        "context": {"triggerKind": 2},
    });
    let answer = server.request(INLINE_COMPLETION, params).await;
    assert_eq!(answer, Err(NOT_INITIALIZED));
    server.initialize(InitializationOptions::default()).await;
    server.wait_for_the_index().await;
    server.assert_completes().await;
    server.end(&[]).await;
}

#[tokio::test]
async fn a_second_initialize_is_refused() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    let answer = server
        .request("initialize", json!({"capabilities": {}}))
        .await;
    assert_eq!(answer, Err(INVALID_REQUEST));
    server.assert_completes().await;
    server.end(&[]).await;
}

#[tokio::test]
async fn a_second_shutdown_is_answered_once_and_exit_ends_the_process() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let mut server = Server::start(&workspace).await;
    let shutdown = |id: i64| frame(&json!({"jsonrpc": "2.0", "id": id, "method": "shutdown"}));
    let first = server.client.expect_answer("shutdown");
    let second = server.client.expect_answer("shutdown");
    for id in [first.id(), second.id()] {
        let sent = server.client.send_bytes(shutdown(id)).await;
        sent.expect("the server reads");
    }
    let first: Value = first.answer(PATIENCE).await.expect("the first is obeyed");
    assert_eq!(first, Value::Null);
    // Some editors send it twice; whether the second is obeyed or refused is all the same.
    match second.answer::<Value>(PATIENCE).await {
        Ok(answer) => assert_eq!(answer, Value::Null),
        Err(error) => assert_eq!(error.code(), Some(INVALID_REQUEST), "{error}"),
    }
    let exit = frame(&json!({"jsonrpc": "2.0", "method": "exit"}));
    let sent = server.client.send_bytes(exit).await;
    sent.expect("the server reads");
    let status = server.client.wait_for_exit(PATIENCE).await;
    assert!(status.expect("exit ends the process").success());
    assert_eq!(server.client.strays(), []);
}

#[tokio::test]
async fn the_process_ends_when_the_client_vanishes() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let mut server = Server::start(&workspace).await;
    server.assert_completes().await;
    server.client.hang_up();
    let status = server.client.wait_for_exit(PATIENCE).await;
    status.expect("the process ends by itself");
}

#[tokio::test]
async fn the_process_ends_when_the_client_vanishes_in_the_middle_of_a_frame() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let mut server = Server::start(&workspace).await;
    let half = b"Content-Length: 400\r\n\r\n{\"jsonrpc\":".to_vec();
    let sent = server.client.send_bytes(half).await;
    sent.expect("the server reads");
    server.client.hang_up();
    let status = server.client.wait_for_exit(PATIENCE).await;
    status.expect("the process ends by itself");
}
