//! What a call costs under given rates. Pure arithmetic in integers; only what a share of an hour
//! or an uplift leaves below a pico-USD is rounded, half to even, once per call.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::{Money, Rates, Region, Timestamp, TokenCount, Usage, divide_half_even};

/// The price of one model during one span of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PriceRow {
    /// Key, such as `mistral/codestral-2508`: the seller and its name of the model.
    pub id: String,
    /// The seller.
    pub provider: String,
    /// Kind of model on this list, such as `premium` or `open-hosted`; it decides nothing.
    pub class: String,
    /// Rates up to the first step of `long_context`.
    pub rates: Rates,
    /// What each request costs beside its tokens.
    pub per_request: Money,
    /// What an hour of a call's duration costs beside its tokens: a host that is paid by time.
    pub per_hour: Money,
    /// Higher rates for long inputs.
    pub long_context: Option<LongContext>,
    /// The hours to which this row is limited; `None` holds around the clock.
    pub off_peak: Option<OffPeak>,
    /// First moment at which the row holds; `None` is since ever.
    pub valid_from: Option<Timestamp>,
    /// First moment at which the row no longer holds; `None` is for good.
    pub valid_to: Option<Timestamp>,
    /// When the seller takes the model away. Retired models stay listed, to price old calls.
    pub deprecated_on: Option<Timestamp>,
    /// Most tokens of input and output together.
    pub context_tokens: Option<u32>,
    /// Fewest input tokens that the seller's prompt cache keeps.
    pub cache_min_tokens: Option<u32>,
    /// What the seller adds to its prices of tokens for a processing region, in percent.
    pub regional_uplift_percent: BTreeMap<String, u32>,
    /// What is odd about the row.
    pub note: Option<String>,
}

/// Rates by the length of the input. One step bills the whole request, not only what is above it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LongContext {
    /// At least one step, thresholds rising.
    pub steps: Vec<ContextStep>,
}

/// The rates above one threshold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContextStep {
    /// The threshold on all input tokens, cached ones included.
    pub above: TokenCount,
    /// Whether an input of exactly the threshold is above it already.
    pub inclusive: bool,
    /// Rates of the whole request.
    pub rates: Rates,
}

/// Hours of the week at which lower rates hold, in UTC.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffPeak {
    /// Windows, in any order.
    pub windows: Vec<Window>,
}

/// Some hours on some days of the week, in UTC.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Window {
    /// Days, 1 for Monday to 7 for Sunday.
    pub weekdays: Vec<u8>,
    /// Spans of full hours, `[from, to)`, with `to` at most 24.
    pub hours: Vec<(u8, u8)>,
}

impl OffPeak {
    /// Returns whether the lower rates hold at `at`.
    #[must_use]
    pub fn holds_at(&self, at: Timestamp) -> bool {
        let moment = at.to_utc();
        let (day, hour) = (moment.weekday().number_from_monday(), moment.hour());
        self.windows.iter().any(|window| {
            window.weekdays.contains(&day)
                && window
                    .hours
                    .iter()
                    .any(|&(from, to)| (from..to).contains(&hour))
        })
    }
}

impl ContextStep {
    fn holds_for(&self, input: TokenCount) -> bool {
        input > self.above || (self.inclusive && input == self.above)
    }
}

impl PriceRow {
    /// Returns the rates that a request with `input` tokens is billed at, cached ones included.
    #[must_use]
    pub fn rates_for(&self, input: TokenCount) -> &Rates {
        self.long_context
            .iter()
            .flat_map(|long| &long.steps)
            .rfind(|step| step.holds_for(input))
            .map_or(&self.rates, |step| &step.rates)
    }

