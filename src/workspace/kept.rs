//! The index on disk: the tables of the open folders, and what each learner wants to have back.
//!
//! A small file names the large ones and is put in place last, so that a reader sees one whole
//! state, the old or the new one, whenever a writer is killed. What is damaged or of another version
//! is as good as none: it is learnt anew. Whether a large file is sound its learner knows.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::lock::IndexLock;
use super::manifest::Manifest;
use crate::domain::fnv1a;

const FILE_NAME: &str = "index.json";
/// Goes up when the meaning of a field changes; another version is as good as none.
const VERSION: u32 = 2;

/// The index as it was kept.
#[derive(Debug)]
pub struct Kept {
    /// The tables of the folders.
    pub tables: Vec<Manifest>,
    parts: Vec<Part>,
    folder: PathBuf,
    generation: u64,
}

/// Why a kept index cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// There is one, but it is damaged or of another version; learn everything anew.
    #[error("the index on disk is not used: {0}")]
    Unusable(&'static str),
    /// The folder cannot be written. What was there before is still there.
    #[error("the index cannot be written; check the space and the permissions of the cache folder")]
    Io(#[from] io::Error),
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    generation: u64,
    parts: &'a [Part],
    tables: &'a [Manifest],
}

#[derive(Deserialize)]
struct Read {
    generation: u64,
    parts: Vec<Part>,
    tables: Vec<Manifest>,
}

/// A large file: what one learner knows.
#[derive(Debug, Serialize, Deserialize)]
struct Part {
    learner: String,
    bytes: u64,
}

/// Each state has its own name, so that the one before stays whole until this one counts.
fn part_path(folder: &Path, learner: &str, generation: u64) -> PathBuf {
    folder.join(format!("{learner}.{generation}"))
}

impl Kept {
    /// Reads the tables of an index folder; `None` when nothing was kept.
    ///
    /// # Errors
    /// [`KeptError::Unusable`] says what is wrong with it.
    pub fn load(folder: &Path) -> Result<Option<Self>, KeptError> {
        let read = read(folder)?;
        Ok(read.map(|read| Self {
            tables: read.tables,
            parts: read.parts,
            folder: folder.to_owned(),
            generation: read.generation,
        }))
    }

    /// Returns the names of the learners whose knowledge was kept.
    pub fn learners(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|part| part.learner.as_str())
    }

    /// Opens what a learner knew; it must see for itself whether that is sound.
    ///
    /// # Errors
    /// [`KeptError::Unusable`] when it is not there, or not as long as it was.
    pub fn open(&self, learner: &str) -> Result<File, KeptError> {
        let missing = KeptError::Unusable("a part of it is missing");
        let Some(part) = self.parts.iter().find(|part| part.learner == learner) else {
            return Err(missing);
        };
        let path = part_path(&self.folder, learner, self.generation);
        let file = File::open(path).map_err(|_| missing)?;
        match file.metadata() {
            Ok(metadata) if metadata.len() == part.bytes => Ok(file),
            Ok(_) | Err(_) => Err(KeptError::Unusable("a part of it is cut short")),
        }
    }

    /// Reads the tables alone, for a report; empty where none can be used.
    #[must_use]
    pub fn tables(folder: &Path) -> Vec<Manifest> {
        let read = read(folder).ok().flatten();
        read.map(|read| read.tables).unwrap_or_default()
    }

    /// Returns the folders below the cache folder in which something may be kept.
    #[must_use]
    pub fn folders(cache: &Path) -> Vec<PathBuf> {
        let folders = fs::read_dir(cache.join("index")).into_iter().flatten();
        folders.flatten().map(|folder| folder.path()).collect()
    }

    /// Notes that it is in use: one that is only read would look abandoned.
    pub fn is_used(&self, now: SystemTime) {
        let table = File::options()
            .append(true)
            .open(self.folder.join(FILE_NAME));
        // Where it cannot be noted it cannot be removed either.
        let _ = table.and_then(|table| table.set_modified(now));
    }

    /// Removes the indexes below the cache folder that nobody has used or written since a moment,
    /// and returns how many those were. One that somebody writes just now stays.
    pub fn forget_unused(cache: &Path, since: SystemTime) -> usize {
        let is_unused = |folder: &PathBuf| {
            let files = fs::read_dir(folder).into_iter().flatten().flatten();
            let mut used = files.filter_map(|file| file.metadata().ok()?.modified().ok());
            is_index_name(folder) && used.all(|used| used < since)
        };
        let unused = Self::folders(cache).into_iter().filter(is_unused);
        unused
            .filter(|folder| {
                // Given back before the folder goes: some systems remove no file that is open.
                IndexLock::take(folder).map(drop).is_ok() && fs::remove_dir_all(folder).is_ok()
            })
            .count()
    }

    /// Returns how long the files of an index are together, in bytes.
    #[must_use]
    pub fn bytes_on_disk(folder: &Path) -> u64 {
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        let sizes = files.filter_map(|file| Some(file.metadata().ok()?.len()));
        sizes.sum()
    }
}

