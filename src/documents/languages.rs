//! The table of languages: one line each, naming its folder in `grammars/` and its grammar.
//!
//! Every language of the table is always known by its data. Its grammar is in the binary unless the
//! build leaves out the Cargo feature that its line names.

use tree_sitter_language::LanguageFn;

/// The files of one language, as they were at build time.
pub(super) struct Source {
    pub(super) id: &'static str,
    /// Its grammar, if the build has it.
    pub(super) grammar: Option<LanguageFn>,
    /// The Cargo feature that puts its grammar into the binary; empty where it is always there.
    pub(super) feature: &'static str,
    pub(super) config: &'static str,
    pub(super) scopes: &'static str,
    pub(super) imports: &'static str,
    pub(super) definitions: &'static str,
    pub(super) references: &'static str,
}

macro_rules! language {
    ($id:literal, $folder:literal, $grammar:path) => {
        language!(@source $id, $folder, "", Some($grammar))
    };
    ($id:literal, $folder:literal, $grammar:path, if $feature:tt) => {
        language!(@source $id, $folder, $feature, {
            #[cfg(feature = $feature)]
            let grammar = Some($grammar);
            #[cfg(not(feature = $feature))]
            let grammar = None;
            grammar
        })
    };
    (@source $id:literal, $folder:literal, $feature:tt, $grammar:expr) => {
        Source {
            id: $id,
            grammar: $grammar,
            feature: $feature,
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
    language!("csharp", "csharp", tree_sitter_c_sharp::LANGUAGE, if "lang-csharp"),
    language!("ruby", "ruby", tree_sitter_ruby::LANGUAGE, if "lang-ruby"),
    language!("php", "php", tree_sitter_php::LANGUAGE_PHP, if "lang-php"),
    language!("kotlin", "kotlin", tree_sitter_kotlin_ng::LANGUAGE, if "lang-kotlin"),
    language!("swift", "swift", tree_sitter_swift::LANGUAGE, if "lang-swift"),
    language!("scala", "scala", tree_sitter_scala::LANGUAGE, if "lang-scala"),
    language!("lua", "lua", tree_sitter_lua::LANGUAGE, if "lang-lua"),
    language!("shellscript", "bash", tree_sitter_bash::LANGUAGE, if "lang-bash"),
    language!("sql", "sql", tree_sitter_sequel::LANGUAGE, if "lang-sql"),
    language!("html", "html", tree_sitter_html::LANGUAGE, if "lang-html"),
    language!("css", "css", tree_sitter_css::LANGUAGE, if "lang-css"),
    language!("json", "json", tree_sitter_json::LANGUAGE, if "lang-json"),
    language!("yaml", "yaml", tree_sitter_yaml::LANGUAGE, if "lang-yaml"),
    language!("toml", "toml", tree_sitter_toml_ng::LANGUAGE, if "lang-toml"),
    language!("markdown", "markdown", tree_sitter_md::LANGUAGE, if "lang-markdown"),
];
