//! A fake of the [port](crate::ports), for tests and for embedding without a database.

use crate::api_key::{ApiKey, KeyDigest};
use crate::home::KeyHome;
use crate::home::KeysScope;
use crate::ports::{ApiKeyStore, Decide, OperatorKeys};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::ApiKeyId;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use std::sync::{Mutex, MutexGuard};

/// Keys in memory.
#[derive(Debug, Default)]
pub struct KeysInMemory {
    rows: Mutex<Vec<(KeyDigest, ApiKey)>>,
    records: Mutex<Vec<Record>>,
}

impl KeysInMemory {
    /// What was recorded so far, in order.
    pub fn records(&self) -> Vec<Record> {
        self.records.lock().expect("no holder panics").clone()
    }

    /// The key with this id, live or not.
    pub fn key(&self, id: ApiKeyId) -> Option<ApiKey> {
        self.rows().iter().map(|(_, key)| key).find(|key| key.id == id).cloned()
    }

    fn rows(&self) -> MutexGuard<'_, Vec<(KeyDigest, ApiKey)>> {
        self.rows.lock().expect("no holder panics")
    }

    fn note(&self, record: &Record) {
        self.records.lock().expect("no holder panics").push(record.clone());
    }
}

#[async_trait]
impl ApiKeyStore for KeysInMemory {
    async fn insert(
        &self,
        key: &ApiKey,
        digest: &KeyDigest,
        record: &Record,
        _: Option<&Answered>,
    ) -> Result<(), StoreError> {
        let mut rows = self.rows();
        if rows.iter().any(|(taken, _)| taken == digest) {
            return Err(StoreError::Conflict);
        }
        rows.push((*digest, key.clone()));
        self.note(record);
        Ok(())
    }

    async fn find_by_digest(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.rows().iter().find(|(other, _)| other == digest).map(|(_, key)| key.clone()))
    }

    async fn find(&self, scope: &KeysScope, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let rows = self.rows();
        Ok(rows.iter().map(|(_, key)| key).find(|key| key.id == id && scope.holds(key.home)).cloned())
    }

    async fn list(&self, scope: &KeysScope, page: &PageRequest) -> Result<Page<ApiKey>, EntityError> {
        let after: Option<ApiKeyId> = page.position()?;
        let mut keys: Vec<ApiKey> = self.rows().iter().map(|(_, key)| key.clone()).collect();
        keys.retain(|key| scope.holds(key.home) && after.is_none_or(|after| key.id > after));
        keys.sort_by_key(|key| key.id);
        keys.truncate(page.limit as usize + 1);
        Ok(Page::of(keys, page.limit, |key| key.id))
    }

    async fn revoke(
        &self,
        scope: &KeysScope,
        id: ApiKeyId,
        at: DateTime<Utc>,
        record: &Record,
    ) -> Result<(), StoreError> {
        let mut rows = self.rows();
        let (_, key) = rows
            .iter_mut()
            .find(|(_, key)| key.id == id && scope.holds(key.home) && key.revoked_at.is_none())
            .ok_or(StoreError::Conflict)?;
        key.revoked_at = Some(at);
        self.note(record);
        Ok(())
    }

    async fn succeed(&self, digest: &KeyDigest, decide: Decide<'_>) -> Result<(), EntityError> {
        let mut rows = self.rows();
        let of_operator = |key: &ApiKey| key.home == KeyHome::Installation && key.revoked_at.is_none();
        let mut unrevoked: Vec<_> = rows.iter().map(|(_, key)| key).filter(|key| of_operator(key)).cloned().collect();
        unrevoked.sort_by_key(|key| key.id);
        let shown = rows.iter().find(|(other, _)| other == digest).map(|(_, key)| key.clone());
        let next = decide(OperatorKeys { unrevoked, shown })?;
        if let Some((key, digest, record)) = next.created {
            rows.push((digest, key));
            self.note(&record);
        }
        for (id, at, record) in next.revoked {
            let (_, key) = rows.iter_mut().find(|(_, key)| key.id == id).ok_or(StoreError::Conflict)?;
            key.revoked_at = Some(at);
            self.note(&record);
        }
        Ok(())
    }

    async fn touch(&self, id: ApiKeyId, at: DateTime<Utc>) -> Result<(), StoreError> {
        if let Some((_, key)) = self.rows().iter_mut().find(|(_, key)| key.id == id) {
            key.last_used_at = Some(at);
        }
        Ok(())
    }
}
