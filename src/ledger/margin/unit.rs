//! What it all comes to per request, call, suggestion, character and seat: metered calls alone, and
//! fully loaded with all capacity and other costs.

use super::{Books, Margin};
use crate::domain::MicroUsd;

/// Costs per unit in nano-USD, each rounded once; `None` where there is nothing to divide by or
/// the count is not known.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UnitCosts {
    /// Fully loaded: everything that was paid.
    pub loaded: PerUnit,
    /// Only calls that are paid one by one.
    pub metered: PerUnit,
    /// Models of a call, pools included, without hosting and the like.
    pub call: Option<i128>,
    /// Revenue, cost and what is left per seat, in micro-USD.
    pub seat: Option<PerSeat>,
}

/// One cost by each of the units.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PerUnit {
    /// Per request that was not suppressed.
    pub request: Option<i128>,
    /// Per suggestion that was sent.
    pub offered: Option<i128>,
    /// Per suggestion that was taken whole.
    pub accepted: Option<i128>,
    /// Per suggestion that was still there after ten minutes.
    pub retained: Option<i128>,
    /// Per thousand characters that were still there after ten minutes.
    pub thousand_chars: Option<i128>,
}

/// A seat on average.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PerSeat {
    /// Revenue.
    pub revenue: MicroUsd,
    /// Cost.
    pub cost: MicroUsd,
}

impl PerSeat {
    /// Returns what is left of a seat.
    #[must_use]
    pub fn contribution(&self) -> MicroUsd {
        self.revenue - self.cost
    }
}

pub(super) fn of(margin: &Margin, books: &Books<'_>) -> UnitCosts {
    let totals = books.totals;
    let retained = totals.known_retained();
    let per_unit = |cost: MicroUsd| PerUnit {
        request: cost.nano_per(totals.requests - totals.suppressed),
        offered: cost.nano_per(totals.offered),
        accepted: cost.nano_per(totals.accepted),
        retained: retained.and_then(|count| cost.nano_per(count)),
        thousand_chars: books.retained_chars.and_then(|characters| {
            let thousandfold = MicroUsd::new(cost.get().checked_mul(1_000)?);
            thousandfold.nano_per(characters)
        }),
    };
    let seat = margin.earned.as_ref().and_then(|earned| {
        let each = |amount: MicroUsd| amount.share(1_000, earned.seats_milli);
        Some(PerSeat {
            revenue: each(earned.net())?,
            cost: each(margin.cost())?,
        })
    });
    UnitCosts {
        loaded: per_unit(margin.cost()),
        metered: match margin.is_cost_known {
            true => per_unit(margin.controllable_cost()),
            false => PerUnit::default(),
        },
        call: margin.inference_cost().nano_per(margin.calls()),
        seat,
    }
}
