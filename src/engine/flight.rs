//! The calls that run, and the requests that wait for them.
//!
//! A call belongs to a document, not to a request: a key that agrees with what has streamed so far
//! attaches to the running call, one that contradicts it closes it, so twenty keys are one call.
//! When the last request that waited is cancelled, the call is closed at once, unless the text was
//! typed on in agreement: editors cancel the older request with every key and ask again a moment
//! later, so the call is kept for [`ADOPTION`] and closed if nobody has come for it by then.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::answer::{Answer, Nothing};
use super::patience::Agreement;
use crate::cache;
use crate::documents::{Documents, Snapshot};
use crate::domain::{ByteOffset, DocumentUri};

/// How long a call is kept for the request that is expected to take it over.
///
/// VS Code asks 35 to 50 ms after the key that cancelled the older request, copilot.lua 75 ms.
pub const ADOPTION: Duration = Duration::from_millis(120);
/// How long a request waits for the first token of an older call before it makes its own: a call
/// that hangs must not take all later keys with it.
const FIRST_TOKEN: Duration = Duration::from_secs(2);
/// A call that is younger and has no answer yet is made anew with what was typed since: nothing is
/// lost, and the answer is about the newer text. Edits that belong together come this fast.
const YOUNG: Duration = Duration::from_millis(15);
/// Text around the cursor that is compared with what it was when the call was made, in bytes.
const BEFORE: usize = 1_024;
const AFTER: usize = 256;
/// The most text that is typed into a running call, in bytes.
const TYPED: usize = 400;

/// What has come of a call so far.
#[derive(Debug, Default)]
struct Progress {
    /// The text of the answer as it streams, before any filter.
    raw: String,
    /// Who of those that were asked has said it.
    speaker: Option<u32>,
    /// What the request that made the call is answered with.
    answer: Option<Answer>,
}

impl Progress {
    fn is_silent(&self) -> bool {
        self.raw.is_empty() && self.answer.is_none()
    }
}

#[derive(Debug, Default)]
struct Crew {
    /// Requests that wait for the answer.
    waiting: usize,
    /// Requests that have come so far.
    came: usize,
    /// Nobody may come in any more.
    is_over: bool,
    /// Runs on while nobody waits, until the next request of the document.
    is_kept: bool,
    task: Option<AbortHandle>,
}

/// One running call, with its fallbacks.
#[derive(Debug)]
pub struct Flight {
    document: DocumentUri,
    offset: usize,
    before: String,
    after: String,
    began: Instant,
    is_cheap_to_close: bool,
    progress: watch::Sender<Progress>,
    voices: AtomicU32,
    crew: Mutex<Crew>,
}

impl Flight {
    fn of(snapshot: &Snapshot, offset: ByteOffset, is_cheap_to_close: bool) -> Self {
        let at = offset.get();
        let (before, after) = around(snapshot, at);
        Self {
            document: snapshot.uri.clone(),
            offset: at,
            before,
            after,
            began: Instant::now(),
            is_cheap_to_close,
            progress: watch::Sender::default(),
            voices: AtomicU32::new(0),
            crew: Mutex::default(),
        }
    }

    /// Returns the voice of the next one who is asked.
    pub fn voice(&self) -> Voice<'_> {
        Voice {
            flight: self,
            number: self.voices.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Begins anew: what was said so far counts no more.
    pub fn starts_over(&self) {
        self.progress.send_if_modified(|progress| {
            let had_text = !progress.raw.is_empty();
            progress.raw.clear();
            progress.speaker = None;
            had_text
        });
    }

    /// Returns who has the word, once somebody has said anything.
    pub async fn first_word(&self) -> u32 {
        let mut progress = self.progress.subscribe();
        loop {
            let speaker = progress.borrow_and_update().speaker;
            if let Some(speaker) = speaker {
                return speaker;
            }
            // The sender is ours, so it is there.
            let _ = progress.changed().await;
        }
    }

    /// Returns who has the word, if anybody has said anything.
    pub fn speaker(&self) -> Option<u32> {
        self.progress.borrow().speaker
    }

    /// Returns what was typed between the place of the call and a cursor, if nothing else changed
    /// but brackets and quotes that the editor closed by itself.
    fn typed_to(&self, now: &Snapshot, cursor: ByteOffset) -> Option<String> {
        let (before, after) = around(now, cursor.get());
        let then = self.place(&self.before, &self.after);
        let typed = cache::typed_since(then, self.place(&before, &after))?;
        Some(now.slice(cursor.get() - typed..cursor.get()))
    }

    fn place<'p>(&'p self, before: &'p str, after: &'p str) -> cache::Place<'p> {
        cache::Place {
            document: &self.document,
            language: "",
            policy: "",
            before,
            after,
        }
    }

    /// Returns what was typed since the call was made, wherever the cursor may be now.
    fn typed_on(&self, now: &Snapshot) -> Option<String> {
        let text = now.slice(self.offset..self.offset + TYPED + AFTER);
        let after = unclosed(&self.after);
        let borders = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        borders
            .filter(|typed| (1..=TYPED).contains(typed))
            .filter(|typed| unclosed(&text[*typed..]).starts_with(after))
            .find_map(|typed| self.typed_to(now, ByteOffset::new(self.offset + typed)))
    }

    fn agrees_with(&self, typed: &str) -> bool {
        agree(typed, &self.progress.borrow().raw)
    }

    fn crew(&self) -> MutexGuard<'_, Crew> {
        self.crew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn board(&self) -> bool {
        let mut crew = self.crew();
        if !crew.is_over {
            crew.waiting += 1;
            crew.came += 1;
            crew.is_kept = false;
        }
        !crew.is_over
    }

    /// Closes the call if nobody waits for it.
    fn close_if_alone(&self) {
        let mut crew = self.crew();
        if crew.waiting == 0 {
            crew.is_over = true;
            if let Some(task) = crew.task.take() {
                task.abort();
            }
        }
    }
}

