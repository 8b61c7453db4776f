//! What a name stands for, in few lines: the head of a function, the members of a type, the items
//! of a file.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::terms::{Term, names, term};
use crate::documents::{Container, Definition, DefinitionKind, Survey};

/// Lines of one outline; what a longer one leaves out is seldom asked for.
const MOST_PARTS: usize = 40;
/// A longer line of an outline is left out, in bytes.
const LONGEST_PART: usize = 240;

/// What an outline is of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum OutlineKind {
    /// A type, a part of its implementation, or a module: fields and heads of methods.
    Members,
    /// A function, a constant, an alias: its head.
    Head,
    /// A whole file: heads of its items.
    File,
}

/// Lines of a file that tell what a name stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Outline {
    pub name: Term,
    pub kind: OutlineKind,
    /// Byte ranges in order, from the beginning of a line on.
    pub parts: Box<[(u32, u32)]>,
}

/// Outlines all that a file defines, and the file itself under `file_name`.
pub(super) fn outlines(text: &str, survey: &Survey, file_name: &str) -> Vec<Outline> {
    let homes = homes(survey);
    let mut found = Vec::new();
    let mut top = Parts::default();
    let mut inner: Vec<Vec<&Definition>> = vec![Vec::new(); survey.containers.len()];
    for (definition, home) in survey.definitions.iter().zip(homes) {
        let head = head_of(definition);
        match home {
            Some(home) => inner[home].push(definition),
            None => top.push(text, head.clone()),
        }
        let start = definition.range.start;
        let same = survey
            .containers
            .binary_search_by_key(&start, |one| one.range.start);
        if same.is_err() {
            let mut parts = Parts::default();
            parts.push(text, head.clone());
            found.extend(parts.named(&definition.name, OutlineKind::Head));
        }
        if let Some(receiver) = receiver(&definition.signature) {
            let mut parts = Parts::default();
            parts.push(text, head);
            found.extend(parts.named(receiver, OutlineKind::Members));
        }
    }
    for (container, inner) in survey.containers.iter().zip(inner) {
        let parts = members(text, container, &inner);
        found.extend(parts.named(&container.name, OutlineKind::Members));
    }
    found.extend(top.named(file_name, OutlineKind::File));
    found
}

/// Returns, for every definition, the innermost container that it is a member of.
fn homes(survey: &Survey) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let mut next = 0;
    let home = |definition: &Definition| {
        let range = &definition.range;
        while let Some(container) = survey.containers.get(next)
            && container.body.start <= range.start
        {
            open.push(next);
            next += 1;
        }
        open.retain(|&at| survey.containers[at].body.end >= range.start);
        let holds = |at: &&usize| survey.containers[**at].body.end >= range.end;
        open.iter().rev().find(holds).copied()
    };
    survey.definitions.iter().map(home).collect()
}

fn head_of(definition: &Definition) -> Range<usize> {
    let start = definition.range.start;
    start..start + definition.signature.len()
}

/// Returns the type of a receiver that stands before the name, as Go writes it.
fn receiver(signature: &str) -> Option<&str> {
    let (receiver, _) = signature.strip_prefix("func (")?.split_once(')')?;
    names(receiver.split('[').next()?).last()
}

#[derive(Default)]
struct Parts(Vec<(u32, u32)>);

impl Parts {
    /// Adds a range, together with the blanks before it.
    fn push(&mut self, text: &str, range: Range<usize>) {
        let line = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let is_line_start = text[line..range.start].trim().is_empty();
        let start = if is_line_start { line } else { range.start };
        let is_short = range.end.saturating_sub(start) <= LONGEST_PART * 2;
        if is_short && self.0.len() < MOST_PARTS && range.end <= text.len() {
            let place = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
            self.0.push((place(start), place(range.end)));
        }
    }

    fn named(mut self, name: &str, kind: OutlineKind) -> Option<Outline> {
        self.0.sort_unstable();
        self.0.dedup();
        (!self.0.is_empty()).then(|| Outline {
            name: term(name),
            kind,
            parts: self.0.into(),
        })
    }
}

/// Returns the head of a container, the heads of its methods, and the lines of its fields.
fn members(text: &str, container: &Container, inner: &[&Definition]) -> Parts {
    let mut parts = Parts::default();
    parts.push(text, container.range.start..head_end(text, container));
    let mut at = container.body.start;
    for definition in inner {
        fields(text, at..definition.range.start, &mut parts);
        parts.push(text, head_of(definition));
        if definition.kind == DefinitionKind::Function {
            attributes(text, definition.range.clone(), &mut parts);
        }
        at = at.max(definition.range.end);
    }
    fields(text, at..container.body.end, &mut parts);
    parts
}

