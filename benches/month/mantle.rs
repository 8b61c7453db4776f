//! The router itself in the simulated month: the shipped decision, estimates, price, budget.

use std::collections::VecDeque;
use std::time::Duration;

use mantle_ls::domain::{Action, Dice, ModelId, Money, Policy, Region, Tier, Timestamp};
use mantle_ls::routing::{
    Arm, Bid, Budget, Ceiling, Demand, Draw, Estimates, Exploration, Floors, Lease, Lesson, Market,
    Pacer, Said, Segment, Sight, Standing, Tradeoffs, Worth, decide,
};

use super::Month;
use super::cells::Cells;
use super::world::{ARMS, DAYS, FALL_DAY, FALLEN, Point, SEATS, moment};

/// Decision points between two solutions of the base price.
const RESOLVE: usize = 500;
/// How long a process keeps a lease, and one in how many is never given back.
const LEASE: Duration = Duration::from_secs(600);
const CRASHES: usize = 2_000;
/// The embedded model answers from here on, as shipped.
const EMBEDDED_FROM: f32 = 0.6;

/// How the price of money is set.
#[derive(Clone, Copy, Debug)]
pub enum Pricing {
    /// By the budget, as it goes.
    Paced,
    /// Known beforehand and held; hard admission all the same.
    Fixed(f64),
    /// By the budget; and the model that falls is demoted at the hour of its fall, as by a watch
    /// that needs no labels.
    Warned,
}

impl Pricing {
    /// Returns whether a model is known to have fallen, in a month in which it does.
    fn is_warned_of(self, arm: usize, point: &Point) -> bool {
        matches!(self, Self::Warned) && (arm, point.language) == FALLEN && point.day >= FALL_DAY
    }
}

/// A process of a seat: two windows of an editor, each with a lease of its own.
#[derive(Default)]
struct Process {
    lease: Option<(Lease, Budget)>,
}

/// Runs the month.
pub fn run(points: &[Point], ceiling: Ceiling, pricing: Pricing, seed: u64) -> (Month, Cells) {
    let mut state = Mantle::new(ceiling, pricing, points.len(), seed);
    for (n, point) in points.iter().enumerate() {
        state.step(n, point);
    }
    state.finish()
}

struct Mantle {
    ceiling: Ceiling,
    budget: Budget,
    processes: Vec<Process>,
    models: [ModelId; ARMS.len()],
    estimates: Estimates,
    cells: Cells,
    demand: Demand,
    hour: (i64, u32),
    pacer: Pacer,
    pricing: Pricing,
    tradeoffs: Tradeoffs,
    worth: Worth,
    policy: Policy,
    dice: Dice,
    month: Month,
    ends: VecDeque<(Timestamp, usize)>,
    really: Money,
}

impl Mantle {
    fn new(ceiling: Ceiling, pricing: Pricing, expected: usize, seed: u64) -> Self {
        // An owner who would pay for more than the ceiling allows, so that the ceiling is what
        // binds: the budget over a character and a half per decision point.
        let models = ARMS.map(ModelId::new);
        let mut estimates = Estimates::default();
        for model in &models {
            estimates.meet(model, model.as_str());
        }
        let per_character = ceiling.get().pico_usd() as f64 / (1.5 * expected as f64);
        Self {
            ceiling,
            budget: Budget::new(ceiling),
            processes: (0..2 * SEATS).map(|_| Process::default()).collect(),
            models,
            estimates,
            cells: Cells::default(),
            demand: Demand::default(),
            hour: (i64::MIN, 0),
            pacer: Pacer::new(match pricing {
                Pricing::Paced | Pricing::Warned => 0.0,
                Pricing::Fixed(price) => price,
            }),
            pricing,
            tradeoffs: Tradeoffs::default(),
            worth: Worth {
                per_character: Money::from_pico_usd(per_character as i64),
                lambda: 0.0,
                typical_kept: 25.0,
                attention: None,
            },
            policy: Policy {
                id: "month".to_owned(),
                embedded: true,
                ..Policy::default()
            },
            dice: Dice::new(seed ^ 0x5eed),
            month: Month::default(),
            ends: VecDeque::new(),
            really: Money::ZERO,
        }
    }

