//! The table of one folder's files: what was learnt, from which state of each file, and what was
//! left out after a look into it. It holds no text. From it an update sees what has changed.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::content::Skip;
use super::places::Places;
use super::walk::SourceFile;
use crate::domain::{Timestamp, fnv1a};

/// A file that was changed so shortly before it was read may be changed again within the same tick
/// of the file system's clock, which is two seconds on the coarsest.
const DOUBT: Duration = Duration::from_secs(2);

/// The state of a file, as far as it is seen without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Its length in bytes.
    pub size: u64,
    /// When it was changed last; `None` where that says nothing about what was learnt.
    pub modified: Option<Timestamp>,
}

impl Stamp {
    /// Returns the stamp of a file that is read at `now`.
    #[must_use]
    pub fn of(file: &SourceFile, now: Timestamp) -> Self {
        let is_settled = |modified: &Timestamp| now.since(*modified) > DOUBT;
        Self {
            size: file.size,
            modified: file.modified.filter(is_settled),
        }
    }

    fn is_of(self, file: &SourceFile) -> bool {
        self.modified.is_some() && (self.size, self.modified) == (file.size, file.modified)
    }
}

/// One file as it was learnt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indexed {
    /// Its language id.
    pub language: String,
    /// Its state on disk.
    pub stamp: Stamp,
    /// The length of the text that was learnt, in bytes.
    pub bytes: u64,
    /// A hash of that text, to see through a changed time; not proof against intent.
    pub content: u64,
}

/// One file that was looked at and left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Its state on disk.
    pub stamp: Stamp,
    /// Why it is not learnt.
    pub why: Skip,
}

/// What is known of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The folder.
    pub root: PathBuf,
    /// Whether it holds a dependency of an open folder, and is not open itself.
    #[serde(default)]
    pub is_dependency: bool,
    /// The files that were learnt, by path from the root on.
    pub files: BTreeMap<String, Indexed>,
    /// The files that were looked at and left out.
    pub left: BTreeMap<String, Left>,
    /// How many files were left out unseen when all were listed last, by reason.
    pub skipped: BTreeMap<Skip, usize>,
    /// Whether a limit ended that listing, so that files are missing.
    pub is_capped: bool,
    /// When the table was changed last.
    pub updated: Option<Timestamp>,
}

