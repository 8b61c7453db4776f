//! The lines after the first one, where they are as good as certain.
//!
//! Each further line is the likeliest token after the likeliest token, with a probability of its own
//! that the user is about to type it too. What tells a copy in the making from a line that only
//! happens to be known is how many tokens before it stand elsewhere in the same order. It ends with
//! the first line that is not sure, at the end of the block, at a blank line, and before a line that
//! stands below already.

use super::beam::{Context, Line, Step};
use super::cursor::{Cursor, Neighbourhood};
use super::evidence::{Constraint, Evidence};
use super::features::flag;
use super::lex::{TokenId, columns};
use super::opinion::Further;
use super::pieces::is_word_char;
use super::segment::MAX_CONTEXT;
use super::weights;

/// Lines that follow the first one at most.
const MOST_LINES: usize = 6;
const MAX_TOKENS: usize = 32;
const MAX_BYTES: usize = 160;
/// A line that is less likely than this, as a logarithm, is not worth its features.
const MIN_LOG_P: f32 = -3.0;
/// Nothing is looked for behind a line that is less sure; weights are fitted on what is above it, so
/// it is well below what is shown.
const LEAST_SURE: f32 = 0.25;
/// A longer run of tokens says no more.
const LONGEST_RUN: usize = 256;

/// The names of the features of a further line, in order.
pub const FURTHER_FEATURE_NAMES: [&str; N_FURTHER_FEATURES] = [
    "bias",
    "log_p_min",
    "log_p_all",
    "depth_min",
    "support_min",
    "open_share_min",
    "repeats_just_above",
    "repeats_above",
    "number",
    "run",
    "below_is_deeper",
    "line_start",
];

/// How many features a further line has.
pub const N_FURTHER_FEATURES: usize = 12;

/// The features of one further line.
pub type FurtherFeatures = [f32; N_FURTHER_FEATURES];

/// Returns the lines that follow `first`, up to and with the first one that is hardly likely. `before`
/// are the tokens before the cursor, the nearest first.
pub(super) fn lines(
    first: &Line,
    before: impl Iterator<Item = TokenId>,
    cursor: &Cursor<'_>,
    neighbourhood: &Neighbourhood<'_>,
    evidence: &mut Evidence<'_>,
) -> Vec<Further> {
    // The last token of a line is whatever ends it.
    let of_line = first.steps[..first.steps.len() - 1].iter().rev();
    let before: Vec<TokenId> = of_line
        .map(|step| step.id)
        .chain(before)
        .take(LONGEST_RUN)
        .collect();
    let below = cursor.line_below();
    let place = Place {
        run: evidence.run(&before),
        neighbourhood,
        indentation: Indentation::of(cursor),
        is_at_line_start: cursor.is_at_line_start(),
        below_is_deeper: below.is_some_and(|(deeper, _)| deeper > 0),
    };
    let mut context = Context::new(before.into_iter());
    let (mut found, mut depth, mut log_p_all) = (Vec::new(), 0, first.log_p);
    while found.len() < MOST_LINES {
        let Some(next) = next_line(&mut context, evidence) else {
            break;
        };
        depth += next.deeper;
        log_p_all += next.line.log_p;
        // Outside of the block another one begins; a line that stands below stands there already.
        if depth < 0 || below == Some((depth, next.line.text.as_str())) {
            break;
        }
        let features = place.describe(&next, found.len(), log_p_all);
        let sure = weights::probability_of_further(&features);
        let text = place.indentation.deeper_by(depth) + &next.line.text;
        found.push(Further::new(text, sure, features));
        if sure < LEAST_SURE {
            break;
        }
    }
    found
}

/// What all lines at one cursor have in common.
struct Place<'a> {
    run: usize,
    neighbourhood: &'a Neighbourhood<'a>,
    indentation: Indentation<'a>,
    is_at_line_start: bool,
    below_is_deeper: bool,
}

/// A whole line and the break before it.
struct NextLine {
    /// Columns by which its indentation differs from that of the line before.
    deeper: i32,
    /// The likelihood of the break is part of the line's.
    line: Line,
    log_p_break: f32,
}

/// Follows the likeliest tokens to the end of the next line; `context` then stands there.
fn next_line(context: &mut Context, evidence: &mut Evidence<'_>) -> Option<NextLine> {
    let breaks = evidence.breaks(context.as_slice());
    let all: f32 = breaks.iter().map(|(_, p)| p).sum();
    let &(id, p) = breaks.first()?;
    let deeper = id.change_of_indentation()?;
    let log_p_break = (p / all).ln();
    let mut line = Line {
        text: String::new(),
        steps: Vec::new(),
        log_p: log_p_break,
        is_mended: false,
    };
    context.push(id);
    for _ in 0..MAX_TOKENS {
        let found = evidence.next(context.as_slice(), Constraint::default());
        let next = found.next.first()?;
        let word = evidence.text(next);
        line.log_p += next.p.min(1.0).ln();
        if line.log_p < MIN_LOG_P || line.text.len() + word.len() > MAX_BYTES {
            return None;
        }
        let is_first = line.text.is_empty();
        line.steps
            .push(Step::new(next, &found, word.starts_with(is_word_char)));
        if next.id.ends_line() {
            return (!is_first).then_some(NextLine {
                deeper,
                line,
                log_p_break,
            });
        }
        if !is_first && next.gap * 2.0 > next.p {
            line.text.push(' ');
        }
        line.text.push_str(word);
        context.push(next.id);
    }
    None
}

