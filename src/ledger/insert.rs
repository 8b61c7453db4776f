//! Puts events into their tables, many rows per statement. Writing a row twice changes nothing.

use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe, Encode, Type};

use crate::domain::{
    BookingRow, CacheHitRow, CallRow, DecisionRow, LedgerEvent, MatchRow, OutcomeRow, RetentionRow,
    SuppressedRow, Timestamp, TokenCount, Who,
};

/// SQLite takes at most 32,766 values per statement; 512 rows of the widest table stay below.
const ROWS_PER_STATEMENT: usize = 512;

/// Below so many rows, every number of them has a statement; above, only its powers of two have one.
/// Then a group of any size takes few statements, all of which stay prepared: parsing was a third of
/// the work. See [`STATEMENTS`].
const SMALL: usize = 8;

/// How many statements there are at most, of eight tables: 1 to 7 rows, and 8, 16, … 512.
pub(super) const STATEMENTS: usize = 8 * (SMALL - 1 + 7);

/// The values of a statement, row after row.
struct Values(SqliteArguments);

impl Values {
    fn push_bind<'v, T: Encode<'v, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
        self.0.add(value).expect("plain values always encode");
        self
    }
}

/// A row and the columns that it fills, in the same order.
trait Stored {
    const TABLE: &'static str;
    const COLUMNS: &'static [&'static str];

    fn bind(&self, values: &mut Values);
}

/// Inserts events of all kinds, inside whatever transaction the connection is in.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    events: impl IntoIterator<Item = &LedgerEvent>,
) -> Result<(), sqlx::Error> {
    let mut decisions: Vec<&DecisionRow> = Vec::new();
    let mut calls: Vec<&CallRow> = Vec::new();
    let mut outcomes: Vec<&OutcomeRow> = Vec::new();
    let mut matches: Vec<&MatchRow> = Vec::new();
    let mut retentions: Vec<&RetentionRow> = Vec::new();
    let mut cache_hits: Vec<&CacheHitRow> = Vec::new();
    let mut suppressed: Vec<&SuppressedRow> = Vec::new();
    let mut bookings: Vec<&BookingRow> = Vec::new();
    for event in events {
        match event {
            LedgerEvent::Decision(row) => decisions.push(row),
            LedgerEvent::Call(row) => calls.push(row),
            LedgerEvent::Outcome(row) => outcomes.push(row),
            LedgerEvent::Match(row) => matches.push(row),
            LedgerEvent::Retention(row) => retentions.push(row),
            LedgerEvent::CacheHit(row) => cache_hits.push(row),
            LedgerEvent::Suppressed(row) => suppressed.push(row),
            LedgerEvent::Booking(row) => bookings.push(row),
        }
    }
    insert_rows(connection, &decisions).await?;
    insert_rows(connection, &calls).await?;
    insert_rows(connection, &outcomes).await?;
    insert_rows(connection, &matches).await?;
    insert_rows(connection, &retentions).await?;
    insert_rows(connection, &cache_hits).await?;
    insert_rows(connection, &suppressed).await?;
    insert_rows(connection, &bookings).await
}

