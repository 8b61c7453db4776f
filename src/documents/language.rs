//! What is known about a programming language: names, comments, blocks, its grammar and queries.
//!
//! All of it is data in `grammars/`; the table in `languages` names the folders. Grammars and
//! queries are loaded when they are first needed, since a query takes milliseconds to compile.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use serde::Deserialize;
use tree_sitter::Query;

use super::blocks::{BlockStyle, Blocks};
use super::languages::{SOURCES, Source};
use super::skeleton::Skeleton;
use crate::domain::DocumentUri;

/// One language of the table.
pub struct Language {
    /// Its id in the LSP, such as `rust` or `typescriptreact`.
    pub id: &'static str,
    /// Other names that editors give it.
    pub names: Vec<String>,
    /// Endings of its files, without the dot.
    pub extensions: Vec<String>,
    /// Whole names of its files, for those that have no ending of their own.
    pub file_names: Vec<String>,
    /// Whether the embedded model learns from its files. Data teaches nothing about what comes
    /// next.
    pub is_learnt: bool,
    /// What begins a comment to the end of the line; empty where there is no such thing.
    pub line_comment: String,
    /// What begins and ends a comment that may span lines.
    pub block_comment: Option<(String, String)>,
    /// How blocks are marked.
    pub block_style: BlockStyle,
    /// The marks of blocks.
    pub blocks: Blocks,
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
    /// Words of a head that holds items, beside those that most languages have.
    pub item_words: Vec<String>,
    /// Nodes of the grammar that are comments.
    pub comment_nodes: Vec<String>,
    /// Nodes of the grammar that are strings.
    pub string_nodes: Vec<String>,
    /// Nodes of the grammar that hold code within a string.
    pub interpolation_nodes: Vec<String>,
    /// Why a query file is empty, by its name without the ending.
    pub absent: BTreeMap<String, String>,
    /// The crate that its grammar comes from, and the licence of that.
    pub grammar_crate: (String, String),
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

    /// Returns the name of its file, without the ending.
    #[cfg(test)]
    const fn as_str(self) -> &'static str {
        match self {
            Self::Scopes => "scopes",
            Self::Imports => "imports",
            Self::Definitions => "definitions",
            Self::References => "references",
        }
    }
}

