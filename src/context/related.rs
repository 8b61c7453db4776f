//! What other files have to say about a place: asked of the library, ranked, and made lean.
//!
//! Similar chunks and outlines of names are candidates. Together they tell which names are likely
//! to come next; then those are taken that say the most of these for their tokens, each counting
//! what the ones before it, and the lines around the cursor, do not say already.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::collect::Context;
use super::receiver::{declared_types, receiver, returned_types, type_like, types_in};
use super::tokens::estimate_tokens;
use crate::documents::Language;
use crate::domain::Snippet;
use crate::workspace::{
    Found, Kind, Library, OpenTexts, OutlineKind, Question, Term, each_term, names, pieces, term,
};

/// Chunks that are weighed against one another.
const CHUNKS: usize = 48;
/// Lines before and after the cursor whose words are searched for.
const LINES_BEFORE: usize = 40;
const LINES_AFTER: usize = 16;
/// What a word of the cursor's line counts, against 2 for one of the line above.
const ON_LINE: f32 = 4.0;
/// So many lines away a word counts half.
const NEARNESS: f32 = 6.0;
/// A word counts no more than so much, however often it stands near.
const MOST_WEIGHT: f32 = 6.0;
/// Names whose outlines are looked up.
const MOST_NAMES: usize = 48;
/// Text around the cursor that any prompt shows, in bytes.
pub(super) const SHOWN_BEFORE: usize = 3_000;
pub(super) const SHOWN_AFTER: usize = 700;
/// What is ranked together has no more tokens: twice what any prompt takes.
const MOST_TOKENS: u64 = 4_096;
/// Path and frame of a snippet, in tokens.
pub(super) const FRAME_TOKENS: u64 = 12;
/// How much of a name's worth is left when it was said already.
const SAID_AGAIN: f32 = 0.25;
/// 1 weighs names against tokens evenly; less prefers long snippets.
const TOKEN_POWER: f32 = 0.7;
/// How much more a name counts that some file defines: others are local to where they stand.
const DEFINED: f32 = 4.0;
/// How sharply chunks that fit better count more.
const SHARPNESS: f32 = 2.5;
/// What outlines count against the best chunk.
const OF_RECEIVER: f32 = 1.0;
const OF_HEAD: f32 = 0.25;
const OF_FILE: f32 = 0.15;

/// Some lines of another file that may help, and why.
#[derive(Clone, PartialEq, Debug)]
pub struct Related {
    /// What a prompt shows.
    pub snippet: Snippet,
    /// Where it stands, the first line being 0.
    pub lines: Range<usize>,
    /// Why it was found.
    pub kind: Kind,
    /// How much it was worth when it was taken, per token; comparable within one list. 0 for edits,
    /// which are not weighed against the rest.
    pub score: f32,
    /// Its tokens, as estimated.
    pub tokens: u64,
}

/// The library with what this session knows of its files.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The workspace as it is searched.
    pub library: &'a Library,
    /// Tells the text of a file that is open.
    pub open: OpenTexts<'a>,
    /// Tells how prompts name a file, given its name in the library.
    pub shown: &'a dyn Fn(&str) -> String,
}

/// Returns what other files have to say about a place, the most useful first. `key` is the file as
/// the library names it: nothing of it is found.
#[must_use]
pub fn related(context: &Context, key: &str, sources: Sources<'_>) -> Vec<Related> {
    let words = words_near(context);
    let imports = imported(context);
    let wanted = names_near(context, key, sources, &imports);
    let own = own_pieces(context);
    let question = Question {
        path: key,
        own: &own,
        language: &context.language,
        words: &words,
        names: &wanted,
        imports: &imports,
        chunks: CHUNKS,
    };
    choose(
        context,
        sources.library.search(&question, sources.open),
        sources,
    )
}

