//! Reads what the margin is reckoned from beside the counts of the report: bookings, calls by model
//! and day, characters that were kept; and adds what was counted elsewhere.

use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::figures::Figures;
use super::margin::{CallGroup, Span};
use super::report::Dimension;
use super::sums::Sums;
use crate::domain::{
    Booking, BookingRow, FunnelBooking, RowId, Tier, Timestamp, TokenCount, UsageBooking,
};

/// Reads all bookings; a file of version 2 or older has none.
pub(super) async fn bookings(
    connection: &mut SqliteConnection,
    version: i64,
) -> Result<Vec<BookingRow>, sqlx::Error> {
    if version < 3 {
        return Ok(Vec::new());
    }
    let sql = "SELECT id, since, until, currency, reference, entry, at FROM bookings \
               ORDER BY since, at, id";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter().map(booking).collect()
}

fn booking(row: &SqliteRow) -> Result<BookingRow, sqlx::Error> {
    let entry: String = row.try_get("entry")?;
    let booking =
        serde_json::from_str(&entry).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    let until: Option<i64> = row.try_get("until")?;
    Ok(BookingRow {
        id: RowId::from_uuid(row.try_get("id")?),
        since: Timestamp::from_unix_micros(row.try_get("since")?),
        until: until.map(Timestamp::from_unix_micros),
        currency: row.try_get("currency")?,
        reference: row.try_get("reference")?,
        booking,
        at: Timestamp::from_unix_micros(row.try_get("at")?),
    })
}

/// Adds what is booked as counted elsewhere for `[since, until)`; returns what is left out because it
/// only partly lies in there.
pub(super) fn add_booked(
    bookings: &[BookingRow],
    since: Timestamp,
    until: Timestamp,
    sums: &mut Sums,
) -> Vec<String> {
    let period = Span::of(since, until);
    let mut cut = Vec::new();
    for row in bookings {
        if Span::of_row(row).within(period).is_none() {
            continue;
        }
        let is_whole = period.holds(row);
        match &row.booking {
            Booking::Usage(usage) if is_whole => sums.calls.push(group(usage, row.since)),
            Booking::Funnel(funnel) if is_whole => {
                *sums.retained_chars.get_or_insert(0) += funnel.retained_chars;
            }
            Booking::Usage(_) | Booking::Funnel(_) => cut.push(format!(
                "a booking of {} from {} reaches beyond the period, so it is not counted",
                row.booking.kind(),
                row.since.to_utc().date()
            )),
            _ => {}
        }
    }
    cut
}

/// Sums are fetched in two parts, as the report's own are.
const CALLS: &str = "SELECT model, tier, host, lab, price_id, at / 86400000000 AS day, \
    COUNT(*) AS n, COUNT(cost) AS priced, \
    SUM(cost / 1000000000) AS high, SUM(cost % 1000000000) AS low, \
    SUM(CASE WHEN basis <> 'reported' AND status IS NULL THEN cost / 1000000000 END) AS unreported_high, \
    SUM(CASE WHEN basis <> 'reported' AND status IS NULL THEN cost % 1000000000 END) AS unreported_low, \
    SUM(outcome = 'cancelled') AS cancelled, \
    SUM(CASE WHEN outcome = 'cancelled' THEN cost / 1000000000 END) AS cancelled_high, \
    SUM(CASE WHEN outcome = 'cancelled' THEN cost % 1000000000 END) AS cancelled_low, \
    SUM(outcome NOT IN ('done', 'early', 'cancelled')) AS failed, \
    SUM(CASE WHEN outcome NOT IN ('done', 'early', 'cancelled') THEN cost / 1000000000 END) AS failed_high, \
    SUM(CASE WHEN outcome NOT IN ('done', 'early', 'cancelled') THEN cost % 1000000000 END) AS failed_low, \
    SUM(MAX(COALESCE(input_total, 0) - COALESCE(cache_read, 0) - COALESCE(cache_write_5m, 0) \
        - COALESCE(cache_write_1h, 0), 0)) AS uncached, \
    SUM(COALESCE(cache_read, 0)) AS cache_read, SUM(COALESCE(cache_write_5m, 0)) AS write_5m, \
    SUM(COALESCE(cache_write_1h, 0)) AS write_1h, SUM(COALESCE(output_total, 0)) AS output \
    FROM calls WHERE at >= ?1 AND at < ?2 GROUP BY model, tier, host, lab, price_id, day";

