//! The messages of Copilot's clients: what they send, and of the answers what they read.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_lsp_server::ls_types::notification::Notification;
use tower_lsp_server::ls_types::{Position, Range, Uri};

/// The answer to each request that only tells something.
pub const OK: &str = "OK";

/// `getCompletions`, `getCompletionsCycling`, `getPanelCompletions`. Old clients say the place in
/// `doc` alone, newer ones in both.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LegacyParams {
    #[serde(default)]
    pub doc: Option<Doc>,
    #[serde(default)]
    pub text_document: Option<Document>,
    #[serde(default)]
    pub position: Option<Position>,
    /// Only with `getPanelCompletions`: what the notifications about it are marked with.
    #[serde(default)]
    pub panel_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Doc {
    #[serde(flatten)]
    pub document: Document,
    pub position: Position,
}

#[derive(Debug, Deserialize)]
pub struct Document {
    pub uri: Uri,
    #[serde(default)]
    pub version: Option<i64>,
}

#[derive(Debug, Default, Serialize)]
pub struct LegacyCompletions {
    pub completions: Vec<LegacyCompletion>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LegacyCompletion {
    pub uuid: String,
    /// The line up to the cursor, then the suggestion: what stands in `range` afterwards.
    pub text: String,
    /// The suggestion alone.
    pub display_text: String,
    pub position: Position,
    /// From the start of the line, or copilot.lua and copilot.vim show nothing, to the cursor.
    pub range: Range,
    pub doc_version: i32,
}

/// The answer to `getPanelCompletions`; the solutions follow as notifications.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PanelTarget {
    pub solution_count_target: usize,
}

#[derive(Debug)]
pub enum PanelSolution {}

impl Notification for PanelSolution {
    type Params = Solution;
    const METHOD: &'static str = "PanelSolution";
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Solution {
    pub panel_id: String,
    pub solution_id: String,
    pub score: f32,
    /// What goes into `range`.
    pub completion_text: String,
    /// The whole line or lines as they will stand there.
    pub display_text: String,
    pub range: Range,
}

#[derive(Debug)]
pub enum PanelSolutionsDone {}

impl Notification for PanelSolutionsDone {
    type Params = SolutionsDone;
    const METHOD: &'static str = "PanelSolutionsDone";
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SolutionsDone {
    pub panel_id: String,
    pub status: String,
}

#[derive(Debug, Deserialize)]
pub struct ShownParams {
    pub uuid: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedParams {
    pub uuid: String,
    /// UTF-16 units; some clients count from the start of the line, others from the cursor, and
    /// some say the whole length when a word was taken.
    #[serde(default)]
    pub accepted_length: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub struct RejectedParams {
    pub uuids: Vec<String>,
}

/// `textDocument/copilotInlineEdit`; the shape is checked, the answer is always empty.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only the shape matters")]
pub struct InlineEditParams {
    text_document: Document,
    position: Position,
}

#[derive(Debug, Serialize)]
pub struct InlineEdits {
    pub edits: [Value; 0],
}

#[derive(Debug, Serialize)]
pub struct AccountStatus {
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Version {
    pub version: &'static str,
}

/// What `initializationOptions` of these clients hold and nobody else's do.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Introduction {
    editor_info: Option<IgnoredAny>,
    editor_plugin_info: Option<IgnoredAny>,
}

/// Returns whether a client with these options is one of Copilot's.
pub fn is_of_copilot(options: Option<&Value>) -> bool {
    let introduction = options.and_then(|options| Introduction::deserialize(options).ok());
    introduction
        .is_some_and(|found| found.editor_info.is_some() || found.editor_plugin_info.is_some())
}
