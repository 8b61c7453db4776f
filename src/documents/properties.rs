//! Laws of open documents, checked against a plain `String` with random edits.

use std::time::Duration;

use proptest::prelude::*;
use tree_sitter::{Node, Tree};

use super::{Documents, Language, Position, PositionEncoding, Snapshot, TextEdit, parse_text};
use crate::domain::{ByteOffset, DocumentUri};

const ALL: [PositionEncoding; 3] = [
    PositionEncoding::Utf8,
    PositionEncoding::Utf16,
    PositionEncoding::Utf32,
];

/// A text as the specification describes it, with no cleverness.
#[derive(Clone, Debug)]
struct Model(String);

impl Model {
    /// Byte ranges of the lines, without their endings.
    fn lines(&self) -> Vec<(usize, usize)> {
        let bytes = self.0.as_bytes();
        let (mut lines, mut start, mut at) = (Vec::new(), 0, 0);
        while at < bytes.len() {
            let ending = match (bytes[at], bytes.get(at + 1)) {
                (b'\r', Some(b'\n')) => 2,
                (b'\r' | b'\n', _) => 1,
                _ => 0,
            };
            if ending > 0 {
                lines.push((start, at));
                start = at + ending;
            }
            at += ending.max(1);
        }
        lines.push((start, bytes.len()));
        lines
    }

    fn offset(&self, position: Position, encoding: PositionEncoding) -> usize {
        let lines = self.lines();
        let Some(&(start, end)) = lines.get(position.line as usize) else {
            return self.0.len();
        };
        let mut left = position.character as usize;
        let mut offset = start;
        for char in self.0[start..end].chars() {
            let units = match encoding {
                PositionEncoding::Utf8 => char.len_utf8(),
                PositionEncoding::Utf16 => char.len_utf16(),
                PositionEncoding::Utf32 => 1,
            };
            if left < units {
                break;
            }
            left -= units;
            offset += char.len_utf8();
        }
        offset
    }

    fn apply(&mut self, edit: &TextEdit, encoding: PositionEncoding) {
        let Some(range) = &edit.range else {
            self.0.clone_from(&edit.text);
            return;
        };
        let one = self.offset(range.start, encoding);
        let other = self.offset(range.end, encoding);
        self.0
            .replace_range(one.min(other)..one.max(other), &edit.text);
    }
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z ]{1,4}",
        1 => Just("\n".to_owned()),
        1 => Just("\r\n".to_owned()),
        1 => Just("\r".to_owned()),
        1 => Just("é".to_owned()),
        1 => Just("e\u{301}".to_owned()),
        1 => Just("漢字".to_owned()),
        1 => Just("👩\u{200d}👩\u{200d}👧".to_owned()),
        1 => Just("\u{2028}\u{b}".to_owned()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn position() -> impl Strategy<Value = Position> {
    let character = prop_oneof![9 => 0..24u32, 1 => Just(u32::MAX)];
    let line = prop_oneof![9 => 0..8u32, 1 => Just(u32::MAX)];
    (line, character).prop_map(|(line, character)| Position { line, character })
}

fn edit() -> impl Strategy<Value = TextEdit> {
    let range = prop_oneof![
        9 => (position(), position()).prop_map(|(start, end)| Some(start..end)),
        1 => Just(None),
    ];
    (range, text()).prop_map(|(range, text)| TextEdit { range, text })
}

fn encoding() -> impl Strategy<Value = PositionEncoding> {
    prop::sample::select(ALL.to_vec())
}

fn uri() -> DocumentUri {
    DocumentUri::new("file:///w/a.rs")
}

fn snapshot(documents: &Documents) -> Snapshot {
    documents.snapshot(&uri()).expect("it is open")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_document_is_what_a_plain_string_would_be(
        first in text(),
        steps in prop::collection::vec((encoding(), prop::collection::vec(edit(), 0..3)), 1..8),
    ) {
        let documents = Documents::default();
        documents.open(uri(), "rust", 0, &first);
        let mut model = Model(first);
        for (version, (encoding, edits)) in (1..).zip(&steps) {
            documents.change(&uri(), version, edits, *encoding).expect("it is open");
            for edit in edits {
                model.apply(edit, *encoding);
            }
            let snapshot = snapshot(&documents);
            prop_assert_eq!(snapshot.text(), &*model.0);
            prop_assert_eq!(snapshot.version, version);
        }
    }

    #[test]
    fn offsets_and_positions_go_there_and_back(text in text(), position in position()) {
        let model = Model(text.clone());
        let snapshot = Snapshot::of_text(uri(), "rust", &text);
        for encoding in ALL {
            let offset = snapshot.offset(position, encoding);
            prop_assert_eq!(offset.get(), model.offset(position, encoding));
            let back = snapshot.position(offset, encoding);
            prop_assert_eq!(snapshot.offset(back, encoding), offset);
            for (byte, _) in text.char_indices() {
                let position = snapshot.position(ByteOffset::new(byte), encoding);
                let there = snapshot.offset(position, encoding).get();
                // Between CR and LF is not a place in an editor; it counts as before them.
                let is_inside_crlf = text[..byte].ends_with('\r') && text[byte..].starts_with('\n');
                prop_assert_eq!(there, byte - usize::from(is_inside_crlf));
            }
        }
    }

    #[test]
    fn prefix_and_suffix_make_the_line(text in text(), place in 0..80usize) {
        let snapshot = Snapshot::of_text(uri(), "rust", &text);
        let offset = snapshot.clamp(ByteOffset::new(place));
        let line = snapshot.slice(snapshot.line_range(snapshot.line(offset)));
        let prefix = snapshot.line_prefix(offset);
        prop_assert_eq!(&prefix.trim_end_matches('\r').to_owned(), &line[..prefix.trim_end_matches('\r').len()]);
        prop_assert!(line.ends_with(&snapshot.line_suffix(offset)));
        prop_assert!(text[..offset.get()].ends_with(&prefix));
    }
}

/// Statements that leave a Rust function valid wherever a line of it is replaced or added.
fn statement() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "    let x = 1;\n",
        "    let crlf = \"漢👍\";\r\n",
        "    // lone \r    call(a, b);\n",
        "    if a { b(); } else { c(); }\n",
        "    /* é\n 👩 */ let v = vec![1, 2];\n",
        "    match x {\n        1 => {}\n        _ => {}\n    }\n",
        "    fn inner(a: u8) -> u8 { a + 1 }\r",
        "",
    ])
    .prop_map(str::to_owned)
}

