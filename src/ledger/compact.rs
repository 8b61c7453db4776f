//! Makes a ledger quick to report and no larger than it must be. No event is dropped: each may
//! still be named by one that comes later, billed, exported or learnt from.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Executor};

use super::connection::{open_for_reading, open_for_writing};
use super::error::LedgerError;
use super::reader::LedgerReader;
use super::rollup::RolledUp;
use crate::domain::Timestamp;

/// How long it waits for a process that writes.
const PATIENCE: Duration = Duration::from_secs(10);
/// The file is written anew when one page in so many holds nothing. Rows are only ever appended, so
/// that is rare; a file that is packed already would be copied for two per cent.
const PAGES_PER_FREE_ONE: i64 = 10;

/// What a compaction has done, or would do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Compacted {
    /// The days that are added up.
    pub rolled_up: RolledUp,
    /// Bytes of the file and its log before.
    pub bytes_before: u64,
    /// Bytes of both after; as before where nothing was done.
    pub bytes_after: u64,
    /// Whether the file was written anew, or would be, because much of it held nothing.
    pub is_rewritten: bool,
}

/// Adds up complete days before the one of `before`, moves the log into the file, and writes the file
/// anew if much of it holds nothing. With `is_dry`, only says so. Returns `None` while another
/// process adds up days.
///
/// # Errors
///
/// As [`LedgerReader::roll_up`] and, where the file cannot be written, [`LedgerError::Open`].
pub async fn compact(
    path: &Path,
    before: Timestamp,
    is_dry: bool,
) -> Result<Option<Compacted>, LedgerError> {
    let reader = LedgerReader::open_read_only(path).await?;
    let bytes_before = bytes(path);
    let Some(rolled_up) = reader.roll_up(before, is_dry).await? else {
        return Ok(None);
    };
    let failed = |error: &sqlx::Error| LedgerError::open(path, error);
    let mut connection = match is_dry {
        true => open_for_reading(path).await?,
        false => open_for_writing(path, PATIENCE).await?,
    };
    let pack = async {
        let is_rewritten = holds_much_of_nothing(&mut connection).await?;
        if !is_dry {
            if is_rewritten {
                connection.execute("VACUUM").await?;
            }
            connection
                .execute("PRAGMA wal_checkpoint(TRUNCATE)")
                .await?;
        }
        Ok(is_rewritten)
    };
    let is_rewritten = pack.await.map_err(|error| failed(&error))?;
    connection.close().await.map_err(|error| failed(&error))?;
    Ok(Some(Compacted {
        rolled_up,
        bytes_before,
        bytes_after: bytes(path),
        is_rewritten,
    }))
}

async fn holds_much_of_nothing(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let mut number = async |query| -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(query).fetch_one(&mut *connection).await
    };
    let free = number("PRAGMA freelist_count").await?;
    let all = number("PRAGMA page_count").await?;
    Ok(free > 0 && free * PAGES_PER_FREE_ONE >= all)
}

/// Returns how much the file and its log take.
fn bytes(path: &Path) -> u64 {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    length(path) + length(Path::new(&log))
}
