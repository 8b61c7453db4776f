//! What was counted since the ledger began, by names that are few: for programs that watch.

use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row};

use super::connection::open_for_reading;
use super::error::LedgerError;
use super::reader::LedgerReader;
use crate::domain::Timestamp;

/// Counts of everything before a moment. None of them tells people, files or workspaces apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests, each once.
    pub requests: Vec<Counted>,
    /// Calls, those of fallbacks and of `mantle complete` included.
    pub calls: Vec<Counted>,
    /// Answers that we had, by the layer that had them.
    pub cache_hits: Vec<(String, u64)>,
    /// Tokens of calls by class, as far as they are known.
    pub tokens: Vec<(&'static str, u64)>,
}

/// A number of requests or calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The tier that was to answer; `none` where nobody was, `unknown` where that is not known.
    pub tier: String,
    /// The host that was called; `embedded`, `cache` or `none` where none was.
    pub provider: String,
    /// How the call ended; where there was none, what was done instead.
    pub outcome: String,
    /// How many.
    pub count: u64,
}

/// A request has at most one call of its own: a fallback is a decision with a parent.
const REQUESTS: &str = "\
    SELECT COALESCE(d.tier, 'none') AS tier, \
        COALESCE(c.host, CASE d.action WHEN 'embedded' THEN 'embedded' ELSE 'none' END) AS provider, \
        COALESCE(c.outcome, d.action) AS outcome, COUNT(*) AS n \
    FROM decisions d LEFT JOIN calls c ON c.id = \
        (SELECT k.id FROM calls k WHERE k.decision = d.id ORDER BY k.at, k.id LIMIT 1) \
    WHERE d.at < ?1 AND d.step = 0 AND d.origin IN ('lsp', 'try') GROUP BY 1, 2, 3 \
    UNION ALL \
    SELECT CASE WHEN d.id IS NULL THEN 'unknown' ELSE COALESCE(d.tier, 'none') END, 'cache', \
        'cache-hit', COUNT(*) \
    FROM cache_hits x LEFT JOIN decisions d ON d.id = x.decision \
    WHERE x.at < ?1 AND x.origin IN ('lsp', 'try') GROUP BY 1 \
    UNION ALL \
    SELECT 'none', 'none', 'suppressed', COUNT(*) FROM suppressed \
    WHERE at < ?1 AND origin IN ('lsp', 'try') HAVING COUNT(*) > 0 \
    ORDER BY 1, 2, 3";

const CALLS: &str = "SELECT tier, host AS provider, outcome, COUNT(*) AS n FROM calls \
    WHERE at < ?1 GROUP BY tier, host, outcome ORDER BY tier, host, outcome";

const CACHE_HITS: &str = "SELECT layer, COUNT(*) AS n FROM cache_hits \
    WHERE at < ?1 AND origin IN ('lsp', 'try') GROUP BY layer ORDER BY layer";

/// All input includes what caches read and wrote. A class that no call has said is not there.
const TOKENS: &str = "SELECT \
    SUM(MAX(input_total - COALESCE(cache_read, 0) - COALESCE(cache_write_5m, 0) \
        - COALESCE(cache_write_1h, 0), 0)) AS input, \
    SUM(cache_read) AS cache_read, \
    SUM(CASE WHEN cache_write_5m IS NOT NULL OR cache_write_1h IS NOT NULL \
        THEN COALESCE(cache_write_5m, 0) + COALESCE(cache_write_1h, 0) END) AS cache_write, \
    SUM(output_total) AS output FROM calls WHERE at < ?1";

/// The classes of tokens, as their columns are named.
const CLASSES: [&str; 4] = ["input", "cache_read", "cache_write", "output"];

impl LedgerReader {
    /// Counts everything before `until`, from one state of the ledger.
    ///
    /// # Errors
    ///
    /// What the file said.
    pub async fn counters(&self, until: Timestamp) -> Result<Counters, LedgerError> {
        let failed = |error| LedgerError::read(&self.path, &error);
        let mut connection = open_for_reading(&self.path).await?;
        let mut transaction = connection.begin().await.map_err(failed)?;
        let mut found = Vec::new();
        for sql in [REQUESTS, CALLS, CACHE_HITS, TOKENS] {
            let rows = sqlx::query(sql).bind(until.unix_micros());
            found.push(rows.fetch_all(&mut *transaction).await.map_err(failed)?);
        }
        transaction.rollback().await.map_err(failed)?;
        // The answer is complete; a connection that does not close well changes nothing in it.
        let _ = connection.close().await;
        read(&found).map_err(failed)
    }
}

fn read(found: &[Vec<SqliteRow>]) -> Result<Counters, sqlx::Error> {
    let mut counters = Counters::default();
    let [requests, calls, hits, tokens] = found else {
        return Ok(counters);
    };
    counters.requests = requests.iter().map(counted).collect::<Result<_, _>>()?;
    counters.calls = calls.iter().map(counted).collect::<Result<_, _>>()?;
    for row in hits {
        let layer = row.try_get("layer")?;
        counters
            .cache_hits
            .push((layer, number(row, "n")?.unwrap_or(0)));
    }
    for row in tokens {
        for class in CLASSES {
            let tokens = number(row, class)?;
            counters.tokens.extend(tokens.map(|tokens| (class, tokens)));
        }
    }
    Ok(counters)
}

fn counted(row: &SqliteRow) -> Result<Counted, sqlx::Error> {
    Ok(Counted {
        tier: row.try_get("tier")?,
        provider: row.try_get("provider")?,
        outcome: row.try_get("outcome")?,
        count: number(row, "n")?.unwrap_or(0),
    })
}

fn number(row: &SqliteRow, column: &str) -> Result<Option<u64>, sqlx::Error> {
    let number: Option<i64> = row.try_get(column)?;
    Ok(number.and_then(|number| u64::try_from(number).ok()))
}
