//! Days that are added up once, so that a report need not read their rows again.
//!
//! They are kept in a file beside the ledger, which holds nothing that the ledger does not say: it may be
//! removed at any time, a program that does not know it does without, and no process that
//! writes events ever waits for it. A report made with it is the same to the last digit.
//!
//! Rows are only ever appended, so a file that remembers the last row that went into it knows all
//! that came later ([`late`]). A day that a later row touches is read from rows again, until it is
//! added up anew ([`make`]).

mod late;
mod make;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::sums::Sums;
use crate::domain::Timestamp;

pub use make::RolledUp;

pub(super) const MICROS_PER_DAY: i64 = 86_400_000_000;

/// What a file begins with. Another number wherever what follows is written in another way: a file
/// that begins otherwise is made anew.
const MAGIC: &[u8] = b"mantle rollups 3\n";
const SEAL_BYTES: usize = 16;

/// Days that are added up, and what has to be known to use them.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Rollups {
    /// Every day before this one (days since 1970-01-01, from 1 on) is in `days`, in `left`, or has
    /// no rows.
    through: i64,
    /// The last row of each table that is in here.
    marks: BTreeMap<String, Mark>,
    days: BTreeMap<i64, Sums>,
    /// Days with so many rows without their decision that they are read from rows.
    left: BTreeSet<i64>,
    /// Decisions that rows of these days name and that were not on the ledger.
    orphans: BTreeMap<Uuid, BTreeSet<i64>>,
    /// Other days whose outcomes and cache hits are credited to decisions of a day.
    credited: BTreeMap<i64, BTreeSet<i64>>,
}

/// How far a table is in here: the number of its last row, from 1 without a gap, and its id, by which a
/// ledger that took another way is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Mark {
    rows: i64,
    last: Uuid,
}

impl Rollups {
    /// Reads what is beside the ledger; `None` where there is nothing that this version can use.
    pub(super) async fn of(ledger: &Path) -> Option<Self> {
        let path = path_of(ledger);
        let read = tokio::task::spawn_blocking(move || decode(&fs::read(path).ok()?));
        read.await.ok().flatten()
    }

    /// Puts these in place of those beside the ledger, all at once.
    fn save(&self, ledger: &Path) -> io::Result<()> {
        let path = path_of(ledger);
        let unfinished = path.with_extension("rollups.new");
        let mut file = File::create(&unfinished)?;
        file.write_all(&self.encode())?;
        file.sync_all()?;
        fs::rename(unfinished, path)
    }

    fn encode(&self) -> Vec<u8> {
        let body = postcard::to_stdvec(self).expect("sums and names always encode");
        [MAGIC, seal(&body).as_slice(), &body].concat()
    }

    fn rows_of(&self, table: &str) -> i64 {
        self.marks.get(table).map_or(0, |mark| mark.rows)
    }

    /// Returns the first moment after the days that are in here.
    fn end(&self) -> i64 {
        self.through.saturating_mul(MICROS_PER_DAY)
    }
}

fn decode(bytes: &[u8]) -> Option<Rollups> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (sealed, body) = rest.split_at_checked(SEAL_BYTES)?;
    if sealed != seal(body) {
        return None;
    }
    postcard::from_bytes(body).ok()
}

/// Tells a file in which a single byte is wrong; SHA-1 is more than enough for that.
fn seal(body: &[u8]) -> [u8; SEAL_BYTES] {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, body).into_bytes()
}

fn path_of(ledger: &Path) -> PathBuf {
    ledger.with_extension("rollups")
}

/// Takes the right to make rollups, which the system gives back when the file is dropped; `None` while
/// another process has it.
fn lock(ledger: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path_of(ledger).with_extension("rollups.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Which part of a period comes from where.
pub(super) struct Plan<'r> {
    /// Days that are added up.
    pub days: Vec<&'r Sums>,
    /// Stretches that are read from rows.
    pub from_rows: Vec<(Timestamp, Timestamp)>,
}

impl<'r> Plan<'r> {
    /// Plans the period `[since, until)`, all of whose looks are over before `due`. The connection
    /// is in the transaction in which rows will be read.
    pub(super) async fn of(
        rollups: Option<&'r Rollups>,
        (since, until, due): (Timestamp, Timestamp, Timestamp),
        connection: &mut SqliteConnection,
        version: i64,
    ) -> Result<Self, sqlx::Error> {
        let whole = whole_days(since, until.min(due));
        // A file that has no day of the period is not compared with the ledger.
        let rollups = rollups.filter(|rollups| rollups.days.range(whole.clone()).next().is_some());
        let late = match rollups {
            Some(rollups) => rollups.late(connection, version).await?,
            None => None,
        };
        Ok(match (rollups, late) {
            (Some(rollups), Some(late)) => rollups.plan((since, until), whole, &late),
            _ => Self {
                days: Vec::new(),
                from_rows: vec![(since, until)],
            },
        })
    }
}

impl Rollups {
    fn plan(
        &self,
        (since, until): (Timestamp, Timestamp),
        whole: std::ops::Range<i64>,
        late: &BTreeSet<i64>,
    ) -> Plan<'_> {
        let is_from_rows = |day: &i64| late.contains(day) || self.left.contains(day);
        let usable = whole.start.max(1)..whole.end.min(self.through);
        let mut plan = Plan {
            days: Vec::new(),
            from_rows: Vec::new(),
        };
        let mut read_until = since.unix_micros();
        let mut from_rows = |begin: i64, end: i64| {
            if begin < end {
                let moment = Timestamp::from_unix_micros;
                plan.from_rows.push((moment(begin), moment(end)));
            }
        };
        for day in usable.filter(|day| !is_from_rows(day)) {
            from_rows(read_until, day * MICROS_PER_DAY);
            read_until = (day + 1) * MICROS_PER_DAY;
            plan.days.extend(self.days.get(&day));
        }
        from_rows(read_until, until.unix_micros());
        plan
    }
}

/// Returns the days that lie in a period from their first moment to their last.
fn whole_days(since: Timestamp, until: Timestamp) -> std::ops::Range<i64> {
    let day = |at: i64| at.div_euclid(MICROS_PER_DAY);
    let first = day(since.unix_micros().saturating_add(MICROS_PER_DAY - 1));
    first..day(until.unix_micros()).max(first)
}

#[cfg(test)]
mod tests;
