//! `mantle route train`: learns the models anew from one's own ledger, and says how well what was
//! believed of them fitted what came.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::attention;
use crate::cli::report::Moment;
use crate::domain::{CallOutcome, ModelId, OutcomeKind, Timestamp};
use crate::engine::{replace_estimates, witness_in};
use crate::ledger::{LedgerReader, Taught, What};
use crate::routing::{Calibration, Estimates, Lesson, Said, Sight};

/// What can be said after `mantle route train`.
#[derive(clap::Args, Clone, Debug)]
pub struct TrainArgs {
    /// Learn from this moment on: 90d ago, a day (2026-11-01) or a time (RFC 3339); UTC
    #[arg(long, value_name = "WHEN", default_value = "365d")]
    pub since: Moment,
    /// Show what would be learnt, and keep the estimates as they are
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What was believed of an arm in one language, and what came.
#[derive(Clone, Debug, Default)]
struct Cell {
    lines: u64,
    right: u64,
    /// Whether offers were accepted.
    offers: Calibration,
}

impl Cell {
    fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        self.right += other.right;
        self.offers.add(&other.offers);
    }

    fn line(&self, model: &ModelId, language: Option<&str>) -> Line {
        Line {
            model: model.to_string(),
            language: language.map(str::to_owned),
            lines: self.lines,
            right: (self.lines > 0).then(|| self.right as f64 / self.lines as f64),
            offers: self.offers.weight(),
            accepted: self.offers.came(),
            expected: self.offers.expected(),
            calibration_error: self.offers.error(),
            calibration_error_by_chance: self.offers.by_chance(),
        }
    }
}

/// One line of what is printed.
#[derive(Clone, Debug, Serialize)]
struct Line {
    model: String,
    /// All of them where it is absent.
    language: Option<String>,
    /// Candidates that were compared with what was typed.
    lines: u64,
    right: Option<f64>,
    /// Offers by the weight of what is known of them.
    offers: f64,
    accepted: Option<f64>,
    /// What was expected of each before its outcome was known.
    expected: Option<f64>,
    calibration_error: Option<f64>,
    /// What it would be of beliefs that are true.
    calibration_error_by_chance: Option<f64>,
}

impl Line {
    fn name(&self) -> String {
        self.language
            .as_ref()
            .map_or_else(|| self.model.clone(), |language| format!("  {language}"))
    }
}

/// Learns from rows, each judged before it teaches.
#[derive(Default)]
struct Training {
    estimates: Estimates,
    cells: BTreeMap<(ModelId, String), Cell>,
}

impl Training {
    fn hear(&mut self, taught: &Taught) {
        let sight = Sight::of(&taught.features);
        let (arm, language) = (&taught.arm, &taught.features.language);
        if let What::Called { behind, .. } = &taught.what {
            self.estimates.meet(arm, behind);
        }
        let cell = self
            .cells
            .entry((arm.clone(), language.clone()))
            .or_default();
        let mut learn = |lesson: Lesson<'_>| {
            self.estimates.learn(arm, lesson);
        };
        match &taught.what {
            What::Compared { is_match } => {
                cell.lines += 1;
                cell.right += u64::from(*is_match);
                learn(Lesson::Matched(&sight, *is_match));
            }
            What::Ended {
                kind,
                weight,
                is_said,
            } => {
                let is_accepted =
                    matches!(kind, OutcomeKind::Accepted | OutcomeKind::PartlyAccepted);
                if let Some(p) = self.estimates.probability(arm, &sight) {
                    cell.offers.observe(p, is_accepted, *weight);
                }
                let said = match is_said {
                    true => Said::ByClient,
                    false => Said::ByDocument(taught.client.as_deref()),
                };
                let lesson = Lesson::Offered(&sight, is_accepted, *weight, said);
                self.estimates.learn(arm, lesson);
            }
            What::Kept(characters) => learn(Lesson::Kept(*characters)),
            What::Called {
                outcome,
                cost,
                duration_ms,
                was_usable,
                ..
            } => {
                let is_answered = matches!(outcome, CallOutcome::Done | CallOutcome::Early);
                if is_answered {
                    learn(Lesson::Answered(*duration_ms));
                    learn(Lesson::Usable(*was_usable));
                }
                if let Some(cost) = cost
                    && (is_answered || *outcome == CallOutcome::Cancelled)
                {
                    learn(Lesson::Cost(*cost, taught.worst));
                }
            }
        }
    }

    /// Returns the lines: each model, and below it its languages.
    fn lines(&self) -> Vec<Line> {
        let mut models: BTreeMap<&ModelId, Cell> = BTreeMap::new();
        for ((model, _), cell) in &self.cells {
            models.entry(model).or_default().add(cell);
        }
        let mut lines = Vec::new();
        for (model, all) in models {
            lines.push(all.line(model, None));
            let of_model = self.cells.iter().filter(|((of, _), _)| of == model);
            lines.extend(of_model.map(|((_, language), cell)| cell.line(model, Some(language))));
        }
        lines
    }
}

