//! How far an outcome can be trusted that is inferred from edits, where no client says it.
//!
//! Some clients say what became of an offer, and the document shows it, too. Where both are known,
//! they are counted beside each other: how many of the accepts that a client has reported were
//! inferred as well (the sensitivity), and how many of the suggestions that were turned down looked
//! like accepts (the false positives). With that, what is inferred elsewhere is corrected as Rogan
//! and Gladen do for a test that errs (Am J Epidemiol 107, 1978). Editors differ, so each is counted
//! by itself, too, and believed to be like all of them until it has shown otherwise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::logistic::Channel;

/// What is expected before anything was counted, and how many of each it is worth: an editor that
/// inserts a suggestion does so in one edit, and a person does not write nine tenths of one at once.
const SENSITIVITY: f64 = 0.97;
const FALSE_POSITIVES: f64 = 0.005;
const WORTH: f64 = 50.0;

/// Counts of what a client has said and the document has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Witness {
    accepted: f64,
    accepted_and_inferred: f64,
    turned_down: f64,
    turned_down_and_inferred: f64,
}

impl Witness {
    /// Takes an offer of which a client says whether it was accepted, and the document looks as if.
    pub fn observe(&mut self, is_accepted: bool, is_inferred: bool) {
        let inferred = f64::from(u8::from(is_inferred));
        if is_accepted {
            self.accepted += 1.0;
            self.accepted_and_inferred += inferred;
        } else {
            self.turned_down += 1.0;
            self.turned_down_and_inferred += inferred;
        }
    }

    /// Adds what `mine` has seen since it was `base`.
    pub fn merge(&mut self, base: &Self, mine: &Self) {
        self.accepted += mine.accepted - base.accepted;
        self.accepted_and_inferred += mine.accepted_and_inferred - base.accepted_and_inferred;
        self.turned_down += mine.turned_down - base.turned_down;
        self.turned_down_and_inferred +=
            mine.turned_down_and_inferred - base.turned_down_and_inferred;
    }

    /// Returns how many offers were seen both ways.
    #[must_use]
    pub fn seen(&self) -> f64 {
        self.accepted + self.turned_down
    }

    /// Returns how an inferred outcome is to be read.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel_from(Channel {
            sensitivity: SENSITIVITY,
            false_positives: FALSE_POSITIVES,
        })
    }

    /// Returns how an inferred outcome is to be read where `prior` was expected before.
    fn channel_from(&self, prior: Channel) -> Channel {
        let share = |part: f64, of: f64, prior: f64| (part + WORTH * prior) / (of + WORTH);
        Channel {
            sensitivity: share(self.accepted_and_inferred, self.accepted, prior.sensitivity),
            false_positives: share(
                self.turned_down_and_inferred,
                self.turned_down,
                prior.false_positives,
            ),
        }
    }

    /// Returns whether it can have come from counting.
    pub(super) fn is_sound(&self) -> bool {
        let pairs = [
            (self.accepted_and_inferred, self.accepted),
            (self.turned_down_and_inferred, self.turned_down),
        ];
        pairs
            .iter()
            .all(|(part, of)| part.is_finite() && of.is_finite() && 0.0 <= *part && part <= of)
    }
}

/// More names than editors have; a client may call itself anything.
const MOST_CLIENTS: usize = 32;

/// What was seen both ways of all clients, and of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Witnesses {
    #[serde(flatten)]
    all: Witness,
    /// By name, whatever the version; a file from before has none.
    #[serde(default)]
    clients: BTreeMap<String, Witness>,
}

impl Witnesses {
    /// Takes an offer as [`Witness::observe`] does, of a client where it is known.
    pub fn observe(&mut self, client: Option<&str>, is_accepted: bool, is_inferred: bool) {
        self.all.observe(is_accepted, is_inferred);
        let Some(name) = client.map(name_of) else {
            return;
        };
        if let Some(known) = self.of(name) {
            known.observe(is_accepted, is_inferred);
        }
    }

    /// Adds what `mine` has seen since it was `base`.
    pub fn merge(&mut self, base: &Self, mine: &Self) {
        self.all.merge(&base.all, &mine.all);
        for (name, seen) in &mine.clients {
            let before = base.clients.get(name).copied().unwrap_or_default();
            if let Some(known) = self.of(name) {
                known.merge(&before, seen);
            }
        }
    }

    /// Returns what was seen of all clients.
    #[must_use]
    pub const fn all(&self) -> &Witness {
        &self.all
    }

    /// Returns how an outcome is to be read that was inferred at a client: as at all of them, and
    /// more and more as it has itself shown.
    #[must_use]
    pub fn channel(&self, client: Option<&str>) -> Channel {
        let all = self.all.channel();
        let known = client.and_then(|client| self.clients.get(name_of(client)));
        known.map_or(all, |known| known.channel_from(all))
    }

    fn of(&mut self, name: &str) -> Option<&mut Witness> {
        if !self.clients.contains_key(name) && self.clients.len() < MOST_CLIENTS {
            self.clients.insert(name.to_owned(), Witness::default());
        }
        self.clients.get_mut(name)
    }

