//! How much goes through: what the router plans a month by, and what it keeps suppliers apart by.

use std::collections::BTreeMap;

use sqlx::{Connection, Row};

use super::connection::open_for_reading;
use super::error::LedgerError;
use super::reader::LedgerReader;
use crate::domain::{ModelId, Money, Timestamp};

const HOUR_MICROS: i64 = 3_600_000_000;

/// What was called beside the answers, to learn from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShadowCost {
    /// Calls.
    pub calls: u64,
    /// What they have cost, in whole nano-USD.
    pub cost: Money,
}

impl LedgerReader {
    /// Returns how many decision points fell into each hour of a period that had one, by the moment
    /// that the hour begins at; fallbacks are no points of their own.
    ///
    /// # Errors
    ///
    /// What the file said.
    pub async fn points_by_hour(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<BTreeMap<Timestamp, u32>, LedgerError> {
        // An hour has 3,600,000,000 microseconds.
        let sql = "SELECT at / 3600000000 AS hour, COUNT(*) AS points FROM decisions \
                   WHERE at >= ?1 AND at < ?2 AND step = 0 AND origin = 'lsp' GROUP BY hour";
        self.counted(sql, (since, until), |row| {
            let hour: i64 = row.try_get("hour")?;
            let points: i64 = row.try_get("points")?;
            let begin = Timestamp::from_unix_micros(hour * HOUR_MICROS);
            Ok((begin, u32::try_from(points).unwrap_or(u32::MAX)))
        })
        .await
    }

    /// Returns how many suggestions of each arm were offered in a period.
    ///
    /// # Errors
    ///
    /// What the file said.
    pub async fn offers_by_arm(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<BTreeMap<ModelId, u64>, LedgerError> {
        let sql = "SELECT decisions.arm AS arm, COUNT(*) AS offers FROM outcomes \
                   JOIN decisions ON decisions.id = outcomes.decision \
                   WHERE outcomes.at >= ?1 AND outcomes.at < ?2 AND outcomes.kind = 'offered' \
                   AND decisions.arm IS NOT NULL GROUP BY decisions.arm";
        self.counted(sql, (since, until), |row| {
            let arm: String = row.try_get("arm")?;
            let offers: i64 = row.try_get("offers")?;
            Ok((ModelId::new(arm), u64::try_from(offers).unwrap_or(0)))
        })
        .await
    }

    /// Returns what the metered calls of each arm that began in a period have cost.
    ///
    /// # Errors
    ///
    /// What the file said.
    pub async fn spend_by_arm(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<BTreeMap<ModelId, Money>, LedgerError> {
        // In nano-USD, so that no sum of a month runs over; what is below is no share of it.
        let sql = "SELECT model AS arm, SUM(cost / 1000) AS nano FROM calls \
                   WHERE at >= ?1 AND at < ?2 AND cost > 0 GROUP BY model";
        self.counted(sql, (since, until), |row| {
            let arm: String = row.try_get("arm")?;
            let nano: i64 = row.try_get("nano")?;
            let spent = Money::from_pico_usd(nano.saturating_mul(1_000));
            Ok((ModelId::new(arm), spent))
        })
        .await
    }

    /// Returns what the calls of a period have cost whose answers were not shown, only learnt from.
    ///
    /// # Errors
    ///
    /// What the file said.
    pub async fn shadow_cost(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<ShadowCost, LedgerError> {
        let sql = "SELECT COUNT(*) AS calls, COALESCE(SUM(calls.cost / 1000), 0) AS nano \
                   FROM decisions JOIN calls ON calls.decision = decisions.id \
                   WHERE decisions.at >= ?1 AND decisions.at < ?2 AND decisions.reason = 'shadow'";
        let counted = self.counted(sql, (since, until), |row| {
            let calls: i64 = row.try_get("calls")?;
            let nano: i64 = row.try_get("nano")?;
            let shadow = ShadowCost {
                calls: u64::try_from(calls).unwrap_or(0),
                cost: Money::from_pico_usd(nano.saturating_mul(1_000)),
            };
            Ok(((), shadow))
        });
        Ok(counted.await?.remove(&()).unwrap_or_default())
    }

    async fn counted<K: Ord, N>(
        &self,
        sql: &'static str,
        (since, until): (Timestamp, Timestamp),
        line: impl Fn(&sqlx::sqlite::SqliteRow) -> Result<(K, N), sqlx::Error>,
    ) -> Result<BTreeMap<K, N>, LedgerError> {
        let mut connection = open_for_reading(&self.path).await?;
        let rows = sqlx::query(sql)
            .bind(since.unix_micros())
            .bind(until.unix_micros())
            .fetch_all(&mut connection)
            .await;
        let counted = rows.and_then(|rows| rows.iter().map(line).collect());
        let counted = counted.map_err(|error| LedgerError::read(&self.path, &error))?;
        connection
            .close()
            .await
            .map_err(|error| LedgerError::read(&self.path, &error))?;
        Ok(counted)
    }
}
