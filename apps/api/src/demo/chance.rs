//! Dice whose throws depend on the seed alone.

/// An xorshift64* generator: plenty for a demo, useless for secrets.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// Dice with this seed.
    pub(super) const fn new(seed: u64) -> Self {
        // The state must not be 0, and seeds that lie close together should not throw alike.
        Self((seed ^ 0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from 0 up to and without `bound`; 0 for a bound of 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        let high = self.next() >> 32;
        u32::try_from((high * u64::from(bound)) >> 32).unwrap_or(0)
    }

    /// Whether something happens that happens in so many of 100 cases.
    pub(super) fn percent(&mut self, cases: u32) -> bool {
        self.below(100) < cases
    }

    /// One of some things; `None` of nothing.
    pub(super) fn of<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let bound = u32::try_from(things.len()).unwrap_or(u32::MAX);
        things.get(self.below(bound) as usize)
    }

    /// One of some things, each as often as its weight says; `None` when none weighs anything.
    pub(super) fn weighted<'a, T>(&mut self, things: &'a [T], weight: impl Fn(&T) -> u32) -> Option<&'a T> {
        let mut left = self.below(things.iter().map(&weight).sum());
        things.iter().find(|thing| match left.checked_sub(weight(thing)) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_throw_alike_and_stay_within_bounds() {
        let (mut one, mut other) = (Chance::new(7), Chance::new(7));
        let mut seen = [0_u32; 6];
        for _ in 0..6000 {
            let throw = one.below(6);
            assert_eq!(throw, other.below(6));
            seen[throw as usize] += 1;
        }
        assert!(seen.iter().all(|times| (800..1200).contains(times)), "{seen:?}");
        assert_eq!((one.below(0), one.of::<u8>(&[])), (0, None));
    }

    #[test]
    fn weights_count() {
        let mut chance = Chance::new(1);
        let mut seen = [0_u32; 3];
        for _ in 0..4000 {
            seen[*chance.weighted(&[0, 1, 2], |thing| [1, 0, 3][*thing]).unwrap()] += 1;
        }
        assert!((850..1150).contains(&seen[0]) && seen[1] == 0, "{seen:?}");
        assert_eq!(chance.weighted(&[1], |_| 0), None);
    }
}
