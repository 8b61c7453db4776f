//! The straight path of one completion. Every step is one call; read it from top to bottom.
//!
//! A future of this module may be dropped at any await: before the call of a model nothing was
//! spent, and after it [`Charge`](super::charge::Charge) records what was. Every request leaves exactly one first row.

use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::account::Account;
use super::answer::{Answer, Nothing, Served};
use super::decided::describe;
use super::flight::{Flight, Joined, Waiter};
use super::gather::Seen;
use super::offers::Offer;
use super::roster::Roster;
use crate::cache;
use crate::documents::Snapshot;
use crate::domain::{
    Action, ArmEstimate, BurstId, ByteOffset, CacheHitRow, CacheLayer, Candidate, CompletionId,
    CompletionRequest, Confidence, Decision, DecisionId, DocumentUri, EpisodeId, Features,
    LedgerEvent, ModelId, Money, Origin, Reason, RowId, Source, Tier, Trigger,
    bills_cancelled_in_full,
};
use crate::inhouse::Prediction;
use crate::routing::{self, LONGEST_HOLD};

/// A decision that is on the ledger, and what its calls need.
#[derive(Clone)]
pub(super) struct Decided {
    pub(super) request: CompletionRequest,
    /// The rules and models that it was decided with.
    pub(super) roster: Arc<Roster>,
    pub(super) snapshot: Snapshot,
    pub(super) burst: BurstId,
    pub(super) episode: EpisodeId,
    pub(super) id: DecisionId,
    pub(super) decision: Decision,
    pub(super) features: Features,
    /// The context in words, for the command line only: it holds text.
    pub(super) described: Option<String>,
    /// What the embedded model weighed, for the command line only.
    pub(super) considered: Vec<Prediction>,
}

impl Engine {
    /// Answers one request. The newest request of a document wins: an older one that still runs is
    /// answered with [`Nothing::Superseded`] at once, and its call is closed or handed over.
    pub async fn complete(self: &Arc<Self>, request: CompletionRequest) -> Answer {
        // In this order, so that the call of the request before is not closed in between.
        let older = self.flights.take_over(&request.document);
        let turn = self.latest.begin(&request.document);
        let account = Account::open(self, request.document.clone());
        tokio::select! {
            biased;
            () = turn.superseded() => {
                account.suppress(Nothing::Superseded.as_str());
                Answer::Nothing(Nothing::Superseded)
            }
            answer = self.answer(&request, &account, older) => answer,
        }
    }

