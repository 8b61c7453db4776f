//! What an editor sees of a completion, from the first request to the ledger: over the wire,
//! against the real program, with the embedded model alone.

mod support;

use std::fs;

use mantle_ls::cli::lsp_client::LspError;
use mantle_ls::cli::lsp_client::wire::{
    DID_ACCEPT, InitializationOptions, InlineCompletionItem, Position, Range,
};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use support::holding_model::{Call, HoldingModel};
use support::{
    EMOJI_REST, EMOJI_START, PATIENCE, SURE_REST, Server, Workspace, assert_rest, emoji_document,
    sure_document,
};

const REQUEST_CANCELLED: i64 = -32800;

fn id_of(item: &InlineCompletionItem) -> String {
    let command = item.command.as_ref().expect("an item has a command");
    assert_eq!(command.command, DID_ACCEPT);
    assert!(!command.title.is_empty(), "the protocol requires a title");
    item.completion_id()
        .expect("the command has an id")
        .to_owned()
}

#[tokio::test]
async fn initialize_promises_exactly_what_there_is() {
    let workspace = Workspace::new(&[]);
    let server = Server::silent(&workspace);
    let answer = server.initialize(InitializationOptions::default()).await;
    let mut capabilities = answer["capabilities"].clone();
    let promised = capabilities.as_object_mut().expect("an object");
    let inline = promised.remove("inlineCompletionProvider");
    assert!(
        matches!(&inline, Some(Value::Bool(true))) || inline == Some(json!({})),
        "inline completion is promised as true or {{}}: {inline:?}"
    );
    // UTF-16 is what silence means; saying it is as good.
    let encoding = promised.remove("positionEncoding");
    assert!(encoding.is_none() || encoding == Some(json!("utf-16")));
    let sync = promised
        .remove("textDocumentSync")
        .expect("sync is promised");
    assert_eq!(sync["openClose"], json!(true));
    assert_eq!(sync["change"], json!(2), "incremental");
    assert!(sync["save"] == json!(true) || sync["save"].is_object());
    let commands = promised
        .remove("executeCommandProvider")
        .expect("a command");
    assert_eq!(commands["commands"], json!([DID_ACCEPT]));
    // Editors need nothing else, and what is not here must not be promised.
    promised.remove("workspace");
    assert_eq!(capabilities, json!({}));
    assert_eq!(answer["serverInfo"]["name"], json!("mantle"));
    assert_eq!(
        answer["serverInfo"]["version"]
            .as_str()
            .map(|version| { version.starts_with(env!("CARGO_PKG_VERSION")) }),
        Some(true)
    );
    server.end(&[]).await;
}

#[tokio::test]
async fn the_index_counts_the_files_of_the_workspace() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::silent(&workspace);
    server.initialize(InitializationOptions::default()).await;
    assert_eq!(server.wait_for_the_index().await.files, 6);
    let ready = |status: &Value| status["state"] == json!("ready");
    let status: Value = server
        .client
        .wait_for("mantle/status", ready, PATIENCE)
        .await
        .expect("the status becomes ready");
    assert_eq!(status["accepted"], json!(0));
    assert_eq!(status["offered"], json!(0));
    server.end(&[]).await;
}

#[tokio::test]
async fn an_accepted_suggestion_of_the_embedded_model_costs_nothing_on_the_ledger() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    let (mut document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let item = server
        .complete(&document, cursor)
        .await
        .expect("a suggestion");
    assert_rest(&document, cursor, &item);
    assert!(item.data.is_none(), "nobody asked for an explanation");
    let behind = document
        .accept(&server.client, cursor, &item, PATIENCE)
        .await;
    behind.expect("the acceptance is recorded");
    assert!(document.line(cursor.line).ends_with(SURE_REST));
    // Accepting is answered after the commit: the report sees it while the server still runs.
    let totals = workspace.report()["totals"].clone();
    assert_eq!(totals["offered"], json!(1), "{totals}");
    assert_eq!(totals["accepted"], json!(1), "{totals}");
    assert_eq!(totals["calls"], json!(0), "{totals}");
    assert_eq!(totals["cost_usd"], json!("0.000000"), "{totals}");
    assert_eq!(
        totals["cost_per_accepted_usd"],
        json!("0.000000000"),
        "{totals}"
    );
    server.end(&[]).await;
}

#[tokio::test]
async fn accepting_twice_counts_once() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    let (mut document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let item = server
        .complete(&document, cursor)
        .await
        .expect("a suggestion");
    let behind = document
        .accept(&server.client, cursor, &item, PATIENCE)
        .await;
    behind.expect("the acceptance is recorded");
    let again = json!({"command": DID_ACCEPT, "arguments": [id_of(&item)]});
    let answer = server.request("workspace/executeCommand", again).await;
    assert_eq!(answer, Ok(Value::Null));
    assert_eq!(workspace.report()["totals"]["accepted"], json!(1));
    server.end(&[]).await;
}

