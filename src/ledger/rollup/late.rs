//! What came after the days were added up, and which of them it touches.
//!
//! A row counts on its own day, and it says something of rows that name it: a decision whose
//! model, language and person they are credited to, a call whose host, a look whose accept.

use std::collections::BTreeSet;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::super::schema;
use super::Rollups;

/// Tables whose rows count on their own day.
const DATED: [&str; 5] = ["decisions", "calls", "outcomes", "cache_hits", "suppressed"];

/// The days of decisions that were there and have a call only now. `+` and `CROSS` keep SQLite from
/// walking the decisions.
const CALLED: &str = "SELECT DISTINCT d.at / 86400000000 FROM calls c CROSS JOIN decisions d \
    ON d.id = c.decision WHERE c.rowid > ?1 AND d.rowid <= ?2";

/// The days of accepts that are looked after only now.
const LOOKED_AFTER: &str = "SELECT DISTINCT x.at / 86400000000 FROM retentions r \
    CROSS JOIN outcomes x ON x.completion = r.completion AND x.kind = 'accepted' \
    WHERE r.rowid > ?1 AND r.after_s = 600 AND x.at < ?2";

const IS_THERE_NOW: &str = "SELECT EXISTS (SELECT 1 FROM decisions WHERE id = ?1) \
    OR EXISTS (SELECT 1 FROM calls WHERE decision = ?1 AND rowid > ?2)";

impl Rollups {
    /// Returns the days that rows after these touch; `None` when these are not of this ledger.
    pub(super) async fn late(
        &self,
        connection: &mut SqliteConnection,
        version: i64,
    ) -> Result<Option<BTreeSet<i64>>, sqlx::Error> {
        if !self.are_of(connection, version).await? {
            return Ok(None);
        }
        let mut late = BTreeSet::new();
        for table in DATED {
            // The plus keeps SQLite at the rows after the mark.
            let sql = format!(
                "SELECT DISTINCT at / 86400000000 FROM {table} WHERE rowid > ?1 AND +at < ?2"
            );
            let days: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(sql))
                .bind(self.rows_of(table))
                .bind(self.end())
                .fetch_all(&mut *connection)
                .await?;
            late.extend(days);
        }
        self.called(connection, &mut late).await?;
        self.adopted(connection, &mut late).await?;
        if version >= 2 {
            let days: Vec<i64> = sqlx::query_scalar(LOOKED_AFTER)
                .bind(self.rows_of("retentions"))
                .bind(self.end())
                .fetch_all(&mut *connection)
                .await?;
            late.extend(days);
        }
        Ok(Some(late))
    }

    /// Adds the days of decisions that have a call now, and those credited to them.
    async fn called(
        &self,
        connection: &mut SqliteConnection,
        late: &mut BTreeSet<i64>,
    ) -> Result<(), sqlx::Error> {
        let days: Vec<i64> = sqlx::query_scalar(CALLED)
            .bind(self.rows_of("calls"))
            .bind(self.rows_of("decisions"))
            .fetch_all(connection)
            .await?;
        for day in days {
            late.insert(day);
            late.extend(self.credited.get(&day).into_iter().flatten());
        }
        Ok(())
    }

    /// Adds the days of rows whose decision, or its call, is there now.
    async fn adopted(
        &self,
        connection: &mut SqliteConnection,
        late: &mut BTreeSet<i64>,
    ) -> Result<(), sqlx::Error> {
        for (orphan, days) in &self.orphans {
            let is_there: bool = sqlx::query_scalar(IS_THERE_NOW)
                .bind(orphan)
                .bind(self.rows_of("calls"))
                .fetch_one(&mut *connection)
                .await?;
            if is_there {
                late.extend(days);
            }
        }
        Ok(())
    }

    /// Returns whether the last row of each table is still where it was.
    async fn are_of(
        &self,
        connection: &mut SqliteConnection,
        version: i64,
    ) -> Result<bool, sqlx::Error> {
        for (name, mark) in &self.marks {
            let Some(table) = schema::tables_of(version).find(|table| table == name) else {
                return Ok(false);
            };
            let sql = format!("SELECT id FROM {table} WHERE rowid = ?1");
            let last: Option<Uuid> = sqlx::query_scalar(AssertSqlSafe(sql))
                .bind(mark.rows)
                .fetch_optional(&mut *connection)
                .await?;
            if last != Some(mark.last) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
