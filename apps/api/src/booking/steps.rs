//! The steps of a booking's life that staff take: `/v1/stores/{store_id}/bookings/{booking_id}/confirm` and the like.

use super::access::{AtBookings, BookingAccess, OwnBookingAccess};
use super::reason;
use super::views::{BookingView, changed};
use crate::access::BookingWrite;
use crate::idempotency::{Once, Presented};
use crate::path::Id;
use crate::problem::Problem;
use crate::state::App;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use musubi_booking::booking::{Booking, By};
use musubi_booking::desk::NewTerms;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{BookingId, MenuId, MenuOptionId, ResourceId, StoreId};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(confirm))
        .routes(routes!(cancel))
        .routes(routes!(complete))
        .routes(routes!(no_show))
        .routes(routes!(reschedule))
}

fn presenter(at: &AtBookings, operation: &'static str) -> impl Fn(&Booking) -> Presented + use<> {
    let reader = at.reader(operation);
    move |booking| changed(booking, &reader)
}

/// The store's word.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "電話で確認済み", "version": 1 }))]
struct Confirmation {
    /// The start that is agreed: the booking's own, which is the default, or one of its preferred times.
    start: Option<DateTime<Utc>>,
    /// Why, for the history.
    reason: Option<String>,
    /// The version that the caller saw: 409 `stale_version` when it no longer holds.
    version: Option<i64>,
}

/// Confirm a booking
///
/// Only a pending one. A preferred time is checked as a new booking would be.
#[utoipa::path(post, path = "/v1/stores/{store_id}/bookings/{booking_id}/confirm", operation_id = "confirm_booking",
    tag = "bookings", params(("store_id" = StoreId, Path), ("booking_id" = BookingId, Path)),
    request_body = Confirmation, responses((status = 200, body = BookingView)))]
async fn confirm(
    State(app): State<App>,
    BookingAccess { at, .. }: BookingAccess<BookingWrite>,
    Id(id): Id<BookingId>,
    once: Once<Confirmation>,
) -> Result<Response, Problem> {
    once.run(presenter(&at, "confirm_booking"), |Confirmation { start, reason, version }, keep| async move {
        let reason = reason::optional(reason)?;
        Ok::<_, Problem>(app.desk.confirm(at.target(id, version), start, reason.as_deref(), &keep).await?)
    })
    .await
}

/// Calling off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "担当者が急病のため", "version": 2 }))]
struct Cancellation {
    /// Why; the customer sees it. The store must say it, a customer who calls their own booking off need not.
    reason: Option<String>,
    /// The version that the caller saw: 409 `stale_version` when it no longer holds.
    version: Option<i64>,
}

/// Call a booking off
///
/// A pending or a confirmed one, at any time. A customer who has signed in may call off their own until
/// `changeable_until`; then 422 `too_late_to_change`.
#[utoipa::path(post, path = "/v1/stores/{store_id}/bookings/{booking_id}/cancel", operation_id = "cancel_booking",
    tag = "bookings", params(("store_id" = StoreId, Path), ("booking_id" = BookingId, Path)),
    request_body = Cancellation, responses((status = 200, body = BookingView)))]
async fn cancel(
    State(app): State<App>,
    OwnBookingAccess { at, .. }: OwnBookingAccess<BookingWrite>,
    Id(id): Id<BookingId>,
    once: Once<Cancellation>,
) -> Result<Response, Problem> {
    once.run(presenter(&at, "cancel_booking"), |Cancellation { reason, version }, keep| async move {
        Ok::<_, Problem>(app.desk.cancel(at.target(id, version), &at.by(reason)?, &keep).await?)
    })
    .await
}

/// How an appointment ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "version": 2 }))]
struct Outcome {
    /// Why, for the history.
    reason: Option<String>,
    /// The version that the caller saw: 409 `stale_version` when it no longer holds.
    version: Option<i64>,
}

/// Mark a booking as done
///
/// A confirmed one, once it has begun. The customer's visits and spending grow.
#[utoipa::path(post, path = "/v1/stores/{store_id}/bookings/{booking_id}/complete", operation_id = "complete_booking",
    tag = "bookings", params(("store_id" = StoreId, Path), ("booking_id" = BookingId, Path)),
    request_body = Outcome, responses((status = 200, body = BookingView)))]
async fn complete(
    State(app): State<App>,
    BookingAccess { at, .. }: BookingAccess<BookingWrite>,
    Id(id): Id<BookingId>,
    once: Once<Outcome>,
) -> Result<Response, Problem> {
    once.run(presenter(&at, "complete_booking"), |Outcome { reason, version }, keep| async move {
        let reason = reason::optional(reason)?;
        Ok::<_, Problem>(app.desk.complete(at.target(id, version), reason.as_deref(), &keep).await?)
    })
    .await
}

