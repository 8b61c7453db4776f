//! Every kind of site in every language, with the answer's extent.

use std::time::Duration;

use super::*;
use crate::context::collect;
use crate::documents::Documents;
use crate::domain::{ByteOffset, DocumentUri};

const LINE: bool = true;
const BLOCK: bool = false;

/// `$0` marks the cursor.
#[track_caller]
fn check(language: &str, text: &str, site: CursorSite, single_line: bool) {
    let at = text.find("$0").expect("a cursor");
    let (documents, uri) = (Documents::default(), DocumentUri::new("file:///w/a"));
    documents.open(uri.clone(), language, 1, &text.replace("$0", ""));
    let snapshot = documents.snapshot(&uri).expect("it is open");
    let tree = documents.parse(&snapshot, Duration::from_secs(10));
    let context = collect(&snapshot, tree.as_ref(), ByteOffset::new(at), "a", &[]);
    assert_eq!(
        (context.site, context.single_line),
        (site, single_line),
        "{language}: {text}"
    );
}

/// The same places in one language.
struct Places {
    language: &'static str,
    comment: &'static str,
    block_comment: Option<&'static str>,
    string: &'static str,
    import: &'static str,
    signature: &'static str,
    empty_block: &'static str,
    blank_line: &'static str,
    after_opener: &'static str,
    after_text: &'static str,
    before_closer: &'static str,
    mid_line: &'static str,
}

const ALL: [Places; 9] = [
    Places {
        language: "rust",
        comment: "fn f() {\n    // one $0\n}\n",
        block_comment: Some("/*\n * one\n * $0\n */\nfn f() {}\n"),
        string: "fn f() {\n    g(\"one $0\");\n}\n",
        import: "use std::$0\n",
        signature: "fn f(a: $0\n",
        empty_block: "fn f() {\n    $0\n}\n",
        blank_line: "fn f() {\n    g();\n    $0\n    h();\n}\n",
        after_opener: "fn f() {\n    if a {$0\n        g();\n    }\n}\n",
        after_text: "fn f() {\n    let a = $0\n}\n",
        before_closer: "fn f() {\n    g($0);\n}\n",
        mid_line: "fn f() {\n    let a = $0 + b;\n}\n",
    },
    Places {
        language: "python",
        comment: "def f():\n    # one $0\n    g()\n",
        block_comment: None,
        string: "def f():\n    g(\"one $0\")\n",
        import: "from os import $0\n",
        signature: "def f(a, $0\n",
        empty_block: "def f():\n    $0\n",
        blank_line: "def f():\n    g()\n    $0\n    h()\n",
        after_opener: "def f():\n    if a:$0\n        g()\n",
        after_text: "def f():\n    a = $0\n",
        before_closer: "def f():\n    g($0)\n",
        mid_line: "def f():\n    a = $0 + b\n",
    },
    Places {
        language: "typescript",
        comment: "function f() {\n  // one $0\n}\n",
        block_comment: Some("/**\n * one\n * $0\n */\nfunction f() {}\n"),
        string: "function f() {\n  g(\"one $0\");\n}\n",
        import: "import { a } from $0\n",
        signature: "function f(a: $0\n",
        empty_block: "function f() {\n  $0\n}\n",
        blank_line: "function f() {\n  g();\n  $0\n  h();\n}\n",
        after_opener: "function f() {\n  if (a) {$0\n    g();\n  }\n}\n",
        after_text: "function f() {\n  const a = $0\n}\n",
        before_closer: "function f() {\n  g($0);\n}\n",
        mid_line: "function f() {\n  const a = $0 + b;\n}\n",
    },
    Places {
        language: "typescriptreact",
        comment: "function F() {\n  // one $0\n}\n",
        block_comment: Some("/**\n * one\n * $0\n */\nfunction F() {}\n"),
        string: "function F() {\n  g(\"one $0\");\n}\n",
        import: "import { a } from $0\n",
        signature: "function F(a: $0\n",
        empty_block: "function F() {\n  $0\n}\n",
        blank_line: "function F() {\n  g();\n  $0\n  return <p />;\n}\n",
        after_opener: "function F() {\n  if (a) {$0\n    g();\n  }\n}\n",
        after_text: "function F() {\n  const a = $0\n}\n",
        before_closer: "function F() {\n  g($0);\n}\n",
        mid_line: "function F() {\n  return <p id={$0}>a</p>;\n}\n",
    },
    Places {
        language: "javascript",
        comment: "function f() {\n  // one $0\n}\n",
        block_comment: Some("/**\n * one\n * $0\n */\nfunction f() {}\n"),
        string: "function f() {\n  g('one $0');\n}\n",
        import: "import a from $0\n",
        signature: "function f(a, $0\n",
        empty_block: "function f() {\n  $0\n}\n",
        blank_line: "function f() {\n  g();\n  $0\n  h();\n}\n",
        after_opener: "function f() {\n  if (a) {$0\n    g();\n  }\n}\n",
        after_text: "function f() {\n  const a = $0\n}\n",
        before_closer: "function f() {\n  g($0);\n}\n",
        mid_line: "function f() {\n  const a = $0 + b;\n}\n",
    },
    Places {
        language: "go",
        comment: "func f() {\n\t// one $0\n}\n",
        block_comment: Some("/*\none\n$0\n*/\nfunc f() {}\n"),
        string: "func f() {\n\tg(\"one $0\")\n}\n",
        import: "package a\n\nimport $0\n",
        signature: "package a\n\nfunc f(a $0\n",
        empty_block: "package a\n\nfunc f() {\n\t$0\n}\n",
        blank_line: "package a\n\nfunc f() {\n\tg()\n\t$0\n\th()\n}\n",
        after_opener: "package a\n\nfunc f() {\n\tif a {$0\n\t\tg()\n\t}\n}\n",
        after_text: "package a\n\nfunc f() {\n\ta := $0\n}\n",
        before_closer: "package a\n\nfunc f() {\n\tg($0)\n}\n",
        mid_line: "package a\n\nfunc f() {\n\ta := $0 + b\n}\n",
    },
    Places {
        language: "java",
        comment: "class A {\n    // one $0\n}\n",
        block_comment: Some("/**\n * one\n * $0\n */\nclass A {}\n"),
        string: "class A {\n    String a = \"one $0\";\n}\n",
        import: "import java.util.$0\n",
        signature: "class A extends $0\n",
        empty_block: "class A {\n    void f() {\n        $0\n    }\n}\n",
        blank_line: "class A {\n    void f() {\n        g();\n        $0\n        h();\n    }\n}\n",
        after_opener: "class A {\n    void f() {\n        if (a) {$0\n            g();\n        }\n    }\n}\n",
        after_text: "class A {\n    int a = $0\n}\n",
        before_closer: "class A {\n    int a = g($0);\n}\n",
        mid_line: "class A {\n    int a = $0 + b;\n}\n",
    },
    Places {
        language: "c",
        comment: "int f(void) {\n    // one $0\n}\n",
        block_comment: Some("/*\n * one\n * $0\n */\nint f(void);\n"),
        string: "int f(void) {\n    g(\"one $0\");\n}\n",
        import: "#include <$0\n",
        signature: "struct a$0\n",
        empty_block: "int f(void) {\n    $0\n}\n",
        blank_line: "int f(void) {\n    g();\n    $0\n    h();\n}\n",
        after_opener: "int f(void) {\n    if (a) {$0\n        g();\n    }\n}\n",
        after_text: "int f(void) {\n    int a = $0\n}\n",
        before_closer: "int f(void) {\n    g($0);\n}\n",
        mid_line: "int f(void) {\n    int a = $0 + b;\n}\n",
    },
    Places {
        language: "cpp",
        comment: "void f() {\n    // one $0\n}\n",
        block_comment: Some("/*\n * one\n * $0\n */\nvoid f();\n"),
        string: "void f() {\n    g(\"one $0\");\n}\n",
        import: "#include <$0\n",
        signature: "class A : public $0\n",
        empty_block: "void f() {\n    $0\n}\n",
        blank_line: "void f() {\n    g();\n    $0\n    h();\n}\n",
        after_opener: "void f() {\n    if (a) {$0\n        g();\n    }\n}\n",
        after_text: "void f() {\n    auto a = $0\n}\n",
        before_closer: "void f() {\n    g($0);\n}\n",
        mid_line: "void f() {\n    auto a = $0 + b;\n}\n",
    },
];

