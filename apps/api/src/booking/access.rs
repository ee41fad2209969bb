//! Extractors that grant access to bookings: with the leave to work on the store comes which of its bookings a caller
//! reaches.

use crate::access::{Grant, Seen, named_store};
use crate::caller::CallerOf;
use crate::problem::Problem;
use crate::state::App;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use musubi_booking::booking::By;
use musubi_booking::desk::Target;
use musubi_booking::reach::Reach;
use musubi_kernel::access::{AccessError, Caller, StoreScope};
use musubi_kernel::error::Invalid;
use musubi_kernel::id::BookingId;
use std::marker::PhantomData;

/// A caller at the bookings of a store.
#[derive(Debug, Clone)]
pub(super) struct AtBookings {
    /// Leave to work on the store.
    pub(super) scope: StoreScope,
    /// Who got it.
    pub(super) caller: Caller,
    /// Which bookings they reach.
    pub(super) reach: Reach,
}

impl AtBookings {
    /// A step on a booking.
    pub(super) const fn target(&self, booking: BookingId, version: Option<i64>) -> Target<'_> {
        Target { caller: &self.caller, scope: &self.scope, booking, version, reach: self.reach }
    }

    /// Who changes a booking and why: a customer may say it, those who act for the store must.
    pub(super) fn by(&self, reason: Option<String>) -> Result<By, Invalid> {
        if matches!(self.reach, Reach::Person(_)) {
            return Ok(By::Customer { reason: super::reason::optional(reason)? });
        }
        let missing = || Invalid::one("/reason", "missing", "this member is required");
        Ok(By::Staff { reason: super::reason::required(reason.ok_or_else(missing)?)? })
    }
}

/// The caller may use `P` on bookings of the store `{store_id}` for the store: on all of them, or, with `booking.own`, on
/// those that hold the resource which they are.
#[derive(Debug, Clone)]
pub(super) struct BookingAccess<P> {
    pub(super) at: AtBookings,
    grant: PhantomData<P>,
}

impl<P: Grant> FromRequestParts<App> for BookingAccess<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        if caller.actor.is_public() {
            return Err(AccessError::Unauthenticated.into());
        }
        let store = named_store(parts, app).await?;
        let seen = Seen::of(app, caller, Some(store.store)).await?;
        let (scope, reach) = seen.granted(Reach::of_the_stores(&seen.caller.actor, &store, P::PERMISSION))?;
        Ok(Self { at: AtBookings { scope, caller: seen.acts(parts), reach }, grant: PhantomData })
    }
}

/// The same, or the caller is a customer who has signed in, and reaches what is their own.
#[derive(Debug, Clone)]
pub(super) struct OwnBookingAccess<P> {
    pub(super) at: AtBookings,
    grant: PhantomData<P>,
}

impl<P: Grant> FromRequestParts<App> for OwnBookingAccess<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        if caller.actor.is_public() {
            return Err(AccessError::Unauthenticated.into());
        }
        let store = named_store(parts, app).await?;
        let seen = Seen::of(app, caller, Some(store.store)).await?;
        let (scope, reach) = seen.granted(Reach::of_anyone(&seen.caller.actor, &store, P::PERMISSION))?;
        Ok(Self { at: AtBookings { scope, caller: seen.acts(parts), reach }, grant: PhantomData })
    }
}
