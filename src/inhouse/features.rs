//! What is known about a suggested line, as numbers, for the calibration.

use super::beam::Line;
use super::cursor::{Cursor, Neighbourhood};
use super::evidence::Evidence;
use super::language::{declares, is_comment};
use super::pieces::is_word_char;
use super::segment::MAX_CONTEXT;
use super::surroundings::{self, Surroundings};

/// Words used within so many tokens count as near: about forty lines.
pub(super) const NEAR_TOKENS: usize = 400;

/// The names of the features, in order.
pub const FEATURE_NAMES: [&str; N_FEATURES] = {
    let mut names = [""; N_FEATURES];
    let mut at = 0;
    while at < N_FEATURES {
        names[at] = if at < N_OF_LINES {
            OF_LINES[at]
        } else {
            surroundings::NAMES[at - N_OF_LINES]
        };
        at += 1;
    }
    names
};

/// What is known of a line without the lines around it, or of those that are the same.
const OF_LINES: [&str; N_OF_LINES] = [
    "bias",
    "log_p",
    "log_p_min",
    "log_p_first",
    "log_p_mean",
    "log_p_end",
    "open_depth_first",
    "workspace_depth_first",
    "depth_first_is_zero",
    "depth_min",
    "depth_mean",
    "open_share_mean",
    "open_share_min",
    "both_agree_first",
    "words_known",
    "all_words_known",
    "all_words_near",
    "margin_above_next",
    "margin_below_best",
    "tokens",
    "characters",
    "has_literal",
    "repeats_just_above",
    "repeats_above",
    "repeats_next",
    "repeats_below",
    "declares_again",
    "declares",
    "comment",
    "log_p_in_comment",
    "in_word",
    "partial_characters",
    "line_start",
    "typed_characters",
    "mid_line",
    "support_first",
    "support_min",
    "only_signs",
    "ends_open",
    "p",
    "p_min",
    "seen_once_share",
    "seen_once_all",
    "long_context",
    "log_p_seen_once",
    "workspace_volume",
    "open_volume",
    "log_p_little_known",
    "workspace_alone",
    "declares_known_name",
    "unknown_words",
    "has_quote",
    "share_of_beam",
    "repeats_often",
    "repeats_just_above_often",
    "mended",
];

const N_OF_LINES: usize = 56;

/// How many features there are.
pub const N_FEATURES: usize = N_OF_LINES + surroundings::N_NAMES;

/// The features of one suggestion.
pub type Features = [f32; N_FEATURES];

/// Returns how much a number of tokens is, between 0 and about 1.
pub(super) fn volume(tokens: usize) -> f32 {
    (1.0 + tokens as f32).ln() / 14.0
}

/// Returns how likely all lines together are that were found and not mended; more than 0.
pub(super) fn likelihood_of_all(lines: &[Line]) -> f32 {
    let found = lines.iter().filter(|line| !line.is_mended);
    let all: f32 = found.map(|line| line.log_p.exp()).sum();
    all.max(f32::MIN_POSITIVE)
}

/// Describes each of the lines, which are sorted by probability.
pub(super) fn describe(
    lines: &[Line],
    cursor: &Cursor<'_>,
    neighbourhood: &Neighbourhood<'_>,
    evidence: &Evidence<'_>,
    surroundings: &Surroundings<'_>,
) -> Vec<Features> {
    // What was mended is likely by another measure, and no rival of what was found.
    let found = || lines.iter().filter(|line| !line.is_mended);
    let all = likelihood_of_all(lines);
    lines
        .iter()
        .map(|line| {
            let rival = found().find(|other| !std::ptr::eq(*other, line));
            let margin = rival.map_or(4.0, |rival| line.log_p - rival.log_p);
            let share = (line.log_p.exp() / all).min(1.0);
            describe_line(
                line,
                (margin, share),
                cursor,
                neighbourhood,
                evidence,
                surroundings,
            )
        })
        .collect()
}

