//! The handle that everybody holds: recording never waits, reserved places make it infallible.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::error::LedgerError;
use super::journal::Journal;
use super::writer::{self, Message, WriterSettings};
use crate::domain::LedgerEvent;

/// A ledger that is open for writing. Clones are cheap and share one writer.
///
/// When the last clone and the last [`Place`] are gone, the writer writes what it has and ends;
/// [`Ledger::close`] waits for that.
#[derive(Clone, Debug)]
pub struct Ledger {
    queue: mpsc::Sender<Message>,
    state: SharedState,
    journal: Journal,
}

/// Whether events reach the disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LedgerState {
    /// They do, in the ledger or for now in its side file.
    Writable,
    /// They do not; nothing that costs money may begin.
    Degraded {
        /// What is wrong and what to do, in one sentence for the user.
        message: String,
    },
}

/// The writer tells, everybody may look.
#[derive(Clone, Debug)]
pub(super) struct SharedState(Arc<Mutex<LedgerState>>);

impl SharedState {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(LedgerState::Writable)))
    }

    pub(super) fn get(&self) -> LedgerState {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns whether the state is another than before.
    pub(super) fn set(&self, state: LedgerState) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = *held != state;
        *held = state;
        changed
    }
}

impl Ledger {
    /// Opens the file, creating it and its folder if need be, merges what a process that died left
    /// in side files, and starts the writer.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Open`], [`LedgerError::NotALedger`] or [`LedgerError::TooNew`]; each says
    /// what to do.
    pub async fn open(path: &Path) -> Result<Self, LedgerError> {
        Self::open_with(path, WriterSettings::default()).await
    }

    /// Opens the file with other limits than usual.
    ///
    /// # Errors
    ///
    /// As [`Ledger::open`].
    pub async fn open_with(path: &Path, settings: WriterSettings) -> Result<Self, LedgerError> {
        let (queue, messages) = mpsc::channel(settings.capacity);
        let state = SharedState::new();
        let journal = Journal::of(path);
        writer::start(path, settings, messages, state.clone(), journal.clone()).await?;
        Ok(Self {
            queue,
            state,
            journal,
        })
    }

    /// Reserves room in the writer's queue, so that recording from a `Drop` can neither wait nor
    /// fail.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Full`], [`LedgerError::Closed`] or [`LedgerError::NotWritable`]: in each case
    /// what was to be recorded should not begin.
    pub fn reserve(&self) -> Result<Place, LedgerError> {
        self.check_writable()?;
        match self.queue.clone().try_reserve_owned() {
            Ok(permit) => Ok(Place { permit }),
            Err(mpsc::error::TrySendError::Full(_)) => Err(LedgerError::Full),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(LedgerError::Closed),
        }
    }

    /// Hands an event to the writer and does not wait for the disk.
    ///
    /// # Errors
    ///
    /// As [`Ledger::reserve`]; the event is then not recorded.
    pub fn record(&self, event: LedgerEvent) -> Result<(), LedgerError> {
        self.reserve().map(|place| place.record(event))
    }

    /// Notes what will be recorded, as itself or as another row of the same id, so that it is on
    /// the ledger also when this process is killed before that. Decisions and calls only.
    ///
    /// A note that cannot be made is logged, and what it was for goes on.
    pub fn note(&self, event: &LedgerEvent) {
        if let Err(error) = self.journal.note(event) {
            tracing::warn!(%error, "a call that begins could not be noted");
        }
    }

    /// Records an event and returns once it is on disk. It waits for room in the queue; dropped
    /// after that, the event is written all the same.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Closed`] or [`LedgerError::NotWritable`]; the event is then not recorded.
    pub async fn record_and_wait(&self, event: LedgerEvent) -> Result<(), LedgerError> {
        let (done, answer) = oneshot::channel();
        self.ask(Message::Waited(event, done), answer).await
    }

    /// Returns once everything that was recorded before is on disk.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotWritable`] when some of it still waits for a disk that can be written.
    pub async fn flush(&self) -> Result<(), LedgerError> {
        let (done, answer) = oneshot::channel();
        self.ask(Message::Flush(done), answer).await
    }

    /// Writes everything that was recorded before, and stops the writer. Other clones get
    /// [`LedgerError::Closed`] from then on; places that are still held can still be used.
    pub async fn close(self) {
        let (done, answer) = oneshot::channel();
        if let Err(error) = self.ask(Message::Close(done), answer).await
            && error != LedgerError::Closed
        {
            tracing::error!(%error, "the ledger was closed with events that could not be written");
        }
    }

    /// Returns whether events reach the disk, as of the last attempt.
    #[must_use]
    pub fn state(&self) -> LedgerState {
        self.state.get()
    }

    fn check_writable(&self) -> Result<(), LedgerError> {
        match self.state.get() {
            LedgerState::Writable => Ok(()),
            LedgerState::Degraded { message } => Err(LedgerError::NotWritable { message }),
        }
    }

    async fn ask(
        &self,
        message: Message,
        answer: oneshot::Receiver<Result<(), LedgerError>>,
    ) -> Result<(), LedgerError> {
        self.queue
            .send(message)
            .await
            .map_err(|_| LedgerError::Closed)?;
        answer.await.unwrap_or(Err(LedgerError::Closed))
    }
}

/// Room for one event in the writer's queue. Dropped unused, it gives the room back.
#[derive(Debug)]
#[must_use = "a place that is not used keeps room from others"]
pub struct Place {
    permit: mpsc::OwnedPermit<Message>,
}

impl Place {
    /// Hands an event to the writer. Never waits and never fails; works in a `Drop`, and outside
    /// of any runtime.
    pub fn record(self, event: LedgerEvent) {
        self.permit.send(Message::Event(event));
    }
}
