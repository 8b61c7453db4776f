//! What price changes that are announced would do to a period like this one.

use std::collections::BTreeMap;

use super::metered::CallGroup;
use super::{Books, Margin};
use crate::domain::{MicroUsd, Rates, Timestamp};

/// Finds the rates that are announced for a group of calls, each with its first moment.
pub type AnnouncedOf<'a> = dyn Fn(&CallGroup) -> Vec<(Timestamp, Rates)> + Sync + 'a;

/// One announced change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Announced {
    /// The row of the price book.
    pub price_id: String,
    /// From when on.
    pub on: Timestamp,
    /// How much more the calls of the period would have cost, by tokens at list price.
    pub extra: MicroUsd,
    /// The share of revenue that would have been left, in millionths.
    pub margin_ppm: Option<i128>,
}

pub(super) fn all(margin: &Margin, books: &Books<'_>) -> Vec<Announced> {
    let mut extra: BTreeMap<(Timestamp, &str), i128> = BTreeMap::new();
    for group in books.calls {
        let (Some(key), Some(old)) = (group.price_id.as_deref(), (books.prices.rates)(group))
        else {
            continue;
        };
        for (on, new) in (books.prices.announced)(group) {
            let more = group.cost_at(&new) - group.cost_at(&old);
            *extra.entry((on, key)).or_default() += more;
        }
    }
    extra
        .into_iter()
        .map(|((on, price_id), pico)| {
            let extra = MicroUsd::rounded(pico);
            Announced {
                price_id: price_id.to_owned(),
                on,
                extra,
                margin_ppm: margin.margin_ppm_at(margin.cost() + extra),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{PricePerMTok, Tier, TokenCount};
    use crate::ledger::figures::Figures;
    use crate::ledger::margin::PriceLists;

    fn rates(input: u64, output: u64) -> Rates {
        let price = PricePerMTok::from_micro_usd;
        Rates {
            input: price(input),
            cache_read: price(input / 10),
            output: price(output),
            ..Rates::FREE
        }
    }

    #[test]
    fn a_doubled_price_costs_as_much_again_and_takes_its_share_of_the_margin() {
        let calls = [CallGroup {
            model: "gemini".to_owned(),
            tier: Tier::Premium,
            supplier: "google".to_owned(),
            lab: None,
            price_id: Some("google/gemini".to_owned()),
            at: Timestamp::from_unix_micros(0),
            calls: 10,
            unpriced: 0,
            cost_pico: 13_000_000_000_000,
            unreported_pico: 0,
            cancelled: 0,
            cancelled_pico: Some(0),
            failed: 0,
            failed_pico: 0,
            // 1 M × 2 USD + 5 M × 0.20 USD + 1 M × 10 USD: 13 USD.
            uncached: TokenCount::new(1_000_000),
            cache_read: TokenCount::new(5_000_000),
            cache_write: (TokenCount::ZERO, TokenCount::ZERO),
            output: TokenCount::new(1_000_000),
        }];
        let december = Timestamp::from_unix_micros(1_796_083_200_000_000);
        let totals = Figures {
            calls: 10,
            known_cost_pico: 13_000_000_000_000,
            ..Figures::default()
        };
        let margin = Margin::of(&Books {
            since: Timestamp::from_unix_micros(0),
            until: Timestamp::from_unix_micros(86_400_000_000),
            totals: &totals,
            calls: &calls,
            bookings: &[],
            retained_chars: None,
            seats_pico: Some(100_000_000_000_000),
            prices: &PriceLists {
                rates: &|_| Some(rates(2_000_000, 10_000_000)),
                announced: &|_| vec![(december, rates(4_000_000, 20_000_000))],
            },
            users: &BTreeMap::new(),
            remarks: Vec::new(),
        })
        .expect("a margin");
        assert_eq!(margin.margin_ppm(), Some(870_000));
        let [announced] = margin.announced.as_slice() else {
            panic!("{:?}", margin.announced);
        };
        assert_eq!(announced.on, december);
        assert_eq!(announced.extra.to_string(), "13.000000");
        assert_eq!(announced.margin_ppm, Some(740_000));
    }
}