fn describe_line(
    line: &Line,
    (margin, share_of_beam): (f32, f32),
    cursor: &Cursor<'_>,
    neighbourhood: &Neighbourhood<'_>,
    evidence: &Evidence<'_>,
    surroundings: &Surroundings<'_>,
) -> Features {
    let steps = &line.steps;
    let n = steps.len() as f32;
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
        return [0.0; N_FEATURES];
    };
    let least =
        |of: &dyn Fn(&super::beam::Step) -> f32| steps.iter().map(of).fold(f32::INFINITY, f32::min);
    let depth = |step: &super::beam::Step| {
        step.open_depth.max(step.workspace_depth).min(MAX_CONTEXT) as f32 / 8.0
    };
    let distances: Vec<Option<usize>> = steps
        .iter()
        .filter(|step| step.is_word)
        .map(|step| evidence.distance(step.id))
        .collect();
    let n_words = distances.len().max(1) as f32;
    let known = distances.iter().flatten().count();
    let near = distances
        .iter()
        .filter(|distance| distance.is_some_and(|d| d <= NEAR_TOKENS))
        .count();
    let whole = [cursor.typed, &line.text, cursor.rest].concat();
    let repeats = neighbourhood.repeats(&whole);
    let comment = is_comment(&whole);
    let declares = whole
        .split(|c: char| !is_word_char(c))
        .filter(|word| !word.is_empty())
        .take(3)
        .any(declares);
    let log_p = line.log_p.max(-8.0);
    let seen_once = steps.iter().filter(|step| step.support <= 18.0).count() as f32;
    let (workspace, open) = evidence.volume();
    let has_sibling = neighbourhood.has_sibling(&whole);
    let log = |count: usize| (1.0 + count as f32).ln();
    let of_line: [f32; N_OF_LINES] = [
        1.0,
        log_p,
        least(&|step| step.log_p),
        first.log_p,
        log_p / n,
        last.log_p,
        first.open_depth.min(8) as f32 / 8.0,
        first.workspace_depth.min(8) as f32 / 8.0,
        flag(first.open_depth.max(first.workspace_depth) == 0),
        least(&depth),
        steps.iter().map(depth).sum::<f32>() / n,
        steps.iter().map(|step| step.open_share).sum::<f32>() / n,
        least(&|step| step.open_share),
        flag(first.open_share > 0.0 && first.open_share < 1.0),
        known as f32 / n_words,
        flag(known == distances.len()),
        flag(near == distances.len()),
        margin.clamp(0.0, 4.0),
        margin.clamp(-4.0, 0.0),
        log(steps.len()),
        log(line.text.chars().count()),
        flag(
            line.text
                .contains(|c: char| c.is_ascii_digit() || c == '"' || c == '\''),
        ),
        flag(repeats.just_above),
        flag(repeats.above),
        flag(repeats.next),
        flag(repeats.below),
        flag(declares && (repeats.above || repeats.below)),
        flag(declares),
        flag(comment),
        flag(comment) * log_p,
        flag(!cursor.partial.is_empty()),
        log(cursor.partial.chars().count()),
        flag(cursor.is_at_line_start()),
        log(cursor.typed.trim_start().chars().count()),
        flag(!cursor.rest.is_empty()),
        (1.0 + first.support).ln(),
        (1.0 + least(&|step| step.support)).ln(),
        flag(!line.text.contains(is_word_char)),
        flag(line.text.ends_with(['{', '(', '[', ',', ':'])),
        log_p.exp(),
        least(&|step| step.log_p).exp(),
        seen_once / n,
        flag(seen_once == n),
        flag(
            steps
                .iter()
                .any(|step| step.open_depth.max(step.workspace_depth) >= MAX_CONTEXT),
        ),
        log_p * seen_once / n,
        volume(workspace),
        volume(open),
        log_p * (1.0 - volume(workspace).min(1.0)),
        flag(steps.iter().all(|step| step.open_share == 0.0)),
        flag(has_sibling),
        log(distances.len() - known),
        flag(line.text.contains(['"', '\''])),
        share_of_beam,
        log(repeats.times_above.saturating_sub(1)),
        flag(repeats.just_above) * log(repeats.times_above.saturating_sub(1)),
        flag(line.is_mended),
    ];
    let own = [cursor.partial, &line.text].concat();
    let mut features = [0.0; N_FEATURES];
    features[..N_OF_LINES].copy_from_slice(&of_line);
    features[N_OF_LINES..].copy_from_slice(&surroundings.describe(&whole, &own));
    features
}

/// Returns 1 where something holds, else 0.
pub(super) fn flag(holds: bool) -> f32 {
    if holds { 1.0 } else { 0.0 }
}
