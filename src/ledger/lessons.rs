//! What the ledger has to teach about the models over the network, in the order in which it came.
//!
//! Of what came at one moment the call is first. The same rows teach a running session one by one (`engine/learnt`); here they are read again.

use futures::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row};

use super::connection::open_for_reading;
use super::error::LedgerError;
use super::reader::{LedgerReader, version};
use crate::domain::{CallOutcome, Features, ModelId, Money, OutcomeKind, Timestamp};

/// The check of an accept that says what was kept.
const KEPT_AFTER_S: i64 = 600;

/// One thing that is known of an arm at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Taught {
    /// When it became known.
    pub at: Timestamp,
    /// The arm.
    pub arm: ModelId,
    /// What the place looked like when it was decided.
    pub features: Features,
    /// The most that the call was expected to cost.
    pub worst: Money,
    /// The editor, as it names itself.
    pub client: Option<String>,
    /// What is known.
    pub what: What,
}

/// What is known of an arm.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A candidate was compared with what was typed.
    Compared {
        /// Whether it was that.
        is_match: bool,
    },
    /// An offer ended.
    Ended {
        /// How.
        kind: OutcomeKind,
        /// How much its evidence counts.
        weight: f64,
        /// Whether a client has said so.
        is_said: bool,
    },
    /// So many characters of an accept were there after ten minutes.
    Kept(u32),
    /// A call ended.
    Called {
        /// How.
        outcome: CallOutcome,
        /// The model behind the arm, as its provider calls it.
        behind: String,
        /// What it has cost, where that is known.
        cost: Option<Money>,
        /// How long it took.
        duration_ms: u32,
        /// Whether anything of its answer was a suggestion.
        was_usable: bool,
    },
}

const COMPARED: &str = "\
    SELECT 'match' AS what, matches.at AS at, decisions.arm AS arm, decisions.features AS features, \
    decisions.expected_cost AS worst, \
    (exact_line OR prefix_chars = candidate_chars) AS number, NULL AS share, NULL AS name, \
    NULL AS behind, NULL AS cost, NULL AS usable, decisions.client AS client \
    FROM matches JOIN decisions ON decisions.id = matches.decision \
    WHERE matches.at >= ?1 AND matches.at < ?2 AND matches.arm = decisions.arm \
    AND decisions.arm <> 'embedded'";

const ENDED: &str = "\
    SELECT 'outcome', outcomes.at, decisions.arm, decisions.features, decisions.expected_cost, \
    outcomes.evidence = 'client', outcomes.weight, outcomes.kind, NULL, NULL, NULL, \
    decisions.client \
    FROM outcomes JOIN decisions ON decisions.id = outcomes.decision \
    WHERE outcomes.at >= ?1 AND outcomes.at < ?2 AND decisions.arm <> 'embedded' \
    AND outcomes.kind IN ('accepted', 'partly-accepted', 'dismissed', 'diverged', 'replaced')";

const KEPT: &str = "\
    SELECT 'kept', retentions.at, decisions.arm, decisions.features, decisions.expected_cost, \
    retentions.kept_chars, NULL, NULL, NULL, NULL, NULL, decisions.client \
    FROM retentions JOIN decisions ON decisions.id = retentions.decision \
    WHERE retentions.at >= ?1 AND retentions.at < ?2 AND retentions.after_s = ?3 \
    AND decisions.arm <> 'embedded'";

// When the call was begun, so that the arm is met before anything is said of its answer.
const CALLED: &str = "\
    SELECT 'call', calls.at, decisions.arm, decisions.features, decisions.expected_cost, \
    calls.duration_ms, NULL, calls.outcome, calls.provider_model, calls.cost, \
    usable.decision IS NOT NULL, decisions.client \
    FROM calls JOIN decisions ON decisions.id = calls.decision \
    LEFT JOIN (SELECT decision FROM outcomes WHERE kind = 'offered' AND at >= ?1 \
    UNION SELECT decision FROM matches WHERE at >= ?1) AS usable ON usable.decision = calls.decision \
    WHERE calls.at >= ?1 AND calls.at < ?2";

impl LedgerReader {
    /// Tells `hear` all that a period has to teach, in order. Rows of places whose features were not
    /// kept teach nothing and are left out.
    ///
    /// # Errors
    ///
    /// What the file said.
    pub async fn lessons(
        &self,
        (since, until): (Timestamp, Timestamp),
        mut hear: impl FnMut(Taught),
    ) -> Result<(), LedgerError> {
        let failed = |error| LedgerError::read(&self.path, &error);
        let mut connection = open_for_reading(&self.path).await?;
        let mut parts = vec![COMPARED, ENDED, CALLED];
        if version(&mut connection).await.map_err(failed)? >= 2 {
            parts.push(KEPT);
        }
        let sql = parts.join(" UNION ALL ") + " ORDER BY at, what";
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(since.unix_micros())
            .bind(until.unix_micros())
            .bind(KEPT_AFTER_S)
            .fetch(&mut connection);
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            if let Some(taught) = taught(&row).map_err(failed)? {
                hear(taught);
            }
        }
        drop(rows);
        connection.close().await.map_err(failed)
    }
}

fn taught(row: &SqliteRow) -> Result<Option<Taught>, sqlx::Error> {
    let features: Option<&str> = row.try_get("features")?;
    let features = features.and_then(|text| serde_json::from_str(text).ok());
    let arm: Option<String> = row.try_get("arm")?;
    let (Some(features), Some(arm)) = (features, arm) else {
        return Ok(None);
    };
    let small = |number: i64| u32::try_from(number).unwrap_or(0);
    let name: Option<String> = row.try_get("name")?;
    let what = match row.try_get::<&str, _>("what")? {
        "match" => What::Compared {
            is_match: row.try_get::<i64, _>("number")? != 0,
        },
        "kept" => What::Kept(small(row.try_get("number")?)),
        "outcome" => {
            let Some(kind) = name.as_deref().and_then(OutcomeKind::from_name) else {
                return Ok(None);
            };
            let weight: Option<f64> = row.try_get("share")?;
            What::Ended {
                kind,
                weight: weight.unwrap_or(0.0),
                is_said: row.try_get::<i64, _>("number")? != 0,
            }
        }
        _ => {
            let Some(outcome) = name.as_deref().and_then(CallOutcome::from_name) else {
                return Ok(None);
            };
            let cost: Option<i64> = row.try_get("cost")?;
            What::Called {
                outcome,
                behind: row.try_get("behind")?,
                cost: cost.map(Money::from_pico_usd),
                duration_ms: small(row.try_get("number")?),
                was_usable: row.try_get::<i64, _>("usable")? != 0,
            }
        }
    };
    Ok(Some(Taught {
        at: Timestamp::from_unix_micros(row.try_get("at")?),
        arm: ModelId::new(arm),
        features,
        worst: Money::from_pico_usd(row.try_get("worst")?),
        client: row.try_get("client")?,
        what,
    }))
}
