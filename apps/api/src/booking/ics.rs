//! Bookings as iCalendar (RFC 5545).

use super::access::AtBookings;
use crate::problem::Problem;
use crate::state::App;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};
use musubi_booking::booking::{Booking, Status};
use musubi_booking::reach::Reach;
use musubi_catalog::store::Store;
use musubi_kernel::access::StoreScope;
use musubi_kernel::content_line::{folded, plain};
use musubi_kernel::id::{BookingId, StoreId};
use std::fmt::Write as _;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// Only documented here: [`super::bookings`] serves it, as a route cannot match the end of a segment.
#[derive(OpenApi)]
#[openapi(paths(download))]
struct Documented;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Documented::openapi())
}

/// Read a booking as iCalendar
#[utoipa::path(get, path = "/v1/stores/{store_id}/bookings/{booking_id}.ics", operation_id = "get_booking_ics",
    tag = "bookings", params(("store_id" = StoreId, Path), ("booking_id" = BookingId, Path)),
    responses((status = 200, body = String, content_type = "text/calendar", description = "A calendar of one event")))]
pub(super) async fn download(app: &App, at: &AtBookings, id: BookingId) -> Result<Response, Problem> {
    of_booking(app, &at.scope, id, at.reach).await
}

/// One booking, as a file.
pub(super) async fn of_booking(
    app: &App,
    scope: &StoreScope,
    id: BookingId,
    reach: Reach,
) -> Result<Response, Problem> {
    let booking = app.desk.booking(scope, id, reach).await?;
    let store = store(app, scope).await?;
    let mut response = answer(&store, [&booking]);
    if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"{}.ics\"", booking.number)) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// The store of a scope.
pub(super) async fn store(app: &App, scope: &StoreScope) -> Result<Store, Problem> {
    Ok(app.catalog.stores.get(&scope.clone().into(), scope.store()).await?)
}

/// A calendar of these bookings.
pub(super) fn answer<'a>(store: &Store, bookings: impl IntoIterator<Item = &'a Booking>) -> Response {
    let mut calendar = Calendar::empty();
    for (name, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//Musubi//Bookings//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("X-WR-CALNAME", &plain(store.shown_name())),
    ] {
        calendar.append_property(Property::new(name, value));
    }
    calendar.extend(bookings.into_iter().map(|booking| event(booking, store)));
    let content_type = HeaderValue::from_static("text/calendar; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], folded(&calendar.to_string())).into_response()
}

fn event(booking: &Booking, store: &Store) -> Event {
    let agreement = &booking.agreement;
    let mut event = Event::new();
    event
        .uid(&format!("{}@{}", booking.id, booking.store))
        .timestamp(booking.updated_at)
        .created(booking.created_at)
        .last_modified(booking.updated_at)
        .sequence(u32::try_from(booking.version).unwrap_or(u32::MAX))
        .starts(agreement.service.from.instant())
        .ends(agreement.service.to.instant())
        .summary(&plain(&format!("{} - {}", agreement.menu_name, store.shown_name())))
        .description(&plain(&description(booking)))
        .status(status(&booking.status));
    if let Some(address) = &store.details.address {
        event.location(&plain(address));
    }
    event.done()
}

/// What a calendar shows beside the title: nothing of the customer, as the addresses of calendars wander.
fn description(booking: &Booking) -> String {
    let agreement = &booking.agreement;
    let mut text = booking.number.to_string();
    for option in &agreement.options {
        let _ = write!(text, "\n+ {}", option.name);
    }
    for held in &agreement.resources {
        let _ = write!(text, "\n{}", held.name);
    }
    if agreement.party_size > 1 {
        let _ = write!(text, "\n× {}", agreement.party_size);
    }
    text
}

const fn status(status: &Status) -> EventStatus {
    match status {
        Status::Pending => EventStatus::Tentative,
        Status::Confirmed | Status::Completed { .. } | Status::NoShow { .. } => EventStatus::Confirmed,
        Status::Cancelled { .. } => EventStatus::Cancelled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the library writes, folded anew.
    #[test]
    fn the_lines_of_the_library_are_never_too_long() {
        for length in 60..240 {
            let line = "a結b ".repeat(length);
            let mut calendar = Calendar::empty();
            calendar.append_property(Property::new("X-A", &line));
            let folded = folded(&calendar.to_string());
            assert!(folded.split("\r\n").all(|line| line.len() <= 75), "{folded}");
            assert!(folded.replace("\r\n ", "").contains(&format!("X-A:{line}\r\n")), "{folded}");
        }
    }

    #[test]
    fn a_text_cannot_begin_a_line_of_its_own() {
        let mut event = Event::new();
        event.summary(&plain("1, 2; \\ \r\nEND:VEVENT"));
        assert!(event.to_string().contains("SUMMARY:1\\, 2\\; \\\\ \\nEND:VEVENT\r\n"));
    }
}
