//! Who of the windows that share a ledger may spend how much, in one file beside it.
//!
//! A window that reads what was spent takes a slice of what is left, and what the others have taken
//! is gone for it. So however many there are, together they stay below the ceiling. A slice is given
//! back at the end of a session; one that a window leaves behind when it is killed counts for an hour
//! more, by when what it has called stands on the ledger.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::shared_file;
use crate::domain::{Money, RowId, Timestamp};

const FILE_NAME: &str = "leases.json";
/// How long a slice counts that nobody renews or gives back.
const LEFT_BEHIND: Duration = Duration::from_secs(3_600);
/// How long another window may take to read the ledger.
const PATIENCE: Duration = Duration::from_secs(5);

/// One window's slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Lease {
    /// The session, by a name of its own.
    holder: String,
    /// What it may spend, in pico-USD.
    amount: Money,
    /// Until when it counts.
    until: Timestamp,
}

/// This session's part in the file.
#[derive(Debug)]
pub struct Leases {
    holder: String,
}

/// The file, while it is ours alone.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    holder: String,
    leases: Vec<Lease>,
    /// Nobody else reads what was spent until this is dropped.
    _lock: File,
}

impl Leases {
    pub fn new(now: Timestamp) -> Self {
        Self {
            holder: RowId::new(now).to_string(),
        }
    }

    /// Returns the name that decision rows carry.
    pub fn name(&self) -> &str {
        &self.holder
    }

    /// Takes the file in `folder` for oneself; waits while another window reads the ledger.
    ///
    /// # Errors
    /// When the folder cannot be written, or another window does not come to an end.
    pub fn open(&self, folder: &Path, now: Timestamp) -> io::Result<Table> {
        let began = Instant::now();
        let lock = loop {
            match shared_file::lock(folder, "leases.lock")? {
                Some(lock) => break lock,
                None if began.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(20)),
                None => return Err(io::Error::other("another window is reading it")),
            }
        };
        let path = folder.join(FILE_NAME);
        let mut leases = read(&path)?;
        // A clock that was set back makes none of them last for longer than they may.
        let most = now.plus(LEFT_BEHIND);
        leases.retain(|lease| lease.until > now);
        for lease in &mut leases {
            lease.until = lease.until.min(most);
        }
        Ok(Table {
            path,
            holder: self.holder.clone(),
            leases,
            _lock: lock,
        })
    }
}

impl Table {
    /// Returns what all other windows may spend.
    pub fn of_others(&self) -> Money {
        let others = self.leases.iter();
        let others = others.filter(|lease| lease.holder != self.holder);
        others.map(|lease| lease.amount).sum()
    }

    /// Puts this session's slice in place of the one it had, and lets the others go on.
    ///
    /// # Errors
    /// When the file cannot be written: then nothing may be spent.
    pub fn take(mut self, amount: Money, now: Timestamp) -> io::Result<()> {
        self.leases.retain(|lease| lease.holder != self.holder);
        if amount > Money::ZERO {
            self.leases.push(Lease {
                holder: self.holder.clone(),
                amount,
                until: now.plus(LEFT_BEHIND),
            });
        }
        shared_file::replace(&self.path, &self.leases)
    }
}

/// Reads the file. One that makes no sense is nobody's: what it said is spent again in an hour at
/// the latest, and until then every window sees the ledger.
fn read(path: &Path) -> io::Result<Vec<Lease>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        tracing::warn!(file = %path.display(), %error, "the slices of other windows are not known");
        Vec::new()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_micros(1_795_000_000_000_000);

    fn micro(amount: i64) -> Money {
        Money::from_pico_usd(amount * 1_000_000)
    }

    fn of_others(leases: &Leases, folder: &Path, now: Timestamp) -> Money {
        leases.open(folder, now).expect("it is free").of_others()
    }

    #[test]
    fn a_slice_is_gone_for_the_others_until_it_is_given_back_or_an_hour_old() {
        let folder = tempfile::tempdir().expect("a folder");
        let (a, b) = (Leases::new(START), Leases::new(START));
        let take = |leases: &Leases, amount, now| {
            let table = leases.open(folder.path(), now).expect("it is free");
            table.take(micro(amount), now).expect("it is written");
        };
        take(&a, 30, START);
        take(&b, 20, START);
        assert_eq!(of_others(&a, folder.path(), START), micro(20));
        assert_eq!(of_others(&b, folder.path(), START), micro(30));
        take(&a, 10, START.plus(Duration::from_secs(120)));
        assert_eq!(of_others(&b, folder.path(), START), micro(10), "renewed");
        take(&b, 0, START);
        assert_eq!(of_others(&a, folder.path(), START), Money::ZERO);
        let later = START.plus(Duration::from_secs(120) + LEFT_BEHIND);
        assert_eq!(of_others(&b, folder.path(), later), Money::ZERO);
    }

    #[test]
    fn a_clock_that_was_ahead_leaves_no_slice_for_ever() {
        let folder = tempfile::tempdir().expect("a folder");
        let (a, b) = (Leases::new(START), Leases::new(START));
        let ahead = START.plus(Duration::from_secs(90 * 86_400));
        let table = a.open(folder.path(), ahead).expect("it is free");
        table.take(micro(9), ahead).expect("it is written");
        let table = b.open(folder.path(), START).expect("it is free");
        assert_eq!(table.of_others(), micro(9));
        table.take(micro(1), START).expect("it is written");
        let later = START.plus(LEFT_BEHIND + Duration::from_secs(1));
        assert_eq!(of_others(&b, folder.path(), later), Money::ZERO);
    }

    #[test]
    fn a_file_that_makes_no_sense_is_written_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(FILE_NAME), "[{]").expect("a file");
        let leases = Leases::new(START);
        let table = leases.open(folder.path(), START).expect("it is free");
        assert_eq!(table.of_others(), Money::ZERO);
        table.take(micro(5), START).expect("it is written");
        assert_eq!(
            of_others(&Leases::new(START), folder.path(), START),
            micro(5)
        );
    }
}
