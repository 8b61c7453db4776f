//! Fits what chooses among the lines of a place and says how sure it is: weights, then trees.
//!
//! At most one of the lines is right, or none, whose score is 0: a multinomial logit (McFadden,
//! 1974), so that the shares that choose are the confidence, too. Weights by Newton's method with a
//! little ridge, then trees by gradient boosting on what they leave.

use std::fmt::Write;

use mantle_ls::inhouse::{FEATURE_NAMES, Features, N_FEATURES};

use super::boost::{Binned, Tree};
use super::logistic::{solve, sum};
use super::replay::{Asked, Replay};

const RIDGE: f64 = 2.0;
const ROUNDS: usize = 12;
const HALVINGS: usize = 8;
/// A place counts as many keys: it is one for each line, and keys of one line say much the same.
const PLACE_WEIGHT: f64 = 4.0;
/// Every so many keys one is fitted on.
const KEYS_STEP: usize = 3;

/// What the model is to be given.
pub struct Reranker {
    pub weights: Vec<f64>,
    pub trees: Vec<Tree>,
}

/// All that is fitted on, line by line.
pub struct Rows {
    pub features: Vec<Features>,
    pub right: Vec<f64>,
    pub weights: Vec<f64>,
    /// Where the lines of each place begin, and where the last ones end.
    starts: Vec<usize>,
}

impl Rows {
    fn of(replays: &[&Replay], is_wanted: &dyn Fn(&Asked) -> bool) -> Self {
        let mut rows = Self {
            features: Vec::new(),
            right: Vec::new(),
            weights: Vec::new(),
            starts: vec![0],
        };
        for replay in replays {
            let keys = replay.keys.iter().step_by(KEYS_STEP).map(|key| (key, 1.0));
            let places = replay.places.iter().map(|place| (place, PLACE_WEIGHT));
            for (asked, weight) in places.chain(keys).filter(|(asked, _)| is_wanted(asked)) {
                let mut is_found = false;
                for line in &asked.alternatives {
                    rows.features.push(line.features);
                    // Two may be right that differ in blanks.
                    let is_first = line.right && !is_found;
                    is_found |= line.right;
                    rows.right.push(f64::from(u8::from(is_first)));
                    rows.weights.push(weight);
                }
                rows.starts.push(rows.right.len());
            }
        }
        rows
    }

    fn places(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        self.starts.windows(2).map(|ends| ends[0]..ends[1])
    }

    /// Turns scores into shares.
    pub fn shares(&self, scores: &[f64]) -> Vec<f64> {
        let mut shares = Vec::with_capacity(scores.len());
        for place in self.places() {
            shares.extend(shares_of(&scores[place]));
        }
        shares
    }
}

fn shares_of(scores: &[f64]) -> Vec<f64> {
    let exps: Vec<f64> = scores.iter().map(|score| score.min(30.0).exp()).collect();
    let all = 1.0 + exps.iter().sum::<f64>();
    exps.into_iter().map(|exp| exp / all).collect()
}

impl Reranker {
    /// Fits on the places and keys of some packages.
    pub fn fit(replays: &[&Replay], is_wanted: &dyn Fn(&Asked) -> bool) -> Self {
        let rows = Rows::of(replays, is_wanted);
        let weights = newton(&rows);
        let binned = Binned::of(&rows.features);
        let mut scores: Vec<f64> = rows.features.iter().map(|x| sum(x, &weights)).collect();
        let mut trees = Vec::new();
        for _ in 0..super::boost::TREES {
            let shares = rows.shares(&scores);
            let (tree, leaves) = binned.grow(&rows, &shares);
            for (score, leaf) in scores.iter_mut().zip(leaves) {
                *score += tree.leaves[leaf];
            }
            trees.push(tree);
        }
        Self { weights, trees }
    }

