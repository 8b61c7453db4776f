//! The shared handle: lessons go in, predictions come out, and neither waits for the other.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::beam;
use super::cursor::Cursor;
use super::cut;
use super::evidence::{Constraint, Evidence};
use super::features::describe;
use super::further;
use super::gather::Gathered;
use super::language::family;
use super::lex::TokenId;
use super::mend;
use super::open_text::OpenText;
use super::opinion::{Alternative, Cut, Opinion, Prediction};
use super::saved::{self, RestoreError};
use super::shelves::{MAX_SEGMENT_TOKENS, Shelves};
use super::weights::{self, SHOW_THRESHOLD};

/// Texts longer than this are not learnt.
const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;
/// Open files whose index is kept between two keystrokes.
const KEPT_OPEN_FILES: usize = 4;
/// Files learnt at once from an iterator, so that a long one needs no memory for all its texts.
const BATCH_BYTES: usize = 16 * 1024 * 1024;
/// Below this it is as good as certain that the line is wrong.
const LEAST_CONFIDENCE: f32 = 0.01;

/// The limits of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Memory that the index may hold together with what is kept of open files, in bytes; files that
    /// do not fit are not learnt.
    pub max_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_bytes: 256 * 1024 * 1024,
        }
    }
}

/// A file to learn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Its name; the same one stands for the file in queries and when it is forgotten.
    pub path: String,
    /// The language id of the language server protocol.
    pub language: String,
    /// Whatever tells one version of the file from another, such as a hash of its text or of the
    /// time it was changed. The model only keeps it; 0 where nobody needs it.
    pub stamp: u64,
    /// What stands in it.
    pub text: String,
}

impl From<(String, String, String)> for Lesson {
    /// Takes path, language and text.
    fn from((path, language, text): (String, String, String)) -> Self {
        Self {
            path,
            language,
            stamp: 0,
            text,
        }
    }
}

/// A file that was learnt.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LearntFile {
    /// Its name.
    pub path: Arc<str>,
    /// The language it was learnt as.
    pub language: Arc<str>,
    /// The stamp it was learnt with.
    pub stamp: u64,
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
    /// Whether more than the rest of the line may be suggested.
    pub several_lines: bool,
}

/// The embedded model.
///
/// All methods take `&self`, and clones of an `Arc` of it may be used from any thread. A lesson is
/// prepared aside and put in place in one step; a prediction reads what was in place when it began.
#[derive(Debug, Default)]
pub struct EmbeddedModel {
    settings: Settings,
    known: RwLock<Arc<Known>>,
    /// Held while a lesson is prepared.
    catalogue: Mutex<Catalogue>,
    open: Mutex<Vec<OpenFile>>,
}

/// What was learnt, by path.
pub(super) type Catalogue = HashMap<Arc<str>, Edition>;

/// Which version of a file was learnt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edition {
    pub(super) language: Arc<str>,
    pub(super) stamp: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) families: BTreeMap<String, Arc<Shelves>>,
}

impl Known {
    pub(super) fn bytes(&self) -> usize {
        self.families.values().map(|shelves| shelves.bytes()).sum()
    }

    fn add(&mut self, family: &str, files: Gathered) {
        let shelves = self.families.entry(family.to_owned()).or_default();
        *shelves = Arc::new(shelves.with(files));
    }
}

/// The index of a file that is being edited.
#[derive(Debug, Default)]
struct OpenFile {
    path: String,
    above: OpenText,
    below: OpenText,
}

impl OpenFile {
    /// Returns the memory it holds, in bytes.
    fn bytes(&self) -> usize {
        self.above.bytes() + self.below.bytes()
    }
}

