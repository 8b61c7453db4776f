//! `mantle prices` as people run it: the real binary, a configuration folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const LITELLM: &str = "tests/fixtures/prices/litellm.json";

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn prices(&self) -> PathBuf {
        self.path().join("mantle/prices.json")
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_mantle"))
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("XDG_CONFIG_HOME", self.path())
            .env("XDG_STATE_HOME", self.path())
            .output()
            .expect("mantle runs")
    }

    #[track_caller]
    fn text(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        String::from_utf8(output.stdout).expect("text")
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.text(args)).expect("JSON")
    }
}

fn with_change(folder: &Folder, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(LITELLM).expect("the fixture");
    let changed = text.replacen(from, to, 1);
    assert_ne!(text, changed);
    let path = folder.path().join("changed.json");
    std::fs::write(&path, changed).expect("a file");
    path.display().to_string()
}

#[test]
fn the_book_is_listed_and_shown() {
    let folder = Folder::new();
    let list = folder.json(&["prices", "list", "codestral", "--json"]);
    assert_eq!(list["version"], 1);
    assert_eq!(list["prices"][0]["key"], "mistral/codestral-2508");
    assert_eq!(list["prices"][0]["usd_per_mtok"]["output"], "0.90");
    assert!(folder.text(&["prices", "list"]).lines().count() > 59);
    let shown = folder.text(&["prices", "show", "anthropic/claude-haiku-5-5"]);
    assert!(
        shown.contains("above 100000 input tokens, for all of them"),
        "{shown}"
    );
    let output = folder.run(&["prices", "show", "codestral"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("did you mean `mistral/codestral-2508`"),
        "{error}"
    );
}

#[test]
fn an_import_is_what_calls_are_priced_from() {
    let folder = Folder::new();
    let changed = with_change(&folder, "3e-07", "2.5e-07");
    let said = folder.text(&["prices", "import", &changed]);
    assert!(
        said.contains("mistral/codestral-2508: input 0.30 → 0.25"),
        "{said}"
    );
    assert!(said.contains("--all takes every key"), "{said}");
    let shown = folder.json(&["prices", "show", "mistral/codestral-2508", "--json"]);
    assert_eq!(shown["rows"][0]["usd_per_mtok"]["input"], "0.25");
    assert_eq!(shown["rows"][0]["own"], true);
    let other = folder.json(&["prices", "show", "google/gemini-4-argon", "--json"]);
    assert_eq!(other["rows"][0]["own"], false);
}

#[test]
fn a_tenfold_change_is_refused_and_nothing_is_written() {
    let folder = Folder::new();
    let changed = with_change(&folder, "3e-07", "3e-06");
    let output = folder.run(&["prices", "import", &changed]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("! mistral/codestral-2508: input 0.30 → 3.00"),
        "{said}"
    );
    assert!(String::from_utf8_lossy(&output.stderr).contains("--force"));
    assert!(!folder.prices().exists());
    folder.text(&["prices", "import", &changed, "--force"]);
    assert!(folder.prices().exists());
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = Folder::new();
    let said = folder.json(&["prices", "import", LITELLM, "--all", "--dry-run", "--json"]);
    assert_eq!(said["written"], false);
    assert!(!folder.prices().exists());
}

#[test]
fn disagreement_surfaces() {
    let folder = Folder::new();
    let changed = with_change(&folder, "3e-07", "2.5e-07");
    let check = [
        "prices",
        "import",
        LITELLM,
        "--dry-run",
        "--check",
        &changed,
    ];
    let said = folder.text(&check);
    assert!(said.contains("disagrees about 1"), "{said}");
    let output = folder.run(&["prices", "check", LITELLM, &changed]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        folder
            .text(&["prices", "check", LITELLM, LITELLM])
            .contains("no difference")
    );
    let diff = folder.json(&["prices", "diff", LITELLM, &changed, "--json"]);
    assert_eq!(diff["differences"][0]["prices"][0]["new"], "0.25");
}

#[test]
fn announced_changes_are_upcoming() {
    let folder = Folder::new();
    // A hundred years, so that no day of the test is too late: what is in force is not announced.
    let upcoming = folder.json(&["prices", "upcoming", "--days", "36500", "--json"]);
    assert!(upcoming["changes"].is_array() && upcoming["retired"].is_array());
}

#[test]
fn a_broken_file_is_said_and_left_alone() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path().join("mantle")).expect("a folder");
    std::fs::write(folder.prices(), "{\"schema\": \"other\"}").expect("a file");
    let output = folder.run(&["config", "check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("prices.json") && said.contains("bundled prices hold"),
        "{said}"
    );
    let output = folder.run(&["prices", "import", LITELLM]);
    assert_eq!(output.status.code(), Some(1));
    let kept = std::fs::read_to_string(folder.prices()).expect("the file");
    assert_eq!(kept, "{\"schema\": \"other\"}");
}
