//! Snippets as plain text, for wires without a field for them.
//!
//! The order is that of the prompt, what changes least first, and nothing varies between two
//! renderings of the same prompt, so that providers' prompt caches hit.

use std::borrow::Cow;

use crate::domain::{Prompt, Snippet};

/// Returns the text before the cursor, led by the snippets if there are any.
///
/// Each text then stands under its path: `// path: src/lib.rs`. The mark is the same for all
/// languages; models know it, and it costs no table of comment signs. Without snippets the prefix
/// is left as it is, which is how models were trained.
pub(super) fn with_snippets(prompt: &Prompt) -> Cow<'_, str> {
    if prompt.snippets.is_empty() {
        return Cow::Borrowed(&prompt.prefix);
    }
    Cow::Owned(with_heads(&prompt.snippets) + &with_head(&prompt.path, &prompt.prefix))
}

/// Returns the snippets, each under its path and with a blank line after it.
pub(super) fn with_heads(snippets: &[Snippet]) -> String {
    let mut text = String::new();
    for snippet in snippets {
        text += &with_head(&snippet.path, &snippet.text);
        if !snippet.text.ends_with('\n') {
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

/// Returns a text under its path.
pub(super) fn with_head(path: &str, text: &str) -> String {
    ["// path: ", path, "\n", text].concat()
}
