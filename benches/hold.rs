//! What holding a sure free answer back for a better one brings: kept characters and delay at made-up
//! rhythms and latencies, with the rule as shipped, without a hold, and with a fixed one.
//!
//! `cargo bench --bench hold`. Everything follows from the seed. At each decision the free answer is
//! right with a probability of its own, and so is the better one, which is longer; while it is waited
//! for somebody types on, and every key is a character less to be saved by whatever is shown then.

use std::time::Duration;

use mantle_ls::domain::Dice;
use mantle_ls::routing::{ArmPosterior, LONGEST_HOLD, hold};

const DECISIONS: usize = 20_000;
/// Gaps that the rule sees, as in a session.
const GAPS: usize = 16;
/// One gap of so many is a pause of a second to four.
const PAUSES: f64 = 0.08;
/// Characters of the free answer and of the better one.
const FREE_CHARS: f64 = 15.0;
const BETTER_CHARS: f64 = 30.0;

fn main() {
    println!("typing  latency |  no hold |  300 ms        |  the rule       | best fixed one");
    println!("(ms)    (ms)    |  kept    |  kept   delay  |  kept   delay   | kept  (ms)");
    let mut sums = [0.0; 4];
    let cells = [90, 180, 350].into_iter().flat_map(|typing| {
        [100, 200, 300, 500, 1_000]
            .into_iter()
            .map(move |latency| (typing, latency))
    });
    let mut count = 0.0;
    for (typing, latency) in cells {
        let cell = Cell::of(typing, latency);
        let fixed = |millis: u64| cell.mean(|_| Duration::from_millis(millis));
        let none = fixed(0);
        let longest = cell.mean(|_| LONGEST_HOLD);
        let rule = cell.mean(|place| hold(&cell.arm, place.gain(), place.p_free, &place.gaps));
        let hindsight = (0..=12).map(|step| (fixed(25 * step), 25 * step));
        let (best, at) = hindsight
            .max_by(|a, b| a.0.kept.total_cmp(&b.0.kept))
            .unwrap_or((none, 0));
        println!(
            "{typing:<7} {latency:<7} |  {:6.2}  |  {:6.2} {:5.0}  |  {:6.2} {:5.0}   | {:6.2} {at:4}",
            none.kept, longest.kept, longest.delay, rule.kept, rule.delay, best.kept,
        );
        for (sum, kept) in sums.iter_mut().zip([none, longest, rule, best]) {
            *sum += kept.kept;
        }
        count += 1.0;
    }
    let [none, longest, rule, best] = sums.map(|sum| sum / count);
    println!(
        "all: no hold {none:.2}, 300 ms {longest:.2}, the rule {rule:.2}, best fixed {best:.2}"
    );
}

/// One rhythm and one latency.
struct Cell {
    arm: ArmPosterior,
    places: Vec<Place>,
}

/// One decision, with what comes of it.
struct Place {
    /// How likely each answer is right, as it is believed; belief is true here.
    p_free: f64,
    p_better: f64,
    /// Gaps before it.
    gaps: Vec<u32>,
    /// When keys come after it, in milliseconds.
    keys: Vec<f64>,
    /// When the better answer comes.
    arrives: f64,
    is_free_right: bool,
    is_better_right: bool,
}

/// Means over decisions.
#[derive(Clone, Copy)]
struct Mean {
    kept: f64,
    /// Milliseconds until something is shown.
    delay: f64,
}

impl Place {
    /// How many more characters the better answer is expected to keep.
    fn gain(&self) -> f64 {
        self.p_better * BETTER_CHARS - self.p_free * FREE_CHARS
    }

    /// Returns what is kept, and when something is shown.
    fn play(&self, held: f64) -> Mean {
        let is_there = self.arrives <= held;
        let delay = if is_there { self.arrives } else { held };
        let typed = self.keys.iter().filter(|at| **at <= delay).count() as f64;
        let (is_right, chars) = if is_there {
            (self.is_better_right, BETTER_CHARS)
        } else {
            (self.is_free_right, FREE_CHARS)
        };
        let kept = if is_right {
            (chars - typed).max(0.0)
        } else {
            0.0
        };
        Mean { kept, delay }
    }
}

impl Cell {
    fn of(typing: u32, latency: u32) -> Self {
        let mut dice = Dice::new(u64::from(typing) << 16 | u64::from(latency));
        let mut arm = ArmPosterior::bundled();
        (0..300).for_each(|_| arm.observe_latency(spread(&mut dice, latency, 0.4) as u32));
        let place = |_| {
            let p_free = 0.55 + 0.4 * dice.share();
            let p_better = 0.3 + 0.6 * dice.share();
            let gaps = (0..GAPS).map(|_| gap(&mut dice, typing) as u32).collect();
            let mut at = 0.0;
            let mut keys = Vec::new();
            while at < 1_000.0 {
                at += gap(&mut dice, typing);
                keys.push(at);
            }
            Place {
                p_free,
                p_better,
                gaps,
                keys,
                arrives: spread(&mut dice, latency, 0.4),
                is_free_right: dice.share() < p_free,
                is_better_right: dice.share() < p_better,
            }
        };
        Self {
            places: (0..DECISIONS).map(place).collect(),
            arm,
        }
    }

    fn mean(&self, held: impl Fn(&Place) -> Duration) -> Mean {
        let n = self.places.len() as f64;
        let played = self
            .places
            .iter()
            .map(|place| place.play(held(place).as_secs_f64() * 1e3));
        let (kept, delay) = played.fold((0.0, 0.0), |(kept, delay), one| {
            (kept + one.kept, delay + one.delay)
        });
        Mean {
            kept: kept / n,
            delay: delay / n,
        }
    }
}

/// Returns a time between keys.
fn gap(dice: &mut Dice, typing: u32) -> f64 {
    if dice.share() < PAUSES {
        return 1_000.0 + 3_000.0 * dice.share();
    }
    spread(dice, typing, 0.35)
}

/// Returns a number around a median, its logarithm spread by `deviation` (about normal: the sum of
/// twelve numbers).
fn spread(dice: &mut Dice, median: u32, deviation: f64) -> f64 {
    let normal = (0..12).map(|_| dice.share()).sum::<f64>() - 6.0;
    f64::from(median) * (deviation * normal).exp()
}
