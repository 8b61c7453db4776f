//! Open documents: the editor's text is the truth, the copy on disk is not learnt meanwhile.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Engine;
use crate::documents::{DocumentError, PositionEncoding, TextEdit};
use crate::domain::DocumentUri;

/// How long the first parse of a document may take, off the loop.
const FIRST_PARSE: Duration = Duration::from_secs(5);

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

    pub fn contains(&self, path: &Path) -> bool {
        self.lock().values().any(|open| open == path)
    }
}

impl Engine {
    /// Opens a document; `path` is where it is on disk, if it is.
    pub fn open(
        &self,
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
        self.documents.open(uri, language, version, text);
    }

    /// Parses a document that was just opened, off the loop: the first parse is the long one, the
    /// later ones follow the edits.
    pub fn parse_in_background(self: &Arc<Self>, uri: &DocumentUri) {
        let Some(snapshot) = self.documents.snapshot(uri) else {
            return;
        };
        let engine = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            if let Some(language) = snapshot.language {
                language.prepare();
            }
            let _tree = engine.documents.parse(&snapshot, FIRST_PARSE);
        });
    }

    /// Applies the edits of one change, in order.
    ///
    /// # Errors
    /// When the document is not open.
    pub fn change(
        &self,
        uri: &DocumentUri,
        version: i32,
        edits: &[TextEdit],
        encoding: PositionEncoding,
    ) -> Result<(), DocumentError> {
        self.rhythm.key(self.clock.now());
        self.documents.change(uri, version, edits, encoding)
    }

    /// Closes a document: its memory is given back, and its copy on disk is learnt again.
    pub fn close_document(self: &Arc<Self>, uri: &DocumentUri) {
        let snapshot = self.documents.snapshot(uri);
        self.documents.close(uri);
        self.latest.end(uri);
        self.bursts.end(uri);
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
                engine
                    .embedded
                    .learn(&path.to_string_lossy(), &snapshot.language_id, &text);
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
        let inside = self
            .roots
            .iter()
            .find_map(|root| path.strip_prefix(root).ok());
        let shown = inside
            .or_else(|| path.file_name().map(Path::new))
            .unwrap_or(&path);
        shown.to_string_lossy().replace('\\', "/")
    }

    fn is_in_workspace(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| path.starts_with(root))
    }
}