impl Place<'_> {
    fn describe(&self, next: &NextLine, number: usize, log_p_all: f32) -> FurtherFeatures {
        let steps = &next.line.steps;
        let least = |of: &dyn Fn(&Step) -> f32| steps.iter().map(of).fold(f32::INFINITY, f32::min);
        let depth =
            |step: &Step| step.open_depth.max(step.workspace_depth).min(MAX_CONTEXT) as f32 / 8.0;
        let repeats = self.neighbourhood.repeats(&next.line.text);
        [
            1.0,
            least(&|step| step.log_p).min(next.log_p_break),
            log_p_all,
            least(&depth),
            (1.0 + least(&|step| step.support)).ln(),
            least(&|step| step.open_share),
            flag(repeats.just_above),
            flag(repeats.above),
            number as f32,
            (1.0 + self.run as f32).ln(),
            flag(self.below_is_deeper),
            flag(self.is_at_line_start),
        ]
    }
}

/// How lines are indented here.
struct Indentation<'a> {
    /// The blanks before the cursor's line.
    base: &'a str,
    by_tabs: bool,
}

impl<'a> Indentation<'a> {
    fn of(cursor: &Cursor<'a>) -> Self {
        let base = &cursor.typed[..cursor.typed.len() - cursor.typed.trim_start().len()];
        let by_tabs = if base.is_empty() {
            cursor.above.contains("\n\t")
        } else {
            base.starts_with('\t')
        };
        Self { base, by_tabs }
    }

    /// Returns the blanks of a line that stands so many columns deeper.
    fn deeper_by(&self, depth: i32) -> String {
        let depth = usize::try_from(depth).unwrap_or(0);
        let tab = usize::try_from(columns("\t")).unwrap_or(1);
        let (tabs, spaces) = if self.by_tabs {
            (depth / tab, depth % tab)
        } else {
            (0, depth)
        };
        [self.base, &"\t".repeat(tabs), &" ".repeat(spaces)].concat()
    }
}

#[cfg(test)]
mod tests {
    use crate::inhouse::{EmbeddedModel, Opinion, Query};

    const BLOCK: &str = "    let order = self.orders.get(&id)?;\n    let lines = order.lines();\n    \
                         if lines.is_empty() {\n        return None;\n    }\n    \
                         Some(lines.total())\n}\n";

    /// A workspace in which some functions are alike; returns what comes of a cursor.
    fn ask(text: &str, several_lines: bool) -> Opinion {
        ask_among(|_| BLOCK.to_owned(), text, several_lines)
    }

    fn ask_among(block: impl Fn(usize) -> String, text: &str, several_lines: bool) -> Opinion {
        let model = EmbeddedModel::new();
        let files = (0..12).map(|n| {
            let function = |name: usize| {
                let number = 3 * n + name;
                format!("fn f_{number}(&self) {{\n{}\n", block(number))
            };
            let text = function(0) + &function(1) + &function(2);
            (format!("{n}.rs"), "rust".to_owned(), text)
        });
        model.learn_many(files);
        let (before, after) = text.split_once("$0").expect("a cursor");
        model.opinion(&Query {
            path: "open.rs",
            language: "rust",
            before,
            after,
            several_lines,
        })
    }

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let shown = ask(text, true).prediction().map(|shown| shown.text);
        assert_eq!(shown.as_deref(), expected);
        let line = ask(text, false).prediction().map(|shown| shown.text);
        let first = expected.and_then(|text| text.lines().next());
        assert_eq!(line.as_deref(), first, "one line, where that is wanted");
    }

    #[test]
    fn a_block_that_is_copied_goes_on_to_its_end() {
        let (first, rest) = BLOCK.split_once('\n').expect("lines");
        let (rest, _) = rest.rsplit_once("\n}").expect("a block");
        let text = format!("fn open(&self) {{\n{first}\n    $0\n}}\n");
        check(&text, Some(rest.trim_start()));
    }

    #[test]
    fn a_line_that_stands_below_is_not_said_again() {
        let (first, rest) = BLOCK.split_once('\n').expect("lines");
        let (second, rest) = rest.split_once('\n').expect("lines");
        let text = format!("fn open(&self) {{\n{first}\n    $0\n{rest}");
        check(&text, Some(second.trim()));
    }

    #[test]
    fn a_line_after_which_nothing_is_known_stands_alone() {
        let mut lines = BLOCK.split_inclusive('\n');
        let (first, second) = (lines.next().expect("one"), lines.next().expect("two"));
        let text = format!("fn open(&self) {{\n{first}    $0\n}}\n");
        let block = |n| format!("{first}{second}    say_{n}({n});\n}}\n");
        let shown = ask_among(block, &text, true).prediction();
        assert_eq!(shown.expect("it is sure").text, second.trim());
    }

    #[test]
    fn deeper_lines_have_the_blanks_of_the_file() {
        let (first, rest) = BLOCK.split_once('\n').expect("lines");
        let text = format!("fn open(&self) {{\n{first}\n    $0\n}}\n").replace("    ", "\t");
        let shown = ask(&text, true).prediction().expect("it is sure").text;
        let (rest, _) = rest.rsplit_once("\n}").expect("a block");
        assert_eq!(shown, rest.trim_start().replace("    ", "\t"));
    }
}
