//! The choice by worth in a session: what a character may cost, what money costs now, who has
//! become worse, and the chance of the burst.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Engine;
use super::book::{ByArm, Traffic};
use super::roster::Roster;
use crate::domain::{
    BurstId, Choice, CompletionRequest, Decision, Features, ModelId, Money, Month, Origin, Ppm,
    Timestamp, Trigger, fnv1a,
};
use crate::inhouse::SHOW_THRESHOLD;
use crate::routing::{
    self, Alternative, Arm, Bid, Demand, Draw, Estimates, Exploration, Floors, Market, Pacer,
    Segment, Standing, TYPICAL_KEPT, Tradeoffs, Worth,
};

/// Kept characters that a decision point is expected to bring, where nothing else says what one is
/// worth: of ten points some get no answer, some a wrong one, and one or two a line that stays.
const KEPT_PER_POINT: f64 = 1.5;
/// How often the base price is solved anew; in between it follows what is spent.
const SOLVE_EVERY: Duration = Duration::from_secs(15 * 60);
/// In the last part of a month nothing is spent on learning.
const LAST_PART: f64 = 0.02;
/// The window that concentration is measured in, and that the profile of the week is learnt from.
pub const PROFILE: Duration = Duration::from_secs(30 * 86_400);
/// At the beginning of a month as much is free for calls beside the answers as of a day.
const DAY: Duration = Duration::from_secs(86_400);
/// Which part of what is left for them one window takes between two readings.
const SHADOW_PART: f64 = 4.0;
/// How long a reading of it holds.
const PROFILE_HOLDS: Duration = Duration::from_secs(30 * 60);

/// What a session knows of money beyond what may still be spent.
#[derive(Default)]
pub struct Pace(Mutex<State>);

#[derive(Default)]
struct State {
    plan: Option<Plan>,
    pacer: Option<Pacer>,
    tradeoffs: Tradeoffs,
    solved: Option<Timestamp>,
    traffic_read: Option<Timestamp>,
    demand: Demand,
    /// What each model has served and cost; not known where nothing caps them.
    by_arm: Option<ByArm>,
    /// How much more a character counts where too few are kept.
    floors: Floors,
    /// What a micro-USD must bring in characters, before the pacing price, as of the last decision.
    money: f64,
    shadow: Shadow,
}

/// What calls cost that are made beside the answers.
#[derive(Clone, Copy, Debug, Default)]
struct Shadow {
    /// In this month, as of the last reading.
    read: Money,
    /// Since then, by this session; a call that runs counts as the most that it can cost.
    since: Money,
}

/// What was made of the last reading of the ledger.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Plan {
    month: Month,
    /// What a kept character may cost.
    per_character: Money,
    /// What a decision point may cost on average from now on, in pico-USD.
    allowance: f64,
    /// What the month may cost.
    ceiling: Money,
}

impl Pace {
    /// Plans the rest of a month: its ceiling, and what it has cost.
    pub fn plan(&self, (ceiling, spent): (Money, Money), floor: Option<u32>, now: Timestamp) {
        let month = Month::of(now);
        let mut state = self.state();
        let demand = &state.demand;
        let whole = KEPT_PER_POINT * demand.expected(month.begin, month.end);
        let left = ceiling.pico_usd().saturating_sub(spent.pico_usd()).max(0);
        let allowance = left as f64 / demand.expected(now, month.end);
        state.plan = Some(Plan {
            month,
            per_character: Money::from_pico_usd((ceiling.pico_usd() as f64 / whole) as i64),
            allowance,
            ceiling,
        });
        state.solve(floor, now);
    }

    /// Says that nothing limits the month.
    pub fn no_plan(&self, floor: Option<u32>, now: Timestamp) {
        let mut state = self.state();
        state.plan = None;
        state.pacer = None;
        state.solve(floor, now);
    }

    /// Takes the price that the last session ended with, where this one has none yet.
    pub fn begin_at(&self, price: f64) {
        self.state().pacer.get_or_insert(Pacer::new(price));
    }

    /// Returns the pacing price, once there is one.
    pub fn price(&self) -> Option<f64> {
        self.state().pacer.map(|pacer| pacer.price())
    }

