//! How far what was believed lies from what came.
//!
//! The expected calibration error in ten bins (Naeini, Cooper and Hauskrecht, AAAI 2015): what was
//! believed is put into bins, and in each the mean of it is held against the share that came true.

const BINS: usize = 10;
/// From so many observations on the error says something.
const ENOUGH: f64 = 300.0;

/// What was believed, each time before it came out, and what came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// By how likely it was taken to be: weight, what was expected, what came true, and how far
    /// chance alone moves that, as a variance.
    bins: [[f64; 4]; BINS],
}

impl Calibration {
    /// Takes one outcome that was believed with probability `p`, by the weight of its evidence.
    pub fn observe(&mut self, p: f64, is_true: bool, weight: f64) {
        let came = if is_true { weight } else { 0.0 };
        let bin = ((p * BINS as f64) as usize).min(BINS - 1);
        let variance = weight * weight * p * (1.0 - p);
        add(&mut self.bins[bin], &[weight, weight * p, came, variance]);
    }

    /// Adds what another one has taken.
    pub fn add(&mut self, other: &Self) {
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            add(bin, more);
        }
    }

    /// Returns the weight of all outcomes.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.sum(0)
    }

    /// Returns the share that was expected to come true.
    #[must_use]
    pub fn expected(&self) -> Option<f64> {
        self.share(1)
    }

    /// Returns the share that came true.
    #[must_use]
    pub fn came(&self) -> Option<f64> {
        self.share(2)
    }

    /// Returns the expected calibration error; `None` of fewer than 300 outcomes.
    #[must_use]
    pub fn error(&self) -> Option<f64> {
        let apart = self.bins.iter().map(|[_, p, came, _]| (p - came).abs());
        let weight = self.weight();
        (weight >= ENOUGH).then(|| apart.sum::<f64>() / weight)
    }

    /// Returns the calibration error to be expected of beliefs that are true, since outcomes come by
    /// chance; `None` of fewer than 300 outcomes.
    #[must_use]
    pub fn by_chance(&self) -> Option<f64> {
        // The mean distance of a normal from its middle is √(2/π) deviations.
        let deviations = self.bins.iter().map(|[_, _, _, variance]| variance.sqrt());
        let apart = std::f64::consts::FRAC_2_PI.sqrt() * deviations.sum::<f64>();
        let weight = self.weight();
        (weight >= ENOUGH).then(|| apart / weight)
    }

    fn sum(&self, of: usize) -> f64 {
        self.bins.iter().map(|bin| bin[of]).sum()
    }

    fn share(&self, of: usize) -> Option<f64> {
        let weight = self.weight();
        (weight > 0.0).then(|| self.sum(of) / weight)
    }
}

fn add(sums: &mut [f64; 4], more: &[f64; 4]) {
    sums.iter_mut()
        .zip(more)
        .for_each(|(sum, more)| *sum += more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_as_often_as_it_was_believed_is_calibrated() {
        let (mut right, mut wrong) = (Calibration::default(), Calibration::default());
        for n in 0..1_000 {
            right.observe(0.25, n % 4 == 0, 1.0);
            wrong.observe(0.75, n % 4 == 0, 1.0);
        }
        assert!(right.error().expect("enough") < 1e-9);
        assert!((wrong.error().expect("enough") - 0.5).abs() < 1e-9);
        // Both together expect a half on average, and the bins tell them apart.
        right.add(&wrong);
        assert!((right.expected().expect("some") - 0.5).abs() < 1e-9);
        assert!((right.came().expect("some") - 0.25).abs() < 1e-9);
        assert!((right.error().expect("enough") - 0.25).abs() < 1e-9);
    }

    #[test]
    fn beliefs_that_are_true_are_off_by_chance_and_less_the_more_there_are() {
        let of = |n: usize| {
            let mut calibration = Calibration::default();
            (0..n).for_each(|i| calibration.observe(0.25, i % 4 == 0, 1.0));
            calibration.by_chance()
        };
        // A quarter of 400 is 100, give or take √(400 · 0.25 · 0.75) = 8.66; on average 0.8 of that.
        let few = of(400).expect("enough");
        assert!((few - 0.7979 * 8.6603 / 400.0).abs() < 1e-5, "{few}");
        assert!((of(1_600).expect("enough") - few / 2.0).abs() < 1e-9);
        assert_eq!(of(299), None);
        // What is certain leaves nothing to chance.
        let mut certain = Calibration::default();
        (0..300).for_each(|_| certain.observe(1.0, true, 1.0));
        assert_eq!(certain.by_chance(), Some(0.0));
    }

    #[test]
    fn few_outcomes_say_nothing() {
        let mut few = Calibration::default();
        assert_eq!(
            (few.expected(), few.came(), few.error()),
            (None, None, None)
        );
        few.observe(1.0, true, 299.0);
        assert_eq!(few.error(), None);
        few.observe(1.0, true, 1.0);
        assert_eq!(few.error(), Some(0.0));
    }
}
