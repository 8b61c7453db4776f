//! The text around the cursor, indexed so that a keystroke costs next to nothing.
//!
//! Tokens are chained to the last place with the same token, and to the last place with the same
//! three tokens. A chain only ever grows at its end, so taking the end of the text away and
//! putting another one there is cheap. What is answered depends on the text alone, never on the
//! texts that were there before.

use super::lex::{Lexed, Mark, Token, TokenId};
use super::segment::MAX_CONTEXT;

const NOWHERE: u32 = u32::MAX;
const SINGLE_BUCKETS: usize = 1 << 13;
const TRIPLE_BUCKETS: usize = 1 << 14;
/// A match of so many tokens is a long one.
pub(super) const LONG: usize = 3;
/// Places looked at for contexts of one or two tokens: the latest ones say most.
const MAX_SHORT_MATCHES: usize = 160;
/// Places looked at for longer contexts.
const MAX_LONG_MATCHES: usize = 400;

/// A place in the text where part of the context occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Occurrence {
    /// Index of the token that follows.
    pub(super) next: usize,
    /// How many tokens before it agree with the context.
    pub(super) depth: usize,
}

/// A text with its chains.
#[derive(Debug)]
pub(super) struct OpenText {
    text: String,
    lexed: Lexed,
    single_head: Vec<u32>,
    single_next: Vec<u32>,
    triple_head: Vec<u32>,
    triple_next: Vec<u32>,
}

impl Default for OpenText {
    fn default() -> Self {
        Self {
            text: String::new(),
            lexed: Lexed::new(""),
            single_head: vec![NOWHERE; SINGLE_BUCKETS],
            single_next: Vec::new(),
            triple_head: vec![NOWHERE; TRIPLE_BUCKETS],
            triple_next: Vec::new(),
        }
    }
}

impl OpenText {
    /// Makes this the index of `text`; the work grows with what differs from the last text.
    pub(super) fn update(&mut self, text: &str) {
        let agreed = agreed_bytes(self.text.as_bytes(), text.as_bytes());
        if agreed == text.len() && agreed == self.text.len() {
            return;
        }
        let from = self.rewind(agreed);
        self.text.truncate(from);
        self.text.push_str(&text[from..]);
        self.lexed.extend(&self.text, from);
        self.link();
    }

    /// Unlinks what may differ past `agreed` bytes; returns the byte from which to go on.
    fn rewind(&mut self, agreed: usize) -> usize {
        let (from, tokens) = self.lexed.rewind(agreed);
        if tokens == 0 {
            self.single_head.fill(NOWHERE);
            self.triple_head.fill(NOWHERE);
        } else {
            for at in (tokens..self.len()).rev() {
                let single = self.single_bucket(at);
                self.single_head[single] = self.single_next[at];
                let triple = self.triple_bucket(at);
                self.triple_head[triple] = self.triple_next[at];
            }
        }
        self.single_next.truncate(tokens);
        self.triple_next.truncate(tokens);
        self.lexed.tokens.truncate(tokens);
        from
    }

    /// Links the tokens that are not linked yet.
    fn link(&mut self) {
        let from = self.single_next.len();
        let id = |at: usize| self.lexed.tokens[at].id;
        let mut second = from.checked_sub(1).map_or(TokenId::BORDER, id);
        let mut third = from.checked_sub(2).map_or(TokenId::BORDER, id);
        let new = &self.lexed.tokens[from..];
        self.single_next.reserve(new.len());
        self.triple_next.reserve(new.len());
        for (at, token) in (from as u32..).zip(new) {
            let first = token.id;
            let single = &mut self.single_head[single_hash(first)];
            self.single_next.push(std::mem::replace(single, at));
            let triple = &mut self.triple_head[triple_hash(first, second, third)];
            self.triple_next.push(std::mem::replace(triple, at));
            (second, third) = (first, second);
        }
    }

