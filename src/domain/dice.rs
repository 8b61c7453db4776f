//! Chance that a seed decides: the same on every machine and in every version of this program.

/// A row of numbers that looks random and follows from its seed (SplitMix64). Nothing that has to
/// be kept secret may come from it.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Begins the row of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number; every value is as likely as any other.
    pub const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number that is evenly spread over `[0, 1)`.
    pub fn share(&mut self) -> f64 {
        // The upper 53 bits are as many as a float can tell apart.
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number below `bound`, or 0 when that is 0.
    pub const fn below(&mut self, bound: usize) -> usize {
        if bound == 0 {
            return 0;
        }
        // The remainder's bias is below one in 10^15 for anything that fits into memory.
        (self.roll() % bound as u64) as usize
    }

    /// Puts `items` into an order that the dice choose.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_row() {
        // The first three numbers of SplitMix64 for the seed 1234567.
        let mut dice = Dice::new(1_234_567);
        let row = [dice.roll(), dice.roll(), dice.roll()];
        assert_eq!(
            row,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn shares_are_even_and_an_order_loses_nothing() {
        let mut dice = Dice::new(7);
        let n = 100_000;
        let mean = (0..n).map(|_| dice.share()).sum::<f64>() / f64::from(n);
        assert!((mean - 0.5).abs() < 0.005, "{mean}");
        let mut items: Vec<u32> = (0..50).collect();
        dice.shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
        assert_eq!(dice.below(0), 0);
    }
}
