//! Reads how often each tier was asked, what that cost, and what was kept of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};

use super::increment::Asked;
use super::table::PICO_PER_PART;
use crate::domain::{Tier, Timestamp};

/// The embedded model is the arm that costs nothing; it is told apart by what was done.
const ASKED: &str = "SELECT d.tier AS tier, d.action = 'embedded' AS is_free, COUNT(*) AS n \
    FROM decisions d WHERE d.at >= ?1 AND d.at < ?2 AND d.tier IS NOT NULL \
    AND d.origin IN ('lsp', 'try') GROUP BY 1, 2";

/// From the accepts of the stretch to their looks, of which a completion has one each: in any other order
/// (a cross join keeps this one) a short stretch of a long ledger would go over all looks there are.
const KEPT: &str = "SELECT d.tier AS tier, d.action = 'embedded' AS is_free, \
    SUM(r.kept_chars) AS n FROM outcomes x \
    CROSS JOIN retentions r ON r.completion = x.completion AND r.after_s = 600 \
    JOIN decisions d ON d.id = r.decision \
    WHERE x.at >= ?1 AND x.at < ?2 AND x.kind = 'accepted' AND d.tier IS NOT NULL \
    AND d.origin IN ('lsp', 'try') GROUP BY 1, 2";

const ACCEPTED: &str = "SELECT d.tier AS tier, d.action = 'embedded' AS is_free, COUNT(*) AS n \
    FROM outcomes x JOIN decisions d ON d.id = x.decision \
    WHERE x.at >= ?1 AND x.at < ?2 AND x.kind = 'accepted' AND d.tier IS NOT NULL \
    AND d.origin IN ('lsp', 'try') GROUP BY 1, 2";

/// What a tier was asked and brought in a stretch of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct AskedSums {
    requests: u64,
    calls: u64,
    unpriced: u64,
    cost_pico: i128,
    accepted: u64,
    /// Characters that a look after ten minutes has found; `None` when nothing has looked.
    kept_chars: Option<u64>,
}

impl AskedSums {
    /// Adds another stretch.
    pub(super) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.calls += other.calls;
        self.unpriced += other.unpriced;
        self.cost_pico += other.cost_pico;
        self.accepted += other.accepted;
        if let Some(more) = other.kept_chars {
            *self.kept_chars.get_or_insert(0) += more;
        }
    }

    /// Returns what is known of the tier.
    pub(super) fn of(&self, tier: Tier, is_free: bool) -> Asked {
        // Where nothing is accepted, nothing is kept; else nothing is known until somebody looks.
        let kept_chars = match self.accepted {
            0 => Some(self.kept_chars.unwrap_or(0)),
            _ => self.kept_chars,
        };
        Asked {
            tier,
            is_free,
            requests: self.requests,
            calls: self.calls,
            unpriced: self.unpriced,
            cost_pico: self.cost_pico,
            kept_chars,
        }
    }
}

/// Adds what there is between two moments, by tier, and whether it was the embedded model.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    version: i64,
    (since, until): (Timestamp, Timestamp),
    into: &mut BTreeMap<(Tier, bool), AskedSums>,
) -> Result<(), sqlx::Error> {
    let costs = format!(
        "SELECT d.tier AS tier, 0 AS is_free, COUNT(*) AS n, COUNT(c.cost) AS priced, \
         SUM(c.cost / {PICO_PER_PART}) AS high, SUM(c.cost % {PICO_PER_PART}) AS low \
         FROM calls c JOIN decisions d ON d.id = c.decision \
         WHERE c.at >= ?1 AND c.at < ?2 AND d.tier IS NOT NULL \
         AND d.origin IN ('lsp', 'try') GROUP BY 1"
    );
    for sql in [ASKED, ACCEPTED, KEPT, &costs] {
        if sql == KEPT && version < 2 {
            continue; // Such a file has no looks.
        }
        let rows = sqlx::query(AssertSqlSafe(sql.to_owned()))
            .bind(since.unix_micros())
            .bind(until.unix_micros())
            .fetch_all(&mut *connection)
            .await?;
        for row in &rows {
            let (tier, is_free) = key(row)?;
            let Some(tier) = tier else { continue };
            let mut asked = AskedSums::default();
            match sql {
                ASKED => asked.requests = number(row, "n")?,
                ACCEPTED => asked.accepted = number(row, "n")?,
                KEPT => asked.kept_chars = Some(number(row, "n")?),
                _ => add_cost(row, &mut asked)?,
            }
            into.entry((tier, is_free)).or_default().add(&asked);
        }
    }
    Ok(())
}

fn key(row: &SqliteRow) -> Result<(Option<Tier>, bool), sqlx::Error> {
    let tier: String = row.try_get("tier")?;
    Ok((Tier::from_name(&tier), row.try_get("is_free")?))
}

fn add_cost(row: &SqliteRow, asked: &mut AskedSums) -> Result<(), sqlx::Error> {
    let part = |column: &str| -> Result<i128, sqlx::Error> {
        Ok(row.try_get::<Option<i64>, _>(column)?.unwrap_or(0).into())
    };
    asked.calls = number(row, "n")?;
    asked.unpriced = asked.calls.saturating_sub(number(row, "priced")?);
    asked.cost_pico = part("high")? * PICO_PER_PART + part("low")?;
    Ok(())
}

fn number(row: &SqliteRow, column: &str) -> Result<u64, sqlx::Error> {
    let number: Option<i64> = row.try_get(column)?;
    Ok(u64::try_from(number.unwrap_or(0)).unwrap_or(0))
}
