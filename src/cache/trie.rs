//! Finds the answers that may fit, by the text before the cursor.
//!
//! A radix trie finds in one walk every key that is a prefix of a text; the rest of the text is what
//! was typed since. Keys cannot begin where the window begins, since the window scrolls, nor where
//! the document begins, since text far above may change. They begin at anchors, which are chosen by
//! the text next to them alone: the starts of lines, and in long lines about every 64th byte
//! (content-defined chunking: Muthitacharoen, Chen and Mazières, *A Low-bandwidth Network File
//! System*, 2001). The first edge of the trie, from the root to an anchor, is a hash of what stands
//! above it. Only candidates are found here; `fit` compares the texts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use patricia_tree::PatriciaMap;

use super::fit::{BEFORE, TYPED};
use crate::domain::{CompletionId, fnv1a};

/// How much text above an anchor its hash covers, in bytes.
const ABOVE: usize = 32;
/// How much text says whether a place inside a line is an anchor, in bytes.
const CHUNK: usize = 8;
/// After so many bytes without an anchor every place is one. An anchor, with all that makes it one,
/// lies inside the text that must agree, so both sides see the same.
const STRETCH: usize = BEFORE - ABOVE - 2 * CHUNK;
/// How many answers are kept of one key: it is the same for each of many equal lines, and every
/// answer costs a comparison wherever such a line is in sight.
const ALIKE: usize = 16;
/// How much of an answer's text is kept beside its key, in bytes: nearly every answer that does not
/// fit is told from there, without a look at the rest of it.
const START: usize = 8;

/// An answer below its key.
#[derive(Clone, Copy, Debug)]
struct Leaf {
    id: CompletionId,
    start: [u8; START],
}

impl Leaf {
    fn new(id: CompletionId, text: &str) -> Self {
        let mut start = [0; START];
        let bytes = text.len().min(START);
        start[..bytes].copy_from_slice(&text.as_bytes()[..bytes]);
        Self { id, start }
    }

    fn may_begin_with(&self, typed: &[u8]) -> bool {
        let known = self.start.iter().zip(typed);
        // Line ends may differ; `fit` knows how.
        known
            .take_while(|(_, typed)| **typed != b'\r')
            .all(|(start, typed)| start == typed)
    }
}

/// The answers of one document, by the text before the place they were made for.
#[derive(Debug, Default)]
pub(super) struct Trie {
    by_anchor: HashMap<u64, PatriciaMap<Vec<Leaf>>>,
}

impl Trie {
    /// Adds an answer and its text by the last [`BEFORE`] bytes before its place. Returns the oldest answer of
    /// the places that look alike if there are too many of them by now; it should be removed.
    pub(super) fn insert(
        &mut self,
        before: &str,
        id: CompletionId,
        text: &str,
    ) -> Option<CompletionId> {
        let leaf = Leaf::new(id, text);
        let (anchor, key) = split(before.as_bytes());
        let keys = self.by_anchor.entry(anchor).or_default();
        let Some(leaves) = keys.get_mut(key) else {
            keys.insert(key, vec![leaf]);
            return None;
        };
        leaves.push(leaf);
        let oldest = leaves.first().filter(|_| leaves.len() > ALIKE);
        oldest.map(|leaf| leaf.id)
    }

    /// Takes an answer away that was added with the same text.
    pub(super) fn remove(&mut self, before: &str, id: CompletionId) {
        let (anchor, key) = split(before.as_bytes());
        let Entry::Occupied(mut keys) = self.by_anchor.entry(anchor) else {
            return;
        };
        if let Some(leaves) = keys.get_mut().get_mut(key) {
            leaves.retain(|leaf| leaf.id != id);
            if leaves.is_empty() {
                keys.get_mut().remove(key);
            }
        }
        if keys.get().is_empty() {
            keys.remove();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_anchor.is_empty()
    }

    /// Returns every answer.
    pub(super) fn ids(&self) -> impl Iterator<Item = CompletionId> {
        let keys = self.by_anchor.values();
        let leaves = keys.flat_map(PatriciaMap::values).flatten();
        leaves.map(|leaf| leaf.id)
    }

    /// Visits every answer whose key is what stood before the cursor until something was typed that
    /// it may begin with, with the number of bytes typed.
    pub(super) fn visit(&self, before: &str, mut candidate: impl FnMut(CompletionId, usize)) {
        let before = before.as_bytes();
        each_stretch(before, |anchor, end| {
            let Some(keys) = self.by_anchor.get(&hash_above(before, anchor)) else {
                return;
            };
            for (key, leaves) in keys.common_prefixes(&before[anchor..end]) {
                let typed = &before[anchor + key.len()..];
                let leaves = leaves.iter().filter(|leaf| leaf.may_begin_with(typed));
                leaves.for_each(|leaf| candidate(leaf.id, typed.len()));
            }
        });
    }
}

/// Splits the text before a place at its anchor into the hash of what is above and the key.
fn split(before: &[u8]) -> (u64, &[u8]) {
    let farthest = before.len().saturating_sub(STRETCH - 1);
    let anchor = (farthest..=before.len())
        .rev()
        .find(|at| is_border(before, *at))
        .unwrap_or(before.len());
    (hash_above(before, anchor), &before[anchor..])
}

/// Calls `stretch` with every anchor from which a suggestion may have been typed, and the end of
/// the places that are reached from there and from no later anchor.
fn each_stretch(before: &[u8], mut stretch: impl FnMut(usize, usize)) {
    // The first stretch only finds out where the anchors of the next ones are.
    let start = before.len().saturating_sub(TYPED + 2 * STRETCH);
    let (mut anchor, mut border) = (start, start);
    let mut chunk = before[start.saturating_sub(CHUNK)..start]
        .iter()
        .fold(0, |chunk, &byte| roll(chunk, byte));
    for (index, &byte) in before.iter().enumerate().skip(start) {
        let at = index + 1;
        chunk = roll(chunk, byte);
        let is_border = is_line_end(byte) || at >= CHUNK && is_anchor(chunk);
        if is_border {
            border = at;
        }
        if is_border || at - border >= STRETCH {
            stretch(anchor, at - 1);
            anchor = at;
        }
    }
    stretch(anchor, before.len());
}

/// Returns whether a place is an anchor because of the text next to it.
fn is_border(text: &[u8], at: usize) -> bool {
    let chunk = text[..at].last_chunk::<CHUNK>();
    text[..at].last().is_none_or(|&byte| is_line_end(byte))
        || chunk.is_some_and(|chunk| is_anchor(u64::from_le_bytes(*chunk)))
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Returns whether a place behind these bytes is an anchor: one in 64 is.
const fn is_anchor(chunk: u64) -> bool {
    // Fibonacci hashing: the upper bits depend on every byte.
    chunk.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58 == 0
}

/// Returns the last bytes of a text that goes on with one more.
const fn roll(chunk: u64, byte: u8) -> u64 {
    chunk >> 8 | (byte as u64) << 56
}

fn hash_above(text: &[u8], anchor: usize) -> u64 {
    fnv1a(&text[anchor.saturating_sub(ABOVE)..anchor])
}
