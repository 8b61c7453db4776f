//! Reads the ledger while others write, and never changes it.
//!
//! One query per table groups by the dimensions that were asked for; what comes back is small,
//! and is added up here in wide integers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, Row};
use time::{Date, OffsetDateTime};

use super::asked;
use super::books;
use super::connection::open_for_reading;
use super::error::LedgerError;
use super::figures::Figures;
use super::increment::{self, Asked};
use super::jaggedness;
use super::margin::{Books, CallGroup, Margin, PriceLists};
use super::report::{Dimension, MarginReport, ReportQuery};
use super::spool;
use crate::domain::{BookingRow, OutcomeKind, Timestamp};

/// A suggestion that is still there after this time is retained.
const RETAINED_AFTER: Duration = Duration::from_secs(600);

/// Sums are fetched in two parts, since SQLite's own `SUM` ends at 9.2 million dollars: whole
/// milli-USD and the pico-USD that are left. Each part is exact up to nine thousand million rows.
pub(super) const PICO_PER_PART: i128 = 1_000_000_000;

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
        let all = read_groups(&mut connection, query).await;
        let Groups {
            by: groups,
            books: read,
            asked,
            cells,
        } = all.map_err(|error| LedgerError::read(&self.path, &error))?;
        // The answer is complete; a connection that does not close well changes nothing in it.
        let _ = connection.close().await;
        let totals = groups.totals();
        let margin = Margin::of(&Books {
            since: query.since,
            until: query.until,
            totals: &totals,
            calls: &read.calls,
            bookings: &read.bookings,
            retained_chars: read.retained_chars,
            seats_pico: query.revenue_pico()?,
            prices,
            remarks: read.cut,
        })?;
        Ok(MarginReport {
            since: query.since,
            until: query.until,
            totals,
            margin,
            increments: increment::of(&asked),
            jaggedness: jaggedness::of(&cells),
            by: groups.lines(),
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
        let read = read_groups(&mut connection, query).await;
        // The answer is complete; a connection that does not close well changes nothing in it.
        let _ = connection.close().await;
        let read = read.map_err(|error| LedgerError::read(&self.path, &error))?;
        Ok(read.by.figures.into_iter().collect())
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
        let failed = |error: &sqlx::Error| LedgerError::read(&self.path, error);
        let version = version(&mut connection)
            .await
            .map_err(|error| failed(&error))?;
        let read = books::read(&mut connection, version, since, until).await;
        let _ = connection.close().await;
        Ok(read.map_err(|error| failed(&error))?.calls)
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

/// All that a report is made of, as it was at one moment.
struct Groups {
    by: Grouped,
    books: books::Read,
    asked: Vec<Asked>,
    /// What became of suggestions, by [`CELLS`].
    cells: Vec<(Vec<String>, Figures)>,
}

/// What the cells of jaggedness are told apart by.
const CELLS: [Dimension; 3] = [Dimension::Model, Dimension::Language, Dimension::Site];

/// Figures by the values of all dimensions at once.
struct Grouped {
    dimensions: Vec<Dimension>,
    figures: BTreeMap<Vec<String>, Figures>,
}

impl Grouped {
    fn totals(&self) -> Figures {
        let mut totals = Figures::default();
        self.figures
            .values()
            .for_each(|figures| totals.add(figures));
        totals
    }

    fn lines(&self) -> Vec<(Dimension, Vec<(String, Figures)>)> {
        let line_up = |(index, &dimension): (usize, &Dimension)| {
            let mut lines: BTreeMap<&str, Figures> = BTreeMap::new();
            for (keys, figures) in &self.figures {
                lines.entry(&keys[index]).or_default().add(figures);
            }
            let mut lines: Vec<(String, Figures)> = lines
                .into_iter()
                .map(|(key, figures)| (key.to_owned(), figures))
                .collect();
            if dimension != Dimension::Day {
                // The sort is stable, so equal costs stay in the order of their names.
                lines.sort_by_key(|(_, figures)| std::cmp::Reverse(figures.cost_pico()));
            }
            (dimension, lines)
        };
        self.dimensions.iter().enumerate().map(line_up).collect()
    }
}

async fn read_groups(
    connection: &mut SqliteConnection,
    query: &ReportQuery,
) -> Result<Groups, sqlx::Error> {
    let mut by = Grouped {
        dimensions: query.dimensions(),
        figures: BTreeMap::new(),
    };
    // One transaction, so that all tables are seen as they were at one moment.
    let mut transaction = connection.begin().await?;
    let version = version(&mut transaction).await?;
    for table in [
        Table::Decisions,
        Table::CacheHits,
        Table::Suppressed,
        Table::Calls,
        Table::Outcomes,
    ] {
        read_table(&mut transaction, table, (query, version), &mut by).await?;
    }
    let (since, until) = (query.since, query.until);
    let read = books::read(&mut transaction, version, since, until).await?;
    let asked = asked::read(&mut transaction, version, (since, until)).await?;
    let mut cells = Grouped {
        dimensions: CELLS.to_vec(),
        figures: BTreeMap::new(),
    };
    read_table(
        &mut transaction,
        Table::Outcomes,
        (query, version),
        &mut cells,
    )
    .await?;
    transaction.rollback().await?;
    let elsewhere = books::counted_elsewhere(&read.bookings, since, until, &by.dimensions);
    for (keys, figures) in elsewhere {
        by.figures.entry(keys).or_default().add(&figures);
    }
    Ok(Groups {
        by,
        books: read,
        asked,
        cells: cells.figures.into_iter().collect(),
    })
}

/// Adds what a table says of the period of a query.
async fn read_table(
    connection: &mut SqliteConnection,
    table: Table,
    (query, version): (&ReportQuery, i64),
    into: &mut Grouped,
) -> Result<(), sqlx::Error> {
    let sql = table.query(&into.dimensions, version);
    let due = query.now.minus(RETAINED_AFTER);
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(query.since.unix_micros())
        .bind(query.until.unix_micros())
        .bind(due.unix_micros())
        .fetch_all(connection)
        .await?;
    for row in rows {
        let keys = read_keys(&row, &into.dimensions)?;
        table.add(&row, into.figures.entry(keys).or_default())?;
    }
    Ok(())
}

pub(super) async fn version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await
}

fn read_keys(row: &SqliteRow, dimensions: &[Dimension]) -> Result<Vec<String>, sqlx::Error> {
    let read = |(index, &dimension): (usize, &Dimension)| {
        if dimension == Dimension::Day {
            return Ok(day_name(row.try_get(index)?));
        }
        row.try_get(index)
    };
    dimensions.iter().enumerate().map(read).collect()
}

fn day_name(days_since_1970: i64) -> String {
    const MICROS_PER_DAY: i64 = 86_400_000_000;
    let at = Timestamp::from_unix_micros(days_since_1970.saturating_mul(MICROS_PER_DAY));
    let date: Date = OffsetDateTime::date(at.to_utc());
    date.to_string()
}

/// Returns whether an outcome is an accept that was looked after when it was due; a file of
/// version 1 has no such checks, and reading does not bring it up.
fn checked(version: i64) -> String {
    if version < 2 {
        return "0".to_owned();
    }
    format!(
        "x.kind = 'accepted' AND EXISTS (SELECT 1 FROM retentions r \
         WHERE r.completion = x.completion AND r.after_s = {})",
        RETAINED_AFTER.as_secs()
    )
}

/// A table of the ledger, as the report reads it.
#[derive(Clone, Copy)]
enum Table {
    Decisions,
    CacheHits,
    Suppressed,
    Calls,
    Outcomes,
}

impl Table {
    /// Returns the query: one column per dimension, then what [`Table::add`] reads. Parameters are
    /// the period and the moment before which an accepted suggestion is due. The table's rows are
    /// `x`, the decision that they are credited to is `d`.
    fn query(self, dimensions: &[Dimension], version: i64) -> String {
        let keys = dimensions.iter().map(|&dimension| self.key(dimension));
        let figures = match self {
            Self::Decisions | Self::CacheHits | Self::Suppressed => {
                vec!["COUNT(*) AS n".to_owned()]
            }
            Self::Calls => vec![
                "COUNT(*) AS n".to_owned(),
                "COUNT(x.cost) AS priced".to_owned(),
                format!("SUM(x.cost / {PICO_PER_PART}) AS cost_high"),
                format!("SUM(x.cost % {PICO_PER_PART}) AS cost_low"),
            ],
            Self::Outcomes => vec![
                "x.kind AS kind".to_owned(),
                "COUNT(*) AS n".to_owned(),
                "SUM(x.kind = 'accepted' AND x.at > ?3 AND NOT EXISTS (SELECT 1 FROM outcomes r \
                 WHERE r.completion = x.completion AND r.kind = 'retained')) AS pending"
                    .to_owned(),
                "SUM(x.kind = 'accepted' AND x.evidence = 'insert') AS inferred".to_owned(),
                format!("SUM({}) AS checked", checked(version)),
            ],
        };
        let columns: Vec<String> = keys.chain(figures).collect();
        let mut groups: Vec<String> = (1..=dimensions.len()).map(|n| n.to_string()).collect();
        if let Self::Outcomes = self {
            groups.push("x.kind".to_owned());
        }
        let group_by = match groups.as_slice() {
            [] => String::new(),
            groups => format!(" GROUP BY {}", groups.join(", ")),
        };
        format!(
            "SELECT {columns} FROM {source} WHERE x.at >= ?1 AND x.at < ?2{condition}{group_by}",
            columns = columns.join(", "),
            source = self.source(),
            condition = self.condition(),
        )
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Decisions => "decisions x",
            Self::CacheHits => "cache_hits x LEFT JOIN decisions d ON d.id = x.decision",
            Self::Suppressed => "suppressed x",
            Self::Calls => "calls x LEFT JOIN decisions d ON d.id = x.decision",
            Self::Outcomes => "outcomes x LEFT JOIN decisions d ON d.id = x.decision",
        }
    }

    /// Only what a person at an editor saw counts as requests and offers; all calls count.
    const fn condition(self) -> &'static str {
        match self {
            Self::Decisions => " AND x.step = 0 AND x.origin IN ('lsp', 'try')",
            Self::CacheHits | Self::Suppressed => " AND x.origin IN ('lsp', 'try')",
            Self::Calls => "",
            Self::Outcomes => " AND (d.id IS NULL OR d.origin IN ('lsp', 'try'))",
        }
    }

    /// Returns the expression of a line's name.
    fn key(self, dimension: Dimension) -> String {
        const NONE: &str = "'none'";
        const UNKNOWN: &str = "'unknown'";
        // A row may be credited to a decision that is not in this ledger.
        let credited = |column: &str| {
            format!("CASE WHEN d.id IS NULL THEN {UNKNOWN} ELSE COALESCE({column}, {NONE}) END")
        };
        let known = |column: &str| format!("COALESCE({column}, {UNKNOWN})");
        let called = |column: &str, decision: &str| {
            format!(
                "COALESCE((SELECT {} FROM calls c WHERE c.decision = {decision} LIMIT 1), {NONE})",
                known(column)
            )
        };
        match (dimension, self) {
            (Dimension::Day, _) => "x.at / 86400000000".to_owned(),
            (Dimension::Model, Self::Decisions) => format!("COALESCE(x.arm, {NONE})"),
            (Dimension::Model, Self::Calls) => "x.model".to_owned(),
            (Dimension::Model, Self::CacheHits | Self::Outcomes) => credited("d.arm"),
            (Dimension::Tier, Self::Decisions) => format!("COALESCE(x.tier, {NONE})"),
            (Dimension::Tier, Self::Calls) => "x.tier".to_owned(),
            (Dimension::Tier, Self::CacheHits | Self::Outcomes) => credited("d.tier"),
            (Dimension::Host, Self::Decisions) => called("c.host", "x.id"),
            (Dimension::Host, Self::Calls) => "x.host".to_owned(),
            (Dimension::Host, Self::CacheHits | Self::Outcomes) => called("c.host", "x.decision"),
            (Dimension::Lab, Self::Decisions) => called("c.lab", "x.id"),
            (Dimension::Lab, Self::Calls) => known("x.lab"),
            (Dimension::Lab, Self::CacheHits | Self::Outcomes) => called("c.lab", "x.decision"),
            (
                Dimension::Model | Dimension::Tier | Dimension::Host | Dimension::Lab,
                Self::Suppressed,
            ) => NONE.to_owned(),
            (Dimension::Language, Self::Decisions | Self::CacheHits) => "x.language".to_owned(),
            (Dimension::Language, Self::Suppressed) => known("x.language"),
            (Dimension::Language, Self::Calls | Self::Outcomes) => known("d.language"),
            (
                who @ (Dimension::Client
                | Dimension::Tenant
                | Dimension::User
                | Dimension::Workspace),
                Self::Decisions | Self::CacheHits | Self::Suppressed,
            ) => known(&format!("x.{who}")),
            (
                who @ (Dimension::Client
                | Dimension::Tenant
                | Dimension::User
                | Dimension::Workspace),
                Self::Calls | Self::Outcomes,
            ) => known(&format!("d.{who}")),
            (Dimension::Site, Self::Decisions) => "x.site".to_owned(),
            (Dimension::Site, Self::Suppressed) => UNKNOWN.to_owned(),
            (Dimension::Site, Self::CacheHits | Self::Calls | Self::Outcomes) => known("d.site"),
            (Dimension::Origin, Self::Decisions | Self::CacheHits | Self::Suppressed) => {
                "x.origin".to_owned()
            }
            (Dimension::Origin, Self::Calls | Self::Outcomes) => known("d.origin"),
        }
    }

    /// Adds one row of the query's answer.
    fn add(self, row: &SqliteRow, figures: &mut Figures) -> Result<(), sqlx::Error> {
        let count = |column: &str| -> Result<u64, sqlx::Error> {
            let count: Option<i64> = row.try_get(column)?;
            Ok(u64::try_from(count.unwrap_or(0)).unwrap_or(0))
        };
        let n = count("n")?;
        match self {
            Self::Decisions => figures.requests += n,
            Self::CacheHits => {
                figures.requests += n;
                figures.cache_hits += n;
            }
            Self::Suppressed => {
                figures.requests += n;
                figures.suppressed += n;
            }
            Self::Calls => {
                let part = |column: &str| -> Result<i128, sqlx::Error> {
                    let part: Option<i64> = row.try_get(column)?;
                    Ok(part.unwrap_or(0).into())
                };
                figures.calls += n;
                figures.unpriced_calls += n - count("priced")?;
                figures.known_cost_pico += part("cost_high")? * PICO_PER_PART + part("cost_low")?;
            }
            Self::Outcomes => {
                let kind: Option<String> = row.try_get("kind")?;
                if let Some(kind) = kind.as_deref().and_then(OutcomeKind::from_name) {
                    figures.add_outcomes(kind, n);
                }
                figures.accepted_inferred += count("inferred")?;
                figures.retention_checked += count("checked")?;
                figures.retained_pending += count("pending")?;
            }
        }
        Ok(())
    }
}
