//! Tokens of holds and manage links: 256 random bits, stored as their SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use musubi_kernel::id::IdGen;
use musubi_kernel::secret::Secret;
use sha2::{Digest, Sha256};

/// A new token, in URL-safe base64.
pub fn new(ids: &dyn IdGen) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(ids.secret()))
}

/// What is stored of a token. A token is as random as a key, so a plain digest is as good as a slow one.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
