//! Gathers what other files have to say, and what was changed of late, once a model over the network
//! is about to be asked: what the cache or the embedded model answers pays nothing for it. Where
//! nearly every place has a call, it is looked for while the embedded model is asked and the router
//! decides, on another thread.
//!
//! What was gathered is kept for the burst of typing that it was gathered in, so that the prompts of
//! one burst begin alike.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Engine;
use super::complete::Decided;
use super::finish::Surroundings;
use crate::context::{
    Context, Related, Sources, Steady, count_tokens, related, token_table_is_loaded,
};
use crate::documents::Rope;
use crate::domain::{BurstId, DocumentUri, Snippet};

/// What is being looked for on another thread. Dropped, it is looked for to the end and forgotten.
pub(super) type Search = tokio::task::JoinHandle<Steady>;

/// What is around the cursor, and the search for what a call would be told, if it has begun.
pub(super) type Seen = (Arc<Context>, Option<Search>);

/// What was gathered for each open document.
#[derive(Debug, Default)]
pub struct Gathered(Mutex<HashMap<DocumentUri, Arc<Steady>>>);

impl Gathered {
    fn of(&self, document: &DocumentUri) -> Option<Arc<Steady>> {
        self.lock().get(document).cloned()
    }

    fn keep(&self, document: &DocumentUri, steady: Steady) {
        self.lock().insert(document.clone(), Arc::new(steady));
    }

    /// Forgets a document that is closed.
    pub fn end(&self, document: &DocumentUri) {
        self.lock().remove(document);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<DocumentUri, Arc<Steady>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Begins to look for what a call would be told, before it is decided that there is one; `None`
    /// where calls are rare, and in a burst that has it.
    pub(super) fn gather_ahead(
        self: &Arc<Self>,
        document: &DocumentUri,
        burst: BurstId,
        context: &Arc<Context>,
    ) -> Option<Search> {
        let is_there = || {
            let steady = self.gathered.of(document);
            steady.is_some_and(|steady| steady.related(burst, context).is_some())
        };
        (self.foresight.expects_call() && !is_there())
            .then(|| self.begin_search(document, burst, context))
    }

    fn begin_search(
        self: &Arc<Self>,
        document: &DocumentUri,
        burst: BurstId,
        context: &Arc<Context>,
    ) -> Search {
        let (engine, document, context) = (Arc::clone(self), document.clone(), Arc::clone(context));
        tokio::task::spawn_blocking(move || {
            let related = engine.find_related(&document, &context);
            Steady::begin(burst, &context, related)
        })
    }

    /// Adds what other files have to say, and recent edits, to a context, and lets it stay as it was
    /// in its burst. What is around the cursor is looked at in the meantime.
    pub(super) async fn gather(
        self: &Arc<Self>,
        decided: &Decided,
        (context, search): Seen,
    ) -> (Context, Surroundings) {
        let (burst, document) = (decided.burst, &decided.request.document);
        if let Some(steady) = self.gathered.of(document)
            && let Some(related) = steady.related(burst, &context)
        {
            let around = Surroundings::of(&context);
            let suffix = steady.suffix(&context);
            let context = Arc::unwrap_or_clone(context);
            return (context.with_related(&related, suffix), around);
        }
        let search = search.unwrap_or_else(|| self.begin_search(document, burst, &context));
        let around = Surroundings::of(&context);
        let found = search.await;
        let context = Arc::unwrap_or_clone(context);
        // Without other files a model can answer too; a panic is logged by its own hook.
        let Ok(steady) = found else {
            return (context, around);
        };
        let context = context.with_related(&steady.all(), None);
        self.gathered.keep(document, steady);
        (context, around)
    }

    fn find_related(&self, document: &DocumentUri, context: &Context) -> Vec<Related> {
        let Some(path) = self.open_files.path(document) else {
            return Vec::new();
        };
        let open = |path: &str| self.open_text(path);
        let shown = |path: &str| self.shown_path(path.as_ref());
        let sources = Sources {
            library: &self.library,
            open: &open,
            shown: &shown,
        };
        let mut found = related(context, &path.to_string_lossy(), sources);
        // The index leaves private files out already; what leaves the machine is looked at again.
        let mut looked_at: HashMap<String, bool> = HashMap::new();
        found.retain(|one| {
            let path = &one.snippet.path;
            if let Some(may_leave) = looked_at.get(path) {
                return *may_leave;
            }
            let may_leave = self.guard.excluded(path).is_none();
            looked_at.insert(path.clone(), may_leave);
            may_leave
        });
        found.extend(self.recent_edits(document, context));
        if token_table_is_loaded() {
            // Counted here, so that the prompt finds the counts when it is fitted.
            for Snippet { path, text } in found.iter().map(|one| &one.snippet) {
                let _counted = (count_tokens(path), count_tokens(text));
            }
        }
        found
    }

    /// Returns the text of a file that is open in the editor.
    fn open_text(&self, path: &str) -> Option<Rope> {
        let document = self.open_files.document(path.as_ref())?;
        let snapshot = self.documents.snapshot(&document)?;
        Some(snapshot.rope)
    }

    /// Returns what was gathered last for a document, to be explained.
    pub(super) fn gathered_for(&self, document: &DocumentUri) -> Arc<[Related]> {
        let steady = self.gathered.of(document);
        steady.map_or_else(|| Arc::from([]), |steady| steady.all())
    }
}
