//! What is left of the lines of another file when they are shown: no comments and no blank lines,
//! and of a chunk those lines in a row that say the most for their tokens.

use super::FRAME_TOKENS;
use crate::context::tokens::estimate_tokens;
use crate::documents::Language;
use crate::workspace::names;

/// 1 weighs names against tokens evenly; less prefers long snippets.
const TOKEN_POWER: f32 = 0.7;
/// The same among the lines of a chunk.
const LINE_POWER: f32 = 0.6;

/// What a language's comments begin with.
pub(super) struct Comments {
    marks: Vec<String>,
}

impl Comments {
    pub(super) fn of(language: &str) -> Self {
        let mut marks = Vec::new();
        match Language::by_id(language) {
            Some(language) => {
                marks.push(language.line_comment.clone());
                if let Some((open, _)) = &language.block_comment {
                    marks.push(open.clone());
                    marks.push("* ".to_owned());
                    marks.push("*/".to_owned());
                }
            }
            None => marks.push("//".to_owned()),
        }
        marks.retain(|mark| !mark.is_empty());
        Self { marks }
    }

    /// Whether a line is more than a comment or blanks: a token of those says less than one of code.
    fn are_not(&self, line: &str) -> bool {
        let line = line.trim();
        !line.is_empty()
            && !self
                .marks
                .iter()
                .any(|mark| line.starts_with(mark.as_str()))
    }
}

/// A line of code, its number among all lines, and its names by their numbers.
struct Line {
    number: usize,
    text: String,
    names: Vec<usize>,
}

/// The lines of code of some text.
pub(super) struct Lines(Vec<Line>);

/// Some of them, in a row.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Span {
    from: usize,
    to: usize,
    /// The numbers of their names, each once.
    pub names: Vec<usize>,
    /// With path and frame, as estimated.
    pub tokens: u64,
    /// What its worth is divided by: it is asked for again with every snippet that is taken.
    weight: f32,
}

impl Span {
    /// Returns what a span is worth per token, while each name has so much worth left.
    pub(super) fn worth(&self, left: &[f32]) -> f32 {
        let sum: f32 = self.names.iter().map(|&name| left[name]).sum();
        sum / self.weight
    }
}

impl Lines {
    /// Leaves out comments on lines of their own and blank lines; `number` numbers a name.
    pub(super) fn of(
        text: &str,
        comments: &Comments,
        mut number: impl FnMut(&str) -> usize,
    ) -> Self {
        let lines = text.lines().enumerate();
        let code = lines.filter(|(_, line)| comments.are_not(line));
        Self(
            code.map(|(at, line)| Line {
                number: at,
                text: line.trim_end().to_owned(),
                names: names(line).map(&mut number).collect(),
            })
            .collect(),
        )
    }

    /// Returns all of them; `None` where they name nothing.
    pub(super) fn whole(&self) -> Option<Span> {
        let all = self.span(0, self.0.len());
        (!all.names.is_empty()).then_some(all)
    }

    fn span(&self, from: usize, to: usize) -> Span {
        let shown = self.0[from..to].iter();
        let mut names: Vec<usize> = shown.flat_map(|line| &line.names).copied().collect();
        names.sort_unstable();
        names.dedup();
        let mut span = Span {
            from,
            to,
            names,
            tokens: 0,
            weight: 0.0,
        };
        span.tokens = FRAME_TOKENS + estimate_tokens(&self.text(&span)).get();
        span.weight = (span.tokens as f32).powf(TOKEN_POWER);
        span
    }

    /// Returns those lines in a row that say the most for their tokens, while each name has so much
    /// worth left; of equals the first and shortest.
    pub(super) fn leanest(&self, left: &[f32]) -> Span {
        let mut best = (0.0, 0, self.0.len());
        // Each line with its ending. Only what is taken is cut, so only its lines are estimated.
        let tokens_of = |line: &Line| estimate_tokens(line.text.trim_start()).get() + 1;
        let line_tokens: Vec<u64> = self.0.iter().map(tokens_of).collect();
        // In which beginning a name was counted last.
        let mut counted = vec![usize::MAX; left.len()];
        for from in 0..self.0.len() {
            let (mut sum, mut tokens) = (0.0, FRAME_TOKENS);
            for (to, line) in self.0.iter().enumerate().skip(from) {
                tokens += line_tokens[to];
                for &name in &line.names {
                    if counted[name] != from {
                        counted[name] = from;
                        sum += left[name];
                    }
                }
                let worth = sum / (tokens as f32).powf(LINE_POWER);
                if worth > best.0 {
                    best = (worth, from, to + 1);
                }
            }
        }
        let (_, from, to) = best;
        self.span(from, to)
    }

    /// Returns the numbers of the first line of a span and of the line behind its last.
    pub(super) fn numbers(&self, span: &Span) -> (usize, usize) {
        let shown = &self.0[span.from..span.to];
        let first = shown.first().map_or(0, |line| line.number);
        (first, shown.last().map_or(first, |line| line.number + 1))
    }

    /// Returns a span without the blanks that all of its lines begin with.
    pub(super) fn text(&self, span: &Span) -> String {
        let shown = &self.0[span.from..span.to];
        let blanks =
            |line: &Line| line.text.len() - line.text.trim_start_matches([' ', '\t']).len();
        let margin = shown.iter().map(blanks).min().unwrap_or(0);
        let lines: Vec<&str> = shown.iter().map(|line| &line.text[margin..]).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn lines(text: &str) -> (Lines, HashMap<String, usize>) {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let lines = Lines::of(text, &Comments::of("rust"), |name| {
            let next = numbers.len();
            *numbers.entry(name.to_owned()).or_insert(next)
        });
        (lines, numbers)
    }

    #[test]
    fn comments_blank_lines_and_the_common_margin_are_left_out() {
        let (lines, _) = lines("    /// Says.\n    fn a() {\n\n        b(bb);\n    }\n");
        let whole = lines.whole().expect("it names something");
        assert_eq!(lines.text(&whole), "fn a() {\n    b(bb);\n}");
        assert_eq!(lines.numbers(&whole), (1, 5));
    }

    #[test]
    fn lines_at_the_ends_that_say_nothing_new_are_not_shown() {
        let text = "fn known() {\n    known();\n    known();\n    // new\n    new_one();\n    \
                    new_two();\n    known();\n    known();\n}\n";
        let (lines, numbers) = lines(text);
        let mut left = vec![0.0; numbers.len()];
        left[numbers["new_one"]] = 1.0;
        left[numbers["new_two"]] = 1.0;
        let lean = lines.leanest(&left);
        assert_eq!(lines.text(&lean), "new_one();\nnew_two();");
        assert_eq!(lines.numbers(&lean), (4, 6));
        assert_eq!(lean.names.len(), 2);
        left[numbers["fn"]] = 9.0;
        assert!(lines.text(&lines.leanest(&left)).starts_with("fn known"));
    }

    #[test]
    fn a_text_without_names_is_nothing() {
        assert_eq!(lines("{\n}\n// a\n").0.whole(), None);
        assert_eq!(lines("").0.whole(), None);
    }
}
