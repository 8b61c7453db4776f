//! What the router was asked and what it decided.

use serde::{Deserialize, Serialize};

use super::model::named;
use super::{ModelId, Money, Tier};

named!(
    /// What kind of place the cursor stands at.
    CursorSite {
        /// In a comment.
        Comment = "comment",
        /// In a string literal.
        String = "string",
        /// In an import.
        Import = "import",
        /// In the head of a function or type.
        Signature = "signature",
        /// On a line of an empty block.
        EmptyBlock = "empty-block",
        /// With code after it on its line.
        MidLine = "mid-line",
        /// At the end of a line.
        LineEnd = "line-end",
    }
);

named!(
    /// What is done at a decision point.
    Action {
        /// Say nothing.
        Silent = "silent",
        /// Show the embedded model's answer.
        Embedded = "embedded",
        /// Call a model.
        Call = "call",
    }
);

named!(
    /// Why an arm was not eligible, in the order in which the rules are checked.
    Exclusion {
        /// Switched off in the configuration.
        Disabled = "disabled",
        /// Its region is not among the allowed ones, or is not known.
        Region = "region",
        /// Its price is not known, so the cost of a call could not be told.
        Unpriced = "unpriced",
        /// The key it needs is not set.
        NoKey = "no-key",
        /// It failed lately.
        Unhealthy = "unhealthy",
        /// The prompt does not fit.
        TooLong = "too-long",
        /// It had nothing to say, or is not sure enough.
        NotSure = "not-sure",
        /// Spending cannot be recorded, so nothing may be spent.
        NoLedger = "no-ledger",
        /// Another model is pinned.
        NotPinned = "not-pinned",
        /// A drill is held without it.
        Drill = "drill",
        /// Too much hangs on its supplier already.
        Cap = "cap",
        /// What may still be spent does not cover the most that the call can cost, or it is not known.
        Budget = "budget",
    }
);

named!(
    /// Why the decision is what it is.
    Reason {
        /// A model is pinned.
        Pinned = "pinned",
        /// The embedded model is sure, and costs nothing.
        EmbeddedIsSure = "embedded-is-sure",
        /// The cheapest of the eligible models.
        CheapestEligible = "cheapest-eligible",
        /// The model before it in the route failed.
        Fallback = "fallback",
        /// The only model left failed in a way that may pass, and is asked once more.
        Retry = "retry",
        /// The model that was asked is late, and this one costs nothing to ask beside it.
        Hedge = "hedge",
        /// Asked beside the answer, to learn what it would have said; it is not shown.
        Shadow = "shadow",
        /// The model that was asked is not there in time, and the embedded model has an answer.
        Deadline = "deadline",
        /// No model is eligible.
        NothingEligible = "nothing-eligible",
        /// It is worth most at this place, after its price.
        BestValue = "best-value",
        /// No eligible model is worth its price here.
        NotWorthIt = "not-worth-it",
        /// The burst is held out: silence, or an arm by chance, to know what the choice is worth.
        HeldOut = "held-out",
    }
);

/// What the router knows about one arm at one decision point.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ArmEstimate {
    /// The arm.
    pub model: ModelId,
    /// Its tier.
    pub tier: Tier,
    /// Probability that its answer is accepted, where it can be told.
    pub p_accept: Option<f64>,
    /// Expected kept characters if accepted, where it can be told.
    pub kept_chars: Option<f64>,
    /// Expected cost of the call.
    pub cost: Option<Money>,
    /// Expected time to the answer, in milliseconds, where it was measured.
    pub latency_ms: Option<u32>,
    /// The rule that keeps it out; `None` means eligible.
    pub excluded: Option<Exclusion>,
    /// How likely it was to be asked here, to nine places; of the embedded model, how likely nobody
    /// was to be asked. `None` where chance had no part, and on rows of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propensity: Option<f64>,
}

/// What is known about the place, for the router and for later learning: numbers and names, no text.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Features {
    /// Language id.
    pub language: String,
    /// The cursor's site.
    pub site: CursorSite,
    /// The embedded model's confidence, if it has a candidate.
    pub embedded_confidence: Option<f32>,
    /// Length of the embedded candidate in characters.
    pub embedded_chars: Option<u32>,
    /// Tokens that a prompt for this place would have at most.
    pub prompt_tokens: u32,
    /// Characters on the cursor's line before it.
    pub line_prefix_chars: u32,
    /// Characters of the identifier that is being typed.
    pub partial_identifier_chars: u32,
    /// Lines of the document.
    pub document_lines: u32,
}

#[cfg(test)]
impl Features {
    /// Returns a place at the end of a line about which the embedded model says nothing.
    pub fn at_line_end(language: &str) -> Self {
        Self {
            language: language.to_owned(),
            site: CursorSite::LineEnd,
            embedded_confidence: None,
            embedded_chars: None,
            prompt_tokens: 900,
            line_prefix_chars: 8,
            partial_identifier_chars: 0,
            document_lines: 100,
        }
    }
}

/// A decision with everything that explains it.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// Models to try in turn, when the action is a call.
    pub route: Vec<ModelId>,
    /// Why.
    pub reason: Reason,
    /// Every arm that was looked at, eligible or not.
    pub arms: Vec<ArmEstimate>,
    /// Expected cost of the first step.
    pub expected_cost: Money,
    /// Probability with which this policy takes this action at this place.
    pub propensity: f64,
    /// What it was drawn from, where chance had a part in it.
    pub odds: Option<Odds>,
}

/// What a decision was drawn from, so that it can be drawn and judged again.
#[derive(Clone, PartialEq, Debug)]
pub struct Odds {
    /// Share of exploration.
    pub epsilon: f64,
    /// Seed of the burst's draw.
    pub seed: u64,
    /// The pacing price, in characters per micro-USD.
    pub lambda: f64,
    /// What the owner pays for a kept character.
    pub value_per_char: Money,
    /// Hash of the features as the estimates saw them.
    pub feature_hash: String,
}

impl Decision {
    /// Returns the arm that acts first: the embedded model, the head of the route, or none.
    #[must_use]
    pub fn arm(&self) -> Option<ModelId> {
        match self.action {
            Action::Silent => None,
            Action::Embedded => Some(ModelId::embedded()),
            Action::Call => self.route.first().cloned(),
        }
    }
}
