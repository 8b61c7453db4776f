//! How long to wait before a call that costs money, so that the next key does not waste it.
//!
//! A call that is begun at once is often closed by the next key, and paid for all the same. A call
//! that waits comes late. Both are put in money, and the wait with the least expected loss is taken.
//!
//! Let `t` be the time from now to the next key, distributed as this user's intervals are, given
//! that none has come since the last one; `L` how long the model takes; `a` the probability that a
//! key agrees with what was begun (it then attaches to the running call and wastes nothing); `c`
//! what a closed call costs; `v` what a millisecond is worth. A wait of `w` loses
//!
//! ```text
//! v·[ a·w + (1−a)·E min(w, max(0, t−L)) ]  +  c·(1−a)·P(w < t ≤ w+L)
//! ```
//!
//! The first term is the time by which the suggestion stands there later than without a wait: all of
//! `w` when the key agrees; otherwise only what lies before the key, and nothing when the key would
//! have come before the suggestion anyhow. The second is the call that a key closes. Keys within the
//! wait waste nothing: their own requests supersede this one before it has called anybody.
//!
//! The first term grows with `w`. Hence a dearer `c` never makes the best wait shorter: of two waits
//! that are best for two prices, the one for the dearer price has the smaller `P`, so it must be the
//! one with the larger first term. Everything is counted in integers, so this holds exactly.
//!
//! Milliseconds to wait right after a key, for a prompt of 1,500 tokens and a model that takes
//! 300 ms, after 59 intervals within a quarter of 60, 150 or 350 ms and five pauses, and for a user
//! nobody knows yet:
//!
//! | host | a closed call | 60 ms | 150 ms | 350 ms | unknown |
//! |---|---|---|---|---|---|
//! | Codestral at Mistral, 0.30/0.90, billed in full | $0.000508 | 75 | 200 | 0 | 0 |
//! | DeepSeek Flash off-peak, 0.15/0.60 | $0.000235 | 75 | 0 | 0 | 0 |
//! | a premium model, 2/10 | $0.003160 | 250 | 250 | 400 | 350 |
//!
//! A fast typist's next key is soon there, so a short wait is enough to know; the slow one mostly
//! has the suggestion before the next key, so only a dear call is worth waiting with.
//!
//! Pure: the moment and the rhythm are passed in.

use std::time::Duration;

use super::rhythm::Gaps;
use crate::domain::Money;

/// The longest time from the key to the call.
pub const LONGEST: Duration = Duration::from_millis(400);
/// The waits that are compared: finer ones differ by less than the rhythm is known.
const STEP: Duration = Duration::from_millis(25);

/// What a model takes that has not answered in this session yet.
const USUAL_LATENCY: Duration = Duration::from_millis(400);

/// What it is worth that a suggestion comes one millisecond earlier: one micro-USD.
///
/// A developer costs about 75 USD an hour with everything, which is 21 micro-USD per millisecond.
/// Three suggestions in ten are wanted (Dohmke, Iansiti and Richards, Sea Change in Software
/// Development, 2023: nearly 30 % are accepted), and for about one in six of these we take it that
/// the developer does nothing else meanwhile, neither reads nor thinks: 21 × 0.3 / 6 = 1.
const MILLISECOND: Money = Money::from_pico_usd(1_000_000);

/// The probability that a key agrees with the suggestion that was begun before it, in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agreement(u16);

impl Agreement {
    /// Makes a probability of thousandths; more than all is all.
    pub const fn of_thousand(thousandths: u16) -> Self {
        Self(if thousandths < 1_000 {
            thousandths
        } else {
            1_000
        })
    }
}

/// The call that is about to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stake {
    /// What it costs when the next key closes it; [`Money::ZERO`] for a free model.
    pub cancelled: Money,
    /// How long it takes.
    pub latency: Duration,
    /// Whether the next key will close it.
    pub agreement: Agreement,
}

