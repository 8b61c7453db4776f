//! The beginning of a line, where the model is surer of it than of the whole.
//!
//! A line ends where a literal, an argument or a new name begins that nobody can know; what comes
//! before it is often certain. Each token border of the best line is a possible cut, with a
//! probability of its own that the line goes on like that so far.

use super::beam::{Line, Step};
use super::cursor::Cursor;
use super::evidence::Evidence;
use super::features::{NEAR_TOKENS, flag, likelihood_of_all, volume};
use super::pieces::is_word_char;
use super::segment::MAX_CONTEXT;

/// A shorter cut saves hardly a key.
const LEAST_CHARACTERS: usize = 4;

/// The names of the features of a cut, in order.
pub const CUT_FEATURE_NAMES: [&str; N_CUT_FEATURES] = [
    "bias",
    "log_p",
    "log_p_min",
    "share_of_beam",
    "whole_line",
    "characters",
    "tokens",
    "log_p_next",
    "literal_next",
    "depth_min",
    "all_words_known",
    "all_words_near",
    "in_word",
    "workspace_volume",
    "ends_open",
    "support_min",
];

/// How many features a cut has.
pub const N_CUT_FEATURES: usize = 16;

/// The features of one cut.
pub type CutFeatures = [f32; N_CUT_FEATURES];

/// Returns where the best line may be cut, in bytes, the shortest first, and what is known of each
/// cut. `lines` are all that were weighed; `confidence` is that of the whole line.
pub(super) fn cuts(
    best: &Line,
    confidence: f32,
    lines: &[Line],
    cursor: &Cursor<'_>,
    evidence: &Evidence<'_>,
) -> Vec<(usize, CutFeatures)> {
    let text = best.text.as_str();
    let steps = &best.steps;
    let ends = steps
        .iter()
        .enumerate()
        .map(|(at, step)| (at + 1, step.end));
    let fitting = ends.filter(|&(_, end)| {
        end < text.len()
            && text[..end].contains(is_word_char)
            && text[..end].chars().count() >= LEAST_CHARACTERS
    });
    let found = || lines.iter().filter(|line| !line.is_mended);
    let all = likelihood_of_all(lines);
    fitting
        .map(|(n, end)| {
            let agreeing = found().filter(|line| line.text.starts_with(&text[..end]));
            let share = agreeing.map(|line| line.log_p.exp()).sum::<f32>() / all;
            let features = describe((&steps[..n], steps.get(n)), &text[..end], cursor, evidence);
            let next = text[end..].trim_start();
            let is_literal = next.starts_with(|c: char| c.is_ascii_digit() || "\"'`".contains(c));
            (end, features(share, logit(confidence), flag(is_literal)))
        })
        .collect()
}

fn describe<'a>(
    (steps, next): (&'a [Step], Option<&'a Step>),
    text: &'a str,
    cursor: &'a Cursor<'_>,
    evidence: &'a Evidence<'_>,
) -> impl FnOnce(f32, f32, f32) -> CutFeatures + 'a {
    move |share, whole_line, is_literal| {
        let least = |of: &dyn Fn(&Step) -> f32| steps.iter().map(of).fold(f32::INFINITY, f32::min);
        let words = || steps.iter().filter(|step| step.is_word);
        let distance = |step: &Step| evidence.distance(step.id);
        let log_p = steps.iter().map(|step| step.log_p).sum::<f32>().max(-8.0);
        let depth =
            |step: &Step| step.open_depth.max(step.workspace_depth).min(MAX_CONTEXT) as f32 / 8.0;
        [
            1.0,
            log_p,
            least(&|step| step.log_p),
            share,
            whole_line,
            (1.0 + text.chars().count() as f32).ln(),
            (1.0 + steps.len() as f32).ln(),
            next.map_or(0.0, |next| next.log_p),
            is_literal,
            least(&depth),
            flag(words().all(|step| distance(step).is_some())),
            flag(words().all(|step| distance(step).is_some_and(|d| d <= NEAR_TOKENS))),
            flag(!cursor.partial.is_empty()),
            volume(evidence.volume().0),
            flag(text.ends_with(['(', '[', '{', '.', ',', '<'])),
            (1.0 + least(&|step| step.support)).ln(),
        ]
    }
}

fn logit(p: f32) -> f32 {
    let p = p.clamp(0.001, 0.999);
    (p / (1.0 - p)).ln()
}
