//! What other files have to say about a place: asked of the library, ranked, and made lean.
//!
//! Similar chunks and outlines of names are candidates. Together they tell which names are likely
//! to come next; then those are taken that say the most of these for their tokens, each counting
//! what the ones before it, and the lines around the cursor, do not say already.
//! Of a chunk only those lines in a row are shown that say the most (`lean`).

mod lean;

use std::ops::Range;

use self::lean::{Comments, Lines, Span};
use super::collect::Context;
use super::receiver::{declared_types, receiver, returned_types, type_like, types_in};
use crate::domain::Snippet;
use crate::workspace::{
    ByTerm, Found, Kind, Library, OpenTexts, OutlineKind, Question, Term, Terms, each_term, names,
    pieces, term,
};

/// Chunks that are weighed against one another.
const CHUNKS: usize = 48;
/// Lines before and after the cursor whose words are searched for.
const LINES_BEFORE: usize = 40;
const LINES_AFTER: usize = 16;
/// What a word of the cursor's line counts, against 2 for one of the line above.
const ON_LINE: f32 = 4.0;
/// So many lines away a word counts half.
const NEARNESS: f32 = 3.0;
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
/// How much more a name counts that some file defines: others are local to where they stand.
const DEFINED: f32 = 4.0;
/// How much more a name counts that begins as the name at the cursor does.
const BEGUN: f32 = 64.0;
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
    let mut weights: ByTerm<f32> = ByTerm::default();
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
    lines: Lines,
    /// Which of its lines are shown.
    span: Span,
}

/// The names of all candidates, numbered.
#[derive(Default)]
struct Numbers {
    by_term: ByTerm<usize>,
    /// Those that begin as the name at the cursor does.
    begun: Vec<usize>,
}

impl Numbers {
    fn of(&mut self, (term, name): (Term, &str), partial: &str) -> usize {
        let next = self.by_term.len();
        let number = *self.by_term.entry(term).or_insert(next);
        let is_begun = !partial.is_empty() && name.len() > partial.len();
        if number == next && is_begun && name.starts_with(partial) {
            self.begun.push(number);
        }
        number
    }
}

fn choose(context: &Context, found: Vec<Found>, sources: Sources<'_>) -> Vec<Related> {
    let comments = Comments::of(&context.language);
    let mut numbers = Numbers::default();
    let mut candidates: Vec<Candidate> = found
        .into_iter()
        .filter_map(|found| {
            let partial = context.partial_identifier.as_str();
            let number = |term: Term, name: &str| numbers.of((term, name), partial);
            let lines = Lines::of(&found.text, &comments, number);
            let span = lines.whole()?;
            Some(Candidate { found, lines, span })
        })
        .collect();
    let mut left = worth_of(
        &candidates,
        &numbers,
        &names_shown(context),
        sources.library,
    );
    let mut chosen = Vec::new();
    let mut tokens = 0;
    // What each was worth when it was asked last, and how many had been taken then: with each that
    // is taken the others are worth less, never more, so only the best has to be asked again.
    let asked = |one: &Candidate| (one.span.worth(&left), 0);
    let mut worth: Vec<(f32, usize)> = candidates.iter().map(asked).collect();
    while tokens < MOST_TOKENS {
        // Of equals the first one, which the library found better.
        let best = worth
            .iter()
            .enumerate()
            .rev()
            .max_by(|(_, a), (_, b)| a.0.total_cmp(&b.0));
        let Some((at, &(score, when))) = best.filter(|(_, (score, _))| *score > 0.0) else {
            break;
        };
        if when < chosen.len() {
            worth[at] = (candidates[at].span.worth(&left), chosen.len());
            continue;
        }
        worth.remove(at);
        let mut one = candidates.remove(at);
        // An outline is as lean as it can be, and its lines do not stand in a row.
        if matches!(one.found.kind, Kind::Similar | Kind::Own) {
            one.span = one.lines.leanest(&left);
            let first = one.found.lines.start;
            let (from, to) = one.lines.numbers(&one.span);
            one.found.lines = first + from..first + to;
        }
        for &name in &one.span.names {
            left[name] *= SAID_AGAIN;
        }
        tokens += one.span.tokens;
        chosen.push(Related {
            snippet: Snippet {
                path: (sources.shown)(&one.found.path),
                text: one.lines.text(&one.span),
            },
            lines: one.found.lines,
            kind: one.found.kind,
            score,
            tokens: one.span.tokens,
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
    let lines = |text: &str| memchr::memchr_iter(b'\n', text.as_bytes()).count();
    let line = lines(prefix) + lines(&suffix[..start]);
    let below =
        pieces(&suffix[start..]).map(|(lines, text)| (lines.start + line..lines.end + line, text));
    pieces(above).chain(below).collect()
}

fn names_shown(context: &Context) -> Terms {
    let from = context.prefix.len().saturating_sub(SHOWN_BEFORE);
    let before = &context.prefix[context.prefix.ceil_char_boundary(from)..];
    let after = &context.suffix[..context.suffix.floor_char_boundary(SHOWN_AFTER)];
    names(before).chain(names(after)).map(term).collect()
}

/// Returns how likely each name is to come next, by its number, as the candidates together tell it.
fn worth_of(
    candidates: &[Candidate],
    numbers: &Numbers,
    shown: &Terms,
    library: &Library,
) -> Vec<f32> {
    let mut worth = vec![0.0; numbers.by_term.len()];
    for one in candidates {
        let weight = match one.found.kind {
            Kind::Similar | Kind::Own => one.found.score.powf(SHARPNESS),
            Kind::Outline(OutlineKind::Members) => OF_RECEIVER * one.found.score,
            Kind::Outline(OutlineKind::Head) => OF_HEAD * one.found.score,
            Kind::Outline(OutlineKind::File) => OF_FILE * one.found.score,
            // The library finds none; they have a room of their own.
            Kind::Edit => 0.0,
        };
        let each = weight / (one.span.names.len() as f32).sqrt();
        for &name in &one.span.names {
            worth[name] += each;
        }
    }
    for (name, &number) in &numbers.by_term {
        if shown.contains(name) {
            worth[number] = 0.0;
        }
    }
    let defined = library.defined(numbers.by_term.keys().copied());
    for name in defined {
        worth[numbers.by_term[&name]] *= DEFINED;
    }
    for &name in &numbers.begun {
        worth[name] *= BEGUN;
    }
    worth
}

#[cfg(test)]
mod tests;
