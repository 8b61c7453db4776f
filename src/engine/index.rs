//! The workspace is learnt in the background and kept up with; completions work meanwhile.
//!
//! `pending` gathers where something may have changed, `update` looks there and tells the learners
//! behind `lessons`, on a thread of low priority (`quiet`). `folders` are those that are open,
//! `room` says what is learnt when not everything fits, `keep` carries it over to the next start.

mod folders;
mod keep;
mod lessons;
mod look;
mod pending;
mod quiet;
mod room;
#[cfg(test)]
mod tests;
mod update;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

pub use lessons::{Learner, Lesson};
pub use look::KeptFolder;

use super::{Engine, StatusState};
use crate::documents::Language;
use crate::workspace::{Limits, Watcher, dependencies};
use folders::Folders;
use lessons::Lessons;
use pending::Pending;
use quiet::on_a_quiet_thread;
use update::{Known, Tables};

/// Memory that is reckoned for a byte of text: the embedded model holds 1.7 bytes for it and needs
/// room for a second copy of a part while it merges, the library holds 0.7.
const MEMORY_PER_BYTE: usize = 4;

/// What is learnt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct IndexReport {
    /// Files.
    pub files: usize,
    /// Their bytes.
    pub bytes: usize,
    /// The memory that it takes, in bytes.
    pub memory: usize,
}

/// How far an update is, in bytes of text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Read and learnt.
    pub done: u64,
    /// To be read; 0 until it is known.
    pub total: u64,
    /// It is so little that nobody needs to hear of it.
    pub is_small: bool,
}

/// What the index does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Indexing {
    /// The first look has not begun.
    NotStarted,
    /// It looks at the workspace, or at a part of it.
    Running(Progress),
    /// It has looked at all that it was told of.
    Done(IndexReport),
}

/// The index of the workspace.
pub struct Index {
    folders: Folders,
    pending: Arc<Pending>,
    tables: Tables,
    lessons: Lessons,
    /// Whether somebody learns by now who was not told of the files that are known.
    begins_again: AtomicBool,
    limits: Limits,
    /// Memory of the learners, in bytes.
    memory: usize,
    /// Where cargo keeps sources, if dependencies are to be learnt.
    cargo_home: Option<PathBuf>,
    state: watch::Sender<Indexing>,
    watches: AtomicBool,
    /// The folders that were looked into.
    seen: Mutex<HashSet<PathBuf>>,
}

impl Index {
    /// Makes the index of these folders; nothing is read yet.
    pub fn new(roots: Vec<PathBuf>, memory: usize, cargo_home: Option<PathBuf>) -> Self {
        Self {
            folders: Folders::new(roots),
            pending: Arc::default(),
            tables: Tables::default(),
            lessons: Lessons::default(),
            begins_again: AtomicBool::new(false),
            limits: Limits::default(),
            memory,
            cargo_home,
            state: watch::Sender::new(Indexing::NotStarted),
            watches: AtomicBool::new(false),
            seen: Mutex::default(),
        }
    }

    /// Tells somebody of all files from now on; returns whether it was not told before.
    pub fn teach(&self, learner: &Arc<impl Learner + 'static>) -> bool {
        self.lessons.add(Arc::clone(learner) as Arc<dyn Learner>)
    }

    /// Learns all files again, for those who learn by now and did not before.
    pub fn begin_again(&self) {
        self.begins_again.store(true, Ordering::Relaxed);
        self.pending.add_everything();
    }

    /// Returns the open folder that a file belongs to.
    pub fn folder_of(&self, path: &Path) -> Option<PathBuf> {
        self.folders.of(path)
    }

    /// Returns the folder that was opened first.
    pub fn first_folder(&self) -> Option<PathBuf> {
        self.folders.first()
    }

    /// Returns how much text is learnt at most, in bytes.
    fn room(&self) -> u64 {
        (self.memory / MEMORY_PER_BYTE) as u64
    }

    /// Returns the folders of dependencies on disk that are to be learnt.
    fn dependencies_of(&self, roots: &[PathBuf]) -> Vec<PathBuf> {
        let Some(cargo_home) = &self.cargo_home else {
            return Vec::new();
        };
        let of = |root: &PathBuf| dependencies(root, cargo_home);
        let mut folders: Vec<PathBuf> = roots.iter().flat_map(of).collect();
        folders.retain(|folder| !roots.contains(folder));
        folders.sort_unstable();
        folders.dedup();
        folders
    }

    fn seen(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watches(&self) -> bool {
        self.watches.load(Ordering::Relaxed)
    }

    fn new_watcher(&self) -> Option<Watcher> {
        let pending = Arc::clone(&self.pending);
        let watcher = Watcher::new(move |heard| pending.hear(heard));
        if let Err(error) = &watcher {
            tracing::warn!(%error, "changes on disk are seen at the next start");
            self.watches.store(false, Ordering::Relaxed);
        }
        watcher.ok()
    }

    fn tell(&self, progress: Progress) {
        self.state.send_replace(Indexing::Running(progress));
    }

    fn report(&self, known: &Known) -> IndexReport {
        let bytes: u64 = known.tables.iter().map(|table| table.bytes()).sum();
        IndexReport {
            files: known.tables.iter().map(|table| table.files.len()).sum(),
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            memory: self.lessons.bytes(),
        }
    }
}

impl Engine {
    /// Learns every file of the open folders; returns when it is done. Dropping the future leaves
    /// the work running to its end.
    pub async fn index(self: &Arc<Self>) -> IndexReport {
        self.index.pending.add_everything();
        self.status.send_modify(|status| {
            status.set(StatusState::Indexing, "learning the workspace".to_owned());
        });
        self.look_now().await
    }

