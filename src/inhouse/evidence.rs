//! What may come next, and how likely, from the text around the cursor and from the workspace.
//!
//! From the longest context that ever occurred down to one token, each length votes with what
//! followed it; how much is left for the shorter ones depends on how many different tokens
//! followed (Witten and Bell's rule, with a heavier escape).

use std::ops::Range;

use super::lex::TokenId;
use super::open_text::{Occurrence, OpenText};
use super::segment::{MAX_CONTEXT, Segment};
use super::shelves::Shelves;
use super::token_map::ByToken;

/// A place in the open file counts as this many in the workspace.
const OPEN_WEIGHT: f32 = 6.0;
/// A place just above the cursor counts this much more again, and half of it `RECENT_TOKENS` up.
const RECENCY: f32 = 2.0;
const RECENT_TOKENS: f32 = 512.0;
/// How heavily different continuations speak for shorter contexts.
const ESCAPE: f32 = 6.0;
/// Shorter contexts are not asked for less than this share of the vote.
const MIN_SHARE: f32 = 0.02;
/// Places looked at for one length of context, spread evenly over all there are.
const SAMPLES: usize = 48;
/// The same where the next token must begin with what was typed: most places fall out.
const SAMPLES_IN_WORD: usize = 768;

/// What the next token must be like, from what was typed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Constraint<'a> {
    /// It begins with this.
    pub(super) start: &'a str,
    /// A blank stands before it.
    pub(super) after_blank: bool,
}

impl Constraint<'_> {
    fn admits(&self, text: &str, gap: bool) -> bool {
        text.starts_with(self.start) && (gap || !self.after_blank || text.is_empty())
    }
}

/// Where the text of a token can be read.
#[derive(Clone, Copy, Debug)]
enum Origin {
    Above(usize),
    Below(usize),
    Workspace(usize),
}

/// A token that may come next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Next {
    /// What it is; every way to end the line is [`TokenId::BORDER`].
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
    origin: Origin,
}

/// All that may come next, the likeliest first.
#[derive(Debug, Default)]
pub(super) struct Distribution {
    /// The tokens.
    pub(super) next: Vec<Next>,
    /// The longest context found in the open file, in tokens.
    pub(super) open_depth: usize,
    /// The longest context found in the workspace, in tokens.
    pub(super) workspace_depth: usize,
    /// How much was seen after the longest context.
    pub(super) support: f32,
}

struct View<'a> {
    segment: &'a Segment,
    /// The workspace's own copy of the open file, which is not asked.
    own: Range<u32>,
}

/// Everything that can be asked about one cursor.
pub(super) struct Evidence<'a> {
    above: &'a OpenText,
    below: &'a OpenText,
    views: Vec<View<'a>>,
    occurrences: Vec<(Occurrence, bool)>,
}

impl<'a> Evidence<'a> {
    /// Joins the open file and the workspace, without the workspace's copy of `path`.
    pub(super) fn new(
        path: &str,
        above: &'a OpenText,
        below: &'a OpenText,
        shelves: &'a Shelves,
    ) -> Self {
        let views = shelves
            .iter()
            .map(|segment| View {
                segment,
                own: segment.span_of(path).unwrap_or(0..0),
            })
            .collect();
        Self {
            above,
            below,
            views,
            occurrences: Vec::new(),
        }
    }

