//! What identity asks of storage.

use crate::api_key::{ApiKey, KeyDigest};
use crate::home::KeysScope;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::ApiKeyId;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;

/// The installation's keys, as the one who changes them finds them.
#[derive(Debug)]
pub struct OperatorKeys {
    /// Those that are not revoked, by id.
    pub unrevoked: Vec<ApiKey>,
    /// The key whose secret has the digest that was asked for, whatever its home, live or not.
    pub shown: Option<ApiKey>,
}

/// What becomes of the installation's keys.
#[derive(Debug, Default)]
pub struct Succession {
    /// A new key, with the digest of its secret.
    pub created: Option<(ApiKey, KeyDigest, Record)>,
    /// Keys that end, each with when.
    pub revoked: Vec<(ApiKeyId, DateTime<Utc>, Record)>,
}

/// Decides what becomes of the installation's keys.
pub type Decide<'a> = &'a (dyn Fn(OperatorKeys) -> Result<Succession, EntityError> + Send + Sync);

/// Where keys are kept. Every write is one transaction.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Writes a new key with the digest of its secret; [`StoreError::Conflict`] when a key has that digest already.
    async fn insert(
        &self,
        key: &ApiKey,
        digest: &KeyDigest,
        record: &Record,
        answered: Option<&Answered>,
    ) -> Result<(), StoreError>;

    /// The key whose secret has this digest, live or not; none while its tenant is inactive. Whoever shows a secret has no leave yet, so there is no scope.
    async fn find_by_digest(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, StoreError>;

    /// The key, if the scope holds it.
    async fn find(&self, scope: &KeysScope, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;

    /// A page of the keys that the scope holds, live or not, by id.
    async fn list(&self, scope: &KeysScope, page: &PageRequest) -> Result<Page<ApiKey>, EntityError>;

    /// Writes that a key, which the scope holds, is revoked; [`StoreError::Conflict`] when it is already.
    async fn revoke(
        &self,
        scope: &KeysScope,
        id: ApiKeyId,
        at: DateTime<Utc>,
        record: &Record,
    ) -> Result<(), StoreError>;

    /// Reads the installation's keys and the key of this digest, asks what becomes of them, and writes it: all of it in
    /// one transaction, in which nobody else does the same. [`StoreError::Conflict`]: another was first, and everything is
    /// to be read again.
    async fn succeed(&self, digest: &KeyDigest, decide: Decide<'_>) -> Result<(), EntityError>;

    /// Writes when a key was last used.
    async fn touch(&self, id: ApiKeyId, at: DateTime<Utc>) -> Result<(), StoreError>;
}
