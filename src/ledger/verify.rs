//! Checks a ledger and changes nothing: the file itself, its schema, and rows that contradict one
//! another.

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection, Row};
use uuid::Uuid;

use super::connection::open_for_reading;
use super::error::{LedgerError, message};
use super::reader::{LedgerReader, version};
use super::schema;

/// What a check has found.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Verification {
    /// The schema version of the file.
    pub schema_version: i64,
    /// How many rows each table has.
    pub rows: Vec<(&'static str, u64)>,
    /// Side files whose events are not in the ledger yet; a row may wait there for its decision.
    pub side_files: usize,
    /// What is wrong; nothing, if the ledger is in order.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Fault {
    /// What it is, as a sentence about rows or about the file.
    pub what: String,
    /// How many rows show it; `None` where it is the file.
    pub rows: Option<u64>,
    /// The id of the first of them.
    pub example: Option<Uuid>,
}

impl Fault {
    fn of_file(what: String) -> Self {
        Self {
            what,
            rows: None,
            example: None,
        }
    }
}

/// Rows that cannot be as they are if the others are right.
struct Contradiction {
    what: &'static str,
    /// The schema version from which on there is a table for it.
    since_version: i64,
    table: &'static str,
    condition: &'static str,
}

const CONTRADICTIONS: &[Contradiction] = &[
    Contradiction {
        what: "calls without a decision",
        since_version: 1,
        table: "calls",
        condition: "decision NOT IN (SELECT id FROM decisions)",
    },
    Contradiction {
        what: "calls that cost less than nothing",
        since_version: 1,
        table: "calls",
        condition: "cost < 0",
    },
    Contradiction {
        what: "calls whose cached input is more than all of their input",
        since_version: 1,
        table: "calls",
        condition: "COALESCE(cache_read, 0) + COALESCE(cache_write_5m, 0) \
            + COALESCE(cache_write_1h, 0) > input_total",
    },
    Contradiction {
        what: "calls whose reasoning is more than all of their output",
        since_version: 1,
        table: "calls",
        condition: "reasoning > output_total",
    },
    Contradiction {
        what: "cache hits without the decision that paid for them",
        since_version: 1,
        table: "cache_hits",
        condition: "decision NOT IN (SELECT id FROM decisions)",
    },
    Contradiction {
        what: "outcomes of a suggestion that nothing made",
        since_version: 1,
        table: "outcomes",
        condition: "completion NOT IN \
            (SELECT completion FROM decisions UNION ALL SELECT completion FROM cache_hits)",
    },
    Contradiction {
        what: "looks after a suggestion that nothing made",
        since_version: 2,
        table: "retentions",
        condition: "completion NOT IN \
            (SELECT completion FROM decisions UNION ALL SELECT completion FROM cache_hits)",
    },
    Contradiction {
        what: "bookings that end before they begin",
        since_version: 3,
        table: "bookings",
        condition: "until < since",
    },
];

impl LedgerReader {
    /// Checks the file (every page and index, so an id that is there twice too), its tables and
    /// the triggers that keep it append-only, and whether rows contradict one another; all of it
    /// as it was at one moment.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Read`] when the file cannot be read; damage that SQLite can name is a fault
    /// and no error.
    pub async fn verify(&self) -> Result<Verification, LedgerError> {
        let mut connection = open_for_reading(&self.path).await?;
        let verified = verify(&mut connection, self.side_files()).await;
        let _ = connection.close().await;
        verified.map_err(|error| LedgerError::read(&self.path, &error))
    }
}

async fn verify(
    connection: &mut SqliteConnection,
    side_files: usize,
) -> Result<Verification, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let schema_version = version(&mut transaction).await?;
    let mut found = Verification {
        schema_version,
        rows: Vec::new(),
        side_files,
        faults: of_file(&mut transaction).await,
    };
    let missing = missing(&mut transaction, schema_version).await?;
    // What a damaged file or a missing table says of its rows is worth nothing.
    let is_whole = found.faults.is_empty() && missing.is_empty();
    let said = missing.into_iter();
    found
        .faults
        .extend(said.map(|what| Fault::of_file(format!("the {what} is missing"))));
    if is_whole {
        for table in schema::tables_of(schema_version) {
            let sql = format!("SELECT COUNT(*) FROM {table}");
            let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(&mut *transaction)
                .await?;
            found.rows.push((table, rows.unsigned_abs()));
        }
        for contradiction in CONTRADICTIONS {
            if contradiction.since_version <= schema_version {
                let fault = look_for(contradiction, &mut transaction).await?;
                found.faults.extend(fault);
            }
        }
    }
    transaction.rollback().await?;
    Ok(found)
}

/// Returns what SQLite finds wrong with pages, indexes and constraints.
async fn of_file(connection: &mut SqliteConnection) -> Vec<Fault> {
    let said: Result<Vec<String>, _> = sqlx::query_scalar("PRAGMA integrity_check(20)")
        .fetch_all(connection)
        .await;
    let said = said.unwrap_or_else(|error| vec![message(&error)]);
    let wrong = said.into_iter().filter(|line| line != "ok");
    wrong
        .map(|line| {
            Fault::of_file(format!(
                "the file is damaged: {}",
                line.trim().replace('\n', " ")
            ))
        })
        .collect()
}

/// Returns the tables and triggers of `version` that are not there.
async fn missing(
    connection: &mut SqliteConnection,
    version: i64,
) -> Result<Vec<String>, sqlx::Error> {
    let there: Vec<String> = sqlx::query_scalar("SELECT type || ' ' || name FROM sqlite_schema")
        .fetch_all(connection)
        .await?;
    let expected = schema::tables_of(version).flat_map(|table| {
        [
            format!("table {table}"),
            format!("trigger {table}_no_update"),
            format!("trigger {table}_no_delete"),
        ]
    });
    Ok(expected.filter(|name| !there.contains(name)).collect())
}

async fn look_for(
    contradiction: &Contradiction,
    connection: &mut SqliteConnection,
) -> Result<Option<Fault>, sqlx::Error> {
    let Contradiction {
        table,
        condition,
        what,
        ..
    } = contradiction;
    let sql = format!("SELECT COUNT(*) AS n, MIN(id) AS example FROM {table} WHERE {condition}");
    let row = sqlx::query(AssertSqlSafe(sql))
        .fetch_one(connection)
        .await?;
    let rows: i64 = row.try_get("n")?;
    Ok((rows > 0).then_some(Fault {
        what: (*what).to_owned(),
        rows: Some(rows.unsigned_abs()),
        example: row.try_get("example")?,
    }))
}
