//! Everything the index of the workspace wants to know of a file that is not open, in one parse.

use std::ops::Range;
use std::time::Duration;

use ropey::Rope;
use tree_sitter::{QueryCursor, StreamingIterator, Tree};

use super::definitions::{
    Definition, DefinitionKind, capture, definitions_in, head_end, imports, kind_of,
};
use super::language::{Language, QueryKind};
use super::parse::parse_text;

/// How long the parse may take.
const PARSE_LIMIT: Duration = Duration::from_secs(2);

/// A type, the implementation of one, or a module: what has members.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Container {
    /// Its name, without what it is generic over.
    pub name: String,
    /// All of it, in bytes.
    pub range: Range<usize>,
    /// Where its members stand, in bytes.
    pub body: Range<usize>,
}

/// What a file says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Survey {
    /// Its definitions, in the order of the text.
    pub definitions: Vec<Definition>,
    /// What has members, in the order of the text, the outer ones first.
    pub containers: Vec<Container>,
    /// Its imports, in bytes.
    pub imports: Vec<Range<usize>>,
}

/// Surveys a file that is not open. One that is too large, or does not parse in time, says nothing.
#[must_use]
pub fn survey(language: &'static Language, text: &str) -> Survey {
    let Some(tree) = parse_text(language, text, PARSE_LIMIT) else {
        return Survey::default();
    };
    Survey {
        definitions: definitions_in(language, &tree, text),
        containers: containers(language, &tree, text),
        imports: imports(language, &tree, &Rope::from_str(text)),
    }
}

fn containers(language: &Language, tree: &Tree, text: &str) -> Vec<Container> {
    let Some(query) = language.query(QueryKind::Scopes) else {
        return Vec::new();
    };
    let mut cursor = QueryCursor::new();
    let mut matches = cursor.matches(query, tree.root_node(), text.as_bytes());
    let mut found = Vec::new();
    while let Some(one) = matches.next() {
        let (Some(item), Some(name)) = (
            capture(query, one, "scope"),
            capture(query, one, "scope.name"),
        ) else {
            continue;
        };
        if kind_of(query, one) == Some(DefinitionKind::Function) {
            continue;
        }
        let Some(start) = head_end(query, one, "scope.head", "scope.body") else {
            continue;
        };
        let body = capture(query, one, "scope.body");
        let end = body.map_or(item.end_byte(), |body| body.end_byte());
        let name = text.get(name.byte_range()).unwrap_or_default();
        found.push(Container {
            name: bare_name(name).to_owned(),
            range: item.byte_range(),
            body: start..end,
        });
    }
    found.sort_by_key(|one| (one.range.start, std::cmp::Reverse(one.range.end)));
    found.dedup_by(|a, b| a.range == b.range);
    found
}

/// Returns the name itself of `path::Name<T>` or `&Name`.
fn bare_name(name: &str) -> &str {
    let name = name.split(['<', '[']).next().unwrap_or(name);
    let last = name.rsplit([':', '.', '&', '*', ' ']).next();
    last.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_members_is_told_by_its_bare_name() {
        let rust = Language::by_id("rust").expect("a language of the table");
        let text = "struct A<T> { t: T }\nimpl<T> fmt::Debug for a::A<T> {\n    fn f() {}\n}\n";
        let survey = survey(rust, text);
        let names: Vec<&str> = survey.containers.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["A", "A"]);
        assert_eq!(survey.definitions.len(), 2);
    }

    #[test]
    fn a_file_that_does_not_parse_says_what_it_can() {
        let python = Language::by_id("python").expect("a language of the table");
        let survey = survey(python, "import a\nclass B:\n    def f(self):\n  )(\n");
        assert_eq!(survey.imports.len(), 1);
    }
}
