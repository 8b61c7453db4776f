//! Walks a workspace and reads the files that people write, in an order that does not change.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ignore::{DirEntry, WalkBuilder};

use super::content::{Skip, read};
use crate::domain::Timestamp;

/// Besides `.gitignore` and `.ignore`, files with this name say what is left alone.
const OWN_IGNORE_FILE: &str = ".mantleignore";
/// A tool that fills a folder with what it can make again leaves this file there.
const CACHE_TAG: &str = "CACHEDIR.TAG";
/// Folders of other people's code, even where no ignore file names them.
const FOREIGN_FOLDERS: [&str; 3] = ["node_modules", "__pycache__", "site-packages"];

/// How much is read at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Larger files are skipped, in bytes.
    pub file_bytes: u64,
    /// The walk ends after so many files.
    pub files: usize,
    /// The walk ends before the texts together are longer than this, in bytes.
    pub total_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 1024 * 1024,
            files: 50_000,
            total_bytes: 256 * 1024 * 1024,
        }
    }
}

/// A file of the workspace that is worth learning from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it lies.
    pub path: PathBuf,
    /// The same from the root of the workspace on, with `/` on every system.
    pub relative: String,
    /// Its language id.
    pub language: String,
    /// What it says.
    pub text: String,
    /// When it was changed last, where the file system knows.
    pub modified: Option<Timestamp>,
    /// Its length in bytes.
    pub size: u64,
}

/// Why a walk ended before everything was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// There are more files than the limit.
    Files,
    /// The texts are longer together than the limit.
    TotalBytes,
}

/// A walk under way; an iterator over the files, sorted by path.
///
/// Once it has ended it says what was left out.
pub struct Walk<F> {
    entries: ignore::Walk,
    root: PathBuf,
    limits: Limits,
    language_of: F,
    files: usize,
    total_bytes: u64,
    skipped: BTreeMap<Skip, usize>,
    cap: Option<Cap>,
}

/// Starts a walk below `root`.
///
/// Honours `.gitignore`, `.ignore` and `.mantleignore`, leaves hidden files and caches alone, and
/// follows no symbolic link, so that it never leaves the root. `language_of` names the language of
/// a path; files without one are skipped. Nothing is read before the iterator is asked.
pub fn walk<F>(root: &Path, limits: Limits, language_of: F) -> Walk<F>
where
    F: Fn(&Path) -> Option<String>,
{
    let entries = WalkBuilder::new(root)
        .add_custom_ignore_filename(OWN_IGNORE_FILE)
        .require_git(false)
        .follow_links(false)
        .filter_entry(is_own)
        .sort_by_file_path(Path::cmp)
        .build();
    Walk {
        entries,
        root: root.to_owned(),
        limits,
        language_of,
        files: 0,
        total_bytes: 0,
        skipped: BTreeMap::new(),
        cap: None,
    }
}

impl<F> Walk<F> {
    /// Returns how many files were left out so far, by reason; ignored ones are not counted.
    #[must_use]
    pub fn skipped(&self) -> &BTreeMap<Skip, usize> {
        &self.skipped
    }

    /// Returns which limit ended the walk, if one did.
    #[must_use]
    pub fn cap(&self) -> Option<Cap> {
        self.cap
    }

    /// Returns how many files were read so far.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files
    }

    /// Returns how long their texts are together, in bytes.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }
}

