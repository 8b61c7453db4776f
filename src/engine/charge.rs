//! One call's place on the ledger: taken before the call, filled by its answer, and filled by
//! `Drop` when nobody waits for the answer any more. No call leaves without its row.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::Instant;

use super::arm::ArmModel;
use super::finish::EarlyStop;
use super::flight::Voice;
use super::purse::Hold;
use super::{Clock, Engine};
use crate::context::{Healed, Healing};
use crate::domain::{
    BillingBasis, CallId, CallOutcome, CallRow, Completion, CompletionId, DecisionId, Finish,
    LedgerEvent, Money, TokenCount, Usage, bills_cancelled_in_full, lab_of,
};
use crate::ledger::Place;
use crate::models::{ModelError, Sink};

/// The open row of one call.
pub struct Charge<'e> {
    engine: &'e Engine,
    arm: &'e ArmModel,
    clock: Clock,
    place: Option<Place>,
    /// What is set aside for it.
    hold: Option<Hold>,
    row: Option<CallRow>,
    started: Instant,
    first_token: Option<Instant>,
    streamed_bytes: usize,
    unseen_bytes: usize,
    reported: Option<Usage>,
    prompt_tokens: TokenCount,
    /// How long the host lets nothing more through.
    rest: Option<Duration>,
    healing: Healing,
    early_stop: EarlyStop,
    voice: Voice<'e>,
}

impl<'e> Charge<'e> {
    /// Opens the row of a call that is about to be made. `place` is `None` only for a free model
    /// while the ledger cannot be written.
    pub fn open(
        engine: &'e Engine,
        arm: &'e ArmModel,
        (place, hold): (Option<Place>, Hold),
        (completion, decision): (CompletionId, DecisionId),
        prompt_tokens: TokenCount,
        (healing, early_stop, voice): (Healing, EarlyStop, Voice<'e>),
    ) -> Self {
        let now = engine.clock.now();
        let spec = &arm.spec;
        let row = CallRow {
            id: CallId::new(now),
            decision,
            completion,
            model: spec.id.clone(),
            tier: spec.tier,
            protocol: spec.protocol,
            provider_model: spec.model.clone(),
            host: spec.host().to_owned(),
            lab: lab_of(&spec.model).map(str::to_owned),
            region: spec
                .region
                .as_ref()
                .map(|region| region.as_str().to_owned()),
            usage: Usage::default(),
            cost: None,
            price_id: arm.price_id(),
            price_snapshot: arm.price_snapshot(),
            basis: BillingBasis::Assumed,
            outcome: CallOutcome::Cancelled,
            status: None,
            first_token_ms: None,
            duration_ms: 0,
            at: now,
        };
        if !arm.is_free() {
            // Should this process be killed, the row says what the call has cost at the most.
            let most = u64::from(spec.max_output_tokens);
            let mut begun = row.clone();
            begun.usage.input_total = Some(prompt_tokens);
            begun.usage.output_total = Some(TokenCount::new(most));
            begun.cost = arm.cost(&begun.usage, arm.longest(), now);
            engine.book.note(&LedgerEvent::Call(Box::new(begun)));
        }
        Self {
            engine,
            arm,
            clock: engine.clock.clone(),
            place,
            hold: Some(hold),
            row: Some(row),
            started: Instant::now(),
            first_token: None,
            streamed_bytes: 0,
            unseen_bytes: 0,
            reported: None,
            prompt_tokens,
            rest: None,
            healing,
            early_stop,
            voice,
        }
    }

    /// Fills the row with how the call ended, and records it.
    pub fn settle(mut self, result: &Result<Completion, ModelError>) {
        match result {
            Ok(completion) => {
                let outcome = if completion.finish == Finish::Early {
                    CallOutcome::Early
                } else {
                    CallOutcome::Done
                };
                self.reported = Some(merged(self.reported, completion.usage));
                self.streamed_bytes = self.streamed_bytes.max(completion.text.len());
                self.record(outcome, None, false);
            }
            Err(error) => {
                // An HTTP error comes before anything is generated; one inside a stream does not.
                let is_unbilled = !error.was_sent() || error.status().is_some();
                self.record(error.outcome(), error.status(), is_unbilled);
            }
        }
    }

    fn record(&mut self, outcome: CallOutcome, status: Option<u16>, is_unbilled: bool) {
        let Some(mut row) = self.row.take() else {
            return;
        };
        let duration = self.started.elapsed();
        if is_unbilled {
            // Nothing was generated, so nothing is billed: a known zero.
            let priced = self.arm.cost(&zero(), duration, row.at);
            row.cost = priced.map(|_| Money::ZERO);
        } else {
            (row.usage, row.basis) = self.known_usage(outcome);
            row.cost = self.arm.cost(&row.usage, duration, row.at);
        }
        row.outcome = outcome;
        row.status = status;
        row.first_token_ms = self
            .first_token
            .map(|first| millis(first.duration_since(self.started)));
        row.duration_ms = millis(duration);
        if let Some(cost) = row.cost.filter(|cost| *cost != Money::ZERO) {
            self.engine
                .status
                .send_modify(|status| status.cost = status.cost + cost);
        }
        if outcome == CallOutcome::Done || outcome == CallOutcome::Early {
            let was_open = self.arm.health.answered(row.duration_ms);
            if let Some(rest) = self.rest {
                self.arm.health.rests(self.clock.now(), rest);
            }
            if was_open {
                self.engine
                    .status
                    .send_modify(|status| status.is_well(&row.model));
            }
        } else if outcome == CallOutcome::Cancelled {
            self.arm.health.left(self.clock.now());
        }
        tracing::debug!(
            model = %row.model, outcome = %row.outcome, millis = row.duration_ms,
            cost = %row.cost.unwrap_or(Money::ZERO), "a call ended"
        );
        self.engine.learnt.called(&row);
        self.engine.last_call.send_replace(Some(row.clone()));
        let cost = row.cost;
        if let Some(cost) = cost {
            self.engine.pace.paid(&row.model, cost);
        }
        if let Some(place) = self.place.take() {
            place.record(LedgerEvent::Call(Box::new(row)));
        }
        // After its row: what is settled when the ledger begins to be read is read there.
        if let Some(hold) = self.hold.take() {
            self.engine.purse.settle(hold, cost.unwrap_or(Money::ZERO));
        }
    }

    /// Returns what is known of the usage, completed by our own counts, and how it is known.
    fn known_usage(&self, outcome: CallOutcome) -> (Usage, BillingBasis) {
        let reported = self.reported.unwrap_or_default();
        if reported.is_complete() {
            return (reported, BillingBasis::Reported);
        }
        let bills_in_full = bills_cancelled_in_full(self.arm.spec.host());
        // A stream that ran to its end has shown what there is to bill.
        let output = if bills_in_full && outcome != CallOutcome::Done {
            TokenCount::new(u64::from(self.arm.spec.max_output_tokens))
        } else {
            estimated_tokens(self.streamed_bytes + self.unseen_bytes)
        };
        let has_streamed = self.streamed_bytes + self.unseen_bytes > 0;
        let basis = if self.reported.is_some() || has_streamed {
            BillingBasis::Partial
        } else {
            BillingBasis::Assumed
        };
        let usage = Usage {
            input_total: reported.input_total.or(Some(self.prompt_tokens)),
            output_total: reported.output_total.or(Some(output)),
            ..reported
        };
        (usage, basis)
    }
}

impl Sink for Charge<'_> {
    fn text(&mut self, chunk: &str) -> ControlFlow<()> {
        if self.first_token.is_none() && !chunk.is_empty() {
            self.first_token = Some(Instant::now());
        }
        self.streamed_bytes += chunk.len();
        match self.healing.hear(chunk) {
            Healed::New(new) if self.voice.say(new) => self.early_stop.push(new),
            // Another model was there first.
            Healed::New(_) => ControlFlow::Break(()),
            Healed::Typed => ControlFlow::Continue(()),
            // Nothing of it will be shown, so no more of it is paid for.
            Healed::Other => ControlFlow::Break(()),
        }
    }

