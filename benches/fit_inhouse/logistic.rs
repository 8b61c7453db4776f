//! Logistic regression by Newton's method, with a little ridge.

use super::replay::Asked;

const RIDGE: f64 = 2.0;
const ROUNDS: usize = 8;

/// Returns the probability of the features under the weights.
pub fn probability(features: &[f32], weights: &[f64]) -> f64 {
    let score: f64 = features
        .iter()
        .zip(weights)
        .map(|(x, w)| f64::from(*x) * w)
        .sum();
    1.0 / (1.0 + (-score).exp())
}

/// Fits the weights: first on every alternative, to rank them; then on the winners alone, to
/// calibrate what would be shown.
pub fn fit(asked: &[&Asked]) -> Vec<f64> {
    let every: Vec<_> = asked
        .iter()
        .flat_map(|asked| &asked.alternatives)
        .map(|weighed| (weighed.features, weighed.right))
        .collect();
    let weights = newton(&every);
    let winners: Vec<(f64, bool)> = asked
        .iter()
        .filter_map(|asked| {
            asked
                .alternatives
                .iter()
                .map(|weighed| (probability(&weighed.features, &weights), weighed.right))
                .max_by(|a, b| a.0.total_cmp(&b.0))
        })
        .collect();
    let (scale, shift) = straighten(&winners);
    println!("winners: scale {scale:.3}, shift {shift:.3}");
    let mut weights: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
    weights[0] += shift;
    weights
}

pub fn newton<const N: usize>(examples: &[([f32; N], bool)]) -> Vec<f64> {
    let mut weights = vec![0.0; N];
    for _ in 0..ROUNDS {
        let mut gradient: Vec<f64> = weights.iter().map(|weight| -RIDGE * weight).collect();
        let mut hessian = vec![vec![0.0; N]; N];
        for (i, row) in hessian.iter_mut().enumerate() {
            row[i] = RIDGE;
        }
        for (features, right) in examples {
            let p = probability(features, &weights);
            let error = f64::from(u8::from(*right)) - p;
            let spread = p * (1.0 - p);
            for i in 0..N {
                let x = f64::from(features[i]);
                gradient[i] += error * x;
                for j in 0..N {
                    hessian[i][j] += spread * x * f64::from(features[j]);
                }
            }
        }
        for (weight, step) in weights.iter_mut().zip(solve(hessian, gradient)) {
            *weight += step;
        }
    }
    weights
}

/// Fits `right ~ scale * logit + shift` by gradient steps on two numbers.
fn straighten(winners: &[(f64, bool)]) -> (f64, f64) {
    let (mut scale, mut shift) = (1.0, 0.0);
    for _ in 0..400 {
        let (mut by_scale, mut by_shift) = (0.0, 0.0);
        for (p, right) in winners {
            let logit = (p.max(1e-6) / (1.0 - p).max(1e-6)).ln();
            let now = 1.0 / (1.0 + (-(scale * logit + shift)).exp());
            let error = f64::from(u8::from(*right)) - now;
            by_scale += error * logit;
            by_shift += error;
        }
        let n = winners.len().max(1) as f64;
        scale += 0.3 * by_scale / n;
        shift += 0.3 * by_shift / n;
    }
    (scale, shift)
}

/// Solves a positive definite system by elimination.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for i in 0..n {
        let pivot = matrix[i].clone();
        for j in i + 1..n {
            let factor = matrix[j][i] / pivot[i];
            for (cell, above) in matrix[j].iter_mut().zip(&pivot) {
                *cell -= factor * above;
            }
            right[j] -= factor * right[i];
        }
    }
    for i in (0..n).rev() {
        for j in i + 1..n {
            right[i] -= matrix[i][j] * right[j];
        }
        right[i] /= matrix[i][i];
    }
    right
}
