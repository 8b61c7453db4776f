//! `mantle report --demo`: a made-up month of a team of 200 seats, for who has no ledger yet.
//!
//! The events are drawn from a seed, written to a ledger in a temporary folder by the same code as
//! real ones, and reported by the same code. Where the proportions come from is said in
//! `docs/report.md`; what a call costs is what the price book says of that month.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use time::macros::datetime;
use uuid::Uuid;

use crate::cli::scratch::ScratchFolder;
use crate::domain::{
    Action, ArmEstimate, BillingBasis, Booking, BookingRow, BurstId, CacheHitRow, CacheLayer,
    CallId, CallOutcome, CallRow, CompletionId, CursorSite, DecisionId, DecisionRow, Dice,
    EpisodeId, Evidence, Exclusion, LedgerEvent, ModelId, Money, Origin, OutcomeKind, OutcomeRow,
    Pool, PoolTerms, Protocol, Reason, RetentionRow, RowId, SuppressedRow, Tier, Timestamp,
    TokenCount, Trigger, Usage, Who,
};
use crate::ledger::Ledger;
use crate::prices::Prices;

/// What every format says of itself.
pub(super) const MARK: &str = "SIMULATED: a made-up month of a team of 200 seats, not your ledger";

const SEATS: usize = 200;
/// Of them, seats that pay nothing yet.
const ON_TRIAL: usize = 8;
/// Requests of a seat on a working day: a tenth of what somebody who types all day makes, so that
/// the month is there in a moment. Every row stands for itself.
const REQUESTS: f64 = 14.0;
const LANGUAGES: [(&str, f64); 5] = [
    ("typescript", 0.32),
    ("python", 0.28),
    ("rust", 0.18),
    ("go", 0.13),
    ("java", 0.09),
];
const CLIENTS: [(&str, f64); 3] = [
    ("Visual Studio Code", 0.62),
    ("Neovim", 0.25),
    ("Zed", 0.13),
];

/// Share of the places where the embedded model is sure enough to answer.
const SURE: f64 = 0.62;
/// Share of the decisions that are explored; it also says that chance has a part in each of them.
const EPSILON: f64 = 0.02;

/// What a place is like before anybody is asked there.
struct Spot<'s> {
    who: &'s Who,
    language: &'static str,
    at: Timestamp,
    /// How sure the embedded model is of its answer, where it is sure enough.
    sure: Option<f64>,
    /// How long answers are here, as a multiple of an arm's usual ones.
    size: f64,
    /// How much of the longest prompt there is.
    filled: f64,
}

/// One who answers, and how the team fares with it.
struct Arm {
    model: &'static str,
    tier: Tier,
    /// Share of the decisions.
    share: f64,
    /// The key of its price; `None` costs nothing by the call.
    price: Option<&'static str>,
    host: &'static str,
    lab: Option<&'static str>,
    /// Share of its offers that are accepted, in the mean.
    accepted: f64,
    /// Characters that an accept keeps, on average.
    kept: f64,
    /// Tokens of a prompt, from the shortest to the longest, and of an answer.
    prompt: (usize, usize),
    answer: usize,
}

const ARMS: [Arm; 4] = [
    Arm {
        model: "embedded",
        tier: Tier::InHouse,
        share: 0.38,
        price: None,
        host: "",
        lab: None,
        accepted: 0.36,
        kept: 16.0,
        prompt: (0, 1),
        answer: 1,
    },
    Arm {
        model: "own-qwen",
        tier: Tier::InHouse,
        share: 0.24,
        price: None,
        host: "gpu-1.internal:8080",
        lab: Some("qwen"),
        accepted: 0.27,
        kept: 27.0,
        prompt: (700, 1_900),
        answer: 60,
    },
    Arm {
        model: "codestral",
        tier: Tier::OpenSource,
        share: 0.22,
        price: Some("mistral/codestral-2508"),
        host: "api.mistral.ai",
        lab: Some("mistral"),
        accepted: 0.32,
        kept: 33.0,
        prompt: (1_500, 5_500),
        answer: 80,
    },
    Arm {
        model: "opus",
        tier: Tier::Premium,
        share: 0.10,
        price: Some("anthropic/claude-opus-5-5"),
        host: "api.anthropic.com",
        lab: Some("anthropic"),
        accepted: 0.41,
        kept: 52.0,
        prompt: (6_000, 18_000),
        answer: 300,
    },
];