    /// Follows what changes in the workspace, until the session ends.
    pub async fn follow_changes(self: &Arc<Self>) {
        loop {
            tokio::select! {
                () = self.closing.cancelled() => return,
                () = self.index.pending.settled() => {}
            }
            self.look_now().await;
        }
    }

    /// Waits until all that was told before is learnt.
    pub async fn indexed(&self) -> IndexReport {
        let mut state = self.index.state.subscribe();
        loop {
            self.index.pending.hurry();
            // An update says that it runs before it takes what waits: in this order none is missed.
            let is_empty = self.index.pending.is_empty();
            if let (true, Indexing::Done(report)) = (is_empty, *state.borrow_and_update()) {
                return report;
            }
            if state.changed().await.is_err() {
                return IndexReport::default();
            }
        }
    }

    /// Follows what the index does.
    #[must_use]
    pub fn indexing(&self) -> watch::Receiver<Indexing> {
        self.index.state.subscribe()
    }

    /// Notes that files or folders may have changed on disk; they are looked at soon.
    pub fn look_again(&self, paths: impl IntoIterator<Item = PathBuf>) {
        self.index.pending.add(paths);
    }

    /// Notes what an editor's watcher reports, which knows nothing of what is ignored here: what did
    /// not happen right in a folder that was looked into cannot concern anybody.
    pub fn hear_of(&self, paths: impl Iterator<Item = PathBuf>) {
        let seen = self.index.seen();
        let concerns = |path: &PathBuf| {
            let folder = path.parent();
            seen.contains(path) || folder.is_some_and(|folder| seen.contains(folder))
        };
        self.index.pending.add(paths.filter(concerns));
    }

    /// Notes that anything may have changed on disk.
    pub fn look_at_everything(&self) {
        self.index.pending.add_everything();
    }

    /// Watches the open folders from the next look on, for an editor that does not.
    pub fn watch_the_disk(&self) {
        self.index.watches.store(true, Ordering::Relaxed);
    }

    /// Opens and closes folders; what is learnt follows soon.
    pub fn change_folders(&self, added: Vec<PathBuf>, removed: Vec<PathBuf>) {
        let changed: Vec<PathBuf> = added.iter().chain(&removed).cloned().collect();
        self.index.folders.change(added, removed);
        self.index.pending.add(changed);
    }

    async fn look_now(self: &Arc<Self>) -> IndexReport {
        let is_small = !matches!(*self.index.state.borrow(), Indexing::NotStarted);
        self.index.tell(Progress {
            is_small,
            ..Progress::default()
        });
        let engine = Arc::clone(self);
        let report = on_a_quiet_thread(move || engine.update_index()).await;
        let report = report.unwrap_or_else(|| {
            tracing::error!("an update of the index ended early");
            IndexReport::default()
        });
        let IndexReport {
            files,
            bytes,
            memory,
        } = report;
        tracing::info!(files, bytes, memory, "the workspace is learnt");
        self.index.state.send_replace(Indexing::Done(report));
        let plural = if files == 1 { "" } else { "s" };
        let message = format!("{files} file{plural} learnt");
        self.status.send_if_modified(|status| {
            let before = (status.state, status.message.clone());
            status.set(StatusState::Ready, message);
            (status.state, &status.message) != (before.0, &before.1)
        });
        report
    }
}

/// Languages without a grammar that are learnt all the same, by extension, with their LSP ids.
/// Data (CSV, lock files) is left out: it teaches nothing about what comes next.
const WITHOUT_GRAMMAR: [(&str, &str); 23] = [
    ("astro", "astro"),
    ("cljs", "clojure"),
    ("clj", "clojure"),
    ("dart", "dart"),
    ("erl", "erlang"),
    ("ex", "elixir"),
    ("exs", "elixir"),
    ("fs", "fsharp"),
    ("groovy", "groovy"),
    ("hs", "haskell"),
    ("jl", "julia"),
    ("less", "less"),
    ("ml", "ocaml"),
    ("nix", "nix"),
    ("pl", "perl"),
    ("proto", "proto3"),
    ("r", "r"),
    ("scm", "scheme"),
    ("scss", "scss"),
    ("svelte", "svelte"),
    ("vue", "vue"),
    ("zig", "zig"),
    ("zsh", "zsh"),
];

fn language_of(path: &Path) -> Option<String> {
    if let Some(language) = Language::by_path(path) {
        return language.is_learnt.then(|| language.id.to_owned());
    }
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    let known = WITHOUT_GRAMMAR
        .iter()
        .find(|(known, _)| *known == extension);
    known.map(|(_, language)| (*language).to_owned())
}
