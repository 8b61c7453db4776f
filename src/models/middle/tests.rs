use proptest::prelude::*;

use crate::models::tests::prompt;

use super::*;

const MARK: &str = "{{CURSOR}}";

/// `fn main() {` and `let a = ` before the cursor, `;` and `}` after it.
fn place() -> Prompt {
    prompt()
}

fn middle_of(prompt: &Prompt, pieces: &[&str]) -> String {
    let mut middle = Middle::of(prompt, MARK);
    let mut told: String = pieces.iter().map(|piece| middle.hear(piece)).collect();
    told += &middle.end();
    told
}

#[track_caller]
fn check_at(prompt: &Prompt, answer: &str, expected: &str) {
    assert_eq!(middle_of(prompt, &[answer]), expected, "whole: {answer:?}");
    let letters: Vec<String> = answer.chars().map(String::from).collect();
    let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
    assert_eq!(middle_of(prompt, &letters), expected, "cut: {answer:?}");
}

#[track_caller]
fn check(answer: &str, expected: &str) {
    check_at(&place(), answer, expected);
}

#[test]
fn an_answer_that_is_the_middle_is_left_alone() {
    for answer in [
        "area(2, 3)",
        " area(2, 3)",
        "\n        area(2, 3)\n    ",
        "Shape::new(2, 3)",
        "String,\n",
        "`a ${template}`",
        "Some(x),\n    None => 1,",
        "if x < y { 1 } else { 2 }",
        "letter",
        "",
        "\n",
    ] {
        check(answer, answer);
    }
}

#[test]
fn a_fence_and_what_follows_it_are_taken_off() {
    check("```rust\narea(2, 3)\n```", "area(2, 3)");
    check("```\narea(2, 3)\n```\n", "area(2, 3)");
    check(
        "\n```rust\narea(\n    2,\n)\n```\n\nThis computes the area.",
        "area(\n    2,\n)",
    );
    check("```area(2, 3)```", "area(2, 3)");
    check("```rust\narea(2, 3)", "area(2, 3)");
    check("```rust\n```", "");
}

#[test]
fn talk_before_a_fence_is_taken_off() {
    for talk in [
        "Here is the completed code:\n\n",
        "Sure! Here's the missing part:\n",
        "Here's what goes in place of `{{CURSOR}}`:\n\n\n",
        "The function needs the area.\n\nHere it is:\n\n",
    ] {
        check(&format!("{talk}```rust\narea(2, 3)\n```"), "area(2, 3)");
    }
}

#[test]
fn a_sentence_without_a_fence_is_kept_for_those_who_know_the_place() {
    check("Nothing belongs here.", "Nothing belongs here.");
    check("Result:\nvalue", "Result:\nvalue");
}

#[test]
fn thoughts_are_taken_off() {
    check(
        "<think>\nwidth times height\n</think>\n\narea(2, 3)",
        "area(2, 3)",
    );
    check("<think>never ends", "");
    check("<thing>", "<thing>");
    check("<think></think>```\na\n```", "a");
}

#[test]
fn the_line_so_far_is_taken_off() {
    check("let a = area(2, 3)", "area(2, 3)");
    check("    let a = area(2, 3)", "area(2, 3)");
    check("let b = 1", "let b = 1");
}

#[test]
fn the_head_of_the_file_is_taken_off_with_the_text_before_the_cursor() {
    check(
        "```rust\n// path: src/main.rs\nfn main() {\n    let a = area(2, 3);\n}\n```",
        "area(2, 3)",
    );
    check("# path: src/main.rs\nlet a = area(2, 3)", "area(2, 3)");
    check("// path: other.rs\n", "// path: other.rs\n");
    check("(path)", "(path)");
}

#[test]
fn the_whole_file_again_is_cut_to_the_middle() {
    check("fn main() {\n    let a = area(2, 3);\n}\n", "area(2, 3)");
    check(
        "```rust\nfn main() {\n    let a = area(2, 3);\n}\n```",
        "area(2, 3)",
    );
    check(
        "Here is the file:\n```rust\n    let a = area(2, 3);\n}\n```\nDone.",
        "area(2, 3)",
    );
}

#[test]
fn the_text_after_the_cursor_ends_only_an_answer_that_began_with_the_text_before_it() {
    check("x;\n}\ny", "x;\n}\ny");
    check("let a = x;\n}\ny", "x");
}

#[test]
fn carriage_returns_in_the_file_do_not_hide_an_echo() {
    let windows = Prompt {
        prefix: "fn main() {\r\n    let a = ".to_owned(),
        suffix: ";\r\n}\r\n".to_owned(),
        ..place()
    };
    check_at(
        &windows,
        "fn main() {\n    let a = area(2, 3);\n}\n",
        "area(2, 3)",
    );
}

#[test]
fn the_mark_is_taken_out() {
    check("area(2, 3){{CURSOR}}", "area(2, 3)");
    check("{{CURSOR}}area(2, 3)", "area(2, 3)");
    check("{{CURSES}}", "{{CURSES}}");
}

#[test]
fn where_people_write_prose_fences_and_sentences_are_theirs() {
    let page = Prompt {
        language: "markdown".to_owned(),
        ..place()
    };
    let text = "Run this:\n\n```sh\nmake\n```\n";
    check_at(&page, text, text);
}

#[test]
fn two_braces_before_the_cursor_are_too_little_to_be_an_echo() {
    let short = Prompt {
        prefix: "{\n  {".to_owned(),
        ..place()
    };
    check_at(&short, "{ a }", "{ a }");
}

#[test]
fn a_long_farewell_is_not_waited_for() {
    let mut middle = Middle::of(&place(), MARK);
    middle.hear("```rust\na\n```\n");
    assert!(!middle.is_tedious());
    middle.hear(&"This is how it works. ".repeat(8));
    assert!(middle.is_tedious());
}

proptest! {
    #[test]
    fn no_answer_depends_on_how_it_is_cut(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("```"), Just("```rust\n"), Just("\n"), Just("fn main() {\n"), Just("    let a = "),
                Just(";\n}\n"), Just("<think>"), Just("</think>"), Just("Here it is:\n"), Just(MARK),
                Just("größe"), Just("// "), Just("path: src/main.rs"), Just(" "), Just("x"), Just("`"), Just("{{"),
            ],
            0..10,
        ),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let answer = parts.concat();
        let mut at: Vec<usize> = cuts
            .iter()
            .map(|cut| answer.floor_char_boundary(cut.index(answer.len() + 1)))
            .collect();
        at.extend([0, answer.len()]);
        at.sort_unstable();
        let pieces: Vec<&str> = at.windows(2).map(|pair| &answer[pair[0]..pair[1]]).collect();
        prop_assert_eq!(middle_of(&place(), &pieces), middle_of(&place(), &[&answer]));
    }
}
