//! How sure the model is: two logistic regressions, one over what is known of a whole line and one
//! over what is known of the beginning of one, fitted on real changes.
//!
//! Edit replay between two releases of a package: lines that a release adds are typed key by key,
//! a third of them with the brackets closed by the editor, once with the whole release before known
//! and once with a few files of it. 47 packages in thirteen languages to fit, 44 others to check.
//! On those kept back, all languages together (per language: `benches/README.md`):
//!
//! | measure | value |
//! |---|---|
//! | rest of the line exactly right (EM) | 30.2 % |
//! | right among the surest 10 / 20 / 30 / 50 % | 92.6 / 86.8 / 74.5 / 55.2 % |
//! | calibration error (ECE, ten bins) | 3.4 % |
//! | four out of five right covers | 26.0 % of places |
//! | typed key by key: of what is shown right, characters saved | 77.1 %, 31.4 % |
//! | the same, with only a few files known | 79.6 %, 27.0 % |
//!
//! Fitted on the keys of somebody who types, not on random places: a line that the model knows is
//! over early, so that the hard ones are asked about more often, and weights that had seen random
//! places alone were right in 60 % of what they called 80 %.
//! To fit again: `cargo bench --bench fit_inhouse -- fetch DIR`, then `fit DIR`; paste the tables,
//! and once more, because what is shown depends on them.

use super::cut::CutFeatures;
use super::features::Features;

/// The fitted weights, in the order of `FEATURE_NAMES`.
const WEIGHTS: Features = [
    -1.7177, // bias
    0.5498,  // log_p
    -0.1215, // log_p_min
    0.0105,  // log_p_first
    -0.0542, // log_p_mean
    0.2539,  // log_p_end
    -0.7901, // open_depth_first
    0.2251,  // workspace_depth_first
    -1.2567, // depth_first_is_zero
    0.9527,  // depth_min
    0.1385,  // depth_mean
    0.5563,  // open_share_mean
    -0.8448, // open_share_min
    0.1174,  // both_agree_first
    0.1779,  // words_known
    -0.1589, // all_words_known
    0.3227,  // all_words_near
    0.0313,  // margin_above_next
    -0.0828, // margin_below_best
    -0.1966, // tokens
    -0.5502, // characters
    -0.4206, // has_literal
    -1.5501, // repeats_just_above
    0.8725,  // repeats_above
    -2.0203, // repeats_next
    0.5397,  // repeats_below
    -0.8937, // declares_again
    0.1778,  // declares
    -0.0738, // comment
    0.1460,  // log_p_in_comment
    0.0131,  // in_word
    0.0029,  // partial_characters
    -0.0713, // line_start
    0.1693,  // typed_characters
    0.5154,  // mid_line
    -0.1124, // support_first
    0.1381,  // support_min
    -0.1406, // only_signs
    0.0205,  // ends_open
    0.2081,  // p
    1.8210,  // p_min
    -1.4160, // seen_once_share
    0.4913,  // seen_once_all
    -0.2180, // long_context
    -0.2914, // log_p_seen_once
    0.0374,  // workspace_volume
    0.1801,  // open_volume
    0.1090,  // log_p_little_known
    -0.1340, // workspace_alone
    0.1801,  // declares_known_name
    -0.0776, // unknown_words
    0.2064,  // has_quote
    0.8346,  // share_of_beam
];

/// The fitted weights of a cut, in the order of `CUT_FEATURE_NAMES`.
const CUT_WEIGHTS: CutFeatures = [
    -0.3999, // bias
    0.6077,  // log_p
    0.5386,  // log_p_min
    1.1773,  // share_of_beam
    0.0785,  // whole_line
    -0.4830, // characters
    -0.5299, // tokens
    -0.4731, // log_p_next
    0.0011,  // literal_next
    0.6918,  // depth_min
    -0.2605, // all_words_known
    0.4530,  // all_words_near
    0.4516,  // in_word
    0.6527,  // workspace_volume
    0.1601,  // ends_open
    0.0901,  // support_min
];

/// Returns the probability that a line with these features is exactly right.
pub(super) fn probability(features: &Features) -> f32 {
    logistic(features, &WEIGHTS)
}

/// Returns the probability that a line begins like a cut with these features.
pub(super) fn probability_of_cut(features: &CutFeatures) -> f32 {
    logistic(features, &CUT_WEIGHTS)
}

fn logistic(features: &[f32], weights: &[f32]) -> f32 {
    let score: f32 = features.iter().zip(weights).map(|(x, w)| x * w).sum();
    1.0 / (1.0 + (-score).exp())
}

/// From this confidence on a prediction is worth showing; of what is shown while lines are typed,
/// 77 % were right on the packages kept back, and 80 % where only a few files were known.
pub const SHOW_THRESHOLD: f32 = 0.65;

/// From this confidence on the beginning of a line is worth showing where the whole is not.
pub const CUT_THRESHOLD: f32 = 0.75;
