//! What an endpoint knows its sender by.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use musubi_kernel::id::IdGen;
use musubi_kernel::secret::Secret;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";

/// A key for signatures: 24 to 64 bytes, written as `whsec_` and base 64.
#[derive(Clone)]
pub struct SigningSecret(Zeroizing<Vec<u8>>);

/// It is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be whsec_ and 24 to 64 bytes in base 64")]
pub struct NoSecret;

impl SigningSecret {
    /// A new one, of 256 bits.
    pub fn new(ids: &dyn IdGen) -> Self {
        Self(Zeroizing::new(ids.secret().into()))
    }

    /// The one that is written so.
    pub fn parse(text: &Secret) -> Result<Self, NoSecret> {
        let encoded = text.expose().strip_prefix(PREFIX).ok_or(NoSecret)?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| NoSecret)?);
        if (24..=64).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(NoSecret) }
    }

    /// As the endpoint's owner gets it.
    pub fn to_text(&self) -> Secret {
        Secret::new(format!("{PREFIX}{}", STANDARD.encode(&*self.0)))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::SystemIds;

    #[test]
    fn a_secret_is_written_and_read() {
        let secret = SigningSecret::new(&SystemIds);
        let text = secret.to_text();
        assert!(text.expose().starts_with("whsec_") && text.expose().len() == 50);
        assert_eq!(SigningSecret::parse(&text).expect("one").bytes(), secret.bytes());
        assert_eq!(format!("{secret:?}"), "SigningSecret(…)");
    }

    #[test]
    fn what_is_none_is_refused() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for (text, good) in [
            (of(23), false),
            (of(24), true),
            (of(64), true),
            (of(65), false),
            (of(32).replace("whsec_", ""), false),
            (of(32).replace("whsec_", "whsk_"), false),
            (of(32).replace('=', ""), false),
            ("whsec_".to_owned(), false),
            ("whsec_花".to_owned(), false),
        ] {
            assert_eq!(SigningSecret::parse(&Secret::new(text.clone())).is_ok(), good, "{text}");
        }
    }
}