    /// Returns the text of a token that came out of [`Self::next`].
    pub(super) fn text(&self, next: &Next) -> &'a str {
        match next.origin {
            _ if next.id.ends_line() => "",
            Origin::Above(at) => self.above.text_at(at),
            Origin::Below(at) => self.below.text_at(at),
            Origin::Workspace(view) => self.segment(view).text(next.id).unwrap_or(""),
        }
    }

    /// Returns how far above the cursor a token was used last, in tokens; what stands below counts
    /// from the cursor down.
    pub(super) fn distance(&self, id: TokenId) -> Option<usize> {
        let above = self.above.latest(id).map(|at| self.above.len() - at);
        let below = self.below.latest(id);
        match (above, below) {
            (Some(above), Some(below)) => Some(above.min(below)),
            (above, below) => above.or(below),
        }
    }

    /// Says what may follow `context`, whose first token is the nearest.
    pub(super) fn next(&mut self, context: &[TokenId], constraint: Constraint<'_>) -> Distribution {
        let mut tally = Tally::default();
        self.find_in_open_file(context, constraint);
        let open_depth = self.occurrences.first().map_or(0, |(o, _)| o.depth);
        let mut spots: Vec<Spot> = self
            .views
            .iter()
            .map(|view| Spot::of(context, view.segment))
            .collect();
        let workspace_depth = spots.iter().map(|spot| spot.depth).max().unwrap_or(0);
        let mut admitted = AdmittedWords::default();
        let mut share = 1.0;
        let mut support = 0.0;
        let mut seen_workspace_depth = 0;
        let mut in_open_file = std::mem::take(&mut self.occurrences).into_iter().peekable();
        for depth in (1..=open_depth.max(workspace_depth).min(MAX_CONTEXT)).rev() {
            let mut grew = false;
            while let Some((occurrence, is_above)) = in_open_file.next_if(|(o, _)| o.depth == depth)
            {
                self.count_open(&mut tally, occurrence, is_above);
                grew = true;
            }
            for (view, spot) in spots.iter_mut().enumerate() {
                let Some(ring) = spot.ring(self.views[view].segment, depth) else {
                    continue;
                };
                let samples = if constraint.start.is_empty() {
                    SAMPLES
                } else {
                    SAMPLES_IN_WORD
                };
                for (place, weight) in ring.sample(samples) {
                    if self.count_workspace(
                        &mut tally,
                        view,
                        place,
                        weight,
                        constraint,
                        &mut admitted,
                    ) {
                        seen_workspace_depth = seen_workspace_depth.max(depth);
                        grew = true;
                    }
                }
            }
            if grew || support > 0.0 {
                if support == 0.0 {
                    support = tally.total;
                }
                share = tally.vote(share);
                if share < MIN_SHARE {
                    break;
                }
            }
        }
        Distribution {
            next: tally.ranked(),
            open_depth,
            workspace_depth: seen_workspace_depth,
            support,
        }
    }

    /// Returns the words of the open file that begin like this, the latest first, where no context
    /// has one.
    pub(super) fn words_that_begin(&self, start: &str) -> Distribution {
        let mut tally = Tally::default();
        for (open, is_above) in [(self.above, true), (self.below, false)] {
            for at in (0..open.len()).rev() {
                if open.text_at(at).starts_with(start) && open.text_at(at).len() > start.len() {
                    self.count_open(&mut tally, Occurrence { next: at, depth: 0 }, is_above);
                }
            }
        }
        let support = tally.total;
        tally.vote(1.0);
        Distribution {
            next: tally.ranked(),
            open_depth: 0,
            workspace_depth: 0,
            support,
        }
    }

    fn segment(&self, view: usize) -> &'a Segment {
        self.views[view].segment
    }

    fn find_in_open_file(&mut self, context: &[TokenId], constraint: Constraint<'_>) {
        self.occurrences.clear();
        let mut found = Vec::new();
        for (open, is_above) in [(self.above, true), (self.below, false)] {
            open.occurrences(context, &mut found);
            let admitted = found
                .drain(..)
                .filter(|o| constraint.admits(open.text_at(o.next), open.token(o.next).1));
            self.occurrences
                .extend(admitted.map(|occurrence| (occurrence, is_above)));
        }
        // Stable: within a depth, above comes before below and the latest first.
        self.occurrences
            .sort_by_key(|(occurrence, _)| std::cmp::Reverse(occurrence.depth));
    }

    fn count_open(&self, tally: &mut Tally, occurrence: Occurrence, is_above: bool) {
        let at = occurrence.next;
        let (open, origin) = if is_above {
            (self.above, Origin::Above(at))
        } else {
            (self.below, Origin::Below(at))
        };
        let (id, gap) = open.token(at);
        let weight = if is_above {
            let age = (open.len() - at) as f32 / RECENT_TOKENS;
            OPEN_WEIGHT * (1.0 + RECENCY * (-age).exp2())
        } else {
            OPEN_WEIGHT
        };
        tally.count(id, gap, weight, true, origin);
    }

    fn count_workspace(
        &self,
        tally: &mut Tally,
        view: usize,
        place: u32,
        weight: f32,
        constraint: Constraint<'_>,
        admitted: &mut AdmittedWords,
    ) -> bool {
        let View { segment, own } = &self.views[view];
        let (position, word, gap) = segment.at(place);
        if own.contains(&position) {
            return false;
        }
        let id = segment.ids[word as usize];
        if constraint.after_blank && !gap && !id.ends_line() {
            return false;
        }
        let is_admitted = constraint.start.is_empty()
            || *admitted
                .entry(id)
                .or_insert_with(|| segment.word_text(word).starts_with(constraint.start));
        if is_admitted {
            tally.count(id, gap, weight, false, Origin::Workspace(view));
        }
        is_admitted
    }
}

