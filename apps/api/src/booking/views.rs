//! How bookings look from outside.

use crate::idempotency::Presented;
use crate::version::etag;
use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::agreement::{Agreement, HeldResource};
use musubi_booking::booking::{Booking, Status, StatusCode};
use musubi_booking::code::{ResourceKind, Source};
use musubi_booking::minute::Minute;
use musubi_booking::price::Price;
use musubi_kernel::access::{Actor, Caller, Permission};
use musubi_kernel::id::{BookingId, CustomerId, MenuId, MenuOptionId, ResourceId, StoreId};
use musubi_kernel::money::{Amount, Currency};
use serde::Serialize;
use utoipa::ToSchema;

/// For whom a view is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// The store: everything.
    Store,
    /// The customer: not what staff wrote, and nothing of what the store knows of customers.
    Customer,
    /// Somebody with credentials who may write bookings but not read them: nothing of who comes and what was written.
    Writer,
}

impl Reader {
    /// What a caller with credentials may see of a booking that it changed.
    pub(super) fn knowing(caller: &Caller) -> Self {
        let reads = match &caller.actor {
            Actor::Operator { .. } | Actor::System => true,
            Actor::Key { permissions, .. } => permissions.contains(&Permission::BookingRead),
            Actor::Person { .. } | Actor::Public => false,
        };
        if reads { Self::Store } else { Self::Writer }
    }
}

/// An appointment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Booking)]
#[expect(clippy::option_option, reason = "what staff have not written is null, what customers may not read is absent")]
pub(super) struct BookingView {
    /// Id.
    id: BookingId,
    /// For people: readable aloud, with a check character.
    #[schema(example = "260320-K7M4XQ2-R")]
    booking_number: String,
    /// In which store.
    store_id: StoreId,
    /// Who comes. Absent in answers to callers without `booking.read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<CustomerId>,
    /// The menu.
    menu_id: MenuId,
    /// Its name when it was booked.
    menu_name: String,
    /// Where it stands.
    status: StatusCode,
    /// The store's date that it belongs to.
    business_date: NaiveDate,
    /// When the service begins.
    start: DateTime<Utc>,
    /// When it ends.
    end: DateTime<Utc>,
    /// From when other bookings are kept away.
    occupied_from: DateTime<Utc>,
    /// Until when.
    occupied_to: DateTime<Utc>,
    /// How many come.
    party_size: u32,
    /// What it holds; the primary resource, if there is one, first.
    resources: Vec<HeldView>,
    /// Whether the customer asked for the primary resource.
    nominated: bool,
    /// The options, as they were when they were chosen.
    options: Vec<OptionView>,
    /// What it costs in all.
    total_price: Amount,
    /// The parts of that.
    price_detail: Price,
    /// In which currency.
    currency: Currency,
    /// By which way it came.
    source: Source,
    /// The customer's name as given with the booking. Null in answers to keys that may not read it.
    #[schema(required)]
    customer_name: Option<String>,
    /// The customer's telephone number as given with the booking. Null in answers to keys that may not read it.
    #[schema(required)]
    customer_phone: Option<String>,
    /// What the customer wrote. Null in answers to keys that may not read it.
    #[schema(required)]
    customer_notes: Option<String>,
    /// What staff wrote for the visit. Absent in answers to callers without `booking.read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    staff_notes: Option<Option<String>>,
    /// What staff wrote for staff. Absent in answers to callers without `booking.read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    internal_notes: Option<Option<String>>,
    /// Starts that would also do, while it waits for the store's word.
    preferred_times: Vec<DateTime<Utc>>,
    /// When the store gave its word.
    #[schema(required)]
    confirmed_at: Option<DateTime<Utc>>,
    /// When it was called off.
    #[schema(required)]
    cancelled_at: Option<DateTime<Utc>>,
    /// Why; the customer sees it.
    #[schema(required)]
    cancellation_reason: Option<String>,
    /// When it was marked as done.
    #[schema(required)]
    completed_at: Option<DateTime<Utc>>,
    /// When it was marked as missed.
    #[schema(required)]
    no_show_at: Option<DateTime<Utc>>,
    /// Until when the customer may move it or call it off.
    changeable_until: DateTime<Utc>,
    /// How often it was written.
    version: i64,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
    /// The token of the customer's manage link, `/v1/public/bookings/{manage_token}`. In the answer to the booking
    /// alone: it is not stored as such.
    #[serde(skip_serializing_if = "Option::is_none")]
    manage_token: Option<String>,
}

