//! Answers we already have: the same place again, or the text typed on into a suggestion.
//!
//! An answer is found by the text around the cursor it was made for, not by its offset, so it
//! survives edits elsewhere and scrolling. A hit costs nothing and keeps the suggestion's identity,
//! so twenty keys typed into one suggestion are one offer. Bounded; knows no model and no price.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use moka::sync::Cache;

use crate::domain::{
    CacheLayer, CompletionId, Confidence, DecisionId, DocumentUri, EpisodeId, ModelId, Tier,
};

/// How much text before the cursor must agree, in bytes.
const BEFORE: usize = 512;
/// How much text after the cursor must agree, in bytes.
const AFTER: usize = 128;
/// How far a suggestion is followed while it is typed, in bytes.
const TYPED: usize = 400;
/// How many answers are kept.
const CAPACITY: u64 = 2_000;

/// The text around a cursor. Only the ends next to the cursor are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The document.
    pub document: &'a DocumentUri,
    /// State of the rules: an answer made under other rules is not ours to give.
    pub policy: &'a str,
    /// Text before the cursor.
    pub before: &'a str,
    /// Text after the cursor.
    pub after: &'a str,
}

/// An answer with all that a later hit must be credited to.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// The suggestion.
    pub id: CompletionId,
    /// The decision that paid for it.
    pub decision: DecisionId,
    /// Its offer episode.
    pub episode: EpisodeId,
    /// Who made it.
    pub model: ModelId,
    /// That model's tier.
    pub tier: Tier,
    /// How sure it was.
    pub confidence: Option<Confidence>,
    /// The whole text, from the place it was made for.
    pub text: String,
}

/// An answer that fits here.
#[derive(Clone, PartialEq, Debug)]
pub struct Hit {
    /// The answer as it was made.
    pub answer: Answer,
    /// How many bytes of its text stand before the cursor by now.
    pub typed: usize,
}

impl Hit {
    /// Returns what is left to insert.
    #[must_use]
    pub fn rest(&self) -> &str {
        &self.answer.text[self.typed..]
    }

    /// Returns which layer this is.
    #[must_use]
    pub const fn layer(&self) -> CacheLayer {
        if self.typed == 0 {
            CacheLayer::Exact
        } else {
            CacheLayer::TypedThrough
        }
    }
}

#[derive(Debug)]
struct Entry {
    before: String,
    after: String,
    answer: Answer,
}

/// The store. Clones share it.
#[derive(Clone, Debug)]
pub struct AnswerCache {
    by_place: Cache<u64, Arc<Entry>>,
    place_of: Cache<CompletionId, u64>,
}

impl Default for AnswerCache {
    fn default() -> Self {
        Self {
            by_place: Cache::new(CAPACITY),
            place_of: Cache::new(CAPACITY),
        }
    }
}

impl AnswerCache {
    /// Keeps an answer for the place it was made for.
    pub fn insert(&self, place: Place<'_>, answer: Answer) {
        let (before, after) = (tail(place.before, BEFORE), head(place.after, AFTER));
        let key = key(place, before, after);
        self.place_of.insert(answer.id, key);
        let entry = Entry {
            before: before.to_owned(),
            after: after.to_owned(),
            answer,
        };
        self.by_place.insert(key, Arc::new(entry));
    }

    /// Finds an answer that begins with what was typed since it was made.
    ///
    /// The nearest place wins: the answer made for the longest text before this cursor.
    #[must_use]
    pub fn find(&self, place: Place<'_>) -> Option<Hit> {
        let after = head(place.after, AFTER);
        let shortest = place.before.len().saturating_sub(TYPED);
        let mut end = place.before.len();
        loop {
            let (before, typed) = place.before.split_at(end);
            let before = tail(before, BEFORE);
            if let Some(entry) = self.by_place.get(&key(place, before, after)) {
                // The key is a hash: the texts decide.
                let fits = entry.before == before
                    && entry.after == after
                    && entry.answer.text.len() > typed.len()
                    && entry.answer.text.starts_with(typed);
                if fits {
                    return Some(Hit {
                        answer: entry.answer.clone(),
                        typed: typed.len(),
                    });
                }
            }
            if end <= shortest {
                return None;
            }
            end -= 1;
            while !place.before.is_char_boundary(end) {
                end -= 1;
            }
        }
    }

