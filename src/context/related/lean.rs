//! What is left of the lines of another file when they are shown: no comments and no blank lines,
//! and of a chunk those lines in a row that say the most for their tokens.

use std::sync::{Arc, LazyLock, OnceLock};

use super::FRAME_TOKENS;
use crate::context::tokens::estimate_tokens;
use crate::documents::Language;
use crate::domain::Remembered;
use crate::workspace::{ByTerm, Term, names, narrow, term};

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

/// A text without comments and blank lines, and what it names. The same text is looked at again at
/// nearly every place near it, so it is remembered; in few pieces, since there are hundreds.
struct Code {
    text: Box<str>,
    lines: Box<[Line]>,
    /// The names of all lines in the order of the text, by their places in the list of names.
    uses: Box<[u32]>,
    /// Its names, each once, in the order of the text.
    names: Box<[Name]>,
    /// Its tokens, as estimated.
    tokens: u64,
    /// Those of each line with its ending, once they are asked for: only what is taken is cut.
    line_tokens: OnceLock<Box<[u32]>>,
}

/// A line of code.
struct Line {
    /// Its number among all lines.
    number: u32,
    /// Where it stands in the text.
    start: u32,
    end: u32,
    /// Where its names end among the uses; they begin where those of the line before end.
    uses_end: u32,
}

struct Name {
    term: Term,
    start: u32,
    end: u32,
}

/// As many as two searches find.
static CODE: LazyLock<Remembered<Arc<Code>, 384>> = LazyLock::new(Remembered::default);

impl Code {
    fn of(whole: &str, comments: &Comments) -> Self {
        let mut places: ByTerm<u32> = ByTerm::default();
        let mut text = String::with_capacity(whole.len());
        let (mut lines, mut uses, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for (number, line) in whole.lines().enumerate() {
            if !comments.are_not(line) {
                continue;
            }
            let line = line.trim_end();
            let start = text.len();
            text.push_str(line);
            for name in names(line) {
                let term = term(name);
                let place = *places.entry(term).or_insert_with(|| {
                    let at = start + (name.as_ptr().addr() - line.as_ptr().addr());
                    let (start, end) = (narrow(at), narrow(at + name.len()));
                    all.push(Name { term, start, end });
                    narrow(all.len() - 1)
                });
                uses.push(place);
            }
            lines.push(Line {
                number: narrow(number),
                start: narrow(start),
                end: narrow(text.len()),
                uses_end: narrow(uses.len()),
            });
        }
        let mut code = Self {
            text: text.into(),
            lines: lines.into(),
            uses: uses.into(),
            names: all.into(),
            tokens: 0,
            line_tokens: OnceLock::new(),
        };
        code.tokens = estimate_tokens(&code.shown(0, code.lines.len())).get();
        code
    }

    fn line_text(&self, line: &Line) -> &str {
        &self.text[line.start as usize..line.end as usize]
    }

    /// Returns the names of some lines in a row.
    fn uses(&self, from: usize, to: usize) -> &[u32] {
        let end = |line: usize| self.lines[line].uses_end as usize;
        let start = from.checked_sub(1).map_or(0, end);
        &self.uses[start..to.checked_sub(1).map_or(0, end).max(start)]
    }

    fn line_tokens(&self) -> &[u32] {
        let tokens_of = |line: &Line| {
            let tokens = estimate_tokens(self.line_text(line).trim_start()).get() + 1;
            u32::try_from(tokens).unwrap_or(u32::MAX)
        };
        let count = || self.lines.iter().map(tokens_of).collect();
        self.line_tokens.get_or_init(count)
    }

    /// Returns some lines in a row without the blanks that all of them begin with.
    fn shown(&self, from: usize, to: usize) -> String {
        let lines = || self.lines[from..to].iter().map(|line| self.line_text(line));
        let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let margin = lines().map(blanks).min().unwrap_or(0);
        let mut shown = String::with_capacity(self.text.len() + self.lines.len());
        for line in lines() {
            if !shown.is_empty() {
                shown.push('\n');
            }
            shown.push_str(&line[margin..]);
        }
        shown
    }
}

/// What the worth of lines with so many tokens is divided by.
fn weight_of(tokens: u64) -> f32 {
    const MOST: usize = 1_024;
    static WEIGHTS: LazyLock<Vec<f32>> = LazyLock::new(|| {
        let weight = |tokens: usize| (tokens as f32).powf(LINE_POWER);
        (0..MOST).map(weight).collect()
    });
    // Nearly all are short: a power for every two lines of every text would be most of the work.
    let known = usize::try_from(tokens).ok().and_then(|at| WEIGHTS.get(at));
    known
        .copied()
        .unwrap_or_else(|| (tokens as f32).powf(LINE_POWER))
}

/// The lines of code of some text, with its names as they are numbered in one search.
pub(super) struct Lines {
    code: Arc<Code>,
    numbers: Vec<usize>,
}

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
    fn new(from: usize, to: usize, names: Vec<usize>, tokens: u64) -> Self {
        let tokens = FRAME_TOKENS + tokens;
        Self {
            from,
            to,
            names,
            tokens,
            weight: (tokens as f32).powf(TOKEN_POWER),
        }
    }

