//! The router on a table of outcomes: what its mathematics is worth where the truth is known.
//!
//! The same estimates, price and admission as in an editor, on instances of which every model's
//! answer was scored. A router is made on one table and judged on another; without a second one,
//! every instance is judged by a router that has not seen it. The score of a model that was not
//! called is never looked at; what a called one showed (its cost, its length, how far its samples
//! agree) is.

mod fitted;
mod hull;
mod judge;
mod linear;
mod online;
mod policy;
mod predict;
mod table;

use serde::Serialize;

pub use table::{RawCell, RawInstance, RawTable};

use fitted::Fitted;
use hull::Point;
use judge::{Judge, Record};
use online::Stream;
use policy::{PRICES, Walk};
use predict::{FOLDS, fold_of};
use table::{Encoding, Table};

/// Fewer instances tell a router nothing.
const FEWEST: usize = 40;
/// So many models fit into a set.
const MOST: usize = 128;
/// Budgets of the streamed runs, as shares of what the best model would cost on all instances.
const BUDGETS: [f64; 6] = [0.05, 0.1, 0.25, 0.5, 0.75, 1.0];

/// Why a table cannot be judged.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EvalError {
    /// A model was never run.
    #[error("no outcome of `{model}` in {table}; it has {known}")]
    UnknownModel {
        /// The model.
        model: String,
        /// Which table.
        table: &'static str,
        /// The models that are there.
        known: String,
    },
    /// Too few instances that all models were run on.
    #[error(
        "{table} has {found} instances that every model was run on, and {FEWEST} are needed; \
         leave out the model with the fewest rows"
    )]
    TooFew {
        /// Which table.
        table: &'static str,
        /// How many there are.
        found: usize,
    },
    /// More models than a set of them can hold.
    #[error("{0} models are more than {MOST} at a time: name the ones that matter with --models")]
    TooMany(usize),
    /// One model alone leaves nothing to decide.
    #[error("a router needs two models or more to choose from")]
    OneModel,
    /// The two tables have not even two models in common.
    #[error(
        "the two tables need two models in common; the judged one has {judged}, the fitted one {fitted}"
    )]
    NothingInCommon {
        /// The models of the judged table.
        judged: String,
        /// Those of the fitted one.
        fitted: String,
    },
    /// Without a right answer there is no quality to keep.
    #[error("no model has a score above 0 in the judged table")]
    AllWrong,
    /// The best model costs nothing, so nothing can be saved.
    #[error("`{model}` is the best model and costs nothing: there is nothing to route")]
    Free {
        /// The model.
        model: String,
    },
}

/// The router at the threshold that was fixed on the fitted table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fixed {
    /// Quality as a share of the best model's.
    pub quality_ratio: f64,
    /// What is saved, as a share of the best model's cost.
    pub saving: f64,
}

/// One streamed run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Online {
    /// The budget as a share of what the best model would cost on all instances.
    pub budget_share: f64,
    /// What was spent, as a share of the budget.
    pub utilisation: f64,
    /// Mean score; an instance that nothing was left for counts 0.
    pub quality: f64,
    /// Mean score of the best fixed mix for the same budget.
    pub static_quality: f64,
}

/// Where 95 of 100 draws of the instances lie.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvalIntervals {
    /// Of `saving_at_95`.
    pub saving_at_95: [f64; 2],
    /// Of `gap_closed`.
    pub gap_closed: Option<[f64; 2]>,
    /// Of `fixed.quality_ratio`.
    pub fixed_quality_ratio: [f64; 2],
    /// Of `fixed.saving`.
    pub fixed_saving: [f64; 2],
}

/// What a router is worth on a table. Savings and shares are fractions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvalReport {
    /// The models that it could choose from.
    pub models: Vec<String>,
    /// Models of the judged table that the fitted one does not have, where none were named.
    pub models_left_out: Vec<String>,
    /// The best of them on the judged instances.
    pub premium: String,
    /// What the best fixed mix saves at 95 % of the best model's quality.
    pub hull_saving_at_95: f64,
    /// What the router saves there.
    pub saving_at_95: f64,
    /// What would be saved if every score were known beforehand.
    pub oracle_saving_at_95: f64,
    /// How much of the way from the mix to the oracle the router goes; `null` where there is none.
    pub gap_closed: Option<f64>,
    /// What chance goes of that way, 95 times of 100 less.
    pub noise_floor: Option<f64>,
    /// At the threshold that was fixed on the fitted table.
    pub fixed: Fixed,
    /// As a stream under a budget.
    pub online: Vec<Online>,
    /// Intervals of the figures above.
    pub intervals: EvalIntervals,
    /// Instances that were judged.
    pub instances: usize,
    /// Instances that were left out because some model was not run on them.
    pub left_out: usize,
}

