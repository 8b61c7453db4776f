//! What a router is worth on a table: against mixes that need no router, against an oracle, and
//! against chance.

use super::fitted::{TARGET, best, mean_of};
use super::hull::{Hull, Oracle, Point};
use super::policy::{PRICES, Walk};
use crate::domain::Dice;

/// Draws of instances for the intervals, and orders of instances for the floor.
const RESAMPLES: usize = 400;
const SHUFFLES: usize = 200;
/// Above so many instances chance is small, and a quarter of the draws tell as much.
const MANY: usize = 10_000;

/// What was done on the judged instances.
#[derive(Debug)]
pub(super) struct Record {
    /// By instance: what every model costs and is worth.
    pub models: Vec<Vec<Point>>,
    /// By price, then by instance: the walks, in numbers of `models`.
    pub walks: Vec<Vec<Walk>>,
    /// By instance: the walk at the threshold that was fixed beforehand.
    pub fixed: Vec<Walk>,
}

/// The figures of one draw of instances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub hull: f64,
    pub saving: f64,
    pub oracle: f64,
    pub gap: Option<f64>,
    pub fixed_ratio: f64,
    pub fixed_saving: f64,
}

/// A judged record.
#[derive(Debug)]
pub(super) struct Judge<'r> {
    record: &'r Record,
    oracle: Oracle,
    pub premium: usize,
    cheapest: usize,
}

/// Between these two figures lie 95 of 100 draws.
pub(super) type Interval = [f64; 2];

/// Figures with their intervals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Intervals {
    pub saving: Interval,
    pub gap: Option<Interval>,
    pub fixed_ratio: Interval,
    pub fixed_saving: Interval,
}

impl Record {
    fn paid(&self, row: usize, walk: Walk) -> Point {
        let models = self.models[row].iter().enumerate();
        let called = models.filter(|(model, _)| walk.called & (1_u128 << model) != 0);
        Point {
            cost: called.map(|(_, point)| point.cost).sum(),
            quality: self.models[row][walk.kept].quality,
        }
    }
}

impl<'r> Judge<'r> {
    pub fn of(record: &'r Record) -> Self {
        let single = singles(&record.models);
        let cheapest = (0..single.len())
            .min_by(|&a, &b| single[a].cost.total_cmp(&single[b].cost))
            .unwrap_or(0);
        Self {
            record,
            oracle: Oracle::of(record.models.iter().cloned()),
            premium: best(&single),
            cheapest,
        }
    }

    /// Returns the hull of mixes of single models.
    pub fn hull(&self) -> Hull {
        Hull::of(singles(&self.record.models))
    }

    /// Returns the figures when instances count by `weights`.
    pub fn figures(&self, weights: &[f64], paid: &[Vec<Point>], fixed: &[Point]) -> Figures {
        let models = self.record.models.first().map_or(0, Vec::len);
        let single: Vec<Point> = (0..models)
            .map(|model| weighted(self.record.models.iter().map(|row| row[model]), weights))
            .collect();
        let premium = single[self.premium];
        let goal = TARGET * premium.quality;
        let saving = |cost: f64| 1.0 - cost / premium.cost;
        let hull = saving(
            Hull::of(single.iter().copied())
                .cost_at(goal)
                .unwrap_or(premium.cost),
        );
        // The two ends of every threshold: all to the best, and all to the cheapest.
        let walks = paid
            .iter()
            .map(|row| weighted(row.iter().copied(), weights))
            .chain([premium, single[self.cheapest]]);
        let reached = saving(Hull::of(walks).cost_at(goal).unwrap_or(premium.cost));
        let total: f64 = weights.iter().sum();
        let oracle = saving(self.oracle.cost_at(goal * total, weights) / total);
        let fixed = weighted(fixed.iter().copied(), weights);
        Figures {
            hull,
            saving: reached,
            oracle,
            gap: (oracle - hull > 1e-9).then(|| (reached - hull) / (oracle - hull)),
            fixed_ratio: fixed.quality / premium.quality,
            fixed_saving: saving(fixed.cost),
        }
    }

    /// Returns what every walk has cost and brought: by price, then by instance.
    pub fn paid(&self) -> Vec<Vec<Point>> {
        let pay = |walks: &Vec<Walk>| {
            let walks = walks.iter().enumerate();
            walks
                .map(|(row, walk)| self.record.paid(row, *walk))
                .collect()
        };
        self.record.walks.iter().map(pay).collect()
    }

