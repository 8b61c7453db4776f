//! What would be left if prices or habits changed: a fixed set, so that periods can be compared.

use super::{Books, Margin, MeteredLine};
use crate::domain::{MicroUsd, divide_half_even};

/// One supposed change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// What changes.
    pub name: String,
    /// What everything would cost.
    pub cost: MicroUsd,
    /// The share of revenue that would be left, in millionths.
    pub margin_ppm: Option<i128>,
}

pub(super) fn all(margin: &Margin, books: &Books<'_>) -> Vec<Scenario> {
    let cost = margin.cost();
    let mut found = Vec::new();
    let mut push = |name: String, cost: Option<MicroUsd>| {
        if let Some(cost) = cost {
            found.push(Scenario {
                name,
                cost,
                margin_ppm: margin.margin_ppm_at(cost),
            });
        }
    };
    let mut suppliers: Vec<&str> = Vec::new();
    for line in &margin.metered {
        if line.total() > MicroUsd::ZERO && !suppliers.contains(&line.supplier.as_str()) {
            suppliers.push(&line.supplier);
        }
    }
    for supplier in suppliers {
        let lines = margin
            .metered
            .iter()
            .filter(|line| line.supplier == supplier);
        let spend: MicroUsd = lines.map(MeteredLine::total).sum();
        let corrections = margin.corrections.iter();
        let of_theirs = corrections.filter(|line| line.supplier == supplier);
        let spend = spend + of_theirs.map(|line| line.extra).sum();
        push(
            format!("{supplier} +25 %"),
            spend.share(125, 100).map(|more| cost - spend + more),
        );
    }
    let metered = margin.controllable_cost();
    if metered > MicroUsd::ZERO {
        push(
            "all metered prices doubled".to_owned(),
            Some(cost + metered),
        );
    }
    if let Some((model, cost)) = all_on_the_dearest(margin, margin.calls()) {
        push(format!("every call on {model}"), Some(cost));
    }
    if let Some((model, cost)) = all_on_the_dearest(margin, books.totals.requests) {
        let name = format!("every request on {model}, without cache and filter");
        push(name, Some(cost));
    }
    found
}

/// Returns the model with the dearest call, and what everything would cost with so many calls of it and no
/// others: then no pool is needed; what else is paid stays.
pub(super) fn all_on_the_dearest(margin: &Margin, calls: u64) -> Option<(&str, MicroUsd)> {
    let priced = margin.metered.iter();
    let priced = priced.filter_map(|line| Some((line.pico_per_call()?, line.model.as_str())));
    let (pico, model) = priced.max().filter(|(pico, _)| *pico > 0)?;
    let pico = pico.checked_mul(calls.into())?;
    let cost = margin.other_cost() + MicroUsd::new(divide_half_even(pico, 1_000_000));
    Some((model, cost))
}