impl Arm {
    fn is_embedded(&self) -> bool {
        self.model == "embedded"
    }

    /// How likely an offer of it is accepted at a place.
    fn accepts(&self, spot: &Spot<'_>) -> f64 {
        match (spot.language, self.tier) {
            _ if self.is_embedded() => spot.sure.unwrap_or(0.1),
            // The dear model is worth most where types say much.
            ("rust" | "java", Tier::Premium) => self.accepted + 0.06,
            ("rust" | "java", Tier::OpenSource) => self.accepted - 0.04,
            _ => self.accepted,
        }
    }

    fn input(&self, spot: &Spot<'_>) -> u64 {
        let (shortest, longest) = self.prompt;
        (shortest as f64 + spot.filled * (longest - shortest) as f64) as u64
    }

    /// How likely it is asked first at a place: so that in all, each has its share.
    fn chance(&self, spot: &Spot<'_>) -> f64 {
        let free = ARMS[0].share;
        let hosted: f64 = ARMS[1..].iter().map(|arm| arm.share).sum();
        let of_free = match spot.sure {
            Some(_) => free / SURE,
            None => (1.0 - free - hosted) / (1.0 - SURE),
        };
        if !self.is_embedded() {
            return (1.0 - of_free) * self.share / hosted;
        }
        match spot.sure {
            Some(_) => of_free,
            None => 0.0,
        }
    }
}

/// The moment that the made-up month ends at: the whole of September 2026.
pub(super) fn end() -> Timestamp {
    datetime!(2026-10-01 0:00 UTC).into()
}

/// A ledger that is there until this is dropped.
pub(super) struct Demo {
    _folder: ScratchFolder,
    pub ledger: PathBuf,
}

/// Writes the month.
///
/// # Errors
/// When the temporary folder cannot be written.
pub(super) async fn write() -> anyhow::Result<Demo> {
    let folder = ScratchFolder::new().context("the simulated month needs a temporary folder")?;
    let path = folder.path().join("state/mantle/ledger.sqlite3");
    let ledger = Ledger::open(&path).await?;
    let mut month = Month {
        dice: Dice::new(19),
        prices: Prices::default(),
        next: 1,
        paid: None,
    };
    let mut batch = 0_u32;
    for event in month.bookings() {
        ledger.record(event)?;
    }
    for day in 0..30 {
        for seat in 0..SEATS {
            for event in month.seat_day(seat, day) {
                // The queue is bounded, and nobody waits for a keystroke here.
                batch += 1;
                if batch.is_multiple_of(1_000) {
                    ledger.flush().await?;
                }
                ledger.record(event)?;
            }
        }
    }
    ledger.close().await;
    Ok(Demo {
        _folder: folder,
        ledger: path,
    })
}

struct Month {
    dice: Dice,
    prices: Prices,
    next: u128,
    /// The decision that a hit of the cache is credited to.
    paid: Option<(DecisionId, CompletionId)>,
}

impl Month {
    fn id(&mut self) -> Uuid {
        self.next += 1;
        Uuid::from_u128(self.next)
    }

