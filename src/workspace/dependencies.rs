//! Where the sources of a folder's dependencies are on disk, as package managers put them there.
//!
//! Nothing is fetched and nothing is run: lock files and manifests are read, and what they name is
//! looked for where it would be.

use std::fs;
use std::path::{Path, PathBuf};

/// A lock file or manifest that is longer is not read, in bytes.
const LONGEST: u64 = 8 * 1024 * 1024;
/// Folders of virtual environments, as people call them.
const ENVIRONMENTS: [&str; 2] = [".venv", "venv"];

/// Returns the folders of the dependencies of `root`, in order: crates of the registries in
/// `Cargo.lock`, packages that `package.json` names, and what a virtual environment of Python holds.
#[must_use]
pub fn dependencies(root: &Path, cargo_home: &Path) -> Vec<PathBuf> {
    let mut folders = crates(root, cargo_home);
    folders.extend(node_packages(root));
    folders.extend(site_packages(root));
    folders.retain(|folder| folder.is_dir());
    folders.sort_unstable();
    folders.dedup();
    folders
}

fn crates(root: &Path, cargo_home: &Path) -> Vec<PathBuf> {
    let lock: Option<toml::Table> = read(&root.join("Cargo.lock")).and_then(|t| t.parse().ok());
    let packages = lock
        .as_ref()
        .and_then(|lock| lock.get("package")?.as_array());
    let names: Vec<String> = packages
        .into_iter()
        .flatten()
        .filter(|package| {
            let source = package.get("source").and_then(toml::Value::as_str);
            source.is_some_and(|source| source.starts_with("registry+"))
        })
        .filter_map(|package| {
            let text = |key: &str| package.get(key)?.as_str();
            Some(format!("{}-{}", text("name")?, text("version")?))
        })
        .collect();
    let registries = fs::read_dir(cargo_home.join("registry/src"))
        .into_iter()
        .flatten();
    let registries: Vec<PathBuf> = registries.flatten().map(|entry| entry.path()).collect();
    registries
        .iter()
        .flat_map(|registry| names.iter().map(|name| registry.join(name)))
        .collect()
}

fn node_packages(root: &Path) -> Vec<PathBuf> {
    let manifest = read(&root.join("package.json"));
    let manifest: Option<serde_json::Value> =
        manifest.and_then(|text| serde_json::from_str(&text).ok());
    let Some(manifest) = manifest else {
        return Vec::new();
    };
    ["dependencies", "devDependencies", "peerDependencies"]
        .iter()
        .filter_map(|kind| manifest.get(kind)?.as_object())
        .flat_map(|packages| packages.keys())
        // A name is `package` or `@scope/package`, and leads nowhere else.
        .filter(|name| {
            !name
                .split('/')
                .any(|part| part.is_empty() || part.starts_with('.'))
        })
        .map(|name| root.join("node_modules").join(name))
        .collect()
}

fn site_packages(root: &Path) -> Vec<PathBuf> {
    let versions = ENVIRONMENTS.iter().flat_map(|name| {
        let folder = root.join(name).join("lib");
        fs::read_dir(folder).into_iter().flatten().flatten()
    });
    versions
        .map(|version| version.path().join("site-packages"))
        .collect()
}

fn read(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    if metadata.len() > LONGEST {
        return None;
    }
    fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lock_files_and_environments_name_is_found_where_it_lies() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let root = folder.path().join("root");
        let home = folder.path().join("cargo");
        let present = [
            "cargo/registry/src/index-1/ropey-1.6.1",
            "cargo/registry/src/index-1/own-0.1.0",
            "cargo/registry/src/index-1/other-2.0.0",
            "root/node_modules/@scope/part",
            "root/node_modules/unnamed",
            "root/.venv/lib/python3.12/site-packages",
        ];
        for path in present {
            fs::create_dir_all(folder.path().join(path)).expect("writable");
        }
        let lock = "version = 4\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n\
                    [[package]]\nname = \"ropey\"\nversion = \"1.6.1\"\n\
                    source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
                    [[package]]\nname = \"absent\"\nversion = \"1.0.0\"\n\
                    source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        fs::write(root.join("Cargo.lock"), lock).expect("writable");
        let manifest = r#"{"dependencies": {"@scope/part": "1", "../../cargo": "1"}}"#;
        fs::write(root.join("package.json"), manifest).expect("writable");
        let found = dependencies(&root, &home);
        let expected = [present[0], present[5], present[3]].map(|path| folder.path().join(path));
        assert_eq!(found, expected);
    }

    #[test]
    fn what_cannot_be_read_names_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        fs::write(folder.path().join("Cargo.lock"), "not = = toml").expect("writable");
        fs::write(folder.path().join("package.json"), "[1").expect("writable");
        assert!(dependencies(folder.path(), folder.path()).is_empty());
    }
}
