//! What a company books beside the calls of models: revenue, committed costs, and what was counted
//! elsewhere. Bookings are dated and appended; a correction is another booking.

use serde::{Deserialize, Serialize};

use super::{ModelId, Money, RowId, Tier, Timestamp, Usage};

/// One booking. It holds in `[since, until)`; what happens at once has no end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BookingRow {
    /// Its identity: made from all that it says, so that importing a file twice books once.
    pub id: RowId,
    /// When it begins to hold, or happens.
    pub since: Timestamp,
    /// First moment at which it no longer holds; `None` is until further notice.
    pub until: Option<Timestamp>,
    /// Currency of its amounts, such as `USD`; [`Money`] then counts that currency.
    pub currency: String,
    /// Number of the invoice or contract; tells equal bookings apart.
    pub reference: Option<String>,
    /// What is booked.
    pub booking: Booking,
    /// When it was written down.
    pub at: Timestamp,
}

/// What is booked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Booking {
    /// Seats at a price per seat and month, earned by the day; below zero, seats that are gone.
    Seats {
        /// How many.
        seats: i32,
        /// Per seat and month.
        price: Money,
    },
    /// Seats that earn nothing and cost what they use.
    Trial {
        /// How many.
        seats: i32,
    },
    /// Use beyond what seats include, earned when it happened.
    Overage {
        /// How many units.
        credits: u64,
        /// Per unit.
        price: Money,
    },
    /// Units sold in advance; earned as they are used.
    Prepaid {
        /// Name of the package.
        name: String,
        /// How many units were sold.
        credits: u64,
        /// What was paid for all of them.
        amount: Money,
    },
    /// Units of a package that were used.
    PrepaidUse {
        /// Name of the package.
        name: String,
        /// How many.
        credits: u64,
    },
    /// The rest of a package expired, and is earned.
    PrepaidExpiry {
        /// Name of the package.
        name: String,
    },
    /// Money that was given back.
    CreditNote {
        /// How much.
        amount: Money,
    },
    /// What one unit of the booking's currency is worth, for as long as the booking holds.
    Rate {
        /// In micro-USD.
        micro_usd: u64,
    },
    /// GPUs of one generation. A later booking of the same name takes its place from then on.
    Pool(Pool),
    /// How much of a pool was busy.
    PoolUse {
        /// Name of the pool.
        pool: String,
        /// Share of its time that it worked, in hundredths of a percent.
        utilisation_bp: u32,
        /// Requests that it served and that no call on this ledger stands for.
        requests: u64,
    },
    /// A cost that is neither a call nor a pool. A later monthly one of the same name takes its
    /// place.
    Cost {
        /// What for, such as `hosting`.
        name: String,
        /// How much: per month if it is monthly, else at once.
        amount: Money,
        /// Whether it comes every month, and counts by the day.
        monthly: bool,
    },
    /// Calls that another program made and counted, added up.
    Usage(Box<UsageBooking>),
    /// What became of suggestions, where another program counted it.
    Funnel(Box<FunnelBooking>),
    /// What an invoice, named by the row's reference, says of calls of the span. A later booking of
    /// the same invoice, model and supplier takes its place.
    Correction(Correction),
}

/// What calls have cost by an invoice whose usage was counted here and not by the provider: those that
/// were closed, cut off or said nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Correction {
    /// The model, by its name in the configuration.
    pub model: String,
    /// Who sent the invoice: the host that was called.
    pub supplier: String,
    /// Their cost over what the ledger assumes, in millionths; a million undoes what was booked
    /// before.
    pub factor_ppm: u64,
}

impl Correction {
    /// The factor that changes nothing.
    pub const NO_CHANGE: u64 = 1_000_000;

    /// Returns whether it only undoes an earlier one.
    #[must_use]
    pub const fn is_undone(&self) -> bool {
        self.factor_ppm == Self::NO_CHANGE
    }
}

/// GPUs that are paid for whether they work or not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pool {
    /// Its name; models are put on it with `price = "pool/NAME"`.
    pub name: String,
    /// Generation, such as `H100`.
    pub generation: String,
    /// Who sends the bill; `own` where nobody does.
    pub supplier: String,
    /// How many GPUs.
    pub gpus: u32,
    /// What they cost.
    pub terms: PoolTerms,
    /// What their power costs, where that is not part of the terms.
    pub power: Option<Power>,
}

/// What the GPUs of a pool cost.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case")]
pub enum PoolTerms {
    /// Paid for every hour.
    Rented {
        /// Per GPU and hour.
        rate: Money,
    },
    /// Bought, and written off in equal parts.
    Owned {
        /// Price of a GPU.
        capex: Money,
        /// What it will be worth at the end.
        salvage: Money,
        /// Months until then.
        life_months: u32,
    },
}

/// Power of one GPU with all that stands around it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Power {
    /// Watts of a GPU.
    pub watts: u32,
    /// Power of the whole site over power of its machines, in thousandths.
    pub pue_milli: u32,
    /// Price of a kilowatt-hour.
    pub kwh: Money,
}

/// Calls of one model that another program counted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UsageBooking {
    /// Our name of the model.
    pub model: ModelId,
    /// Its tier.
    pub tier: Tier,
    /// Who sends the bill.
    pub supplier: String,
    /// Who trained the model.
    pub lab: Option<String>,
    /// How many calls, without those that failed.
    pub calls: u64,
    /// Of them, calls that were closed by us.
    pub cancelled_calls: u64,
    /// What they used.
    pub usage: Usage,
    /// What they cost; `None` when that is not known.
    pub cost: Option<Money>,
    /// Calls that failed and were billed: retries.
    pub failed_calls: u64,
    /// What those cost.
    pub failed_cost: Option<Money>,
    /// The row of the price book.
    pub price_id: Option<String>,
    /// Digest of the price book.
    pub price_snapshot: Option<String>,
}

/// Requests and suggestions that another program counted.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FunnelBooking {
    /// All requests, those that were suppressed or answered from a cache included.
    pub requests: u64,
    /// Of them, answered with nothing before any decision.
    pub suppressed: u64,
    /// Of them, answered with what was there already.
    pub cache_hits: u64,
    /// Suggestions that were sent.
    pub offered: u64,
    /// Suggestions that were taken whole.
    pub accepted: u64,
    /// Suggestions that were still there after ten minutes.
    pub retained: u64,
    /// Characters that were still there after ten minutes.
    pub retained_chars: u64,
}

impl Booking {
    /// Returns the name of the kind, as the ledger and files have it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Seats { .. } => "seats",
            Self::Trial { .. } => "trial",
            Self::Overage { .. } => "overage",
            Self::Prepaid { .. } => "prepaid",
            Self::PrepaidUse { .. } => "prepaid-use",
            Self::PrepaidExpiry { .. } => "prepaid-expiry",
            Self::CreditNote { .. } => "credit-note",
            Self::Rate { .. } => "rate",
            Self::Pool(_) => "pool",
            Self::PoolUse { .. } => "pool-use",
            Self::Cost { .. } => "cost",
            Self::Usage(_) => "usage",
            Self::Funnel(_) => "funnel",
            Self::Correction(_) => "correction",
        }
    }
}