fn head_end(text: &str, container: &Container) -> usize {
    let head = &text[container.range.start..container.body.start];
    container.range.start + head.trim_end().len()
}

/// Adds the lines of a range that may declare a field: those with a name, without comments.
fn fields(text: &str, range: Range<usize>, parts: &mut Parts) {
    let Some(lines) = text.get(range.clone()) else {
        return;
    };
    let mut at = range.start;
    for line in lines.split_inclusive('\n') {
        let trimmed = line.trim();
        let start = at + (line.len() - line.trim_start().len());
        at += line.len();
        let is_comment = ["//", "#", "/*", "*", "@", "\"\"\"", "'''"]
            .iter()
            .any(|mark| trimmed.starts_with(mark));
        let has_name = trimmed.contains(|c: char| c.is_alphabetic());
        if has_name && !is_comment && trimmed.len() <= LONGEST_PART {
            parts.push(text, start..start + trimmed.len());
        }
    }
}

/// Adds the lines of a method that first set something of `self` or `this`.
fn attributes(text: &str, range: Range<usize>, parts: &mut Parts) {
    let Some(lines) = text.get(range.clone()) else {
        return;
    };
    let mut at = range.start;
    for line in lines.split_inclusive('\n') {
        let trimmed = line.trim();
        let start = at + (line.len() - line.trim_start().len());
        at += line.len();
        let own = trimmed
            .strip_prefix("self.")
            .or_else(|| trimmed.strip_prefix("this."));
        let Some(own) = own else {
            continue;
        };
        let end = own.find(|c: char| !c.is_alphanumeric() && c != '_');
        let name = &trimmed[..5 + end.unwrap_or(own.len())];
        let after = trimmed[name.len()..].trim_start();
        let is_set = after.starts_with([':', '=']) && !after.starts_with("==");
        let is_first = || {
            parts.0.iter().all(|&(start, end)| {
                let part = text.get(start as usize..end as usize).unwrap_or_default();
                !part.contains(name)
            })
        };
        if is_set && trimmed.len() <= LONGEST_PART && is_first() {
            parts.push(text, start..start + trimmed.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{Language, survey};

    #[track_caller]
    fn check(language: &str, text: &str, name: &str, kind: OutlineKind, expected: &[&str]) {
        let language = Language::by_id(language).expect("a language of the table");
        let found = outlines(text, &survey(language, text), "store");
        let lines: Vec<&str> = found
            .iter()
            .filter(|one| one.name == term(name) && one.kind == kind)
            .flat_map(|one| one.parts.iter())
            .map(|&(start, end)| &text[start as usize..end as usize])
            .collect();
        assert_eq!(lines, expected);
    }

    const RUST: &str = "/// A store.\npub struct Store {\n    /// Its rows.\n    rows: Vec<Row>,\n}\n\
                        impl Store {\n    pub fn get(&self, id: u8) -> Row {\n        self.rows[id]\n    }\n}\n\
                        const LIMIT: usize = 8;\n";

    #[test]
    fn the_members_of_a_type_are_its_fields_and_the_heads_of_its_methods() {
        let members = [
            "pub struct Store",
            "    rows: Vec<Row>,",
            "impl Store",
            "    pub fn get(&self, id: u8) -> Row",
        ];
        check("rust", RUST, "Store", OutlineKind::Members, &members);
        let head = ["    pub fn get(&self, id: u8) -> Row"];
        check("rust", RUST, "get", OutlineKind::Head, &head);
    }

    #[test]
    fn a_file_is_told_by_the_heads_of_its_items() {
        let heads = ["pub struct Store", "const LIMIT: usize = 8;"];
        check("rust", RUST, "store", OutlineKind::File, &heads);
    }

    #[test]
    fn attributes_are_members_where_they_are_set_first() {
        let text = "class A:\n    def __init__(self, a):\n        self.a = a\n        self.b: int = 2\n    def f(self):\n        self.a = 3\n        if self.b == 2:\n            pass\n";
        let members = [
            "class A:",
            "    def __init__(self, a):",
            "        self.a = a",
            "        self.b: int = 2",
            "    def f(self):",
        ];
        check("python", text, "A", OutlineKind::Members, &members);
    }

    #[test]
    fn a_receiver_before_the_name_makes_a_member() {
        let text = "package a\n\nfunc (s *Store[T]) Get(id int) Row {\n\treturn s.rows[id]\n}\n";
        let member = ["func (s *Store[T]) Get(id int) Row"];
        check("go", text, "Store", OutlineKind::Members, &member);
    }
}
