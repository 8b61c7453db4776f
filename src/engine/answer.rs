//! What a request is answered with.

use crate::domain::{Candidate, DecisionId, EpisodeId, Money, Tier};

/// What a request is answered with.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// A suggestion.
    Suggestion(Box<Served>),
    /// Nothing, with the reason.
    Nothing(Nothing),
}

/// A suggestion with what explains it in one line.
#[derive(Clone, PartialEq, Debug)]
pub struct Served {
    /// The suggestion.
    pub candidate: Candidate,
    /// The decision that paid for it.
    pub decision: DecisionId,
    /// Its offer episode.
    pub episode: EpisodeId,
    /// The tier of the model that made it.
    pub tier: Tier,
    /// What it was expected to cost this time.
    pub expected_cost: Money,
    /// Why it came from there.
    pub reason: &'static str,
}

/// Why there is no suggestion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nothing {
    /// A newer request came for the same document.
    Superseded,
    /// The document is not open.
    UnknownDocument,
    /// Nothing of this file may be used; the word names the rule.
    Excluded(&'static str),
    /// Nobody was sure enough, or nobody may be asked.
    NothingEligible,
    /// The models that were asked had nothing usable to say.
    NothingUsable,
    /// The models that were asked failed.
    Failed,
}

impl Nothing {
    /// Returns the reason as a word for rows and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::UnknownDocument => "unknown-document",
            Self::Excluded(rule) => rule,
            Self::NothingEligible => "nothing-eligible",
            Self::NothingUsable => "nothing-usable",
            Self::Failed => "failed",
        }
    }
}
