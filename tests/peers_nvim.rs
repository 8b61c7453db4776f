//! The Neovim plugin, typed at in real editors against the real binary.
//!
//! Each scenario is a Lua file in `tests/peers/nvim/scenarios`; it runs in a workspace, a state
//! folder and a configuration folder of its own, with the embedded model only. What the user
//! accepted must then be on the ledger. `tests/peers/install-nvim.sh` installs both editors.

#![cfg(feature = "peers")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::faulty_model::{Fault, FaultyModel};
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const MANTLE: &str = env!("CARGO_BIN_EXE_mantle");

/// Longer than any scenario waits for anything by itself.
const PATIENCE: Duration = Duration::from_secs(90);

/// An editor that the plugin promises to work in.
#[derive(Clone, Copy, Debug)]
enum Release {
    /// The newest series.
    New,
    /// The oldest series.
    Old,
}

impl Release {
    /// Returns the editor's program.
    ///
    /// # Panics
    /// When it is not installed, with the line that installs it.
    #[track_caller]
    fn program(self) -> PathBuf {
        let (variable, file) = match self {
            Self::New => ("MANTLE_NVIM", "nvim"),
            Self::Old => ("MANTLE_NVIM_011", "nvim-0.11"),
        };
        let program = std::env::var_os(variable).map_or_else(
            || Path::new(ROOT).join("tests/.peers/nvim").join(file),
            PathBuf::from,
        );
        assert!(
            program.is_file(),
            "{} is missing. Install it: tests/peers/install-nvim.sh tests/.peers/nvim \
             (or name your own in {variable})",
            program.display(),
        );
        program
    }
}

/// What a scenario left behind.
struct Run {
    folder: TempDir,
}

impl Run {
    fn state(&self) -> PathBuf {
        self.folder.path().join("state/mantle")
    }

    /// Returns a count from the totals of `mantle report --json`.
    #[track_caller]
    fn total(&self, name: &str) -> u64 {
        let report: Value =
            serde_json::from_slice(&self.said(&["report", "--json"])).expect("the report is JSON");
        report["totals"][name]
            .as_u64()
            .unwrap_or_else(|| panic!("no count `{name}` in {report:#}"))
    }

    /// Returns what `mantle` says about this run's ledger.
    #[track_caller]
    fn said(&self, arguments: &[&str]) -> Vec<u8> {
        let output = surroundings(Command::new(MANTLE), self.folder.path())
            .arg("--state")
            .arg(self.state())
            .args(arguments)
            .output()
            .expect("the binary was built with this test");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
        output.stdout
    }
}

/// Gives `command` the folders of this run, and nothing of this machine's user: no settings,
/// no ledger and no key.
fn surroundings(mut command: Command, folder: &Path) -> Command {
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LANG", "C.UTF-8")
        .env("TERM", "xterm-256color")
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .env("XDG_STATE_HOME", folder.join("state"))
        .env("XDG_DATA_HOME", folder.join("data"))
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env("XDG_RUNTIME_DIR", folder.join("run"));
    command
}

/// Copies the files of the workspace, which is flat.
fn copy_workspace(to: &Path) {
    fs::create_dir_all(to.join(".git")).expect("the temporary folder can be written to");
    let from = Path::new(ROOT).join("tests/peers/nvim/workspace");
    for entry in fs::read_dir(from).expect("the workspace is part of this repository") {
        let entry = entry.expect("the workspace can be read");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a file can be copied");
    }
}

/// Waits for the editor; one that hangs is ended, and has failed.
fn wait(editor: &mut Child) -> Option<ExitStatus> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(status) = editor.try_wait().expect("the editor can be waited for") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    editor.kill().expect("the editor can be ended");
    editor.wait().expect("an ended editor can be waited for");
    None
}

/// Plays a scenario and checks that it came to its end.
#[track_caller]
fn play(release: Release, scenario: &str) -> Run {
    play_with(release, scenario, "")
}

/// The same with a configuration.
#[track_caller]
fn play_with(release: Release, scenario: &str, configuration: &str) -> Run {
    let program = release.program();
    let folder = TempDir::new().expect("there is room for a temporary folder");
    let workspace = folder.path().join("workspace");
    copy_workspace(&workspace);
    for name in ["config", "state", "data", "cache", "run"] {
        fs::create_dir(folder.path().join(name)).expect("the temporary folder can be written to");
    }
    let own = folder.path().join("config/mantle");
    fs::create_dir(&own).expect("the temporary folder can be written to");
    fs::write(own.join("config.toml"), configuration).expect("a file can be written");
    let told = folder.path().join("told.txt");
    let result = folder.path().join("result.json");
    let mut editor = surroundings(Command::new(&program), folder.path())
        .args(["--headless", "--clean", "-S"])
        .arg(Path::new(ROOT).join("tests/peers/nvim/run.lua"))
        .arg("orders.py")
        .current_dir(&workspace)
        .env("SCENARIO", scenario)
        .env("MANTLE_BIN", MANTLE)
        .env("OUT", &result)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&told).expect("the temporary folder can be written to"))
        .spawn()
        .expect("the editor can be started");
    let status = wait(&mut editor);

    let told = fs::read_to_string(told).unwrap_or_default();
    let result: Value = fs::read(&result)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_else(|| panic!("{scenario} wrote no result ({status:?}): {told}"));
    let version = result["version"].as_str().unwrap_or("?");
    println!("{scenario} in Neovim {version}");
    assert!(
        result["passed"] == true && status.is_some_and(|status| status.success()),
        "{scenario} in Neovim {version} ({status:?}): {}\nmessages: {}\n{told}",
        result["failure"].as_str().unwrap_or_default(),
        result["messages"],
    );
    Run { folder }
}