/// Reads the calls of `[since, until)` by model, day and price.
pub(super) async fn calls(
    connection: &mut SqliteConnection,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<CallGroup>, sqlx::Error> {
    let rows = sqlx::query(CALLS)
        .bind(since.unix_micros())
        .bind(until.unix_micros())
        .fetch_all(connection)
        .await?;
    rows.iter().map(call_group).collect()
}

fn call_group(row: &SqliteRow) -> Result<CallGroup, sqlx::Error> {
    let number = |column: &str| -> Result<i64, sqlx::Error> {
        Ok(row.try_get::<Option<i64>, _>(column)?.unwrap_or(0))
    };
    let count = |column: &str| -> Result<u64, sqlx::Error> {
        Ok(u64::try_from(number(column)?).unwrap_or(0))
    };
    let tokens = |column: &str| count(column).map(TokenCount::new);
    let pico = |high: &str, low: &str| -> Result<i128, sqlx::Error> {
        Ok(i128::from(number(high)?) * 1_000_000_000 + i128::from(number(low)?))
    };
    let tier: String = row.try_get("tier")?;
    let all: u64 = count("n")?;
    let failed = count("failed")?;
    const MICROS_PER_DAY: i64 = 86_400_000_000;
    Ok(CallGroup {
        model: row.try_get("model")?,
        tier: Tier::from_name(&tier).unwrap_or(Tier::OpenSource),
        supplier: row.try_get("host")?,
        lab: row.try_get("lab")?,
        price_id: row.try_get("price_id")?,
        // Noon stands for the day.
        at: Timestamp::from_unix_micros(number("day")? * MICROS_PER_DAY + MICROS_PER_DAY / 2),
        calls: all - failed,
        unpriced: all - count("priced")?,
        cost_pico: pico("high", "low")?,
        unreported_pico: pico("unreported_high", "unreported_low")?,
        cancelled: count("cancelled")?,
        cancelled_pico: Some(pico("cancelled_high", "cancelled_low")?),
        failed,
        failed_pico: pico("failed_high", "failed_low")?,
        uncached: tokens("uncached")?,
        cache_read: tokens("cache_read")?,
        cache_write: (tokens("write_5m")?, tokens("write_1h")?),
        output: tokens("output")?,
    })
}

/// Counts the characters that a look after ten minutes has found; `None` when there was no look.
pub(super) async fn retained_chars(
    connection: &mut SqliteConnection,
    version: i64,
    since: Timestamp,
    until: Timestamp,
) -> Result<Option<u64>, sqlx::Error> {
    if version < 2 {
        return Ok(None);
    }
    // From the accepts of the period to their looks: a completion has one of each.
    let sql = "SELECT SUM(r.kept_chars) FROM outcomes x JOIN retentions r \
               ON r.completion = x.completion AND r.after_s = 600 \
               WHERE x.kind = 'accepted' AND x.at >= ?1 AND x.at < ?2";
    let sum: Option<i64> = sqlx::query_scalar(sql)
        .bind(since.unix_micros())
        .bind(until.unix_micros())
        .fetch_one(connection)
        .await?;
    Ok(sum.and_then(|sum| u64::try_from(sum).ok()))
}

fn group(usage: &UsageBooking, at: Timestamp) -> CallGroup {
    let part = |tokens: Option<TokenCount>| tokens.unwrap_or(TokenCount::ZERO);
    let pico = |cost: Option<crate::domain::Money>| cost.map_or(0, |cost| cost.pico_usd().into());
    let unpriced = |cost: Option<_>, calls| if cost.is_none() { calls } else { 0 };
    CallGroup {
        model: usage.model.as_str().to_owned(),
        tier: usage.tier,
        supplier: usage.supplier.clone(),
        lab: usage.lab.clone(),
        price_id: usage.price_id.clone(),
        at,
        calls: usage.calls,
        unpriced: unpriced(usage.cost, usage.calls)
            + unpriced(usage.failed_cost, usage.failed_calls),
        cost_pico: pico(usage.cost) + pico(usage.failed_cost),
        // Whoever adds calls up has the provider's word for them, or none that an invoice could correct.
        unreported_pico: 0,
        cancelled: usage.cancelled_calls,
        cancelled_pico: None,
        failed: usage.failed_calls,
        failed_pico: pico(usage.failed_cost),
        uncached: part(usage.usage.uncached_input()),
        cache_read: part(usage.usage.cache_read),
        cache_write: (
            part(usage.usage.cache_write_5m),
            part(usage.usage.cache_write_1h),
        ),
        output: part(usage.usage.output_total),
    }
}

/// Returns the figures of what was counted elsewhere, with the names of its lines: the model, tier,
/// host and lab are known, the day is the one on which it begins, all else is `unknown`.
pub(super) fn counted_elsewhere(
    bookings: &[BookingRow],
    since: Timestamp,
    until: Timestamp,
    dimensions: &[Dimension],
) -> Vec<(Vec<String>, Figures)> {
    let period = Span::of(since, until);
    let rows = bookings.iter().filter(|row| period.holds(row));
    rows.filter_map(|row| {
        let (figures, usage) = match &row.booking {
            Booking::Usage(usage) => (figures_of_usage(usage, row.since), Some(usage)),
            Booking::Funnel(funnel) => (figures_of_funnel(funnel), None),
            Booking::PoolUse { requests, .. } => (
                Figures {
                    calls: *requests,
                    ..Figures::default()
                },
                None,
            ),
            _ => return None,
        };
        let key = |dimension: &Dimension| match (dimension, usage) {
            (Dimension::Model, Some(usage)) => usage.model.as_str().to_owned(),
            (Dimension::Tier, Some(usage)) => usage.tier.as_str().to_owned(),
            (Dimension::Host, Some(usage)) => usage.supplier.clone(),
            (Dimension::Lab, Some(usage)) => {
                let lab = usage.lab.clone();
                lab.unwrap_or_else(|| "unknown".to_owned())
            }
            (Dimension::Day, _) => row.since.to_utc().date().to_string(),
            _ => "unknown".to_owned(),
        };
        Some((dimensions.iter().map(key).collect(), figures))
    })
    .collect()
}

fn figures_of_usage(usage: &UsageBooking, at: Timestamp) -> Figures {
    let group = group(usage, at);
    Figures {
        calls: group.calls + group.failed,
        unpriced_calls: group.unpriced,
        known_cost_pico: group.cost_pico,
        ..Figures::default()
    }
}

fn figures_of_funnel(funnel: &FunnelBooking) -> Figures {
    Figures {
        requests: funnel.requests,
        cache_hits: funnel.cache_hits,
        suppressed: funnel.suppressed,
        offered: funnel.offered,
        accepted: funnel.accepted,
        retained: funnel.retained,
        // Whoever counts what was retained has looked.
        retention_checked: funnel.accepted,
        ..Figures::default()
    }
}
