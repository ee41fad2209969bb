//! What a person finds in their own list: the notifications of the channel `in_app` that have arrived there.

use crate::kind::NotificationKind;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::PersonScope;
use musubi_kernel::clock::Clock;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{BookingId, NotificationId, StoreId};
use musubi_kernel::page::{Page, PageRequest};
use serde::Serialize;
use std::sync::Arc;

/// An entry of a person's own list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entry {
    /// Id.
    pub id: NotificationId,
    /// Which store tells it.
    pub store_id: StoreId,
    /// What customers call the store.
    pub store_name: String,
    /// Of which kind.
    pub kind: NotificationKind,
    /// About which booking; null: about none.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub booking_id: Option<BookingId>,
    /// Title.
    pub title: String,
    /// Text.
    pub text: String,
    /// When it came.
    pub at: DateTime<Utc>,
    /// When the person read it; null: they have not.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub read_at: Option<DateTime<Utc>>,
}

/// Where people's own lists are kept.
#[async_trait]
pub trait InboxStore: Send + Sync {
    /// A page of a person's list, the youngest first, by when they came and id.
    async fn page(
        &self,
        person: &PersonScope,
        only_unread: bool,
        page: &PageRequest,
    ) -> Result<Page<Entry>, EntityError>;

    /// How many entries the person has not read.
    async fn unread(&self, person: &PersonScope) -> Result<u64, StoreError>;

    /// Writes that the person has read an entry, unless they had; whether it is theirs.
    async fn mark_read(&self, person: &PersonScope, id: NotificationId, at: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Writes that the person has read all that came until then; how many they had not.
    async fn mark_all_read(
        &self,
        person: &PersonScope,
        until: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError>;
}

/// The use cases on a person's own list.
#[derive(Clone)]
pub struct Inbox {
    store: Arc<dyn InboxStore>,
    clock: Arc<dyn Clock>,
}

impl Inbox {
    /// The use cases over these ports.
    pub fn new(store: Arc<dyn InboxStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// A page of a person's list, the youngest first.
    pub async fn page(
        &self,
        person: &PersonScope,
        only_unread: bool,
        page: &PageRequest,
    ) -> Result<Page<Entry>, EntityError> {
        self.store.page(person, only_unread, page).await
    }

    /// How many entries the person has not read.
    pub async fn unread(&self, person: &PersonScope) -> Result<u64, StoreError> {
        self.store.unread(person).await
    }

    /// The person has read an entry. A second time changes nothing.
    pub async fn mark_read(&self, person: &PersonScope, id: NotificationId) -> Result<(), EntityError> {
        let known = self.store.mark_read(person, id, self.clock.now()).await?;
        if known { Ok(()) } else { Err(EntityError::NotFound("notification")) }
    }

    /// The person has read all that came until then; how many they had not. What came later they have not seen.
    pub async fn mark_all_read(&self, person: &PersonScope, until: DateTime<Utc>) -> Result<u64, StoreError> {
        self.store.mark_all_read(person, until, self.clock.now()).await
    }
}
