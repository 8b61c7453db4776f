//! The law of the house: which module may use which, and which crate stays behind which module.
//!
//! A new arrow is a decision: it changes this table and `ARCHITECTURE.md` in the same commit.

#[path = "support/rust_source.rs"]
mod rust_source;

use std::fs;
use std::path::{Path, PathBuf};

use rust_source::{Token, crates_named, lines_with, modules_named, shipped_tokens, taken_from};

/// Who may use whom. `main` is `src/main.rs`; everything else is a folder of `src/`.
#[rustfmt::skip]
const MAY_USE: &[(&str, &[&str])] = &[
    // ground
    ("domain",    &[]),
    // text
    ("documents", &["domain"]),
    // parts
    ("workspace", &["domain", "documents"]),
    ("context",   &["domain", "documents", "workspace"]),
    ("guard",     &["domain"]),
    ("cache",     &["domain"]),
    ("inhouse",   &["domain", "documents"]),
    ("models",    &["domain", "guard"]), // of guard only what is cleared, see below
    ("prices",    &["domain"]),
    ("routing",   &["domain"]),
    ("ledger",    &["domain"]),
    // middle
    ("engine",    &["domain", "documents", "workspace", "context", "guard", "cache", "inhouse",
                    "models", "prices", "routing", "ledger"]),
    ("config",    &["domain", "documents", "workspace", "context", "guard", "cache", "inhouse",
                    "models", "prices", "routing", "ledger"]),
    // faces: none calls another
    ("lsp",       &["engine", "config", "domain", "documents"]),
    ("cli",       &["engine", "config", "domain", "ledger", "prices", "routing"]),
    ("main",      &["cli", "lsp"]),
];

/// Which external crates are named by nobody but these modules. A name that ends in `*` stands for
/// every crate that begins so.
#[rustfmt::skip]
const STAYS_BEHIND: &[(&str, &[&str])] = &[
    ("tower_lsp_server", &["lsp"]),
    ("tower_service",    &["lsp"]),
    ("sqlx",             &["ledger"]),
    ("hyper*",           &["models"]),
    ("reqwest",          &["models"]),
    ("rustls",           &["models", "main"]),
    ("sse_stream",       &["models"]),
    ("tiktoken_rs",      &["context"]),
    ("tree_sitter*",     &["documents"]),
    ("ropey",            &["documents"]),
    ("keyring_core",     &["config"]),
    ("rpassword",        &["cli"]),
    ("ignore",           &["workspace", "cli"]), // `mantle try` walks before there is an engine
    ("notify",           &["workspace"]),
    ("rustix",           &["engine"]),
    ("patricia_tree",    &["cache"]),
    ("libm",             &["routing"]), // the normal distribution
    ("kuva",             &["cli"]),     // charts of the HTML report
    ("maud",             &["cli"]),
    ("csv",              &["cli"]),     // tables of outcomes to read, reports to write
    ("clap*",            &["cli", "main"]),
    ("comfy_table",      &["cli", "main"]),
    ("indicatif",        &["cli", "main"]),
    ("anyhow",           &["cli", "main"]),
];

/// Modules that never wait: they are functions of what they are given.
const WITHOUT_ASYNC: &[&str] = &[
    "domain",
    "documents",
    "context",
    "routing",
    "inhouse",
    "prices",
    "guard",
    "cache",
];

/// The only crates whose types may appear in the ground floor.
const CRATES_OF_DOMAIN: &[&str] = &["serde", "serde_json", "thiserror", "time", "uuid"];

/// A file with more lines than this says two things; give the second its own file.
const LONGEST_FILE: usize = 600;

/// Files that are longer all the same, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Modules that print: everybody else returns values, writes to the log, or speaks the protocol.
const MAY_PRINT: &[&str] = &["cli", "main"];

/// One source file, read.
struct Source {
    /// Relative to `src/`, with forward slashes.
    path: String,
    text: String,
    tokens: Vec<Token>,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            tokens: shipped_tokens(text),
        }
    }

    /// The module of the top floor that the file belongs to; `lib` for the root itself.
    fn module(&self) -> &str {
        match self.path.split_once('/') {
            Some((module, _)) => module,
            None => self.path.trim_end_matches(".rs"),
        }
    }

    /// How far the file's module is below the root of the crate.
    fn depth(&self) -> usize {
        let path = self.path.trim_end_matches(".rs").trim_end_matches("/mod");
        match path {
            "lib" | "main" => 0,
            _ => path.split('/').count(),
        }
    }

    /// Files that hold nothing but tests.
    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut folders = vec![src.clone()];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of src/") {
            let path = entry.expect("an entry of src/").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(files.len() > 20, "the walk finds the sources: {files:?}");
    let read = |path: &PathBuf| {
        let relative = path.strip_prefix(&src).expect("below src/");
        let relative = relative.to_string_lossy().replace('\\', "/");
        Source::new(&relative, &fs::read_to_string(path).expect("a source file"))
    };
    files
        .iter()
        .map(read)
        .filter(|source| !source.is_test())
        .collect()
}

