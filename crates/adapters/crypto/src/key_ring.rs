//! The keys that seal stored values.

use crate::aead::{AesGcm, NONCE};
use crate::derive::hmac;
use crate::master_key::MasterKey;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen;
use musubi_kernel::secret::{Cipher, Place};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What stands before every sealed value: version, key id, nonce.
const HEADER: usize = 1 + KEY_ID + NONCE;
const VERSION: u8 = 1;
const KEY_ID: usize = 4;

/// Seals with one key and opens with several.
///
/// A sealed value is `version (1 byte) ‖ key id (4) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag`. The version, the key
/// id and the value's place (table, column, row) are authenticated with it. Nonces are random: one key is good for four
/// thousand million seals.
pub struct KeyRing {
    current: Key,
    older: Vec<Key>,
    look_up: Zeroizing<[u8; 32]>,
    ids: Arc<dyn IdGen>,
}

struct Key {
    id: [u8; KEY_ID],
    cipher: AesGcm,
}

impl Key {
    fn of(master: &MasterKey) -> Self {
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&hmac(&master.0, &[b"musubi.key-id.v1"])[..KEY_ID]);
        let key = hmac(&master.0, &[b"musubi.seal.v1"]);
        Self { id, cipher: AesGcm::new(&key) }
    }
}

impl KeyRing {
    /// A ring that seals and opens with the keys of `master`; `ids` gives the nonces.
    pub fn new(master: &MasterKey, ids: Arc<dyn IdGen>) -> Self {
        Self { current: Key::of(master), older: Vec::new(), look_up: look_up_key(master), ids }
    }

    /// Also opens what was sealed with an earlier master key.
    #[must_use]
    pub fn with_older(mut self, master: &MasterKey) -> Self {
        self.older.push(Key::of(master));
        self
    }

    /// Makes look-up keys with an earlier master key: until all of them have been made anew.
    #[must_use]
    pub fn looking_up_with(mut self, master: &MasterKey) -> Self {
        self.look_up = look_up_key(master);
        self
    }

    /// Whether a value is sealed with the current key, so that a rotation can leave it alone.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.starts_with(&header(self.current.id))
    }

    fn key(&self, sealed: &[u8]) -> Option<&Key> {
        std::iter::once(&self.current).chain(&self.older).find(|key| sealed.starts_with(&header(key.id)))
    }
}

impl Cipher for KeyRing {
    fn seal(&self, place: Place<'_>, value: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&self.ids.secret()[..NONCE]);
        let header = header(self.current.id);
        let body = self.current.cipher.seal(nonce, &associated(&header, place), value);
        [header.as_slice(), &nonce, &body].concat()
    }

    fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let damaged = |what: &str| StoreError::Corrupt(format!("{}.{} {what}", place.table, place.column));
        if sealed.len() < HEADER || sealed[0] != VERSION {
            return Err(damaged("holds no sealed value"));
        }
        let key = self.key(sealed).ok_or_else(|| damaged("is sealed with a key that is not in the key ring"))?;
        let (header, rest) = sealed.split_at(1 + KEY_ID);
        let (nonce, body) = rest.split_at(NONCE);
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| damaged("holds no sealed value"))?;
        let opened = key.cipher.open(nonce, &associated(header, place), body);
        opened.map(Zeroizing::new).ok_or_else(|| damaged("was altered, or moved from another place"))
    }

    fn blind_index(&self, purpose: &str, value: &str) -> [u8; 32] {
        *hmac(&self.look_up, &[purpose.as_bytes(), value.as_bytes()])
    }
}

fn look_up_key(master: &MasterKey) -> Zeroizing<[u8; 32]> {
    hmac(&master.0, &[b"musubi.look-up.v1"])
}

fn header(key: [u8; KEY_ID]) -> [u8; 1 + KEY_ID] {
    let [a, b, c, d] = key;
    [VERSION, a, b, c, d]
}

