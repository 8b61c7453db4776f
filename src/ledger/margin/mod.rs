//! The margin of a period, from top to bottom: what was earned, what the capacity cost that is
//! paid for whether it works or not, what calls cost, and what is left.
//!
//! Each line is exact in pico-USD and rounded once, half to even, to micro-USD; every sum is a sum
//! of lines. What is not known is `None` and named among the remarks, never 0.

mod announced;
mod committed;
mod concentration;
mod correction;
mod currency;
mod earned;
mod metered;
mod risk;
mod saving;
mod scenario;
mod seats;
mod span;
mod unit;

pub use announced::{Announced, AnnouncedOf};
pub use committed::{CostLine, PoolLine};
pub use concentration::{Concentration, Share};
pub use correction::{
    CorrectedDay, CorrectionLine, LARGEST_FACTOR_PPM, in_force as corrections_in_force,
};
pub use earned::Earned;
pub use metered::{CallGroup, Classes, MeteredLine, RatesOf};
pub use risk::AtRisk;
pub use saving::{ByRouting, Generation, MakeOrBuy, Savings};
pub use scenario::Scenario;
pub use seats::Seats;
pub(super) use span::Span;
pub use unit::{PerSeat, PerUnit, UnitCosts};

use std::collections::BTreeMap;

use super::error::LedgerError;
use super::figures::Figures;
use crate::domain::{BookingRow, MicroUsd, Timestamp, divide_half_even};

/// What a margin is reckoned from.
pub struct Books<'a> {
    /// First moment of the period.
    pub since: Timestamp,
    /// First moment after it.
    pub until: Timestamp,
    /// The figures of the whole period, with what was counted elsewhere.
    pub totals: &'a Figures,
    /// Calls of the period, with what was counted elsewhere.
    pub calls: &'a [CallGroup],
    /// All bookings, of whatever time.
    pub bookings: &'a [BookingRow],
    /// Characters that were still there after ten minutes; `None` when nothing has looked.
    pub retained_chars: Option<u64>,
    /// What seats at the configured price earn, in pico-USD; used when no revenue is booked.
    pub seats_pico: Option<i128>,
    /// Where rates are found.
    pub prices: &'a PriceLists<'a>,
    /// The figures of each person of whom there are rows, by keyed hash.
    pub users: &'a BTreeMap<String, Figures>,
    /// What was left out before.
    pub remarks: Vec<String>,
}

/// Where the margin finds the rates of calls: the ledger knows no prices.
pub struct PriceLists<'a> {
    /// The rates of a group of calls, where they are known.
    pub rates: &'a RatesOf<'a>,
    /// The rates that are announced for it.
    pub announced: &'a AnnouncedOf<'a>,
}

impl PriceLists<'_> {
    /// Nothing is known: then no saving is, and no change.
    pub const UNKNOWN: PriceLists<'static> = PriceLists {
        rates: &|_| None,
        announced: &|_| Vec::new(),
    };
}

/// The margin of a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Margin {
    /// What was earned; `None` when nothing says what: then there is no margin.
    pub earned: Option<Earned>,
    /// Calls by model, the dearest first.
    pub metered: Vec<MeteredLine>,
    /// What applied invoices say beyond that.
    pub corrections: Vec<CorrectionLine>,
    /// Whether the cost of any call is known, or there were none; else there is no margin.
    pub is_cost_known: bool,
    /// Pools of GPUs, by name.
    pub pools: Vec<PoolLine>,
    /// Other costs, by name.
    pub costs: Vec<CostLine>,
    /// What it all comes to per request, suggestion and character.
    pub units: UnitCosts,
    /// What is left of each seat.
    pub seats: Option<Seats>,
    /// What was saved, against what would have been paid.
    pub savings: Savings,
    /// Our own capacity against the cheapest that could be bought.
    pub make_or_buy: Option<MakeOrBuy>,
    /// How much hangs on how few.
    pub concentration: Concentration,
    /// What would be left if prices or habits changed.
    pub scenarios: Vec<Scenario>,
    /// What chance may do to the margin.
    pub at_risk: Option<AtRisk>,
    /// What announced price changes would do.
    pub announced: Vec<Announced>,
    /// What the figures leave out or take on trust.
    pub remarks: Vec<String>,
}

