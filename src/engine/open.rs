//! Open documents: the editor's text is the truth, and is learnt in place of the copy on disk.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Engine;
use crate::documents::{DocumentError, PositionEncoding, TextEdit};
use crate::domain::DocumentUri;

/// Where the open documents are on disk.
#[derive(Debug, Default)]
pub struct OpenFiles {
    paths: Mutex<HashMap<DocumentUri, PathBuf>>,
    /// The document that was changed last.
    edited: Mutex<Option<DocumentUri>>,
}

impl OpenFiles {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<DocumentUri, PathBuf>> {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn path(&self, document: &DocumentUri) -> Option<PathBuf> {
        self.lock().get(document).cloned()
    }

    /// Notes which document is being edited; returns where the one before is on disk, when it is
    /// another: what was written there is not saved perhaps, and may be of use here.
    fn turn_to(&self, document: &DocumentUri) -> Option<PathBuf> {
        let mut edited = self.edited.lock().unwrap_or_else(PoisonError::into_inner);
        if edited.as_ref() == Some(document) {
            return None;
        }
        let before = edited.replace(document.clone())?;
        self.path(&before)
    }

    /// Returns every open document that is on disk.
    pub fn all(&self) -> Vec<(DocumentUri, PathBuf)> {
        let pair = |(uri, path): (&DocumentUri, &PathBuf)| (uri.clone(), path.clone());
        self.lock().iter().map(pair).collect()
    }

    /// Returns the document that a file is open as.
    pub fn document(&self, path: &Path) -> Option<DocumentUri> {
        let paths = self.lock();
        let found = paths.iter().find(|(_, open)| *open == path);
        found.map(|(document, _)| document.clone())
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
        if let Some(path) = &path {
            self.open_files.lock().insert(uri.clone(), path.clone());
        }
        self.record_all(self.episodes.close(&uri, self.clock.now()));
        self.documents.open(uri.clone(), language, version, text);
        if let Some(snapshot) = self.documents.snapshot(&uri) {
            self.edits
                .open(&uri, path.as_ref(), snapshot.rope, &self.guard);
        }
        self.refresh_soon(&uri);
        // The editor may have kept changes that the file on disk does not have.
        self.look_again(path);
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
        self.edits.change(uri, &change, now, &self.guard);
        self.refresh_soon(uri);
        self.record_all(self.episodes.change(uri, version, &change, now));
        if let Some(left) = self.open_files.turn_to(uri) {
            self.look_again([left]);
        }
        Ok(())
    }

    /// Learns an open document as it is now: it was saved.
    pub fn save(&self, uri: &DocumentUri) {
        self.look_again(self.open_files.path(uri));
    }

    /// Closes a document: its memory is given back, and its copy on disk is learnt again.
    pub fn close_document(self: &Arc<Self>, uri: &DocumentUri) {
        self.record_all(self.episodes.close(uri, self.clock.now()));
        let last = self.documents.snapshot(uri).map(|snapshot| snapshot.rope);
        let path = self.open_files.lock().remove(uri);
        let forgotten = self.edits.close(uri, path.clone(), last);
        // A large tree takes milliseconds to give back, which no key shall wait for.
        if let Some(closed) = self.documents.close(uri) {
            self.refresher
                .run(Box::new(move || drop((closed, forgotten))));
        }
        self.latest.end(uri);
        self.flights.end(uri);
        self.refresher.end(uri);
        self.bursts.end(uri);
        self.answers.close(uri);
        self.gathered.end(uri);
        self.look_again(path);
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

    /// Returns a path from its open folder on, or the name alone outside of them.
    pub(super) fn shown_path(&self, path: &Path) -> String {
        let root = self.index.folder_of(path);
        let inside = root.as_ref().and_then(|root| path.strip_prefix(root).ok());
        let shown = inside
            .or_else(|| path.file_name().map(Path::new))
            .unwrap_or(path);
        shown.to_string_lossy().replace('\\', "/")
    }
}