impl Stake {
    /// Makes the stake of a call to a model with this median latency so far, if it has one.
    pub fn new(cancelled: Money, latency_ms: Option<u32>, agreement: Agreement) -> Self {
        Self {
            cancelled,
            latency: latency_ms.map_or(USUAL_LATENCY, |ms| Duration::from_millis(u64::from(ms))),
            agreement,
        }
    }
}

/// Returns how long to wait, from now, before the call is made: zero when closing it costs nothing,
/// and never so long that the call comes more than [`LONGEST`] after the key.
///
/// The time that has passed since the key is in `since_key`; it is not waited again.
pub fn patience(gaps: &Gaps, since_key: Duration, stake: &Stake) -> Duration {
    if stake.cancelled <= Money::ZERO {
        return Duration::ZERO;
    }
    let left: Vec<Option<Duration>> = gaps.left(since_key).collect();
    let longest = LONGEST.saturating_sub(since_key);
    let waits = (0..).map(|step| STEP * step);
    waits
        .take_while(|wait| *wait <= longest)
        // Of equals the first is taken, which is the shortest.
        .min_by_key(|wait| loss(&left, *wait, stake))
        .unwrap_or(Duration::ZERO)
}

/// Returns the expected loss of a wait times the number of intervals, in milli-pico-USD.
fn loss(left: &[Option<Duration>], wait: Duration, stake: &Stake) -> i128 {
    let agrees = i128::from(stake.agreement.0);
    let differs = 1_000 - agrees;
    left.iter()
        .map(|left| {
            let late = left.map_or(wait, |left| wait.min(left.saturating_sub(stake.latency)));
            let is_wasted =
                left.is_some_and(|left| left > wait && left <= wait.saturating_add(stake.latency));
            let late = agrees * worth(wait) + differs * worth(late);
            let wasted = differs * i128::from(stake.cancelled.pico_usd()) * i128::from(is_wasted);
            late + wasted
        })
        .sum()
}

