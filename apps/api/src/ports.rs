//! What the application needs of the world beyond the use cases themselves.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::receipt::Answered;

/// The first answers to idempotent requests.
#[async_trait]
pub trait Answers: Send + Sync {
    /// The answer kept under a caller's key, unless it has expired.
    async fn find(&self, caller: &str, key: &str, now: DateTime<Utc>) -> Result<Option<Answered>, StoreError>;
}

/// The database as a whole.
#[async_trait]
pub trait Database: Send + Sync {
    /// Whether it answers.
    async fn ping(&self) -> Result<(), StoreError>;
    /// Connections that are open, and those of them that are idle.
    fn connections(&self) -> (u32, u32);
    /// Deletes what has expired: answers of idempotent requests and the like. How many rows it deleted.
    async fn tidy(&self, now: DateTime<Utc>) -> Result<u64, StoreError>;
}
