//! What calls cost that are paid one by one.

use std::collections::BTreeMap;

use super::Books;
use super::committed::POOL_PREFIX;
use crate::domain::{MicroUsd, Rates, Tier, Timestamp, TokenCount};

/// Finds the rates of a group of calls.
pub type RatesOf<'a> = dyn Fn(&CallGroup) -> Option<Rates> + Sync + 'a;

/// Calls of one model on one day at one price. Tokens are sums of what is known.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CallGroup {
    /// Our name of the model.
    pub model: String,
    /// Its tier.
    pub tier: Tier,
    /// Who sends the bill.
    pub supplier: String,
    /// Who trained the model.
    pub lab: Option<String>,
    /// The row of the price book.
    pub price_id: Option<String>,
    /// A moment of the day.
    pub at: Timestamp,
    /// Calls that were answered or closed by us.
    pub calls: u64,
    /// Of all calls, those whose cost is not known.
    pub unpriced: u64,
    /// What they cost, in pico-USD, as far as it is known.
    pub cost_pico: i128,
    /// Of the calls, those that were closed by us because nobody wanted the answer.
    pub cancelled: u64,
    /// What those cost; `None` where only the number is known.
    pub cancelled_pico: Option<i128>,
    /// Of the cost, that of calls whose usage was not reported by the provider, in pico-USD.
    pub unreported_pico: i128,
    /// Calls that failed.
    pub failed: u64,
    /// What those cost, in pico-USD.
    pub failed_pico: i128,
    /// Input that no cache held.
    pub uncached: TokenCount,
    /// Input read from a prompt cache.
    pub cache_read: TokenCount,
    /// Input written to one, for minutes and for an hour.
    pub cache_write: (TokenCount, TokenCount),
    /// Output.
    pub output: TokenCount,
}

impl CallGroup {
    /// Returns what the tokens would cost at other rates, in pico-USD: those of short prompts, for
    /// sums do not tell how long one was.
    #[must_use]
    pub fn cost_at(&self, rates: &Rates) -> i128 {
        let (write, write_1h) = self.cache_write;
        [
            rates.input.cost_of(self.uncached),
            rates.cache_read.cost_of(self.cache_read),
            rates.cache_write.cost_of(write),
            rates.cache_write_1h.cost_of(write_1h),
            rates.output.cost_of(self.output),
        ]
        .into_iter()
        .fold(0, i128::saturating_add)
    }

    /// Returns the pool that pays for these calls, if one does.
    #[must_use]
    pub fn pool(&self) -> Option<&str> {
        self.price_id.as_deref()?.strip_prefix(POOL_PREFIX)
    }
}

/// One model in a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MeteredLine {
    /// Our name of the model.
    pub model: String,
    /// Its tier.
    pub tier: Tier,
    /// Who sends the bill.
    pub supplier: String,
    /// Who trained the model; `None` is not known.
    pub lab: Option<String>,
    /// Calls that were answered or closed by us.
    pub calls: u64,
    /// Calls whose cost is not known.
    pub unpriced: u64,
    /// What the calls cost.
    pub served: MicroUsd,
    /// What failed calls cost.
    pub failed: MicroUsd,
    /// Of what the calls cost, what was spent on those that were closed.
    pub cancelled: MicroUsd,
    /// The cost by class of token, where the rates are known.
    pub classes: Option<Classes>,
    /// What the provider's prompt cache saved; below zero where writing cost more.
    pub cache_saving: Option<MicroUsd>,
    /// The exact sum behind `served`, in pico-USD.
    served_pico: i128,
}

/// The cost of a model's calls by class of token, at the rates of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Classes {
    /// Input that no cache held.
    pub input: MicroUsd,
    /// Reads of prompt caches.
    pub cache_read: MicroUsd,
    /// Writes to prompt caches.
    pub cache_write: MicroUsd,
    /// Output.
    pub output: MicroUsd,
}

impl MeteredLine {
    /// Returns all that the model cost.
    #[must_use]
    pub fn total(&self) -> MicroUsd {
        self.served + self.failed
    }