    fn unseen(&mut self, bytes: usize) {
        self.unseen_bytes = bytes;
    }

    fn usage(&mut self, usage: Usage) {
        self.reported = Some(merged(self.reported, usage));
    }

    fn exhausted(&mut self, rest: Duration) {
        self.rest = Some(rest);
    }
}

/// The future that held this was dropped: the request was cancelled or superseded, the call closed.
impl Drop for Charge<'_> {
    fn drop(&mut self) {
        if self.row.is_some() {
            tracing::debug!(model = %self.arm.spec.id, at = ?self.clock.now(), "a call was abandoned");
            self.record(CallOutcome::Cancelled, None, false);
        }
    }
}

/// Later reports replace earlier ones, field by field: providers report cumulative counts.
fn merged(earlier: Option<Usage>, later: Usage) -> Usage {
    let earlier = earlier.unwrap_or_default();
    Usage {
        input_total: later.input_total.or(earlier.input_total),
        cache_read: later.cache_read.or(earlier.cache_read),
        cache_write_5m: later.cache_write_5m.or(earlier.cache_write_5m),
        cache_write_1h: later.cache_write_1h.or(earlier.cache_write_1h),
        output_total: later.output_total.or(earlier.output_total),
        reasoning: later.reasoning.or(earlier.reasoning),
    }
}

const fn zero() -> Usage {
    Usage {
        input_total: Some(TokenCount::ZERO),
        cache_read: None,
        cache_write_5m: None,
        cache_write_1h: None,
        output_total: Some(TokenCount::ZERO),
        reasoning: None,
    }
}

/// About three bytes of code are a token; rounded up, so that an unfinished call is not too cheap.
const fn estimated_tokens(bytes: usize) -> TokenCount {
    TokenCount::new(bytes.div_ceil(3) as u64)
}

fn millis(span: std::time::Duration) -> u32 {
    u32::try_from(span.as_millis()).unwrap_or(u32::MAX)
}
