//! What a suggestion costs that is read and turned down: the time until the next forty characters are
//! typed, where one was shown that was not wanted, against held-out bursts that would have shown one.
//!
//! Chance decides which bursts are silent, and whether the embedded answer would have been wanted is
//! known of both kinds, so that only places are compared at which it would not have been. The
//! difference is counted in characters at the user's own speed: people are compared with themselves,
//! each by as much as both kinds tell of them, and the sum of the differences is divided by the sum
//! of what forty characters took in silence. The interval is that of a jackknife over user-days
//! (Miller, Biometrika 61, 1974): keys of a day share its mood.

use std::collections::BTreeMap;

use super::{Interval, quantile};

/// How many characters are waited for.
pub const ATTENTION_CHARS: u32 = 40;
/// With fewer silent user-days no interval is to be trusted.
const FEWEST_DAYS: usize = 20;

/// A burst at whose place the embedded answer was sure, and was not what came to be typed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Whose burst it is.
    pub user: u64,
    /// Of which day.
    pub day: i64,
    /// Whether the answer was shown; else the burst was held out.
    pub is_shown: bool,
    /// Milliseconds until the next [`ATTENTION_CHARS`] characters were typed.
    pub millis: f64,
}

/// What attention costs, as bursts say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention {
    /// Characters that could have been typed while a suggestion was read and turned down.
    pub characters: Interval,
    /// Bursts with a suggestion that was turned down.
    pub shown: usize,
    /// Silent ones.
    pub silent: usize,
}

/// Sums over bursts, the silent ones first.
#[derive(Clone, Copy, Default)]
struct Sums {
    bursts: [f64; 2],
    millis: [f64; 2],
}

impl Sums {
    fn add(&mut self, reading: &Reading) {
        let at = usize::from(reading.is_shown);
        self.bursts[at] += 1.0;
        self.millis[at] += reading.millis;
    }

    fn without(mut self, part: &Self) -> Self {
        for at in 0..2 {
            self.bursts[at] -= part.bursts[at];
            self.millis[at] -= part.millis[at];
        }
        self
    }

    /// Returns what a suggestion takes and what forty characters take, each by how much both kinds
    /// tell of somebody: nothing where one kind is missing.
    fn contrast(&self) -> [f64; 2] {
        let [silent, shown] = self.bursts;
        if silent < 1.0 || shown < 1.0 {
            return [0.0; 2];
        }
        let weight = silent * shown / (silent + shown);
        let [quiet, read] = [self.millis[0] / silent, self.millis[1] / shown];
        [weight * (read - quiet), weight * quiet]
    }
}

/// Estimates what attention costs; `None` with fewer silent days of people who have bursts of both
/// kinds than an interval takes.
#[must_use]
pub fn attention(readings: &[Reading]) -> Option<Attention> {
    let mut users: BTreeMap<u64, Sums> = BTreeMap::new();
    let mut days: BTreeMap<(u64, i64), Sums> = BTreeMap::new();
    for reading in readings.iter().filter(|reading| reading.millis > 0.0) {
        users.entry(reading.user).or_default().add(reading);
        let day = (reading.user, reading.day);
        days.entry(day).or_default().add(reading);
    }
    users.retain(|_, sums| sums.bursts.iter().all(|bursts| *bursts > 0.0));
    days.retain(|(user, _), _| users.contains_key(user));
    let silent_days = days.values().filter(|day| day.bursts[0] > 0.0).count();
    if silent_days < FEWEST_DAYS {
        return None;
    }
    let [more, quiet] = users.values().map(Sums::contrast).fold([0.0; 2], plus);
    let of = |more: f64, quiet: f64| f64::from(ATTENTION_CHARS) * more / quiet;
    let value = of(more, quiet);
    // Without one day, of which only its own user's part changes.
    let left_out = days.iter().map(|((user, _), day)| {
        let whole = users[user];
        let (with, without) = (whole.contrast(), whole.without(day).contrast());
        of(more - with[0] + without[0], quiet - with[1] + without[1])
    });
    let left_out: Vec<f64> = left_out.filter(|value| value.is_finite()).collect();
    let n = left_out.len() as f64;
    let mean = left_out.iter().sum::<f64>() / n;
    let squares: f64 = left_out.iter().map(|value| (value - mean).powi(2)).sum();
    let half = quantile(silent_days as f64) * (squares * (n - 1.0) / n).sqrt();
    let count = |at: usize| users.values().map(|sums| sums.bursts[at]).sum::<f64>() as usize;
    Some(Attention {
        characters: Interval {
            value,
            low: value - half,
            high: value + half,
        },
        silent: count(0),
        shown: count(1),
    })
}

fn plus(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] + b[0], a[1] + b[1]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Dice;

    /// Forty people, each with a speed and a share of silence of their own, whose days differ; a
    /// suggestion takes as long as `kappa` characters, give or take a half.
    fn made(seed: u64, kappa: f64) -> Vec<Reading> {
        let mut dice = Dice::new(seed);
        let mut readings = Vec::new();
        // About normal: the sum of twelve numbers.
        let normal = |dice: &mut Dice| (0..12).map(|_| dice.share()).sum::<f64>() - 6.0;
        for user in 0..40 {
            let per_char = 180.0 * (0.35 * normal(&mut dice)).exp();
            let silence = 0.02 + 0.1 * dice.share();
            for day in 0..15 {
                let mood = (0.15 * normal(&mut dice)).exp();
                for _ in 0..10 + dice.below(20) {
                    let is_shown = dice.share() >= silence;
                    // Pauses make some bursts much longer.
                    let typed = 40.0 * (0.5 * normal(&mut dice) - 0.125).exp();
                    let read = if is_shown {
                        kappa * 2.0 * dice.share()
                    } else {
                        0.0
                    };
                    readings.push(Reading {
                        user,
                        day,
                        is_shown,
                        millis: per_char * mood * (typed + read),
                    });
                }
            }
        }
        readings
    }

    #[test]
    fn the_interval_covers_what_is_known_in_93_of_100_months_or_more() {
        for kappa in [0.0, 8.0] {
            let covered = (0..200).filter(|&seed| {
                let attention = attention(&made(seed, kappa)).expect("enough days");
                let Interval { low, high, .. } = attention.characters;
                (low..=high).contains(&kappa)
            });
            let covered = covered.count();
            assert!((186..200).contains(&covered), "{covered} at {kappa}");
        }
    }

    #[test]
    fn people_are_compared_with_themselves() {
        // Who types slowly is hardly ever held out here, and no suggestion takes anybody any time.
        let mut readings = Vec::new();
        for day in 0..30 {
            for (user, millis, shown) in [(1, 5_000.0, 1), (2, 20_000.0, 9)] {
                for at in 0..=shown {
                    readings.push(Reading {
                        user,
                        day,
                        is_shown: at > 0,
                        millis: millis + f64::from(day as i32),
                    });
                }
            }
        }
        let attention = attention(&readings).expect("enough days");
        assert!(attention.characters.value.abs() < 1e-6, "{attention:?}");
        assert_eq!((attention.silent, attention.shown), (60, 300));
    }

    #[test]
    fn a_few_days_say_nothing() {
        let readings = made(1, 8.0);
        let few: Vec<Reading> = readings.iter().copied().filter(|r| r.day < 1).collect();
        let none: Vec<Reading> = readings.iter().copied().filter(|r| r.is_shown).collect();
        assert_eq!(attention(&none), None);
        let silent: Vec<Reading> = few
            .into_iter()
            .filter(|reading| reading.user < 15)
            .collect();
        assert_eq!(attention(&silent), None);
    }
}
