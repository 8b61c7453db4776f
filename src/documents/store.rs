//! The open documents: opened, changed, closed, read, parsed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tree_sitter::{InputEdit, Tree};

use super::edit::{EditableText, Edited, TextEdit};
use super::language::Language;
use super::parse::parse_rope;
use super::position::PositionEncoding;
use super::snapshot::Snapshot;
use super::splice::{Change, Splice};
use crate::domain::DocumentUri;

/// How many edits are remembered while a parse is running; more make it start over.
const MAX_PENDING_EDITS: usize = 1_024;

/// The documents that are open in the editor. Clones share them.
#[derive(Clone, Default)]
pub struct Documents {
    inner: Arc<Mutex<Inner>>,
}

/// Why a change could not be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The document was never opened, or is closed.
    #[error("the document is not open")]
    NotOpen,
}

#[derive(Default)]
struct Inner {
    documents: HashMap<DocumentUri, Document>,
    last_revision: u64,
}

struct Document {
    version: i32,
    language_id: String,
    language: Option<&'static Language>,
    text: EditableText,
    revision: u64,
    tree: Option<Tree>,
    /// The revision whose text the tree was parsed from; the edits since are applied to the tree.
    parsed_revision: u64,
    /// Edits with the revision that they led to, to bring the tree of an earlier text up to date.
    pending: VecDeque<(u64, InputEdit)>,
    /// Trees of texts before this revision can no longer be brought up to date.
    oldest_usable: u64,
}

impl Documents {
    /// Opens a document, or replaces it if it was open.
    pub fn open(&self, uri: DocumentUri, language_id: &str, version: i32, text: &str) {
        let language = Language::of(language_id, &uri);
        let text = EditableText::new(text);
        let mut inner = self.lock();
        let revision = inner.next_revision();
        let document = Document {
            version,
            language_id: language_id.to_owned(),
            language,
            text,
            revision,
            tree: None,
            parsed_revision: 0,
            pending: VecDeque::new(),
            oldest_usable: revision,
        };
        let replaced = inner.documents.insert(uri, document);
        drop(inner);
        drop(replaced);
    }

    /// Applies edits in order and returns what they did. Their positions are clamped; nothing is
    /// parsed.
    ///
    /// # Errors
    ///
    /// Returns [`DocumentError::NotOpen`] for a document that is not open, and changes nothing.
    pub fn change(
        &self,
        uri: &DocumentUri,
        version: i32,
        edits: &[TextEdit],
        encoding: PositionEncoding,
    ) -> Result<Change, DocumentError> {
        let mut inner = self.lock();
        let revision = inner.next_revision();
        let document = inner.documents.get_mut(uri).ok_or(DocumentError::NotOpen)?;
        document.version = version;
        let before = std::mem::replace(&mut document.revision, revision);
        let mut splices = Vec::with_capacity(edits.len());
        for edit in edits {
            splices.extend(document.apply(edit, encoding));
        }
        if splices.is_empty() {
            document.revision = before;
        }
        Ok(Change {
            splices,
            rope: document.text.rope.clone(),
        })
    }

