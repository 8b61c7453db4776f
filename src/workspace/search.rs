//! Finds what may help at a place: chunks by BM25 over their words, and outlines by name.

use std::ops::Range;
use std::sync::Arc;

use super::library::{ChunkEntry, Library, Shelf, family, module_name};
use super::outlines::OutlineKind;
use super::reading::{OpenTexts, Texts};
use super::terms::{Term, each_term, term};
use crate::domain::Remembered;

/// How soon a word that comes again in a chunk counts for less.
const SATURATION: f32 = 1.2;
/// How much a long chunk has to hold more of the words.
const LENGTH: f32 = 0.5;
/// Words of a question beyond this many say little more.
const MOST_TERMS: usize = 96;
/// In a large workspace a word that more than one chunk in so many holds says nothing.
const COMMON: usize = 6;
/// Below so many chunks every word is looked at.
const SMALL: usize = 400;
/// Chunks that are compared by what their files are.
const WEIGHED: usize = 160;
/// How much more a chunk counts whose file imports what this one does.
const SAME_IMPORTS: f32 = 1.5;
/// Pieces of the file itself that are found at most.
const OWN: usize = 12;
/// How much more a piece of the file itself counts.
const SAME_FILE: f32 = 0.6;
/// How much more a chunk of a file counts that this one imports.
const IMPORTED: f32 = 0.5;
/// How much more a chunk counts that stands in the same folder.
const SAME_FOLDER: f32 = 0.6;
/// How much less a chunk of another language counts.
const OTHER_LANGUAGE: f32 = 0.2;
/// Outlines of one name; with more the name says nothing.
const MOST_NAMESAKES: usize = 6;

/// The terms of pieces of open files, by their text: from one search to the next nearly all of them
/// are the same. As many as the text around a cursor has, twice.
pub(super) type PiecesRead = Remembered<Arc<[Term]>, 256>;

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct Question<'a> {
    /// The file that is edited, as the library names it: nothing of it is found.
    pub path: &'a str,
    /// Its language id.
    pub language: &'a str,
    /// Words near the cursor, each with its weight.
    pub words: &'a [(Term, f32)],
    /// Names whose outlines may help, the most useful first.
    pub names: &'a [Term],
    /// What the file imports, sorted.
    pub imports: &'a [Term],
    /// Pieces of the file itself that a prompt does not show anyhow.
    pub own: &'a [(Range<usize>, &'a str)],
    /// How many chunks are wanted at most.
    pub chunks: usize,
}

/// Where something was found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// It has words of the place.
    Similar,
    /// It is of the file itself, far from the cursor, and has words of the place.
    Own,
    /// It tells what a name of the place stands for.
    Outline(OutlineKind),
    /// The user has just changed it; this is not searched for.
    Edit,
}

impl Kind {
    /// Returns why something was found, in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Similar => "similar lines",
            Self::Own => "similar lines of this file",
            Self::Outline(OutlineKind::Members) => "members",
            Self::Outline(OutlineKind::Head) => "definition",
            Self::Outline(OutlineKind::File) => "items of a file",
            Self::Edit => "recent edits",
        }
    }
}

/// Some lines of another file.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    /// Its path, as the library names it.
    pub path: Arc<str>,
    /// The lines, the first of the file being 0.
    pub lines: Range<usize>,
    /// What they say; of an outline, only the lines that belong to it.
    pub text: Arc<str>,
    /// Why it was found.
    pub kind: Kind,
    /// How well it fits: for chunks the share of the best one's, for outlines 1 for the first name.
    pub score: f32,
    /// The name that an outline tells of.
    pub name: Option<Term>,
}

impl Library {
    /// Returns what fits a place, the best chunks first, then outlines in the order of the names.
    /// Equal questions to equal libraries have equal answers.
    #[must_use]
    pub fn search(&self, question: &Question<'_>, open: OpenTexts<'_>) -> Vec<Found> {
        let shelf = self.read();
        let own = shelf.id_of(question.path);
        let mut texts = Texts::new(open, &self.parts);
        let mut found = shelf.similar(question, own, &mut texts, &self.pieces);
        found.extend(shelf.named(question, own, &mut texts));
        found
    }

    /// Returns those of the names that some file defines.
    pub fn defined(&self, names: impl Iterator<Item = Term>) -> Vec<Term> {
        let shelf = self.read();
        names
            .filter(|name| shelf.outlines.contains_key(name))
            .collect()
    }
}

fn rarity(all: usize, holding: usize) -> f32 {
    if holding == 0 {
        return 0.0;
    }
    let (all, holding) = (all as f32, holding as f32);
    ((all - holding + 0.5).max(0.5) / (holding + 0.5) + 1.0).ln()
}

