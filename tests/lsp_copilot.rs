//! The methods of Copilot's clients, over the wire, against the real program with the embedded
//! model alone: every handler, what it answers, and what the ledger then holds.

mod support;

use mantle_ls::cli::lsp_client::Launch;
use mantle_ls::cli::lsp_client::document::{OpenDocument, utf16_length};
use mantle_ls::cli::lsp_client::wire::{InitializationOptions, Position, Range, file_uri};
use serde_json::{Value, json};
use support::{
    EMOJI_REST, EMOJI_START, MANTLE, PATIENCE, SURE_REST, SURE_START, Server, Workspace,
    emoji_document, sure_document,
};

/// What copilot.lua says of itself.
fn introduction() -> Value {
    json!({
        "editorInfo": {"name": "Neovim", "version": "0.12.4"},
        "editorPluginInfo": {"name": "copilot.lua", "version": "1.507.0"},
    })
}

/// A server whose client has introduced itself as copilot.lua does.
async fn introduced(workspace: &Workspace) -> Server {
    let server = Server::silent(workspace);
    let root = workspace.root();
    let params = json!({
        "processId": std::process::id(),
        "clientInfo": {"name": "Neovim", "version": "0.12.4"},
        "rootUri": file_uri(&root),
        "capabilities": {"general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]}},
        "initializationOptions": introduction(),
    });
    let answer = server.request("initialize", params).await;
    let answer = answer.expect("initialize is answered");
    assert_eq!(answer["capabilities"]["positionEncoding"], Value::Null);
    server.notify("initialized", json!({})).await;
    server.wait_for_the_index().await;
    server
}

/// The parameters that copilot.lua asks with.
fn question(document: &OpenDocument, at: Position, version: i64) -> Value {
    json!({
        "_": true,
        "doc": {
            "uri": document.uri(), "version": version, "position": at,
            "relativePath": "src/new.rs", "insertSpaces": true, "tabSize": 4, "indentSize": 4,
        },
        "textDocument": {"uri": document.uri(), "version": version, "relativePath": "src/new.rs"},
        "position": at,
    })
}

async fn ask(server: &Server, method: &str, document: &OpenDocument, at: Position) -> Vec<Value> {
    let answer = server
        .request(method, question(document, at, document.version().into()))
        .await;
    let answer = answer.expect("a question is answered");
    answer["completions"].as_array().expect("a list").clone()
}

/// Asks once and returns the completion and its id.
async fn only(server: &Server, document: &OpenDocument, at: Position) -> (Value, String) {
    let mut completions = ask(server, "getCompletions", document, at).await;
    assert_eq!(completions.len(), 1, "one suggestion: {completions:?}");
    let completion = completions.remove(0);
    let uuid = completion["uuid"].as_str().expect("an id").to_owned();
    (completion, uuid)
}

async fn outcomes(workspace: &Workspace, server: Server) -> Value {
    server.end(&[]).await;
    workspace.report()["totals"].clone()
}

#[tokio::test]
async fn whoever_asks_is_signed_in_and_told_the_version() {
    let workspace = Workspace::new(&[]);
    let server = introduced(&workspace).await;
    let local = json!({"options": {"localChecksOnly": true}});
    for params in [json!({}), local, Value::Null] {
        let status = server
            .request("checkStatus", params)
            .await
            .expect("answered");
        assert_eq!(status["status"], json!("OK"));
        assert!(status["user"].as_str().is_some_and(|user| !user.is_empty()));
    }
    for method in ["signIn", "signInInitiate"] {
        let status = server.request(method, json!({})).await.expect("answered");
        assert_eq!(status["status"], json!("AlreadySignedIn"), "{method}");
        assert!(status["user"].is_string(), "{method}");
    }
    let confirmed = server
        .request("signInConfirm", json!({"userCode": "A"}))
        .await;
    assert_eq!(confirmed.expect("answered")["status"], json!("OK"));
    let out = server.request("signOut", json!({})).await;
    assert_eq!(out, Ok(json!({"status": "NotSignedIn"})));
    let version = server.request("getVersion", json!({})).await;
    assert_eq!(version, Ok(json!({"version": env!("CARGO_PKG_VERSION")})));
    let info = server.request("setEditorInfo", introduction()).await;
    assert_eq!(info, Ok(json!("OK")));
    server.end(&[]).await;
}

#[tokio::test]
async fn a_request_without_params_is_answered() {
    let workspace = Workspace::new(&[]);
    let server = introduced(&workspace).await;
    let pending = server.client.expect_answer("checkStatus");
    let bare = json!({"jsonrpc": "2.0", "id": pending.id(), "method": "checkStatus"});
    let frame = mantle_ls::cli::lsp_client::frame(&bare);
    server
        .client
        .send_bytes(frame)
        .await
        .expect("the server reads");
    let answer: Value = pending.answer(PATIENCE).await.expect("answered");
    assert_eq!(answer["status"], json!("OK"));
    server.end(&[]).await;
}

#[tokio::test]
async fn a_completion_stands_on_its_whole_line_in_utf16() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = introduced(&workspace).await;
    let (document, cursor) = server.open("src/new.rs", &emoji_document()).await;
    let (completion, uuid) = only(&server, &document, cursor).await;
    let display = completion["displayText"].as_str().expect("a text");
    assert!(display.starts_with(EMOJI_REST), "{display}");
    assert_eq!(cursor.character, utf16_length(EMOJI_START));
    let expected = json!({
        "uuid": uuid,
        "text": format!("{EMOJI_START}{display}"),
        "displayText": display,
        "position": cursor,
        "range": {"start": {"line": cursor.line, "character": 0}, "end": cursor},
        "docVersion": document.version(),
    });
    assert_eq!(completion, expected);
    server.end(&[]).await;
}

