//! The normal distribution and the two quadratures that propensities are computed with.

use std::sync::LazyLock;

/// Beyond this many deviations the table says 0 or 1; what is lost is below 10⁻¹⁵.
const EDGE: f64 = 8.0;
/// Entries of the table per deviation. Between two of them a straight line is off by 7·10⁻⁶ at most.
const STEPS: f64 = 64.0;

static TABLE: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let steps = (2.0 * EDGE * STEPS) as usize;
    (0..=steps)
        .map(|step| cdf(step as f64 / STEPS - EDGE))
        .collect()
});

/// Returns the density of the standard normal distribution at `z`.
#[must_use]
pub fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// Returns the probability of a standard normal number below `z`.
#[must_use]
pub fn cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// Returns [`cdf`] from a table, off by 10⁻⁵ at most: a decision asks for it some thousand times.
#[must_use]
pub fn quick_cdf(z: f64) -> f64 {
    if z <= -EDGE {
        return 0.0;
    }
    if z >= EDGE {
        return 1.0;
    }
    // Not a number has no side; it is as likely below as above.
    if z.is_nan() {
        return 0.5;
    }
    let at = (z + EDGE) * STEPS;
    let low = at as usize;
    let part = at - low as f64;
    let table = &*TABLE;
    table[low] + part * (table[(low + 1).min(table.len() - 1)] - table[low])
}

/// Half of the nodes and weights of the 16-point Gauss–Hermite rule for `∫ e^(−x²) f(x) dx`.
const HERMITE: [(f64, f64); 8] = [
    (0.273_481_046_138_152_45, 0.507_929_479_016_613_8),
    (0.822_951_449_144_655_9, 0.280_647_458_528_533_7),
    (1.380_258_539_198_880_8, 0.083_810_041_398_985_83),
    (1.951_787_990_916_254, 0.012_880_311_535_509_974),
    (2.546_202_157_847_481_4, 9.322_840_086_241_805e-4),
    (3.176_999_161_979_956, 2.711_860_092_537_881_5e-5),
    (3.869_447_904_860_123, 2.320_980_844_865_210_7e-7),
    (4.688_738_939_305_818, 2.654_807_474_011_182e-10),
];

/// Half of the nodes and weights of the 16-point Gauss–Legendre rule on `[−1, 1]`.
const LEGENDRE: [(f64, f64); 8] = [
    (0.095_012_509_837_637_4, 0.189_450_610_455_068_5),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_6),
    (0.458_016_777_657_227_4, 0.169_156_519_395_002_5),
    (0.617_876_244_402_643_8, 0.149_595_988_816_576_7),
    (0.755_404_408_355_003, 0.124_628_971_255_533_9),
    (0.865_631_202_387_831_8, 0.095_158_511_682_492_8),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_9),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_1),
];

/// Calls `at(z, weight)` for 16 points whose weighted sum is the mean of a function of a standard
/// normal number, counted only where that number is above `from`.
///
/// Without a lower end this is Gauss–Hermite. With one the integrand has a step there, which no
/// polynomial follows, so the part above it is integrated by Gauss–Legendre.
pub fn above(from: f64, mut at: impl FnMut(f64, f64)) {
    if from < -5.0 {
        for (x, weight) in HERMITE {
            let (z, weight) = (
                std::f64::consts::SQRT_2 * x,
                weight / std::f64::consts::PI.sqrt(),
            );
            at(-z, weight);
            at(z, weight);
        }
        return;
    }
    let to = (from + 1.0).max(5.0);
    let (middle, half) = ((from + to) / 2.0, (to - from) / 2.0);
    for (x, weight) in LEGENDRE {
        for z in [middle - half * x, middle + half * x] {
            at(z, weight * half * density(z));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_distribution() {
        // Tables of the standard normal: Φ(1) and Φ(1.96).
        assert!((cdf(1.0) - 0.841_344_746_068_543).abs() < 1e-12);
        assert!((cdf(1.96) - 0.975_002_104_851_78).abs() < 1e-12);
        for step in -900..900 {
            let z = f64::from(step) / 97.0;
            assert!((quick_cdf(z) - cdf(z)).abs() < 1e-5, "{z}");
        }
        assert_eq!(quick_cdf(f64::NEG_INFINITY), 0.0);
        assert_eq!(quick_cdf(f64::INFINITY), 1.0);
    }

    #[test]
    fn the_quadratures_know_the_moments() {
        let moment = |from: f64, power: i32| {
            let mut sum = 0.0;
            above(from, |z, weight| sum += weight * z.powi(power));
            sum
        };
        assert!((moment(f64::NEG_INFINITY, 0) - 1.0).abs() < 1e-12);
        assert!((moment(f64::NEG_INFINITY, 4) - 3.0).abs() < 1e-9);
        for from in [-4.0, -1.0, 0.0, 2.0] {
            assert!((moment(from, 0) - cdf(-from)).abs() < 1e-5, "{from}");
            assert!((moment(from, 1) - density(from)).abs() < 1e-4, "{from}");
        }
    }
}
