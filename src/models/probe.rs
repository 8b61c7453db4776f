//! What a server says of itself.

/// The answer to "who is there", for people.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Probe {
    /// The server's name and version, if it tells.
    pub server: Option<String>,
    /// The model that it serves, if it tells.
    pub model: Option<String>,
    /// Whether text after the cursor is used: `None` when it cannot be told.
    pub fim: Option<bool>,
    /// What is worth knowing, in whole sentences; empty when all is well.
    pub message: String,
}

impl Probe {
    /// Adds a sentence to the message.
    pub(super) fn note(&mut self, sentence: &str) {
        if !self.message.is_empty() {
            self.message.push(' ');
        }
        self.message.push_str(sentence);
    }
}