/// Judges a router on `test`. It is made on `fit`; without one, by parts of `test` itself. Without
/// `models` it chooses from all that both tables have.
///
/// # Errors
/// When a table cannot be judged; the message says why.
pub fn evaluate(
    fit: Option<&RawTable>,
    test: &RawTable,
    models: &[String],
    seed: u64,
) -> Result<EvalReport, EvalError> {
    let fit_raw = fit.unwrap_or(test);
    let (models, models_left_out) = if models.is_empty() {
        in_common(fit_raw, test)?
    } else {
        (models.to_vec(), Vec::new())
    };
    let models = models.as_slice();
    if models.len() < 2 {
        return Err(EvalError::OneModel);
    }
    if models.len() > MOST {
        return Err(EvalError::TooMany(models.len()));
    }
    for (raw, name) in [(test, TEST), (fit_raw, FIT)] {
        check_models(raw, name, models)?;
    }
    let encoding = Encoding::of(fit_raw, models);
    let test_table = encoding.read(test);
    let rows = test_table.complete();
    require(&rows, TEST)?;
    let slots = &encoding.signal_slots;
    let (routers, owner): (Vec<Fitted>, Vec<usize>) = if fit.is_some() {
        let fit_table = encoding.read(fit_raw);
        require(&fit_table.complete(), FIT)?;
        let all: Vec<usize> = (0..fit_table.ids.len()).collect();
        (
            vec![Fitted::on(&fit_table, &all, slots)],
            vec![0; rows.len()],
        )
    } else {
        let fitted = |fold: usize| {
            let outside: Vec<usize> = (0..test_table.ids.len())
                .filter(|&row| fold_of(&test_table.ids[row]) != fold)
                .collect();
            Fitted::on(&test_table, &outside, slots)
        };
        let owner = rows.iter().map(|&row| fold_of(&test_table.ids[row]));
        ((0..FOLDS).map(fitted).collect(), owner.collect())
    };
    let tables: Vec<Table> = routers
        .iter()
        .map(|router| test_table.only(&router.models))
        .collect();

    let record = record(&test_table, &rows, &owner, &routers, &tables);
    let judge = Judge::of(&record);
    let premium = judge.premium;
    if record.models.iter().all(|row| row[premium].quality <= 0.0) {
        return Err(EvalError::AllWrong);
    }
    if record.models.iter().all(|row| row[premium].cost <= 0.0) {
        return Err(EvalError::Free {
            model: models[premium].clone(),
        });
    }
    let (paid, fixed) = (judge.paid(), judge.paid_fixed());
    let figures = judge.figures(&vec![1.0; rows.len()], &paid, &fixed);
    let intervals = judge.intervals(&paid, &fixed, seed);
    let online = stream(&record, &judge, rows, owner, &routers, tables, seed);
    Ok(EvalReport {
        models: models.to_vec(),
        models_left_out,
        premium: models[premium].clone(),
        hull_saving_at_95: figures.hull,
        saving_at_95: figures.saving,
        oracle_saving_at_95: figures.oracle,
        gap_closed: figures.gap,
        noise_floor: judge.noise_floor(seed),
        fixed: Fixed {
            quality_ratio: figures.fixed_ratio,
            saving: figures.fixed_saving,
        },
        online,
        intervals: EvalIntervals {
            saving_at_95: intervals.saving,
            gap_closed: intervals.gap,
            fixed_quality_ratio: intervals.fixed_ratio,
            fixed_saving: intervals.fixed_saving,
        },
        instances: record.models.len(),
        left_out: test_table.ids.len() - record.models.len(),
    })
}

const TEST: &str = "the judged table";
const FIT: &str = "the fitted table";

fn require(rows: &[usize], table: &'static str) -> Result<(), EvalError> {
    if rows.len() < FEWEST {
        return Err(EvalError::TooFew {
            table,
            found: rows.len(),
        });
    }
    Ok(())
}

