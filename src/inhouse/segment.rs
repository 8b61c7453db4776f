//! An immutable index of a batch of files: for any context, the places where it occurs.
//!
//! The places are sorted by the text before them, read backwards, so that the places which share
//! the longest context with the cursor stand together and one binary search per word finds them.
//! Nothing is changed in place: files that go are skipped, and dropped at the next merge.

use std::ops::Range;
use std::sync::Arc;

use super::lex::{Lexed, TokenId};
use super::token_map::ByToken;

/// How many tokens of context are compared.
pub(super) const MAX_CONTEXT: usize = 16;

type WordTexts = ByToken<Box<str>>;

/// A file's tokens on their way into a segment.
pub(super) struct LexedFile {
    pub(super) path: Arc<str>,
    tokens: Vec<TokenId>,
    gaps: Vec<bool>,
    words: WordTexts,
}

impl LexedFile {
    /// Lexes a file.
    pub(super) fn new(path: Arc<str>, text: &str) -> Self {
        let lexed = Lexed::new(text);
        let mut words = WordTexts::default();
        for token in lexed.tokens.iter().filter(|token| token.len > 0) {
            let start = token.start as usize;
            words
                .entry(token.id)
                .or_insert_with(|| text[start..start + token.len as usize].into());
        }
        Self {
            path,
            tokens: lexed.tokens.iter().map(|token| token.id).collect(),
            gaps: lexed.tokens.iter().map(|token| token.gap).collect(),
            words,
        }
    }

    /// Returns how many tokens it has.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Returns what it adds to the memory of a segment at most, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let words: usize = self.words.values().map(|text| text.len()).sum();
        (self.tokens.len() + 1) * (2 * size_of::<u32>() + size_of::<bool>())
            + self.words.len() * size_of::<Word>()
            + words
            + size_of::<FileSpan>()
            + self.path.len()
    }
}

#[derive(Debug)]
struct FileSpan {
    path: Arc<str>,
    tokens: Range<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Word {
    id: TokenId,
    /// Where its text begins; it ends where the next one begins.
    text: u32,
    /// Where the places that follow it begin; they end where those of the next word begin.
    places: u32,
}

/// The index.
#[derive(Debug)]
pub(super) struct Segment {
    tokens: Vec<TokenId>,
    gaps: Vec<bool>,
    /// Positions of tokens, sorted by the context before them.
    places: Vec<u32>,
    /// Sorted by id, with one more at the end to close the ranges.
    words: Vec<Word>,
    texts: String,
    files: Vec<FileSpan>,
}

impl Segment {
    /// Indexes files; they must not be empty and hold fewer than `u32::MAX` tokens together.
    pub(super) fn new(mut files: Vec<LexedFile>) -> Self {
        // One order, however they came: the same files make the same index.
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let total = files.iter().map(|file| file.tokens.len() + 1).sum();
        let mut tokens = Vec::with_capacity(total);
        let mut gaps = Vec::with_capacity(total);
        let mut spans = Vec::with_capacity(files.len());
        let mut texts_by_id = WordTexts::default();
        for file in files {
            let start = tokens.len() as u32;
            tokens.extend_from_slice(&file.tokens);
            gaps.extend_from_slice(&file.gaps);
            // The end of a file ends its last line, too.
            tokens.push(TokenId::BORDER);
            gaps.push(false);
            spans.push(FileSpan {
                path: file.path,
                tokens: start..tokens.len() as u32,
            });
            for (id, text) in file.words {
                texts_by_id.entry(id).or_insert(text);
            }
        }
        let places = sort_by_context(&tokens);
        let (words, texts) = directory(&tokens, &places, &texts_by_id);
        Self {
            tokens,
            gaps,
            places,
            words,
            texts,
            files: spans,
        }
    }

    /// Takes the files apart again, for a merge.
    pub(super) fn files(&self) -> impl Iterator<Item = LexedFile> + '_ {
        self.files.iter().map(|file| {
            // The border that `new` adds is left behind.
            let span = file.tokens.start as usize..file.tokens.end as usize - 1;
            let tokens = self.tokens[span.clone()].to_vec();
            let words = tokens
                .iter()
                .filter_map(|&id| Some((id, self.text(id)?.into())))
                .collect();
            LexedFile {
                path: file.path.clone(),
                tokens,
                gaps: self.gaps[span].to_vec(),
                words,
            }
        })
    }

