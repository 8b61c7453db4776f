//! The index from end to end on real folders, with a learner that remembers what it was told.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use super::{Index, Learner, Lesson};
use crate::documents::{PositionEncoding, TextEdit};
use crate::domain::{DocumentUri, Origin, Policy, Timestamp};
use crate::engine::{Clock, Engine, Setup};
use crate::workspace::{Heard, Skip};

const MEMORY: usize = 64 << 20;

/// Knows what it was taught, and how often.
#[derive(Default)]
struct Pupil {
    known: Mutex<BTreeMap<String, String>>,
    lessons: Mutex<Vec<String>>,
}

impl Pupil {
    /// Takes the names of what was taught since the last time.
    fn lessons(&self) -> Vec<String> {
        let mut lessons = std::mem::take(&mut *self.lessons.lock().expect("no panic"));
        lessons.sort_unstable();
        lessons
    }
}

impl Learner for Pupil {
    fn name(&self) -> &'static str {
        "pupil"
    }

    fn learn(&self, lessons: &[Lesson]) {
        for lesson in lessons {
            let name = lesson.path.rsplit('/').next().unwrap_or_default();
            self.lessons.lock().expect("no panic").push(name.to_owned());
            let mut known = self.known.lock().expect("no panic");
            known.insert(lesson.path.clone(), lesson.text.clone());
        }
    }

    fn forget(&self, paths: &[String]) {
        let mut known = self.known.lock().expect("no panic");
        for path in paths {
            known.remove(path);
        }
    }

    fn bytes(&self) -> usize {
        let known = self.known.lock().expect("no panic");
        known.values().map(String::len).sum()
    }

    fn save(&self, output: &mut dyn Write) -> io::Result<()> {
        let known = self.known.lock().expect("no panic");
        serde_json::to_writer(output, &*known).map_err(io::Error::other)
    }

    fn restore(&self, input: &mut dyn Read) -> bool {
        let restored = serde_json::from_reader(input);
        let is_sound = restored.is_ok();
        if let Ok(known) = restored {
            *self.known.lock().expect("no panic") = known;
        }
        is_sound
    }
}

/// Folders on disk, and the cache beside them.
struct Disk(TempDir);

impl Disk {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let disk = Self(folder);
        for (path, text) in files {
            disk.write(path, text);
        }
        disk
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }

    /// Starts a session in which these folders are open.
    fn session(&self, roots: &[&str]) -> Session {
        self.session_with(roots, MEMORY, None)
    }

    fn session_with(&self, roots: &[&str], memory: usize, cargo_home: Option<PathBuf>) -> Session {
        let roots: Vec<PathBuf> = roots.iter().map(|root| self.path(root)).collect();
        // Far behind the files' own times, so that these can be trusted.
        let now = Timestamp::from_unix_micros(4_000_000_000_000_000);
        let mut engine = Engine::new(Setup {
            policy: Policy::default(),
            models: Vec::new(),
            prices: crate::prices::Prices::default(),
            network: Default::default(),
            key_of: Box::new(|_| Err("there are no keys here".to_owned())),
            ledger: self.path("state/ledger.sqlite3"),
            cache: self.path("cache"),
            origin: Origin::Lsp,
            client: None,
            user: None,
            roots: Vec::new(),
            index_memory: memory,
            dependencies: None,
            clock: Clock::from_fn(move || now),
        });
        let pupil = Arc::new(Pupil::default());
        engine.index = Index::new(roots, memory, cargo_home);
        engine.index.teach(&pupil);
        engine.look_at_everything();
        engine.update_index();
        Session {
            engine: Arc::new(engine),
            pupil,
            folder: self.0.path().to_owned(),
        }
    }
}

struct Session {
    engine: Arc<Engine>,
    pupil: Arc<Pupil>,
    folder: PathBuf,
}

impl Session {
    /// Looks at what waits.
    fn look(&self) {
        self.engine.update_index();
    }

    fn tell(&self, paths: &[&str]) {
        let paths = paths.iter().map(|path| self.folder.join(path));
        self.engine.look_again(paths);
        self.look();
    }

    #[track_caller]
    fn assert_knows(&self, expected: &[(&str, &str)]) {
        let known = self.pupil.known.lock().expect("no panic");
        let relative = |path: &String| {
            let path = Path::new(path).strip_prefix(&self.folder);
            path.expect("below the folder")
                .to_string_lossy()
                .into_owned()
        };
        let known: Vec<(String, String)> = known
            .iter()
            .map(|(path, text)| (relative(path), text.clone()))
            .collect();
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect();
        assert_eq!(known, expected);
    }

