//! What the user has just changed, as compact diffs: how a change was made says how it goes on.
//!
//! The newest edits that fit are taken, one snippet for every file, named after the file with
//! `.diff` behind it. Lines are led by `-` and `+` as in every diff; there are no lines around them
//! and no numbers, which an edit above would change. What the text around the cursor shows anyhow
//! is left out: the line that is being typed, and lines nearby that replace nothing.

use std::ops::Range;

use super::collect::Context;
use super::related::{FRAME_TOKENS, Related, SHOWN_AFTER, SHOWN_BEFORE};
use super::tokens::estimate_tokens;
use crate::domain::{Snippet, Timestamp};
use crate::workspace::Kind;

/// How many edits are shown at most.
pub const MOST_EDITS: usize = 8;
/// All of them together have no more tokens, as estimated: an eighth of the largest prompt.
const MOST_TOKENS: u64 = 256;
/// An edit of more bytes, before or after, is a file that was moved or formatted.
const LONGEST: usize = 1_024;
/// What stands between two edits of a file.
const MARK: &str = "@@\n";

/// Lines that the user has changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// Its number in the list that it comes from.
    pub number: usize,
    /// The file, as prompts name it.
    pub path: String,
    /// Where the new lines stand in it, in bytes.
    pub place: Range<usize>,
    /// Their numbers, the first line of the file being 0.
    pub lines: Range<usize>,
    /// The lines that stood there.
    pub removed: String,
    /// The lines that stand there.
    pub added: String,
    /// When the last key was typed there.
    pub at: Timestamp,
}

/// Returns the edits that a prompt for this place may show: files in the order in which they were
/// edited last, the newest at the end, and in each the order of its lines. Of equal edits there are
/// equal bytes. Of those that would be shown, `may_leave` is asked, which may take its time.
#[must_use]
pub fn edited(
    context: &Context,
    mut edits: Vec<Edit>,
    may_leave: impl Fn(&Edit) -> bool,
) -> Vec<Related> {
    for edit in &mut edits {
        edit.leave_out_cursor(context);
    }
    edits.retain(|edit| edit.says_something() && !edit.is_shown(context));
    // The newest first; of equals the one that the name and the place put first.
    edits.sort_by(|a, b| {
        b.at.cmp(&a.at)
            .then_with(|| (&a.path, a.place.start).cmp(&(&b.path, b.place.start)))
    });
    let (mut tokens, mut seen) = (0, 0);
    edits.retain(|edit| {
        if seen == MOST_EDITS {
            return false;
        }
        let more = FRAME_TOKENS + estimate_tokens(&edit.text()).get();
        let fits = tokens + more <= MOST_TOKENS;
        // Of one that does not fit it need not be known.
        if fits && !may_leave(edit) {
            return false;
        }
        seen += 1;
        tokens += if fits { more } else { 0 };
        fits
    });
    let mut files: Vec<&str> = Vec::new();
    for edit in &edits {
        if !files.contains(&edit.path.as_str()) {
            files.push(&edit.path);
        }
    }
    let snippet_of = |path: &str| {
        let mut of_file: Vec<&Edit> = edits.iter().filter(|edit| edit.path == path).collect();
        of_file.sort_by_key(|edit| edit.place.start);
        let text: String = of_file.iter().map(|edit| edit.text()).collect();
        let lines = of_file.iter().map(|edit| edit.lines.clone());
        let lines = lines.reduce(|a, b| a.start..b.end).unwrap_or_default();
        Related {
            tokens: FRAME_TOKENS + estimate_tokens(&text).get(),
            snippet: Snippet {
                path: format!("{path}.diff"),
                text,
            },
            lines,
            kind: Kind::Edit,
            score: 0.0,
        }
    };
    files.into_iter().rev().map(snippet_of).collect()
}

impl Edit {
    /// Whether it is more than blanks, and small enough.
    fn says_something(&self) -> bool {
        let differ = || {
            let [removed, added] = [&self.removed, &self.added]
                .map(|text| text.split_whitespace().flat_map(str::bytes));
            !removed.eq(added)
        };
        self.removed.len() <= LONGEST && self.added.len() <= LONGEST && differ()
    }

    /// Ends before the line that is being typed, which changes with every key; what that alone has
    /// replaced says nothing.
    fn leave_out_cursor(&mut self, context: &Context) {
        let line = context.offset.get() - context.line_prefix.len();
        if self.path == context.path && self.place.contains(&line) {
            self.added.truncate(line - self.place.start);
            self.place.end = line;
            if self.added.trim().is_empty() {
                self.removed.clear();
            }
        }
    }

