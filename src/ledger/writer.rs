//! The one writer of a process: takes what is in the queue, commits it as a group, acknowledges.
//!
//! It lives on a thread with a runtime of its own, so that it goes on when the runtime that
//! recorded an event is busy or gone. Nothing is acknowledged before it is synced to disk, in the
//! ledger or, while that cannot be written, in a side file.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use super::connection::open_for_writing;
use super::error::{LedgerError, is_busy, message};
use super::handle::{LedgerState, SharedState};
use super::insert::insert;
use super::journal::Journal;
use super::spool::{self, Kind, Leftover, Spool};
use crate::domain::LedgerEvent;

/// How many events are committed as one group at most.
const GROUP: usize = 1_024;
/// A group that panics this often is given up, so that the events after it are written.
const PANICS_PER_GROUP: u32 = 2;

/// Limits of the writer.
#[derive(Clone, Debug)]
pub struct WriterSettings {
    /// How many events and reserved places the queue holds; beyond it, recording fails.
    pub capacity: usize,
    /// How long one attempt waits for other processes.
    pub busy_timeout: Duration,
    /// How long the ledger is tried before events go to the side file.
    pub spool_after: Duration,
    /// How long to wait before an unwritable ledger is tried again.
    pub try_again_after: Duration,
    /// How long events that nobody waits for are gathered into one group: a sync to disk costs
    /// more than all else that a key leaves. They are lost if the process is killed meanwhile,
    /// except for what costs money, which the journal keeps.
    pub linger: Duration,
    #[cfg(test)]
    pub(super) panics: std::sync::Arc<std::sync::atomic::AtomicU32>,
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self {
            capacity: 8_192,
            busy_timeout: Duration::from_secs(1),
            spool_after: Duration::from_secs(5),
            try_again_after: Duration::from_secs(10),
            linger: Duration::from_millis(500),
            #[cfg(test)]
            panics: std::sync::Arc::default(),
        }
    }
}

pub(super) type Answer = oneshot::Sender<Result<(), LedgerError>>;

/// What the queue carries.
#[derive(Debug)]
pub(super) enum Message {
    /// Write it.
    Event(LedgerEvent),
    /// Write it and say so.
    Waited(LedgerEvent, Answer),
    /// Say when all before it is written.
    Flush(Answer),
    /// Say when all before it is written, then take no more.
    Close(Answer),
}

/// Starts the writer's thread and returns when the file is open.
pub(super) async fn start(
    path: &Path,
    settings: WriterSettings,
    messages: mpsc::Receiver<Message>,
    state: SharedState,
    journal: Journal,
) -> Result<(), LedgerError> {
    let failed = |error: std::io::Error| LedgerError::Open {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(failed)?;
    let (opened, answer) = oneshot::channel();
    let path_there = path.to_owned();
    std::thread::Builder::new()
        .name("ledger".to_owned())
        .spawn(move || {
            let store = match runtime.block_on(Store::open(&path_there, settings)) {
                Ok(store) => store,
                Err(error) => {
                    let _ = opened.send(Err(error));
                    return;
                }
            };
            let _ = opened.send(Ok(()));
            let mut writer = Writer::new(store, messages, state, journal);
            // What panics is in the writer's hands still, so it can go on where it was.
            while std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(writer.run())))
                .is_err()
            {
                writer.panics += 1;
                writer.store.connection = None;
            }
        })
        .map_err(failed)?;
    answer.await.unwrap_or_else(|_| {
        Err(LedgerError::Open {
            path: path.to_owned(),
            reason: "the writer's thread ended".to_owned(),
        })
    })
}

struct Writer {
    store: Store,
    messages: mpsc::Receiver<Message>,
    state: SharedState,
    journal: Journal,
    /// The group that is being written.
    in_hand: Vec<Message>,
    /// Events that nobody waits for and that no disk took yet.
    backlog: Vec<LedgerEvent>,
    panics: u32,
}

impl Writer {
    fn new(
        store: Store,
        messages: mpsc::Receiver<Message>,
        state: SharedState,
        journal: Journal,
    ) -> Self {
        Self {
            store,
            messages,
            state,
            journal,
            in_hand: Vec::with_capacity(GROUP),
            backlog: Vec::new(),
            panics: 0,
        }
    }

    /// Runs until the queue is closed and empty.
    async fn run(&mut self) {
        loop {
            if self.in_hand.is_empty() && !self.receive().await {
                break;
            }
            self.settle().await;
        }
        if !self.is_well() {
            self.store.next_try = None;
            self.settle().await;
        }
        if !self.backlog.is_empty() {
            tracing::error!(
                events = self.backlog.len(),
                "events were lost with the ledger"
            );
        }
        self.journal.end();
        if let Some(connection) = self.store.connection.take() {
            // The last one to close moves the log into the file; a failure leaves it to the next.
            let _ = connection.close().await;
        }
    }

