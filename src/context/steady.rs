//! Keeps a prompt the same while one burst of typing goes on, so that providers' prompt caches know
//! it again: what was gathered from other files stays while the cursor stays near, and the text
//! after the cursor stays as it was shown while it hardly changes.

use std::sync::Arc;

use super::collect::Context;
use super::related::Related;
use crate::domain::BurstId;

/// How far the cursor may go, in bytes, before other files are asked again: two or three lines.
const REACH: usize = 160;
/// Text after the cursor that a change is measured against, in bytes.
const NEAR: usize = 1_024;
/// Less than this share of that may have changed, in percent.
const CHANGED: usize = 10;

/// What the prompts of one burst have in common.
#[derive(Clone, Debug)]
pub struct Steady {
    burst: BurstId,
    from: usize,
    related: Arc<[Related]>,
    suffix: String,
}

impl Steady {
    /// Begins at a place with what was gathered for it.
    #[must_use]
    pub fn begin(burst: BurstId, context: &Context, related: Vec<Related>) -> Self {
        Self {
            burst,
            from: context.offset.get(),
            related: related.into(),
            suffix: context.suffix.clone(),
        }
    }

    /// Returns what was gathered.
    #[must_use]
    pub fn all(&self) -> Arc<[Related]> {
        Arc::clone(&self.related)
    }

    /// Returns what was gathered, if it still holds at a place.
    #[must_use]
    pub fn related(&self, burst: BurstId, context: &Context) -> Option<Arc<[Related]>> {
        let is_near = context.offset.get().abs_diff(self.from) <= REACH;
        (self.burst == burst && is_near).then(|| Arc::clone(&self.related))
    }

    /// Returns the text after the cursor as prompts are to show it: as before, unless it changed.
    #[must_use]
    pub fn suffix(&self, context: &Context) -> Option<String> {
        let now = &context.suffix;
        (*now != self.suffix && is_alike(&self.suffix, now)).then(|| self.suffix.clone())
    }
}

/// Whether two texts after a cursor differ by little, and not on the cursor's line but in what an
/// editor closes by itself.
fn is_alike(before: &str, now: &str) -> bool {
    let line = |text: &str| {
        let line = text.lines().next().unwrap_or_default();
        line.trim_start_matches(|c: char| c.is_whitespace() || ")]}>\"'`".contains(c))
            .to_owned()
    };
    if line(before) != line(now) {
        return false;
    }
    let same = |(one, other): &(u8, u8)| one == other;
    let head = before.bytes().zip(now.bytes()).take_while(same).count();
    let rest = before.len().min(now.len()) - head;
    let ends = before.bytes().rev().zip(now.bytes().rev());
    let tail = ends.take(rest).take_while(same).count();
    let longest = before.len().max(now.len());
    (longest - head - tail) * 100 < longest.min(NEAR) * CHANGED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::collect;
    use crate::documents::Snapshot;
    use crate::domain::{ByteOffset, DocumentUri, Timestamp};

    fn context(text: &str) -> Context {
        let at = text.find("$0").expect("a cursor");
        let uri = DocumentUri::new("file:///w/a.rs");
        let snapshot = Snapshot::of_text(uri, "rust", &text.replace("$0", ""));
        collect(&snapshot, None, ByteOffset::new(at), "a.rs", &[])
    }

    fn burst(n: i64) -> BurstId {
        BurstId::new(Timestamp::from_unix_micros(n * 1_000_000))
    }

    #[test]
    fn what_was_gathered_stays_in_its_burst_and_near_its_place() {
        let one = burst(1);
        let steady = Steady::begin(one, &context("let a = $0\n"), Vec::new());
        assert!(steady.related(one, &context("let a = b.c(d$0\n")).is_some());
        assert!(steady.related(burst(2), &context("let a = $0\n")).is_none());
        let far = format!("{}$0\n", "let a = b;\n".repeat(20));
        assert!(steady.related(one, &context(&far)).is_none());
    }

    #[track_caller]
    fn check(before: &str, now: &str, is_kept: bool) {
        let steady = Steady::begin(burst(1), &context(&format!("f($0{before}")), Vec::new());
        let kept = steady.suffix(&context(&format!("f($0{now}")));
        assert_eq!(kept.as_deref(), is_kept.then_some(before));
    }

    #[test]
    fn the_text_after_the_cursor_stays_while_it_hardly_changes() {
        let below: String = (0..90).map(|n| format!("line_{n}();\n")).collect();
        let closed = format!(")\n{below}");
        check(&format!("\n{below}"), &closed, true);
        check(&closed, &closed, false);
        // Another rest of the line says something else.
        check(&closed, &format!("a, b)\n{below}"), false);
        check(
            &closed,
            &format!(")\nother();\n{}", "another();\n".repeat(90)),
            false,
        );
        let changed = below.replace("line_3();", "line_4();");
        check(&format!("\n{below}"), &format!("\n{changed}"), true);
        check("\n}\n", "\n    g();\n}\n", false);
    }
}
