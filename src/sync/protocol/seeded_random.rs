//! Randomness from a seed: what an engine or a simulation chooses, it chooses again when it runs again.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). Not for secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 where there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias of the remainder is far below anything that a choice of peers could notice.
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// Moves `count` randomly chosen elements to the front and drops the others.
    pub fn choose<T>(&mut self, elements: &mut Vec<T>, count: usize) {
        let length = elements.len();
        for place in 0..count.min(length) {
            let rest = u64::try_from(length - place).unwrap_or(u64::MAX);
            let other = place + usize::try_from(self.below(rest)).unwrap_or(0);
            elements.swap(place, other);
        }
        elements.truncate(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let numbers = |seed| (0..5).scan(Random::new(seed), |random, _| Some(random.next())).collect::<Vec<_>>();
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
    }

    #[test]
    fn a_choice_takes_distinct_elements_and_all_of_a_short_list() {
        let mut random = Random::new(1);
        for count in 0..12 {
            let mut chosen: Vec<u32> = (0..10).collect();
            random.choose(&mut chosen, count);
            assert_eq!(chosen.len(), count.min(10));
            chosen.sort_unstable();
            chosen.dedup();
            assert_eq!(chosen.len(), count.min(10));
        }
        assert_eq!(random.below(0), 0);
    }
}
