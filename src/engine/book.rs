//! The session's ledger: opened behind the first answer, and honest when it cannot be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tokio::sync::OnceCell;

use super::who::HashKey;
use crate::domain::{LedgerEvent, ModelId, Money, Timestamp, Who};
use crate::ledger::{
    Ledger, LedgerError, LedgerReader, LedgerState, MarginReport, Place, ReportQuery,
};

/// Whether events can be recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BookState {
    /// They can.
    Open,
    /// They cannot; the sentence says why and what to do.
    Closed {
        /// What the user is told.
        message: String,
    },
}

/// How much has gone through.
pub struct Traffic {
    pub points: BTreeMap<Timestamp, u32>,
    /// Where it was asked for.
    pub by_arm: Option<ByArm>,
    /// What calls that are not shown have cost this month, where there are such.
    pub shadow: Money,
}

/// What each arm has served, and has cost.
#[derive(Default)]
pub struct ByArm {
    pub offers: BTreeMap<ModelId, u64>,
    pub spend: BTreeMap<ModelId, Money>,
}

/// The ledger once it is open, and before.
pub struct Book {
    path: PathBuf,
    ledger: OnceCell<Result<Ledger, String>>,
    key: OnceLock<HashKey>,
}

impl Book {
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            ledger: OnceCell::new(),
            key: OnceLock::new(),
        }
    }

    /// Returns the folder that the ledger is in.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Opens the ledger once; later calls return what came of it.
    pub async fn open(&self) -> BookState {
        match self.ready().await {
            Ok(ledger) => match ledger.state() {
                LedgerState::Writable => BookState::Open,
                LedgerState::Degraded { message } => BookState::Closed { message },
            },
            Err(message) => BookState::Closed {
                message: message.clone(),
            },
        }
    }

    async fn ready(&self) -> Result<&Ledger, &String> {
        self.ledger
            .get_or_init(|| async {
                let opened = Ledger::open(&self.path).await;
                self.key
                    .get_or_init(|| HashKey::read_or_make(self.folder()));
                opened.map_err(|error| {
                    tracing::warn!(%error, "the ledger cannot be opened");
                    error.to_string()
                })
            })
            .await
            .as_ref()
    }

    /// Returns whether spending can be recorded; waits for the ledger to be opened, once.
    pub async fn can_record(&self) -> bool {
        self.open().await == BookState::Open
    }

    /// Records an event without waiting. What cannot be recorded leaves a line in the log; money is
    /// never spent in that state, so no cost is lost.
    pub fn record(&self, event: LedgerEvent) {
        let Some(Ok(ledger)) = self.ledger.get() else {
            tracing::warn!("an event was not recorded: the ledger is not open");
            return;
        };
        if let Err(error) = ledger.record(event) {
            tracing::warn!(%error, "an event was not recorded");
        }
    }

    /// Notes what will be recorded, so that it is on the ledger also if this process is killed.
    pub fn note(&self, event: &LedgerEvent) {
        if let Some(Ok(ledger)) = self.ledger.get() {
            ledger.note(event);
        }
    }

    /// Records an event and returns once it is on disk.
    ///
    /// # Errors
    /// When it is not: the sentence says why and what to do.
    pub async fn record_and_wait(&self, event: LedgerEvent) -> Result<(), String> {
        let ledger = self.ready().await.map_err(String::clone)?;
        ledger
            .record_and_wait(event)
            .await
            .map_err(|error: LedgerError| error.to_string())
    }

    /// Adds up what happened in a period, everything included that was recorded here before.
    ///
    /// # Errors
    /// When that is not on disk yet or the ledger cannot be read; the sentence says why.
    pub async fn report(&self, query: &ReportQuery) -> Result<MarginReport, String> {
        let ledger = self.ready().await.map_err(String::clone)?;
        let report = async {
            ledger.flush().await?;
            let reader = LedgerReader::open_read_only(&self.path).await?;
            reader.margin_report(query).await
        };
        report.await.map_err(|error: LedgerError| error.to_string())
    }

    /// Reads how much went through in a period: how many decision points by the hour, and, where it
    /// matters, how many suggestions each arm had, and what calls that were not shown have cost since
    /// the beginning of the month.
    ///
    /// # Errors
    /// When the ledger cannot be read; the sentence says why.
    pub async fn traffic(
        &self,
        (since, until): (Timestamp, Timestamp),
        by_arm: bool,
        shadow_since: Option<Timestamp>,
    ) -> Result<Traffic, String> {
        self.ready().await.map_err(String::clone)?;
        let read = async {
            let reader = LedgerReader::open_read_only(&self.path).await?;
            let by_arm = match by_arm {
                true => Some(ByArm {
                    offers: reader.offers_by_arm(since, until).await?,
                    spend: reader.spend_by_arm(since, until).await?,
                }),
                false => None,
            };
            let shadow = match shadow_since {
                Some(begin) => reader.shadow_cost(begin, until).await?.cost,
                None => Money::ZERO,
            };
            Ok(Traffic {
                points: reader.points_by_hour(since, until).await?,
                by_arm,
                shadow,
            })
        };
        read.await.map_err(|error: LedgerError| error.to_string())
    }

    /// Reserves room for the row of a call.
    pub fn reserve(&self) -> Option<Place> {
        self.ledger.get()?.as_ref().ok()?.reserve().ok()
    }

    /// Returns the hashes that rows carry.
    pub fn who(&self, user: Option<&str>, root: Option<&Path>) -> Who {
        let Some(key) = self.key.get() else {
            return Who::default();
        };
        Who {
            tenant: None,
            user: user.map(|name| key.hash("user", name)),
            workspace: root.map(|root| key.hash("workspace", &root.to_string_lossy())),
            client: None,
        }
    }

    /// Writes everything to disk and closes.
    pub async fn close(&self) {
        if let Some(Ok(ledger)) = self.ledger.get() {
            ledger.clone().close().await;
        }
    }
}