    fn uri(&self, path: &str) -> DocumentUri {
        DocumentUri::new(format!("file://{}", self.folder.join(path).display()))
    }

    fn open(&self, path: &str, text: &str) {
        let on_disk = Some(self.folder.join(path));
        self.engine.open(self.uri(path), on_disk, "rust", 1, text);
    }

    fn edit(&self, path: &str, version: i32, text: &str) {
        let edit = TextEdit {
            range: None,
            text: text.to_owned(),
        };
        self.engine
            .change(&self.uri(path), version, &[edit], PositionEncoding::Utf8)
            .expect("it is open");
    }

    /// Ends it as an editor does.
    fn end(self) {
        self.engine.close_index();
    }
}

#[test]
fn what_is_new_changed_and_gone_is_followed() {
    let disk = Disk::new(&[("w/a.rs", "a"), ("w/b.rs", "b"), ("w/deep/c.rs", "c")]);
    let session = disk.session(&["w"]);
    session.assert_knows(&[("w/a.rs", "a"), ("w/b.rs", "b"), ("w/deep/c.rs", "c")]);
    session.pupil.lessons();

    disk.write("w/a.rs", "a2");
    disk.write("w/d.rs", "d");
    fs::remove_file(disk.path("w/b.rs")).expect("it is there");
    session.tell(&["w/a.rs", "w/b.rs", "w/d.rs"]);
    session.assert_knows(&[("w/a.rs", "a2"), ("w/d.rs", "d"), ("w/deep/c.rs", "c")]);
    assert_eq!(
        session.pupil.lessons(),
        ["a.rs", "d.rs"],
        "and nothing else is read"
    );

    fs::rename(disk.path("w/deep"), disk.path("w/high")).expect("it is there");
    session.tell(&["w/deep", "w/high"]);
    session.assert_knows(&[("w/a.rs", "a2"), ("w/d.rs", "d"), ("w/high/c.rs", "c")]);
}

#[test]
fn a_file_that_was_only_touched_is_no_lesson() {
    let disk = Disk::new(&[("w/a.rs", "a")]);
    let session = disk.session(&["w"]);
    session.pupil.lessons();
    let file = fs::File::options().append(true).open(disk.path("w/a.rs"));
    let long_ago = std::time::UNIX_EPOCH + Duration::from_secs(1);
    file.expect("it is there")
        .set_modified(long_ago)
        .expect("times can be set");
    session.tell(&["w/a.rs"]);
    assert!(session.pupil.lessons().is_empty());
}

#[test]
fn what_becomes_ignored_is_forgotten_and_what_is_no_longer_is_learnt() {
    let disk = Disk::new(&[("w/a.rs", "a"), ("w/out/b.rs", "b"), ("w/out/c.rs", "c")]);
    let session = disk.session(&["w"]);
    disk.write("w/.gitignore", "out/\n");
    session.tell(&["w/.gitignore"]);
    session.assert_knows(&[("w/a.rs", "a")]);
    disk.write("w/.gitignore", "out/b.rs\n");
    session.tell(&["w/.gitignore"]);
    session.assert_knows(&[("w/a.rs", "a"), ("w/out/c.rs", "c")]);
}

#[test]
fn what_nobody_wrote_or_may_hold_secrets_is_not_learnt_and_counted() {
    let disk = Disk::new(&[
        ("w/a.rs", "a"),
        ("w/b.rs", "// @generated\n"),
        ("w/c.py", "key = 1\0"),
        ("w/id_rsa.rs", "k"),
        ("w/vendor/d.rs", "d"),
        ("w/e.bin", "e"),
    ]);
    let session = disk.session(&["w"]);
    let known = session.engine.index.tables.lock();
    let left_out = known.tables[0].left_out();
    assert_eq!(left_out[&Skip::Generated], 1);
    assert_eq!(left_out[&Skip::Binary], 1);
    assert_eq!(left_out[&Skip::Foreign], 1);
    assert_eq!(left_out[&Skip::UnknownLanguage], 1);
    drop(known);
    disk.write("w/b.rs", "written by hand by now");
    session.tell(&["w/b.rs"]);
    let known = session.pupil.known.lock().expect("no panic");
    assert!(known.contains_key(&*disk.path("w/b.rs").to_string_lossy()));
}

