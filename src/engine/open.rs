//! Open documents: the editor's text is the truth, the copy on disk is not learnt meanwhile.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Engine;
use crate::documents::{DocumentError, PositionEncoding, TextEdit};
use crate::domain::DocumentUri;
use crate::workspace::Lesson;

/// Where the open documents are on disk.
#[derive(Debug, Default)]
pub struct OpenFiles {
    paths: Mutex<HashMap<DocumentUri, PathBuf>>,
}

impl OpenFiles {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<DocumentUri, PathBuf>> {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn path(&self, document: &DocumentUri) -> Option<PathBuf> {
        self.lock().get(document).cloned()
    }

    pub fn paths(&self) -> Vec<PathBuf> {
        self.lock().values().cloned().collect()
    }

    /// Returns the document that a file is open as.
    pub fn document(&self, path: &Path) -> Option<DocumentUri> {
        let paths = self.lock();
        let found = paths.iter().find(|(_, open)| *open == path);
        found.map(|(document, _)| document.clone())
    }

    pub fn contains(&self, path: &Path) -> bool {
        self.lock().values().any(|open| open == path)
    }
}

impl Engine {
    /// Opens a document; `path` is where it is on disk, if it is. It is parsed off the loop.
    pub fn open(
        self: &Arc<Self>,
        uri: DocumentUri,
        path: Option<PathBuf>,
        language: &str,
        version: i32,
        text: &str,
    ) {
        if let Some(path) = path {
            self.embedded.forget(&path.to_string_lossy());
            self.open_files.lock().insert(uri.clone(), path);
        }
        self.record_all(self.episodes.close(&uri, self.clock.now()));
        self.documents.open(uri.clone(), language, version, text);
        self.refresh_soon(&uri);
    }

    /// Applies the edits of one change, in order, and tells the episodes of the document; its tree
    /// follows off the loop.
    ///
    /// # Errors
    /// When the document is not open.
    pub fn change(
        self: &Arc<Self>,
        uri: &DocumentUri,
        version: i32,
        edits: &[TextEdit],
        encoding: PositionEncoding,
    ) -> Result<(), DocumentError> {
        let now = self.clock.now();
        self.rhythm.key(now);
        let change = self.documents.change(uri, version, edits, encoding)?;
        self.refresh_soon(uri);
        self.record_all(self.episodes.change(uri, version, &change, now));
        Ok(())
    }

    /// Closes a document: its memory is given back, and its copy on disk is learnt again.
    pub fn close_document(self: &Arc<Self>, uri: &DocumentUri) {
        let snapshot = self.documents.snapshot(uri);
        self.record_all(self.episodes.close(uri, self.clock.now()));
        self.documents.close(uri);
        self.latest.end(uri);
        self.flights.end(uri);
        self.refresher.end(uri);
        self.bursts.end(uri);
        self.answers.close(uri);
        self.gathered.end(uri);
        let path = self.open_files.lock().remove(uri);
        let (Some(path), Some(snapshot)) = (path, snapshot) else {
            return;
        };
        if self.guard.excluded(&path.to_string_lossy()).is_some() || !self.is_in_workspace(&path) {
            return;
        }
        let engine = Arc::clone(self);
        // Off the loop; if the process ends before, the next start learns the file.
        tokio::task::spawn_blocking(move || {
            if let Ok(text) = std::fs::read_to_string(&path)
                && text.len() <= super::index::LARGEST_FILE
            {
                let (path, language) = (&path.to_string_lossy(), &snapshot.language_id);
                engine.embedded.learn(path, language, &text);
                engine.library.learn(&Lesson {
                    path,
                    language,
                    text: &text,
                });
            }
        });
    }

    /// Returns the path of a document as prompts and reports of exclusion name it.
    pub(super) fn relative_path(&self, uri: &DocumentUri) -> String {
        let Some(path) = self.open_files.path(uri) else {
            return uri
                .as_str()
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned();
        };
        self.shown_path(&path)
    }

    /// Returns a path from the open folder on, or the name alone outside of them.
    pub(super) fn shown_path(&self, path: &Path) -> String {
        let inside = self
            .roots
            .iter()
            .find_map(|root| path.strip_prefix(root).ok());
        let shown = inside
            .or_else(|| path.file_name().map(Path::new))
            .unwrap_or(path);
        shown.to_string_lossy().replace('\\', "/")
    }

    fn is_in_workspace(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| path.starts_with(root))
    }
}
