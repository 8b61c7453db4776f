//! Makes a text's indentation fit the place: the cursor's column, the file's tabs or spaces, and
//! models that count the indentation of the lines below from nothing.
//!
//! Lines are moved together, never laid out anew: what the model lined up stays in line.

use super::filters::Verdict;
use super::surroundings::{Surroundings, blanks, indent};
use crate::domain::CursorSite;

/// What stands at the indentation of the line that opens its block, by custom.
const OUTDENTED: [&str; 5] = ["case ", "default", "public", "private", "protected"];

/// Fits the indentation of a text to its surroundings.
pub(super) fn indentation(text: &str, around: &Surroundings) -> Verdict {
    if around.site == CursorSite::String {
        return Verdict::Keep;
    }
    let fitted = shift_below(&fit_first_line(&fit_blanks(text, around), around), around);
    if fitted == text {
        Verdict::Keep
    } else {
        Verdict::Change(fitted)
    }
}

/// Turns leading spaces into tabs, or tabs into spaces, as the file has them.
fn fit_blanks(text: &str, around: &Surroundings) -> String {
    let Some(tabs) = around.tabs else {
        return text.to_owned();
    };
    let is_line_start = around.is_line_start();
    let lines: Vec<&str> = text.split('\n').collect();
    let counts = |at: usize| at > 0 || is_line_start;
    // The model's own step: what divides every indentation that it made of spaces.
    let step = lines
        .iter()
        .enumerate()
        .filter(|(at, line)| counts(*at) && !line.trim().is_empty())
        .map(|(_, line)| line.len() - line.trim_start_matches(' ').len())
        .fold(0, greatest_common_divisor);
    if tabs && step < 2 {
        return text.to_owned();
    }
    let fit = |(at, line): (usize, &&str)| {
        let own = blanks(line);
        if !counts(at) {
            return (*line).to_owned();
        }
        let rest = &line[own.len()..];
        if tabs {
            let spaces = own.len() - own.trim_start_matches(' ').len();
            let leading = "\t".repeat(spaces / step);
            [&leading, &own[spaces / step * step..], rest].concat()
        } else {
            let leading = own.replace('\t', &" ".repeat(around.step));
            [&leading, rest].concat()
        }
    };
    let fitted: Vec<String> = lines.iter().enumerate().map(fit).collect();
    fitted.join("\n")
}

const fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

/// Takes the first line's blanks off where the cursor stands indented already.
///
/// Where the cursor stands less deeply than a block that was just opened, the difference stays. The
/// lines below move along when the model thought that the cursor stood elsewhere.
fn fit_first_line(text: &str, around: &Surroundings) -> String {
    let own = blanks(text);
    if around.line_prefix.is_empty() || !around.is_line_start() || own.is_empty() {
        return text.to_owned();
    }
    let stands = indent(&around.line_prefix);
    let missing = expected(around, stands).saturating_sub(stands);
    let kept = if around.tabs == Some(true) {
        "\t".repeat(missing / 4)
    } else {
        " ".repeat(missing)
    };
    if kept == own {
        return text.to_owned();
    }
    let text = [&kept, &text[own.len()..]].concat();
    let written = indent(own);
    if written <= stands {
        return text;
    }
    move_below(&text, written, stands + indent(&kept), around)
}

/// Returns where the cursor's line should begin: one step into a block that was just opened, if it
/// does not stand within that already.
fn expected(around: &Surroundings, stands: usize) -> usize {
    let previous = &around.previous_line;
    let opens = around.opens_block(previous);
    let step = if around.tabs == Some(true) {
        4
    } else {
        around.step
    };
    if opens && stands <= indent(previous) {
        indent(previous) + step
    } else {
        0
    }
}

/// Moves the lines below the first where the model counted their indentation from nothing: the
/// first line opens a block, and the next is not deeper than it.
fn shift_below(text: &str, around: &Surroundings) -> String {
    let Some((first, below)) = text.split_once('\n') else {
        return text.to_owned();
    };
    let line = [around.line_prefix.as_str(), first].concat();
    let opens = around.opens_block(&line);
    let Some(next) = below.lines().find(|line| !line.trim().is_empty()) else {
        return text.to_owned();
    };
    let (stands, next_indent) = (indent(&line), indent(next));
    let begins = next.trim_start();
    let is_outdented = begins.starts_with('#')
        || around.begins_with_closer(begins)
        || OUTDENTED.iter().any(|word| begins.starts_with(word));
    if !opens || next_indent == 0 || next_indent > stands || is_outdented {
        return text.to_owned();
    }
    // Braces allow a body at the indentation of its head; then the end of the block stands there
    // too, and not further out.
    let has_text = |line: &&str| !line.trim().is_empty();
    let least = below.lines().filter(has_text).map(indent).min();
    if next_indent == stands && !around.is_by_indent() && least == Some(stands) {
        return text.to_owned();
    }
    move_below(text, 0, stands, around)
}

/// Moves all lines but the first from one indentation to another, as far as their blanks go.
fn move_below(text: &str, from: usize, to: usize, around: &Surroundings) -> String {
    let tabs = around.tabs == Some(true);
    let (deeper, width) = (to.saturating_sub(from), from.saturating_sub(to));
    let mut moved = String::with_capacity(text.len() + deeper);
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            moved.push('\n');
        }
        if at == 0 || line.trim().is_empty() {
            moved.push_str(line);
            continue;
        }
        if deeper > 0 {
            let more = if tabs {
                "\t".repeat(deeper / 4)
            } else {
                " ".repeat(deeper)
            };
            moved.push_str(&more);
            moved.push_str(line);
        } else {
            let own = blanks(line);
            let less = if tabs { width / 4 } else { width };
            moved.push_str(&line[less.min(own.len())..]);
        }
    }
    moved
}