    fn pick<'p, T>(&mut self, among: &'p [T], share: impl Fn(&T) -> f64) -> Option<&'p T> {
        let mut number = self.dice.share();
        among.iter().find(|one| {
            number -= share(one);
            number < 0.0
        })
    }

    fn bookings(&mut self) -> Vec<LedgerEvent> {
        let begin: Timestamp = datetime!(2026-09-01 0:00 UTC).into();
        let middle: Timestamp = datetime!(2026-09-15 0:00 UTC).into();
        let usd = |cents: i64| Money::from_pico_usd(cents * 10_000_000_000);
        let paying = i32::try_from(SEATS - ON_TRIAL - 12).unwrap_or(0);
        let bookings = [
            (
                begin,
                Booking::Seats {
                    seats: paying,
                    price: usd(1_900),
                },
            ),
            (
                middle,
                Booking::Seats {
                    seats: 12,
                    price: usd(1_900),
                },
            ),
            (begin, Booking::Trial { seats: 8 }),
            (middle, Booking::CreditNote { amount: usd(5_700) }),
            (
                begin,
                Booking::Cost {
                    name: "hosting".into(),
                    amount: usd(12_000),
                    monthly: true,
                },
            ),
            (
                begin,
                Booking::Pool(Pool {
                    name: "l4".into(),
                    generation: "L4".into(),
                    supplier: "gpu-lessor".into(),
                    gpus: 1,
                    terms: PoolTerms::Rented { rate: usd(55) },
                    power: None,
                }),
            ),
            (
                begin,
                Booking::PoolUse {
                    pool: "l4".into(),
                    utilisation_bp: 3_400,
                    requests: 0,
                },
            ),
        ];
        let until = |booking: &Booking| matches!(booking, Booking::PoolUse { .. }).then(end);
        bookings
            .into_iter()
            .map(|(since, booking)| {
                LedgerEvent::Booking(Box::new(BookingRow {
                    id: RowId::from_uuid(self.id()),
                    since,
                    until: until(&booking),
                    currency: "USD".to_owned(),
                    reference: None,
                    booking,
                    at: since,
                }))
            })
            .collect()
    }

    /// Returns what one seat does on one day of the month, the first being 0.
    fn seat_day(&mut self, seat: usize, day: i64) -> Vec<LedgerEvent> {
        // 2026-09-01 was a Tuesday.
        let is_weekend = matches!((day + 1) % 7, 5 | 6);
        // Seats differ: the busiest type some five times as much as the quietest.
        let busy = 0.4 + 1.6 * ((seat * 37) % SEATS) as f64 / SEATS as f64;
        let mean = if is_weekend { 0.3 } else { REQUESTS } * busy;
        let requests = (mean * (0.5 + self.dice.share())).round() as usize;
        let who = Who {
            tenant: Some(format!("team-{}", seat % 5)),
            user: Some(format!("seat-{seat:03}")),
            workspace: Some(format!("workspace-{}", seat % 23)),
            client: self
                .pick(&CLIENTS, |client| client.1)
                .map(|client| client.0.to_owned()),
        };
        let mut events = Vec::new();
        for _ in 0..requests {
            let second = 8 * 3_600 + self.dice.below(10 * 3_600) as u64;
            let begin: Timestamp = datetime!(2026-09-01 0:00 UTC).into();
            let at = begin.plus(Duration::from_secs(86_400 * day as u64 + second));
            self.request(&who, at, &mut events);
        }
        events
    }

    fn request(&mut self, who: &Who, at: Timestamp, events: &mut Vec<LedgerEvent>) {
        let language = self.pick(&LANGUAGES, |language| language.1);
        let language = language.map_or("python", |language| language.0);
        let kind = self.dice.share();
        if kind < 0.28 {
            events.push(LedgerEvent::Suppressed(SuppressedRow {
                id: RowId::from_uuid(self.id()),
                who: who.clone(),
                origin: Origin::Lsp,
                language: Some(language.to_owned()),
                reason: "superseded".to_owned(),
                at,
            }));
            return;
        }
        if let (true, Some((decision, completion))) = (kind < 0.52, self.paid) {
            events.push(LedgerEvent::CacheHit(CacheHitRow {
                id: RowId::from_uuid(self.id()),
                completion,
                decision,
                who: who.clone(),
                origin: Origin::Lsp,
                language: language.to_owned(),
                layer: CacheLayer::TypedThrough,
                at,
            }));
            return;
        }
        let sure = self.dice.share();
        let spot = Spot {
            who,
            language,
            at,
            // From 25 to 47 in a hundred: the embedded model's share of accepts in the mean.
            sure: (sure < SURE).then(|| 0.25 + 0.22 * sure / SURE),
            size: 0.4 + 1.2 * self.dice.share(),
            filled: self.dice.share(),
        };
        let arm = self.pick(&ARMS, |arm| arm.chance(&spot));
        let (decision, completion) = (
            DecisionId::from_uuid(self.id()),
            CompletionId::from_uuid(self.id()),
        );
        self.decide((decision, completion), arm, &spot, events);
        let Some(arm) = arm else { return };
        let is_answered =
            arm.is_embedded() || self.call((decision, completion), arm, &spot, events);
        if is_answered && self.dice.share() < 0.82 {
            self.paid = Some((decision, completion));
            self.offer((decision, completion), arm, &spot, events);
        }
    }

    /// What the router knows of an arm at a place: what is so, in the mean.
    fn estimate(&self, arm: &Arm, spot: &Spot<'_>) -> ArmEstimate {
        let usage = Usage {
            input_total: Some(TokenCount::new(arm.input(spot))),
            output_total: Some(TokenCount::new(12 + arm.answer as u64)),
            ..Usage::default()
        };
        let price = arm.price.and_then(|price| self.prices.find(price, spot.at));
        let cost = price.and_then(|row| row.cost(&usage, Duration::ZERO, None));
        let is_unsure = arm.is_embedded() && spot.sure.is_none();
        ArmEstimate {
            model: ModelId::new(arm.model),
            tier: arm.tier,
            p_accept: Some(arm.accepts(spot)),
            kept_chars: Some(arm.kept * spot.size),
            cost: Some(cost.unwrap_or(Money::ZERO)),
            latency_ms: None,
            propensity: Some(match arm.is_embedded() {
                true => 1.0 - ARMS[1..].iter().map(|arm| arm.chance(spot)).sum::<f64>(),
                false => arm.chance(spot),
            }),
            excluded: is_unsure.then_some(Exclusion::NotSure),
        }
    }

    fn decide(
        &mut self,
        (id, completion): (DecisionId, CompletionId),
        arm: Option<&Arm>,
        spot: &Spot<'_>,
        events: &mut Vec<LedgerEvent>,
    ) {
        let arms: Vec<ArmEstimate> = ARMS.iter().map(|arm| self.estimate(arm, spot)).collect();
        let others = ARMS.iter().map(|arm| arm.chance(spot)).sum::<f64>();
        let site = CursorSite::ALL[self.dice.below(CursorSite::ALL.len())];
        events.push(LedgerEvent::Decision(Box::new(DecisionRow {
            id,
            parent: None,
            step: 0,
            history_hash: None,
            completion,
            episode: None,
            burst: BurstId::from_uuid(self.id()),
            who: spot.who.clone(),
            origin: Origin::Lsp,
            trigger: Trigger::Automatic,
            document_version: None,
            language: spot.language.to_owned(),
            site,
            arms,
            action: match arm {
                None => Action::Silent,
                Some(arm) if arm.is_embedded() => Action::Embedded,
                Some(_) => Action::Call,
            },
            arm: arm.map(|arm| ModelId::new(arm.model)),
            tier: arm.map(|arm| arm.tier),
            reason: arm.map_or(Reason::NotWorthIt, |_| Reason::BestValue),
            propensity: arm.map_or(1.0 - others, |arm| arm.chance(spot)),
            epsilon: Some(EPSILON),
            seed: None,
            lambda: None,
            value_per_char: None,
            expected_cost: Money::ZERO,
            budget_lease: None,
            policy: "demo".to_owned(),
            posterior: None,
            price_snapshot: None,
            feature_hash: None,
            features: None,
            at: spot.at,
        })));
    }

    /// Makes a call; returns whether there is an answer.
    fn call(
        &mut self,
        (decision, completion): (DecisionId, CompletionId),
        arm: &Arm,
        spot: &Spot<'_>,
        events: &mut Vec<LedgerEvent>,
    ) -> bool {
        let at = spot.at;
        let fate = self.dice.share();
        let (outcome, basis) = match fate {
            _ if fate < 0.66 => (CallOutcome::Done, BillingBasis::Reported),
            _ if fate < 0.84 => (CallOutcome::Early, BillingBasis::Partial),
            _ if fate < 0.97 => (CallOutcome::Cancelled, BillingBasis::Partial),
            _ => (CallOutcome::RateLimited, BillingBasis::Reported),
        };
        let input = arm.input(spot);
        // Long prompts keep their beginning, which the host has read before.
        let cached = match arm.tier {
            Tier::Premium => input / 2,
            Tier::InHouse | Tier::OpenSource => 0,
        };
        let output = match outcome {
            CallOutcome::RateLimited => 0,
            _ => (12 + self.dice.below(arm.answer)) as u64,
        };
        let is_billed = outcome != CallOutcome::RateLimited;
        let usage = Usage {
            input_total: Some(TokenCount::new(if is_billed { input } else { 0 })),
            cache_read: Some(TokenCount::new(if is_billed { cached } else { 0 })),
            output_total: Some(TokenCount::new(output)),
            ..Usage::default()
        };
        let millis = 120 + self.dice.below(500) as u32;
        let row = arm.price.and_then(|price| self.prices.find(price, at));
        let duration = Duration::from_millis(millis.into());
        let cost = match row {
            None => Some(Money::ZERO),
            Some(row) => row.cost(&usage, duration, None),
        };
        events.push(LedgerEvent::Call(Box::new(CallRow {
            id: CallId::from_uuid(self.id()),
            decision,
            completion,
            model: ModelId::new(arm.model),
            tier: arm.tier,
            protocol: Protocol::OpenAiCompletions,
            provider_model: arm.model.to_owned(),
            host: arm.host.to_owned(),
            lab: arm.lab.map(str::to_owned),
            region: None,
            usage,
            cost,
            price_id: Some(
                arm.price
                    .map_or_else(|| "pool/l4".to_owned(), str::to_owned),
            ),
            price_snapshot: None,
            basis,
            outcome,
            status: (!is_billed).then_some(429),
            first_token_ms: is_billed.then_some(millis / 2),
            duration_ms: millis,
            at,
        })));
        matches!(outcome, CallOutcome::Done | CallOutcome::Early)
    }

    fn offer(
        &mut self,
        (decision, completion): (DecisionId, CompletionId),
        arm: &Arm,
        spot: &Spot<'_>,
        events: &mut Vec<LedgerEvent>,
    ) {
        let at = spot.at;
        let episode = EpisodeId::from_uuid(self.id());
        let characters = (arm.kept * spot.size * (0.7 + 0.6 * self.dice.share())) as u32;
        let mut outcome = |id: Uuid, kind, evidence, seconds| {
            events.push(LedgerEvent::Outcome(OutcomeRow {
                id: RowId::from_uuid(id),
                completion,
                decision,
                episode,
                kind,
                evidence,
                weight: 1.0,
                characters: Some(characters),
                at: at.plus(Duration::from_secs(seconds)),
            }));
        };
        outcome(self.id(), OutcomeKind::Offered, Evidence::Server, 0);
        if self.dice.share() >= arm.accepts(spot) {
            outcome(self.id(), OutcomeKind::Diverged, Evidence::Divergence, 2);
            return;
        }
        outcome(self.id(), OutcomeKind::Accepted, Evidence::Client, 2);
        let distance = if self.dice.share() < 0.76 {
            0.3 * self.dice.share()
        } else {
            1.0
        };
        let still_there = distance <= 0.5;
        events.push(LedgerEvent::Retention(RetentionRow {
            id: RowId::from_uuid(self.id()),
            completion,
            decision,
            episode,
            after_s: 600,
            still_there,
            distance,
            kept_chars: if still_there {
                (f64::from(characters) * (1.0 - distance)) as u32
            } else {
                0
            },
            at: at.plus(Duration::from_secs(602)),
        }));
        if still_there {
            events.push(LedgerEvent::Outcome(OutcomeRow {
                id: RowId::from_uuid(self.id()),
                completion,
                decision,
                episode,
                kind: OutcomeKind::Retained,
                evidence: Evidence::Document,
                weight: 1.0,
                characters: Some(characters),
                at: at.plus(Duration::from_secs(602)),
            }));
        }
    }
}
