//! Keeps trees and facts of open documents up to date behind the keys.
//!
//! A parse of a long file takes longer than a whole completion should, so no key waits for one: it
//! works on the last tree, moved along with the edits, and on facts that were gathered a little
//! earlier. The work for a document is never done twice at once, and takes at most a
//! hundredth of one core: after a refresh of 5 ms the next one comes half a second later.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::Engine;
use super::clock::micros;
use crate::context::Facts;
use crate::documents::Snapshot;
use crate::domain::{ByteOffset, DocumentUri};

/// How long the parse of a document may take, off the loop.
const LIMIT: Duration = Duration::from_secs(5);
/// How many times as long as the last refresh took the next one waits.
const REST: u32 = 100;
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(3);
/// A document whose last parse took no longer is parsed for the key itself.
const QUICK: Duration = Duration::from_micros(150);

/// What is known of one open document.
#[derive(Debug, Default)]
struct State {
    facts: Option<Arc<Facts>>,
    /// Where the last key was.
    cursor: ByteOffset,
    is_scheduled: bool,
    rests_until: Option<Instant>,
    /// How long the last parse of an edit took.
    last_parse: Option<Duration>,
}

/// The state of every open document.
#[derive(Debug, Default)]
pub struct Refresher {
    states: Mutex<HashMap<DocumentUri, State>>,
    /// Nothing of them needs to be waited for: what they would have found goes with the session.
    tasks: TaskTracker,
    /// One thread for all long parses. Trees are made of small pieces, and an allocator that keeps
    /// memory for each thread would keep it as often as there are threads that parse.
    parser: OnceLock<mpsc::Sender<Job>>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Refresher {
    /// Returns the facts for a key, and notes where it was.
    pub fn facts(&self, document: &DocumentUri, cursor: ByteOffset) -> Option<Arc<Facts>> {
        let mut states = self.states();
        let state = states.get_mut(document)?;
        state.cursor = cursor;
        state.facts.clone()
    }

    /// Keeps facts that a key had to gather itself.
    pub fn keep(&self, document: &DocumentUri, facts: Arc<Facts>) {
        self.states().entry(document.clone()).or_default().facts = Some(facts);
    }

    /// Returns whether a document can be parsed for a key, since it hardly takes any time.
    pub fn is_quick(&self, document: &DocumentUri) -> bool {
        let states = self.states();
        let last = states.get(document).and_then(|state| state.last_parse);
        last.is_some_and(|last| last <= QUICK)
    }

    /// Returns whether all that a key needs of a document is there.
    pub fn is_ready(&self, document: &DocumentUri) -> bool {
        let states = self.states();
        states
            .get(document)
            .is_some_and(|state| state.facts.is_some())
    }

    /// Forgets a document that is closed.
    pub fn end(&self, document: &DocumentUri) {
        self.states().remove(document);
    }

    /// Takes the next turn of a document; `None` when somebody has it already. Returns how long it
    /// has to rest before.
    fn begin(&self, document: &DocumentUri) -> Option<Duration> {
        let mut states = self.states();
        let state = states.entry(document.clone()).or_default();
        if std::mem::replace(&mut state.is_scheduled, true) {
            return None;
        }
        let now = Instant::now();
        let rest = state.rests_until.map(|until| until.duration_since(now));
        Some(rest.unwrap_or_default())
    }

    /// Returns where facts are to be gathered, if they are not there yet.
    fn wanted(&self, document: &DocumentUri) -> Option<ByteOffset> {
        let states = self.states();
        let state = states.get(document)?;
        let is_there = state
            .facts
            .as_ref()
            .is_some_and(|facts| facts.are_about(state.cursor));
        (!is_there).then_some(state.cursor)
    }

    /// Gives the turn back.
    fn finish(&self, document: &DocumentUri, done: Done) {
        let mut states = self.states();
        let Some(state) = states.get_mut(document) else {
            return;
        };
        state.is_scheduled = false;
        if let Some(facts) = done.facts {
            state.facts = Some(Arc::new(facts));
        }
        if done.is_edit {
            state.last_parse = Some(done.parse);
            let rest = (done.whole * REST).min(LONGEST_REST);
            state.rests_until = Some(Instant::now() + rest);
        }
    }

    /// Runs a job on the thread that parses, behind those that were there before.
    pub(super) fn run(&self, job: Job) {
        let parser = self.parser.get_or_init(|| {
            let (jobs, queue) = mpsc::channel::<Job>();
            let work = move || {
                for job in queue {
                    // Whoever waits for it hears of it, since its answer is dropped.
                    let _ = catch_unwind(AssertUnwindSafe(job));
                }
            };
            let thread = std::thread::Builder::new().name("parser".to_owned());
            if let Err(error) = thread.spawn(work) {
                tracing::error!(%error, "there is no thread to parse on");
            }
            jobs
        });
        // Without the thread the job is dropped, and trees stay as they are.
        let _ = parser.send(job);
    }

    fn states(&self) -> MutexGuard<'_, HashMap<DocumentUri, State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of a refresh.
#[derive(Default)]
struct Done {
    facts: Option<Facts>,
    /// The first parse of a document says nothing about the later ones.
    is_edit: bool,
    parse: Duration,
    whole: Duration,
}

impl Engine {
    /// Brings the tree and the facts of a document up to date soon, off the loop.
    pub(super) fn refresh_soon(self: &Arc<Self>, document: &DocumentUri) {
        let Some(rest) = self.refresher.begin(document) else {
            return;
        };
        let (engine, document) = (Arc::clone(self), document.clone());
        self.refresher.tasks.spawn(async move {
            if !rest.is_zero() {
                tokio::time::sleep(rest).await;
            }
            let (worker, name) = (Arc::clone(&engine), document.clone());
            let (tell, done) = oneshot::channel();
            engine.refresher.run(Box::new(move || {
                // As it is by now: while others were parsed it may have been edited, or closed.
                let snapshot = worker.documents.snapshot(&name);
                let refreshed =
                    snapshot.map(|snapshot| (snapshot.version, worker.refresh(&snapshot)));
                let _ = tell.send(refreshed);
            }));
            match done.await {
                Ok(Some((seen, done))) => {
                    engine.refresher.finish(&document, done);
                    let now = engine.documents.snapshot(&document);
                    if now.is_some_and(|now| now.version != seen) {
                        engine.refresh_soon(&document);
                    }
                }
                Ok(None) => engine.refresher.end(&document),
                // A refresh that panicked is over too; the next edit tries again.
                Err(_) => engine.refresher.finish(&document, Done::default()),
            }
        });
    }

    fn refresh(&self, snapshot: &Snapshot) -> Done {
        if let Some(language) = snapshot.language {
            language.prepare();
        }
        let is_edit = snapshot.latest_tree().is_some();
        let began = Instant::now();
        let tree = self.documents.parse(snapshot, LIMIT);
        let parse = began.elapsed();
        let at = self.refresher.wanted(&snapshot.uri);
        let facts = at.map(|at| Facts::gather(snapshot, tree.as_ref(), at));
        let whole = began.elapsed();
        tracing::debug!(
            parse_us = micros(parse),
            facts_us = micros(whole - parse),
            "a document was refreshed"
        );
        Done {
            facts,
            is_edit,
            parse,
            whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(parse: Duration) -> Done {
        Done {
            facts: None,
            is_edit: true,
            parse,
            whole: parse,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_document_is_refreshed_once_at_a_time_and_rests_in_proportion() {
        let (refresher, document) = (Refresher::default(), DocumentUri::new("a"));
        assert_eq!(refresher.begin(&document), Some(Duration::ZERO));
        assert_eq!(refresher.begin(&document), None);
        refresher.finish(&document, done(Duration::from_millis(5)));
        assert_eq!(refresher.begin(&document), Some(Duration::from_millis(500)));
        refresher.finish(&document, done(Duration::from_secs(1)));
        assert_eq!(refresher.begin(&document), Some(LONGEST_REST));
    }

    #[test]
    fn only_a_quick_document_is_parsed_for_a_key() {
        let (refresher, document) = (Refresher::default(), DocumentUri::new("a"));
        assert!(!refresher.is_quick(&document));
        let _ = refresher.begin(&document);
        refresher.finish(&document, done(Duration::from_micros(100)));
        assert!(refresher.is_quick(&document));
        refresher.finish(&document, done(Duration::from_micros(400)));
        assert!(!refresher.is_quick(&document));
    }

    #[test]
    fn facts_are_gathered_anew_when_the_cursor_has_gone_elsewhere() {
        let (refresher, document) = (Refresher::default(), DocumentUri::new("a"));
        let _ = refresher.begin(&document);
        assert_eq!(refresher.wanted(&document), Some(ByteOffset::default()));
        let text = "fn f() {}\n".repeat(4_000);
        let documents = crate::documents::Documents::default();
        documents.open(document.clone(), "rust", 1, &text);
        let snapshot = documents.snapshot(&document).expect("it is open");
        let tree = documents.parse(&snapshot, LIMIT);
        let at = ByteOffset::new(500);
        let facts = Facts::gather(&snapshot, tree.as_ref(), at);
        refresher.keep(&document, Arc::new(facts));
        assert!(refresher.facts(&document, at).is_some());
        assert_eq!(refresher.wanted(&document), None);
        let far = ByteOffset::new(30_000);
        let _ = refresher.facts(&document, far);
        assert_eq!(refresher.wanted(&document), Some(far));
        refresher.end(&document);
        assert_eq!(refresher.facts(&document, at), None);
    }
}
