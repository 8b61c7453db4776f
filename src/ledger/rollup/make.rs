//! Makes the days anew that need it. It reads the ledger and writes the file beside it; a process
//! that is killed meanwhile leaves the file as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection, Row};
use uuid::Uuid;

use super::super::connection::open_for_reading;
use super::super::error::LedgerError;
use super::super::reader::{LedgerReader, version};
use super::super::report::Dimension;
use super::super::schema;
use super::super::sums::Sums;
use super::{MICROS_PER_DAY, Mark, Rollups, lock};
use crate::domain::Timestamp;

/// So many decisions of a day may be missing; with more, the day is read from rows.
const ORPHANS_PER_DAY: i64 = 256;
/// So many new days are added up in one look at the ledger and then kept: a log does not grow without end
/// behind a reader, and who interrupts this loses little.
const DAYS_AT_ONCE: usize = 4;
/// Accepts of every moment are due: a day is used only where they are.
const DUE: Timestamp = Timestamp::from_unix_micros(i64::MAX);

/// What was rolled up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RolledUp {
    /// Days that were added up by this, or would be.
    pub days: usize,
    /// Days that are rolled up and stayed as they were.
    pub kept: usize,
    /// Days that stay read from rows, because decisions that their rows name are missing.
    pub left: usize,
    /// The first day, in UTC, that is not rolled up.
    pub through: Timestamp,
}

impl LedgerReader {
    /// Adds up all days before the one of `before` that are not yet, and those that later rows touch;
    /// with `is_dry`, only says which. Returns `None` while another process does the same.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Read`] when the ledger cannot be read, [`LedgerError::Open`] when its folder
    /// cannot be written.
    pub async fn roll_up(
        &self,
        before: Timestamp,
        is_dry: bool,
    ) -> Result<Option<RolledUp>, LedgerError> {
        let unwritable = |error: std::io::Error| LedgerError::Open {
            path: self.path.clone(),
            reason: error.to_string(),
        };
        let lock = match is_dry {
            true => None,
            false => match lock(&self.path).map_err(unwritable)? {
                None => return Ok(None),
                held => held,
            },
        };
        let mut connection = open_for_reading(&self.path).await?;
        let mut all: Option<RolledUp> = None;
        loop {
            let made = make(&self.path, &mut connection, before, is_dry).await;
            let made = made.map_err(|error| LedgerError::read(&self.path, &error))?;
            if !is_dry {
                made.rollups.save(&self.path).map_err(unwritable)?;
            }
            all = Some(match all {
                None => made.said,
                Some(earlier) => RolledUp {
                    days: earlier.days + made.said.days,
                    kept: earlier.kept,
                    ..made.said
                },
            });
            if made.is_all {
                break;
            }
        }
        let _ = connection.close().await;
        drop(lock);
        Ok(all)
    }

    /// Returns how many rows came after the days were added up.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Read`] when the ledger cannot be read.
    pub async fn rows_not_rolled_up(&self) -> Result<u64, LedgerError> {
        let rollups = Rollups::of(&self.path).await.unwrap_or_default();
        let mut connection = open_for_reading(&self.path).await?;
        let marks = async {
            let version = version(&mut connection).await?;
            marks(&mut connection, version).await
        };
        let marks = marks.await;
        let _ = connection.close().await;
        let marks = marks.map_err(|error| LedgerError::read(&self.path, &error))?;
        let rows = marks
            .iter()
            .map(|(table, mark)| mark.rows - rollups.rows_of(table));
        Ok(rows.sum::<i64>().max(0).unsigned_abs())
    }
}

/// What one look at the ledger has made.
pub(super) struct Made {
    pub rollups: Rollups,
    said: RolledUp,
    /// No day is left to be made.
    pub is_all: bool,
}

pub(super) async fn make(
    ledger: &Path,
    connection: &mut SqliteConnection,
    before: Timestamp,
    is_dry: bool,
) -> Result<Made, sqlx::Error> {
    let old = Rollups::of(ledger).await;
    let mut transaction = connection.begin().await?;
    let version = version(&mut transaction).await?;
    let mut rollups = match old {
        Some(old) => match old.late(&mut transaction, version).await? {
            Some(late) => old.without(&late),
            None => Rollups::default(),
        },
        None => Rollups::default(),
    };
    let kept = rollups.days.len();
    let end = before.unix_micros().div_euclid(MICROS_PER_DAY);
    let was_through = rollups.through;
    rollups.through = end.max(was_through).max(1);
    rollups.marks = marks(&mut transaction, version).await?;
    let mut days = 0;
    let mut next = 1;
    let mut is_all = true;
    while let Some(day) = next_day(&mut transaction, next, rollups.through).await? {
        next = day + 1;
        if rollups.days.contains_key(&day) || rollups.left.contains(&day) {
            continue;
        }
        // Days that are made again come first: all before `through` must be there.
        if days >= DAYS_AT_ONCE && day >= was_through && !is_dry {
            rollups.through = day;
            is_all = false;
            break;
        }
        days += 1;
        if !is_dry {
            rollups.add(&mut transaction, version, day).await?;
        }
    }
    transaction.rollback().await?;
    let said = RolledUp {
        days,
        kept,
        left: rollups.left.len(),
        through: Timestamp::from_unix_micros(rollups.end()),
    };
    Ok(Made {
        rollups,
        said,
        is_all,
    })
}