/// Returns what BM25 says of a word that a chunk of so many words holds so often, where the mean
/// chunk has so many.
fn saturated(often: f32, words: u32, mean: f32) -> f32 {
    let length = words as f32 / mean;
    often * (SATURATION + 1.0) / (often + SATURATION * (1.0 - LENGTH + LENGTH * length))
}

impl Shelf {
    fn similar(
        &self,
        question: &Question<'_>,
        own: Option<u32>,
        texts: &mut Texts<'_>,
        read: &PiecesRead,
    ) -> Vec<Found> {
        let words = self.words_of(question);
        let mut best = self.best_chunks(question, own, &words);
        best.truncate(question.chunks);
        let top = best.first().map_or(1.0, |(score, _)| *score);
        let own = self.own_pieces(question, &words, top, read);
        best.into_iter()
            .filter_map(|(score, id)| {
                let chunk = &self.chunks[id as usize];
                let file = &self.files[chunk.file as usize];
                let part = (chunk.start, chunk.end);
                // The file may say something else by now, and whoever watches it comes later.
                let text = texts.of(chunk.file, file, &[part], chunk.content)?;
                Some(Found {
                    path: Arc::from(&*file.path),
                    lines: lines_of(chunk),
                    text,
                    kind: Kind::Similar,
                    score: score / top,
                    name: None,
                })
            })
            .chain(own)
            .collect()
    }

    /// Returns the pieces of the file itself that fit, the best first.
    fn own_pieces(
        &self,
        question: &Question<'_>,
        words: &[(f32, Term, &Vec<u32>)],
        top: f32,
        read: &PiecesRead,
    ) -> Vec<Found> {
        let places = Places::of(words);
        let scores = question
            .own
            .iter()
            .map(|(_, text)| self.likeness(text, &places, read) / top);
        let scored = scores.zip(question.own);
        let mut best: Vec<_> = scored.filter(|(score, _)| *score > 0.0).collect();
        best.sort_by(|(a, (here, _)), (b, (there, _))| {
            b.total_cmp(a).then(here.start.cmp(&there.start))
        });
        best.truncate(OWN);
        let path: Arc<str> = Arc::from(question.path);
        let found = best.into_iter().map(|(score, (lines, text))| Found {
            path: Arc::clone(&path),
            lines: lines.clone(),
            text: Arc::from(*text),
            kind: Kind::Own,
            score,
            name: None,
        });
        found.collect()
    }

    /// Returns the words of a question that tell chunks apart, with their weights and chunks.
    fn words_of(&self, question: &Question<'_>) -> Vec<(f32, Term, &Vec<u32>)> {
        let all = self.live_chunks();
        let mut words: Vec<(f32, Term, &Vec<u32>)> = question
            .words
            .iter()
            .filter_map(|(term, weight)| {
                let postings = self.postings.get(term)?;
                let is_common = all > SMALL && postings.len() > all / COMMON;
                (!is_common).then(|| (weight * rarity(all, postings.len()), *term, postings))
            })
            .collect();
        // Ties by term keep the order the same whatever the order of the words.
        words.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        words.truncate(MOST_TERMS);
        words
    }

    fn mean_words(&self) -> f32 {
        (self.words as f32 / self.live_chunks().max(1) as f32).max(1.0)
    }

    /// Returns the score of a piece of the file itself.
    fn likeness(&self, text: &str, places: &Places<'_>, read: &PiecesRead) -> f32 {
        if places.words.is_empty() {
            return 0.0;
        }
        let mut often = vec![0_u8; places.words.len()];
        let terms = read.get_or(&text, || {
            let mut terms = Vec::new();
            each_term(text, |term| terms.push(term));
            terms.into()
        });
        for place in terms.iter().filter_map(|&term| places.find(term)) {
            let often = &mut often[place];
            *often = (*often + 1).min(15);
        }
        let all = u32::try_from(terms.len()).unwrap_or(u32::MAX);
        let mean = self.mean_words();
        let score: f32 = places
            .words
            .iter()
            .zip(often)
            .filter(|(_, often)| *often > 0)
            .map(|((weight, ..), often)| weight * saturated(f32::from(often), all, mean))
            .sum();
        score * (1.0 + SAME_FILE)
    }

