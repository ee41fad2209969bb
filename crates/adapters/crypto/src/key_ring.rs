//! The keys that seal stored values.

use crate::aead::{AesGcm, NONCE};
use crate::derive::hmac;
use crate::key_file::Watched;
use crate::look_up_key::LookUpKey;
use crate::master_key::{KeyId, MasterKey};
use crate::master_keys::MasterKeys;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen;
use musubi_kernel::secret::{Cipher, Place};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use zeroize::Zeroizing;

/// What stands before every sealed value: version, key id, nonce.
const HEADER: usize = 1 + KEY_ID + NONCE;
const VERSION: u8 = 1;
const KEY_ID: usize = 4;

/// How long a ring may go on sealing with a key after its file has got another one.
const PAUSE: Duration = Duration::from_secs(1);

/// Seals with one key and opens with several.
///
/// A sealed value is `version (1 byte) ‖ key id (4) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag`. The version, the key
/// id and the value's place (table, column, row) are authenticated with it. Nonces are random: one key is good for four
/// thousand million seals.
///
/// A ring that [follows a file](KeyRing::following) takes up the keys that are put there: before it seals it looks at the
/// file once a second, and at once when it meets a value sealed with a key that it does not know.
pub struct KeyRing {
    keys: RwLock<Arc<Keys>>,
    look_up: LookUpKey,
    ids: Arc<dyn IdGen>,
    file: Option<Watched>,
}

/// The current key first.
struct Keys(Vec<Arc<Key>>);

struct Key {
    master: MasterKey,
    id: KeyId,
    cipher: AesGcm,
}

impl Key {
    fn of(master: &MasterKey) -> Arc<Self> {
        let cipher = AesGcm::new(&hmac(&master.0, &[b"musubi.seal.v1"]));
        Arc::new(Self { master: master.clone(), id: master.id(), cipher })
    }
}

impl Keys {
    fn of(masters: &MasterKeys) -> Self {
        Self(masters.all().map(Key::of).collect())
    }

    /// With all that was known before: a key that is no longer in the file may still be met.
    fn with(mut self, known: &Self) -> Self {
        for key in &known.0 {
            if self.with_id(key.id).is_none() {
                self.0.push(Arc::clone(key));
            }
        }
        self
    }

    fn current(&self) -> &Key {
        &self.0[0]
    }

    fn with_id(&self, id: KeyId) -> Option<Arc<Key>> {
        self.0.iter().find(|key| key.id == id).cloned()
    }
}

impl KeyRing {
    /// A ring of one key; `ids` gives the nonces.
    pub fn new(master: &MasterKey, ids: Arc<dyn IdGen>) -> Self {
        Self::of(&MasterKeys::only(master.clone()), ids)
    }

    /// A ring that seals with the first key and opens with all of them.
    pub fn of(masters: &MasterKeys, ids: Arc<dyn IdGen>) -> Self {
        let look_up = LookUpKey::of(masters.current());
        Self { keys: RwLock::new(Arc::new(Keys::of(masters))), look_up, ids, file: None }
    }

    /// Takes up the keys that are put into this file from now on.
    #[must_use]
    pub fn following(mut self, file: &Path) -> Self {
        self.file = Some(Watched::new(file));
        self
    }

    /// Makes look-up keys of values with the key that the database keeps for this; without one, it follows from the first
    /// master key.
    #[must_use]
    pub fn looking_up_with(mut self, key: LookUpKey) -> Self {
        self.look_up = key;
        self
    }

    /// The look-up key of a database that keeps none yet, but holds this value: it follows from the key of the value.
    pub fn look_up_key_beside(&self, sealed: &[u8]) -> Option<LookUpKey> {
        Some(LookUpKey::of(&self.key(Self::id_of(sealed)?)?.master))
    }

    /// By which key a value says that it is sealed; `None`: it is no sealed value.
    pub fn id_of(sealed: &[u8]) -> Option<KeyId> {
        match sealed {
            [VERSION, a, b, c, d, ..] if sealed.len() >= HEADER => Some(KeyId([*a, *b, *c, *d])),
            _ => None,
        }
    }

    /// Whether a value is sealed with the current key, so that a rotation can leave it alone.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        Self::id_of(sealed) == Some(self.keys().current().id)
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn key(&self, id: KeyId) -> Option<Arc<Key>> {
        self.keys().with_id(id).or_else(|| {
            self.look_at_file(Duration::ZERO);
            self.keys().with_id(id)
        })
    }

    fn look_at_file(&self, pause: Duration) {
        let Some(file) = &self.file else { return };
        file.look(pause, |masters| {
            let keys = Keys::of(masters).with(&self.keys());
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        });
    }
}

impl Cipher for KeyRing {
    fn seal(&self, place: Place<'_>, value: &[u8]) -> Vec<u8> {
        self.look_at_file(PAUSE);
        let keys = self.keys();
        let key = keys.current();
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&self.ids.secret()[..NONCE]);
        let header = header(key.id);
        let body = key.cipher.seal(nonce, &associated(&header, place), value);
        [header.as_slice(), &nonce, &body].concat()
    }

    fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let about = |what: &str| format!("{}.{} {what}", place.table, place.column);
        let damaged = |what: &str| StoreError::Corrupt(about(what));
        let missing = || StoreError::MasterKeyMissing(about("is sealed with a key that is not in the key ring"));
        let id = Self::id_of(sealed).ok_or_else(|| damaged("holds no sealed value"))?;
        let key = self.key(id).ok_or_else(missing)?;
        let (header, rest) = sealed.split_at(1 + KEY_ID);
        let (nonce, body) = rest.split_at(NONCE);
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| damaged("holds no sealed value"))?;
        let opened = key.cipher.open(nonce, &associated(header, place), body);
        opened.map(Zeroizing::new).ok_or_else(|| damaged("was altered, or moved from another place"))
    }

    fn blind_index(&self, purpose: &str, value: &str) -> [u8; 32] {
        *hmac(self.look_up.expose(), &[purpose.as_bytes(), value.as_bytes()])
    }
}

