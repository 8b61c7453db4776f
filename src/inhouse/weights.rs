//! How sure the model is: logistic regressions over what is known of a whole line, of the beginning
//! of one, and of a line after it, fitted on real changes.
//!
//! Edit replay between two releases of a package: lines that a release adds are typed key by key,
//! a third of them with the brackets closed by the editor, once with the whole release before known
//! and once with a few files of it. 47 packages in thirteen languages to fit, 44 others to check.
//! On those kept back, all languages together (per language: `benches/README.md`):
//!
//! | measure | value |
//! |---|---|
//! | rest of the line exactly right (EM) | 30.4 % |
//! | right among the surest 10 / 20 / 30 / 50 % | 93.5 / 87.0 / 75.8 / 55.6 % |
//! | calibration error (ECE, ten bins) | 3.2 % |
//! | four out of five right covers | 26.7 % of places |
//! | typed key by key: of what is shown right, characters saved | 76.8 %, 32.2 % |
//! | the same, with only a few files known | 78.7 %, 28.5 % |
//! | lines after a whole one at the start of a line: right, further characters saved | 77.3 %, 0.6 % |
//!
//! Fitted on the keys of somebody who types, not on random places: a line that the model knows is
//! over early, so that the hard ones are asked about more often, and weights that had seen random
//! places alone were right in 60 % of what they called 80 %.
//! To fit again: `cargo bench --bench fit_inhouse -- fetch DIR`, then `fit DIR`; paste the tables,
//! and once more, because what is shown depends on them.

use super::cut::CutFeatures;
use super::features::Features;
use super::further::FurtherFeatures;

/// The fitted weights, in the order of `FEATURE_NAMES`.
const WEIGHTS: Features = [
    -1.7190, // bias
    0.4826,  // log_p
    -0.1032, // log_p_min
    -0.0152, // log_p_first
    -0.0377, // log_p_mean
    0.2516,  // log_p_end
    -0.7038, // open_depth_first
    0.2341,  // workspace_depth_first
    -1.2750, // depth_first_is_zero
    0.9071,  // depth_min
    0.1423,  // depth_mean
    0.5940,  // open_share_mean
    -0.9318, // open_share_min
    0.1181,  // both_agree_first
    0.2179,  // words_known
    -0.2093, // all_words_known
    0.2621,  // all_words_near
    0.0392,  // margin_above_next
    -0.0560, // margin_below_best
    -0.1995, // tokens
    -0.5276, // characters
    -0.3779, // has_literal
    -2.1172, // repeats_just_above
    0.7555,  // repeats_above
    -2.0437, // repeats_next
    0.3711,  // repeats_below
    -0.8280, // declares_again
    0.1742,  // declares
    -0.1237, // comment
    0.1080,  // log_p_in_comment
    0.0757,  // in_word
    -0.0264, // partial_characters
    -0.0984, // line_start
    0.2137,  // typed_characters
    0.4794,  // mid_line
    -0.1188, // support_first
    0.1452,  // support_min
    -0.1365, // only_signs
    0.0374,  // ends_open
    0.1825,  // p
    1.9077,  // p_min
    -1.1824, // seen_once_share
    0.4535,  // seen_once_all
    -0.1984, // long_context
    -0.2250, // log_p_seen_once
    -0.1927, // workspace_volume
    0.1108,  // open_volume
    0.1894,  // log_p_little_known
    -0.1191, // workspace_alone
    0.1884,  // declares_known_name
    -0.2025, // unknown_words
    0.1676,  // has_quote
    0.7189,  // share_of_beam
    0.3829,  // repeats_often
    0.6347,  // repeats_just_above_often
];

/// The fitted weights of a cut, in the order of `CUT_FEATURE_NAMES`.
const CUT_WEIGHTS: CutFeatures = [
    -0.0243, // bias
    0.5293,  // log_p
    0.6510,  // log_p_min
    1.1993,  // share_of_beam
    0.1369,  // whole_line
    -0.4920, // characters
    -0.5363, // tokens
    -0.5122, // log_p_next
    0.0337,  // literal_next
    0.6342,  // depth_min
    -0.2380, // all_words_known
    0.3530,  // all_words_near
    0.4245,  // in_word
    0.4300,  // workspace_volume
    0.1546,  // ends_open
    0.1139,  // support_min
];

/// The fitted weights of a further line, in the order of `FURTHER_FEATURE_NAMES`.
const FURTHER_WEIGHTS: FurtherFeatures = [
    -1.2962, // bias
    1.4628,  // log_p_min
    0.8247,  // log_p_all
    -0.6949, // depth_min
    0.2490,  // support_min
    -2.6054, // open_share_min
    -0.4746, // repeats_just_above
    0.9172,  // repeats_above
    -0.2899, // number
    1.0381,  // run
    -0.7641, // below_is_deeper
    0.7369,  // line_start
];

/// Returns the probability that a line with these features is exactly right.
pub(super) fn probability(features: &Features) -> f32 {
    logistic(features, &WEIGHTS)
}

/// Returns the probability that a line begins like a cut with these features.
pub(super) fn probability_of_cut(features: &CutFeatures) -> f32 {
    logistic(features, &CUT_WEIGHTS)
}

/// Returns the probability that all lines up to and with a further one of these features are right.
pub(super) fn probability_of_further(features: &FurtherFeatures) -> f32 {
    logistic(features, &FURTHER_WEIGHTS)
}

fn logistic(features: &[f32], weights: &[f32]) -> f32 {
    let score: f32 = features.iter().zip(weights).map(|(x, w)| x * w).sum();
    1.0 / (1.0 + (-score).exp())
}

/// From this confidence on a prediction is worth showing; of what is shown while lines are typed,
/// 77 % were right on the packages kept back, and 79 % where only a few files were known.
pub const SHOW_THRESHOLD: f32 = 0.65;

/// From this confidence on the beginning of a line is worth showing where the whole is not.
pub const CUT_THRESHOLD: f32 = 0.75;

/// From this confidence on a line after the surest one is worth showing with it: of such lines 77 %
/// were right on the packages kept back, as many as of first lines.
pub const FURTHER_THRESHOLD: f32 = 0.65;
