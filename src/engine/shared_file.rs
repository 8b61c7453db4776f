//! Files that all windows of a user share: one at a time works on them, and a reader sees the old
//! file or the new one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// Takes the lock of this name, which is the operating system's and given back when the file is
/// dropped or the process ends; `None` while another window has it.
///
/// # Errors
/// When the folder cannot be made or written.
pub fn lock(folder: &Path, name: &str) -> io::Result<Option<File>> {
    fs::create_dir_all(folder)?;
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join(name))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Puts other content in place of a file's, all at once.
///
/// # Errors
/// When it cannot be written; the file is as it was then.
pub fn replace(path: &Path, content: &impl serde::Serialize) -> io::Result<()> {
    let unfinished = path.with_extension("json.new");
    fs::write(&unfinished, serde_json::to_vec(content)?)?;
    fs::rename(unfinished, path)
}
