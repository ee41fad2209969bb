//! What hashing may cost.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// The most KiB of memory of one hash, new or kept.
pub const MOST_MEMORY_KIB: u32 = 256 * 1024;
/// The most passes of one hash, new or kept.
pub const MOST_PASSES: u32 = 32;
/// The most lanes of one hash, new or kept.
pub const MOST_LANES: u32 = 16;

/// How new passwords are hashed, and how many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashingSettings {
    /// Argon2's memory in KiB.
    pub memory_kib: u32,
    /// Argon2's passes over that memory.
    pub passes: u32,
    /// Argon2's lanes. They are worked off one after the other.
    pub lanes: u32,
    /// How many passwords are hashed at once. So many times `memory_kib` is what hashing takes of the memory.
    pub at_once: NonZeroUsize,
    /// How many more may wait for their turn.
    pub waiting: usize,
}

impl Default for HashingSettings {
    /// 19 MiB, 2 passes and 1 lane, as the OWASP Password Storage Cheat Sheet asks for; as many at once as there are cores;
    /// a queue of 64 for each of these, which takes one to two seconds to pass.
    fn default() -> Self {
        let cores = available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1, at_once: cores, waiting: 64 * cores.get() }
    }
}

impl HashingSettings {
    /// Whether a hash costs a thief as much as the OWASP Password Storage Cheat Sheet asks for: the memory for these passes,
    /// or more. Lanes do not count.
    pub const fn is_dear_enough(&self) -> bool {
        self.memory_kib >= least_memory_kib(self.passes)
    }
}

/// The least KiB of memory for so many passes, of the settings of equal strength in the OWASP Password Storage Cheat Sheet.
///
/// ```
/// use musubi_crypto::least_memory_kib;
/// assert_eq!([1, 2, 3, 4, 5, 6].map(|passes| least_memory_kib(passes) / 1024), [46, 19, 12, 9, 7, 7]);
/// ```
pub const fn least_memory_kib(passes: u32) -> u32 {
    1024 * match passes {
        0 | 1 => 46,
        2 => 19,
        3 => 12,
        4 => 9,
        _ => 7,
    }
}

/// Costs that Argon2 cannot have (RFC 9106, 3.1), or that are too high to bear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "password hashing takes 8 KiB of memory for each of its 1 to {MOST_LANES} lanes, up to {MOST_MEMORY_KIB} KiB, and 1 to {MOST_PASSES} passes"
)]
pub struct BadCost;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_owasp_asks_for_is_dear_enough() {
        let of = |memory_mib: u32, passes| HashingSettings {
            memory_kib: memory_mib * 1024,
            passes,
            ..HashingSettings::default()
        };
        assert!(HashingSettings::default().is_dear_enough());
        for (memory_mib, passes) in [(46, 1), (19, 2), (12, 3), (9, 4), (7, 5), (7, 32), (256, 1)] {
            assert!(of(memory_mib, passes).is_dear_enough(), "{memory_mib} {passes}");
            let less = HashingSettings { memory_kib: least_memory_kib(passes) - 1, ..of(memory_mib, passes) };
            assert!(!less.is_dear_enough(), "{passes}");
        }
    }
}