    pub fn paid_fixed(&self) -> Vec<Point> {
        let walks = self.record.fixed.iter().enumerate();
        walks
            .map(|(row, walk)| self.record.paid(row, *walk))
            .collect()
    }

    /// Returns intervals over draws of the instances; model, router and oracle are always judged on
    /// the same draw.
    pub fn intervals(&self, paid: &[Vec<Point>], fixed: &[Point], seed: u64) -> Intervals {
        let n = self.record.models.len();
        let mut dice = Dice::new(seed);
        let resamples = if n > MANY { RESAMPLES / 4 } else { RESAMPLES };
        let drawn: Vec<Figures> = (0..resamples)
            .map(|_| {
                let mut weights = vec![0.0; n];
                (0..n).for_each(|_| weights[dice.below(n)] += 1.0);
                self.figures(&weights, paid, fixed)
            })
            .collect();
        let of = |figure: &dyn Fn(&Figures) -> f64| between(drawn.iter().map(figure).collect());
        let gaps: Vec<f64> = drawn.iter().filter_map(|figures| figures.gap).collect();
        Intervals {
            saving: of(&|figures| figures.saving),
            gap: (!gaps.is_empty()).then(|| between(gaps)),
            fixed_ratio: of(&|figures| figures.fixed_ratio),
            fixed_saving: of(&|figures| figures.fixed_saving),
        }
    }

    /// Returns the share of the gap that chance closes on these instances, 95 times of 100 less:
    /// the router's own walks dealt out to other instances, and a random order of the instances
    /// between two models of the hull; the better of the two.
    pub fn noise_floor(&self, seed: u64) -> Option<f64> {
        let n = self.record.models.len();
        let weights = vec![1.0; n];
        let mut dice = Dice::new(seed);
        let mut order: Vec<usize> = (0..n).collect();
        let (mut dealt, mut ordered) = (Vec::new(), Vec::new());
        let single = singles(&self.record.models);
        let (low, high) = self.bracket(&single);
        let shuffles = if n > MANY { SHUFFLES / 4 } else { SHUFFLES };
        for _ in 0..shuffles {
            dice.shuffle(&mut order);
            let deal = |walks: &Vec<Walk>| -> Vec<Point> {
                (0..n)
                    .map(|row| self.record.paid(row, walks[order[row]]))
                    .collect()
            };
            let paid: Vec<Vec<Point>> = self.record.walks.iter().map(deal).collect();
            dealt.push(self.figures(&weights, &paid, &paid[0]).gap?);
            // The first `k` in the random order get the dearer model, for as many `k` as prices.
            let split = |step: usize| -> Vec<Point> {
                let k = n * step / (PRICES - 1);
                (0..n)
                    .map(|row| self.record.models[row][if order[row] < k { high } else { low }])
                    .collect()
            };
            let paid: Vec<Vec<Point>> = (0..PRICES).map(split).collect();
            ordered.push(self.figures(&weights, &paid, &paid[0]).gap?);
        }
        Some(quantile(dealt, 0.95).max(quantile(ordered, 0.95)))
    }

    /// Returns the models of the hull between which the target lies.
    fn bracket(&self, single: &[Point]) -> (usize, usize) {
        let goal = TARGET * single[self.premium].quality;
        let hull = Hull::of(single.iter().copied());
        let index = |point: Point| single.iter().position(|known| *known == point);
        let pair = hull
            .points()
            .windows(2)
            .find(|pair| pair[1].quality >= goal);
        let pair = pair.and_then(|pair| Some((index(pair[0])?, index(pair[1])?)));
        pair.unwrap_or((self.cheapest, self.premium))
    }
}

fn singles(models: &[Vec<Point>]) -> Vec<Point> {
    let count = models.first().map_or(0, Vec::len);
    (0..count)
        .map(|model| mean_of(models.iter().map(|row| row[model])))
        .collect()
}

fn weighted(points: impl Iterator<Item = Point>, weights: &[f64]) -> Point {
    let (mut cost, mut quality, mut sum) = (0.0, 0.0, 0.0);
    for (point, weight) in points.zip(weights) {
        cost += weight * point.cost;
        quality += weight * point.quality;
        sum += weight;
    }
    Point {
        cost: cost / sum,
        quality: quality / sum,
    }
}

fn quantile(mut values: Vec<f64>, q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values
        .get((last as f64 * q).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

fn between(values: Vec<f64>) -> Interval {
    [quantile(values.clone(), 0.025), quantile(values, 0.975)]
}
