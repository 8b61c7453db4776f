//! The embedded model: it learns from the files of the workspace and predicts the rest of a line.
//!
//! It costs nothing and answers in well under a millisecond, so it is asked first, and what makes
//! it useful is that it knows when it is right: its confidence is calibrated on real changes.
//! There is no network, no clock and no file in here; texts come in through [`EmbeddedModel`].
//! The way of a prediction: `cursor` takes the query apart, `evidence` asks `open_text` and
//! the `shelves` of the workspace what may follow, `beam` follows that to the end of the line,
//! `features` and `weights` say how sure it is.

mod beam;
mod cursor;
mod evidence;
mod features;
mod language;
#[cfg(test)]
mod laws;
mod lex;
mod model;
mod open_text;
mod segment;
mod shelves;
mod token_map;
mod weights;

pub use features::{FEATURE_NAMES, Features, N_FEATURES};
pub use language::family;
pub use model::{Alternative, EmbeddedModel, Prediction, Query, Settings};
pub use weights::SHOW_THRESHOLD;
