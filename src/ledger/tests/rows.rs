//! Events with every field filled, from numbers.

use uuid::Uuid;

use crate::domain::{
    Action, ArmEstimate, BillingBasis, Booking, BookingRow, BurstId, CacheHitRow, CacheLayer,
    CallId, CallOutcome, CallRow, CompletionId, CursorSite, DecisionId, DecisionRow, EpisodeId,
    Evidence, Exclusion, Features, LedgerEvent, MatchRow, ModelId, Money, Origin, OutcomeKind,
    OutcomeRow, Protocol, Reason, RetentionRow, RowId, SuppressedRow, Tier, Timestamp, TokenCount,
    Trigger, Usage, Who,
};

/// Midnight at the beginning of 10 November 2026, UTC.
pub(crate) const DAY: Timestamp = Timestamp::from_unix_micros(1_794_268_800_000_000);

/// Returns the moment `seconds` after [`DAY`].
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(DAY.unix_micros() + seconds * 1_000_000)
}

/// Returns the suggestion that comes of decision number `n`.
pub(crate) fn completion_of(n: u128) -> CompletionId {
    CompletionId::from_uuid(Uuid::from_u128(1_000_000 + n))
}

pub(crate) fn who() -> Who {
    Who {
        tenant: Some("t1".to_owned()),
        user: Some("u1".to_owned()),
        workspace: Some("w1".to_owned()),
        client: Some("Neovim 0.12.4".to_owned()),
    }
}

/// Returns a decision for `arm`, by which number `n` names it and its suggestion.
pub(crate) fn decision(n: u128, arm: Option<(&str, Tier)>) -> DecisionRow {
    DecisionRow {
        id: DecisionId::from_uuid(Uuid::from_u128(n)),
        parent: Some(DecisionId::from_uuid(Uuid::from_u128(7))),
        step: 0,
        history_hash: Some("h".to_owned()),
        completion: completion_of(n),
        episode: Some(EpisodeId::from_uuid(Uuid::from_u128(8))),
        burst: BurstId::from_uuid(Uuid::from_u128(9)),
        who: who(),
        origin: Origin::Lsp,
        trigger: Trigger::Automatic,
        document_version: Some(3),
        language: "rust".to_owned(),
        site: CursorSite::LineEnd,
        arms: vec![ArmEstimate {
            model: ModelId::new("codestral"),
            tier: Tier::OpenSource,
            p_accept: Some(0.5),
            kept_chars: None,
            cost: Some(Money::from_pico_usd(468_000_000)),
            latency_ms: Some(300),
            propensity: None,
            excluded: Some(Exclusion::Region),
        }],
        action: match arm {
            None => Action::Silent,
            Some((_, Tier::InHouse)) => Action::Embedded,
            Some(_) => Action::Call,
        },
        arm: arm.map(|(model, _)| ModelId::new(model)),
        tier: arm.map(|(_, tier)| tier),
        reason: Reason::CheapestEligible,
        propensity: 0.75,
        epsilon: Some(0.01),
        seed: Some(-5),
        lambda: Some(1.5),
        value_per_char: Some(Money::from_pico_usd(11)),
        expected_cost: Money::from_pico_usd(468_000_000),
        budget_lease: Some("lease".to_owned()),
        policy: "policy".to_owned(),
        posterior: Some("posterior".to_owned()),
        price_snapshot: Some("snapshot".to_owned()),
        feature_hash: Some("hash".to_owned()),
        features: Some(Features {
            language: "rust".to_owned(),
            site: CursorSite::LineEnd,
            embedded_confidence: Some(0.25),
            embedded_chars: Some(12),
            prompt_tokens: 900,
            line_prefix_chars: 4,
            partial_identifier_chars: 2,
            document_lines: 40,
        }),
        at: at(0),
    }
}

/// Returns call number `n` of decision number `decision`.
pub(crate) fn call(n: u128, decision: u128, cost: Option<i64>) -> CallRow {
    CallRow {
        id: CallId::from_uuid(Uuid::from_u128(n)),
        decision: DecisionId::from_uuid(Uuid::from_u128(decision)),
        completion: completion_of(decision),
        model: ModelId::new("codestral"),
        tier: Tier::OpenSource,
        protocol: Protocol::OpenAiCompletions,
        provider_model: "codestral-2508".to_owned(),
        host: "api.mistral.ai".to_owned(),
        lab: Some("mistral".to_owned()),
        region: Some("eu".to_owned()),
        usage: Usage {
            input_total: Some(TokenCount::new(1_500)),
            cache_read: Some(TokenCount::new(1)),
            cache_write_5m: Some(TokenCount::new(2)),
            cache_write_1h: Some(TokenCount::new(3)),
            output_total: Some(TokenCount::new(20)),
            reasoning: Some(TokenCount::new(4)),
        },
        cost: cost.map(Money::from_pico_usd),
        price_id: Some("mistral/codestral-2508".to_owned()),
        price_snapshot: Some("snapshot".to_owned()),
        basis: BillingBasis::Reported,
        outcome: CallOutcome::Done,
        status: Some(200),
        first_token_ms: Some(120),
        duration_ms: 300,
        at: at(0),
    }
}

