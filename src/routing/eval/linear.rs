//! Linear regression: by coordinates for sparse rows, by elimination for a handful of columns.

use crate::routing::FeatureVector;

/// A ridge regression on sparse features.
#[derive(Clone, Debug, Default)]
pub(super) struct Ridge {
    weights: Vec<f64>,
}

impl Ridge {
    /// Fits by coordinate descent; the first slot is not held back.
    pub fn fit(rows: &[(&FeatureVector, f64)], slots: usize, precision: f64) -> Self {
        let mut columns: Vec<Vec<(u32, f32)>> = vec![Vec::new(); slots];
        for (row, (features, _)) in rows.iter().enumerate() {
            for &(slot, value) in features.entries() {
                columns[slot as usize].push((row as u32, value));
            }
        }
        let mut left: Vec<f64> = rows.iter().map(|(_, target)| *target).collect();
        let mut weights = vec![0.0; slots];
        for _ in 0..20 {
            let mut largest: f64 = 0.0;
            for (slot, column) in columns.iter().enumerate().filter(|(_, c)| !c.is_empty()) {
                let firm = if slot == 0 { 1e-6 } else { precision };
                let mut slope = -firm * weights[slot];
                let mut curvature = firm;
                for &(row, value) in column {
                    let value = f64::from(value);
                    slope += left[row as usize] * value;
                    curvature += value * value;
                }
                let step = slope / curvature;
                weights[slot] += step;
                largest = largest.max(step.abs());
                for &(row, value) in column {
                    left[row as usize] -= step * f64::from(value);
                }
            }
            if largest < 1e-3 {
                break;
            }
        }
        Self { weights }
    }

    pub fn predict(&self, features: &FeatureVector) -> f64 {
        let entries = features.entries().iter();
        let known = entries
            .filter_map(|&(slot, value)| Some(self.weights.get(slot as usize)? * f64::from(value)));
        known.sum()
    }
}

/// Least squares with a few columns; `precision` holds every weight but the first near 0.
pub(super) fn least_squares(rows: &[Vec<f64>], targets: &[f64], precision: f64) -> Vec<f64> {
    let n = rows.first().map_or(0, Vec::len);
    let mut matrix = vec![vec![0.0; n + 1]; n];
    for (row, target) in rows.iter().zip(targets) {
        for (line, value) in matrix.iter_mut().zip(row) {
            let sums = line[..n].iter_mut().zip(row);
            sums.for_each(|(sum, other)| *sum += value * other);
            line[n] += value * target;
        }
    }
    for (i, line) in matrix.iter_mut().enumerate() {
        line[i] += if i == 0 { 1e-9 } else { precision };
    }
    eliminate(&mut matrix)
}

/// Solves a positive definite system by elimination without pivots, which it does not need.
fn eliminate(matrix: &mut [Vec<f64>]) -> Vec<f64> {
    let n = matrix.len();
    for pivot in 0..n {
        let (upper, lower) = matrix.split_at_mut(pivot + 1);
        let line = &upper[pivot];
        if line[pivot].abs() < 1e-300 {
            continue;
        }
        for other in lower {
            let factor = other[pivot] / line[pivot];
            for column in pivot..=n {
                other[column] -= factor * line[column];
            }
        }
    }
    let mut solution = vec![0.0; n];
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|j| matrix[row][j] * solution[j]).sum();
        let pivot = matrix[row][row];
        if pivot.abs() > 1e-300 {
            solution[row] = (matrix[row][n] - known) / pivot;
        }
    }
    solution
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::Encoder;

    #[test]
    fn both_find_a_straight_line() {
        let rows: Vec<Vec<f64>> = (0..50).map(|n| vec![1.0, f64::from(n) / 10.0]).collect();
        let targets: Vec<f64> = rows.iter().map(|row| 3.0 - 0.5 * row[1]).collect();
        let weights = least_squares(&rows, &targets, 1e-9);
        assert!((weights[0] - 3.0).abs() < 1e-6 && (weights[1] + 0.5).abs() < 1e-6);

        let place = |x: f64| {
            let mut encoder = Encoder::new(16);
            encoder.number("x", x);
            encoder.finish()
        };
        let places: Vec<FeatureVector> = rows.iter().map(|row| place(row[1] - 2.5)).collect();
        let sparse: Vec<(&FeatureVector, f64)> = places.iter().zip(targets).collect();
        let ridge = Ridge::fit(&sparse, 16, 1e-6);
        assert!((ridge.predict(&place(1.0)) - (3.0 - 0.5 * 3.5)).abs() < 0.01);
    }

    #[test]
    fn columns_that_say_the_same_do_no_harm() {
        let rows: Vec<Vec<f64>> = (0..20)
            .map(|n| vec![1.0, f64::from(n), f64::from(n)])
            .collect();
        let targets: Vec<f64> = (0..20).map(f64::from).collect();
        let weights = least_squares(&rows, &targets, 1e-3);
        assert!((weights[1] + weights[2] - 1.0).abs() < 1e-3, "{weights:?}");
    }
}
