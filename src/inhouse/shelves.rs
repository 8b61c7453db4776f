//! What was learnt of one family of languages: a few segments.
//!
//! A value is never changed: a lesson makes a new one that shares the segments which stay. Small
//! segments are merged as they come, each at least twice as long as the next, so that a query has
//! few to ask and a file is merged a few times at most. A file that goes is taken out of its
//! segment at once; what is left is the very index that the other files would have made.

use std::sync::Arc;

use super::gather::Gathered;
use super::segment::Segment;

/// Merging stops here: it needs three times the memory of what it merges for a moment, and the
/// time to take a file out grows with its segment.
pub(super) const MAX_SEGMENT_TOKENS: usize = 4_000_000;

/// Up to so many tokens are always one segment, however they came.
const ALWAYS_ONE: usize = 262_144;

/// All that is known of a family.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelves(Vec<Arc<Segment>>);

impl Shelves {
    /// Returns what these segments know, which have no file in common.
    pub(super) fn of(segments: Vec<Arc<Segment>>) -> Self {
        Self(segments)
    }

    /// Returns the segments, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Segment> {
        self.0.iter().map(|segment| &**segment)
    }

    /// Returns the memory it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.iter().map(Segment::bytes).sum()
    }

    /// Returns what is known without the files at these paths.
    pub(super) fn without(&self, paths: &[&str]) -> Self {
        let mut gone = paths.to_vec();
        gone.sort_unstable();
        let stays = |path: &str| gone.binary_search(&path).is_err();
        let left = |segment: &Arc<Segment>| {
            if segment.files.iter().all(|file| stays(&file.path)) {
                Some(Arc::clone(segment))
            } else {
                segment.only(stays).map(Arc::new)
            }
        };
        let mut shelves = Self(self.0.iter().filter_map(left).collect());
        shelves.tidy();
        shelves
    }

    /// Returns what is known with these files; older versions of them must be out already.
    pub(super) fn with(&self, files: Gathered) -> Self {
        let mut shelves = self.clone();
        if files.len() > 0 {
            shelves.0.push(Arc::new(files.into_segment()));
            shelves.tidy();
        }
        shelves
    }

    /// Merges what is small.
    fn tidy(&mut self) {
        let are_one = |before: usize, after: usize| {
            let together = before + after;
            together <= ALWAYS_ONE || together <= MAX_SEGMENT_TOKENS && after * 2 >= before
        };
        let mut at = self.0.len();
        while at >= 2 {
            at -= 1;
            let (before, after) = (&self.0[at - 1], &self.0[at]);
            if !are_one(before.len(), after.len()) {
                continue;
            }
            if let Some(merged) = before.merged(after) {
                self.0[at - 1] = Arc::new(merged);
            }
            self.0.remove(at);
            at = self.0.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(files: &[(&str, &str)]) -> Gathered {
        let mut gathered = Gathered::default();
        for (path, text) in files {
            gathered.add((*path).into(), text);
        }
        gathered
    }

    fn paths(shelves: &Shelves) -> Vec<&str> {
        let mut paths: Vec<&str> = shelves
            .iter()
            .flat_map(|segment| segment.files.iter().map(|file| &*file.path))
            .collect();
        paths.sort_unstable();
        paths
    }

    #[test]
    fn what_is_small_is_one_segment_however_it_came() {
        let names: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "let a = b;\n")).collect();
        let mut shelves = Shelves::default();
        for file in files.iter().rev() {
            shelves = shelves.with(gathered(&[*file]));
        }
        let together = Shelves::default().with(gathered(&files));
        assert!(shelves.iter().eq(together.iter()));
    }

    #[test]
    fn what_is_large_stays_a_few_segments() {
        let text = "let a = b;\n".repeat(20_000);
        let mut shelves = Shelves::default();
        for n in 0..12 {
            shelves = shelves.with(gathered(&[(&format!("{n}"), &text)]));
        }
        assert!(shelves.iter().count() <= 4, "{}", shelves.iter().count());
        assert_eq!(paths(&shelves).len(), 12);
    }

    #[test]
    fn a_file_that_goes_gives_its_memory_back() {
        let big = "let a = b;\n".repeat(50);
        let shelves = Shelves::default().with(gathered(&[("big", &big), ("small", "x")]));
        let left = shelves.without(&["big"]);
        assert_eq!(paths(&left), ["small"]);
        assert!(left.bytes() * 10 < shelves.bytes());
        assert_eq!(
            paths(&shelves),
            ["big", "small"],
            "the value before is as it was"
        );
    }

    #[test]
    fn when_all_is_gone_nothing_is_held() {
        let shelves = Shelves::default().with(gathered(&[("a", "x y"), ("b", "z")]));
        assert_eq!(shelves.without(&["a", "b"]).bytes(), 0);
    }
}