/// Returns the models of both tables, and those that only the judged one has; each once, in its order.
fn in_common(fit: &RawTable, test: &RawTable) -> Result<(Vec<String>, Vec<String>), EvalError> {
    let (fitted, judged) = (models_of(fit), models_of(test));
    let (both, left_out): (Vec<&str>, Vec<&str>) =
        judged.iter().partition(|model| fitted.contains(model));
    if both.len() < 2 && judged.len() > 1 {
        return Err(EvalError::NothingInCommon {
            judged: judged.join(", "),
            fitted: fitted.join(", "),
        });
    }
    let owned = |models: Vec<&str>| models.into_iter().map(str::to_owned).collect();
    Ok((owned(both), owned(left_out)))
}

/// Returns the models of a table in the order in which they come.
fn models_of(raw: &RawTable) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    let models = raw.cells.iter().map(|cell| cell.model.as_str());
    models.filter(|model| seen.insert(*model)).collect()
}

fn check_models(raw: &RawTable, table: &'static str, models: &[String]) -> Result<(), EvalError> {
    let mut known = models_of(raw);
    known.sort_unstable();
    match models.iter().find(|model| !known.contains(&model.as_str())) {
        Some(model) => Err(EvalError::UnknownModel {
            model: model.clone(),
            table,
            known: known.join(", "),
        }),
        None => Ok(()),
    }
}

/// Lets every instance be walked at every price by the router that has not seen it.
fn record(
    table: &Table,
    rows: &[usize],
    owner: &[usize],
    routers: &[Fitted],
    tables: &[Table],
) -> Record {
    let models = table.cells.first().map_or(0, Vec::len);
    let point = |row: usize, model: usize| {
        let cell = table.cell(row, model);
        Point {
            cost: cell.cost,
            quality: cell.score,
        }
    };
    let mut record = Record {
        models: rows
            .iter()
            .map(|&row| (0..models).map(|model| point(row, model)).collect())
            .collect(),
        walks: vec![Vec::new(); PRICES],
        fixed: Vec::with_capacity(rows.len()),
    };
    for (&row, &owner) in rows.iter().zip(owner) {
        let router = &routers[owner];
        let outlook = router.predictor.outlook(&tables[owner], row);
        // A router numbers its own models; the record numbers all.
        let widen = |walk: Walk| {
            let own = router.models.iter().enumerate();
            let called = own.filter(|(own, _)| walk.called & (1_u128 << own) != 0);
            Walk {
                called: called.fold(0, |set, (_, model)| set | 1_u128 << model),
                kept: router.models[walk.kept],
            }
        };
        for (at, walks) in record.walks.iter_mut().enumerate() {
            walks.push(widen(router.walk(at, &outlook)));
        }
        record
            .fixed
            .push(widen(router.walk(router.threshold, &outlook)));
    }
    record
}

fn stream(
    record: &Record,
    judge: &Judge<'_>,
    rows: Vec<usize>,
    owner: Vec<usize>,
    routers: &[Fitted],
    tables: Vec<Table>,
    seed: u64,
) -> Vec<Online> {
    let n = rows.len() as f64;
    let run_share = n.min(online::LONGEST_RUN as f64) / n;
    let premium: f64 = record
        .models
        .iter()
        .map(|row| row[judge.premium].cost)
        .sum();
    let hull = judge.hull();
    // In an editor the most that a call can cost follows from its price and its token limit; a
    // table does not say them, so the dearest call in it stands for them.
    let worst = routers.iter().map(|router| {
        let most = |(own, &model): (usize, &usize)| {
            let here = record.models.iter().map(|row| row[model].cost);
            here.fold(router.worst[own], f64::max)
        };
        router.models.iter().enumerate().map(most).collect()
    });
    let stream = Stream {
        worst: worst.collect(),
        tables,
        rows: rows.into_iter().zip(owner).collect(),
        routers,
    };
    BUDGETS
        .iter()
        .map(|&share| {
            let budget = share * premium * run_share;
            let run = stream.run(budget, seed);
            Online {
                budget_share: share,
                utilisation: run.spent / budget,
                quality: run.quality,
                static_quality: hull.quality_at(budget / (n * run_share)),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
