//! The shared handle: lessons go in, predictions come out, and neither waits for the other.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::beam;
use super::cursor::Cursor;
use super::evidence::{Constraint, Evidence};
use super::features::{Features, describe};
use super::language::family;
use super::lex::TokenId;
use super::open_text::OpenText;
use super::segment::LexedFile;
use super::shelves::Shelves;
use super::weights;
use crate::domain::Confidence;

/// Texts longer than this are not learnt.
const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;
/// Open files whose index is kept between two keystrokes.
const KEPT_OPEN_FILES: usize = 4;
/// Files learnt at once from an iterator, so that a long one needs no memory for all its texts.
const BATCH_BYTES: usize = 16 * 1024 * 1024;
/// Below this it is as good as certain that the line is wrong.
const LEAST_CONFIDENCE: f32 = 0.02;

/// The limits of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Memory the index may hold, in bytes; files that do not fit are not learnt.
    pub max_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_bytes: 256 * 1024 * 1024,
        }
    }
}

/// The place that a prediction is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The file, named as in [`EmbeddedModel::learn`], so that its own old copy is not asked.
    pub path: &'a str,
    /// The language id of the language server protocol.
    pub language: &'a str,
    /// The text before the cursor; the last 64 KiB are read.
    pub before: &'a str,
    /// The text after the cursor; the first 16 KiB are read.
    pub after: &'a str,
}

/// What the model believes the rest of the line to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The text to insert at the cursor: neither blank nor with a line break, and without what
    /// already stands after the cursor.
    pub text: String,
    /// The calibrated probability that it is exactly what the user is about to type.
    pub confidence: Confidence,
}

/// A prediction with what its confidence was computed from; for fitting and for explaining.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    /// The prediction.
    pub prediction: Prediction,
    /// Its features, named by `FEATURE_NAMES`.
    pub features: Features,
}

/// The embedded model.
///
/// All methods take `&self`, and clones of an `Arc` of it may be used from any thread. A lesson is
/// prepared aside and put in place in one step; a prediction reads what was in place when it began.
#[derive(Debug, Default)]
pub struct EmbeddedModel {
    settings: Settings,
    known: RwLock<Arc<Known>>,
    /// Held while a lesson is prepared: which family each file was learnt for.
    catalogue: Mutex<HashMap<String, String>>,
    open: Mutex<Vec<OpenFile>>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    families: BTreeMap<String, Arc<Shelves>>,
}

impl Known {
    fn bytes(&self) -> usize {
        self.families.values().map(|shelves| shelves.bytes()).sum()
    }
}

/// The index of a file that is being edited.
#[derive(Debug, Default)]
struct OpenFile {
    path: String,
    above: OpenText,
    below: OpenText,
}

impl EmbeddedModel {
    /// Makes a model that knows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a model that knows nothing, with these limits.
    #[must_use]
    pub fn with_settings(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// Learns a file, in place of what was known of it.
    ///
    /// A file that does not fit into memory any more is forgotten rather than kept in an old
    /// version. May take some milliseconds; predictions go on meanwhile.
    pub fn learn(&self, path: &str, language: &str, text: &str) {
        let file = (path.to_owned(), language.to_owned(), text.to_owned());
        self.learn_many(std::iter::once(file));
    }

    /// Learns many files, each as (path, language, text); far cheaper than one by one.
    pub fn learn_many(&self, files: impl Iterator<Item = (String, String, String)>) {
        let mut batch = Vec::new();
        let mut bytes = 0;
        for file in files {
            bytes += file.2.len();
            batch.push(file);
            if bytes >= BATCH_BYTES {
                self.learn_batch(std::mem::take(&mut batch));
                bytes = 0;
            }
        }
        if !batch.is_empty() {
            self.learn_batch(batch);
        }
    }

    /// Forgets a file; afterwards it is as if it had never been learnt.
    pub fn forget(&self, path: &str) {
        let mut catalogue = lock(&self.catalogue);
        let mut known = Known::clone(&self.known());
        if strike(&mut known, &mut catalogue, &[path]) {
            self.put(known);
        }
    }

    /// Returns how many files it has learnt.
    #[must_use]
    pub fn files(&self) -> usize {
        lock(&self.catalogue).len()
    }

    /// Returns the memory that the index of the workspace holds, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.known().bytes()
    }

    /// Predicts the rest of the line at the cursor; `None` when it has nothing to say.
    ///
    /// The same knowledge and the same query give the same answer. Takes well under a
    /// millisecond when the file was asked about before, and never waits for a lesson.
    #[must_use]
    pub fn predict(&self, query: &Query<'_>) -> Option<Prediction> {
        self.alternatives(query)
            .into_iter()
            .map(|alternative| alternative.prediction)
            .next()
    }

    /// Returns what it weighed at the cursor, the best first.
    #[must_use]
    pub fn alternatives(&self, query: &Query<'_>) -> Vec<Alternative> {
        let Some(cursor) = Cursor::of(query) else {
            return Vec::new();
        };
        let known = self.known();
        let nothing = Shelves::default();
        let shelves = known
            .families
            .get(family(query.language))
            .map_or(&nothing, |shelves| shelves);
        let mut open = self.take_open(query.path);
        open.above.update(cursor.above);
        open.below.update(cursor.below);
        let alternatives = weigh(&cursor, query.path, &open, shelves);
        self.keep_open(open);
        alternatives
    }

