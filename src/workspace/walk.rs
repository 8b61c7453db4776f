//! Walks a workspace: which files people write there, in an order that does not change.
//!
//! A walk reads names and sizes, never texts, so that looking at a workspace again costs little;
//! [`SourceFile::read`] reads one file. The same walk serves the whole workspace and a few places in
//! it, so that the rules are the same in both.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use ignore::{DirEntry, WalkBuilder};

use super::content::{Skip, text_of};
use super::foreign::{is_foreign_folder, is_generated_name, is_minified_name};
use super::places::Places;
use crate::domain::Timestamp;

/// Besides `.gitignore` and `.ignore`, files with this name say what is left alone.
const OWN_IGNORE_FILE: &str = ".mantleignore";
/// A tool that fills a folder with what it can make again leaves this file there.
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// How much is listed and read at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Larger files are skipped, in bytes.
    pub file_bytes: u64,
    /// A folder's listing ends after so many files.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 1024 * 1024,
            files: 200_000,
        }
    }
}

/// A file of the workspace that is worth reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it lies.
    pub path: PathBuf,
    /// The same from the root of the workspace on, with `/` on every system.
    pub relative: String,
    /// Its language id.
    pub language: String,
    /// When it was changed last, where the file system knows.
    pub modified: Option<Timestamp>,
    /// Its length in bytes.
    pub size: u64,
}

/// What a walk has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files that are worth reading, sorted by path.
    pub files: Vec<SourceFile>,
    /// The folders that were looked into.
    pub folders: Vec<PathBuf>,
    /// How many files were left out, by reason; ignored ones are not counted.
    pub skipped: BTreeMap<Skip, usize>,
    /// Whether the limit of files ended the walk.
    pub is_capped: bool,
}

/// Lists what is in `places` below `root`; everything, where the root is one of them.
///
/// Honours `.gitignore`, `.ignore` and `.mantleignore`, leaves hidden files, caches and foreign
/// folders alone, and follows no symbolic link, so that it never leaves the root. `without` are
/// folders that are left to somebody else. `judge` names the language of a path or says why the file
/// is not wanted; it is given the path from the root on. What cannot be read is as good as absent.
pub fn list(
    root: &Path,
    places: &Places,
    without: &[PathBuf],
    limits: Limits,
    judge: impl Fn(&str) -> Result<String, Skip>,
) -> Listing {
    let foreign = Arc::new(Mutex::new(0));
    let entries = WalkBuilder::new(root)
        .add_custom_ignore_filename(OWN_IGNORE_FILE)
        .require_git(false)
        .follow_links(false)
        .filter_entry(filter(
            places.clone(),
            without.to_vec(),
            Arc::clone(&foreign),
        ))
        .sort_by_file_path(Path::cmp)
        .build();
    let mut listing = Listing::default();
    for entry in entries {
        // A folder that cannot be read is as good as empty.
        let Ok(entry) = entry else {
            listing.skip(Skip::Unreadable);
            continue;
        };
        if entry.file_type().is_some_and(|kind| kind.is_dir()) {
            listing.folders.push(entry.into_path());
            continue;
        }
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        match look_at(root, &entry, limits, &judge) {
            Err(reason) => listing.skip(reason),
            Ok(_) if listing.files.len() == limits.files => {
                listing.is_capped = true;
                break;
            }
            Ok(file) => listing.files.push(file),
        }
    }
    let foreign = *foreign.lock().unwrap_or_else(PoisonError::into_inner);
    if foreign > 0 {
        listing.skipped.insert(Skip::Foreign, foreign);
    }
    listing
}

impl Listing {
    fn skip(&mut self, reason: Skip) {
        *self.skipped.entry(reason).or_default() += 1;
    }
}

impl SourceFile {
    /// Reads the file.
    ///
    /// # Errors
    /// Returns why it is not worth learning, which may also be that it is gone by now.
    pub fn read(&self, limits: Limits) -> Result<String, Skip> {
        let file = File::open(&self.path).map_err(|_| Skip::Unreadable)?;
        let mut bytes = Vec::with_capacity(self.size as usize + 1);
        // It may have grown since it was measured.
        file.take(limits.file_bytes.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|_| Skip::Unreadable)?;
        if bytes.len() as u64 > limits.file_bytes {
            return Err(Skip::TooLarge);
        }
        text_of(bytes)
    }
}

