//! Decisions as they were made, each with what came of it: what another policy is judged on.

use futures::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Connection, Row};

use super::connection::open_for_reading;
use super::error::LedgerError;
use super::reader::{LedgerReader, version};
use crate::domain::{Action, ArmEstimate, ModelId, Reason, Timestamp};

/// One decision point, with its fallbacks.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// When it was decided.
    pub at: Timestamp,
    /// Whose it was, as a keyed hash.
    pub user: Option<String>,
    /// Language of the document.
    pub language: String,
    /// What was done.
    pub action: Action,
    /// Who was asked first.
    pub arm: Option<ModelId>,
    /// Why.
    pub reason: Reason,
    /// How likely that was; `None` where it is not known.
    pub propensity: Option<f64>,
    /// Whether chance had a part in it that leaves no eligible option out: not where nothing is spent on
    /// learning.
    pub is_drawn: bool,
    /// All that could have been done: the embedded model first.
    pub arms: Vec<ArmEstimate>,
    /// Characters that were accepted of what it offered, now or later from the cache.
    pub accepted_chars: u64,
    /// Of what it offered, characters that the look after ten minutes has found; `None` where
    /// nothing has looked.
    pub kept_chars: Option<u64>,
    /// What its calls have cost, in pico-USD.
    pub cost_pico: i64,
    /// Calls of it whose cost is not known.
    pub unpriced: u64,
}

/// What is credited to a request is credited to its first decision, whichever of its steps it names.
/// A file of version 1 has no looks.
fn query(version: i64) -> String {
    let looks = match version {
        ..2 => "SELECT NULL AS completion, NULL AS kept",
        _ => {
            "SELECT s.completion AS completion, SUM(r.kept_chars) AS kept \
             FROM retentions r JOIN decisions s ON s.id = r.decision \
             WHERE s.at >= ?1 AND s.at < ?2 AND r.after_s = 600 GROUP BY s.completion"
        }
    };
    format!(
        "SELECT d.at, d.user, d.language, d.action, d.arm, d.reason, d.propensity, \
         COALESCE(d.epsilon, 0) > 0 AS is_drawn, d.arms, \
         COALESCE(o.characters, 0) AS characters, k.kept AS kept, COALESCE(c.cost, 0) AS cost, \
         COALESCE(c.unpriced, 0) AS unpriced \
         FROM decisions d \
         LEFT JOIN (SELECT s.completion AS completion, SUM(x.characters) AS characters \
             FROM outcomes x JOIN decisions s ON s.id = x.decision \
             WHERE s.at >= ?1 AND s.at < ?2 AND x.kind IN ('accepted', 'partly-accepted') \
             GROUP BY s.completion) o ON o.completion = d.completion \
         LEFT JOIN ({looks}) k ON k.completion = d.completion \
         LEFT JOIN (SELECT s.completion AS completion, SUM(x.cost) AS cost, \
             SUM(x.cost IS NULL) AS unpriced \
             FROM calls x JOIN decisions s ON s.id = x.decision \
             WHERE s.at >= ?1 AND s.at < ?2 \
             GROUP BY s.completion) c ON c.completion = d.completion \
         WHERE d.at >= ?1 AND d.at < ?2 AND d.step = 0 AND d.origin = 'lsp' ORDER BY d.at"
    )
}

impl LedgerReader {
    /// Tells `hear` the decision points of a period, in order.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Read`] when the file cannot be read.
    pub async fn logged(
        &self,
        (since, until): (Timestamp, Timestamp),
        mut hear: impl FnMut(Logged),
    ) -> Result<(), LedgerError> {
        let failed = |error| LedgerError::read(&self.path, &error);
        let mut connection = open_for_reading(&self.path).await?;
        let version = version(&mut connection).await.map_err(failed)?;
        let mut rows = sqlx::query(AssertSqlSafe(query(version)))
            .bind(since.unix_micros())
            .bind(until.unix_micros())
            .fetch(&mut connection);
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            if let Some(logged) = logged(&row).map_err(failed)? {
                hear(logged);
            }
        }
        drop(rows);
        connection.close().await.map_err(failed)
    }
}

/// Reads a row; `None` for one whose names a newer program has written.
fn logged(row: &SqliteRow) -> Result<Option<Logged>, sqlx::Error> {
    let action = Action::from_name(row.try_get("action")?);
    let reason = Reason::from_name(row.try_get("reason")?);
    let arms = serde_json::from_str(row.try_get("arms")?);
    let (Some(action), Some(reason), Ok(arms)) = (action, reason, arms) else {
        return Ok(None);
    };
    let count = |column| -> Result<u64, sqlx::Error> {
        Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
    };
    let arm: Option<String> = row.try_get("arm")?;
    Ok(Some(Logged {
        at: Timestamp::from_unix_micros(row.try_get("at")?),
        user: row.try_get("user")?,
        language: row.try_get("language")?,
        action,
        arm: arm.map(ModelId::new),
        reason,
        propensity: row.try_get("propensity")?,
        is_drawn: row.try_get("is_drawn")?,
        arms,
        accepted_chars: count("characters")?,
        kept_chars: row
            .try_get::<Option<i64>, _>("kept")?
            .map(|kept| u64::try_from(kept).unwrap_or(0)),
        cost_pico: row.try_get("cost")?,
        unpriced: count("unpriced")?,
    }))
}
