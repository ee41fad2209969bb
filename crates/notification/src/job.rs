//! The job that sends a notification.

use crate::notification::Notification;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{AccessError, Caller, Permission, StoreRef, StoreScope};
use musubi_kernel::id::{IdGen, NotificationId, StoreId, TenantId};
use musubi_kernel::job::NewJob;
use serde::{Deserialize, Serialize};

/// The kind of these jobs.
pub const SEND: &str = "notification.send";

/// How often such a job may fail: as a message that was not taken is no failure of its job, only the database can fail it, and
/// that may be away for days.
const ATTEMPTS: u32 = 100;

/// Which notification is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// Whose.
    pub tenant: TenantId,
    /// Which store's.
    pub store: StoreId,
    /// Which one.
    pub notification: NotificationId,
}

impl Sending {
    /// Leave of the system to work on its store.
    pub(crate) fn scope(&self) -> Result<StoreScope, AccessError> {
        store_scope(self.tenant, self.store)
    }
}

/// Leave of the system to work on a store.
pub(crate) fn store_scope(tenant: TenantId, store: StoreId) -> Result<StoreScope, AccessError> {
    let at = StoreRef { store, tenant, open_to_public: false };
    Caller::system().actor.on_store(&at, Permission::BookingRead)
}

/// The job that sends a notification when it is due. Its key tells versions apart: the job of the version before may be there a moment
/// longer than it stood so, and must not be taken for this one.
pub(crate) fn sending(ids: &dyn IdGen, of: &Notification, due_at: DateTime<Utc>, now: DateTime<Utc>) -> NewJob {
    let which = Sending { tenant: of.tenant, store: of.store, notification: of.id };
    let job =
        NewJob::new(ids, SEND, which, now).keyed(format!("{}.{}", of.id, of.version)).due(due_at).attempts(ATTEMPTS);
    job.of(Some(of.tenant), Some(of.store))
}
