//! The memory that Argon2 works in: 19 MiB a hash, which would otherwise be asked of the system and wiped each time.

use argon2::Block;
use std::sync::{Mutex, PoisonError};

/// Memory for one hash at a time.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    /// So many blocks of 1 KiB, with anything in them.
    pub(super) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            self.0.resize(count, Block::default());
        }
        &mut self.0[..count]
    }

    fn shrink(&mut self, count: usize) {
        if self.0.len() > count {
            self.0.truncate(count);
            self.0.shrink_to_fit();
        }
    }
}

/// Memories that nobody uses at the moment. There come to be as many as are in use at once.
pub(super) struct Memories {
    idle: Mutex<Vec<Memory>>,
    usual: usize,
}

impl Memories {
    /// None yet. One that served a hash of more than `usual` blocks gives the rest back.
    pub(super) fn of(usual: usize) -> Self {
        Self { idle: Mutex::default(), usual }
    }

    /// Lends memory for some work.
    pub(super) fn lend<T>(&self, work: impl FnOnce(&mut Memory) -> T) -> T {
        let mut memory = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let result = work(&mut memory);
        memory.shrink(self.usual);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        result
    }

    /// How many KiB are kept.
    #[cfg(test)]
    pub(super) fn kept_kib(&self) -> usize {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|memory| memory.0.capacity()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_lent_again_and_never_more_than_usual_is_kept() {
        let memories = Memories::of(16);
        assert_eq!(memories.lend(|memory| memory.blocks(8).len()), 8);
        assert_eq!(memories.kept_kib(), 8);
        for count in [16, 100, 1] {
            assert_eq!(memories.lend(|memory| memory.blocks(count).len()), count);
            assert_eq!(memories.kept_kib(), 16);
        }
        memories.lend(|_| memories.lend(|memory| memory.blocks(16).len()));
        assert_eq!(memories.kept_kib(), 32, "two were in use at once");
    }
}
