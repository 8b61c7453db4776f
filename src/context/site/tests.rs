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

/// The same places in one language; a place that it does not have is an empty text.
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

const ALL: [Places; 24] = [
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
    Places {
        language: "csharp",
        comment: "class A {\n    // one $0\n}\n",
        block_comment: Some("/*\n * one\n * $0\n */\nclass A {}\n"),
        string: "class A {\n    string a = \"one $0\";\n}\n",
        import: "using System.$0\n",
        signature: "class A : $0\n",
        empty_block: "class A {\n    void F() {\n        $0\n    }\n}\n",
        blank_line: "class A {\n    void F() {\n        G();\n        $0\n        H();\n    }\n}\n",
        after_opener: "class A {\n    void F() {\n        if (a) {$0\n            G();\n        }\n    }\n}\n",
        after_text: "class A {\n    int a = $0\n}\n",
        before_closer: "class A {\n    int a = G($0);\n}\n",
        mid_line: "class A {\n    int a = $0 + b;\n}\n",
    },
    Places {
        language: "ruby",
        comment: "def f\n  # one $0\nend\n",
        block_comment: None,
        string: "def f\n  g(\"one $0\")\nend\n",
        import: "require_relative $0\n",
        signature: "def f(a, $0\n",
        empty_block: "def f\n  $0\nend\n",
        blank_line: "def f\n  g\n  $0\n  h\nend\n",
        after_opener: "def f\n  list.each do |a|$0\n    g\n  end\nend\n",
        after_text: "def f\n  a = $0\nend\n",
        before_closer: "def f\n  g($0)\nend\n",
        mid_line: "def f\n  a = $0 + b\nend\n",
    },
    Places {
        language: "php",
        comment: "<?php\nfunction f() {\n    // one $0\n}\n",
        block_comment: Some("<?php\n/*\n * one\n * $0\n */\nfunction f() {}\n"),
        string: "<?php\nfunction f() {\n    g(\"one $0\");\n}\n",
        import: "<?php\nuse Shop\\$0\n",
        signature: "<?php\nfunction f($a, $0\n",
        empty_block: "<?php\nfunction f() {\n    $0\n}\n",
        blank_line: "<?php\nfunction f() {\n    g();\n    $0\n    h();\n}\n",
        after_opener: "<?php\nfunction f() {\n    if ($a) {$0\n        g();\n    }\n}\n",
        after_text: "<?php\nfunction f() {\n    $a = $0\n}\n",
        before_closer: "<?php\nfunction f() {\n    g($0);\n}\n",
        mid_line: "<?php\nfunction f() {\n    $a = $0 + $b;\n}\n",
    },
    Places {
        language: "kotlin",
        comment: "f() {\n    // one $0\n}\n",
        block_comment: Some("/*\n * one\n * $0\n */\nfun f() {}\n"),
        string: "f() {\n    g(\"one $0\")\n}\n",
        import: "import kotlin.$0\n",
        signature: "fun f(a: $0\n",
        empty_block: "f() {\n    $0\n}\n",
        blank_line: "f() {\n    g()\n    $0\n    h()\n}\n",
        after_opener: "f() {\n    if (a) {$0\n        g()\n    }\n}\n",
        after_text: "f() {\n    val a = $0\n}\n",
        before_closer: "f() {\n    g($0)\n}\n",
        mid_line: "f() {\n    val a = $0 + b\n}\n",
    },
    Places {
        language: "swift",
        comment: "func f() {\n    // one $0\n}\n",
        block_comment: Some("/*\n * one\n * $0\n */\nfunc f() {}\n"),
        string: "func f() {\n    g(\"one $0\")\n}\n",
        import: "import $0\n",
        signature: "func f(a: $0\n",
        empty_block: "func f() {\n    $0\n}\n",
        blank_line: "func f() {\n    g()\n    $0\n    h()\n}\n",
        after_opener: "func f() {\n    if a {$0\n        g()\n    }\n}\n",
        after_text: "func f() {\n    let a = $0\n}\n",
        before_closer: "func f() {\n    g($0)\n}\n",
        mid_line: "func f() {\n    let a = $0 + b\n}\n",
    },
    Places {
        language: "scala",
        comment: "object A {\n  // one $0\n}\n",
        block_comment: Some("/*\n * one\n * $0\n */\nobject A {}\n"),
        string: "object A {\n  val a = \"one $0\"\n}\n",
        import: "import scala.$0\n",
        signature: "def f(a: $0\n",
        empty_block: "object A {\n  def f() = {\n    $0\n  }\n}\n",
        blank_line: "object A {\n  def f() = {\n    g()\n    $0\n    h()\n  }\n}\n",
        after_opener: "object A {\n  def f() = {\n    if (a) {$0\n      g()\n    }\n  }\n}\n",
        after_text: "object A {\n  val a = $0\n}\n",
        before_closer: "object A {\n  val a = g($0)\n}\n",
        mid_line: "object A {\n  val a = $0 + b\n}\n",
    },
    Places {
        language: "lua",
        comment: "function f()\n  -- one $0\nend\n",
        block_comment: Some("--[[\none\n$0\n]]\nfunction f() end\n"),
        string: "function f()\n  g(\"one $0\")\nend\n",
        import: "require $0\n",
        signature: "local function f(a, $0\n",
        empty_block: "function f()\n  $0\nend\n",
        blank_line: "function f()\n  g()\n  $0\n  h()\nend\n",
        after_opener: "function f()\n  if a then$0\n    g()\n  end\nend\n",
        after_text: "function f()\n  local a = $0\nend\n",
        before_closer: "function f()\n  g($0)\nend\n",
        mid_line: "function f()\n  local a = $0 + b\nend\n",
    },
    Places {
        language: "shellscript",
        comment: "f() {\n  # one $0\n}\n",
        block_comment: None,
        string: "f() {\n  g \"one $0\"\n}\n",
        import: "source $0\n",
        signature: "function f$0\n",
        empty_block: "f() {\n  $0\n}\n",
        blank_line: "f() {\n  g\n  $0\n  h\n}\n",
        after_opener: "f() {\n  if g; then$0\n    h\n  fi\n}\n",
        after_text: "f() {\n  a=$0\n}\n",
        before_closer: "f() {\n  a=$(g $0)\n}\n",
        mid_line: "f() {\n  g $0 | h\n}\n",
    },
    Places {
        language: "sql",
        comment: "-- one $0\nSELECT 1;\n",
        block_comment: Some("/*\none\n$0\n*/\nSELECT 1;\n"),
        string: "SELECT 'one $0';\n",
        import: "",
        signature: "CREATE TABLE a$0\n",
        empty_block: "CREATE TABLE a (\n  $0\n);\n",
        blank_line: "SELECT 1;\n$0\nSELECT 2;\n",
        after_opener: "CREATE TABLE a ($0\n  b INT\n);\n",
        after_text: "SELECT a FROM $0\n",
        before_closer: "SELECT count($0);\n",
        mid_line: "SELECT $0 FROM a;\n",
    },
    Places {
        language: "html",
        comment: "<p>\n  <!-- one $0 -->\n</p>\n",
        block_comment: Some("<!--\none\n$0\n-->\n<p></p>\n"),
        string: "<a href=\"one $0\">a</a>\n",
        import: "",
        signature: "<form $0>\n</form>\n",
        empty_block: "<ul>\n  $0\n</ul>\n",
        blank_line: "<ul>\n  <li>a</li>\n  $0\n  <li>b</li>\n</ul>\n",
        after_opener: "<ul>$0\n  <li>a</li>\n</ul>\n",
        after_text: "<p>\n  one $0\n</p>\n",
        before_closer: "",
        mid_line: "<p>one $0 two</p>\n",
    },
    Places {
        language: "css",
        comment: "a {\n  /* one $0 */\n}\n",
        block_comment: Some("/*\n * one\n * $0\n */\na {}\n"),
        string: "a {\n  content: \"one $0\";\n}\n",
        import: "@import $0\n",
        signature: "@media (min$0\n",
        empty_block: "a {\n  $0\n}\n",
        blank_line: "a {\n  color: red;\n  $0\n  margin: 0;\n}\n",
        after_opener: "@media print {$0\n  a { color: red; }\n}\n",
        after_text: "a {\n  color: $0\n}\n",
        before_closer: "a {\n  color: var($0);\n}\n",
        mid_line: "a {\n  margin: $0 2px 0;\n}\n",
    },
    Places {
        language: "json",
        comment: "{\n  // one $0\n  \"a\": 1\n}\n",
        block_comment: Some("{\n  /*\n   * one\n   * $0\n   */\n  \"a\": 1\n}\n"),
        string: "{\n  \"a\": \"one $0\"\n}\n",
        import: "",
        signature: "",
        empty_block: "{\n  \"a\": {\n    $0\n  }\n}\n",
        blank_line: "{\n  \"a\": 1,\n  $0\n  \"b\": 2\n}\n",
        after_opener: "{\n  \"a\": [$0\n    1\n  ]\n}\n",
        after_text: "{\n  \"a\": $0\n}\n",
        before_closer: "{\n  \"a\": [$0]\n}\n",
        mid_line: "{\n  \"a\": [$0, 2]\n}\n",
    },
    Places {
        language: "yaml",
        comment: "a:\n  # one $0\n  b: 1\n",
        block_comment: None,
        string: "a:\n  b: \"one $0\"\n",
        import: "",
        signature: "",
        empty_block: "a:\n  $0\n",
        blank_line: "a:\n  b: 1\n  $0\n  c: 2\n",
        after_opener: "a:$0\n  b: 1\n",
        after_text: "a:\n  b: $0\n",
        before_closer: "a: [$0]\n",
        mid_line: "a: [$0, b]\n",
    },
    Places {
        language: "toml",
        comment: "[a]\n# one $0\n",
        block_comment: None,
        string: "[a]\nb = \"one $0\"\n",
        import: "",
        signature: "[a$0]\n",
        empty_block: "[a]\n$0\n\n[b]\n",
        blank_line: "[a]\nb = 1\n$0\nc = 2\n",
        after_opener: "a = [$0\n  1,\n]\n",
        after_text: "[a]\nb = $0\n",
        before_closer: "a = [$0]\n",
        mid_line: "a = [$0, 2]\n",
    },
    Places {
        language: "markdown",
        comment: "",
        block_comment: None,
        string: "",
        import: "",
        signature: "# One $0\n",
        empty_block: "# One\n\n$0\n\n# Two\n",
        blank_line: "# One\n\nText.\n$0\nMore.\n",
        after_opener: "",
        after_text: "Some $0\n",
        before_closer: "",
        mid_line: "Some $0 text\n",
    },
];

#[test]
fn every_language_has_every_site_with_its_extent() {
    assert_eq!(ALL.len(), Language::all().len(), "a language is missing");
    for places in &ALL {
        let language = Language::by_id(places.language).expect("a language of the table");
        if !language.has_grammar() {
            continue;
        }
        let check = |text: &str, site, single_line| {
            if !text.is_empty() {
                check(places.language, text, site, single_line);
            }
        };
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
        "dart",
        "f() {\n    $0\n    g()\n}\n",
        CursorSite::LineEnd,
        BLOCK,
    );
    check(
        "dart",
        "f() {\n    var a = $0\n}\n",
        CursorSite::LineEnd,
        LINE,
    );
    check("dart", "f() {$0\n    g()\n}\n", CursorSite::LineEnd, BLOCK);
}
