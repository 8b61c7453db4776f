//! A router for one table, made on another: which models, which walks, which threshold.

use super::hull::{Hull, Point};
use super::policy::{Kind, PRICES, Policy, Walk};
use super::predict::{Outlook, Predictor};
use super::table::Table;

/// Of the best model's quality, what has to be reached.
pub(super) const TARGET: f64 = 0.95;
/// How many standard errors the fitted threshold stays above the target.
const GUARD: f64 = 1.0;
/// More models make more errors than answers.
const MOST_MODELS: usize = 4;
/// Models that are called without looking, where that is the best for the money: a set of calls has
/// a bit for each.
const MOST_ON_HULL: usize = 16;

/// A router that is fixed but for what it learns from its own calls.
#[derive(Clone, Debug)]
pub(super) struct Fitted {
    /// Which models of the table it uses: those that are judged by what they show, in the order of
    /// their cost, and behind them what else is on the hull.
    pub models: Vec<usize>,
    /// The models of `models`, from cheap to dear.
    pub by_cost: Vec<usize>,
    /// How many of them are judged by what they show.
    pub judged: usize,
    pub predictor: Predictor,
    /// `None` where nothing that can be seen tells instances apart.
    policy: Option<Policy>,
    /// The threshold, fixed beforehand: an index of a price.
    pub threshold: usize,
    /// Prices with the mean cost at each, on the table that it was made on.
    pub curve: Vec<(f64, f64)>,
    /// By price: the model that is best without looking, and whether that is better than looking.
    blind: Vec<(usize, bool)>,
    /// The dearest call of each model.
    pub worst: Vec<f64>,
}

impl Fitted {
    /// Makes a router on `rows` of a table, which every model that counts was run on.
    pub fn on(table: &Table, rows: &[usize], signal_slots: &[u32]) -> Self {
        let complete: Vec<usize> = rows
            .iter()
            .copied()
            .filter(|&row| table.cells[row].iter().all(Option::is_some))
            .collect();
        let (judged, others) = worth_having(table, &complete);
        let narrow = table.only(&judged);
        let slots: Vec<u32> = judged.iter().map(|&model| signal_slots[model]).collect();
        let (predictor, seen) = Predictor::fit(&narrow, rows, &slots);
        let (every, outlooks): (Vec<usize>, Vec<Outlook>) = seen.into_iter().unzip();
        let judged_models = judged.len();
        let models: Vec<usize> = judged.into_iter().chain(others).collect();
        let narrow = table.only(&models);
        // Models are compared on the same instances, those that all were run on.
        let is_complete = |row: &usize| narrow.cells[*row].iter().all(Option::is_some);
        let common = every.iter().copied().zip(&outlooks);
        let (rows, common): (Vec<usize>, Vec<&Outlook>) =
            common.filter(|(row, _)| is_complete(row)).unzip();
        let mean = |of: &dyn Fn(usize) -> f64| {
            rows.iter().map(|&row| of(row)).sum::<f64>() / rows.len().max(1) as f64
        };
        let single: Vec<Point> = (0..models.len())
            .map(|model| Point {
                cost: mean(&|row| narrow.cell(row, model).cost),
                quality: mean(&|row| narrow.cell(row, model).score),
            })
            .collect();
        let premium = best(&single);
        let scale = single[premium].cost;
        let hull = Hull::of(single.iter().copied());
        let goal = TARGET * single[premium].quality;

        let mut choice: (Option<Policy>, f64) = (None, hull.cost_at(goal).unwrap_or(scale));
        for kind in [Kind::Question, Kind::Answers] {
            let states = predictor.states();
            let policy = Policy::learn(&outlooks, states, judged_models, kind, scale);
            let points = (0..PRICES).map(|at| {
                let walks = common.iter().map(|outlook| policy.walk(at, outlook));
                mean_of(
                    walks
                        .zip(&rows)
                        .map(|(walk, &row)| paid(&narrow, row, walk)),
                )
            });
            let frontier = Hull::of(points.chain(single.iter().copied()));
            if let Some(cost) = frontier.cost_at(goal)
                && cost < choice.1
            {
                choice = (Some(policy), cost);
            }
        }
        let prices: Vec<f64> = Policy::prices(scale).collect();
        let blind = |(at, price): (usize, &f64)| {
            let worth = |point: &Point| point.quality - price * point.cost;
            let best = (0..models.len())
                .max_by(|&a, &b| worth(&single[a]).total_cmp(&worth(&single[b])))
                .unwrap_or(premium);
            let is_better = choice.0.as_ref().is_none_or(|policy| {
                let walks = common.iter().map(|outlook| policy.walk(at, outlook));
                let paid = walks
                    .zip(&rows)
                    .map(|(walk, &row)| paid(&narrow, row, walk));
                // A walk can end with any model that is judged; one that is not is all it can miss.
                best >= judged_models && worth(&single[best]) > worth(&mean_of(paid))
            });
            (best, is_better)
        };
        let blind = prices.iter().enumerate().map(blind).collect();
        let mut by_cost: Vec<usize> = (0..models.len()).collect();
        by_cost.sort_by(|&a, &b| single[a].cost.total_cmp(&single[b].cost));
        let mut fitted = Self {
            worst: worst(&narrow, models.len()),
            models,
            by_cost,
            judged: judged_models,
            predictor,
            policy: choice.0,
            threshold: 0,
            curve: Vec::new(),
            blind,
        };
        let mut least = f64::INFINITY;
        for (at, &price) in prices.iter().enumerate() {
            let points: Vec<Point> = common
                .iter()
                .zip(&rows)
                .map(|(outlook, &row)| paid(&narrow, row, fitted.walk(at, outlook)))
                .collect();
            let cost = mean_of(points.iter().copied()).cost;
            fitted.curve.push((price, cost));
            let over = points
                .iter()
                .zip(&rows)
                .map(|(point, &row)| point.quality - TARGET * narrow.cell(row, premium).score);
            // A threshold that just holds here misses elsewhere every other time.
            if is_above_zero(over) && cost < least {
                least = cost;
                fitted.threshold = at;
            }
        }
        fitted
    }

