//! Clients of Copilot's server: recorded sessions are sent once more, and Neovim's own client runs
//! under that name (feature `peers`). `tests/peers/copilot/README.md` says how they were recorded.

mod support;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use mantle_ls::cli::lsp_client::Pending;
use mantle_ls::cli::lsp_client::wire::file_uri;
use serde_json::{Value, json};
use support::{PATIENCE, Server, Workspace};

fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/copilot")
}

/// A recorded session that is being sent again.
struct Replay {
    server: Server,
    /// The ids of suggestions in the order they came, for the placeholders.
    uuids: Vec<String>,
    /// What a request that was recorded under one id goes under now.
    ids: HashMap<u64, i64>,
    /// Acceptances, which are answered when the change behind them has come.
    waiting: Vec<Pending>,
    /// How many suggestions each question was answered with.
    suggested: Vec<usize>,
}

/// Checks what copilot.lua reads of a completion, for a cursor at `position`.
#[track_caller]
fn check_completion(completion: &Value, position: &Value) {
    let text = |key: &str| {
        completion[key]
            .as_str()
            .unwrap_or_else(|| panic!("{key}: {completion}"))
    };
    assert!(!text("uuid").is_empty());
    assert!(text("text").ends_with(text("displayText")), "{completion}");
    assert_eq!(&completion["position"], position);
    assert_eq!(&completion["range"]["end"], position);
    let start = json!({"line": position["line"], "character": 0});
    assert_eq!(
        completion["range"]["start"], start,
        "the plugin draws nothing else"
    );
    assert!(completion["docVersion"].is_i64());
}

impl Replay {
    fn placeholders(&self, line: &str, workspace: &Workspace) -> Value {
        let root = workspace.root();
        let mut line = line
            .replace("$ROOT_URI", &file_uri(&root))
            .replace("$ROOT", &root.to_string_lossy());
        for (place, uuid) in self.uuids.iter().enumerate() {
            line = line.replace(&format!("$UUID_{}", place + 1), uuid);
        }
        assert!(!line.contains("$UUID"), "a suggestion did not come: {line}");
        serde_json::from_str(&line).expect("a message on each line")
    }

    async fn send(&mut self, message: &Value) {
        let method = message["method"].as_str().expect("a method");
        let mut params = message["params"].clone();
        let Some(recorded) = message["id"].as_u64() else {
            if method == "$/cancelRequest" {
                let recorded = params["id"].as_u64().expect("an id");
                params["id"] = json!(self.ids[&recorded]);
            }
            return self.server.notify(method, params).await;
        };
        let pending = self.server.client.begin(method, params.clone()).await;
        let pending = pending.expect("the server reads");
        self.ids.insert(recorded, pending.id());
        if method == "notifyAccepted" {
            self.waiting.push(pending);
            return;
        }
        let answer: Value = pending
            .answer(PATIENCE)
            .await
            .expect("answered without an error");
        match method {
            "initialize" => assert_eq!(answer["capabilities"]["positionEncoding"], Value::Null),
            "checkStatus" => {
                assert_eq!(answer["status"], json!("OK"));
                assert!(
                    answer["user"].is_string(),
                    "without a user it asks to sign in"
                );
            }
            "getCompletions" | "getCompletionsCycling" => {
                let completions = answer["completions"].as_array().expect("a list");
                for completion in completions {
                    check_completion(completion, &params["position"]);
                    let uuid = completion["uuid"].as_str().unwrap_or_default().to_owned();
                    if !self.uuids.contains(&uuid) {
                        self.uuids.push(uuid);
                    }
                }
                self.suggested.push(completions.len());
            }
            "notifyShown" | "notifyRejected" => assert_eq!(answer, json!("OK")),
            "getPanelCompletions" => {
                let count = answer["solutionCountTarget"].as_u64();
                assert!(count.is_some_and(|count| count < 2), "{answer}");
                let mine = |done: &Value| done["panelId"] == params["panelId"];
                let done = self
                    .server
                    .client
                    .wait_for("PanelSolutionsDone", mine, PATIENCE);
                let done: Value = done.await.expect("the panel's end is told");
                assert_eq!(done["status"], json!("OK"));
            }
            other => panic!("{other} was recorded, but nothing is known of its answer"),
        }
    }
}