/// Returns the words around the cursor with their weights: what is near counts more.
fn words_near(context: &Context) -> Vec<(Term, f32)> {
    let mut weights: HashMap<Term, f32> = HashMap::new();
    let mut add = |text: &str, weight: f32| {
        each_term(text, |term| *weights.entry(term).or_default() += weight);
    };
    for (at, line) in context.prefix.lines().rev().take(LINES_BEFORE).enumerate() {
        let weight = if at == 0 {
            ON_LINE
        } else {
            2.0 / (1.0 + at as f32 / NEARNESS)
        };
        add(line, weight);
    }
    for (at, line) in context.suffix.lines().take(LINES_AFTER).enumerate() {
        add(line, 1.0 / (1.0 + at as f32 / NEARNESS));
    }
    for head in &context.enclosing {
        add(&head.text, 1.5);
    }
    add(&context.path, 0.7);
    let mut words: Vec<_> = weights.into_iter().collect();
    for (_, weight) in &mut words {
        *weight = weight.min(MOST_WEIGHT);
    }
    words.sort_unstable_by_key(|(term, _)| *term);
    words
}

fn imported(context: &Context) -> Vec<Term> {
    let lines = context.imports.iter().map(|head| head.text.as_str());
    let mut imports: Vec<Term> = lines.flat_map(names).map(term).collect();
    imports.sort_unstable();
    imports.dedup();
    imports
}

/// Returns the names whose outlines may help: of what stands before the dot, of what is named on
/// the line, in the heads around it and near it, and of what is imported.
fn names_near(context: &Context, key: &str, sources: Sources<'_>, imports: &[Term]) -> Vec<Term> {
    let mut wanted: Vec<Term> = Vec::new();
    let mut want = |name: &str| {
        let name = term(name);
        if !wanted.contains(&name) && wanted.len() < MOST_NAMES {
            wanted.push(name);
        }
    };
    if let Some(receiver) = receiver(context) {
        let name = receiver.name.as_str();
        want(name);
        for declared in declared_types(context, name) {
            want(&declared);
        }
        if receiver.is_call {
            let question = Question {
                path: key,
                language: &context.language,
                names: &[term(name)],
                ..Question::default()
            };
            for head in sources.library.search(&question, sources.open) {
                returned_types(&head.text)
                    .iter()
                    .for_each(|name| want(name));
            }
        }
        want(&type_like(name));
    }
    names(&context.line_prefix).for_each(&mut want);
    for head in context.enclosing.iter().rev() {
        types_in(&head.text).iter().for_each(|name| want(name));
    }
    for line in context.prefix.lines().rev().skip(1).take(12) {
        names(line).for_each(&mut want);
    }
    for &name in imports {
        if !wanted.contains(&name) && wanted.len() < MOST_NAMES {
            wanted.push(name);
        }
    }
    wanted
}

/// One candidate with what it says.
struct Candidate {
    found: Found,
    text: String,
    /// The numbers of its names, each once.
    names: Vec<usize>,
    tokens: u64,
}

fn choose(context: &Context, found: Vec<Found>, sources: Sources<'_>) -> Vec<Related> {
    let shown = names_shown(context);
    let comments = Comments::of(&context.language);
    let mut numbers: HashMap<Term, usize> = HashMap::new();
    let mut candidates: Vec<Candidate> = found
        .into_iter()
        .filter_map(|found| candidate(found, &comments, &mut numbers))
        .collect();
    let mut left = worth_of(&candidates, &numbers, &shown, sources.library);
    let mut chosen = Vec::new();
    let mut tokens = 0;
    while tokens < MOST_TOKENS {
        let worth = |one: &Candidate| {
            let sum: f32 = one.names.iter().map(|&name| left[name]).sum();
            sum / (one.tokens as f32).powf(TOKEN_POWER)
        };
        let best = candidates
            .iter()
            .enumerate()
            .map(|(at, one)| (worth(one), at))
            // Of equals the first one, which the library found better.
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let Some((score, at)) = best.filter(|(score, _)| *score > 0.0) else {
            break;
        };
        let one = candidates.remove(at);
        for &name in &one.names {
            left[name] *= SAID_AGAIN;
        }
        tokens += one.tokens;
        chosen.push(Related {
            snippet: Snippet {
                path: (sources.shown)(&one.found.path),
                text: one.text,
            },
            lines: one.found.lines,
            kind: one.found.kind,
            score,
            tokens: one.tokens,
        });
    }
    chosen
}

