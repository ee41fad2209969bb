//! What the use cases on notifications ask of the outside.

use crate::channel::Channel;
use crate::facts::{Addressee, BookingFacts, Candidate, House};
use crate::kind::NotificationKind;
use crate::message::{Message, Reply};
use crate::notification::Notification;
use crate::notification::status::NotificationStatusCode;
use crate::pace::{Ask, Turn};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::delivery::Outcome;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{BookingId, CustomerId, NotificationId, PromotionId};
use musubi_kernel::job::NewJob;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::secret::Secret;

/// Knows stores, bookings and customers, as far as somebody is told of them.
#[async_trait]
pub trait Book: Send + Sync {
    /// The store; `None`: it does no business, or its tenant does none.
    async fn house(&self, scope: &StoreScope) -> Result<Option<House>, StoreError>;

    /// A booking as it stands when this is called, with its history.
    async fn booking(&self, scope: &StoreScope, id: BookingId) -> Result<Option<BookingFacts>, StoreError>;

    /// A customer.
    async fn customer(&self, scope: &StoreScope, id: CustomerId) -> Result<Option<Addressee>, StoreError>;

    /// The store's customers whose record is in use, `most` at most, after `after` in the order of their ids.
    async fn customers(
        &self,
        scope: &StoreScope,
        after: Option<CustomerId>,
        most: u32,
    ) -> Result<Vec<Candidate>, StoreError>;
}

/// Which notifications a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotificationFilter {
    /// Those that stand so.
    pub status: Option<NotificationStatusCode>,
    /// Those of this kind.
    pub kind: Option<NotificationKind>,
    /// Those of this channel.
    pub channel: Option<Channel>,
    /// Those to this customer.
    pub customer: Option<CustomerId>,
    /// Those about this booking.
    pub booking: Option<BookingId>,
    /// Those about this promotion.
    pub promotion: Option<PromotionId>,
}

/// Where notifications are kept. Recipients and contents are sealed there. Every write is one transaction.
#[async_trait]
pub trait NotificationStore: Send + Sync {
    /// A unit of work on what is told about a booking. Of two on one booking at a time the second to commit has lost a race. What
    /// [`Book`] says while it goes on is not older than its beginning.
    async fn begin(&self, scope: &StoreScope, booking: BookingId) -> Result<Box<dyn NotificationUnit>, StoreError>;

    /// Writes a new notification and the job that sends it; false, and nothing is written, when the store has one with its
    /// key.
    async fn add(&self, scope: &StoreScope, new: &Notification, job: &NewJob) -> Result<bool, StoreError>;

    /// A notification of the store.
    async fn find(&self, scope: &StoreScope, id: NotificationId) -> Result<Option<Notification>, StoreError>;

    /// The notification that a provider calls so, on this channel.
    async fn named_by_provider(
        &self,
        scope: &StoreScope,
        channel: Channel,
        provider_id: &str,
    ) -> Result<Option<Notification>, StoreError>;

    /// Writes a notification over the version before its own, [`StoreError::Conflict`] when another was first, and a job that
    /// sends it, if one is to.
    async fn save(&self, scope: &StoreScope, new: &Notification, job: Option<&NewJob>) -> Result<(), StoreError>;

    /// Asks the store's [pace](crate::pace::Pace) for a message, and writes it as it is then.
    async fn turn(&self, scope: &StoreScope, ask: Ask, per_minute: u32, now: DateTime<Utc>)
    -> Result<Turn, StoreError>;

    /// A page of the store's notifications, the youngest first, by id.
    async fn list(
        &self,
        scope: &StoreScope,
        filter: &NotificationFilter,
        page: &PageRequest,
    ) -> Result<Page<Notification>, EntityError>;
}

/// One unit of work on what is told about a booking. Dropped without `commit`, it leaves no trace.
#[async_trait]
pub trait NotificationUnit: Send {
    /// Everything that was planned about the booking, whatever became of it.
    async fn planned(&mut self) -> Result<Vec<Notification>, StoreError>;

    /// Takes up a new notification, and the job that sends it.
    fn add(&mut self, new: &Notification, job: &NewJob);

    /// Takes up a notification, to be written over the version before its own.
    fn save(&mut self, new: &Notification);

    /// Makes everything durable; [`StoreError::Conflict`] when something was written since, or a key is taken.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// A place among the messages that a channel takes at once. It is free again when this is dropped.
#[derive(Default)]
pub struct Room(Option<(Channel, Box<dyn Send + Sync>)>);

impl Room {
    /// A place of a channel, which is free when `place` is dropped.
    pub fn of(channel: Channel, place: impl Send + Sync + 'static) -> Self {
        Self(Some((channel, Box::new(place))))
    }

    /// Whether it is one of this channel.
    pub fn is_of(&self, channel: Channel) -> bool {
        self.0.as_ref().is_some_and(|(of, _)| *of == channel)
    }
}

/// Hands messages to those who carry them: LINE, a mail server, a gateway for text messages.
#[async_trait]
pub trait Channels: Send + Sync {
    /// Waits for a place on a channel that takes few messages at once; `None`: there is none for now. Asked before it is
    /// read whether a message is still to be sent, so that what has waited here is not sent for a reason of long ago.
    async fn room(&self, channel: Channel) -> Option<Room>;

    /// Hands a message of a store to the provider of its recipient's channel, once. Never called for a person's own list.
    /// `room` is of the channel that was meant first, and another when the customer's address has changed meanwhile.
    async fn send(&self, scope: &StoreScope, message: &Message, room: Room) -> Outcome;

    /// Answers what somebody has just done in their chat with the store at LINE, by the token that came with it.
    async fn reply(&self, scope: &StoreScope, token: &Secret, reply: &Reply) -> Outcome;
}
