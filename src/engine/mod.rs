//! One request from start to end: the only place where the parts meet.
//!
//! [`Engine::complete`] is the straight path of a completion, [`Engine::accept`] that of an accept.
//! No LSP and no HTTP types come in here, and nothing is printed. No lock is held across an await;
//! work of more than a millisecond leaves the runtime's threads; what must be recorded is recorded
//! by guards when they are dropped, so a cancelled request loses nothing.

mod account;
mod answer;
mod arm;
mod book;
mod burst;
mod call;
mod caps;
mod charge;
mod clock;
mod complete;
mod confidence;
mod decided;
mod edits;
mod episodes;
mod explain;
mod finish;
mod flight;
mod foresight;
mod gather;
mod health;
mod hedge;
mod index;
mod latest;
mod learnt;
mod leases;
mod load;
mod look;
mod market;
mod offers;
mod open;
mod outcome;
mod patience;
mod place;
mod purse;
mod refresh;
mod rhythm;
mod roster;
mod shadow;
mod shared_file;
mod spending;
mod status;
#[cfg(test)]
mod tests;
mod trial;
mod who;

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use answer::{Answer, Nothing, Served};
pub use book::BookState;
pub use clock::Clock;

pub use crate::models::{FoundServer, ServerKind};
pub use explain::Explanation;
pub use index::{IndexReport, Indexing, KeptFolder, Learner, Lesson, Progress};
pub use learnt::{KeepError, replace_estimates, witness_in};
pub use load::ServerLoad;
pub use look::{ArmReport, ArmState, language_id};
pub use outcome::{Held, OutcomeError};
pub use place::sight_of;
pub use status::{Status, StatusState};
pub use trial::{Trial, find_local_servers};

use crate::cache::AnswerCache;
use crate::documents::Documents;
use crate::domain::{CallRow, KeyPlace, ModelSpec, Network, Origin, Policy, Who};
use crate::guard::Guard;
use crate::inhouse::{EmbeddedModel, Settings};
use crate::prices::Prices;
use crate::workspace::{Library, LibraryLimits};

/// Takes the key from a place, or says why there is none.
pub type KeySource = Box<dyn Fn(&KeyPlace) -> Result<SecretString, String> + Send + Sync>;

/// What an engine is made of. Nothing in it has been opened or read yet.
pub struct Setup {
    /// The rules of routing.
    pub policy: Policy,
    /// The models over the network.
    pub models: Vec<ModelSpec>,
    /// The book that their prices are looked up in.
    pub prices: Prices,
    /// How they are reached.
    pub network: Network,
    /// Takes the keys from their places; called once per model.
    pub key_of: KeySource,
    /// The ledger's file.
    pub ledger: PathBuf,
    /// The folder of the index.
    pub cache: PathBuf,
    /// Which face this is.
    pub origin: Origin,
    /// The editor, as it names itself.
    pub client: Option<String>,
    /// The name of the user, which is only ever hashed.
    pub user: Option<String>,
    /// The open folders.
    pub roots: Vec<PathBuf>,
    /// Memory that the index may take, in bytes.
    pub index_memory: usize,
    /// Where cargo keeps sources, if dependencies are to be learnt; else they are not.
    pub dependencies: Option<PathBuf>,
    /// Where the time comes from.
    pub clock: Clock,
}

/// One session's engine: everything between a request and its answer.
pub struct Engine {
    rosters: roster::Rosters,
    origin: Origin,
    client: Option<String>,
    user: Option<String>,
    cache_folder: PathBuf,
    clock: Clock,
    documents: Documents,
    open_files: open::OpenFiles,
    embedded: Arc<EmbeddedModel>,
    confidence: confidence::WorkspaceConfidence,
    library: Arc<Library>,
    gathered: gather::Gathered,
    foresight: foresight::Foresight,
    edits: edits::RecentEdits,
    guard: Guard,
    answers: AnswerCache,
    book: book::Book,
    purse: purse::Purse,
    leases: leases::Leases,
    learnt: learnt::Learnt,
    pace: market::Pace,
    latest: latest::Latest,
    flights: flight::Flights,
    refresher: refresh::Refresher,
    bursts: burst::Bursts,
    episodes: episodes::Episodes,
    closing: CancellationToken,
    rhythm: rhythm::Rhythm,
    explanations: explain::Explanations,
    status: watch::Sender<Status>,
    /// The call that ended last, as it stands on the ledger.
    last_call: watch::Sender<Option<CallRow>>,
    index: index::Index,
}