impl Rollups {
    /// Returns these less some days, so that they are made anew.
    fn without(mut self, days: &BTreeSet<i64>) -> Self {
        let is_kept = |day: &i64| !days.contains(day);
        self.days.retain(|day, _| is_kept(day));
        self.left.retain(is_kept);
        for of in self.orphans.values_mut().chain(self.credited.values_mut()) {
            of.retain(is_kept);
        }
        self.orphans.retain(|_, of| !of.is_empty());
        self.credited.retain(|_, of| !of.is_empty());
        self
    }

    /// Adds up a day.
    async fn add(
        &mut self,
        connection: &mut SqliteConnection,
        version: i64,
        day: i64,
    ) -> Result<(), sqlx::Error> {
        let (begin, end) = (day * MICROS_PER_DAY, (day + 1) * MICROS_PER_DAY);
        let Some(orphans) = orphans(connection, (begin, end)).await? else {
            self.left.insert(day);
            return Ok(());
        };
        for orphan in orphans {
            self.orphans.entry(orphan).or_default().insert(day);
        }
        for other in credited(connection, (begin, end)).await? {
            self.credited.entry(other).or_default().insert(day);
        }
        let mut sums = Sums::by(Dimension::ALL);
        let moment = Timestamp::from_unix_micros;
        let stretch = (moment(begin), moment(end));
        sums.add_rows(connection, version, stretch, DUE, true)
            .await?;
        self.days.insert(day, sums);
        Ok(())
    }
}

/// Returns the last row of each table that has one.
async fn marks(
    connection: &mut SqliteConnection,
    version: i64,
) -> Result<BTreeMap<String, Mark>, sqlx::Error> {
    let mut marks = BTreeMap::new();
    for table in schema::tables_of(version) {
        let sql = format!("SELECT rowid, id FROM {table} ORDER BY rowid DESC LIMIT 1");
        let last = sqlx::query(AssertSqlSafe(sql))
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(last) = last {
            let mark = Mark {
                rows: last.try_get(0)?,
                last: last.try_get(1)?,
            };
            marks.insert(table.to_owned(), mark);
        }
    }
    Ok(marks)
}

/// Returns the first day from `first` on, and before `end`, that has rows.
async fn next_day(
    connection: &mut SqliteConnection,
    first: i64,
    end: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let sql = "SELECT MIN(at) / 86400000000 FROM (\
        SELECT MIN(at) AS at FROM decisions WHERE at >= ?1 UNION ALL \
        SELECT MIN(at) FROM calls WHERE at >= ?1 UNION ALL \
        SELECT MIN(at) FROM outcomes WHERE at >= ?1 UNION ALL \
        SELECT MIN(at) FROM cache_hits WHERE at >= ?1 UNION ALL \
        SELECT MIN(at) FROM suppressed WHERE at >= ?1)";
    let day: Option<i64> = sqlx::query_scalar(sql)
        .bind(first.saturating_mul(MICROS_PER_DAY))
        .fetch_one(connection)
        .await?;
    Ok(day.filter(|day| *day < end))
}

/// Returns the decisions that rows of a stretch name and that are not there; `None` when they are
/// too many to remember.
async fn orphans(
    connection: &mut SqliteConnection,
    (begin, end): (i64, i64),
) -> Result<Option<Vec<Uuid>>, sqlx::Error> {
    let of = |table: &str| {
        format!(
            "SELECT x.decision FROM {table} x WHERE x.at >= ?1 AND x.at < ?2 \
             AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.id = x.decision)"
        )
    };
    // `UNION` names each once.
    let sql = ["calls", "outcomes", "cache_hits"].map(of).join(" UNION ") + " LIMIT ?3";
    let found: Vec<Uuid> = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(begin)
        .bind(end)
        .bind(ORPHANS_PER_DAY + 1)
        .fetch_all(connection)
        .await?;
    Ok((found.len() as i64 <= ORPHANS_PER_DAY).then_some(found))
}

/// Returns the other days whose decisions outcomes and cache hits of a stretch are credited to.
async fn credited(
    connection: &mut SqliteConnection,
    (begin, end): (i64, i64),
) -> Result<Vec<i64>, sqlx::Error> {
    let of = |table: &str| {
        format!(
            "SELECT d.at / 86400000000 FROM {table} x JOIN decisions d ON d.id = x.decision \
             WHERE x.at >= ?1 AND x.at < ?2 AND (d.at < ?1 OR d.at >= ?2)"
        )
    };
    let sql = ["outcomes", "cache_hits"].map(of).join(" UNION ");
    sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(begin)
        .bind(end)
        .fetch_all(connection)
        .await
}
