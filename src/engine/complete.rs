//! The straight path of one completion. Every step is one call; read it from top to bottom.
//!
//! A future of this module may be dropped at any await: before the call of a model nothing was
//! spent, and after it [`Charge`](super::charge::Charge) records what was. Every request leaves exactly one first row.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Engine;
use super::account::Account;
use super::answer::{Answer, Nothing, Served};
use super::decided::describe;
use super::finish::finish;
use super::offers::Offer;
use crate::cache;
use crate::context::{self, Context};
use crate::documents::{Snapshot, Tree};
use crate::domain::{
    Action, BurstId, CacheHitRow, Candidate, CompletionRequest, Confidence, Decision, DecisionId,
    EpisodeId, Features, LedgerEvent, ModelId, Money, Origin, Reason, RowId, Source, Tier,
};
use crate::inhouse::{Prediction, Query, SHOW_THRESHOLD};
use crate::routing::{self, Standing};

/// How long a parse may take before the completion goes on without a fresh tree.
const PARSE_LIMIT: Duration = Duration::from_millis(30);
/// Text around the cursor that the cache looks at, in bytes.
const CACHE_BEFORE: usize = 1_024;
const CACHE_AFTER: usize = 256;

/// What is known of a place after the work off the runtime's threads.
struct Place {
    tree: Option<Tree>,
    context: Context,
    prediction: Option<Prediction>,
}

/// A decision that is on the ledger, and what its calls need.
pub(super) struct Decided<'a> {
    pub(super) request: &'a CompletionRequest,
    pub(super) snapshot: &'a Snapshot,
    pub(super) burst: BurstId,
    pub(super) episode: EpisodeId,
    pub(super) id: DecisionId,
    pub(super) decision: Decision,
    pub(super) features: Features,
    /// The context in words, for the command line only: it holds text.
    pub(super) described: Option<String>,
}

impl Engine {
    /// Answers one request. The newest request of a document wins: an older one that still runs is
    /// answered with [`Nothing::Superseded`] at once, and its call is closed.
    pub async fn complete(self: &Arc<Self>, request: CompletionRequest) -> Answer {
        let turn = self.latest.begin(&request.document);
        let account = Account::open(self, request.document.clone());
        tokio::select! {
            biased;
            () = turn.superseded() => {
                account.suppress(Nothing::Superseded.as_str());
                Answer::Nothing(Nothing::Superseded)
            }
            answer = self.answer(&request, &account) => answer,
        }
    }

    async fn answer(
        self: &Arc<Self>,
        request: &CompletionRequest,
        account: &Account<'_>,
    ) -> Answer {
        let nothing = |why: Nothing| {
            account.suppress(why.as_str());
            Answer::Nothing(why)
        };
        let Some(snapshot) = self.documents.snapshot(&request.document) else {
            return nothing(Nothing::UnknownDocument);
        };
        let path = self.relative_path(&request.document);
        if let Some(rule) = self.guard.excluded(&path) {
            return nothing(Nothing::Excluded(rule));
        }
        if let Some(served) = self.find_answer(request, &snapshot).await {
            account.settled();
            return Answer::Suggestion(Box::new(served));
        }

        let can_record = self.book.can_record().await;
        let place = self.look_around(request, &snapshot, path).await;
        let features = features_of(&place);
        let arms: Vec<routing::Arm> = {
            let tokens = crate::domain::TokenCount::new(u64::from(features.prompt_tokens));
            self.arms
                .iter()
                .map(|arm| arm.at(tokens, request.received))
                .collect()
        };
        let standing = Standing {
            embedded_threshold: SHOW_THRESHOLD,
            can_record,
        };
        let decision = routing::decide(&features, &arms, &self.policy, standing);
        let decided = Decided {
            request,
            snapshot: &snapshot,
            burst: self
                .bursts
                .of(&request.document, request.offset, request.received),
            episode: EpisodeId::new(request.received),
            id: DecisionId::new(request.received),
            decision,
            features,
            described: (self.origin == Origin::Cli).then(|| describe(&place.context)),
        };
        self.record_decision(
            &decided,
            decided.id,
            None,
            0,
            decided.decision.arm(),
            decided.decision.reason,
        );
        account.settled();

        match decided.decision.action {
            Action::Silent => {
                self.explain(
                    &decided,
                    None,
                    vec!["nobody may answer or is sure enough".to_owned()],
                );
                Answer::Nothing(Nothing::NothingEligible)
            }
            Action::Embedded => self.serve_embedded(&decided, place.prediction),
            Action::Call => {
                let (Place { context, tree, .. }, text) = (place, snapshot.clone());
                let work = move || context.with_outline(&text, tree.as_ref());
                let context = off_the_runtime(work).await;
                self.call_route(&decided, &Arc::new(context)).await
            }
        }
    }

    /// Finds an answer that we already have, and records the hit.
    async fn find_answer(
        &self,
        request: &CompletionRequest,
        snapshot: &Snapshot,
    ) -> Option<Served> {
        let (before, after) = around(snapshot, request);
        let hit = self.answers.find(self.place(request, &before, &after))?;
        self.book.open().await;
        let now = self.clock.now();
        self.book.record(LedgerEvent::CacheHit(CacheHitRow {
            id: RowId::new(now),
            completion: hit.answer.id,
            decision: hit.answer.decision,
            who: self.who(),
            origin: self.origin,
            language: snapshot.language_id.clone(),
            layer: hit.layer(),
            at: now,
        }));
        Some(Served {
            candidate: Candidate {
                id: hit.answer.id,
                text: hit.rest().to_owned(),
                source: Source::Cache,
                model: hit.answer.model.clone(),
                confidence: hit.answer.confidence,
            },
            tier: hit.answer.tier,
            expected_cost: Money::ZERO,
            reason: hit.layer().as_str(),
        })
    }

