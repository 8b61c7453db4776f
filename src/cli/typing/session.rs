//! Types one line as a person would who takes every suggestion that is wholly right.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tokio::time::{Interval, MissedTickBehavior};

use super::pick::PickedLine;
use super::tally::{LineRun, Suggestion};
use crate::cli::lsp_client::document::{OpenDocument, byte_column};
use crate::cli::lsp_client::wire::{InlineCompletionItem, Position, Range};
use crate::cli::lsp_client::{LspClient, LspError};

/// A pair of hands at one server.
pub(super) struct Typist<'a> {
    client: &'a LspClient,
    patience: Duration,
    keys_per_second: Option<u16>,
}

impl<'a> Typist<'a> {
    pub(super) fn new(
        client: &'a LspClient,
        patience: Duration,
        keys_per_second: Option<u16>,
    ) -> Self {
        Self {
            client,
            patience,
            keys_per_second,
        }
    }

    /// Types `line` into its empty place in `document` and counts into `run`; `show` sees every
    /// suggestion once, when it is first offered.
    ///
    /// # Errors
    /// The server ended, refused, or took longer than the typist's patience over one key.
    pub(super) async fn type_line(
        &self,
        document: &mut OpenDocument,
        line: &PickedLine,
        run: &mut LineRun,
        show: &mut impl FnMut(&LineRun, &Suggestion),
    ) -> Result<(), LspError> {
        let mut pace = self.keys_per_second.map(pace);
        let mut position = document.end_of_line(line.number);
        let mut rest = line.text.as_str();
        let mut seen = HashSet::new();
        while let Some(key) = rest.chars().next() {
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
            let pressed = Instant::now();
            let (typed, following) = rest.split_at(key.len_utf8());
            position = document
                .replace(self.client, Range::at(position), typed)
                .await?;
            rest = following;
            let items = document
                .complete(self.client, position, self.patience)
                .await?;
            run.key(pressed.elapsed());

            let Some(item) = items.into_iter().next() else {
                continue;
            };
            // The same suggestion continued while it is typed through is not a new offer.
            if !seen.insert(item.completion_id().map(str::to_owned)) {
                continue;
            }
            let suggested = suggested(document, position, &item);
            let right = suggested.is_some_and(|suggested| is_right(suggested, rest));
            let taken = if right {
                suggested.map_or(0, str::len)
            } else {
                0
            };
            let done = &line.text[..line.text.len() - rest.len()];
            let shown = suggested.unwrap_or(&item.insert_text);
            let suggestion = Suggestion::new(&item, done, shown, right);
            show(run, &suggestion);
            run.offer(suggestion);
            if right {
                position = document
                    .accept(self.client, position, &item, self.patience)
                    .await?;
                rest = &rest[taken..];
            }
        }
        Ok(())
    }
}

/// Returns what the suggestion would add behind the cursor; `None` when it would change what is
/// already there, which no editor shows as ghost text.
fn suggested<'i>(
    document: &OpenDocument,
    position: Position,
    item: &'i InlineCompletionItem,
) -> Option<&'i str> {
    let range = item.range.unwrap_or(Range::at(position));
    if range.end != position || range.start.line != position.line {
        return None;
    }
    let line = document.line(position.line);
    let replaced = &line[byte_column(line, range.start.character)..];
    item.insert_text.strip_prefix(replaced)
}

/// Whether a person would take `suggested` where `rest` is what the line goes on with: all of it
/// is what follows, and it does not stop inside a word.
fn is_right(suggested: &str, rest: &str) -> bool {
    let Some(left) = rest.strip_prefix(suggested) else {
        return false;
    };
    let in_word =
        |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let cuts_a_word = in_word(suggested.chars().last()) && in_word(left.chars().next());
    !suggested.is_empty() && !cuts_a_word
}

fn pace(keys_per_second: u16) -> Interval {
    let mut pace = tokio::time::interval(Duration::from_secs(1) / u32::from(keys_per_second));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

#[cfg(test)]
mod tests {
    use super::is_right;

    #[test]
    fn the_whole_rest_of_the_line_is_right() {
        assert!(is_right("al = 1;", "al = 1;"));
    }

    #[test]
    fn a_beginning_of_the_rest_is_right_at_a_word_border() {
        assert!(is_right("al", "al = 1;"));
        assert!(is_right("al = ", "al = 1;"));
    }

    #[test]
    fn a_suggestion_that_stops_inside_a_word_is_not() {
        assert!(!is_right("al", "allowance = 1;"));
    }

    #[test]
    fn one_wrong_character_or_one_too_many_is_not() {
        assert!(!is_right("al = 2;", "al = 1;"));
        assert!(!is_right("al = 1; // sum", "al = 1;"));
        assert!(!is_right("al = 1;\nlet b", "al = 1;"));
    }

    #[test]
    fn nothing_is_not() {
        assert!(!is_right("", "al = 1;"));
        assert!(!is_right("x", ""));
    }
}
