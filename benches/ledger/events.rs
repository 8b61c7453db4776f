//! Events as typing makes them, by seed: decisions, calls, what became of suggestions.

use std::time::Duration;

use mantle_ls::domain::{
    Action, ArmEstimate, BillingBasis, BurstId, CallId, CallOutcome, CallRow, CompletionId,
    CursorSite, DecisionId, DecisionRow, Dice, EpisodeId, Evidence, Features, LedgerEvent, ModelId,
    Money, Origin, OutcomeKind, OutcomeRow, Protocol, Reason, RetentionRow, RowId, Tier, Timestamp,
    TokenCount, Trigger, Usage, Who,
};
use uuid::Uuid;

const LANGUAGES: [&str; 5] = ["rust", "python", "typescript", "go", "java"];
const CLIENTS: [&str; 3] = ["Visual Studio Code", "Neovim 0.12.4", "Zed"];
const SEATS: usize = 200;
const ARMS: [(&str, Tier, &str, &str); 4] = [
    ("embedded", Tier::InHouse, "", ""),
    ("own-qwen", Tier::InHouse, "gpu-1.internal:8080", "qwen"),
    ("codestral", Tier::OpenSource, "api.mistral.ai", "mistral"),
    ("opus", Tier::Premium, "api.anthropic.com", "anthropic"),
];

/// Makes events one after another.
pub struct Source {
    dice: Dice,
    /// Tells the ids of one source from those of another.
    number: u16,
    next: u64,
}

impl Source {
    /// Begins the events of a seed; `number` is another one for each source of a ledger.
    pub fn new(seed: u64, number: u16) -> Self {
        Self {
            dice: Dice::new(seed),
            number,
            next: 0,
        }
    }

    /// Ids sort by time, as those of a session do (UUIDv7), and are no one else's.
    fn id(&mut self, at: Timestamp) -> Uuid {
        self.next += 1;
        let millis = u128::from(at.unix_micros().unsigned_abs() / 1_000);
        Uuid::from_u128(millis << 80 | u128::from(self.number) << 64 | u128::from(self.next))
    }

    /// Returns what one decision point leaves: from one event to six.
    pub fn point(&mut self, at: Timestamp) -> Vec<LedgerEvent> {
        let arm = ARMS[self.dice.below(ARMS.len())];
        let decision = DecisionId::from_uuid(self.id(at));
        let completion = CompletionId::from_uuid(self.id(at));
        let mut events = vec![self.decision((decision, completion), arm, at)];
        if arm.0 != "embedded" {
            events.push(self.call((decision, completion), arm, at));
        }
        if self.dice.share() < 0.8 {
            self.offer((decision, completion), at, &mut events);
        }
        events
    }

    fn decision(
        &mut self,
        (id, completion): (DecisionId, CompletionId),
        (model, tier, ..): (&str, Tier, &str, &str),
        at: Timestamp,
    ) -> LedgerEvent {
        let language = LANGUAGES[self.dice.below(LANGUAGES.len())];
        let site = CursorSite::ALL[self.dice.below(CursorSite::ALL.len())];
        let seat = self.dice.below(SEATS);
        let estimates = ARMS.iter().map(|arm| ArmEstimate {
            model: ModelId::new(arm.0),
            tier: arm.1,
            p_accept: Some(self.dice.share()),
            kept_chars: Some(21.5),
            cost: Some(Money::from_pico_usd(468_000_000)),
            latency_ms: Some(300),
            propensity: Some(0.238_095_238),
            excluded: None,
        });
        LedgerEvent::Decision(Box::new(DecisionRow {
            id,
            parent: None,
            step: 0,
            history_hash: None,
            completion,
            episode: None,
            burst: BurstId::from_uuid(id.as_uuid()),
            who: Who {
                tenant: Some(format!("team-{}", seat % 5)),
                user: Some(format!("{:032x}", seat)),
                workspace: Some(format!("{:032x}", seat % 23)),
                client: Some(CLIENTS[seat % CLIENTS.len()].to_owned()),
            },
            origin: Origin::Lsp,
            trigger: Trigger::Automatic,
            document_version: Some(3),
            language: language.to_owned(),
            site,
            arms: estimates.collect(),
            action: match model {
                "embedded" => Action::Embedded,
                _ => Action::Call,
            },
            arm: Some(ModelId::new(model)),
            tier: Some(tier),
            reason: Reason::BestValue,
            propensity: 0.75,
            epsilon: Some(0.01),
            seed: Some(7),
            lambda: Some(1.5),
            value_per_char: Some(Money::from_pico_usd(11)),
            expected_cost: Money::from_pico_usd(468_000_000),
            budget_lease: None,
            policy: "0123456789abcdef".to_owned(),
            posterior: Some("0123456789abcdef".to_owned()),
            price_snapshot: Some("bundled-2026-11-20".to_owned()),
            feature_hash: Some("0123456789abcdef".to_owned()),
            features: Some(Features {
                language: language.to_owned(),
                site,
                embedded_confidence: Some(0.25),
                embedded_chars: Some(12),
                prompt_tokens: 900,
                line_prefix_chars: 4,
                partial_identifier_chars: 2,
                document_lines: 400,
            }),
            at,
        }))
    }

