//! What a syntax tree says by our queries: definitions, references, imports, enclosing items.
//!
//! The queries are data in `grammars/`; here they are only run, on text or on a rope.

use std::ops::Range;

use ropey::Rope;
use tree_sitter::{Node, QueryCursor, QueryMatch, StreamingIterator, TextProvider, Tree};

use super::blocks::BlockStyle;
use super::language::{Language, QueryKind};
use super::parse::parse_text;
use super::skeleton::Skeleton;

/// How long a file that is not open may take to parse.
const PARSE_LIMIT: std::time::Duration = std::time::Duration::from_secs(2);

/// The longest head that is kept, in bytes; the rest of a longer one is left out.
const MAX_HEAD_BYTES: usize = 480;

/// How far back words are looked at that open blocks, in bytes.
const WORDS_REACH: usize = 16 * 1024;

/// How far down the file imports are looked for, in bytes.
const IMPORT_REACH: usize = 64 * 1024;

/// What kind of thing is defined.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DefinitionKind {
    /// A function or method.
    Function,
    /// A type: class, struct, enum, trait, interface, alias.
    Type,
    /// The implementation of a type.
    Implementation,
    /// A module or namespace.
    Module,
    /// A constant, static or file-wide variable.
    Constant,
    /// A macro.
    Macro,
}

impl DefinitionKind {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "function" => Self::Function,
            "type" => Self::Type,
            "implementation" => Self::Implementation,
            "module" => Self::Module,
            "constant" => Self::Constant,
            "macro" => Self::Macro,
            _ => return None,
        })
    }
}

/// One definition of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// What it defines.
    pub kind: DefinitionKind,
    /// Its head: everything before the body, without comments above it.
    pub signature: String,
    /// The row of its first line as tree-sitter counts (by LF), the first being 0.
    pub line: usize,
    /// All of it, in bytes.
    pub range: Range<usize>,
}

/// An item that encloses a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope {
    /// What it is.
    pub kind: DefinitionKind,
    /// All of it, in bytes.
    pub range: Range<usize>,
    /// From the start of its head to the start of its body.
    pub head: Range<usize>,
    /// Its body.
    pub body: Range<usize>,
}

/// Returns the definitions of a file that is not open, in the order of the text.
///
/// A file that is too large, or does not parse in time, has none.
#[must_use]
pub fn definitions(language: &'static Language, text: &str) -> Vec<Definition> {
    parse_text(language, text, PARSE_LIMIT)
        .map_or_else(Vec::new, |tree| definitions_in(language, &tree, text))
}

/// Returns the definitions of a text that was parsed already, in the order of the text.
pub(super) fn definitions_in(language: &Language, tree: &Tree, text: &str) -> Vec<Definition> {
    run_definitions(language, tree, text.as_bytes(), None, &|range| {
        let end = text.floor_char_boundary(range.end);
        text.get(range.start..end).unwrap_or_default().to_owned()
    })
}

/// Returns the definitions of an open file that touch a range of bytes and are at most `depth`
/// nodes below the top, in the order of the text. A small depth leaves function bodies out.
#[must_use]
pub fn outline(
    language: &'static Language,
    tree: &Tree,
    rope: &Rope,
    range: Range<usize>,
    depth: u32,
) -> Vec<Definition> {
    let limits = Some((range, depth));
    run_definitions(language, tree, RopeText(rope), limits, &|range| {
        text_of(rope, range)
    })
}

fn run_definitions<I: AsRef<[u8]>>(
    language: &Language,
    tree: &Tree,
    provider: impl TextProvider<I>,
    limits: Option<(Range<usize>, u32)>,
    text: &dyn Fn(Range<usize>) -> String,
) -> Vec<Definition> {
    let Some(query) = language.query(QueryKind::Definitions) else {
        return Vec::new();
    };
    let mut cursor = QueryCursor::new();
    if let Some((range, depth)) = limits {
        cursor.set_byte_range(range);
        cursor.set_max_start_depth(Some(depth));
    }
    let mut matches = cursor.matches(query, tree.root_node(), provider);
    let mut found: Vec<Definition> = Vec::new();
    while let Some(one) = matches.next() {
        let (Some(item), Some(name)) = (
            capture(query, one, "definition"),
            capture(query, one, "name"),
        ) else {
            continue;
        };
        let Some(kind) = kind_of(query, one) else {
            continue;
        };
        let head_end = head_end(query, one, "head", "body").unwrap_or(item.end_byte());
        let head_end = head_end.min(item.start_byte() + MAX_HEAD_BYTES);
        let head = text(item.start_byte()..head_end);
        found.push(Definition {
            name: last_part(&text(name.byte_range())),
            kind,
            signature: match kind {
                DefinitionKind::Constant | DefinitionKind::Macro => first_line(&head),
                _ => head_text(&head),
            },
            line: item.start_position().row,
            range: item.byte_range(),
        });
    }
    // A pattern whose body is optional also matches without it; the shorter head is the right one.
    found.sort_by_key(|one| (one.range.start, one.range.end, one.signature.len()));
    found.dedup_by(|a, b| a.range == b.range && a.name == b.name);
    found
}

