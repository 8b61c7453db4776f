//! The table of languages: one line each, naming its folder in `grammars/` and its grammar.

use tree_sitter_language::LanguageFn;

/// The files of one language, as they were at build time.
pub(super) struct Source {
    pub(super) id: &'static str,
    pub(super) grammar: LanguageFn,
    pub(super) config: &'static str,
    pub(super) scopes: &'static str,
    pub(super) imports: &'static str,
    pub(super) definitions: &'static str,
    pub(super) references: &'static str,
}

macro_rules! language {
    ($id:literal, $folder:literal, $grammar:path) => {
        Source {
            id: $id,
            grammar: $grammar,
            config: language!(@file $folder, "language.toml"),
            scopes: language!(@file $folder, "scopes.scm"),
            imports: language!(@file $folder, "imports.scm"),
            definitions: language!(@file $folder, "definitions.scm"),
            references: language!(@file $folder, "references.scm"),
        }
    };
    (@file $folder:literal, $file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/grammars/", $folder, "/", $file))
    };
}

#[rustfmt::skip]
pub(super) static SOURCES: &[Source] = &[
    language!("rust", "rust", tree_sitter_rust::LANGUAGE),
    language!("python", "python", tree_sitter_python::LANGUAGE),
    language!("typescript", "typescript", tree_sitter_typescript::LANGUAGE_TYPESCRIPT),
    language!("typescriptreact", "tsx", tree_sitter_typescript::LANGUAGE_TSX),
    language!("javascript", "javascript", tree_sitter_javascript::LANGUAGE),
    language!("go", "go", tree_sitter_go::LANGUAGE),
    language!("java", "java", tree_sitter_java::LANGUAGE),
    language!("c", "c", tree_sitter_c::LANGUAGE),
    language!("cpp", "cpp", tree_sitter_cpp::LANGUAGE),
];
