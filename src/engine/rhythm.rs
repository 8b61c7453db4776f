//! The user's typing rhythm: how long it takes from one key to the next.
//!
//! Kept for the session and over all documents, in memory alone: 64 numbers, no key and no place.
//! `patience.rs` is what it is for.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::Timestamp;

/// How many intervals are remembered: some ten seconds of typing, so that it follows the user's mood.
const WINDOW: usize = 64;
/// Changes that are closer than this are one key's: editors send a bracket and its pair one by one.
const SAME_KEY: Duration = Duration::from_millis(10);
/// From here on it is a pause, whose length says nothing of the rhythm.
const PAUSE: Duration = Duration::from_secs(1);

/// What a user nobody knows yet is taken for: the middles of thirteen equally likely parts of a
/// log-normal distribution with median 180 ms and sigma 0.5, in milliseconds, and three pauses.
///
/// Volunteers who transcribed sentences took 239 ms from key to key on average, fast ones about half
/// of it (Dhakal et al., Observations on Typing from 136 Million Keystrokes, CHI 2018); a mean of
/// 204 ms is that of a practised typist. That 3 of 16 intervals are pauses is our assumption: a line
/// is typed in runs of a handful of keys.
const NEWCOMER: [Gap; 16] = [
    Gap::Millis(74),
    Gap::Millis(99),
    Gap::Millis(117),
    Gap::Millis(132),
    Gap::Millis(148),
    Gap::Millis(163),
    Gap::Millis(180),
    Gap::Millis(198),
    Gap::Millis(219),
    Gap::Millis(245),
    Gap::Millis(278),
    Gap::Millis(328),
    Gap::Millis(436),
    Gap::Pause,
    Gap::Pause,
    Gap::Pause,
];

/// What came after a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Gap {
    /// Another key, after so many milliseconds.
    Millis(u16),
    /// Nothing for a while.
    Pause,
}

impl Gap {
    fn of(span: Duration) -> Self {
        u16::try_from(span.as_millis())
            .ok()
            .filter(|_| span < PAUSE)
            .map_or(Self::Pause, Self::Millis)
    }
}

#[derive(Debug, Default)]
struct State {
    last: Option<Timestamp>,
    gaps: VecDeque<Gap>,
}

/// The rhythm of one session.
#[derive(Debug, Default)]
pub struct Rhythm(Mutex<State>);

impl Rhythm {
    /// Notes a key. A clock that was set back loses one interval, no more.
    pub fn key(&self, now: Timestamp) {
        let mut state = self.state();
        if let Some(last) = state.last.replace(now) {
            let span = now.since(last);
            if span < SAME_KEY {
                return;
            }
            if state.gaps.len() == WINDOW {
                state.gaps.pop_front();
            }
            state.gaps.push_back(Gap::of(span));
        }
    }

    /// Returns how long ago the last key was; zero before the first one.
    pub fn since_key(&self, now: Timestamp) -> Duration {
        self.state()
            .last
            .map_or(Duration::ZERO, |last| now.since(last))
    }

    /// Returns the intervals so far, with those of a user nobody knows yet among them.
    pub fn gaps(&self) -> Gaps {
        Gaps::of(self.state().gaps.iter().copied())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The distribution of intervals between keys, each as likely as the other. Never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gaps(Vec<Gap>);

impl Gaps {
    fn of(seen: impl Iterator<Item = Gap>) -> Self {
        // The prior never leaves: full, the window weighs four times as much.
        Self(seen.chain(NEWCOMER).collect())
    }

    /// Returns how long from now the next key may take, for each interval that is longer than
    /// `since_key`; `None` is a pause, of which there is at least one.
    pub fn left(&self, since_key: Duration) -> impl Iterator<Item = Option<Duration>> {
        self.0.iter().filter_map(move |gap| match gap {
            Gap::Pause => Some(None),
            Gap::Millis(gap) => Duration::from_millis(u64::from(*gap))
                .checked_sub(since_key)
                .filter(|left| !left.is_zero())
                .map(Some),
        })
    }

    /// Returns the intervals in milliseconds, a pause as a long one.
    pub fn millis(&self) -> Vec<u32> {
        let millis = |gap: &Gap| match gap {
            Gap::Millis(millis) => u32::from(*millis),
            Gap::Pause => 5 * PAUSE.as_millis() as u32,
        };
        self.0.iter().map(millis).collect()
    }

    #[cfg(test)]
    pub fn from_millis(seen: impl IntoIterator<Item = u64>) -> Self {
        let spans = seen.into_iter().map(Duration::from_millis);
        Self::of(spans.map(Gap::of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types keys at these milliseconds; returns what was learnt, without the prior.
    fn learnt(keys: &[i64]) -> Vec<Gap> {
        let rhythm = Rhythm::default();
        for key in keys {
            rhythm.key(at(*key));
        }
        let gaps = rhythm.gaps().0;
        gaps[..gaps.len() - NEWCOMER.len()].to_vec()
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_micros(millis * 1_000)
    }

    #[test]
    fn intervals_are_measured_and_a_long_one_is_a_pause() {
        let expected = [Gap::Millis(120), Gap::Millis(999), Gap::Pause];
        assert_eq!(learnt(&[0, 120, 1_119, 2_119]), expected);
        assert_eq!(learnt(&[0, i64::MAX / 1_000]), [Gap::Pause]);
    }

    #[test]
    fn two_changes_of_one_key_are_one_key() {
        assert_eq!(learnt(&[0, 1, 121, 130]), [Gap::Millis(120)]);
    }

    #[test]
    fn a_clock_that_is_set_back_does_no_harm() {
        assert_eq!(learnt(&[5_000, 100, 250]), [Gap::Millis(150)]);
    }

    #[test]
    fn only_the_last_intervals_count() {
        let keys: Vec<i64> = (0..=100)
            .map(|n| n * 100)
            .chain((1..=64).map(|n| 10_000 + n * 60))
            .collect();
        assert_eq!(learnt(&keys), [Gap::Millis(60); WINDOW]);
    }

    #[test]
    fn time_that_has_passed_is_taken_off_and_rules_the_shorter_intervals_out() {
        let gaps = Gaps::from_millis([60, 200, 2_000]);
        let left: Vec<_> = gaps
            .left(Duration::from_millis(150))
            .take(2)
            .map(|left| left.map(|left| left.as_millis()))
            .collect();
        assert_eq!(left, [Some(50), None]);
        let late = gaps.left(Duration::from_secs(3_600));
        assert!(late.eq([None; 4]), "the pauses alone remain");
    }

    #[test]
    fn the_time_since_the_last_key_is_told() {
        let rhythm = Rhythm::default();
        assert_eq!(rhythm.since_key(at(9)), Duration::ZERO);
        rhythm.key(at(100));
        assert_eq!(rhythm.since_key(at(130)), Duration::from_millis(30));
    }
}