    /// Drops an answer that the user has turned down.
    pub fn forget(&self, id: CompletionId) {
        if let Some(key) = self.place_of.remove(&id) {
            self.by_place.invalidate(&key);
        }
    }
}

fn key(place: Place<'_>, before: &str, after: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (place.document, place.policy, before, after).hash(&mut hasher);
    hasher.finish()
}

fn tail(text: &str, bytes: usize) -> &str {
    let mut start = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

fn head(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Timestamp;

    fn uri() -> DocumentUri {
        DocumentUri::new("file:///a.rs")
    }

    fn answer(text: &str) -> Answer {
        let now = Timestamp::from_unix_micros(1_000_000);
        Answer {
            id: CompletionId::new(now),
            decision: DecisionId::new(now),
            episode: EpisodeId::new(now),
            model: ModelId::embedded(),
            tier: Tier::InHouse,
            confidence: None,
            text: text.into(),
        }
    }

    fn place<'a>(document: &'a DocumentUri, before: &'a str, after: &'a str) -> Place<'a> {
        Place {
            document,
            policy: "p",
            before,
            after,
        }
    }

    #[track_caller]
    fn check(made_at: (&str, &str), text: &str, asked_at: (&str, &str), rest: Option<&str>) {
        let (cache, uri) = (AnswerCache::default(), uri());
        cache.insert(place(&uri, made_at.0, made_at.1), answer(text));
        let hit = cache.find(place(&uri, asked_at.0, asked_at.1));
        assert_eq!(hit.as_ref().map(Hit::rest), rest);
    }

    #[test]
    fn the_same_place_gets_the_same_answer() {
        check(
            ("let x = ", "\n"),
            "total();",
            ("let x = ", "\n"),
            Some("total();"),
        );
    }

    #[test]
    fn typing_into_a_suggestion_leaves_the_rest() {
        check(
            ("let x = ", "\n"),
            "größe();",
            ("let x = grö", "\n"),
            Some("ße();"),
        );
    }

    #[test]
    fn a_suggestion_typed_to_its_end_is_gone() {
        check(
            ("let x = ", "\n"),
            "total();",
            ("let x = total();", "\n"),
            None,
        );
    }

    #[test]
    fn another_letter_or_another_suffix_is_another_place() {
        check(("let x = ", "\n"), "total();", ("let x = s", "\n"), None);
        check(("let x = ", "\n"), "total();", ("let x = ", ";\n"), None);
    }

    #[test]
    fn other_rules_do_not_get_the_answer() {
        let (cache, uri) = (AnswerCache::default(), uri());
        cache.insert(place(&uri, "a", ""), answer("bc"));
        assert!(
            cache
                .find(Place {
                    policy: "stricter",
                    ..place(&uri, "a", "")
                })
                .is_none()
        );
    }

    #[test]
    fn a_refused_suggestion_does_not_come_back() {
        let (cache, uri) = (AnswerCache::default(), uri());
        let refused = answer("bc");
        let id = refused.id;
        cache.insert(place(&uri, "a", ""), refused);
        cache.forget(id);
        assert!(cache.find(place(&uri, "a", "")).is_none());
    }

    #[test]
    fn text_far_above_the_cursor_may_change() {
        let (above, other) = ("x\n".repeat(600), "y\n".repeat(600));
        let here = "z".repeat(BEFORE);
        check(
            (&(above + &here), ""),
            "tail",
            (&(other + &here), ""),
            Some("tail"),
        );
    }

    proptest! {
        #[test]
        fn a_hit_is_always_the_rest_of_the_answer(
            before in "\\PC{0,40}", text in "\\PC{1,20}", typed in "\\PC{0,20}", after in "\\PC{0,10}",
        ) {
            let (cache, uri) = (AnswerCache::default(), uri());
            cache.insert(place(&uri, &before, &after), answer(&text));
            let now = format!("{before}{typed}");
            if let Some(hit) = cache.find(place(&uri, &now, &after)) {
                let made = &now[..now.len() - hit.typed];
                prop_assert_eq!(format!("{made}{text}"), format!("{now}{}", hit.rest()));
                prop_assert!(!hit.rest().is_empty());
            }
        }
    }
}