    /// Returns the memory it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let links = [
            &self.single_head,
            &self.single_next,
            &self.triple_head,
            &self.triple_next,
        ];
        let links: usize = links.iter().map(|link| link.capacity()).sum();
        let tokens = self.lexed.tokens.capacity() * size_of::<Token>();
        let marks = self.lexed.marks.capacity() * size_of::<Mark>();
        self.text.capacity() + tokens + marks + links * size_of::<u32>()
    }

    /// Returns how many tokens it has.
    pub(super) fn len(&self) -> usize {
        self.lexed.tokens.len()
    }

    /// Returns a token's id and whether a blank stands before it.
    pub(super) fn token(&self, at: usize) -> (TokenId, bool) {
        let token = self.lexed.tokens[at];
        (token.id, token.gap)
    }

    /// Returns the text of a token.
    pub(super) fn text_at(&self, at: usize) -> &str {
        let token = self.lexed.tokens[at];
        &self.text[token.start as usize..(token.start + token.len) as usize]
    }

    /// Returns the last tokens, nearest first, for a cursor at the end of the text.
    pub(super) fn tail(&self) -> impl Iterator<Item = TokenId> + '_ {
        self.lexed.tokens.iter().rev().map(|token| token.id)
    }

    /// Returns the line break for a cursor on an empty last line with this indentation.
    pub(super) fn break_before_cursor(&self, indent: &str) -> TokenId {
        self.lexed.break_before_cursor(indent)
    }

    /// Returns the index of the latest token with this id.
    pub(super) fn latest(&self, id: TokenId) -> Option<usize> {
        self.chain(self.single_head[single_hash(id)], &self.single_next)
            .find(|&at| self.lexed.tokens[at].id == id)
    }

    /// Returns the places where at least the three nearest tokens of `context` occur, latest first.
    pub(super) fn long_matches(&self, context: &[TokenId]) -> impl Iterator<Item = Occurrence> {
        let head = match *context {
            [first, second, third, ..] => self.triple_head[triple_hash(first, second, third)],
            _ => NOWHERE,
        };
        let last = self.len().saturating_sub(1);
        self.chain(head, &self.triple_next)
            .filter(move |&at| at < last)
            .map(|at| Occurrence {
                next: at + 1,
                depth: self.depth(at, context),
            })
            .filter(|occurrence| occurrence.depth >= LONG)
            .take(MAX_LONG_MATCHES)
    }

    /// Returns the places where one or two of the nearest tokens of `context` occur and no more,
    /// latest first.
    pub(super) fn short_matches(&self, context: &[TokenId]) -> impl Iterator<Item = Occurrence> {
        let nearest = context.first().copied().unwrap_or(TokenId::BORDER);
        let head = if context.is_empty() {
            NOWHERE
        } else {
            self.single_head[single_hash(nearest)]
        };
        let last = self.len().saturating_sub(1);
        self.chain(head, &self.single_next)
            .filter(move |&at| at < last && self.lexed.tokens[at].id == nearest)
            .take(MAX_SHORT_MATCHES)
            .map(|at| Occurrence {
                next: at + 1,
                depth: self.depth(at, &context[..context.len().min(LONG)]),
            })
            .filter(|occurrence| occurrence.depth < LONG)
    }

    /// Counts the tokens up to and with `at` that agree with the context.
    fn depth(&self, at: usize, context: &[TokenId]) -> usize {
        self.lexed.tokens[..=at]
            .iter()
            .rev()
            .zip(context.iter().take(MAX_CONTEXT))
            .take_while(|(token, wanted)| token.id == **wanted)
            .count()
    }

    fn chain<'a>(&self, head: u32, next: &'a [u32]) -> impl Iterator<Item = usize> + 'a {
        let mut at = head;
        std::iter::from_fn(move || {
            let here = (at != NOWHERE).then_some(at as usize)?;
            at = next[here];
            Some(here)
        })
    }

    fn single_bucket(&self, at: usize) -> usize {
        single_hash(self.lexed.tokens[at].id)
    }

    fn triple_bucket(&self, at: usize) -> usize {
        let id = |back: usize| {
            at.checked_sub(back)
                .map_or(TokenId::BORDER, |at| self.lexed.tokens[at].id)
        };
        triple_hash(id(0), id(1), id(2))
    }
}

