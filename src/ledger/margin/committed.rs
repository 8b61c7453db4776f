//! What is paid whether anybody types or not: pools of GPUs, hosting and the like.

use std::collections::{BTreeMap, BTreeSet};

use super::{Books, Span, currency};
use crate::domain::{
    Booking, BookingRow, MicroUsd, Money, Pool, PoolTerms, Power, Timestamp, divide_half_even,
};
use crate::ledger::error::LedgerError;
use crate::ledger::revenue::per_month;

const MICROS_PER_HOUR: i128 = 3_600_000_000;
/// What a model's `price_id` begins with when its calls are paid by a pool.
pub(super) const POOL_PREFIX: &str = "pool/";

/// One pool in a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolLine {
    /// Its name.
    pub name: String,
    /// Generation of its GPUs.
    pub generation: String,
    /// Who sends the bill.
    pub supplier: String,
    /// What was paid by the hour.
    pub rent: MicroUsd,
    /// What was written off.
    pub depreciation: MicroUsd,
    /// What its power cost.
    pub power: MicroUsd,
    /// Share of the time that it worked, in hundredths of a percent; `None` when nobody has said.
    pub utilisation_bp: Option<u32>,
    /// Requests that it served.
    pub requests: u64,
}

impl PoolLine {
    /// Returns all that it cost.
    #[must_use]
    pub fn total(&self) -> MicroUsd {
        self.rent + self.depreciation + self.power
    }

    /// Returns the cost of the time in which it worked.
    #[must_use]
    pub fn attributed(&self) -> Option<MicroUsd> {
        self.total().share(self.utilisation_bp?.into(), 10_000)
    }

    /// Returns the cost of the time in which it waited.
    #[must_use]
    pub fn idle(&self) -> Option<MicroUsd> {
        Some(self.total() - self.attributed()?)
    }

    /// Returns what a request cost with all of the pool, in nano-USD.
    #[must_use]
    pub fn loaded_nano(&self) -> Option<i128> {
        self.total().nano_per(self.requests)
    }

    /// Returns what a request cost with the working part of the pool, in nano-USD.
    #[must_use]
    pub fn attributed_nano(&self) -> Option<i128> {
        self.attributed()?.nano_per(self.requests)
    }
}

/// A cost that is neither a call nor a pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CostLine {
    /// What for.
    pub name: String,
    /// How much.
    pub cost: MicroUsd,
    /// Whether it, or a part of it, comes back every month.
    pub is_recurring: bool,
}

/// One booking with the span in which it is the last word on its name.
struct InForce<'a, T> {
    row: &'a BookingRow,
    what: &'a T,
    span: Span,
}

/// Cuts the bookings of one name where the next begins, and all of them to the period.
fn in_force<'a, T>(mut rows: Vec<(&'a BookingRow, &'a T)>, period: Span) -> Vec<InForce<'a, T>> {
    rows.sort_by_key(|(row, _)| (row.since, row.at));
    let begins: Vec<Timestamp> = rows.iter().map(|(row, _)| row.since).collect();
    let cut = |(index, (row, what)): (usize, (&'a BookingRow, &'a T))| {
        let mut span = Span::of_row(row);
        if let Some(next) = begins.get(index + 1) {
            span.until = span.until.min(*next);
        }
        let span = span.within(period)?;
        Some(InForce { row, what, span })
    };
    rows.into_iter().enumerate().filter_map(cut).collect()
}

pub(super) fn pools(
    books: &Books<'_>,
    remarks: &mut Vec<String>,
) -> Result<Vec<PoolLine>, LedgerError> {
    let period = Span::of(books.since, books.until);
    let mut by_name: BTreeMap<&str, Vec<(&BookingRow, &Pool)>> = BTreeMap::new();
    for row in books.bookings {
        if let Booking::Pool(pool) = &row.booking {
            by_name.entry(&pool.name).or_default().push((row, pool));
        }
    }
    let mut lines = Vec::new();
    for (name, rows) in by_name {
        let parts = in_force(rows, period);
        let Some(last) = parts.last() else {
            continue;
        };
        let (mut rent, mut depreciation, mut power) = (0, 0, 0);
        for part in &parts {
            let usd = |pico| currency::in_usd(books.bookings, part.row, part.span.since, pico);
            let gpus = i128::from(part.what.gpus);
            match &part.what.terms {
                PoolTerms::Rented { rate } => rent += usd(by_hour(*rate, part.span) * gpus)?,
                PoolTerms::Owned {
                    capex,
                    salvage,
                    life_months,
                } => {
                    let loss = i128::from(capex.pico_usd()) - i128::from(salvage.pico_usd());
                    let monthly = divide_half_even(loss * gpus, i128::from(*life_months).max(1));
                    depreciation += usd(per_month(monthly, part.span.since, part.span.until)?)?;
                }
            }
            if let Some(of_each) = &part.what.power {
                power += usd(cost_of_power(of_each, part.span) * gpus)?;
            }
        }
        let use_of_it = PoolUse::of(name, books, period);
        if use_of_it.utilisation_bp.is_none() {
            remarks.push(format!(
                "nobody has said how busy pool `{name}` was: `mantle pools use {name} utilisation=45 …`"
            ));
        }
        lines.push(PoolLine {
            name: name.to_owned(),
            generation: last.what.generation.clone(),
            supplier: last.what.supplier.clone(),
            rent: MicroUsd::rounded(rent),
            depreciation: MicroUsd::rounded(depreciation),
            power: MicroUsd::rounded(power),
            utilisation_bp: use_of_it.utilisation_bp,
            requests: use_of_it.requests,
        });
    }
    let unknown: BTreeSet<&str> = books
        .calls
        .iter()
        .filter_map(|group| group.pool())
        .filter(|pool| !lines.iter().any(|line| line.name == *pool))
        .collect();
    for pool in unknown {
        remarks.push(format!(
            "calls were made on pool `{pool}`, whose cost nobody has booked: `mantle pools add {pool} …`"
        ));
    }
    Ok(lines)
}

