//! What the last places would have cost at every price of money: what the pacing price is solved on,
//! and what a character has to count where too few are kept.

use std::collections::{BTreeMap, VecDeque};

use super::pace::solve;
use crate::domain::{Features, fnv1a_of};

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

/// How much more a character may come to count, in steps of a quarter: from once to fourteen times.
const RAISES: i32 = 12;
/// What is not kept more often by this share is not worth another step.
const WORTH_A_STEP: f64 = 0.01;

fn raise(step: i32) -> f64 {
    1.25_f64.powi(step)
}

/// A language and a kind of place, by hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment(u64);

impl Segment {
    /// Returns the segment that a place belongs to.
    #[must_use]
    pub fn of(features: &Features) -> Self {
        let (language, site) = (features.language.bytes(), features.site.as_str().bytes());
        Self(fnv1a_of(language.chain([b' ']).chain(site)))
    }
}

/// How much more a character counts where too few are kept, by segment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Floors(BTreeMap<Segment, f64>);

impl Floors {
    /// Returns how many times as much a character counts in a segment; 1 where enough are kept.
    #[must_use]
    pub fn of(&self, segment: Segment) -> f64 {
        self.0.get(&segment).copied().unwrap_or(1.0)
    }
}

/// One thing that can be done at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alternative {
    /// What it brings in characters, less the attention that it takes, before it is paid for.
    pub gain: f64,
    /// Characters that are expected to be kept of it.
    pub kept: f64,
    /// What it is expected to cost, in pico-USD.
    pub cost: f64,
}

/// The same in half the precision: two thousand places of some arms take half a megabyte less.
#[derive(Clone, Copy, Debug)]
struct Slim {
    gain: f32,
    kept: f32,
    cost: f32,
}

/// One place.
#[derive(Clone, Debug)]
struct Seen {
    segment: Segment,
    alternatives: Box<[Slim]>,
}

impl Seen {
    /// Returns what is chosen where a micro-USD must bring `money` characters.
    fn chosen(&self, money: f64) -> Option<Slim> {
        let worth = |one: &Slim| f64::from(one.gain) - money * f64::from(one.cost) / 1e6;
        let all = self.alternatives.iter();
        all.max_by(|a, b| worth(a).total_cmp(&worth(b))).copied()
    }
}

/// The last places, each with its alternatives.
#[derive(Clone, Debug, Default)]
pub struct Tradeoffs {
    seen: VecDeque<Seen>,
}

impl Tradeoffs {
    /// Remembers a place; the oldest is forgotten.
    pub fn see(&mut self, segment: Segment, alternatives: &[Alternative]) {
        let slim = |one: &Alternative| Slim {
            gain: one.gain as f32,
            kept: one.kept as f32,
            cost: one.cost as f32,
        };
        if self.seen.len() == WINDOW {
            self.seen.pop_front();
        }
        self.seen.push_back(Seen {
            segment,
            alternatives: alternatives.iter().map(slim).collect(),
        });
    }

    /// Returns whether enough was seen to solve anything.
    #[must_use]
    pub fn are_enough(&self) -> bool {
        self.seen.len() >= ENOUGH
    }

    /// Returns the least pacing price at which these places would have cost `allowance` pico-USD on
    /// average, where a micro-USD must bring `money` characters anyway; `None` while too few were
    /// seen.
    #[must_use]
    pub fn price(&self, allowance: f64, money: f64, floors: &Floors) -> Option<f64> {
        if !self.are_enough() {
            return None;
        }
        let curve: Vec<(f64, f64)> = (0..PRICES)
            .map(|step| {
                let price = price(step);
                (price, self.mean_cost(money + price, floors))
            })
            .collect();
        Some(solve(&curve, allowance))
    }

    fn mean_cost(&self, money: f64, floors: &Floors) -> f64 {
        let cost = |place: &Seen| {
            let chosen = place.chosen(money / floors.of(place.segment));
            chosen.map_or(0.0, |chosen| f64::from(chosen.cost))
        };
        let sum: f64 = self.seen.iter().map(cost).sum();
        sum / self.seen.len() as f64
    }

