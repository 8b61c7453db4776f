//! `mantle ledger`: looks after the file itself.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;

use crate::ledger::{LedgerReader, Verification};

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
}

/// Runs one of them on the ledger at `path`.
///
/// # Errors
///
/// What the ledger or `out` said.
pub async fn run(args: &LedgerArgs, path: &Path, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let LedgerArgs::Verify { json } = args;
    let reader = LedgerReader::open_read_only(path).await?;
    let found = reader.verify().await?;
    let text = if *json {
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
