//! A stream is closed where its suggestion is complete.

use super::super::{EarlyStop, Filter, finish};
use super::context_of;
use crate::documents::Language;
use crate::domain::special_tokens;

/// `|` in the answer marks where the stream is to be closed; no mark means never.
#[track_caller]
fn check(language: &str, file: &str, answer: &str, by: Option<Filter>) {
    let context = context_of(language, file);
    let raw = answer.replacen('|', "", 1);
    let mut stop = EarlyStop::new(&context);
    let mut read = raw.len();
    for (at, char) in raw.char_indices() {
        if stop.push(char.encode_utf8(&mut [0; 4])).is_break() {
            read = at;
            break;
        }
    }
    assert_eq!(
        &raw[..read],
        answer.split('|').next().unwrap_or(answer),
        "closed at"
    );
    assert_eq!(stop.stopped_by(), by);
}

#[test]
fn a_line_is_complete_at_its_end() {
    check(
        "rust",
        "let x = $0\n",
        "a + b;|\nlet y",
        Some(Filter::SingleLine),
    );
    check("rust", "let x = $0\n", "a + b;", None);
    // A comment on a line of its own may begin with a line break.
    check(
        "rust",
        "/*\n$0\n*/\n",
        "\n one|\n two",
        Some(Filter::SingleLine),
    );
    check(
        "python",
        "x = $0\n",
        "```python\n1|\n```",
        Some(Filter::SingleLine),
    );
}

#[test]
fn a_block_is_complete_at_its_end() {
    let by = Some(Filter::BlockEnd);
    check(
        "rust",
        "fn f() {\n    $0\n}\n",
        "a(\"}\");\n    b();\n}|\n\nfn g() {",
        by,
    );
    check(
        "rust",
        "fn f() {\n    $0\n\nfn g() {}\n",
        "a();\n}|\n\nfn h() {",
        by,
    );
    check(
        "go",
        "func f() {\n\tif a {\n\t\t$0\n\t}\n}\n",
        "b()\n\t}|\n\tc()\n",
        by,
    );
    check(
        "java",
        "class A {\n    $0\n}\n",
        "int f() {\n        return 1;\n    }|\n\n    int g",
        by,
    );
    check(
        "c",
        "int f(void) {\n    $0\n}\n",
        "if (a) {\n        b();\n    }\n    return 1;\n}|\n",
        by,
    );
    check(
        "cpp",
        "void f() {\n    $0\n}\n",
        "auto a = R\"(\n}\n)\";\n    g(a);\n}|\n",
        by,
    );
    check(
        "python",
        "def f(a):\n    $0\n",
        "if a:\n        b()\n    c()\nd()|\n",
        by,
    );
    check(
        "typescript",
        "function f() {\n  $0\n}\n",
        "g(/[}]/);\n}|\n",
        by,
    );
    check(
        "typescriptreact",
        "function F() {\n  $0\n}\n",
        "return <p>it's {a}</p>;\n}|\n",
        by,
    );
    check(
        "javascript",
        "on(() => {\n  $0\n});\n",
        "g(`${a}}`);\n});|\n",
        by,
    );
    check("swift", "func f() {\n    $0\n}\n", "g()\n}|\n", by);
}

#[test]
fn a_block_of_the_suggestion_is_not_the_cursors() {
    check(
        "rust",
        "fn f() {\n    $0\n}\n",
        "if a {\n        b();\n    }\n    c();\n",
        None,
    );
    check(
        "c",
        "int f(void) {\n    $0\n}\n",
        "if (a) {\n        b();\n    } else {\n        c();\n    }\n",
        None,
    );
    check(
        "python",
        "def f(a):\n    $0\n",
        "b = \"\"\"\nc\n\"\"\"\n    return b\n",
        None,
    );
}

#[test]
fn a_template_that_goes_on_is_no_code() {
    let file = "function f() {\n  $0\n}\n";
    check(
        "javascript",
        file,
        "const a = `\n}\n`;\n  return a;\n}|\n",
        Some(Filter::BlockEnd),
    );
    check(
        "go",
        "func f() {\n\t$0\n}\n",
        "a := `\n}\n`\n\tb(a)\n",
        None,
    );
    check(
        "rust",
        "fn f() {\n    $0\n}\n",
        "/*\n}\n*/\n    b();\n",
        None,
    );
}

#[test]
fn a_far_head_of_a_long_function_is_no_hindrance() {
    let body = "    let a = \"{\";\n".repeat(400);
    let file = format!("fn f() {{\n{body}    $0\n}}\n");
    check(
        "rust",
        &file,
        "a();\n}|\n\nfn g() {",
        Some(Filter::BlockEnd),
    );
}

#[test]
fn what_stands_after_the_cursor_is_not_streamed() {
    let file = "fn f() {\n    $0\n    b();\n}\n";
    check(
        "rust",
        file,
        "a();\n    b();|\n    c();",
        Some(Filter::SuffixStart),
    );
    check("rust", file, "if a {\n    b();\n    }\n", None);
}

