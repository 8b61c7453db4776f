//! How far an outcome can be trusted that is inferred from edits, where no client says it.
//!
//! Some clients say what became of an offer, and the document shows it, too. Where both are known,
//! they are counted beside each other: how many of the accepts that a client has reported were
//! inferred as well (the sensitivity), and how many of the suggestions that were turned down looked
//! like accepts (the false positives). With that, what is inferred elsewhere is corrected as Rogan
//! and Gladen do for a test that errs (Am J Epidemiol 107, 1978).

use serde::{Deserialize, Serialize};

use super::logistic::Channel;

/// What is expected before anything was counted, and how many of each it is worth: an editor that
/// inserts a suggestion does so in one edit, and a person does not write nine tenths of one at once.
const SENSITIVITY: f64 = 0.97;
const FALSE_POSITIVES: f64 = 0.005;
const WORTH: f64 = 50.0;

/// Counts of what a client has said and the document has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Witness {
    accepted: f64,
    accepted_and_inferred: f64,
    turned_down: f64,
    turned_down_and_inferred: f64,
}

impl Witness {
    /// Takes an offer of which a client says whether it was accepted, and the document looks as if.
    pub fn observe(&mut self, is_accepted: bool, is_inferred: bool) {
        let inferred = f64::from(u8::from(is_inferred));
        if is_accepted {
            self.accepted += 1.0;
            self.accepted_and_inferred += inferred;
        } else {
            self.turned_down += 1.0;
            self.turned_down_and_inferred += inferred;
        }
    }

    /// Adds what `mine` has seen since it was `base`.
    pub fn merge(&mut self, base: &Self, mine: &Self) {
        self.accepted += mine.accepted - base.accepted;
        self.accepted_and_inferred += mine.accepted_and_inferred - base.accepted_and_inferred;
        self.turned_down += mine.turned_down - base.turned_down;
        self.turned_down_and_inferred +=
            mine.turned_down_and_inferred - base.turned_down_and_inferred;
    }

    /// Returns how many offers were seen both ways.
    #[must_use]
    pub fn seen(&self) -> f64 {
        self.accepted + self.turned_down
    }

    /// Returns how an inferred outcome is to be read.
    #[must_use]
    pub fn channel(&self) -> Channel {
        let share = |part: f64, of: f64, prior: f64| (part + WORTH * prior) / (of + WORTH);
        Channel {
            sensitivity: share(self.accepted_and_inferred, self.accepted, SENSITIVITY),
            false_positives: share(
                self.turned_down_and_inferred,
                self.turned_down,
                FALSE_POSITIVES,
            ),
        }
    }

    /// Returns whether it can have come from counting.
    pub(super) fn is_sound(&self) -> bool {
        let pairs = [
            (self.accepted_and_inferred, self.accepted),
            (self.turned_down_and_inferred, self.turned_down),
        ];
        pairs
            .iter()
            .all(|(part, of)| part.is_finite() && of.is_finite() && 0.0 <= *part && part <= of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_anything_was_seen_inference_is_nearly_believed() {
        let channel = Witness::default().channel();
        assert!((channel.sensitivity - SENSITIVITY).abs() < 1e-9);
        assert!((channel.false_positives - FALSE_POSITIVES).abs() < 1e-9);
    }

    #[test]
    fn what_was_seen_both_ways_takes_over() {
        let mut witness = Witness::default();
        for n in 0..1_000 {
            witness.observe(true, n % 2 == 0);
            witness.observe(false, n % 10 == 0);
        }
        let channel = witness.channel();
        assert!((channel.sensitivity - 0.52).abs() < 0.01, "{channel:?}");
        assert!(
            (channel.false_positives - 0.095).abs() < 0.01,
            "{channel:?}"
        );
        // Of a hundred offers thirty look accepted: that is half of the true ones and a tenth of
        // the others.
        assert!((channel.corrected(0.3) - (0.3 - 0.095) / (0.52 - 0.095)).abs() < 0.02);
        assert!(witness.is_sound());
    }

    #[test]
    fn what_two_have_seen_is_added() {
        let mut base = Witness::default();
        base.observe(true, true);
        let (mut here, mut there) = (base, base);
        here.observe(true, false);
        there.observe(false, false);
        here.merge(&base, &there);
        assert!((here.seen() - 3.0).abs() < 1e-9);
    }
}