    /// Returns the best chunks with their scores, the best first.
    fn best_chunks(
        &self,
        question: &Question<'_>,
        own: Option<u32>,
        words: &[(f32, Term, &Vec<u32>)],
    ) -> Vec<(f32, u32)> {
        let mut scores = vec![0.0_f32; self.chunks.len()];
        let mean = self.mean_words();
        for (weight, _, postings) in words {
            for posting in *postings {
                let (id, often) = ((posting >> 4) as usize, (posting & 15) as f32);
                scores[id] += weight * saturated(often, self.chunks[id].words, mean);
            }
        }
        let is_there = |chunk: &ChunkEntry| {
            Some(chunk.file) != own && self.files[chunk.file as usize].is_there()
        };
        let mut best: Vec<(f32, u32)> = scores
            .into_iter()
            .zip(0..)
            .filter(|&(score, id)| score > 0.0 && is_there(&self.chunks[id as usize]))
            .collect();
        let by_score = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if best.len() > WEIGHED {
            best.select_nth_unstable_by(WEIGHED, by_score);
            best.truncate(WEIGHED);
        }
        let (family, folder) = (family(question.language), folder_of(question.path));
        let own_rarity: f32 = question.imports.iter().map(|name| self.told(*name)).sum();
        for (score, id) in &mut best {
            let file = &self.files[self.chunks[*id as usize].file as usize];
            let shared: f32 = question
                .imports
                .iter()
                .filter(|name| file.imports.binary_search(name).is_ok())
                .map(|name| self.told(*name))
                .sum();
            let likeness = if own_rarity > 0.0 {
                shared / own_rarity
            } else {
                0.0
            };
            let near = f32::from(u8::from(folder_of(&file.path) == folder));
            let module = term(module_name(&file.path));
            let is_imported = question.imports.binary_search(&module).is_ok();
            let imported = f32::from(u8::from(is_imported));
            *score *= 1.0 + IMPORTED * imported + SAME_IMPORTS * likeness + SAME_FOLDER * near;
            if file.family != family {
                *score *= OTHER_LANGUAGE;
            }
        }
        best.sort_unstable_by(by_score);
        best
    }

    /// Returns how much it tells that two files import the same name.
    fn told(&self, name: Term) -> f32 {
        let importers = self.importers.get(&name).copied().unwrap_or(0);
        rarity(self.files.len(), importers as usize)
    }

    fn named(
        &self,
        question: &Question<'_>,
        own: Option<u32>,
        texts: &mut Texts<'_>,
    ) -> Vec<Found> {
        let (family, folder) = (family(question.language), folder_of(question.path));
        let mut found = Vec::new();
        for (place, name) in question.names.iter().enumerate() {
            let Some(outlines) = self.outlines.get(name) else {
                continue;
            };
            let mut known: Vec<_> = outlines
                .iter()
                .filter(|outline| {
                    let file = &self.files[outline.file as usize];
                    file.is_there() && Some(outline.file) != own && file.family == family
                })
                .collect();
            // Of namesakes those that stand near are more likely meant.
            known.sort_by_key(|outline| {
                let file = &self.files[outline.file as usize];
                let is_near = folder_of(&file.path) == folder;
                (!is_near, &file.path, outline.parts.first())
            });
            if known.len() > MOST_NAMESAKES {
                known
                    .retain(|outline| folder_of(&self.files[outline.file as usize].path) == folder);
                known.truncate(MOST_NAMESAKES / 2);
            }
            for outline in known {
                let file = &self.files[outline.file as usize];
                let said = texts.of(outline.file, file, &outline.parts, outline.content);
                let Some(text) = said else { continue };
                found.push(Found {
                    path: Arc::from(&*file.path),
                    lines: outline.lines.0 as usize..outline.lines.1 as usize + 1,
                    text,
                    kind: Kind::Outline(outline.kind),
                    score: 1.0 / (1.0 + place as f32 / 8.0),
                    name: Some(*name),
                });
            }
        }
        found
    }
}

/// Bits that tell whether a word is looked for.
const BITS: usize = 4_096;

/// Where a term stands among the words of a question: hardly any term of a text does, and that is
/// told by one bit.
struct Places<'w> {
    words: &'w [(f32, Term, &'w Vec<u32>)],
    /// By the last bits of a term, whether any word has those.
    bits: [u64; BITS / 64],
    by_term: Vec<(Term, usize)>,
}

impl<'w> Places<'w> {
    fn of(words: &'w [(f32, Term, &'w Vec<u32>)]) -> Self {
        let terms = words.iter().map(|(_, term, _)| *term);
        let mut by_term: Vec<(Term, usize)> = terms.zip(0..).collect();
        by_term.sort_unstable();
        let mut bits = [0; BITS / 64];
        for (term, _) in &by_term {
            let bit = *term as usize % BITS;
            bits[bit / 64] |= 1 << (bit % 64);
        }
        Self {
            words,
            bits,
            by_term,
        }
    }

    fn find(&self, term: Term) -> Option<usize> {
        let bit = term as usize % BITS;
        if self.bits[bit / 64] >> (bit % 64) & 1 == 0 {
            return None;
        }
        let at = self.by_term.binary_search_by_key(&term, |(term, _)| *term);
        at.ok().map(|at| self.by_term[at].1)
    }
}

fn lines_of(chunk: &ChunkEntry) -> Range<usize> {
    let first = chunk.first_line as usize;
    first..first + chunk.lines as usize
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
