//! What a file says beyond the place of the cursor: imports, and definitions that are used nearby.
//!
//! Gathering it takes a millisecond or more in a long file, and it hardly changes from key to key.
//! So it is gathered behind the keys, and the next keys use it: its places may be off by what was
//! typed since, its text is what stood there.

use std::collections::HashSet;
use std::ops::Range;

use super::collect::{Head, line_start};
use crate::documents::{Definition, Snapshot, Tree, imports, outline, references};
use crate::domain::ByteOffset;

/// How much of the imports is kept, in bytes.
const IMPORT_BYTES: usize = 4 * 1024;
/// How far from the cursor names are looked at, in bytes.
const NEAR_BYTES: usize = 1_200;
/// How far from the cursor definitions of such names are looked for, in bytes.
const OUTLINE_BYTES: usize = 32 * 1024;
/// Nodes between the top of the file and the definitions that are looked for: methods of a class
/// in a module, but nothing inside of functions.
const OUTLINE_DEPTH: u32 = 6;
/// How many such definitions are kept.
const OUTLINE_ITEMS: usize = 24;

/// Facts about a file, gathered around one place.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    imports: Vec<Head>,
    definitions: Vec<Definition>,
    /// Names that are used near the place.
    names: HashSet<String>,
    /// The place; nothing when there was no tree.
    at: Option<usize>,
}

impl Facts {
    /// Gathers the facts. Without a tree there are none.
    #[must_use]
    pub fn gather(snapshot: &Snapshot, tree: Option<&Tree>, at: ByteOffset) -> Self {
        let Some((language, tree)) = snapshot.language.zip(tree) else {
            return Self::default();
        };
        let (rope, at) = (&snapshot.rope, snapshot.clamp(at).get());
        let near = at.saturating_sub(NEAR_BYTES)..(at + NEAR_BYTES / 4).min(rope.len_bytes());
        let around = at.saturating_sub(OUTLINE_BYTES)..(at + OUTLINE_BYTES).min(rope.len_bytes());
        Self {
            imports: import_heads(snapshot, &imports(language, tree, rope)),
            definitions: outline(language, tree, rope, around, OUTLINE_DEPTH),
            names: references(language, tree, rope, near).into_iter().collect(),
            at: Some(at),
        }
    }

    /// Returns whether the facts were gathered near enough to a place to hold for it.
    #[must_use]
    pub fn are_about(&self, at: ByteOffset) -> bool {
        self.at
            .is_some_and(|here| here.abs_diff(at.get()) <= NEAR_BYTES)
    }

    pub(super) fn imports(&self) -> &[Head] {
        &self.imports
    }

    pub(super) fn is_in_import(&self, at: usize) -> bool {
        self.imports
            .iter()
            .any(|head| head.range.start < at && at < head.range.end)
    }

    /// Returns the heads of definitions that are named near the place, or on the line so far.
    pub(super) fn outline_for(&self, at: usize, line_prefix: &str) -> Vec<Head> {
        if self
            .at
            .is_none_or(|here| here.abs_diff(at) > OUTLINE_BYTES / 2)
        {
            return Vec::new();
        }
        let line: HashSet<&str> = line_prefix
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .collect();
        let is_wanted = |definition: &&Definition| {
            let is_around_cursor = definition.range.start < at && at <= definition.range.end;
            let name = definition.name.as_str();
            !is_around_cursor && (self.names.contains(name) || line.contains(name))
        };
        self.definitions
            .iter()
            .filter(is_wanted)
            .map(|definition| Head {
                range: definition.range.clone(),
                text: definition.signature.clone(),
            })
            .take(OUTLINE_ITEMS)
            .collect()
    }
}

fn import_heads(snapshot: &Snapshot, ranges: &[Range<usize>]) -> Vec<Head> {
    let mut left = IMPORT_BYTES;
    let mut heads: Vec<Head> = Vec::new();
    for range in ranges {
        let start = line_start(snapshot, range.start);
        let text = snapshot.slice(start..range.end).trim_end().to_owned();
        let is_covered = heads.last().is_some_and(|last| start < last.range.end);
        if is_covered || text.len() > left {
            continue;
        }
        left -= text.len();
        heads.push(Head {
            range: start..start + text.len(),
            text,
        });
    }
    heads
}
