//! What may come next, and how likely, from the text around the cursor and from the workspace.
//!
//! From the longest context that ever occurred down to one token, each length votes with what
//! followed it; how much is left for the shorter ones depends on how many different tokens
//! followed (Witten and Bell's rule, with a heavier escape).

use std::ops::Range;
use std::sync::LazyLock;

use super::lex::TokenId;
use super::open_text::{LONG, Occurrence, OpenText};
use super::segment::{MAX_CONTEXT, Segment};
use super::shelves::Shelves;
use super::tally::{Next, Origin, Tally};
use super::token_map::ByToken;

/// A place in the open file counts as this many in the workspace.
const OPEN_WEIGHT: f32 = 6.0;
/// A place just above the cursor counts this much more again, and half of it `RECENT_TOKENS` up.
const RECENCY: f32 = 2.0;
const RECENT_TOKENS: f32 = 512.0;
/// Shorter contexts are not asked for less than this share of the vote.
const MIN_SHARE: f32 = 0.02;
/// Places looked at for one length of context, spread evenly over all there are.
const SAMPLES: usize = 48;
/// The same where the next token must begin with what was typed: most places fall out.
const SAMPLES_IN_WORD: usize = 768;
/// A word that a segment does not have.
const UNKNOWN: u32 = u32::MAX;

/// What a place counts by how many tokens it stands above the cursor; computed once, because it is
/// asked for hundreds of places per token.
static RECENT_WEIGHTS: LazyLock<Vec<f32>> =
    LazyLock::new(|| (0..16_384).map(recent_weight).collect());

fn recent_weight(distance: usize) -> f32 {
    let age = distance as f32 / RECENT_TOKENS;
    OPEN_WEIGHT * (1.0 + RECENCY * (-age).exp2())
}

/// What the next token must be like, from what was typed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Constraint<'a> {
    /// It begins with this.
    pub(super) start: &'a str,
    /// A blank stands before it.
    pub(super) after_blank: bool,
}

impl Constraint<'_> {
    fn is_none(&self) -> bool {
        self.start.is_empty() && !self.after_blank
    }

    fn admits(&self, text: &str, gap: bool) -> bool {
        text.starts_with(self.start) && (gap || !self.after_blank || text.is_empty())
    }
}