/// Returns pieces of the file itself that stand too far from the cursor to be shown anyhow.
fn own_pieces(context: &Context) -> Vec<(Range<usize>, &str)> {
    let (prefix, suffix) = (&context.prefix, &context.suffix);
    let from = prefix.ceil_char_boundary(prefix.len().saturating_sub(SHOWN_BEFORE));
    let above = &prefix[..prefix[..from].rfind('\n').map_or(0, |at| at + 1)];
    let from = suffix.floor_char_boundary(SHOWN_AFTER);
    let start = suffix[from..]
        .find('\n')
        .map_or(suffix.len(), |at| from + at + 1);
    let line = prefix.matches('\n').count() + suffix[..start].matches('\n').count();
    let below =
        pieces(&suffix[start..]).map(|(lines, text)| (lines.start + line..lines.end + line, text));
    pieces(above).chain(below).collect()
}

fn names_shown(context: &Context) -> HashSet<Term> {
    let from = context.prefix.len().saturating_sub(SHOWN_BEFORE);
    let before = &context.prefix[context.prefix.ceil_char_boundary(from)..];
    let after = &context.suffix[..context.suffix.floor_char_boundary(SHOWN_AFTER)];
    names(before).chain(names(after)).map(term).collect()
}

/// Makes a candidate of what was found, and numbers its names.
fn candidate(
    found: Found,
    comments: &Comments,
    numbers: &mut HashMap<Term, usize>,
) -> Option<Candidate> {
    let text = comments.leave_out(&found.text);
    let mut names: Vec<usize> = names(&text)
        .map(|name| {
            let next = numbers.len();
            *numbers.entry(term(name)).or_insert(next)
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    (!names.is_empty()).then(|| Candidate {
        tokens: FRAME_TOKENS + estimate_tokens(&text).get(),
        text,
        names,
        found,
    })
}

/// Returns how likely each name is to come next, by its number, as the candidates together tell it.
fn worth_of(
    candidates: &[Candidate],
    numbers: &HashMap<Term, usize>,
    shown: &HashSet<Term>,
    library: &Library,
) -> Vec<f32> {
    let mut worth = vec![0.0; numbers.len()];
    for one in candidates {
        let weight = match one.found.kind {
            Kind::Similar | Kind::Own => one.found.score.powf(SHARPNESS),
            Kind::Outline(OutlineKind::Members) => OF_RECEIVER * one.found.score,
            Kind::Outline(OutlineKind::Head) => OF_HEAD * one.found.score,
            Kind::Outline(OutlineKind::File) => OF_FILE * one.found.score,
            // The library finds none; they have a room of their own.
            Kind::Edit => 0.0,
        };
        let each = weight / (one.names.len() as f32).sqrt();
        for &name in &one.names {
            worth[name] += each;
        }
    }
    for (name, &number) in numbers {
        if shown.contains(name) {
            worth[number] = 0.0;
        }
    }
    let defined = library.defined(numbers.keys().copied());
    for name in defined {
        worth[numbers[&name]] *= DEFINED;
    }
    worth
}

/// What a language's comments begin with.
struct Comments {
    marks: Vec<String>,
}

impl Comments {
    fn of(language: &str) -> Self {
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

    /// Leaves out comments on lines of their own, blank lines, and the blanks that all lines begin
    /// with: a token of those says less than one of code.
    fn leave_out(&self, text: &str) -> String {
        let is_code = |line: &&str| {
            let line = line.trim();
            !line.is_empty()
                && !self
                    .marks
                    .iter()
                    .any(|mark| line.starts_with(mark.as_str()))
        };
        let lines: Vec<&str> = text.lines().filter(is_code).collect();
        let blanks = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let margin = lines.iter().map(blanks).min().unwrap_or(0);
        let lines: Vec<&str> = lines.iter().map(|line| line[margin..].trim_end()).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests;
