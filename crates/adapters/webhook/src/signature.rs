//! The signature of one attempt: HMAC-SHA256 of id, time and body, in base 64, for each secret.

use crate::payload::Payload;
use crate::secret::SigningSecret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The header's value. Neither id nor time holds a full stop, so no two attempts are signed alike.
pub(crate) fn signature(secrets: &[SigningSecret], id: &str, timestamp: &str, payload: &Payload) -> String {
    let signed = format!("{id}.{timestamp}.{}", payload.as_str());
    let one = |secret: &SigningSecret| {
        let mac = Hmac::<Sha256>::new_from_slice(secret.bytes()).expect("a key of any length");
        format!("v1,{}", STANDARD.encode(mac.chain_update(&signed).finalize().into_bytes()))
    };
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::secret::Secret;

    #[test]
    fn the_example_of_the_libraries_is_signed_as_they_do() {
        let secret = SigningSecret::parse(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).expect("one");
        let payload = Payload::kept(r#"{"test": 2432232314}"#);
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature(std::slice::from_ref(&secret), id, "1614265330", &payload), expected);
        let both = signature(&[secret.clone(), secret], id, "1614265330", &payload);
        assert_eq!(both, format!("{expected} {expected}"));
    }
}