    /// Takes the next group; returns false when there will be none. An empty group means that it
    /// is time to try the ledger again.
    async fn receive(&mut self) -> bool {
        let is_well = self.is_well();
        let next = self.messages.recv_many(&mut self.in_hand, GROUP);
        if is_well {
            let is_open = next.await > 0;
            self.gather().await;
            return is_open;
        }
        let wait = self.store.settings.try_again_after;
        tokio::time::timeout(wait, next).await.is_err() || !self.in_hand.is_empty()
    }

    /// Takes what comes soon after the first event into the same group, until somebody waits for it.
    async fn gather(&mut self) {
        let enough = tokio::time::sleep(self.store.settings.linger);
        tokio::pin!(enough);
        let is_waited_for = |message: &Message| !matches!(message, Message::Event(_));
        while self.in_hand.len() < GROUP && !self.in_hand.iter().any(is_waited_for) {
            let room = GROUP - self.in_hand.len();
            tokio::select! {
                came = self.messages.recv_many(&mut self.in_hand, room) => if came == 0 { return },
                () = &mut enough => return,
            }
        }
    }

    /// Returns whether the ledger itself was written last, and holds everything.
    fn is_well(&self) -> bool {
        self.store.spool.is_none()
            && self.backlog.is_empty()
            && self.state.get() == LedgerState::Writable
    }

    /// Writes the group in hand and answers those who wait.
    async fn settle(&mut self) {
        if self.panics >= PANICS_PER_GROUP {
            self.panics = 0;
            return self.give_up();
        }
        let new = self.in_hand.iter().filter_map(|message| match message {
            Message::Event(event) | Message::Waited(event, _) => Some(event),
            Message::Flush(_) | Message::Close(_) => None,
        });
        // Borrowed: what is in hand must still be there after a panic.
        let events: Vec<&LedgerEvent> = self.backlog.iter().chain(new).collect();
        if events.is_empty() {
            if !self.is_well() && self.store.try_again().await {
                self.is_written();
            }
            return self.answer(&Ok(()));
        }
        let written = self.store.write(&events).await;
        self.panics = 0;
        match written {
            Ok(()) => {
                self.journal.written(&events);
                self.backlog.clear();
                self.is_written();
                self.answer(&Ok(()));
            }
            Err(reason) => self.keep(&reason),
        }
    }

    fn is_written(&self) {
        if self.state.set(LedgerState::Writable) {
            tracing::info!("the ledger can be written again");
        }
    }

    /// Lets go of a group that cannot be written without a panic; whoever waits is told.
    fn give_up(&mut self) {
        tracing::error!(
            events = self.in_hand.len() + self.backlog.len(),
            "events were lost: the ledger's writer failed on them again and again"
        );
        self.backlog.clear();
        self.answer(&Err(LedgerError::NotWritable {
            message: "the ledger's writer failed on this event; see the log".to_owned(),
        }));
    }

    /// Keeps in memory what nobody was told about, tells the others, and says what is wrong.
    fn keep(&mut self, reason: &str) {
        let message = format!(
            "the ledger {} cannot be written ({reason}), so no model is called that costs money. \
             Check that its folder exists, is writable and has room, or choose another with --state DIR",
            self.store.path.display()
        );
        let error = LedgerError::NotWritable {
            message: message.clone(),
        };
        if self.state.set(LedgerState::Degraded { message }) {
            tracing::error!(%error, "the ledger cannot be written");
        }
        let unwaited = self.in_hand.iter().filter_map(|message| match message {
            Message::Event(event) => Some(event.clone()),
            Message::Waited(..) | Message::Flush(_) | Message::Close(_) => None,
        });
        self.backlog.extend(unwaited);
        let excess = self
            .backlog
            .len()
            .saturating_sub(self.store.settings.capacity);
        if excess > 0 {
            tracing::error!(
                events = excess,
                "events were lost: the ledger cannot be written"
            );
            self.backlog.drain(..excess);
        }
        self.answer(&Err(error));
    }

    fn answer(&mut self, result: &Result<(), LedgerError>) {
        for message in self.in_hand.drain(..) {
            match message {
                Message::Event(_) => {}
                Message::Waited(_, done) | Message::Flush(done) => {
                    // Whoever asked may have gone; the event is written all the same.
                    let _ = done.send(result.clone());
                }
                Message::Close(done) => {
                    self.messages.close();
                    self.journal.end();
                    let _ = done.send(result.clone());
                }
            }
        }
    }
}

/// Where events go: the ledger, or for a while the side file.
struct Store {
    path: PathBuf,
    settings: WriterSettings,
    connection: Option<SqliteConnection>,
    spool: Option<Spool>,
    /// Until when the ledger is not tried again, and why.
    next_try: Option<(Instant, String)>,
}

