//! How sure the model is, from what is known of a whole line, of the beginning of one, and of a line
//! after it, fitted on real changes.
//!
//! At most one of the lines that are weighed at a place is right, or none: a multinomial logit
//! (McFadden, 1974) over weights and `trees` chooses among them, and its shares are the confidence.
//! Beginnings and lines behind are logistic regressions.
//!
//! Edit replay between two releases of a package: lines that a release adds are typed key by key,
//! a third of them with the brackets closed by the editor, once with the whole release before known
//! and once with a few files of it. 47 packages in thirteen languages to fit, 44 others to check.
//! On those kept back, all languages together (per language: `benches/README.md`):
//!
//! | measure | value |
//! |---|---|
//! | rest of the line exactly right (EM) | 32.2 % |
//! | right among the surest 10 / 20 / 30 / 50 % | 94.8 / 87.7 / 77.9 / 58.4 % |
//! | calibration error (ECE, ten bins) | 2.3 % |
//! | four out of five right covers | 27.7 % of places |
//! | typed key by key: of what is shown right, characters saved | 77.1 %, 33.5 % |
//! | the same, with only a few files known | 79.5 %, 29.4 % |
//! | lines after a whole one at the start of a line: right, further characters saved | 79.5 %, 0.6 % |
//!
//! Fitted on the keys of somebody who types, not on random places alone: a line that the model knows
//! is over early, so that the hard ones are asked about more often, and weights that had seen random
//! places alone were right in 60 % of what they called 80 %.
//! To fit again: `cargo bench --bench fit_inhouse -- fetch DIR`, then `fit DIR`, which writes the
//! trees; paste the tables, and once more, because what is shown depends on them.

use super::cut::CutFeatures;
use super::features::Features;
use super::further::FurtherFeatures;
use super::trees;

/// Nothing is surer: the exponential of a larger score may be no number.
const MAX_SCORE: f32 = 30.0;

/// The fitted weights, in the order of `FEATURE_NAMES`.
#[allow(
    clippy::approx_constant,
    reason = "what was fitted may happen to be near to any number"
)]
const WEIGHTS: Features = [
    -0.5520, // bias
    0.5835,  // log_p
    0.0883,  // log_p_min
    -0.0740, // log_p_first
    -0.2121, // log_p_mean
    0.0057,  // log_p_end
    -1.0011, // open_depth_first
    0.0674,  // workspace_depth_first
    -0.2630, // depth_first_is_zero
    0.9298,  // depth_min
    0.2896,  // depth_mean
    0.7742,  // open_share_mean
    -0.9637, // open_share_min
    0.1496,  // both_agree_first
    0.3032,  // words_known
    -0.0200, // all_words_known
    0.3737,  // all_words_near
    0.0004,  // margin_above_next
    -0.2980, // margin_below_best
    -0.3361, // tokens
    -0.6287, // characters
    -0.4096, // has_literal
    -1.9622, // repeats_just_above
    0.6418,  // repeats_above
    -1.8495, // repeats_next
    0.3473,  // repeats_below
    -0.5941, // declares_again
    -0.0222, // declares
    0.2713,  // comment
    0.2535,  // log_p_in_comment
    0.0943,  // in_word
    0.0361,  // partial_characters
    -0.2115, // line_start
    0.2777,  // typed_characters
    0.4020,  // mid_line
    -0.1221, // support_first
    0.0444,  // support_min
    -0.1926, // only_signs
    0.0486,  // ends_open
    0.2046,  // p
    1.1616,  // p_min
    -1.1608, // seen_once_share
    0.4886,  // seen_once_all
    -0.2832, // long_context
    -0.0931, // log_p_seen_once
    -0.0269, // workspace_volume
    0.2010,  // open_volume
    0.0915,  // log_p_little_known
    -0.1875, // workspace_alone
    0.0247,  // declares_known_name
    0.2000,  // unknown_words
    0.1208,  // has_quote
    0.4466,  // share_of_beam
    0.4555,  // repeats_often
    0.6145,  // repeats_just_above_often
    -2.2197, // mended
    -3.1767, // mismatched
    0.3180,  // closes
    -0.1717, // opens
    -2.3994, // open_quote
    -0.0567, // ending_here
    0.3514,  // ending_of_first_word
    0.3729,  // ending_as_before
    0.3937,  // ending_not_as_before
    -2.1044, // semicolon_in_bracket
    -0.6849, // opens_and_ends
    -0.3997, // deeper_below_unopened
    0.5496,  // deeper_below_opened
    0.0035,  // not_deeper_below_opened
    0.1026,  // in_order
    -0.1927, // out_of_order
    0.1425,  // near_above
    -0.0736, // near_below
    -0.0642, // near_parts
    0.0401,  // new_parts
    -0.1445, // operand_ends_in_bracket
];

