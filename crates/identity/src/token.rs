//! Tokens that people's devices show, and their digests: of a token nothing else is kept.
//!
//! | token | shape | good for |
//! |---|---|---|
//! | access | `msa_` and 256 random bits | calls, for some minutes |
//! | refresh | `msr_`, the 256 bits of the session, 256 random bits | the next pair, once |
//! | one-time | `mso_` and 256 random bits | what a link in a message does, once |
//! | challenge | `mst_`, the person's id, 256 random bits | the second half of a sign-in ([`crate::challenge`]) |
//! | binding | `msi_` and 256 random bits | coming back from an issuer, once, for whoever went there |
//!
//! The bits are URL-safe base64 without padding. The first half of a refresh token is the same as long as the session
//! lasts: so a token that was replaced long ago still tells whose it was, though only the digests of the newest two are
//! kept, and whoever shows it has had a token of this session.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use musubi_kernel::id::IdGen;
use musubi_kernel::secret::Secret;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How every access token begins.
pub const ACCESS_PREFIX: &str = "msa_";
/// How every refresh token begins.
pub const REFRESH_PREFIX: &str = "msr_";
/// How every one-time token begins.
pub const ONE_TIME_PREFIX: &str = "mso_";
/// How everything begins that binds a way through an issuer to a device.
pub const BINDING_PREFIX: &str = "msi_";
/// The bytes of either half of a refresh token.
const HALF: usize = 32;
/// The longest text that is read as a token.
const LONGEST: usize = 128;

/// The SHA-256 digest of a token or of a part of one. The tokens are random enough to need no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenDigest(pub [u8; 32]);

impl TokenDigest {
    /// The digest of what was shown.
    pub fn of(shown: &str) -> Self {
        Self(Sha256::digest(shown).into())
    }

    /// Whether it is this one; takes as long for any two.
    pub fn is(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).fold(0, |unlike, (a, b)| unlike | (a ^ b)) == 0
    }
}

/// A new access or one-time token, with its digest.
pub fn new(prefix: &str, ids: &dyn IdGen) -> (Secret, TokenDigest) {
    let token = Secret::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(ids.secret())));
    let digest = TokenDigest::of(token.expose());
    (token, digest)
}

/// The digest of a text that has the shape of a token with this prefix; `None`: it was never one.
pub fn shown(prefix: &str, text: &str) -> Option<TokenDigest> {
    let bits = text.strip_prefix(prefix)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (bits.len() == 43 && bits.bytes().all(plain)).then(|| TokenDigest::of(text))
}

/// A refresh token that somebody shows, or that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken(Secret);

impl RefreshToken {
    /// The first token of a new session.
    pub fn first(ids: &dyn IdGen) -> Self {
        Self::with(&ids.secret(), ids)
    }

    /// The next token of the same session.
    #[must_use]
    pub fn next(&self, ids: &dyn IdGen) -> Self {
        Self::with(&self.bits()[..HALF], ids)
    }

    fn with(session: &[u8], ids: &dyn IdGen) -> Self {
        let bits = Zeroizing::new([session, &ids.secret()].concat());
        Self(Secret::new(format!("{REFRESH_PREFIX}{}", URL_SAFE_NO_PAD.encode(&*bits))))
    }

    /// The token in a text; `None`: it never was one.
    pub fn read(text: &str) -> Option<Self> {
        let short = Some(text).filter(|text| text.len() <= LONGEST)?;
        decoded(short).map(|_| Self(Secret::new(short)))
    }

    fn bits(&self) -> Zeroizing<Vec<u8>> {
        decoded(self.0.expose()).expect("it was read or made as a token")
    }

    /// By which its session is found.
    pub fn session(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(&self.bits()[..HALF]).into())
    }

    /// By which it is told from the session's other tokens.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.0.expose())
    }

    /// What the device keeps.
    pub fn into_secret(self) -> Secret {
        self.0
    }
}

fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bits = URL_SAFE_NO_PAD.decode(text.strip_prefix(REFRESH_PREFIX)?).ok()?;
    (bits.len() == 2 * HALF).then(|| Zeroizing::new(bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::CountingIds;

    #[test]
    fn tokens_have_their_shape() {
        let ids = CountingIds::default();
        for prefix in [ACCESS_PREFIX, ONE_TIME_PREFIX, BINDING_PREFIX] {
            let (token, digest) = new(prefix, &ids);
            assert_eq!(token.expose().len(), 47);
            assert_eq!(shown(prefix, token.expose()), Some(digest));
            assert_eq!(shown("msx_", token.expose()), None);
            for wrong in ["", prefix, &token.expose()[..46], &format!("{}x", token.expose()), "msa_ä"] {
                assert_eq!(shown(prefix, wrong), None, "{wrong}");
            }
        }
    }

    #[test]
    fn the_tokens_of_a_session_share_their_first_half() {
        let ids = CountingIds::default();
        let first = RefreshToken::first(&ids);
        let next = first.next(&ids);
        let other = RefreshToken::first(&ids);
        assert_eq!(first.session(), next.session());
        assert_ne!(first.digest(), next.digest());
        assert_ne!(first.session(), other.session());
        for token in [first, next, other] {
            let text = token.clone().into_secret();
            assert_eq!(text.expose().len(), 90);
            assert_eq!(RefreshToken::read(text.expose()), Some(token));
        }
    }

    #[test]
    fn a_digest_is_itself_alone() {
        let digest = TokenDigest::of("a");
        assert!(digest.is(&TokenDigest::of("a")) && !digest.is(&TokenDigest::of("b")));
        for byte in 0..32 {
            let mut other = digest;
            other.0[byte] ^= 1;
            assert!(!digest.is(&other), "byte {byte}");
        }
    }

    #[test]
    fn other_texts_are_no_refresh_tokens() {
        for wrong in ["", "msr_", "msr_x", &format!("msr_{}", "!".repeat(86)), &format!("msa_{}", "A".repeat(86))] {
            assert_eq!(RefreshToken::read(wrong), None, "{wrong}");
        }
        assert_eq!(RefreshToken::read(&format!("msr_{}", "あ".repeat(30))), None);
    }

    #[test]
    fn tokens_do_not_show_in_debug_output() {
        let token = RefreshToken::read(&format!("msr_{}", "A".repeat(86))).map(|token| format!("{token:?}"));
        assert_eq!(token.as_deref(), Some("RefreshToken(Secret(…))"));
    }
}