/// Returns the items that enclose a byte offset, the outermost first.
///
/// Where indentation makes the block, a place after an item's last line is still in it while its
/// own line is indented more deeply than the item.
#[must_use]
pub fn enclosing_scopes(
    language: &'static Language,
    tree: &Tree,
    rope: &Rope,
    offset: usize,
) -> Vec<Scope> {
    let offset = offset.min(rope.len_bytes());
    let by_indent = language.block_style == BlockStyle::Indent;
    let text_end = if by_indent {
        end_of_text_before(rope, offset)
    } else {
        offset
    };
    let Some(query) = language.query(QueryKind::Scopes) else {
        return Vec::new();
    };
    let mut cursor = QueryCursor::new();
    // Only the nodes that hold the text before the place are asked, each for itself: a query over
    // the whole tree would look at every item of the file.
    cursor.set_max_start_depth(Some(0));
    let mut found = Vec::new();
    for node in nodes_at(tree, text_end.saturating_sub(1)) {
        let mut matches = cursor.matches(query, node, RopeText(rope));
        while let Some(one) = matches.next() {
            let (Some(item), Some(kind)) = (capture(query, one, "scope"), kind_of(query, one))
            else {
                continue;
            };
            let range = item.byte_range();
            let head_end = head_end(query, one, "scope.head", "scope.body")
                .unwrap_or_else(|| end_of_first_line(rope, &range));
            let body_end = capture(query, one, "scope.body").map_or(range.end, |b| b.end_byte());
            if range.start >= offset {
                continue;
            }
            let reaches = offset <= range.end
                || text_end <= range.end && indent_at(rope, offset) > indent_at(rope, range.start);
            if reaches {
                found.push(Scope {
                    kind,
                    head: range.start..head_end,
                    body: head_end..body_end,
                    range,
                });
            }
        }
    }
    found.sort_by_key(|scope| (scope.range.start, std::cmp::Reverse(scope.range.end)));
    found.dedup_by(|a, b| a.range == b.range);
    if language.block_style == BlockStyle::Words && tree.root_node().has_error() {
        // A block that lacks its last word takes that of the block around it.
        let by_words = scopes_by_words(language, rope, offset);
        if by_words.len() > found.len() {
            return by_words;
        }
    }
    found
}

/// Returns the items that words have opened before a place and that none has closed.
fn scopes_by_words(language: &Language, rope: &Rope, offset: usize) -> Vec<Scope> {
    let reach = rope.byte_to_line(offset.saturating_sub(WORDS_REACH));
    let from = rope.line_to_byte(reach);
    let text = text_of(rope, from..offset);
    let mut open = Vec::new();
    for bracket in Skeleton::by_text(Some(language), &text).brackets {
        match bracket.kind {
            '⟨' => open.push(bracket.at),
            '⟩' => {
                open.pop();
            }
            _ => {}
        }
    }
    let scope = |at: usize| {
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[line_start..].lines().next()?;
        let head = line.trim();
        let is_word = |word: &&str| language.head_words.iter().any(|head| head == word);
        let word = head.split([' ', '\t', '(']).find(is_word)?;
        let start = from + line_start + line.len() - line.trim_start().len();
        let head_end = start + head.len();
        (head_end < offset).then_some(Scope {
            kind: match word {
                "class" => DefinitionKind::Type,
                "module" => DefinitionKind::Module,
                _ => DefinitionKind::Function,
            },
            range: start..offset,
            head: start..head_end,
            body: head_end..offset,
        })
    };
    open.into_iter().filter_map(scope).collect()
}

/// Returns where the head of an item ends: with the last of what belongs to it, or where its body
/// begins; `None` where neither is marked.
pub(super) fn head_end(
    query: &tree_sitter::Query,
    found: &QueryMatch<'_, '_>,
    head: &str,
    body: &str,
) -> Option<usize> {
    let by_head = capture(query, found, head).map(|head| head.end_byte());
    by_head.or_else(|| capture(query, found, body).map(|body| body.start_byte()))
}

/// Returns where the first line of an item ends: its head, where nothing else marks that.
fn end_of_first_line(rope: &Rope, range: &Range<usize>) -> usize {
    let reach = range.end.min(range.start + MAX_HEAD_BYTES);
    range.start + first_line(&text_of(rope, range.start..reach)).len()
}

/// Returns the nodes that hold a byte, the outermost first.
fn nodes_at(tree: &Tree, byte: usize) -> Vec<Node<'_>> {
    let mut walk = tree.walk();
    let mut nodes = vec![walk.node()];
    while walk.goto_first_child_for_byte(byte).is_some() && walk.node().start_byte() <= byte {
        nodes.push(walk.node());
    }
    nodes
}

