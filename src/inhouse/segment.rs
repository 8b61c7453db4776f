//! An immutable index of a batch of files: for any context, the places where it occurs.
//!
//! The places are sorted by the text before them, read backwards, so that the places which share
//! the longest context with the cursor stand together: one binary search finds them, and those
//! that share less stand around them. Words are numbered by the order of their ids, so tokens and
//! places take three bytes each. Nothing is changed in place: `merge` makes another index without
//! the files that go.

use std::ops::Range;
use std::sync::Arc;

use super::lex::TokenId;
use super::packed::Packed;

/// How many tokens of context are compared.
pub(super) const MAX_CONTEXT: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileSpan {
    pub(super) path: Arc<str>,
    pub(super) tokens: Range<u32>,
}

impl FileSpan {
    /// Returns the memory it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        // A shared text has two counters in front.
        size_of::<Self>() + self.path.len() + 2 * size_of::<usize>()
    }
}

/// The index.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Each token as twice the rank of its word, plus one if a blank stands before it.
    pub(super) tokens: Packed,
    /// Positions of tokens, sorted by the context before them.
    pub(super) places: Packed,
    /// The words, sorted; the border is the first.
    pub(super) ids: Vec<TokenId>,
    /// Where the text of each word begins, and where the last one ends.
    pub(super) texts_at: Vec<u32>,
    /// Where the places that follow each word begin, and where the last ones end.
    pub(super) places_at: Vec<u32>,
    pub(super) texts: String,
    /// Sorted by path.
    pub(super) files: Vec<FileSpan>,
}

impl Segment {
    /// Returns how many tokens it holds.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Returns the memory it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.tokens.bytes()
            + self.places.bytes()
            + (self.ids.capacity() + self.texts_at.capacity() + self.places_at.capacity())
                * size_of::<u32>()
            + self.texts.capacity()
            + self.files.iter().map(FileSpan::bytes).sum::<usize>()
    }

    /// Returns the memory that so many tokens and words take, in bytes, without texts and files.
    pub(super) fn bytes_for(tokens: usize, words: usize) -> usize {
        tokens * 6 + words * 3 * size_of::<u32>()
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
        let text = self.word_text(self.rank(id)?);
        (!text.is_empty()).then_some(text)
    }

    /// Returns the text of the word with this rank.
    pub(super) fn word_text(&self, rank: u32) -> &str {
        let rank = rank as usize;
        &self.texts[self.texts_at[rank] as usize..self.texts_at[rank + 1] as usize]
    }

    /// Returns the token at a position.
    pub(super) fn id_at(&self, position: u32) -> TokenId {
        self.ids[(self.tokens.get(position as usize) >> 1) as usize]
    }

    /// Returns the rank of a word that occurs in it.
    ///
    /// Ids are spread evenly, so the rank is near to where the id stands among all numbers.
    pub(super) fn rank(&self, id: TokenId) -> Option<u32> {
        let guess = ((u64::from(id.get()) * self.ids.len() as u64) >> 32) as usize;
        let (mut low, mut high) = (guess, guess + 1);
        let mut step = 8;
        while low > 0 && self.ids[low] > id {
            low = low.saturating_sub(step);
            step *= 2;
        }
        while high < self.ids.len() && self.ids[high - 1] < id {
            high = (high + step).min(self.ids.len());
            step *= 2;
        }
        let at = self.ids.get(low..high)?.binary_search(&id).ok()?;
        Some((low + at) as u32)
    }

    /// Returns the places that follow the word with this rank.
    pub(super) fn places_after(&self, rank: u32) -> Range<u32> {
        self.places_at[rank as usize]..self.places_at[rank as usize + 1]
    }

    /// Returns how much of a context was ever seen, in tokens, and the places that have so much of
    /// it before them. `context` is ranks and begins with the nearest.
    pub(super) fn longest(&self, context: &[u32]) -> (usize, Range<u32>) {
        let Some(&nearest) = context.first() else {
            return (0, 0..0);
        };
        let bucket = self.places_after(nearest);
        if context.len() == 1 || bucket.is_empty() {
            return (usize::from(!bucket.is_empty()), bucket);
        }
        let near = first_without(bucket.clone(), |place| self.is_before(place, context));
        let agreed = |place: u32| self.agreed(place, context);
        let left = (near > bucket.start).then(|| agreed(near - 1));
        let right = (near < bucket.end).then(|| agreed(near));
        let depth = left.max(right).unwrap_or(1);
        if depth == 1 {
            return (1, bucket);
        }
        (depth, self.widened(near..near, bucket, context, depth))
    }

    /// Returns the places with at least `depth` tokens of the context before them, of which
    /// `inner` are some, or the border between two.
    pub(super) fn with_at_least(
        &self,
        depth: usize,
        inner: Range<u32>,
        context: &[u32],
    ) -> Range<u32> {
        let bucket = context
            .first()
            .map_or(0..0, |&nearest| self.places_after(nearest));
        if depth == 1 {
            return bucket;
        }
        self.widened(inner, bucket, context, depth)
    }

    fn widened(
        &self,
        inner: Range<u32>,
        bucket: Range<u32>,
        context: &[u32],
        depth: usize,
    ) -> Range<u32> {
        let belongs = |place: u32| self.agreed(place, &context[..depth]) == depth;
        let end = {
            let (mut good, mut step) = (inner.end, 1);
            loop {
                let probe = good + step - 1;
                if probe >= bucket.end {
                    break first_without(good..bucket.end, belongs);
                }
                if !belongs(probe) {
                    break first_without(good..probe, belongs);
                }
                good = probe + 1;
                step *= 2;
            }
        };
        let start = {
            let (mut good, mut step) = (inner.start, 1);
            loop {
                let Some(probe) = good
                    .checked_sub(step)
                    .filter(|&probe| probe >= bucket.start)
                else {
                    break first_without(bucket.start..good, |place| !belongs(place));
                };
                if !belongs(probe) {
                    break first_without(probe + 1..good, |place| !belongs(place));
                }
                good = probe;
                step *= 2;
            }
        };
        start..end
    }

    /// Counts the tokens before a place that agree with the context; the nearest does.
    fn agreed(&self, place: u32, context: &[u32]) -> usize {
        let position = self.places.get(place as usize) as usize;
        let further = 1..context.len();
        let mut agreeing =
            further.take_while(|&depth| self.before(position, depth) == context[depth]);
        agreeing.by_ref().last().map_or(1, |depth| depth + 1)
    }

    /// Returns whether the context of a place stands before this one in the order.
    fn is_before(&self, place: u32, context: &[u32]) -> bool {
        let position = self.places.get(place as usize) as usize;
        for (depth, &wanted) in context.iter().enumerate().skip(1) {
            let word = self.before(position, depth);
            if word != wanted {
                return word < wanted;
            }
        }
        false
    }

    /// Returns the word that stands `depth + 1` before a position.
    fn before(&self, position: usize, depth: usize) -> u32 {
        position
            .checked_sub(depth + 1)
            .map_or(0, |at| self.tokens.get(at) >> 1)
    }
}

