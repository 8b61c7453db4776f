//! `mantle ledger`: looks after the file itself.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::WrongUse;
use super::report::Moment;
use crate::domain::Timestamp;
use crate::ledger::{self, Columns, LedgerReader, Verification};

/// What can be said after `mantle ledger`.
#[derive(Debug, Subcommand)]
pub enum LedgerArgs {
    /// Check the file, its tables, and rows that contradict one another; nothing is changed.
    #[command(after_help = "Exit code 0: in order. 1: something is wrong, or there is no ledger.")]
    Verify {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write events to standard output, for other engines or another ledger; no text of yours is in them.
    Export {
        /// Begin of the period: 30d, 12h or 90m ago, a day (2026-11-01) or a time (RFC 3339); UTC
        #[arg(long, value_name = "WHEN")]
        since: Option<Moment>,
        /// End of the period, not included; now when left out
        #[arg(long, value_name = "WHEN")]
        until: Option<Moment>,
        /// Only this table
        #[arg(long, value_parser = PossibleValuesParser::new(ledger::TABLES))]
        table: Option<String>,
        /// jsonl has all tables and can be imported; csv is one table
        #[arg(long, value_enum, default_value = "jsonl")]
        format: ExportFormat,
    },
    /// Add the events of an export in JSON lines; what is there already stays as it is.
    Import {
        /// The file, or - for standard input
        file: PathBuf,
    },
}

/// How events are written.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExportFormat {
    /// One JSON object a line.
    Jsonl,
    /// A header and one row a line.
    Csv,
}

/// Runs one of them on the ledger at `path`.
///
/// # Errors
///
/// What the ledger or `out` said.
pub async fn run(
    args: &LedgerArgs,
    path: &Path,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    match args {
        LedgerArgs::Verify { json } => verify(*json, path, out).await,
        LedgerArgs::Export {
            since,
            until,
            table,
            format,
        } => {
            let begin = Timestamp::from_unix_micros(i64::MIN);
            let since = since.map_or(begin, |since| since.at(now));
            let until = until.map_or(now, |until| until.at(now));
            export((since, until), (table.as_deref(), *format), path, out).await
        }
        LedgerArgs::Import { file } => import(file, path, out).await,
    }
}

async fn export(
    period: (Timestamp, Timestamp),
    (table, format): (Option<&str>, ExportFormat),
    path: &Path,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let wanted = |known: &&&str| table.is_none_or(|table| table == **known);
    let tables: Vec<&'static str> = ledger::TABLES.iter().filter(wanted).copied().collect();
    if format == ExportFormat::Csv && tables.len() > 1 {
        let known = ledger::TABLES.join(", ");
        return Err(WrongUse(format!("csv has one table: --table is one of {known}")).into());
    }
    let reader = LedgerReader::open_read_only(path).await?;
    let mut out = std::io::BufWriter::new(out);
    match (format, tables.as_slice()) {
        (ExportFormat::Csv, &[table]) => {
            let mut csv = csv::Writer::from_writer(&mut out);
            let mut is_first = true;
            let write = |columns: Columns| -> anyhow::Result<()> {
                if std::mem::take(&mut is_first) {
                    csv.write_record(columns.iter().map(|(name, _)| name))?;
                }
                Ok(csv.write_record(columns.iter().map(|(_, value)| plain(value)))?)
            };
            reader.rows(table, period, write).await??;
            csv.flush()?;
        }
        (_, tables) => {
            for table in tables {
                let write = |columns: Columns| -> anyhow::Result<()> {
                    serde_json::to_writer(&mut out, &ledger::line(table, columns))?;
                    Ok(out.write_all(b"\n")?)
                };
                reader.rows(table, period, write).await??;
            }
        }
    }
    out.flush().context("the export could not be written")?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a value as a field; what is not known is empty.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn import(file: &Path, path: &Path, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let name = file.display();
    let input: Box<dyn std::io::Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).with_context(|| format!("{name} cannot be read"))?)
    };
    let mut broken = None;
    let lines = std::io::BufRead::lines(std::io::BufReader::new(input));
    let lines = lines.map_while(|line| line.map_err(|error| broken = Some(error)).ok());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let imported = ledger::import(path, lines).await;
    if let Some(error) = broken {
        return Err(error).with_context(|| {
            format!(
                "{name} cannot be read to its end; import it again when it can, what came is kept"
            )
        });
    }
    let imported = imported.with_context(|| format!("nothing of {name} was imported"))?;
    writeln!(
        out,
        "{} events are new, {} were there already",
        imported.new, imported.known
    )?;
    Ok(ExitCode::SUCCESS)
}

async fn verify(json: bool, path: &Path, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let reader = LedgerReader::open_read_only(path).await?;
    let found = reader.verify().await?;
    let text = if json {
        json_of(&found, path)? + "\n"
    } else {
        text_of(&found, path)
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("the check could not be printed")?;
    Ok(ExitCode::from(u8::from(!found.faults.is_empty())))
}

fn json_of(found: &Verification, path: &Path) -> serde_json::Result<String> {
    let rows = found.rows.iter().copied();
    let rows: serde_json::Map<_, _> = rows
        .map(|(name, rows)| (name.to_owned(), rows.into()))
        .collect();
    serde_json::to_string_pretty(&json!({
        "version": 1,
        "ledger": path,
        "schema_version": found.schema_version,
        "rows": rows,
        "side_files": found.side_files,
        "faults": found.faults,
    }))
}

fn text_of(found: &Verification, path: &Path) -> String {
    let mut text = format!(
        "{}\nschema version {}",
        path.display(),
        found.schema_version
    );
    for (table, rows) in &found.rows {
        text.push_str(&format!(", {rows} {table}"));
    }
    text.push('\n');
    if found.side_files > 0 {
        text.push_str(&format!(
            "{} side file(s) wait to be added; rows may wait there for the decision they lack here\n",
            found.side_files
        ));
    }
    for fault in &found.faults {
        let rows = fault
            .rows
            .map_or_else(String::new, |rows| format!("{rows} "));
        let example = fault
            .example
            .map_or_else(String::new, |id| format!(", such as {id}"));
        text.push_str(&format!("! {rows}{}{example}\n", fault.what));
    }
    text.push_str(match found.faults.as_slice() {
        [] => "in order\n",
        _ => "not in order: reports from it may be wrong. Nothing was changed; keep a copy of the file, \
              and move it away to begin a new one\n",
    });
    text
}