#[tokio::test]
async fn a_suggestion_keeps_its_id_while_it_is_typed_through() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    let (mut document, mut cursor) = server.open("src/new.rs", &sure_document("")).await;
    let first = server
        .complete(&document, cursor)
        .await
        .expect("a suggestion");
    for key in ["o", "l", ".", "a", "c"] {
        let range = Range::at(cursor);
        let moved = document.replace(&server.client, range, key).await;
        cursor = moved.expect("the server reads");
        let next = server.complete(&document, cursor).await;
        let next = next.unwrap_or_else(|| panic!("nothing behind {key:?}"));
        assert_rest(&document, cursor, &next);
        assert_eq!(id_of(&next), id_of(&first), "the suggestion behind {key:?}");
    }
    let behind = document
        .accept(&server.client, cursor, &first, PATIENCE)
        .await;
    behind.expect("the first item's id is still good");
    let totals = workspace.report()["totals"].clone();
    assert_eq!(
        totals["offered"],
        json!(1),
        "one suggestion, six times sent: {totals}"
    );
    assert_eq!(totals["accepted"], json!(1), "{totals}");
    server.end(&[]).await;
}

#[tokio::test]
async fn columns_are_utf16_in_a_line_with_emoji() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    // A server that counts bytes or characters looks at another place and puts the range there.
    let (mut document, cursor) = server.open("src/new.rs", &emoji_document()).await;
    let item = server
        .complete(&document, cursor)
        .await
        .expect("a suggestion");
    assert_eq!(item.range.expect("an item has a range").end, cursor);
    let behind = document
        .accept(&server.client, cursor, &item, PATIENCE)
        .await;
    let behind = behind.expect("the acceptance is recorded");
    assert_eq!(
        document.line(cursor.line),
        format!("{EMOJI_START}{EMOJI_REST}")
    );

    // An edit behind the emoji, and one above the line with emoji in it: the server still sees the
    // text that the client has, or it would not know how the line goes on.
    let cut = Range {
        start: Position {
            character: cursor.character - 1,
            ..cursor
        },
        end: behind,
    };
    document
        .replace(&server.client, cut, "")
        .await
        .expect("the server reads");
    let top = Range::at(Position {
        line: 0,
        character: 0,
    });
    document
        .replace(&server.client, top, "// 😀é\n")
        .await
        .expect("the server reads");
    let cursor = document.end_of_line(cursor.line + 1);
    let key = document
        .replace(&server.client, Range::at(cursor), "o")
        .await;
    let cursor = key.expect("the server reads");
    let item = server
        .complete(&document, cursor)
        .await
        .expect("a suggestion");
    let range = item.range.expect("an item has a range");
    assert_eq!(range.end, cursor);
    let put = document
        .replace(&server.client, range, &item.insert_text)
        .await;
    put.expect("the server reads");
    assert_eq!(
        document.line(cursor.line),
        format!("{EMOJI_START}{EMOJI_REST}")
    );
    server.end(&[]).await;
}

#[tokio::test]
async fn a_superseded_request_is_answered_with_nothing_and_a_cancelled_one_with_its_error() {
    let mut model = HoldingModel::start().await;
    let workspace = Workspace::new(&[]);
    workspace.configure(&model.pinned());
    let server = Server::start(&workspace).await;
    let (mut document, cursor) = server
        .open("src/new.rs", "fn main() {\n    le$0\n}\n")
        .await;

    let older = document.begin_completion(&server.client, cursor).await;
    let older = older.expect("the server reads");
    assert_eq!(model.next(PATIENCE).await, Call::Began);
    let cursor = document
        .replace(&server.client, Range::at(cursor), "t")
        .await;
    let cursor = cursor.expect("the server reads");
    let newer = document.begin_completion(&server.client, cursor).await;
    let newer = newer.expect("the server reads");
    let older: Value = older.answer(PATIENCE).await.expect("no error");
    assert_eq!(older["items"], json!([]));

    // The model still holds a call, and requests beside it are answered.
    let other = server.request("made/up", json!({})).await;
    assert_eq!(other, Err(-32601));

    server
        .notify("$/cancelRequest", json!({"id": newer.id()}))
        .await;
    let newer = newer.answer::<Value>(PATIENCE).await;
    let code = newer.as_ref().err().and_then(LspError::code);
    assert_eq!(code, Some(REQUEST_CANCELLED), "{newer:?}");
    server.end(&[]).await;
}

