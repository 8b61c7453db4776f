//! Whether something made for one place is of use at a later one.
//!
//! Three things must hold: the text above the earlier place is the same, what was typed since is the
//! beginning of the answer, and the text after the cursor is the same, but for brackets and quotes
//! that the editor closed by itself. What is inserted then leaves the document exactly as the answer
//! would have left it at the earlier place.

use super::Place;

/// How much text before the earlier place must agree, in bytes.
pub(super) const BEFORE: usize = 512;
/// How much text after the cursor must agree, in bytes.
const AFTER: usize = 128;
/// How far a suggestion is followed while it is typed, in bytes of the document.
pub(super) const TYPED: usize = 2_048;
/// How much an editor may have closed by itself, in bytes: eight brackets, each on its own line.
const CLOSED: usize = 96;

/// The part of the text around an earlier place that has to be found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Around {
    pub(super) before: String,
    /// Whether `before` begins where the document does.
    is_start: bool,
    pub(super) after: String,
}

/// How an answer fits: what of its text is in the document already, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) typed: usize,
    pub(super) closed: usize,
}

impl Around {
    pub(super) fn of(place: Place<'_>) -> Self {
        Self {
            before: tail(place.before, BEFORE).to_owned(),
            is_start: is_start(place.before),
            after: head(place.after, AFTER).to_owned(),
        }
    }

    /// Returns how `text`, made for this place, fits `now` if the last `typed` bytes before the
    /// cursor came since.
    pub(super) fn fit(&self, text: &str, now: Place<'_>, typed: usize) -> Option<Fit> {
        if typed > TYPED {
            return None;
        }
        let place = now.before.len().checked_sub(typed)?;
        let (before, typed) = now.before.split_at_checked(place)?;
        let rest = without_start(text, typed)?;
        let is_same_above = if self.is_start {
            before == self.before
        } else {
            before.ends_with(&self.before)
        };
        if !is_same_above {
            return None;
        }
        let left = closed_since(&self.after, now.after)
            .find_map(|closed| without_end(rest, closed).filter(|left| !left.is_empty()))?;
        Some(Fit {
            typed: text.len() - rest.len(),
            closed: rest.len() - left.len(),
        })
    }
}

/// Returns how many bytes were typed between `then` and `now`, if all that happened is typing: the
/// same document, language and rules, the same text above, and the same text after the cursor but
/// for brackets and quotes that the editor closed by itself.
///
/// Whether an answer begins with what was typed is for the caller to see; [`AnswerCache::find`] does
/// for answers that are kept. Where a text repeats itself, the nearest place is taken.
///
/// [`AnswerCache::find`]: super::AnswerCache::find
#[must_use]
pub fn typed_since(then: Place<'_>, now: Place<'_>) -> Option<usize> {
    let is_same_scope =
        then.document == now.document && then.language == now.language && then.policy == now.policy;
    if !is_same_scope {
        return None;
    }
    closed_since(head(then.after, AFTER), now.after).next()?;
    let before = tail(then.before, BEFORE);
    let place = if is_start(then.before) {
        now.before.starts_with(before).then_some(before.len())?
    } else {
        now.before.rfind(before)? + before.len()
    };
    let typed = now.before.len() - place;
    (typed <= TYPED).then_some(typed)
}

/// Returns what the editor may have put in front of `then`, the text after the earlier place, to
/// make it `now`: nothing, or brackets and quotes with their line breaks and indentation.
fn closed_since<'n>(then: &str, now: &'n str) -> impl Iterator<Item = &'n str> {
    let closers = now
        .char_indices()
        .take_while(|(at, character)| {
            *at < CLOSED && (is_closer(*character) || character.is_whitespace())
        })
        .filter(|(_, character)| is_closer(*character))
        .map(|(at, character)| at + character.len_utf8());
    std::iter::once(0)
        .chain(closers)
        .filter(move |end| head(&now[*end..], AFTER) == then)
        .map(|end| &now[..end])
}

const fn is_closer(character: char) -> bool {
    matches!(character, ')' | ']' | '}' | '>' | '"' | '\'' | '`')
}

/// Returns what follows `typed` in `text`. Answers break lines with LF, whatever the document does.
fn without_start<'t>(text: &'t str, typed: &str) -> Option<&'t str> {
    let mut lines = typed.split("\r\n");
    let first = lines.next().unwrap_or_default();
    lines.try_fold(text.strip_prefix(first)?, |rest, line| {
        let rest = rest
            .strip_prefix("\r\n")
            .or_else(|| rest.strip_prefix('\n'));
        rest?.strip_prefix(line)
    })
}

/// Returns what precedes `closed` at the end of `text`.
fn without_end<'t>(text: &'t str, closed: &str) -> Option<&'t str> {
    let mut lines = closed.rsplit("\r\n");
    let last = lines.next().unwrap_or_default();
    lines.try_fold(text.strip_suffix(last)?, |rest, line| {
        let rest = rest
            .strip_suffix("\r\n")
            .or_else(|| rest.strip_suffix('\n'));
        rest?.strip_suffix(line)
    })
}

/// Returns whether a window begins where its document does: any other is longer.
const fn is_start(before: &str) -> bool {
    before.len() < BEFORE
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
