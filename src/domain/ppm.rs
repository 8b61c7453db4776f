//! A share in whole millionths, so that money is multiplied by it without a rounding of its own.

/// A share in millionths, such as a gross margin of 800,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ppm(u32);

impl Ppm {
    /// Makes a share from a fraction of 0 or more and below 1.
    #[must_use]
    pub fn from_fraction(fraction: f64) -> Option<Self> {
        let is_share = (0.0..1.0).contains(&fraction);
        is_share.then(|| Self((fraction * 1e6).round() as u32))
    }

    /// Returns the millionths.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Returns the fraction.
    #[must_use]
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_below_one() {
        for wrong in [1.0, -0.1, f64::NAN] {
            assert_eq!(Ppm::from_fraction(wrong), None);
        }
    }
}