/// What may come next, the likeliest first.
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
    words: Words,
    tally: Tally,
    in_open_file: InOpenFile,
    drawn: Vec<u32>,
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
            words: Words::default(),
            tally: Tally::default(),
            in_open_file: InOpenFile::default(),
            drawn: Vec::new(),
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

    /// Returns how many tokens of the workspace, and of the open file, it can ask.
    pub(super) fn volume(&self) -> (usize, usize) {
        let views = self.views.iter();
        let workspace = views.map(|view| view.segment.len() - view.own.len());
        (workspace.sum(), self.above.len() + self.below.len())
    }

    /// Says what may follow `context`, whose first token is the nearest.
    pub(super) fn next(&mut self, context: &[TokenId], constraint: Constraint<'_>) -> Distribution {
        self.tally.clear();
        self.find_in_open_file(context, constraint, true);
        if self.in_open_file.deepest() == 0 {
            self.find_in_open_file(context, constraint, false);
        }
        let open_depth = self.in_open_file.deepest();
        let mut spots = self.spots(context);
        let workspace_depth = spots.iter().map(|spot| spot.depth).max().unwrap_or(0);
        let mut admitted = vec![Admitted::default(); self.views.len()];
        let samples = if constraint.start.is_empty() {
            SAMPLES
        } else {
            SAMPLES_IN_WORD
        };
        let mut share = 1.0;
        let mut support = 0.0;
        let mut seen_workspace_depth = 0;
        for depth in (1..=open_depth.max(workspace_depth).min(MAX_CONTEXT)).rev() {
            if depth < LONG && !self.in_open_file.has_short {
                self.find_in_open_file(context, constraint, false);
            }
            let mut grew = self.count_open_at(depth);
            for (view, spot) in spots.iter_mut().enumerate() {
                let Some(ring) = spot.ring(self.views[view].segment, depth) else {
                    continue;
                };
                if self.count_ring(view, ring.sample(samples), constraint, &mut admitted[view]) {
                    seen_workspace_depth = seen_workspace_depth.max(depth);
                    grew = true;
                }
            }
            if grew || support > 0.0 {
                if support == 0.0 {
                    support = self.tally.total;
                }
                share = self.tally.vote(share);
                if share < MIN_SHARE {
                    break;
                }
            }
        }
        Distribution {
            next: self.tally.ranked(),
            open_depth,
            workspace_depth: seen_workspace_depth,
            support,
        }
    }

    /// Returns where the context stands in each segment.
    fn spots(&mut self, context: &[TokenId]) -> Vec<Spot> {
        let context = &context[..context.len().min(MAX_CONTEXT)];
        let mut ranks = vec![[UNKNOWN; MAX_CONTEXT]; self.views.len()];
        for (at, &id) in context.iter().enumerate() {
            let known = self.words.ranks(id, &self.views);
            for (ranks, &rank) in ranks.iter_mut().zip(known) {
                ranks[at] = rank;
            }
        }
        let views = self.views.iter().zip(ranks);
        views
            .map(|(view, ranks)| Spot::of(ranks, context.len(), view.segment))
            .collect()
    }

    /// Returns the words of the open file that begin like this, the latest first, where no context
    /// has one.
    pub(super) fn words_that_begin(&self, start: &str) -> Distribution {
        let start_byte = start.as_bytes().first();
        let mut tally = Tally::default();
        for (open, is_above) in [(self.above, true), (self.below, false)] {
            for at in (0..open.len()).rev() {
                let text = open.text_at(at);
                if text.as_bytes().first() == start_byte
                    && text.starts_with(start)
                    && text.len() > start.len()
                {
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

    /// Says which line breaks may follow the end of a line, and how likely each is, the likeliest
    /// first.
    pub(super) fn breaks(&mut self, context: &[TokenId]) -> Vec<(TokenId, f32)> {
        self.tally.tells_breaks_apart = true;
        let found = self.next(context, Constraint::default());
        self.tally.tells_breaks_apart = false;
        let breaks = found.next.iter().filter(|next| next.id.ends_line());
        breaks.map(|next| (next.id, next.p)).collect()
    }

    /// Returns the longest run of these tokens, the nearest first, that stands somewhere else.
    pub(super) fn run(&mut self, before: &[TokenId]) -> usize {
        let agreed = |tokens: &mut dyn Iterator<Item = TokenId>| {
            tokens.zip(before).take_while(|(a, b)| a == *b).count()
        };
        let mut longest = 0;
        for open in [self.above, self.below] {
            for found in open.long_matches(before) {
                let mut tokens = (0..found.next).rev().map(|at| open.token(at).0);
                longest = longest.max(agreed(&mut tokens));
            }
        }
        let mut spots = self.spots(before);
        for (View { segment, own }, spot) in self.views.iter().zip(&mut spots) {
            let Some(ring) = spot.ring(segment, spot.depth) else {
                continue;
            };
            let positions = ring.sample(SAMPLES).0;
            let positions = positions.map(|place| segment.places.get(place as usize));
            for position in positions.filter(|position| !own.contains(position)) {
                let mut tokens = (0..position).rev().map(|at| segment.id_at(at));
                longest = longest.max(agreed(&mut tokens));
            }
        }
        longest
    }

    fn segment(&self, view: usize) -> &'a Segment {
        self.views[view].segment
    }

    /// Finds the long or the short matches in the open file that the constraint admits.
    fn find_in_open_file(
        &mut self,
        context: &[TokenId],
        constraint: Constraint<'_>,
        are_long: bool,
    ) {
        let mut found = std::mem::take(&mut self.in_open_file.found);
        found.clear();
        for (open, is_above) in [(self.above, true), (self.below, false)] {
            let is_admitted = |o: &Occurrence| {
                constraint.is_none()
                    || constraint.admits(open.text_at(o.next), open.token(o.next).1)
            };
            // Above comes before below, and the latest first.
            if are_long {
                let matches = open.long_matches(context).filter(is_admitted);
                found.extend(matches.map(|occurrence| (occurrence, is_above)));
            } else {
                let matches = open.short_matches(context).filter(is_admitted);
                found.extend(matches.map(|occurrence| (occurrence, is_above)));
            }
        }
        self.in_open_file.sort(found);
        self.in_open_file.has_short = !are_long;
    }

    /// Counts the places in the open file that agree in exactly `depth` tokens.
    fn count_open_at(&mut self, depth: usize) -> bool {
        let at = self.in_open_file.at(depth);
        let mut tally = std::mem::take(&mut self.tally);
        for &(occurrence, is_above) in &self.in_open_file.by_depth[at.clone()] {
            self.count_open(&mut tally, occurrence, is_above);
        }
        self.tally = tally;
        !at.is_empty()
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
            let distance = open.len() - at;
            let known = RECENT_WEIGHTS.get(distance).copied();
            known.unwrap_or_else(|| recent_weight(distance))
        } else {
            OPEN_WEIGHT
        };
        tally.count(id, gap, weight, true, origin);
    }

    /// Counts places of a segment; returns whether one was admitted.
    fn count_ring(
        &mut self,
        view: usize,
        (places, weight): (impl Iterator<Item = u32>, f32),
        constraint: Constraint<'_>,
        admitted: &mut Admitted,
    ) -> bool {
        let View { segment, own } = &self.views[view];
        // One kind of memory after the other: each waits for all its places at once.
        self.drawn.clear();
        let positions = places.map(|place| segment.places.get(place as usize));
        self.drawn.extend(positions);
        if !own.is_empty() {
            self.drawn.retain(|position| !own.contains(position));
        }
        for drawn in &mut self.drawn {
            *drawn = segment.tokens.get(*drawn as usize);
        }
        let mut grew = false;
        for &token in &self.drawn {
            let (word, gap) = (token >> 1, token & 1 == 1);
            let id = segment.ids[word as usize];
            if constraint.after_blank && !gap && !id.ends_line() {
                continue;
            }
            let is_admitted = constraint.start.is_empty()
                || admitted.is(word, segment.ids.len(), || {
                    segment.word_text(word).starts_with(constraint.start)
                });
            if is_admitted {
                self.tally
                    .count(id, gap, weight, false, Origin::Workspace(view));
                grew = true;
            }
        }
        grew
    }
}

/// The ranks of the words that were asked for, in every segment.
#[derive(Default)]
struct Words {
    rows: ByToken<usize>,
    ranks: Vec<u32>,
}

impl Words {
    fn ranks(&mut self, id: TokenId, views: &[View<'_>]) -> &[u32] {
        let at = *self.rows.entry(id).or_insert_with(|| {
            let ranks = views
                .iter()
                .map(|view| view.segment.rank(id).unwrap_or(UNKNOWN));
            self.ranks.extend(ranks);
            self.ranks.len() - views.len()
        });
        &self.ranks[at..at + views.len()]
    }
}

/// Which words of a segment may come next: two bits for each, made when the first is asked for.
#[derive(Clone, Default)]
struct Admitted(Vec<u8>);

impl Admitted {
    fn is(&mut self, word: u32, n_words: usize, begins: impl FnOnce() -> bool) -> bool {
        if self.0.is_empty() {
            self.0 = vec![0; n_words.div_ceil(4)];
        }
        let (byte, shift) = (&mut self.0[word as usize / 4], word % 4 * 2);
        if *byte >> shift & 1 == 0 {
            *byte |= (1 | u8::from(begins()) << 1) << shift;
        }
        *byte >> shift & 2 == 2
    }
}

/// The matches in the open file, the deepest first.
#[derive(Default)]
struct InOpenFile {
    found: Vec<(Occurrence, bool)>,
    by_depth: Vec<(Occurrence, bool)>,
    /// Where the matches of each depth end.
    ends: [usize; MAX_CONTEXT + 2],
    has_short: bool,
}

impl InOpenFile {
    /// Takes matches; those of one depth keep their order.
    fn sort(&mut self, found: Vec<(Occurrence, bool)>) {
        let mut ends = [0; MAX_CONTEXT + 2];
        for (occurrence, _) in &found {
            ends[occurrence.depth] += 1;
        }
        let mut end = 0;
        for depth in (0..ends.len()).rev() {
            let start = end;
            end += ends[depth];
            ends[depth] = start;
        }
        self.by_depth.clear();
        self.by_depth.extend_from_slice(&found);
        for &(occurrence, is_above) in &found {
            let end = &mut ends[occurrence.depth];
            self.by_depth[*end] = (occurrence, is_above);
            *end += 1;
        }
        self.ends = ends;
        self.found = found;
    }

    fn deepest(&self) -> usize {
        self.by_depth.first().map_or(0, |(o, _)| o.depth)
    }

    fn at(&self, depth: usize) -> Range<usize> {
        self.ends[depth + 1]..self.ends[depth]
    }
}

/// Where a context stands in a segment.
struct Spot {
    /// The words of the context, as the segment numbers them, as far as it has them.
    context: [u32; MAX_CONTEXT],
    len: usize,
    /// How much of it was ever seen, in tokens.
    depth: usize,
    /// The places that have so much of it, or what was asked for last, before them.
    range: Range<u32>,
}

impl Spot {
    fn of(context: [u32; MAX_CONTEXT], len: usize, segment: &Segment) -> Self {
        let known = context[..len].iter().position(|&word| word == UNKNOWN);
        let len = known.unwrap_or(len);
        let (depth, range) = segment.longest(&context[..len]);
        Self {
            context,
            len,
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
            segment.with_at_least(depth, self.range.clone(), &self.context[..self.len])
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
    /// Returns places spread evenly over it, and how many each stands for.
    fn sample(self, most: usize) -> (impl Iterator<Item = u32>, f32) {
        let Self { outer, inner } = self;
        let before = (inner.start - outer.start) as usize;
        let len = before + (outer.end - inner.end) as usize;
        let taken = len.min(most);
        let places = (0..taken).map(move |n| {
            let at = n * len / taken;
            if at < before {
                outer.start + at as u32
            } else {
                inner.end + (at - before) as u32
            }
        });
        (places, len as f32 / taken.max(1) as f32)
    }
}