/// Returns where the last text before an offset ends.
fn end_of_text_before(rope: &Rope, offset: usize) -> usize {
    let mut end = rope.byte_to_char(offset);
    let mut chars = rope.chars_at(end);
    while let Some(char) = chars.prev()
        && char.is_whitespace()
    {
        end -= 1;
    }
    rope.char_to_byte(end)
}

/// Returns how many blanks stand before the text of an offset's line, at most up to the offset.
fn indent_at(rope: &Rope, offset: usize) -> usize {
    let place = rope.byte_to_char(offset);
    let start = rope.line_to_char(rope.char_to_line(place));
    let line = rope.slice(start..place);
    line.chars().take_while(|c| matches!(c, ' ' | '\t')).count()
}

/// Returns the byte ranges of the imports, in the order of the text.
#[must_use]
pub fn imports(language: &'static Language, tree: &Tree, rope: &Rope) -> Vec<Range<usize>> {
    let Some(query) = language.query(QueryKind::Imports) else {
        return Vec::new();
    };
    let mut cursor = QueryCursor::new();
    // Deeper imports are local to a function and stand near the cursor anyhow; the others stand
    // near the top.
    cursor.set_max_start_depth(Some(2));
    cursor.set_byte_range(0..IMPORT_REACH);
    let mut matches = cursor.matches(query, tree.root_node(), RopeText(rope));
    let mut found = Vec::new();
    while let Some(one) = matches.next() {
        if let Some(node) = capture(query, one, "import") {
            found.push(node.byte_range());
        }
    }
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup();
    found
}

/// Returns the names that are used within a range and defined elsewhere, each once, in order.
#[must_use]
pub fn references(
    language: &'static Language,
    tree: &Tree,
    rope: &Rope,
    range: Range<usize>,
) -> Vec<String> {
    let Some(query) = language.query(QueryKind::References) else {
        return Vec::new();
    };
    let mut cursor = QueryCursor::new();
    cursor.set_byte_range(range.clone());
    let mut matches = cursor.matches(query, tree.root_node(), RopeText(rope));
    let mut found = Vec::new();
    while let Some(one) = matches.next() {
        if let Some(node) = capture(query, one, "reference")
            && range.contains(&node.start_byte())
        {
            found.push((node.start_byte(), text_of(rope, node.byte_range())));
        }
    }
    found.sort();
    let mut seen = std::collections::HashSet::new();
    found.retain(|(_, name)| seen.insert(name.clone()));
    found.into_iter().map(|(_, name)| name).collect()
}

/// Lets queries read a rope's chunks where a pattern looks at the text.
struct RopeText<'a>(&'a Rope);

impl<'a> TextProvider<&'a [u8]> for RopeText<'a> {
    type I = Box<dyn Iterator<Item = &'a [u8]> + 'a>;

    fn text(&mut self, node: Node<'_>) -> Self::I {
        let length = self.0.len_bytes();
        let range = node.start_byte().min(length)..node.end_byte().min(length);
        match self.0.get_byte_slice(range) {
            Some(slice) => Box::new(slice.chunks().map(str::as_bytes)),
            None => Box::new(std::iter::empty()),
        }
    }
}

fn text_of(rope: &Rope, range: Range<usize>) -> String {
    // A tree that is older than the text may point past its end or into a character.
    let length = rope.len_bytes();
    let start = rope.byte_to_char(range.start.min(length));
    let end = rope.byte_to_char(range.end.min(length)).max(start);
    rope.slice(start..end).to_string()
}

pub(super) fn capture<'tree>(
    query: &tree_sitter::Query,
    found: &QueryMatch<'_, 'tree>,
    name: &str,
) -> Option<Node<'tree>> {
    let index = query.capture_index_for_name(name)?;
    found.nodes_for_capture_index(index).next()
}

pub(super) fn kind_of(
    query: &tree_sitter::Query,
    found: &QueryMatch<'_, '_>,
) -> Option<DefinitionKind> {
    let settings = query.property_settings(found.pattern_index);
    let kind = settings.iter().find(|setting| &*setting.key == "kind")?;
    DefinitionKind::from_name(kind.value.as_deref()?)
}

/// Returns the name itself of a name with its scope, as C++ writes it, or of a symbol of Ruby.
fn last_part(name: &str) -> String {
    let last = name.rsplit("::").next().unwrap_or(name);
    last.trim_start_matches(':').to_owned()
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}

/// Returns a head without what only opens its body, and without trailing blanks.
fn head_text(head: &str) -> String {
    head.trim_end()
        .trim_end_matches('{')
        .trim_end_matches("=>")
        .trim_end()
        .to_owned()
}
