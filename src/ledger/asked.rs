//! Reads how often each tier was asked, what that cost, and what was kept of it.

use std::collections::BTreeMap;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};

use super::increment::Asked;
use super::reader::PICO_PER_PART;
use crate::domain::{Tier, Timestamp};

/// The embedded model is the arm that costs nothing; it is told apart by what was done.
const ASKED: &str = "SELECT d.tier AS tier, d.action = 'embedded' AS is_free, COUNT(*) AS n \
    FROM decisions d WHERE d.at >= ?1 AND d.at < ?2 AND d.tier IS NOT NULL \
    AND d.origin IN ('lsp', 'try') GROUP BY 1, 2";

const KEPT: &str = "SELECT d.tier AS tier, d.action = 'embedded' AS is_free, \
    SUM(r.kept_chars) AS n FROM retentions r JOIN decisions d ON d.id = r.decision \
    WHERE r.after_s = 600 AND d.tier IS NOT NULL AND d.origin IN ('lsp', 'try') AND EXISTS \
    (SELECT 1 FROM outcomes x WHERE x.completion = r.completion AND x.kind = 'accepted' \
    AND x.at >= ?1 AND x.at < ?2) GROUP BY 1, 2";

const ACCEPTED: &str = "SELECT d.tier AS tier, d.action = 'embedded' AS is_free, COUNT(*) AS n \
    FROM outcomes x JOIN decisions d ON d.id = x.decision \
    WHERE x.at >= ?1 AND x.at < ?2 AND x.kind = 'accepted' AND d.tier IS NOT NULL \
    AND d.origin IN ('lsp', 'try') GROUP BY 1, 2";

/// Reads what there is between two moments, the dearest tier first.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    version: i64,
    (since, until): (Timestamp, Timestamp),
) -> Result<Vec<Asked>, sqlx::Error> {
    let costs = format!(
        "SELECT d.tier AS tier, 0 AS is_free, COUNT(*) AS n, COUNT(c.cost) AS priced, \
         SUM(c.cost / {PICO_PER_PART}) AS high, SUM(c.cost % {PICO_PER_PART}) AS low \
         FROM calls c JOIN decisions d ON d.id = c.decision \
         WHERE c.at >= ?1 AND c.at < ?2 AND d.tier IS NOT NULL \
         AND d.origin IN ('lsp', 'try') GROUP BY 1"
    );
    let mut found: BTreeMap<(std::cmp::Reverse<Tier>, bool), Asked> = BTreeMap::new();
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
            let asked = found
                .entry((std::cmp::Reverse(tier), is_free))
                .or_insert_with(|| empty(tier, is_free));
            match sql {
                ASKED => asked.requests = number(row, "n")?,
                // Until something has looked, it is not known what was kept of them.
                ACCEPTED => asked.kept_chars = None,
                KEPT => asked.kept_chars = Some(number(row, "n")?),
                _ => add_cost(row, asked)?,
            }
        }
    }
    Ok(found.into_values().collect())
}

const fn empty(tier: Tier, is_free: bool) -> Asked {
    Asked {
        tier,
        is_free,
        requests: 0,
        calls: 0,
        unpriced: 0,
        cost_pico: 0,
        // Where nothing is accepted, nothing is kept.
        kept_chars: Some(0),
    }
}

fn key(row: &SqliteRow) -> Result<(Option<Tier>, bool), sqlx::Error> {
    let tier: String = row.try_get("tier")?;
    Ok((Tier::from_name(&tier), row.try_get("is_free")?))
}

fn add_cost(row: &SqliteRow, asked: &mut Asked) -> Result<(), sqlx::Error> {
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
