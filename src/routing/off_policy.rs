//! What another policy would have brought, from what was played by chance.
//!
//! A decision that chance had a part in has the probability of what was done on its row, so rows on
//! which another policy would have done the same stand for all its rows, each with one over that
//! probability. What is believed of the others is taken from the other clusters and corrected by
//! these: the doubly robust estimator of Dudík, Langford and Li (ICML 2011), cross-fitted
//! (Chernozhukov et al., 2018), so that a bad guess costs width and not truth. Rows of one person
//! and day are one cluster: keys of a burst share one draw, and moods last. The interval is that of
//! a mean of clusters.

mod attention;
mod silence;
mod wish;

use std::collections::HashMap;

pub use attention::{ATTENTION_CHARS, Attention, Reading, attention};
pub use silence::{Gate, Missed};
pub use wish::{NotAWish, Wish};

/// Parts that the clusters are cut into; a part is guessed at from the others.
const FOLDS: u64 = 5;
/// As if a cell had so many rows of what is known of the option elsewhere.
const SHRINKAGE: f64 = 20.0;
/// With fewer clusters that count, an interval of this kind is not to be trusted.
pub const FEWEST_CLUSTERS: f64 = 200.0;
/// The largest share of the other policy's choices that may be without any chance of having been
/// played.
pub const MOST_OFF_SUPPORT: f64 = 0.05;

/// One decision as it was played.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Whose, and of which day.
    pub cluster: u64,
    /// What kind of place it is, for the guess.
    pub cell: u64,
    /// What was done.
    pub taken: u64,
    /// How likely that was.
    pub propensity: f64,
    /// Whether chance had a part in it: every option that was let in has a floor under it then.
    pub is_drawn: bool,
}

impl Sample {
    /// Returns one over the probability where the other policy does the same, else 0.
    fn weight(&self, wanted: u64) -> f64 {
        if self.taken == wanted {
            1.0 / self.propensity.max(f64::MIN_POSITIVE)
        } else {
            0.0
        }
    }
}

/// A value with its interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// What the rows say of another policy, per decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// The mean that was reached.
    pub logged: Interval,
    /// The mean that the other policy would have reached.
    pub other: Interval,
    /// The difference, from the same rows.
    pub change: Interval,
}

/// How much the rows can say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Decisions.
    pub decisions: usize,
    /// Clusters.
    pub clusters: usize,
    /// As many clusters of equal weight would tell as much.
    pub effective_clusters: f64,
    /// The largest weight of a row.
    pub largest_weight: f64,
    /// Share of the other policy's choices that could have been played.
    pub support: f64,
}

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum TooThin {
    /// The clusters that the other policy shares are too few.
    #[error(
        "only {effective:.0} effective user-days stand for it, of at least {FEWEST_CLUSTERS:.0}; choose a longer \
         period or a policy that is nearer to the one that ran"
    )]
    Clusters {
        /// How many effective clusters there are.
        effective: f64,
    },
    /// Too much of what the other policy does was never played.
    #[error(
        "{share:.0} % of what it does had no chance of being played, of at most 5 %; choices are drawn by chance \
         where there is a budget or a value per character"
    )]
    Support {
        /// How much was never played, in per cent.
        share: f64,
    },
}

/// Rows and what came of them, on which any number of policies can be judged.
pub struct Judge<'s> {
    samples: &'s [Sample],
    /// What came of each row: characters, or money.
    rewards: &'s [f64],
    /// The cluster of each row, counted from 0, and how many there are.
    clusters: Vec<usize>,
    n_clusters: usize,
    guess: Guess,
    /// What is believed of what was done, by row.
    of_taken: Vec<f64>,
}

impl<'s> Judge<'s> {
    /// Takes rows and what came of each of them.
    ///
    /// # Panics
    ///
    /// When there are not as many rewards as rows.
    #[must_use]
    pub fn of(samples: &'s [Sample], rewards: &'s [f64]) -> Self {
        assert_eq!(samples.len(), rewards.len(), "a reward for each row");
        let mut numbers: HashMap<u64, usize> = HashMap::new();
        let clusters = samples.iter().map(|sample| {
            let next = numbers.len();
            *numbers.entry(sample.cluster).or_insert(next)
        });
        let clusters = clusters.collect();
        let guess = Guess::of(samples, rewards);
        let of_taken = guess.of_rows(samples, |row| samples[row].taken);
        Self {
            samples,
            rewards,
            clusters,
            n_clusters: numbers.len(),
            guess,
            of_taken,
        }
    }

    /// Weighs the evidence on a policy that would have done `wanted` in a row; without enough of it
    /// there is no verdict.
    ///
    /// # Errors
    ///
    /// [`TooThin`], with the reason.
    pub fn evidence(&self, wanted: impl Fn(usize) -> u64) -> (Evidence, Result<(), TooThin>) {
        let mut weights = vec![0.0; self.n_clusters];
        let mut largest_weight: f64 = 0.0;
        let mut supported = 0_usize;
        for (row, sample) in self.samples.iter().enumerate() {
            let wanted = wanted(row);
            let weight = sample.weight(wanted);
            largest_weight = largest_weight.max(weight);
            weights[self.clusters[row]] += weight;
            supported += usize::from(sample.is_drawn || sample.taken == wanted);
        }
        let evidence = Evidence {
            decisions: self.samples.len(),
            clusters: self.n_clusters,
            effective_clusters: effective(weights.iter().copied()),
            largest_weight,
            support: supported as f64 / self.samples.len().max(1) as f64,
        };
        let off_support = 1.0 - evidence.support;
        let is_enough = if off_support > MOST_OFF_SUPPORT {
            Err(TooThin::Support {
                share: off_support * 100.0,
            })
        } else if evidence.effective_clusters < FEWEST_CLUSTERS {
            Err(TooThin::Clusters {
                effective: evidence.effective_clusters,
            })
        } else {
            Ok(())
        };
        (evidence, is_enough)
    }