impl Manifest {
    /// Makes the table of a folder of which nothing is known.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            is_dependency: false,
            files: BTreeMap::new(),
            left: BTreeMap::new(),
            skipped: BTreeMap::new(),
            is_capped: false,
            updated: None,
        }
    }

    /// Returns whether a file is as it was when it was last looked at.
    #[must_use]
    pub fn is_unchanged(&self, file: &SourceFile) -> bool {
        let (learnt, left) = (
            self.files.get(&file.relative),
            self.left.get(&file.relative),
        );
        learnt.is_some_and(|known| known.language == file.language && known.stamp.is_of(file))
            // What had no room may have some by now.
            || left.is_some_and(|left| left.why != Skip::NoRoom && left.stamp.is_of(file))
    }

    /// Notes what was learnt of a file; returns whether its text is another one than before.
    pub fn learn(&mut self, file: &SourceFile, stamp: Stamp, text: &str) -> bool {
        self.left.remove(&file.relative);
        let learnt = Indexed {
            language: file.language.clone(),
            stamp,
            bytes: text.len() as u64,
            content: fnv1a(text.as_bytes()),
        };
        let is_known = |known: &Indexed| {
            (known.content, known.bytes, &known.language)
                == (learnt.content, learnt.bytes, &learnt.language)
        };
        let is_other = !self.files.get(&file.relative).is_some_and(is_known);
        self.files.insert(file.relative.clone(), learnt);
        is_other
    }

    /// Notes that a file is left out; returns whether it was known before and must be forgotten.
    pub fn leave(&mut self, relative: &str, stamp: Stamp, why: Skip) -> bool {
        self.left.insert(relative.to_owned(), Left { stamp, why });
        self.files.remove(relative).is_some()
    }

    /// Drops what lies in `places` and is not among `found`, which is sorted by path; returns the
    /// files that must be forgotten.
    pub fn drop_gone(&mut self, places: &Places, found: &[SourceFile]) -> Vec<String> {
        let is_everything = places.covers(&self.root);
        let root = &self.root;
        let found: HashSet<&str> = found.iter().map(|file| file.relative.as_str()).collect();
        let is_gone = |relative: &String| {
            !found.contains(relative.as_str())
                && (is_everything || places.covers(&root.join(relative)))
        };
        self.left.retain(|relative, _| !is_gone(relative));
        let gone: Vec<String> = self
            .files
            .keys()
            .filter(|path| is_gone(path))
            .cloned()
            .collect();
        for relative in &gone {
            self.files.remove(relative);
        }
        gone
    }

    /// Returns how long the learnt texts are together, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }

    /// Returns how many files are left out, by reason; ignored ones are not counted.
    #[must_use]
    pub fn left_out(&self) -> BTreeMap<Skip, usize> {
        let mut counts = self.skipped.clone();
        for left in self.left.values() {
            *counts.entry(left.why).or_default() += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_795_000_000_000_000);

    fn file(relative: &str, text: &str, age: Duration) -> SourceFile {
        SourceFile {
            path: Path::new("/w").join(relative),
            relative: relative.to_owned(),
            language: "rust".to_owned(),
            modified: Some(NOW.minus(age)),
            size: text.len() as u64,
        }
    }

    fn manifest(files: &[(&str, &str)]) -> Manifest {
        let mut manifest = Manifest::new(Path::new("/w"));
        for (relative, text) in files {
            let file = file(relative, text, Duration::from_hours(1));
            assert!(manifest.learn(&file, Stamp::of(&file, NOW), text), "new");
        }
        manifest
    }

    #[test]
    fn size_and_time_tell_that_a_file_is_unchanged() {
        let manifest = manifest(&[("a.rs", "abc")]);
        let hour = Duration::from_hours(1);
        assert!(manifest.is_unchanged(&file("a.rs", "abc", hour)));
        assert!(!manifest.is_unchanged(&file("a.rs", "abcd", hour)));
        assert!(!manifest.is_unchanged(&file("a.rs", "abc", hour / 2)));
        assert!(!manifest.is_unchanged(&file("b.rs", "abc", hour)));
    }

    #[test]
    fn a_time_that_a_later_change_may_share_says_nothing() {
        let mut manifest = Manifest::new(Path::new("/w"));
        let young = file("a.rs", "abc", Duration::from_secs(1));
        manifest.learn(&young, Stamp::of(&young, NOW), "abc");
        assert!(!manifest.is_unchanged(&young), "it is read again");
        assert!(
            !manifest.learn(&young, Stamp::of(&young, NOW), "abc"),
            "and is the same"
        );
        assert!(
            manifest.learn(&young, Stamp::of(&young, NOW), "abd"),
            "or not"
        );
    }

    #[test]
    fn a_file_that_was_left_out_is_not_looked_at_again_until_it_changes() {
        let mut manifest = manifest(&[("a.rs", "abc")]);
        let hour = Duration::from_hours(1);
        let minified = file("a.rs", "x=1;y=2", hour);
        let stamp = Stamp::of(&minified, NOW);
        assert!(
            manifest.leave("a.rs", stamp, Skip::Minified),
            "it was learnt"
        );
        assert!(manifest.is_unchanged(&minified));
        assert_eq!(manifest.left_out(), BTreeMap::from([(Skip::Minified, 1)]));
        assert!(
            !manifest.leave("a.rs", stamp, Skip::Minified),
            "nothing to forget"
        );
        manifest.learn(&file("a.rs", "abc", hour), stamp, "abc");
        assert!(manifest.left.is_empty());
    }

    #[test]
    fn what_is_not_found_in_the_places_that_were_listed_is_gone() {
        let files = [
            ("a/1.rs", "1"),
            ("a/2.rs", "2"),
            ("b.rs", "b"),
            ("c.rs", "c"),
        ];
        let mut manifest = manifest(&files);
        let places = ["/w/a", "/w/c.rs"].map(PathBuf::from).into_iter().collect();
        let found = [file("a/1.rs", "1", Duration::from_hours(1))];
        assert_eq!(manifest.drop_gone(&places, &found), ["a/2.rs", "c.rs"]);
        let left: Vec<&String> = manifest.files.keys().collect();
        assert_eq!(left, ["a/1.rs", "b.rs"]);
        let everything = [PathBuf::from("/w")].into_iter().collect();
        assert_eq!(manifest.drop_gone(&everything, &[]), ["a/1.rs", "b.rs"]);
    }
}
