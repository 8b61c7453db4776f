//! How an episode ends, and how much that counts.

use super::script::Script;
use crate::domain::Evidence::{Client, Divergence, Insert, Match, Nothing, Server};
use crate::domain::OutcomeKind::{
    Accepted, Censored, Dismissed, Diverged, Matched, PartlyAccepted, Replaced,
};

const TEXT: &str = "total(a, b);";

/// A suggestion of twelve characters that has been on the screen for a second.
fn seen() -> Script {
    Script::new("let x = $0\nlet y = 1;\n")
        .offer(TEXT)
        .wait(1_000)
}

#[test]
fn a_client_that_says_so_is_believed_where_the_document_holds_the_text() {
    seen().insert(TEXT).accept().ends(Accepted, Client, 1.0, 12);
    seen().accept().ends(Accepted, Client, 0.5, 12);
}

#[test]
fn the_place_moves_with_edits_before_it() {
    seen()
        .edit(0, 0, "use a::b;\n")
        .edit(2, 5, "")
        .insert(TEXT)
        .accept()
        .ends(Accepted, Client, 1.0, 12);
}

#[test]
fn the_command_that_comes_after_the_edit_makes_one_accept() {
    for millis in [0, 2, 900] {
        seen()
            .insert(TEXT)
            .wait(millis)
            .accept()
            .ends(Accepted, Client, 1.0, 12);
    }
    // Later than that, the edit has been counted, and the command adds nothing.
    seen()
        .insert(TEXT)
        .wait(1_500)
        .accept()
        .ends(Accepted, Insert, 1.0, 12);
}

#[test]
fn a_client_that_says_nothing_is_understood_by_its_edit() {
    seen().insert(TEXT).ends(Accepted, Insert, 1.0, 12);
    seen()
        .keys("tot")
        .insert("al(a, b);")
        .ends(Accepted, Insert, 1.0, 12);
    // Nine tenths are enough, and what comes with them does no harm.
    seen().insert("total(a, b)").ends(Accepted, Insert, 1.0, 11);
    seen()
        .insert("total(a, b);\n")
        .ends(Accepted, Insert, 1.0, 12);
    // A part is none.
    seen()
        .insert("total(")
        .keys("x")
        .ends(Diverged, Divergence, 1.0, 6);
}

#[test]
fn an_accept_that_is_undone_was_one() {
    seen()
        .insert(TEXT)
        .wait(300)
        .delete(TEXT.len())
        .ends(Accepted, Insert, 1.0, 12);
}

#[test]
fn a_windows_line_break_is_a_line_break() {
    Script::new("fn a() $0\r\n")
        .offer("{\n}")
        .insert("{\r\n}")
        .accept()
        .ends(Accepted, Client, 1.0, 3);
}

#[test]
fn word_by_word_is_one_accept() {
    // VS Code sends the command with the last word only.
    seen()
        .insert("total")
        .partly(5)
        .wait(2_000)
        .insert("(a, ")
        .partly(9)
        .wait(2_000)
        .insert("b);")
        .partly(12)
        .wait(2)
        .accept()
        .ends(Accepted, Client, 1.0, 12);
    // Without the command, the last part covers the whole.
    seen()
        .insert("total")
        .partly(5)
        .insert("(a, ")
        .partly(9)
        .insert("b);")
        .partly(12)
        .ends(Accepted, Client, 1.0, 12);
    seen()
        .insert("total(a, b)")
        .partly(11)
        .wait(5_000)
        .insert(";")
        .ends(PartlyAccepted, Client, 1.0, 11);
}

#[test]
fn a_part_counts_as_far_as_the_document_holds_it() {
    seen()
        .insert("total")
        .partly(5)
        .wait(300)
        .keys("!")
        .ends(PartlyAccepted, Client, 1.0, 5);
    // The client says the whole length for one word; it says so before the edit or after it.
    seen()
        .insert("total")
        .partly(12)
        .keys("!")
        .ends(PartlyAccepted, Client, 0.5, 5);
    seen()
        .partly(12)
        .insert("total")
        .ends(PartlyAccepted, Client, 0.5, 5);
    seen().partly(12).ends(PartlyAccepted, Client, 0.5, 0);
}

#[test]
fn a_dismissal_ends_it() {
    seen().dismiss().ends(Dismissed, Client, 1.0, 12);
    // The next key contradicts the suggestion, then the client says that it was turned down.
    seen()
        .keys("z")
        .wait(5)
        .dismiss()
        .ends(Dismissed, Client, 1.0, 12);
    // An accept is not taken back.
    seen()
        .insert(TEXT)
        .accept()
        .dismiss()
        .ends(Accepted, Client, 1.0, 12);
}

#[test]
fn what_is_typed_by_hand_to_its_end_is_matched() {
    seen().keys(TEXT).ends(Matched, Match, 1.0, 12);
    // The last two characters in one change are a pair of brackets, not an accept.
    seen()
        .keys("total(a, b")
        .insert(");")
        .ends(Matched, Match, 1.0, 12);
}

