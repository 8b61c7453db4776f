//! Whether a model may be tried: a circuit that opens when a call fails, lets one call through
//! after a rest, and closes when that one is answered.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::Timestamp;

/// How long a model rests after its first failure; doubled with each further one.
const FIRST_REST: Duration = Duration::from_secs(5);
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(300);
/// How long the one call of a half-open circuit is waited for: longer than any call takes.
const LONGEST_TRIAL: Duration = Duration::from_secs(60);
/// How many answers the median latency is taken over.
const WINDOW: usize = 31;
/// How many answers tell what late is.
const ENOUGH: usize = 10;

/// Where a circuit stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Circuit {
    /// Calls go through.
    #[default]
    Closed,
    /// No call goes through until then.
    Open { until: Timestamp },
    /// One call is under way since then, and decides.
    HalfOpen { since: Timestamp },
}

#[derive(Debug, Default)]
struct State {
    circuit: Circuit,
    failures: u32,
    latencies_ms: VecDeque<u32>,
}

/// The health of one model.
#[derive(Debug, Default)]
pub struct Health(Mutex<State>);

impl Health {
    /// Returns whether the model may be tried now.
    pub fn may_be_tried(&self, now: Timestamp) -> bool {
        match self.state().circuit {
            Circuit::Closed => true,
            Circuit::Open { until } => now >= until,
            Circuit::HalfOpen { since } => now.since(since) > LONGEST_TRIAL,
        }
    }

    /// Notes that a call begins; after a rest it is the one that decides.
    pub fn begins(&self, now: Timestamp) {
        let mut state = self.state();
        if state.circuit != Circuit::Closed {
            state.circuit = Circuit::HalfOpen { since: now };
        }
    }

    /// Notes that a call was closed before it said anything of the model's health.
    pub fn left(&self, now: Timestamp) {
        let mut state = self.state();
        if matches!(state.circuit, Circuit::HalfOpen { .. }) {
            state.circuit = Circuit::Open { until: now };
        }
    }

    /// Notes an answer. Returns whether the circuit was open.
    pub fn answered(&self, latency_ms: u32) -> bool {
        let mut state = self.state();
        let was_open = state.circuit != Circuit::Closed;
        state.failures = 0;
        state.circuit = Circuit::Closed;
        if state.latencies_ms.len() == WINDOW {
            state.latencies_ms.pop_front();
        }
        state.latencies_ms.push_back(latency_ms);
        was_open
    }

    /// Notes a failure; the host's own `retry_after` is kept when it is longer than ours. Returns
    /// how long the model rests.
    pub fn failed(&self, now: Timestamp, retry_after: Option<Duration>) -> Duration {
        let mut state = self.state();
        let ours = FIRST_REST
            .saturating_mul(1 << state.failures.min(6))
            .min(LONGEST_REST);
        state.failures = state.failures.saturating_add(1);
        let rest = retry_after.map_or(ours, |theirs| theirs.max(ours));
        state.circuit = Circuit::Open {
            until: now.plus(rest),
        };
        rest
    }

    /// Lets the model rest because its host said that nothing more is allowed for so long.
    pub fn rests(&self, now: Timestamp, rest: Duration) {
        self.state().circuit = Circuit::Open {
            until: now.plus(rest),
        };
    }

    /// Returns the median time to an answer, once there is one.
    pub fn median_latency_ms(&self) -> Option<u32> {
        let sorted = self.latencies_ms();
        sorted.get(sorted.len() / 2).copied()
    }

    /// Returns after how long a model that has said nothing is late: 95 in 100 of its answers were
    /// complete by then. `None` until enough of them are known.
    pub fn late_after(&self) -> Option<Duration> {
        let sorted = self.latencies_ms();
        let late = (sorted.len() >= ENOUGH).then(|| sorted[sorted.len() * 95 / 100]);
        late.map(|ms| Duration::from_millis(ms.into()))
    }

    fn latencies_ms(&self) -> Vec<u32> {
        let mut sorted: Vec<u32> = self.state().latencies_ms.iter().copied().collect();
        sorted.sort_unstable();
        sorted
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
        assert_eq!(health.failed(at(0), None), Duration::from_secs(5));
        assert!(!health.may_be_tried(at(4)));
        assert!(health.may_be_tried(at(5)));
        assert_eq!(health.failed(at(5), None), Duration::from_secs(10));
        assert!(!health.may_be_tried(at(14)));
        assert!(health.answered(80));
        assert!(health.may_be_tried(at(14)));
        assert_eq!(health.median_latency_ms(), Some(80));
        assert!(!health.answered(90), "it was closed already");
    }

    #[test]
    fn after_a_rest_one_call_goes_through_and_decides() {
        let health = Health::default();
        let _rest = health.failed(at(0), None);
        health.begins(at(5));
        assert!(!health.may_be_tried(at(6)), "one is under way");
        health.left(at(7));
        assert!(health.may_be_tried(at(7)), "it said nothing");
        health.begins(at(7));
        let _was_open = health.answered(50);
        health.begins(at(8));
        assert!(health.may_be_tried(at(8)));
    }

    #[test]
    fn a_call_that_never_comes_back_does_not_close_a_model_out() {
        let health = Health::default();
        let _rest = health.failed(at(0), None);
        health.begins(at(5));
        assert!(health.may_be_tried(at(66)));
    }

    #[test]
    fn late_is_what_one_answer_in_twenty_is() {
        let health = Health::default();
        for ms in 1..10 {
            let _was_open = health.answered(ms * 10);
        }
        assert_eq!(health.late_after(), None, "nine answers are too few");
        let _was_open = health.answered(400);
        assert_eq!(health.late_after(), Some(Duration::from_millis(400)));
        for _ in 0..21 {
            let _was_open = health.answered(50);
        }
        assert_eq!(health.late_after(), Some(Duration::from_millis(90)));
    }

    #[test]
    fn the_host_says_how_long_at_least() {
        let health = Health::default();
        let minute = Duration::from_secs(60);
        assert_eq!(health.failed(at(0), Some(minute)), minute);
        assert!(!health.may_be_tried(at(59)));
        assert!(health.may_be_tried(at(60)));
        health.rests(at(60), minute);
        assert!(!health.may_be_tried(at(119)));
    }
}