    async fn answer(
        self: &Arc<Self>,
        request: &CompletionRequest,
        account: &Account<'_>,
        older: Option<Waiter>,
    ) -> Answer {
        let nothing = |why: Nothing| {
            account.suppress(why.as_str());
            Answer::Nothing(why)
        };
        let Some(snapshot) = self.documents.snapshot(&request.document) else {
            return nothing(Nothing::UnknownDocument);
        };
        let roster = self.roster();
        let path = self.relative_path(&request.document);
        if let Some(rule) = self.guard.excluded(&path) {
            return nothing(Nothing::Excluded(rule));
        }
        if let Some(served) = self.find_answer(&roster, request, &snapshot, None).await {
            account.settled();
            if let Some(older) = older {
                older.let_go();
            }
            return Answer::Suggestion(Box::new(served));
        }
        if let Some(older) = older
            && let Joined::Done = older.join(&snapshot, request.offset).await
            && let layer = Some(CacheLayer::InFlight)
            && let Some(served) = self.find_answer(&roster, request, &snapshot, layer).await
        {
            account.settled();
            return Answer::Suggestion(Box::new(served));
        }

        let can_record = self.book.can_record().await;
        let burst = self
            .bursts
            .of(&request.document, request.offset, request.received);
        let place = self
            .look_around(&roster, (request, burst), &snapshot, path, can_record)
            .await;
        let wait =
            (place.decision.action == Action::Call).then(|| self.patience_for(&roster, &place));
        self.foresight
            .is_decided(wait.is_some_and(|wait| wait.is_zero()));
        if let Some(wait) = wait
            && !self.is_patient(wait, &snapshot).await
        {
            return nothing(Nothing::Superseded);
        }
        let decided = Decided {
            request: request.clone(),
            roster,
            burst,
            episode: EpisodeId::new(request.received),
            id: DecisionId::new(request.received),
            described: (self.origin == Origin::Cli).then(|| describe(&place.context)),
            considered: place.considered,
            decision: place.decision,
            features: place.features,
            snapshot,
        };
        let (prediction, seen) = (place.prediction, (place.context, place.search));
        self.record_decision(
            &decided,
            decided.id,
            None,
            0,
            decided.decision.arm(),
            decided.decision.reason,
        );
        account.settled();
        if let Some(prediction) = &prediction {
            let (text, confidence) = (&prediction.text, Some(prediction.confidence));
            self.confidence.remember(decided.id, prediction);
            self.candidate(&decided, decided.id, &ModelId::embedded(), text, confidence);
        }

        match decided.decision.action {
            Action::Silent => {
                self.explain(
                    &decided,
                    None,
                    vec!["nobody may answer or is sure enough".to_owned()],
                );
                self.ask_in_shadow(&decided, seen);
                Answer::Nothing(Nothing::NothingEligible)
            }
            Action::Embedded => {
                let answer = self.serve_embedded(&decided, prediction);
                self.ask_in_shadow(&decided, seen);
                answer
            }
            Action::Call => self.fly(decided, seen, prediction).await,
        }
    }

    /// Waits before a call that costs money, as long as the next key is likely to waste it. Returns
    /// whether the text is still the same: else the editor is about to ask again.
    async fn is_patient(&self, wait: Duration, snapshot: &Snapshot) -> bool {
        if wait.is_zero() {
            return true;
        }
        tokio::time::sleep(wait).await;
        let now = self.documents.snapshot(&snapshot.uri);
        now.is_some_and(|now| now.version == snapshot.version)
    }

    /// Returns how long a sure answer that costs nothing waits for the model of a decision.
    pub(super) fn hold_for(&self, request: &CompletionRequest, decision: &Decision) -> Duration {
        // On the command line nobody types on.
        if self.origin == Origin::Cli {
            return Duration::MAX;
        }
        let expected = |arm: &ArmEstimate| Some(arm.p_accept? * arm.kept_chars?);
        let find = |model: &ModelId| decision.arms.iter().find(|arm| arm.model == *model);
        let known = || {
            let (model, free) = (decision.route.first()?, decision.arms.first()?);
            let gain = expected(find(model)?)? - expected(free)?;
            Some((model, gain, free.p_accept?))
        };
        // Who asks with a key waits; and an arm that chance has drawn is there to be seen.
        let Some((model, gain, p_free)) =
            known().filter(|(_, gain, _)| *gain > 0.0 && request.trigger != Trigger::Invoked)
        else {
            return LONGEST_HOLD;
        };
        let gaps = self.rhythm.gaps().millis();
        self.learnt.with(|estimates| {
            let posterior = estimates.posterior(model);
            posterior.map_or(LONGEST_HOLD, |arm| routing::hold(arm, gain, p_free, &gaps))
        })
    }

