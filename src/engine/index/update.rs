//! One look at what waits: what is new or changed is learnt, what is gone is forgotten.
//!
//! The first look at a workspace, a saved file, a checkout of another branch, a folder that was
//! opened or closed: all of them are this. It runs on one thread at a time, in small batches, so
//! that no lesson holds much memory, and stops between two files when the session ends.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::lessons::Lesson;
use super::pending::Wanted;
use super::room::{give_room, has_room_for_more};
use super::{IndexReport, Progress};
use crate::documents::Snapshot;
use crate::engine::Engine;
use crate::workspace::{
    IndexLock, Listing, Manifest, Places, Skip, SourceFile, Stamp, WatchError, Watcher, list,
};

/// The learners are told of so many bytes of text at once.
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// An update that reads no more than this is none that anybody waits for.
const SMALL_BYTES: u64 = 4 * 1024 * 1024;

/// What the updates know; one of them at a time has it.
#[derive(Debug, Default)]
pub struct Tables(Mutex<Known>);

impl Tables {
    /// Waits for the update that runs, if one does.
    pub fn lock(&self) -> MutexGuard<'_, Known> {
        // A table that a panic left behind may claim too much; a file that is said to be known and
        // is not costs suggestions until it changes, no more.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tables of the open folders and what hangs on them.
#[derive(Debug, Default)]
pub struct Known {
    /// One for each folder; a folder comes before those inside it.
    pub tables: Vec<Manifest>,
    pub watcher: Option<Watcher>,
    /// The folders that the lock is for, and the lock where we have it.
    pub lock: Option<(Vec<PathBuf>, Option<IndexLock>)>,
    /// How many bytes of text came or went since the index was kept last.
    pub unkept_bytes: u64,
    has_looked: bool,
}

/// An update under way.
struct Update<'a> {
    engine: &'a Engine,
    open: HashMap<PathBuf, Snapshot>,
    batch: Vec<Lesson>,
    batch_bytes: usize,
    progress: Progress,
    moved_bytes: u64,
}

impl Engine {
    /// Looks at all that waits; returns what is known then.
    pub(super) fn update_index(&self) -> IndexReport {
        let index = &self.index;
        let mut known = index.tables.lock();
        let wanted = index.pending.take();
        if index.lessons.is_empty() {
            return IndexReport::default();
        }
        let known = &mut *known;
        let roots = index.folders.roots();
        let is_first = !std::mem::replace(&mut known.has_looked, true);
        let begins_again = index.begins_again.swap(false, Ordering::Relaxed);
        if begins_again && !is_first {
            known.tables.clear();
        }
        if is_first {
            self.recall_confidence(&roots);
            self.recall_index(known, &roots);
        }
        let mut places = self.open_and_close(known, &roots);
        if wanted.is_everything {
            places.extend(roots.iter().cloned());
        }
        let Wanted { places: more, .. } = wanted;
        places.extend(more.iter().map(Path::to_owned));
        let listings = self.list_all(known, &places);

        let mut update = Update {
            engine: self,
            open: self.open_snapshots(),
            batch: Vec::new(),
            batch_bytes: 0,
            progress: Progress {
                is_small: !is_first,
                ..Progress::default()
            },
            moved_bytes: 0,
        };
        update.forget_gone(known, &listings);
        let work = update.plan(known, listings);
        for (at, files) in work {
            if !update.learn(&mut known.tables[at], files) {
                break;
            }
        }
        update.flush();
        known.unkept_bytes += update.moved_bytes;
        let now = self.clock.now();
        if update.moved_bytes > 0 {
            known
                .tables
                .iter_mut()
                .for_each(|table| table.updated = Some(now));
        }
        self.keep_index_when_due(known, is_first);
        index.report(known)
    }

    /// Makes the tables those of the open folders; returns where to look because of that.
    fn open_and_close(&self, known: &mut Known, roots: &[PathBuf]) -> Places {
        let mut places = Places::default();
        let dependencies = self.index.dependencies_of(roots);
        let (stay, closed) = std::mem::take(&mut known.tables)
            .into_iter()
            .partition(|table| match table.is_dependency {
                true => dependencies.contains(&table.root),
                false => roots.contains(&table.root),
            });
        known.tables = stay;
        let closed: Vec<Manifest> = closed;
        for table in closed {
            self.index.lessons.forget(&keys(&table));
            known.unkept_bytes += table.bytes();
            if let Some(watcher) = &mut known.watcher {
                watcher.leave(&table.root);
            }
            self.index
                .seen()
                .retain(|folder| !folder.starts_with(&table.root));
            // What it held belongs to the folder around it, if there is one.
            places.insert(table.root);
        }
        for root in roots {
            if !known.tables.iter().any(|table| table.root == *root) {
                known.tables.push(Manifest::new(root));
                places.insert(root.clone());
            }
        }
        for root in dependencies {
            if !known.tables.iter().any(|table| table.root == root) {
                let mut table = Manifest::new(&root);
                table.is_dependency = true;
                known.tables.push(table);
                places.insert(root);
            }
        }
        // What people write comes before what they use.
        known
            .tables
            .sort_by(|a, b| (a.is_dependency, &a.root).cmp(&(b.is_dependency, &b.root)));
        places
    }

