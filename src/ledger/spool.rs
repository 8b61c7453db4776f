//! A side file for events that the database does not take: one JSON line per event, synced before
//! anything is acknowledged, merged into the ledger as soon as that works, then removed.
//!
//! A spool is locked while its process lives, so that nobody merges and removes a file that is
//! still written to; the system drops the lock when the process dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::domain::LedgerEvent;

/// Several ledgers may be open in one process; each has a file of its own.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// How many names are tried before something else must be wrong.
const ATTEMPTS: u32 = 64;

/// What a side file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Events that the database did not take.
    Waiting,
    /// Events that have begun and are on their way to the database.
    Begun,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "spool",
            Self::Begun => "begun",
        }
    }
}

/// A side file that this process writes.
pub(super) struct Spool {
    file: File,
    path: PathBuf,
    /// Length of what was acknowledged; anything after it is the torn end of a failed write.
    length: u64,
}

impl Spool {
    /// Creates an empty side file next to the ledger.
    pub(super) fn create(ledger: &Path, kind: Kind) -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let suffix = match number {
                0 => String::new(),
                number => format!("-{number}"),
            };
            let name = format!(
                "{}{}{suffix}.jsonl",
                prefix(ledger, kind),
                std::process::id()
            );
            let path = folder(ledger).join(name);
            let created = OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path);
            let file = match created {
                // A dead process of the same number has left this name behind; not ours to write.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                other => other?,
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Another process may have seen the file before it was locked, and removed it as empty.
            if !path.exists() {
                continue;
            }
            sync_folder(ledger)?;
            return Ok(Self {
                file,
                path,
                length: 0,
            });
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Appends events; when this returns, they are on disk. On an error none of them counts.
    pub(super) fn append(&mut self, events: &[&LedgerEvent]) -> io::Result<()> {
        let length = self.write(events)?;
        self.file.sync_data()?;
        self.length = length;
        Ok(())
    }

    /// Appends events; when this returns, they survive this process, but not a power cut.
    pub(super) fn append_unsynced(&mut self, events: &[&LedgerEvent]) -> io::Result<()> {
        self.length = self.write(events)?;
        Ok(())
    }

    /// Takes everything out.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.length = 0;
        Ok(())
    }

    /// Writes behind what counts, and returns the length that counts if this does.
    fn write(&mut self, events: &[&LedgerEvent]) -> io::Result<u64> {
        let mut lines = Vec::new();
        for event in events {
            serde_json::to_writer(&mut lines, event)?;
            lines.push(b'\n');
        }
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(&lines)?;
        Ok(self.length + lines.len() as u64)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// A side file that is ours to merge: its writer is this process or is gone.
pub(super) struct Leftover {
    /// Held until the file is removed.
    _locked: Option<File>,
    path: PathBuf,
    /// The events in it.
    pub(super) events: Vec<LedgerEvent>,
    /// How many whole lines are not events of this version.
    unreadable: usize,
}

impl Leftover {
    /// Reads a side file whose writer is gone; `None` while its writer lives.
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let locked = Some(file.try_clone()?);
        Self::read(&file, u64::MAX, locked, path.to_owned()).map(Some)
    }

    /// Reads the side file that this process itself writes.
    pub(super) fn own(spool: &Spool) -> io::Result<Self> {
        Self::read(&spool.file, spool.length, None, spool.path.clone())
    }

    fn read(mut file: &File, length: u64, locked: Option<File>, path: PathBuf) -> io::Result<Self> {
        let mut text = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.take(length).read_to_end(&mut text)?;
        let mut events = Vec::new();
        let mut unreadable = 0;
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(event) => events.push(event),
                // A last line without its end was never acknowledged.
                Err(_) => unreadable += usize::from(line.ends_with(b"\n")),
            }
        }
        Ok(Self {
            _locked: locked,
            path,
            events,
            unreadable,
        })
    }

    /// Removes the file after its events are in the ledger; what could not be read is kept aside.
    pub(super) fn settle(self) -> io::Result<()> {
        if self.unreadable > 0 {
            tracing::warn!(
                lines = self.unreadable,
                file = %self.path.display(),
                "some lines of a ledger side file are not events of this version; it is kept as .unread"
            );
            return std::fs::rename(&self.path, self.path.with_extension("jsonl.unread"));
        }
        std::fs::remove_file(&self.path)
    }
}

/// Returns the side files of a kind next to a ledger, oldest name first.
pub(super) fn left_behind(ledger: &Path, kind: Kind) -> Vec<PathBuf> {
    let prefix = prefix(ledger, kind);
    let Ok(entries) = std::fs::read_dir(folder(ledger)) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with(&prefix) && name.ends_with(".jsonl"))
        })
        .collect();
    found.sort();
    found
}

/// `ledger.db` has side files named `ledger-spool-<process>.jsonl` and `ledger-begun-…`.
fn prefix(ledger: &Path, kind: Kind) -> String {
    let stem = ledger.file_stem().unwrap_or_default().to_string_lossy();
    format!("{stem}-{}-", kind.as_str())
}

fn folder(ledger: &Path) -> &Path {
    match ledger.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The name of a new file survives a power cut only once its folder is synced.
#[cfg(unix)]
fn sync_folder(ledger: &Path) -> io::Result<()> {
    File::open(folder(ledger))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_ledger: &Path) -> io::Result<()> {
    Ok(())
}
