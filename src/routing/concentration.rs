//! How much of a firm's work may hang on one host or one lab.
//!
//! Shares are of the trailing thirty days: of offers served, the embedded model's included, and of
//! metered spend. A cap that not enough suppliers can keep would stop one after the other, so it is
//! refused before the first call.

/// From so many offers on a cap holds: before that, one suggestion more or less is a large share.
pub const CAP_FROM: f64 = 200.0;

/// What is measured by supplier: how many offers, or how much money.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Volume {
    /// Of this supplier.
    pub of_supplier: f64,
    /// Of all.
    pub of_all: f64,
    /// Whether no other supplier has less.
    pub is_least: bool,
}

/// A cap on the share of one supplier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cap {
    share: f64,
    from: f64,
}

/// Why a cap cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum CapError {
    /// It is no share.
    #[error("a cap of {0} is no share; write a fraction above 0, up to 1, such as 0.6")]
    NoShare(f64),
    /// Fewer suppliers than the cap needs.
    #[error(
        "a cap of {share} needs {needed} suppliers and there are {found}: \
         one would lock the others out; raise the cap or name more models"
    )]
    Deadlock {
        /// The cap.
        share: f64,
        /// Suppliers that it needs.
        needed: usize,
        /// Suppliers that there are.
        found: usize,
    },
}

impl Cap {
    /// Makes a cap that holds from a volume of `from` on, among so many suppliers.
    ///
    /// # Errors
    /// When the cap is no share, or leads into a deadlock.
    pub fn new(share: f64, from: f64, suppliers: usize) -> Result<Self, CapError> {
        if !(share > 0.0 && share <= 1.0) {
            return Err(CapError::NoShare(share));
        }
        // A hair is taken off, so that a third is three suppliers and not four.
        let needed = (1.0 / share - 1e-9).ceil() as usize;
        if suppliers < needed {
            return Err(CapError::Deadlock {
                share,
                needed,
                found: suppliers,
            });
        }
        Ok(Self { share, from })
    }

    /// Returns whether a supplier may take `more` on: its share stays below the cap with it. Where
    /// all stand at their caps, as two do at half each, the one that has least may go on.
    #[must_use]
    pub fn admits(&self, volume: Volume, more: f64) -> bool {
        let all = volume.of_all + more;
        let stands_below = volume.of_supplier <= self.share * volume.of_all;
        all <= self.from
            || volume.of_supplier + more <= self.share * all
            || (volume.is_least && stands_below)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cap_that_too_few_suppliers_can_keep_is_refused() {
        let deadlock = Cap::new(0.4, 0.0, 2).expect_err("it is refused");
        assert_eq!(
            deadlock,
            CapError::Deadlock {
                share: 0.4,
                needed: 3,
                found: 2
            }
        );
        assert!(Cap::new(1.0 / 3.0, 0.0, 3).is_ok());
        assert!(Cap::new(0.5, 0.0, 2).is_ok());
        assert!(Cap::new(1.0, 0.0, 1).is_ok());
        for share in [0.0, -1.0, 1.5, f64::NAN] {
            assert!(matches!(Cap::new(share, 0.0, 9), Err(CapError::NoShare(_))));
        }
    }

    #[test]
    fn below_the_least_volume_everybody_may() {
        let cap = Cap::new(0.5, 100.0, 2).expect("two suppliers");
        let volume = |of_supplier, of_all| Volume {
            of_supplier,
            of_all,
            is_least: false,
        };
        assert!(cap.admits(volume(99.0, 99.0), 1.0));
        assert!(!cap.admits(volume(100.0, 100.0), 1.0));
        assert!(cap.admits(volume(50.0, 110.0), 1.0));
    }

    proptest! {
        #[test]
        fn with_enough_suppliers_one_of_them_always_may_and_none_is_far_above(
            share in 0.2_f64..1.0,
            more in 0.1_f64..5.0,
            steps in 1_usize..300,
        ) {
            let suppliers = (1.0 / share).ceil() as usize;
            let cap = Cap::new(share, 0.0, suppliers).expect("enough suppliers");
            let mut volumes = vec![0.0_f64; suppliers];
            for _ in 0..steps {
                let of_all: f64 = volumes.iter().sum();
                let least = volumes.iter().copied().fold(f64::INFINITY, f64::min);
                let may = |&n: &usize| {
                    let is_least = volumes[n] <= least + 1e-9;
                    cap.admits(Volume { of_supplier: volumes[n], of_all, is_least }, more)
                };
                // The first supplier takes all that it may.
                let next = (0..suppliers).find(may);
                prop_assert!(next.is_some(), "{volumes:?}");
                volumes[next.unwrap_or(0)] += more;
            }
            let of_all: f64 = volumes.iter().sum();
            let most = volumes.iter().copied().fold(0.0, f64::max);
            prop_assert!(most <= share * of_all + more + 1e-6, "{volumes:?}");
        }
    }
}