/// The contents of a `language.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    id: String,
    names: Vec<String>,
    extensions: Vec<String>,
    #[serde(default)]
    line_comment: String,
    block_comment: Option<(String, String)>,
    block_style: BlockStyle,
    quotes: String,
    long_quotes: Vec<String>,
    #[serde(default)]
    file_names: Vec<String>,
    #[serde(default = "yes")]
    learnt: bool,
    #[serde(default)]
    blocks: Blocks,
    words: Words,
    nodes: Nodes,
    #[serde(default)]
    absent: BTreeMap<String, String>,
    grammar: Grammar,
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grammar {
    #[serde(rename = "crate")]
    name: String,
    licence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    import: Vec<String>,
    head: Vec<String>,
    modifiers: Vec<String>,
    #[serde(default)]
    items: Vec<String>,
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

    /// Returns the language that a file's name tells: all of it, or its ending.
    #[must_use]
    pub fn by_path(path: &Path) -> Option<&'static Self> {
        let name = path.file_name()?.to_str()?;
        let by_name = |language: &&Self| language.file_names.iter().any(|n| n == name);
        let extension = path.extension().and_then(|extension| extension.to_str());
        let by_extension = |language: &&Self| {
            language
                .extensions
                .iter()
                .any(|e| Some(e.as_str()) == extension)
        };
        let mut all = Self::all().iter();
        all.clone().find(by_name).or_else(|| all.find(by_extension))
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
            file_names: config.file_names,
            is_learnt: config.learnt,
            line_comment: config.line_comment,
            block_comment: config.block_comment,
            block_style: config.block_style,
            blocks: config.blocks,
            quotes: config.quotes,
            long_quotes: config.long_quotes,
            import_words: config.words.import,
            head_words: config.words.head,
            modifiers: config.words.modifiers,
            item_words: config.words.items,
            comment_nodes: config.nodes.comment,
            string_nodes: config.nodes.string,
            interpolation_nodes: config.nodes.interpolation,
            absent: config.absent,
            grammar_crate: (config.grammar.name, config.grammar.licence),
            source,
            grammar: OnceLock::new(),
            queries: [const { OnceLock::new() }; QueryKind::COUNT],
        }
    }

    /// Returns the Cargo feature that puts its grammar into the binary, or nothing where it is
    /// always there.
    #[must_use]
    pub fn feature(&self) -> Option<&'static str> {
        Some(self.source.feature).filter(|feature| !feature.is_empty())
    }

    /// Returns whether the build has its grammar. Without one there is no tree, and the text tells.
    #[must_use]
    pub const fn has_grammar(&self) -> bool {
        self.source.grammar.is_some()
    }

    /// Loads the grammar and compiles the queries, so that a later completion need not wait for
    /// them. It takes some milliseconds; call it off the event loop.
    pub fn prepare(&self) {
        for kind in QueryKind::ALL {
            self.query(kind);
        }
    }

    /// Returns the grammar, if the build has it.
    pub(super) fn grammar(&self) -> Option<&tree_sitter::Language> {
        let grammar = self.source.grammar?;
        Some(self.grammar.get_or_init(|| grammar.into()))
    }

    /// Returns a query, if the build has the grammar.
    pub(super) fn query(&self, kind: QueryKind) -> Option<&Query> {
        let grammar = self.grammar()?;
        let query = self.queries[kind as usize].get_or_init(|| {
            let text = self.query_text(kind);
            Query::new(grammar, text).expect("a test compiles every query of the table")
        });
        Some(query)
    }

    const fn query_text(&self, kind: QueryKind) -> &'static str {
        match kind {
            QueryKind::Scopes => self.source.scopes,
            QueryKind::Imports => self.source.imports,
            QueryKind::Definitions => self.source.definitions,
            QueryKind::References => self.source.references,
        }
    }

    /// Returns whether a comment to the end of the line begins at a place of a text.
    #[must_use]
    pub fn begins_line_comment(&self, text: &str, at: usize) -> bool {
        let marker = self.line_comment.as_str();
        if marker.is_empty() || !text[at..].starts_with(marker) {
            return false;
        }
        // `$#`, `${#a}` and `a#b` are no comments of the languages that have `#`; `#{a}` stands in
        // strings and patterns of Ruby.
        let before = text[..at].chars().next_back();
        let joins = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '$' | '{'));
        marker != "#" || !joins && !text[at..].starts_with("#{")
    }

    /// Returns whether a word or a tag of a line opens a block that the line does not close.
    #[must_use]
    pub fn leaves_block_open(&self, line: &str) -> bool {
        if !matches!(self.block_style, BlockStyle::Words | BlockStyle::Tags) {
            return false;
        }
        let mut open = 0_usize;
        for bracket in Skeleton::by_text(Some(self), line).brackets {
            match bracket.kind {
                '⟨' => open += 1,
                '⟩' => open = open.saturating_sub(1),
                _ => {}
            }
        }
        open > 0
    }

    /// Returns whether a line may close a block, or begin its next part, by a word or a tag.
    #[must_use]
    pub fn may_close_block(&self, line: &str) -> bool {
        self.blocks.may_close(self.block_style, line)
    }

    /// Returns whether a text begins with a word, tag or heading that ends the block before it.
    #[must_use]
    pub fn begins_with_closer(&self, text: &str) -> bool {
        self.blocks.begins_with_closer(self.block_style, text)
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
            let Some(grammar) = language.grammar() else {
                assert!(language.feature().is_some(), "{language:?} has no grammar");
                continue;
            };
            for kind in QueryKind::ALL {
                if let Err(error) = Query::new(grammar, language.query_text(kind)) {
                    panic!("{kind:?} of {}: {error}", language.id);
                }
            }
        }
    }

    #[test]
    fn a_query_is_empty_for_a_reason_and_only_then() {
        for language in Language::all().iter().filter(|l| l.grammar().is_some()) {
            for kind in QueryKind::ALL {
                let query = language.query(kind).expect("the build has the grammar");
                let reason = language.absent.get(kind.as_str());
                assert_eq!(
                    query.pattern_count() == 0,
                    reason.is_some_and(|reason| reason.len() > 10),
                    "{} of {}: {reason:?}",
                    kind.as_str(),
                    language.id
                );
            }
            let kinds = QueryKind::ALL.map(QueryKind::as_str);
            assert!(
                language
                    .absent
                    .keys()
                    .all(|name| kinds.contains(&name.as_str()))
            );
        }
    }

    #[test]
    fn node_names_in_the_data_exist_in_the_grammar() {
        for language in Language::all() {
            let Some(grammar) = language.grammar() else {
                continue;
            };
            let nodes = [
                &language.comment_nodes,
                &language.string_nodes,
                &language.interpolation_nodes,
            ];
            let lone = &language.blocks.lone_parenthesis;
            let lone = Some(lone).filter(|name| !name.is_empty());
            for node in nodes.into_iter().flatten().chain(lone) {
                assert_ne!(
                    grammar.id_for_node_kind(node, true),
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
        assert_eq!(id(Language::by_path(Path::new("a/Gemfile"))), Some("ruby"));
        assert_eq!(
            id(Language::by_path(Path::new("Gemfile.md"))),
            Some("markdown")
        );
        assert_eq!(
            id(Language::by_path(Path::new(".bashrc"))),
            Some("shellscript")
        );
        let uri = DocumentUri::new("file:///w/main.go");
        assert_eq!(id(Language::of("plaintext", &uri)), Some("go"));
    }

    #[test]
    fn no_two_languages_share_a_name_or_an_extension() {
        let mut seen = std::collections::HashSet::new();
        for language in Language::all() {
            let names = language.names.iter().map(|n| ("name", n.clone()));
            let extensions = language.extensions.iter().map(|e| ("extension", e.clone()));
            let file_names = language.file_names.iter().map(|n| ("file", n.clone()));
            let id = [("name", language.id.to_owned())];
            for entry in names.chain(extensions).chain(file_names).chain(id) {
                assert!(seen.insert(entry.clone()), "{entry:?} is there twice");
            }
        }
    }
}
