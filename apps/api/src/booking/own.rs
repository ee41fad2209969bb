//! `/v1/me/bookings`: a person's own bookings, at whichever store.

use super::access::AtBookings;
use super::bookings::statuses;
use super::line_code::{self, LineCode};
use super::managed::{CustomerCancellation, CustomerRescheduling};
use super::views::{BookingView, Reader, changed, shown};
use crate::access::PersonAccess;
use crate::entity::Listed;
use crate::idempotency::{Once, Presented};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query};
use crate::state::App;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use chrono::NaiveDate;
use musubi_booking::booking::{Booking, StatusCode};
use musubi_booking::ports::BookingFilter;
use musubi_booking::reach::Reach;
use musubi_kernel::access::{Actor, Caller, Permission};
use musubi_kernel::id::BookingId;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(cancel))
        .routes(routes!(reschedule))
        .routes(routes!(line_code))
}

/// Which of one's bookings are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its documentation is used")]
struct OwnBookingParams {
    /// With this business date or a later one.
    from: Option<NaiveDate>,
    /// With this business date or an earlier one.
    to: Option<NaiveDate>,
    /// With one of these statuses, separated by commas.
    #[param(style = Form, explode = false)]
    status: Option<Vec<StatusCode>>,
}

/// List one's bookings
///
/// At all stores, in order of their starts.
#[utoipa::path(get, path = "/v1/me/bookings", operation_id = "list_my_bookings", tag = "me",
    params(OwnBookingParams, PageParams), responses((status = 200, body = Listed<BookingView>)))]
async fn list(State(app): State<App>, me: PersonAccess, query: Query) -> Result<Json<Listed<BookingView>>, Problem> {
    let (filter, page) = query.read(|query| {
        let filter = BookingFilter {
            date_from: query.date("from"),
            date_to: query.date("to"),
            statuses: statuses(query),
            ..BookingFilter::default()
        };
        (filter, query.page())
    })?;
    let found = app.desk.own_bookings(&me.scope, &filter, &page).await?;
    let view = |own: musubi_booking::desk::OwnBooking| {
        BookingView::of(&own.booking, &Reader::Customer).with_store_name(own.store_name)
    };
    Ok(Json(found.map(view).into()))
}

/// Leave to see and change the booking `{booking_id}`, as its customer.
struct Own {
    at: AtBookings,
    booking: BookingId,
}

impl FromRequestParts<App> for Own {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let me = PersonAccess::from_request_parts(parts, app).await?;
        let Id(booking) = Id::<BookingId>::from_request_parts(parts, app).await?;
        let store = app.desk.store_of_own(&me.scope, booking).await?;
        // Whatever else they are: here they act as the customer.
        let (user, session) = (me.scope.user(), me.scope.session());
        let caller = Caller { actor: Actor::Person { user, session }, ..me.caller };
        let scope = caller.actor.on_public_store(&store, Permission::BookingWrite)?;
        Ok(Self { at: AtBookings { scope, caller, reach: Reach::Person(user) }, booking })
    }
}

fn present(booking: &Booking) -> Presented {
    changed(booking, &Reader::Customer)
}

/// See one of one's bookings
#[utoipa::path(get, path = "/v1/me/bookings/{booking_id}", operation_id = "get_my_booking", tag = "me",
    params(("booking_id" = BookingId, Path)), responses((status = 200, body = BookingView)))]
async fn get(State(app): State<App>, Own { at, booking }: Own) -> Result<Response, Problem> {
    let booking = app.desk.booking(&at.scope, booking, at.reach).await?;
    shown(&app, &at.caller, &booking, &Reader::Customer).await
}

/// Call one of one's bookings off
///
/// Until `changeable_until`; then 422 `too_late_to_change`.
#[utoipa::path(post, path = "/v1/me/bookings/{booking_id}/cancel", operation_id = "cancel_my_booking", tag = "me",
    params(("booking_id" = BookingId, Path)), request_body = CustomerCancellation,
    responses((status = 200, body = BookingView)))]
async fn cancel(
    State(app): State<App>,
    Own { at, booking }: Own,
    once: Once<CustomerCancellation>,
) -> Result<Response, Problem> {
    once.run(present, |CustomerCancellation { reason, version }, keep| async move {
        Ok::<_, Problem>(app.desk.cancel(at.target(booking, version), &at.by(reason)?, &keep).await?)
    })
    .await
}

/// Move one of one's bookings
///
/// Until `changeable_until`; then 422 `too_late_to_change`. The new start is checked as for a new booking.
#[utoipa::path(post, path = "/v1/me/bookings/{booking_id}/reschedule", operation_id = "reschedule_my_booking",
    tag = "me", params(("booking_id" = BookingId, Path)), request_body = CustomerRescheduling,
    responses((status = 200, body = BookingView)))]
async fn reschedule(
    State(app): State<App>,
    Own { at, booking }: Own,
    once: Once<CustomerRescheduling>,
) -> Result<Response, Problem> {
    once.run(present, |body, keep| async move {
        let (terms, version) = body.read();
        Ok::<_, Problem>(app.desk.reschedule(at.target(booking, version), &terms, &at.by(None)?, &keep).await?)
    })
    .await
}

/// Be told of one's bookings at a store on LINE
///
/// Whoever sends the code to the account at LINE of the booking's store is told there of all that the person books at it.
/// 409 `line_not_in_use`, with what the store lacks, where it does not use LINE, and `booking_not_open` of a booking that is over.
#[utoipa::path(post, path = "/v1/me/bookings/{booking_id}/line-code", operation_id = "make_my_line_code", tag = "me",
    params(("booking_id" = BookingId, Path)), responses((status = 200, body = LineCode)))]
async fn line_code(State(app): State<App>, Own { at, booking }: Own) -> Result<line_code::Shown, Problem> {
    let booking = app.desk.booking(&at.scope, booking, at.reach).await?;
    line_code::make(&app, &at.scope, &booking, Some(booking.customer)).await
}