/// Returns outcome row number `n` of the suggestion of decision number `decision`.
pub(crate) fn outcome(n: u128, decision: u128, kind: OutcomeKind) -> OutcomeRow {
    OutcomeRow {
        id: RowId::from_uuid(Uuid::from_u128(n)),
        completion: completion_of(decision),
        decision: DecisionId::from_uuid(Uuid::from_u128(decision)),
        episode: EpisodeId::from_uuid(Uuid::from_u128(8)),
        kind,
        evidence: Evidence::Client,
        weight: 0.5,
        characters: Some(21),
        at: at(1),
    }
}

/// Returns match row number `n`, about a candidate of decision number `decision`.
pub(crate) fn matched(n: u128, decision: u128) -> MatchRow {
    MatchRow {
        id: RowId::from_uuid(Uuid::from_u128(n)),
        decision: DecisionId::from_uuid(Uuid::from_u128(decision)),
        completion: Some(completion_of(decision)),
        arm: ModelId::embedded(),
        offered: true,
        exact_line: false,
        prefix_chars: 6,
        candidate_chars: 12,
        confidence: Some(0.5),
        within_ms: 2_500,
        at: at(2),
    }
}

/// Returns check number `n` of the suggestion of decision number `decision`, ten minutes on.
pub(crate) fn retention(n: u128, decision: u128) -> RetentionRow {
    RetentionRow {
        id: RowId::from_uuid(Uuid::from_u128(n)),
        completion: completion_of(decision),
        decision: DecisionId::from_uuid(Uuid::from_u128(decision)),
        episode: EpisodeId::from_uuid(Uuid::from_u128(8)),
        after_s: 600,
        still_there: true,
        distance: 0.25,
        kept_chars: 16,
        at: at(5),
    }
}

/// Returns cache hit number `n`, paid for by decision number `decision`.
pub(crate) fn cache_hit(n: u128, decision: u128) -> CacheHitRow {
    CacheHitRow {
        id: RowId::from_uuid(Uuid::from_u128(n)),
        completion: completion_of(decision),
        decision: DecisionId::from_uuid(Uuid::from_u128(decision)),
        who: who(),
        origin: Origin::Lsp,
        language: "rust".to_owned(),
        layer: CacheLayer::TypedThrough,
        at: at(3),
    }
}

pub(crate) fn suppressed(n: u128) -> SuppressedRow {
    SuppressedRow {
        id: RowId::from_uuid(Uuid::from_u128(n)),
        who: who(),
        origin: Origin::Try,
        language: Some("python".to_owned()),
        reason: "excluded-file".to_owned(),
        at: at(4),
    }
}

pub(crate) fn booking(n: u128, booking: Booking) -> BookingRow {
    BookingRow {
        id: RowId::from_uuid(Uuid::from_u128(n)),
        since: at(0),
        until: Some(at(86_400)),
        currency: "USD".to_owned(),
        reference: Some("R-1".to_owned()),
        booking,
        at: at(5),
    }
}

/// Returns one event of each kind, made from `n`.
pub(crate) fn one_of_each(n: u128) -> Vec<LedgerEvent> {
    vec![
        LedgerEvent::Decision(Box::new(decision(n, Some(("codestral", Tier::OpenSource))))),
        LedgerEvent::Call(Box::new(call(2_000_000 + n, n, Some(468_000_000)))),
        LedgerEvent::Outcome(outcome(3_000_000 + n, n, OutcomeKind::Accepted)),
        LedgerEvent::Match(matched(4_000_000 + n, n)),
        LedgerEvent::Retention(retention(7_000_000 + n, n)),
        LedgerEvent::CacheHit(cache_hit(5_000_000 + n, n)),
        LedgerEvent::Suppressed(suppressed(6_000_000 + n)),
        LedgerEvent::Booking(Box::new(booking(
            8_000_000 + n,
            Booking::Seats {
                seats: 3,
                price: Money::from_pico_usd(19_000_000_000_000),
            },
        ))),
    ]
}
