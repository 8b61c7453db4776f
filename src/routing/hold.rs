//! How long a sure answer that costs nothing is held back for a better one.
//!
//! What is shown may not change under the user, so the better answer is there in time or is not
//! shown. Holding for `D` brings what it adds with the probability that it is there by then, and
//! meanwhile the user types on: every key is one character by hand that the free answer would have
//! saved, if it is what the user wants. A model that is never there in a third of a second is not
//! waited for.

use std::time::Duration;

use super::arm_posterior::ArmPosterior;

/// The longest hold. From a third of a second on a suggestion comes after the user has gone on.
pub const LONGEST_HOLD: Duration = Duration::from_millis(300);
/// The holds that are compared, in milliseconds: finer ones differ by less than latencies are known.
const STEP: u32 = 25;

/// Returns for how long to hold the free answer, up to [`LONGEST_HOLD`], of which zero is to show it
/// at once. `gain` is how many more characters the arm's answer is expected to keep, `p_free` how
/// likely the free one is wanted, and `gaps` are the times between keys in milliseconds, pauses
/// among them.
#[must_use]
pub fn hold(arm: &ArmPosterior, gain: f64, p_free: f64, gaps: &[u32]) -> Duration {
    let typed: f64 = gaps.iter().map(|gap| f64::from(*gap)).sum();
    let keys_per_milli = gaps.len() as f64 / typed.max(1.0);
    let cost_per_milli = p_free * keys_per_milli;
    let (mut best, mut waited, mut before) = ((0.0, 0), 0.0, 0.0);
    let longest = LONGEST_HOLD.as_millis() as u32;
    for millis in (STEP..=longest).step_by(STEP as usize) {
        let by = arm.in_time(&[millis]);
        // The hold ends with the answer.
        waited += f64::from(STEP) * (1.0 - f64::midpoint(before, by));
        before = by;
        let worth = gain * by - cost_per_milli * waited;
        if worth > best.0 {
            best = (worth, millis);
        }
    }
    Duration::from_millis(best.1.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(millis: u32) -> ArmPosterior {
        let mut arm = ArmPosterior::bundled();
        (0..200).for_each(|_| arm.observe_latency(millis));
        arm
    }

    #[test]
    fn a_quick_model_is_waited_for_and_one_that_is_never_in_time_is_not() {
        let typing = [180; 16];
        assert!(hold(&arm(150), 15.0, 0.7, &typing) >= Duration::from_millis(150));
        assert_eq!(hold(&arm(3_000), 15.0, 0.7, &typing), Duration::ZERO);
        // At the half of the time it is there at 250 ms: worth waiting for to the end.
        assert_eq!(hold(&arm(250), 15.0, 0.7, &typing), LONGEST_HOLD);
    }

    #[test]
    fn what_adds_little_is_waited_for_less_the_faster_somebody_types() {
        let arm = arm(250);
        let holds: Vec<Duration> = [5_000, 300, 150, 60]
            .iter()
            .map(|&gap| hold(&arm, 1.0, 0.9, &[gap; 16]))
            .collect();
        assert!(holds.is_sorted_by(|slow, fast| slow >= fast), "{holds:?}");
        assert!(holds[0] > holds[3], "{holds:?}");
        // Nothing is typed, and nothing lost.
        assert_eq!(hold(&arm, 1.0, 0.9, &[]), LONGEST_HOLD);
    }

    #[test]
    fn what_adds_nothing_is_not_waited_for() {
        assert_eq!(hold(&arm(100), 0.0, 0.7, &[180; 4]), Duration::ZERO);
        assert_eq!(hold(&arm(100), -3.0, 0.7, &[180; 4]), Duration::ZERO);
    }
}
