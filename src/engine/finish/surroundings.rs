//! What the text around the cursor says about a suggestion: made once per answer, owned, so that a
//! stream can be judged after the context has gone.

use crate::context::Context;
use crate::documents::{BlockStyle, Bracket, Language, Skeleton, closer_of};
use crate::domain::CursorSite;

/// How much text before the cursor is read for open brackets, in bytes.
const BEFORE_BYTES: usize = 4 * 1024;
/// How much text before the cursor a grammar reads with a stream, in bytes: one parse of so much
/// takes a fraction of a millisecond.
const WINDOW_BYTES: usize = 1_024;
/// How much text after the cursor is read for the brackets that close, in bytes, where a suggestion
/// is one line; a block may end at the end of all that is known.
const AFTER_BYTES: usize = 1_024;
/// How many lines after the cursor a suggestion is compared with.
const NEXT_LINES: usize = 24;

/// Words that begin the head of something that holds items: there, one item is a suggestion.
const ITEM_HEADS: [&str; 7] = [
    "impl",
    "class",
    "trait",
    "interface",
    "mod",
    "namespace",
    "module",
];

/// A bracket before the cursor that is open there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Opener {
    kind: char,
    indent: usize,
    is_on_line: bool,
}

/// What is known of the place, apart from any suggestion.
#[derive(Clone, Debug)]
pub struct Surroundings {
    pub(super) language: Option<&'static Language>,
    pub(super) site: CursorSite,
    pub(super) single_line: bool,
    /// Whether people write prose here: then an answer may, too.
    pub(super) is_prose: bool,
    pub(super) line_prefix: String,
    pub(super) line_suffix: String,
    pub(super) typed: String,
    /// Lines after the cursor's with text, without blanks at their end.
    pub(super) next_lines: Vec<String>,
    /// The last line with text before the cursor's.
    pub(super) previous_line: String,
    /// How many of the brackets that are open at the cursor, counted from the innermost, are closed
    /// by nothing after it.
    pub(super) unclosed: usize,
    /// The brackets after the cursor that close something before it.
    pub(super) closers_after: Vec<char>,
    /// Whether the cursor stands where items stand: at the top, in a class or in a module.
    pub(super) holds_items: bool,
    /// What a grammar reads before a stream.
    pub(super) window: String,
    pub(super) tabs: Option<bool>,
    /// Blanks of one step of indentation, as the file has them.
    pub(super) step: usize,
}

impl Surroundings {
    /// Takes the name that was begun for not typed: the answer no longer holds it, and what it
    /// begins with now is new, though it may look like it.
    pub fn without_typed(&self) -> Self {
        Self {
            typed: String::new(),
            ..self.clone()
        }
    }

    /// Looks at a place; what is known of it is owned, and serves every answer there.
    pub fn of(context: &Context) -> Self {
        let language = Language::by_id(&context.language);
        let prefix = &context.prefix;
        let near = line_start_after(prefix, BEFORE_BYTES);
        let openers = openers(language, &prefix[near..]);
        let after_cursor_line = context
            .suffix
            .get(context.line_suffix.len()..)
            .unwrap_or_default();
        let limit = if context.single_line {
            AFTER_BYTES
        } else {
            usize::MAX
        };
        let known = after_cursor_line.floor_char_boundary(limit.min(after_cursor_line.len()));
        let on_line = unmatched_closers(language, &context.line_suffix);
        let below = unmatched_closers(language, &after_cursor_line[..known]);
        let unclosed = unclosed(&openers, &on_line, &below);
        let is_in_items = context.enclosing.last().map_or(openers.is_empty(), |head| {
            is_item_head(language, &head.text)
        });
        let next_lines = after_cursor_line
            .lines()
            .skip(usize::from(after_cursor_line.starts_with(['\n', '\r'])))
            .map(str::trim_end)
            .filter(|line| !line.is_empty())
            .take(NEXT_LINES)
            .map(str::to_owned)
            .collect();
        let above = &prefix[..prefix.len().saturating_sub(context.line_prefix.len())];
        let lines_above = above.lines().rev().map(str::trim_end);
        let indentation = Indentation::of(prefix, after_cursor_line);
        let is_prose_site = matches!(context.site, CursorSite::Comment | CursorSite::String);
        let is_prose_file = matches!(context.language.as_str(), "markdown" | "plaintext" | "");
        Self {
            language,
            site: context.site,
            single_line: context.single_line,
            is_prose: is_prose_site || is_prose_file,
            line_prefix: context.line_prefix.clone(),
            line_suffix: context.line_suffix.clone(),
            typed: context.partial_identifier.clone(),
            next_lines,
            previous_line: lines_above
                .into_iter()
                .find(|line| !line.is_empty())
                .unwrap_or_default()
                .to_owned(),
            holds_items: is_in_items && openers.len() <= context.enclosing.len(),
            unclosed,
            closers_after: on_line.iter().chain(&below).map(|(c, _)| *c).collect(),
            window: if context.single_line {
                String::new()
            } else {
                window(context)
            },
            tabs: indentation.tabs,
            step: indentation.step,
        }
    }