/// Sends a recorded session; returns how many suggestions each question got, and the totals.
async fn replay(name: &str) -> (Vec<usize>, Value) {
    let recorded = fs::read_to_string(recordings().join(name)).expect("a recording");
    let workspace = Workspace::new(&[]);
    let opened = recorded
        .lines()
        .find(|line| line.contains("textDocument/didOpen"));
    let opened: Value = serde_json::from_str(opened.expect("a file is opened")).expect("a message");
    let text = opened["params"]["textDocument"]["text"]
        .as_str()
        .expect("a text");
    workspace.write("orders.py", text);
    let mut replay = Replay {
        server: Server::silent(&workspace),
        uuids: Vec::new(),
        ids: HashMap::new(),
        waiting: Vec::new(),
        suggested: Vec::new(),
    };
    for line in recorded.lines() {
        let message = replay.placeholders(line, &workspace);
        replay.send(&message).await;
        if message["method"] == "initialized" {
            replay.server.wait_for_the_index().await;
        }
    }
    for pending in replay.waiting {
        let answer: Value = pending
            .answer(PATIENCE)
            .await
            .expect("the acceptance is recorded");
        assert_eq!(answer, json!("OK"));
    }
    replay.server.end(&[]).await;
    (replay.suggested, workspace.report()["totals"].clone())
}

#[tokio::test]
async fn copilot_lua_takes_a_word_then_the_rest_then_a_whole_suggestion() {
    let (suggested, totals) = replay("copilot-lua-accept.jsonl").await;
    // What comes behind a whole statement is the model's own affair.
    assert_eq!([suggested[0], suggested[1], suggested[3]], [1, 1, 1]);
    // The word became part of a whole, which is one ending.
    assert_eq!(totals["partly_accepted"], json!(0), "{totals}");
    assert_eq!(totals["accepted"], json!(2), "{totals}");
    assert_eq!(totals["dismissed"], json!(0), "{totals}");
}

#[tokio::test]
async fn copilot_lua_cycles_dismisses_and_takes_one_in_the_middle_of_a_line() {
    let (suggested, totals) = replay("copilot-lua-dismiss.jsonl").await;
    assert_eq!(suggested[..3], [1, 1, 1]);
    assert_eq!(totals["dismissed"], json!(1), "{totals}");
    assert_eq!(totals["partly_accepted"], json!(0), "{totals}");
    assert_eq!(totals["accepted"], json!(1), "{totals}");
}

/// Neovim 0.12 has a client of inline completions of its own; nvim-lspconfig names it so.
#[cfg(feature = "peers")]
#[test]
fn neovims_own_client_named_copilot_shows_and_takes_a_suggestion() {
    use std::process::{Command, Stdio};

    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = std::env::var_os("MANTLE_NVIM")
        .map_or_else(|| root.join("tests/.peers/nvim/nvim"), PathBuf::from);
    assert!(
        program.is_file(),
        "{} is missing. Install it: tests/peers/install-nvim.sh tests/.peers/nvim \
         (or name your own in MANTLE_NVIM)",
        program.display(),
    );
    let workspace = Workspace::new(&[]);
    fs::create_dir(workspace.root().join(".git")).expect("a folder");
    for name in ["orders.py", "store.py"] {
        let text = fs::read_to_string(root.join("tests/peers/nvim/workspace").join(name));
        workspace.write(
            name,
            &text.expect("the workspace is part of this repository"),
        );
    }
    let home = tempfile::tempdir().expect("a temporary folder");
    let result = home.path().join("result.json");
    let output = Command::new(&program)
        .args(["--headless", "--clean", "-S"])
        .arg(recordings().join("native.lua"))
        .arg("orders.py")
        .current_dir(workspace.root())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LANG", "C.UTF-8")
        .env("TERM", "xterm-256color")
        .env("HOME", home.path())
        .env(
            "XDG_STATE_HOME",
            workspace.state().parent().expect("two folders deep"),
        )
        .env("XDG_CACHE_HOME", workspace.cache())
        .env("XDG_CONFIG_HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env("MANTLE_BIN", support::MANTLE)
        .env("OUT", &result)
        .stdin(Stdio::null())
        .output()
        .expect("the editor can be started");
    let told = String::from_utf8_lossy(&output.stderr);
    let result = fs::read_to_string(&result).unwrap_or_else(|_| panic!("no result: {told}"));
    let result: Value = serde_json::from_str(&result).expect("the result is JSON");
    assert_eq!(result["passed"], json!(true), "{result:#}\n{told}");
    let totals = workspace.report()["totals"].clone();
    assert_eq!(totals["accepted"], json!(1), "{totals}");
    assert_eq!(totals["calls"], json!(0), "{totals}");
}
