//! What an editor's status line shows.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::{ModelId, Money};

/// The one word of the status.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StatusState {
    /// The workspace is being learned; completions already work.
    Indexing,
    /// All is well.
    #[default]
    Ready,
    /// Something can be mended by the user.
    Warning,
}

impl StatusState {
    /// Returns the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Indexing => "indexing",
            Self::Ready => "ready",
            Self::Warning => "warning",
        }
    }
}

/// The session so far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Status {
    /// The one word.
    pub state: StatusState,
    /// A sentence for a tooltip.
    pub message: String,
    /// Suggestions sent to the editor.
    pub offered: u64,
    /// Suggestions taken whole.
    pub accepted: u64,
    /// Money spent; calls of unknown cost are not in it.
    pub cost: Money,
    /// Models that rest because they failed, and why.
    resting: BTreeMap<ModelId, String>,
}

impl Status {
    /// Shows something that the user can mend, until the session ends.
    pub fn warn(&mut self, message: &str) {
        self.state = StatusState::Warning;
        message.clone_into(&mut self.message);
    }

    /// Returns what a tooltip says: the message, and the models that rest.
    #[must_use]
    pub fn sentence(&self) -> String {
        let resting = self.resting.values().map(String::as_str);
        let parts = [self.message.as_str()].into_iter().chain(resting);
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        parts.join("; ")
    }

    /// Shows that a model is not asked for a while, and why.
    pub fn rests(&mut self, model: &ModelId, why: &dyn std::fmt::Display, rest: Duration) {
        let seconds = rest.as_secs();
        let sentence = format!("{model} is not asked for {seconds} s: {why}");
        self.resting.insert(model.clone(), sentence);
    }

    /// Shows that a model answers again.
    pub fn is_well(&mut self, model: &ModelId) {
        self.resting.remove(model);
    }

    /// Shows progress, unless a warning stands.
    pub fn set(&mut self, state: StatusState, message: String) {
        if self.state != StatusState::Warning {
            self.state = state;
            self.message = message;
        }
    }
}