/// Where one model is heard. Two may be asked at once; the first who says anything has the word.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'f> {
    flight: &'f Flight,
    pub number: u32,
}

impl Voice<'_> {
    /// Says the next piece of an answer. Returns whether it is heard.
    pub fn say(self, chunk: &str) -> bool {
        let mut is_heard = false;
        self.flight.progress.send_if_modified(|progress| {
            is_heard = *progress.speaker.get_or_insert(self.number) == self.number;
            if is_heard {
                progress.raw.push_str(chunk);
            }
            is_heard
        });
        is_heard
    }
}

fn around(snapshot: &Snapshot, at: usize) -> (String, String) {
    let before = snapshot.slice(at.saturating_sub(BEFORE)..at);
    (before, snapshot.slice(at..at + AFTER))
}

/// Returns a text without what an editor may have closed at its beginning.
fn unclosed(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || ")]}>\"'`".contains(c))
}

/// Whether text that was typed and text that has streamed may still be one answer. Models and
/// editors differ in the spaces that a line begins with; the filters mend that later.
fn agree(typed: &str, streamed: &str) -> bool {
    let (typed, streamed) = (typed.trim_start(), streamed.trim_start());
    streamed.starts_with(typed) || typed.starts_with(streamed)
}

/// The running call of each document.
pub struct Flights {
    documents: Documents,
    running: Arc<Mutex<HashMap<DocumentUri, Arc<Flight>>>>,
    tasks: TaskTracker,
    keys: Arc<Keys>,
}

/// How the keys went that came while a call ran in their document.
#[derive(Debug, Default)]
struct Keys {
    agreed: AtomicU32,
    differed: AtomicU32,
}

/// As if so many keys had agreed, and so many not, before the first one.
const PRIOR: u32 = 8;

impl Keys {
    fn count(&self, joined: &Joined) {
        match joined {
            Joined::Done => self.agreed.fetch_add(1, Ordering::Relaxed),
            Joined::Parted => self.differed.fetch_add(1, Ordering::Relaxed),
        };
    }

    fn agreement(&self) -> Agreement {
        let agreed = u64::from(self.agreed.load(Ordering::Relaxed)) + u64::from(PRIOR);
        let differed = u64::from(self.differed.load(Ordering::Relaxed)) + u64::from(PRIOR);
        let share = agreed * 1_000 / (agreed + differed);
        Agreement::of_thousand(u16::try_from(share).unwrap_or(1_000))
    }
}

impl Flights {
    pub fn new(documents: Documents) -> Self {
        Self {
            documents,
            running: Arc::default(),
            tasks: TaskTracker::new(),
            keys: Arc::default(),
        }
    }

    /// Returns how likely a key agrees with a running call, as far as this session shows.
    pub fn agreement(&self) -> Agreement {
        self.keys.agreement()
    }

    /// Takes part in the call that runs for a document, before it is known whether it still fits:
    /// whoever asked before can be let go without the call being closed.
    pub fn take_over(&self, document: &DocumentUri) -> Option<Waiter> {
        let flight = self.running().get(document).cloned()?;
        flight.board().then(|| self.waiter(flight))
    }

    /// Starts a call for a place that nobody waits for and no later key may attach to.
    pub fn beside<F>(&self, place: &(Snapshot, ByteOffset), work: impl FnOnce(Arc<Flight>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let flight = Arc::new(Flight::of(&place.0, place.1, false));
        self.tasks.spawn(work(flight));
    }

    /// Starts a call for a place; `work` makes it and tells the flight what it hears. Another call
    /// in the same document is closed.
    pub fn launch<F>(
        &self,
        (place, offset): (&Snapshot, ByteOffset),
        is_cheap_to_close: bool,
        work: impl FnOnce(Arc<Flight>) -> F,
    ) -> Waiter
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let flight = Arc::new(Flight::of(place, offset, is_cheap_to_close));
        flight.crew().waiting = 1;
        let (document, started) = (flight.document.clone(), Arc::clone(&flight));
        let older = self.running().insert(document, started);
        if let Some(older) = older {
            older.close_if_alone();
        }
        let work = AssertUnwindSafe(work(Arc::clone(&flight))).catch_unwind();
        let (ended, running) = (Arc::clone(&flight), Arc::clone(&self.running));
        let task = self.tasks.spawn(async move {
            let answer = work.await.unwrap_or_else(|_panic| {
                tracing::error!("a call panicked; the session goes on");
                Answer::Nothing(Nothing::Failed)
            });
            ended.crew().is_over = true;
            let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
            if running
                .get(&ended.document)
                .is_some_and(|current| Arc::ptr_eq(current, &ended))
            {
                running.remove(&ended.document);
            }
            drop(running);
            ended
                .progress
                .send_modify(|progress| progress.answer = Some(answer));
        });
        flight.crew().task = Some(task.abort_handle());
        self.waiter(flight)
    }

