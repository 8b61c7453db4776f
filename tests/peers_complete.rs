//! The command line against a real llama.cpp server with a small open-source model: the completion
//! comes over HTTP, its tokens and its time are on the ledger.
#![cfg(feature = "peers")]

#[path = "peers/llama/server.rs"]
#[expect(dead_code, reason = "tests/peers_llama.rs uses the rest of it")]
mod server;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use server::LlamaServer;

const PROGRAM: &str =
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return fibonacci(n - 1) + \n";

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("config.toml"), config).expect("a configuration");
        std::fs::create_dir(folder.path().join("work")).expect("a workspace");
        std::fs::write(folder.path().join("work/fib.py"), PROGRAM).expect("a program");
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn mantle(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_mantle"))
            .env_clear()
            .env("HOME", self.path())
            .current_dir(self.path().join("work"))
            .args(["--config", "../config.toml", "--state", "../state"])
            .args(arguments)
            .output()
            .expect("the binary runs")
    }

    fn report(&self) -> Value {
        let output = self.mantle(&["report", "--json"]);
        serde_json::from_slice(&output.stdout).expect("a report in JSON")
    }
}

fn config(base_url: &str, protocol: &str, more: &str) -> String {
    format!(
        "[inhouse]\nenabled = false\n[[models]]\nid = \"small\"\ntier = \"open-source\"\n\
         protocol = \"{protocol}\"\nbase_url = \"{base_url}\"\nmax_output_tokens = 12\n\
         first_token_timeout_ms = 60000\nidle_timeout_ms = 60000\n{more}\n"
    )
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_completion_comes_over_http_and_its_tokens_are_on_the_ledger() {
    let server = LlamaServer::start();
    for protocol in ["llama-cpp", "openai-completions"] {
        // A price in whole dollars per token count shows that the reported tokens are billed.
        let price = "price = { input = \"1\", output = \"2\" }";
        let desk = Desk::new(&config(&server.base_url(), protocol, price));
        let output = desk.mantle(&["complete", "fib.py:4:31", "--explain"]);
        let (shown, explained) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{explained}");
        assert!(
            !shown.trim().is_empty(),
            "{protocol} says nothing: {explained}"
        );
        for part in [
            "fib.py (python",
            "decision: call because cheapest-eligible",
            "small answered",
            "cost: $0.000",
        ] {
            assert!(explained.contains(part), "no {part:?} in {explained}");
        }

        let totals = &desk.report()["totals"];
        assert_eq!(totals["calls"], 1, "{totals}");
        assert_eq!(
            totals["offered"], 0,
            "the command line offers nothing: {totals}"
        );
        let cost: f64 = totals["cost_usd"]
            .as_str()
            .and_then(|usd| usd.parse().ok())
            .expect("a cost");
        assert!(cost > 0.0, "{protocol} reported no tokens: {totals}");
    }
}

#[test]
fn doctor_finds_the_server_and_says_when_it_is_gone() {
    let server = LlamaServer::start();
    let desk = Desk::new(&config(&server.base_url(), "llama-cpp", ""));
    let output = desk.mantle(&["doctor"]);
    assert!(output.status.success(), "{}", text(&output.stdout));
    assert!(
        text(&output.stdout).contains("model small"),
        "{}",
        text(&output.stdout)
    );
    drop(server);
    let output = desk.mantle(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains("BAD  model small"),
        "{}",
        text(&output.stdout)
    );
}