    /// Closes a document. Snapshots of it stay valid; its text and tree are freed with what is
    /// returned, which may take milliseconds.
    pub fn close(&self, uri: &DocumentUri) -> Option<impl Send + 'static + use<>> {
        self.lock().documents.remove(uri)
    }

    /// Returns the document as it is now, or `None` when it is not open.
    #[must_use]
    pub fn snapshot(&self, uri: &DocumentUri) -> Option<Snapshot> {
        let inner = self.lock();
        let document = inner.documents.get(uri)?;
        Some(Snapshot {
            uri: uri.clone(),
            version: document.version,
            language_id: document.language_id.clone(),
            language: document.language,
            rope: document.text.rope.clone(),
            tree: document.tree.clone(),
            tree_is_current: document.tree_is_current(),
            revision: document.revision,
        })
    }

    /// Returns how many documents are open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.lock().documents.len()
    }

    /// Returns the names of the open documents, in order.
    #[must_use]
    pub fn uris(&self) -> Vec<DocumentUri> {
        let mut uris: Vec<_> = self.lock().documents.keys().cloned().collect();
        uris.sort_unstable();
        uris
    }

    /// Returns the tree of exactly this snapshot's text, parsing what changed since the last tree.
    ///
    /// The tree is kept for later snapshots, brought up to date if the document was edited
    /// meanwhile. This blocks for up to `limit`; call it off the event loop. `None` means that the
    /// language is not known, the text is too large or the time was up.
    #[must_use]
    pub fn parse(&self, snapshot: &Snapshot, limit: Duration) -> Option<Tree> {
        let language = snapshot.language?;
        if let Some(tree) = snapshot.current_tree() {
            return Some(tree.clone());
        }
        if let Some(tree) = self.already_parsed(snapshot) {
            return Some(tree);
        }
        let tree = parse_rope(language, &snapshot.rope, snapshot.latest_tree(), limit)?;
        self.keep(snapshot, tree.clone());
        Some(tree)
    }

    fn already_parsed(&self, snapshot: &Snapshot) -> Option<Tree> {
        let inner = self.lock();
        let document = inner.documents.get(&snapshot.uri)?;
        let is_same = document.revision == snapshot.revision && document.tree_is_current();
        document.tree.clone().filter(|_| is_same)
    }

    fn keep(&self, snapshot: &Snapshot, mut tree: Tree) {
        let mut inner = self.lock();
        let Some(document) = inner.documents.get_mut(&snapshot.uri) else {
            return;
        };
        let parsed = snapshot.revision;
        if parsed < document.oldest_usable || parsed <= document.parsed_revision {
            return;
        }
        document.pending.retain(|(revision, _)| *revision > parsed);
        for (_, edit) in &document.pending {
            tree.edit(edit);
        }
        let replaced = document.tree.replace(tree);
        document.parsed_revision = parsed;
        drop(inner);
        drop(replaced);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in here would leave at worst one document behind its editor; going on is better.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn next_revision(&mut self) -> u64 {
        self.last_revision += 1;
        self.last_revision
    }
}

impl Document {
    fn tree_is_current(&self) -> bool {
        self.tree.is_some() && self.parsed_revision == self.revision
    }

