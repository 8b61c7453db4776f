//! Whether a model may be tried: one that failed is left alone for a while, then tried again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::Timestamp;

/// How long a model rests after its first failure; doubled with each further one.
const FIRST_REST: Duration = Duration::from_secs(5);
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(300);
/// How many answers the median latency is taken over.
const WINDOW: usize = 31;

#[derive(Debug, Default)]
struct State {
    failures: u32,
    rests_until: Option<Timestamp>,
    latencies_ms: VecDeque<u32>,
}

/// The health of one model.
#[derive(Debug, Default)]
pub struct Health(Mutex<State>);

impl Health {
    /// Returns whether the model may be tried now.
    pub fn may_be_tried(&self, now: Timestamp) -> bool {
        self.state().rests_until.is_none_or(|until| now >= until)
    }

    /// Returns the median time to an answer, once there is one.
    pub fn median_latency_ms(&self) -> Option<u32> {
        let mut sorted: Vec<u32> = self.state().latencies_ms.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }

    /// Notes an answer.
    pub fn answered(&self, latency_ms: u32) {
        let mut state = self.state();
        state.failures = 0;
        state.rests_until = None;
        if state.latencies_ms.len() == WINDOW {
            state.latencies_ms.pop_front();
        }
        state.latencies_ms.push_back(latency_ms);
    }

    /// Notes a failure; the host's own `retry_after` is kept when it is longer than ours.
    pub fn failed(&self, now: Timestamp, retry_after: Option<Duration>) {
        let mut state = self.state();
        let ours = FIRST_REST
            .saturating_mul(1 << state.failures.min(6))
            .min(LONGEST_REST);
        state.failures = state.failures.saturating_add(1);
        state.rests_until = Some(now.plus(retry_after.map_or(ours, |theirs| theirs.max(ours))));
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_failed_model_rests_longer_each_time_and_is_well_after_an_answer() {
        let health = Health::default();
        health.failed(at(0), None);
        assert!(!health.may_be_tried(at(4)));
        assert!(health.may_be_tried(at(5)));
        health.failed(at(5), None);
        assert!(!health.may_be_tried(at(14)));
        health.answered(80);
        assert!(health.may_be_tried(at(14)));
        assert_eq!(health.median_latency_ms(), Some(80));
    }

    #[test]
    fn the_host_says_how_long_at_least() {
        let health = Health::default();
        health.failed(at(0), Some(Duration::from_secs(60)));
        assert!(!health.may_be_tried(at(59)));
        assert!(health.may_be_tried(at(60)));
    }
}
