//! What became of a booking, as its events tell it.

use crate::facts::Snapshot;
use chrono::{DateTime, Utc};
use musubi_kernel::codes;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, EventId, StoreId, TenantId};
use musubi_kernel::record::DomainEvent;
use serde::Deserialize as _;

codes! {
    /// What became of a booking.
    BookingEventKind {
        /// Made.
        Created = "booking.created",
        /// Moved, or otherwise changed.
        Updated = "booking.updated",
        /// Called off.
        Cancelled = "booking.cancelled",
        /// Agreed.
        Confirmed = "booking.confirmed",
        /// Took place.
        Completed = "booking.completed",
        /// The customer stayed away.
        NoShow = "booking.no_show",
    }
}

/// That something became of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingEvent {
    /// The event.
    pub id: EventId,
    /// What became of it.
    pub kind: BookingEventKind,
    /// Whose.
    pub tenant: TenantId,
    /// In which store.
    pub store: StoreId,
    /// The booking.
    pub booking: BookingId,
    /// How it stood afterwards.
    pub after: Snapshot,
    /// When.
    pub at: DateTime<Utc>,
}

impl BookingEvent {
    /// What an event tells of a booking; `None`: it tells of none. [`StoreError::Corrupt`] when it does, and cannot be read.
    pub fn read(event: &DomainEvent) -> Result<Option<Self>, StoreError> {
        let Some(kind) = BookingEventKind::from_code(&event.kind) else { return Ok(None) };
        let unreadable = |why: String| StoreError::Corrupt(format!("the event {}: {why}", event.id));
        let home = event.tenant.zip(event.store).ok_or_else(|| unreadable("it has no store".to_owned()))?;
        let after = Snapshot::deserialize(&event.payload).map_err(|error| unreadable(error.to_string()))?;
        let (tenant, store) = home;
        let booking = event.subject.into();
        Ok(Some(Self { id: event.id, kind, tenant, store, booking, after, at: event.occurred_at }))
    }
}
