//! One draw per burst of typing: chance is decided once, and sticks.
//!
//! What is served from an answer later is credited to the decision that paid, so consecutive keys
//! are one experiment, not many. A small share of the bursts is held out for good: it is answered
//! with silence or by a forced arm, and tells what gating costs, what attention costs, and what the
//! answers are worth.

use crate::domain::{BurstId, Dice, fnv1a};

/// Share of the bursts that is held out.
pub const HOLDOUT: f64 = 0.01;

/// What a held-out burst gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HeldOut {
    /// Nothing.
    Silence,
    /// One of the eligible arms, each as likely as any other; the number is from `[0, 1)`.
    Arm(f64),
}

/// The chance of one burst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// What it follows from; on every decision row of the burst.
    pub seed: u64,
    /// The number that plays an option, from `[0, 1)`.
    pub number: f64,
    /// Set where the burst is held out.
    pub held_out: Option<HeldOut>,
}

impl Draw {
    /// Returns the draw of a burst; `salt` is the installation's own.
    #[must_use]
    pub fn of(burst: BurstId, salt: u64) -> Self {
        let mut bytes = burst.as_uuid().into_bytes().to_vec();
        bytes.extend_from_slice(&salt.to_le_bytes());
        Self::from_seed(fnv1a(&bytes))
    }

    /// Returns the draw that a seed gives: a decision row can be drawn again.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let number = dice.share();
        let is_held_out = dice.share() < HOLDOUT;
        let is_silent = dice.share() < 0.5;
        let arm = dice.share();
        Self {
            seed,
            number,
            held_out: is_held_out.then_some(if is_silent {
                HeldOut::Silence
            } else {
                HeldOut::Arm(arm)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn a_burst_has_one_draw_and_another_salt_another() {
        let burst = BurstId::new(Timestamp::from_unix_micros(5));
        assert_eq!(Draw::of(burst, 1), Draw::of(burst, 1));
        assert_ne!(Draw::of(burst, 1).number, Draw::of(burst, 2).number);
        let draw = Draw::of(burst, 1);
        assert_eq!(Draw::from_seed(draw.seed), draw);
    }

    #[test]
    fn one_burst_in_a_hundred_is_held_out_half_of_them_in_silence() {
        let draws: Vec<Draw> = (0..200_000).map(Draw::from_seed).collect();
        let held_out = draws.iter().filter_map(|draw| draw.held_out);
        let silent = held_out
            .clone()
            .filter(|held_out| *held_out == HeldOut::Silence)
            .count();
        let held_out = held_out.count();
        // Two thousand are expected, give or take 45; a thousand of them, give or take 22.
        assert!((1_800..2_200).contains(&held_out), "{held_out}");
        assert!((900..1_100).contains(&silent), "{silent}");
    }
}
