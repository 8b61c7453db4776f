//! `mantle route`: what the router is worth, on tables where the truth is known; and what one's own
//! ledger teaches it.

mod attention;
mod read;
mod show;
mod train;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::WrongUse;
use crate::domain::Timestamp;
use crate::routing::eval::{EvalError, evaluate};

pub use read::table as read_table;

/// What can be said after `mantle route`.
#[derive(clap::Subcommand, Clone, Debug)]
pub enum RouteArgs {
    /// Judge the router on a table of what models did: what it saves, and what chance would.
    Eval(EvalArgs),
    /// Learn the models anew from this ledger, and show how well what was believed fitted what came.
    Train(train::TrainArgs),
}

/// What can be said after `mantle route eval`.
#[derive(clap::Args, Clone, Debug)]
pub struct EvalArgs {
    /// CSV with instance_id, model, score (0 to 1), cost_usd; what else a row holds is known once its model was called
    #[arg(long, value_name = "FILE.csv")]
    pub outcomes: PathBuf,
    /// JSON lines with instance_id and what is known of an instance before any call
    #[arg(long, value_name = "FILE.jsonl")]
    pub instances: PathBuf,
    /// Make the router on this table; without it, every instance is judged by a router that has not seen it
    #[arg(long, value_name = "FILE.csv", requires = "fit_instances")]
    pub fit_outcomes: Option<PathBuf>,
    /// The instances of --fit-outcomes
    #[arg(long, value_name = "FILE.jsonl", requires = "fit_outcomes")]
    pub fit_instances: Option<PathBuf>,
    /// Models to choose from, separated by commas [default: all that both tables have]
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    pub models: Vec<String>,
    /// What shuffles and draws follow from
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs a subcommand.
///
/// # Errors
/// [`WrongUse`] for models that are not there; otherwise what a file said.
pub async fn run(
    args: &RouteArgs,
    ledger: &Path,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    match args {
        RouteArgs::Eval(args) => eval(args, out),
        RouteArgs::Train(args) => train::run(args, ledger, now, out).await,
    }
}

fn eval(args: &EvalArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let test = read::table(&args.outcomes, &args.instances)?;
    let fit = match (&args.fit_outcomes, &args.fit_instances) {
        (Some(outcomes), Some(instances)) => Some(read::table(outcomes, instances)?),
        _ => None,
    };
    let models = once_each(&args.models);
    let report =
        evaluate(fit.as_ref(), &test, &models, args.seed).map_err(|error| match error {
            EvalError::UnknownModel { .. } | EvalError::OneModel | EvalError::TooMany(_) => {
                anyhow::Error::new(WrongUse(error.to_string()))
            }
            EvalError::TooFew { .. }
            | EvalError::NothingInCommon { .. }
            | EvalError::AllWrong
            | EvalError::Free { .. } => anyhow::Error::new(error),
        })?;
    let text = if args.json {
        serde_json::to_string_pretty(&report)? + "\n"
    } else {
        show::report(&report)
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("the figures could not be printed")
}

fn once_each(names: &[String]) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let names = names.iter().map(|name| name.trim());
    names
        .filter(|name| !name.is_empty() && seen.insert(name.to_owned()))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        route: RouteArgs,
    }

    /// A small table in files: the cheap model says whether it is right.
    fn files() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (mut outcomes, mut instances) = (
            "instance_id,model,score,cost_usd,agree\n".to_owned(),
            String::new(),
        );
        for n in 0..120 {
            let right = n * 7 % 13 % 2;
            outcomes += &format!("i{n},cheap,{right},0.001,{right}.5\ni{n},dear,1,0.05,\n");
            instances += &format!("{{\"instance_id\":\"i{n}\",\"lines\":{}}}\n", n % 5);
        }
        std::fs::write(folder.path().join("o.csv"), outcomes).expect("a file");
        std::fs::write(folder.path().join("i.jsonl"), instances).expect("a file");
        folder
    }

    fn eval(folder: &tempfile::TempDir, more: &[&str]) -> anyhow::Result<String> {
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (outcomes, instances) = (path("o.csv"), path("i.jsonl"));
        let mut line = vec!["route", "eval", "--outcomes", &outcomes];
        line.extend(["--instances", &instances]);
        line.extend(more);
        let mut out = Vec::new();
        let RouteArgs::Eval(args) = Line::parse_from(line).route else {
            panic!("the tests judge tables");
        };
        super::eval(&args, &mut out)?;
        Ok(String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn the_json_has_the_documented_keys() {
        let text = eval(&files(), &["--models", "cheap,dear", "--json"]).expect("figures");
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(json["models"], serde_json::json!(["cheap", "dear"]));
        assert_eq!(json["premium"], "dear");
        for figure in [
            "hull_saving_at_95",
            "saving_at_95",
            "oracle_saving_at_95",
            "gap_closed",
            "noise_floor",
        ] {
            assert!(json[figure].is_f64(), "{figure}: {text}");
        }
        assert!(json["fixed"]["quality_ratio"].is_f64() && json["fixed"]["saving"].is_f64());
        let run = &json["online"][0];
        for figure in ["budget_share", "utilisation", "quality", "static_quality"] {
            assert!(run[figure].is_f64(), "{figure}: {text}");
        }
    }

    #[test]
    fn without_models_it_takes_all_and_says_so_in_words() {
        let text = eval(&files(), &[]).expect("figures");
        assert!(
            text.contains("best model                        dear"),
            "{text}"
        );
        assert!(text.contains("gap closed"), "{text}");
    }

    #[test]
    fn wrong_use_is_told_from_what_failed() {
        let folder = files();
        let unknown = eval(&folder, &["--models", "cheap,deer"]).expect_err("it is refused");
        assert!(unknown.is::<WrongUse>(), "{unknown:#}");
        std::fs::write(folder.path().join("o.csv"), "a,b\n1,2\n").expect("a file");
        let failed = eval(&folder, &[]).expect_err("it is refused");
        assert!(!failed.is::<WrongUse>(), "{failed:#}");
        assert!(format!("{failed:#}").contains("instance_id"), "{failed:#}");
    }
}
