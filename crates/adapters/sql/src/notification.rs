//! Notification's ports on SQL.
//!
//! | module | what it is |
//! |---|---|
//! | `book` | stores, bookings and customers, as far as somebody is told of them |
//! | `chat` | what customers do in their chats at LINE, and who they are there |
//! | `notifications` | the table of what is told |
//! | `promotions` | what stores offer, and whom it is told to |
//! | `consent` | who agrees to hear of offers |
//! | `unit` | one transaction on what is told about a booking |
//! | `pace` | how fast a store's messages go out |
//! | `inbox` | people's own lists |
//! | `line` | stores' channels at LINE |
//! | `line_traces` | what tells who somebody is there, and when that goes |
//! | `template` | stores' own wordings |
//! | `webhook` | where tenants hear of events, and what became of that |

mod book;
mod chat;
mod consent;
mod inbox;
mod line;
pub(crate) mod line_traces;
mod notifications;
mod pace;
mod promotions;
mod template;
mod unit;
mod webhook;

pub use book::SqlBook;
pub use chat::SqlChats;
pub use consent::SqlConsents;
pub use line::{LineChannel, line_channel};

use crate::SqlStore;
use crate::engine::{Row, Write};
use crate::jobs;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{BookingId, NotificationId};
use musubi_kernel::job::NewJob;
use musubi_kernel::page::{Page, PageRequest};
use musubi_notification::channel::Channel;
use musubi_notification::notification::Notification;
use musubi_notification::pace::{Ask, Turn};
use musubi_notification::ports::{NotificationFilter, NotificationStore, NotificationUnit};
use sea_query::SelectStatement;
use std::slice;

/// What customers are told, in a database.
#[derive(Clone)]
pub struct SqlNotifications {
    store: SqlStore,
}

impl SqlNotifications {
    /// What is told, in this database.
    pub fn new(store: SqlStore) -> Self {
        Self { store }
    }

    fn read(&self, row: &Row) -> Result<Notification, StoreError> {
        notifications::read(row, &*self.store.cipher)
    }

    async fn all(&self, query: &SelectStatement) -> Result<Vec<Notification>, StoreError> {
        self.store.db.all(query).await?.iter().map(|row| self.read(row)).collect()
    }

    async fn one(&self, query: &SelectStatement) -> Result<Option<Notification>, StoreError> {
        self.store.db.optional(query).await?.map(|row| self.read(&row)).transpose()
    }

    fn inserting(&self, new: &Notification) -> Write {
        Write::one(notifications::inserting(new, &*self.store.cipher))
    }

    fn updating(&self, scope: &StoreScope, new: &Notification) -> Write {
        Write::one(notifications::updating(scope, new, &*self.store.cipher))
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.store.db.write_alone(writes).await
    }
}

/// A notification of another store is a defect of the caller.
fn own(scope: &StoreScope, new: &Notification) -> Result<(), StoreError> {
    if (new.tenant, new.store) == (scope.tenant(), scope.store()) {
        Ok(())
    } else {
        Err(StoreError::Internal("a notification of another store".to_owned()))
    }
}

#[async_trait]
impl NotificationStore for SqlNotifications {
    /// Takes nothing from others: of two who plan at once, the second to commit has lost a race.
    async fn begin(&self, scope: &StoreScope, booking: BookingId) -> Result<Box<dyn NotificationUnit>, StoreError> {
        Ok(Box::new(unit::SqlUnit::begin(self.clone(), scope.clone(), booking).await?))
    }

    async fn add(&self, scope: &StoreScope, new: &Notification, job: &NewJob) -> Result<bool, StoreError> {
        own(scope, new)?;
        let mut writes = vec![self.inserting(new)];
        writes.extend(jobs::adding(slice::from_ref(job)));
        match self.write(&writes).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict) => match self.store.db.optional(&notifications::by_key(scope, &new.key)).await? {
                Some(_) => Ok(false),
                None => Err(StoreError::Conflict),
            },
            Err(error) => Err(error),
        }
    }

    async fn find(&self, scope: &StoreScope, id: NotificationId) -> Result<Option<Notification>, StoreError> {
        self.one(&notifications::by_id(scope, id)).await
    }

    async fn named_by_provider(
        &self,
        scope: &StoreScope,
        channel: Channel,
        provider_id: &str,
    ) -> Result<Option<Notification>, StoreError> {
        self.one(&notifications::named(scope, channel, provider_id)).await
    }

    async fn save(&self, scope: &StoreScope, new: &Notification, job: Option<&NewJob>) -> Result<(), StoreError> {
        own(scope, new)?;
        let mut writes = vec![self.updating(scope, new)];
        writes.extend(job.into_iter().flat_map(|job| jobs::adding(slice::from_ref(job))));
        self.write(&writes).await
    }

    async fn turn(
        &self,
        scope: &StoreScope,
        ask: Ask,
        per_minute: u32,
        now: DateTime<Utc>,
    ) -> Result<Turn, StoreError> {
        pace::turn(&self.store.db, scope, ask, per_minute, now).await
    }

    async fn list(
        &self,
        scope: &StoreScope,
        filter: &NotificationFilter,
        page: &PageRequest,
    ) -> Result<Page<Notification>, EntityError> {
        let query = notifications::listed(scope, filter, page.limit, page.position()?);
        Ok(Page::of(self.all(&query).await?, page.limit, |one| one.id))
    }
}
