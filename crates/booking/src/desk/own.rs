//! What is a person's own, at whichever store.

use super::Desk;
use crate::booking::Booking;
use crate::error::BookingError;
use crate::ports::BookingFilter;
use musubi_kernel::access::{PersonScope, StoreRef};
use musubi_kernel::id::BookingId;
use musubi_kernel::page::{Page, PageRequest};

/// A booking of a person, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnBooking {
    /// The booking.
    pub booking: Booking,
    /// What the store is called, as customers read it.
    pub store_name: String,
}

impl Desk {
    /// A page of a person's bookings at all stores, in order of their starts.
    pub async fn own_bookings(
        &self,
        person: &PersonScope,
        filter: &BookingFilter,
        page: &PageRequest,
    ) -> Result<Page<OwnBooking>, BookingError> {
        let after = page.position()?;
        let Page { items, next } = self.store.list_own(person, filter, page, after).await?;
        Ok(Page { items: self.named(items).await?, next })
    }

    /// The store of a booking that is a person's own.
    pub async fn store_of_own(&self, person: &PersonScope, id: BookingId) -> Result<StoreRef, BookingError> {
        self.store.find_own(person, id).await?.ok_or(BookingError::NotFound("booking"))
    }

    /// These bookings with the names of their stores.
    pub async fn named(&self, bookings: Vec<Booking>) -> Result<Vec<OwnBooking>, BookingError> {
        if bookings.is_empty() {
            return Ok(Vec::new());
        }
        let names = self.shops.names(&bookings.iter().map(|booking| booking.store).collect()).await?;
        let own = |booking: Booking| {
            let store_name = names.get(&booking.store).cloned().unwrap_or_default();
            OwnBooking { booking, store_name }
        };
        Ok(bookings.into_iter().map(own).collect())
    }
}
