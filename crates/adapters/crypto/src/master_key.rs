//! The key from which all others are derived.

use crate::derive::hmac;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use musubi_kernel::id::IdGen;
use zeroize::Zeroizing;

/// 32 random bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(pub(crate) Zeroizing<[u8; 32]>);

/// By which master key a value is sealed: a digest of the key, which stands before the value and is no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(crate) [u8; 4]);

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl std::fmt::Debug for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A text that is no master key. It does not repeat the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a master key is 32 random bytes, written in base64 (44 characters) or hexadecimal (64)")]
pub struct MalformedKey;

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

impl MasterKey {
    /// A new key.
    pub fn generate(ids: &dyn IdGen) -> Self {
        Self(Zeroizing::new(ids.secret()))
    }

    /// A key in base64, of either alphabet, or in hexadecimal.
    pub fn parse(text: &str) -> Result<Self, MalformedKey> {
        let text = text.trim();
        let alphabet = if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
        let bytes = match text.len() {
            64 => of_hex(text),
            _ => GeneralPurpose::new(alphabet, ANY_PADDING).decode(text).ok(),
        };
        let bytes = Zeroizing::new(bytes.ok_or(MalformedKey)?);
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| MalformedKey)?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// What stands before every value that it seals.
    pub fn id(&self) -> KeyId {
        let digest = hmac(&self.0, &[b"musubi.key-id.v1"]);
        KeyId([digest[0], digest[1], digest[2], digest[3]])
    }

    /// The key in base64, as it is kept in a file.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(*self.0))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

fn of_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<u32>>>()?;
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_base64_and_hexadecimal() {
        let bytes = [0xfb; 32];
        for text in [
            "fb".repeat(32),
            "FB".repeat(32),
            STANDARD.encode(bytes),
            format!("{}\n", STANDARD.encode(bytes)),
            STANDARD.encode(bytes).replace(['+'], "-").replace('/', "_").replace('=', ""),
        ] {
            assert_eq!(*MasterKey::parse(&text).expect(&text).0, bytes, "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_without_being_repeated() {
        for text in [
            "",
            "secret",
            &"f".repeat(63),
            &"f".repeat(65),
            &"g".repeat(64),
            &STANDARD.encode([1; 31]),
            &STANDARD.encode([1; 33]),
        ] {
            let error = MasterKey::parse(text).expect_err(text);
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
    }
}