/// A resource that a booking or a hold has seats on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeldResource)]
pub(super) struct HeldView {
    /// The resource.
    id: ResourceId,
    /// Its name when it was booked.
    name: String,
    /// What it is.
    #[serde(rename = "type")]
    kind: ResourceKind,
    /// Seats.
    seats: u32,
    /// Whether it is the primary one.
    primary: bool,
}

/// An option as it was chosen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChosenOption)]
pub(super) struct OptionView {
    /// The option.
    id: MenuOptionId,
    /// Its name.
    name: String,
    /// Its price.
    price: Amount,
    /// Its length in minutes.
    duration: u32,
}

/// What an agreement holds.
pub(super) fn held(agreement: &Agreement) -> Vec<HeldView> {
    let view = |HeldResource { id, kind, name, seats, primary, .. }: &HeldResource| HeldView {
        id: *id,
        name: name.clone(),
        kind: *kind,
        seats: *seats,
        primary: *primary,
    };
    agreement.resources.iter().map(view).collect()
}

impl BookingView {
    /// A booking, as its reader may see it.
    pub(super) fn of(booking: &Booking, reader: Reader) -> Self {
        let agreement = &booking.agreement;
        let for_store = reader == Reader::Store;
        let names = reader != Reader::Writer;
        let personal = |text: &Option<String>| text.clone().filter(|_| names);
        let (mut cancelled, mut completed_at, mut no_show_at) = (None, None, None);
        match &booking.status {
            Status::Cancelled { at, reason } => cancelled = Some((*at, reason.clone())),
            Status::Completed { at } => completed_at = Some(*at),
            Status::NoShow { at } => no_show_at = Some(*at),
            Status::Pending | Status::Confirmed => {}
        }
        let (cancelled_at, cancellation_reason) = cancelled.unzip();
        let option = |option: &musubi_booking::agreement::ChosenOption| OptionView {
            id: option.id,
            name: option.name.clone(),
            price: option.price,
            duration: option.duration,
        };
        Self {
            id: booking.id,
            booking_number: booking.number.to_string(),
            store_id: booking.store,
            customer_id: for_store.then_some(booking.customer),
            menu_id: agreement.menu,
            menu_name: agreement.menu_name.clone(),
            status: booking.status.name(),
            business_date: agreement.business_date,
            start: agreement.service.from.instant(),
            end: agreement.service.to.instant(),
            occupied_from: agreement.occupied.from.instant(),
            occupied_to: agreement.occupied.to.instant(),
            party_size: agreement.party_size,
            resources: held(agreement),
            nominated: agreement.nominated,
            options: agreement.options.iter().map(option).collect(),
            total_price: agreement.price.total,
            price_detail: agreement.price,
            currency: Currency::Jpy,
            source: agreement.source,
            customer_name: personal(&booking.contact.name),
            customer_phone: personal(&booking.contact.phone),
            customer_notes: personal(&booking.notes.customer),
            staff_notes: for_store.then(|| booking.notes.staff.clone()),
            internal_notes: for_store.then(|| booking.notes.internal.clone()),
            preferred_times: booking.preferred_times.iter().copied().map(Minute::instant).collect(),
            confirmed_at: booking.confirmed_at,
            cancelled_at,
            cancellation_reason: cancellation_reason.flatten(),
            completed_at,
            no_show_at,
            changeable_until: booking.changeable_until(),
            version: booking.version,
            created_at: booking.created_at,
            updated_at: booking.updated_at,
            manage_token: None,
        }
    }

    /// The same, with the token that is shown once.
    pub(super) fn with_manage_token(self, token: &str) -> Self {
        Self { manage_token: Some(token.to_owned()), ..self }
    }
}

/// A booking with its version as entity tag.
pub(super) fn shown(booking: &Booking, reader: Reader) -> Response {
    let tag = [(header::ETAG, etag(booking.version))];
    (tag, Json(BookingView::of(booking, reader))).into_response()
}

/// 200 for a booking that was changed.
pub(super) fn changed(booking: &Booking, reader: Reader) -> Presented {
    Presented::changed(booking.version, &BookingView::of(booking, reader))
}
