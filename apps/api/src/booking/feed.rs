//! `/v1/stores/{store_id}/calendar.ics`: a store's bookings for calendar programs.

use super::ics;
use crate::access::Seen;
use crate::caller::CallerOf;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::Query;
use crate::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::Days;
use musubi_booking::booking::Booking;
use musubi_booking::ports::BookingFilter;
use musubi_booking::reach::Reach;
use musubi_kernel::access::{AccessError, Permission, StoreScope};
use musubi_kernel::id::{ResourceId, StoreId};
use musubi_kernel::page::{MAX_LIMIT, PageRequest};
use musubi_kernel::zone;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How many days back the feed goes.
const DAYS_BACK: u64 = 30;
/// How many days ahead.
const DAYS_AHEAD: u64 = 180;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(feed))
}

/// Subscribe to a store's bookings
///
/// From 30 days back to 180 days ahead. Calendar programs send no headers, so the key goes into the address: make one
/// with `booking.read` for this store alone, and revoke it when the address has strayed. The events name no customer.
#[utoipa::path(get, path = "/v1/stores/{store_id}/calendar.ics", operation_id = "subscribe_calendar", tag = "bookings",
    params(
        ("store_id" = StoreId, Path),
        ("token" = Option<String>, Query, description = "An API key with `booking.read`, unless it is sent as `Authorization`"),
        ("resource_id" = Option<ResourceId>, Query, description = "Only what holds this resource")
    ),
    responses((status = 200, body = String, content_type = "text/calendar", description = "A calendar")))]
async fn feed(
    State(app): State<App>,
    CallerOf(caller): CallerOf,
    Id(id): Id<StoreId>,
    query: Query,
) -> Result<Response, Problem> {
    let (token, resource) = query.read(|query| (query.text("token"), query.id("resource_id")))?;
    let actor = match token {
        Some(token) => app.keys.authenticate(&token).await?.ok_or_else(bad_token)?,
        None if caller.actor.is_public() => return Err(AccessError::Unauthenticated.into()),
        None => Seen::of(&app, caller, Some(id)).await?.caller.actor,
    };
    let found = app.catalog.directory.by_id(id).await?.ok_or(AccessError::NotFound("store"))?;
    let (scope, reach) = Reach::of_the_stores(&actor, &found, Permission::BookingRead)?;
    let store = ics::store(&app, &scope).await?;
    let today = zone::date_of(store.details.time_zone, app.clock.now());
    let filter = BookingFilter {
        date_from: Some(today - Days::new(DAYS_BACK)),
        date_to: Some(today + Days::new(DAYS_AHEAD)),
        resource,
        reach,
        ..BookingFilter::default()
    };
    Ok(ics::answer(&store, &all(&app, &scope, &filter).await?))
}

fn bad_token() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "bad_credentials", "the API key is unknown, revoked or expired")
}

async fn all(app: &App, scope: &StoreScope, filter: &BookingFilter) -> Result<Vec<Booking>, Problem> {
    let (mut all, mut page) = (Vec::new(), PageRequest { limit: MAX_LIMIT, after: None });
    loop {
        let found = app.desk.bookings(scope, filter, &page).await?;
        all.extend(found.items);
        let Some(next) = found.next else { return Ok(all) };
        page.after = Some(next);
    }
}
