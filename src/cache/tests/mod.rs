//! What the cache promises, and that it is what a plain list would answer.

mod bounds;
mod model;
mod places;
mod shown;
mod since;

use super::*;
use crate::domain::Timestamp;

fn uri() -> DocumentUri {
    DocumentUri::new("file:///a.rs")
}

fn answer(text: &str) -> Answer {
    let now = Timestamp::from_unix_micros(1_000_000);
    Answer {
        id: CompletionId::new(now),
        decision: DecisionId::new(now),
        episode: EpisodeId::new(now),
        model: ModelId::embedded(),
        tier: Tier::InHouse,
        confidence: None,
        text: text.into(),
    }
}

fn place<'a>(document: &'a DocumentUri, before: &'a str, after: &'a str) -> Place<'a> {
    Place {
        document,
        language: "rust",
        policy: "p",
        before,
        after,
    }
}

/// Returns the ends of both texts that are within reach, on character borders.
fn window<'t>(before: &'t str, after: &'t str, bytes: (usize, usize)) -> (&'t str, &'t str) {
    let (mut start, mut end) = (
        before.len().saturating_sub(bytes.0),
        after.len().min(bytes.1),
    );
    while !before.is_char_boundary(start) {
        start -= 1;
    }
    while !after.is_char_boundary(end) {
        end -= 1;
    }
    (&before[start..], &after[..end])
}
