//! Decision points of editors in the order of their documents: how fast somebody types, with and
//! without a suggestion that was not wanted.

use futures::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row};

use super::connection::open_for_reading;
use super::error::LedgerError;
use super::reader::LedgerReader;
use crate::domain::Timestamp;

/// One decision point, as far as it tells how fast somebody types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// When it was decided.
    pub at: Timestamp,
    /// Whose it was, as a keyed hash.
    pub user: Option<String>,
    /// The workspace, the editor and the language: documents are not named on the ledger, and a
    /// version that follows another here is nearly always the same document's.
    pub place: (Option<String>, Option<String>, String),
    /// The typing burst, as its bytes.
    pub burst: Vec<u8>,
    /// The document's version; it goes up with every edit.
    pub version: i64,
    /// Whether the embedded answer was shown here or was held back by chance, and was not what came
    /// to be typed.
    pub unwanted: Option<Unwanted>,
}

/// What was done with an embedded answer that was sure and not wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwanted {
    /// It was shown.
    Shown,
    /// Its burst was held out in silence.
    HeldBack,
}

const KEYS: &str = "\
    SELECT d.at, d.user, d.workspace, d.client, d.language, d.burst, d.document_version AS version, \
    CASE \
    WHEN m.decision IS NULL OR o.decision IS NOT NULL THEN 0 \
    WHEN d.action = 'embedded' AND d.reason = 'embedded-is-sure' THEN 1 \
    WHEN d.action = 'silent' AND d.reason = 'held-out' \
    AND json_extract(d.arms, '$[0].excluded') IS NULL THEN 2 \
    ELSE 0 END AS unwanted \
    FROM decisions d \
    LEFT JOIN (SELECT DISTINCT decision FROM matches WHERE at >= ?1 AND arm = 'embedded' \
    AND NOT exact_line AND prefix_chars < candidate_chars) m ON m.decision = d.id \
    LEFT JOIN (SELECT DISTINCT decision FROM outcomes WHERE at >= ?1 \
    AND kind IN ('accepted', 'partly-accepted', 'matched')) o ON o.decision = d.id \
    WHERE d.at >= ?1 AND d.at < ?2 AND d.step = 0 AND d.origin = 'lsp' \
    AND d.document_version IS NOT NULL \
    ORDER BY d.user, d.workspace, d.client, d.language, d.at";

impl LedgerReader {
    /// Tells `hear` the decision points of a period whose document has a version: user by user, place
    /// by place, in order.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Read`] when the file cannot be read.
    pub async fn keys(
        &self,
        (since, until): (Timestamp, Timestamp),
        mut hear: impl FnMut(Key),
    ) -> Result<(), LedgerError> {
        let failed = |error| LedgerError::read(&self.path, &error);
        let mut connection = open_for_reading(&self.path).await?;
        let mut rows = sqlx::query(KEYS)
            .bind(since.unix_micros())
            .bind(until.unix_micros())
            .fetch(&mut connection);
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            hear(key(&row).map_err(failed)?);
        }
        drop(rows);
        connection.close().await.map_err(failed)
    }
}

fn key(row: &SqliteRow) -> Result<Key, sqlx::Error> {
    Ok(Key {
        at: Timestamp::from_unix_micros(row.try_get("at")?),
        user: row.try_get("user")?,
        place: (
            row.try_get("workspace")?,
            row.try_get("client")?,
            row.try_get("language")?,
        ),
        burst: row.try_get("burst")?,
        version: row.try_get("version")?,
        unwanted: match row.try_get("unwanted")? {
            1_i64 => Some(Unwanted::Shown),
            2 => Some(Unwanted::HeldBack),
            _ => None,
        },
    })
}
