//! What the use cases on chats ask of the outside.

use super::event::ChatEvent;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, StoreRef, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, CustomerId, StoreId};
use musubi_kernel::job::NewJob;
use musubi_kernel::secret::Secret;
use uuid::Uuid;

/// An event that is to be kept.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Id.
    pub id: Uuid,
    /// What happened.
    pub event: ChatEvent,
    /// The job that acts on it.
    pub job: NewJob,
}

/// A code, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Id.
    pub id: Uuid,
    /// Its digest.
    pub digest: [u8; 32],
    /// The booking of which whoever sends it is told.
    pub booking: BookingId,
    /// The customer who they are, where that was proven; `None`: no more than that they hold the booking's link.
    pub customer: Option<CustomerId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is good no more.
    pub expires_at: DateTime<Utc>,
}

/// What a store lacks to use its channel at LINE: the first of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lacking {
    /// The store's word that it uses it.
    #[error("it has not switched LINE on (`line_integration_active`)")]
    Switch,
    /// By which it is called.
    #[error("it has set no access token (`line_access_token`)")]
    AccessToken,
    /// By which its calls are known.
    #[error("it has set no channel secret (`line_channel_secret`)")]
    ChannelSecret,
}

/// What came of a code that somebody sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redeemed {
    /// It is none, is over, or somebody else has used it.
    Unknown,
    /// They are told of this booking on LINE from now on; or of all that they book, as they are its customer.
    Linked(BookingId),
    /// They are another customer of the store already.
    Taken,
}

/// Keeps what people do in their chats with stores, and who they are.
#[async_trait]
pub trait ChatStore: Send + Sync {
    /// A store that does business, and the secret by which its channel's calls are signed, if it has one. `None`: there is no such store.
    async fn channel(&self, store: StoreId) -> Result<Option<(StoreRef, Option<Secret>)>, StoreError>;

    /// What the store lacks to use its channel; `None`: nothing, so that what is said there is heard and answered.
    async fn lacks(&self, scope: &StoreScope) -> Result<Option<Lacking>, StoreError>;

    /// Keeps those events whose key the store has not heard yet, with their jobs, each due at its [turn](super::pace); how many these
    /// are.
    async fn keep(&self, scope: &StoreScope, heard: &[Heard], now: DateTime<Utc>) -> Result<usize, StoreError>;

    /// An event that is still to be acted on.
    async fn event(&self, scope: &StoreScope, id: Uuid) -> Result<Option<ChatEvent>, StoreError>;

    /// Notes that an event was acted on: its key stays known, what it said is forgotten.
    async fn settle(&self, scope: &StoreScope, id: Uuid) -> Result<(), StoreError>;

    /// Notes whether somebody had blocked the store at an instant, unless it is known of a later one.
    async fn mark(&self, scope: &StoreScope, user: &str, blocked: bool, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Keeps a code in the place of the booking's last one.
    async fn put_code(&self, scope: &StoreScope, code: &Code) -> Result<(), StoreError>;

    /// Uses a code for somebody; a second time it comes to the same for them, and is unknown to others.
    async fn redeem(
        &self,
        scope: &StoreScope,
        digest: &[u8; 32],
        user: &str,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Redeemed, StoreError>;

    /// Makes the customer who signs in as this LINE user somebody who is told on LINE, unless they are by another already.
    async fn link_by_sign_in(
        &self,
        scope: &StoreScope,
        user: &str,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Whether somebody is told of a booking on LINE: as its customer, or by a code.
    async fn holds(&self, scope: &StoreScope, user: &str, booking: BookingId) -> Result<bool, StoreError>;
}

/// What came of calling a booking off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalledOff {
    /// It is called off.
    Done,
    /// It has changed since its customer saw it.
    Changed,
    /// It does not stand so that its customer may.
    Refused,
}

/// Calls bookings off by the ordinary rules.
#[async_trait]
pub trait Till: Send + Sync {
    /// Calls a booking off for its customer, who saw it at this version.
    async fn call_off(
        &self,
        scope: &StoreScope,
        booking: BookingId,
        version: i64,
        caller: &Caller,
    ) -> Result<CalledOff, StoreError>;
}