#[tokio::test]
async fn cycling_finds_the_suggestion_that_is_there_already() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = introduced(&workspace).await;
    let (document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let (first, _) = only(&server, &document, cursor).await;
    let more = ask(&server, "getCompletionsCycling", &document, cursor).await;
    assert_eq!(more, [first]);
    server.end(&[]).await;
}

#[tokio::test]
async fn the_place_may_stand_in_doc_or_beside_it_but_must_stand_somewhere() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = introduced(&workspace).await;
    let (document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let doc = json!({"doc": {"uri": document.uri(), "position": cursor}});
    let beside = json!({"textDocument": {"uri": document.uri()}, "position": cursor});
    for params in [doc, beside] {
        let answer = server
            .request("getCompletions", params)
            .await
            .expect("answered");
        assert_eq!(answer["completions"].as_array().map(Vec::len), Some(1));
    }
    let nowhere = server.request("getCompletions", json!({"_": true})).await;
    assert_eq!(nowhere, Err(-32602));
    server.end(&[]).await;
}

#[tokio::test]
async fn nothing_is_suggested_for_a_text_that_is_gone_or_was_never_there() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = introduced(&workspace).await;
    let (mut document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let older = i64::from(document.version());
    let start = Range::at(Position {
        line: 0,
        character: 0,
    });
    document
        .replace(&server.client, start, "\n")
        .await
        .expect("the server reads");
    let cursor = Position {
        line: cursor.line + 1,
        ..cursor
    };
    for method in ["getCompletions", "textDocument/inlineCompletion"] {
        let answer = server
            .request(method, question(&document, cursor, older))
            .await;
        let answer = answer.expect("an older version is no error");
        let list = answer.get("completions").or(answer.get("items"));
        assert_eq!(list, Some(&json!([])), "{method}");
        // Some editors count other things in their versions too.
        let newer = question(&document, cursor, older + 9);
        let answer = server.request(method, newer).await.expect("answered");
        let list = answer.get("completions").or(answer.get("items"));
        assert_eq!(
            list.and_then(Value::as_array).map(Vec::len),
            Some(1),
            "{method}"
        );
    }
    let closed = json!({"doc": {"uri": "file:///never/opened.rs", "position": cursor}});
    let answer = server.request("getCompletions", closed).await;
    assert_eq!(answer, Ok(json!({"completions": []})));
    server.end(&[]).await;
}