async fn insert_rows<R: Stored>(
    connection: &mut SqliteConnection,
    rows: &[&R],
) -> Result<(), sqlx::Error> {
    let mut rest = rows;
    while !rest.is_empty() {
        let (rows, more) = rest.split_at(at_once(rest.len()));
        rest = more;
        let mut values = Values(SqliteArguments::default());
        values.0.reserve(rows.len() * R::COLUMNS.len(), 0);
        for row in rows {
            row.bind(&mut values);
        }
        sqlx::query_with(AssertSqlSafe(statement::<R>(rows.len())), values.0)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Returns how many of so many rows the next statement takes.
const fn at_once(rows: usize) -> usize {
    if rows < SMALL {
        return rows;
    }
    let power = 1 << rows.ilog2();
    if power < ROWS_PER_STATEMENT {
        power
    } else {
        ROWS_PER_STATEMENT
    }
}

fn statement<R: Stored>(rows: usize) -> String {
    let row = format!("({}?), ", "?, ".repeat(R::COLUMNS.len() - 1));
    let rows = row.repeat(rows);
    format!(
        "INSERT INTO {} (\"{}\") VALUES {} ON CONFLICT DO NOTHING",
        R::TABLE,
        R::COLUMNS.join("\", \""),
        rows.trim_end_matches(", ")
    )
}

impl Stored for DecisionRow {
    const TABLE: &'static str = "decisions";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "parent",
        "step",
        "history_hash",
        "completion",
        "episode",
        "burst",
        "tenant",
        "user",
        "workspace",
        "client",
        "origin",
        "trigger",
        "document_version",
        "language",
        "site",
        "action",
        "arm",
        "tier",
        "reason",
        "propensity",
        "epsilon",
        "seed",
        "lambda",
        "value_per_char",
        "expected_cost",
        "budget_lease",
        "policy",
        "posterior",
        "price_snapshot",
        "feature_hash",
        "at",
        "arms",
        "features",
    ];

    fn bind(&self, values: &mut Values) {
        let json = "numbers and names always serialize";
        values
            .push_bind(self.id.as_uuid())
            .push_bind(self.parent.map(|id| id.as_uuid()))
            .push_bind(i64::from(self.step))
            .push_bind(self.history_hash.as_deref())
            .push_bind(self.completion.as_uuid())
            .push_bind(self.episode.map(|id| id.as_uuid()))
            .push_bind(self.burst.as_uuid());
        bind_who(&self.who, values);
        values
            .push_bind(self.origin.as_str())
            .push_bind(self.trigger.as_str())
            .push_bind(self.document_version)
            .push_bind(self.language.as_str())
            .push_bind(self.site.as_str())
            .push_bind(self.action.as_str())
            .push_bind(self.arm.as_ref().map(|arm| arm.as_str()))
            .push_bind(self.tier.map(|tier| tier.as_str()))
            .push_bind(self.reason.as_str())
            .push_bind(self.propensity)
            .push_bind(self.epsilon)
            .push_bind(self.seed)
            .push_bind(self.lambda)
            .push_bind(self.value_per_char.map(|money| money.pico_usd()))
            .push_bind(self.expected_cost.pico_usd())
            .push_bind(self.budget_lease.as_deref())
            .push_bind(self.policy.as_str())
            .push_bind(self.posterior.as_deref())
            .push_bind(self.price_snapshot.as_deref())
            .push_bind(self.feature_hash.as_deref())
            .push_bind(self.at.unix_micros())
            .push_bind(serde_json::to_string(&self.arms).expect(json))
            .push_bind(
                self.features
                    .as_ref()
                    .map(|features| serde_json::to_string(features).expect(json)),
            );
    }
}

impl Stored for CallRow {
    const TABLE: &'static str = "calls";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "decision",
        "completion",
        "model",
        "tier",
        "protocol",
        "provider_model",
        "host",
        "lab",
        "region",
        "input_total",
        "cache_read",
        "cache_write_5m",
        "cache_write_1h",
        "output_total",
        "reasoning",
        "cost",
        "price_id",
        "price_snapshot",
        "basis",
        "outcome",
        "status",
        "first_token_ms",
        "duration_ms",
        "at",
    ];

    fn bind(&self, values: &mut Values) {
        values
            .push_bind(self.id.as_uuid())
            .push_bind(self.decision.as_uuid())
            .push_bind(self.completion.as_uuid())
            .push_bind(self.model.as_str())
            .push_bind(self.tier.as_str())
            .push_bind(self.protocol.as_str())
            .push_bind(self.provider_model.as_str())
            .push_bind(self.host.as_str())
            .push_bind(self.lab.as_deref())
            .push_bind(self.region.as_deref())
            .push_bind(tokens(self.usage.input_total))
            .push_bind(tokens(self.usage.cache_read))
            .push_bind(tokens(self.usage.cache_write_5m))
            .push_bind(tokens(self.usage.cache_write_1h))
            .push_bind(tokens(self.usage.output_total))
            .push_bind(tokens(self.usage.reasoning))
            .push_bind(self.cost.map(|money| money.pico_usd()))
            .push_bind(self.price_id.as_deref())
            .push_bind(self.price_snapshot.as_deref())
            .push_bind(self.basis.as_str())
            .push_bind(self.outcome.as_str())
            .push_bind(self.status.map(i64::from))
            .push_bind(self.first_token_ms.map(i64::from))
            .push_bind(i64::from(self.duration_ms))
            .push_bind(self.at.unix_micros());
    }
}

impl Stored for OutcomeRow {
    const TABLE: &'static str = "outcomes";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "completion",
        "decision",
        "episode",
        "kind",
        "evidence",
        "weight",
        "characters",
        "at",
    ];

    fn bind(&self, values: &mut Values) {
        values
            .push_bind(self.id.as_uuid())
            .push_bind(self.completion.as_uuid())
            .push_bind(self.decision.as_uuid())
            .push_bind(self.episode.as_uuid())
            .push_bind(self.kind.as_str())
            .push_bind(self.evidence.as_str())
            .push_bind(self.weight)
            .push_bind(self.characters.map(i64::from))
            .push_bind(self.at.unix_micros());
    }
}

