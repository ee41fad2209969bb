//! API keys, remembered by the digests of their secrets.

use crate::remembered::{Remembered, Weigh};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_identity::api_key::{ApiKey, KeyDigest};
use musubi_identity::home::{KeyHome, KeysScope};
use musubi_identity::ports::{ApiKeyStore, Decide};
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::ApiKeyId;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use musubi_kernel::revision::{Revisions, Subject};
use quick_cache::sync::Cache;
use std::sync::Arc;

/// What a key takes in memory, about.
const SIZE: u64 = 1024;
/// Uses that are closer together than this are written down once.
const BETWEEN_USES: TimeDelta = TimeDelta::minutes(1);

/// API keys whose finding is remembered; everything else goes to the store behind.
pub struct RememberedKeys {
    store: Arc<dyn ApiKeyStore>,
    keys: Remembered<KeyDigest, Arc<ApiKey>>,
    used: Cache<ApiKeyId, DateTime<Utc>>,
}

impl RememberedKeys {
    /// The keys of `store`, in about `bytes`.
    pub fn new(store: Arc<dyn ApiKeyStore>, revisions: Arc<dyn Revisions>, bytes: u64) -> Self {
        let used = Cache::new(usize::try_from(bytes / SIZE).unwrap_or(usize::MAX).clamp(16, 1_000_000));
        Self { store, keys: Remembered::new("api_key", revisions, bytes, SIZE), used }
    }
}

impl Weigh for Arc<ApiKey> {
    fn bytes(&self) -> usize {
        size_of::<ApiKey>() + self.name.len() + self.prefix.len() + 64 * self.permissions.len()
    }
}

fn rests_on(key: &ApiKey) -> Vec<Subject> {
    match key.home {
        KeyHome::Installation => vec![Subject::Installation],
        KeyHome::Tenant { tenant } => vec![Subject::Tenant(tenant)],
        KeyHome::Store { tenant, store } => vec![Subject::Tenant(tenant), Subject::Store(store)],
    }
}

#[async_trait]
impl ApiKeyStore for RememberedKeys {
    async fn insert(
        &self,
        key: &ApiKey,
        digest: &KeyDigest,
        record: &Record,
        answered: Option<&Answered>,
    ) -> Result<(), StoreError> {
        self.store.insert(key, digest, record, answered).await
    }

    async fn find_by_digest(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, StoreError> {
        let load = || async { Ok(self.store.find_by_digest(digest).await?.map(Arc::new)) };
        let found = self.keys.found(digest, |key| rests_on(key), load).await?;
        Ok(found.map(|key| {
            let mut key = Arc::unwrap_or_clone(key);
            key.last_used_at = key.last_used_at.max(self.used.get(&key.id));
            key
        }))
    }

    async fn find(&self, scope: &KeysScope, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.store.find(scope, id).await
    }

    async fn list(&self, scope: &KeysScope, page: &PageRequest) -> Result<Page<ApiKey>, EntityError> {
        self.store.list(scope, page).await
    }

    async fn revoke(
        &self,
        scope: &KeysScope,
        id: ApiKeyId,
        at: DateTime<Utc>,
        record: &Record,
    ) -> Result<(), StoreError> {
        self.store.revoke(scope, id, at, record).await
    }

    async fn succeed(&self, digest: &KeyDigest, decide: Decide<'_>) -> Result<(), EntityError> {
        self.store.succeed(digest, decide).await
    }

    async fn touch(&self, id: ApiKeyId, at: DateTime<Utc>) -> Result<(), StoreError> {
        // Of many who use a key at the same moment, one writes it down.
        if self.used.get(&id).is_some_and(|last| (TimeDelta::zero()..BETWEEN_USES).contains(&(at - last))) {
            return Ok(());
        }
        self.used.insert(id, at);
        self.store.touch(id, at).await
    }
}