    /// Lists what is in `places`, folder by folder, and watches what it finds.
    fn list_all(&self, known: &mut Known, places: &Places) -> Vec<(usize, Places, Listing)> {
        let roots: Vec<PathBuf> = known
            .tables
            .iter()
            .map(|table| table.root.clone())
            .collect();
        if known.watcher.is_none() && self.index.watches() {
            known.watcher = self.index.new_watcher();
        }
        let mut listings = Vec::new();
        for (at, table) in known.tables.iter().enumerate() {
            let places = places.within(&table.root);
            if places.is_empty() {
                continue;
            }
            let inner: Vec<PathBuf> = roots
                .iter()
                .filter(|root| **root != table.root && root.starts_with(&table.root))
                .cloned()
                .collect();
            let judge = |relative: &str| match self.guard.excluded(relative) {
                Some(_) => Err(Skip::Private),
                None => super::language_of(Path::new(relative)).ok_or(Skip::UnknownLanguage),
            };
            let listing = list(&table.root, &places, &inner, self.index.limits, judge);
            if table.is_dependency {
                listings.push((at, places, listing));
                continue;
            }
            let mut seen = self.index.seen();
            seen.retain(|folder| !places.covers(folder));
            seen.extend(listing.folders.iter().cloned());
            drop(seen);
            if let Some(watcher) = &mut known.watcher {
                match watcher.follow(&table.root, &places, &listing.folders) {
                    // What changed between the listing and the watch was not heard.
                    Ok(true) => self.index.pending.add(places.iter().map(Path::to_owned)),
                    Ok(false) => {}
                    Err(error @ (WatchError::Full | WatchError::Refused(_))) => {
                        tracing::warn!(%error, "not every change on disk is seen");
                    }
                }
            }
            listings.push((at, places, listing));
        }
        listings
    }

    fn open_snapshots(&self) -> HashMap<PathBuf, Snapshot> {
        let snapshot = |(uri, path)| Some((path, self.documents.snapshot(&uri)?));
        self.open_files
            .all()
            .into_iter()
            .filter_map(snapshot)
            .collect()
    }
}

impl Update<'_> {
    fn forget_gone(&mut self, known: &mut Known, listings: &[(usize, Places, Listing)]) {
        for (at, places, listing) in listings {
            let table = &mut known.tables[*at];
            if places.covers(&table.root) {
                table.skipped.clone_from(&listing.skipped);
                table.is_capped = listing.is_capped;
                if listing.is_capped {
                    tracing::warn!("a folder has more files than are listed");
                }
            }
            let before = table.bytes();
            let gone = table.drop_gone(places, &listing.files);
            self.moved_bytes += before - table.bytes();
            let gone: Vec<String> = gone.iter().map(|file| key(table, file)).collect();
            self.engine.index.lessons.forget(&gone);
        }
    }

    /// Says which files to read, by table, once room is made for them. A table has the room that
    /// those before it leave.
    fn plan(
        &mut self,
        known: &mut Known,
        listings: Vec<(usize, Places, Listing)>,
    ) -> Vec<(usize, Vec<SourceFile>)> {
        let mut listings = listings.into_iter().peekable();
        let mut room = self.engine.index.room();
        let mut work = Vec::new();
        for (at, table) in known.tables.iter_mut().enumerate() {
            let listed = listings.next_if(|(listed, ..)| *listed == at);
            let is_whole = listed
                .as_ref()
                .is_some_and(|(_, places, _)| places.covers(&table.root));
            let found = listed.map(|(_, _, listing)| listing.files);
            let given = give_room(table, found.unwrap_or_default(), room);
            room -= given.held;
            self.moved_bytes += given.dropped_bytes;
            let dropped: Vec<String> = given.dropped.iter().map(|file| key(table, file)).collect();
            self.engine.index.lessons.forget(&dropped);
            if !is_whole && has_room_for_more(table, room) {
                self.engine.index.pending.add([table.root.clone()]);
            }
            let mut files = given.files;
            files.retain(|file| self.open.contains_key(&file.path) || !table.is_unchanged(file));
            self.progress.total += files.iter().map(|file| file.size).sum::<u64>();
            work.push((at, files));
        }
        self.progress.is_small &= self.progress.total < SMALL_BYTES;
        self.tell();
        work
    }

    /// Reads files and learns what they say; returns whether to go on.
    fn learn(&mut self, table: &mut Manifest, files: Vec<SourceFile>) -> bool {
        let limits = self.engine.index.limits;
        for mut file in files {
            if self.engine.closing.is_cancelled() {
                return false;
            }
            let mut stamp = Stamp::of(&file, self.engine.clock.now());
            let text = match self.open.get(&file.path) {
                Some(snapshot) => {
                    file.language.clone_from(&snapshot.language_id);
                    // What the file on disk says is not what was learnt.
                    stamp.modified = None;
                    Ok(snapshot.rope.to_string())
                }
                None => file.read(limits),
            };
            self.progress.done += file.size;
            match text {
                Ok(text) => {
                    if table.learn(&file, stamp, &text) {
                        self.moved_bytes += text.len() as u64;
                        self.batch_bytes += text.len();
                        self.batch.push(Lesson {
                            path: key(table, &file.relative),
                            language: file.language,
                            text,
                        });
                    }
                }
                Err(why) => {
                    if why == Skip::Unreadable {
                        stamp.modified = None;
                    }
                    if table.leave(&file.relative, stamp, why) {
                        self.moved_bytes += file.size;
                        let path = key(table, &file.relative);
                        self.engine.index.lessons.forget(&[path]);
                    }
                }
            }
            if self.batch_bytes >= BATCH_BYTES {
                self.flush();
            }
        }
        true
    }

    fn flush(&mut self) {
        self.engine.index.lessons.learn(&self.batch);
        self.batch.clear();
        self.batch_bytes = 0;
        self.tell();
    }

    fn tell(&self) {
        self.engine.index.tell(self.progress);
    }
}

/// Returns how lessons and questions name a file.
fn key(table: &Manifest, relative: &str) -> String {
    let path = table.root.join(relative);
    path.to_string_lossy().into_owned()
}

/// Returns how lessons and questions name all files of a table.
pub fn keys(table: &Manifest) -> Vec<String> {
    table.files.keys().map(|file| key(table, file)).collect()
}
