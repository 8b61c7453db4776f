//! What the last places would have cost at every price of money: what the pacing price is solved on.

use std::collections::VecDeque;

use super::pace::solve;

/// How many places are remembered.
const WINDOW: usize = 2_000;
/// On fewer than this nothing is solved.
const ENOUGH: usize = 40;
/// The prices that are tried, in characters per micro-USD: none, and then each a third above the
/// one before, up to thirteen characters.
const PRICES: i32 = 40;

fn price(step: i32) -> f64 {
    if step == 0 {
        0.0
    } else {
        1e-4 * 1.35_f64.powi(step)
    }
}

/// One thing that can be done at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alternative {
    /// What it is worth in characters, after what the owner pays for them and before the pacing
    /// price.
    pub score: f64,
    /// What it is expected to cost, in pico-USD.
    pub cost: f64,
}

/// The last places, each with its alternatives.
#[derive(Clone, Debug, Default)]
pub struct Tradeoffs {
    // Two thousand places of some arms: half the precision is a quarter of a megabyte less.
    seen: VecDeque<Box<[(f32, f32)]>>,
}

impl Tradeoffs {
    /// Remembers a place; the oldest is forgotten.
    pub fn see(&mut self, alternatives: &[Alternative]) {
        let slim = |one: &Alternative| (one.score as f32, one.cost as f32);
        if self.seen.len() == WINDOW {
            self.seen.pop_front();
        }
        self.seen.push_back(alternatives.iter().map(slim).collect());
    }

    /// Returns the least price at which these places would have cost `allowance` pico-USD on
    /// average; `None` while too few were seen.
    #[must_use]
    pub fn price(&self, allowance: f64) -> Option<f64> {
        if self.seen.len() < ENOUGH {
            return None;
        }
        let curve: Vec<(f64, f64)> = (0..PRICES)
            .map(|step| {
                let price = price(step);
                (price, self.mean_cost(price))
            })
            .collect();
        Some(solve(&curve, allowance))
    }

    fn mean_cost(&self, price: f64) -> f64 {
        let chosen = |place: &[(f32, f32)]| {
            let worth =
                |(score, cost): &(f32, f32)| f64::from(*score) - price * f64::from(*cost) / 1e6;
            let best = place.iter().max_by(|a, b| worth(a).total_cmp(&worth(b)));
            best.map_or(0.0, |(_, cost)| f64::from(*cost))
        };
        let sum: f64 = self.seen.iter().map(|place| chosen(place)).sum();
        sum / self.seen.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing, a cheap answer of 4 characters for 10 micro-USD, a dear one of 10 for 100.
    const PLACE: [Alternative; 3] = [
        Alternative {
            score: 0.0,
            cost: 0.0,
        },
        Alternative {
            score: 4.0,
            cost: 10e6,
        },
        Alternative {
            score: 10.0,
            cost: 100e6,
        },
    ];

    fn seen(times: usize) -> Tradeoffs {
        let mut tradeoffs = Tradeoffs::default();
        (0..times).for_each(|_| tradeoffs.see(&PLACE));
        tradeoffs
    }

    #[test]
    fn where_everything_may_be_bought_money_has_no_price() {
        assert_eq!(seen(100).price(100e6), Some(0.0));
    }

    #[test]
    fn the_price_is_where_the_dear_answer_is_not_worth_more_than_the_cheap_one() {
        // Six characters more for 90 micro-USD more: a fifteenth of a character each.
        let price = seen(100).price(10e6).expect("enough was seen");
        assert!((price - 6.0 / 90.0).abs() < 0.02, "{price}");
        // And nothing at all is bought where the cheap one is not worth it either: 4 for 10.
        let price = seen(100).price(0.0).expect("enough was seen");
        assert!((price - 0.4).abs() < 0.15, "{price}");
    }

    #[test]
    fn few_places_say_nothing_and_old_ones_are_forgotten() {
        assert_eq!(seen(ENOUGH - 1).price(0.0), None);
        let mut tradeoffs = seen(WINDOW);
        let dear = [Alternative {
            score: 1.0,
            cost: 50e6,
        }];
        (0..WINDOW).for_each(|_| tradeoffs.see(&dear));
        assert!((tradeoffs.mean_cost(0.0) - 50e6).abs() < 1.0);
    }
}
