//! What is followed in one open document: its running episode, the endings held back, the
//! candidates to compare, the accepted suggestions to look after.

use super::episode::{Ending, Episode, HOLD, Identity, Left};
use super::label::{Candidate, Line, Pending};
use super::place::{Log, Place};
use super::retention::{Check, Watch};
use crate::documents::{Change, Rope};
use crate::domain::{CompletionId, DecisionId, MatchRow, ModelId, OutcomeKind, Timestamp};

/// How many accepted suggestions are looked after; the oldest is given up, and is then unknown.
const MOST_WATCHES: usize = 256;

/// An episode that has ended by inference, until the ending is written.
#[derive(Debug)]
struct Held {
    episode: Episode,
    ending: Ending,
    until: Timestamp,
}

/// What comes of an event: endings with their suggestions, and match labels.
#[derive(Debug, Default)]
pub struct Found {
    pub endings: Vec<(Identity, Place, Ending)>,
    pub labels: Vec<MatchRow>,
}

/// One open document.
#[derive(Debug, Default)]
pub struct Document {
    log: Log,
    running: Option<Episode>,
    held: Vec<Held>,
    labels: Vec<Pending>,
    watches: Vec<Watch>,
}

impl Document {
    /// Follows a change that the editor made.
    pub fn change(&mut self, version: i32, change: &Change, now: Timestamp, found: &mut Found) {
        for splice in &change.splices {
            self.log.push(version, *splice);
            for held in &mut self.held {
                held.episode.place.follow(splice);
            }
            for watch in &mut self.watches {
                watch.place.follow(splice);
            }
        }
        if let Some(episode) = &mut self.running
            && let Some(ending) = episode.change(change, now)
        {
            self.end_running(ending, now);
        }
        self.labels.retain_mut(|label| match label.change(change) {
            Line::Open => true,
            Line::Finished => {
                found.labels.extend(label.settle(&change.rope, now));
                false
            }
            Line::Void => false,
        });
    }

    /// Returns where an offset of an older version is now.
    pub fn place(&self, version: i32, offset: usize) -> Option<Place> {
        self.log.place(version, offset)
    }

    /// Begins the episode of a suggestion; the one before it in this document is over.
    pub fn offer(&mut self, identity: Identity, place: Place, rope: Option<&Rope>, now: Timestamp) {
        self.leave(Left::Replaced, now);
        let mut episode = Episode::new(identity, place, now);
        let ending = rope.and_then(|rope| episode.begin(rope, now));
        self.running = Some(episode);
        if let Some(ending) = ending {
            self.end_running(ending, now);
        }
    }

    /// Hears that a suggestion was sent again for `place`: its episode goes on, also when it had
    /// seemed over.
    pub fn offer_again(&mut self, completion: CompletionId, place: Place, now: Timestamp) {
        let is_running = |episode: &Episode| episode.identity.completion == completion;
        if self.running.as_ref().is_some_and(is_running) {
            return;
        }
        self.leave(Left::Replaced, now);
        let is_it =
            |held: &Held| is_running(&held.episode) && held.ending.kind != OutcomeKind::Accepted;
        if let Some(at) = self.held.iter().position(is_it) {
            let mut episode = self.held.remove(at).episode;
            episode.place = place;
            self.running = Some(episode);
        }
    }

    /// Ends an episode because a client knows how it ended; returns what is known of it, and how it
    /// had ended by inference, if it had.
    pub fn take(&mut self, completion: CompletionId) -> Option<(Episode, Option<OutcomeKind>)> {
        if let Some(episode) = self
            .running
            .take_if(|it| it.identity.completion == completion)
        {
            return Some((episode, None));
        }
        let is_it = |held: &Held| held.episode.identity.completion == completion;
        let at = self.held.iter().position(is_it)?;
        self.unwatch(completion);
        let held = self.held.remove(at);
        Some((held.episode, Some(held.ending.kind)))
    }

    /// Returns where a suggestion is whose episode is not written yet.
    pub fn place_of(&self, completion: CompletionId) -> Option<Place> {
        let held = self.held.iter().map(|held| &held.episode);
        held.chain(&self.running)
            .find(|episode| episode.identity.completion == completion)
            .map(|episode| episode.place)
    }

