//! The mode of the posterior over a whole table, by coordinate descent.
//!
//! One step of a Newton iteration with a diagonal curvature overshoots where features go together;
//! going through the weights one after another does not, and needs no matrix.

use super::super::vector::FeatureVector;
use super::{Example, Logistic, sigmoid};

/// The largest step of one weight, so that a rare feature does not throw the others.
const LARGEST_STEP: f64 = 2.0;
/// Enough: a round that moves no weight by more changes no third digit of a probability.
const SMALL_STEP: f64 = 2e-3;

impl Logistic {
    /// Moves to the mode of the posterior given all `examples`, in at most `rounds` rounds, and
    /// takes the curvature there as its precision.
    pub fn fit(&mut self, examples: &[Example<'_>], rounds: usize) {
        let columns = Columns::of(examples.iter().map(|e| e.features), self.now.mean.len());
        let prior = &self.prior;
        let mut weights: Vec<f64> = prior.mean.iter().map(|mean| f64::from(*mean)).collect();
        let mut logits = vec![0.0; examples.len()];
        for (slot, column) in columns.iter() {
            let weight = weights[slot];
            column
                .iter()
                .for_each(|&(row, value)| logits[row as usize] += weight * f64::from(value));
        }
        let mut chances: Vec<f64> = logits.iter().map(|&logit| sigmoid(logit)).collect();
        for _ in 0..rounds {
            let mut largest: f64 = 0.0;
            for (slot, column) in columns.iter() {
                let firm = f64::from(prior.precision[slot]);
                let mut slope = firm * (f64::from(prior.mean[slot]) - weights[slot]);
                let mut curvature = firm;
                for &(row, value) in column {
                    let (example, p) = (&examples[row as usize], chances[row as usize]);
                    let value = f64::from(value);
                    slope += example.weight * (example.label - p) * value;
                    curvature += example.weight * p * (1.0 - p) * value * value;
                }
                let step = (slope / curvature).clamp(-LARGEST_STEP, LARGEST_STEP);
                if step.abs() < SMALL_STEP / 10.0 {
                    continue;
                }
                weights[slot] += step;
                largest = largest.max(step.abs());
                for &(row, value) in column {
                    let row = row as usize;
                    logits[row] += step * f64::from(value);
                    chances[row] = sigmoid(logits[row]);
                }
            }
            if largest < SMALL_STEP {
                break;
            }
        }
        self.now = prior.clone();
        for (slot, column) in columns.iter() {
            let information: f64 = column
                .iter()
                .map(|&(row, value)| {
                    let p = chances[row as usize];
                    examples[row as usize].weight * p * (1.0 - p) * f64::from(value).powi(2)
                })
                .sum();
            self.now.mean[slot] = weights[slot] as f32;
            self.now.precision[slot] += information as f32;
        }
        self.observed = examples.iter().map(|example| example.weight).sum();
    }
}

/// The examples by slot: row and value.
struct Columns(Vec<(usize, Vec<(u32, f32)>)>);

impl Columns {
    fn of<'x>(rows: impl Iterator<Item = &'x FeatureVector>, slots: usize) -> Self {
        let mut columns: Vec<Vec<(u32, f32)>> = vec![Vec::new(); slots];
        for (row, features) in rows.enumerate() {
            for &(slot, value) in features.entries() {
                if let Some(column) = columns.get_mut(slot as usize) {
                    column.push((row as u32, value));
                }
            }
        }
        let columns = columns.into_iter().enumerate();
        Self(columns.filter(|(_, column)| !column.is_empty()).collect())
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &[(u32, f32)])> {
        self.0
            .iter()
            .map(|(slot, column)| (*slot, column.as_slice()))
    }
}
