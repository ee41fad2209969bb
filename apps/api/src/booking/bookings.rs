//! `/v1/stores/{store_id}/bookings`

use super::access::{BookingAccess, OwnBookingAccess};
use super::ics;
use super::new_booking::NewBookingBody;
use super::views::{BookingView, Reader, shown};
use crate::access::{BookingRead, BookingWrite, PublicStoreAccess};
use crate::body::MergePatch;
use crate::entity::Listed;
use crate::idempotency::{Once, Presented};
use crate::path::{Id, segment};
use crate::problem::Problem;
use crate::query::{PageParams, Query, uuid_of};
use crate::state::App;
use crate::version::IfMatch;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use chrono::NaiveDate;
use musubi_booking::booking::{Notes, StatusCode};
use musubi_booking::desk::Booked;
use musubi_booking::error::BookingError;
use musubi_booking::number::BookingNumber;
use musubi_booking::ports::BookingFilter;
use musubi_booking::reach::Reach;
use musubi_kernel::access::{AccessError, Actor, Permission};
use musubi_kernel::error::{EntityError, Invalid};
use musubi_kernel::id::{BookingId, CustomerId, ResourceId, StoreId};
use musubi_kernel::receipt::NoReceipt;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, patch))
}

/// Book
///
/// What a hold keeps, or a menu at a start. 409 `slot_taken` when somebody else was faster, `hold_expired` when the hold
/// has ended; a rule that refuses is 422 with its code. Without credentials, `source` is `line` or `web` and the customer
/// is described, else the answer is 401; the answer then leaves out what only the store may know. Somebody who has signed
/// in books for themselves: they are the customer who is linked to them, or whose e-mail address is the one that they have
/// proven, or a new one; `customer` may say what else there is to know, such as a telephone number.
#[utoipa::path(post, path = "/v1/stores/{store_id}/bookings", operation_id = "create_booking", tag = "bookings",
    security((), ("bearer" = [])), params(("store_id" = StoreId, Path)), request_body = NewBookingBody,
    responses((status = 201, body = BookingView)))]
async fn create(
    State(app): State<App>,
    at: PublicStoreAccess<BookingWrite>,
    once: Once<NewBookingBody>,
) -> Result<Response, Problem> {
    let reader = Reader::of(&at.caller, &at.scope, Reach::Store, "create_booking");
    let present = move |Booked { booking, manage_token }: &Booked| {
        let view = BookingView::of(booking, &reader);
        // With the manage link, what is left out could be read after all.
        let all_told = matches!(reader, Reader::Store(_) | Reader::Customer);
        let view = if all_told { view.with_manage_token(manage_token.expose()) } else { view };
        Presented::created(booking.id, booking.version, &view).showing(reader.shown([booking]))
    };
    once.run(present, |body, keep| async move {
        let person = match &at.caller.actor {
            Actor::Person { .. } => Some(app.people.get(&at.caller.actor.as_person()?.into()).await?),
            _ => None,
        };
        let new = body.read(&at.caller, person.as_ref())?;
        Ok::<_, Problem>(app.desk.book(&at.caller, &at.scope, &new, &keep).await?)
    })
    .await
}

/// Which bookings are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its documentation is used")]
struct BookingParams {
    /// With this business date or a later one.
    date_from: Option<NaiveDate>,
    /// With this business date or an earlier one.
    date_to: Option<NaiveDate>,
    /// With one of these statuses, separated by commas.
    #[param(style = Form, explode = false)]
    status: Option<Vec<StatusCode>>,
    /// Which hold this resource.
    resource_id: Option<ResourceId>,
    /// Of this customer. Who holds `booking.write` needs `customer.contact` for it.
    customer_id: Option<CustomerId>,
    /// With this number, as people write it.
    booking_number: Option<String>,
}

/// List bookings
///
/// In order of their starts. Staff who see to their own bookings alone get those, a customer who has signed in theirs.
#[utoipa::path(get, path = "/v1/stores/{store_id}/bookings", operation_id = "list_bookings", tag = "bookings",
    params(("store_id" = StoreId, Path), BookingParams, PageParams),
    responses((status = 200, body = Listed<BookingView>)))]