    /// Notes that a client says the first `bytes` of a suggestion were taken.
    pub fn claim(&mut self, completion: CompletionId, bytes: usize) {
        let is_it = |episode: &Episode| episode.identity.completion == completion;
        if let Some(episode) = self.running.as_mut().filter(|episode| is_it(episode)) {
            return episode.claim(bytes);
        }
        let Some(at) = self.held.iter().position(|held| is_it(&held.episode)) else {
            return;
        };
        let held = &mut self.held[at];
        held.episode.claim(bytes);
        match held.episode.claimed(held.ending) {
            Some(ending) => held.ending = ending,
            None if self.running.is_none() => self.running = Some(self.held.remove(at).episode),
            None => held.ending = held.episode.leave(Left::Replaced, held.ending.at),
        }
        match self.held.get(at).filter(|held| is_it(&held.episode)) {
            Some(held) if held.ending.kind == OutcomeKind::Accepted => {
                let (identity, place) = (held.episode.identity.clone(), held.episode.place);
                let at = held.ending.at;
                self.watch(identity, place, at);
            }
            _ => self.unwatch(completion),
        }
    }

    /// Looks after an accepted suggestion from now on.
    pub fn watch(&mut self, identity: Identity, place: Place, now: Timestamp) {
        self.unwatch(identity.completion);
        if self.watches.len() == MOST_WATCHES {
            self.watches.remove(0);
        }
        self.watches.push(Watch::new(identity, place, now));
    }

    pub fn unwatch(&mut self, completion: CompletionId) {
        self.watches
            .retain(|watch| watch.identity.completion != completion);
    }

    /// Waits for the line of a candidate; there is one label for each decision and model.
    pub fn label(&mut self, candidate: Candidate<'_>, place: Place) {
        let (decision, model) = (candidate.decision, &candidate.model);
        if self.label_of(decision, model).is_none() {
            self.labels.push(Pending::new(candidate, place));
        }
    }

    /// Notes that a candidate was offered after all, under this id.
    pub fn is_offered(&mut self, decision: DecisionId, model: &ModelId, id: CompletionId) {
        if let Some(label) = self.label_of(decision, model) {
            label.completion = Some(id);
        }
    }

    fn label_of(&mut self, decision: DecisionId, model: &ModelId) -> Option<&mut Pending> {
        self.labels
            .iter_mut()
            .find(|label| label.decision == decision && label.model == *model)
    }

    pub fn oldest_label(&self) -> Option<Timestamp> {
        self.labels.first().map(Pending::due)
    }

    /// Compares the oldest candidate now, to make room.
    pub fn settle_oldest_label(&mut self, rope: Option<&Rope>, now: Timestamp, found: &mut Found) {
        if !self.labels.is_empty() {
            let label = self.labels.remove(0);
            found
                .labels
                .extend(rope.and_then(|rope| label.settle(rope, now)));
        }
    }

    pub const fn labels(&self) -> usize {
        self.labels.len()
    }

    /// Does what is due.
    pub fn tick(
        &mut self,
        rope: Option<&Rope>,
        now: Timestamp,
        found: &mut Found,
        checks: &mut Vec<Check>,
    ) {
        let waiting = |held: &Held| held.until > now;
        self.write_held(waiting, found);
        self.labels.retain(|label| {
            let is_due = label.due() <= now;
            if is_due {
                found
                    .labels
                    .extend(rope.and_then(|rope| label.settle(rope, now)));
            }
            !is_due
        });
        checks.extend(self.watches.iter_mut().filter_map(|watch| watch.check(now)));
        self.watches.retain(|watch| watch.due().is_some());
    }

    /// Ends all that runs: the document is closed. Checks that were not due yet are never made.
    pub fn close(&mut self, rope: Option<&Rope>, now: Timestamp, found: &mut Found) {
        self.leave(Left::Closed, now);
        self.write_held(|_| false, found);
        let labels = self.labels.drain(..);
        found
            .labels
            .extend(labels.filter_map(|label| label.settle(rope?, now)));
        self.watches.clear();
    }

    /// Returns when something is due next.
    pub fn due(&self) -> Option<Timestamp> {
        let held = self.held.iter().map(|held| held.until);
        let labels = self.labels.iter().map(Pending::due);
        let watches = self.watches.iter().filter_map(Watch::due);
        held.chain(labels).chain(watches).min()
    }

    fn leave(&mut self, why: Left, now: Timestamp) {
        if let Some(ending) = self.running.as_ref().map(|episode| episode.leave(why, now)) {
            self.end_running(ending, now);
        }
    }

    fn end_running(&mut self, ending: Ending, now: Timestamp) {
        let Some(episode) = self.running.take() else {
            return;
        };
        if ending.kind == OutcomeKind::Accepted {
            self.watch(episode.identity.clone(), episode.place, now);
        }
        self.held.push(Held {
            episode,
            ending,
            until: now.plus(HOLD),
        });
    }

    fn write_held(&mut self, waits: impl Fn(&Held) -> bool, found: &mut Found) {
        let over = self.held.extract_if(.., |held| !waits(held));
        let over = over.map(|held| (held.episode.identity, held.episode.place, held.ending));
        found.endings.extend(over);
    }
}