    /// Parses, collects the context and asks the embedded model, off the runtime's threads.
    async fn look_around(
        self: &Arc<Self>,
        request: &CompletionRequest,
        snapshot: &Snapshot,
        path: String,
    ) -> Place {
        let (engine, snapshot, offset) = (Arc::clone(self), snapshot.clone(), request.offset);
        let key = self.open_files.path(&request.document);
        let work = move || {
            let started = Instant::now();
            let tree = engine.documents.parse(&snapshot, PARSE_LIMIT);
            let parsed = Instant::now();
            // An older tree is better than none: its places were moved along with the edits.
            let tree = tree.or_else(|| snapshot.latest_tree().cloned());
            let context = context::look(&snapshot, tree.as_ref(), offset, &path, &[]);
            let collected = Instant::now();
            let prediction = engine.policy.embedded.then(|| {
                let key = key
                    .as_ref()
                    .map_or(path.as_str().into(), |key| key.to_string_lossy());
                engine.embedded.predict(&Query {
                    path: &key,
                    language: &snapshot.language_id,
                    before: &context.prefix,
                    after: &context.suffix,
                })
            });
            let prediction = prediction.flatten().and_then(|prediction| {
                let text = finish(&prediction.text, &context).ok()?.text;
                Some(Prediction { text, ..prediction })
            });
            tracing::debug!(
                parse_us = micros(parsed - started),
                collect_us = micros(collected - parsed),
                predict_us = micros(collected.elapsed()),
                "looked around"
            );
            Place {
                tree,
                context,
                prediction,
            }
        };
        off_the_runtime(work).await
    }

    fn serve_embedded(&self, decided: &Decided<'_>, prediction: Option<Prediction>) -> Answer {
        let Some(prediction) = prediction else {
            // `decide` serves the embedded model only where it has a candidate.
            return Answer::Nothing(Nothing::NothingEligible);
        };
        self.explain(decided, None, vec!["the embedded model is sure".to_owned()]);
        self.serve(
            decided,
            decided.id,
            prediction.text,
            (ModelId::embedded(), Tier::InHouse, Source::Embedded),
            Some(prediction.confidence),
            decided.decision.reason,
        )
    }

    /// Keeps an answer, records its offer, and hands it on.
    pub(super) fn serve(
        &self,
        decided: &Decided<'_>,
        decision: DecisionId,
        text: String,
        (model, tier, source): (ModelId, Tier, Source),
        confidence: Option<Confidence>,
        reason: Reason,
    ) -> Answer {
        let request = decided.request;
        let (before, after) = around(decided.snapshot, request);
        let answer = cache::Answer {
            id: request.id,
            decision,
            episode: decided.episode,
            model: model.clone(),
            tier,
            confidence,
            text: text.clone(),
        };
        self.answers
            .insert(self.place(request, &before, &after), answer);
        let offer = Offer {
            decision,
            episode: decided.episode,
            document: request.document.clone(),
            offset: request.offset,
            text: text.clone(),
            outcomes: Vec::new(),
        };
        self.offer(request.id, offer);
        Answer::Suggestion(Box::new(Served {
            candidate: Candidate {
                id: request.id,
                text,
                source,
                model,
                confidence,
            },
            tier,
            expected_cost: decided.decision.expected_cost,
            reason: reason.as_str(),
        }))
    }

    fn place<'p>(
        &'p self,
        request: &'p CompletionRequest,
        before: &'p str,
        after: &'p str,
    ) -> cache::Place<'p> {
        cache::Place {
            document: &request.document,
            policy: &self.policy.id,
            before,
            after,
        }
    }
}

/// Runs work of more than a millisecond on a thread of its own kind.
async fn off_the_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // The panic is the request's: its handler answers with nothing and writes the log line.
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is going down, and this future with it.
        Err(_) => std::future::pending().await,
    }
}

fn around(snapshot: &Snapshot, request: &CompletionRequest) -> (String, String) {
    let cursor = request.offset.get();
    let before = snapshot.slice(cursor.saturating_sub(CACHE_BEFORE)..cursor);
    let after = snapshot.slice(cursor..cursor + CACHE_AFTER);
    (before, after)
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

fn features_of(place: &Place) -> Features {
    let context = &place.context;
    let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let prompt =
        context::estimate_tokens(&context.prefix) + context::estimate_tokens(&context.suffix);
    Features {
        language: context.language.clone(),
        site: context.site,
        embedded_confidence: place
            .prediction
            .as_ref()
            .map(|prediction| prediction.confidence.get()),
        embedded_chars: place
            .prediction
            .as_ref()
            .map(|prediction| count(&prediction.text)),
        prompt_tokens: u32::try_from(prompt.get().min(context::DEFAULT_PROMPT_TOKENS))
            .unwrap_or(u32::MAX),
        line_prefix_chars: count(&context.line_prefix),
        partial_identifier_chars: count(&context.partial_identifier),
        document_lines: context.document_lines,
    }
}