    pub(super) fn is_by_indent(&self) -> bool {
        self.language
            .is_some_and(|language| language.block_style == BlockStyle::Indent)
    }

    /// Returns whether a line opens a block by a bracket, a colon or a word, as the language does.
    pub(super) fn opens_block(&self, line: &str) -> bool {
        let line = line.trim_end();
        line.ends_with(['{', '(', '['])
            || self.is_by_indent() && line.ends_with(':')
            || self.language.is_some_and(|language| {
                language.block_style == BlockStyle::Words && language.leaves_block_open(line)
            })
    }

    /// Returns whether a text begins with what closes something: a bracket, a word or a tag.
    pub(super) fn begins_with_closer(&self, text: &str) -> bool {
        text.starts_with([')', ']', '}'])
            || self
                .language
                .is_some_and(|language| language.begins_with_closer(text))
    }

    /// Returns whether there may be what closes something on a line.
    pub(super) fn may_close(&self, line: &str) -> bool {
        line.contains([')', ']', '}'])
            || self
                .language
                .is_some_and(|language| language.may_close_block(line))
    }

    /// Returns whether there is nothing but blanks before the cursor on its line.
    pub(super) fn is_line_start(&self) -> bool {
        self.line_prefix.trim().is_empty()
    }

    /// Follows the brackets of a suggestion.
    pub(super) fn follow(&self, brackets: impl IntoIterator<Item = Bracket>) -> Balance {
        let mut balance = Balance::default();
        for Bracket { at, kind } in brackets {
            if closer_of(kind).is_some() {
                balance.open.push(at);
            } else if let Some(opened) = balance.open.pop() {
                balance.last_pair = Some((opened, at));
            } else {
                let is_spoken_for = balance.closed_before < self.unclosed;
                if !is_spoken_for && self.closers_after.contains(&kind) {
                    balance.excess = balance.excess.or(Some(at));
                }
                balance.closed_before += 1;
            }
        }
        balance
    }

    /// Follows the brackets of a suggestion that is read without a grammar.
    pub(super) fn follow_text(&self, text: &str) -> Balance {
        self.follow(Skeleton::by_text(self.language, text).brackets)
    }
}

/// What a suggestion does to the brackets around it.
#[derive(Debug, Default)]
pub(super) struct Balance {
    /// Where those stand that the suggestion opened and did not close.
    pub(super) open: Vec<usize>,
    /// The last pair that it opened and closed.
    pub(super) last_pair: Option<(usize, usize)>,
    /// How many brackets it closed that were opened before the cursor.
    pub(super) closed_before: usize,
    /// The first bracket that stands after the cursor already.
    pub(super) excess: Option<usize>,
}

/// Returns the width of a line's indentation; a tab counts as four blanks.
pub(super) fn indent(line: &str) -> usize {
    line.chars()
        .take_while(|c| matches!(c, ' ' | '\t'))
        .map(|c| if c == '\t' { 4 } else { 1 })
        .sum()
}

