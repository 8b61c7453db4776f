//! What has begun and is not on disk yet: a side file that a process which is killed leaves behind,
//! so that no call that may cost money is without its row.
//!
//! Events that nobody waits for are gathered for half a second before they are synced. What
//! costs money is written here first, without a sync: that survives the process, though not a power
//! cut. A call is noted when it begins, with what it may cost; its real row has the same id and
//! comes first, so that merging the file later changes nothing where the real one was written.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::spool::{Kind, Spool};
use crate::domain::LedgerEvent;

/// The journal of one open ledger; its writer and its handles share it.
#[derive(Clone)]
pub(super) struct Journal {
    ledger: PathBuf,
    open: Arc<Mutex<Option<Open>>>,
}

struct Open {
    file: Spool,
    /// Ids of what is not on the ledger yet.
    waiting: HashSet<Uuid>,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").finish_non_exhaustive()
    }
}

impl Journal {
    /// Makes the journal of a ledger; its file is created with the first event.
    pub(super) fn of(ledger: &Path) -> Self {
        Self {
            ledger: ledger.to_owned(),
            open: Arc::default(),
        }
    }

    /// Notes an event that will be on the ledger, as itself or as another with its id.
    pub(super) fn note(&self, event: &LedgerEvent) -> io::Result<()> {
        let Some(id) = id_of(event) else {
            return Ok(());
        };
        let mut open = self.lock();
        if open.is_none() {
            *open = Some(Open {
                file: Spool::create(&self.ledger, Kind::Begun)?,
                waiting: HashSet::new(),
            });
        }
        if let Some(open) = open.as_mut() {
            open.file.append_unsynced(&[event])?;
            open.waiting.insert(id);
        }
        Ok(())
    }

    /// Hears that events are on disk; the file is empty once nothing is waited for.
    pub(super) fn written(&self, events: &[&LedgerEvent]) {
        let mut open = self.lock();
        let Some(open) = open.as_mut().filter(|open| !open.waiting.is_empty()) else {
            return;
        };
        for id in events.iter().filter_map(|event| id_of(event)) {
            open.waiting.remove(&id);
        }
        if open.waiting.is_empty()
            && let Err(error) = open.file.clear()
        {
            // It is merged at the next start, which changes nothing.
            tracing::warn!(%error, "the ledger's journal could not be emptied");
        }
    }

    /// Lets go of the file: it is removed if all that it holds is on the ledger, and is left for the
    /// next process to merge otherwise.
    pub(super) fn end(&self) {
        if let Some(open) = self.lock().take()
            && open.waiting.is_empty()
        {
            let _ = std::fs::remove_file(open.file.path());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Only decisions and calls are about money.
fn id_of(event: &LedgerEvent) -> Option<Uuid> {
    match event {
        LedgerEvent::Decision(row) => Some(row.id.as_uuid()),
        LedgerEvent::Call(row) => Some(row.id.as_uuid()),
        _ => None,
    }
}