#[tokio::test]
async fn a_cancelled_request_closes_the_call_of_its_model() {
    let mut model = HoldingModel::start().await;
    let workspace = Workspace::new(&[]);
    workspace.configure(&model.pinned());
    let server = Server::start(&workspace).await;
    let (document, cursor) = server
        .open("src/new.rs", "fn main() {\n    le$0\n}\n")
        .await;
    let request = document.begin_completion(&server.client, cursor).await;
    let request = request.expect("the server reads");
    assert_eq!(model.next(PATIENCE).await, Call::Began);
    server
        .notify("$/cancelRequest", json!({"id": request.id()}))
        .await;
    assert_eq!(model.next(PATIENCE).await, Call::Closed);
    let answer = request.answer::<Value>(PATIENCE).await;
    assert_eq!(
        answer.err().and_then(|error| error.code()),
        Some(REQUEST_CANCELLED)
    );
    server.end(&[]).await;
}

#[tokio::test]
async fn a_call_in_flight_is_on_the_ledger_when_the_client_vanishes() {
    let mut model = HoldingModel::start().await;
    let workspace = Workspace::new(&[]);
    workspace.configure(&model.pinned());
    let mut server = Server::start(&workspace).await;
    let (document, cursor) = server
        .open("src/new.rs", "fn main() {\n    le$0\n}\n")
        .await;
    let request = document.begin_completion(&server.client, cursor).await;
    let _request = request.expect("the server reads");
    assert_eq!(model.next(PATIENCE).await, Call::Began);
    server.client.hang_up();
    let status = server.client.wait_for_exit(PATIENCE).await;
    status.expect("the process ends by itself");
    assert_eq!(workspace.report()["totals"]["calls"], json!(1));
}

#[tokio::test]
async fn a_closed_document_is_forgotten() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    let (document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let uri = document.uri().to_owned();
    assert!(server.complete(&document, cursor).await.is_some());
    document
        .close(&server.client)
        .await
        .expect("the server reads");
    let params = json!({
        "textDocument": {"uri": uri},
        "position": cursor,
        "context": {"triggerKind": 2},
    });
    let answer = server
        .request("textDocument/inlineCompletion", params)
        .await;
    assert_eq!(answer.expect("no error")["items"], json!([]));
    server.assert_completes().await;
    server.end(&[]).await;
}

#[tokio::test]
async fn a_completion_explains_itself_when_asked() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let options = InitializationOptions {
        explain: true,
        ..InitializationOptions::default()
    };
    let server = Server::start_with(&workspace, options).await;
    let (document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let item = server
        .complete(&document, cursor)
        .await
        .expect("a suggestion");
    let data = item.data.clone().expect("an explanation");
    assert_eq!(data.id, id_of(&item));
    assert_eq!(data.tier.as_deref(), Some("in-house"));
    assert!(!data.source.is_empty());
    let confidence = data
        .confidence
        .expect("the embedded model says how sure it is");
    assert!((0.0..=1.0).contains(&confidence), "{confidence}");
    let cost: f64 = data
        .expected_cost
        .expect("a cost")
        .parse()
        .expect("a figure in US dollars");
    assert_eq!(cost, 0.0, "the embedded model is free");
    assert!(data.reason.is_some_and(|reason| !reason.is_empty()));

    let whole = server
        .request("mantle/explain", json!({"id": data.id}))
        .await;
    let whole = whole.expect("the whole decision can be asked for");
    assert!(whole.to_string().contains(&data.id), "{whole}");
    server.end(&[]).await;
}

#[tokio::test]
async fn accepting_an_unknown_suggestion_is_refused_with_a_reason() {
    let workspace = Workspace::new(&[]);
    let server = Server::start(&workspace).await;
    let unknown = "01890000-0000-7000-8000-000000000000";
    for arguments in [json!([unknown]), json!(["no id at all"]), json!([])] {
        let params = json!({"command": DID_ACCEPT, "arguments": arguments});
        let answer: Result<Value, LspError> = server
            .client
            .request("workspace/executeCommand", params, PATIENCE)
            .await;
        let Err(LspError::Refused { message, .. }) = answer else {
            panic!("{arguments} was accepted: {answer:?}");
        };
        assert!(!message.is_empty(), "the refusal of {arguments} says why");
    }
    let params = json!({"command": "mantle.madeUp", "arguments": []});
    assert!(
        server
            .request("workspace/executeCommand", params)
            .await
            .is_err()
    );
    assert_eq!(workspace.report()["totals"]["accepted"], json!(0));
    server.end(&[]).await;
}