    /// Returns how much more a character has to count in each segment, so that `least` of them are
    /// expected to be kept at a place on average, where a micro-USD must bring `money` characters:
    /// the least that does it. Where nothing on offer does, it is what brings about as many as
    /// anything; a segment of which little was seen is left as it is.
    #[must_use]
    pub fn floors(&self, least: f64, money: f64) -> Floors {
        let mut segments: BTreeMap<Segment, Vec<&Seen>> = BTreeMap::new();
        for place in &self.seen {
            segments.entry(place.segment).or_default().push(place);
        }
        let known = segments
            .into_iter()
            .filter(|(_, places)| places.len() >= ENOUGH);
        let raised = known.map(|(segment, places)| {
            let kept = |times: f64| {
                let chosen = places
                    .iter()
                    .filter_map(|place| place.chosen(money / times));
                chosen.map(|chosen| f64::from(chosen.kept)).sum::<f64>() / places.len() as f64
            };
            let within_reach = kept(raise(RAISES)) * (1.0 - WORTH_A_STEP);
            let wanted = least.min(within_reach);
            let step = (0..RAISES).find(|step| kept(raise(*step)) >= wanted);
            (segment, raise(step.unwrap_or(RAISES)))
        });
        Floors(raised.filter(|(_, times)| *times > 1.0).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing, a cheap answer of 4 characters for 10 micro-USD, a dear one of 10 for 100.
    const PLACE: [Alternative; 3] = [
        Alternative {
            gain: 0.0,
            kept: 0.0,
            cost: 0.0,
        },
        Alternative {
            gain: 4.0,
            kept: 5.0,
            cost: 10e6,
        },
        Alternative {
            gain: 10.0,
            kept: 11.0,
            cost: 100e6,
        },
    ];
    const NONE: Floors = Floors(BTreeMap::new());

    fn segment(language: &str) -> Segment {
        Segment::of(&Features::at_line_end(language))
    }

    fn seen(times: usize) -> Tradeoffs {
        let mut tradeoffs = Tradeoffs::default();
        (0..times).for_each(|_| tradeoffs.see(segment("rust"), &PLACE));
        tradeoffs
    }

    #[test]
    fn where_everything_may_be_bought_money_has_no_price() {
        assert_eq!(seen(100).price(100e6, 0.0, &NONE), Some(0.0));
    }

    #[test]
    fn the_price_is_where_the_dear_answer_is_not_worth_more_than_the_cheap_one() {
        // Six characters more for 90 micro-USD more: a fifteenth of a character each.
        let price = seen(100).price(10e6, 0.0, &NONE).expect("enough was seen");
        assert!((price - 6.0 / 90.0).abs() < 0.02, "{price}");
        // What a micro-USD must bring anyway is no part of it.
        let price = seen(100).price(10e6, 0.05, &NONE).expect("enough was seen");
        assert!((price - (6.0 / 90.0 - 0.05)).abs() < 0.02, "{price}");
        // And nothing at all is bought where the cheap one is not worth it either: 4 for 10.
        let price = seen(100).price(0.0, 0.0, &NONE).expect("enough was seen");
        assert!((price - 0.4).abs() < 0.15, "{price}");
    }

    #[test]
    fn few_places_say_nothing_and_old_ones_are_forgotten() {
        assert_eq!(seen(ENOUGH - 1).price(0.0, 0.0, &NONE), None);
        let mut tradeoffs = seen(WINDOW);
        let dear = [Alternative {
            gain: 1.0,
            kept: 1.0,
            cost: 50e6,
        }];
        (0..WINDOW).for_each(|_| tradeoffs.see(segment("rust"), &dear));
        assert!((tradeoffs.mean_cost(0.0, &NONE) - 50e6).abs() < 1.0);
    }

    #[test]
    fn a_character_counts_for_more_where_too_few_are_kept_and_only_there() {
        let mut tradeoffs = seen(ENOUGH);
        let free = [Alternative {
            gain: 7.0,
            kept: 8.0,
            cost: 0.0,
        }];
        (0..ENOUGH).for_each(|_| tradeoffs.see(segment("go"), &free));
        (1..ENOUGH).for_each(|_| tradeoffs.see(segment("java"), &PLACE));
        // At one character for a micro-USD nothing is bought: 4 for 10, 10 for 100.
        let floors = tradeoffs.floors(4.5, 1.0);
        let rust = floors.of(segment("rust"));
        // The cheap answer does it: ten micro-USD are four characters at 2.5 times their worth.
        assert!((2.5..=2.5 * 1.25).contains(&rust), "{rust}");
        assert_eq!(floors.of(segment("go")), 1.0, "enough are kept there");
        assert_eq!(floors.of(segment("java")), 1.0, "little was seen of it");
        // The dear answer alone: 90 micro-USD more for six characters more.
        let rust = tradeoffs.floors(9.0, 0.8).of(segment("rust"));
        assert!((12.0..=12.0 * 1.25).contains(&rust), "{rust}");
    }

    #[test]
    fn what_cannot_be_reached_is_not_paid_for() {
        let tradeoffs = seen(ENOUGH);
        // Eleven characters are the most; twenty would not come of any price.
        let at_most = tradeoffs.floors(11.0, 0.8).of(segment("rust"));
        assert_eq!(tradeoffs.floors(20.0, 0.8).of(segment("rust")), at_most);
        // Where what is dear is out of reach, nothing beyond the cheap answer is paid for.
        let cheap = tradeoffs.floors(20.0, 2.0).of(segment("rust"));
        assert!((5.0..=5.0 * 1.25).contains(&cheap), "{cheap}");
    }

    #[test]
    fn a_floor_has_its_part_in_the_pacing_price() {
        let tradeoffs = seen(100);
        let floors = tradeoffs.floors(4.5, 1.0);
        let without = tradeoffs.price(5e6, 1.0, &NONE);
        let with = tradeoffs.price(5e6, 1.0, &floors);
        assert_eq!(without, Some(0.0), "nothing is bought without the floor");
        assert!(with > Some(0.1), "{with:?}: it may not outspend the month");
    }
}
