//! Snippets as plain text, for wires without a field for them.
//!
//! The order is that of the prompt, what changes least first, and nothing varies between two
//! renderings of the same prompt, so that providers' prompt caches hit.

use std::borrow::Cow;

use crate::domain::Prompt;

/// Returns the text before the cursor, led by the snippets if there are any.
///
/// Each text then stands under its path: `// path: src/lib.rs`. The mark is the same for all
/// languages; models know it, and it costs no table of comment signs. Without snippets the prefix
/// is left as it is, which is how models were trained.
pub(super) fn with_snippets(prompt: &Prompt) -> Cow<'_, str> {
    if prompt.snippets.is_empty() {
        return Cow::Borrowed(&prompt.prefix);
    }
    let mut text = String::new();
    for snippet in &prompt.snippets {
        head(&mut text, &snippet.path);
        text.push_str(&snippet.text);
        if !snippet.text.ends_with('\n') {
            text.push('\n');
        }
        text.push('\n');
    }
    head(&mut text, &prompt.path);
    text.push_str(&prompt.prefix);
    Cow::Owned(text)
}

fn head(text: &mut String, path: &str) {
    text.push_str("// path: ");
    text.push_str(path);
    text.push('\n');
}