    /// Weighs the lines of all places again, the surest first.
    pub fn weigh_again<'a>(&self, places: impl Iterator<Item = &'a mut Asked>) {
        for place in places {
            let lines = place.alternatives.iter();
            let scores: Vec<f64> = lines.map(|line| self.score(&line.features)).collect();
            for (line, share) in place.alternatives.iter_mut().zip(shares_of(&scores)) {
                line.confidence = share;
            }
            place
                .alternatives
                .sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        }
    }

    fn score(&self, features: &Features) -> f64 {
        let leaves = self
            .trees
            .iter()
            .map(|tree| tree.leaves[tree.leaf(features)]);
        sum(features, &self.weights) + leaves.sum::<f64>()
    }

    /// Returns the rows of `trees.tsv`.
    pub fn rows(&self) -> String {
        let mut rows = String::new();
        for tree in &self.trees {
            for (feature, threshold) in tree.questions {
                let _ = write!(rows, "{}>{threshold}\t", FEATURE_NAMES[feature]);
            }
            let leaves: Vec<String> = tree.leaves.map(|leaf| format!("{leaf:.4}")).into();
            rows += &leaves.join("\t");
            rows.push('\n');
        }
        rows
    }
}

fn newton(rows: &Rows) -> Vec<f64> {
    let mut weights = vec![0.0; N_FEATURES];
    for _ in 0..ROUNDS {
        let scores: Vec<f64> = rows.features.iter().map(|x| sum(x, &weights)).collect();
        let shares = rows.shares(&scores);
        let mut gradient: Vec<f64> = weights.iter().map(|weight| -RIDGE * weight).collect();
        let mut hessian = vec![vec![0.0; N_FEATURES]; N_FEATURES];
        for (i, row) in hessian.iter_mut().enumerate() {
            row[i] = RIDGE;
        }
        let mut add = |x: &[f64], by: f64| {
            for (row, &x_row) in hessian.iter_mut().zip(x).filter(|(_, x)| **x != 0.0) {
                let by = by * x_row;
                row.iter_mut().zip(x).for_each(|(cell, x)| *cell += by * x);
            }
        };
        for place in rows.places().filter(|place| !place.is_empty()) {
            let weight = rows.weights[place.start];
            let mut mean = vec![0.0; N_FEATURES];
            for at in place {
                let x: Vec<f64> = rows.features[at].iter().copied().map(f64::from).collect();
                let error = weight * (rows.right[at] - shares[at]);
                for i in 0..N_FEATURES {
                    gradient[i] += error * x[i];
                    mean[i] += shares[at] * x[i];
                }
                add(&x, weight * shares[at]);
            }
            add(&mean, -weight);
        }
        let step = solve(hessian, gradient);
        let before = likelihood(rows, &weights);
        // Far from the best weights a whole step may lead away from them.
        let scales = std::iter::successors(Some(1.0), |scale| Some(scale / 2.0));
        let tried = scales.take(HALVINGS).map(|scale: f64| -> Vec<f64> {
            let both = weights.iter().zip(&step);
            both.map(|(weight, step)| weight + scale * step).collect()
        });
        let mut better = tried.filter(|tried| likelihood(rows, tried) > before);
        let Some(next) = better.next() else {
            break;
        };
        weights = next;
    }
    weights
}

/// Returns the logarithm of the likelihood under the weights, less the ridge.
fn likelihood(rows: &Rows, weights: &[f64]) -> f64 {
    let scores: Vec<f64> = rows.features.iter().map(|x| sum(x, weights)).collect();
    let shares = rows.shares(&scores);
    let of_place = |place: std::ops::Range<usize>| {
        let weight = rows.weights[place.start];
        let right = place.clone().find(|&at| rows.right[at] > 0.0);
        let none = 1.0 - shares[place].iter().sum::<f64>();
        weight * right.map_or(none, |at| shares[at]).max(1e-12).ln()
    };
    let ridge: f64 = weights.iter().map(|weight| weight * weight).sum();
    let places = rows.places().filter(|place| !place.is_empty());
    places.map(of_place).sum::<f64>() - RIDGE / 2.0 * ridge
}
