//! What the library finds, and what it no longer finds.

use std::cell::RefCell;

use super::super::search::{Found, Kind, Question};
use super::super::terms::{each_term, term};
use super::*;
use crate::documents::Rope;

thread_local! {
    /// What is open, by path: the tests need no disk.
    static OPEN: RefCell<HashMap<String, String>> = RefCell::default();
}

fn learn(library: &Library, path: &str, text: &str) {
    OPEN.with_borrow_mut(|open| open.insert(path.to_owned(), text.to_owned()));
    library.learn(&Text {
        path,
        language: "rust",
        text,
    });
}

fn ask(library: &Library, words: &str, names: &[&str]) -> Vec<Found> {
    let mut terms = Vec::new();
    each_term(words, |term| terms.push((term, 1.0)));
    let names: Vec<Term> = names.iter().map(|name| term(name)).collect();
    let question = Question {
        path: "src/own.rs",
        language: "rust",
        words: &terms,
        names: &names,
        imports: &[],
        own: &[],
        chunks: 8,
    };
    let open =
        |path: &str| OPEN.with_borrow(|open| open.get(path).map(|text| Rope::from_str(text)));
    library.search(&question, &open)
}

fn paths(found: &[Found]) -> Vec<&str> {
    found.iter().map(|one| &*one.path).collect()
}

const LEDGER: &str = "pub struct Ledger {\n    rows: Vec<Row>,\n}\n\nimpl Ledger {\n    pub fn append_row(&mut self, row: Row) {\n        self.rows.push(row);\n    }\n}\n";
const CLOCK: &str = "pub fn now() -> Timestamp {\n    system_clock().read()\n}\n";

#[test]
fn a_chunk_is_found_by_the_words_within_its_names() {
    let library = Library::default();
    learn(&library, "src/ledger.rs", LEDGER);
    learn(&library, "src/clock.rs", CLOCK);
    assert_eq!(paths(&ask(&library, "append", &[])), ["src/ledger.rs"]);
    assert_eq!(paths(&ask(&library, "SystemClock", &[])), ["src/clock.rs"]);
    assert_eq!(
        paths(&ask(&library, "nothing_of_that", &[])),
        [] as [&str; 0]
    );
}

#[test]
fn a_name_is_told_by_its_outline() {
    let library = Library::default();
    learn(&library, "src/ledger.rs", LEDGER);
    let found = ask(&library, "", &["Ledger"]);
    let texts: Vec<&str> = found.iter().map(|one| &*one.text).collect();
    assert_eq!(
        texts,
        [
            "pub struct Ledger\n    rows: Vec<Row>,",
            "impl Ledger\n    pub fn append_row(&mut self, row: Row)"
        ]
    );
    assert_eq!(found[0].lines, 0..2);
    assert_eq!(found[0].kind, Kind::Outline(OutlineKind::Members));
}

#[test]
fn the_file_itself_is_never_found_and_a_forgotten_one_no_more() {
    let library = Library::default();
    learn(&library, "src/own.rs", LEDGER);
    assert!(ask(&library, "append", &["Ledger"]).is_empty());
    learn(&library, "src/ledger.rs", LEDGER);
    assert!(!ask(&library, "append", &["Ledger"]).is_empty());
    library.forget("src/ledger.rs");
    assert!(ask(&library, "append", &["Ledger"]).is_empty());
    library.forget("src/own.rs");
    assert_eq!((library.files(), library.bytes()), (0, 0));
}

#[test]
fn a_file_that_is_learnt_again_is_found_as_it_is_now() {
    let library = Library::default();
    learn(&library, "src/a.rs", LEDGER);
    learn(&library, "src/a.rs", CLOCK);
    assert!(ask(&library, "append", &["Ledger"]).is_empty());
    assert_eq!(paths(&ask(&library, "clock", &[])), ["src/a.rs"]);
}

#[test]
fn what_the_disk_no_longer_says_is_not_shown() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("a.rs");
    let path = path.to_str().expect("a plain path");
    std::fs::write(path, LEDGER).expect("writable");
    let library = Library::default();
    library.learn(&Text {
        path,
        language: "rust",
        text: LEDGER,
    });
    assert_eq!(ask(&library, "append", &["Ledger"]).len(), 3);
    std::fs::write(path, CLOCK).expect("writable");
    assert!(ask(&library, "append", &["Ledger"]).is_empty());
}

#[test]
fn chunks_of_a_file_on_disk_are_read_from_their_places() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("long.rs");
    let path = path.to_str().expect("a plain path");
    // Characters of several bytes: places are bytes.
    let item = |n: usize| format!("fn item_{n}() {{\n    größe(\"{n} Ärger\");\n}}\n\n").repeat(4);
    let text: String = (0..20).map(item).collect();
    std::fs::write(path, &text).expect("writable");
    let library = Library::default();
    library.learn(&Text {
        path,
        language: "rust",
        text: &text,
    });
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let found = ask(&library, "größe item_3 item_17", &[]);
    assert!(found.len() > 4);
    for one in &found {
        assert_eq!(*one.text, lines[one.lines.clone()].concat());
    }
    std::fs::remove_file(path).expect("removable");
    assert!(ask(&library, "größe", &[]).is_empty());
}

#[test]
fn clearing_up_changes_no_answer() {
    let library = Library::default();
    let text = |n: usize| format!("fn item_{n}() {{\n    call_{n}();\n}}\n\n").repeat(40);
    for n in 0..60 {
        learn(&library, &format!("src/f{n}.rs"), &text(n));
    }
    let before = ask(&library, "call_7", &["item_9"]);
    // Every file again and again: most chunks are gone ones by then.
    for _ in 0..4 {
        for n in 0..60 {
            learn(&library, &format!("src/f{n}.rs"), &text(n));
        }
    }
    assert!(library.read().chunks.len() < 60 * 40);
    let after = ask(&library, "call_7", &["item_9"]);
    assert_eq!(paths(&before), paths(&after));
    assert!(!before.is_empty());
}

#[test]
fn a_full_library_takes_no_more() {
    let library = Library::with_limits(LibraryLimits { bytes: 2_000 });
    learn(&library, "src/a.rs", LEDGER);
    learn(&library, "src/b.rs", &LEDGER.repeat(20));
    assert_eq!(library.files(), 1);
    assert!(library.bytes() <= 2_000);
}

#[test]
fn a_file_is_named_as_others_speak_of_it() {
    assert_eq!(module_name("src/context/render.rs"), "render");
    assert_eq!(module_name("src/context/mod.rs"), "context");
    assert_eq!(module_name("pkg/__init__.py"), "pkg");
    assert_eq!(module_name("index.ts"), "index");
}
