//! Reads the ledger while others write, and never changes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::books;
use super::connection::open_for_reading;
use super::error::LedgerError;
use super::figures::Figures;
use super::increment;
use super::jaggedness;
use super::margin::{Books, CallGroup, Margin, PriceLists};
use super::report::{Dimension, MarginReport, ReportQuery};
use super::rollup::{Plan, Rollups};
use super::spool;
use super::sums::{Sums, each_group};
use super::table::{RETAINED_AFTER, Table};
use super::traffic::ShadowCost;
use crate::domain::{Booking, BookingRow, Timestamp};

/// A ledger that is open for reading.
#[derive(Clone, Debug)]
pub struct LedgerReader {
    pub(super) path: PathBuf,
}

impl LedgerReader {
    /// Checks that there is a ledger that this version can read.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Missing`] when nothing was recorded yet; otherwise as for writing.
    pub async fn open_read_only(path: &Path) -> Result<Self, LedgerError> {
        let connection = open_for_reading(path).await?;
        connection
            .close()
            .await
            .map_err(|error| LedgerError::read(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Returns how many side files hold events that no report counts yet; the next process that
    /// writes merges them.
    #[must_use]
    pub fn side_files(&self) -> usize {
        spool::left_behind(&self.path, spool::Kind::Waiting).len()
    }

    /// Adds up what happened in a period, from one state of the ledger; without the rates of
    /// models, what their prompt caches saved is not known.
    ///
    /// # Errors
    ///
    /// As [`LedgerReader::margin_report_at`].
    pub async fn margin_report(&self, query: &ReportQuery) -> Result<MarginReport, LedgerError> {
        self.margin_report_at(query, &PriceLists::UNKNOWN).await
    }

    /// Adds up what happened in a period, from one state of the ledger. `prices` says
    /// where the rates of calls are found.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Read`] when the file cannot be read, [`LedgerError::RevenueTooLarge`],
    /// [`LedgerError::NoRate`] or [`LedgerError::Prepaid`].
    pub async fn margin_report_at(
        &self,
        query: &ReportQuery,
        prices: &PriceLists<'_>,
    ) -> Result<MarginReport, LedgerError> {
        let mut connection = open_for_reading(&self.path).await?;
        let read = read(&self.path, &mut connection, query)
            .await
            .map_err(|error| LedgerError::read(&self.path, &error))?;
        // The answer is complete; a connection that does not close well changes nothing in it.
        let _ = connection.close().await;
        let shadow = match query.is_brief {
            true => ShadowCost::default(),
            false => self.shadow_cost(query.since, query.until).await?,
        };
        let totals = read.sums.totals;
        let mut bookings = read.bookings;
        if let Some(other) = query.booked_seats_at {
            for row in &mut bookings {
                if let Booking::Seats { price, .. } = &mut row.booking {
                    (*price, row.currency) = (other, "USD".to_owned());
                }
            }
        }
        let margin = Margin::of(&Books {
            since: query.since,
            until: query.until,
            totals: &totals,
            calls: &read.sums.calls,
            bookings: &bookings,
            retained_chars: read.sums.retained_chars,
            seats_pico: query.revenue_pico()?,
            prices,
            users: read.sums.users(),
            remarks: read.cut,
        })?;
        Ok(MarginReport {
            since: query.since,
            until: query.until,
            totals,
            margin,
            shadow,
            increments: increment::of(&read.sums.asked_by_tier()),
            jaggedness: jaggedness::of(&read.sums.cells),
            by: read.sums.sorted_lines(&query.dimensions()),
        })
    }

    /// Adds up what happened in a period by the values of all dimensions of the query at once.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Read`] when the file cannot be read.
    pub async fn figures_by(
        &self,
        query: &ReportQuery,
    ) -> Result<Vec<(Vec<String>, Figures)>, LedgerError> {
        let mut connection = open_for_reading(&self.path).await?;
        let read = crossed(&mut connection, query).await;
        // The answer is complete; a connection that does not close well changes nothing in it.
        let _ = connection.close().await;
        let read = read.map_err(|error| LedgerError::read(&self.path, &error))?;
        Ok(read.into_iter().collect())
    }

    /// Returns the calls of a period by model, day and price, those that were booked from elsewhere
    /// included.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Read`] when the file cannot be read.
    pub async fn call_groups(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<CallGroup>, LedgerError> {
        let mut connection = open_for_reading(&self.path).await?;
        let query = ReportQuery {
            by: Vec::new(),
            is_brief: true,
            ..ReportQuery::new(since, until)
        };
        let read = read(&self.path, &mut connection, &query).await;
        let _ = connection.close().await;
        let read = read.map_err(|error| LedgerError::read(&self.path, &error))?;
        Ok(read.sums.calls)
    }

    /// Returns all bookings, by the time from which they hold.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Read`] when the file cannot be read.
    pub async fn bookings(&self) -> Result<Vec<BookingRow>, LedgerError> {
        let mut connection = open_for_reading(&self.path).await?;
        let failed = |error: &sqlx::Error| LedgerError::read(&self.path, error);
        let version = version(&mut connection)
            .await
            .map_err(|error| failed(&error))?;
        let bookings = books::bookings(&mut connection, version).await;
        let _ = connection.close().await;
        bookings.map_err(|error| failed(&error))
    }
}

/// Reads a period from rows, by the values of all dimensions at once.
async fn crossed(
    connection: &mut SqliteConnection,
    query: &ReportQuery,
) -> Result<BTreeMap<Vec<String>, Figures>, sqlx::Error> {
    let (since, until) = (query.since, query.until);
    let period = (since, until, query.now.minus(RETAINED_AFTER));
    let dimensions = query.dimensions();
    let mut transaction = connection.begin().await?;
    let version = version(&mut transaction).await?;
    let mut found: BTreeMap<Vec<String>, Figures> = BTreeMap::new();
    let what = (&Table::ALL[..], &dimensions[..]);
    each_group(&mut transaction, version, period, what, |keys, figures| {
        found.entry(keys).or_default().add(figures);
    })
    .await?;
    let bookings = books::bookings(&mut transaction, version).await?;
    transaction.rollback().await?;
    for (keys, figures) in books::counted_elsewhere(&bookings, since, until, &dimensions) {
        found.entry(keys).or_default().add(&figures);
    }
    Ok(found)
}

/// What a report is made of: sums, and what is booked.
struct Read {
    sums: Sums,
    bookings: Vec<BookingRow>,
    /// Bookings that only partly lie in the period, so that they count in none.
    cut: Vec<String>,
}

/// Reads a period as it is at one moment: days that are rolled up from there, all else from rows.
async fn read(
    ledger: &Path,
    connection: &mut SqliteConnection,
    query: &ReportQuery,
) -> Result<Read, sqlx::Error> {
    let (since, until) = (query.since, query.until);
    let due = query.now.minus(RETAINED_AFTER);
    let dimensions = query.dimensions();
    // What is rolled up is looked at first: the ledger then holds all rows that went into it.
    let rollups = Rollups::of(ledger).await;
    // One transaction, so that all tables are seen as they were at one moment.
    let mut transaction = connection.begin().await?;
    let version = version(&mut transaction).await?;
    let plan = Plan::of(
        rollups.as_ref(),
        (since, until, due),
        &mut transaction,
        version,
    )
    .await?;
    // What is left of each seat is reckoned from the lines of people.
    let mut lines = dimensions.clone();
    if !query.is_brief && !lines.contains(&Dimension::User) {
        lines.push(Dimension::User);
    }
    let mut sums = Sums::by(&lines);
    plan.days.iter().for_each(|day| sums.add(day));
    for stretch in plan.from_rows {
        sums.add_rows(&mut transaction, version, stretch, due, !query.is_brief)
            .await?;
    }
    sums.sort_calls();
    let bookings = books::bookings(&mut transaction, version).await?;
    transaction.rollback().await?;
    let cut = books::add_booked(&bookings, since, until, &mut sums);
    for (keys, figures) in books::counted_elsewhere(&bookings, since, until, &dimensions) {
        sums.add_line(&dimensions, keys, &figures);
    }
    Ok(Read {
        sums,
        bookings,
        cut,
    })
}

pub(super) async fn version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await
}