    /// Makes the calls of a decision in a task of their own, which later keys may attach to.
    ///
    /// Where the embedded model is sure, too, its answer is held back for a while: what is shown must
    /// not change, so the better answer is either there by then or not shown at all.
    async fn fly(
        self: &Arc<Self>,
        decided: Decided,
        seen: Seen,
        prediction: Option<Prediction>,
    ) -> Answer {
        let decided = Arc::new(decided);
        let (engine, snapshot) = (Arc::clone(self), decided.snapshot.clone());
        let (request, offset) = (decided.request.clone(), decided.request.offset);
        let asked = Arc::clone(&decided);
        let may_show_embedded = decided
            .decision
            .arms
            .first()
            .is_some_and(|embedded| embedded.excluded.is_none());
        let held = prediction.filter(|_| may_show_embedded);
        let first = decided.decision.route.first();
        let roster = Arc::clone(&decided.roster);
        let first = first.and_then(|model| roster.arm(model));
        let is_cheap_to_close =
            first.is_none_or(|arm| arm.is_free() || !bills_cancelled_in_full(arm.spec.host()));
        if let Some(Ok(model)) = first.map(|arm| &arm.model) {
            model.get_ready();
        }
        let work = |flight: Arc<Flight>| async move {
            let (context, around) = engine.gather(&asked, seen).await;
            let place = (&context, &Arc::new(around));
            engine.call_route(&asked, place, &flight).await
        };
        let flight = self
            .flights
            .launch((&snapshot, offset), is_cheap_to_close, work);
        let answer = match held {
            None => flight.answer().await,
            Some(held) => {
                let hold = self.hold_for(&request, &decided.decision);
                match flight.answer_within(hold).await {
                    Some(answer @ Answer::Suggestion(_)) => answer,
                    Some(Answer::Nothing(_)) => {
                        return self.serve_held(&decided, held, Reason::Fallback);
                    }
                    None => return self.serve_held(&decided, held, Reason::Deadline),
                }
            }
        };
        if let Answer::Suggestion(served) = &answer {
            // The cache hands out what is shown before all else.
            self.answers.show(served.candidate.id);
            self.offer_at(served, (request.document, snapshot.version), offset);
        }
        answer
    }

    /// Finds an answer that we already have, and records the hit; `layer` says where it came from
    /// when that is not the cache's own to say.
    async fn find_answer(
        &self,
        roster: &Roster,
        request: &CompletionRequest,
        snapshot: &Snapshot,
        layer: Option<CacheLayer>,
    ) -> Option<Served> {
        let (before, after) = around(snapshot, request);
        let place = Self::place(roster, snapshot, request, &before, &after);
        let hit = self.answers.find(place)?;
        let layer = layer.unwrap_or_else(|| hit.layer());
        self.book.open().await;
        let now = self.clock.now();
        self.book.record(LedgerEvent::CacheHit(CacheHitRow {
            id: RowId::new(now),
            completion: hit.answer.id,
            decision: hit.answer.decision,
            who: self.who(),
            origin: self.origin,
            language: snapshot.language_id.clone(),
            layer,
            at: now,
        }));
        let offer = Offer {
            decision: hit.answer.decision,
            episode: hit.answer.episode,
            model: hit.answer.model.clone(),
            document: request.document.clone(),
            version: snapshot.version,
            offset: ByteOffset::new(request.offset.get().saturating_sub(hit.typed)),
            typed: hit.typed,
            text: hit.answer.text.clone(),
        };
        self.offer(hit.answer.id, offer);
        self.offer_again(hit.answer.id, request, hit.typed);
        Some(Served {
            candidate: Candidate {
                id: hit.answer.id,
                text: hit.rest().to_owned(),
                source: Source::Cache,
                model: hit.answer.model.clone(),
                confidence: hit.answer.confidence,
            },
            decision: hit.answer.decision,
            episode: hit.answer.episode,
            tier: hit.answer.tier,
            expected_cost: Money::ZERO,
            reason: layer.as_str(),
        })
    }

    /// Serves the embedded model's answer in place of one that did not come, or not in time: a step of
    /// its own, after all that the route can have.
    fn serve_held(&self, decided: &Decided, held: Prediction, reason: Reason) -> Answer {
        let now = self.clock.now();
        let (id, asked) = (DecisionId::new(now), decided.id);
        let why = match reason {
            Reason::Deadline => "the model that was asked is not there in time",
            _ => "the model that was asked has nothing to say",
        };
        let steps = vec![why.to_owned(), "the embedded model is sure".to_owned()];
        if reason == Reason::Deadline {
            self.explain(decided, None, steps.clone());
        }
        // The late answer keeps the id that was asked for, so that the two are told apart.
        let mut decided = decided.clone();
        decided.request.id = CompletionId::new(now);
        decided.decision.expected_cost = Money::ZERO;
        let decided = &decided;
        self.explain(decided, None, steps);
        let step = u16::try_from(decided.decision.route.len()).unwrap_or(u16::MAX);
        let embedded = ModelId::embedded();
        self.record_decision(
            decided,
            id,
            Some(asked),
            step.saturating_add(1),
            Some(embedded.clone()),
            reason,
        );
        let answer = self.show_embedded(decided, id, held, reason);
        let label = (asked, &embedded);
        let request = &decided.request;
        self.episodes
            .is_offered(&request.document, label, request.id);
        answer
    }