/// One accepted suggestion is one acceptance on the ledger.
#[track_caller]
fn play_and_find_one_acceptance(release: Release, scenario: &str) {
    let run = play(release, scenario);
    assert_eq!(run.total("accepted"), 1, "accepted once");
    assert!(run.total("offered") >= 1, "what was accepted was offered");
    assert_eq!(run.total("calls"), 0, "the embedded model costs no call");
}

/// A model that is paid, a ceiling, and what the choice was made on.
#[track_caller]
fn play_under_a_ceiling(release: Release) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let model = runtime.block_on(FaultyModel::start(Fault::None));
    let configuration = format!(
        "[margin]\nown_budget = \"30.00\"\n[inhouse]\nenabled = false\n[[models]]\nid = \"paid\"\n\
         tier = \"premium\"\nprotocol = \"openai-completions\"\nbase_url = \"http://127.0.0.1:{}\"\n\
         price = {{ input = \"1\", output = \"1\" }}\n",
        model.port
    );
    let run = play_with(release, "ceiling", &configuration);
    assert_eq!(run.total("accepted"), 1, "accepted once");
    assert!(model.calls() > 0 && run.total("calls") as usize == model.calls());
    let events = run.said(&["ledger", "export"]);
    let events = String::from_utf8(events).expect("lines of JSON");
    let decided = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("an event is JSON"))
        .find(|event| event["row"]["reason"] == "best-value");
    let row = &decided.expect("a model was chosen for its worth")["row"];
    let propensity = row["propensity"].as_f64().expect("chance had a part in it");
    assert!(0.0 < propensity && propensity < 1.0, "{row:#}");
    assert!(
        row["value_per_char"].as_i64() > Some(0) && row["lambda"].is_f64(),
        "{row:#}"
    );
    assert!(row["budget_lease"].is_string(), "{row:#}");
}

/// The claims, once for each release.
macro_rules! claims {
    ($release:expr) => {
        use super::*;

        #[test]
        fn tab_accepts_what_is_shown_and_the_ledger_has_it() {
            play_and_find_one_acceptance($release, "accept_all");
        }

        #[test]
        fn typing_into_a_suggestion_shortens_it_and_the_rest_is_one_acceptance() {
            play_and_find_one_acceptance($release, "type_through");
        }

        #[test]
        fn words_and_lines_add_up_to_one_acceptance() {
            play_and_find_one_acceptance($release, "accept_word");
        }

        #[test]
        fn wide_characters_before_the_cursor_shift_nothing() {
            play_and_find_one_acceptance($release, "utf16");
        }

        #[test]
        fn nothing_is_asked_before_the_user_asks_when_it_is_not_automatic() {
            play_and_find_one_acceptance($release, "by_hand");
        }

        #[test]
        fn a_dismissed_suggestion_is_not_accepted() {
            assert_eq!(play($release, "dismiss").total("accepted"), 0);
        }

        #[test]
        fn a_contradicted_suggestion_vanishes() {
            assert_eq!(play($release, "contradict").total("accepted"), 0);
        }

        #[test]
        fn a_bracket_that_closes_itself_ends_the_suggestion() {
            play($release, "other_hands");
        }

        #[test]
        fn text_behind_the_cursor_is_neither_covered_nor_lost() {
            play($release, "text_after_cursor");
        }

        #[test]
        fn an_accepted_suggestion_is_one_undo_step_and_can_be_repeated() {
            play($release, "undo_and_repeat");
        }

        #[test]
        fn a_macro_plays_back_what_was_recorded() {
            play($release, "macro");
        }

        #[test]
        fn the_completion_menu_goes_first() {
            play($release, "completion_menu");
        }

        #[test]
        fn a_file_that_is_switched_off_is_not_served() {
            play($release, "switches");
        }

        #[test]
        fn a_killed_server_comes_back() {
            play($release, "restart");
        }

        #[test]
        fn a_missing_program_is_said_once() {
            play($release, "missing_program");
        }

        #[test]
        fn a_program_that_always_ends_is_left_alone() {
            play($release, "crash_loop");
        }

        #[test]
        fn under_a_ceiling_a_paid_model_answers_where_it_is_worth_it() {
            play_under_a_ceiling($release);
        }

        #[test]
        fn a_good_setup_is_healthy() {
            play($release, "health");
        }

        #[test]
        fn wrong_options_are_named_and_right_ones_used() {
            play($release, "options");
        }
    };
}

mod in_the_newest_neovim {
    claims!(Release::New);
}

mod in_the_oldest_neovim {
    claims!(Release::Old);
}

#[test]
fn every_scenario_has_a_claim() {
    let claims = fs::read_to_string(Path::new(ROOT).join("tests/peers_nvim.rs"))
        .expect("this file is part of this repository");
    let folder = Path::new(ROOT).join("tests/peers/nvim/scenarios");
    for entry in fs::read_dir(folder).expect("the scenarios are part of this repository") {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        assert!(
            claims.contains(&format!("\"{name}\"")),
            "{name} is never played"
        );
    }
}