    /// Returns whether it is time to read again what has gone through.
    pub fn wants_traffic(&self, now: Timestamp, by_arm: bool) -> bool {
        let state = self.state();
        let is_old = |at| now.since(at) >= PROFILE_HOLDS;
        state.traffic_read.is_none_or(is_old) || (by_arm && state.by_arm.is_none())
    }

    /// Takes what has gone through in the last thirty days.
    pub fn take(&self, traffic: Traffic, now: Timestamp) {
        let mut demand = Demand::default();
        let hour = Duration::from_secs(3_600);
        if let Some((&first, _)) = traffic.points.first_key_value() {
            // Hours in which nobody typed are seen, too; the one that runs is not over.
            let mut at = first;
            while at.plus(hour) <= now {
                let points = traffic.points.get(&at).copied().unwrap_or(0);
                demand.observe_hour(at, points);
                at = at.plus(hour);
            }
        }
        let mut state = self.state();
        state.traffic_read = Some(now);
        state.demand = demand;
        state.by_arm = traffic.by_arm;
        state.shadow = Shadow {
            read: traffic.shadow,
            since: Money::ZERO,
        };
    }

    /// Counts a suggestion until the next reading does.
    pub fn offered(&self, model: &ModelId) {
        if let Some(by_arm) = &mut self.state().by_arm {
            *by_arm.offers.entry(model.clone()).or_default() += 1;
        }
    }

    /// Counts what a call has cost until the next reading does.
    pub fn paid(&self, model: &ModelId, cost: Money) {
        if let Some(by_arm) = &mut self.state().by_arm {
            let paid = by_arm.spend.entry(model.clone()).or_default();
            *paid = *paid + cost;
        }
    }

    /// Works with what each model has served and cost, where that is known.
    pub fn with_volumes(&self, work: impl FnOnce(&ByArm)) {
        if let Some(by_arm) = &self.state().by_arm {
            work(by_arm);
        }
    }

    /// Sets aside what a call beside the answers can cost at the most, if `share` of the ceiling
    /// leaves room for it: as much of it as of the month is over. Returns whether it does.
    pub fn admits_shadow(&self, share: Ppm, worst: Money, now: Timestamp) -> bool {
        let mut state = self.state();
        let Some(plan) = state.plan.filter(|plan| plan.month.contains(now)) else {
            return false;
        };
        let whole = plan.month.end.since(plan.month.begin).as_secs_f64();
        let gone = (now.since(plan.month.begin) + DAY).as_secs_f64() / whole;
        let room = share.fraction() * gone.min(1.0) * plan.ceiling.pico_usd() as f64;
        let Shadow { read, since } = state.shadow;
        let left = room - read.pico_usd() as f64;
        // Other windows see only what is on the ledger, so one takes a part of what it sees left.
        let next = (since + worst).pico_usd() as f64;
        if next > left / SHADOW_PART {
            return false;
        }
        state.shadow.since = since + worst;
        true
    }