/// The parts are told apart by their lengths, so that no two places read the same.
fn associated(header: &[u8], place: Place<'_>) -> Vec<u8> {
    let mut data = header.to_vec();
    for part in [place.table.as_bytes(), place.column.as_bytes(), place.row.as_bytes()] {
        data.extend((part.len() as u64).to_be_bytes());
        data.extend(part);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::id::{CountingIds, SystemIds};
    use proptest::prelude::*;
    use uuid::Uuid;

    const PHONE: Place<'_> = Place { table: "customers", column: "phone", row: Uuid::from_u128(7) };

    fn master() -> MasterKey {
        MasterKey::generate(&SystemIds)
    }

    fn ring(master: &MasterKey) -> KeyRing {
        KeyRing::new(master, Arc::new(SystemIds))
    }

    fn refusal(ring: &KeyRing, place: Place<'_>, sealed: &[u8]) -> String {
        match ring.open(place, sealed) {
            Err(StoreError::Corrupt(what)) => what,
            other => panic!("{other:?}"),
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens(value: Vec<u8>) {
            let ring = ring(&master());
            prop_assert_eq!(&**ring.open(PHONE, &ring.seal(PHONE, &value)).expect("opens"), &value);
        }

        #[test]
        fn any_change_of_a_byte_is_noticed(at in 0_usize..64, bit in 0_u8..8) {
            let ring = ring(&master());
            let mut sealed = ring.seal(PHONE, b"+81 3-1234-5678");
            let at = at % sealed.len();
            sealed[at] ^= 1 << bit;
            prop_assert!(ring.open(PHONE, &sealed).is_err());
        }

        #[test]
        fn anything_may_be_given_to_open(sealed: Vec<u8>) {
            prop_assert!(ring(&master()).open(PHONE, &sealed).is_err());
        }
    }

    #[test]
    fn a_value_opens_in_its_own_place_alone() {
        let ring = ring(&master());
        let sealed = ring.seal(PHONE, b"secret");
        for place in [
            Place { table: "stores", ..PHONE },
            Place { column: "email", ..PHONE },
            Place { row: Uuid::from_u128(8), ..PHONE },
            Place { table: "customersp", column: "hone", ..PHONE },
        ] {
            assert!(refusal(&ring, place, &sealed).contains("was altered, or moved"));
        }
    }

    #[test]
    fn two_seals_of_one_value_differ_and_hide_it() {
        let ring = ring(&master());
        let (a, b) = (ring.seal(PHONE, b"secret"), ring.seal(PHONE, b"secret"));
        assert_ne!(a, b);
        assert!(!a.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn a_wrong_key_is_named_as_such() {
        let sealed = ring(&master()).seal(PHONE, b"secret");
        assert_eq!(
            refusal(&ring(&master()), PHONE, &sealed),
            "customers.phone is sealed with a key that is not in the key ring"
        );
        assert_eq!(refusal(&ring(&master()), PHONE, b"plain"), "customers.phone holds no sealed value");
    }

    #[test]
    fn keys_are_rotated_without_losing_what_was_sealed() {
        let (old, new) = (master(), master());
        let before = ring(&old);
        let sealed = before.seal(PHONE, b"secret");
        let after = ring(&new).with_older(&old);
        assert_eq!(&**after.open(PHONE, &sealed).expect("opens"), b"secret");
        assert!(!after.is_current(&sealed));
        assert!(after.is_current(&after.seal(PHONE, b"secret")));
        assert!(before.open(PHONE, &after.seal(PHONE, b"secret")).is_err());
        assert_ne!(after.blind_index("p", "v"), before.blind_index("p", "v"));
        assert_eq!(after.looking_up_with(&old).blind_index("p", "v"), before.blind_index("p", "v"));
    }

    #[test]
    fn a_look_up_key_is_of_one_purpose() {
        let ring = ring(&master());
        let index = ring.blind_index("customers.phone", "+81312345678");
        assert_eq!(index, ring.blind_index("customers.phone", "+81312345678"));
        assert_ne!(index, ring.blind_index("customers.email", "+81312345678"));
        assert_ne!(index, ring.blind_index("customers.phone", "+81312345679"));
        assert_ne!(ring.blind_index("a", "bc"), ring.blind_index("ab", "c"));
    }

    /// Computed apart, with Python's `hmac` and `cryptography`: what is stored today must open for ever.
    #[test]
    fn the_stored_form_never_changes() {
        let master = MasterKey::parse(&"01".repeat(32)).expect("a key");
        let ring = KeyRing::new(&master, Arc::new(CountingIds::default()));
        let sealed = ring.seal(PHONE, b"secret");
        assert_eq!(hex(&sealed), "01f18b2299000000000000000107070707bb58d40a0503a0de48b64c15a46603e1997e158e771b");
        assert_eq!(
            hex(&ring.blind_index("customers.phone", "+81312345678")),
            "7fce87247ade48be05e8e13d58a96003fdaba452f93c9dc6a9ad1ea0dfbc9575"
        );
    }

    fn hex(bytes: &[u8]) -> String {
        bytes
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect()
    }
}
