//! What a client sees of the workspace index: changed files, open folders, progress, a second start.

mod support;

use std::fs;
use std::path::Path;

use mantle_ls::cli::lsp_client::wire::{Indexed, InlineCompletionItem, Range, file_uri};
use serde_json::{Value, json};
use support::{PATIENCE, SURE_REST, Server, Workspace, sure_document, sure_text};

const CREATED: u8 = 1;
const DELETED: u8 = 3;
/// As many as it takes to be sure of a line.
const TABLES: [&str; 6] = ["users", "orders", "invoices", "products", "carts", "prices"];

fn write_tables(workspace: &Workspace, folder: &str) {
    for table in TABLES {
        workspace.write(&format!("{folder}/{table}.rs"), &sure_text(table));
    }
}

/// Says hello as a client that can what `capabilities` say, with these folders open.
async fn start(workspace: &Workspace, capabilities: Value, folders: &[&Path]) -> Server {
    let server = Server::silent(workspace);
    let folders: Vec<Value> = folders.iter().copied().map(folder).collect();
    let params = json!({
        "processId": null, "rootUri": null, "capabilities": capabilities,
        "workspaceFolders": folders,
    });
    let answer = server.request("initialize", params).await;
    let answer = answer.expect("initialize is answered");
    let promised = &answer["capabilities"]["workspace"]["workspaceFolders"];
    assert_eq!(promised["changeNotifications"], json!(true), "{promised}");
    server.notify("initialized", json!({})).await;
    server
}

fn folder(path: &Path) -> Value {
    json!({"uri": file_uri(path), "name": "folder"})
}

