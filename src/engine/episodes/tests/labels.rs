//! Match labels and retention, without a ledger.

use super::script::Script;
use crate::domain::OutcomeKind;

const TEXT: &str = "total(a, b);";

fn waiting() -> Script {
    Script::new("let x = $0\nlet y = 1;\n").candidate("m", TEXT)
}

/// Asserts the one label: exact line, characters of the prefix, and milliseconds.
#[track_caller]
fn check(script: Script, exact_line: bool, prefix_chars: u32, within_ms: u32) {
    let labels = script.labels();
    let [label] = labels.as_slice() else {
        panic!("one label: {labels:?}");
    };
    let found = (label.exact_line, label.prefix_chars, label.within_ms);
    assert_eq!(found, (exact_line, prefix_chars, within_ms));
    assert_eq!((label.candidate_chars, label.offered), (12, false));
    assert_eq!(label.confidence, Some(0.25));
}

#[test]
fn a_line_is_compared_when_it_is_broken() {
    check(waiting().keys(TEXT).keys("\n"), true, 12, 1_300);
    check(waiting().keys("total(c);\n"), false, 6, 1_000);
    check(waiting().keys("total(a, b); // x\n"), false, 12, 1_800);
    check(waiting().insert("total(a, b);\n"), true, 12, 0);
    check(waiting().insert("\n"), false, 0, 0);
}

#[test]
fn a_line_is_compared_when_somebody_goes_on_elsewhere() {
    let script = waiting().keys(TEXT).wait(100);
    let end = script.cursor;
    check(script.edit(end + 3, end + 3, "x"), true, 12, 1_300);
    // On the same line it goes on.
    let script = waiting().keys("tot").edit(0, 0, "/**/").keys("al");
    check(script.keys("(a, b);\n"), true, 12, 1_300);
    let script = waiting().keys("tot");
    let end = script.cursor;
    check(script.edit(end + 3, end + 3, "x"), false, 3, 300);
}

#[test]
fn a_line_is_compared_after_half_a_minute_at_the_latest() {
    let script = waiting().keys("tot").wait(40_000);
    check(script, false, 3, 30_000);
}

#[test]
fn a_candidate_says_nothing_where_nothing_was_typed() {
    assert!(waiting().wait(40_000).labels().is_empty());
    assert!(waiting().edit(0, 0, "// \n").close().labels().is_empty());
    assert!(
        waiting()
            .delete(2)
            .keys("total\n")
            .close()
            .labels()
            .is_empty()
    );
}

#[test]
fn what_is_known_at_the_end_is_kept() {
    check(waiting().keys("tot").close(), false, 3, 300);
}

#[test]
fn a_line_break_within_a_block_does_not_finish_it() {
    let script = Script::new("fn a() $0\n").candidate("m", "{\n    b();\n}");
    let script = script.keys("{\n    b();\n}");
    assert!(script.labels().is_empty());
    let script = script.keys("\n");
    let labels = script.labels();
    assert_eq!((labels[0].exact_line, labels[0].prefix_chars), (true, 12));
}

#[test]
fn every_model_has_its_label_and_each_decision_one() {
    let script = Script::new("$0\n");
    let script = script.candidate("m", "abc").candidate("n", "abd");
    let script = script.keys("abc\n").close();
    let mut found: Vec<_> = script
        .labels()
        .iter()
        .map(|label| (label.arm.as_str().to_owned(), label.exact_line))
        .collect();
    found.sort();
    assert_eq!(found, [("m".to_owned(), true), ("n".to_owned(), false)]);
}

#[test]
fn the_oldest_candidates_make_room() {
    let mut script = Script::new("$0\n");
    for _ in 0..300 {
        script = script.candidate("m", "abc").keys("x");
    }
    // Each decision is compared once, those that made room included.
    assert_eq!(script.labels().len(), 300 - 256);
    assert_eq!(script.close().labels().len(), 300);
}

#[test]
fn an_accepted_suggestion_is_looked_for_five_times() {
    let script = Script::new("let x = $0\n").offer(TEXT).wait(1_000);
    let script = script.insert(TEXT).accept().wait(20_000);
    // Eight tokens: total ( a , b ) ; and one of them changes, then five.
    let start = script.cursor - TEXT.len();
    let script = script.edit(start + 6, start + 7, "c").wait(200_000);
    let script = script.edit(start, start + 11, "x").wait(1_000_000);
    let found: Vec<_> = script
        .retentions()
        .iter()
        .map(|row| (row.after_s, row.still_there, row.kept_chars))
        .collect();
    assert_eq!(
        found,
        [
            (15, true, 12),
            (30, true, 10),
            (120, true, 10),
            (300, false, 0),
            (600, false, 0)
        ]
    );
    let is_retained = |kind| kind == OutcomeKind::Retained;
    assert!(!script.outcomes().any(|row| is_retained(row.kind)));
}

#[test]
fn what_is_still_there_after_ten_minutes_is_retained() {
    let script = Script::new("let x = $0\n").offer(TEXT).wait(1_000);
    let script = script.insert(TEXT).wait(5_000).edit(0, 0, "// above\n");
    let script = script.wait(599_000);
    let retained = script
        .outcomes()
        .find(|row| row.kind == OutcomeKind::Retained);
    assert_eq!(retained.and_then(|row| row.characters), Some(12));
    assert_eq!(script.retentions().len(), 5);
}

#[test]
fn what_was_not_looked_for_is_not_known() {
    let accepted = || {
        let script = Script::new("let x = $0\n").offer(TEXT).wait(1_000);
        script.insert(TEXT).accept()
    };
    let closed = accepted().wait(20_000).close().wait(1_000_000);
    assert_eq!(closed.retentions().len(), 1);
    // The machine slept through the first four checks.
    let slept = accepted().sleep(3_600).wait(0);
    let found: Vec<_> = slept.retentions().iter().map(|row| row.after_s).collect();
    assert_eq!(found, [600]);
}

#[test]
fn what_nobody_took_is_not_looked_for() {
    let script = Script::new("let x = $0\n").offer(TEXT).wait(1_000);
    let script = script.keys(TEXT).wait(1_000_000);
    assert!(script.retentions().is_empty());
    // Nor what the client turns down after the edit.
    let script = Script::new("let x = $0\n").offer(TEXT).wait(1_000);
    let script = script.insert(TEXT).dismiss().wait(1_000_000);
    assert!(script.retentions().is_empty());
}
