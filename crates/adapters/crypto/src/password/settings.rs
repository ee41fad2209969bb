//! What hashing may cost.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// The most KiB of memory of one hash, new or kept.
pub(super) const MOST_MEMORY_KIB: u32 = 256 * 1024;
/// The most passes of one hash, new or kept.
pub(super) const MOST_PASSES: u32 = 32;
/// The most lanes of one hash, new or kept.
pub(super) const MOST_LANES: u32 = 16;

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

/// Costs that Argon2 cannot have (RFC 9106, 3.1), or that are too high to bear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "password hashing takes 8 KiB of memory for each of its 1 to {MOST_LANES} lanes, up to {MOST_MEMORY_KIB} KiB, and 1 to {MOST_PASSES} passes"
)]
pub struct BadCost;
