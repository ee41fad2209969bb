//! The signature of a call: HMAC-SHA256 of the body with the channel's secret, in base 64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use musubi_kernel::secret::Secret;
use sha2::Sha256;

/// Whether a body is signed with a channel's secret. Takes as long for any two signatures.
pub fn is_signed(channel_secret: &Secret, signature: &str, body: &[u8]) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    // A store that has set no secret takes nobody's word.
    if channel_secret.expose().is_empty() {
        return false;
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(channel_secret.expose().as_bytes()) else { return false };
    mac.update(body);
    mac.verify_slice(&signature).is_ok()
}
