//! What was indexed last time: a table of files, kept in the cache folder.
//!
//! It holds no text. `doctor` shows it, and a later start sees from it what changed meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::content::Skip;
use super::lock::IndexLock;
use super::walk::SourceFile;
use crate::domain::{Timestamp, fnv1a};

const FILE_NAME: &str = "manifest.json";
/// Goes up when the meaning of a field changes; another version is as good as none.
const VERSION: u32 = 1;

/// One file as it was indexed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indexed {
    /// Its language id.
    pub language: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was changed last.
    pub modified: Option<Timestamp>,
    /// A hash of its text, to see through a changed time; not proof against intent.
    pub content: u64,
}

impl From<&SourceFile> for Indexed {
    fn from(file: &SourceFile) -> Self {
        Self {
            language: file.language.clone(),
            size: file.size,
            modified: file.modified,
            content: fnv1a(file.text.as_bytes()),
        }
    }
}

/// What was indexed of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    version: u32,
    /// The root of the workspace.
    pub root: PathBuf,
    /// The files, by path from the root on.
    pub files: BTreeMap<String, Indexed>,
    /// How many files were left out, by reason.
    pub skipped: BTreeMap<Skip, usize>,
    /// Whether a limit ended the walk, so that files are missing.
    pub is_capped: bool,
}

/// What differs between two manifests of a workspace, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that are new or say something else.
    pub changed: Vec<String>,
    /// Files that are gone.
    pub gone: Vec<String>,
}

/// Why a manifest could not be written. What was there before is still there.
#[derive(Debug, thiserror::Error)]
#[error("the file table of the index cannot be written")]
pub struct ManifestError(#[from] io::Error);

impl Manifest {
    /// Makes the manifest of a workspace in which nothing was indexed yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            version: VERSION,
            root: root.to_owned(),
            files: BTreeMap::new(),
            skipped: BTreeMap::new(),
            is_capped: false,
        }
    }

    /// Reads the manifest of an index folder; `None` when there is none, or none that can be
    /// understood: it is then made anew.
    #[must_use]
    pub fn load(folder: &Path) -> Option<Self> {
        let bytes = fs::read(folder.join(FILE_NAME)).ok()?;
        let manifest: Self = serde_json::from_slice(&bytes).ok()?;
        (manifest.version == VERSION).then_some(manifest)
    }

    /// Writes the manifest; a reader sees the old one or the new one, never a part.
    ///
    /// # Errors
    /// Returns an error when the folder cannot be written. The lock shows that nobody else writes.
    pub fn save(&self, folder: &Path, _lock: &IndexLock) -> Result<(), ManifestError> {
        let json = serde_json::to_vec(self).map_err(io::Error::other)?;
        let unfinished = folder.join("manifest.json.new");
        fs::write(&unfinished, json)?;
        fs::rename(&unfinished, folder.join(FILE_NAME))?;
        Ok(())
    }

    /// Notes a file that was indexed.
    pub fn record(&mut self, file: &SourceFile) {
        self.files.insert(file.relative.clone(), file.into());
    }

    /// Says what has to be learnt and forgotten to get from this state to a newer one.
    #[must_use]
    pub fn changes_to(&self, newer: &Self) -> Changes {
        let is_same = |path: &String, file: &Indexed| {
            self.files.get(path).is_some_and(|old| {
                (&old.language, old.size, old.content) == (&file.language, file.size, file.content)
            })
        };
        Changes {
            changed: newer
                .files
                .iter()
                .filter(|(path, file)| !is_same(path, file))
                .map(|(path, _)| path.clone())
                .collect(),
            gone: self
                .files
                .keys()
                .filter(|path| !newer.files.contains_key(*path))
                .cloned()
                .collect(),
        }
    }
}

/// Returns the folder below the cache folder that belongs to a workspace.
#[must_use]
pub fn index_folder(cache: &Path, root: &Path) -> PathBuf {
    let hash = fnv1a(root.as_os_str().as_encoded_bytes());
    cache.join("index").join(format!("{hash:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(files: &[(&str, &str)]) -> Manifest {
        let mut manifest = Manifest::new(Path::new("/w"));
        for (path, text) in files {
            manifest.record(&SourceFile {
                path: Path::new("/w").join(path),
                relative: (*path).to_owned(),
                language: "rust".to_owned(),
                text: (*text).to_owned(),
                modified: Some(Timestamp::from_unix_micros(1)),
                size: text.len() as u64,
            });
        }
        manifest
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let lock = IndexLock::take(folder.path()).expect("nobody holds it");
        let mut saved = manifest(&[("a.rs", "a")]);
        saved.skipped.insert(Skip::Generated, 3);
        saved.save(folder.path(), &lock).expect("writable");
        assert_eq!(Manifest::load(folder.path()), Some(saved));
    }

    #[test]
    fn a_broken_one_counts_as_none_and_is_replaced() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let lock = IndexLock::take(folder.path()).expect("nobody holds it");
        for broken in ["", "{\"version\":1", "[]", "{\"version\":1}", "\u{0}"] {
            fs::write(folder.path().join(FILE_NAME), broken).expect("writable");
            assert_eq!(Manifest::load(folder.path()), None, "{broken:?}");
        }
        let whole = manifest(&[("a.rs", "a")]);
        whole.save(folder.path(), &lock).expect("writable");
        assert_eq!(Manifest::load(folder.path()), Some(whole));
    }

    #[test]
    fn another_version_counts_as_none() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let lock = IndexLock::take(folder.path()).expect("nobody holds it");
        let mut newer = manifest(&[]);
        newer.version = VERSION + 1;
        newer.save(folder.path(), &lock).expect("writable");
        assert_eq!(Manifest::load(folder.path()), None);
    }

    #[test]
    fn changes_are_what_says_something_else_and_what_is_gone() {
        let old = manifest(&[("same.rs", "s"), ("edited.rs", "1"), ("gone.rs", "g")]);
        let new = manifest(&[("same.rs", "s"), ("edited.rs", "2"), ("new.rs", "n")]);
        let expected = Changes {
            changed: vec!["edited.rs".to_owned(), "new.rs".to_owned()],
            gone: vec!["gone.rs".to_owned()],
        };
        assert_eq!(old.changes_to(&new), expected);
        assert_eq!(old.changes_to(&old), Changes::default());
    }

    #[test]
    fn each_workspace_has_its_own_folder() {
        let cache = Path::new("/c");
        let one = index_folder(cache, Path::new("/w/one"));
        assert_eq!(one, index_folder(cache, Path::new("/w/one")));
        assert_ne!(one, index_folder(cache, Path::new("/w/two")));
        assert!(one.starts_with("/c/index"));
    }
}
