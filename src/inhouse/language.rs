//! Which languages learn from one another.

use crate::documents::Language;

/// Returns the name of the family whose files share one memory, for a language by any of its ids; a
/// language that is not listed is a family of its own.
#[must_use]
pub fn family(language: &str) -> &str {
    // Editors name languages differently from one another and from the index.
    match Language::by_id(language).map_or(language, |known| known.id) {
        "c" | "cpp" | "objective-c" | "objective-cpp" | "cuda-cpp" => "c",
        "javascript" | "javascriptreact" | "typescript" | "typescriptreact" | "vue" | "svelte" => {
            "javascript"
        }
        "html" | "xml" | "handlebars" => "markup",
        "css" | "scss" | "less" => "css",
        "json" | "jsonc" => "json",
        "shellscript" | "bash" | "sh" | "zsh" | "fish" => "shell",
        "markdown" | "plaintext" | "restructuredtext" | "asciidoc" => "prose",
        "" => "unknown",
        other => other,
    }
}

/// Returns whether a line that begins like this is a comment in some common language.
pub(super) fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["//", "#", "/*", "* ", "--", "\"\"\"", "<!--", ";;"]
        .iter()
        .any(|start| line.starts_with(start))
        && !line.starts_with("#[")
        && !line.starts_with("#include")
}

/// Returns whether a word introduces a new name in some common language.
pub(super) fn declares(word: &str) -> bool {
    matches!(
        word,
        "fn" | "def"
            | "class"
            | "struct"
            | "enum"
            | "trait"
            | "type"
            | "const"
            | "static"
            | "let"
            | "var"
            | "val"
            | "func"
            | "function"
            | "interface"
            | "mod"
            | "module"
            | "namespace"
            | "macro_rules"
            | "local"
            | "import"
            | "use"
            | "fun"
            | "typealias"
    )
}

/// Returns whether a word introduces a name that its neighbours must not have, too.
pub(super) fn introduces(word: &str) -> bool {
    matches!(
        word,
        "fn" | "def"
            | "class"
            | "struct"
            | "enum"
            | "trait"
            | "type"
            | "const"
            | "static"
            | "func"
            | "fun"
            | "function"
            | "interface"
            | "mod"
            | "module"
            | "namespace"
            | "macro_rules"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_has_one_family_by_whatever_name() {
        for (one, other) in [
            ("cs", "csharp"),
            ("sh", "zsh"),
            ("mysql", "sql"),
            ("jsonc", "json"),
            ("dockercompose", "yaml"),
            ("vue", "typescript"),
        ] {
            assert_eq!(family(one), family(other));
        }
        assert_ne!(family("kotlin"), family("java"));
        assert_eq!(family("nobody-knows-it"), "nobody-knows-it");
    }
}
