//! A hash map by token, which does not hash what is a hash already.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::lex::TokenId;

/// A map by token.
pub(super) type ByToken<T> = HashMap<TokenId, T, BuildHasherDefault<IdHasher>>;

/// Spreads an id, which is 32 mixed bits, over the 64 bits that a table looks at.
#[derive(Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0 << 8 | u64::from(byte);
        }
    }

    fn write_u32(&mut self, id: u32) {
        self.0 = u64::from(id).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
