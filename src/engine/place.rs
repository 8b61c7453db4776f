//! What is known of a place, and decided about it: the work off the runtime's threads, in one hop.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Engine;
use super::clock::micros;
use super::finish::finish;
use super::gather::Search;
use super::patience::{Stake, patience};
use super::roster::Roster;
use crate::context::{self, Context, Facts};
use crate::documents::{Snapshot, Tree};
use crate::domain::{
    BurstId, ByteOffset, CompletionRequest, Decision, Features, Money, Origin, TokenCount,
};
use crate::inhouse::{Opinion, Prediction, Query};
use crate::routing;

/// How long a parse may take before the completion goes on without a fresh tree.
const PARSE_LIMIT: Duration = Duration::from_millis(30);
/// What is known of a place, and decided about it, after the work off the runtime's threads.
pub struct Place {
    pub context: Arc<Context>,
    /// What a call would be told, being looked for, where there is likely to be one.
    pub search: Option<Search>,
    pub prediction: Option<Prediction>,
    /// What the embedded model weighed; only on the command line, where it is shown.
    pub considered: Vec<Prediction>,
    pub features: Features,
    pub decision: Decision,
}

impl Engine {
    /// Parses, collects the context, asks the embedded model and decides, off the runtime's threads.
    pub(super) async fn look_around(
        self: &Arc<Self>,
        roster: &Arc<Roster>,
        (request, burst): (&CompletionRequest, BurstId),
        snapshot: &Snapshot,
        path: String,
        can_record: bool,
    ) -> Place {
        // Without a prediction it is a matter of microseconds, and less than the way to another
        // thread; but frames that are there already, such as a cancel, are read first.
        if !roster.asks_embedded() && self.refresher.is_ready(&request.document) {
            tokio::task::yield_now().await;
            return self.place_of(roster, (request, burst), (snapshot, &path), can_record);
        }
        let (engine, roster) = (Arc::clone(self), Arc::clone(roster));
        let (snapshot, request) = (snapshot.clone(), request.clone());
        off_the_runtime(move || {
            engine.place_of(&roster, (&request, burst), (&snapshot, &path), can_record)
        })
        .await
    }

    fn place_of(
        self: &Arc<Self>,
        roster: &Roster,
        (request, burst): (&CompletionRequest, BurstId),
        (snapshot, path): (&Snapshot, &str),
        can_record: bool,
    ) -> Place {
        let started = Instant::now();
        let tree = self.tree_of(snapshot);
        let parsed = Instant::now();
        let facts = self.facts_of(snapshot, tree.as_ref(), request.offset);
        let context = context::look(snapshot, tree.as_ref(), &facts, request.offset, path, &[]);
        let context = Arc::new(context);
        let search = self.gather_ahead(&request.document, burst, &context);
        let collected = Instant::now();
        let opinion = if roster.asks_embedded() {
            self.opinion(request, snapshot, path, &context)
        } else {
            Opinion::default()
        };
        let (prediction, features) = sight_of(&context, &opinion, self.library.files() > 0);
        let considered = match self.origin {
            Origin::Cli => opinion.into_predictions(),
            _ => Vec::new(),
        };
        let predicted = Instant::now();
        let tokens = TokenCount::new(u64::from(features.prompt_tokens));
        let caps = self.within_caps(roster);
        let drill = roster.policy.drill.as_ref();
        let drill = drill.filter(|drill| request.received < drill.until);
        let arms: Vec<routing::Arm> = roster
            .arms
            .iter()
            .zip(caps)
            .map(|(arm, is_within_cap)| routing::Arm {
                is_affordable: self.affords(roster, arm, tokens),
                is_within_cap,
                is_drilled: drill.is_some_and(|drill| drill.takes_away(&arm.spec)),
                ..arm.at(tokens, request.received)
            })
            .collect();
        if arms.iter().any(|arm| !arm.is_affordable) {
            self.tell_if_spent(roster, tokens);
        }
        let decision = self.decide(roster, (&features, &arms), (request, burst), can_record);
        tracing::debug!(
            parse_us = micros(parsed - started),
            collect_us = micros(collected - parsed),
            predict_us = micros(predicted - collected),
            decide_us = micros(predicted.elapsed()),
            "looked around"
        );
        Place {
            context,
            search,
            prediction,
            considered,
            features,
            decision,
        }
    }

