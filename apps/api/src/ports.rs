//! What the application needs of the world beyond the use cases themselves.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::StoreId;
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::AuditEntry;

/// The first answers to idempotent requests.
#[async_trait]
pub trait Answers: Send + Sync {
    /// The answer kept under a caller's key, unless it has expired.
    async fn find(&self, caller: &str, key: &str, now: DateTime<Utc>) -> Result<Option<Answered>, StoreError>;
}

/// The notes of who was shown how customers are reached.
#[async_trait]
pub trait ContactLog: Send + Sync {
    /// Adds to the notes of a store and a date (UTC), all or none.
    async fn add(&self, store: StoreId, date: NaiveDate, entries: &[AuditEntry]) -> Result<(), StoreError>;
}

/// The database as a whole.
#[async_trait]
pub trait Database: Send + Sync {
    /// Whether it answers, and the keys of this process open what is sealed in it.
    async fn ping(&self) -> Result<(), StoreError>;
    /// Connections that are open, and those of them that are idle.
    fn connections(&self) -> (u32, u32);
}