    /// Returns the cost of a call that lasted `duration` in `region`, or `None` when a total is not
    /// known that has a price, or the amount does not fit.
    #[must_use]
    pub fn cost(
        &self,
        usage: &Usage,
        duration: Duration,
        region: Option<&Region>,
    ) -> Option<Money> {
        let tokens = if self.rates.are_free() && self.long_context.is_none() {
            0
        } else {
            cost_at(self.rates_for(usage.input_total?), usage)?
                .pico_usd()
                .into()
        };
        let pico = self
            .with_uplift(tokens, region)
            .checked_add(self.fees(duration))?;
        i64::try_from(pico).ok().map(Money::from_pico_usd)
    }

    /// Returns what a call of these lengths would cost if no cache helped; at the limit of
    /// [`Money`] it stays there.
    #[must_use]
    pub fn expected_cost(
        &self,
        (input, output): (TokenCount, TokenCount),
        duration: Duration,
        region: Option<&Region>,
    ) -> Money {
        let tokens = expected_cost(self.rates_for(input), input, output);
        let pico = self.with_uplift(tokens.pico_usd().into(), region) + self.fees(duration);
        Money::from_pico_usd(i64::try_from(pico).unwrap_or(i64::MAX))
    }

    /// Returns what is added for `region`, in percent: what is listed for it, or for the part of
    /// its name before the first dash, so that `eu` stands for `eu-central-1` as well.
    #[must_use]
    pub fn uplift_percent(&self, region: Option<&Region>) -> u32 {
        let Some(name) = region.map(Region::as_str) else {
            return 0;
        };
        let area = name.split('-').next().unwrap_or(name);
        let listed = |name: &str| self.regional_uplift_percent.get(name).copied();
        listed(name).or_else(|| listed(area)).unwrap_or(0)
    }

    fn with_uplift(&self, pico: i128, region: Option<&Region>) -> i128 {
        divide_half_even(
            pico * i128::from(100 + u64::from(self.uplift_percent(region))),
            100,
        )
    }

    fn fees(&self, duration: Duration) -> i128 {
        const MILLIS_PER_HOUR: i128 = 3_600_000;
        let millis = i128::try_from(duration.as_millis()).unwrap_or(i128::MAX / 2);
        let time = millis.saturating_mul(self.per_hour.pico_usd().into());
        divide_half_even(time, MILLIS_PER_HOUR) + i128::from(self.per_request.pico_usd())
    }

    /// Returns whether the row holds at `at`, hours of the day aside.
    #[must_use]
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        self.valid_from.is_none_or(|from| from <= at) && self.valid_to.is_none_or(|to| at < to)
    }
}

/// Returns the exact cost of `usage`, or `None` when a total is unknown or the amount does not fit.
///
/// Parts that the provider did not report count as not used: their tokens are then in the total
/// and cost the plain input price, which is the dearer reading for cache reads. If the parts
/// exceed the total, each is billed as reported.
#[must_use]
pub fn cost_at(rates: &Rates, usage: &Usage) -> Option<Money> {
    let part = |tokens: Option<TokenCount>| tokens.unwrap_or(TokenCount::ZERO);
    let pico = [
        rates.input.cost_of(usage.uncached_input()?),
        rates.cache_read.cost_of(part(usage.cache_read)),
        rates.cache_write.cost_of(part(usage.cache_write_5m)),
        rates.cache_write_1h.cost_of(part(usage.cache_write_1h)),
        rates.output.cost_of(usage.output_total?),
    ]
    .into_iter()
    .try_fold(0_i128, i128::checked_add)?;
    i64::try_from(pico).ok().map(Money::from_pico_usd)
}