/// Writes an index; the lock shows that nobody else writes. `save` writes what a learner knows.
///
/// # Errors
/// When the folder cannot be written; the index that was there is still there and whole.
pub fn keep(
    folder: &Path,
    _lock: &IndexLock,
    tables: &[Manifest],
    learners: &[&str],
    save: impl Fn(&str, &mut dyn Write) -> io::Result<()>,
) -> Result<(), KeptError> {
    // One that cannot be read is followed as well as one that can.
    let last = Kept::load(folder).ok().flatten();
    let generation = last.map_or(1, |last| last.generation + 1);
    let mut parts = Vec::with_capacity(learners.len());
    for learner in learners {
        let mut file = File::create(part_path(folder, learner, generation))?;
        save(learner, &mut file)?;
        parts.push(Part {
            learner: (*learner).to_owned(),
            bytes: file.metadata()?.len(),
        });
    }
    let written = Written {
        version: VERSION,
        generation,
        parts: &parts,
        tables,
    };
    let json = serde_json::to_vec(&written).map_err(io::Error::other)?;
    write(&folder.join(FILE_NAME), &json)?;
    let names = learners.iter();
    let names: Vec<PathBuf> = names
        .map(|learner| part_path(folder, learner, generation))
        .collect();
    tidy(folder, &names);
    Ok(())
}

/// Puts a whole file in place: a reader sees what was there or all of this.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_added_extension("new");
    fs::write(&unfinished, bytes)?;
    fs::rename(&unfinished, path)
}

/// Removes what earlier states have left. A file that cannot be removed only takes room.
fn tidy(folder: &Path, parts: &[PathBuf]) {
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = file.path();
        // Others keep files of their own here.
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_part = extension.is_some_and(|end| end == "new" || end.parse::<u64>().is_ok());
        if is_part && !parts.contains(&path) && path.is_file() {
            let _ = fs::remove_file(path);
        }
    }
}

fn read(folder: &Path) -> Result<Option<Read>, KeptError> {
    let bytes = match fs::read(folder.join(FILE_NAME)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err(KeptError::Unusable("it cannot be read")),
    };
    let version: VersionOnly =
        serde_json::from_slice(&bytes).map_err(|_| KeptError::Unusable("its table is damaged"))?;
    if version.version != VERSION {
        return Err(KeptError::Unusable("it is of another version"));
    }
    let read: Read =
        serde_json::from_slice(&bytes).map_err(|_| KeptError::Unusable("its table is damaged"))?;
    Ok(Some(read))
}

