//! How much hangs on how few: the Herfindahl-Hirschman index, from near 0 to 10,000 for one alone.

use std::collections::BTreeMap;

use super::{Margin, MeteredLine};
use crate::domain::{Tier, divide_half_even};

/// Shares and indexes of a period.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Concentration {
    /// Spend on models and pools by who sends the bill, the largest first.
    pub suppliers: Vec<Share>,
    /// Index of that.
    pub spend: Option<i128>,
    /// Index of metered spend alone.
    pub metered_spend: Option<i128>,
    /// Index of calls by model; all that is ours counts as one.
    pub calls: Option<i128>,
    /// Index of metered spend by who trained the model; `None` while that is not known of some.
    pub labs: Option<i128>,
    /// Metered spend by who trained the model, the largest first; `unknown` where that is not known.
    pub by_lab: Vec<Share>,
}

/// The share of one supplier or lab.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Share {
    /// Who.
    pub name: String,
    /// What was paid there, in micro-USD.
    pub micro_usd: i128,
    /// Its share, in millionths.
    pub ppm: i128,
}

pub(super) fn of(margin: &Margin) -> Concentration {
    let mut suppliers: BTreeMap<&str, i128> = BTreeMap::new();
    let mut metered: BTreeMap<&str, i128> = BTreeMap::new();
    let mut labs: BTreeMap<Option<&str>, i128> = BTreeMap::new();
    let mut calls: BTreeMap<&str, i128> = BTreeMap::new();
    const OURS: &str = "in-house";
    for line in &margin.metered {
        let paid = line.total().get();
        *suppliers.entry(&line.supplier).or_default() += paid;
        *metered.entry(&line.supplier).or_default() += paid;
        *labs.entry(line.lab.as_deref()).or_default() += paid;
        let name = if line.tier == Tier::InHouse {
            OURS
        } else {
            &line.model
        };
        *calls.entry(name).or_default() += i128::from(line.calls);
    }
    for line in &margin.corrections {
        let extra = line.extra.get();
        *suppliers.entry(&line.supplier).or_default() += extra;
        *metered.entry(&line.supplier).or_default() += extra;
        let of_it = |metered: &&MeteredLine| {
            metered.model == line.model && metered.supplier == line.supplier
        };
        let lab = margin.metered.iter().find(of_it);
        let lab = lab.and_then(|metered| metered.lab.as_deref());
        *labs.entry(lab).or_default() += extra;
    }
    for pool in &margin.pools {
        *suppliers.entry(&pool.supplier).or_default() += pool.total().get();
        *calls.entry(OURS).or_default() += i128::from(pool.requests);
    }
    let is_every_lab_known = labs.iter().all(|(lab, paid)| lab.is_some() || *paid == 0);
    let spent_there = labs.iter().filter(|(_, paid)| **paid != 0);
    let by_lab = spent_there.map(|(lab, &paid)| (lab.unwrap_or("unknown"), paid));
    let by_lab = shares(by_lab.collect());
    let labs = index(labs.values()).filter(|_| is_every_lab_known);
    Concentration {
        suppliers: shares(
            suppliers
                .iter()
                .map(|(name, &paid)| (*name, paid))
                .collect(),
        ),
        spend: index(suppliers.values()),
        metered_spend: index(metered.values()),
        calls: index(calls.values()),
        labs,
        by_lab,
    }
}

/// Returns the share of each, the largest first; none where nothing was paid.
fn shares(paid: Vec<(&str, i128)>) -> Vec<Share> {
    let total: i128 = paid.iter().map(|(_, paid)| paid).sum();
    let paid = paid.into_iter().filter(|_| total > 0);
    let share = |(name, paid): (&str, i128)| Share {
        name: name.to_owned(),
        micro_usd: paid,
        ppm: divide_half_even(paid.saturating_mul(1_000_000), total),
    };
    let mut shares: Vec<Share> = paid.map(share).collect();
    shares.sort_by_key(|share| std::cmp::Reverse(share.micro_usd));
    shares
}

/// Sum of squared shares × 10,000, rounded half to even.
fn index<'a>(parts: impl Iterator<Item = &'a i128> + Clone) -> Option<i128> {
    let total: i128 = parts.clone().sum();
    let mut squares = parts.map(|part| part.checked_mul(*part));
    let squares = squares.try_fold(0_i128, |sum, square| sum.checked_add(square?))?;
    let square = total.checked_mul(total).filter(|&square| square > 0)?;
    Some(divide_half_even(squares.checked_mul(10_000)?, square))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_has_ten_thousand_and_four_alike_a_quarter_of_it() {
        assert_eq!(index([7].iter()), Some(10_000));
        assert_eq!(index([5, 5, 5, 5].iter()), Some(2_500));
        assert_eq!(index([0].iter()), None);
        assert_eq!(index([].iter()), None);
    }
}
