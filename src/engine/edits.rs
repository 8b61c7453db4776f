//! What the user has changed of late, in all documents: kept in memory, for prompts alone.
//!
//! A key costs a few additions; the texts are compared when a model over the network is about to be
//! asked, off the loop. Private files and files that the workspace ignores are left out, and so is
//! every edit that holds a secret or some of one.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Engine;
use crate::context::{Context, Edit, MOST_EDITS, Related, edited};
use crate::documents::{Change, Documents, Edits, Hunk, Rope, RopeSlice};
use crate::domain::{DocumentUri, Remembered, Timestamp};
use crate::guard::{self, Guard};

/// Edits that are older say little about what comes next.
const OLDEST: Duration = Duration::from_secs(30 * 60);
/// Documents that are closed and whose edits are remembered.
const MOST_CLOSED: usize = 8;
/// A longer document, in bytes, is forgotten when it is closed.
const LONGEST_CLOSED: usize = 256 * 1024;
/// How much text around an edit is looked at for a secret that reaches into it, in bytes: as much
/// as the longest private key may have.
const AROUND: usize = 32 * 1024;
/// Edits whose text and surroundings are remembered to hold a secret or none.
const MOST_VERDICTS: usize = 256;
/// How much text around a change is looked at for the name of a private key, in bytes: more than
/// that has.
const KEY_NAME: usize = 64;

/// The edits of the open documents, and of some that are closed.
#[derive(Debug, Default)]
pub struct RecentEdits {
    state: Mutex<State>,
    /// All edits but the newest are mostly the same as for the prompt before.
    verdicts: Remembered<bool, MOST_VERDICTS>,
}

#[derive(Debug, Default)]
struct State {
    open: HashMap<DocumentUri, Followed>,
    /// The one that was closed last at the end.
    closed: VecDeque<Edited>,
}

/// The edits of a document.
#[derive(Clone, Debug)]
struct Followed {
    edits: Edits,
    /// Whether a text that it had may have named a private key: hardly any does, and in those
    /// nothing has to be looked at far and wide.
    may_name_key: bool,
}

/// A document with its edits.
#[derive(Clone, Debug)]
pub struct Edited {
    path: PathBuf,
    followed: Followed,
    now: Rope,
}

impl RecentEdits {
    /// Follows a document from now on; one that was closed as it is now is followed on.
    pub fn open(&self, document: &DocumentUri, path: Option<&PathBuf>, text: Rope, guard: &Guard) {
        let may_name_key = guard.names_private_key(text.chunks());
        let mut state = self.state();
        let before = state.closed.iter().position(|one| Some(&one.path) == path);
        let before = before.and_then(|at| state.closed.remove(at));
        let followed = match before {
            Some(before) if before.now == text => before.followed,
            _ => Followed {
                edits: Edits::since(text),
                may_name_key,
            },
        };
        state.open.insert(document.clone(), followed);
    }

    /// Follows a change.
    pub fn change(&self, document: &DocumentUri, change: &Change, at: Timestamp, guard: &Guard) {
        if let Some(followed) = self.state().open.get_mut(document) {
            followed.edits.apply(&change.splices, at);
            let names_key = |place| guard.names_private_key(near(&change.rope, place).chunks());
            followed.may_name_key |= change.place().is_some_and(names_key);
        }
    }

    /// Ends with a document; `now` is its text. What it remembers is bounded; what is forgotten is
    /// returned, since a large text takes milliseconds to give back.
    pub fn close(
        &self,
        document: &DocumentUri,
        path: Option<PathBuf>,
        now: Option<Rope>,
    ) -> Option<Edited> {
        let mut state = self.state();
        let (followed, now) = state.open.remove(document).zip(now)?;
        let is_empty = followed.edits.is_empty();
        let is_kept = path.is_some() && !is_empty && now.len_bytes() <= LONGEST_CLOSED;
        let closed = Edited {
            path: path.unwrap_or_default(),
            followed,
            now,
        };
        if !is_kept {
            return Some(closed);
        }
        state.closed.push_back(closed);
        let is_full = state.closed.len() > MOST_CLOSED;
        is_full.then(|| state.closed.pop_front()).flatten()
    }