fn watching() -> Value {
    json!({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": true}}})
}

async fn report(server: &Server, path: &str, kind: u8) {
    let changes = json!({"changes": [{"uri": server.uri(path), "type": kind}]});
    server
        .notify("workspace/didChangeWatchedFiles", changes)
        .await;
}

/// Asks in a new file at the beginning of the line that [`sure_text`] teaches.
async fn ask(server: &Server) -> Option<InlineCompletionItem> {
    let (document, cursor) = server.open("src/probe.rs", &sure_document("")).await;
    let item = server.complete(&document, cursor).await;
    document
        .close(&server.client)
        .await
        .expect("the server reads");
    item
}

fn is_the_line(item: Option<InlineCompletionItem>) -> bool {
    item.is_some_and(|item| item.insert_text.ends_with(SURE_REST))
}

#[tokio::test]
async fn what_was_saved_in_another_file_is_suggested_until_it_is_deleted() {
    let workspace = Workspace::new(&[("src/orders.rs", "// empty yet\n")]);
    let server = start(&workspace, watching(), &[&workspace.root()]).await;
    assert_eq!(server.wait_for_the_index().await.files, 1);
    assert!(!is_the_line(ask(&server).await), "nothing teaches it yet");

    let (mut document, start) = server.open("src/orders.rs", "$0// empty yet\n").await;
    let text: String = TABLES.map(sure_text).concat();
    let typed = document
        .replace(&server.client, Range::at(start), &text)
        .await;
    typed.expect("the server reads");
    workspace.write("src/orders.rs", document.text().as_str());
    let saved = json!({"textDocument": {"uri": document.uri()}});
    server.notify("textDocument/didSave", saved).await;
    server.wait_for_the_index().await;
    assert!(is_the_line(ask(&server).await), "it was saved, and is open");

    document
        .close(&server.client)
        .await
        .expect("the server reads");
    server.wait_for_the_index().await;
    assert!(is_the_line(ask(&server).await), "it lies on disk");

    fs::remove_file(workspace.root().join("src/orders.rs")).expect("it is there");
    report(&server, "src/orders.rs", DELETED).await;
    assert_eq!(server.wait_for_the_index().await.files, 0);
    assert!(!is_the_line(ask(&server).await), "it is gone");
    server.end(&[]).await;
}

#[tokio::test]
async fn a_client_that_watches_tells_of_whole_folders() {
    let workspace = Workspace::new(&[]);
    let server = start(&workspace, watching(), &[&workspace.root()]).await;
    assert_eq!(server.wait_for_the_index().await.files, 0);
    write_tables(&workspace, "lib");
    report(&server, "lib", CREATED).await;
    assert_eq!(server.wait_for_the_index().await.files, 6);
    fs::remove_dir_all(workspace.root().join("lib")).expect("it is there");
    report(&server, "lib", DELETED).await;
    assert_eq!(server.wait_for_the_index().await.files, 0);
    server.end(&[]).await;
}

#[tokio::test]
async fn changes_on_disk_are_seen_where_the_client_does_not_watch() {
    let workspace = Workspace::new(&[("src/a.rs", "fn a() {}\n")]);
    let server = start(&workspace, json!({}), &[&workspace.root()]).await;
    server.wait_for_the_index().await;
    let wait_for = async |message: &str| {
        let says = |status: &Value| status["message"] == json!(message);
        let status = server
            .client
            .wait_for::<Value>("mantle/status", says, PATIENCE);
        status
            .await
            .unwrap_or_else(|error| panic!("{message}: {error}"));
    };
    wait_for("1 file learnt").await;
    write_tables(&workspace, "src/new");
    wait_for("7 files learnt").await;
    assert!(is_the_line(ask(&server).await));
    fs::rename(
        workspace.root().join("src/new"),
        workspace.root().join("src/old"),
    )
    .expect("it is there");
    workspace.write("src/c.rs", "fn c() {}\n");
    wait_for("8 files learnt").await;
    fs::remove_dir_all(workspace.root().join("src")).expect("it is there");
    wait_for("0 files learnt").await;
    assert!(!is_the_line(ask(&server).await));
    server.end(&[]).await;
}

#[tokio::test]
async fn a_folder_that_is_closed_is_forgotten() {
    let workspace = Workspace::new(&[("one/a.rs", "fn a() {}\n")]);
    write_tables(&workspace, "two");
    let (one, two) = (workspace.root().join("one"), workspace.root().join("two"));
    let server = start(&workspace, watching(), &[&one, &two]).await;
    assert_eq!(server.wait_for_the_index().await.files, 7);
    assert!(is_the_line(ask(&server).await));
    let change = async |added: &[&Path], removed: &[&Path]| {
        let folders = |paths: &[&Path]| paths.iter().copied().map(folder).collect::<Vec<_>>();
        let event = json!({"event": {"added": folders(added), "removed": folders(removed)}});
        server
            .notify("workspace/didChangeWorkspaceFolders", event)
            .await;
        server.wait_for_the_index().await.files
    };
    assert_eq!(change(&[], &[&two]).await, 1);
    assert!(!is_the_line(ask(&server).await));
    assert_eq!(change(&[&two], &[&one]).await, 6);
    assert!(is_the_line(ask(&server).await));
    server.end(&[]).await;
}

#[tokio::test]
async fn progress_is_shown_to_a_client_that_says_so_and_to_no_other() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let shows = json!({"window": {"workDoneProgress": true}});
    for (capabilities, is_shown) in [(shows, true), (json!({}), false)] {
        let server = start(&workspace, capabilities, &[&workspace.root()]).await;
        let learnt: Indexed = server.wait_for_the_index().await;
        assert_eq!(learnt.files, 6);
        let is_kind =
            |kind: &'static str| move |params: &Value| params["value"]["kind"] == json!(kind);
        if is_shown {
            let mut tokens = Vec::new();
            for kind in ["begin", "end"] {
                let progress = server
                    .client
                    .wait_for("$/progress", is_kind(kind), PATIENCE);
                let progress: Value = progress.await.expect("progress is shown");
                tokens.push(progress["token"].clone());
            }
            assert_eq!(tokens[0], tokens[1]);
        } else {
            let progress = server.client.take("$/progress", is_kind("begin"));
            assert_eq!(progress, None::<Value>);
        }
        server.end(&[]).await;
    }
}

#[tokio::test]
async fn a_second_start_knows_what_the_first_has_learnt() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let first = Server::start(&workspace).await;
    assert!(is_the_line(ask(&first).await));
    first.end(&[]).await;
    let second = Server::start(&workspace).await;
    assert_eq!(second.wait_for_the_index().await.files, 6);
    assert!(is_the_line(ask(&second).await));
    second.end(&[]).await;
}
