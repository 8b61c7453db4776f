//! The folders that are open in the editor. A folder may lie in another one, and may be opened
//! twice; a file belongs to the innermost folder that it lies in.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The open folders, in the order in which they were opened; one opened twice is there twice.
#[derive(Debug, Default)]
pub struct Folders(Mutex<Vec<PathBuf>>);

impl Folders {
    /// Makes the state in which these are open.
    pub fn new(roots: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(Mutex::new(roots.into_iter().map(plain).collect()))
    }

    /// Opens and closes folders. One that was opened twice stays until it is closed twice.
    pub fn change(&self, added: Vec<PathBuf>, removed: Vec<PathBuf>) {
        let mut folders = self.lock();
        for path in removed.into_iter().map(plain) {
            if let Some(at) = folders.iter().position(|folder| *folder == path) {
                folders.remove(at);
            }
        }
        folders.extend(added.into_iter().map(plain));
    }

    /// Returns each open folder once, in the order in which they were opened.
    pub fn roots(&self) -> Vec<PathBuf> {
        let mut roots = Vec::new();
        for folder in self.lock().iter() {
            if !roots.contains(folder) {
                roots.push(folder.clone());
            }
        }
        roots
    }

    /// Returns the folder that was opened first.
    pub fn first(&self) -> Option<PathBuf> {
        self.lock().first().cloned()
    }

    /// Returns the folder that a file belongs to.
    pub fn of(&self, path: &Path) -> Option<PathBuf> {
        let folders = self.lock();
        let around = folders.iter().filter(|folder| path.starts_with(folder));
        around
            .max_by_key(|folder| folder.components().count())
            .cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a path in one way: without `.` parts and a slash at the end.
fn plain(path: PathBuf) -> PathBuf {
    path.components().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(paths: &[&str]) -> Folders {
        Folders::new(paths.iter().map(PathBuf::from))
    }

    #[test]
    fn a_folder_opened_twice_is_one_until_it_is_closed_twice() {
        let folders = folders(&["/w", "/w/"]);
        assert_eq!(folders.roots(), [PathBuf::from("/w")]);
        folders.change(Vec::new(), vec!["/w".into()]);
        assert_eq!(folders.roots(), [PathBuf::from("/w")]);
        folders.change(Vec::new(), vec!["/w/.".into()]);
        assert!(folders.roots().is_empty());
        folders.change(Vec::new(), vec!["/w".into()]);
    }

    #[test]
    fn a_file_belongs_to_the_innermost_folder() {
        let folders = folders(&["/w/a", "/w", "/w/ab"]);
        let of = |path: &str| folders.of(Path::new(path));
        assert_eq!(of("/w/a/x.rs"), Some("/w/a".into()));
        assert_eq!(of("/w/x.rs"), Some("/w".into()));
        assert_eq!(of("/v/x.rs"), None);
        assert_eq!(folders.first(), Some("/w/a".into()));
    }
}
