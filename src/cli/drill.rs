//! `mantle drill`: takes a supplier away for a while, while everybody works, and shows what that
//! does to service and margin.
//!
//! A file in the state folder says who and until when; running sessions look at it as they do at
//! their configuration. It ends by itself, also if this command is killed.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};

use super::report::{Against, Format, Moment, ReportArgs};
use super::{Command, WrongUse};
use crate::config::{Settings, drill_text};
use crate::domain::{Drill, ModelSpec, Timestamp, lab_of};
use crate::engine::Clock;
use crate::ledger::Dimension;

/// A drill that nobody ends in time is no drill any more.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Sessions that run have written what happened before by then.
const WRITTEN_BY_THEN: Duration = Duration::from_secs(1);

/// What can be said after `mantle drill`.
#[derive(clap::Args, Clone, Debug)]
pub struct DrillArgs {
    /// Take this supplier away: a host, a lab, or the id of a model
    #[arg(long, value_name = "SUPPLIER", required_unless_present = "stop")]
    pub without: Option<String>,
    /// For so long, such as 10m or 2h; a day at most
    #[arg(long = "for", value_name = "TIME", default_value = "10m", value_parser = span)]
    pub length: Duration,
    /// End the drill that runs
    #[arg(long, conflicts_with_all = ["without", "json"])]
    pub stop: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Reads a length of time of a day at most.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(Moment::Ago(span)) if !span.is_zero() && span <= LONGEST => Ok(span),
        _ => Err("write it like 10m or 2h; a day is the longest".to_owned()),
    }
}

/// The file of a drill, removed when the drill ends.
struct Running(PathBuf);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Runs a drill, or ends one.
///
/// # Errors
/// When nobody is such a supplier, another drill runs, or a file cannot be written.
pub(super) async fn run(
    args: &DrillArgs,
    command: &Command,
    clock: &Clock,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let file = command.paths.drill();
    let Some(without) = &args.without else {
        return stop(&file, out);
    };
    let settings = command.load().settings;
    let begin = clock.now();
    if let Some(running) = settings
        .policy
        .drill
        .as_ref()
        .filter(|drill| drill.until > begin)
    {
        bail!(
            "a drill without {} runs until {}; end it with `mantle drill --stop`",
            running.without,
            running.until.to_utc()
        );
    }
    let drill = Drill {
        without: without.clone(),
        until: begin.plus(args.length),
    };
    let (away, left) = split(&settings, &drill)?;
    std::fs::create_dir_all(&command.paths.state)
        .and_then(|()| std::fs::write(&file, drill_text(&drill)))
        .with_context(|| format!("{} cannot be written", file.display()))?;
    let running = Running(file);
    eprintln!(
        "without {without} until {}: {} away, {} left; Ctrl-C ends it earlier",
        drill.until.to_utc().time(),
        away.join(", "),
        left.join(", "),
    );
    tokio::select! {
        () = tokio::time::sleep(args.length) => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    drop(running);
    let end = clock.now();
    tokio::time::sleep(WRITTEN_BY_THEN).await;
    show(args, command, (begin, end), out).await?;
    Ok(ExitCode::SUCCESS)
}

fn stop(file: &Path, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let said = match std::fs::remove_file(file) {
        Ok(()) => "the drill has ended",
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "no drill runs",
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be removed", file.display()));
        }
    };
    writeln!(out, "{said}")?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the names of the models that are away, and of who is left.
fn split(settings: &Settings, drill: &Drill) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let models = settings.models.iter();
    let (away, left): (Vec<&ModelSpec>, Vec<&ModelSpec>) =
        models.partition(|model| drill.takes_away(model));
    if away.is_empty() {
        let mut known = BTreeSet::new();
        for model in &settings.models {
            known.insert(model.id.as_str());
            known.insert(model.host());
            known.extend(lab_of(&model.model));
        }
        let known: Vec<&str> = known.into_iter().collect();
        return Err(WrongUse(if known.is_empty() {
            "no models over the network are configured, so there is nobody to do without".to_owned()
        } else {
            format!(
                "no configured model is `{}` or hangs on it; there are {}",
                drill.without,
                known.join(", ")
            )
        })
        .into());
    }
    let names = |models: Vec<&ModelSpec>| models.iter().map(|model| model.id.to_string()).collect();
    let (away, mut left): (Vec<String>, Vec<String>) = (names(away), names(left));
    if settings.policy.embedded {
        left.push("the embedded model".to_owned());
    }
    if left.is_empty() {
        left.push("nobody".to_owned());
    }
    Ok((away, left))
}

/// Prints the report of the drill beside that of the time before it.
async fn show(
    args: &DrillArgs,
    command: &Command,
    (begin, end): (Timestamp, Timestamp),
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let report = ReportArgs {
        since: Moment::At(begin),
        until: Some(Moment::At(end)),
        by: vec![Dimension::Tier, Dimension::Model],
        top: None,
        frontier: false,
        schema: false,
        demo: false,
        compare: Some(Against::Previous),
        format: if args.json {
            Format::Json
        } else {
            Format::Table
        },
        json: false,
        seat_price: None,
        seats: None,
        billing_account: None,
    };
    command.report(&report, end, out).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_is_as_long_as_it_says_and_a_day_at_most() {
        assert_eq!(span("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(span("1d"), Ok(LONGEST));
        for wrong in ["0m", "2d", "soon", "2026-11-01", ""] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
