//! Gathers what is around the cursor, for any model.

use std::ops::Range;

use super::facts::Facts;
use super::related::Related;
use super::site::Place;
use crate::documents::{Snapshot, Tree, enclosing_scopes};
use crate::domain::{ByteOffset, CursorSite, Snippet};
use crate::workspace::Kind;

/// How much text before the cursor is kept, in bytes.
const PREFIX_BYTES: usize = 64 * 1024;
/// Steps, in bytes, by which the start of that text moves: a start that moved with every key would
/// change the beginning of prompts.
const PREFIX_STEP: usize = 8 * 1024;
/// How much text after the cursor is kept, in bytes.
const SUFFIX_BYTES: usize = 16 * 1024;
/// The longest head of an enclosing item, in bytes.
const HEAD_BYTES: usize = 1_024;
/// A line or a few of this file that stand elsewhere than at the cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The lines, without a line ending at the end.
    pub text: String,
    /// Where they stand, in bytes.
    pub range: Range<usize>,
}

/// What is around the cursor. No model is known here; windows are larger than any prompt.
#[derive(Clone, PartialEq, Debug)]
pub struct Context {
    /// Path of the file, relative to the workspace.
    pub path: String,
    /// Language id as in the LSP.
    pub language: String,
    /// What kind of place the cursor stands at.
    pub site: CursorSite,
    /// The cursor.
    pub offset: ByteOffset,
    /// Text before the cursor: at most 64 KiB, from the start of a line.
    pub prefix: String,
    /// Text after the cursor: at most 16 KiB, to the end of a line.
    pub suffix: String,
    /// The same as the prompt before showed it, where it should stay as it was.
    pub shown_suffix: Option<String>,
    /// The cursor's line before it.
    pub line_prefix: String,
    /// The cursor's line after it, without the line ending.
    pub line_suffix: String,
    /// The part of an identifier that was typed already.
    pub partial_identifier: String,
    /// Whether an answer should end with the line.
    pub single_line: bool,
    /// Heads of the items around the cursor, the outermost first, wherever they stand.
    pub enclosing: Vec<Head>,
    /// Imports of the file, in order.
    pub imports: Vec<Head>,
    /// Heads of definitions of this file whose names are used near the cursor, in order.
    pub outline: Vec<Head>,
    /// What other files have to say, the most useful first.
    pub definitions: Vec<Snippet>,
    /// What the user has just changed, as diffs, the newest last.
    pub edits: Vec<Snippet>,
    /// Lines of the document.
    pub document_lines: u32,
}

impl Context {
    /// Adds what other files have to say, the most useful first, what was changed, and the text
    /// after the cursor as it should stay.
    #[must_use]
    pub fn with_related(mut self, related: &[Related], shown_suffix: Option<String>) -> Self {
        let (edits, others) = related.iter().partition(|one| one.kind == Kind::Edit);
        let snippets = |of: Vec<&Related>| of.into_iter().map(|one| one.snippet.clone()).collect();
        (self.edits, self.definitions) = (snippets(edits), snippets(others));
        self.shown_suffix = shown_suffix;
        self
    }
}

/// Gathers everything that a model should see of a place. `tree` should be of exactly this text; an
/// older one that was moved along with the edits gives slightly worse answers. `related` is kept as
/// it is: the most useful first.
#[must_use]
pub fn collect(
    snapshot: &Snapshot,
    tree: Option<&Tree>,
    offset: ByteOffset,
    path: &str,
    related: &[Snippet],
) -> Context {
    let facts = Facts::gather(snapshot, tree, offset);
    look(snapshot, tree, &facts, offset, path, related)
}

