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
use crate::ledger::{self, Columns, Compacted, LedgerReader, Verification};

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
    /// Add up complete days, so that reports need not read their rows, and give back unused room; no event is dropped.
    Compact {
        /// Add up the days before this one [default: today]: a day (2026-11-01), a time or 30d ago; UTC
        #[arg(long, value_name = "DAY")]
        before: Option<Moment>,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
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
        LedgerArgs::Compact { before, dry_run } => {
            let before = before.map_or(now, |before| before.at(now)).min(now);
            compact(before, *dry_run, path, out).await
        }
        LedgerArgs::Import { file } => import(file, path, out).await,
    }
}

async fn compact(
    before: Timestamp,
    is_dry: bool,
    path: &Path,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let done = ledger::compact(path, before, is_dry).await?;
    let done = done.context("another process adds up days at this moment; try again in a while")?;
    out.write_all(compacted(&done, path, is_dry).as_bytes())
        .and_then(|()| out.flush())
        .context("what was done could not be printed")?;
    Ok(ExitCode::SUCCESS)
}

fn compacted(done: &Compacted, path: &Path, is_dry: bool) -> String {
    let days = |n: usize| format!("{n} {}", if n == 1 { "day" } else { "days" });
    let rolled_up = done.rolled_up;
    let through = rolled_up.through.to_utc().date();
    let verb = if is_dry {
        "would be added up"
    } else {
        "added up"
    };
    let mut text = format!(
        "{}\n{} {verb} before {through}, {} as they were\n",
        path.display(),
        days(rolled_up.days),
        days(rolled_up.kept),
    );
    if rolled_up.left > 0 {
        text.push_str(&format!(
            "{} stay read from rows: decisions that their rows name are not on this ledger\n",
            days(rolled_up.left)
        ));
    }
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / 1_048_576.0);
    text.push_str(&match (is_dry, done.is_rewritten) {
        (true, true) => format!(
            "{}, to be written anew without unused pages\n",
            mib(done.bytes_before)
        ),
        (true, false) => format!("{}, with next to no unused page\n", mib(done.bytes_before)),
        (false, _) => format!(
            "{} before, {} after\n",
            mib(done.bytes_before),
            mib(done.bytes_after)
        ),
    });
    text.push_str(match is_dry {
        true => "nothing was changed\n",
        false => "no event was dropped\n",
    });
    text
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::example;

    async fn said(args: &LedgerArgs, path: &Path, now: Timestamp) -> anyhow::Result<String> {
        let mut out = Vec::new();
        run(args, path, now, &mut out).await?;
        Ok(String::from_utf8(out)?.replace(&path.display().to_string(), "LEDGER"))
    }

    fn compact_before(before: Option<&str>, dry_run: bool) -> LedgerArgs {
        LedgerArgs::Compact {
            before: before.map(|day| day.parse().expect("a day")),
            dry_run,
        }
    }

    #[tokio::test]
    async fn compacting_says_which_days_and_drops_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("ledger.sqlite3");
        example::write(&path).await;
        let now = example::query().until;
        let dry = said(&compact_before(None, true), &path, now).await;
        let dry = dry.expect("it looks");
        assert!(dry.starts_with("LEDGER\n3 days would be added up before 2026-11-12, 0 days as"));
        assert!(dry.ends_with("nothing was changed\n"), "{dry}");
        // The future is not over.
        for (before, expected) in [
            (
                Some("2026-11-11"),
                "LEDGER\n2 days added up before 2026-11-11, 0 days as",
            ),
            (
                Some("2027-01-01"),
                "LEDGER\n1 day added up before 2026-11-12, 2 days as",
            ),
        ] {
            let done = said(&compact_before(before, false), &path, now).await;
            let done = done.expect("it is done");
            assert!(done.starts_with(expected), "{done}");
            assert!(done.ends_with("no event was dropped\n"), "{done}");
        }
    }

    #[tokio::test]
    async fn there_is_nothing_to_compact_without_a_ledger() {
        let nowhere = Path::new("/nowhere/ledger.sqlite3");
        let none = said(
            &compact_before(None, false),
            nowhere,
            example::query().until,
        )
        .await;
        assert!(none.is_err_and(|error| error.to_string().contains("no ledger")));
    }
}
