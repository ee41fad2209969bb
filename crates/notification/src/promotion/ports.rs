//! What the use cases on promotions ask of the outside.

use super::Promotion;
use crate::channel::Channel;
use crate::notification::Notification;
use crate::notification::status::{Needless, NotificationStatusCode};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::bound::Bound;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{CustomerId, PromotionId};
use musubi_kernel::job::NewJob;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;

/// What has become of a promotion: how many messages stand so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// They wait.
    pub pending: u64,
    /// The provider has taken them.
    pub sent: u64,
    /// They have arrived, as the provider says.
    pub delivered: u64,
    /// No way has worked.
    pub failed: u64,
    /// They were called off.
    pub cancelled: u64,
    /// Entries of people's own lists, which make no noise and are none of these.
    pub listed: u64,
}

impl Counts {
    /// How many messages were planned.
    pub const fn planned(&self) -> u64 {
        self.pending + self.sent + self.delivered + self.failed + self.cancelled
    }

    /// So many more that stand so on a channel.
    pub fn add(&mut self, channel: Channel, status: NotificationStatusCode, more: u64) {
        let count = match (channel, status) {
            (Channel::InApp, _) => &mut self.listed,
            (_, NotificationStatusCode::Pending) => &mut self.pending,
            (_, NotificationStatusCode::Sent) => &mut self.sent,
            (_, NotificationStatusCode::Delivered) => &mut self.delivered,
            (_, NotificationStatusCode::Failed) => &mut self.failed,
            (_, NotificationStatusCode::Cancelled) => &mut self.cancelled,
        };
        *count += more;
    }
}

/// What is called off, of what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// What tells of this promotion.
    Of(PromotionId),
    /// What tells this customer of offers.
    To(CustomerId),
}

/// Where promotions are kept, and what is told of them. Every write is one transaction.
#[async_trait]
pub trait PromotionStore: Send + Sync {
    /// Writes a new promotion, and the job that plans it; [`StoreError::Full`] when as many of the store's
    /// [wait](super::PromotionStatusCode::is_waiting) as may.
    async fn add(
        &self,
        scope: &StoreScope,
        new: &Promotion,
        waiting: Bound,
        (record, job): (&Record, &NewJob),
        answered: Option<&Answered>,
    ) -> Result<(), StoreError>;

    /// Writes a promotion over the version before its own, [`StoreError::Conflict`] when another was first, and a job on it.
    async fn save(&self, scope: &StoreScope, new: &Promotion, record: &Record, job: &NewJob) -> Result<(), StoreError>;

    /// A promotion of the store.
    async fn find(&self, scope: &StoreScope, id: PromotionId) -> Result<Option<Promotion>, StoreError>;

    /// A page of the store's promotions, the youngest first, by id.
    async fn list(&self, scope: &StoreScope, page: &PageRequest) -> Result<Page<Promotion>, EntityError>;

    /// What has become of a promotion.
    async fn counts(&self, scope: &StoreScope, id: PromotionId) -> Result<Counts, StoreError>;

    /// Writes a lot: the promotion over the version before its own, and what is told of it, each with the job that sends it.
    /// [`StoreError::Conflict`], and nothing is written, when another was first or a key is taken.
    async fn plan(
        &self,
        scope: &StoreScope,
        new: &Promotion,
        told: &[(Notification, NewJob)],
    ) -> Result<(), StoreError>;

    /// Calls off what waits, `most` at most; how many.
    async fn call_off(
        &self,
        scope: &StoreScope,
        which: Waiting,
        why: Needless,
        most: u32,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;
}
