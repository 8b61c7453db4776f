//! How much was typed between two places.

use proptest::prelude::*;

use super::model::{plain_typed_since, text};
use super::*;

#[track_caller]
fn check(then: (&str, &str), now: (&str, &str), typed: Option<usize>) {
    let uri = uri();
    let (then, now) = (place(&uri, then.0, then.1), place(&uri, now.0, now.1));
    assert_eq!(typed_since(then, now), typed);
}

#[test]
fn typing_is_counted_in_bytes() {
    check(("let x = ", "\n"), ("let x = ", "\n"), Some(0));
    check(("let x = ", "\n"), ("let x = grö", "\n"), Some(4));
    check(("", ""), ("a\nb", ""), Some(3));
}

#[test]
fn brackets_that_the_editor_closed_are_no_other_place() {
    check(("x", "\n"), ("xfoo(", ")\n"), Some(4));
    check(("x", "\n"), ("x{\n  ", "\n}\n"), Some(4));
    check(("x", "\n"), ("xfoo(", "a)\n"), None);
}

#[test]
fn other_text_around_or_going_back_is_another_place() {
    check(("let x", "\n"), ("let y = ", "\n"), None);
    check(("let x = ", "\n"), ("let x", "\n"), None);
    check(("let x = ", "\n"), ("let x = 1", ";\n"), None);
    check(("let x = ", "\n"), ("\nlet x = 1", "\n"), None);
}

#[test]
fn another_scope_is_another_place() {
    let uri = uri();
    let then = place(&uri, "a", "");
    let now = place(&uri, "ab", "");
    assert_eq!(typed_since(then, now), Some(1));
    for now in [
        Place { policy: "q", ..now },
        Place {
            language: "c",
            ..now
        },
    ] {
        assert_eq!(typed_since(then, now), None);
    }
}

#[test]
fn windows_may_begin_at_different_places() {
    let above = "let größe = 1;\n".repeat(200);
    let typed = "let a = 2;\n".repeat(30);
    let now = format!("{above}{typed}");
    let (then, _) = window(&above, "", (1_024, 256));
    let (now, _) = window(&now, "", (1_024, 256));
    check((then, "\n"), (now, "\n"), Some(typed.len()));
}

proptest! {
    #[test]
    fn the_nearest_place_that_agrees_is_found(
        above in text(0..300), typed in text(0..40), other in text(0..4), at in 0_usize..400,
        closed in "[)\\]}\n ]{0,4}", after in text(0..100),
    ) {
        let mut now = format!("{above}{typed}");
        let mut at = now.len().saturating_sub(at);
        while !now.is_char_boundary(at) {
            at -= 1;
        }
        now.insert_str(at, &other);
        let after_now = format!("{closed}{after}");
        let uri = uri();
        let then = window(&above, &after, (1_024, 256));
        let now = window(&now, &after_now, (1_024, 256));
        let (then, now) = (place(&uri, then.0, then.1), place(&uri, now.0, now.1));
        prop_assert_eq!(typed_since(then, now), plain_typed_since(then, now));
    }
}