fn header(KeyId([a, b, c, d]): KeyId) -> [u8; 1 + KEY_ID] {
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
            Err(StoreError::Corrupt(what) | StoreError::MasterKeyMissing(what)) => what,
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
        let old = MasterKeys::only(master());
        let before = KeyRing::of(&old, Arc::new(SystemIds));
        let sealed = before.seal(PHONE, b"secret");
        let after = KeyRing::of(&old.rotated(&SystemIds), Arc::new(SystemIds));
        assert_eq!(&**after.open(PHONE, &sealed).expect("opens"), b"secret");
        assert!(before.is_current(&sealed) && !after.is_current(&sealed));
        assert!(after.is_current(&after.seal(PHONE, b"secret")));
        assert!(before.open(PHONE, &after.seal(PHONE, b"secret")).is_err());
        assert_eq!(KeyRing::id_of(&sealed), Some(old.current().id()));
        for nothing in [&b""[..], b"plain", &sealed[..HEADER - 1], &[0; 40]] {
            assert_eq!(KeyRing::id_of(nothing), None);
            assert!(!after.is_current(nothing));
        }
    }

    #[test]
    fn look_up_keys_stay_when_keys_are_rotated() {
        let old = MasterKeys::only(master());
        let before = KeyRing::of(&old, Arc::new(SystemIds));
        let index = before.blind_index("p", "v");
        let sealed = before.seal(PHONE, b"secret");
        let after = KeyRing::of(&old.rotated(&SystemIds), Arc::new(SystemIds));
        assert_ne!(after.blind_index("p", "v"), index);
        let kept = after.look_up_key_beside(&sealed).expect("a key");
        assert_eq!(after.looking_up_with(kept).blind_index("p", "v"), index);
        assert_eq!(ring(&master()).look_up_key_beside(&sealed), None);
    }

    /// A ring that follows a file, the keys in it, and what changes them.
    fn followed() -> (tempfile::TempDir, KeyRing, impl Fn(&MasterKeys) -> MasterKeys) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        let first = MasterKeys::load_or_create(&path, &SystemIds).expect("made");
        let ring = KeyRing::of(&first, Arc::new(SystemIds)).following(&path);
        let change = move |after: &MasterKeys| {
            let before = MasterKeys::load(&path).expect("there");
            after.replace(&path, &before, &SystemIds).expect("replaced");
            before
        };
        (folder, ring, change)
    }

    #[test]
    fn a_key_that_is_put_into_the_file_is_met_at_once() {
        let (folder, ring, change) = followed();
        let sealed = ring.seal(PHONE, b"before");
        let first = MasterKeys::load(&folder.path().join("master.key")).expect("there");
        for _ in 0..3 {
            let now = MasterKeys::load(&folder.path().join("master.key")).expect("there").rotated(&SystemIds);
            change(&now);
            let other = KeyRing::of(&now, Arc::new(SystemIds));
            assert_eq!(&**ring.open(PHONE, &other.seal(PHONE, b"after")).expect("opens"), b"after");
            assert!(other.is_current(&ring.seal(PHONE, b"own")), "who knows the new key uses it");
            assert_eq!(&**ring.open(PHONE, &sealed).expect("opens"), b"before");
        }
        let only_new = MasterKeys::only(first.rotated(&SystemIds).current().clone());
        change(&only_new);
        let other = KeyRing::of(&only_new, Arc::new(SystemIds));
        assert!(ring.open(PHONE, &other.seal(PHONE, b"after")).is_ok());
        assert!(ring.open(PHONE, &sealed).is_ok(), "what was known is not forgotten");
    }

    #[test]
    fn a_new_key_seals_within_a_second() {
        let (folder, ring, change) = followed();
        ring.seal(PHONE, b"before");
        let now = MasterKeys::load(&folder.path().join("master.key")).expect("there").rotated(&SystemIds);
        change(&now);
        let other = KeyRing::of(&now, Arc::new(SystemIds));
        let began = std::time::Instant::now();
        while !other.is_current(&ring.seal(PHONE, b"own")) {
            assert!(began.elapsed() < PAUSE * 10, "it never looks at the file");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_file_that_is_damaged_or_gone_changes_nothing() {
        let (folder, ring, _) = followed();
        let path = folder.path().join("master.key");
        let sealed = ring.seal(PHONE, b"before");
        let text = std::fs::read_to_string(&path).expect("there");
        let foreign = MasterKeys::only(master());
        let other = KeyRing::of(&foreign, Arc::new(SystemIds));
        for damage in [Some("hunter2"), None] {
            match damage {
                Some(text) => std::fs::write(&path, text).expect("written"),
                None => std::fs::remove_file(&path).expect("removed"),
            }
            assert!(ring.open(PHONE, &other.seal(PHONE, b"x")).is_err());
            assert!(ring.open(PHONE, &sealed).is_ok() && ring.is_current(&ring.seal(PHONE, b"x")));
        }
        std::fs::write(&path, format!("{text}{}\n", &*foreign.current().to_text())).expect("written");
        assert!(ring.open(PHONE, &other.seal(PHONE, b"x")).is_ok(), "mended, it is read again");
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