    /// Returns how long to wait before the call of a decision; zero for a free model.
    pub(super) fn patience_for(&self, roster: &Roster, place: &Place) -> Duration {
        let first = place.decision.route.first();
        let arm = first.and_then(|model| roster.arm(model));
        let (Some(arm), now) = (arm, self.clock.now()) else {
            return Duration::ZERO;
        };
        let tokens = TokenCount::new(u64::from(place.features.prompt_tokens));
        let cancelled = arm.cancel_cost(tokens, now).unwrap_or(Money::ZERO);
        let stake = Stake::new(
            cancelled,
            arm.health.median_latency_ms(),
            self.flights.agreement(),
        );
        patience(&self.rhythm.gaps(), self.rhythm.since_key(now), &stake)
    }

    /// Returns the tree that a key works on: an older one is better than waiting, since its places
    /// were moved along with the edits and a newer one is on its way.
    fn tree_of(&self, snapshot: &Snapshot) -> Option<Tree> {
        let latest = snapshot.latest_tree();
        if latest.is_some() && !self.refresher.is_quick(&snapshot.uri) {
            return latest.cloned();
        }
        let tree = self.documents.parse(snapshot, PARSE_LIMIT);
        tree.or_else(|| latest.cloned())
    }

    fn facts_of(&self, snapshot: &Snapshot, tree: Option<&Tree>, at: ByteOffset) -> Arc<Facts> {
        if let Some(facts) = self.refresher.facts(&snapshot.uri, at) {
            return facts;
        }
        let facts = Arc::new(Facts::gather(snapshot, tree, at));
        if tree.is_some() {
            self.refresher.keep(&snapshot.uri, Arc::clone(&facts));
        }
        facts
    }

    /// Asks the embedded model.
    fn opinion(
        &self,
        request: &CompletionRequest,
        snapshot: &Snapshot,
        path: &str,
        context: &Context,
    ) -> Opinion {
        let key = self.open_files.path(&request.document);
        let key = key
            .as_ref()
            .map_or(path.into(), |key| key.to_string_lossy());
        let query = Query {
            path: &key,
            language: &snapshot.language_id,
            before: &context.prefix,
            after: &context.suffix,
            several_lines: !context.single_line,
        };
        let opinion = self.embedded.opinion(&query);
        opinion.corrected(&self.confidence.correction())
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

/// Returns what the embedded model would show at a place, and what the router is told of it;
/// `has_library` says whether other files are known that a prompt may be filled with.
#[must_use]
pub fn sight_of(
    context: &Context,
    opinion: &Opinion,
    has_library: bool,
) -> (Option<Prediction>, Features) {
    let prediction = opinion.prediction().and_then(|prediction| {
        let text = finish(&prediction.text, context).ok()?.text;
        Some(Prediction { text, ..prediction })
    });
    // Other files are gathered only for a call; here it counts what they may take.
    let others = if has_library {
        context::DEFAULT_PROMPT_TOKENS / 2
    } else {
        0
    };
    let features = features_of(context, prediction.as_ref(), others);
    (prediction, features)
}

fn features_of(context: &Context, prediction: Option<&Prediction>, others: u64) -> Features {
    let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    // More than this never fits a prompt, and estimating costs time.
    let most = TokenCount::new(context::DEFAULT_PROMPT_TOKENS);
    let mut prompt = TokenCount::new(others);
    for text in [tail(&context.prefix), head(&context.suffix)] {
        let room = TokenCount::new(most.get().saturating_sub(prompt.get()));
        prompt = prompt + context::estimate_tokens_up_to(text, room);
    }
    Features {
        language: context.language.clone(),
        site: context.site,
        embedded_confidence: prediction.map(|prediction| prediction.confidence.get()),
        embedded_chars: prediction.map(|prediction| count(&prediction.text)),
        prompt_tokens: u32::try_from(prompt.min(most).get()).unwrap_or(u32::MAX),
        line_prefix_chars: count(&context.line_prefix),
        partial_identifier_chars: count(&context.partial_identifier),
        document_lines: context.document_lines,
    }
}

/// The most text of a side that is estimated, in bytes.
const ESTIMATED: usize = 8 * 1024;

fn tail(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(ESTIMATED))..]
}

fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(ESTIMATED)]
}