/// Returns the first place for which `holds` does not hold; it holds up to there.
fn first_without(places: Range<u32>, holds: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (places.start, places.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::gather::Gathered;
    use super::*;

    fn segment(files: &[(&str, &str)]) -> Segment {
        let mut gathered = Gathered::default();
        for (path, text) in files {
            gathered.add((*path).into(), text);
        }
        gathered.into_segment()
    }

    fn context(segment: &Segment, words: &[&str]) -> Vec<u32> {
        let words = words.iter().rev();
        words
            .map_while(|word| segment.rank(TokenId::of(word)))
            .collect()
    }

    /// Returns the places for each length of context, the shortest first.
    fn ranges(segment: &Segment, context: &[u32]) -> Vec<Range<u32>> {
        let (deepest, mut range) = segment.longest(context);
        let mut ranges = Vec::new();
        for depth in (1..=deepest).rev() {
            range = segment.with_at_least(depth, range, context);
            ranges.insert(0, range.clone());
        }
        ranges
    }

    #[track_caller]
    fn check(segment: &Segment, words: &[&str], expected: &[&[&str]]) {
        let found: Vec<Vec<&str>> = ranges(segment, &context(segment, words))
            .into_iter()
            .map(|range| {
                let text = |place: u32| {
                    let position = segment.places.get(place as usize);
                    match segment.word_text(segment.tokens.get(position as usize) >> 1) {
                        "" => "\n",
                        text => text,
                    }
                };
                let mut next: Vec<&str> = range.map(text).collect();
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
        assert_eq!(
            ranges(&segment, &context(&segment, &["two", "three"])).len(),
            1
        );
    }

    #[test]
    fn a_word_that_never_occurred_has_no_places() {
        check(&segment(&[("a", "one two")]), &["four"], &[]);
    }

    proptest! {
        #[test]
        fn every_place_with_the_context_is_found_and_no_other(
            text in "([ab(.;]|let |\n){0,80}", from in 0_usize..60, len in 1_usize..MAX_CONTEXT,
        ) {
            let segment = segment(&[("a", &text), ("b", "let a = b")]);
            let words: Vec<u32> = segment.tokens.iter().map(|token| token >> 1).collect();
            let end = (from + len).min(words.len());
            let context: Vec<u32> = words[from.min(end)..end].iter().rev().copied().collect();
            prop_assume!(!context.is_empty() && context[..context.len() - 1].iter().all(|&w| w > 0));
            for (depth, range) in ranges(&segment, &context).into_iter().enumerate() {
                let mut found: Vec<u32> = range.map(|place| segment.places.get(place as usize)).collect();
                found.sort_unstable();
                let expected: Vec<u32> = (0..words.len())
                    .filter(|&position| (0..=depth).all(|back| {
                        segment.before(position, back) == context[back]
                    }))
                    .map(|position| position as u32)
                    .collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