    /// Returns whether it can have come from counting.
    pub(super) fn is_sound(&self) -> bool {
        self.all.is_sound() && self.clients.values().all(Witness::is_sound)
    }
}

/// Returns the name of a client without its version: `Neovim` of `Neovim 0.12.4`.
fn name_of(client: &str) -> &str {
    let is_version = |word: &str| {
        let number = word.strip_prefix('v').unwrap_or(word);
        number.starts_with(|letter: char| letter.is_ascii_digit())
    };
    match client.rsplit_once(' ') {
        Some((name, version)) if is_version(version) => name,
        _ => client,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_read_like_all_of_them_until_it_has_shown_otherwise() {
        let mut witnesses = Witnesses::default();
        let (sharp, blunt) = (Some("Sharp 1.2"), Some("Blunt v3"));
        for _ in 0..500 {
            witnesses.observe(sharp, true, true);
            witnesses.observe(sharp, false, false);
        }
        assert_eq!(witnesses.channel(blunt), witnesses.channel(None));
        for n in 0..200 {
            witnesses.observe(blunt, true, n % 2 == 0);
        }
        let of = |client| witnesses.channel(client).sensitivity;
        // All have 600 of 700, with what was expected before 648.5 of 750; of the blunt one a hundred
        // of two hundred, with fifty like all of them.
        assert!((of(None) - 648.5 / 750.0).abs() < 1e-9);
        assert!((of(Some("Blunt 4.0")) - (100.0 + 50.0 * of(None)) / 250.0).abs() < 1e-9);
        assert!(of(sharp) > 0.98 && of(Some("Other")) == of(None));
        // It has turned nothing down: there it is like all of them.
        let false_ones = |client| witnesses.channel(client).false_positives;
        assert!((false_ones(blunt) - false_ones(None)).abs() < 1e-9);
        assert!(witnesses.is_sound());
    }

    #[test]
    fn what_two_windows_have_seen_of_a_client_is_added_and_names_have_an_end() {
        let mut base = Witnesses::default();
        base.observe(Some("a 1"), true, true);
        let (mut here, mut there) = (base.clone(), base.clone());
        here.observe(Some("a 1"), true, false);
        there.observe(Some("a 2"), false, false);
        there.observe(Some("b"), false, false);
        here.merge(&base, &there);
        assert!((here.all().seen() - 4.0).abs() < 1e-9);
        assert!((here.clients["a"].seen() - 3.0).abs() < 1e-9);
        assert!((here.clients["b"].seen() - 1.0).abs() < 1e-9);
        for n in 0..100 {
            here.observe(Some(&format!("client{n}")), true, true);
        }
        assert_eq!(here.clients.len(), MOST_CLIENTS);
        assert!((here.all().seen() - 104.0).abs() < 1e-9);
    }

    #[test]
    fn a_file_with_one_pair_for_all_is_read_and_written_back() {
        let mut old = Witness::default();
        old.observe(true, false);
        let text = serde_json::to_string(&old).expect("it is written");
        let mut read: Witnesses = serde_json::from_str(&text).expect("it is read");
        assert_eq!(read.all(), &old);
        read.observe(Some("a"), false, true);
        let text = serde_json::to_string(&read).expect("it is written");
        assert_eq!(
            serde_json::from_str::<Witnesses>(&text).expect("read"),
            read
        );
        // An older program reads what all have shown.
        let all: Witness = serde_json::from_str(&text).expect("it is read");
        assert_eq!(&all, read.all());
    }

    #[test]
    fn before_anything_was_seen_inference_is_nearly_believed() {
        let channel = Witness::default().channel();
        assert!((channel.sensitivity - SENSITIVITY).abs() < 1e-9);
        assert!((channel.false_positives - FALSE_POSITIVES).abs() < 1e-9);
    }

    #[test]
    fn what_was_seen_both_ways_takes_over() {
        let mut witness = Witness::default();
        for n in 0..1_000 {
            witness.observe(true, n % 2 == 0);
            witness.observe(false, n % 10 == 0);
        }
        let channel = witness.channel();
        assert!((channel.sensitivity - 0.52).abs() < 0.01, "{channel:?}");
        assert!(
            (channel.false_positives - 0.095).abs() < 0.01,
            "{channel:?}"
        );
        // Of a hundred offers thirty look accepted: that is half of the true ones and a tenth of
        // the others.
        assert!((channel.corrected(0.3) - (0.3 - 0.095) / (0.52 - 0.095)).abs() < 0.02);
        assert!(witness.is_sound());
    }

    #[test]
    fn what_two_have_seen_is_added() {
        let mut base = Witness::default();
        base.observe(true, true);
        let (mut here, mut there) = (base, base);
        here.observe(true, false);
        there.observe(false, false);
        here.merge(&base, &there);
        assert!((here.seen() - 3.0).abs() < 1e-9);
    }
}
