//! The memory that Argon2 works in: 19 MiB a hash, which would otherwise be asked of the system and wiped each time.

use argon2::Block;
use musubi_allocator::wish_for_large_pages;

/// Memory for one hash at a time.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    /// So many blocks of 1 KiB, with anything in them.
    pub(super) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            self.0 = Vec::with_capacity(count);
            wish_for_large_pages(self.0.spare_capacity_mut());
            self.0.resize(count, Block::default());
        }
        &mut self.0[..count]
    }

    /// Gives back what is more than `count` blocks.
    pub(super) fn shrink(&mut self, count: usize) {
        if self.0.len() > count {
            self.0.truncate(count);
            self.0.shrink_to_fit();
        }
    }

    /// How many KiB it holds.
    #[cfg(test)]
    pub(super) fn kib(&self) -> usize {
        self.0.capacity()
    }
}
