//! Likely lines with another end.
//!
//! A line that was copied ends as it did where it came from: with the brackets that were open there,
//! and with a semicolon where a comma belongs. So the likeliest ones are also weighed with the brackets
//! closed that are open in the cursor's line, and ended as lines end here.

use super::beam::{Line, Step};
use super::lex::{Lexed, TokenId};
use super::surroundings::Surroundings;

/// Lines whose end is looked at, the likeliest first.
const LINES: usize = 3;
/// Ends that are added to one line, at most.
const ENDS: usize = 2;
/// How a line may end behind its brackets.
const TAILS: [&str; 5] = ["", ";", ",", " {", ":"];
/// An end that fewer lines have is not tried.
const LEAST: f32 = 0.05;

/// Adds the likeliest lines with other ends; `typed` stands before all of them. The lines are in
/// order, the likeliest first, and are so again.
pub(super) fn add(lines: &mut Vec<Line>, typed: &str, surroundings: &Surroundings<'_>) {
    let mut mended: Vec<Line> = Vec::new();
    let mut stems: Vec<&str> = Vec::with_capacity(LINES);
    for line in lines.iter() {
        let stem = line
            .text
            .trim_end_matches([')', ']', '}', ';', ',', '{', ':', ' ']);
        if stems.contains(&stem) {
            continue;
        }
        stems.push(stem);
        for (text, p) in ends(typed, stem, surroundings) {
            let is_there = |other: &Line| other.text == text;
            if !lines.iter().chain(&mended).any(is_there) {
                mended.extend(with_end(line, stem.len(), text, p));
            }
        }
        if stems.len() == LINES {
            break;
        }
    }
    lines.extend(mended);
    lines.sort_by(|a, b| b.log_p.total_cmp(&a.log_p));
}

/// Returns the likeliest ways to end a line that begins so, and how likely each is.
fn ends(typed: &str, stem: &str, surroundings: &Surroundings<'_>) -> Vec<(String, f32)> {
    let mut whole = [typed, stem].concat();
    let mut brackets = surroundings.brackets();
    let effect = brackets.read(&whole);
    let closing: String = brackets.closing(effect.opened).collect();
    // Braces stand apart from what is in them in some files and not in others.
    if effect.is_comment || effect.has_open_quote || closing.contains('}') {
        return Vec::new();
    }
    whole += &closing;
    let len = whole.len();
    let mut ends: Vec<(String, f32)> = Vec::with_capacity(TAILS.len());
    for tail in TAILS {
        whole.truncate(len);
        whole += tail;
        let p = surroundings.likelihood_of_ending(&whole);
        if p >= LEAST {
            ends.push((whole[typed.len()..].to_owned(), p));
        }
    }
    ends.sort_by(|a, b| b.1.total_cmp(&a.1));
    ends.truncate(ENDS);
    ends
}

/// Returns a line that goes on like this after `len` bytes; `None` where no token ends there.
fn with_end(line: &Line, len: usize, text: String, p: f32) -> Option<Line> {
    let kept = match len {
        0 => 0,
        _ => 1 + line.steps.iter().position(|step| step.end == len)?,
    };
    let (&replaced, last) = (line.steps.get(kept)?, line.steps.last()?);
    let mut steps = line.steps[..kept].to_vec();
    let added = &text[len..];
    let signs = Lexed::new(added).tokens;
    let ids = signs
        .iter()
        .map(|token| (token.id, token.start + token.len));
    let of_signs = ids.map(|(id, end)| Step {
        id,
        log_p: 0.0,
        is_word: false,
        end: len + end as usize,
        ..replaced
    });
    steps.extend(of_signs);
    steps.push(Step {
        id: TokenId::BORDER,
        end: text.len(),
        log_p: p.ln(),
        ..if kept < line.steps.len() - 1 {
            replaced
        } else {
            *last
        }
    });
    Some(Line {
        log_p: steps.iter().map(|step| step.log_p).sum(),
        steps,
        text,
        is_mended: true,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{EmbeddedModel, Query};
    use super::*;

    const ABOVE: &str = "let a = g(1);\nlet b = g(2);\nlet c = g(3);\n";

    fn ends_of(typed: &str, stem: &str) -> Vec<String> {
        let surroundings = Surroundings::of(ABOVE, "", None);
        let ends = ends(typed, stem, &surroundings);
        ends.into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn a_line_is_closed_and_ends_as_others_do() {
        assert_eq!(
            ends_of("let d = g(h[", "0").first().map(String::as_str),
            Some("0]);")
        );
        assert_eq!(
            ends_of("let d = ", "e").first().map(String::as_str),
            Some("e;")
        );
    }

    #[test]
    fn what_cannot_be_told_is_left_alone() {
        for (typed, stem) in [
            ("// see g(", "1"),
            ("let d = \"", "e"),
            ("let d = D { ", "e"),
        ] {
            assert_eq!(ends_of(typed, stem), [""; 0]);
        }
    }

    #[test]
    fn a_line_that_was_copied_is_also_weighed_with_the_end_of_this_place() {
        let model = EmbeddedModel::new();
        let call = "    run(\n        order.number_of_lines(),\n    );\n";
        model.learn("a.rs", "rust", &call.repeat(3));
        let before = format!("{ABOVE}let n = order.");
        let opinion = model.opinion(&Query {
            path: "b.rs",
            language: "rust",
            before: &before,
            after: "\n",
            several_lines: false,
        });
        let all = opinion.alternatives.iter();
        let all: Vec<&str> = all.map(|line| line.prediction.text.as_str()).collect();
        assert!(all.contains(&"number_of_lines(),"), "{all:?}");
        assert!(all.contains(&"number_of_lines();"), "{all:?}");
    }
}