impl Margin {
    /// Reckons the margin.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NoRate`], [`LedgerError::Prepaid`], [`LedgerError::Correction`] or
    /// [`LedgerError::RevenueTooLarge`]: a wrong number would be worse than none.
    pub fn of(books: &Books<'_>) -> Result<Self, LedgerError> {
        let mut remarks = books.remarks.clone();
        let earned = earned::of(books, &mut remarks)?;
        let metered = metered::lines(books, &mut remarks);
        let corrections = correction::lines(books)?;
        let pools = committed::pools(books, &mut remarks)?;
        let costs = committed::costs(books)?;
        let mut margin = Self {
            earned,
            metered,
            corrections,
            is_cost_known: books.totals.cost_pico().is_some(),
            pools,
            costs,
            units: UnitCosts::default(),
            seats: None,
            savings: Savings::default(),
            make_or_buy: None,
            concentration: Concentration::default(),
            scenarios: Vec::new(),
            at_risk: None,
            announced: Vec::new(),
            remarks,
        };
        margin.units = unit::of(&margin, books);
        let mut remarks = std::mem::take(&mut margin.remarks);
        margin.seats = seats::of(&margin, books, &mut remarks);
        margin.remarks = remarks;
        margin.savings = saving::of(&margin, books);
        margin.make_or_buy = saving::make_or_buy(&margin);
        margin.concentration = concentration::of(&margin);
        margin.scenarios = scenario::all(&margin, books);
        margin.at_risk = risk::of(&margin, books);
        margin.announced = announced::all(&margin, books);
        Ok(margin)
    }

    /// Returns whether anything is booked that is no call.
    #[must_use]
    pub fn is_booked(&self) -> bool {
        let has_revenue = self.earned.as_ref().is_some_and(|earned| earned.is_booked);
        let has_costs = !self.pools.is_empty() || !self.costs.is_empty();
        has_revenue || has_costs || !self.corrections.is_empty()
    }

    /// Returns what calls cost that are paid one by one, as far as it is known, before any invoice is
    /// applied.
    #[must_use]
    pub fn metered_cost(&self) -> MicroUsd {
        self.metered.iter().map(MeteredLine::total).sum()
    }

    /// Returns what applied invoices add to that, or take off.
    #[must_use]
    pub fn correction_cost(&self) -> MicroUsd {
        self.corrections.iter().map(|line| line.extra).sum()
    }

    /// Returns what calls cost that are paid one by one, by the invoices that are applied.
    #[must_use]
    pub fn controllable_cost(&self) -> MicroUsd {
        self.metered_cost() + self.correction_cost()
    }

    /// Returns what the pools cost, busy or not.
    #[must_use]
    pub fn pool_cost(&self) -> MicroUsd {
        self.pools.iter().map(PoolLine::total).sum()
    }

    /// Returns what all models cost: metered calls and pools.
    #[must_use]
    pub fn inference_cost(&self) -> MicroUsd {
        self.controllable_cost() + self.pool_cost()
    }

    /// Returns what hosting and the like cost.
    #[must_use]
    pub fn other_cost(&self) -> MicroUsd {
        self.costs.iter().map(|line| line.cost).sum()
    }

    /// Returns what is paid whatever is requested: pools and other costs.
    #[must_use]
    pub fn committed_cost(&self) -> MicroUsd {
        self.pool_cost() + self.other_cost()
    }

    /// Returns the cost of goods sold: everything.
    #[must_use]
    pub fn cost(&self) -> MicroUsd {
        self.inference_cost() + self.other_cost()
    }

    /// Returns how many calls were made: metered ones and those that pools served.
    #[must_use]
    pub fn calls(&self) -> u64 {
        let metered: u64 = self.metered.iter().map(|line| line.calls).sum();
        metered + self.pools.iter().map(|pool| pool.requests).sum::<u64>()
    }

    /// Returns revenue − cost; `None` without revenue, and while the cost of no call is known.
    #[must_use]
    pub fn gross_profit(&self) -> Option<MicroUsd> {
        let earned = self.earned.as_ref().filter(|_| self.is_cost_known)?;
        Some(earned.net() - self.cost())
    }

    /// Returns the share of revenue that is left, in millionths; `None` without revenue.
    #[must_use]
    pub fn margin_ppm(&self) -> Option<i128> {
        self.margin_ppm_at(self.cost())
    }

    /// Returns the share of revenue that would be left at another cost.
    fn margin_ppm_at(&self, cost: MicroUsd) -> Option<i128> {
        let net = self.earned.as_ref().filter(|_| self.is_cost_known)?.net();
        ppm(net - cost, net)
    }
}

/// Returns `part` ÷ `whole` in millionths, rounded half to even; `None` when it has no meaning.
fn ppm(part: MicroUsd, whole: MicroUsd) -> Option<i128> {
    let product = part.get().checked_mul(1_000_000)?;
    (whole > MicroUsd::ZERO).then(|| divide_half_even(product, whole.get()))
}