    fn call(
        &mut self,
        (decision, completion): (DecisionId, CompletionId),
        (model, tier, host, lab): (&str, Tier, &str, &str),
        at: Timestamp,
    ) -> LedgerEvent {
        let input = 700 + self.dice.below(5_000) as u64;
        let output = 12 + self.dice.below(80) as u64;
        LedgerEvent::Call(Box::new(CallRow {
            id: CallId::from_uuid(self.id(at)),
            decision,
            completion,
            model: ModelId::new(model),
            tier,
            protocol: Protocol::OpenAiCompletions,
            provider_model: model.to_owned(),
            host: host.to_owned(),
            lab: Some(lab.to_owned()),
            region: Some("eu".to_owned()),
            usage: Usage {
                input_total: Some(TokenCount::new(input)),
                cache_read: Some(TokenCount::new(input / 3)),
                output_total: Some(TokenCount::new(output)),
                ..Usage::default()
            },
            cost: Some(Money::from_pico_usd(
                (input * 300_000 + output * 900_000) as i64,
            )),
            price_id: Some(format!("{lab}/{model}")),
            price_snapshot: Some("bundled-2026-11-20".to_owned()),
            basis: BillingBasis::Reported,
            outcome: match self.dice.below(10) {
                0 => CallOutcome::Cancelled,
                1..4 => CallOutcome::Early,
                _ => CallOutcome::Done,
            },
            status: None,
            first_token_ms: Some(120),
            duration_ms: 300,
            at,
        }))
    }

    fn offer(
        &mut self,
        (decision, completion): (DecisionId, CompletionId),
        at: Timestamp,
        events: &mut Vec<LedgerEvent>,
    ) {
        let episode = EpisodeId::from_uuid(self.id(at));
        let is_accepted = self.dice.share() < 0.3;
        let is_kept = self.dice.share() < 0.75;
        let ending = match is_accepted {
            true => (OutcomeKind::Accepted, Evidence::Client),
            false => (OutcomeKind::Diverged, Evidence::Divergence),
        };
        let kept = (OutcomeKind::Retained, Evidence::Document);
        let all = [
            Some((OutcomeKind::Offered, Evidence::Server, 0)),
            Some((ending.0, ending.1, 2)),
            (is_accepted && is_kept).then_some((kept.0, kept.1, 602)),
        ];
        for (kind, evidence, seconds) in all.into_iter().flatten() {
            events.push(LedgerEvent::Outcome(OutcomeRow {
                id: RowId::from_uuid(self.id(at)),
                completion,
                decision,
                episode,
                kind,
                evidence,
                weight: 1.0,
                characters: Some(24),
                at: at.plus(Duration::from_secs(seconds)),
            }));
        }
        if is_accepted {
            events.push(LedgerEvent::Retention(RetentionRow {
                id: RowId::from_uuid(self.id(at)),
                completion,
                decision,
                episode,
                after_s: 600,
                still_there: is_kept,
                distance: 0.25,
                kept_chars: if is_kept { 18 } else { 0 },
                at: at.plus(Duration::from_secs(602)),
            }));
        }
    }
}

/// Returns the id of an event, as an export writes it.
pub fn id_of(event: &LedgerEvent) -> (&'static str, Uuid) {
    match event {
        LedgerEvent::Decision(row) => ("decisions", row.id.as_uuid()),
        LedgerEvent::Call(row) => ("calls", row.id.as_uuid()),
        LedgerEvent::Outcome(row) => ("outcomes", row.id.as_uuid()),
        LedgerEvent::Retention(row) => ("retentions", row.id.as_uuid()),
        LedgerEvent::Match(row) => ("matches", row.id.as_uuid()),
        LedgerEvent::CacheHit(row) => ("cache_hits", row.id.as_uuid()),
        LedgerEvent::Suppressed(row) => ("suppressed", row.id.as_uuid()),
        LedgerEvent::Booking(row) => ("bookings", row.id.as_uuid()),
    }
}
