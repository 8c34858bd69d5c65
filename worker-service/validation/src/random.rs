//! The seeded generator of random numbers: the same seed gives the same queries in every version.

/// `SplitMix64`, as published by Steele, Lea and Flood ("Fast splittable pseudorandom number generators", 2014). It
/// is written here so that no new version of a library changes the queries of a seed.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

/// The offset basis and the prime of FNV-1a with 64 bits.
const FNV: (u64, u64) = (0xcbf2_9ce4_8422_2325, 0x0100_0000_01b3);

impl Random {
    /// Returns the generator of `seed` for `purpose`. Each purpose has a sequence of its own, so that a new kind of
    /// query changes no other kind.
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let hash = purpose.bytes().fold(FNV.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV.1));
        let mut random = Self { state: seed };
        random.state = random.next() ^ hash;
        random
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `count`, or 0 if `count` is 0.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        // The upper half of a product is uniform except for a bias of at most count / 2^64.
        ((u128::from(self.next()) * count as u128) >> 64) as usize
    }

    /// Returns one of `items`, or `None` if there are none.
    pub(crate) fn choose<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// Returns true in one of `count` cases.
    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Puts `items` into a random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_published_ones() {
        let mut random = Random { state: 1_234_567 };
        let numbers: Vec<u64> = (0..5).map(|_| random.next()).collect();
        let published: [u64; 5] = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(numbers, published);
    }

    #[test]
    fn seed_and_purpose_determine_the_sequence() {
        let first = |seed, purpose| Random::new(seed, purpose).next();
        assert_eq!(first(1, "alias"), first(1, "alias"));
        assert_ne!(first(1, "alias"), first(2, "alias"));
        assert_ne!(first(1, "alias"), first(1, "exact"));
    }

    #[test]
    fn a_shuffle_keeps_every_item_and_a_choice_is_one_of_them() {
        let mut random = Random::new(7, "test");
        let mut items: Vec<u32> = (0..100).collect();
        random.shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<u32>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<u32>>());
        assert!((0..1_000).all(|_| random.below(3) < 3));
        assert_eq!(random.choose::<u8>(&[]), None);
        assert_eq!(random.below(0), 0);
    }
}
