//! Whether a model over the network is about to be asked, told from what was done before: what a
//! call needs can then be looked for while it is still being decided.

use std::sync::atomic::{AtomicU16, Ordering};

/// Of the last sixteen places so many had a call: what is looked for in vain costs a millisecond of
/// another core for each of the rest.
const MOSTLY: u32 = 12;

/// What was done at the last sixteen places, the newest in the lowest bit.
#[derive(Debug, Default)]
pub struct Foresight(AtomicU16);

impl Foresight {
    /// Returns whether a place is likely to have a call.
    pub fn expects_call(&self) -> bool {
        self.0.load(Ordering::Relaxed).count_ones() >= MOSTLY
    }

    /// Counts a place at which all was decided: a call is made at once, or it is not.
    pub fn is_decided(&self, has_call: bool) {
        // Two documents at the same moment may be counted as one, which is no harm.
        let before = self.0.load(Ordering::Relaxed);
        self.0
            .store(before << 1 | u16::from(has_call), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_expected_where_three_of_four_places_had_one() {
        let foresight = Foresight::default();
        for _ in 0..MOSTLY {
            assert!(!foresight.expects_call());
            foresight.is_decided(true);
        }
        assert!(foresight.expects_call());
        for _ in 0..4 {
            foresight.is_decided(false);
        }
        assert!(foresight.expects_call(), "twelve of sixteen");
        foresight.is_decided(false);
        assert!(!foresight.expects_call());
    }
}
