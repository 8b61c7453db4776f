//! Numbers of three bytes: half the memory of an index is numbers that need no fourth.

/// The first number that does not fit.
pub(super) const LIMIT: usize = 1 << 24;

/// A row of numbers below [`LIMIT`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Packed(Vec<[u8; 3]>);

impl Packed {
    /// Makes an empty row with room for `n` numbers.
    pub(super) fn with_capacity(n: usize) -> Self {
        Self(Vec::with_capacity(n))
    }

    /// Appends a number.
    pub(super) fn push(&mut self, number: u32) {
        debug_assert!((number as usize) < LIMIT);
        let [a, b, c, _] = number.to_le_bytes();
        self.0.push([a, b, c]);
    }

    /// Returns the number at an index.
    pub(super) fn get(&self, at: usize) -> u32 {
        let [a, b, c] = self.0[at];
        u32::from_le_bytes([a, b, c, 0])
    }

    /// Returns the numbers in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0
            .iter()
            .map(|&[a, b, c]| u32::from_le_bytes([a, b, c, 0]))
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the memory it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<[u8; 3]>()
    }

    /// Returns the bare numbers, the lowest byte first.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_flattened()
    }

    /// Makes a row of `n` numbers whose bytes `fill` brings.
    pub(super) fn of_bytes<E>(
        n: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut numbers = vec![[0; 3]; n];
        fill(numbers.as_flattened_mut())?;
        Ok(Self(numbers))
    }
}

impl FromIterator<u32> for Packed {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let numbers = numbers.into_iter();
        let mut packed = Self::with_capacity(numbers.size_hint().0);
        numbers.for_each(|number| packed.push(number));
        packed
    }
}
