//! `mantle try` as a person runs it: on a folder, with the embedded model, in a few seconds.

mod support;

use std::process::{Command, Output};

use serde_json::{Value, json};
use support::{MANTLE, Workspace};

/// Runs `mantle try` on a workspace with nothing of the user's own in reach.
fn try_on(workspace: &Workspace, arguments: &[&str]) -> Output {
    Command::new(MANTLE)
        .arg("try")
        .arg(workspace.root())
        .args(arguments)
        // The session's folder is a temporary one; here it can be seen whether it goes.
        .env("TMPDIR", workspace.cache())
        .env("HOME", workspace.cache())
        .output()
        .expect("mantle runs")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
fn a_session_counts_what_its_ledger_counts_and_leaves_nothing_behind() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let output = try_on(
        &workspace,
        &["--seed", "7", "--files", "2", "--lines", "3", "--json"],
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(code(&output), Some(0), "{said}");
    assert_eq!(said, "", "nothing but the object is said when all is well");
    let session: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(session["version"], json!(1));
    assert_eq!(session["seed"], json!(7));
    assert_eq!(session["indexed_files"], json!(6));
    assert_eq!(session["lines"].as_array().map(Vec::len), Some(6));

    let totals = &session["totals"];
    let report = &session["report"]["totals"];
    assert_eq!(totals["lines"], json!(6));
    assert!(totals["accepted"].as_u64() > Some(0), "{totals}");
    for count in ["offered", "accepted"] {
        assert_eq!(
            totals[count], report[count],
            "{count} in the session and on its ledger"
        );
    }
    assert_eq!(report["calls"], json!(0), "no network model was asked");
    assert_eq!(report["cost_usd"], json!("0.000000"));

    for line in session["lines"].as_array().expect("lines") {
        let text = line["text"].as_str().expect("a text");
        let typed = line["keys_typed"].as_u64().expect("a count");
        let suggestions = line["suggestions"].as_array().expect("suggestions");
        let accepted = || {
            suggestions
                .iter()
                .filter(|offer| offer["accepted"] == json!(true))
        };
        let put: usize = accepted()
            .map(|offer| offer["suggested"].as_str().expect("a text").chars().count())
            .sum();
        // Every character of the line was either typed or put there by a suggestion.
        assert_eq!(typed as usize + put, text.chars().count(), "{line}");
        for offer in accepted() {
            let both = ["typed", "suggested"].map(|part| offer[part].as_str().expect("a text"));
            assert!(text.starts_with(&both.concat()), "{offer}");
        }
    }
    let left = std::fs::read_dir(workspace.cache()).expect("the folder");
    let left: Vec<_> = left.flatten().map(|entry| entry.file_name()).collect();
    assert!(left.is_empty(), "the session's folder is gone: {left:?}");
    assert!(
        !workspace.ledger().exists(),
        "the user's ledger is not touched"
    );
}

#[test]
fn the_text_form_ends_in_the_report_and_one_line_of_sums() {
    let workspace = Workspace::where_the_embedded_model_is_sure();
    let output = try_on(&workspace, &["--seed", "7", "--files", "1", "--lines", "2"]);
    assert_eq!(code(&output), Some(0));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.starts_with("Typing 2 lines of 1 files"), "{text}");
    assert!(text.contains("--seed 7"), "it can be run again: {text}");
    assert!(text.contains("Margin report"), "{text}");
    let last = text.lines().last().expect("a last line");
    assert!(last.starts_with("2 lines, "), "{last}");
    assert!(
        last.contains(" would have been accepted, precision "),
        "{last}"
    );
    assert!(
        !text.contains('\u{1b}'),
        "no colours where there is no terminal"
    );
}

#[test]
fn where_nothing_repeats_nothing_is_accepted_and_the_exit_code_says_so() {
    let workspace = Workspace::new(&[("one.rs", "static GREETING: Kind = Kind::Unheard;\n")]);
    let output = try_on(&workspace, &["--seed", "1"]);
    assert_eq!(code(&output), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("hint: "), "{said}");
}

#[test]
fn a_folder_without_source_code_is_wrong_use() {
    let workspace = Workspace::new(&[("notes.md", "only words, and no code at all\n")]);
    let output = try_on(&workspace, &[]);
    assert_eq!(code(&output), Some(2));
    let missing = Command::new(MANTLE)
        .args(["try", "/there/is/no/such/folder"])
        .output()
        .expect("mantle runs");
    assert_eq!(code(&missing), Some(2));
    assert!(!missing.stderr.is_empty());
}