    /// Applies one edit and returns what it did, if it did anything.
    fn apply(&mut self, edit: &TextEdit, encoding: PositionEncoding) -> Option<Splice> {
        let splice = match self.text.apply(edit, encoding) {
            Edited::Nothing => return None,
            Edited::Part(input, splice) => {
                if let Some(tree) = &mut self.tree {
                    tree.edit(&input);
                }
                if self.language.is_some() {
                    self.pending.push_back((self.revision, input));
                }
                if self.pending.len() > MAX_PENDING_EDITS
                    && let Some((revision, _)) = self.pending.pop_front()
                {
                    self.oldest_usable = self.oldest_usable.max(revision);
                }
                splice
            }
            Edited::Whole(splice) => {
                self.tree = None;
                self.pending.clear();
                self.oldest_usable = self.revision;
                splice
            }
        };
        Some(splice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{MAX_PARSE_BYTES, Position};

    const LONG: Duration = Duration::from_secs(10);

    fn uri() -> DocumentUri {
        DocumentUri::new("file:///w/a.rs")
    }

    fn insert(text: &str) -> TextEdit {
        TextEdit {
            range: Some(Position::new(0, 0)..Position::new(0, 0)),
            text: text.to_owned(),
        }
    }

    fn change(documents: &Documents, version: i32, edit: TextEdit) {
        documents
            .change(&uri(), version, &[edit], PositionEncoding::Utf16)
            .expect("it is open");
    }

    fn opened(text: &str) -> Documents {
        let documents = Documents::default();
        documents.open(uri(), "rust", 1, text);
        documents
    }

    fn snapshot(documents: &Documents) -> Snapshot {
        documents.snapshot(&uri()).expect("it is open")
    }

    #[test]
    fn a_snapshot_does_not_change_with_its_document() {
        let documents = opened("fn f() {}");
        let before = snapshot(&documents);
        change(&documents, 2, insert("// "));
        documents.close(&uri());
        assert_eq!((before.text().as_str(), before.version), ("fn f() {}", 1));
        assert!(documents.parse(&before, LONG).is_some());
    }

    #[test]
    fn a_document_that_is_not_open_cannot_be_changed() {
        let documents = Documents::default();
        let result = documents.change(&uri(), 1, &[insert("a")], PositionEncoding::Utf8);
        assert_eq!(result, Err(DocumentError::NotOpen));
        documents.close(&uri());
        assert_eq!(documents.open_count(), 0);
        assert!(documents.snapshot(&uri()).is_none());
    }

    #[test]
    fn closing_frees_a_document_and_clones_share_it() {
        let documents = opened("");
        let other = documents.clone();
        assert_eq!(other.uris(), [uri()]);
        other.close(&uri());
        assert_eq!(documents.open_count(), 0);
    }

    #[test]
    fn a_tree_is_parsed_once_per_text() {
        let documents = opened("fn f() {}");
        assert!(snapshot(&documents).current_tree().is_none());
        let tree = documents
            .parse(&snapshot(&documents), LONG)
            .expect("it parses");
        assert!(snapshot(&documents).current_tree().is_some());
        change(&documents, 2, insert("// "));
        let edited = snapshot(&documents);
        assert!(edited.current_tree().is_none());
        let latest = edited.latest_tree().expect("the older tree is still there");
        assert_eq!(
            latest.root_node().end_byte(),
            tree.root_node().end_byte() + 3
        );
    }

    #[test]
    fn an_edit_that_changes_nothing_keeps_the_tree() {
        let documents = opened("fn f() {}");
        let _ = documents.parse(&snapshot(&documents), LONG);
        change(&documents, 2, insert(""));
        assert_eq!(snapshot(&documents).version, 2);
        assert!(snapshot(&documents).current_tree().is_some());
    }

    #[test]
    fn a_parse_from_before_closing_does_not_reach_the_document_opened_again() {
        let documents = opened("fn before() {}");
        let old = snapshot(&documents);
        documents.close(&uri());
        documents.open(uri(), "rust", 1, "struct After;");
        assert!(documents.parse(&old, LONG).is_some());
        assert!(snapshot(&documents).latest_tree().is_none());
    }

    #[test]
    fn a_parse_from_before_the_whole_text_was_replaced_is_not_kept() {
        let documents = opened("fn before() {}");
        let old = snapshot(&documents);
        let whole = TextEdit {
            range: None,
            text: "struct After;".to_owned(),
        };
        change(&documents, 2, whole);
        assert!(documents.parse(&old, LONG).is_some());
        assert!(snapshot(&documents).latest_tree().is_none());
    }

    #[test]
    fn more_edits_than_are_remembered_make_a_parse_start_over() {
        let documents = opened("fn f() {}");
        let old = snapshot(&documents);
        for version in 0..=MAX_PENDING_EDITS {
            change(&documents, version as i32, insert(" "));
        }
        assert!(documents.parse(&old, LONG).is_some());
        assert!(snapshot(&documents).latest_tree().is_none());
        let now = snapshot(&documents);
        let tree = documents.parse(&now, LONG).expect("it parses");
        assert_eq!(tree.root_node().end_byte(), now.len());
    }

    #[test]
    fn a_parse_ends_when_its_time_is_up() {
        let documents = opened(&"fn f() { let a = 1 + 2; }\n".repeat(2_000));
        let now = snapshot(&documents);
        assert!(documents.parse(&now, Duration::ZERO).is_none());
        assert!(snapshot(&documents).latest_tree().is_none());
        assert!(documents.parse(&now, LONG).is_some());
    }

    #[test]
    fn a_text_that_is_too_large_or_in_no_known_language_has_no_tree() {
        let documents = opened(&" ".repeat(MAX_PARSE_BYTES + 1));
        assert!(documents.parse(&snapshot(&documents), LONG).is_none());
        let letter = DocumentUri::new("file:///w/letter");
        documents.open(letter.clone(), "plaintext", 1, "Dear all");
        let snapshot = documents.snapshot(&letter).expect("it is open");
        assert!(documents.parse(&snapshot, LONG).is_none());
    }
}