/// Returns what a call of these lengths would cost if no cache helped; at the limit of
/// [`Money`] it stays there.
#[must_use]
pub fn expected_cost(rates: &Rates, input: TokenCount, output: TokenCount) -> Money {
    let pico = rates
        .input
        .cost_of(input)
        .saturating_add(rates.output.cost_of(output));
    Money::from_pico_usd(i64::try_from(pico).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::PricePerMTok;

    fn rates(input: u64, read: u64, write: u64, write_1h: u64, output: u64) -> Rates {
        let price = PricePerMTok::from_micro_usd;
        Rates {
            input: price(input),
            cache_read: price(read),
            cache_write: price(write),
            cache_write_1h: price(write_1h),
            output: price(output),
        }
    }

    fn usage(input: u64, read: u64, write: u64, write_1h: u64, output: u64) -> Usage {
        let tokens = |count| Some(TokenCount::new(count));
        Usage {
            input_total: tokens(input),
            cache_read: tokens(read),
            cache_write_5m: tokens(write),
            cache_write_1h: tokens(write_1h),
            output_total: tokens(output),
            reasoning: None,
        }
    }

    fn row(long_context: Vec<ContextStep>) -> PriceRow {
        PriceRow {
            id: "seller/model".to_owned(),
            provider: "seller".to_owned(),
            class: "premium".to_owned(),
            rates: rates(100, 10, 125, 200, 500),
            per_request: Money::ZERO,
            per_hour: Money::ZERO,
            long_context: (!long_context.is_empty()).then_some(LongContext {
                steps: long_context,
            }),
            off_peak: None,
            valid_from: None,
            valid_to: None,
            deprecated_on: None,
            context_tokens: None,
            cache_min_tokens: None,
            regional_uplift_percent: BTreeMap::new(),
            note: None,
        }
    }

    fn cost(row: &PriceRow, usage: &Usage) -> Option<Money> {
        row.cost(usage, Duration::ZERO, None)
    }

    #[test]
    fn every_class_of_tokens_has_its_own_price() {
        // 1,000 input, of which 600 read, 100 written for minutes, 50 for an hour: 250 plain.
        // 250×100 + 600×10 + 100×125 + 50×200 + 20×500
        //   = 25,000 + 6,000 + 12,500 + 10,000 + 10,000 = 63,500 pico-USD.
        let cost = cost(&row(vec![]), &usage(1_000, 600, 100, 50, 20));
        assert_eq!(cost, Some(Money::from_pico_usd(63_500)));
    }

    #[test]
    fn an_unknown_total_makes_the_cost_unknown() {
        for unknown in [
            Usage {
                input_total: None,
                ..usage(9, 0, 0, 0, 9)
            },
            Usage {
                output_total: None,
                ..usage(9, 0, 0, 0, 9)
            },
            Usage::default(),
        ] {
            assert_eq!(cost(&row(vec![]), &unknown), None);
            assert_eq!(cost_at(&rates(1, 1, 1, 1, 1), &unknown), None);
        }
    }

    #[test]
    fn parts_that_are_not_reported_cost_the_plain_input_price() {
        let plain = Usage {
            cache_read: None,
            cache_write_5m: None,
            cache_write_1h: None,
            ..usage(1_000, 0, 0, 0, 20)
        };
        // 1,000×100 + 20×500 = 110,000 pico-USD.
        assert_eq!(
            cost(&row(vec![]), &plain),
            Some(Money::from_pico_usd(110_000))
        );
    }

    #[test]
    fn a_long_input_is_billed_wholly_at_the_higher_rate() {
        let step = ContextStep {
            above: TokenCount::new(1_000),
            inclusive: false,
            rates: rates(500, 50, 625, 1_000, 2_500),
        };
        let exclusive = row(vec![step.clone()]);
        let inclusive = row(vec![ContextStep {
            inclusive: true,
            ..step
        }]);
        let pico =
            |row: &PriceRow, input| cost(row, &usage(input, 0, 0, 0, 0)).map(Money::pico_usd);
        assert_eq!(pico(&exclusive, 1_000), Some(100_000));
        assert_eq!(pico(&exclusive, 1_001), Some(500_500));
        assert_eq!(pico(&inclusive, 999), Some(99_900));
        assert_eq!(pico(&inclusive, 1_000), Some(500_000));
        // The threshold looks at the whole input: 1,001 tokens, 901 of them from the cache,
        // 100×500 + 901×50 + 10×2,500 = 50,000 + 45,050 + 25,000 = 120,050.
        let cached = cost(&exclusive, &usage(1_001, 901, 0, 0, 10));
        assert_eq!(cached, Some(Money::from_pico_usd(120_050)));
    }

    #[test]
    fn the_highest_step_that_is_reached_decides() {
        let step = |above, input| ContextStep {
            above: TokenCount::new(above),
            inclusive: false,
            rates: rates(input, 0, 0, 0, 0),
        };
        let row = row(vec![step(32_000, 200), step(128_000, 400)]);
        let price = |input| row.rates_for(TokenCount::new(input)).input.micro_usd();
        assert_eq!(
            [price(32_000), price(32_001), price(128_000), price(128_001)],
            [100, 200, 200, 400]
        );
    }

    #[test]
    fn an_amount_beyond_the_type_is_unknown_and_an_expectation_stays_at_the_limit() {
        const MUCH: u64 = i64::MAX as u64;
        let dear = rates(MUCH, 0, 0, 0, MUCH);
        assert_eq!(cost_at(&dear, &usage(MUCH, 0, 0, 0, MUCH)), None);
        let expected = expected_cost(&dear, TokenCount::new(MUCH), TokenCount::new(MUCH));
        assert_eq!(expected, Money::from_pico_usd(i64::MAX));
    }

    #[test]
    fn a_region_with_an_uplift_costs_more_for_its_tokens_only() {
        let row = PriceRow {
            regional_uplift_percent: BTreeMap::from([("eu".to_owned(), 10)]),
            per_request: Money::from_pico_usd(1_000),
            ..row(vec![])
        };
        let cost = |region: &str| {
            let region = Region::new(region);
            row.cost(&usage(100, 0, 0, 0, 1), Duration::ZERO, Some(&region))
                .map(Money::pico_usd)
        };
        // 100×100 + 1×500 = 10,500, a tenth more is 11,550; the request's 1,000 stay.
        assert_eq!(cost("us"), Some(11_500));
        assert_eq!(cost("eu"), Some(12_550));
        assert_eq!(cost("eu-central-1"), Some(12_550));
        assert_eq!(cost("europe"), Some(11_500));
    }

    #[test]
    fn a_host_that_is_paid_by_the_hour_costs_the_time_of_the_call() {
        let row = PriceRow {
            rates: Rates::FREE,
            per_hour: "4.70".parse().expect("a price"),
            ..row(vec![])
        };
        // 900 ms of 4.70 USD an hour: 0.001175 USD, whatever the tokens were.
        let cost = row.cost(&Usage::default(), Duration::from_millis(900), None);
        assert_eq!(
            cost.map(|cost| cost.to_string()).as_deref(),
            Some("$0.001175")
        );
    }

    #[test]
    fn an_expected_cost_is_that_of_a_call_without_caches() {
        // 1,500×300,000 + 20×900,000 = 468,000,000 pico-USD, which is 0.000468 USD.
        let codestral = rates(300_000, 30_000, 300_000, 300_000, 900_000);
        let expected = expected_cost(&codestral, TokenCount::new(1_500), TokenCount::new(20));
        assert_eq!(expected.to_string(), "$0.000468");
        assert_eq!(
            Some(expected),
            cost_at(&codestral, &usage(1_500, 0, 0, 0, 20))
        );
    }

    proptest! {
        #[test]
        fn splitting_a_call_never_changes_what_its_tokens_cost(
            a in 0_u64..1 << 30, b in 0_u64..1 << 30, out in 0_u64..1 << 20,
        ) {
            let rates = rates(300_000, 30_000, 375_000, 600_000, 900_000);
            let cost = |input, output| cost_at(&rates, &usage(input, 0, 0, 0, output));
            let parts = cost(a, out).zip(cost(b, 0)).and_then(|(a, b)| a.checked_add(b));
            prop_assert_eq!(cost(a + b, out), parts);
        }

        #[test]
        fn reading_from_the_cache_never_costs_more(
            input in 0_u64..1 << 30, share in 0_u64..=100, out in 0_u64..1 << 20,
        ) {
            let row = row(vec![]);
            let read = cost(&row, &usage(input, input * share / 100, 0, 0, out));
            prop_assert!(read <= cost(&row, &usage(input, 0, 0, 0, out)));
        }

        #[test]
        fn more_of_anything_never_costs_less(
            input in 0_u64..1 << 21, output in 0_u64..1 << 16, more in 0_u64..1 << 16,
            seconds in 0_u64..1 << 12, uplift in 0_u32..200, step in 1_u64..1 << 20,
        ) {
            let step = ContextStep {
                above: TokenCount::new(step),
                inclusive: false,
                rates: rates(200, 20, 250, 400, 1_000),
            };
            let row = PriceRow {
                per_request: Money::from_pico_usd(7),
                per_hour: Money::from_pico_usd(12_345_678),
                regional_uplift_percent: BTreeMap::from([("eu".to_owned(), uplift)]),
                ..row(vec![step])
            };
            let eu = Region::new("eu-west-1");
            let price = |input, output, seconds, region| {
                row.cost(&usage(input, 0, 0, 0, output), Duration::from_secs(seconds), region)
            };
            let base = price(input, output, seconds, None);
            prop_assert!(base.is_some());
            prop_assert!(base <= price(input + more, output, seconds, None));
            prop_assert!(base <= price(input, output + more, seconds, None));
            prop_assert!(base <= price(input, output, seconds + more, None));
            prop_assert!(base <= price(input, output, seconds, Some(&eu)));
            // What the router expects is what the call is then billed, if no cache helps.
            let lengths = (TokenCount::new(input), TokenCount::new(output));
            let expected = row.expected_cost(lengths, Duration::from_secs(seconds), Some(&eu));
            prop_assert_eq!(Some(expected), price(input, output, seconds, Some(&eu)));
        }

        #[test]
        fn the_parts_of_a_call_add_up_to_it(
            plain in 0_u64..1 << 30, read in 0_u64..1 << 30, write in 0_u64..1 << 30,
            write_1h in 0_u64..1 << 30, out in 0_u64..1 << 30,
        ) {
            // The total holds its parts: what is left of it is the plain input, priced once.
            let rates = rates(300, 30, 375, 600, 900);
            let all = usage(plain + read + write + write_1h, read, write, write_1h, out);
            let cost = |usage: &Usage| cost_at(&rates, usage).map(Money::pico_usd);
            let parts = [
                cost(&usage(plain, 0, 0, 0, 0)), cost(&usage(read, read, 0, 0, 0)),
                cost(&usage(write, 0, write, 0, 0)), cost(&usage(write_1h, 0, 0, write_1h, 0)),
                cost(&usage(0, 0, 0, 0, out)),
            ];
            let sum = parts.into_iter().try_fold(0_i64, |sum, part| sum.checked_add(part?));
            prop_assert_eq!(cost(&all), sum);
        }

        #[test]
        fn no_usage_and_no_price_overflows(
            price in any::<u64>(), input in any::<u64>(), output in any::<u64>(),
            millis in any::<u64>(), hour in any::<i64>(),
        ) {
            let row = PriceRow {
                rates: rates(price, price, price, price, price),
                per_hour: Money::from_pico_usd(hour.saturating_abs()),
                ..row(vec![])
            };
            let duration = Duration::from_millis(millis);
            let cost = row.cost(&usage(input, 0, 0, 0, output), duration, None);
            prop_assert!(cost.is_none_or(|cost| cost >= Money::ZERO));
            let lengths = (TokenCount::new(input), TokenCount::new(output));
            prop_assert!(row.expected_cost(lengths, duration, None) >= Money::ZERO);
        }
    }
}
