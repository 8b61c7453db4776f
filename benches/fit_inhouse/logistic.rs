//! Logistic regression by Newton's method, with a little ridge.

const RIDGE: f64 = 2.0;
const ROUNDS: usize = 8;

/// Returns the probability of the features under the weights.
pub fn probability(features: &[f32], weights: &[f64]) -> f64 {
    1.0 / (1.0 + (-sum(features, weights)).exp())
}

/// Returns the weighted sum of the features.
pub fn sum(features: &[f32], weights: &[f64]) -> f64 {
    let both = features.iter().zip(weights);
    both.map(|(x, w)| f64::from(*x) * w).sum()
}

/// Fits weights, the probability of each example by itself.
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

/// Solves a positive definite system by elimination.
pub fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
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