#[tokio::test]
async fn an_acceptance_that_comes_before_its_change_is_whole_once_the_text_holds_it() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = introduced(&workspace).await;
    let (mut document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let (completion, uuid) = only(&server, &document, cursor).await;
    let shown = server.request("notifyShown", json!({"uuid": uuid})).await;
    assert_eq!(shown, Ok(json!("OK")));
    let text = completion["text"].as_str().expect("a text");
    let said = json!({"uuid": uuid, "acceptedLength": utf16_length(text)});
    let pending = server
        .client
        .begin("notifyAccepted", said)
        .await
        .expect("sent");
    let range = serde_json::from_value(completion["range"].clone()).expect("a range");
    document
        .replace(&server.client, range, text)
        .await
        .expect("the server reads");
    let answer: Value = pending.answer(PATIENCE).await.expect("answered");
    assert_eq!(answer, json!("OK"));
    assert!(document.line(cursor.line).contains(SURE_REST));
    let totals = workspace.report()["totals"].clone();
    assert_eq!(
        totals["accepted"],
        json!(1),
        "on disk when it is answered: {totals}"
    );
    let weights = weights_of(&workspace).await;
    assert_eq!(
        weights,
        [("accepted".to_owned(), 1.0)],
        "the text bears it out"
    );
    server.end(&[]).await;
}

/// The kinds and weights of what clients said of suggestions, without `offered` and `shown`.
async fn weights_of(workspace: &Workspace) -> Vec<(String, f64)> {
    use sqlx::Connection;
    let address = format!("sqlite://{}?mode=ro", workspace.ledger().display());
    let mut ledger = sqlx::SqliteConnection::connect(&address)
        .await
        .expect("the ledger opens");
    let rows: Vec<(String, f64)> = sqlx::query_as(
        "SELECT kind, weight FROM outcomes WHERE kind NOT IN ('offered', 'shown') ORDER BY id",
    )
    .fetch_all(&mut ledger)
    .await
    .expect("the rows are read");
    rows
}

#[tokio::test]
async fn a_word_is_not_the_whole_whatever_length_the_client_says() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = introduced(&workspace).await;
    let (mut document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let (completion, uuid) = only(&server, &document, cursor).await;
    let whole = utf16_length(completion["text"].as_str().expect("a text"));
    let said = json!({"uuid": uuid, "acceptedLength": whole});
    let pending = server
        .client
        .begin("notifyAccepted", said.clone())
        .await
        .expect("sent");
    let word = Range {
        start: Position {
            character: 0,
            ..cursor
        },
        end: cursor,
    };
    let line = format!("{SURE_START}ol.");
    let after = document.replace(&server.client, word, &line);
    let after = after.await.expect("the server reads");
    let _: Value = pending.answer(PATIENCE).await.expect("answered");
    assert_eq!(
        workspace.report()["totals"]["accepted"],
        json!(0),
        "three characters of many"
    );

    // The rest under the same id: now it is whole.
    let rest = completion["displayText"]
        .as_str()
        .expect("a text")
        .strip_prefix("ol.");
    let pending = server
        .client
        .begin("notifyAccepted", said)
        .await
        .expect("sent");
    let put = document.replace(
        &server.client,
        Range::at(after),
        rest.expect("more than a word"),
    );
    put.await.expect("the server reads");
    let _: Value = pending.answer(PATIENCE).await.expect("answered");
    let kinds: Vec<String> = weights_of(&workspace)
        .await
        .into_iter()
        .map(|row| row.0)
        .collect();
    // One ending: the word was a part of what became the whole.
    assert_eq!(kinds, ["accepted"]);
    server.end(&[]).await;
}

#[tokio::test]
async fn a_part_that_the_text_never_holds_is_not_accepted() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = introduced(&workspace).await;
    let (document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let (_, uuid) = only(&server, &document, cursor).await;
    let said = json!({"uuid": uuid, "acceptedLength": 3});
    let answer = server.request("notifyAccepted", said).await;
    assert_eq!(answer, Ok(json!("OK")));
    assert_eq!(weights_of(&workspace).await, []);
    server.end(&[]).await;
}

