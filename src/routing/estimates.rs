//! What is known of all arms, in one state that every lesson goes into, whoever keeps it.
//!
//! A lesson is a label of a place, the end of a call, or what an accept has kept. The same lessons
//! come from a session as they happen and from a ledger that is read again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::arm_posterior::ArmPosterior;
use super::encode::encode;
use super::logistic::{Channel, sigmoid};
use super::off_policy::Interval;
use super::value::Worth;
use super::vector::FeatureVector;
use super::watch::{Turn, Watch};
use super::witness::Witnesses;
use crate::domain::{Features, ModelId, Money};

/// What a place looked like when it was decided.
#[derive(Clone, Debug)]
pub struct Sight {
    vector: FeatureVector,
    language: String,
}

impl Sight {
    /// Looks at a place.
    #[must_use]
    pub fn of(features: &Features) -> Self {
        Self {
            vector: encode(features),
            language: features.language.clone(),
        }
    }
}

/// How the end of an offer is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'l> {
    /// A client says so.
    ByClient,
    /// It was inferred from edits, at a client where that is known.
    ByDocument(Option<&'l str>),
}

/// One thing that is learnt of an arm.
#[derive(Clone, Copy, Debug)]
pub enum Lesson<'l> {
    /// A candidate was what came to be typed, or was not; shown or not.
    Matched(&'l Sight, bool),
    /// An offer was accepted, or was not; the number is the weight of the evidence, and the last
    /// says whether a client has said so or it was inferred.
    Offered(&'l Sight, bool, f64, Said<'l>),
    /// So many characters of an accept were still there after ten minutes.
    Kept(u32),
    /// An answer came after so many milliseconds.
    Answered(u32),
    /// An answer had something to offer, or nothing that the filters let through.
    Usable(bool),
    /// A call has cost this, of the most that was expected.
    Cost(Money, Money),
}

/// One arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Known {
    /// The model behind it, as its provider calls it.
    behind: String,
    posterior: ArmPosterior,
    /// By language.
    watches: BTreeMap<String, Watch>,
}

/// What is known of all arms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimates {
    arms: BTreeMap<ModelId, Known>,
    lessons: u64,
    #[serde(default)]
    witness: Witnesses,
    /// The price of attention, in characters; a file without it has none.
    #[serde(default)]
    attention: Option<f64>,
}

impl Estimates {
    /// Sees that an arm is known: one that is new begins among its siblings, and what was learnt of
    /// another model behind the same name counts for less. Returns whether anything is other than
    /// before.
    pub fn meet(&mut self, arm: &ModelId, behind: &str) -> bool {
        if let Some(known) = self.arms.get_mut(arm) {
            let is_other = known.behind != behind;
            if is_other {
                known.posterior.model_changed();
                known.watches.clear();
                behind.clone_into(&mut known.behind);
            }
            return is_other;
        }
        // Those that nothing has taught yet say nothing of a new one.
        let siblings = self.arms.values().map(|known| &known.posterior);
        let siblings: Vec<&ArmPosterior> = siblings
            .filter(|posterior| posterior.observed() > 0.0)
            .collect();
        let known = Known {
            behind: behind.to_owned(),
            posterior: ArmPosterior::newcomer(&siblings),
            watches: BTreeMap::new(),
        };
        self.arms.insert(arm.clone(), known);
        true
    }

    /// Takes over an arm as another state has it.
    pub fn adopt(&mut self, arm: &ModelId, other: &Self) {
        if let Some(known) = other.arms.get(arm) {
            self.arms.insert(arm.clone(), known.clone());
        }
    }

    /// Returns what is known of an arm, once it was met.
    #[must_use]
    pub fn posterior(&self, arm: &ModelId) -> Option<&ArmPosterior> {
        self.arms.get(arm).map(|known| &known.posterior)
    }

    /// Returns how likely an answer of an arm is taken to be accepted at a place, once it was met.
    #[must_use]
    pub fn probability(&self, arm: &ModelId, sight: &Sight) -> Option<f64> {
        let posterior = self.posterior(arm)?;
        Some(sigmoid(posterior.accept(&sight.vector).mean))
    }

    /// Returns whether an arm has become worse in a language.
    #[must_use]
    pub fn is_demoted(&self, arm: &ModelId, language: &str) -> bool {
        let watch = self
            .arms
            .get(arm)
            .and_then(|known| known.watches.get(language));
        watch.is_some_and(Watch::is_demoted)
    }

    /// Returns how many lessons it was taught.
    #[must_use]
    pub const fn lessons(&self) -> u64 {
        self.lessons
    }

