//! What goes over the wire for inline completions, and our own methods beside the standard.
//!
//! The types of the library's preview have no room for `textDocument.version` and `data`, so these
//! are ours; names and shapes are those of LSP 3.18. Own methods: the request `mantle/explain {id}`
//! (the whole decision), the request `mantle/indexed` (answered when the workspace is learnt), the
//! notification `mantle/status` to the client, and `textDocument/didShowCompletion`,
//! `didPartiallyAcceptCompletion` and `didRejectCompletion` from it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_lsp_server::ls_types::notification::Notification;
use tower_lsp_server::ls_types::{Position, Range, Uri};

/// The command that an editor runs when a suggestion was taken.
pub const DID_ACCEPT: &str = "mantle.didAccept";

#[derive(Debug, Deserialize)]
pub struct TextDocument {
    pub uri: Uri,
    /// Of the text that a place is in, where the client says it; it may count other things too.
    #[serde(default)]
    pub version: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InlineCompletionContext {
    /// 1 by hand, 2 after a key.
    #[serde(default)]
    pub trigger_kind: Option<u8>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InlineCompletionParams {
    pub text_document: TextDocument,
    pub position: Position,
    #[serde(default)]
    pub context: InlineCompletionContext,
}

#[derive(Debug, Default, Serialize)]
pub struct InlineCompletionList {
    pub items: Vec<InlineCompletionItem>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InlineCompletionItem {
    pub insert_text: String,
    pub range: Range,
    pub command: AcceptCommand,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Explained>,
}

#[derive(Debug, Serialize)]
pub struct AcceptCommand {
    pub title: &'static str,
    pub command: &'static str,
    pub arguments: [String; 1],
}

/// The short explanation of an item, for clients that ask for it with `{"explain": true}`.
#[derive(Debug, Serialize)]
pub struct Explained {
    pub id: String,
    pub source: &'static str,
    pub tier: &'static str,
    pub model: String,
    pub confidence: Option<f32>,
    pub expected_cost: String,
    pub reason: &'static str,
}

/// A notification about an item; only the id in its command is looked at.
#[derive(Debug, Deserialize)]
pub struct ItemParams {
    pub item: Item,
    /// Only with `didPartiallyAcceptCompletion`: UTF-16 units from the start of the text.
    #[serde(default, rename = "acceptedLength")]
    pub accepted_length: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub struct Item {
    pub command: ItemCommand,
}

#[derive(Debug, Deserialize)]
pub struct ItemCommand {
    pub arguments: Vec<Value>,
}

#[derive(Debug, Deserialize)]
pub struct ExplainParams {
    pub id: String,
}

#[derive(Debug, Serialize)]
pub struct IndexedResult {
    pub files: usize,
    pub bytes: usize,
}

/// What the client may say in `initializationOptions`, beside layers of the configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ClientOptions {
    /// Put `data` into every item.
    pub explain: bool,
    /// The plugin's name, where it says more than `clientInfo`.
    pub client: Option<String>,
    /// `utf-8` from our own plugins only; everybody else gets UTF-16.
    pub position_encoding: Option<String>,
    /// This is a `mantle try` session.
    #[serde(rename = "try")]
    pub is_try: bool,
}

#[derive(Debug)]
pub enum StatusNotification {}

impl Notification for StatusNotification {
    type Params = StatusParams;
    const METHOD: &'static str = "mantle/status";
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusParams {
    pub state: String,
    pub message: String,
    pub accepted: u64,
    pub offered: u64,
    pub cost_usd: String,
}