/// Returns whether a change of this file changes which other files are listed.
#[must_use]
pub fn is_ignore_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| [".gitignore", ".ignore", OWN_IGNORE_FILE].contains(&name))
}

fn look_at(
    root: &Path,
    entry: &DirEntry,
    limits: Limits,
    judge: impl Fn(&str) -> Result<String, Skip>,
) -> Result<SourceFile, Skip> {
    let path = entry.path();
    let relative = relative(root, path);
    let language = judge(&relative)?;
    let name = entry.file_name().to_string_lossy();
    if is_generated_name(&name) {
        return Err(Skip::Generated);
    }
    if is_minified_name(&name) {
        return Err(Skip::Minified);
    }
    let metadata = entry.metadata().map_err(|_| Skip::Unreadable)?;
    if metadata.len() > limits.file_bytes {
        return Err(Skip::TooLarge);
    }
    Ok(SourceFile {
        path: path.to_owned(),
        relative,
        language,
        modified: modified(&metadata),
        size: metadata.len(),
    })
}

/// Returns what decides whether the walk goes on to an entry.
fn filter(
    places: Places,
    without: Vec<PathBuf>,
    foreign: Arc<Mutex<usize>>,
) -> impl Fn(&DirEntry) -> bool {
    move |entry| {
        let path = entry.path();
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        let is_wanted = places.covers(path) || (is_folder && places.reach_below(path));
        if !is_wanted {
            return false;
        }
        if !is_folder || entry.depth() == 0 {
            return true;
        }
        if without.iter().any(|other| other == path) {
            return false;
        }
        let is_foreign = is_foreign_folder(&entry.file_name().to_string_lossy())
            || path.join(CACHE_TAG).is_file();
        if is_foreign {
            *foreign.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
        !is_foreign
    }
}

fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

fn modified(metadata: &Metadata) -> Option<Timestamp> {
    let moment = metadata.modified().ok()?;
    let micros = match moment.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |m| -m),
    };
    Some(Timestamp::from_unix_micros(micros))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn judge(path: &str) -> Result<String, Skip> {
        match path.rsplit_once('.') {
            Some((_, "rs")) => Ok("rust".to_owned()),
            Some((_, "js")) => Ok("javascript".to_owned()),
            _ => Err(Skip::UnknownLanguage),
        }
    }

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("writable");
            fs::write(path, text).expect("writable");
        }
        folder
    }

    fn list_all(root: &Path, limits: Limits) -> Listing {
        let everything = [root.to_owned()].into_iter().collect();
        list(root, &everything, &[], limits, judge)
    }

    fn paths(listing: &Listing) -> Vec<&str> {
        let files = listing.files.iter();
        files.map(|file| file.relative.as_str()).collect()
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], limits: Limits, expected: &[&str]) -> Listing {
        let folder = folder(files);
        let listing = list_all(folder.path(), limits);
        assert_eq!(paths(&listing), expected);
        listing
    }

    #[test]
    fn files_come_in_order_with_their_sizes() {
        let listing = check(
            &[("b.rs", "bb"), ("a/z.rs", "z"), ("a.rs", "a")],
            Limits::default(),
            &["a/z.rs", "a.rs", "b.rs"],
        );
        let sizes: Vec<u64> = listing.files.iter().map(|file| file.size).collect();
        assert_eq!(sizes, [1, 1, 2]);
        assert_eq!(listing.folders.len(), 2, "the root and `a`");
    }

    #[test]
    fn ignored_hidden_foreign_and_cached_files_are_left_alone() {
        let listing = check(
            &[
                (".gitignore", "out.rs\n"),
                (".ignore", "private/\n"),
                (".mantleignore", "secret.rs\n"),
                ("out.rs", ""),
                ("private/a.rs", ""),
                ("secret.rs", ""),
                (".hidden/a.rs", ""),
                ("node_modules/a/b.js", ""),
                ("go/vendor/a/b.js", ""),
                ("target/CACHEDIR.TAG", ""),
                ("target/a.rs", ""),
                ("src/secret.rs", ""),
                ("src/kept.rs", ""),
            ],
            Limits::default(),
            &["src/kept.rs"],
        );
        let foreign = (Skip::Foreign, 3);
        assert_eq!(listing.skipped, BTreeMap::from([foreign]));
    }

    #[test]
    fn a_foreign_folder_that_somebody_opened_is_their_workspace() {
        let folder = folder(&[("vendor/a.rs", "a")]);
        let listing = list_all(&folder.path().join("vendor"), Limits::default());
        assert_eq!(paths(&listing), ["a.rs"]);
    }

    #[test]
    fn what_is_skipped_is_counted_by_reason() {
        let limits = Limits {
            file_bytes: 10,
            ..Limits::default()
        };
        let listing = check(
            &[
                ("a.txt", "a"),
                ("big.rs", "0123456789a"),
                ("lib.min.js", "a"),
                ("ten.rs", "0123456789"),
            ],
            limits,
            &["ten.rs"],
        );
        let expected = [Skip::UnknownLanguage, Skip::TooLarge, Skip::Minified].map(|why| (why, 1));
        assert_eq!(listing.skipped, BTreeMap::from(expected));
    }

    #[test]
    fn it_ends_at_the_limit_of_files_and_says_so() {
        let limits = Limits {
            files: 2,
            ..Limits::default()
        };
        let files = [("a.rs", "a"), ("b.rs", "b"), ("c.rs", "c")];
        assert!(check(&files, limits, &["a.rs", "b.rs"]).is_capped);
        assert!(!check(&files[..2], limits, &["a.rs", "b.rs"]).is_capped);
    }

    #[test]
    fn a_few_places_are_listed_by_the_same_rules() {
        let folder = folder(&[
            (".gitignore", "out/\n"),
            ("a.rs", ""),
            ("out/b.rs", ""),
            ("src/c.rs", ""),
            ("src/deep/d.rs", ""),
            ("src/deep/e.rs", ""),
            ("src/deeper/f.rs", ""),
            ("vendor/g.rs", ""),
        ]);
        let root = folder.path();
        let list_at = |places: &[&str], without: &[&str]| {
            let places = places.iter().map(|place| root.join(place)).collect();
            let without: Vec<PathBuf> = without.iter().map(|path| root.join(path)).collect();
            list(root, &places, &without, Limits::default(), judge)
        };
        let found = list_at(
            &["out/b.rs", "src/deep", "src/c.rs", "gone.rs", "vendor/g.rs"],
            &[],
        );
        assert_eq!(
            paths(&found),
            ["src/c.rs", "src/deep/d.rs", "src/deep/e.rs"]
        );
        let found = list_at(&["src"], &["src/deep"]);
        assert_eq!(paths(&found), ["src/c.rs", "src/deeper/f.rs"]);
    }

    #[test]
    fn a_file_is_read_up_to_the_limit_it_may_have_grown_to() {
        let folder = folder(&[("a.rs", "0123456789")]);
        let listing = list_all(folder.path(), Limits::default());
        let limits = Limits {
            file_bytes: 9,
            ..Limits::default()
        };
        assert_eq!(listing.files[0].read(limits), Err(Skip::TooLarge));
        let whole = listing.files[0].read(Limits::default());
        assert_eq!(whole.as_deref(), Ok("0123456789"));
        fs::remove_file(&listing.files[0].path).expect("it is there");
        assert_eq!(
            listing.files[0].read(Limits::default()),
            Err(Skip::Unreadable)
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_root_is_not_followed() {
        let outside = folder(&[("secret.rs", "s"), ("folder/secret.rs", "s")]);
        let inside = folder(&[("own.rs", "o")]);
        for name in ["secret.rs", "folder"] {
            std::os::unix::fs::symlink(outside.path().join(name), inside.path().join(name))
                .expect("links can be made");
        }
        let listing = list_all(inside.path(), Limits::default());
        assert_eq!(paths(&listing), ["own.rs"]);
    }

    #[test]
    fn a_root_that_is_not_there_is_empty() {
        let gone = Path::new("/nowhere/at/all");
        assert!(list_all(gone, Limits::default()).files.is_empty());
    }
}
