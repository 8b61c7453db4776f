//! Whether an accepted suggestion is still in its document.
//!
//! The rule and the moments are those that GitHub Copilot's client publishes in its source
//! (`microsoft/vscode-copilot-chat`, MIT): the suggestion is looked for near the place where it was
//! put, then further away, and counts as still there when at most half of its tokens have to be
//! edited. So the figures can be compared with theirs.

use std::time::Duration;

use super::episode::Identity;
use super::place::Place;
use crate::documents::Rope;
use crate::domain::{Evidence, OutcomeKind, OutcomeRow, RetentionRow, RowId, Timestamp};

/// Seconds after an accept at which it is looked for.
pub const MOMENTS: [u32; 5] = [15, 30, 120, 300, 600];
/// Characters before and after the place that are searched first, and next.
const WINDOWS: [usize; 2] = [50, 1_500];
/// A suggestion is still there at this distance.
const STILL_THERE: f64 = 0.5;
/// More characters than these are not worth more: a long block is no better than a good one.
const MOST_KEPT: f64 = 400.0;
/// How many tokens of a suggestion are compared, and of the text that is searched.
const MOST_TOKENS: usize = 400;
const MOST_SEARCHED: usize = 2_000;

/// An accepted suggestion that is looked after.
#[derive(Clone, Debug)]
pub struct Watch {
    pub identity: Identity,
    pub place: Place,
    accepted: Timestamp,
    /// How many of [`MOMENTS`] are over.
    done: usize,
}

impl Watch {
    pub const fn new(identity: Identity, place: Place, accepted: Timestamp) -> Self {
        Self {
            identity,
            place,
            accepted,
            done: 0,
        }
    }

    /// Returns when the next check is due; `None` after the last.
    pub fn due(&self) -> Option<Timestamp> {
        MOMENTS.get(self.done).map(|after| self.at(*after))
    }

    /// Returns the check that is due. Of several only the last: the machine slept through the
    /// others, and what was then is not known.
    pub fn check(&mut self, now: Timestamp) -> Option<Check> {
        let over = MOMENTS.iter().take_while(|after| self.at(**after) <= now);
        let over = over.count();
        if over <= self.done {
            return None;
        }
        self.done = over;
        Some(Check {
            identity: self.identity.clone(),
            start: self.place.start,
            after_s: MOMENTS[over - 1],
        })
    }

    fn at(&self, after_s: u32) -> Timestamp {
        self.accepted.plus(Duration::from_secs(after_s.into()))
    }
}

/// One check that is due. Running it takes up to a few milliseconds, so no lock is held meanwhile.
#[derive(Clone, Debug)]
pub struct Check {
    identity: Identity,
    start: usize,
    after_s: u32,
}

impl Check {
    /// Looks for the suggestion in `rope`; the second row is for one that was retained.
    pub fn run(&self, rope: &Rope, now: Timestamp) -> (RetentionRow, Option<OutcomeRow>) {
        let Identity {
            completion,
            decision,
            episode,
            ref text,
        } = self.identity;
        let distance = distance(rope, self.start, text);
        let still_there = distance <= STILL_THERE;
        let kept = (1.0 - distance) * f64::from(self.identity.characters());
        let kept_chars = if still_there {
            kept.round().min(MOST_KEPT) as u32
        } else {
            0
        };
        let row = RetentionRow {
            id: RowId::new(now),
            completion,
            decision,
            episode,
            after_s: self.after_s,
            still_there,
            distance,
            kept_chars,
            at: now,
        };
        let is_last = MOMENTS.last() == Some(&self.after_s);
        let retained = (still_there && is_last).then(|| OutcomeRow {
            id: RowId::new(now),
            completion,
            decision,
            episode,
            kind: OutcomeKind::Retained,
            evidence: Evidence::Document,
            weight: 1.0,
            characters: Some(kept_chars),
            at: now,
        });
        (row, retained)
    }
}

/// Returns how much of `text` has to be edited to be the likest stretch around `start`: 0 to 1.
fn distance(rope: &Rope, start: usize, text: &str) -> f64 {
    let needle: Vec<&str> = tokens(text).take(MOST_TOKENS).collect();
    if needle.is_empty() {
        return 0.0;
    }
    let center = rope.byte_to_char(start.min(rope.len_bytes()));
    let length = text.chars().count();
    let mut nearest = 1.0;
    for window in WINDOWS {
        let from = center.saturating_sub(window);
        let to = center.saturating_add(length).saturating_add(window);
        let found = rope.slice(from..to.min(rope.len_chars())).to_string();
        let found: Vec<&str> = tokens(&found).take(MOST_SEARCHED).collect();
        let edits = fewest_edits(&needle, &found);
        nearest = f64::min(nearest, edits as f64 / needle.len() as f64);
        if nearest <= STILL_THERE {
            break;
        }
    }
    nearest
}

/// Splits a text into words and single other characters; space is between tokens.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        Some(token)
    })
}

/// Returns the fewest tokens to insert, delete or replace in `needle` to make it a stretch of
/// `found`, by Sellers' algorithm: Levenshtein's with a free beginning and end.
fn fewest_edits(needle: &[&str], found: &[&str]) -> usize {
    let mut row = vec![0; found.len() + 1];
    for (i, wanted) in needle.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, token) in found.iter().enumerate() {
            let replaced = diagonal + usize::from(wanted != token);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.into_iter().min().unwrap_or(needle.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: &str, start: usize, text: &str, expected: f64) {
        assert_eq!(distance(&Rope::from_str(document), start, text), expected);
    }

    #[test]
    fn tokens_are_words_and_single_characters() {
        let found: Vec<_> = tokens("  a_1.é(  \"x\")").collect();
        assert_eq!(found, ["a_1", ".", "é", "(", "\"", "x", "\"", ")"]);
    }

    #[test]
    fn the_distance_is_a_share_of_the_suggestions_tokens() {
        check("let x = total(a);", 8, "total(a);", 0.0);
        check("let x = total( a );", 8, "total(a);", 0.0);
        // One of five tokens is another.
        check("let x = total(b);", 8, "total(a);", 0.2);
        // Three tokens of four are gone.
        check("let x = a", 8, "a+b;", 0.75);
        check("", 0, "total", 1.0);
    }

    #[test]
    fn what_was_moved_is_found_near_and_then_far() {
        let near = format!("{}total(a);", " ".repeat(40));
        check(&near, 0, "total(a);", 0.0);
        let far = format!("{}total(a);", " ".repeat(1_400));
        check(&far, 0, "total(a);", 0.0);
        let too_far = format!("{}total(a);", " ".repeat(1_600));
        check(&too_far, 0, "total(a);", 1.0);
    }

    #[test]
    fn a_long_suggestion_is_compared_in_bounded_time() {
        let text = "ab + ".repeat(5_000);
        check(&text, 0, &text, 0.0);
    }
}