fn bytes_of(open: &[OpenFile]) -> usize {
    open.iter().map(OpenFile::bytes).sum()
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

    /// Learns many files, each a [`Lesson`] or (path, language, text); far cheaper than one by one.
    ///
    /// Reads up to 16 MiB of the iterator at a time.
    pub fn learn_many<L: Into<Lesson>>(&self, files: impl Iterator<Item = L>) {
        let mut batch = Vec::new();
        let mut bytes = 0;
        for file in files {
            let lesson: Lesson = file.into();
            bytes += lesson.text.len();
            batch.push(lesson);
            if bytes >= BATCH_BYTES {
                self.learn_batch(&std::mem::take(&mut batch));
                bytes = 0;
            }
        }
        if !batch.is_empty() {
            self.learn_batch(&batch);
        }
    }

    /// Forgets a file; afterwards it is as if it had never been learnt, and its memory is free.
    ///
    /// The work grows with the batch that the file was learnt in, up to a tenth of a second where a
    /// million lines are known: use [`Self::forget_many`] for more than a few.
    pub fn forget(&self, path: &str) {
        self.forget_many([path]);
    }

    /// Forgets many files; far cheaper than one by one.
    pub fn forget_many<'a>(&self, paths: impl IntoIterator<Item = &'a str>) {
        let mut catalogue = lock(&self.catalogue);
        let mut known = Known::clone(&self.known());
        let paths: Vec<&str> = paths.into_iter().collect();
        if strike(&mut known, &mut catalogue, &paths) {
            self.put(known);
        }
    }

    /// Writes all that it has learnt, for [`Self::restore`].
    ///
    /// Streams: there is no second copy in memory, and small writes are gathered. About as many
    /// bytes as [`Self::bytes`] says. Lessons and predictions go on meanwhile and are not in it.
    ///
    /// # Errors
    ///
    /// Whatever the output says; what was written until then is refused when it is restored.
    pub fn save(&self, output: &mut dyn Write) -> io::Result<()> {
        let (known, catalogue) = {
            let catalogue = lock(&self.catalogue);
            (self.known(), catalogue.clone())
        };
        saved::write(&known, &catalogue, output)
    }

    /// Takes back what [`Self::save`] wrote, in place of all that it knows.
    ///
    /// The second start of a workspace: restore, compare [`Self::learnt`] with the files that are
    /// there, [`Self::forget_many`] those that are gone and [`Self::learn_many`] those whose stamp
    /// is another one. It predicts as the model did that was saved. `input` is read to its end,
    /// in large pieces. Lessons wait meanwhile; predictions go on with what was known before.
    ///
    /// # Errors
    ///
    /// Refuses whatever is not, to the last byte, what this version of the model has written, and
    /// what is larger than [`Settings::max_bytes`]. What was known before stays then.
    pub fn restore(&self, input: &mut dyn Read) -> Result<(), RestoreError> {
        let mut catalogue = lock(&self.catalogue);
        let (known, files) = saved::read(self.settings.max_bytes, input)?;
        *catalogue = files;
        self.put(known);
        Ok(())
    }

    /// Returns the files that it has learnt, in no order.
    #[must_use]
    pub fn learnt(&self) -> Vec<LearntFile> {
        let catalogue = lock(&self.catalogue);
        let files = catalogue.iter().map(|(path, edition)| LearntFile {
            path: Arc::clone(path),
            language: Arc::clone(&edition.language),
            stamp: edition.stamp,
        });
        files.collect()
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

    /// Returns the memory that is kept of files that are being edited, in bytes: at most four, and
    /// only the latest where the index leaves no room for more.
    #[must_use]
    pub fn open_bytes(&self) -> usize {
        bytes_of(&lock(&self.open))
    }

    /// Predicts the rest of the line at the cursor; `None` when it has nothing to say.
    ///
    /// The same knowledge and the same query give the same answer. Takes well under a
    /// millisecond when the file was asked about before, and never waits for a lesson.
    #[must_use]
    pub fn predict(&self, query: &Query<'_>) -> Option<Prediction> {
        self.opinion(query).prediction()
    }

    /// Returns all that it weighed at the cursor.
    #[must_use]
    pub fn opinion(&self, query: &Query<'_>) -> Opinion {
        let Some(cursor) = Cursor::of(query) else {
            return Opinion::default();
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
        let opinion = weigh(&cursor, query, &open, shelves);
        self.keep_open(open, known.bytes());
        opinion
    }

    fn learn_batch(&self, lessons: &[Lesson]) {
        let mut catalogue = lock(&self.catalogue);
        let mut known = Known::clone(&self.known());
        // Of two versions in one batch the later one is the one to know.
        let last: HashMap<&str, usize> = (0..)
            .zip(lessons)
            .map(|(n, lesson)| (&*lesson.path, n))
            .collect();
        let paths: Vec<&str> = last.keys().copied().collect();
        strike(&mut known, &mut catalogue, &paths);
        let mut by_family: BTreeMap<&str, Gathered> = BTreeMap::new();
        let mut languages: HashMap<&str, Arc<str>> = HashMap::new();
        let held = known.bytes() + self.open_bytes();
        let mut room = self.settings.max_bytes.saturating_sub(held);
        for (n, lesson) in lessons.iter().enumerate() {
            if lesson.text.len() > MAX_FILE_BYTES || last.get(&*lesson.path) != Some(&n) {
                continue;
            }
            let family = family(&lesson.language);
            let gathered = by_family.entry(family).or_default();
            let path: Arc<str> = lesson.path.as_str().into();
            let before = gathered.bytes();
            gathered.add(Arc::clone(&path), &lesson.text);
            let Some(left) = room.checked_sub(gathered.bytes() - before) else {
                gathered.undo();
                continue;
            };
            room = left;
            if gathered.len() >= MAX_SEGMENT_TOKENS {
                known.add(family, std::mem::take(gathered));
            }
            let language = languages.entry(&lesson.language);
            let language = Arc::clone(language.or_insert_with(|| lesson.language.as_str().into()));
            let stamp = lesson.stamp;
            catalogue.insert(path, Edition { language, stamp });
        }
        for (family, files) in by_family {
            known.add(family, files);
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

    /// Puts it back, before what was asked about earlier, of which as much stays as has room beside an
    /// index of so many bytes.
    fn keep_open(&self, file: OpenFile, index_bytes: usize) {
        let mut open = lock(&self.open);
        open.retain(|other| other.path != file.path);
        open.insert(0, file);
        open.truncate(KEPT_OPEN_FILES);
        while open.len() > 1 && index_bytes + bytes_of(&open) > self.settings.max_bytes {
            open.pop();
        }
    }
}

/// Takes files out; returns whether any was known.
fn strike(known: &mut Known, catalogue: &mut Catalogue, paths: &[&str]) -> bool {
    let mut by_family: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for path in paths {
        if let Some(edition) = catalogue.remove(*path) {
            let family = family(&edition.language).to_owned();
            by_family.entry(family).or_default().push(path);
        }
    }
    for (family, paths) in &by_family {
        if let Some(shelves) = known.families.get_mut(family) {
            *shelves = Arc::new(shelves.without(paths));
        }
    }
    known.families.retain(|_, shelves| shelves.bytes() > 0);
    !by_family.is_empty()
}

fn weigh(cursor: &Cursor<'_>, query: &Query<'_>, open: &OpenFile, shelves: &Shelves) -> Opinion {
    let mut evidence = Evidence::new(query.path, &open.above, &open.below, shelves);
    let constraint = Constraint {
        start: cursor.partial,
        after_blank: cursor.is_after_blank(),
    };
    let indent = cursor.line_before_partial();
    let line_break = cursor
        .is_at_line_start()
        .then(|| open.above.break_before_cursor(indent));
    let mut context: Vec<TokenId> = line_break.into_iter().collect();
    let near = super::segment::MAX_CONTEXT;
    context.extend(open.above.tail().take(near));
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
    let surroundings = cursor.surroundings();
    mend::add(&mut lines, cursor.typed, &surroundings);
    lines.retain_mut(|line| fit_to_rest(&mut line.text, cursor.rest));
    lines.dedup_by(|later, earlier| later.text == earlier.text);
    if lines.is_empty() {
        return Opinion::default();
    }
    let neighbourhood = cursor.neighbourhood();
    let features = describe(&lines, cursor, &neighbourhood, &evidence, &surroundings);
    let probabilities = weights::probabilities(&features);
    let best = probabilities
        .iter()
        .copied()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    let cuts = best.map_or(Vec::new(), |(at, confidence)| {
        cut::cuts(&lines[at], confidence, &lines, cursor, &evidence)
            .into_iter()
            .map(|(end, features)| {
                let sure = weights::probability_of_cut(&features).max(confidence);
                Cut {
                    prediction: Prediction::new(lines[at].text[..end].to_owned(), sure, true),
                    features,
                }
            })
            .collect()
    });
    let goes_on = query.several_lines && cursor.rest.is_empty();
    let sure = best.filter(|&(_, confidence)| goes_on && confidence >= SHOW_THRESHOLD);
    let further = sure.map_or(Vec::new(), |(at, _)| {
        let before = context.iter().copied().chain(open.above.tail().skip(near));
        further::lines(&lines[at], before, cursor, &neighbourhood, &mut evidence)
    });
    let mut alternatives: Vec<Alternative> = lines
        .into_iter()
        .zip(probabilities)
        .zip(features)
        .map(|((line, probability), features)| Alternative {
            prediction: Prediction::new(line.text, probability, false),
            features,
        })
        .filter(|alternative| alternative.prediction.confidence.get() >= LEAST_CONFIDENCE)
        .collect();
    alternatives.sort_by(|a, b| {
        let sure = |alternative: &Alternative| alternative.prediction.confidence.get();
        sure(b).total_cmp(&sure(a))
    });
    Opinion {
        alternatives,
        cuts,
        further,
    }
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