    /// Returns the documents that were edited since a moment, and forgets what is older.
    fn since(
        &self,
        moment: Timestamp,
        documents: &Documents,
        path_of: impl Fn(&DocumentUri) -> Option<PathBuf>,
    ) -> Vec<Edited> {
        let mut state = self.state();
        let mut found = Vec::new();
        let open = state.open.iter_mut();
        for (document, followed) in open.filter(|(_, followed)| !followed.edits.is_empty()) {
            let Some(snapshot) = documents.snapshot(document) else {
                continue;
            };
            followed.edits.forget_before(moment, &snapshot.rope);
            if let Some(path) = path_of(document) {
                let (followed, now) = (followed.clone(), snapshot.rope);
                found.push(Edited {
                    path,
                    followed,
                    now,
                });
            }
        }
        for closed in &mut state.closed {
            closed.followed.edits.forget_before(moment, &closed.now);
        }
        state
            .closed
            .retain(|closed| !closed.followed.edits.is_empty());
        found.extend(state.closed.iter().cloned());
        found
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Returns what was changed of late and may be shown at a place of a document.
    pub(super) fn recent_edits(&self, document: &DocumentUri, context: &Context) -> Vec<Related> {
        let since = self.clock.now().minus(OLDEST);
        let path_of = |document: &DocumentUri| self.open_files.path(document);
        let own = path_of(document);
        let of_late = self.edits.since(since, &self.documents, path_of);
        let named = of_late.into_iter().filter_map(|one| {
            let (shown, is_own) = if Some(&one.path) == own.as_ref() {
                (context.path.clone(), true)
            } else {
                (self.shown_path(&one.path), false)
            };
            // What the library holds has passed the rules on which files are left alone.
            let may_be_shown = is_own || self.library.holds(&one.path.to_string_lossy());
            (may_be_shown && self.guard.excluded(&shown).is_none()).then_some((shown, one))
        });
        let named: Vec<(String, Edited)> = named.collect();
        let mut hunks: Vec<(&str, &Edited, Hunk)> = Vec::new();
        for (shown, one) in &named {
            let found = one.followed.edits.hunks(&one.now).into_iter();
            hunks.extend(found.map(|hunk| (shown.as_str(), one, hunk)));
        }
        // Some of them are left out where the text around the cursor shows them.
        hunks.sort_by_key(|(_, _, hunk)| std::cmp::Reverse(hunk.at));
        hunks.truncate(2 * MOST_EDITS);
        let edits = hunks
            .iter()
            .enumerate()
            .map(|(number, (path, one, hunk))| Edit {
                number,
                path: (*path).to_owned(),
                place: hunk.added.clone(),
                lines: hunk.lines.clone(),
                removed: one
                    .followed
                    .edits
                    .base()
                    .byte_slice(hunk.removed.clone())
                    .to_string(),
                added: one.now.byte_slice(hunk.added.clone()).to_string(),
                at: hunk.at,
            });
        let is_clean = |edit: &Edit| {
            let (_, one, hunk) = &hunks[edit.number];
            let Followed {
                edits,
                may_name_key,
            } = &one.followed;
            let is_clean = |text, part| self.is_clean(text, part, *may_name_key);
            is_clean(edits.base(), &hunk.removed) && is_clean(&one.now, &hunk.added)
        };
        edited(context, edits.collect(), is_clean)
    }
    /// Returns whether there is no secret in a part of a text, which begins and ends with lines.
    fn is_clean(&self, text: &Rope, part: &Range<usize>, may_name_key: bool) -> bool {
        if part.is_empty() {
            return true;
        }
        let line = |byte: usize| text.line_to_byte(text.byte_to_line(byte));
        let within = |reach: usize| {
            let end = line((part.end + reach).min(text.len_bytes()));
            line(part.start.saturating_sub(reach))..end.max(part.end)
        };
        let far = || text.byte_slice(within(AROUND));
        let around = if may_name_key && self.guard.names_private_key(far().chunks()) {
            within(AROUND)
        } else {
            within(guard::NEAR)
        };
        let part = part.start - around.start..part.end - around.start;
        let around = String::from(text.byte_slice(around));
        let verdicts = &self.edits.verdicts;
        verdicts.get_or(&(around.as_str(), &part), || {
            !self.guard.holds_secret(&around, part.clone())
        })
    }
}

/// Returns a part of a text with enough around it to see what it has become a part of.
fn near(text: &Rope, part: Range<usize>) -> RopeSlice<'_> {
    let floor = |byte: usize| text.char_to_byte(text.byte_to_char(byte));
    let end = (part.end + KEY_NAME).min(text.len_bytes());
    text.byte_slice(floor(part.start.saturating_sub(KEY_NAME))..floor(end))
}
