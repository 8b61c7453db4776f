//! Between the protocol's types and ours.

use std::path::PathBuf;

use serde_json::{Value, json};
use tower_lsp_server::ls_types as lsp;

use super::protocol::{AcceptCommand, DID_ACCEPT, Explained, InlineCompletionItem, StatusParams};
use crate::documents::{Position, TextEdit};
use crate::domain::{DocumentUri, Money, Trigger};
use crate::engine::{Explanation, Served, Status};

pub fn document_uri(uri: &lsp::Uri) -> DocumentUri {
    DocumentUri::new(uri.as_str())
}

/// Returns where a document is on disk, if it is a file.
pub fn path(uri: &lsp::Uri) -> Option<PathBuf> {
    if !uri.as_str().starts_with("file:") {
        return None;
    }
    uri.to_file_path().map(|path| path.into_owned())
}

/// Returns where folders are on disk; those elsewhere are left out.
pub fn folders(folders: &[lsp::WorkspaceFolder]) -> Vec<PathBuf> {
    let paths = folders.iter().map(|folder| path(&folder.uri));
    paths.flatten().collect()
}

pub const fn position(position: lsp::Position) -> Position {
    Position {
        line: position.line,
        character: position.character,
    }
}

pub const fn client_position(position: Position) -> lsp::Position {
    lsp::Position {
        line: position.line,
        character: position.character,
    }
}

pub fn edit(change: lsp::TextDocumentContentChangeEvent) -> TextEdit {
    TextEdit {
        range: change
            .range
            .map(|range| position(range.start)..position(range.end)),
        text: change.text,
    }
}

/// Kind 1 is "by hand" in LSP 3.18; older clients number from 0 and mean "after a key" with 1, so
/// it never decides about money.
pub const fn trigger(kind: Option<u8>) -> Trigger {
    match kind {
        Some(1) => Trigger::Invoked,
        _ => Trigger::Automatic,
    }
}

/// Returns the item of a suggestion: an empty range at the cursor, so that what stands after it is
/// never covered, and the text as it is, never a snippet.
pub fn item(served: Served, at: lsp::Position, explain: bool) -> InlineCompletionItem {
    let id = served.candidate.id.to_string();
    let data = explain.then(|| Explained {
        id: id.clone(),
        source: served.candidate.source.as_str(),
        tier: served.tier.as_str(),
        model: served.candidate.model.to_string(),
        confidence: served
            .candidate
            .confidence
            .map(crate::domain::Confidence::get),
        expected_cost: Money::format_pico(i128::from(served.expected_cost.pico_usd()), 9),
        reason: served.reason,
    });
    InlineCompletionItem {
        insert_text: served.candidate.text,
        range: lsp::Range { start: at, end: at },
        command: AcceptCommand {
            title: "Accept the suggestion",
            command: DID_ACCEPT,
            arguments: [id],
        },
        data,
    }
}

pub fn status(status: &Status) -> StatusParams {
    StatusParams {
        state: status.state.as_str().to_owned(),
        message: status.sentence(),
        accepted: status.accepted,
        offered: status.offered,
        cost_usd: Money::format_pico(i128::from(status.cost.pico_usd()), 6),
    }
}

/// Returns a decision as JSON: numbers, names and reasons; the prompt's size, not its text.
pub fn explanation(explanation: &Explanation) -> Value {
    let decision = &explanation.decision;
    json!({
        "id": explanation.id,
        "action": decision.action,
        "reason": decision.reason,
        "route": decision.route,
        "expected_cost_usd": Money::format_pico(i128::from(decision.expected_cost.pico_usd()), 9),
        "propensity": decision.propensity,
        "arms": decision.arms,
        "features": explanation.features,
        "prompt_tokens": explanation.prompt.as_ref().map(|prompt| prompt.input_tokens),
        "steps": explanation.steps,
    })
}