/// Mark a booking as missed
///
/// A confirmed one, once it has begun. At the store's threshold the customer is kept from booking for a while.
#[utoipa::path(post, path = "/v1/stores/{store_id}/bookings/{booking_id}/no-show", operation_id = "mark_no_show",
    tag = "bookings", params(("store_id" = StoreId, Path), ("booking_id" = BookingId, Path)),
    request_body = Outcome, responses((status = 200, body = BookingView)))]
async fn no_show(
    State(app): State<App>,
    BookingAccess { at, .. }: BookingAccess<BookingWrite>,
    Id(id): Id<BookingId>,
    once: Once<Outcome>,
) -> Result<Response, Problem> {
    once.run(presenter(&at, "mark_no_show"), |Outcome { reason, version }, keep| async move {
        let reason = reason::optional(reason)?;
        Ok::<_, Problem>(app.desk.no_show(at.target(id, version), reason.as_deref(), &keep).await?)
    })
    .await
}

/// What is to be different. What is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "a nomination can be left, taken back, or made")]
#[schema(example = json!({ "start": "2026-03-21T02:00:00Z", "reason": "お客様のご希望", "version": 2 }))]
struct Rescheduling {
    /// Another start, a whole minute.
    start: Option<DateTime<Utc>>,
    /// Another menu; then `option_ids` must be its own.
    menu_id: Option<MenuId>,
    /// Another party size.
    #[schema(minimum = 1, maximum = 10_000)]
    party_size: Option<u32>,
    /// Other options.
    #[schema(max_items = 100)]
    option_ids: Option<Vec<MenuOptionId>>,
    /// Another nomination; null takes it back.
    #[serde(default, deserialize_with = "even_null")]
    #[schema(value_type = Option<ResourceId>)]
    resource_id: Option<Option<ResourceId>>,
    /// Why. The store must say it, a customer who moves their own booking need not.
    reason: Option<String>,
    /// The version that the caller saw: 409 `stale_version` when it no longer holds.
    version: Option<i64>,
}

/// Tells null from absence.
#[expect(clippy::option_option, reason = "three things can be said: nothing, none, this one")]
fn even_null<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Option<ResourceId>>, D::Error> {
    Option::deserialize(source).map(Some)
}

impl Rescheduling {
    fn read(self, at: &AtBookings) -> Result<(NewTerms, By, Option<i64>), Invalid> {
        let Self { start, menu_id, party_size, option_ids, resource_id, reason, version } = self;
        let terms = NewTerms { start, menu: menu_id, party_size, options: option_ids, nominated: resource_id };
        let mut invalid = Invalid::default();
        invalid.require(terms != NewTerms::default(), "", "nothing_to_change", "say what is to be different");
        if at.caller.actor.is_customer() {
            for (pointer, given) in [
                ("/menu_id", terms.menu.is_some()),
                ("/party_size", terms.party_size.is_some()),
                ("/option_ids", terms.options.is_some()),
                ("/resource_id", terms.nominated.is_some()),
            ] {
                invalid.require(!given, pointer, "not_allowed", "customers may change the start alone");
            }
        }
        match at.by(reason) {
            Err(wrong) => {
                invalid.join(wrong);
                Err(invalid)
            }
            Ok(by) => invalid.finish().map(|()| (terms, by, version)),
        }
    }
}

/// Move or change a booking
///
/// A pending or a confirmed one, at any time. Everything is checked again as for a new booking, and priced anew; number,
/// status and history stay. A customer who has signed in may give their own another start until `changeable_until`; then 422
/// `too_late_to_change`.
#[utoipa::path(post, path = "/v1/stores/{store_id}/bookings/{booking_id}/reschedule",
    operation_id = "reschedule_booking", tag = "bookings",
    params(("store_id" = StoreId, Path), ("booking_id" = BookingId, Path)),
    request_body = Rescheduling, responses((status = 200, body = BookingView)))]
async fn reschedule(
    State(app): State<App>,
    OwnBookingAccess { at, .. }: OwnBookingAccess<BookingWrite>,
    Id(id): Id<BookingId>,
    once: Once<Rescheduling>,
) -> Result<Response, Problem> {
    once.run(presenter(&at, "reschedule_booking"), |body, keep| async move {
        let (terms, by, version) = body.read(&at)?;
        Ok::<_, Problem>(app.desk.reschedule(at.target(id, version), &terms, &by, &keep).await?)
    })
    .await
}
