//! How often something was written: whether what was read earlier is still right can be asked without reading it again.
//!
//! Every write moves the revision of its [`Subject`] in its own transaction, and no revision ever goes back. So what
//! was read after a revision was asked for is right for as long as a later answer is the same number:
//!
//! 1. ask for the revision, and then read;
//! 2. later, ask again: the same number means that nothing was written in between.

use crate::access::StoreScope;
use crate::error::StoreError;
use crate::id::{StoreId, TenantId};
use async_trait::async_trait;
use chrono::NaiveDate;

/// Something whose writes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The installation: the operator's keys.
    Installation,
    /// A tenant: itself, and the keys that reach all of its stores.
    Tenant(TenantId),
    /// A store: itself, its keys, resources, absences, menus, options and calendar. Its customers do not count.
    Store(StoreId),
    /// The bookings and holds of a store that touch these dates: by their business date, or by the UTC dates of their
    /// occupied windows.
    Days {
        /// The store.
        store: StoreId,
        /// The first date.
        from: NaiveDate,
        /// The last date.
        to: NaiveDate,
    },
}

impl Subject {
    /// What a store's settings belong to: nothing that decides about its offers, save bookings and holds, is written
    /// without one of these.
    pub const fn settings(scope: &StoreScope) -> [Self; 2] {
        [Self::Tenant(scope.tenant()), Self::Store(scope.store())]
    }
}

/// Knows how often subjects were written.
#[async_trait]
pub trait Revisions: Send + Sync {
    /// The revision of each subject, in their order; 0 of one that was never written. Every one is read after the call
    /// began, or, where the calls of one request share their answers, after that request began.
    async fn of(&self, subjects: &[Subject]) -> Result<Vec<i64>, StoreError>;
}