/// Does the same with facts about the file that were gathered at an earlier key: what is left to
/// do is a matter of microseconds, also in a long file.
#[must_use]
pub fn look(
    snapshot: &Snapshot,
    tree: Option<&Tree>,
    facts: &Facts,
    offset: ByteOffset,
    path: &str,
    related: &[Snippet],
) -> Context {
    let offset = snapshot.clamp(offset);
    let at = offset.get();
    let prefix = snapshot.slice(prefix_start(snapshot, at)..at);
    let suffix = snapshot.slice(at..suffix_end(snapshot, at));
    let line_prefix = snapshot.line_prefix(offset);
    let line_suffix = snapshot.line_suffix(offset);

    let rope = &snapshot.rope;
    let parsed = snapshot.language.zip(tree);
    let scopes = parsed.map_or_else(Vec::new, |(language, tree)| {
        enclosing_scopes(language, tree, rope, at)
    });
    let place = Place {
        language: snapshot.language,
        tree,
        rope,
        offset: at,
        prefix: &prefix,
        suffix: &suffix,
        line_prefix: &line_prefix,
        line_suffix: &line_suffix,
        scopes: &scopes,
        is_in_import: facts.is_in_import(at),
    };
    let (site, single_line) = place.site();

    Context {
        path: path.to_owned(),
        language: snapshot
            .language
            .map_or_else(|| snapshot.language_id.clone(), |l| l.id.to_owned()),
        site,
        offset,
        partial_identifier: partial_identifier(&line_prefix).to_owned(),
        single_line,
        enclosing: scopes
            .iter()
            .filter(|scope| scope.body.start <= at)
            .map(|scope| enclosing_head(snapshot, &scope.head))
            .collect(),
        imports: facts.imports().to_vec(),
        outline: facts.outline_for(at, &line_prefix),
        definitions: related.to_vec(),
        edits: Vec::new(),
        shown_suffix: None,
        document_lines: u32::try_from(rope.len_lines()).unwrap_or(u32::MAX),
        prefix,
        suffix,
        line_prefix,
        line_suffix,
    }
}

/// Returns the identifier that ends at the cursor; a number is none.
fn partial_identifier(line_prefix: &str) -> &str {
    let start = line_prefix
        .char_indices()
        .rev()
        .take_while(|(_, c)| c.is_alphanumeric() || *c == '_' || *c == '$')
        .last()
        .map_or(line_prefix.len(), |(index, _)| index);
    let word = &line_prefix[start..];
    if word.starts_with(|c: char| c.is_numeric()) {
        ""
    } else {
        word
    }
}

fn prefix_start(snapshot: &Snapshot, at: usize) -> usize {
    let earliest = at
        .saturating_sub(PREFIX_BYTES)
        .next_multiple_of(PREFIX_STEP);
    if earliest == 0 {
        return 0;
    }
    let next_line = snapshot
        .rope
        .line_to_byte(snapshot.rope.byte_to_line(earliest) + 1);
    let start = if next_line < at { next_line } else { earliest };
    ceil_char(snapshot, start)
}

fn suffix_end(snapshot: &Snapshot, at: usize) -> usize {
    let latest = at.saturating_add(SUFFIX_BYTES);
    if latest >= snapshot.len() {
        return snapshot.len();
    }
    let line = snapshot
        .rope
        .line_to_byte(snapshot.rope.byte_to_line(latest));
    if line > at { line } else { latest }
}

fn ceil_char(snapshot: &Snapshot, byte: usize) -> usize {
    let floor = snapshot.clamp(ByteOffset::new(byte)).get();
    if floor == byte {
        return byte;
    }
    let next = snapshot.rope.byte_to_char(floor) + 1;
    snapshot.rope.char_to_byte(next)
}

/// Returns whole lines from the start of a head to the mark that opens its body.
fn enclosing_head(snapshot: &Snapshot, head: &Range<usize>) -> Head {
    let start = line_start(snapshot, head.start);
    let end = head.end.min(start + HEAD_BYTES);
    let head = snapshot.slice(start..end);
    // The body of an arrow function may be an expression, and others have no mark there.
    let opener = snapshot.slice(end..end + 1);
    let is_marked = snapshot
        .language
        .is_some_and(|language| opener.ends_with(|c| language.blocks.brackets.contains(c)));
    let text = if is_marked { head + &opener } else { head };
    let text = text.trim_end().to_owned();
    Head {
        range: start..start + text.len(),
        text,
    }
}

