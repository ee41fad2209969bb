//! The key of the digests by which sealed values are found again.

use crate::derive::hmac;
use crate::master_key::MasterKey;
use musubi_kernel::id::IdGen;
use zeroize::Zeroizing;

/// Makes [blind indexes](musubi_kernel::secret::Cipher::blind_index). It is kept in the database, sealed, and stays when
/// master keys change: digests in unique keys cannot be made anew while others write.
#[derive(Clone, PartialEq, Eq)]
pub struct LookUpKey(Zeroizing<[u8; 32]>);

/// Bytes that are no look-up key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a look-up key has 32 bytes")]
pub struct NoLookUpKey;

impl LookUpKey {
    /// A new key.
    pub fn generate(ids: &dyn IdGen) -> Self {
        Self(Zeroizing::new(ids.secret()))
    }

    /// The key of a database that keeps none yet: it follows from the master key.
    pub(crate) fn of(master: &MasterKey) -> Self {
        Self(hmac(&master.0, &[b"musubi.look-up.v1"]))
    }

    /// A key from its bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NoLookUpKey> {
        bytes.try_into().map(|bytes| Self(Zeroizing::new(bytes))).map_err(|_| NoLookUpKey)
    }

    /// Its bytes, to be sealed. Named so that a reader stops at each use.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for LookUpKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LookUpKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::SystemIds;

    #[test]
    fn it_is_kept_as_its_bytes() {
        let key = LookUpKey::generate(&SystemIds);
        assert!(LookUpKey::from_bytes(key.expose()) == Ok(key));
        assert_eq!(LookUpKey::from_bytes(&[7; 31]), Err(NoLookUpKey));
    }
}