/// Where a context stands in a segment.
struct Spot {
    /// The words of the context, as the segment numbers them, as far as it has them.
    context: Vec<u32>,
    /// How much of it was ever seen, in tokens.
    depth: usize,
    /// The places that have so much of it, or what was asked for last, before them.
    range: Range<u32>,
}

impl Spot {
    fn of(context: &[TokenId], segment: &Segment) -> Self {
        let known = context.iter().map_while(|&id| segment.rank(id));
        let context: Vec<u32> = known.take(MAX_CONTEXT).collect();
        let (depth, range) = segment.longest(&context);
        Self {
            context,
            depth,
            range,
        }
    }

    /// Returns the places that share exactly `depth` tokens with the context; asked from the
    /// longest depth down.
    fn ring(&mut self, segment: &Segment, depth: usize) -> Option<Ring> {
        if depth > self.depth {
            return None;
        }
        let inner = if depth == self.depth {
            self.range.start..self.range.start
        } else {
            self.range.clone()
        };
        let outer = if depth == self.depth {
            self.range.clone()
        } else {
            segment.with_at_least(depth, self.range.clone(), &self.context)
        };
        self.range = outer.clone();
        Some(Ring { outer, inner })
    }
}

/// The places of `outer` that are not in `inner`.
struct Ring {
    outer: Range<u32>,
    inner: Range<u32>,
}

impl Ring {
    /// Returns places spread evenly over it, each with how many it stands for.
    fn sample(self, most: usize) -> impl Iterator<Item = (u32, f32)> {
        let Self { outer, inner } = self;
        let before = (inner.start - outer.start) as usize;
        let len = before + (outer.end - inner.end) as usize;
        let taken = len.min(most);
        let weight = len as f32 / taken.max(1) as f32;
        (0..taken).map(move |n| {
            let at = n * len / taken;
            let place = if at < before {
                outer.start + at as u32
            } else {
                inner.end + (at - before) as u32
            };
            (place, weight)
        })
    }
}

type AdmittedWords = ByToken<bool>;

#[derive(Default)]
struct Tally {
    next: Vec<Next>,
    index: ByToken<usize>,
    total: f32,
}

impl Tally {
    fn count(&mut self, id: TokenId, gap: bool, weight: f32, is_open: bool, origin: Origin) {
        let id = if id.ends_line() { TokenId::BORDER } else { id };
        let at = *self.index.entry(id).or_insert_with(|| {
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
            self.next.len() - 1
        });
        let next = &mut self.next[at];
        self.total += weight;
        next.count += weight;
        next.count_gap += if gap { weight } else { 0.0 };
        next.count_open += if is_open { weight } else { 0.0 };
    }

    /// Shares out the votes of one length of context; returns what is left for shorter ones.
    fn vote(&mut self, share: f32) -> f32 {
        let escape = ESCAPE * self.next.len() as f32;
        let unit = share / (self.total + escape);
        for next in &mut self.next {
            next.p += unit * next.count;
            next.gap += unit * next.count_gap;
            next.open += unit * next.count_open;
        }
        unit * escape
    }

    fn ranked(mut self) -> Vec<Next> {
        self.next
            .sort_unstable_by(|a, b| b.p.total_cmp(&a.p).then(a.id.cmp(&b.id)));
        self.next
    }
}