    fn serve_embedded(&self, decided: &Decided, prediction: Option<Prediction>) -> Answer {
        let Some(prediction) = prediction else {
            // `decide` serves the embedded model only where it has a candidate.
            return Answer::Nothing(Nothing::NothingEligible);
        };
        self.explain(decided, None, vec!["the embedded model is sure".to_owned()]);
        self.show_embedded(decided, decided.id, prediction, decided.decision.reason)
    }

    /// Keeps the embedded model's answer and offers it, as what this decision came to.
    fn show_embedded(
        &self,
        decided: &Decided,
        id: DecisionId,
        prediction: Prediction,
        reason: Reason,
    ) -> Answer {
        let served = self.keep_answer(
            decided,
            id,
            prediction.text,
            (ModelId::embedded(), Tier::InHouse, Source::Embedded),
            Some(prediction.confidence),
            reason,
        );
        let request = &decided.request;
        let made_for = (request.document.clone(), decided.snapshot.version);
        self.offer_at(&served, made_for, request.offset);
        Answer::Suggestion(Box::new(served))
    }

    /// Keeps an answer for the keys that follow.
    pub(super) fn keep_answer(
        &self,
        decided: &Decided,
        decision: DecisionId,
        text: String,
        (model, tier, source): (ModelId, Tier, Source),
        confidence: Option<Confidence>,
        reason: Reason,
    ) -> Served {
        let request = &decided.request;
        let (before, after) = around(&decided.snapshot, request);
        let answer = cache::Answer {
            id: request.id,
            decision,
            episode: decided.episode,
            model: model.clone(),
            tier,
            confidence,
            text: text.clone(),
        };
        let place = Self::place(&decided.roster, &decided.snapshot, request, &before, &after);
        // It becomes the shown one when it is served; a late one must not change what is shown.
        let is_shown = source == Source::Embedded;
        self.answers.insert(place, answer, is_shown);
        Served {
            candidate: Candidate {
                id: request.id,
                text,
                source,
                model,
                confidence,
            },
            decision,
            episode: decided.episode,
            tier,
            expected_cost: decided.decision.expected_cost,
            reason: reason.as_str(),
        }
    }

    /// Records that an answer is offered from its beginning on.
    fn offer_at(
        &self,
        served: &Served,
        (document, version): (DocumentUri, i32),
        offset: ByteOffset,
    ) {
        let offer = Offer {
            decision: served.decision,
            episode: served.episode,
            model: served.candidate.model.clone(),
            document,
            version,
            offset,
            typed: 0,
            text: served.candidate.text.clone(),
        };
        self.offer(served.candidate.id, offer);
    }

    fn place<'p>(
        roster: &'p Roster,
        snapshot: &'p Snapshot,
        request: &'p CompletionRequest,
        before: &'p str,
        after: &'p str,
    ) -> cache::Place<'p> {
        cache::Place {
            document: &request.document,
            language: &snapshot.language_id,
            policy: &roster.policy.id,
            before,
            after,
        }
    }
}

fn around(snapshot: &Snapshot, request: &CompletionRequest) -> (String, String) {
    let cursor = request.offset.get();
    let before = snapshot.slice(cursor.saturating_sub(cache::BEFORE_WINDOW)..cursor);
    let after = snapshot.slice(cursor..cursor + cache::AFTER_WINDOW);
    (before, after)
}
