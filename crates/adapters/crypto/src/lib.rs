//! Sealing of stored values, look-up keys of sealed values, password hashing, and QR codes.
//!
//! [`KeyRing`] is the kernel's [`Cipher`](musubi_kernel::secret::Cipher). Its keys are derived from [`MasterKeys`] of 32
//! random bytes, which come from the environment or from a file that is made when there is none. The [`LookUpKey`] is kept in
//! the database, sealed.
//! [`PasswordPool`] is identity's [`PasswordHasher`](musubi_identity::password_hasher::PasswordHasher); [`QrCode`] draws what
//! a phone is to read.
//!
//! ```
//! use musubi_crypto::{KeyRing, MasterKey};
//! use musubi_kernel::id::SystemIds;
//! use musubi_kernel::secret::{Cipher, Place};
//! use std::sync::Arc;
//!
//! let ring = KeyRing::new(&MasterKey::generate(&SystemIds), Arc::new(SystemIds));
//! let place = Place { table: "customers", column: "phone", row: uuid::Uuid::nil() };
//! let sealed = ring.seal(place, b"+81312345678");
//! assert_eq!(**ring.open(place, &sealed)?, *b"+81312345678");
//! # Ok::<(), musubi_kernel::error::StoreError>(())
//! ```

mod aead;
mod derive;
mod key_file;
mod key_ring;
mod look_up_key;
mod master_key;
mod master_keys;
mod password;
mod qr_code;

pub use key_file::KeyFileError;
pub use key_ring::KeyRing;
pub use look_up_key::{LookUpKey, NoLookUpKey};
pub use master_key::{KeyId, MalformedKey, MasterKey};
pub use master_keys::{MalformedKeys, MasterKeys};
pub use password::{
    BadCost, HashingSettings, MOST_LANES, MOST_MEMORY_KIB, MOST_PASSES, PasswordPool, least_memory_kib,
};
pub use qr_code::{QrCode, TooLong};