fn by_hour(rate: Money, span: Span) -> i128 {
    divide_half_even(i128::from(rate.pico_usd()) * span.micros(), MICROS_PER_HOUR)
}

/// Kilowatts × what stands around the GPU × hours × price.
fn cost_of_power(power: &Power, span: Span) -> i128 {
    let milliwatts = i128::from(power.watts) * i128::from(power.pue_milli);
    let per_hour = milliwatts.saturating_mul(power.kwh.pico_usd().into());
    // Milliwatts are 10⁻⁶ kilowatts.
    divide_half_even(
        per_hour.saturating_mul(span.micros()),
        MICROS_PER_HOUR * 1_000_000,
    )
}

/// How much a pool worked in a period.
struct PoolUse {
    utilisation_bp: Option<u32>,
    requests: u64,
}

impl PoolUse {
    fn of(name: &str, books: &Books<'_>, period: Span) -> Self {
        let (mut busy, mut known): (i128, i128) = (0, 0);
        let mut requests: u64 = 0;
        for row in books.bookings {
            let Booking::PoolUse {
                pool,
                utilisation_bp,
                requests: counted,
            } = &row.booking
            else {
                continue;
            };
            let Some(span) = Span::of_row(row).within(period).filter(|_| pool == name) else {
                continue;
            };
            busy += i128::from(*utilisation_bp) * span.micros();
            known += span.micros();
            // Requests of a reading that reaches beyond the period would count twice.
            if period.holds(row) {
                requests += counted;
            }
        }
        let served = books
            .calls
            .iter()
            .filter(|group| group.pool() == Some(name));
        requests += served.map(|group| group.calls).sum::<u64>();
        let mean = (known > 0).then(|| divide_half_even(busy, known));
        Self {
            utilisation_bp: mean.and_then(|mean| u32::try_from(mean).ok()),
            requests,
        }
    }
}

pub(super) fn costs(books: &Books<'_>) -> Result<Vec<CostLine>, LedgerError> {
    let period = Span::of(books.since, books.until);
    let mut monthly: BTreeMap<&str, Vec<(&BookingRow, &Booking)>> = BTreeMap::new();
    let mut lines: BTreeMap<&str, i128> = BTreeMap::new();
    for row in books.bookings {
        let Booking::Cost {
            name,
            amount,
            monthly: is_monthly,
        } = &row.booking
        else {
            continue;
        };
        if *is_monthly {
            monthly.entry(name).or_default().push((row, &row.booking));
        } else if let Some(span) = Span::of_row(row).within(period) {
            let pico = amount.pico_usd().into();
            *lines.entry(name).or_default() +=
                currency::in_usd(books.bookings, row, span.since, pico)?;
        }
    }
    let recurring: BTreeSet<&str> = monthly.keys().copied().collect();
    for (name, rows) in monthly {
        for part in in_force(rows, period) {
            let Booking::Cost { amount, .. } = part.what else {
                continue;
            };
            let (since, until) = (part.span.since, part.span.until);
            let pico = per_month(amount.pico_usd().into(), since, until)?;
            *lines.entry(name).or_default() +=
                currency::in_usd(books.bookings, part.row, since, pico)?;
        }
    }
    Ok(lines
        .into_iter()
        .map(|(name, pico)| CostLine {
            name: name.to_owned(),
            cost: MicroUsd::rounded(pico),
            is_recurring: recurring.contains(name),
        })
        .collect())
}
