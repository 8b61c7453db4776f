//! How sure the model is: a logistic regression over the features, fitted on real changes.
//!
//! Edit replay between two releases of a package, positions inside added lines, a third of them
//! with the brackets closed by the editor; 17 packages (10 Rust, 4 Python, 3 JavaScript) to fit,
//! 14 others to check. Only files that both releases have. On the packages kept back (6,794
//! positions):
//!
//! | measure | value |
//! |---|---|
//! | rest of the line exactly right (EM) | 32.5 % |
//! | right among the surest 10 / 20 / 30 / 50 % | 95.3 / 89.7 / 79.7 / 59.0 % |
//! | calibration error (ECE, ten bins) | 2.3 % |
//! | confidence >= 0.6 | covers 27.5 %, right 82.4 %, 8.7 characters on average |
//! | the same, six characters or more | covers 13.2 %, right 78.1 % |
//! | confidence >= 0.7 | covers 22.9 %, right 87.0 % |
//! | query p50 / p95 / p99, release build | 0.19 / 0.7 to 1.0 / 1.1 to 4.7 ms (two shared cores) |
//! | index | 2.43 bytes per source byte, learnt at 22 to 34 MB/s on one thread |
//!
//! The escape weight, the votes of shorter contexts and six of the features were chosen with these
//! figures in sight, so they are a little too good. Where little is known it is too sure: typed
//! key by key over this repository, young and small, a confidence of 0.7 or more was right in 78 %
//! (Rust), 76 % (TypeScript) and 71 % (Lua, none of which was fitted on) of the 4 to 7 % of keys it
//! covers; 0.6 in 70, 62 and 65 %. A correction that learns per workspace is the next step.
//! To fit again: `cargo bench --bench fit_inhouse -- fetch DIR`, then `fit DIR`; paste the table.

use super::features::Features;

/// The fitted weights, in the order of `FEATURE_NAMES`.
const WEIGHTS: Features = [
    0.0915,  // bias
    0.8922,  // log_p
    -0.1838, // log_p_min
    -0.0485, // log_p_first
    0.1148,  // log_p_mean
    0.0970,  // log_p_end
    -0.1286, // open_depth_first
    0.1536,  // workspace_depth_first
    -0.1778, // depth_first_is_zero
    0.9987,  // depth_min
    -0.5798, // depth_mean
    0.1281,  // open_share_mean
    -0.7162, // open_share_min
    0.0916,  // both_agree_first
    0.1347,  // words_known
    0.2310,  // all_words_known
    0.2769,  // all_words_near
    0.2586,  // margin_above_next
    -0.1120, // margin_below_best
    -0.2265, // tokens
    -0.5310, // characters
    -0.4013, // has_literal
    -0.6652, // repeats_just_above
    0.8652,  // repeats_above
    -1.8466, // repeats_next
    0.3819,  // repeats_below
    -0.2620, // declares_again
    0.0089,  // declares
    0.0839,  // comment
    0.0866,  // log_p_in_comment
    0.3401,  // in_word
    -0.0919, // partial_characters
    -0.0384, // line_start
    0.0324,  // typed_characters
    0.4086,  // mid_line
    -0.0668, // support_first
    0.0376,  // support_min
    -0.1602, // only_signs
    0.1938,  // ends_open
    0.7188,  // p
    0.8049,  // p_min
    -1.3949, // seen_once_share
    0.3069,  // seen_once_all
    0.1355,  // long_context
    -0.3721, // log_p_seen_once
];

/// Returns the probability that a line with these features is exactly right.
pub(super) fn probability(features: &Features) -> f32 {
    let score: f32 = features.iter().zip(&WEIGHTS).map(|(x, w)| x * w).sum();
    1.0 / (1.0 + (-score).exp())
}

/// From this confidence on a prediction is worth showing: about four out of five (82.4 %) are
/// exactly right on the packages kept back, somewhat fewer (two out of three) in a young repository.
pub const SHOW_THRESHOLD: f32 = 0.6;
