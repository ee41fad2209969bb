//! The directory of stores, remembered.

use crate::remembered::{Remembered, Weigh};
use async_trait::async_trait;
use musubi_catalog::ports::{Found, StoreDirectory};
use musubi_kernel::access::StoreRef;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::StoreId;
use musubi_kernel::revision::{Revisions, Subject};
use std::sync::Arc;

/// What a store found by its slug takes in memory, about: it has texts and settings of many kilobytes at most.
const PAGE: usize = 8 * 1024;

/// A directory that remembers what it found.
pub struct RememberedDirectory {
    directory: Arc<dyn StoreDirectory>,
    by_id: Remembered<StoreId, StoreRef>,
    by_slug: Remembered<String, Arc<Found>>,
}

impl RememberedDirectory {
    /// What `directory` finds, in about `bytes`.
    pub fn new(directory: Arc<dyn StoreDirectory>, revisions: Arc<dyn Revisions>, bytes: u64) -> Self {
        let half = bytes / 2;
        Self {
            directory,
            by_id: Remembered::new("store_by_id", Arc::clone(&revisions), half, size_of::<StoreRef>() as u64),
            by_slug: Remembered::new("store_by_slug", revisions, half, PAGE as u64),
        }
    }
}

impl Weigh for StoreRef {
    fn bytes(&self) -> usize {
        size_of::<Self>()
    }
}

impl Weigh for Arc<Found> {
    fn bytes(&self) -> usize {
        PAGE
    }
}

fn rests_on(at: &StoreRef) -> Vec<Subject> {
    vec![Subject::Tenant(at.tenant), Subject::Store(at.store)]
}

#[async_trait]
impl StoreDirectory for RememberedDirectory {
    async fn by_id(&self, id: StoreId) -> Result<Option<StoreRef>, StoreError> {
        self.by_id.found(&id, rests_on, || self.directory.by_id(id)).await
    }

    async fn by_slug(&self, slug: &str) -> Result<Option<Found>, StoreError> {
        let load = || async { Ok(self.directory.by_slug(slug).await?.map(Arc::new)) };
        let found = self.by_slug.found(&slug.to_owned(), |found| rests_on(&found.at), load).await?;
        Ok(found.map(Arc::unwrap_or_clone))
    }
}
