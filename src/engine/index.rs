//! The workspace is learnt in the background; completions work meanwhile.

use std::path::Path;
use std::sync::Arc;

use super::{Engine, StatusState};
use crate::documents::Language;
use crate::workspace::{IndexLock, Lesson, Limits, Manifest, index_folder, walk};

/// A larger file is not learnt, in bytes.
pub const LARGEST_FILE: usize = 1 << 20;

/// What was learnt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct IndexReport {
    /// Files.
    pub files: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// How far the first indexing is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Indexing {
    /// It has not begun.
    NotStarted,
    /// It goes on.
    Running,
    /// It is done.
    Done(IndexReport),
}

impl Engine {
    /// Learns every file of the open folders; returns when it is done. Dropping the future leaves
    /// the work running to its end.
    pub async fn index(self: &Arc<Self>) -> IndexReport {
        let is_for_nobody = !self.policy.embedded && self.arms.is_empty();
        if is_for_nobody || self.roots.is_empty() {
            self.indexing
                .send_replace(Indexing::Done(IndexReport::default()));
            return IndexReport::default();
        }
        self.indexing.send_replace(Indexing::Running);
        self.status.send_modify(|status| {
            status.set(StatusState::Indexing, "learning the workspace".to_owned())
        });
        let engine = Arc::clone(self);
        let report = tokio::task::spawn_blocking(move || engine.index_now())
            .await
            .unwrap_or_else(|error| {
                tracing::error!(%error, "indexing ended early");
                IndexReport::default()
            });
        tracing::info!(
            files = report.files,
            bytes = report.bytes,
            "the workspace is learnt"
        );
        self.indexing.send_replace(Indexing::Done(report));
        let message = format!("{} files learnt", report.files);
        self.status
            .send_modify(|status| status.set(StatusState::Ready, message));
        report
    }

    /// Waits until the first indexing is done.
    pub async fn indexed(&self) -> IndexReport {
        let mut indexing = self.indexing.subscribe();
        let done = indexing
            .wait_for(|state| matches!(state, Indexing::Done(_)))
            .await;
        match done.as_deref() {
            Ok(Indexing::Done(report)) => *report,
            _ => IndexReport::default(),
        }
    }

    fn index_now(&self) -> IndexReport {
        let mut report = IndexReport::default();
        for root in &self.roots {
            let mut manifest = Manifest::new(root);
            let mut walk = walk(root, Limits::default(), language_of);
            let files = walk.by_ref().filter_map(|file| {
                if self.guard.excluded(&file.relative).is_some() {
                    return None;
                }
                // Only prompts show other files, and only models over the network have prompts.
                if !self.arms.is_empty() {
                    self.library.learn(&Lesson {
                        path: &file.path.to_string_lossy(),
                        language: &file.language,
                        text: &file.text,
                    });
                }
                if self.open_files.contains(&file.path) {
                    return None;
                }
                report.files += 1;
                report.bytes += file.text.len();
                manifest.record(&file);
                Some((
                    file.path.to_string_lossy().into_owned(),
                    file.language,
                    file.text,
                ))
            });
            if self.policy.embedded {
                self.embedded.learn_many(files);
            } else {
                files.for_each(drop);
            }
            manifest.skipped.clone_from(walk.skipped());
            manifest.is_capped = walk.cap().is_some();
            if let Some(cap) = walk.cap() {
                tracing::warn!(?cap, "the workspace is larger than what is learnt of it");
            }
            self.keep(&manifest, root);
        }
        // A document may have been opened while its folder was walked.
        for path in self.open_files.paths() {
            self.embedded.forget(&path.to_string_lossy());
        }
        report
    }

    /// Keeps what was learnt for the next start and for `doctor`. One process at a time writes it;
    /// the others only lose the table, not what they have learnt.
    fn keep(&self, manifest: &Manifest, root: &Path) {
        let folder = index_folder(&self.cache_folder, root);
        let changes = Manifest::load(&folder).map(|last| last.changes_to(manifest));
        if let Some(changes) = changes {
            let (changed, gone) = (changes.changed.len(), changes.gone.len());
            tracing::info!(changed, gone, "since the last session");
        }
        match IndexLock::take(&folder) {
            Ok(lock) => {
                if let Err(error) = manifest.save(&folder, &lock) {
                    tracing::warn!(%error, "the file table of the index is not kept");
                }
            }
            Err(error) => tracing::info!(%error, "the index is written by another process"),
        }
    }
}

/// Languages without a grammar that are learnt all the same, by extension, with their LSP ids.
/// Data (CSV, lock files) is left out: it teaches nothing about what comes next.
const WITHOUT_GRAMMAR: [(&str, &str); 23] = [
    ("astro", "astro"),
    ("cljs", "clojure"),
    ("clj", "clojure"),
    ("dart", "dart"),
    ("erl", "erlang"),
    ("ex", "elixir"),
    ("exs", "elixir"),
    ("fs", "fsharp"),
    ("groovy", "groovy"),
    ("hs", "haskell"),
    ("jl", "julia"),
    ("less", "less"),
    ("ml", "ocaml"),
    ("nix", "nix"),
    ("pl", "perl"),
    ("proto", "proto3"),
    ("r", "r"),
    ("scm", "scheme"),
    ("scss", "scss"),
    ("svelte", "svelte"),
    ("vue", "vue"),
    ("zig", "zig"),
    ("zsh", "zsh"),
];

fn language_of(path: &Path) -> Option<String> {
    if let Some(language) = Language::by_path(path) {
        return language.is_learnt.then(|| language.id.to_owned());
    }
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    let known = WITHOUT_GRAMMAR
        .iter()
        .find(|(known, _)| *known == extension);
    known.map(|(_, language)| (*language).to_owned())
}