/// Learns from the ledger at `ledger`, whose folder has the estimates, too.
///
/// # Errors
/// What the ledger, the estimates or `out` said; nothing is written then.
pub async fn run(
    args: &TrainArgs,
    ledger: &Path,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let reader = LedgerReader::open_read_only(ledger).await?;
    let folder = ledger.parent().unwrap_or(Path::new("."));
    let mut training = Training::default();
    // What was seen both ways is on no row; inferred ends are read by it.
    training.estimates = training.estimates.with_witness(witness_in(folder));
    let since = args.since.at(now);
    reader
        .lessons((since, now), |taught| training.hear(&taught))
        .await?;
    let measured = attention::measured(&reader, (since, now)).await?;
    let between = measured.map(|measured| measured.characters);
    training.estimates = training.estimates.with_attention(between);
    let used = training.estimates.attention();
    let lessons = training.estimates.lessons();
    let is_written = !args.dry_run && lessons > 0;
    if is_written {
        replace_estimates(folder, &training.estimates)?;
    }
    let lines = training.lines();
    let text = if args.json {
        let report = serde_json::json!({
            "version": 1,
            "since": since,
            "lessons": lessons,
            "written": is_written,
            "attention": attention::json(measured.as_ref(), used),
            "lines": lines,
        });
        serde_json::to_string_pretty(&report)? + "\n"
    } else {
        show(&lines, lessons, is_written) + &attention::line(measured.as_ref(), used)
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("what was learnt could not be printed")
}

fn show(lines: &[Line], lessons: u64, is_written: bool) -> String {
    if lessons == 0 {
        return "The ledger has nothing to teach about models over the network yet; \
                what was known of them stays.\n"
            .to_owned();
    }
    let percent = |share: Option<f64>| {
        share.map_or_else(|| "—".to_owned(), |share| format!("{:.1} %", 100.0 * share))
    };
    let width = lines.iter().map(|line| line.name().chars().count()).max();
    let width = width.unwrap_or(0).max("model".len());
    let mut text = format!(
        "Learnt from {lessons} lessons\n\n{:<width$}  {:>7}  {:>7}  {:>7}  {:>8}  {:>8}  {:>6}  {:>9}\n",
        "model", "lines", "right", "offers", "accepted", "expected", "off by", "by chance",
    );
    for line in lines {
        let _ = writeln!(
            text,
            "{:<width$}  {:>7}  {:>7}  {:>7.0}  {:>8}  {:>8}  {:>6}  {:>9}",
            line.name(),
            line.lines,
            percent(line.right),
            line.offers,
            percent(line.accepted),
            percent(line.expected),
            percent(line.calibration_error),
            percent(line.calibration_error_by_chance),
        );
    }
    text.push_str(
        "\nexpected: what was believed before each outcome was known; off by: the calibration \
         error, from 300 offers on;\nby chance: what it would be if all that was believed were true\n",
    );
    text.push_str(if is_written {
        "The estimates were replaced; sessions that run add to them what they learn.\n"
    } else {
        "Nothing was written.\n"
    });
    text
}

#[cfg(test)]
mod tests;