    /// Returns what a span is worth per token, while each name has so much worth left.
    pub(super) fn worth(&self, left: &[f32]) -> f32 {
        let sum: f32 = self.names.iter().map(|&name| left[name]).sum();
        sum / self.weight
    }
}

impl Lines {
    /// Leaves out comments on lines of their own and blank lines; `number` numbers a name, which it
    /// is asked for once.
    pub(super) fn of(
        text: &str,
        comments: &Comments,
        mut number: impl FnMut(Term, &str) -> usize,
    ) -> Self {
        let code = CODE.get_or(&(text, &comments.marks), || {
            Arc::new(Code::of(text, comments))
        });
        let text_of = |name: &Name| &code.text[name.start as usize..name.end as usize];
        let names = code.names.iter();
        let numbers = names.map(|name| number(name.term, text_of(name)));
        let numbers = numbers.collect();
        Self { code, numbers }
    }

    /// Returns all of them; `None` where they name nothing.
    pub(super) fn whole(&self) -> Option<Span> {
        let (lines, names) = (self.code.lines.len(), self.numbers.clone());
        (!names.is_empty()).then(|| Span::new(0, lines, names, self.code.tokens))
    }

    fn span(&self, from: usize, to: usize) -> Span {
        let mut names = self.code.uses(from, to).to_owned();
        names.sort_unstable();
        names.dedup();
        let numbers = names.iter().map(|&name| self.numbers[name as usize]);
        let tokens = estimate_tokens(&self.code.shown(from, to)).get();
        Span::new(from, to, numbers.collect(), tokens)
    }

    /// Returns those lines in a row that say the most for their tokens, while each name has so much
    /// worth left; of equals the first and shortest.
    pub(super) fn leanest(&self, left: &[f32]) -> Span {
        let lines = self.code.lines.len();
        let line_tokens = self.code.line_tokens();
        let worth: Vec<f32> = self.numbers.iter().map(|&name| left[name]).collect();
        // In which beginning a name was counted last.
        let mut counted = vec![usize::MAX; worth.len()];
        let mut best = (0.0, 0, lines);
        for from in 0..lines {
            let (mut sum, mut tokens) = (0.0, FRAME_TOKENS);
            for (to, line_tokens) in line_tokens.iter().enumerate().skip(from) {
                tokens += u64::from(*line_tokens);
                for &name in self.code.uses(to, to + 1) {
                    let name = name as usize;
                    if counted[name] != from {
                        counted[name] = from;
                        sum += worth[name];
                    }
                }
                let worth = sum / weight_of(tokens);
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
        let shown = &self.code.lines[span.from..span.to];
        let number = |line: &Line| line.number as usize;
        let first = shown.first().map_or(0, number);
        (first, shown.last().map_or(first, |line| number(line) + 1))
    }

    /// Returns a span without the blanks that all of its lines begin with.
    pub(super) fn text(&self, span: &Span) -> String {
        self.code.shown(span.from, span.to)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn lines(text: &str) -> (Lines, HashMap<String, usize>) {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let lines = Lines::of(text, &Comments::of("rust"), |_, name| {
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
