//! The key ring of a database.

use crate::data::DataSettings;
use musubi_crypto::{KeyRing, LookUpKey, MasterKeys};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen;
use musubi_sql::engine::Db;
use musubi_sql::sealed::{self, Bound};
use std::sync::Arc;

/// Why there is no key ring.
#[derive(Debug)]
pub enum NoRing {
    /// The keys are not those of the database, in one line.
    Wrong(String),
    /// The database failed.
    Store(StoreError),
}

impl From<StoreError> for NoRing {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl DataSettings {
    /// The key ring that opens what is in a database, to which its current key is bound if none was. It follows the key
    /// file, if the keys are of one.
    pub async fn ring(
        &self,
        keys: &MasterKeys,
        db: &Db,
        ids: Arc<dyn IdGen>,
        clock: &dyn Clock,
    ) -> Result<KeyRing, NoRing> {
        let mut ring = KeyRing::of(keys, Arc::clone(&ids));
        if self.master_key.is_none() {
            ring = ring.following(&self.key_file());
        }
        let first = |sealed: Option<&[u8]>| match sealed {
            Some(sealed) => ring.look_up_key_beside(sealed).map(|key| *key.expose()),
            None => Some(*LookUpKey::generate(&*ids).expose()),
        };
        let from = self.key_source();
        match sealed::bind(db, &ring, clock.now(), first).await? {
            Bound::ToThese(key) => LookUpKey::from_bytes(&key)
                .map(|key| ring.looking_up_with(key))
                .map_err(|error| NoRing::Store(StoreError::Corrupt(format!("look_up_keys.look_up_key: {error}")))),
            Bound::ToAnother => {
                Err(NoRing::Wrong(format!("{from}: this is not the master key that the database is sealed with")))
            }
            Bound::ToMore => Err(NoRing::Wrong(format!(
                "{from}: a key is missing: the database is being sealed anew and still needs its older and its newer key"
            ))),
        }
    }
}
