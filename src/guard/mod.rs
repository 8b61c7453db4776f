//! What may leave the machine: the one gate between the user's text and a model.
//!
//! [`models`](crate::models) takes nothing but [`Cleared`] text, and only this module can make it,
//! so there is no way round. It decides by names and patterns alone, reads no file and never fails:
//! what it cannot judge it treats as ordinary text, what it recognises it removes.
//! The rules are in `files` (whole files), `characters` (injection) and `secrets`.

mod characters;
mod files;
mod secrets;

use std::ops::Range;

use crate::domain::{Prompt, Snippet};

pub use secrets::NEAR;

/// Stands in place of a secret. A suggestion that holds it should not be offered.
pub const MASK: &str = "MASKED_SECRET";

/// Text that has passed the gate.
#[derive(Clone, PartialEq, Eq)]
pub struct Cleared<T>(T);

impl<T> Cleared<T> {
    /// Returns the text.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.0
    }

    /// Unwraps the text.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::fmt::Debug for Cleared<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A prompt in a log would be the user's source text.
        f.write_str("Cleared(..)")
    }
}

/// What was taken out of one prompt, as counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Redactions {
    /// Special tokens of a model family.
    pub special_tokens: u32,
    /// Invisible, bidirectional and other control characters.
    pub control_characters: u32,
    /// Secrets that were masked.
    pub secrets: u32,
    /// Texts of files that may not leave the machine: snippets, or the file at the cursor.
    pub excluded_files: u32,
}

impl Redactions {
    /// Returns whether nothing was taken out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The gate. It holds no state; a value of it says that the rules are in force.
#[derive(Clone, Copy, Debug, Default)]
pub struct Guard;

impl Guard {
    /// Makes the gate with the built-in rules.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// Returns why nothing of this file may leave the machine, as a short slug such as
    /// `private-key`, or `None` when it may.
    ///
    /// `path` may be relative or absolute, with either slash, or percent-encoded as in a URI.
    /// Letter case does not matter.
    #[must_use]
    pub fn excluded(&self, path: &str) -> Option<&'static str> {
        files::excluded(path)
    }

    /// Returns whether `text`, standing after `before`, is or completes a secret, or holds the mask
    /// of one. A secret that ends in `before` is the user's own and does not count.
    #[must_use]
    pub fn completes_secret(&self, before: &str, text: &str) -> bool {
        text.contains(MASK) || secrets::reaches_into(before, text)
    }

    /// Returns whether a part of a text, in bytes, holds a secret, or some of one that begins or
    /// ends elsewhere in it: the middle of a private key does not look like one by itself.
    #[must_use]
    pub fn holds_secret(&self, text: &str, part: Range<usize>) -> bool {
        secrets::reaches_into_part(text, &part)
    }

    /// Returns whether a text that comes in pieces names a private key. Where it does not, no secret
    /// is longer than a line, and [`holds_secret`](Self::holds_secret) needs no more text than
    /// [`NEAR`] bytes on either side.
    #[must_use]
    pub fn names_private_key<'t>(&self, pieces: impl Iterator<Item = &'t str>) -> bool {
        secrets::names_private_key(pieces)
    }

    /// Takes everything out of `prompt` that may not leave the machine or that could move the
    /// model's cursor, and says what it did.
    ///
    /// Equal prompts give equal bytes. The prompt of an excluded file comes back without any text.
    #[must_use]
    pub fn clear(&self, prompt: Prompt) -> (Cleared<Prompt>, Redactions) {
        let mut redactions = Redactions::default();
        let (prefix, suffix) = if self.excluded(&prompt.path).is_some() {
            redactions.excluded_files += 1;
            (String::new(), String::new())
        } else {
            let prefix = characters::strip(&prompt.prefix, &mut redactions);
            let suffix = characters::strip(&prompt.suffix, &mut redactions);
            // The cursor may stand inside a secret, so both sides are looked at as one text.
            secrets::mask_around_cursor(&prefix, &suffix, &mut redactions)
        };
        let mut snippets = Vec::with_capacity(prompt.snippets.len());
        for snippet in prompt.snippets {
            if self.excluded(&snippet.path).is_some() {
                redactions.excluded_files += 1;
                continue;
            }
            let text = characters::strip(&snippet.text, &mut redactions);
            snippets.push(Snippet {
                path: characters::strip_line(&snippet.path, &mut redactions),
                text: secrets::mask(&text, &mut redactions),
            });
        }
        let cleared = Prompt {
            path: characters::strip_line(&prompt.path, &mut redactions),
            language: characters::strip_line(&prompt.language, &mut redactions),
            snippets,
            prefix,
            suffix,
            single_line: prompt.single_line,
            max_output_tokens: prompt.max_output_tokens,
            input_tokens: prompt.input_tokens,
        };
        (Cleared(cleared), redactions)
    }
}

#[cfg(test)]
mod tests;
