//! `/v1/public/bookings/{manage_token}`: what a customer does with the link to a booking. The token is the credential.

use super::line_code::{self, LineCode};
use super::views::{BookingView, Reader, changed, shown};
use super::{holds, ics, reason};
use crate::caller::CallerOf;
use crate::idempotency::{Once, Presented};
use crate::problem::Problem;
use crate::state::App;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use chrono::{DateTime, Utc};
use musubi_booking::booking::{Booking, By};
use musubi_booking::desk::{NewTerms, Target};
use musubi_booking::error::BookingError;
use musubi_booking::reach::Reach;
use musubi_booking::token;
use musubi_kernel::access::{Actor, Caller, Permission, StoreScope};
use musubi_kernel::id::BookingId;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(see))
        .routes(routes!(cancel))
        .routes(routes!(reschedule))
        .routes(routes!(line_code))
        .routes(routes!(calendar))
}

/// Leave to see and change the booking of the token `{manage_token}`, as its customer.
struct Managed {
    scope: StoreScope,
    caller: Caller,
    booking: BookingId,
}

impl FromRequestParts<App> for Managed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        let token = holds::token(parts, "manage_token").await?.ok_or(BookingError::NotFound("booking"))?;
        let (store, booking) = app.desk.managed(&token::hash(&token)).await?;
        // Whoever follows the link acts as the customer, with credentials or without.
        let caller = Caller { actor: Actor::Public, ..caller };
        let scope = caller.actor.on_public_store(&store, Permission::BookingWrite)?;
        Ok(Self { scope, caller, booking })
    }
}

impl Managed {
    fn target(&self, version: Option<i64>) -> Target<'_> {
        Target { caller: &self.caller, scope: &self.scope, booking: self.booking, version, reach: Reach::Store }
    }
}

fn present(booking: &Booking) -> Presented {
    changed(booking, &Reader::Customer)
}

/// See one's booking
#[utoipa::path(get, path = "/v1/public/bookings/{manage_token}", operation_id = "see_booking", tag = "public",
    security(()), params(("manage_token" = String, Path)), responses((status = 200, body = BookingView)))]
async fn see(State(app): State<App>, managed: Managed) -> Result<Response, Problem> {
    let booking = app.desk.booking(&managed.scope, managed.booking, Reach::Store).await?;
    shown(&app, &managed.caller, &booking, &Reader::Customer).await
}

/// A customer's calling off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "予定が変わりました" }))]
pub(super) struct CustomerCancellation {
    /// Why; the store sees it.
    pub(super) reason: Option<String>,
    /// The version that the caller saw: 409 `stale_version` when it no longer holds.
    pub(super) version: Option<i64>,
}

/// Call one's booking off
///
/// Until `changeable_until`; then 422 `too_late_to_change`.
#[utoipa::path(post, path = "/v1/public/bookings/{manage_token}/cancel", operation_id = "cancel_own_booking",
    tag = "public", security(()), params(("manage_token" = String, Path)), request_body = CustomerCancellation,
    responses((status = 200, body = BookingView)))]
async fn cancel(
    State(app): State<App>,
    managed: Managed,
    once: Once<CustomerCancellation>,
) -> Result<Response, Problem> {
    once.run(present, |CustomerCancellation { reason, version }, keep| async move {
        let by = By::Customer { reason: reason::optional(reason)? };
        Ok::<_, Problem>(app.desk.cancel(managed.target(version), &by, &keep).await?)
    })
    .await
}

/// A customer's wish for another time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "start": "2026-03-21T02:00:00Z" }))]
pub(super) struct CustomerRescheduling {
    /// The new start, a whole minute.
    start: DateTime<Utc>,
    /// The version that the caller saw: 409 `stale_version` when it no longer holds.
    version: Option<i64>,
}

impl CustomerRescheduling {
    /// What is to be different, and the version that was seen.
    pub(super) fn read(self) -> (NewTerms, Option<i64>) {
        (NewTerms { start: Some(self.start), ..NewTerms::default() }, self.version)
    }
}

/// Move one's booking
///
/// Until `changeable_until`; then 422 `too_late_to_change`. The new start is checked as for a new booking.
#[utoipa::path(post, path = "/v1/public/bookings/{manage_token}/reschedule", operation_id = "reschedule_own_booking",
    tag = "public", security(()), params(("manage_token" = String, Path)), request_body = CustomerRescheduling,
    responses((status = 200, body = BookingView)))]
async fn reschedule(
    State(app): State<App>,
    managed: Managed,
    once: Once<CustomerRescheduling>,
) -> Result<Response, Problem> {
    once.run(present, |body, keep| async move {
        let ((terms, version), by) = (body.read(), By::Customer { reason: None });
        Ok::<_, Problem>(app.desk.reschedule(managed.target(version), &terms, &by, &keep).await?)
    })
    .await
}

/// Be told of one's booking on LINE
///
/// Whoever sends the code to the store's account there is told of this booking on LINE, and can call it off there. Nothing else becomes
/// theirs: a booking's link proves no more. 409 `line_not_in_use`, with what the store lacks, where it does not use LINE, and
/// `booking_not_open` of a booking that is over.
#[utoipa::path(post, path = "/v1/public/bookings/{manage_token}/line-code", operation_id = "make_line_code",
    tag = "public", security(()), params(("manage_token" = String, Path)),
    responses((status = 200, body = LineCode)))]
async fn line_code(State(app): State<App>, managed: Managed) -> Result<line_code::Shown, Problem> {
    let booking = app.desk.booking(&managed.scope, managed.booking, Reach::Store).await?;
    line_code::make(&app, &managed.scope, &booking, None).await
}

/// See one's booking as iCalendar
#[utoipa::path(get, path = "/v1/public/bookings/{manage_token}/calendar.ics", operation_id = "see_booking_ics",
    tag = "public", security(()), params(("manage_token" = String, Path)),
    responses((status = 200, body = String, content_type = "text/calendar", description = "A calendar of one event")))]
async fn calendar(State(app): State<App>, managed: Managed) -> Result<Response, Problem> {
    ics::of_booking(&app, &managed.scope, managed.booking, Reach::Store).await
}
