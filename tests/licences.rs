//! What we ship may be shipped: every crate that ends up in the binary has a licence from the list
//! below, and some crates stay out whatever their licence.
//!
//! Read from `cargo metadata` for the platform of the build; what only other platforms compile is
//! checked when the test runs there. Known vulnerabilities are another check: their database is on
//! the network.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

/// Licences that ask for no more than their text in a list of thanks.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that must not come in, with the reason and what to use.
const BANNED: &[(&str, &str)] = &[
    (
        "openssl",
        "TLS is rustls on ring: one binary that needs no system library",
    ),
    (
        "openssl-sys",
        "TLS is rustls on ring: one binary that needs no system library",
    ),
    (
        "native-tls",
        "TLS is rustls on ring: one binary that needs no system library",
    ),
    (
        "aws-lc-rs",
        "a second crypto library beside ring: minutes of C to build",
    ),
    (
        "aws-lc-sys",
        "a second crypto library beside ring: minutes of C to build",
    ),
    (
        "rusqlite",
        "the ledger speaks to SQLite through sqlx; two links of it do not go together",
    ),
    (
        "tower-lsp",
        "unmaintained and without inline completion: tower-lsp-server follows it",
    ),
    ("async-std", "the runtime is tokio"),
    ("git2", "a C library for what the walk needs no git for"),
    ("serde_yaml", "unmaintained; configuration is TOML"),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    root: String,
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    /// Null for what is linked in, `build` and `dev` for the rest.
    kind: Option<String>,
}

fn metadata() -> Metadata {
    let cargo = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo {arguments:?}: {said}");
        output.stdout
    };
    let version = String::from_utf8(cargo(&["--version", "--verbose"])).expect("UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    // Offline: what this build was made of is already here.
    let json = cargo(&[
        "metadata",
        "--format-version=1",
        "--offline",
        "--filter-platform",
        host.expect("cargo names its platform"),
    ]);
    serde_json::from_slice(&json).expect("cargo's metadata")
}

impl Metadata {
    /// The crates that are linked into the binary, without our own.
    fn shipped(&self) -> Vec<&Package> {
        let nodes: BTreeMap<&str, &Node> = self
            .resolve
            .nodes
            .iter()
            .map(|node| (node.id.as_str(), node))
            .collect();
        let mut reached = BTreeSet::new();
        let mut open = vec![self.resolve.root.as_str()];
        while let Some(id) = open.pop() {
            if !reached.insert(id) {
                continue;
            }
            let linked = nodes[id]
                .deps
                .iter()
                .filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none()));
            open.extend(linked.map(|dependency| dependency.pkg.as_str()));
        }
        reached.remove(self.resolve.root.as_str());
        self.packages
            .iter()
            .filter(|package| reached.contains(package.id.as_str()))
            .collect()
    }
}

/// Returns whether we may choose licences from `ALLOWED` that satisfy an SPDX expression.
///
/// `/` is an old way to write OR. What cannot be read is not allowed.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut words = words.as_slice();
    either(&mut words) == Some(true) && words.is_empty()
}

/// `a OR b`: one of them is enough. AND binds stronger.
fn either(words: &mut &[&str]) -> Option<bool> {
    let mut allowed = both(words)?;
    while take(words, "OR") {
        // Both sides are read in any case: a bad second half must not go unseen.
        let other = both(words)?;
        allowed = allowed || other;
    }
    Some(allowed)
}

/// `a AND b`: both are needed.
fn both(words: &mut &[&str]) -> Option<bool> {
    let mut allowed = one(words)?;
    while take(words, "AND") {
        let other = one(words)?;
        allowed = allowed && other;
    }
    Some(allowed)
}

fn one(words: &mut &[&str]) -> Option<bool> {
    if take(words, "(") {
        let inner = either(words)?;
        return take(words, ")").then_some(inner);
    }
    let (name, rest) = words.split_first()?;
    *words = rest;
    if take(words, "WITH") {
        let (exception, rest) = words.split_first()?;
        *words = rest;
        // Under an exception the plain licence is more than enough.
        let whole = format!("{name} WITH {exception}");
        return Some(ALLOWED.contains(&whole.as_str()) || ALLOWED.contains(name));
    }
    Some(ALLOWED.contains(name))
}

fn take(words: &mut &[&str], word: &str) -> bool {
    match words.split_first() {
        Some((first, rest)) if *first == word => {
            *words = rest;
            true
        }
        _ => false,
    }
}

fn faults(packages: &[&Package]) -> Vec<String> {
    let mut faults = Vec::new();
    for package in packages {
        let license = package.license.as_deref().unwrap_or("no licence");
        if !is_allowed(license) {
            faults.push(format!("{} {}: {license}", package.name, package.version));
        }
        let banned = BANNED.iter().find(|(name, _)| *name == package.name);
        if let Some((name, reason)) = banned {
            faults.push(format!("{name} {} is banned: {reason}", package.version));
        }
    }
    faults
}

#[test]
fn everything_in_the_binary_may_be_shipped() {
    let metadata = metadata();
    let shipped = metadata.shipped();
    assert!(
        shipped.len() > 100,
        "the graph was walked: {}",
        shipped.len()
    );
    assert!(shipped.iter().any(|package| package.name == "tokio"));
    assert!(
        !shipped.iter().any(|package| package.name == "insta"),
        "what only tests use is not shipped"
    );
    let faults = faults(&shipped);
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_choice_is_allowed_when_one_side_is_and_a_sum_when_both_are() {
    for allowed in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "MIT OR GPL-2.0 AND GPL-3.0",
        "Apache-2.0 WITH LLVM-exception OR MIT",
    ] {
        assert!(is_allowed(allowed), "{allowed}");
    }
    for refused in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR Apache-2.0) AND AGPL-3.0",
        "GPL-2.0 WITH Classpath-exception-2.0",
        "MIT OR",
        "(MIT",
        "MIT MIT",
        "",
        "no licence",
    ] {
        assert!(!is_allowed(refused), "{refused}");
    }
}

#[test]
fn a_banned_crate_and_a_refused_licence_are_found() {
    let package = |name: &str, license: Option<&str>| Package {
        id: name.to_owned(),
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        license: license.map(str::to_owned),
    };
    let banned = package("openssl", Some("Apache-2.0"));
    let refused = package("copyleft", Some("AGPL-3.0-only"));
    let silent = package("silent", None);
    let fine = package("fine", Some("MIT"));
    let faults = faults(&[&banned, &refused, &silent, &fine]);
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults[0].starts_with("openssl 1.0.0 is banned: "));
    assert_eq!(
        faults[1..],
        ["copyleft 1.0.0: AGPL-3.0-only", "silent 1.0.0: no licence"]
    );
}
