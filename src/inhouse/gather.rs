//! Files on their way into an index: their tokens, each word's text once.

use std::sync::Arc;

use super::lex::{Lexed, TokenId};
use super::order::order_by_context;
use super::packed::Packed;
use super::segment::{FileSpan, Segment};

/// Files that become one segment.
#[derive(Default)]
pub(super) struct Gathered {
    /// Each token as twice the number of its word, plus one if a blank stands before it.
    tokens: Vec<u32>,
    files: Vec<FileSpan>,
    words: Words,
    lexed: Lexed,
}

impl Gathered {
    /// Reads a file, which must not be here already.
    pub(super) fn add(&mut self, path: Arc<str>, text: &str) {
        self.lexed.start_again(text);
        let start = self.tokens.len() as u32;
        for token in &self.lexed.tokens {
            let at = token.start as usize;
            let word = self
                .words
                .number(token.id, &text[at..at + token.len as usize]);
            self.tokens.push(word << 1 | u32::from(token.gap));
        }
        // The end of a file ends its last line, too.
        self.tokens
            .push(self.words.number(TokenId::BORDER, "") << 1);
        self.files.push(FileSpan {
            path,
            tokens: start..self.tokens.len() as u32,
        });
    }

    /// Takes the last file out again.
    pub(super) fn undo(&mut self) {
        if let Some(last) = self.files.pop() {
            self.tokens.truncate(last.tokens.start as usize);
        }
    }

    /// Returns how many tokens there are.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Returns the memory that the segment will hold at most, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let files: usize = self.files.iter().map(FileSpan::bytes).sum();
        Segment::bytes_for(self.tokens.len(), self.words.ids.len()) + self.words.texts.len() + files
    }

    /// Indexes what was gathered.
    pub(super) fn into_segment(mut self) -> Segment {
        // One order, however they came: the same files make the same index.
        self.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let (ranks, by_rank) = self.words.ranks(&self.tokens);
        let mut ids = Vec::with_capacity(self.tokens.len());
        let mut tokens = Packed::with_capacity(self.tokens.len());
        for file in &mut self.files {
            let start = ids.len() as u32;
            let span = file.tokens.start as usize..file.tokens.end as usize;
            for &token in &self.tokens[span] {
                let rank = ranks[token as usize >> 1];
                ids.push(rank);
                tokens.push(rank << 1 | token & 1);
            }
            file.tokens = start..ids.len() as u32;
        }
        self.tokens = Vec::new();
        let (places, places_at) = order_by_context(&ids, by_rank.len());
        let mut texts = String::new();
        let mut texts_at = Vec::with_capacity(by_rank.len() + 1);
        texts_at.push(0);
        for &number in &by_rank {
            texts.push_str(self.words.text(number));
            texts_at.push(texts.len() as u32);
        }
        texts.shrink_to_fit();
        self.files.shrink_to_fit();
        Segment {
            tokens,
            places,
            ids: by_rank
                .iter()
                .map(|&number| self.words.ids[number as usize])
                .collect(),
            texts_at,
            places_at,
            texts,
            files: self.files,
        }
    }
}

/// Words, numbered as they came.
#[derive(Default)]
struct Words {
    /// A table with open addressing: the id in the upper half, its number plus one in the lower.
    slots: Vec<u64>,
    ids: Vec<TokenId>,
    ends: Vec<u32>,
    texts: String,
}

impl Words {
    /// Returns the number of a word; the first text that comes with an id is its text.
    fn number(&mut self, id: TokenId, text: &str) -> u32 {
        if self.ids.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let mut at = self.slot(id);
        loop {
            match self.slots[at] {
                0 => break,
                slot if (slot >> 32) as u32 == id.get() => return slot as u32 - 1,
                _ => at = (at + 1) & (self.slots.len() - 1),
            }
        }
        self.ids.push(id);
        self.texts.push_str(text);
        self.ends.push(self.texts.len() as u32);
        self.slots[at] = u64::from(id.get()) << 32 | self.ids.len() as u64;
        self.ids.len() as u32 - 1
    }

    fn text(&self, number: u32) -> &str {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[start as usize..self.ends[number] as usize]
    }

    /// Returns the rank by id of each word that occurs in `tokens`, and the words by rank.
    fn ranks(&self, tokens: &[u32]) -> (Vec<u32>, Vec<u32>) {
        let mut ranks = vec![u32::MAX; self.ids.len()];
        for &token in tokens {
            ranks[token as usize >> 1] = 0;
        }
        let mut by_rank: Vec<u32> = (0..self.ids.len() as u32)
            .filter(|&number| ranks[number as usize] == 0)
            .collect();
        by_rank.sort_unstable_by_key(|&number| self.ids[number as usize]);
        for (rank, &number) in by_rank.iter().enumerate() {
            ranks[number as usize] = rank as u32;
        }
        (ranks, by_rank)
    }

    fn slot(&self, id: TokenId) -> usize {
        let mixed = u64::from(id.get()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) as usize & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        self.slots = vec![0; (self.slots.len() * 2).max(1 << 10)];
        for (number, &id) in self.ids.iter().enumerate() {
            let mut at = self.slot(id);
            while self.slots[at] != 0 {
                at = (at + 1) & (self.slots.len() - 1);
            }
            self.slots[at] = u64::from(id.get()) << 32 | (number as u64 + 1);
        }
    }
}