    /// Estimates what a policy that would have done `wanted` in a row would have reached per
    /// decision. Says nothing of whether the evidence is enough: see [`Judge::evidence`].
    #[must_use]
    pub fn verdict(&self, wanted: impl Fn(usize) -> u64) -> Verdict {
        let mut others = self.guess.of_rows(self.samples, &wanted);
        for (row, other) in others.iter_mut().enumerate() {
            let weight = self.samples[row].weight(wanted(row));
            *other += weight * (self.rewards[row] - self.of_taken[row]);
        }
        let pairs = others.iter().zip(self.rewards);
        Verdict {
            logged: self.logged(),
            other: self.mean(others.iter().copied()),
            change: self.mean(pairs.map(|(other, logged)| other - logged)),
        }
    }

    /// Returns how many clusters there are.
    #[must_use]
    pub const fn clusters(&self) -> usize {
        self.n_clusters
    }

    /// Returns the mean that was reached.
    #[must_use]
    pub fn logged(&self) -> Interval {
        self.mean(self.rewards.iter().copied())
    }

    /// The mean of all rows, with the spread of the clusters' sums around it.
    fn mean(&self, rows: impl Iterator<Item = f64> + Clone) -> Interval {
        let count = self.samples.len().max(1) as f64;
        let value = rows.clone().sum::<f64>() / count;
        let mut sums = vec![0.0; self.n_clusters];
        for (cluster, row) in self.clusters.iter().zip(rows) {
            sums[*cluster] += row - value;
        }
        let clusters = self.n_clusters as f64;
        let squares: f64 = sums.iter().map(|sum| sum * sum).sum();
        let spread = match clusters > 1.0 {
            true => (squares * clusters / (clusters - 1.0)).sqrt() / count,
            false => f64::INFINITY,
        };
        let half = quantile(clusters) * spread;
        Interval {
            value,
            low: value - half,
            high: value + half,
        }
    }
}

/// Student's t at 97.5 %, to its first order.
fn quantile(clusters: f64) -> f64 {
    1.959_964 + 2.372_3 / (clusters - 1.0).max(1.0)
}

/// Returns how many clusters of equal weight would tell as much (Kish, 1965).
fn effective(weights: impl Iterator<Item = f64>) -> f64 {
    let (sum, squares) = weights.fold((0.0, 0.0), |(sum, squares), weight| {
        (sum + weight, squares + weight * weight)
    });
    if squares > 0.0 {
        sum * sum / squares
    } else {
        0.0
    }
}

/// Sum and number of what came of an option.
#[derive(Clone, Copy, Default)]
struct Seen {
    sum: f64,
    rows: f64,
}

impl Seen {
    fn add(&mut self, reward: f64) {
        self.sum += reward;
        self.rows += 1.0;
    }

    fn without(self, part: Self) -> Self {
        Self {
            sum: self.sum - part.sum,
            rows: self.rows - part.rows,
        }
    }

    /// The mean, as if there were some more rows of `elsewhere`.
    fn towards(self, elsewhere: f64) -> f64 {
        (self.sum + SHRINKAGE * elsewhere) / (self.rows + SHRINKAGE)
    }
}

/// Where something was seen: everywhere, an option, an option in a cell.
type Place = (Option<u64>, Option<u64>);

/// What an option brings in a cell, as the other folds have it.
struct Guess {
    /// By place: in all folds, and in one.
    all: HashMap<Place, Seen>,
    folds: HashMap<(u64, Place), Seen>,
}

impl Guess {
    fn of(samples: &[Sample], rewards: &[f64]) -> Self {
        let mut guess = Self {
            all: HashMap::new(),
            folds: HashMap::new(),
        };
        for (sample, reward) in samples.iter().zip(rewards) {
            for place in places(sample, sample.taken) {
                guess.all.entry(place).or_default().add(*reward);
                let key = (fold(sample.cluster), place);
                guess.folds.entry(key).or_default().add(*reward);
            }
        }
        guess
    }

    /// What is believed of an option in each row. Rows are many; folds, cells and options are few.
    fn of_rows(&self, samples: &[Sample], option: impl Fn(usize) -> u64) -> Vec<f64> {
        let mut known: HashMap<(u64, u64, u64), f64> = HashMap::new();
        let of_row = |(row, sample): (usize, &Sample)| {
            let option = option(row);
            let key = (fold(sample.cluster), sample.cell, option);
            *known
                .entry(key)
                .or_insert_with(|| self.of_option(sample, option))
        };
        samples.iter().enumerate().map(of_row).collect()
    }

    fn of_option(&self, sample: &Sample, option: u64) -> f64 {
        let fold = fold(sample.cluster);
        let mut guess = 0.0;
        for place in places(sample, option) {
            let all = self.all.get(&place).copied().unwrap_or_default();
            let own = self.folds.get(&(fold, place)).copied();
            guess = all.without(own.unwrap_or_default()).towards(guess);
        }
        guess
    }
}

fn places(sample: &Sample, option: u64) -> [Place; 3] {
    let cell = Some(sample.cell);
    [(None, None), (Some(option), None), (Some(option), cell)]
}

/// Clusters are hashes, so their remainder is as good as a draw.
const fn fold(cluster: u64) -> u64 {
    cluster % FOLDS
}

#[cfg(test)]
mod tests;