/// Counts the bytes at the start that two texts have in common, many at a time while they do.
fn agreed_bytes(a: &[u8], b: &[u8]) -> usize {
    let mut agreed = 0;
    for size in [1024, 16, 1] {
        let blocks = a[agreed..]
            .chunks_exact(size)
            .zip(b[agreed..].chunks_exact(size));
        agreed += blocks.take_while(|(a, b)| a == b).count() * size;
    }
    agreed
}

fn single_hash(id: TokenId) -> usize {
    id.get() as usize % SINGLE_BUCKETS
}

fn triple_hash(first: TokenId, second: TokenId, third: TokenId) -> usize {
    let mixed = u64::from(first.get())
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .rotate_left(23)
        .wrapping_add(u64::from(second.get()))
        .wrapping_mul(0xD6E8_FEB8_6659_FD93)
        .rotate_left(23)
        .wrapping_add(u64::from(third.get()))
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 40) as usize % TRIPLE_BUCKETS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> OpenText {
        let mut open = OpenText::default();
        open.update(text);
        open
    }

    fn found(open: &OpenText, context: &[&str]) -> Vec<(String, usize)> {
        let context: Vec<TokenId> = context.iter().rev().map(|word| TokenId::of(word)).collect();
        let occurrences = open
            .long_matches(&context)
            .chain(open.short_matches(&context));
        occurrences
            .map(|o| (open.text_at(o.next).to_owned(), o.depth))
            .collect()
    }

    #[test]
    fn the_latest_place_comes_first() {
        let open = of("a = 1\na = 2\nb = 3\n");
        let expected = [("3", 1), ("2", 2), ("1", 2)].map(|(text, depth)| (text.to_owned(), depth));
        assert_eq!(found(&open, &["a", "="]), expected);
    }

    #[test]
    fn a_long_match_is_found_once() {
        let open = of("w x y z\n");
        assert_eq!(found(&open, &["w", "x", "y"]), [("z".to_owned(), 3)]);
    }

    #[test]
    fn the_last_token_says_nothing_about_what_follows_it() {
        assert_eq!(found(&of("a b"), &["b"]), []);
    }

    #[test]
    fn a_jump_gives_what_a_new_index_gives() {
        let line = |n: usize| format!("\tlet größe_{n} = call(\"{n}\", x -> {n}.{n}); // {n}\n\n");
        let part = |from: usize| -> String { (from..from + 400).map(line).collect() };
        let mut updated = OpenText::default();
        for from in [0, 900, 100, 1_000, 0] {
            updated.update(&part(from));
            let anew = of(&part(from));
            assert_eq!(updated.lexed.tokens, anew.lexed.tokens);
            assert_eq!(updated.lexed.marks, anew.lexed.marks);
            assert_eq!(updated.single_next, anew.single_next);
            assert_eq!(updated.triple_head, anew.triple_head);
        }
    }

    proptest! {
        #[test]
        fn an_update_gives_what_a_new_index_gives(
            texts in prop::collection::vec("[ab =\n\t(.]{0,60}", 1..6),
        ) {
            let mut updated = OpenText::default();
            for text in &texts {
                updated.update(text);
                let anew = of(text);
                prop_assert_eq!(&updated.lexed.tokens, &anew.lexed.tokens);
                prop_assert_eq!(&updated.single_head, &anew.single_head);
                prop_assert_eq!(&updated.single_next, &anew.single_next);
                prop_assert_eq!(&updated.triple_head, &anew.triple_head);
                prop_assert_eq!(&updated.triple_next, &anew.triple_next);
            }
        }
    }
}