#[test]
fn typing_on_and_back_keeps_the_episode() {
    seen()
        .keys("tota")
        .delete(2)
        .keys("tal(")
        .insert("a, b);")
        .accept()
        .ends(Accepted, Client, 1.0, 12);
}

#[test]
fn a_text_that_goes_another_way_ends_it() {
    seen().keys("tox").ends(Diverged, Divergence, 1.0, 2);
    seen().delete(1).ends(Diverged, Divergence, 1.0, 0);
}

#[test]
fn an_edit_elsewhere_does_not_end_it() {
    seen()
        .edit(15, 15, "// ")
        .wait(500)
        .insert(TEXT)
        .accept()
        .ends(Accepted, Client, 1.0, 12);
}

#[test]
fn what_left_before_it_could_be_seen_weighs_nothing() {
    let offered = || Script::new("let x = $0\n").offer(TEXT);
    let after = |millis| offered().wait(millis).insert("z");
    after(149).ends(Diverged, Divergence, 0.0, 0);
    after(450).ends(Diverged, Divergence, 0.5, 0);
    after(750).ends(Diverged, Divergence, 1.0, 0);
}

#[test]
fn a_suggestion_that_is_replaced_weighs_by_how_long_it_was_there() {
    for (millis, weight) in [(100, 0.0), (300, 0.25), (5_000, 1.0)] {
        let script = Script::new("let x = $0\n").offer(TEXT).wait(millis);
        let script = script.offer("other();").insert("other();").accept().close();
        let endings = script.endings();
        let endings: Vec<_> = endings.iter().map(|row| (row.kind, row.weight)).collect();
        assert!(endings.contains(&(Replaced, weight)), "{endings:?}");
        assert!(endings.contains(&(Accepted, 1.0)), "{endings:?}");
    }
}

#[test]
fn nothing_for_half_a_minute_is_never_a_rejection() {
    seen().wait(30_000).ends(Censored, Nothing, 0.0, 0);
    seen()
        .wait(30_000)
        .keys("z")
        .ends(Censored, Nothing, 0.0, 0);
    // With an edit in between it is still looked at.
    seen()
        .wait(20_000)
        .keys("t")
        .wait(20_000)
        .keys("z")
        .ends(Diverged, Divergence, 1.0, 1);
    // And it can still be taken.
    seen()
        .wait(60_000)
        .insert(TEXT)
        .accept()
        .ends(Accepted, Client, 1.0, 12);
}

#[test]
fn a_document_that_is_closed_says_nothing() {
    seen().ends(Censored, Nothing, 0.0, 0);
}

#[test]
fn the_same_suggestion_offered_again_is_the_same_episode() {
    seen()
        .keys("to")
        .offer_again(2)
        .keys("tal")
        .offer_again(5)
        .insert("(a, b);")
        .accept()
        .ends(Accepted, Client, 1.0, 12);
    // A slip of the finger, and back at once.
    seen()
        .keys("toz")
        .delete(1)
        .offer_again(2)
        .insert("tal(a, b);")
        .accept()
        .ends(Accepted, Client, 1.0, 12);
}

#[test]
fn an_accept_long_after_another_ending_counts_with_the_weight_that_is_left() {
    let check = |script: Script, weights: [f64; 2]| {
        let script = script.wait(3_000).accept().close();
        let found: Vec<_> = script.endings().iter().map(|row| row.weight).collect();
        assert_eq!(found, weights);
        assert_eq!(script.endings()[1].kind, Accepted);
    };
    check(seen().keys("z"), [1.0, 0.0]);
    check(
        Script::new("$0").offer(TEXT).wait(450).insert("z"),
        [0.5, 0.5],
    );
}

#[test]
fn an_answer_that_comes_late_begins_where_the_text_is_by_then() {
    let late = |typed: &str| {
        let mut script = Script::new("let x = $0\n");
        let (version, offset) = (script.version(), script.cursor);
        script = script.edit(0, 0, "\n").keys(typed);
        script.offer_late(TEXT, version, offset);
        script
    };
    late("tot")
        .insert("al(a, b);")
        .accept()
        .ends(Accepted, Client, 1.0, 12);
    late("z").ends(Diverged, Divergence, 0.0, 0);
    late(TEXT).ends(Matched, Match, 0.0, 12);
}

#[test]
fn an_editor_that_replaces_the_line_inserts_the_rest_of_it() {
    seen()
        .edit(0, 8, "let x = total(a, b);")
        .ends(Accepted, Insert, 1.0, 12);
}

#[test]
fn a_bracket_typed_before_a_bracket_goes_into_the_place() {
    // Neovim finds edits by comparing the texts: `f()` to `f())` looks like a bracket at the end.
    Script::new("f($0)\n")
        .offer(")")
        .wait(1_000)
        .edit(3, 3, ")")
        .ends(Matched, Match, 1.0, 1);
}

#[test]
fn server_evidence_is_for_what_we_did_ourselves() {
    let script = seen().offer("other();").close();
    assert_eq!(script.endings()[0].evidence, Server);
}
