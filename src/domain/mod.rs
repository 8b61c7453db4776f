//! The plain values that every other module speaks: ids, money, tokens, requests, decisions,
//! ledger events.
//!
//! No async, no I/O, no foreign types but `serde`, `uuid` and `time`. What is valid is decided
//! here, once, by construction; the parts above pass these values on.

mod allowance;
mod booking;
mod completion;
mod decision;
mod dice;
mod digest;
mod event;
mod fim;
mod host;
mod id;
mod model;
mod money;
mod month;
mod network;
mod policy;
mod ppm;
mod prompt;
mod remembered;
mod spelling;
mod text;
mod timestamp;
mod usage;

pub use allowance::Allowance;
pub use booking::{
    Booking, BookingRow, Correction, FunnelBooking, Pool, PoolTerms, Power, UsageBooking,
};
pub use completion::{
    Candidate, Completion, CompletionRequest, Confidence, DocumentUri, Finish, Origin, Source,
    Trigger,
};
pub use decision::{Action, ArmEstimate, CursorSite, Decision, Exclusion, Features, Odds, Reason};
pub use dice::Dice;
pub use digest::{fnv1a, fnv1a_of};
pub use event::{
    BillingBasis, CacheHitRow, CacheLayer, CallOutcome, CallRow, DecisionRow, Evidence,
    LedgerEvent, MatchRow, OutcomeKind, OutcomeRow, RetentionRow, SuppressedRow, Who,
};
pub use fim::{FimTemplate, special_tokens};
pub use host::{bills_cancelled_in_full, known_region, lab_of};
pub use id::{BurstId, CallId, CompletionId, DecisionId, EpisodeId, RowId};
pub use model::{
    EMBEDDED, KeyPlace, ModelId, ModelSpec, PriceSource, Protocol, Rates, Region, Tier,
};
pub use money::{MicroUsd, Money, PricePerMTok, divide_half_even};
pub use month::Month;
pub use network::Network;
pub use policy::{Caps, Choice, Drill, Policy};
pub use ppm::Ppm;
pub use prompt::{Prompt, Snippet};
pub use remembered::Remembered;
pub use spelling::edit_distance;
pub use text::ByteOffset;
pub use timestamp::Timestamp;
pub use usage::{TokenCount, Usage};
