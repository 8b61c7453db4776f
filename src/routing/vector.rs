//! What a place looks like to an estimate: a short list of numbered values.
//!
//! Names are hashed to slots, so a language or a column that nobody has seen before needs no table
//! and no migration. Two names may share a slot; the estimates live with that.

use crate::domain::fnv1a;

/// Values by slot. The first slot is always 1: it carries what is true everywhere.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FeatureVector {
    entries: Vec<(u32, f32)>,
}

impl FeatureVector {
    /// Makes a vector whose slots are known; they are put in order, values in one slot added up.
    #[must_use]
    pub fn of_slots(mut entries: Vec<(u32, f32)>) -> Self {
        entries.sort_unstable_by_key(|(slot, _)| *slot);
        entries.dedup_by(|next, sum| {
            let is_same = next.0 == sum.0;
            if is_same {
                sum.1 += next.1;
            }
            is_same
        });
        Self { entries }
    }

    /// Returns slots and values, each slot once.
    #[must_use]
    pub fn entries(&self) -> &[(u32, f32)] {
        &self.entries
    }
}

/// Collects the values of one place.
#[derive(Clone, Debug)]
pub struct Encoder {
    slots: u32,
    entries: Vec<(u32, f32)>,
}

impl Encoder {
    /// Begins a vector with this many slots, at least two.
    #[must_use]
    pub fn new(slots: u32) -> Self {
        Self {
            slots: slots.max(2),
            entries: vec![(0, 1.0)],
        }
    }

    /// Adds a number under a name. What is not finite is left out: nothing is known of it.
    pub fn number(&mut self, name: &str, value: f64) -> &mut Self {
        if value.is_finite() && value != 0.0 {
            self.add(fnv1a(name.as_bytes()), value as f32);
        }
        self
    }

    /// Adds that something named belongs to one kind of many, such as a language.
    pub fn kind(&mut self, name: &str, kind: &str) -> &mut Self {
        let mut key = Vec::with_capacity(name.len() + kind.len() + 1);
        key.extend_from_slice(name.as_bytes());
        key.push(b'=');
        key.extend_from_slice(kind.as_bytes());
        self.add(fnv1a(&key), 1.0);
        self
    }

    /// Adds a number whose name was hashed before.
    pub fn hashed(&mut self, hash: u64, value: f32) -> &mut Self {
        if value.is_finite() && value != 0.0 {
            self.add(hash, value);
        }
        self
    }

    fn add(&mut self, hash: u64, value: f32) {
        self.entries.push((slot_of(hash, self.slots), value));
    }

    /// Returns the vector; values in one slot are added up.
    #[must_use]
    pub fn finish(self) -> FeatureVector {
        FeatureVector::of_slots(self.entries)
    }
}

/// Returns the slot of a feature among `slots`, at least two, by the hash of its name: that of a
/// number, or `name=kind`.
pub(super) const fn slot_of(hash: u64, slots: u32) -> u32 {
    // Multiplied first: the low bits of FNV are its weak ones.
    let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    1 + (mixed as u32) % (slots - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_names_give_the_same_slots_in_any_order() {
        let mut one = Encoder::new(64);
        one.number("lines", 2.0).kind("language", "rust");
        let mut other = Encoder::new(64);
        other.kind("language", "rust").number("lines", 2.0);
        let one = one.finish();
        assert_eq!(one, other.finish());
        assert_eq!(one.entries()[0], (0, 1.0));
        assert!(one.entries().iter().all(|(slot, _)| *slot < 64));
    }

    #[test]
    fn what_is_not_known_is_left_out_and_a_slot_comes_once() {
        let mut encoder = Encoder::new(2);
        encoder.number("a", f64::NAN).number("b", 0.0);
        encoder.number("c", 1.0).number("d", 2.0);
        assert_eq!(encoder.finish().entries(), [(0, 1.0), (1, 3.0)]);
    }
}