#[tokio::test]
async fn an_open_document_wins_over_the_disk() {
    let disk = Disk::new(&[("w/a.rs", "disk"), ("w/b.rs", "b")]);
    let session = disk.session(&["w"]);
    session.open("w/a.rs", "kept by the editor");
    session.look();
    session.assert_knows(&[("w/a.rs", "kept by the editor"), ("w/b.rs", "b")]);
    disk.write("w/a.rs", "changed on disk");
    session.tell(&["w/a.rs"]);
    session.assert_knows(&[("w/a.rs", "kept by the editor"), ("w/b.rs", "b")]);

    session.edit("w/a.rs", 2, "saved");
    session.look();
    session.assert_knows(&[("w/a.rs", "kept by the editor"), ("w/b.rs", "b")]);
    session.engine.save(&session.uri("w/a.rs"));
    session.look();
    session.assert_knows(&[("w/a.rs", "saved"), ("w/b.rs", "b")]);

    session.edit("w/a.rs", 3, "not saved");
    session.open("w/b.rs", "b");
    session.edit("w/b.rs", 2, "bb");
    session.look();
    session.assert_knows(&[("w/a.rs", "not saved"), ("w/b.rs", "bb")]);

    session.engine.close_document(&session.uri("w/a.rs"));
    session.look();
    session.assert_knows(&[("w/a.rs", "changed on disk"), ("w/b.rs", "bb")]);
}

#[test]
fn folders_come_and_go_also_inside_each_other() {
    let disk = Disk::new(&[("w/a.rs", "a"), ("w/in/b.rs", "b"), ("v/c.rs", "c")]);
    let session = disk.session(&["w"]);
    let change = |added: &[&str], removed: &[&str]| {
        let paths = |names: &[&str]| names.iter().map(|name| disk.path(name)).collect();
        session.engine.change_folders(paths(added), paths(removed));
        session.look();
    };
    change(&["v", "w/in", "w"], &[]);
    session.assert_knows(&[("v/c.rs", "c"), ("w/a.rs", "a"), ("w/in/b.rs", "b")]);
    disk.write("w/in/d.rs", "d");
    session.tell(&["w/in/d.rs"]);
    let known = session.engine.index.tables.lock();
    let files: Vec<usize> = known.tables.iter().map(|table| table.files.len()).collect();
    assert_eq!(files, [1, 1, 2], "each file in its innermost folder");
    drop(known);
    change(&[], &["w/in", "w"]);
    session.assert_knows(&[
        ("v/c.rs", "c"),
        ("w/a.rs", "a"),
        ("w/in/b.rs", "b"),
        ("w/in/d.rs", "d"),
    ]);
    change(&[], &["w"]);
    session.assert_knows(&[("v/c.rs", "c")]);
    change(&[], &["v"]);
    session.assert_knows(&[]);
}

#[test]
fn without_a_folder_nothing_is_learnt() {
    let disk = Disk::new(&[("w/a.rs", "a")]);
    let session = disk.session(&[]);
    session.tell(&["w/a.rs"]);
    session.assert_knows(&[]);
    session.end();
    assert!(!disk.path("cache").exists());
}

#[test]
fn a_second_start_reads_only_what_has_changed() {
    let disk = Disk::new(&[("w/a.rs", "a"), ("w/b.rs", "b"), ("w/c.rs", "c")]);
    disk.session(&["w"]).end();
    disk.write("w/a.rs", "a2");
    fs::remove_file(disk.path("w/b.rs")).expect("it is there");
    disk.write("w/d.rs", "d");
    let session = disk.session(&["w"]);
    session.assert_knows(&[("w/a.rs", "a2"), ("w/c.rs", "c"), ("w/d.rs", "d")]);
    assert_eq!(session.pupil.lessons(), ["a.rs", "d.rs"]);
    session.end();
    let session = disk.session(&["w"]);
    session.assert_knows(&[("w/a.rs", "a2"), ("w/c.rs", "c"), ("w/d.rs", "d")]);
    assert!(session.pupil.lessons().is_empty());
}

#[test]
fn a_damaged_index_is_learnt_anew() {
    let disk = Disk::new(&[("w/a.rs", "a"), ("w/b.rs", "b")]);
    disk.session(&["w"]).end();
    let kept = fs::read_dir(disk.path("cache/index")).expect("an index");
    let kept = kept.flatten().next().expect("of this folder").path();
    for file in fs::read_dir(kept).expect("files").flatten() {
        let bytes = fs::read(file.path()).expect("readable");
        fs::write(file.path(), &bytes[..bytes.len() / 2]).expect("writable");
    }
    let session = disk.session(&["w"]);
    session.assert_knows(&[("w/a.rs", "a"), ("w/b.rs", "b")]);
    assert_eq!(session.pupil.lessons().len(), 2);
    session.end();
    assert!(
        disk.session(&["w"]).pupil.lessons().is_empty(),
        "and kept again"
    );
}

