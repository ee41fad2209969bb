//! Routes of booking: free slots, holds, bookings and their life, and what calendars read.
//!
//! The public page uses the routes of slots, holds and new bookings without credentials; once booked, a customer goes on
//! with the token of the manage link ([`managed`]). One who has signed in needs no link: they reach what is their own, at a
//! store ([`access`]) and at all of them ([`own`]).

mod access;
mod bookings;
mod changes;
mod feed;
mod holds;
mod ics;
mod line_code;
mod managed;
mod new_booking;
mod own;
mod reason;
mod slot_pages;
mod slots;
mod steps;
mod views;

pub(crate) use slot_pages::SlotPages;

use crate::problem::Problem;
use crate::state::App;
use musubi_booking::code::Source;
use musubi_kernel::access::{Caller, Permission};
use utoipa_axum::router::OpenApiRouter;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(slots::routes())
        .merge(holds::routes())
        .merge(bookings::routes())
        .merge(changes::routes())
        .merge(steps::routes())
        .merge(ics::routes())
        .merge(feed::routes())
        .merge(managed::routes())
        .merge(own::routes())
}

/// The source that a request names, by default the store's LINE mini-app. Only callers with credentials may book as
/// staff do, around the rules for customers.
fn source_for(caller: &Caller, named: Option<Source>) -> Result<Source, Problem> {
    let source = named.unwrap_or(Source::Line);
    if !source.is_customer_facing() {
        caller.actor.not_as_customer(Permission::BookingWrite)?;
    }
    Ok(source)
}