    /// Returns how many tokens it holds.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Returns the memory it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.tokens.len() * (size_of::<TokenId>() + size_of::<bool>())
            + self.places.len() * size_of::<u32>()
            + self.words.len() * size_of::<Word>()
            + self.texts.len()
            + self
                .files
                .iter()
                .map(|file| size_of::<FileSpan>() + file.path.len())
                .sum::<usize>()
    }

    /// Returns the positions in it that belong to a file.
    pub(super) fn span_of(&self, path: &str) -> Option<Range<u32>> {
        let at = self
            .files
            .binary_search_by(|file| (*file.path).cmp(path))
            .ok()?;
        Some(self.files[at].tokens.clone())
    }

    /// Returns the text of a word that occurs in it.
    pub(super) fn text(&self, id: TokenId) -> Option<&str> {
        let at = self.words.binary_search_by_key(&id, |word| word.id).ok()?;
        let text = &self.texts[self.words[at].text as usize..self.words[at + 1].text as usize];
        (!text.is_empty()).then_some(text)
    }

    /// Returns the range of places that have the whole context before them, for each length of
    /// context from one token on, until there are none. `context` begins with the nearest token.
    pub(super) fn ranges(&self, context: &[TokenId]) -> Vec<Range<u32>> {
        let mut ranges = Vec::new();
        let Some(&nearest) = context.first() else {
            return ranges;
        };
        let Ok(at) = self.words.binary_search_by_key(&nearest, |word| word.id) else {
            return ranges;
        };
        let mut range = self.words[at].places..self.words[at + 1].places;
        for depth in 1..=context.len().min(MAX_CONTEXT) {
            if range.is_empty() {
                break;
            }
            ranges.push(range.clone());
            let Some(&wanted) = context.get(depth) else {
                break;
            };
            let places = &self.places[range.start as usize..range.end as usize];
            let key = |&place: &u32| self.before(place, depth);
            let start = places.partition_point(|place| key(place) < wanted);
            let len = places[start..].partition_point(|place| key(place) == wanted);
            let start = range.start + start as u32;
            range = start..start + len as u32;
        }
        ranges
    }

    /// Returns the position of the token at a place, and the token with its gap.
    pub(super) fn at(&self, place: u32) -> (u32, TokenId, bool) {
        let position = self.places[place as usize];
        (
            position,
            self.tokens[position as usize],
            self.gaps[position as usize],
        )
    }

    /// Returns the token that stands `depth + 1` before a position.
    fn before(&self, position: u32, depth: usize) -> TokenId {
        token_before(&self.tokens, position, depth)
    }
}

fn token_before(tokens: &[TokenId], position: u32, depth: usize) -> TokenId {
    (position as usize)
        .checked_sub(depth + 1)
        .map_or(TokenId::BORDER, |at| tokens[at])
}

/// Returns every position but the first, sorted by the tokens before it, nearest first.
fn sort_by_context(tokens: &[TokenId]) -> Vec<u32> {
    let mut keyed: Vec<(u64, u32)> = (1..tokens.len() as u32).map(|p| (0, p)).collect();
    sort_level(&mut keyed, tokens, 0);
    keyed.into_iter().map(|(_, position)| position).collect()
}

/// Sorts by two tokens at a time, packed into one number: the sort then runs over memory in order
/// instead of jumping through the text at each comparison.
fn sort_level(keyed: &mut [(u64, u32)], tokens: &[TokenId], depth: usize) {
    for (key, position) in keyed.iter_mut() {
        let near = u64::from(token_before(tokens, *position, depth).get());
        let far = u64::from(token_before(tokens, *position, depth + 1).get());
        *key = near << 32 | far;
    }
    keyed.sort_unstable();
    if depth + 2 >= MAX_CONTEXT {
        return;
    }
    for equal in keyed.chunk_by_mut(|a, b| a.0 == b.0) {
        if equal.len() > 1 {
            sort_level(equal, tokens, depth + 2);
        }
    }
}

fn directory(tokens: &[TokenId], places: &[u32], texts_by_id: &WordTexts) -> (Vec<Word>, String) {
    let mut words: Vec<Word> = Vec::new();
    let mut texts = String::new();
    for (place, &position) in places.iter().enumerate() {
        let id = tokens[position as usize - 1];
        if words.last().is_none_or(|last| last.id != id) {
            words.push(Word {
                id,
                text: texts.len() as u32,
                places: place as u32,
            });
            texts.push_str(texts_by_id.get(&id).map_or("", |text| text));
        }
    }
    words.push(Word {
        id: TokenId::END,
        text: texts.len() as u32,
        places: places.len() as u32,
    });
    (words, texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(files: &[(&str, &str)]) -> Segment {
        Segment::new(
            files
                .iter()
                .map(|(path, text)| LexedFile::new((*path).into(), text))
                .collect(),
        )
    }

    fn context(words: &[&str]) -> Vec<TokenId> {
        words.iter().rev().map(|word| TokenId::of(word)).collect()
    }

    #[track_caller]
    fn check(segment: &Segment, words: &[&str], expected: &[&[&str]]) {
        let found: Vec<Vec<&str>> = segment
            .ranges(&context(words))
            .into_iter()
            .map(|range| {
                let mut next: Vec<&str> = range
                    .map(|place| segment.text(segment.at(place).1).unwrap_or("\n"))
                    .collect();
                next.sort_unstable();
                next
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn finds_what_follows_each_length_of_context() {
        let segment = segment(&[("a", "let x = one;\nlet y = two;"), ("b", "x = three")]);
        check(
            &segment,
            &["let", "x", "="],
            &[&["one", "three", "two"], &["one", "three"], &["one"]],
        );
    }

    #[test]
    fn a_context_does_not_reach_into_the_file_before() {
        let segment = segment(&[("a", "one two"), ("b", "three")]);
        check(&segment, &["two"], &[&["\n"]]);
        assert_eq!(segment.ranges(&context(&["two", "three"])).len(), 1);
    }

    #[test]
    fn a_word_that_never_occurred_has_no_places() {
        check(&segment(&[("a", "one two")]), &["four"], &[]);
    }

    #[test]
    fn taking_it_apart_and_indexing_again_changes_nothing() {
        let first = segment(&[("a", "let x = one;\n"), ("b", "fn f() {\n    x\n}")]);
        let again = Segment::new(first.files().collect());
        assert_eq!(first.tokens, again.tokens);
        assert_eq!(first.places, again.places);
        assert_eq!(first.texts, again.texts);
        assert_eq!(first.bytes(), again.bytes());
    }
}
