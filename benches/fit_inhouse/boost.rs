//! Small trees, grown one after the other on what those before leave (Friedman, 2001; leaves by
//! Newton steps, Chen and Guestrin, 2016).

use mantle_ls::inhouse::{Features, N_FEATURES};

use super::rerank::Rows;

/// How many trees are grown.
pub const TREES: usize = 60;
const DEPTH: usize = 3;
const QUESTIONS: usize = (1 << DEPTH) - 1;
const LEAVES: usize = 1 << DEPTH;
/// What of a leaf's step is taken.
const RATE: f64 = 0.1;
/// Holds leaves around 0, in observations.
const RIDGE: f64 = 5.0;
/// A leaf is not smaller, in observations.
const SMALLEST: f64 = 5.0;
/// Thresholds that are tried for one feature, at most.
const THRESHOLDS: usize = 31;

/// A tree as `src/inhouse/trees.rs` reads it.
#[derive(Clone, Debug)]
pub struct Tree {
    pub questions: [(usize, f32); QUESTIONS],
    pub leaves: [f64; LEAVES],
}

impl Tree {
    /// Returns the number of the leaf that features lead to.
    pub fn leaf(&self, features: &Features) -> usize {
        let mut at = 0;
        for _ in 0..DEPTH {
            let (feature, threshold) = self.questions[at];
            at = 2 * at + 1 + usize::from(features[feature] > threshold);
        }
        at - QUESTIONS
    }
}

/// All features, each by the number of thresholds that it is more than.
pub struct Binned {
    thresholds: Vec<Vec<f32>>,
    /// Feature by feature.
    bins: Vec<Vec<u8>>,
}

/// The best question at a node so far.
#[derive(Clone, Copy)]
struct Question {
    gain: f64,
    feature: usize,
    bin: usize,
}

impl Binned {
    /// Chooses thresholds at even shares of the rows.
    pub fn of(rows: &[Features]) -> Self {
        let mut binned = Self {
            thresholds: Vec::new(),
            bins: Vec::new(),
        };
        for feature in 0..N_FEATURES {
            let mut values: Vec<f32> = rows.iter().step_by(7).map(|x| x[feature]).collect();
            values.sort_by(f32::total_cmp);
            let last = values.len().saturating_sub(1);
            let at = |n: usize| values[n * last / (THRESHOLDS + 1)];
            let mut thresholds: Vec<f32> = (1..=THRESHOLDS).map(at).collect();
            thresholds.dedup();
            let bin = |x: &Features| thresholds.partition_point(|&t| x[feature] > t) as u8;
            binned.bins.push(rows.iter().map(bin).collect());
            binned.thresholds.push(thresholds);
        }
        binned
    }

    /// Grows one tree; returns it with the leaf of every row.
    pub fn grow(&self, rows: &Rows, shares: &[f64]) -> (Tree, Vec<usize>) {
        let steps: Vec<(f64, f64)> = (0..shares.len())
            .map(|at| {
                let (share, weight) = (shares[at], rows.weights[at]);
                (
                    weight * (rows.right[at] - share),
                    weight * share * (1.0 - share),
                )
            })
            .collect();
        let mut tree = Tree {
            questions: [(0, f32::INFINITY); QUESTIONS],
            leaves: [0.0; LEAVES],
        };
        let mut nodes = vec![0_usize; shares.len()];
        for depth in 0..DEPTH {
            let first = (1 << depth) - 1;
            let asked = self.ask(&steps, &nodes, 1 << depth);
            for (node, question) in asked.iter().enumerate().filter(|(_, q)| q.gain > 0.0) {
                let threshold = self.thresholds[question.feature][question.bin];
                tree.questions[first + node] = (question.feature, threshold);
            }
            for (at, node) in nodes.iter_mut().enumerate() {
                let Question { gain, feature, bin } = asked[*node];
                let is_more = gain > 0.0 && usize::from(self.bins[feature][at]) > bin;
                *node = 2 * *node + usize::from(is_more);
            }
        }
        let mut sums = [(0.0, 0.0); LEAVES];
        for (&leaf, step) in nodes.iter().zip(&steps) {
            sums[leaf].0 += step.0;
            sums[leaf].1 += step.1;
        }
        tree.leaves = sums.map(|(slope, curve)| RATE * slope / (curve + RIDGE));
        (tree, nodes)
    }

    /// Returns the best question for each node of one depth.
    fn ask(&self, steps: &[(f64, f64)], nodes: &[usize], n_nodes: usize) -> Vec<Question> {
        let none = Question {
            gain: 0.0,
            feature: 0,
            bin: 0,
        };
        let mut best = vec![none; n_nodes];
        for feature in 0..N_FEATURES {
            let n_bins = self.thresholds[feature].len() + 1;
            let mut sums = vec![(0.0, 0.0); n_nodes * n_bins];
            for ((step, &node), &bin) in steps.iter().zip(nodes).zip(&self.bins[feature]) {
                let sum = &mut sums[node * n_bins + usize::from(bin)];
                sum.0 += step.0;
                sum.1 += step.1;
            }
            for (best, sums) in best.iter_mut().zip(sums.chunks(n_bins)) {
                let all = sums.iter().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
                let worth = |(slope, curve): (f64, f64)| slope * slope / (curve + RIDGE);
                let mut less = (0.0, 0.0);
                for (bin, sum) in sums[..n_bins - 1].iter().enumerate() {
                    less = (less.0 + sum.0, less.1 + sum.1);
                    let more = (all.0 - less.0, all.1 - less.1);
                    let gain = worth(less) + worth(more) - worth(all);
                    if less.1.min(more.1) >= SMALLEST && gain > best.gain {
                        *best = Question { gain, feature, bin };
                    }
                }
            }
        }
        best
    }
}
