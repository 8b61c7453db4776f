//! Counts what followed, and turns counts into probabilities (Witten and Bell's rule).

use super::lex::TokenId;

/// How heavily different continuations speak for shorter contexts.
const ESCAPE: f32 = 6.0;
/// So many of the likeliest tokens are listed.
const LISTED: usize = 32;

/// Where the text of a token can be read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// A token of the text above the cursor.
    Above(usize),
    /// A token of the text below it.
    Below(usize),
    /// A word of a segment, by the number of its view.
    Workspace(usize),
}

/// A token that may come next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Next {
    /// What it is; every way to end the line is [`TokenId::BORDER`], except in [`Evidence::breaks`].
    pub(super) id: TokenId,
    /// How likely it is; all together are less than 1 by what was never seen.
    pub(super) p: f32,
    /// The part of `p` in which a blank stands before it.
    pub(super) gap: f32,
    /// The part of `p` that the open file speaks for.
    pub(super) open: f32,
    count: f32,
    count_gap: f32,
    count_open: f32,
    /// Where its text can be read.
    pub(super) origin: Origin,
}

/// Counts tokens, and turns counts into probabilities.
#[derive(Default)]
pub(super) struct Tally {
    next: Vec<Next>,
    /// A table with open addressing: an index into `next` plus one, by id.
    slots: Vec<u32>,
    /// How much was counted.
    pub(super) total: f32,
    /// Whether line breaks count each for itself, or all as one.
    pub(super) tells_breaks_apart: bool,
}

impl Tally {
    /// Forgets what was counted.
    pub(super) fn clear(&mut self) {
        self.next.clear();
        self.slots.fill(0);
        self.total = 0.0;
    }

    /// Counts a token once more; the first origin of an id is the one that is kept.
    pub(super) fn count(
        &mut self,
        id: TokenId,
        gap: bool,
        weight: f32,
        is_open: bool,
        origin: Origin,
    ) {
        let id = if id.ends_line() && !self.tells_breaks_apart {
            TokenId::BORDER
        } else {
            id
        };
        let at = self.index(id, origin);
        let next = &mut self.next[at];
        self.total += weight;
        next.count += weight;
        next.count_gap += if gap { weight } else { 0.0 };
        next.count_open += if is_open { weight } else { 0.0 };
    }

    fn index(&mut self, id: TokenId, origin: Origin) -> usize {
        if self.next.len() * 2 >= self.slots.len() {
            self.slots = vec![0; (self.slots.len() * 2).max(512)];
            for at in 0..self.next.len() {
                let slot = self.slot(self.next[at].id);
                self.slots[slot] = at as u32 + 1;
            }
        }
        let slot = self.slot(id);
        if self.slots[slot] == 0 {
            self.next.push(Next {
                id,
                p: 0.0,
                gap: 0.0,
                open: 0.0,
                count: 0.0,
                count_gap: 0.0,
                count_open: 0.0,
                origin,
            });
            self.slots[slot] = self.next.len() as u32;
        }
        self.slots[slot] as usize - 1
    }

    /// Returns the slot of a token, or the empty one where it belongs.
    fn slot(&self, id: TokenId) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = id.get() as usize & mask;
        while let Some(at) = self.slots[slot].checked_sub(1)
            && self.next[at as usize].id != id
        {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// Shares out the votes of one length of context; returns what is left for shorter ones.
    pub(super) fn vote(&mut self, share: f32) -> f32 {
        let escape = ESCAPE * self.next.len() as f32;
        let unit = share / (self.total + escape);
        for next in &mut self.next {
            next.p += unit * next.count;
            next.gap += unit * next.count_gap;
            next.open += unit * next.count_open;
        }
        unit * escape
    }

    /// Returns the likeliest tokens.
    pub(super) fn ranked(&mut self) -> Vec<Next> {
        let order = |a: &Next, b: &Next| b.p.total_cmp(&a.p).then(a.id.cmp(&b.id));
        if self.next.len() > LISTED {
            self.next.select_nth_unstable_by(LISTED - 1, order);
        }
        let mut listed = self.next[..self.next.len().min(LISTED)].to_vec();
        listed.sort_unstable_by(order);
        listed
    }
}