/// Returns what a span is worth, in pico-USD.
fn worth(span: Duration) -> i128 {
    i128::try_from(span.as_micros()).unwrap_or(i128::MAX) * i128::from(MILLISECOND.pico_usd())
        / 1_000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Duration = Duration::ZERO;
    const HALF: Agreement = Agreement::of_thousand(500);

    fn millis(span: u64) -> Duration {
        Duration::from_millis(span)
    }

    fn stake(pico: i64) -> Stake {
        Stake::new(Money::from_pico_usd(pico), Some(300), HALF)
    }

    /// A typist with 59 intervals that go up and down around `gap` by a third, and five pauses.
    fn typist(gap: u64) -> Gaps {
        let swing = |n: u64| gap * (20 + n * 7 % 13) / 26;
        Gaps::from_millis((0..59).map(swing).chain([3_000; 5]))
    }

    // A prompt of 1,500 tokens; the answer is bounded by 64.
    // Codestral, in full: 1,500×300,000 + 64×900,000 pico-USD.
    const MISTRAL: i64 = 507_600_000;
    // DeepSeek Flash off-peak, a quarter of the answer: 1,500×150,000 + 16×600,000 pico-USD.
    const DEEPSEEK: i64 = 234_600_000;
    // A premium model that stops with the socket: 1,500×2,000,000 + 16×10,000,000 pico-USD.
    const PREMIUM: i64 = 3_160_000_000;

    #[test]
    fn three_typists_at_three_hosts() {
        let users = [typist(60), typist(150), typist(350), Gaps::from_millis([])];
        let row = |pico| {
            users
                .each_ref()
                .map(|gaps| patience(gaps, NOW, &stake(pico)).as_millis())
        };
        // The table in the documentation of this module.
        assert_eq!(row(MISTRAL), [75, 200, 0, 0]);
        assert_eq!(row(DEEPSEEK), [75, 0, 0, 0]);
        assert_eq!(row(PREMIUM), [250, 250, 400, 350]);
    }

    #[test]
    fn a_loss_is_counted_by_hand() {
        // Two thirds type after 100 ms, one third pauses; a model of 300 ms; a wait of 50 ms.
        let left = [Some(millis(100)), Some(millis(100)), None];
        // In half of the cases the key agrees: 50 ms late each time. In the other half the pause is
        // 50 ms late, and the two keys close a call of 400 micro-USD each:
        // 3 × ½ × 50 + ½ × 50 + 2 × ½ × 400 = 500 micro-USD.
        let micro = |micro: i128| micro * 1_000_000 * 1_000;
        assert_eq!(loss(&left, millis(50), &stake(400_000_000)), micro(500));
        // A wait of 100 ms lets both keys come first: 3 × ½ × 100 + ½ × 100 = 200 micro-USD.
        assert_eq!(loss(&left, millis(100), &stake(400_000_000)), micro(200));
    }

    #[test]
    fn time_that_has_passed_is_not_waited_again() {
        let wait = |since| patience(&typist(60), millis(since), &stake(MISTRAL)).as_millis();
        assert_eq!([wait(0), wait(25), wait(50)], [75, 50, 25]);
        // Nobody types any more: what is left are pauses.
        assert_eq!(wait(399), 0);
        assert_eq!(wait(60_000), 0);
    }

    #[test]
    fn a_model_that_is_there_before_the_next_key_is_called_at_once() {
        let swift = Stake {
            latency: millis(50),
            ..stake(MISTRAL)
        };
        assert_eq!(patience(&typist(150), NOW, &swift), Duration::ZERO);
    }

    #[test]
    fn a_model_that_has_not_answered_yet_is_as_slow_as_most() {
        let unknown = Stake::new(Money::ZERO, None, HALF);
        assert_eq!(unknown, Stake::new(Money::ZERO, Some(400), HALF));
    }

    #[test]
    fn keys_that_agree_waste_nothing() {
        let wait = |thousandths| {
            let agreement = Agreement::of_thousand(thousandths);
            let stake = Stake {
                agreement,
                ..stake(MISTRAL)
            };
            patience(&typist(150), NOW, &stake).as_millis()
        };
        assert_eq!(
            [wait(0), wait(500), wait(1_000), wait(9_999)],
            [350, 200, 0, 0]
        );
    }

    fn any_gaps() -> impl Strategy<Value = Gaps> {
        prop::collection::vec(0_u64..1_500, 0..64).prop_map(Gaps::from_millis)
    }

    fn any_stake() -> impl Strategy<Value = Stake> {
        (any::<i64>(), any::<u16>(), 0_u64..30_000).prop_map(|(pico, thousandths, latency)| Stake {
            cancelled: Money::from_pico_usd(pico),
            latency: millis(latency),
            agreement: Agreement::of_thousand(thousandths),
        })
    }

    proptest! {
        #[test]
        fn a_call_is_never_later_than_the_longest(
            gaps in any_gaps(), since in 0_u64..2_000, stake in any_stake(),
        ) {
            let wait = patience(&gaps, millis(since), &stake);
            prop_assert!(wait.is_zero() || millis(since) + wait <= LONGEST);
            prop_assert_eq!(wait, patience(&gaps, millis(since), &stake));
        }

        #[test]
        fn a_call_that_costs_nothing_never_waits(
            gaps in any_gaps(), since in 0_u64..2_000, stake in any_stake(),
        ) {
            let free = Stake { cancelled: Money::ZERO, ..stake };
            prop_assert_eq!(patience(&gaps, millis(since), &free), Duration::ZERO);
        }

        #[test]
        fn a_dearer_call_never_waits_less(
            gaps in any_gaps(), since in 0_u64..400, stake in any_stake(),
            cheap in 0_i64..5_000_000_000, more in 0_i64..5_000_000_000,
        ) {
            let wait = |pico| {
                let stake = Stake { cancelled: Money::from_pico_usd(pico), ..stake };
                patience(&gaps, millis(since), &stake)
            };
            prop_assert!(wait(cheap) <= wait(cheap + more));
        }
    }
}
