//! Sorts the places of a text by what stands before them, read backwards.
//!
//! A context ends at a border: what stands beyond it is another file. Places with the same context
//! keep the order of the text.

use super::packed::Packed;
use super::segment::MAX_CONTEXT;

/// The word that is a border is the first of all.
const BORDER: u32 = 0;

/// Groups of up to so many places are sorted by looking at the text.
const SMALL: usize = 12;

/// Returns every position, sorted by the words before it, and for each word where the places
/// that follow it begin, with one more at the end.
///
/// `words` are ranks below `n_words`, of which 0 is the border.
pub(super) fn order_by_context(words: &[u32], n_words: usize) -> (Packed, Vec<u32>) {
    let shape = Shape::of(words.len(), n_words);
    let mut places_at = vec![0_u32; n_words + 1];
    for nearest in nearest(words) {
        places_at[nearest as usize + 1] += 1;
    }
    for word in 0..n_words {
        places_at[word + 1] += places_at[word];
    }
    // One walk over the text puts every place into the bucket of its nearest word, with the words
    // before that as a number which the bucket is then sorted by.
    let mut ends = places_at.clone();
    let mut keyed = vec![0_u64; words.len()];
    let mut key = 0;
    let mut before = BORDER;
    for (position, nearest) in nearest(words).enumerate() {
        key = if nearest == BORDER {
            0
        } else {
            u64::from(before) << shape.top() | key >> shape.word_bits
        };
        before = nearest;
        let end = &mut ends[nearest as usize];
        keyed[*end as usize] = key << shape.place_bits | position as u64;
        *end += 1;
    }
    for word in 0..n_words {
        let bucket = places_at[word] as usize..places_at[word + 1] as usize;
        shape.sort(&mut keyed[bucket], words, 1);
    }
    let places = keyed.iter().map(|&key| shape.place(key)).collect();
    (places, places_at)
}

/// Returns the word before each position.
fn nearest(words: &[u32]) -> impl Iterator<Item = u32> + '_ {
    let shifted = words.iter().take(words.len().saturating_sub(1)).copied();
    words.first().map(|_| BORDER).into_iter().chain(shifted)
}

/// How a place and the words before it share 64 bits: as many words as there is room for, the
/// nearest on top, then the position.
#[derive(Clone, Copy)]
struct Shape {
    word_bits: u32,
    place_bits: u32,
    words: usize,
}

impl Shape {
    fn of(places: usize, n_words: usize) -> Self {
        let bits = |n: usize| usize::BITS - n.leading_zeros();
        let word_bits = bits(n_words).max(1);
        let place_bits = bits(places).max(1);
        Self {
            word_bits,
            place_bits,
            words: (((64 - place_bits) / word_bits) as usize).min(MAX_CONTEXT - 1),
        }
    }

    fn top(self) -> u32 {
        (self.words as u32 - 1) * self.word_bits
    }

    fn place(self, key: u64) -> u32 {
        (key & ((1 << self.place_bits) - 1)) as u32
    }

    /// Sorts places that agree in `depth` words and have the next ones in their keys.
    fn sort(self, keyed: &mut [u64], words: &[u32], depth: usize) {
        if keyed.len() < 2 {
            return;
        }
        keyed.sort_unstable();
        let next = depth + self.words;
        if next >= MAX_CONTEXT {
            return;
        }
        for equal in keyed.chunk_by_mut(|a, b| a >> self.place_bits == b >> self.place_bits) {
            let farthest = equal[0] >> self.place_bits & ((1 << self.word_bits) - 1);
            if equal.len() < 2 || farthest == u64::from(BORDER) {
                continue;
            }
            if equal.len() <= SMALL {
                equal.sort_unstable_by(|&a, &b| {
                    let (a, b) = (self.place(a), self.place(b));
                    compare(words, a, b, next)
                });
                continue;
            }
            for key in equal.iter_mut() {
                let place = self.place(*key);
                *key = self.key(words, place, next) << self.place_bits | u64::from(place);
            }
            self.sort(equal, words, next);
        }
    }

    /// Packs the words before a place from `depth` on.
    fn key(self, words: &[u32], place: u32, depth: usize) -> u64 {
        let mut key = 0;
        let mut ended = false;
        for depth in depth..depth + self.words {
            let word = word_before(words, place, depth);
            ended |= word == BORDER || depth >= MAX_CONTEXT;
            key = key << self.word_bits | if ended { 0 } else { u64::from(word) };
        }
        key
    }
}

/// Returns the word that stands `depth + 1` before a place.
fn word_before(words: &[u32], place: u32, depth: usize) -> u32 {
    (place as usize)
        .checked_sub(depth + 1)
        .map_or(BORDER, |at| words[at])
}

/// Compares the contexts of two places, of which `depth` words agree.
fn compare(words: &[u32], a: u32, b: u32, depth: usize) -> std::cmp::Ordering {
    for depth in depth..MAX_CONTEXT {
        let (left, right) = (word_before(words, a, depth), word_before(words, b, depth));
        if left != right {
            return left.cmp(&right);
        }
        if left == BORDER {
            break;
        }
    }
    a.cmp(&b)
}

/// Compares the contexts of two places; among equal ones the first in the text comes first.
pub(super) fn compare_contexts(words: &[u32], a: u32, b: u32) -> std::cmp::Ordering {
    compare(words, a, b, 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_order_that_comparing_gives(
            n_words in 1_usize..400, picks in prop::collection::vec(any::<u16>(), 1..300),
            repeats in 1_usize..4,
        ) {
            let words: Vec<u32> = picks
                .iter()
                .cycle()
                .take(picks.len() * repeats)
                .map(|&pick| u32::from(pick) % n_words as u32 / (1 + u32::from(pick) % 3))
                .collect();
            let mut expected: Vec<u32> = (0..words.len() as u32).collect();
            expected.sort_by(|&a, &b| compare_contexts(&words, a, b));
            let (places, places_at) = order_by_context(&words, n_words);
            prop_assert_eq!(places.iter().collect::<Vec<_>>(), expected);
            for word in 0..n_words {
                for at in places_at[word]..places_at[word + 1] {
                    let place = places.get(at as usize);
                    prop_assert_eq!(word_before(&words, place, 0), word as u32);
                }
            }
        }
    }
}
