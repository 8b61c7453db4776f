//! Cuts a file into the pieces that are searched and shown: some lines that belong together.

use std::ops::Range;

use crate::documents::Survey;

/// A chunk goes on until it has so many lines, if another item may begin with the next one.
const GOOD_LINES: usize = 12;
/// A chunk has no more lines.
const MOST_LINES: usize = 24;

/// Some lines of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Chunk {
    /// Where they stand, in bytes, line endings included.
    pub range: Range<usize>,
    /// The number of the first line, the first of the file being 0.
    pub first_line: usize,
    /// How many lines they are.
    pub lines: usize,
}

/// How well a chunk may end before a line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Border {
    None,
    /// The line before is blank.
    Blank,
    /// A definition begins, with its comments, or one has ended.
    Item,
}

/// Cuts a text into chunks. Borders of definitions are kept where they are near enough; without a
/// survey, and within long definitions, blank lines are.
pub(super) fn cut(text: &str, survey: &Survey) -> Vec<Chunk> {
    let starts: Vec<usize> = line_starts(text);
    let borders = borders(text, &starts, survey);
    let end_of = |line: usize| starts.get(line).copied().unwrap_or(text.len());
    let mut chunks = Vec::new();
    let mut first = 0;
    while first < starts.len() {
        let last = (first + MOST_LINES).min(starts.len());
        // Of equal borders the first that is far enough; where there is none, as far as may be.
        let next = (first + GOOD_LINES..=last)
            .filter(|_| last < starts.len())
            .rev()
            .max_by_key(|&line| borders[line])
            .filter(|&line| borders[line] != Border::None)
            .unwrap_or(last);
        let range = end_of(first)..end_of(next);
        if text[range.clone()].chars().any(char::is_alphanumeric) {
            chunks.push(Chunk {
                range,
                first_line: first,
                lines: next - first,
            });
        }
        first = next;
    }
    chunks
}

/// Cuts a text that no library knows into pieces, each with its lines, the first being 0.
pub fn pieces(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    cut(text, &Survey::default()).into_iter().map(|chunk| {
        let lines = chunk.first_line..chunk.first_line + chunk.lines;
        (lines, &text[chunk.range])
    })
}

fn line_starts(text: &str) -> Vec<usize> {
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1);
    std::iter::once(0)
        .chain(ends)
        .filter(|&start| start < text.len())
        .collect()
}

fn borders(text: &str, starts: &[usize], survey: &Survey) -> Vec<Border> {
    let is_blank: Vec<bool> = (0..starts.len())
        .map(|at| {
            let end = starts.get(at + 1).copied().unwrap_or(text.len());
            let line = &text.as_bytes()[starts[at]..end];
            // From its end, where code has no blanks.
            line.iter().rev().all(u8::is_ascii_whitespace)
        })
        .collect();
    let line_of = |byte: usize| starts.partition_point(|&start| start <= byte).max(1) - 1;
    let line = |at: usize| {
        let end = starts.get(at + 1).copied().unwrap_or(text.len());
        text[starts[at]..end].trim()
    };
    let mut borders = vec![Border::None; starts.len()];
    for (at, border) in borders.iter_mut().enumerate().skip(1) {
        if is_blank[at - 1] && !is_blank[at] {
            *border = Border::Blank;
        }
    }
    for definition in &survey.definitions {
        let mut begins = line_of(definition.range.start);
        while begins > 0 && leads(line(begins - 1)) {
            begins -= 1;
        }
        borders[begins] = Border::Item;
        let after = line_of(definition.range.end.saturating_sub(1)) + 1;
        if after < borders.len() {
            borders[after] = Border::Item;
        }
    }
    borders
}

/// Whether a line belongs to the item below it: a comment, an attribute, a decorator.
fn leads(line: &str) -> bool {
    ["//", "#", "@", "/*", "*", "--"]
        .iter()
        .any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{Language, survey};

    fn pieces(text: &str, survey: &Survey) -> Vec<usize> {
        let chunks = cut(text, survey);
        for chunk in &chunks {
            let above = &text[..chunk.range.start];
            assert_eq!(above.matches('\n').count(), chunk.first_line);
        }
        chunks.iter().map(|chunk| chunk.lines).collect()
    }

    #[test]
    fn a_function_is_not_cut_where_another_begins_near() {
        let rust = Language::by_id("rust").expect("a language of the table");
        let function = |name: &str| {
            format!(
                "/// Says {name}.\nfn {name}() {{\n{}}}\n",
                "    say();\n".repeat(10)
            )
        };
        let text = [function("one"), function("two"), function("three")].concat();
        assert_eq!(pieces(&text, &survey(rust, &text)), [13, 13, 13]);
    }

    #[test]
    fn a_text_without_a_grammar_is_cut_at_blank_lines_and_at_length() {
        let paragraph = format!("{}\n", "a word\n".repeat(14));
        assert_eq!(
            pieces(&paragraph.repeat(3), &Survey::default()),
            [15, 15, 15]
        );
        assert_eq!(pieces(&"a\n".repeat(60), &Survey::default()), [24, 24, 12]);
        assert_eq!(pieces("", &Survey::default()), [] as [usize; 0]);
    }

    #[test]
    fn lines_without_a_word_are_no_chunk() {
        assert_eq!(pieces("\n\n{}\n", &Survey::default()), [] as [usize; 0]);
    }
}
