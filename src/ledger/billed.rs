//! What the ledger says was used, the way providers send bills: by day, model and token class.

use sqlx::{Connection, Row};

use super::connection::open_for_reading;
use super::error::LedgerError;
use super::margin::CallGroup;
use super::reader::LedgerReader;
use super::table::PICO_PER_PART;
use crate::domain::{BillingBasis, Tier, Timestamp, TokenCount};

const DAY_MICROS: i64 = 86_400_000_000;
/// Calls of one day, host, model, price and basis; those whose cost is not known are apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billed {
    /// First moment of the day, UTC.
    pub day: Timestamp,
    /// The host that was called.
    pub host: String,
    /// The provider's name of the model.
    pub model: String,
    /// Our name of the model.
    pub name: String,
    /// Its tier.
    pub tier: Tier,
    /// Who trained the model.
    pub lab: Option<String>,
    /// Where it runs.
    pub region: Option<String>,
    /// The row of the price book.
    pub price_id: Option<String>,
    /// How their usage is known.
    pub basis: BillingBasis,
    /// How many calls.
    pub calls: u64,
    /// Of them, calls whose cost is not known: all or none.
    pub unpriced_calls: u64,
    /// Tokens of input that no cache had.
    pub input: u64,
    /// Tokens of input read from a cache.
    pub cache_read: u64,
    /// Tokens of input written to a cache, for whatever time.
    pub cache_write: u64,
    /// Of them, those written for an hour.
    pub cache_write_1h: u64,
    /// Tokens of output, thoughts included.
    pub output: u64,
    /// What is known of their cost, in pico-USD.
    pub cost_pico: i128,
}

impl Billed {
    /// Returns the calls as a group, which rates can be found for.
    #[must_use]
    pub fn as_group(&self) -> CallGroup {
        let short = self.cache_write.saturating_sub(self.cache_write_1h);
        CallGroup {
            model: self.name.clone(),
            tier: self.tier,
            supplier: self.host.clone(),
            lab: self.lab.clone(),
            price_id: self.price_id.clone(),
            // Noon stands for the day.
            at: Timestamp::from_unix_micros(self.day.unix_micros() + DAY_MICROS / 2),
            calls: self.calls,
            unpriced: self.unpriced_calls,
            cost_pico: self.cost_pico,
            unreported_pico: match self.basis {
                BillingBasis::Reported => 0,
                BillingBasis::Partial | BillingBasis::Assumed => self.cost_pico,
            },
            cancelled: 0,
            cancelled_pico: None,
            failed: 0,
            failed_pico: 0,
            uncached: TokenCount::new(self.input),
            cache_read: TokenCount::new(self.cache_read),
            cache_write: (TokenCount::new(short), TokenCount::new(self.cache_write_1h)),
            output: TokenCount::new(self.output),
        }
    }
}

impl LedgerReader {
    /// Adds up the calls of a period that were not refused before anything was used.
    ///
    /// # Errors
    ///
    /// What the file said.
    pub async fn billed(
        &self,
        (since, until): (Timestamp, Timestamp),
    ) -> Result<Vec<Billed>, LedgerError> {
        let failed = |error| LedgerError::read(&self.path, &error);
        let mut connection = open_for_reading(&self.path).await?;
        // All input includes what caches read and wrote.
        let rows = sqlx::query(
            "SELECT at / ?3 AS day, host, provider_model, model, tier, lab, region, price_id, basis, \
             COUNT(*) AS calls, \
             SUM(cost IS NULL) AS unpriced, \
             TOTAL(COALESCE(input_total, 0) - COALESCE(cache_read, 0) \
             - COALESCE(cache_write_5m, 0) - COALESCE(cache_write_1h, 0)) AS input, \
             TOTAL(cache_read) AS cache_read, \
             TOTAL(COALESCE(cache_write_5m, 0) + COALESCE(cache_write_1h, 0)) AS cache_write, \
             TOTAL(cache_write_1h) AS cache_write_1h, TOTAL(output_total) AS output, \
             SUM(COALESCE(cost, 0) / ?4) AS parts, SUM(COALESCE(cost, 0) % ?4) AS rest \
             FROM calls WHERE at >= ?1 AND at < ?2 AND status IS NULL \
             GROUP BY day, host, provider_model, model, tier, lab, region, price_id, basis, cost IS NULL \
             ORDER BY day, host, provider_model, model, tier, lab, region, price_id, basis, cost IS NULL",
        )
        .bind(since.unix_micros())
        .bind(until.unix_micros())
        .bind(DAY_MICROS)
        .bind(PICO_PER_PART as i64)
        .fetch_all(&mut connection)
        .await
        .map_err(failed)?;
        connection.close().await.map_err(failed)?;
        let line = |row: &sqlx::sqlite::SqliteRow| -> Result<Billed, sqlx::Error> {
            let count = |name: &str| row.try_get::<i64, _>(name).map(|n| n.max(0) as u64);
            let tokens = |name: &str| row.try_get::<f64, _>(name).map(|n| n.max(0.0) as u64);
            let basis: String = row.try_get("basis")?;
            let tier: String = row.try_get("tier")?;
            let (parts, rest): (i64, i64) = (row.try_get("parts")?, row.try_get("rest")?);
            Ok(Billed {
                day: Timestamp::from_unix_micros(row.try_get::<i64, _>("day")? * DAY_MICROS),
                host: row.try_get("host")?,
                model: row.try_get("provider_model")?,
                name: row.try_get("model")?,
                tier: Tier::from_name(&tier).unwrap_or(Tier::OpenSource),
                lab: row.try_get("lab")?,
                region: row.try_get("region")?,
                price_id: row.try_get("price_id")?,
                basis: BillingBasis::from_name(&basis).unwrap_or(BillingBasis::Assumed),
                calls: count("calls")?,
                unpriced_calls: count("unpriced")?,
                input: tokens("input")?,
                cache_read: tokens("cache_read")?,
                cache_write: tokens("cache_write")?,
                cache_write_1h: tokens("cache_write_1h")?,
                output: tokens("output")?,
                cost_pico: i128::from(parts) * PICO_PER_PART + i128::from(rest),
            })
        };
        rows.iter()
            .map(line)
            .collect::<Result<_, _>>()
            .map_err(failed)
    }
}