impl Store {
    async fn open(path: &Path, settings: WriterSettings) -> Result<Self, LedgerError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| LedgerError::Open {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
        }
        let connection = open_for_writing(path, settings.busy_timeout).await?;
        let mut store = Self {
            path: path.to_owned(),
            settings,
            connection: Some(connection),
            spool: None,
            next_try: None,
        };
        let waiting = spool::left_behind(path, Kind::Waiting);
        let begun = spool::left_behind(path, Kind::Begun);
        for left in waiting.into_iter().chain(begun) {
            if let Err(reason) = store.merge_left_behind(&left).await {
                tracing::warn!(%reason, file = %left.display(), "a ledger side file could not be merged");
            }
        }
        Ok(store)
    }

    /// Tries the ledger with nothing to write; returns whether it took the side file's events.
    async fn try_again(&mut self) -> bool {
        if self.write_to_ledger(&[]).await.is_err() {
            return false;
        }
        self.next_try = None;
        self.merge_own_spool().await;
        true
    }

    /// Returns when the events are on disk, or with the reason why they are on none.
    async fn write(&mut self, events: &[&LedgerEvent]) -> Result<(), String> {
        #[cfg(test)]
        self.panic_if_told();
        let reason = match self.write_to_ledger(events).await {
            Ok(()) => {
                self.next_try = None;
                self.merge_own_spool().await;
                return Ok(());
            }
            Err(reason) => reason,
        };
        self.write_to_spool(events)
            .map_err(|error| format!("{reason}; its side file: {error}"))
    }

    async fn write_to_ledger(&mut self, events: &[&LedgerEvent]) -> Result<(), String> {
        let started = Instant::now();
        if let Some((next_try, reason)) = &self.next_try
            && started < *next_try
        {
            return Err(reason.clone());
        }
        // After a failure one attempt is enough to see whether things are better.
        let patience = match &self.next_try {
            Some(_) => Duration::ZERO,
            None => self.settings.spool_after,
        };
        let mut pause = Duration::from_millis(5);
        loop {
            let reason = match self.commit(events).await {
                Ok(()) => return Ok(()),
                Err(reason) => reason,
            };
            if started.elapsed() + pause >= patience {
                let next_try = Instant::now() + self.settings.try_again_after;
                self.next_try = Some((next_try, reason.clone()));
                return Err(reason);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    /// Commits events as one transaction.
    async fn commit(&mut self, events: &[&LedgerEvent]) -> Result<(), String> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => open_for_writing(&self.path, self.settings.busy_timeout)
                .await
                .map_err(|error| error.to_string())?,
        };
        let connection = self.connection.insert(connection);
        let committed = async {
            // IMMEDIATE takes the write lock at once, where the busy timeout can wait for it.
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            insert(&mut transaction, events.iter().copied()).await?;
            transaction.commit().await
        };
        committed.await.map_err(|error: sqlx::Error| {
            if !is_busy(&error) {
                self.connection = None;
            }
            message(&error)
        })
    }

    fn write_to_spool(&mut self, events: &[&LedgerEvent]) -> std::io::Result<()> {
        let mut spool = match self.spool.take() {
            Some(spool) if spool.path().exists() => spool,
            _ => {
                let spool = Spool::create(&self.path, Kind::Waiting)?;
                tracing::warn!(
                    file = %spool.path().display(),
                    "the ledger cannot be written; events go to a side file"
                );
                spool
            }
        };
        let appended = spool.append(events);
        self.spool = Some(spool);
        appended
    }

    async fn merge_own_spool(&mut self) {
        let Some(spool) = self.spool.take() else {
            return;
        };
        let merged = match Leftover::own(&spool) {
            Ok(own) => self.merge(own).await,
            Err(error) => Err(error.to_string()),
        };
        match merged {
            Ok(()) => tracing::info!("the ledger's side file was merged"),
            Err(reason) => {
                tracing::warn!(%reason, "the ledger's side file waits to be merged");
                self.spool = Some(spool);
            }
        }
    }

    async fn merge_left_behind(&mut self, path: &Path) -> Result<(), String> {
        match Leftover::take(path) {
            Ok(Some(leftover)) => self.merge(leftover).await,
            // Its writer lives and will merge it.
            Ok(None) => Ok(()),
            // Another process has just merged it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn merge(&mut self, leftover: Leftover) -> Result<(), String> {
        for events in leftover.events.chunks(GROUP) {
            let events: Vec<&LedgerEvent> = events.iter().collect();
            self.commit(&events).await?;
        }
        leftover.settle().map_err(|error| error.to_string())
    }

    #[cfg(test)]
    fn panic_if_told(&self) {
        use std::sync::atomic::Ordering::Relaxed;
        let told = self
            .settings
            .panics
            .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        assert!(told.is_err(), "told to panic");
    }
}
