//! What was learnt of one family of languages: a few segments and what in them is out of date.
//!
//! A value is never changed: a lesson makes a new one that shares the segments which stay. Small
//! segments are merged as they come, each at least twice as long as the next, so that a query has
//! few to ask and a file is indexed again a few times at most.

use std::ops::Range;
use std::sync::Arc;

use super::segment::{LexedFile, Segment};

/// Merging stops here: sorting needs four times the memory of what it sorts for a moment.
const MAX_SEGMENT_TOKENS: usize = 4_000_000;

/// A segment of up to this many tokens is indexed again as soon as a file in it is out of date: a
/// few milliseconds, and then it is as if the file had never been there. In a longer one the stale
/// places suggest nothing, but until half of it is stale they may shift a confidence a little: the
/// longest context and the sample are found among all places.
const ALWAYS_FRESH_TOKENS: usize = 32_768;

/// A segment and the parts of it that are no longer true.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    segment: Arc<Segment>,
    /// Positions that are out of date, in order.
    stale: Vec<Range<u32>>,
}

impl Shelf {
    /// Returns the index.
    pub(super) fn segment(&self) -> &Segment {
        &self.segment
    }

    /// Returns whether the file at a position is still as it was learnt.
    pub(super) fn is_fresh(&self, position: u32) -> bool {
        let after = self.stale.partition_point(|range| range.end <= position);
        self.stale
            .get(after)
            .is_none_or(|range| position < range.start)
    }

    fn stale_tokens(&self) -> usize {
        self.stale.iter().map(|range| range.len()).sum()
    }

    fn fresh_files(&self) -> impl Iterator<Item = LexedFile> + '_ {
        self.segment.files().filter(|file| {
            let span = self.segment.span_of(&file.path);
            span.is_some_and(|span| self.is_fresh(span.start))
        })
    }

    fn strike(&mut self, path: &str) {
        let Some(span) = self.segment.span_of(path) else {
            return;
        };
        let at = self.stale.partition_point(|range| range.start < span.start);
        if self.stale.get(at) != Some(&span) {
            self.stale.insert(at, span);
        }
    }
}

/// All that is known of a family.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelves(Vec<Shelf>);

impl Shelves {
    /// Returns the shelves, the oldest first.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Shelf> {
        self.0.iter()
    }

    /// Returns the memory it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|shelf| shelf.segment.bytes()).sum()
    }

    /// Returns what is known without the files at these paths.
    pub(super) fn without<'a>(&self, paths: impl Iterator<Item = &'a str>) -> Self {
        let mut shelves = self.clone();
        for path in paths {
            for shelf in &mut shelves.0 {
                shelf.strike(path);
            }
        }
        shelves.tidy();
        shelves
    }

    /// Returns what is known with these files; older versions of them must be out already.
    pub(super) fn with(&self, files: Vec<LexedFile>) -> Self {
        let mut shelves = self.clone();
        let mut batch = Vec::new();
        let mut tokens = 0;
        for file in files {
            tokens += file.len();
            batch.push(file);
            if tokens >= MAX_SEGMENT_TOKENS {
                shelves.push(std::mem::take(&mut batch));
                tokens = 0;
            }
        }
        shelves.push(batch);
        shelves.tidy();
        shelves
    }

    fn push(&mut self, files: Vec<LexedFile>) {
        if !files.is_empty() {
            self.0.push(Shelf {
                segment: Arc::new(Segment::new(files)),
                stale: Vec::new(),
            });
        }
    }

    /// Drops what is mostly out of date and merges what is small.
    fn tidy(&mut self) {
        for shelf in &mut self.0 {
            let (stale, all) = (shelf.stale_tokens(), shelf.segment.len());
            if stale * 2 > all || (stale > 0 && all <= ALWAYS_FRESH_TOKENS) {
                let files: Vec<LexedFile> = shelf.fresh_files().collect();
                *shelf = Shelf {
                    segment: Arc::new(Segment::new(files)),
                    stale: Vec::new(),
                };
            }
        }
        self.0.retain(|shelf| shelf.segment.len() > 0);
        while let [.., before, last] = self.0.as_slice() {
            let together = before.segment.len() + last.segment.len();
            if last.segment.len() * 2 < before.segment.len() || together > MAX_SEGMENT_TOKENS {
                break;
            }
            let files = before.fresh_files().chain(last.fresh_files()).collect();
            self.0.truncate(self.0.len() - 2);
            self.push(files);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> LexedFile {
        LexedFile::new(path.into(), text)
    }

    fn fresh(shelves: &Shelves) -> Vec<String> {
        let mut paths: Vec<String> = shelves
            .iter()
            .flat_map(Shelf::fresh_files)
            .map(|file| file.path.to_string())
            .collect();
        paths.sort_unstable();
        paths
    }

    #[test]
    fn learning_file_by_file_keeps_the_shelves_few() {
        let mut shelves = Shelves::default();
        for n in 0..200 {
            shelves = shelves.with(vec![file(&format!("{n}"), "let a = b;\n")]);
        }
        assert!(shelves.iter().count() <= 8, "{}", shelves.iter().count());
        assert_eq!(fresh(&shelves).len(), 200);
    }

    #[test]
    fn a_struck_file_is_gone_and_gives_its_memory_back() {
        let big = "let a = b;\n".repeat(50);
        let shelves = Shelves::default().with(vec![file("big", &big), file("small", "x")]);
        let left = shelves.without(["big"].into_iter());
        assert_eq!(fresh(&left), ["small"]);
        assert!(left.bytes() * 10 < shelves.bytes());
        assert_eq!(fresh(&shelves).len(), 2, "the value before is as it was");
    }

    #[test]
    fn when_all_is_gone_nothing_is_held() {
        let shelves = Shelves::default().with(vec![file("a", "x y"), file("b", "z")]);
        assert_eq!(shelves.without(["a", "b"].into_iter()).bytes(), 0);
    }
}