impl Engine {
    /// Makes an engine without opening anything: `initialize` is answered before any file is read.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let rules = (setup.policy.clone(), setup.prices.clone());
        let models = setup.models.clone();
        let engine = Self::assemble(setup);
        let clients = engine.roster().clients.clone();
        let arms = engine.rosters.arms_of(models, &rules.1, &clients);
        engine.begin_with(rules, clients, arms);
        engine
    }

    /// Makes an engine whose models answer from scripts.
    #[cfg(test)]
    fn with_arms(setup: Setup, arms: Vec<arm::ArmModel>) -> Self {
        let rules = (setup.policy.clone(), setup.prices.clone());
        let engine = Self::assemble(setup);
        let clients = engine.roster().clients.clone();
        engine.begin_with(rules, clients, arms.into_iter().map(Arc::new).collect());
        engine
    }

    fn assemble(setup: Setup) -> Self {
        let documents = Documents::default();
        let embedded = Arc::new(EmbeddedModel::with_settings(Settings {
            max_bytes: setup.index_memory,
        }));
        let library = Arc::new(Library::with_limits(LibraryLimits {
            bytes: setup.index_memory,
        }));
        Self {
            rosters: roster::Rosters::new(setup.key_of, setup.network),
            origin: setup.origin,
            learnt: learnt::Learnt::of(setup.client.as_deref()),
            client: setup.client,
            user: setup.user,
            cache_folder: setup.cache,
            leases: leases::Leases::new(setup.clock.now()),
            clock: setup.clock,
            flights: flight::Flights::new(documents.clone()),
            episodes: episodes::Episodes::new(documents.clone()),
            closing: CancellationToken::new(),
            documents,
            refresher: refresh::Refresher::default(),
            open_files: open::OpenFiles::default(),
            embedded,
            confidence: confidence::WorkspaceConfidence::default(),
            library,
            gathered: gather::Gathered::default(),
            foresight: foresight::Foresight::default(),
            edits: edits::RecentEdits::default(),
            guard: Guard::new(),
            answers: AnswerCache::default(),
            book: book::Book::new(setup.ledger),
            purse: purse::Purse::default(),
            pace: market::Pace::default(),
            latest: latest::Latest::default(),
            bursts: burst::Bursts::default(),
            rhythm: rhythm::Rhythm::default(),
            explanations: explain::Explanations::default(),
            status: watch::Sender::new(Status::default()),
            last_call: watch::Sender::new(None),
            index: index::Index::new(setup.roots, setup.index_memory, setup.dependencies),
        }
    }

    /// Returns the open documents.
    #[must_use]
    pub const fn documents(&self) -> &Documents {
        &self.documents
    }

    /// Follows the status that editors show.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Opens the ledger behind the first answer, and the token tables if a model will need them;
    /// returns what the user can mend, if anything.
    pub async fn open_book(&self) -> BookState {
        let state = self.book.open().await;
        self.preload_tokens();
        if let BookState::Closed { message } = &state {
            self.status.send_modify(|status| status.warn(message));
        }
        state
    }

    /// Loads the token tables behind what runs, if a model needs them.
    ///
    /// Prompts are fitted with an estimate, which costs no memory. Where a call that is closed
    /// half-way has to be priced, the tokens are counted.
    pub fn preload_tokens(&self) {
        if self.roster().arms.iter().any(|arm| !arm.is_free()) {
            tokio::task::spawn_blocking(crate::context::preload_token_table);
        }
    }

    /// Ends the episodes that run, writes what is recorded to disk and closes the ledger. Called
    /// once, at the end.
    ///
    /// Calls that still run are closed first, so that what they have cost is among it.
    pub async fn close(self: &Arc<Self>) {
        self.closing.cancel();
        self.flights.close().await;
        self.record_all(self.episodes.close_all(self.clock.now()));
        self.book.close().await;
        let engine = Arc::clone(self);
        // What people are billed by is on disk; a quick start is worth a moment more.
        let kept = tokio::task::spawn_blocking(move || {
            engine.close_index();
            engine.close_confidence();
            engine.keep_learnt();
            engine.give_slice_back();
        });
        if let Err(error) = kept.await {
            tracing::error!(%error, "what this session has learnt was not kept");
        }
    }

    fn who(&self) -> Who {
        let root = self.index.first_folder();
        let mut who = self.book.who(self.user.as_deref(), root.as_deref());
        who.client.clone_from(&self.client);
        who
    }
}
