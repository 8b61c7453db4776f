//! What was saved, against what would have been paid otherwise. These are counterfactuals: true as
//! far as the requests would have cost what the others did.

use std::collections::BTreeMap;

use super::{Books, Margin, MeteredLine, PoolLine, scenario};
use crate::domain::{MicroUsd, divide_half_even};

/// What was saved in a period.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Savings {
    /// By prompt caches of providers, as far as rates are known; `None` when none are.
    pub prompt_cache: Option<MicroUsd>,
    /// By answers that were there already, at the mean cost of a call: metered only.
    pub answer_cache: Option<MicroUsd>,
    /// The same with pools.
    pub answer_cache_loaded: Option<MicroUsd>,
    /// By requests that were suppressed: metered only. What they might have brought is not known.
    pub suppression: Option<MicroUsd>,
    /// The same with pools.
    pub suppression_loaded: Option<MicroUsd>,
    /// By who was asked; `None` where no call has a price.
    pub routing: Option<ByRouting>,
    /// Spent on calls that were closed because nobody wanted the answer any more.
    pub cancelled: MicroUsd,
    /// Spent on calls that failed.
    pub failed: MicroUsd,
}

/// What was saved by who was asked, against every call on one model and no pools.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ByRouting {
    /// The model with the dearest call.
    pub model: String,
    /// What all would have cost, less what it has; below zero where it was dearer.
    pub saved: MicroUsd,
}

/// Our own pools against the cheapest model that is paid by the call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MakeOrBuy {
    /// That model.
    pub model: String,
    /// What a call of it cost, in pico-USD.
    pub pico_per_call: i128,
    /// Requests that the pools served.
    pub requests: u64,
    /// What the pools cost.
    pub made: MicroUsd,
    /// What that model would have cost for the same requests.
    pub bought: MicroUsd,
    /// From how many requests on the pools would have been cheaper.
    pub break_even_requests: Option<i128>,
    /// The same for the GPUs of each generation, by its name.
    pub generations: Vec<Generation>,
}

/// The pools of one generation of GPUs against that model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Generation {
    /// Its name.
    pub generation: String,
    /// What its pools cost.
    pub made: MicroUsd,
    /// Of that, the cost of the time in which they waited; `None` while nobody has said of one.
    pub idle: Option<MicroUsd>,
    /// Requests that they served.
    pub requests: u64,
    /// What the model would have cost for the same requests.
    pub bought: MicroUsd,
    /// From how many requests on they would have been cheaper.
    pub break_even_requests: Option<i128>,
}

impl MakeOrBuy {
    /// Returns how much dearer the pools were; below zero when they were cheaper.
    #[must_use]
    pub fn premium(&self) -> MicroUsd {
        self.made - self.bought
    }
}

pub(super) fn of(margin: &Margin, books: &Books<'_>) -> Savings {
    let calls = i128::from(margin.calls());
    let is_known = margin.is_cost_known;
    let times = |cost: MicroUsd, count: u64| cost.share(count.into(), calls).filter(|_| is_known);
    let (metered, loaded) = (margin.controllable_cost(), margin.inference_cost());
    let sum = |amount: fn(&MeteredLine) -> MicroUsd| margin.metered.iter().map(amount).sum();
    Savings {
        prompt_cache: known_saving(&margin.metered),
        answer_cache: times(metered, books.totals.cache_hits),
        answer_cache_loaded: times(loaded, books.totals.cache_hits),
        suppression: times(metered, books.totals.suppressed),
        suppression_loaded: times(loaded, books.totals.suppressed),
        routing: scenario::all_on_the_dearest(margin, margin.calls())
            .filter(|_| is_known)
            .map(|(model, cost)| ByRouting {
                model: model.to_owned(),
                saved: cost - margin.cost(),
            }),
        cancelled: sum(|line| line.cancelled),
        failed: sum(|line| line.failed),
    }
}

fn known_saving(lines: &[MeteredLine]) -> Option<MicroUsd> {
    let known = || lines.iter().filter_map(|line| line.cache_saving);
    let is_known = lines.is_empty() || known().next().is_some();
    is_known.then(|| known().sum())
}

pub(super) fn make_or_buy(margin: &Margin) -> Option<MakeOrBuy> {
    let requests: u64 = margin.pools.iter().map(|pool| pool.requests).sum();
    let priced = margin.metered.iter().filter_map(|line| {
        let each = line.pico_per_call().filter(|&pico| pico > 0)?;
        Some((each, line))
    });
    let (pico_per_call, cheapest) = priced.min_by_key(|(each, _)| *each)?;
    if margin.pools.is_empty() {
        return None;
    }
    let made = margin.pool_cost();
    let bought = |requests: u64| {
        let pico = pico_per_call.checked_mul(requests.into())?;
        Some(MicroUsd::new(divide_half_even(pico, 1_000_000)))
    };
    // The first whole request at which they are not dearer.
    let break_even = |made: MicroUsd| {
        let pico = made.get().checked_mul(1_000_000)?;
        Some((pico + pico_per_call - 1) / pico_per_call)
    };
    let mut generations: BTreeMap<&str, Vec<&PoolLine>> = BTreeMap::new();
    for pool in &margin.pools {
        generations.entry(&pool.generation).or_default().push(pool);
    }
    let of_generation = |(generation, pools): (&&str, &Vec<&PoolLine>)| {
        let made = pools.iter().map(|pool| pool.total()).sum();
        let requests = pools.iter().map(|pool| pool.requests).sum();
        let idle = pools.iter().map(|pool| pool.idle());
        Some(Generation {
            generation: (*generation).to_owned(),
            made,
            idle: idle.sum(),
            requests,
            bought: bought(requests)?,
            break_even_requests: break_even(made),
        })
    };
    Some(MakeOrBuy {
        model: cheapest.model.clone(),
        pico_per_call,
        requests,
        made,
        bought: bought(requests)?,
        break_even_requests: break_even(made),
        generations: generations.iter().filter_map(of_generation).collect(),
    })
}
