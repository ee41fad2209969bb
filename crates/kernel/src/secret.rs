//! Values that must not be seen, and the port that seals them for storage.

use crate::error::StoreError;
use zeroize::Zeroizing;

/// A value that has no `Debug`, `Display` or `Serialize` of its content and is wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value into keeping.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value itself. Named so that a reader stops at each use.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Secret {
    /// Takes as long for any two values of one length.
    fn eq(&self, other: &Self) -> bool {
        let (own, others) = (self.0.as_bytes(), other.0.as_bytes());
        own.len() == others.len() && own.iter().zip(others).fold(0, |unlike, (a, b)| unlike | (a ^ b)) == 0
    }
}

impl Eq for Secret {}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The place of a sealed value. It is authenticated with the value, so that a sealed value moved to another row or
/// column does not open.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Table.
    pub table: &'a str,
    /// Column.
    pub column: &'a str,
    /// The row's id.
    pub row: uuid::Uuid,
}

/// Seals values for storage and makes their look-up keys.
pub trait Cipher: Send + Sync {
    /// Encrypts `value` for its place. Two seals of one value differ.
    fn seal(&self, place: Place<'_>, value: &[u8]) -> Vec<u8>;

    /// Decrypts what [`Cipher::seal`] made for the same place.
    fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError>;

    /// A keyed digest of a normalised value, equal for equal values: for equality look-ups only.
    /// `purpose` (such as `customers.phone`) keeps digests of different columns apart.
    fn blind_index(&self, purpose: &str, value: &str) -> [u8; 32];
}