fn row<'t>(table: &'t [(&str, &[&'t str])], key: &str) -> Option<&'t [&'t str]> {
    table
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, row)| *row)
}

fn forbidden_uses(source: &Source) -> Vec<String> {
    let module = source.module();
    if module == "lib" {
        return Vec::new();
    }
    let Some(allowed) = row(MAY_USE, module) else {
        return vec![format!("{}: {module} is not in the table", source.path)];
    };
    modules_named(&source.tokens, source.depth(), "mantle_ls")
        .into_iter()
        // What is no module is an item of the crate's root, or of this module through it.
        .filter(|named| row(MAY_USE, &named.name).is_some() && named.name != module)
        .filter(|named| !allowed.contains(&named.name.as_str()))
        .map(|named| {
            format!(
                "{}:{}: {module} uses {}",
                source.path, named.line, named.name
            )
        })
        .collect()
}

fn is_match(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

fn escaped_crates(source: &Source) -> Vec<String> {
    let module = source.module();
    let home_of = |name: &str| {
        STAYS_BEHIND
            .iter()
            .find(|(pattern, _)| is_match(pattern, name))
    };
    crates_named(&source.tokens, |name| home_of(name).is_some())
        .into_iter()
        .filter(|named| home_of(&named.name).is_some_and(|(_, homes)| !homes.contains(&module)))
        .map(|named| {
            format!(
                "{}:{}: {module} names {}",
                source.path, named.line, named.name
            )
        })
        .collect()
}

fn async_where_none_is(source: &Source) -> Vec<String> {
    if !WITHOUT_ASYNC.contains(&source.module()) {
        return Vec::new();
    }
    let is_async = |name: &str| matches!(name, "tokio" | "tokio_util" | "futures");
    let named = crates_named(&source.tokens, is_async);
    let named = named.into_iter().map(|named| (named.line, named.name));
    let waits = lines_with(&source.tokens, &[".", "await"]);
    named
        .chain(waits.into_iter().map(|line| (line, ".await".to_owned())))
        .map(|(line, what)| format!("{}:{line}: {what}", source.path))
        .collect()
}

fn unwraps(source: &Source) -> Vec<String> {
    lines_with(&source.tokens, &[".", "unwrap", "(", ")"])
        .into_iter()
        .map(|line| format!("{}:{line}: use expect(\"why it cannot fail\")", source.path))
        .collect()
}

fn prints(source: &Source) -> Vec<String> {
    if MAY_PRINT.contains(&source.module()) {
        return Vec::new();
    }
    ["println", "eprintln", "print", "eprint", "dbg"]
        .into_iter()
        .flat_map(|print| lines_with(&source.tokens, &[print, "!"]))
        .map(|line| format!("{}:{line}: prints", source.path))
        .collect()
}

fn too_long(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let excused = LONG_FILES.iter().any(|(path, _)| *path == source.path);
    if lines <= LONGEST_FILE || excused {
        return Vec::new();
    }
    vec![format!("{}: {lines} lines", source.path)]
}

#[track_caller]
fn assert_none(fault: impl Fn(&Source) -> Vec<String>) {
    let faults: Vec<String> = sources().iter().flat_map(fault).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_module_uses_only_those_that_the_table_allows() {
    assert_none(forbidden_uses);
}

#[test]
fn models_take_nothing_from_guard_but_what_it_has_cleared() {
    assert_none(|source| {
        if source.module() != "models" {
            return Vec::new();
        }
        taken_from(&source.tokens, "guard")
            .into_iter()
            .filter(|named| named.name != "Cleared")
            .map(|named| format!("{}:{}: guard::{}", source.path, named.line, named.name))
            .collect()
    });
}

#[test]
fn every_crate_stays_behind_its_module() {
    assert_none(escaped_crates);
}

#[test]
fn the_ground_floor_knows_no_foreign_types() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let dependencies: Vec<String> = dependencies_of(&manifest);
    assert!(
        dependencies.iter().any(|name| name == "tokio"),
        "{dependencies:?}"
    );
    assert_none(|source| {
        if source.module() != "domain" {
            return Vec::new();
        }
        crates_named(&source.tokens, |name| {
            dependencies.iter().any(|known| known == name)
        })
        .into_iter()
        .filter(|named| !CRATES_OF_DOMAIN.contains(&named.name.as_str()))
        .map(|named| format!("{}:{}: {}", source.path, named.line, named.name))
        .collect()
    });
}

/// Returns the crates that a manifest depends on, as code names them.
fn dependencies_of(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
        } else if let Some((name, _)) = line.split_once('=').filter(|_| inside) {
            names.push(name.trim().replace('-', "_"));
        }
    }
    names.retain(|name| !name.starts_with('#'));
    names
}

#[test]
fn modules_that_never_wait_have_nothing_to_wait_with() {
    assert_none(async_where_none_is);
}

#[test]
fn shipped_code_says_why_it_cannot_fail() {
    assert_none(unwraps);
}

#[test]
fn only_the_command_line_prints() {
    assert_none(prints);
}

#[test]
fn no_file_says_two_things() {
    assert_none(too_long);
    for (path, _) in LONG_FILES {
        let text = fs::read_to_string(root().join("src").join(path)).expect("a listed file");
        let lines = text.lines().count();
        assert!(
            lines > LONGEST_FILE,
            "{path} has {lines} lines: take it off the list"
        );
    }
}

