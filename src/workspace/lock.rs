//! One process at a time writes the index of a workspace.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

pub(super) const FILE_NAME: &str = "lock";

/// The right to write in an index folder, given back when it is dropped or the process ends.
#[derive(Debug)]
pub struct IndexLock {
    file: File,
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process, or another part of this one, writes the index; go on without writing.
    #[error("the index is being written by {}", holder(*pid))]
    Held {
        /// The process that holds it, where it says so.
        pid: Option<u32>,
    },
    /// The folder cannot be written; go on without writing.
    #[error("the lock file cannot be opened")]
    Io(#[from] io::Error),
}

impl IndexLock {
    /// Takes the lock of an index folder, which is made if it is not there; never waits.
    ///
    /// # Errors
    /// Returns [`LockError::Held`] when somebody else has it. The file stays where it is: the lock
    /// is the operating system's, so one that a crashed process left behind does not count.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        fs::create_dir_all(folder)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(FILE_NAME))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // Some systems do not let others read a locked file.
                let _ = file.read_to_string(&mut pid);
                return Err(LockError::Held {
                    pid: pid.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { file })
    }
}

impl Drop for IndexLock {
    fn drop(&mut self) {
        // An emptied file names nobody; closing it gives the lock back in any case.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_taker_is_told_who_holds_it() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let first = IndexLock::take(folder.path()).expect("nobody holds it");
        match IndexLock::take(folder.path()) {
            Err(LockError::Held { pid }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("the lock is held, but taking it gave {other:?}"),
        }
        drop(first);
        IndexLock::take(folder.path()).expect("it was given back");
    }

    #[test]
    fn a_file_left_behind_by_a_crash_does_not_count() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        fs::write(folder.path().join(FILE_NAME), "4711\n").expect("writable");
        IndexLock::take(folder.path()).expect("nobody holds it");
    }

    #[test]
    fn the_folder_is_made() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        IndexLock::take(&folder.path().join("index/abc")).expect("nobody holds it");
    }
}
