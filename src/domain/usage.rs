//! What a call used, in the inclusive form: caches are part of the input, reasoning of the output.

use serde::{Deserialize, Serialize};

/// A number of tokens, as some tokenizer counts them.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct TokenCount(u64);

impl TokenCount {
    /// No tokens.
    pub const ZERO: Self = Self(0);

    /// Makes a count.
    #[must_use]
    pub const fn new(tokens: u64) -> Self {
        Self(tokens)
    }

    /// Returns the count.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the difference, or zero when `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::ops::Add for TokenCount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// What one call used. Providers count in three different ways; each protocol converts to this.
///
/// `input_total` includes cache reads and writes, `output_total` includes reasoning. A part that
/// the provider did not report is `None`, never zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Usage {
    /// All input tokens, cached or not.
    pub input_total: Option<TokenCount>,
    /// Input tokens read from the provider's prompt cache.
    pub cache_read: Option<TokenCount>,
    /// Input tokens written to the provider's prompt cache, kept for minutes.
    pub cache_write_5m: Option<TokenCount>,
    /// Input tokens written to the provider's prompt cache, kept for an hour.
    pub cache_write_1h: Option<TokenCount>,
    /// All output tokens, reasoning included.
    pub output_total: Option<TokenCount>,
    /// Output tokens spent on reasoning.
    pub reasoning: Option<TokenCount>,
}

impl Usage {
    /// Returns whether both totals are known, so that the call can be priced from them alone.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.input_total.is_some() && self.output_total.is_some()
    }

    /// Returns the input tokens that were neither read from nor written to a cache.
    #[must_use]
    pub fn uncached_input(&self) -> Option<TokenCount> {
        let cached = [self.cache_read, self.cache_write_5m, self.cache_write_1h]
            .into_iter()
            .flatten()
            .fold(TokenCount::ZERO, std::ops::Add::add);
        self.input_total.map(|total| total.saturating_sub(cached))
    }
}
