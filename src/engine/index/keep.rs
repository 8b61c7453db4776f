//! The index from one start to the next.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::update::{Known, keys};
use crate::domain::Timestamp;
use crate::engine::Engine;
use crate::workspace::{IndexLock, Kept, LockError, index_folder, keep};

/// What was kept of folders that nobody has opened for so long is removed.
const UNUSED: Duration = Duration::from_secs(60 * 24 * 3_600);

/// The index is kept anew when this fraction of its text has come or gone, or when the session ends.
const WORTH_KEEPING: u64 = 10;

fn system_time(moment: Timestamp) -> SystemTime {
    let micros = u64::try_from(moment.unix_micros()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros)
}

impl Engine {
    /// Takes up what was kept of these folders; without it everything is learnt anew.
    pub(super) fn recall_index(&self, known: &mut Known, roots: &[PathBuf]) {
        let folder = index_folder(&self.cache_folder, roots);
        let kept = match Kept::load(&folder) {
            Ok(Some(kept)) => kept,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "the workspace is learnt anew");
                return;
            }
        };
        let own = kept.tables.iter().filter(|table| !table.is_dependency);
        if !own.into_iter().all(|table| roots.contains(&table.root)) {
            tracing::warn!("the index on disk is of other folders; the workspace is learnt anew");
            return;
        }
        if !self.index.lessons.restore(&kept) {
            tracing::warn!(
                "the index on disk is damaged or of another version; the workspace is learnt anew"
            );
            for table in &kept.tables {
                self.index.lessons.forget(&keys(table));
            }
            return;
        }
        kept.is_used(system_time(self.clock.now()));
        known.tables = kept.tables;
    }

    /// Keeps the index if enough has changed, or the first look has ended.
    pub(super) fn keep_index_when_due(&self, known: &mut Known, is_first: bool) {
        let bytes: u64 = known.tables.iter().map(|table| table.bytes()).sum();
        if is_first || known.unkept_bytes > bytes / WORTH_KEEPING {
            self.keep_index(known);
        }
        if is_first {
            let since = system_time(self.clock.now().minus(UNUSED));
            let removed = Kept::forget_unused(&self.cache_folder, since);
            if removed > 0 {
                tracing::info!(removed, "indexes of folders that nobody opens are removed");
            }
        }
    }

    /// Keeps the index as it is, if something has changed since. One process at a time writes it;
    /// the others only lose a quick start, not what they have learnt.
    fn keep_index(&self, known: &mut Known) {
        let own = known.tables.iter().filter(|table| !table.is_dependency);
        let roots: Vec<PathBuf> = own.map(|table| table.root.clone()).collect();
        if known.unkept_bytes == 0 || roots.is_empty() {
            return;
        }
        let folder = index_folder(&self.cache_folder, &roots);
        if known
            .lock
            .as_ref()
            .is_none_or(|(locked, _)| *locked != roots)
        {
            let lock = IndexLock::take(&folder);
            if let Err(error @ (LockError::Held { .. } | LockError::Io(_))) = &lock {
                tracing::info!(%error, "the index is not kept");
            }
            known.lock = Some((roots, lock.ok()));
        }
        let Some((_, Some(lock))) = &known.lock else {
            return;
        };
        let lessons = &self.index.lessons;
        let save = |learner: &str, output: &mut dyn Write| lessons.save(learner, output);
        match keep(&folder, lock, &known.tables, &lessons.names(), save) {
            Ok(()) => known.unkept_bytes = 0,
            Err(error) => tracing::warn!(%error, "the next start learns the workspace anew"),
        }
    }

    /// Takes up what earlier sessions in these folders have taught about confidence.
    pub(super) fn recall_confidence(&self, roots: &[PathBuf]) {
        self.confidence
            .load(&index_folder(&self.cache_folder, roots));
    }

    /// Keeps what this session has taught about confidence. The index gives its lock back first.
    pub(in crate::engine) fn close_confidence(&self) {
        let roots = self.index.folders.roots();
        if roots.is_empty() {
            return;
        }
        let folder = index_folder(&self.cache_folder, &roots);
        if let Err(error) = self.confidence.save(&folder) {
            tracing::info!(%error, "what this session taught about confidence is not kept");
        }
    }

    /// Waits for the update that runs, keeps what is not kept yet and gives the lock back.
    pub(in crate::engine) fn close_index(&self) {
        let mut known = self.index.tables.lock();
        self.keep_index(&mut known);
        *known = Known::default();
    }
}
