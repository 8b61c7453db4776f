//! Decides who answers: nobody, the embedded model, or a route of models over the network.
//!
//! A pure function of the place, the arms, the rules and the standing; no I/O, no clock, no hidden
//! randomness. The hard rules come before any cost and fail closed: an arm whose region, price or
//! key is not known is out. Without estimates and a budget the policy is the plain one: the embedded
//! model when it is sure, else the cheapest eligible arm, the dearer ones behind it as its
//! fallbacks. With both, `choose` weighs what an answer is worth against its price. `eval` judges
//! the estimates on tables where the truth is known.

mod arm_posterior;
mod budget;
mod burst;
mod calibration;
mod ceiling;
mod choose;
mod concentration;
mod decide;
mod demand;
mod encode;
mod estimates;
pub mod eval;
mod forecast;
mod hold;
mod logistic;
mod normal;
pub mod off_policy;
mod pace;
mod prior;
mod propensity;
mod tradeoffs;
mod value;
mod vector;
mod watch;
mod witness;

pub use arm_posterior::{ArmPosterior, Average};
pub use budget::{Budget, Lease, Reservation, Seat};
pub use burst::{Draw, HOLDOUT, HeldOut};
pub use calibration::Calibration;
pub use ceiling::{Ceiling, Infeasible};
pub use choose::{Bid, Market};
pub use concentration::{CAP_FROM, Cap, CapError, Volume};
pub use decide::{Arm, Standing, decide};
pub use demand::Demand;
pub use encode::{SLOTS, encode, feature_hash};
pub use estimates::{Estimates, Lesson, Said, Sight};
pub use forecast::{Ahead, Day, Forecast, forecast};
pub use hold::{LONGEST_HOLD, hold};
pub use logistic::{Belief, Channel, Example, Logistic, logit, sigmoid};
pub use pace::{Pacer, solve};
pub use prior::{Expected, Prior};
pub use propensity::{Contender, Exploration, Shares, thompson};
pub use tradeoffs::{Alternative, Floors, Segment, Tradeoffs};
pub use value::{TYPICAL_KEPT, Worth};
pub use vector::{Encoder, FeatureVector};
pub use watch::{Turn, Watch};
pub use witness::{Witness, Witnesses};