#[test]
fn repetition_blank_lines_and_length_end_a_stream() {
    let file = "fn f() {\n    $0\n}\n";
    check(
        "rust",
        file,
        "a(b);\na(b);\na(b);|\na(b);",
        Some(Filter::Repetition),
    );
    check("rust", file, "a();\n\n|\nb();", Some(Filter::BlankLines));
    let lines: String = (0..24).map(|n| format!("let a{n} = {n};\n")).collect();
    let (kept, _) = lines.split_at(lines.len() - 1);
    check(
        "rust",
        file,
        &format!("{kept}|\nlet b = 1;"),
        Some(Filter::Length),
    );
    let line = "spam and ham, ".repeat(20);
    let closed = format!("{}|{}", &line[..63], &line[63..]);
    check("rust", "let x = $0\n", &closed, Some(Filter::Repetition));
}

#[test]
fn every_special_token_ends_a_stream() {
    for token in special_tokens() {
        let last = token.char_indices().next_back().map_or(0, |(at, _)| at);
        let answer = format!("a();{}|{}", &token[..last], &token[last..]);
        // Its last character contains the mark of no other.
        if !token.contains('|') {
            check(
                "rust",
                "fn f() {\n    $0\n}\n",
                &answer,
                Some(Filter::SpecialToken),
            );
        }
        let context = context_of("rust", "fn f() {\n    $0\n}\n");
        let finished = finish(&format!("a();{token} b();"), &context).expect("a text");
        assert_eq!(finished.text, "a();", "{token}");
    }
}

#[test]
fn every_language_ends_its_block() {
    for language in Language::all() {
        let (file, answer) = match language.id {
            "python" => ("def f():\n    $0\n", "a()\n    b()\nc()\n"),
            "go" => ("func f() {\n\t$0\n}\n", "a()\n\tb()\n}\n"),
            "java" => (
                "class A {\n  void f() {\n    $0\n  }\n}\n",
                "a();\n    b();\n  }\n",
            ),
            "rust" => ("fn f() {\n    $0\n}\n", "a();\n    b();\n}\n"),
            "c" | "cpp" => ("void f(void) {\n    $0\n}\n", "a();\n    b();\n}\n"),
            "csharp" => (
                "class A\n{\n    void F()\n    {\n        $0\n    }\n}\n",
                "G();\n        H();\n    }\n",
            ),
            "ruby" => ("def f\n  $0\nend\n", "a\n  b if c\nend\n"),
            "php" => ("<?php\nfunction f() {\n    $0\n}\n", "a();\n    b();\n}\n"),
            "kotlin" => ("fun f() {\n    $0\n}\n", "a()\n    b()\n}\n"),
            "swift" => ("func f() {\n    $0\n}\n", "a()\n    b()\n}\n"),
            "scala" => ("def f() = {\n  $0\n}\n", "a()\n  b()\n}\n"),
            "lua" => ("function f()\n  $0\nend\n", "a()\n  b()\nend\n"),
            "shellscript" => ("if a; then\n  $0\nfi\n", "echo done\n  c\nfi\n"),
            "sql" => ("SELECT 1;\n$0\n", "SELECT 2\nFROM a;\nSELECT 3;\n"),
            "html" => (
                "<ul>\n  $0\n</ul>\n",
                "<li>a</li>\n  <li>b<br></li>\n</ul>\n",
            ),
            "css" => ("a {\n  $0\n}\n", "color: red;\n  margin: 0;\n}\n"),
            "json" => (
                "{\n  \"a\": {\n    $0\n  }\n}\n",
                "\"b\": 1,\n    \"c\": 2\n  }\n",
            ),
            "yaml" => ("a:\n  $0\n", "b: 1\n  c: 2\nd: 3\n"),
            "toml" => ("[a]\n$0\n", "b = 1\nc = 2\n[d]\n"),
            "markdown" => ("# One\n\n$0\n", "Text.\nMore.\n# Two\n"),
            _ => ("function f() {\n    $0\n}\n", "a();\n    b();\n}\n"),
        };
        let context = context_of(language.id, file);
        let mut stop = EarlyStop::new(&context);
        assert!(stop.push(answer).is_break(), "{}", language.id);
        assert_eq!(stop.stopped_by(), Some(Filter::BlockEnd), "{}", language.id);
        let kept = answer
            .rsplit_once('\n')
            .and_then(|(kept, _)| kept.rsplit_once('\n'));
        assert_eq!(
            Some(stop.kept().trim_end()),
            kept.map(|(kept, _)| kept),
            "{}",
            language.id
        );
    }
}

#[test]
fn a_stop_owns_what_it_knows() {
    fn is_sent<T: Send + 'static>(_: &T) {}
    is_sent(&EarlyStop::new(&context_of("rust", "fn f() { $0 }")));
}