    /// Forgets a document that is closed; its call ends with the requests that waited for it.
    pub fn end(&self, document: &DocumentUri) {
        self.running().remove(document);
    }

    /// Closes every call and waits until what they have cost is recorded.
    pub async fn close(&self) {
        let running: Vec<_> = self.running().drain().map(|(_, flight)| flight).collect();
        for flight in running {
            let task = {
                let mut crew = flight.crew();
                crew.is_over = true;
                crew.task.take()
            };
            if let Some(task) = task {
                task.abort();
            }
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn waiter(&self, flight: Arc<Flight>) -> Waiter {
        Waiter {
            progress: flight.progress.subscribe(),
            flight,
            documents: self.documents.clone(),
            keys: Arc::clone(&self.keys),
            has_heirs: true,
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<DocumentUri, Arc<Flight>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request got from an older call.
#[derive(Debug)]
pub enum Joined {
    /// The call is done; its answer, if there is one, is in the cache.
    Done,
    /// What was typed is not what streams, or nothing streams for too long: the call is closed.
    Parted,
}

/// One request's part in a call. Dropped when the request is cancelled.
pub struct Waiter {
    flight: Arc<Flight>,
    progress: watch::Receiver<Progress>,
    documents: Documents,
    keys: Arc<Keys>,
    /// Whether another request may still come for the call when this one is dropped.
    has_heirs: bool,
}

impl Waiter {
    /// Waits for what the request that made the call is answered with.
    pub async fn answer(mut self) -> Answer {
        let ended = self
            .progress
            .wait_for(|progress| progress.answer.is_some())
            .await;
        let answer = ended.ok().and_then(|progress| progress.answer.clone());
        answer.unwrap_or(Answer::Nothing(Nothing::Failed))
    }

    /// Waits so long for that answer; a call that is later runs on, and its answer is kept, until the
    /// next request of the document says whether it still fits.
    pub async fn answer_within(self, hold: Duration) -> Option<Answer> {
        let flight = Arc::clone(&self.flight);
        let answer = self.answer();
        tokio::pin!(answer);
        let in_time = tokio::time::timeout(hold, &mut answer).await.ok();
        if in_time.is_none() {
            flight.crew().is_kept = true;
        }
        in_time
    }

    /// Waits for an older call as long as its stream agrees with what was typed since.
    pub async fn join(self, now: &Snapshot, cursor: ByteOffset) -> Joined {
        let keys = Arc::clone(&self.keys);
        let joined = self.stay(now, cursor).await;
        keys.count(&joined);
        joined
    }

    async fn stay(mut self, now: &Snapshot, cursor: ByteOffset) -> Joined {
        let Some(typed) = self.flight.typed_to(now, cursor) else {
            self.let_go();
            return Joined::Parted;
        };
        let is_young = self.flight.began.elapsed() < YOUNG && self.flight.is_cheap_to_close;
        if is_young && !typed.is_empty() && self.progress.borrow().is_silent() {
            self.let_go();
            return Joined::Parted;
        }
        let patience = tokio::time::sleep_until(self.flight.began + FIRST_TOKEN);
        tokio::pin!(patience);
        loop {
            let is_silent = {
                let progress = self.progress.borrow_and_update();
                if progress.answer.is_some() {
                    return Joined::Done;
                }
                if !agree(&typed, &progress.raw) {
                    break;
                }
                progress.raw.is_empty()
            };
            tokio::select! {
                changed = self.progress.changed() => if changed.is_err() { break },
                () = &mut patience, if is_silent => break,
            }
        }
        self.let_go();
        Joined::Parted
    }

    /// Leaves the call for good: it is closed at once if nobody else waits.
    pub fn let_go(mut self) {
        self.has_heirs = false;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let is_last = {
            let mut crew = self.flight.crew();
            crew.waiting -= 1;
            crew.waiting == 0 && !crew.is_over && !crew.is_kept
        };
        if !is_last {
            return;
        }
        let flight = Arc::clone(&self.flight);
        let is_typed_on = self.has_heirs
            && self
                .documents
                .snapshot(&flight.document)
                .and_then(|now| flight.typed_on(&now))
                .is_some_and(|typed| flight.agrees_with(&typed));
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if is_typed_on => {
                let came = flight.crew().came;
                runtime.spawn(async move {
                    tokio::time::sleep(ADOPTION).await;
                    // Whoever came meanwhile has left again, and has its own time to be followed.
                    if flight.crew().came == came {
                        flight.close_if_alone();
                    }
                });
            }
            _ => flight.close_if_alone(),
        }
    }
}
