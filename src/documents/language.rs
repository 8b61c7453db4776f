//! What is known about a programming language: names, comments, blocks, its grammar and queries.
//!
//! All of it is data in `grammars/`; the table in `languages` names the folders. Grammars and
//! queries are loaded when they are first needed, since a query takes milliseconds to compile.

use std::path::Path;
use std::sync::OnceLock;

use serde::Deserialize;
use tree_sitter::Query;

use super::languages::{SOURCES, Source};
use crate::domain::DocumentUri;

/// How a language marks blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockStyle {
    /// With braces.
    Braces,
    /// With a colon and deeper indentation.
    Indent,
}

/// One language that we have a grammar of.
pub struct Language {
    /// Its id in the LSP, such as `rust` or `typescriptreact`.
    pub id: &'static str,
    /// Other names that editors give it.
    pub names: Vec<String>,
    /// Endings of its files, without the dot.
    pub extensions: Vec<String>,
    /// What begins a comment to the end of the line.
    pub line_comment: String,
    /// What begins and ends a comment that may span lines.
    pub block_comment: Option<(String, String)>,
    /// How blocks are marked.
    pub block_style: BlockStyle,
    /// The characters that begin and end a string on one line.
    pub quotes: String,
    /// The quotes of strings that span lines, such as `"""`.
    pub long_quotes: Vec<String>,
    /// Words at the start of a line that imports something.
    pub import_words: Vec<String>,
    /// Words that begin the head of a function or type.
    pub head_words: Vec<String>,
    /// Words that may stand before those.
    pub modifiers: Vec<String>,
    /// Nodes of the grammar that are comments.
    pub comment_nodes: Vec<String>,
    /// Nodes of the grammar that are strings.
    pub string_nodes: Vec<String>,
    /// Nodes of the grammar that hold code within a string.
    pub interpolation_nodes: Vec<String>,
    source: &'static Source,
    grammar: OnceLock<tree_sitter::Language>,
    queries: [OnceLock<Query>; QueryKind::COUNT],
}

/// One query file of a language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum QueryKind {
    Scopes,
    Imports,
    Definitions,
    References,
}

impl QueryKind {
    const COUNT: usize = 4;
    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::Scopes,
        Self::Imports,
        Self::Definitions,
        Self::References,
    ];
}

/// The contents of a `language.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    id: String,
    names: Vec<String>,
    extensions: Vec<String>,
    line_comment: String,
    block_comment: Option<(String, String)>,
    block_style: BlockStyle,
    quotes: String,
    long_quotes: Vec<String>,
    words: Words,
    nodes: Nodes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    import: Vec<String>,
    head: Vec<String>,
    modifiers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nodes {
    comment: Vec<String>,
    string: Vec<String>,
    interpolation: Vec<String>,
}

static LANGUAGES: OnceLock<Vec<Language>> = OnceLock::new();

