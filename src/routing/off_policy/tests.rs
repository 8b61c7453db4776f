use super::*;
use crate::domain::Dice;

/// A ledger of which the truth is known: people with moods and places of four kinds, three options,
/// one draw per burst of places.
struct Made {
    samples: Vec<Sample>,
    rewards: Vec<f64>,
    /// What the other policy reaches per decision, in the mean of all draws.
    truth: f64,
}

impl Made {
    fn judge(&self) -> Judge<'_> {
        Judge::of(&self.samples, &self.rewards)
    }

    /// What the other policy does in a row.
    fn wanted(&self, row: usize) -> u64 {
        wanted(self.samples[row].cell)
    }

    fn verdict(&self) -> Verdict {
        self.judge().verdict(|row| self.wanted(row))
    }

    fn evidence(&self) -> (Evidence, Result<(), TooThin>) {
        self.judge().evidence(|row| self.wanted(row))
    }
}

/// What an option brings at a place in the mean.
fn mean_of(option: u64, cell: u64, mood: f64) -> f64 {
    let skill = [4.0, 9.0, 13.0][option as usize];
    let ease = [0.4, 0.8, 1.1, 1.7][cell as usize];
    // The options differ more where it is hard: the cell means alone do not know that.
    skill * ease * mood + option as f64 * (3.0 - cell as f64)
}

/// The other policy: the dearest option in hard places, the free one elsewhere.
const fn wanted(cell: u64) -> u64 {
    if cell < 2 { 2 } else { 0 }
}

fn made(seed: u64, user_days: u64) -> Made {
    let mut dice = Dice::new(seed);
    let (mut samples, mut rewards, mut truth) = (Vec::new(), Vec::new(), 0.0);
    for _ in 0..user_days {
        let (cluster, mood) = (dice.roll(), 0.5 + dice.share());
        for _ in 0..2 + dice.below(6) {
            // One draw and one kind of place for a burst.
            let (draw, cell) = (dice.share(), dice.below(4) as u64);
            // What is played leans on the place, as a router does.
            let lean = 0.15 + 0.15 * cell as f64;
            let shares = [lean, 0.8 - lean, 0.2];
            let taken = (0..3).find(|&option| draw < shares[..=option].iter().sum());
            let taken = taken.unwrap_or(2);
            for _ in 0..1 + dice.below(5) {
                let mean = mean_of(taken as u64, cell, mood);
                // An accept of ten times the length, or none.
                let is_kept = dice.share() < 0.1;
                samples.push(Sample {
                    cluster,
                    cell,
                    taken: taken as u64,
                    propensity: shares[taken],
                    is_drawn: true,
                });
                rewards.push(if is_kept { mean * 10.0 } else { 0.0 });
                truth += mean_of(wanted(cell), cell, mood);
            }
        }
    }
    let truth = truth / samples.len() as f64;
    Made {
        samples,
        rewards,
        truth,
    }
}

#[test]
fn the_interval_holds_the_truth_in_95_of_a_hundred_ledgers() {
    let made: Vec<Made> = (0..200).map(|seed| made(seed, 400)).collect();
    let verdicts: Vec<Verdict> = made.iter().map(Made::verdict).collect();
    let covered = made
        .iter()
        .zip(&verdicts)
        .filter(|(made, verdict)| (verdict.other.low..=verdict.other.high).contains(&made.truth))
        .count();
    println!("{covered} of 200");
    // 190 are expected, give or take 3.1.
    assert!((186..=198).contains(&covered), "{covered} of 200");
    let bias: f64 = made
        .iter()
        .zip(&verdicts)
        .map(|(made, verdict)| verdict.other.value / made.truth - 1.0)
        .sum::<f64>()
        / 200.0;
    assert!(bias.abs() < 0.01, "{bias}");
}

#[test]
fn what_was_done_is_known_better_than_what_was_not() {
    let made = made(7, 600);
    let verdict = made.verdict();
    let width = |interval: Interval| interval.high - interval.low;
    assert!(width(verdict.logged) < width(verdict.other));
    let plain: f64 = made.rewards.iter().sum();
    let plain = plain / made.samples.len() as f64;
    assert!((verdict.logged.value - plain).abs() < 1e-9);
    let change = verdict.other.value - verdict.logged.value;
    assert!((verdict.change.value - change).abs() < 1e-9);
}

#[test]
fn a_policy_that_does_the_same_changes_nothing() {
    let mut made = made(3, 300);
    for sample in &mut made.samples {
        sample.propensity = 1.0;
    }
    let verdict = made.judge().verdict(|row| made.samples[row].taken);
    let change = verdict.change;
    assert!(change.value.abs() < 1e-9 && change.high - change.low < 1e-9);
}

#[test]
fn thin_evidence_is_refused_and_says_which() {
    let enough = made(1, 800);
    let (told, verdict) = enough.evidence();
    assert_eq!(verdict, Ok(()));
    assert_eq!((told.clusters, told.decisions), (800, enough.samples.len()));
    assert!((told.largest_weight - 5.0).abs() < 1e-9, "{told:?}");

    let (told, verdict) = made(1, 150).evidence();
    assert!(matches!(verdict, Err(TooThin::Clusters { effective }) if effective < 150.0));
    assert!(told.effective_clusters < 150.0);

    // What was not drawn stands only for itself.
    let mut off = enough;
    let rows = off.samples.len();
    let unlike = (0..rows).filter(|&row| off.samples[row].taken != off.wanted(row));
    let unlike: Vec<usize> = unlike.take(rows / 10).collect();
    for row in unlike {
        off.samples[row].is_drawn = false;
    }
    let (_, verdict) = off.evidence();
    let why = verdict.expect_err("a tenth was never played").to_string();
    assert!(why.starts_with("10 %"), "{why}");

    let nothing = Judge::of(&[], &[]).evidence(|_| 0);
    assert!(matches!(nothing, (_, Err(TooThin::Support { .. }))));
}