    /// Remembers what could have been done at a place, and follows what was spent on it.
    pub fn decided(&self, segment: Segment, alternatives: &[Alternative], expected: Money) {
        let mut state = self.state();
        state.tradeoffs.see(segment, alternatives);
        if let Some(Plan { allowance, .. }) = state.plan {
            let pacer = state.pacer.get_or_insert(Pacer::new(0.0));
            pacer.step(expected.pico_usd() as f64, allowance);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Solves the pacing price and what a character counts where too few are kept, when it is time.
    fn solve(&mut self, floor: Option<u32>, now: Timestamp) {
        let is_new = self.solved.is_some_and(|at| now.since(at) < SOLVE_EVERY);
        if is_new || !self.tradeoffs.are_enough() {
            return;
        }
        self.solved = Some(now);
        let paced = self.pacer.map_or(0.0, |pacer| pacer.price());
        self.floors = floor.map_or_else(Floors::default, |floor| {
            let least = f64::from(floor) / 1_000.0;
            self.tradeoffs.floors(least, self.money + paced)
        });
        let tradeoffs = &self.tradeoffs;
        let price = |plan: Plan| tradeoffs.price(plan.allowance, self.money, &self.floors);
        if let Some(price) = self.plan.and_then(price) {
            self.pacer.get_or_insert(Pacer::new(price)).rebase(price);
        }
    }
}

impl Engine {
    /// Decides who answers: by worth where it is known what a character may cost, else the plain way.
    pub(super) fn decide(
        &self,
        roster: &Roster,
        (features, arms): (&Features, &[Arm]),
        (request, burst): (&CompletionRequest, BurstId),
        can_record: bool,
    ) -> Decision {
        let plain = Standing {
            embedded_threshold: SHOW_THRESHOLD,
            can_record,
            market: None,
        };
        let policy = &roster.policy;
        let segment = Segment::of(features);
        let Some((worth, is_late)) = self.worth(roster, segment, request) else {
            return routing::decide(features, arms, policy, plain);
        };
        let gaps = self.rhythm.gaps().millis();
        self.learnt.with(|estimates| {
            let bids: Option<Vec<Bid<'_>>> = arms
                .iter()
                .map(|arm| {
                    Some(Bid {
                        posterior: estimates.posterior(&arm.model)?,
                        is_demoted: arm.is_canary
                            || estimates.is_demoted(&arm.model, &features.language),
                    })
                })
                .collect();
            // Every model was met when the roster was put in place.
            let Some(bids) = bids else {
                return routing::decide(features, arms, policy, plain);
            };
            // Nobody is experimented on who asks with a key, or on the command line.
            let is_asked_for = self.origin == Origin::Cli || request.trigger == Trigger::Invoked;
            let mut draw = Draw::of(burst, fnv1a(policy.id.as_bytes()));
            if is_asked_for || is_late {
                draw.held_out = None;
            }
            let exploration = if is_asked_for || is_late {
                Exploration::OFF
            } else {
                Exploration::default()
            };
            let market = Market {
                bids: &bids,
                gaps: &gaps,
                worth,
                // The purse says of every arm whether it fits.
                left: Money::from_pico_usd(i64::MAX),
                exploration,
                draw,
            };
            let standing = Standing {
                market: Some(&market),
                ..plain
            };
            let decision = routing::decide(features, arms, policy, standing);
            if policy.pin.is_none() {
                let alternatives = market.alternatives(features, &decision);
                let cost = decision.expected_cost;
                self.pace.decided(segment, &alternatives, cost);
            }
            decision
        })
    }

    /// Returns what characters and money are worth, and whether the month is nearly over; `None`
    /// where the choice is the plain one.
    fn worth(
        &self,
        roster: &Roster,
        segment: Segment,
        request: &CompletionRequest,
    ) -> Option<(Worth, bool)> {
        let policy = &roster.policy;
        if policy.choice == Some(Choice::Cheapest) || roster.arms.is_empty() {
            return None;
        }
        let mut state = self.pace.state();
        let now = request.received;
        let plan = state.plan.filter(|plan| plan.month.contains(now));
        let said = policy.allowance.per_thousand_chars;
        let said = said.map(|thousand| Money::from_pico_usd(thousand.pico_usd() / 1_000));
        let per_character = said.or(plan.map(|plan| plan.per_character))?;
        let lambda = state.pacer.map_or(0.0, |pacer| pacer.price());
        let floor = state.floors.of(segment);
        state.money = Worth::characters_of(per_character);
        drop(state);
        let is_late = plan.is_some_and(|plan| {
            let (whole, left) = (
                plan.month.end.since(plan.month.begin),
                plan.month.end.since(now),
            );
            left.as_secs_f64() < LAST_PART * whole.as_secs_f64()
        });
        // Who asks with a key wants to see what there is.
        let (typical_kept, attention) = if request.trigger == Trigger::Invoked {
            (0.0, None)
        } else {
            let attention = self.learnt.with(Estimates::attention);
            (TYPICAL_KEPT, attention)
        };
        let worth = Worth {
            per_character,
            lambda,
            typical_kept,
            attention,
        };
        Some((worth.raised(floor), is_late))
    }
}