    /// Whether the lines around the cursor say it already.
    fn is_shown(&self, context: &Context) -> bool {
        let at = context.offset.get();
        let is_near = self.place.end + SHOWN_BEFORE >= at && self.place.start <= at + SHOWN_AFTER;
        self.path == context.path && is_near && self.removed.trim().is_empty()
    }

    fn text(&self) -> String {
        let mut text = MARK.to_owned();
        for (sign, lines) in [('-', &self.removed), ('+', &self.added)] {
            for line in lines.lines().filter(|line| !line.trim().is_empty()) {
                text.push(sign);
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::collect;
    use crate::documents::Snapshot;
    use crate::domain::{ByteOffset, DocumentUri};

    fn context(text: &str) -> Context {
        let at = text.find("$0").expect("a cursor");
        let uri = DocumentUri::new("file:///w/own.rs");
        let snapshot = Snapshot::of_text(uri, "rust", &text.replace("$0", ""));
        collect(&snapshot, None, ByteOffset::new(at), "own.rs", &[])
    }

    /// An edit of the first line of a file, so many seconds after the beginning.
    fn edit(path: &str, seconds: i64, removed: &str, added: &str) -> Edit {
        Edit {
            number: 0,
            path: path.to_owned(),
            place: 0..added.len(),
            lines: 0..added.lines().count(),
            removed: removed.to_owned(),
            added: added.to_owned(),
            at: Timestamp::from_unix_micros(seconds * 1_000_000),
        }
    }

    fn shown(edits: Vec<Edit>) -> Vec<(String, String)> {
        let found = edited(&context("fn f() {\n    $0\n}\n"), edits, |_| true);
        found
            .into_iter()
            .map(|one| (one.snippet.path, one.snippet.text))
            .collect()
    }

    #[test]
    fn each_file_is_one_diff_and_the_newest_stands_last() {
        let lower = Edit {
            place: 90..93,
            lines: 9..10,
            ..edit("a.rs", 1, "h(x);\n", "h(x, y);\n")
        };
        let found = shown(vec![
            edit("a.rs", 4, "    f(x);\n", "    f(x, y);\n"),
            edit("b.rs", 2, "", "fn g() {}\n\n"),
            lower,
        ]);
        assert_eq!(
            found,
            [
                ("b.rs.diff".to_owned(), "@@\n+fn g() {}\n".to_owned()),
                (
                    "a.rs.diff".to_owned(),
                    "@@\n-    f(x);\n+    f(x, y);\n@@\n-h(x);\n+h(x, y);\n".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn the_oldest_and_the_longest_have_no_place() {
        let many = |n: i64| edit(&format!("{n}.rs"), n, "a\n", "b\n");
        let found = shown((0..20).map(many).collect());
        assert_eq!(found.len(), MOST_EDITS);
        assert_eq!(found[0].0, "12.rs.diff");
        assert_eq!(found[7].0, "19.rs.diff");
        let long = "let a = b;\n".repeat(90);
        assert_eq!(
            shown(vec![edit("a.rs", 2, "", &long[..900]), many(1)]).len(),
            1,
            "the first one is too long for the room, the next one is not"
        );
        assert!(shown(vec![edit("a.rs", 2, "a\n", &long.repeat(2))]).is_empty());
        assert!(shown(vec![edit("a.rs", 2, "if a { b }\n", "if a {\n    b\n}\n")]).is_empty());
    }

    #[test]
    fn what_stands_around_the_cursor_is_not_said_again() {
        let own = context("let old = 1;\nlet a = $0;\n");
        let of = |place: Range<usize>, removed: &str| {
            let edit = Edit {
                place,
                ..edit("own.rs", 1, removed, "let old = 1;\n")
            };
            edited(&own, vec![edit], |_| true).len()
        };
        assert_eq!(of(0..13, ""), 0, "it is seen");
        assert_eq!(of(0..13, "let other = 1;\n"), 1, "what it was is not");
        assert_eq!(of(13..22, "let b = 1;\n"), 0, "it is being typed");
        let both = Edit {
            place: 0..22,
            ..edit("own.rs", 1, "let other = 1;\n", "let old = 1;\nlet a = ;\n")
        };
        let found = edited(&own, vec![both], |_| true);
        assert_eq!(
            found[0].snippet.text,
            "@@\n-let other = 1;\n+let old = 1;\n"
        );
    }
}