#[test]
fn every_language_has_every_site_with_its_extent() {
    assert_eq!(ALL.len(), Language::all().len(), "a language is missing");
    for places in &ALL {
        let check = |text, site, single_line| check(places.language, text, site, single_line);
        check(places.comment, CursorSite::Comment, LINE);
        if let Some(text) = places.block_comment {
            check(text, CursorSite::Comment, LINE);
        }
        check(places.string, CursorSite::String, LINE);
        check(places.import, CursorSite::Import, LINE);
        check(places.signature, CursorSite::Signature, LINE);
        check(places.empty_block, CursorSite::EmptyBlock, BLOCK);
        check(places.blank_line, CursorSite::LineEnd, BLOCK);
        check(places.after_opener, CursorSite::LineEnd, BLOCK);
        check(places.after_text, CursorSite::LineEnd, LINE);
        check(places.before_closer, CursorSite::LineEnd, LINE);
        check(places.mid_line, CursorSite::MidLine, LINE);
    }
}

#[test]
fn a_block_that_an_editor_has_closed_is_empty_on_one_line_too() {
    check("rust", "fn f() {$0}\n", CursorSite::EmptyBlock, BLOCK);
    check(
        "javascript",
        "on(() => { $0 });\n",
        CursorSite::EmptyBlock,
        BLOCK,
    );
}

#[test]
fn a_text_without_a_grammar_has_blank_lines_and_lines() {
    check(
        "kotlin",
        "fun f() {\n    $0\n    g()\n}\n",
        CursorSite::LineEnd,
        BLOCK,
    );
    check(
        "kotlin",
        "fun f() {\n    val a = $0\n}\n",
        CursorSite::LineEnd,
        LINE,
    );
    check(
        "kotlin",
        "fun f() {$0\n    g()\n}\n",
        CursorSite::LineEnd,
        BLOCK,
    );
}
