//! `mantle prices`: looks into the price book and brings catalogues of others into it.
//!
//! Nothing is fetched: what is imported is a file that is there. A refused import writes nothing.

mod import;
mod layout;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use super::{Command, WrongUse};
use crate::domain::Timestamp;
use crate::prices::{
    Difference, Format, Import, PriceBook, PriceRow, Prices, Selection, differences, import as read,
};

/// What can be said after `mantle prices`.
#[derive(Debug, Subcommand)]
pub enum PricesArgs {
    /// List the prices that hold now, in US dollars per million tokens.
    List {
        /// Only keys that contain this.
        filter: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show all that is known of one price: its dates, steps, hours and regions.
    Show {
        /// The key, such as mistral/codestral-2508.
        key: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Compare two price files: what came, what went, what changed.
    Diff {
        /// The older file, of any format that can be imported.
        old: PathBuf,
        /// The newer file.
        new: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show where two price files disagree about the same key; exit code 1 when they do.
    Check {
        /// A price file, of any format that can be imported.
        a: PathBuf,
        /// Another; the book in use when left out.
        b: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show price changes that are announced, and models that are about to be retired.
    Upcoming {
        /// How many days to look ahead.
        #[arg(long, default_value_t = 60)]
        days: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take prices from a file into your own price file, beside config.toml.
    Import(ImportArgs),
}

/// What can be said after `mantle prices import`.
#[derive(clap::Args, Debug)]
pub struct ImportArgs {
    /// LiteLLM's model_prices_and_context_window.json, genai-prices' data (version 2), the JSON of
    /// models.dev, or a price file of ours.
    file: PathBuf,
    /// The file's format, where its shape does not tell.
    #[arg(long, value_parser = format_parser())]
    format: Option<Format>,
    /// Take this key, too; a * stands for any letters. Without it, keys of the book are taken.
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// Take every key.
    #[arg(long)]
    all: bool,
    /// Take a price of 0 as a price; else it means that it is not known.
    #[arg(long)]
    free: bool,
    /// Show where this file disagrees with what is imported.
    #[arg(long, value_name = "FILE")]
    check: Vec<PathBuf>,
    /// Take a price even if it changes tenfold.
    #[arg(long)]
    force: bool,
    /// Show what would be done, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    let names = Format::ALL.iter().map(|format| format.as_str());
    PossibleValuesParser::new(names).map(|name| {
        let mut formats = Format::ALL.iter().copied();
        formats
            .find(|format| format.as_str() == name)
            .expect("only names of formats are possible values")
    })
}

/// Runs one of them.
///
/// # Errors
///
/// When a file cannot be read, is no price file, or an import is refused.
pub fn run(
    args: &PricesArgs,
    command: &Command,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let book = command.load().settings.prices;
    match args {
        PricesArgs::List { filter, json } => list(&book, filter.as_deref(), now, *json, out)?,
        PricesArgs::Show { key, json } => show(&book, key, *json, out)?,
        PricesArgs::Diff { old, new, json } => {
            let (old, new) = (every(old, &book)?.book, every(new, &book)?.book);
            print_differences(&differences(&old, &new, now), *json, out)?;
        }
        PricesArgs::Check { a, b, json } => {
            let a = every(a, &book)?.book;
            let found = match b {
                Some(b) => disagreements(&a, &every(b, &book)?.book, now),
                None => disagreements(&a, &book, now),
            };
            print_differences(&found, *json, out)?;
            if !found.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
        PricesArgs::Upcoming { days, json } => upcoming(&book, now, *days, *json, out)?,
        PricesArgs::Import(args) => {
            return import::run(args, &book, &command.paths.prices(), now, out);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads all prices of a file, of whatever format.
fn every(path: &Path, book: &PriceBook) -> anyhow::Result<Import> {
    let all = Selection {
        all: true,
        ..Selection::default()
    };
    let text = text_of(path)?;
    read(&text, None, &all, book).with_context(|| path.display().to_string())
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Keys that both have with different prices.
fn disagreements(a: &PriceBook, b: &PriceBook, now: Timestamp) -> Vec<Difference> {
    let mut found = differences(a, b, now);
    found.retain(|difference| matches!(difference.change, crate::prices::Change::Prices(_)));
    found
}

fn print_differences(found: &[Difference], json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    if json {
        let found: Vec<_> = found.iter().map(layout::difference_json).collect();
        return print_json(&json!({ "version": 1, "differences": found }), out);
    }
    if found.is_empty() {
        writeln!(out, "no difference")?;
    }
    for difference in found {
        writeln!(out, "{}", layout::difference(difference))?;
    }
    Ok(())
}

fn print_json(value: &serde_json::Value, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{}", serde_json::to_string_pretty(value)?)?;
    Ok(())
}

fn list(
    book: &Prices,
    filter: Option<&str>,
    now: Timestamp,
    json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let rows: Vec<&PriceRow> = book
        .keys()
        .filter(|key| filter.is_none_or(|filter| key.contains(filter)))
        .filter_map(|key| book.listed(key, now))
        .collect();
    if json {
        let prices: Vec<_> = rows
            .iter()
            .map(|row| layout::row_json(row, book.is_own(&row.id)))
            .collect();
        let body = json!({
            "version": 1, "snapshot": book.snapshot_id(), "as_of": book.as_of(), "prices": prices,
        });
        return print_json(&body, out);
    }
    if rows.is_empty() {
        writeln!(out, "no key of the price book contains that")?;
        return Ok(());
    }
    out.write_all(layout::list(&rows, |key| book.is_own(key)).as_bytes())?;
    writeln!(
        out,
        "\nUSD per million tokens. Bundled list of {}; * is your own file. Book {}.",
        book.as_of(),
        book.snapshot_id()
    )?;
    Ok(())
}

fn show(book: &Prices, key: &str, json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let rows = book.rows_of(key);
    if rows.is_empty() {
        let hint = book
            .nearest(key)
            .map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
        return Err(WrongUse(format!("the price book has no `{key}`{hint}")).into());
    }
    let is_own = book.is_own(key);
    if json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| layout::row_json(row, is_own))
            .collect();
        return print_json(&json!({ "version": 1, "rows": rows }), out);
    }
    let source = if is_own {
        "your own file"
    } else {
        "the bundled list"
    };
    writeln!(out, "{key}, from {source}")?;
    for row in rows {
        out.write_all(layout::details(row).as_bytes())?;
    }
    Ok(())
}

/// What is announced for the days to come.
fn upcoming(
    book: &Prices,
    now: Timestamp,
    days: u32,
    json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let until = now.plus(Duration::from_secs(u64::from(days) * 86_400));
    let is_ahead = |at: &Timestamp| *at > now && *at <= until;
    let changes = book.upcoming(now, until);
    let retired: Vec<(&PriceRow, Timestamp)> = book
        .keys()
        .filter_map(|key| book.listed(key, now))
        .filter_map(|row| Some((row, row.deprecated_on.filter(is_ahead)?)))
        .collect();
    if json {
        let changes: Vec<_> = changes
            .iter()
            .map(|(old, new)| layout::announced_json(old, new))
            .collect();
        let retired: Vec<_> = retired
            .iter()
            .map(|(row, at)| json!({ "key": row.id, "on": layout::day(*at) }))
            .collect();
        let body = json!({ "version": 1, "changes": changes, "retired": retired });
        return print_json(&body, out);
    }
    if changes.is_empty() && retired.is_empty() {
        writeln!(out, "nothing is announced for the next {days} days")?;
    }
    for (old, new) in &changes {
        writeln!(out, "{}", layout::announced(old, new))?;
    }
    for (row, at) in &retired {
        writeln!(out, "{}  {}: retired", layout::day(*at), row.id)?;
    }
    Ok(())
}
