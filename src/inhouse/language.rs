//! Which languages learn from one another.

/// Returns the name of the family whose files share one memory; a language that is not listed is
/// a family of its own.
pub(super) fn family(language: &str) -> &str {
    match language {
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
    )
}