#[test]
fn a_second_session_reads_the_index_and_leaves_the_writing_to_the_first() {
    let disk = Disk::new(&[("w/a.rs", "a")]);
    let first = disk.session(&["w"]);
    let second = disk.session(&["w"]);
    assert!(second.pupil.lessons().is_empty(), "the first has kept it");
    disk.write("w/a.rs", "a2");
    second.tell(&["w/a.rs"]);
    second.end();
    first.assert_knows(&[("w/a.rs", "a")]);
    first.end();
    let third = disk.session(&["w"]);
    third.assert_knows(&[("w/a.rs", "a2")]);
    assert_eq!(third.pupil.lessons(), ["a.rs"]);
}

#[test]
fn when_not_everything_fits_the_oldest_are_left_out() {
    let text = "x".repeat(1_000);
    let disk = Disk::new(&[("w/old.rs", &text), ("w/new.rs", &text)]);
    let date = |path: &str, seconds: u64| {
        let file = fs::File::options().append(true).open(disk.path(path));
        let time = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
        file.expect("it is there")
            .set_modified(time)
            .expect("times can be set");
    };
    date("w/old.rs", 1_000);
    date("w/new.rs", 2_000);
    let session = disk.session_with(&["w"], 2_000 * super::MEMORY_PER_BYTE, None);
    session.assert_knows(&[("w/new.rs", &text), ("w/old.rs", &text)]);
    disk.write("w/newest.rs", &text);
    session.tell(&["w/newest.rs"]);
    session.assert_knows(&[("w/new.rs", &text), ("w/newest.rs", &text)]);
    fs::remove_file(disk.path("w/newest.rs")).expect("it is there");
    session.tell(&["w"]);
    session.assert_knows(&[("w/new.rs", &text), ("w/old.rs", &text)]);
}

#[test]
fn dependencies_are_learnt_behind_the_workspace_and_have_no_room_first() {
    let text = "x".repeat(1_000);
    let lock = "[[package]]\nname = \"dep\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n";
    let disk = Disk::new(&[
        ("w/Cargo.lock", lock),
        ("w/a.rs", &text),
        ("cargo/registry/src/index/dep-1.0.0/lib.rs", &text),
    ]);
    let session = disk.session_with(
        &["w"],
        2_500 * super::MEMORY_PER_BYTE,
        Some(disk.path("cargo")),
    );
    let dependency = "cargo/registry/src/index/dep-1.0.0/lib.rs";
    session.assert_knows(&[(dependency, &text), ("w/a.rs", &text)]);
    disk.write("w/b.rs", &text);
    session.tell(&["w/b.rs"]);
    session.assert_knows(&[("w/a.rs", &text), ("w/b.rs", &text)]);
    fs::remove_file(disk.path("w/b.rs")).expect("it is there");
    session.tell(&["w/b.rs"]);
    assert!(
        !session.engine.index.pending.is_empty(),
        "there is room again"
    );
    session.look();
    session.assert_knows(&[(dependency, &text), ("w/a.rs", &text)]);
    disk.write("w/Cargo.lock", "");
    session.tell(&["w/Cargo.lock"]);
    session.assert_knows(&[("w/a.rs", &text)]);
}

#[test]
fn what_the_watcher_loses_is_found_by_a_look_at_everything() {
    let disk = Disk::new(&[("w/a.rs", "a")]);
    let session = disk.session(&["w"]);
    for number in 0..100 {
        disk.write(&format!("w/{number}.rs"), "n");
    }
    session.engine.index.pending.hear(Heard::Lost);
    session.look();
    assert_eq!(session.pupil.lessons().len(), 101);
}

#[test]
fn a_client_may_report_what_concerns_nobody() {
    let disk = Disk::new(&[("w/a.rs", "a"), ("w/target/CACHEDIR.TAG", "")]);
    let session = disk.session(&["w"]);
    let hear_of = |path: &str| {
        session.engine.hear_of([disk.path(path)].into_iter());
        !session.engine.index.pending.take().places.is_empty()
    };
    assert!(hear_of("w/a.rs") && hear_of("w/new") && hear_of("w"));
    assert!(!hear_of("w/target/debug/build/x.rs") && !hear_of("other/a.rs"));
}

#[test]
fn a_session_that_ends_stops_between_two_files() {
    let disk = Disk::new(&[("w/a.rs", "a")]);
    let session = disk.session(&["w"]);
    session.pupil.lessons();
    session.engine.closing.cancel();
    disk.write("w/b.rs", "b");
    session.tell(&["w/b.rs"]);
    assert!(session.pupil.lessons().is_empty());
}
