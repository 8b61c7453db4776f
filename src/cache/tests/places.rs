//! Which answers fit a place.

use super::*;

#[track_caller]
fn check(made_at: (&str, &str), text: &str, asked_at: (&str, &str), rest: Option<&str>) {
    let (cache, uri) = (AnswerCache::default(), uri());
    cache.insert(place(&uri, made_at.0, made_at.1), answer(text), true);
    let hit = cache.find(place(&uri, asked_at.0, asked_at.1));
    assert_eq!(hit.as_ref().map(Hit::rest), rest);
}

#[test]
fn the_same_place_gets_the_same_answer() {
    check(
        ("let x = ", "\n"),
        "total();",
        ("let x = ", "\n"),
        Some("total();"),
    );
}

#[test]
fn typing_into_a_suggestion_leaves_the_rest() {
    check(
        ("let x = ", "\n"),
        "größe();",
        ("let x = grö", "\n"),
        Some("ße();"),
    );
}

#[test]
fn a_suggestion_typed_to_its_end_is_gone() {
    check(
        ("let x = ", "\n"),
        "total();",
        ("let x = total();", "\n"),
        None,
    );
}

#[test]
fn another_letter_or_another_suffix_is_another_place() {
    check(("let x = ", "\n"), "total();", ("let x = s", "\n"), None);
    check(("let x = ", "\n"), "total();", ("let x = ", ";\n"), None);
}

#[test]
fn other_text_above_is_another_place_also_at_the_start_of_a_document() {
    check(("a\nlet x = ", ""), "1;", ("b\nlet x = ", ""), None);
    check(("let x = ", ""), "1;", ("a\nlet x = ", ""), None);
    check(("", ""), "1;", ("1", ""), Some(";"));
}

#[test]
fn what_the_layer_is_called_says_whether_something_was_typed() {
    let (cache, uri) = (AnswerCache::default(), uri());
    cache.insert(place(&uri, "a", ""), answer("bc"), true);
    let layer = |before| cache.find(place(&uri, before, "")).map(|hit| hit.layer());
    assert_eq!(layer("a"), Some(CacheLayer::Exact));
    assert_eq!(layer("ab"), Some(CacheLayer::TypedThrough));
}

#[test]
fn other_rules_another_language_or_document_do_not_get_the_answer() {
    let (cache, uri) = (AnswerCache::default(), uri());
    cache.insert(place(&uri, "a", ""), answer("bc"), true);
    let here = place(&uri, "a", "");
    let other = DocumentUri::new("file:///b.rs");
    for elsewhere in [
        Place {
            policy: "stricter",
            ..here
        },
        Place {
            language: "c",
            ..here
        },
        Place {
            document: &other,
            ..here
        },
    ] {
        assert_eq!(cache.find(elsewhere), None);
    }
    assert!(cache.find(here).is_some());
}

#[test]
fn text_far_above_the_cursor_may_change() {
    let (above, other) = ("x\n".repeat(600), "y\n".repeat(600));
    let here = "z".repeat(fit::BEFORE);
    check(
        (&(above.clone() + &here), ""),
        "tail",
        (&(other.clone() + &here), ""),
        Some("tail"),
    );
    let here = "let z = 1;\n".repeat(50);
    check(
        (&(above + &here), ""),
        "let y = 2;\nlet x = 3;",
        (&(other + &here + "let y = 2;\nlet"), ""),
        Some(" x = 3;"),
    );
}

#[test]
fn many_lines_are_typed_through_while_the_window_scrolls() {
    let text: String = (0..24)
        .map(|line| {
            format!(
                "    let größe_{line:02} = 2; // {}\n",
                "and so on ".repeat(5)
            )
        })
        .collect();
    assert!((fit::TYPED - 200..fit::TYPED).contains(&text.len()));
    let above = "fn f() {}\n".repeat(400);
    let (cache, uri) = (AnswerCache::default(), uri());
    let (before, after) = window(&above, "}\n", (BEFORE_WINDOW, AFTER_WINDOW));
    cache.insert(place(&uri, before, after), answer(&text), true);
    for (typed, _) in text.char_indices() {
        let now = format!("{above}{}", &text[..typed]);
        let (before, after) = window(&now, "}\n", (BEFORE_WINDOW, AFTER_WINDOW));
        let hit = cache.find(place(&uri, before, after));
        assert_eq!(hit.as_ref().map(Hit::rest), Some(&text[typed..]));
    }
}

#[test]
fn a_long_line_without_a_break_is_typed_through_as_well() {
    let prose = "one line of a book that its author never broke, ".repeat(100);
    let ruled = (440..500).map(|bytes| "text\n".repeat(500) + &"=".repeat(bytes));
    for above in [prose, "=".repeat(5_000)].into_iter().chain(ruled) {
        let (before, _) = window(&above, "", (BEFORE_WINDOW, AFTER_WINDOW));
        let now = format!("{above}and then the");
        let (now, _) = window(&now, "", (BEFORE_WINDOW, AFTER_WINDOW));
        check((before, ""), "and then the end", (now, ""), Some(" end"));
    }
}

#[test]
fn an_answer_goes_on_across_line_ends_of_every_kind() {
    check(
        ("if a {\r\n", "\r\n"),
        "  b();\n  c();",
        ("if a {\r\n  b();\r\n ", "\r\n"),
        Some(" c();"),
    );
}

#[test]
fn what_the_editor_closed_is_not_inserted_again() {
    check(("", "\n"), "foo(a)", ("foo(", ")\n"), Some("a"));
    check(("", ""), "f([\"a\"])", ("f([\"", "\"])"), Some("a"));
    check(("", "\n"), "foo()", ("foo(", ")\n"), None);
    check(
        ("fn f() ", "\n"),
        "{\n    1\n}",
        ("fn f() {\n    ", "\n}\n"),
        Some("1"),
    );
    check(
        ("fn f() ", "\r\n"),
        "{\n    1\n}",
        ("fn f() {\r\n    ", "\r\n}\r\n"),
        Some("1"),
    );
}

#[test]
fn a_bracket_that_is_not_the_end_of_the_rest_is_never_doubled() {
    check(("", "\n"), "foo(a);", ("foo(", ")\n"), None);
    check(("", "\n"), "foo[a)", ("foo[", "]\n"), None);
    check(("", "\n"), "foo(a)", ("foo(", "))\n"), None);
    check(("", "\n"), "foo(a)", ("foo(", "x)\n"), None);
    check(("", "\n"), "foo(a)", ("foo(", ") \n"), None);
}
