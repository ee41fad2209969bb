//! How many of a kind there may be.

use crate::error::StoreError;

/// The most of a kind that one scope holds, and what whoever makes one more is told. It holds however many are made at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// So many.
    pub most: u32,
    /// Stable code of who is refused.
    pub code: &'static str,
    /// What to do then, in a sentence.
    pub detail: &'static str,
}

impl Bound {
    /// Whether there may be so many, the new one among them.
    ///
    /// # Errors
    /// [`StoreError::Full`] when there may not.
    pub fn admits(self, count: u64) -> Result<(), StoreError> {
        let Self { most, code, detail } = self;
        if count <= most.into() { Ok(()) } else { Err(StoreError::Full { code, detail }) }
    }
}