async fn list(
    State(app): State<App>,
    OwnBookingAccess { at, .. }: OwnBookingAccess<BookingRead>,
    query: Query,
) -> Result<Json<Listed<BookingView>>, Problem> {
    let (filter, page) = query.read(|query| {
        let filter = BookingFilter {
            date_from: query.date("date_from"),
            date_to: query.date("date_to"),
            statuses: statuses(query),
            resource: query.id("resource_id"),
            customer: query.id("customer_id"),
            number: query.parsed::<BookingNumber>("booking_number", "bad_number", "must be a booking number"),
            reach: at.reach,
        };
        (filter, query.page())
    })?;
    let reader = at.reader("list_bookings");
    if filter.customer.is_some() && !reader.knows_whom() && !at.caller.actor.is_customer() {
        return Err(AccessError::Forbidden(Permission::CustomerContact).into());
    }
    let found = app.desk.bookings(&at.scope, &filter, &page).await?;
    app.contact_reads.note(&at.caller, reader.shown(&found.items).as_ref()).await?;
    Ok(Json(found.map(|booking| BookingView::of(&booking, &reader)).into()))
}

pub(super) fn statuses(query: &mut crate::query::Reader) -> Vec<StatusCode> {
    let words = "pending, confirmed, cancelled, completed, no_show, separated by commas";
    let read = |text: &str| text.split(',').map(StatusCode::from_code).collect::<Option<Vec<_>>>();
    query.word("status", read, words).unwrap_or_default()
}

/// The `{booking_id}` in the path, and whether it ends in `.ics`: a route cannot have both as a pattern.
struct BookingPath {
    id: BookingId,
    as_calendar: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for BookingPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = segment(parts, "booking_id").await?.unwrap_or_default();
        let (id, as_calendar) = text.strip_suffix(".ics").map_or((text.as_str(), false), |id| (id, true));
        let id = uuid_of(id).ok_or_else(|| Invalid::one("{booking_id}", "bad_format", "must be a UUID"))?;
        Ok(Self { id: id.into(), as_calendar })
    }
}

/// Read a booking
#[utoipa::path(get, path = "/v1/stores/{store_id}/bookings/{booking_id}", operation_id = "get_booking",
    tag = "bookings", params(("store_id" = StoreId, Path), ("booking_id" = BookingId, Path)),
    responses((status = 200, body = BookingView)))]
async fn get(
    State(app): State<App>,
    OwnBookingAccess { at, .. }: OwnBookingAccess<BookingRead>,
    BookingPath { id, as_calendar }: BookingPath,
) -> Result<Response, Problem> {
    if as_calendar {
        return ics::download(&app, &at, id).await;
    }
    let booking = app.desk.booking(&at.scope, id, at.reach).await?;
    shown(&app, &at.caller, &booking, &at.reader("get_booking")).await
}

/// What people wrote about a booking.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "these are the names on the wire")]
struct BookingNotes {
    /// The customer, for the store.
    customer_notes: Option<String>,
    /// Staff, for the visit.
    staff_notes: Option<String>,
    /// Staff, for staff.
    internal_notes: Option<String>,
}

/// What `patch` makes of the notes.
fn revise(present: &Notes, patch: &MergePatch<BookingNotes>) -> Result<Notes, Invalid> {
    let Notes { customer, staff, internal } = present.clone();
    let present = BookingNotes { customer_notes: customer, staff_notes: staff, internal_notes: internal };
    let BookingNotes { customer_notes, staff_notes, internal_notes } = patch.onto(&present)?;
    let mut invalid = Invalid::default();
    invalid.prose("/customer_notes", customer_notes.as_deref());
    invalid.prose("/staff_notes", staff_notes.as_deref());
    invalid.prose("/internal_notes", internal_notes.as_deref());
    invalid.finish()?;
    Ok(Notes { customer: customer_notes, staff: staff_notes, internal: internal_notes })
}

/// Change the notes on a booking
///
/// In whatever state it is. Everything else about it changes by its own steps.
#[utoipa::path(patch, path = "/v1/stores/{store_id}/bookings/{booking_id}", operation_id = "patch_booking",
    tag = "bookings", params(("store_id" = StoreId, Path), ("booking_id" = BookingId, Path)),
    request_body(content = BookingNotes, content_type = "application/merge-patch+json"),
    responses((status = 200, body = BookingView)))]
async fn patch(
    State(app): State<App>,
    BookingAccess { at, .. }: BookingAccess<BookingWrite>,
    Id(id): Id<BookingId>,
    expected: IfMatch,
    patch: MergePatch<BookingNotes>,
) -> Result<Response, Problem> {
    let revision = |present: &Notes| Ok(revise(present, &patch)?);
    let booking = app.desk.annotate(at.target(id, expected.0), &revision, &NoReceipt).await.map_err(precondition)?;
    shown(&app, &at.caller, &booking, &at.reader("patch_booking")).await
}

/// A version that is sent as `If-Match` fails as a precondition, not as a conflict.
fn precondition(error: BookingError) -> Problem {
    match error {
        BookingError::Stale { expected, actual } => EntityError::Stale { expected, actual }.into(),
        other => other.into(),
    }
}