/// Whether a folder has the name of an index: nothing else is removed, whoever put it there.
fn is_index_name(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

/// Returns the folder below the cache folder that belongs to the folders of a workspace, in
/// whichever order they are open.
#[must_use]
pub fn index_folder(cache: &Path, roots: &[PathBuf]) -> PathBuf {
    let mut names: Vec<&[u8]> = roots
        .iter()
        .map(|root| root.as_os_str().as_encoded_bytes())
        .collect();
    names.sort_unstable();
    let hash = fnv1a(&names.join(&0));
    cache.join("index").join(format!("{hash:016x}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    struct Desk {
        folder: tempfile::TempDir,
        lock: IndexLock,
    }

    impl Desk {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let lock = IndexLock::take(folder.path()).expect("nobody holds it");
            Self { folder, lock }
        }

        fn keep(&self, root: &str, text: &str) {
            let tables = [Manifest::new(Path::new(root))];
            let save = |learner: &str, output: &mut dyn Write| {
                assert_eq!(learner, "words");
                output.write_all(text.as_bytes())
            };
            let kept = keep(self.folder.path(), &self.lock, &tables, &["words"], save);
            kept.expect("writable");
        }

        fn parts(&self) -> Vec<PathBuf> {
            let files = fs::read_dir(self.folder.path())
                .expect("readable")
                .flatten();
            let is_part = |path: &PathBuf| path.to_string_lossy().contains("words.");
            files.map(|file| file.path()).filter(is_part).collect()
        }

        fn load(&self) -> Result<Option<Kept>, KeptError> {
            Kept::load(self.folder.path())
        }

        fn words(&self) -> Result<String, KeptError> {
            let kept = self.load()?.expect("something was kept");
            Ok(io::read_to_string(kept.open("words")?)?)
        }
    }

    #[test]
    fn what_was_kept_comes_back_and_the_state_before_takes_no_room() {
        let desk = Desk::new();
        assert!(matches!(desk.load(), Ok(None)));
        desk.keep("/one", "first state");
        desk.keep("/two", "second");
        let kept = desk.load().expect("whole").expect("there");
        assert_eq!(kept.tables, [Manifest::new(Path::new("/two"))]);
        assert_eq!(kept.learners().collect::<Vec<_>>(), ["words"]);
        assert_eq!(desk.words().expect("whole"), "second");
        assert_eq!(desk.parts().len(), 1);
        assert_eq!(Kept::tables(desk.folder.path()), kept.tables);
    }

    #[test]
    fn what_nobody_has_used_for_long_is_removed_and_nothing_else() {
        let cache = tempfile::tempdir().expect("a temporary folder can be made");
        let day = |n: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(n * 86_400);
        let made = |name: &str| {
            let folder = cache.path().join("index").join(name);
            let lock = IndexLock::take(&folder).expect("nobody holds it");
            keep(&folder, &lock, &[], &[], |_, _| Ok(())).expect("writable");
            drop(lock);
            for file in fs::read_dir(&folder).expect("readable").flatten() {
                let file = File::options().append(true).open(file.path());
                file.and_then(|file| file.set_modified(day(1)))
                    .expect("writable");
            }
            folder
        };
        let [old, read, held] = ["00aa", "00bb", "00cc"].map(|end| made(&format!("{end:0>16}")));
        let other = made("notes");
        let kept = Kept::load(&read).expect("whole").expect("there");
        kept.is_used(day(99));
        let lock = IndexLock::take(&held).expect("nobody holds it");
        for file in fs::read_dir(&held).expect("readable").flatten() {
            let file = File::options().append(true).open(file.path());
            file.and_then(|file| file.set_modified(day(1)))
                .expect("writable");
        }
        assert_eq!(Kept::forget_unused(cache.path(), day(50)), 1);
        let is_there = [&old, &read, &held, &other].map(|folder| folder.exists());
        assert_eq!(is_there, [false, true, true, true]);
        drop(lock);
    }

    #[test]
    fn a_writer_that_was_killed_leaves_the_state_before() {
        let desk = Desk::new();
        desk.keep("/one", "first state");
        fs::write(desk.folder.path().join("words.2"), "half").expect("writable");
        fs::write(desk.folder.path().join("index.json.new"), "half").expect("writable");
        assert_eq!(desk.words().expect("whole"), "first state");
        desk.keep("/one", "next");
        assert_eq!(desk.words().expect("whole"), "next");
        assert_eq!(desk.parts().len(), 1, "what it left is gone");
    }

    #[test]
    fn a_writer_that_fails_leaves_the_state_before() {
        let desk = Desk::new();
        desk.keep("/one", "first state");
        let fail = |_: &str, _: &mut dyn Write| Err(io::Error::other("no space"));
        let kept = keep(desk.folder.path(), &desk.lock, &[], &["words"], fail);
        assert!(matches!(kept, Err(KeptError::Io(_))));
        assert_eq!(desk.words().expect("whole"), "first state");
    }

    #[test]
    fn damage_is_seen_and_mended_by_the_next_writer() {
        let desk = Desk::new();
        desk.keep("/one", "first state");
        let part = desk.parts().remove(0);
        fs::write(&part, "first").expect("writable");
        assert!(matches!(desk.words(), Err(KeptError::Unusable(_))));
        fs::remove_file(&part).expect("it is there");
        assert!(matches!(desk.words(), Err(KeptError::Unusable(_))));
        let table = desk.folder.path().join(FILE_NAME);
        for damaged in [
            "",
            "{\"version\":2",
            "[]",
            "{\"version\":2}",
            "{\"version\":1}",
        ] {
            fs::write(&table, damaged).expect("writable");
            assert!(
                matches!(desk.load(), Err(KeptError::Unusable(_))),
                "{damaged}"
            );
            assert!(Kept::tables(desk.folder.path()).is_empty());
        }
        desk.keep("/one", "anew");
        assert_eq!(desk.words().expect("whole"), "anew");
    }

    #[test]
    fn each_set_of_folders_has_its_own_place_in_any_order() {
        let place = |roots: &[&str]| {
            let roots: Vec<PathBuf> = roots.iter().map(PathBuf::from).collect();
            index_folder(Path::new("/c"), &roots)
        };
        assert_eq!(place(&["/w/one", "/w/two"]), place(&["/w/two", "/w/one"]));
        assert_ne!(place(&["/w/one"]), place(&["/w/two"]));
        assert_ne!(place(&["/w/one"]), place(&["/w/one", "/w/two"]));
        assert!(place(&["/w"]).starts_with("/c/index"));
    }
}