#[tokio::test]
async fn a_rejection_counts_unless_the_user_typed_on() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = introduced(&workspace).await;
    let (mut document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let (_, uuid) = only(&server, &document, cursor).await;
    let rejected = json!({"uuids": [uuid]});
    // copilot.vim rejects what it showed at every key, also at one that the suggestion begins with.
    let typed = document.replace(&server.client, Range::at(cursor), "o");
    let cursor = typed.await.expect("the server reads");
    let answer = server.request("notifyRejected", rejected.clone()).await;
    assert_eq!(answer, Ok(json!("OK")));
    let (_, same) = only(&server, &document, cursor).await;
    assert_eq!(same, uuid, "the suggestion lives on");
    assert_eq!(weights_of(&workspace).await, []);

    let answer = server.request("notifyRejected", rejected).await;
    assert_eq!(answer, Ok(json!("OK")));
    let again = server.request("notifyShown", json!({"uuid": uuid})).await;
    assert_eq!(
        again,
        Ok(json!("OK")),
        "copilot.lua shows once more what it dismissed"
    );
    let totals = outcomes(&workspace, server).await;
    assert_eq!(totals["accepted"], json!(0));
    assert_eq!(totals["shown"], json!(0), "it was not before");
    assert_eq!(
        weights_of(&workspace).await,
        [("dismissed".to_owned(), 1.0)]
    );
}

#[tokio::test]
async fn ids_that_are_not_ours_are_no_error() {
    let workspace = Workspace::new(&[]);
    let server = introduced(&workspace).await;
    for uuid in ["not an id", "b7493391-cd5e-4c10-b0a6-2a844533fbed", ""] {
        for (method, params) in [
            ("notifyShown", json!({"uuid": uuid})),
            ("notifyAccepted", json!({"uuid": uuid, "acceptedLength": 4})),
            ("notifyRejected", json!({"uuids": [uuid]})),
        ] {
            assert_eq!(
                server.request(method, params).await,
                Ok(json!("OK")),
                "{method} {uuid}"
            );
        }
    }
    server.end(&[]).await;
}

#[tokio::test]
async fn the_panel_gets_the_one_solution_and_then_its_end() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = introduced(&workspace).await;
    let marked = sure_document("").replace("$0", "$0 // tail");
    let (document, cursor) = server.open("src/new.rs", &marked).await;
    let mut params = question(&document, cursor, document.version().into());
    params["panelId"] = json!("1:copilot:///src/new.rs");
    let target = server
        .request("getPanelCompletions", params)
        .await
        .expect("answered");
    let count = target["solutionCountTarget"].as_u64().expect("a count");
    let any = |_: &Value| true;
    let done = server
        .client
        .wait_for("PanelSolutionsDone", any, PATIENCE)
        .await;
    let done: Value = done.expect("the end is told");
    assert_eq!(
        done,
        json!({"panelId": "1:copilot:///src/new.rs", "status": "OK"})
    );
    let solution: Option<Value> = server.client.take("PanelSolution", any);
    assert_eq!(solution.is_some(), count == 1, "as many as were promised");

    let (document, cursor) = server.open("src/other.rs", &sure_document("")).await;
    let mut params = question(&document, cursor, document.version().into());
    params["panelId"] = json!("2");
    let target = server.request("getPanelCompletions", params).await;
    assert_eq!(target, Ok(json!({"solutionCountTarget": 1})));
    let solution = server.client.wait_for("PanelSolution", any, PATIENCE).await;
    let solution: Value = solution.expect("the solution is sent");
    let text = solution["completionText"].as_str().expect("a text");
    assert!(text.starts_with(SURE_REST), "{text}");
    assert_eq!(
        solution["displayText"],
        json!(format!("{SURE_START}{text}"))
    );
    assert_eq!(solution["range"], json!({"start": cursor, "end": cursor}));
    assert_eq!(solution["panelId"], json!("2"));
    assert!(solution["score"].as_f64().is_some_and(|score| score > 0.0));
    assert!(solution["solutionId"].is_string());
    let done: Value = server
        .client
        .wait_for("PanelSolutionsDone", any, PATIENCE)
        .await
        .expect("told");
    assert_eq!(done["panelId"], json!("2"));
    server.end(&[]).await;
}

