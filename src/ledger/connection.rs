//! Opening the file: how SQLite is set up, and whether the file is a ledger that we may touch.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor};

use super::error::{LedgerError, is_busy};
use super::insert::STATEMENTS;
use super::schema;

/// How long a file is tried that other processes hold or are creating at this moment.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the file for writing, creates the tables if it is new, brings it up to this version if it
/// is older, and refuses what is no ledger of a version known here.
pub(super) async fn open_for_writing(
    path: &Path,
    busy_timeout: Duration,
) -> Result<SqliteConnection, LedgerError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL syncs the log at every commit: what was acknowledged survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(busy_timeout)
        // All that put events into tables, and a few beside them.
        .statement_cache_capacity(STATEMENTS + 16)
        .disable_statement_logging();
    let started = Instant::now();
    loop {
        let error = match prepare(path, &options, busy_timeout).await {
            Ok(ready) => return ready,
            Err(error) => error,
        };
        // Switching a new file to WAL does not wait for others, so the busy timeout is no help.
        if !is_busy(&error) || started.elapsed() >= PATIENCE.max(busy_timeout) {
            return Err(LedgerError::open(path, &error));
        }
        tokio::time::sleep(busy_timeout.min(Duration::from_millis(50))).await;
    }
}

/// Opens the file for reading; it is never created or changed.
pub(super) async fn open_for_reading(path: &Path) -> Result<SqliteConnection, LedgerError> {
    if !path.try_exists().unwrap_or(true) {
        return Err(LedgerError::Missing {
            path: path.to_owned(),
        });
    }
    let mut connection = reading(path, PATIENCE)
        .connect()
        .await
        .map_err(|error| LedgerError::open(path, &error))?;
    let state = FileState::read(&mut connection)
        .await
        .map_err(|error| LedgerError::open(path, &error))?;
    if state.is_new() {
        // Another process has created the file and is about to create the tables.
        return Err(LedgerError::Missing {
            path: path.to_owned(),
        });
    }
    state.check(path)?;
    Ok(connection)
}

fn reading(path: &Path, busy_timeout: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .read_only(true)
        .busy_timeout(busy_timeout)
        .disable_statement_logging()
}

async fn prepare(
    path: &Path,
    options: &SqliteConnectOptions,
    busy_timeout: Duration,
) -> Result<Result<SqliteConnection, LedgerError>, sqlx::Error> {
    if path.try_exists().unwrap_or(false) {
        // Before a file is switched to WAL, it must be known that it is ours.
        let mut connection = reading(path, busy_timeout).connect().await?;
        let state = FileState::read(&mut connection).await?;
        connection.close().await?;
        if !state.is_new()
            && let Err(error) = state.check(path)
        {
            return Ok(Err(error));
        }
    }
    let mut connection = options.connect().await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let state = FileState::read(&mut transaction).await?;
    if !state.is_new()
        && let Err(error) = state.check(path)
    {
        transaction.rollback().await?;
        return Ok(Err(error));
    }
    for statements in schema::statements_from(state.version) {
        transaction.execute(statements).await?;
    }
    transaction.commit().await?;
    Ok(Ok(connection))
}

/// What a SQLite file says of itself.
struct FileState {
    application: i64,
    version: i64,
    tables: i64,
}

impl FileState {
    async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let mut number = async |query| -> Result<i64, sqlx::Error> {
            sqlx::query_scalar(query).fetch_one(&mut *connection).await
        };
        Ok(Self {
            application: number("PRAGMA application_id").await?,
            version: number("PRAGMA user_version").await?,
            tables: number("SELECT COUNT(*) FROM sqlite_schema").await?,
        })
    }

    fn is_new(&self) -> bool {
        self.application == 0 && self.version == 0 && self.tables == 0
    }

    fn check(&self, path: &Path) -> Result<(), LedgerError> {
        if self.application != schema::APPLICATION_ID {
            return Err(LedgerError::NotALedger {
                path: path.to_owned(),
                reason: "another program made it".to_owned(),
            });
        }
        if self.version > schema::VERSION {
            return Err(LedgerError::TooNew {
                path: path.to_owned(),
                found: self.version,
                known: schema::VERSION,
            });
        }
        Ok(())
    }
}