    /// Returns what a call cost on average, in pico-USD, failed ones aside; `None` while the cost
    /// of some is not known.
    #[must_use]
    pub fn pico_per_call(&self) -> Option<i128> {
        let is_known = self.calls > 0 && self.unpriced == 0;
        is_known.then(|| crate::domain::divide_half_even(self.served_pico, self.calls.into()))
    }
}

#[derive(Default)]
struct Sums {
    calls: u64,
    unpriced: u64,
    served: i128,
    failed: i128,
    cancelled: i128,
    input: i128,
    read: i128,
    write: i128,
    output: i128,
    saving: i128,
    are_rates_known: bool,
}

pub(super) fn lines(books: &Books<'_>, remarks: &mut Vec<String>) -> Vec<MeteredLine> {
    type Key<'a> = (&'a str, &'a str, Tier, Option<&'a str>);
    let mut sums: BTreeMap<Key<'_>, Sums> = BTreeMap::new();
    for group in books.calls.iter().filter(|group| group.pool().is_none()) {
        let key = (
            group.model.as_str(),
            group.supplier.as_str(),
            group.tier,
            group.lab.as_deref(),
        );
        let sum = sums.entry(key).or_insert_with(|| Sums {
            are_rates_known: true,
            ..Sums::default()
        });
        sum.calls += group.calls;
        sum.unpriced += group.unpriced;
        sum.served += group.cost_pico - group.failed_pico;
        sum.failed += group.failed_pico;
        sum.cancelled += group.cancelled_pico.unwrap_or_else(|| {
            let of_all =
                (group.cost_pico - group.failed_pico).saturating_mul(group.cancelled.into());
            crate::domain::divide_half_even(of_all, i128::from(group.calls.max(1)))
        });
        match (books.prices.rates)(group) {
            Some(rates) => sum.add_classes(group, &rates),
            None => sum.are_rates_known = false,
        }
    }
    let unpriced: u64 = sums.values().map(|sum| sum.unpriced).sum();
    if unpriced > 0 {
        remarks.push(format!(
            "the cost of {unpriced} call(s) is not known, so the cost is at least and the margin at most what is said"
        ));
    }
    let mut lines: Vec<MeteredLine> = sums
        .into_iter()
        .map(|((model, supplier, tier, lab), sum)| sum.line(model, supplier, tier, lab))
        .collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.total()));
    lines
}

impl Sums {
    fn add_classes(&mut self, group: &CallGroup, rates: &Rates) {
        let (write, write_1h) = group.cache_write;
        let read_cost = rates.cache_read.cost_of(group.cache_read);
        let write_cost = rates.cache_write.cost_of(write) + rates.cache_write_1h.cost_of(write_1h);
        self.input += rates.input.cost_of(group.uncached);
        self.read += read_cost;
        self.write += write_cost;
        self.output += rates.output.cost_of(group.output);
        // Without the cache, all of it would have been plain input.
        let plain = rates.input.cost_of(group.cache_read + write + write_1h);
        self.saving += plain - read_cost - write_cost;
    }

    fn line(self, model: &str, supplier: &str, tier: Tier, lab: Option<&str>) -> MeteredLine {
        let classes = Classes {
            input: MicroUsd::rounded(self.input),
            cache_read: MicroUsd::rounded(self.read),
            cache_write: MicroUsd::rounded(self.write),
            output: MicroUsd::rounded(self.output),
        };
        MeteredLine {
            model: model.to_owned(),
            tier,
            supplier: supplier.to_owned(),
            lab: lab.map(str::to_owned),
            calls: self.calls,
            unpriced: self.unpriced,
            served: MicroUsd::rounded(self.served),
            failed: MicroUsd::rounded(self.failed),
            cancelled: MicroUsd::rounded(self.cancelled),
            classes: self.are_rates_known.then_some(classes),
            cache_saving: self.are_rates_known.then(|| MicroUsd::rounded(self.saving)),
            served_pico: self.served,
        }
    }
}
