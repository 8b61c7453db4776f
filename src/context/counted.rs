//! The lines on either side of the cursor with their tokens, each counted once for a prompt.

use super::tokens::{count_tokens, estimate_upwards};

/// How tokens are counted for one prompt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Counter {
    Estimate,
    Exact,
}

impl Counter {
    /// Returns a count that is not below the truth, for text as people write it.
    pub(super) fn count(self, text: &str) -> u64 {
        match self {
            Self::Exact => count_tokens(text).get(),
            Self::Estimate => estimate_upwards(text),
        }
    }

    /// Returns the count if it is within `room`, without counting what is far too long.
    fn count_within(self, text: &str, room: u64) -> Option<u64> {
        if text.len() as u64 > bytes_for(room) {
            return None;
        }
        Some(self.count(text)).filter(|&tokens| tokens <= room)
    }
}

/// Returns how many bytes so many tokens have at most, in text that people write.
fn bytes_for(tokens: u64) -> u64 {
    tokens.saturating_mul(24)
}

/// What some lines take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Taken {
    pub lines: usize,
    pub bytes: usize,
    pub tokens: u64,
}

/// The lines of one side, the one at the cursor first, as far as they fit into some room.
pub(super) struct Side<'t> {
    pub text: &'t str,
    lines: Vec<(&'t str, u64)>,
    is_whole: bool,
    counter: Counter,
}

impl<'t> Side<'t> {
    /// Counts the lines before the cursor; nobody may ask for more room than this.
    pub(super) fn before(text: &'t str, room: u64, counter: Counter) -> Self {
        Self::count(text, text.split_inclusive('\n').rev(), room, counter)
    }

    /// Counts the lines after the cursor.
    pub(super) fn after(text: &'t str, room: u64, counter: Counter) -> Self {
        Self::count(text, text.split_inclusive('\n'), room, counter)
    }

    fn count(
        text: &'t str,
        all: impl Iterator<Item = &'t str>,
        room: u64,
        counter: Counter,
    ) -> Self {
        let mut lines = Vec::new();
        let mut left = room;
        let mut is_whole = true;
        for line in all {
            let Some(tokens) = counter.count_within(line, left) else {
                is_whole = false;
                break;
            };
            left -= tokens;
            lines.push((line, tokens));
        }
        Self {
            text,
            lines,
            is_whole,
            counter,
        }
    }

    /// Returns what the lines take that fit, beginning at the cursor.
    pub(super) fn that_fit(&self, room: u64) -> Taken {
        let mut taken = Taken::default();
        for &(line, tokens) in &self.lines {
            let left = room - taken.tokens;
            if tokens > left || line.len() as u64 > bytes_for(left) {
                break;
            }
            taken.lines += 1;
            taken.bytes += line.len();
            taken.tokens += tokens;
        }
        taken
    }

    /// Returns whether these are all lines of the side.
    pub(super) const fn are_all(&self, taken: Taken) -> bool {
        self.is_whole && taken.lines == self.lines.len()
    }

    /// Takes back the lines that are the furthest from the cursor.
    pub(super) fn without_furthest(&self, mut taken: Taken, lines: usize) -> Taken {
        let left = taken.lines.saturating_sub(lines);
        for &(line, tokens) in &self.lines[left..taken.lines] {
            taken.bytes -= line.len();
            taken.tokens -= tokens;
        }
        taken.lines = left;
        taken
    }

    /// Returns the end of the side that fits where its last line alone does not.
    pub(super) fn end_that_fits(&self, room: u64) -> (&'t str, u64) {
        let line = self.text.split_inclusive('\n').next_back();
        let line = line.unwrap_or_default();
        let mut length = line.len().min(bytes_for(room) as usize);
        loop {
            let end = &line[line.ceil_char_boundary(line.len() - length)..];
            match self.counter.count_within(end, room) {
                Some(tokens) => return (end, tokens),
                None if end.is_empty() => return (end, 0),
                None => length = (length * 3 / 4).min(end.len() - 1),
            }
        }
    }

    /// Returns the start of the side that fits where its first line alone does not.
    pub(super) fn start_that_fits(&self, room: u64) -> (&'t str, u64) {
        let line = self.text.split_inclusive('\n').next().unwrap_or_default();
        let mut end = line.floor_char_boundary(line.len().min(bytes_for(room) as usize));
        while end > 0 {
            if let Some(tokens) = self.counter.count_within(&line[..end], room) {
                return (&line[..end], tokens);
            }
            end = line.floor_char_boundary(end * 3 / 4);
        }
        ("", 0)
    }
}