impl<F> Walk<F>
where
    F: Fn(&Path) -> Option<String>,
{
    fn read_entry(&self, entry: &DirEntry) -> Result<SourceFile, Skip> {
        let path = entry.path();
        let language = (self.language_of)(path).ok_or(Skip::UnknownLanguage)?;
        let file = File::open(path).map_err(|_| Skip::Unreadable)?;
        let metadata = file.metadata().map_err(|_| Skip::Unreadable)?;
        if metadata.len() > self.limits.file_bytes {
            return Err(Skip::TooLarge);
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        // It may have grown since it was measured.
        let read_to = self.limits.file_bytes.saturating_add(1);
        file.take(read_to)
            .read_to_end(&mut bytes)
            .map_err(|_| Skip::Unreadable)?;
        if bytes.len() as u64 > self.limits.file_bytes {
            return Err(Skip::TooLarge);
        }
        let size = bytes.len() as u64;
        Ok(SourceFile {
            path: path.to_owned(),
            relative: relative(&self.root, path),
            language,
            text: read(bytes)?,
            modified: metadata.modified().ok().map(timestamp),
            size,
        })
    }
}

impl<F> Iterator for Walk<F>
where
    F: Fn(&Path) -> Option<String>,
{
    type Item = SourceFile;

    fn next(&mut self) -> Option<SourceFile> {
        while self.cap.is_none() {
            // A folder that cannot be read is as good as empty.
            let Ok(entry) = self.entries.next()? else {
                *self.skipped.entry(Skip::Unreadable).or_default() += 1;
                continue;
            };
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            match self.read_entry(&entry) {
                Err(reason) => *self.skipped.entry(reason).or_default() += 1,
                Ok(_) if self.files == self.limits.files => self.cap = Some(Cap::Files),
                Ok(file) if self.total_bytes + file.size > self.limits.total_bytes => {
                    self.cap = Some(Cap::TotalBytes);
                }
                Ok(file) => {
                    self.files += 1;
                    self.total_bytes += file.size;
                    return Some(file);
                }
            }
        }
        None
    }
}

fn is_own(entry: &DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    if !is_folder || entry.depth() == 0 {
        return true;
    }
    let is_foreign = FOREIGN_FOLDERS
        .iter()
        .any(|name| entry.file_name() == *name);
    !is_foreign && !entry.path().join(CACHE_TAG).is_file()
}

fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

fn timestamp(moment: SystemTime) -> Timestamp {
    let micros = match moment.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |m| -m),
    };
    Timestamp::from_unix_micros(micros)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn language_of(path: &Path) -> Option<String> {
        match path.extension()?.to_str()? {
            "rs" => Some("rust".to_owned()),
            "js" => Some("javascript".to_owned()),
            _ => None,
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

    #[track_caller]
    fn check(files: &[(&str, &str)], limits: Limits, expected: &[&str]) -> Walk<Languages> {
        let folder = folder(files);
        let mut walk = walk(folder.path(), limits, language_of as Languages);
        let found: Vec<String> = walk.by_ref().map(|file| file.relative).collect();
        assert_eq!(found, expected);
        walk
    }

    type Languages = fn(&Path) -> Option<String>;

    #[test]
    fn files_come_in_order_with_their_text() {
        let folder = folder(&[("b.rs", "b"), ("a/z.rs", "z"), ("a.rs", "a")]);
        let found: Vec<(String, String, u64)> = walk(folder.path(), Limits::default(), language_of)
            .map(|file| (file.relative, file.text, file.size))
            .collect();
        let expected = [("a/z.rs", "z", 1), ("a.rs", "a", 1), ("b.rs", "b", 1)]
            .map(|(path, text, size)| (path.to_owned(), text.to_owned(), size));
        assert_eq!(found, expected);
    }

    #[test]
    fn ignored_hidden_foreign_and_cached_files_are_left_alone() {
        check(
            &[
                (".gitignore", "out.rs\n"),
                (".ignore", "private/\n"),
                (".mantleignore", "secret.rs\n"),
                ("out.rs", ""),
                ("private/a.rs", ""),
                ("secret.rs", ""),
                (".hidden/a.rs", ""),
                ("node_modules/a/b.js", ""),
                ("target/CACHEDIR.TAG", ""),
                ("target/a.rs", ""),
                ("src/secret.rs", ""),
                ("src/kept.rs", ""),
            ],
            Limits::default(),
            &["src/kept.rs"],
        );
    }

    #[test]
    fn what_is_skipped_is_counted_by_reason() {
        let limits = Limits {
            file_bytes: 10,
            ..Limits::default()
        };
        let walk = check(
            &[
                ("a.txt", "a"),
                ("big.rs", "0123456789a"),
                ("null.rs", "a\0"),
                ("ten.rs", "0123456789"),
            ],
            limits,
            &["ten.rs"],
        );
        let expected = [Skip::UnknownLanguage, Skip::TooLarge, Skip::Binary].map(|why| (why, 1));
        assert_eq!(walk.skipped(), &BTreeMap::from(expected));
        assert_eq!(walk.cap(), None);
    }

    #[test]
    fn it_ends_at_the_limit_of_files_and_says_so() {
        let limits = Limits {
            files: 2,
            ..Limits::default()
        };
        let files = [("a.rs", "a"), ("b.rs", "b"), ("c.rs", "c")];
        assert_eq!(
            check(&files, limits, &["a.rs", "b.rs"]).cap(),
            Some(Cap::Files)
        );
        assert_eq!(check(&files[..2], limits, &["a.rs", "b.rs"]).cap(), None);
    }

    #[test]
    fn it_ends_at_the_limit_of_bytes_and_says_so() {
        let limits = Limits {
            total_bytes: 5,
            ..Limits::default()
        };
        let walk = check(
            &[("a.rs", "123"), ("b.rs", "456"), ("c.rs", "7")],
            limits,
            &["a.rs"],
        );
        assert_eq!((walk.cap(), walk.total_bytes()), (Some(Cap::TotalBytes), 3));
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
        let found: Vec<String> = walk(inside.path(), Limits::default(), language_of)
            .map(|file| file.relative)
            .collect();
        assert_eq!(found, ["own.rs"]);
    }

    #[test]
    fn a_root_that_is_not_there_is_empty() {
        let gone = Path::new("/nowhere/at/all");
        assert_eq!(walk(gone, Limits::default(), language_of).count(), 0);
    }
}