pub(super) fn line_start(snapshot: &Snapshot, byte: usize) -> usize {
    let line = snapshot.line(ByteOffset::new(byte));
    snapshot.line_range(line).start
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::documents::Documents;
    use crate::domain::DocumentUri;

    fn context_of(language: &str, text: &str) -> Context {
        let at = text.find("$0").expect("a cursor");
        let documents = Documents::default();
        let uri = DocumentUri::new("file:///w/a");
        documents.open(uri.clone(), language, 1, &text.replace("$0", ""));
        let snapshot = documents.snapshot(&uri).expect("it is open");
        let tree = documents.parse(&snapshot, Duration::from_secs(10));
        collect(&snapshot, tree.as_ref(), ByteOffset::new(at), "a", &[])
    }

    #[track_caller]
    fn check_partial(text: &str, expected: &str) {
        assert_eq!(context_of("rust", text).partial_identifier, expected);
    }

    #[test]
    fn the_partial_identifier_ends_at_the_cursor() {
        check_partial("let a = self.pri$0ce;", "pri");
        check_partial("let a = self.$0", "");
        check_partial("let größe_2$0", "größe_2");
        check_partial("let a = 12$0", "");
        check_partial("$0", "");
    }

    #[track_caller]
    fn check_enclosing(language: &str, text: &str, expected: &[&str]) {
        let context = context_of(language, text);
        let heads: Vec<_> = context.enclosing.iter().map(|h| h.text.as_str()).collect();
        assert_eq!(heads, expected);
        for head in &context.enclosing {
            assert_eq!(
                &text[head.range.clone()],
                head.text,
                "the range is that of the text"
            );
        }
    }

    #[test]
    fn only_the_items_around_the_cursor_enclose_it() {
        check_enclosing(
            "rust",
            "mod a {\n    fn one() {}\n    impl B {\n        fn two(&self) { $0 }\n    }\n}\n",
            &["mod a {", "    impl B {", "        fn two(&self) {"],
        );
        check_enclosing("rust", "fn one() {}\n$0\nfn two() {}\n", &[]);
    }

    #[test]
    fn an_indented_line_after_a_block_belongs_to_it() {
        let class = "class A:\n    def f(self):\n        return 1\n";
        let both = ["class A:", "    def f(self):"];
        check_enclosing("python", &format!("{class}        $0\n"), &both);
        check_enclosing("python", &format!("{class}\n    $0\n"), &both[..1]);
        check_enclosing("python", &format!("{class}\n$0\n"), &[]);
    }

    #[test]
    fn windows_of_a_large_file_begin_and_end_with_lines() {
        let text = "// a line of thirty bytes, ok\n".repeat(8_000);
        let at = text.len() / 2 + 7;
        let text = format!("{}$0{}", &text[..at], &text[at..]);
        let context = context_of("rust", &text);
        assert!(context.prefix.len() > PREFIX_BYTES - PREFIX_STEP - 64);
        assert!(context.prefix.len() <= PREFIX_BYTES);
        assert!(context.prefix.starts_with("// a line"));
        assert!(context.suffix.len() > SUFFIX_BYTES - 64 && context.suffix.len() <= SUFFIX_BYTES);
        assert!(context.suffix.ends_with("ok\n"));
        assert_eq!(context.document_lines, 8_001);
    }

    #[test]
    fn windows_of_an_endless_line_end_on_character_borders() {
        let text = format!("// {}$0{}", "漢👍".repeat(20_000), "é👍".repeat(20_000));
        let context = context_of("rust", &text);
        assert!(context.prefix.len() > PREFIX_BYTES - PREFIX_STEP - 8);
        assert!(context.suffix.len() > SUFFIX_BYTES - 8);
        assert_eq!(context.line_prefix.len(), 3 + 7 * 20_000);
    }

    #[test]
    fn the_outline_holds_what_is_used_near_the_cursor() {
        let context = context_of(
            "rust",
            "fn used(a: u8) -> u8 { a }\nfn unused() {}\nfn main() {\n    used($0);\n}\n",
        );
        let heads: Vec<_> = context.outline.iter().map(|h| h.text.as_str()).collect();
        assert_eq!(heads, ["fn used(a: u8) -> u8"]);
    }
}
