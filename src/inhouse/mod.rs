//! The embedded model: it learns from the files of the workspace and predicts the rest of a line.
//!
//! It costs nothing and answers in well under a millisecond, so it is asked first, and what makes
//! it useful is that it knows when it is right: its confidence is calibrated on real changes.
//! There is no network, no clock and no file in here; texts come in through [`EmbeddedModel`].
//! The way of a prediction: `cursor` takes the query apart, `evidence` asks `open_text` and
//! the `shelves` of the workspace what may follow, `beam` follows that to the end of the line, `mend`
//! ends it as lines end here, by what `surroundings` and `brackets` have read; `features`, `weights`
//! and `trees` say how sure it is, `cut` of which beginning it is surer, and `further` which lines
//! come after it.
//! The way of a lesson: `lex` cuts a file into tokens, `gather` numbers its words, `order` sorts the
//! places, and a `segment` stands on the `shelves`, where `merge` joins it with others or takes files
//! out; `saved` turns all of it into bytes and back.

mod beam;
mod brackets;
mod correction;
mod cursor;
mod cut;
mod evidence;
mod features;
mod further;
mod gather;
mod language;
#[cfg(test)]
mod laws;
mod lex;
mod mend;
mod merge;
mod model;
mod open_text;
mod opinion;
mod order;
mod packed;
mod pieces;
mod saved;
mod segment;
mod shelves;
mod surroundings;
mod tally;
mod token_map;
mod trees;
mod weights;

pub use correction::Correction;
pub use cut::{CUT_FEATURE_NAMES, CutFeatures, N_CUT_FEATURES};
pub use features::{FEATURE_NAMES, Features, N_FEATURES};
pub use further::{FURTHER_FEATURE_NAMES, FurtherFeatures, N_FURTHER_FEATURES};
pub use language::family;
pub use model::{EmbeddedModel, LearntFile, Lesson, Query, Settings};
pub use opinion::{Alternative, Cut, Further, Opinion, Prediction};
pub use saved::RestoreError;
pub use weights::{FURTHER_THRESHOLD, SHOW_THRESHOLD};