#[tokio::test]
async fn the_panel_of_the_protocol_lists_items_with_their_command() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = introduced(&workspace).await;
    let (document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let mut params = question(&document, cursor, document.version().into());
    params["partialResultToken"] = json!("panel-1");
    let answer = server
        .request("textDocument/copilotPanelCompletion", params)
        .await;
    let items = answer.expect("answered")["items"].clone();
    assert_eq!(items.as_array().map(Vec::len), Some(1));
    assert_eq!(items[0]["command"]["command"], json!("mantle.didAccept"));
    server.end(&[]).await;
}

#[tokio::test]
async fn there_is_no_next_edit_and_its_notifications_are_taken() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = introduced(&workspace).await;
    let (document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let params = json!({
        "textDocument": {"uri": document.uri(), "version": document.version()},
        "position": cursor,
        "context": {"triggerKind": 2},
    });
    let answer = server
        .request("textDocument/copilotInlineEdit", params)
        .await;
    assert_eq!(answer, Ok(json!({"edits": []})));
    let item = json!({"item": {"command": {"arguments": ["an id"]}}});
    server.notify("textDocument/didShowInlineEdit", item).await;
    server
        .notify(
            "textDocument/didFocus",
            json!({"textDocument": {"uri": document.uri()}}),
        )
        .await;
    server.notify("textDocument/didFocus", json!({})).await;
    server.assert_completes().await;
    server.end(&[]).await;
}

#[tokio::test]
async fn a_disabled_language_gets_nothing_until_it_is_enabled() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = introduced(&workspace).await;
    let (document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let settings = |languages: Value| {
        json!({"settings": {
            "enableAutoCompletions": false,
            "disabledLanguages": languages,
            "github": {"copilot": {"selectedCompletionModel": ""}},
        }})
    };
    let disabled = settings(json!([{"languageId": "rust"}, {"languageId": "yaml"}]));
    server
        .notify("workspace/didChangeConfiguration", disabled)
        .await;
    assert_eq!(
        ask(&server, "getCompletions", &document, cursor).await,
        Vec::<Value>::new()
    );
    let params = question(&document, cursor, document.version().into());
    let answer = server
        .request("textDocument/inlineCompletion", params)
        .await;
    assert_eq!(answer, Ok(json!({"items": []})));
    // Automatic completions are off, but whoever asks over this client is answered.
    let enabled = settings(json!([{"languageId": "yaml"}]));
    server
        .notify("workspace/didChangeConfiguration", enabled)
        .await;
    only(&server, &document, cursor).await;
    server.end(&[]).await;
}

#[tokio::test]
async fn a_copilot_client_hears_of_the_status_in_its_three_forms() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = introduced(&workspace).await;
    let normal =
        |status: &Value| status["busy"] == json!(false) && status["kind"] == json!("Normal");
    let status = server
        .client
        .wait_for("didChangeStatus", normal, PATIENCE)
        .await;
    let status: Value = status.expect("the status is told");
    assert!(status["message"].is_string(), "{status}");
    let older = server
        .client
        .wait_for("statusNotification", normal, PATIENCE)
        .await;
    let older: Value = older.expect("the status is told");
    assert_eq!(older["status"], json!("Normal"));
    assert_eq!(older["message"], status["message"]);
    let idle = |status: &Value| status["statuses"][1]["busy"] == json!(false);
    let newer = server
        .client
        .wait_for("didChangeStatus/v2", idle, PATIENCE)
        .await;
    let newer: Value = newer.expect("the status is told");
    assert_eq!(newer["statuses"][0]["result"]["status"], json!("OK"));
    assert_eq!(newer["statuses"][2]["kind"], json!("Normal"));
    server.end(&[]).await;
}

