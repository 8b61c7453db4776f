//! The rows of the ledger, schema version 4. They are appended and never changed.
//!
//! Fields whose source does not exist yet are `None`, so that a later version of the router finds
//! the same columns. No field ever holds source text, a prompt or a completion.

use serde::{Deserialize, Serialize};

use super::model::named;
use super::{
    Action, ArmEstimate, BookingRow, BurstId, CallId, CompletionId, CursorSite, DecisionId,
    EpisodeId, Features, ModelId, Money, Origin, Protocol, Reason, RowId, Tier, Timestamp, Trigger,
    Usage,
};

/// Who asked: keyed hashes and names of programs, never names of people or paths.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Who {
    /// Keyed hash of the tenant.
    pub tenant: Option<String>,
    /// Keyed hash of the user.
    pub user: Option<String>,
    /// Keyed hash of the workspace's path.
    pub workspace: Option<String>,
    /// The editor, as it names itself, such as `Neovim 0.12.4`.
    pub client: Option<String>,
}

/// One event of the ledger.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum LedgerEvent {
    /// The router decided.
    Decision(Box<DecisionRow>),
    /// A model was called over the network.
    Call(Box<CallRow>),
    /// Something became of a suggestion.
    Outcome(OutcomeRow),
    /// A candidate was compared with what was typed.
    Match(MatchRow),
    /// An accepted suggestion was looked for in its document.
    Retention(RetentionRow),
    /// A request was answered with what we already had.
    CacheHit(CacheHitRow),
    /// A request was answered with nothing before any decision.
    Suppressed(SuppressedRow),
    /// Something was booked that is no call: revenue, a committed cost.
    Booking(Box<BookingRow>),
}

/// One decision point, or one further step of its route.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DecisionRow {
    /// Its identity.
    pub id: DecisionId,
    /// The step before it, when this is a fallback.
    pub parent: Option<DecisionId>,
    /// 0 for the decision point itself.
    pub step: u16,
    /// Hash of the steps before it.
    pub history_hash: Option<String>,
    /// The suggestion that may come of it.
    pub completion: CompletionId,
    /// The offer episode.
    pub episode: Option<EpisodeId>,
    /// The typing burst.
    pub burst: BurstId,
    /// Who asked.
    pub who: Who,
    /// Which face asked.
    pub origin: Origin,
    /// Why it was asked.
    pub trigger: Trigger,
    /// The document's version.
    pub document_version: Option<i32>,
    /// Language id.
    pub language: String,
    /// The cursor's site.
    pub site: CursorSite,
    /// Every arm with its estimates and what excluded it.
    pub arms: Vec<ArmEstimate>,
    /// What was done.
    pub action: Action,
    /// The arm that acts in this step.
    pub arm: Option<ModelId>,
    /// The tier of that arm.
    pub tier: Option<Tier>,
    /// Why.
    pub reason: Reason,
    /// Probability of this action under this policy.
    pub propensity: f64,
    /// Share of exploration.
    pub epsilon: Option<f64>,
    /// Seed of the draw.
    pub seed: Option<i64>,
    /// Pacing price.
    pub lambda: Option<f64>,
    /// What the owner pays for a kept character, in pico-USD.
    pub value_per_char: Option<Money>,
    /// Expected cost of this step.
    pub expected_cost: Money,
    /// The slice of the budget it was admitted under.
    pub budget_lease: Option<String>,
    /// State of the rules.
    pub policy: String,
    /// State of the estimates.
    pub posterior: Option<String>,
    /// Digest of the price book.
    pub price_snapshot: Option<String>,
    /// Hash of the features.
    pub feature_hash: Option<String>,
    /// The features themselves.
    pub features: Option<Features>,
    /// When.
    pub at: Timestamp,
}

named!(
    /// How the cost of a call is known.
    BillingBasis {
        /// The provider reported the usage.
        Reported = "reported",
        /// Part of the usage was reported or observed before the stream ended.
        Partial = "partial",
        /// Nothing was reported; the host's rule and our own counts say what it costs at most.
        Assumed = "assumed",
    }
);

named!(
    /// How a call ended.
    CallOutcome {
        /// With an answer.
        Done = "done",
        /// Closed by us because the suggestion was complete.
        Early = "early",
        /// Closed by us because nobody wanted the answer any more.
        Cancelled = "cancelled",
        /// The provider asked us to slow down.
        RateLimited = "rate-limited",
        /// Nothing came in time.
        TimedOut = "timed-out",
        /// Nobody was there.
        Unreachable = "unreachable",
        /// It answered with an error.
        Refused = "refused",
        /// It answered with something that is no answer.
        Garbled = "garbled",
    }
);

/// One call of a model over the network.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CallRow {
    /// Its identity.
    pub id: CallId,
    /// The decision it belongs to.
    pub decision: DecisionId,
    /// The suggestion it was made for.
    pub completion: CompletionId,
    /// Our name of the model.
    pub model: ModelId,
    /// Its tier.
    pub tier: Tier,
    /// How it was spoken to.
    pub protocol: Protocol,
    /// The provider's name of the model.
    pub provider_model: String,
    /// The host that was called.
    pub host: String,
    /// Who trained the model.
    pub lab: Option<String>,
    /// Where it runs.
    pub region: Option<String>,
    /// What it used; unknown parts are `None`.
    pub usage: Usage,
    /// What it cost; `None` when that is not known.
    pub cost: Option<Money>,
    /// The row of the price book.
    pub price_id: Option<String>,
    /// Digest of the price book.
    pub price_snapshot: Option<String>,
    /// How usage and cost are known.
    pub basis: BillingBasis,
    /// How it ended.
    pub outcome: CallOutcome,
    /// Status of an HTTP error.
    pub status: Option<u16>,
    /// From the request to the first token, in milliseconds.
    pub first_token_ms: Option<u32>,
    /// From the request to its end, in milliseconds.
    pub duration_ms: u32,
    /// When it began.
    pub at: Timestamp,
}