fn describe(node: Node<'_>, out: &mut Vec<String>) {
    out.push(format!(
        "{} {:?} {:?}",
        node.kind(),
        node.byte_range(),
        (node.start_position(), node.end_position())
    ));
    let mut cursor = node.walk();
    let children: Vec<_> = node.children(&mut cursor).collect();
    for child in children {
        describe(child, out);
    }
}

fn described(tree: &Tree) -> Vec<String> {
    let mut out = Vec::new();
    describe(tree.root_node(), &mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_edited_tree_is_the_tree_of_the_edited_text(
        statements in prop::collection::vec(statement(), 1..8),
        steps in prop::collection::vec((prop::collection::vec((any::<prop::sample::Index>(), statement()), 1..3), any::<bool>()), 1..6),
    ) {
        let limit = Duration::from_secs(10);
        let mut parts = statements;
        let whole = |parts: &[String]| format!("fn f() {{\n{}}}\n", parts.concat());
        let documents = Documents::default();
        documents.open(uri(), "rust", 0, &whole(&parts));
        for (version, (edits, parse_now)) in (1..).zip(steps) {
            // A parse that ends after further edits is brought up to date as well.
            let before = snapshot(&documents);
            if !parse_now {
                let _ = documents.parse(&before, limit);
            }
            for (index, text) in edits {
                let index = index.index(parts.len());
                let at = "fn f() {\n".len() + parts[..index].concat().len();
                let now = snapshot(&documents);
                let position = |byte| now.position(ByteOffset::new(byte), PositionEncoding::Utf16);
                let edit = TextEdit { range: Some(position(at)..position(at + parts[index].len())), text: text.clone() };
                documents.change(&uri(), version, &[edit], PositionEncoding::Utf16).expect("it is open");
                parts[index] = text;
            }
            if parse_now {
                let _ = documents.parse(&before, limit);
            }
            let now = snapshot(&documents);
            prop_assert_eq!(now.text(), whole(&parts));
            let tree = documents.parse(&now, limit).expect("it parses");
            let fresh = parse_text(language(), &whole(&parts), limit).expect("it parses");
            prop_assert_eq!(described(&tree), described(&fresh));
            prop_assert!(snapshot(&documents).current_tree().is_some());
        }
    }

    #[test]
    fn wild_edits_never_harm_the_parser(
        first in text(),
        edits in prop::collection::vec(edit(), 1..8),
    ) {
        let documents = Documents::default();
        documents.open(uri(), "rust", 0, &first);
        for (version, edit) in (1..).zip(edits) {
            documents.change(&uri(), version, &[edit], PositionEncoding::Utf16).expect("it is open");
            let now = snapshot(&documents);
            let tree = documents.parse(&now, Duration::from_secs(10)).expect("it parses");
            prop_assert_eq!(tree.root_node().end_byte(), now.len());
        }
    }
}

fn language() -> &'static Language {
    Language::by_id("rust").expect("it is in the table")
}