    fn learn_batch(&self, files: Vec<(String, String, String)>) {
        let mut catalogue = lock(&self.catalogue);
        let mut known = Known::clone(&self.known());
        let paths: Vec<&str> = files.iter().map(|(path, _, _)| path.as_str()).collect();
        strike(&mut known, &mut catalogue, &paths);
        let mut room = self.settings.max_bytes.saturating_sub(known.bytes());
        let mut by_family: BTreeMap<&str, BTreeMap<&str, LexedFile>> = BTreeMap::new();
        for (path, language, text) in &files {
            if text.len() > MAX_FILE_BYTES {
                continue;
            }
            let file = LexedFile::new(path.as_str().into(), text);
            let Some(left) = room.checked_sub(file.bytes()) else {
                continue;
            };
            room = left;
            // Of two versions in one batch the later one is the one to know.
            let family = family(language);
            if let Some(earlier) = catalogue.insert(path.clone(), family.to_owned())
                && let Some(files) = by_family.get_mut(earlier.as_str())
            {
                files.remove(path.as_str());
            }
            by_family.entry(family).or_default().insert(path, file);
        }
        for (family, files) in by_family {
            let shelves = known.families.entry(family.to_owned()).or_default();
            *shelves = Arc::new(shelves.with(files.into_values().collect()));
        }
        self.put(known);
    }

    fn known(&self) -> Arc<Known> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&known)
    }

    fn put(&self, known: Known) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
    }

    /// Takes the index of an open file out of the store, so that no lock is held while it is used.
    fn take_open(&self, path: &str) -> OpenFile {
        let mut open = lock(&self.open);
        match open.iter().position(|file| file.path == path) {
            Some(at) => open.remove(at),
            None => OpenFile {
                path: path.to_owned(),
                ..OpenFile::default()
            },
        }
    }

    fn keep_open(&self, file: OpenFile) {
        let mut open = lock(&self.open);
        open.retain(|other| other.path != file.path);
        open.insert(0, file);
        open.truncate(KEPT_OPEN_FILES);
    }
}

/// Takes files out; returns whether any was known.
fn strike(known: &mut Known, catalogue: &mut HashMap<String, String>, paths: &[&str]) -> bool {
    let mut by_family: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for path in paths {
        if let Some(family) = catalogue.remove(*path) {
            by_family.entry(family).or_default().push(path);
        }
    }
    for (family, paths) in &by_family {
        if let Some(shelves) = known.families.get_mut(family) {
            *shelves = Arc::new(shelves.without(paths.iter().copied()));
        }
    }
    !by_family.is_empty()
}

fn weigh(cursor: &Cursor<'_>, path: &str, open: &OpenFile, shelves: &Shelves) -> Vec<Alternative> {
    let mut evidence = Evidence::new(path, &open.above, &open.below, shelves);
    let constraint = Constraint {
        start: cursor.partial,
        after_blank: cursor.is_after_blank(),
    };
    let indent = cursor.line_before_partial();
    let line_break = cursor
        .is_at_line_start()
        .then(|| open.above.break_before_cursor(indent));
    let mut context: Vec<TokenId> = line_break.into_iter().collect();
    context.extend(open.above.tail().take(super::segment::MAX_CONTEXT));
    let at_line_start = cursor.is_at_line_start();
    let mut lines = beam::search(
        &mut evidence,
        context.iter().copied(),
        constraint,
        at_line_start,
    );
    if lines.is_empty() && !cursor.partial.is_empty() {
        // No known word begins like this: it is a new one, and what follows it may still be known.
        context.insert(0, TokenId::of(cursor.partial));
        lines = beam::search(
            &mut evidence,
            context.iter().copied(),
            Constraint::default(),
            false,
        );
    }
    lines.retain_mut(|line| fit_to_rest(&mut line.text, cursor.rest));
    lines.dedup_by(|later, earlier| later.text == earlier.text);
    if lines.is_empty() {
        return Vec::new();
    }
    let features = describe(&lines, cursor, &cursor.neighbourhood(), &evidence);
    let mut alternatives: Vec<Alternative> = lines
        .into_iter()
        .zip(features)
        .map(|(line, features)| Alternative {
            prediction: Prediction {
                text: line.text,
                confidence: Confidence::new(weights::probability(&features)),
            },
            features,
        })
        .filter(|alternative| alternative.prediction.confidence.get() >= LEAST_CONFIDENCE)
        .collect();
    alternatives.sort_by(|a, b| {
        let sure = |alternative: &Alternative| alternative.prediction.confidence.get();
        sure(b).total_cmp(&sure(a))
    });
    alternatives
}

/// Takes away what already stands after the cursor; returns whether something is left to insert.
///
/// A line that does not end in what stands there would double it or break it, so it is dropped.
fn fit_to_rest(text: &mut String, rest: &str) -> bool {
    if !rest.is_empty() {
        let is_closing = |c: char| ")]}>\"'`;,".contains(c);
        let end = match text.strip_suffix(rest) {
            Some(fitting) => Some(fitting.len()),
            // Editors close brackets at once, but not the statement after them.
            None if rest.chars().all(is_closing) => text
                .rfind(rest)
                .filter(|&at| text[at + rest.len()..].chars().all(is_closing)),
            None => None,
        };
        let Some(end) = end else {
            return false;
        };
        text.truncate(end);
    }
    text.truncate(text.trim_end().len());
    !text.trim().is_empty()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What the lock guards is replaced whole, so a panic elsewhere leaves it as it was.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