/// The fitted weights of a cut, in the order of `CUT_FEATURE_NAMES`.
const CUT_WEIGHTS: CutFeatures = [
    0.5109,  // bias
    0.2855,  // log_p
    0.7680,  // log_p_min
    0.8587,  // share_of_beam
    0.1933,  // whole_line
    -0.5565, // characters
    -0.4925, // tokens
    -0.4307, // log_p_next
    0.0455,  // literal_next
    0.5134,  // depth_min
    -0.2458, // all_words_known
    0.3502,  // all_words_near
    0.3679,  // in_word
    0.5856,  // workspace_volume
    0.1817,  // ends_open
    0.1177,  // support_min
];

/// The fitted weights of a further line, in the order of `FURTHER_FEATURE_NAMES`.
const FURTHER_WEIGHTS: FurtherFeatures = [
    -1.0658, // bias
    1.6122,  // log_p_min
    0.6966,  // log_p_all
    -0.6742, // depth_min
    0.2842,  // support_min
    -2.4813, // open_share_min
    -0.4704, // repeats_just_above
    1.0299,  // repeats_above
    -0.1438, // number
    0.8409,  // run
    -0.6768, // below_is_deeper
    0.6737,  // line_start
];

/// Returns for each of the lines that were weighed at one place the probability that it is exactly
/// right: at most one is, or none.
pub(super) fn probabilities(features: &[Features]) -> Vec<f32> {
    let scores = features
        .iter()
        .map(|features| sum(features, &WEIGHTS) + trees::score(features));
    let mut shares: Vec<f32> = scores.map(|score| score.min(MAX_SCORE).exp()).collect();
    // That none is right has a score of 0.
    let all = 1.0 + shares.iter().sum::<f32>();
    shares.iter_mut().for_each(|share| *share /= all);
    shares
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
    1.0 / (1.0 + (-sum(features, weights)).exp())
}

fn sum(features: &[f32], weights: &[f32]) -> f32 {
    features.iter().zip(weights).map(|(x, w)| x * w).sum()
}

/// From this confidence on a prediction is worth showing; of what is shown while lines are typed,
/// 77 % were right on the packages kept back, and 80 % where only a few files were known.
pub const SHOW_THRESHOLD: f32 = 0.66;

/// From this confidence on the beginning of a line is worth showing where the whole is not.
pub const CUT_THRESHOLD: f32 = 0.76;

/// From this confidence on a line after the surest one is worth showing with it: of such lines four
/// out of five were right on the packages kept back, as many as of first lines.
pub const FURTHER_THRESHOLD: f32 = 0.65;

#[cfg(test)]
mod tests {
    use super::super::features::N_FEATURES;
    use super::*;

    #[test]
    fn the_lines_of_a_place_and_that_none_is_right_share_one() {
        let mut sure = [0.0; N_FEATURES];
        sure[0] = 1e9;
        let unsure = [0.0; N_FEATURES];
        for lines in [
            vec![],
            vec![unsure],
            vec![unsure, sure],
            vec![sure, sure, sure],
        ] {
            let shares = probabilities(&lines);
            assert_eq!(shares.len(), lines.len());
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
            assert!(shares.iter().sum::<f32>() <= 1.0 + 1e-5, "{shares:?}");
        }
    }
}