impl Stored for MatchRow {
    const TABLE: &'static str = "matches";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "decision",
        "completion",
        "arm",
        "offered",
        "exact_line",
        "prefix_chars",
        "candidate_chars",
        "confidence",
        "within_ms",
        "at",
    ];

    fn bind(&self, values: &mut Values) {
        values
            .push_bind(self.id.as_uuid())
            .push_bind(self.decision.as_uuid())
            .push_bind(self.completion.map(|id| id.as_uuid()))
            .push_bind(self.arm.as_str())
            .push_bind(self.offered)
            .push_bind(self.exact_line)
            .push_bind(i64::from(self.prefix_chars))
            .push_bind(i64::from(self.candidate_chars))
            .push_bind(self.confidence)
            .push_bind(i64::from(self.within_ms))
            .push_bind(self.at.unix_micros());
    }
}

impl Stored for RetentionRow {
    const TABLE: &'static str = "retentions";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "completion",
        "decision",
        "episode",
        "after_s",
        "still_there",
        "distance",
        "kept_chars",
        "at",
    ];

    fn bind(&self, values: &mut Values) {
        values
            .push_bind(self.id.as_uuid())
            .push_bind(self.completion.as_uuid())
            .push_bind(self.decision.as_uuid())
            .push_bind(self.episode.as_uuid())
            .push_bind(i64::from(self.after_s))
            .push_bind(self.still_there)
            .push_bind(self.distance)
            .push_bind(i64::from(self.kept_chars))
            .push_bind(self.at.unix_micros());
    }
}

impl Stored for CacheHitRow {
    const TABLE: &'static str = "cache_hits";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "completion",
        "decision",
        "tenant",
        "user",
        "workspace",
        "client",
        "origin",
        "language",
        "layer",
        "at",
    ];

    fn bind(&self, values: &mut Values) {
        values
            .push_bind(self.id.as_uuid())
            .push_bind(self.completion.as_uuid())
            .push_bind(self.decision.as_uuid());
        bind_who(&self.who, values);
        values
            .push_bind(self.origin.as_str())
            .push_bind(self.language.as_str())
            .push_bind(self.layer.as_str())
            .push_bind(self.at.unix_micros());
    }
}

impl Stored for SuppressedRow {
    const TABLE: &'static str = "suppressed";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "tenant",
        "user",
        "workspace",
        "client",
        "origin",
        "language",
        "reason",
        "at",
    ];

    fn bind(&self, values: &mut Values) {
        values.push_bind(self.id.as_uuid());
        bind_who(&self.who, values);
        values
            .push_bind(self.origin.as_str())
            .push_bind(self.language.as_deref())
            .push_bind(self.reason.as_str())
            .push_bind(self.at.unix_micros());
    }
}

impl Stored for BookingRow {
    const TABLE: &'static str = "bookings";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "kind",
        "since",
        "until",
        "currency",
        "reference",
        "entry",
        "at",
    ];

    fn bind(&self, values: &mut Values) {
        let entry =
            serde_json::to_string(&self.booking).expect("numbers and names always serialize");
        values
            .push_bind(self.id.as_uuid())
            .push_bind(self.booking.kind())
            .push_bind(self.since.unix_micros())
            .push_bind(self.until.map(Timestamp::unix_micros))
            .push_bind(self.currency.as_str())
            .push_bind(self.reference.as_deref())
            .push_bind(entry)
            .push_bind(self.at.unix_micros());
    }
}

fn bind_who(who: &Who, values: &mut Values) {
    values
        .push_bind(who.tenant.as_deref())
        .push_bind(who.user.as_deref())
        .push_bind(who.workspace.as_deref())
        .push_bind(who.client.as_deref());
}

/// No call has so many tokens; the limit only keeps a provider's nonsense from wrapping.
fn tokens(count: Option<TokenCount>) -> Option<i64> {
    count.map(|count| i64::try_from(count.get()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_of_any_size_takes_few_statements_of_few_kinds() {
        let sizes = |mut rows: usize| -> Vec<usize> {
            let mut sizes: Vec<usize> = Vec::new();
            while rows > 0 {
                sizes.push(at_once(rows));
                rows -= at_once(rows);
            }
            sizes
        };
        assert!(sizes(0).is_empty());
        assert_eq!(sizes(7), [7]);
        assert_eq!(sizes(270), [256, 8, 6]);
        assert_eq!(sizes(1_024), [512, 512]);
        let kinds: std::collections::BTreeSet<usize> = (1..=1_024).flat_map(sizes).collect();
        assert_eq!(kinds.len() * 8, STATEMENTS);
        let widest = DecisionRow::COLUMNS.len();
        assert!(ROWS_PER_STATEMENT * widest <= 32_766, "{widest} columns");
    }
}
