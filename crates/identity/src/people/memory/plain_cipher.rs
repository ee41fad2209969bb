//! Sealing that seals nothing.

use musubi_kernel::error::StoreError;
use musubi_kernel::secret::{Cipher, Place};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// A cipher without a key, which seals nothing. For tests alone.
#[derive(Debug, Default, Clone, Copy)]
pub struct PlainCipher;

impl Cipher for PlainCipher {
    fn seal(&self, _: Place<'_>, value: &[u8]) -> Vec<u8> {
        value.to_vec()
    }

    fn open(&self, _: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        Ok(Zeroizing::new(sealed.to_vec()))
    }

    fn blind_index(&self, purpose: &str, value: &str) -> [u8; 32] {
        Sha256::digest(format!("{purpose}\0{value}")).into()
    }
}