/// Returns the blanks that begin a line.
pub(super) fn blanks(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Returns whether a line says something of its own: the end of a block may stand there twice.
pub(super) fn says_something(line: &str) -> bool {
    let line = line.trim();
    let word = line.trim_end_matches([')', ']', '}', ';', ',', '.']);
    let is_closing_word = matches!(word, "end" | "fi" | "done" | "esac");
    line.contains(char::is_alphanumeric) && !line.starts_with("</") && !is_closing_word
}

fn openers(language: Option<&Language>, text: &str) -> Vec<Opener> {
    let mut open: Vec<Bracket> = Vec::new();
    for bracket in Skeleton::by_text(language, text).brackets {
        if closer_of(bracket.kind).is_some() {
            open.push(bracket);
        } else {
            open.pop();
        }
    }
    let cursor_line = text.rfind('\n').map_or(0, |at| at + 1);
    open.into_iter()
        .map(|Bracket { at, kind }| {
            let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            Opener {
                kind,
                indent: indent(&text[start..at]),
                is_on_line: at >= cursor_line,
            }
        })
        .collect()
}

/// Returns the brackets that close something before a text, with the indentation of their lines.
fn unmatched_closers(language: Option<&Language>, text: &str) -> Vec<(char, usize)> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for Bracket { at, kind } in Skeleton::by_text(language, text).brackets {
        if closer_of(kind).is_some() {
            depth += 1;
        } else if depth > 0 {
            depth -= 1;
        } else {
            let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            found.push((kind, indent(&text[start..at])));
        }
    }
    found
}

/// Counts the open brackets, from the innermost, that nothing after the cursor closes.
///
/// A bracket on the rest of the line closes one of this line. One below closes the innermost that
/// stands on a line which is not indented more deeply: a block that was just begun has none yet.
fn unclosed(openers: &[Opener], on_line: &[(char, usize)], below: &[(char, usize)]) -> usize {
    let of_line = openers.iter().filter(|opener| opener.is_on_line).count();
    if !on_line.is_empty() {
        return of_line.saturating_sub(on_line.len());
    }
    let Some((closer, closer_indent)) = below.first() else {
        return openers.len();
    };
    let closes = |opener: &Opener| {
        closer_of(opener.kind) == Some(*closer) && opener.indent <= *closer_indent
    };
    openers
        .iter()
        .rev()
        .position(closes)
        .unwrap_or(openers.len())
}

fn is_item_head(language: Option<&Language>, head: &str) -> bool {
    let own = language.map_or(&[][..], |language| &language.item_words);
    head.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .take(4)
        .any(|word| ITEM_HEADS.contains(&word) || own.iter().any(|own| own == word))
}

/// Returns where the first line begins that leaves at most so many bytes to the end.
fn line_start_after(text: &str, bytes: usize) -> usize {
    let start = text.ceil_char_boundary(text.len().saturating_sub(bytes));
    if start == 0 {
        return 0;
    }
    text[start..]
        .find('\n')
        .map_or(start, |newline| start + newline + 1)
}

/// Returns the head of the innermost item and the text from there to the cursor, or the end of it.
fn window(context: &Context) -> String {
    let prefix = &context.prefix;
    let near = line_start_after(prefix, WINDOW_BYTES);
    let Some(head) = context.enclosing.last() else {
        return prefix[near..].to_owned();
    };
    let prefix_start = context.offset.get().saturating_sub(prefix.len());
    let start = head.range.start.checked_sub(prefix_start);
    match start.and_then(|start| prefix.get(start..)) {
        Some(item) if item.len() <= WINDOW_BYTES => item.to_owned(),
        _ => format!("{}\n{}", head.text, &prefix[near..]),
    }
}

/// How the file indents its lines, as far as it shows.
struct Indentation {
    tabs: Option<bool>,
    step: usize,
}

impl Indentation {
    fn of(before: &str, after: &str) -> Self {
        let near = line_start_after(before, WINDOW_BYTES);
        let far = after.floor_char_boundary(WINDOW_BYTES.min(after.len()));
        let lines = before[near..].lines().chain(after[..far].lines());
        let (mut tabs, mut spaces, mut step) = (0_usize, 0_usize, usize::MAX);
        for line in lines {
            let blanks = blanks(line);
            if blanks.len() == line.len() {
                continue;
            }
            if blanks.starts_with('\t') {
                tabs += 1;
            } else if blanks.len() > 1 {
                spaces += 1;
                step = step.min(blanks.len());
            }
        }
        Self {
            tabs: (tabs != spaces).then_some(tabs > spaces),
            step: if matches!(step, 2..=8) { step } else { 4 },
        }
    }
}
