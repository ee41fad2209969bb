//! Passkeys: keys in a person's devices, by which they sign in (WebAuthn Level 3).
//!
//! The device asks its person for a finger, a face or a code before it signs. So an answer of a passkey proves two things,
//! to have the device and to be its person, and counts as both factors of a sign-in.
//!
//! | module | subject |
//! |---|---|
//! | [`port`] | what checks the answers of passkeys |
//! | [`ceremony`] | what is kept while one is asked for |
//! | [`memory`] | the port's fake, with a device |

pub mod ceremony;
pub mod memory;
pub mod port;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use musubi_kernel::codes;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{PasskeyId, UserId};
use port::{Registered, Used};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// The most passkeys of one person.
pub const MOST: usize = 20;
/// The most characters of a passkey's name.
pub const NAME: usize = 100;
/// The most bytes of a credential's id (WebAuthn Level 3, section 4).
pub const CREDENTIAL: usize = 1023;

codes! {
    /// How a device talks to its passkey (WebAuthn Level 3, 5.8.4): a hint for whoever asks it next time.
    Transport {
        /// By Bluetooth.
        Ble = "ble",
        /// By a phone that is near.
        Hybrid = "hybrid",
        /// It is in the device itself.
        Internal = "internal",
        /// By near-field radio.
        Nfc = "nfc",
        /// By a card with contacts.
        SmartCard = "smart-card",
        /// By USB.
        Usb = "usb",
    }
}

/// By which a device names its passkey, to everybody alike. It is no secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CredentialId(Vec<u8>);

impl CredentialId {
    /// `None`: it is empty, or longer than [`CREDENTIAL`].
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (1..=CREDENTIAL).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// From URL-safe base64 without padding.
    pub fn from_text(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok().and_then(Self::new)
    }

    /// In URL-safe base64 without padding.
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// By which it is found again: some are too long for an index.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}

/// A passkey of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Id.
    pub id: PasskeyId,
    /// Whose. A credential belongs to one person.
    pub user: UserId,
    /// By which its device names it.
    pub credential: CredentialId,
    /// What it signs with, as [`port::Passkeys`] keeps it. It does not change.
    pub key: Vec<u8>,
    /// What the next answer is compared with, as [`port::Passkeys`] keeps it.
    pub state: Vec<u8>,
    /// What its person calls it.
    pub name: String,
    /// How its device talks to it.
    pub transports: BTreeSet<Transport>,
    /// Whether there is a copy of it, so that it outlives its device.
    pub is_backed_up: bool,
    /// How often it has signed, as it says itself; 0 where it does not count.
    pub sign_count: u32,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When its person last signed in with it or proved with it who they are.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Passkey {
    /// A passkey that was just made.
    pub fn new(id: PasskeyId, user: UserId, name: String, made: Registered, now: DateTime<Utc>) -> Self {
        Self {
            id,
            user,
            credential: made.credential,
            key: made.key,
            state: made.state,
            name,
            transports: made.transports,
            is_backed_up: made.is_backed_up,
            sign_count: made.sign_count,
            created_at: now,
            last_used_at: None,
        }
    }

    /// After an answer of it that was right.
    #[must_use]
    pub fn used(self, how: Used, now: DateTime<Utc>) -> Self {
        let Used { state, is_backed_up, sign_count } = how;
        Self { state, is_backed_up, sign_count, last_used_at: Some(now), ..self }
    }

    /// How it stands in events and audit entries: neither keys nor its name, which may be its person's.
    pub fn public_record(&self) -> Value {
        json!({
            "id": self.id,
            "user_id": self.user,
            "transports": self.transports,
            "is_backed_up": self.is_backed_up,
        })
    }
}

/// A name is one line of 1 to [`NAME`] characters.
pub fn check_name(name: &str) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    invalid.line("/name", name, 1..=NAME);
    invalid.finish()
}

/// Whether a person who has so many may have one more.
pub const fn is_room(present: usize) -> bool {
    present < MOST
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    pub(crate) fn passkey(name: &str) -> Passkey {
        let made = Registered {
            credential: CredentialId::new(vec![1, 2, 3]).unwrap(),
            key: vec![4],
            state: vec![5],
            transports: [Transport::Internal].into(),
            is_backed_up: false,
            sign_count: 1,
        };
        let (id, user) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        Passkey::new(id, user, name.to_owned(), made, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn names_are_one_line_of_up_to_a_hundred_characters() {
        for right in ["a", "花子の iPhone", &"字".repeat(NAME)] {
            assert!(check_name(right).is_ok(), "{right}");
        }
        for wrong in ["", "two\nlines", &"字".repeat(NAME + 1)] {
            let invalid = check_name(wrong).unwrap_err();
            assert_eq!(
                invalid.violations().first().map(|violation| violation.pointer.as_str()),
                Some("/name"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn there_is_an_end_to_how_many() {
        assert_eq!([0, MOST - 1, MOST, MOST + 1].map(is_room), [true, true, false, false]);
    }

    #[test]
    fn credentials_have_bytes_and_a_bound() {
        for (length, fits) in [(0, false), (1, true), (CREDENTIAL, true), (CREDENTIAL + 1, false)] {
            assert_eq!(CredentialId::new(vec![7; length]).is_some(), fits, "{length}");
        }
        for wrong in ["", "a", "AA==", "A+", "é"] {
            assert_eq!(CredentialId::from_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_use_replaces_what_the_next_is_compared_with() {
        let how = Used { state: vec![9], is_backed_up: true, sign_count: 2 };
        let now = DateTime::from_timestamp(60, 0).unwrap();
        let used = passkey("a").used(how, now);
        assert_eq!((used.state.as_slice(), used.is_backed_up, used.sign_count), ([9].as_slice(), true, 2));
        assert_eq!((used.last_used_at, used.key, used.created_at), (Some(now), vec![4], DateTime::UNIX_EPOCH));
    }

    #[test]
    fn records_hold_neither_name_nor_key() {
        let record = passkey("花子の iPhone").public_record();
        let members: Vec<_> = record.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(members, ["id", "is_backed_up", "transports", "user_id"]);
    }

    proptest! {
        #[test]
        fn credentials_survive_their_text(bytes in proptest::collection::vec(any::<u8>(), 1..=64)) {
            let credential = CredentialId::new(bytes).unwrap();
            prop_assert_eq!(CredentialId::from_text(&credential.to_text()), Some(credential));
        }
    }
}
