//! Notices when a model has become worse in one language, and when it is itself again.
//!
//! A cumulative sum over match labels, against what this cell was like over a long time: one bad
//! hour does not reach the limit, a lasting fall of a few points does. A model that is demoted keeps
//! its floor of exploration, and by the labels of that it comes back.

use serde::{Deserialize, Serialize};

/// What is allowed for at every label: less than half of the fall that should be noticed, which is
/// eight points.
const SLACK: f64 = 0.03;
/// At this sum a model is demoted. Labels that have not changed reach it once in some thousands.
const LIMIT: f64 = 15.0;
/// So many labels make a cell known; before, nothing is judged.
const KNOWN: f64 = 200.0;
/// How many labels the long view remembers, and the short one.
const LONG: f64 = 3_000.0;
const SHORT: f64 = 100.0;
/// A demoted model returns when the short view is this close to what it was.
const NEAR: f64 = 0.03;
/// Fewer labels than this since the demotion say nothing about a return.
const ENOUGH: f64 = 60.0;

/// The watch over one model in one language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    labels: f64,
    long: f64,
    short: f64,
    sum: f64,
    demoted_for: Option<f64>,
}

/// What a label has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The model is demoted in this language.
    Demoted,
    /// It is back.
    Returned,
}

impl Watch {
    /// Returns whether the model is demoted here.
    #[must_use]
    pub const fn is_demoted(&self) -> bool {
        self.demoted_for.is_some()
    }

    /// Takes whether one more candidate was what came to be typed.
    pub fn observe(&mut self, is_match: bool) -> Option<Turn> {
        let label = f64::from(u8::from(is_match));
        let blend = |mean: f64, seen: f64, most: f64| mean + (label - mean) / seen.min(most);
        if let Some(seen) = &mut self.demoted_for {
            // What it was like before is what it has to come back to, so the long view stands.
            *seen += 1.0;
            let seen = *seen;
            self.short = blend(self.short, seen, SHORT);
            if seen >= ENOUGH && self.short >= self.long - NEAR {
                self.demoted_for = None;
                self.sum = 0.0;
                return Some(Turn::Returned);
            }
            return None;
        }
        self.labels += 1.0;
        if self.labels > KNOWN {
            self.sum = (self.sum + self.long - label - SLACK).max(0.0);
        }
        self.long = blend(self.long, self.labels, LONG);
        if self.sum > LIMIT {
            self.demoted_for = Some(0.0);
            return Some(Turn::Demoted);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Dice;

    /// Returns after how many labels the first turn of this kind comes.
    fn first(
        watch: &mut Watch,
        wanted: Turn,
        share: f64,
        most: u32,
        dice: &mut Dice,
    ) -> Option<u32> {
        (1..=most).find(|_| watch.observe(dice.share() < share) == Some(wanted))
    }

    #[test]
    fn a_fall_of_eight_points_is_noticed_within_four_hundred_labels() {
        let mut delays = Vec::new();
        for seed in 0..400 {
            let mut dice = Dice::new(seed);
            let mut watch = Watch::default();
            if first(&mut watch, Turn::Demoted, 0.45, 1_500, &mut dice).is_some() {
                continue;
            }
            let delay = first(&mut watch, Turn::Demoted, 0.37, 5_000, &mut dice);
            delays.push(delay.unwrap_or(5_000));
        }
        delays.sort_unstable();
        let median = delays[delays.len() / 2];
        assert!(median <= 400, "{median}");
    }

    #[test]
    fn what_has_not_changed_is_left_alone_for_a_quarter() {
        // A cell sees some three thousand labels in a quarter.
        let falsely = (0..400)
            .filter(|&seed| {
                let mut dice = Dice::new(seed);
                let mut watch = Watch::default();
                first(&mut watch, Turn::Demoted, 0.45, 3_000, &mut dice).is_some()
            })
            .count();
        // One per cell and quarter is allowed; it is one in a few cells.
        assert!(falsely < 180, "{falsely} of 400");
    }

    #[test]
    fn what_is_itself_again_returns_and_what_is_not_stays_away() {
        let fallen = |seed: u64| {
            let mut dice = Dice::new(seed);
            let mut watch = Watch::default();
            for _ in 0..1_000 {
                watch.observe(dice.share() < 0.5);
            }
            while !watch.is_demoted() {
                watch.observe(dice.share() < 0.2);
            }
            (watch, dice)
        };
        let (mut watch, mut dice) = fallen(1);
        assert!(first(&mut watch, Turn::Returned, 0.2, 2_000, &mut dice).is_none());
        let (mut watch, mut dice) = fallen(1);
        assert!(first(&mut watch, Turn::Returned, 0.5, 1_000, &mut dice).is_some());
        assert!(!watch.is_demoted());
    }
}
