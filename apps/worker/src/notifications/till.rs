//! Calling bookings off for customers who say so in a chat.

use async_trait::async_trait;
use musubi_booking::booking::By;
use musubi_booking::desk::{Desk, Target};
use musubi_booking::error::BookingError;
use musubi_booking::reach::Reach;
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::BookingId;
use musubi_kernel::receipt::NoReceipt;
use musubi_notification::chat::ports::{CalledOff, Till};

/// The use cases of booking, as a chat needs them.
pub(super) struct OfDesk(pub(super) Desk);

#[async_trait]
impl Till for OfDesk {
    async fn call_off(
        &self,
        scope: &StoreScope,
        booking: BookingId,
        version: i64,
        caller: &Caller,
    ) -> Result<CalledOff, StoreError> {
        let target = Target { caller, scope, booking, version: Some(version), reach: Reach::Store };
        match self.0.cancel(target, &By::Customer { reason: None }, &NoReceipt).await {
            Ok(_) => Ok(CalledOff::Done),
            Err(BookingError::Stale { .. }) => Ok(CalledOff::Changed),
            Err(BookingError::Store(error)) => Err(error),
            Err(_) => Ok(CalledOff::Refused),
        }
    }
}