named!(
    /// What became of a suggestion. Unique per completion.
    ///
    /// `Offered`, `Shown` and `Retained` are stations. Of the others an offer episode has one, its
    /// ending; only an accept that a client reports after the ending was written stands beside it,
    /// with the weight that the ending has left over.
    OutcomeKind {
        /// It was sent to the editor while its request was still wanted.
        Offered = "offered",
        /// A client said that it was on the screen.
        Shown = "shown",
        /// All of it was taken: a client said so, or one edit put it there.
        Accepted = "accepted",
        /// A part of it was taken.
        PartlyAccepted = "partly-accepted",
        /// A client said that the user turned it down.
        Dismissed = "dismissed",
        /// All of it was typed by hand.
        Matched = "matched",
        /// The text at its place went another way.
        Diverged = "diverged",
        /// Another suggestion was offered in its document.
        Replaced = "replaced",
        /// Nothing can be told: nothing was typed for half a minute, or the document was closed.
        Censored = "censored",
        /// It was still there after ten minutes.
        Retained = "retained",
    }
);

named!(
    /// How an outcome is known, best first.
    Evidence {
        /// The client said so.
        Client = "client",
        /// One edit inserted it.
        Insert = "insert",
        /// It was typed by hand.
        Match = "match",
        /// The text went another way.
        Divergence = "divergence",
        /// Its document was looked at later.
        Document = "document",
        /// Nothing was seen.
        Nothing = "nothing",
        /// Our own doing: an answer that was sent.
        Server = "server",
    }
);

/// What became of a suggestion.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OutcomeRow {
    /// The row's identity.
    pub id: RowId,
    /// The suggestion.
    pub completion: CompletionId,
    /// The decision that made it.
    pub decision: DecisionId,
    /// Its offer episode.
    pub episode: EpisodeId,
    /// What became of it.
    pub kind: OutcomeKind,
    /// How that is known.
    pub evidence: Evidence,
    /// How much it counts for learning, 0 to 1.
    pub weight: f64,
    /// Characters that the outcome is about.
    pub characters: Option<u32>,
    /// When.
    pub at: Timestamp,
}

/// A candidate compared with what was typed: counts, no text.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MatchRow {
    /// The row's identity.
    pub id: RowId,
    /// The decision that the candidate belongs to.
    pub decision: DecisionId,
    /// The candidate, when it was offered.
    pub completion: Option<CompletionId>,
    /// Who made it.
    pub arm: ModelId,
    /// Whether the user could see it.
    pub offered: bool,
    /// Whether the line came to be exactly it.
    pub exact_line: bool,
    /// How many of its first characters were typed.
    pub prefix_chars: u32,
    /// How many characters it has.
    pub candidate_chars: u32,
    /// The confidence it had.
    pub confidence: Option<f32>,
    /// From the decision to the comparison, in milliseconds.
    pub within_ms: u32,
    /// When.
    pub at: Timestamp,
}

/// An accepted suggestion, looked for in its document some time later: counts, no text.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RetentionRow {
    /// The row's identity.
    pub id: RowId,
    /// The suggestion.
    pub completion: CompletionId,
    /// The decision that made it.
    pub decision: DecisionId,
    /// Its offer episode.
    pub episode: EpisodeId,
    /// Which check this is: seconds after the accept at which it was due.
    pub after_s: u32,
    /// Whether it counts as still there: a distance of at most one half.
    pub still_there: bool,
    /// Tokens to insert, delete or replace, as a share of the suggestion's tokens: 0 to 1.
    pub distance: f64,
    /// The suggestion's characters times one minus the distance, at most 400; 0 when it is gone.
    pub kept_chars: u32,
    /// When it was looked for.
    pub at: Timestamp,
}

named!(
    /// Which layer of the cache answered.
    CacheLayer {
        /// The text before the cursor grew by what the suggestion begins with.
        TypedThrough = "typed-through",
        /// The same place in the same text.
        Exact = "exact",
        /// A call that ran for an earlier key and agreed with what was typed since.
        InFlight = "in-flight",
    }
);

/// A request that was answered with what we already had.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CacheHitRow {
    /// The row's identity.
    pub id: RowId,
    /// The suggestion that was offered again.
    pub completion: CompletionId,
    /// The decision that paid for it.
    pub decision: DecisionId,
    /// Who asked.
    pub who: Who,
    /// Which face asked.
    pub origin: Origin,
    /// Language id.
    pub language: String,
    /// Which layer answered.
    pub layer: CacheLayer,
    /// When.
    pub at: Timestamp,
}

/// A request that was answered with nothing before any decision.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SuppressedRow {
    /// The row's identity.
    pub id: RowId,
    /// Who asked.
    pub who: Who,
    /// Which face asked.
    pub origin: Origin,
    /// Language id, where the document is known.
    pub language: Option<String>,
    /// Why, such as `excluded-file` or `superseded`.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}