/// A ledger that cannot be written costs the accounts, not the completions.
async fn check_without_ledger(workspace: &Workspace) {
    let server = Server::start(workspace).await;
    let (mut document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let item = server
        .complete(&document, cursor)
        .await
        .expect("a suggestion");
    assert_rest(&document, cursor, &item);
    let accepted = document
        .accept(&server.client, cursor, &item, PATIENCE)
        .await;
    let refused = matches!(&accepted, Err(LspError::Refused { .. }));
    assert!(
        refused,
        "an acceptance that is not recorded is said to be none: {accepted:?}"
    );
    let shown: Result<Value, _> = server
        .client
        .wait_for("window/showMessage", |_| true, PATIENCE)
        .await;
    let shown = shown.expect("the user hears of it");
    assert!(
        shown["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty())
    );
    server.assert_completes().await;
    let again = server.client.take::<Value>("window/showMessage", |_| true);
    assert_eq!(again, None, "the user hears of it once");
    server.end(&[]).await;
}

#[tokio::test]
async fn completions_come_without_a_ledger_and_the_user_hears_of_it_once() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    // A folder in its place cannot be opened as a ledger, not even by root.
    fs::create_dir_all(workspace.ledger()).expect("a folder");
    check_without_ledger(&workspace).await;
}

#[tokio::test]
async fn completions_come_while_another_program_locks_the_ledger() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    fs::create_dir_all(workspace.state()).expect("a folder");
    let url = format!("sqlite://{}?mode=rwc", workspace.ledger().display());
    let mut other = SqliteConnection::connect(&url).await.expect("SQLite");
    let locked =
        sqlx::raw_sql("CREATE TABLE taken (id INTEGER); BEGIN EXCLUSIVE").execute(&mut other);
    locked.await.expect("the lock");
    check_without_ledger(&workspace).await;
}

#[tokio::test]
async fn a_mistake_in_the_configuration_is_shown_and_completions_come_all_the_same() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    workspace.configure("[routnig]\npin = \"x\"\n");
    let server = Server::start(&workspace).await;
    let shown: Result<Value, _> = server
        .client
        .wait_for("window/showMessage", |_| true, PATIENCE)
        .await;
    let shown = shown.expect("the user hears of it").to_string();
    assert!(
        shown.contains("did you mean `routing`?") && shown.contains("config.toml:1"),
        "{shown}"
    );
    server.assert_completes().await;
    server.end(&[]).await;
}

#[tokio::test]
async fn a_model_that_is_down_is_silence_and_the_embedded_model_goes_on() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    // Port 9 is the discard service, which nobody runs: the connection is refused at once.
    workspace.configure(
        "[[models]]\nid = \"down\"\ntier = \"open-source\"\nprotocol = \"llama-cpp\"\n\
         base_url = \"http://127.0.0.1:9\"\n",
    );
    let server = Server::start(&workspace).await;
    let (document, cursor) = server
        .open("src/odd.rs", "fn odd() {\n    zyzzyva_quux$0\n}\n")
        .await;
    assert!(server.complete(&document, cursor).await.is_none());
    server.assert_completes().await;
    let shown = server.client.take::<Value>("window/showMessage", |_| true);
    assert_eq!(shown, None, "a model that is down is no news while typing");
    server.end(&[]).await;
    let totals = workspace.report()["totals"].clone();
    assert_eq!(totals["calls"], json!(1), "{totals}");
    assert_eq!(totals["cost_usd"], json!("0.000000"), "{totals}");
}

#[tokio::test]
async fn a_request_belongs_to_the_text_it_was_sent_for_however_fast_the_next_edit_comes() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    let (mut document, mut cursor) = server.open("src/new.rs", &sure_document("")).await;
    let top = Range::at(Position {
        line: 0,
        character: 0,
    });
    for round in 0..20 {
        let mut pending = Vec::new();
        for _ in 0..8 {
            let request = document.begin_completion(&server.client, cursor).await;
            pending.push(request.expect("the server reads"));
        }
        let moved = document.replace(&server.client, top, "// one more\n").await;
        moved.expect("the server reads");
        let newest = pending.pop().expect("eight were sent");
        let newest: Value = newest.answer(PATIENCE).await.expect("no error");
        let end = &newest["items"][0]["range"]["end"];
        assert_eq!(end["line"], json!(cursor.line), "round {round}: {newest}");
        for older in pending {
            let older: Value = older.answer(PATIENCE).await.expect("no error");
            assert!(older["items"].is_array(), "round {round}: {older}");
        }
        cursor.line += 1;
    }
    server.end(&[]).await;
}
