//! What another policy would have brought, from what was played by chance.
//!
//! A decision that chance had a part in has the probability of what was done on its row, so rows on
//! which another policy would have done the same stand for all its rows, each with one over that
//! probability. What is believed of the others is taken from the other clusters and corrected by
//! these: the doubly robust estimator of Dudík, Langford and Li (ICML 2011), cross-fitted
//! (Chernozhukov et al., 2018), so that a bad guess costs width and not truth. Rows of one person
//! and day are one cluster: keys of a burst share one draw, and moods last. The interval is that of
//! a mean of clusters.

mod wish;

use std::collections::HashMap;

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

/// One decision as it was played, and what the other policy would have done there.
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
    /// What the other policy would have done.
    pub wanted: u64,
    /// Whether that could have been played here.
    pub is_supported: bool,
    /// What came of it: characters, or money.
    pub reward: f64,
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

/// Weighs the evidence; without enough of it there is no verdict.
///
/// # Errors
///
/// [`TooThin`], with the reason.
pub fn evidence(samples: &[Sample]) -> (Evidence, Result<(), TooThin>) {
    let mut weights: HashMap<u64, f64> = HashMap::new();
    let mut largest_weight: f64 = 0.0;
    for sample in samples {
        let weight = weight(sample);
        largest_weight = largest_weight.max(weight);
        *weights.entry(sample.cluster).or_default() += weight;
    }
    let sum: f64 = weights.values().sum();
    let squares: f64 = weights.values().map(|weight| weight * weight).sum();
    let supported = samples.iter().filter(|sample| sample.is_supported).count();
    let evidence = Evidence {
        decisions: samples.len(),
        clusters: weights.len(),
        effective_clusters: if squares > 0.0 {
            sum * sum / squares
        } else {
            0.0
        },
        largest_weight,
        support: supported as f64 / samples.len().max(1) as f64,
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

/// Estimates what the other policy would have reached per decision. Says nothing of whether the
/// evidence is enough: see [`evidence`].
#[must_use]
pub fn judge(samples: &[Sample]) -> Verdict {
    let guess = Guess::of(samples);
    let rows: Vec<(u64, f64, f64)> = samples
        .iter()
        .map(|sample| {
            let wanted = guess.of_option(sample, sample.wanted);
            let taken = guess.of_option(sample, sample.taken);
            let other = wanted + weight(sample) * (sample.reward - taken);
            (sample.cluster, sample.reward, other)
        })
        .collect();
    Verdict {
        logged: mean(rows.iter().map(|(cluster, logged, _)| (*cluster, *logged))),
        other: mean(rows.iter().map(|(cluster, _, other)| (*cluster, *other))),
        change: mean(
            rows.iter()
                .map(|(cluster, logged, other)| (*cluster, other - logged)),
        ),
    }
}

/// One over the probability where both do the same, else 0.
fn weight(sample: &Sample) -> f64 {
    if sample.taken == sample.wanted {
        1.0 / sample.propensity.max(f64::MIN_POSITIVE)
    } else {
        0.0
    }
}

/// The mean of all rows, with the spread of the clusters' sums around it.
fn mean(rows: impl Iterator<Item = (u64, f64)> + Clone) -> Interval {
    let count = rows.clone().count().max(1) as f64;
    let value = rows.clone().map(|(_, value)| value).sum::<f64>() / count;
    let mut sums: HashMap<u64, f64> = HashMap::new();
    for (cluster, row) in rows {
        *sums.entry(cluster).or_default() += row - value;
    }
    let clusters = sums.len() as f64;
    let squares: f64 = sums.values().map(|sum| sum * sum).sum();
    let spread = match clusters > 1.0 {
        true => (squares * clusters / (clusters - 1.0)).sqrt() / count,
        false => f64::INFINITY,
    };
    // Student's t at 97.5 %, to its first order.
    let quantile = 1.959_964 + 2.372_3 / (clusters - 1.0).max(1.0);
    Interval {
        value,
        low: value - quantile * spread,
        high: value + quantile * spread,
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
    fn of(samples: &[Sample]) -> Self {
        let mut guess = Self {
            all: HashMap::new(),
            folds: HashMap::new(),
        };
        for sample in samples {
            for place in places(sample, sample.taken) {
                guess.all.entry(place).or_default().add(sample.reward);
                let key = (fold(sample.cluster), place);
                guess.folds.entry(key).or_default().add(sample.reward);
            }
        }
        guess
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
