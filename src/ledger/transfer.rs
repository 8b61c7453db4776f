//! Rows out of a ledger and into another: for other engines, for a copy, for bringing two together.
//!
//! A row keeps its id, so whatever is imported twice is there once.

use std::path::Path;
use std::time::Duration;

use futures::TryStreamExt;
use serde_json::{Map, Value};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Column, Connection, Row, TypeInfo, ValueRef};
use uuid::Uuid;

use super::connection::{open_for_reading, open_for_writing};
use super::error::{LedgerError, message};
use super::reader::LedgerReader;
use super::schema;
use crate::domain::Timestamp;

/// How long an import waits for a process that writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A row with its columns in the order of the table: ids as UUIDs, money and times as integers,
/// what is not known as `null`.
pub type Columns = Vec<(String, Value)>;

/// Why a line was not imported. Nothing of its file was, then.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The line is at fault.
    #[error("line {line}: {what}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// The ledger is.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What an import has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Imported {
    /// Rows that are new.
    pub new: u64,
    /// Rows that were there already.
    pub known: u64,
}

impl LedgerReader {
    /// Tells `hear` the rows of a table whose time falls into a period, in order; it may stop it with
    /// an error of its own.
    ///
    /// # Errors
    ///
    /// The outer: what the file said. The inner: what `hear` said.
    pub async fn rows<E>(
        &self,
        table: &'static str,
        (since, until): (Timestamp, Timestamp),
        mut hear: impl FnMut(Columns) -> Result<(), E>,
    ) -> Result<Result<(), E>, LedgerError> {
        let failed = |error| LedgerError::read(&self.path, &error);
        let mut connection = open_for_reading(&self.path).await?;
        let columns = columns_of(&mut connection, table).await.map_err(failed)?;
        if columns.is_empty() {
            // An older schema has no such table, and so no such rows.
            return Ok(Ok(()));
        }
        let sql = format!("SELECT * FROM {table} WHERE at >= ?1 AND at < ?2 ORDER BY at, id");
        let mut rows = sqlx::query(AssertSqlSafe(sql))
            .bind(since.unix_micros())
            .bind(until.unix_micros())
            .fetch(&mut connection);
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            let columns = values(&row).map_err(failed)?;
            if let Err(error) = hear(columns) {
                return Ok(Err(error));
            }
        }
        drop(rows);
        connection.close().await.map_err(failed)?;
        Ok(Ok(()))
    }
}

/// Returns a line of an export.
#[must_use]
pub fn line(table: &str, columns: Columns) -> Value {
    let row: Map<String, Value> = columns.into_iter().collect();
    serde_json::json!({"schema": schema::VERSION, "table": table, "row": row})
}

/// Adds the lines of an export to the ledger at `path`, all of them or none.
///
/// # Errors
///
/// The number of the first line that says what no ledger says, or what the file said.
pub async fn import(
    path: &Path,
    lines: impl Iterator<Item = String>,
) -> Result<Imported, ImportError> {
    let mut connection = open_for_writing(path, PATIENCE).await?;
    let failed = |error: &sqlx::Error| LedgerError::open(path, error);
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(|error| failed(&error))?;
    let mut imported = Imported::default();
    for (number, text) in lines.enumerate() {
        if text.trim().is_empty() {
            continue;
        }
        let is_new = insert(&mut transaction, &text)
            .await
            .map_err(|what| ImportError::Line {
                line: number + 1,
                what,
            })?;
        imported.new += u64::from(is_new);
        imported.known += u64::from(!is_new);
    }
    transaction.commit().await.map_err(|error| failed(&error))?;
    connection.close().await.map_err(|error| failed(&error))?;
    Ok(imported)
}

async fn insert(connection: &mut SqliteConnection, text: &str) -> Result<bool, String> {
    let line: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
    let schema_of = line["schema"]
        .as_i64()
        .ok_or("it does not say its `schema`")?;
    if schema_of > schema::VERSION {
        return Err(format!(
            "it is of schema {schema_of}, and this version of mantle knows up to {}; update mantle",
            schema::VERSION
        ));
    }
    let name = line["table"]
        .as_str()
        .ok_or("it does not say its `table`")?;
    let known = schema::TABLES.iter().find(|table| **table == name);
    let table = known.ok_or_else(|| format!("there is no table `{name}`"))?;
    let row = line["row"].as_object().ok_or("it has no `row`")?;
    let columns = columns_of(connection, table)
        .await
        .map_err(|error| message(&error))?;
    let mut arguments = SqliteArguments::default();
    let mut names = Vec::new();
    for (name, value) in row {
        let column = columns.iter().find(|(column, _)| column == name);
        let (_, kind) = column.ok_or_else(|| format!("`{table}` has no column `{name}`"))?;
        names.push(format!("\"{name}\""));
        bind(&mut arguments, kind, value).map_err(|what| format!("`{name}` {what}"))?;
    }
    let places = vec!["?"; names.len()].join(", ");
    // Only a row that is there already is no fault; anything else that is refused is said.
    let sql = format!(
        "INSERT INTO {table} ({}) VALUES ({places}) ON CONFLICT DO NOTHING",
        names.join(", ")
    );
    let done = sqlx::query_with(AssertSqlSafe(sql), arguments)
        .execute(connection)
        .await
        .map_err(|error| message(&error))?;
    Ok(done.rows_affected() > 0)
}

/// Returns the columns of a table with their types; none where there is no such table.
async fn columns_of(
    connection: &mut SqliteConnection,
    table: &'static str,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    sqlx::query_as("SELECT name, type FROM pragma_table_info(?1)")
        .bind(table)
        .fetch_all(connection)
        .await
}

fn values(row: &SqliteRow) -> Result<Columns, sqlx::Error> {
    let value = |at: usize| -> Result<Value, sqlx::Error> {
        let raw = row.try_get_raw(at)?;
        if raw.is_null() {
            return Ok(Value::Null);
        }
        let kind = raw.type_info().name().to_owned();
        Ok(match kind.as_str() {
            "INTEGER" => row.try_get::<i64, _>(at)?.into(),
            "REAL" => row.try_get::<f64, _>(at)?.into(),
            "BLOB" => {
                let bytes: Vec<u8> = row.try_get(at)?;
                let id =
                    Uuid::from_slice(&bytes).map_err(|error| sqlx::Error::Decode(error.into()))?;
                id.to_string().into()
            }
            _ => row.try_get::<String, _>(at)?.into(),
        })
    };
    let columns = row.columns().iter().enumerate();
    columns
        .map(|(at, column)| Ok((column.name().to_owned(), value(at)?)))
        .collect()
}

fn bind(arguments: &mut SqliteArguments, kind: &str, value: &Value) -> Result<(), String> {
    let wrong = || format!("is {value}, and should be {}", expected(kind));
    let bound = match (kind, value) {
        (_, Value::Null) => arguments.add(None::<i64>),
        ("BLOB", Value::String(text)) => {
            let id = Uuid::parse_str(text).map_err(|_| wrong())?;
            arguments.add(id.as_bytes().to_vec())
        }
        ("INTEGER", Value::Number(number)) => arguments.add(number.as_i64().ok_or_else(wrong)?),
        ("REAL", Value::Number(number)) => arguments.add(number.as_f64().ok_or_else(wrong)?),
        ("TEXT", Value::String(text)) => arguments.add(text.clone()),
        _ => return Err(wrong()),
    };
    bound.map_err(|error| error.to_string())
}

fn expected(kind: &str) -> &'static str {
    match kind {
        "BLOB" => "a UUID",
        "INTEGER" => "a whole number",
        "REAL" => "a number",
        _ => "a text",
    }
}
