//! What can go wrong with the ledger, by what the caller or the user can do about it.

use std::path::{Path, PathBuf};

/// Why the ledger did not do what it was asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LedgerError {
    /// The writer's queue has no room; nothing was recorded, and spending must wait.
    #[error("the ledger's queue is full: events come faster than they can be written")]
    Full,
    /// The ledger was closed; nothing was recorded.
    #[error("the ledger is closed")]
    Closed,
    /// Neither the ledger nor its side file can be written; nothing was recorded.
    #[error("{message}")]
    NotWritable {
        /// What is wrong and what to do.
        message: String,
    },
    /// The file cannot be opened or created.
    #[error("cannot open the ledger {path}: {reason}. Check that the folder exists and is writable, or choose another with --state DIR", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is something else.
    #[error("{path} is not a ledger of mantle ({reason}). Move it away or choose another folder with --state DIR", path = path.display())]
    NotALedger {
        /// The file.
        path: PathBuf,
        /// How that shows.
        reason: String,
    },
    /// A newer version of the program wrote the file.
    #[error("the ledger {path} has schema version {found}, and this version of mantle knows up to {known}. Update mantle, or choose another folder with --state DIR", path = path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// There is no file yet.
    #[error("nothing recorded yet: there is no ledger at {path}", path = path.display())]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// The file could not be read.
    #[error("cannot read the ledger {path}: {reason}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// An amount is in a currency whose worth nobody has booked for this time.
    #[error(
        "there is no rate of {currency} for {day}: book one with `mantle revenue add rate currency={currency} usd=1.08 since={day}`"
    )]
    NoRate {
        /// The currency.
        currency: String,
        /// A day without a rate.
        day: String,
    },
    /// A package of credits does not add up.
    #[error("the prepaid package `{name}` {problem}; correct it with another booking")]
    Prepaid {
        /// Its name.
        name: String,
        /// What does not add up.
        problem: &'static str,
    },
    /// What an invoice corrects is damaged, or two of them contradict each other.
    #[error("a correction by an invoice cannot be applied: {reason}")]
    Correction {
        /// Which, why, and what to do.
        reason: String,
    },
    /// Seats times price is more than an amount can be.
    #[error(
        "seats and seat price multiply to more than can be reckoned with; check --seats and --seat-price"
    )]
    RevenueTooLarge,
}

impl LedgerError {
    pub(super) fn open(path: &Path, error: &sqlx::Error) -> Self {
        if primary_code(error) == Some(NOT_A_DATABASE) {
            return Self::NotALedger {
                path: path.to_owned(),
                reason: "it is not a SQLite file".to_owned(),
            };
        }
        if primary_code(error) == Some(DAMAGED) {
            return Self::read(path, error);
        }
        Self::Open {
            path: path.to_owned(),
            reason: message(error),
        }
    }

    pub(super) fn read(path: &Path, error: &sqlx::Error) -> Self {
        let hint = match primary_code(error) {
            Some(DAMAGED) => {
                ". `mantle ledger verify` says what is damaged, as far as it can be opened; put a copy in its place"
            }
            _ => "",
        };
        Self::Read {
            path: path.to_owned(),
            reason: message(error) + hint,
        }
    }
}

const BUSY: i64 = 5;
const LOCKED: i64 = 6;
const DAMAGED: i64 = 11;
const NOT_A_DATABASE: i64 = 26;

/// Returns whether another connection holds the file, so that waiting helps.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(BUSY | LOCKED))
}

/// Returns what SQLite or the system said, without the layers in between.
pub(super) fn message(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    }
}

/// SQLite's extended codes carry the primary code in their lowest byte.
fn primary_code(error: &sqlx::Error) -> Option<i64> {
    let code: i64 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
