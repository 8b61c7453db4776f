//! Places in a text.

use serde::{Deserialize, Serialize};

/// A place in a text, in bytes of UTF-8 from its start, always on a character border.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ByteOffset(usize);

impl ByteOffset {
    /// Makes an offset from a count of bytes.
    #[must_use]
    pub const fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    /// Returns the count of bytes.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}