    fn step(&mut self, n: usize, point: &Point) {
        self.count(point);
        self.end_leases(point);
        let allowance = self.allowance(point);
        if let Pricing::Paced | Pricing::Warned = self.pricing
            && n.is_multiple_of(RESOLVE)
            && n > 0
            && let Some(price) = self.tradeoffs.price(
                allowance,
                Worth::characters_of(self.worth.per_character),
                &Floors::default(),
            )
        {
            self.pacer.rebase(price);
        }
        self.worth.lambda = self.pacer.price();

        let which = 2 * point.seat + self.dice.below(2);
        self.refill(which, point);
        let left = self.processes[which]
            .lease
            .as_ref()
            .map_or(Money::ZERO, |(_, budget)| budget.left());
        let bids: Vec<Bid<'_>> = self
            .models
            .iter()
            .enumerate()
            .filter_map(|(arm, model)| {
                Some(Bid {
                    posterior: self.estimates.posterior(model)?,
                    is_demoted: self.estimates.is_demoted(model, &point.features.language)
                        || self.pricing.is_warned_of(arm, point),
                })
            })
            .collect();
        let arms: Vec<Arm> = self
            .models
            .iter()
            .zip(&point.arms)
            .map(|(model, would)| Arm {
                model: model.clone(),
                tier: Tier::OpenSource,
                region: Some(Region::local()),
                cost: Some(would.worst),
                has_key: true,
                is_healthy: true,
                fits: true,
                is_affordable: true,
                is_canary: false,
                is_within_cap: true,
                is_drilled: false,
                latency_ms: None,
            })
            .collect();
        // In the last fiftieth of the period nothing is spent on learning.
        let is_late = point.day as f64 >= 0.98 * DAYS as f64;
        let market = Market {
            bids: &bids,
            gaps: &[],
            worth: self.worth,
            left,
            exploration: if is_late {
                Exploration::OFF
            } else {
                Exploration::default()
            },
            draw: Draw::from_seed(self.dice.roll()),
        };
        let standing = Standing {
            embedded_threshold: EMBEDDED_FROM,
            can_record: true,
            market: Some(&market),
        };
        let decision = decide(&point.features, &arms, &self.policy, standing);
        let alternatives = market.alternatives(&point.features, &decision);
        self.tradeoffs
            .see(Segment::of(&point.features), &alternatives);
        let mut cost = Money::ZERO;
        match decision.action {
            Action::Silent => self.month.silent(),
            Action::Embedded => {
                self.cells.shown(point, point.embedded_is_right);
                self.month
                    .show(point.embedded_is_right, point.embedded_kept);
            }
            Action::Call => {
                let called = self
                    .models
                    .iter()
                    .position(|model| *model == decision.route[0]);
                cost = self.call(called.expect("one of the three"), which, point);
            }
        }
        self.pacer.step(
            cost.pico_usd() as f64,
            if let Pricing::Paced | Pricing::Warned = self.pricing {
                allowance
            } else {
                cost.pico_usd() as f64
            },
        );
    }

    /// Calls a model, pays, shows its answer where it is likely enough to be right, and learns.
    fn call(&mut self, arm: usize, which: usize, point: &Point) -> Money {
        let would = &point.arms[arm];
        if let Some((_, budget)) = &mut self.processes[which].lease {
            let call = budget.reserve(would.worst).expect("it was admitted");
            budget.settle(call, would.cost);
        }
        self.really = self.really + would.cost;
        let (model, sight) = (&self.models[arm], Sight::of(&point.features));
        let believed = self.estimates.probability(model, &sight);
        let believed = believed.expect("it was met");
        self.cells.offered(arm, point, believed, would.is_right);
        self.cells.shown(point, would.is_right);
        let matched = Lesson::Matched(&sight, would.is_right);
        if let Some((turn, _)) = self.estimates.learn(model, matched) {
            self.cells.turned(arm, point, turn);
        }
        let mut lessons = vec![
            Lesson::Offered(&sight, would.is_right, 1.0, Said::ByClient),
            Lesson::Cost(would.cost, would.worst),
            Lesson::Usable(true),
        ];
        if would.is_right {
            lessons.push(Lesson::Kept(would.kept as u32));
        }
        for lesson in lessons {
            self.estimates.learn(model, lesson);
        }
        self.month.show(would.is_right, would.kept);
        would.cost
    }

    /// Sees that the process holds a lease that one call fits into, while there is one.
    fn refill(&mut self, which: usize, point: &Point) {
        let least = point.arms[2].worst;
        if let Some((lease, budget)) = &self.processes[which].lease {
            if budget.left() >= least {
                return;
            }
            self.budget.give_back(lease, budget.spent());
        }
        let until = point.at.plus(LEASE);
        let wanted = Money::from_pico_usd(3 * least.pico_usd());
        let lease = self.budget.lease(least, wanted, until);
        if lease.is_some() {
            self.ends.push_back((until, which));
        }
        self.processes[which].lease = lease.map(|lease| (lease, lease.budget()));
    }

    /// Lets the processes whose leases end give back what is left of them, but for those that have
    /// crashed: their slices are lost.
    fn end_leases(&mut self, point: &Point) {
        while let Some(&(until, which)) = self.ends.front()
            && until <= point.at
        {
            self.ends.pop_front();
            let is_over = |(lease, _): &mut (Lease, Budget)| lease.until <= point.at;
            if let Some((lease, budget)) = self.processes[which].lease.take_if(is_over)
                && self.dice.below(CRASHES) > 0
            {
                self.budget.give_back(&lease, budget.spent());
            }
        }
        self.budget.end_leases(point.at);
    }

    fn count(&mut self, point: &Point) {
        let hour = point.at.unix_micros() / 3_600_000_000;
        while self.hour.0 != i64::MIN && self.hour.0 < hour {
            let at = Timestamp::from_unix_micros(self.hour.0 * 3_600_000_000);
            self.demand.observe_hour(at, self.hour.1);
            self.hour = (self.hour.0 + 1, 0);
        }
        self.hour = (hour, self.hour.1 + 1);
    }

    /// Returns what a decision point may cost on average from here on. What leases hold is not
    /// gone: most of it comes back.
    fn allowance(&self, point: &Point) -> f64 {
        let left = self.ceiling.get().pico_usd() - self.really.pico_usd();
        left.max(0) as f64 / self.demand.expected(point.at, moment(DAYS, 0))
    }

    fn finish(mut self) -> (Month, Cells) {
        self.month.spent = self.really.pico_usd() as f64 / self.ceiling.get().pico_usd() as f64;
        (self.month, self.cells)
    }
}
