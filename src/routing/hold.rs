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
    let (mut best, mut lost) = ((0.0, 0), 0.0);
    let (mut there_before, mut typed_before) = (0.0, 0.0);
    let longest = LONGEST_HOLD.as_millis() as u32;
    for millis in (STEP..=longest).step_by(STEP as usize) {
        let there = arm.in_time(&[millis]);
        let typed = keys_within(gaps, millis);
        // The hold ends with the answer.
        let is_waiting = 1.0 - f64::midpoint(there_before, there);
        lost += p_free * (typed - typed_before) * is_waiting;
        (there_before, typed_before) = (there, typed);
        let worth = gain * there - lost;
        if worth > best.0 {
            best = (worth, millis);
        }
    }
    Duration::from_millis(best.1.into())
}

/// Returns how many keys are expected within some milliseconds of a key: from every gap on as many as
/// came then, the last one in part. Keys per second over all of them would be too few, since a pause is
/// longer than the keys around it, and most keys are followed by another.
fn keys_within(gaps: &[u32], millis: u32) -> f64 {
    let keys_from = |first: usize| {
        let mut left = f64::from(millis);
        let following = gaps.iter().cycle().skip(first).take(gaps.len());
        let keys = following.map(|gap| {
            let gap = f64::from((*gap).max(1));
            let part = (left / gap).clamp(0.0, 1.0);
            left -= gap;
            part
        });
        keys.take_while(|part| *part > 0.0).sum::<f64>()
    };
    let keys: f64 = (0..gaps.len()).map(keys_from).sum();
    keys / gaps.len().max(1) as f64
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
    fn a_pause_does_not_make_the_keys_around_it_slower() {
        let mut gaps = [100; 10];
        gaps[4] = 5_000;
        // Within a tenth of a second nine gaps of ten are over, and a fiftieth of the pause.
        assert!((keys_within(&gaps, 100) - 0.902).abs() < 1e-9);
        // Within a fifth eight times two are over, once one and a fiftieth, and a twenty-fifth.
        assert!((keys_within(&gaps, 200) - 1.706).abs() < 1e-9);
        assert_eq!(keys_within(&[], 300), 0.0);
    }

    #[test]
    fn what_adds_nothing_is_not_waited_for() {
        assert_eq!(hold(&arm(100), 0.0, 0.7, &[180; 4]), Duration::ZERO);
        assert_eq!(hold(&arm(100), -3.0, 0.7, &[180; 4]), Duration::ZERO);
    }
}
