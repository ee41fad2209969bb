//! The cipher under the key ring.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};

/// The bytes of a nonce.
pub(crate) const NONCE: usize = 12;

/// AES-256 in Galois/Counter Mode with nonces of 96 bits and tags of 128, which follow the ciphertext (NIST SP 800-38D).
pub(crate) struct AesGcm(Aes256Gcm);

impl AesGcm {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    /// Encrypts a value and authenticates `associated` with it. A nonce must not be used twice with one key.
    pub(crate) fn seal(&self, nonce: [u8; NONCE], associated: &[u8], value: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: value, aad: associated };
        self.0.encrypt(&nonce.into(), payload).expect("a value is shorter than 64 GiB")
    }

    /// Decrypts what [`AesGcm::seal`] made of the same parts; `None`: something was altered.
    pub(crate) fn open(&self, nonce: [u8; NONCE], associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        self.0.decrypt(&nonce.into(), Payload { msg: sealed, aad: associated }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;
    use serde::{Deserialize, Deserializer};

    /// One case of Wycheproof.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Case {
        tc_id: u32,
        comment: String,
        key: Hex,
        iv: Hex,
        aad: Hex,
        msg: Hex,
        ct: Hex,
        tag: Hex,
        result: String,
    }

    struct Hex(Vec<u8>);

    impl<'de> Deserialize<'de> for Hex {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            HEXLOWER.decode(text.as_bytes()).map(Self).map_err(serde::de::Error::custom)
        }
    }

    /// C2SP's Wycheproof: counters that wrap, tags of which one bit is changed, empty values, and more.
    #[test]
    fn wycheproof_vectors() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../data/wycheproof-aes-256-gcm.json")).expect("cases");
        let (mut valid, mut invalid) = (0, 0);
        for case in cases {
            let name = format!("case {}: {}", case.tc_id, case.comment);
            let key: [u8; 32] = case.key.0.try_into().expect("256 bits");
            let nonce: [u8; NONCE] = case.iv.0.try_into().expect("96 bits");
            let sealed = [case.ct.0, case.tag.0].concat();
            let cipher = AesGcm::new(&key);
            let opened = cipher.open(nonce, &case.aad.0, &sealed);
            match case.result.as_str() {
                "valid" => {
                    assert_eq!(opened.as_ref(), Some(&case.msg.0), "{name}");
                    assert_eq!(cipher.seal(nonce, &case.aad.0, &case.msg.0), sealed, "{name}");
                    valid += 1;
                }
                "invalid" => {
                    assert_eq!(opened, None, "{name}");
                    invalid += 1;
                }
                other => panic!("{name} is {other}"),
            }
        }
        assert_eq!((valid, invalid), (39, 27));
    }
}
