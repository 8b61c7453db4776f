//! What is sent to one model, before its protocol gives it a shape on the wire.

use super::TokenCount;

/// A piece of another place that helps the model: an enclosing item's head, a definition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snippet {
    /// Path relative to the workspace, with `/` between the parts.
    pub path: String,
    /// The text itself.
    pub text: String,
}

/// A fill-in-the-middle prompt for one model. It is model-specific in its size, not in its shape:
/// the wire protocol decides between a suffix field and a rendered template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prompt {
    /// Path of the file at the cursor, relative to the workspace.
    pub path: String,
    /// Language id as in the LSP, such as `rust`.
    pub language: String,
    /// Snippets, what changes least first, so that equal states give equal bytes.
    pub snippets: Vec<Snippet>,
    /// Text before the cursor.
    pub prefix: String,
    /// Text after the cursor.
    pub suffix: String,
    /// Whether the answer should end with the line.
    pub single_line: bool,
    /// The most tokens that the answer may have.
    pub max_output_tokens: u32,
    /// Tokens of everything above, as estimated when it was fitted.
    pub input_tokens: TokenCount,
}