impl Language {
    /// Returns every language, in the order of the table.
    pub fn all() -> &'static [Self] {
        LANGUAGES.get_or_init(|| SOURCES.iter().map(Self::load).collect())
    }

    /// Returns the language of an id or another name that editors use for it.
    #[must_use]
    pub fn by_id(language_id: &str) -> Option<&'static Self> {
        Self::all()
            .iter()
            .find(|language| language.id == language_id || language.has_name(language_id))
    }

    /// Returns the language that the ending of a file's name tells.
    #[must_use]
    pub fn by_path(path: &Path) -> Option<&'static Self> {
        let extension = path.extension()?.to_str()?;
        Self::all()
            .iter()
            .find(|language| language.extensions.iter().any(|e| e == extension))
    }

    /// Returns the language of a document: what the editor says, else what its name tells.
    pub(super) fn of(language_id: &str, uri: &DocumentUri) -> Option<&'static Self> {
        Self::by_id(language_id).or_else(|| {
            let path = uri.as_str().split(['?', '#']).next()?;
            Self::by_path(Path::new(path))
        })
    }

    fn has_name(&self, name: &str) -> bool {
        self.names.iter().any(|n| n.eq_ignore_ascii_case(name))
    }

    fn load(source: &'static Source) -> Self {
        let config: Config =
            toml::from_str(source.config).expect("a test reads every language.toml");
        debug_assert_eq!(config.id, source.id, "the table and the folder agree");
        Self {
            id: source.id,
            names: config.names,
            extensions: config.extensions,
            line_comment: config.line_comment,
            block_comment: config.block_comment,
            block_style: config.block_style,
            quotes: config.quotes,
            long_quotes: config.long_quotes,
            import_words: config.words.import,
            head_words: config.words.head,
            modifiers: config.words.modifiers,
            comment_nodes: config.nodes.comment,
            string_nodes: config.nodes.string,
            interpolation_nodes: config.nodes.interpolation,
            source,
            grammar: OnceLock::new(),
            queries: [const { OnceLock::new() }; QueryKind::COUNT],
        }
    }

    /// Loads the grammar and compiles the queries, so that a later completion need not wait for
    /// them. It takes some milliseconds; call it off the event loop.
    pub fn prepare(&self) {
        for kind in QueryKind::ALL {
            self.query(kind);
        }
    }

    pub(super) fn grammar(&self) -> &tree_sitter::Language {
        self.grammar.get_or_init(|| self.source.grammar.into())
    }

    pub(super) fn query(&self, kind: QueryKind) -> &Query {
        let text = match kind {
            QueryKind::Scopes => self.source.scopes,
            QueryKind::Imports => self.source.imports,
            QueryKind::Definitions => self.source.definitions,
            QueryKind::References => self.source.references,
        };
        self.queries[kind as usize].get_or_init(|| {
            Query::new(self.grammar(), text).expect("a test compiles every query of the table")
        })
    }
}

impl std::fmt::Debug for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Language").field(&self.id).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_loads_and_every_query_compiles() {
        for source in SOURCES {
            let config: Config = toml::from_str(source.config).unwrap_or_else(|e| {
                panic!("grammars of {}: {e}", source.id);
            });
            assert_eq!(config.id, source.id);
        }
        for language in Language::all() {
            for kind in QueryKind::ALL {
                let text = match kind {
                    QueryKind::Scopes => language.source.scopes,
                    QueryKind::Imports => language.source.imports,
                    QueryKind::Definitions => language.source.definitions,
                    QueryKind::References => language.source.references,
                };
                if let Err(error) = Query::new(language.grammar(), text) {
                    panic!("{kind:?} of {}: {error}", language.id);
                }
            }
        }
    }

    #[test]
    fn node_names_in_the_data_exist_in_the_grammar() {
        for language in Language::all() {
            let nodes = [
                &language.comment_nodes,
                &language.string_nodes,
                &language.interpolation_nodes,
            ];
            for node in nodes.into_iter().flatten() {
                assert_ne!(
                    language.grammar().id_for_node_kind(node, true),
                    0,
                    "{} has no node {node}",
                    language.id
                );
            }
        }
    }

    #[test]
    fn a_language_is_found_by_id_name_and_path() {
        let id = |language: Option<&'static Language>| language.map(|l| l.id);
        assert_eq!(id(Language::by_id("rust")), Some("rust"));
        assert_eq!(id(Language::by_id("tsx")), Some("typescriptreact"));
        assert_eq!(id(Language::by_id("javascriptreact")), Some("javascript"));
        assert_eq!(id(Language::by_id("plaintext")), None);
        assert_eq!(id(Language::by_path(Path::new("a/b.hpp"))), Some("cpp"));
        assert_eq!(id(Language::by_path(Path::new("Makefile"))), None);
        let uri = DocumentUri::new("file:///w/main.go");
        assert_eq!(id(Language::of("plaintext", &uri)), Some("go"));
    }

    #[test]
    fn no_two_languages_share_a_name_or_an_extension() {
        let mut seen = std::collections::HashSet::new();
        for language in Language::all() {
            let names = language.names.iter().map(|n| ("name", n.clone()));
            let extensions = language.extensions.iter().map(|e| ("extension", e.clone()));
            let id = [("name", language.id.to_owned())];
            for entry in names.chain(extensions).chain(id) {
                assert!(seen.insert(entry.clone()), "{entry:?} is there twice");
            }
        }
    }
}