#[test]
fn the_table_and_the_map_name_every_module() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs");
    let modules: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "))
        .map(|rest| rest.trim_end_matches(';'))
        .collect();
    assert!(modules.contains(&"engine"), "{modules:?}");
    for module in modules {
        assert!(
            row(MAY_USE, module).is_some(),
            "{module} is not in the table"
        );
        assert!(
            map.contains(&format!("`{module}`")),
            "{module} is not in ARCHITECTURE.md"
        );
    }
}

/// The checks themselves can fail: each is shown a file that breaks its rule, and one that looks
/// as if it did.
mod checks {
    use super::*;

    #[track_caller]
    fn check(found: &[String], expected: &[&str]) {
        assert_eq!(found, expected);
    }

    #[test]
    fn an_arrow_that_is_not_in_the_table_is_found_however_it_is_written() {
        let source = Source::new(
            "routing/decide.rs",
            "use crate::domain::Money;
             use crate::{domain::{Decision, ledger}, engine::Engine};
             fn f() { super::super::models::call(); }
             fn g() -> crate::lsp::Server { super::estimate::of() }
             use mantle_ls::cli;",
        );
        check(
            &forbidden_uses(&source),
            &[
                "routing/decide.rs:5: routing uses cli",
                "routing/decide.rs:2: routing uses engine",
                "routing/decide.rs:4: routing uses lsp",
                "routing/decide.rs:3: routing uses models",
            ],
        );
    }

    #[test]
    fn comments_strings_and_tests_draw_no_arrow() {
        let source = Source::new(
            "routing/mod.rs",
            r##"//! See crate::engine.
             /* crate::lsp /* nested */ crate::lsp */
             const A: &str = "crate::engine \" crate::lsp";
             const B: &str = r#"crate::engine " crate::lsp"#;
             const C: char = '"'; // crate::lsp
             fn f<'a>(x: &'a str) -> &'a str { x }
             #[cfg(test)]
             mod tests { use crate::engine::Engine; fn t() { x.unwrap(); } }
             #[cfg(test)]
             use crate::lsp::Server;
             use crate::domain::Money;"##,
        );
        check(&forbidden_uses(&source), &[]);
        check(&unwraps(&source), &[]);
    }

    #[test]
    fn code_behind_a_test_module_is_seen_again() {
        let source = Source::new(
            "routing/mod.rs",
            "#[cfg(test)] mod tests { fn a() { {} } }\nuse crate::engine::Engine;",
        );
        check(
            &forbidden_uses(&source),
            &["routing/mod.rs:2: routing uses engine"],
        );
    }

    #[test]
    fn a_module_that_nobody_wrote_down_is_found() {
        let source = Source::new("helpers/mod.rs", "");
        check(
            &forbidden_uses(&source),
            &["helpers/mod.rs: helpers is not in the table"],
        );
    }

    #[test]
    fn a_crate_outside_its_module_is_found() {
        let source = Source::new(
            "engine/complete.rs",
            "use sqlx::Row;\nuse tree_sitter_rust::LANGUAGE;\nuse reqwest;\n\
             #[derive(clap::Parser)] struct A;\nuse crate::workspace::ignore::rules;\nlet ignore = 1;",
        );
        check(
            &escaped_crates(&source),
            &[
                "engine/complete.rs:4: engine names clap",
                "engine/complete.rs:3: engine names reqwest",
                "engine/complete.rs:1: engine names sqlx",
                "engine/complete.rs:2: engine names tree_sitter_rust",
            ],
        );
        let source = Source::new("ledger/store.rs", "use sqlx::Row;");
        check(&escaped_crates(&source), &[]);
    }

    #[test]
    fn waiting_unwrapping_and_printing_are_found() {
        let source = Source::new(
            "cache/mod.rs",
            "use tokio::sync::watch;\nasync fn f() { g().await }\nfn h() { x\n.unwrap();\nprintln!(\"{x}\"); }",
        );
        check(
            &async_where_none_is(&source),
            &["cache/mod.rs:1: tokio", "cache/mod.rs:2: .await"],
        );
        assert_eq!(unwraps(&source).len(), 1);
        check(&prints(&source), &["cache/mod.rs:5: prints"]);
    }

    #[test]
    fn a_file_of_one_line_too_many_is_found() {
        let text = "//\n".repeat(LONGEST_FILE + 1);
        assert_eq!(too_long(&Source::new("cache/mod.rs", &text)).len(), 1);
        assert!(too_long(&Source::new("cache/mod.rs", &text[3..])).is_empty());
    }

    #[test]
    fn guard_may_be_named_for_what_it_cleared_alone() {
        let tokens =
            shipped_tokens("use crate::guard::{Cleared, clear};\nfn f(x: guard::Guard) {}");
        let taken = taken_from(&tokens, "guard");
        let taken: Vec<&str> = taken.iter().map(|named| named.name.as_str()).collect();
        assert_eq!(taken, ["Cleared", "clear", "Guard"]);
    }
}