    /// Learns. A lesson about an arm that was never met is lost. Returns what the watch over the arm
    /// has to say of it, with the language.
    pub fn learn<'l>(&mut self, arm: &ModelId, lesson: Lesson<'l>) -> Option<(Turn, &'l str)> {
        let known = self.arms.get_mut(arm)?;
        self.lessons += 1;
        match lesson {
            Lesson::Matched(sight, is_match) => {
                let believed = known.posterior.matches(&sight.vector);
                known.posterior.observe_match(&sight.vector, is_match);
                let watch = known.watches.entry(sight.language.clone()).or_default();
                return watch
                    .observe(is_match, believed)
                    .map(|turn| (turn, sight.language.as_str()));
            }
            Lesson::Offered(sight, is_accepted, weight, said) => {
                let vector = &sight.vector;
                let channel = match said {
                    Said::ByClient => Channel::CLEAR,
                    Said::ByDocument(client) => self.witness.channel(client),
                };
                known
                    .posterior
                    .observe_offer(vector, is_accepted, weight, channel);
            }
            Lesson::Kept(characters) => known.posterior.observe_kept(characters),
            Lesson::Answered(millis) => known.posterior.observe_latency(millis),
            Lesson::Usable(is_usable) => known.posterior.observe_offered(is_usable),
            Lesson::Cost(cost, worst) => known.posterior.observe_cost(cost, worst),
        }
        None
    }

    /// Learns how far what is inferred can be trusted: a client says whether an offer was accepted,
    /// and the document looks as if it was, or not.
    pub fn compare(&mut self, client: Option<&str>, is_accepted: bool, is_inferred: bool) {
        self.witness.observe(client, is_accepted, is_inferred);
        self.lessons += 1;
    }

    /// Returns what was seen both ways.
    #[must_use]
    pub const fn witness(&self) -> &Witnesses {
        &self.witness
    }

    /// Returns what a suggestion that is turned down costs, in characters, where a ledger was long
    /// enough to tell.
    #[must_use]
    pub const fn attention(&self) -> Option<f64> {
        self.attention
    }

    /// Takes what a ledger tells of the price of attention: only where its interval is narrower than
    /// the default is sure of itself, and never below nothing.
    #[must_use]
    pub fn with_attention(mut self, measured: Option<Interval>) -> Self {
        let is_exact =
            |between: &Interval| between.high - between.low < Worth::plausible_attention();
        self.attention = measured
            .filter(is_exact)
            .map(|between| between.value.max(0.0));
        self
    }

    /// Takes over what another state has seen both ways, which no ledger holds.
    #[must_use]
    pub fn with_witness(mut self, witness: Witnesses) -> Self {
        self.witness = witness;
        self
    }

    /// Adds what `mine` has learnt since it was `base`: others may have taught this state in between.
    pub fn merge(&mut self, base: &Self, mine: &Self) {
        self.lessons += mine.lessons.saturating_sub(base.lessons);
        self.witness.merge(&base.witness, &mine.witness);
        // It is measured anew by whoever trains, and not added to: what a session has read stands
        // behind what came into the file since.
        if mine.attention != base.attention {
            self.attention = mine.attention;
        }
        for (arm, learnt) in &mine.arms {
            let before = base.arms.get(arm);
            if before.is_none() && !self.arms.contains_key(arm) {
                self.arms.insert(arm.clone(), learnt.clone());
                continue;
            }
            // Who met it did not know its siblings here; what was learnt of it since is added below.
            self.meet(arm, &learnt.behind);
            let Some(known) = self.arms.get_mut(arm) else {
                continue;
            };
            let Some(before) = before else {
                continue;
            };
            if !known.posterior.merge(&before.posterior, &learnt.posterior) {
                known.posterior = learnt.posterior.clone();
            }
            // Two sums over different labels have no common one: who has seen labels last is right.
            for (language, watch) in &learnt.watches {
                if before.watches.get(language) != Some(watch) {
                    known.watches.insert(language.clone(), *watch);
                }
            }
        }
    }

    /// Returns whether it can have come from lessons.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let mut arms = self.arms.values();
        arms.all(|known| known.posterior.is_sound())
            && self.witness.is_sound()
            && self
                .attention
                .is_none_or(|characters| (0.0..1e4).contains(&characters))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::sigmoid;

    fn sight(language: &str) -> Sight {
        Sight::of(&Features::at_line_end(language))
    }

    fn p(estimates: &Estimates, arm: &ModelId) -> f64 {
        let posterior = estimates.posterior(arm).expect("it was met");
        sigmoid(posterior.accept(&sight("rust").vector).mean)
    }

    fn met() -> (Estimates, ModelId) {
        let (mut estimates, arm) = (Estimates::default(), ModelId::new("a"));
        assert!(estimates.meet(&arm, "a-1"));
        assert!(!estimates.meet(&arm, "a-1"));
        (estimates, arm)
    }

    #[test]
    fn what_two_have_learnt_from_the_same_beginning_is_added() {
        let (base, arm) = met();
        let (mut here, mut there) = (base.clone(), base.clone());
        let place = sight("rust");
        for _ in 0..60 {
            here.learn(&arm, Lesson::Matched(&place, true));
            there.learn(&arm, Lesson::Matched(&place, true));
        }
        let alone = p(&here, &arm);
        here.merge(&base, &there);
        assert!(p(&here, &arm) > alone && alone > p(&base, &arm));
        assert_eq!(here.lessons(), 120);
        assert!(here.is_sound());
    }

    #[test]
    fn an_arm_that_is_new_here_begins_among_those_that_are_known_here() {
        let (mut kept, known) = met();
        let place = sight("rust");
        for _ in 0..300 {
            kept.learn(&known, Lesson::Matched(&place, false));
        }
        // A session meets both before it has read what is kept, and learns nothing.
        let (mut mine, new) = (Estimates::default(), ModelId::new("b"));
        mine.meet(&known, "a-1");
        mine.meet(&new, "b-1");
        let base = mine.clone();
        assert_eq!(
            p(&mine, &new),
            p(&mine, &known),
            "nothing is known of either"
        );
        kept.merge(&base, &mine);
        assert!((p(&kept, &new) - p(&kept, &known)).abs() < 1e-6);
        assert!(p(&kept, &new) < p(&mine, &new));
    }

    #[test]
    fn another_model_behind_the_name_keeps_the_mean_and_less_of_the_certainty() {
        let (mut estimates, arm) = met();
        let place = sight("rust");
        for _ in 0..300 {
            estimates.learn(&arm, Lesson::Matched(&place, false));
        }
        let deviation = |estimates: &Estimates| {
            let posterior = estimates.posterior(&arm).expect("it was met");
            posterior.accept(&place.vector).deviation
        };
        let (before, sure) = (p(&estimates, &arm), deviation(&estimates));
        assert!(estimates.meet(&arm, "a-2"));
        assert!((p(&estimates, &arm) - before).abs() < 1e-6);
        assert!(deviation(&estimates) > 1.3 * sure);
    }

    #[test]
    fn an_arm_that_falls_in_one_language_is_demoted_there_alone() {
        let (mut estimates, arm) = met();
        let (rust, go) = (sight("rust"), sight("go"));
        for n in 0..600 {
            estimates.learn(&arm, Lesson::Matched(&rust, n % 2 == 0));
            estimates.learn(&arm, Lesson::Matched(&go, n % 2 == 0));
        }
        let turns: Vec<_> = (0..60)
            .filter_map(|_| estimates.learn(&arm, Lesson::Matched(&rust, false)))
            .collect();
        assert_eq!(turns, [(Turn::Demoted, "rust")]);
        assert!(estimates.is_demoted(&arm, "rust"));
        assert!(!estimates.is_demoted(&arm, "go"));
    }

    #[test]
    fn an_inferred_refusal_says_less_where_accepts_are_often_missed() {
        let (mut sharp, arm) = met();
        let mut blunt = sharp.clone();
        for _ in 0..2_000 {
            sharp.compare(None, true, true);
            blunt.compare(None, true, false);
        }
        let place = sight("rust");
        for _ in 0..40 {
            let refused = Lesson::Offered(&place, false, 1.0, Said::ByDocument(None));
            sharp.learn(&arm, refused);
            blunt.learn(&arm, refused);
        }
        assert!(p(&blunt, &arm) > 1.3 * p(&sharp, &arm));
        // What a client says is believed by both alike.
        let (mut a, mut b) = (sharp.clone(), sharp.with_witness(blunt.witness.clone()));
        let accepted = Lesson::Offered(&place, true, 1.0, Said::ByClient);
        a.learn(&arm, accepted);
        b.learn(&arm, accepted);
        assert_eq!(p(&a, &arm), p(&b, &arm));
    }

    #[test]
    fn a_file_from_before_anything_was_seen_both_ways_is_read() {
        let (mut estimates, _) = met();
        estimates.compare(None, true, true);
        let mut old = serde_json::to_value(&estimates).expect("it is written");
        old.as_object_mut().expect("an object").remove("witness");
        let read: Estimates = serde_json::from_value(old).expect("it is read");
        assert_eq!(read.witness(), &Witnesses::default());
    }

    #[test]
    fn it_comes_back_from_json_as_it_was() {
        let (mut estimates, arm) = met();
        estimates.compare(None, true, true);
        estimates.learn(&arm, Lesson::Matched(&sight("rust"), true));
        estimates.learn(
            &arm,
            Lesson::Cost(Money::from_pico_usd(3), Money::from_pico_usd(9)),
        );
        let text = serde_json::to_string(&estimates).expect("it is written");
        let read: Estimates = serde_json::from_str(&text).expect("it is read");
        assert_eq!(read, estimates);
    }

    #[test]
    fn a_stranger_teaches_nothing() {
        let (mut estimates, _) = met();
        estimates.learn(&ModelId::new("b"), Lesson::Kept(9));
        assert_eq!(estimates.lessons(), 0);
    }
}