    /// Returns the walk for an instance at a price.
    pub fn walk(&self, at: usize, outlook: &Outlook) -> Walk {
        match (&self.policy, self.blind[at]) {
            (Some(policy), (_, false)) => policy.walk(at, outlook),
            (_, (model, _)) => Walk {
                called: 1 << model,
                kept: model,
            },
        }
    }

    /// Returns what to do at a price after the models of `set` were called.
    pub fn next(&self, at: usize, set: u32, outlook: &Outlook) -> super::policy::Next {
        use super::policy::Next;
        match (&self.policy, self.blind[at]) {
            (Some(policy), (_, false)) => policy.next(at, set, outlook),
            (_, (model, _)) if set == 0 => Next::Call(model),
            _ => Next::Keep((u32::BITS - 1 - set.leading_zeros()) as usize),
        }
    }
}

/// Returns what a walk costs, all of its calls, and what its answer is worth.
pub(super) fn paid(table: &Table, row: usize, walk: Walk) -> Point {
    let models = table.cells[row].len();
    let called = (0..models).filter(|model| walk.called & (1_u128 << model) != 0);
    Point {
        cost: called.map(|model| table.cell(row, model).cost).sum(),
        quality: table.cell(row, walk.kept).score,
    }
}

pub(super) fn mean_of(points: impl Iterator<Item = Point>) -> Point {
    let (mut cost, mut quality, mut n) = (0.0, 0.0, 0.0_f64);
    for point in points {
        cost += point.cost;
        quality += point.quality;
        n += 1.0;
    }
    let n = n.max(1.0);
    Point {
        cost: cost / n,
        quality: quality / n,
    }
}

/// Returns the best of some models; of equals the cheaper.
pub(super) fn best(points: &[Point]) -> usize {
    let by_worth = |a: &Point, b: &Point| {
        let by_quality = a.quality.total_cmp(&b.quality);
        by_quality.then(b.cost.total_cmp(&a.cost))
    };
    let points = points.iter().enumerate();
    points
        .max_by(|(_, a), (_, b)| by_worth(a, b))
        .map_or(0, |(index, _)| index)
}

/// Returns the models on the static hull, from cheap to dear: of many the best and the cheapest, and
/// those that the hull would miss most; and the others on it.
fn worth_having(table: &Table, complete: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let models = table.cells.first().map_or(0, Vec::len);
    let single: Vec<Point> = (0..models)
        .map(|model| {
            mean_of(complete.iter().map(|&row| {
                let cell = table.cell(row, model);
                Point {
                    cost: cell.cost,
                    quality: cell.score,
                }
            }))
        })
        .collect();
    let hull = Hull::of(single.iter().copied());
    let mut points = hull.points().to_vec();
    let mut others = Vec::new();
    while points.len() > MOST_MODELS {
        let lift = |at: usize| {
            let (a, b, c) = (points[at - 1], points[at], points[at + 1]);
            // By ratios of costs, which lie some powers of ten apart.
            let share = (b.cost / a.cost).ln() / (c.cost / a.cost).ln();
            b.quality - a.quality - share * (c.quality - a.quality)
        };
        let least = (1..points.len() - 1).min_by(|&a, &b| lift(a).total_cmp(&lift(b)));
        others.push(points.remove(least.unwrap_or(1)));
    }
    // What was taken out last is missed most.
    others.reverse();
    others.truncate(MOST_ON_HULL - MOST_MODELS);
    let index = |point: &Point| single.iter().position(|known| known == point);
    (
        points.iter().filter_map(index).collect(),
        others.iter().filter_map(index).collect(),
    )
}

fn worst(table: &Table, models: usize) -> Vec<f64> {
    let cells = |model: usize| {
        table
            .cells
            .iter()
            .filter_map(move |cells| cells[model].as_ref())
    };
    (0..models)
        .map(|model| cells(model).map(|cell| cell.cost).fold(0.0, f64::max))
        .collect()
}

/// Returns whether a mean is above zero by the guard.
fn is_above_zero(values: impl Iterator<Item = f64> + Clone) -> bool {
    let n = values.clone().count() as f64;
    if n < 2.0 {
        return false;
    }
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    mean >= GUARD * (variance / n).sqrt()
}
