//! What the ledger says became of a suggestion, over the wire, against the real program: with an
//! editor that reports its accepts, one that reports parts of them, and one that reports nothing.

mod support;

use mantle_ls::cli::lsp_client::document::OpenDocument;
use mantle_ls::cli::lsp_client::wire::{InlineCompletionItem, Position, Range};
use serde_json::json;
use sqlx::{Connection, Row, SqliteConnection};
use support::{PATIENCE, SURE_REST, Server, Workspace, sure_document};

/// A server whose embedded model has suggested [`SURE_REST`] at the cursor.
async fn offered(workspace: &Workspace) -> (Server, OpenDocument, Position, InlineCompletionItem) {
    let server = Server::start(workspace).await;
    let (document, cursor) = server.open("src/new.rs", &sure_document("")).await;
    let item = server.complete(&document, cursor).await;
    let item = item.expect("a suggestion");
    assert_eq!(item.insert_text, SURE_REST);
    (server, document, cursor, item)
}

async fn connect(workspace: &Workspace) -> SqliteConnection {
    let url = format!("sqlite://{}", workspace.ledger().display());
    SqliteConnection::connect(&url).await.expect("a ledger")
}

/// Returns kind, evidence and characters of every outcome but the offers.
async fn outcomes(workspace: &Workspace) -> Vec<(String, String, i64)> {
    let rows = sqlx::query(
        "SELECT kind, evidence, characters FROM outcomes WHERE kind <> 'offered' ORDER BY id",
    )
    .fetch_all(&mut connect(workspace).await)
    .await
    .expect("outcomes");
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

fn rest_chars() -> i64 {
    i64::try_from(SURE_REST.chars().count()).expect("a short line")
}

#[track_caller]
fn one(found: &[(String, String, i64)], expected: (&str, &str, i64)) {
    let found: Vec<_> = found
        .iter()
        .map(|(kind, evidence, characters)| (kind.as_str(), evidence.as_str(), *characters))
        .collect();
    assert_eq!(found, [expected]);
}

#[tokio::test]
async fn an_editor_that_reports_nothing_has_its_accept_counted() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let (server, mut document, cursor, _) = offered(&workspace).await;
    let inserted = document.replace(&server.client, Range::at(cursor), SURE_REST);
    inserted.await.expect("the server reads");
    server.end(&[]).await;
    one(
        &outcomes(&workspace).await,
        ("accepted", "insert", rest_chars()),
    );
    let report = workspace.report_with(&["--by", "client"]);
    let totals = &report["totals"];
    assert_eq!(totals["accepted"], json!(1), "{totals}");
    assert_eq!(totals["accepted_inferred"], json!(1), "{totals}");
    // Nothing was seen both ways; more than all cannot have been accepted.
    let inferred = &report["inferred"];
    assert_eq!(inferred["seen_both_ways"], json!(0), "{inferred}");
    let client = &inferred["clients"][0];
    assert_eq!(client["key"], report["by"]["client"][0]["key"], "{client}");
    assert_eq!(client["acceptance_rate"], json!(1.0), "{client}");
    assert_eq!(client["corrected_rate"], json!(1.0), "{client}");
    let schema = serde_json::from_str(include_str!("../docs/report.schema.json")).expect("JSON");
    assert!(jsonschema::is_valid(&schema, &report), "{report}");
}

#[tokio::test]
async fn an_editor_that_reports_its_accept_after_the_edit_has_it_counted_once() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let (server, mut document, cursor, item) = offered(&workspace).await;
    let accepted = document.accept(&server.client, cursor, &item, PATIENCE);
    accepted.await.expect("the acceptance is recorded");
    server.end(&[]).await;
    one(
        &outcomes(&workspace).await,
        ("accepted", "client", rest_chars()),
    );
    let report = workspace.report_with(&["--by", "client"]);
    let totals = &report["totals"];
    assert_eq!(totals["accepted_inferred"], json!(0), "{totals}");
    assert_eq!(report.get("inferred"), None, "the client says so itself");
}

#[tokio::test]
async fn a_part_counts_as_far_as_the_document_holds_it() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let (server, mut document, cursor, item) = offered(&workspace).await;
    let behind = document.replace(&server.client, Range::at(cursor), "ol.");
    let behind = behind.await.expect("the server reads");
    // Some clients say the whole length for every word.
    let id = item.completion_id().expect("an id");
    let said = json!({
        "item": {"command": {"arguments": [id]}},
        "acceptedLength": SURE_REST.encode_utf16().count(),
    });
    server
        .notify("textDocument/didPartiallyAcceptCompletion", said)
        .await;
    let gone = document.replace(&server.client, Range::at(behind), "zzz");
    gone.await.expect("the server reads");
    server.end(&[]).await;
    one(
        &outcomes(&workspace).await,
        ("partly-accepted", "client", 3),
    );
    assert_eq!(workspace.report()["totals"]["partly_accepted"], json!(1));
}

#[tokio::test]
async fn candidates_are_compared_with_the_line_whether_they_are_shown_or_not() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let (server, mut document, cursor, _) = offered(&workspace).await;
    let behind = document.replace(&server.client, Range::at(cursor), SURE_REST);
    let behind = behind.await.expect("the server reads");
    let broken = document.replace(&server.client, Range::at(behind), "\n    ");
    broken.await.expect("the server reads");
    server.end(&[]).await;
    let row =
        sqlx::query("SELECT arm, offered, exact_line, prefix_chars, candidate_chars FROM matches")
            .fetch_all(&mut connect(&workspace).await)
            .await
            .expect("matches");
    let found: Vec<(String, bool, bool, i64, i64)> = row
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)))
        .collect();
    let chars = rest_chars();
    assert_eq!(found, [("embedded".to_owned(), true, true, chars, chars)]);
    // Counts, no text: the ledger's file holds none of the line.
    let bytes = std::fs::read(workspace.ledger()).expect("a file");
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("the pool is open"), "the ledger holds text");
}

#[tokio::test]
async fn what_nobody_took_has_one_ending_too() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let (server, _document, _, _) = offered(&workspace).await;
    server.end(&[]).await;
    let found = outcomes(&workspace).await;
    one(&found, ("censored", "nothing", 0));
}