#[tokio::test]
async fn what_can_be_mended_is_a_warning() {
    let workspace = Workspace::new(&[]);
    // A folder where the ledger should be: it cannot be opened.
    std::fs::create_dir_all(workspace.ledger()).expect("a folder");
    let server = introduced(&workspace).await;
    let warning = |status: &Value| status["kind"] == json!("Warning");
    let status = server
        .client
        .wait_for("didChangeStatus", warning, PATIENCE)
        .await;
    let status: Value = status.expect("the warning is told");
    assert!(!status["message"].as_str().unwrap_or_default().is_empty());
    server.end(&[]).await;
}

#[tokio::test]
async fn nobody_else_hears_of_it_until_they_ask_as_copilot_clients_do() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::start(&workspace).await;
    let any = |_: &Value| true;
    let ready = |status: &Value| status["state"] == json!("ready");
    let status = server
        .client
        .wait_for("mantle/status", ready, PATIENCE)
        .await;
    let _: Value = status.expect("the status becomes ready");
    server.assert_completes().await;
    for method in [
        "didChangeStatus",
        "statusNotification",
        "didChangeStatus/v2",
    ] {
        let unasked: Option<Value> = server.client.take(method, any);
        assert_eq!(unasked, None, "{method}");
    }
    for method in ["setEditorInfo", "checkStatus"] {
        server
            .request(method, introduction())
            .await
            .expect("answered");
    }
    let told = server
        .client
        .wait_for("didChangeStatus", any, PATIENCE)
        .await;
    let _: Value = told.expect("the status is told");
    server.assert_completes().await;
    let twice: Option<Value> = server.client.take("didChangeStatus", any);
    assert_eq!(twice, None, "two introductions are one");
    server.end(&[]).await;
}

#[tokio::test]
async fn a_program_that_is_started_with_stdio_alone_is_the_server() {
    let workspace = Workspace::new(&[]);
    let folder = workspace.state();
    let launch = Launch::new(MANTLE).arg("--stdio").folder(&workspace.root());
    let server = launch
        .env("XDG_STATE_HOME", folder.join("state"))
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .spawn()
        .expect("mantle starts");
    let params =
        json!({"processId": null, "capabilities": {}, "initializationOptions": introduction()});
    let answer: Value = server
        .request("initialize", params, PATIENCE)
        .await
        .expect("answered");
    assert_eq!(answer["serverInfo"]["name"], json!("mantle"));
    // copilot.vim sends an empty object with it.
    let ended: Value = server
        .request("shutdown", json!({}), PATIENCE)
        .await
        .expect("obeyed");
    assert_eq!(ended, Value::Null);
    server
        .notify("exit", json!({}))
        .await
        .expect("the server reads");
    let mut server = server;
    let status = server.wait_for_exit(PATIENCE).await.expect("it ends");
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn our_own_plugins_utf8_does_not_reach_these_methods() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let server = Server::silent(&workspace);
    let params = json!({
        "processId": null, "rootUri": file_uri(&workspace.root()), "capabilities": {},
        "initializationOptions": {"position_encoding": "utf-8"},
    });
    let answer = server
        .request("initialize", params)
        .await
        .expect("answered");
    assert_eq!(answer["capabilities"]["positionEncoding"], json!("utf-8"));
    server.notify("initialized", json!({})).await;
    server.wait_for_the_index().await;
    let (document, cursor) = server.open("src/new.rs", &emoji_document()).await;
    let (completion, _) = only(&server, &document, cursor).await;
    assert_eq!(completion["range"]["end"], json!(cursor));
    server.end(&[]).await;
}

#[tokio::test]
async fn unused_options_are_no_introduction() {
    let workspace = Workspace::new(&[]);
    let server = Server::silent(&workspace);
    server.initialize(InitializationOptions::default()).await;
    server.wait_for_the_index().await;
    let unasked: Option<Value> = server.client.take("statusNotification", |_: &Value| true);
    assert_eq!(unasked, None);
    server.end(&[]).await;
}
