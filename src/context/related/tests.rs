//! What is related to a place, and how it is shown.

use super::*;
use crate::context::collect;
use crate::documents::{Rope, Snapshot};
use crate::domain::{ByteOffset, DocumentUri};
use crate::workspace::Text;

fn ask(place: &Context, library: &Library, files: &[(&str, &str)]) -> Vec<Related> {
    let text = |path: &str| files.iter().find(|(name, _)| *name == path);
    let sources = Sources {
        library,
        open: &|path| text(path).map(|(_, text)| Rope::from_str(text)),
        shown: &str::to_owned,
    };
    related(place, "src/own.rs", sources)
}

fn library(files: &[(&str, &str)]) -> Library {
    let library = Library::default();
    for (path, text) in files {
        library.learn(&Text {
            path,
            language: "rust",
            text,
        });
    }
    library
}

fn context(text: &str) -> Context {
    let at = text.find("$0").expect("a cursor");
    let uri = DocumentUri::new("file:///w/src/own.rs");
    let snapshot = Snapshot::of_text(uri, "rust", &text.replace("$0", ""));
    collect(&snapshot, None, ByteOffset::new(at), "src/own.rs", &[])
}

fn paths(found: &[Related]) -> Vec<&str> {
    found.iter().map(|one| one.snippet.path.as_str()).collect()
}

const LEDGER: &str = "//! The ledger.\n\n/// Rows.\npub struct Ledger {\n    rows: Vec<Row>,\n}\n\nimpl Ledger {\n    /// Appends.\n    pub fn append_row(&mut self, row: Row) {\n        self.rows.push(row);\n    }\n}\n";
const NOISE: &str = "pub fn paint(color: Color) {\n    brush(color);\n}\n";

#[test]
fn the_members_of_what_stands_before_the_dot_come_first() {
    let files = [("src/ledger.rs", LEDGER), ("src/paint.rs", NOISE)];
    let place = context("fn f(book: &mut Ledger) {\n    book.$0\n}\n");
    let found = ask(&place, &library(&files), &files);
    let first = found.first().expect("something is found");
    assert_eq!(first.snippet.path, "src/ledger.rs");
    assert!(first.snippet.text.contains("fn append_row"), "{first:?}");
}

#[test]
fn what_holds_a_name_that_begins_as_the_one_at_the_cursor_comes_first() {
    let file = |name: &str| format!("pub fn {name}(ledger: &Ledger) {{\n    ledger.rows();\n}}\n");
    let texts: Vec<(String, String)> = ["open_book", "close_book", "audit_book", "print_book"]
        .iter()
        .map(|name| (format!("src/{name}.rs"), file(name)))
        .collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(p, t)| (&**p, &**t)).collect();
    let library = library(&files);
    for (path, _) in &files {
        // No word of its own: only the name as a whole can tell.
        let begun = &path.trim_start_matches("src/")[..2];
        let place = context(&format!(
            "fn f(ledger: &Ledger) {{\n    ledger.{begun}$0\n}}\n"
        ));
        assert_eq!(paths(&ask(&place, &library, &files)).first(), Some(path));
    }
}

#[test]
fn equal_places_have_equal_answers() {
    let files: Vec<(String, String)> = (0..40)
        .map(|n| {
            let text = format!(
                "pub fn item_{n}(ledger: &Ledger) {{\n    ledger.append_row(row_{n});\n}}\n"
            );
            (format!("src/f{n}.rs"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(p, t)| (p.as_str(), t.as_str()))
        .collect();
    let place = context("fn f(ledger: &Ledger) {\n    ledger.app$0\n}\n");
    let (one, other) = (library(&files), library(&files));
    let found = ask(&place, &one, &files);
    assert!(found.len() > 3);
    for _ in 0..8 {
        assert_eq!(found, ask(&place, &other, &files));
    }
}

#[test]
fn what_the_lines_around_say_already_is_not_said_again() {
    let files = [("src/ledger.rs", LEDGER)];
    let text = format!("{LEDGER}\nfn f(book: &mut Ledger) {{\n    book.$0\n}}\n");
    assert_eq!(
        paths(&ask(&context(&text), &library(&files), &files)),
        [] as [&str; 0]
    );
}
