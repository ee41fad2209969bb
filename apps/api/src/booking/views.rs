//! How bookings look from outside.

use super::access::AtBookings;
use crate::contact::{Showing, Shown, mask};
use crate::idempotency::Presented;
use crate::problem::Problem;
use crate::state::App;
use crate::version::tagged;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::agreement::{Agreement, HeldResource};
use musubi_booking::booking::{Booking, Status, StatusCode};
use musubi_booking::code::{ResourceKind, Source};
use musubi_booking::minute::Minute;
use musubi_booking::price::Price;
use musubi_booking::reach::Reach;
use musubi_kernel::access::{Caller, Permission, StoreScope};
use musubi_kernel::id::{BookingId, CustomerId, MenuId, MenuOptionId, ResourceId, StoreId};
use musubi_kernel::money::{Amount, Currency};
use serde::Serialize;
use utoipa::ToSchema;

/// For whom a view is made.
#[derive(Debug, Clone)]
pub(super) enum Reader {
    /// The store: everything.
    Store(Showing),
    /// The store, by somebody who is not told how customers are reached; nor which customer it is, if `unnamed`: who could
    /// book for any telephone number would learn whose it is.
    Masked { unnamed: bool },
    /// The customer: not what staff wrote, and nothing of what the store knows of customers.
    Customer,
    /// Somebody with credentials who may write bookings but not read them: nothing of who comes and what was written.
    Writer,
}

impl Reader {
    /// What a caller may see of bookings that they reach, in the answer of this operation.
    pub(super) fn of(caller: &Caller, scope: &StoreScope, reach: Reach, operation: &'static str) -> Self {
        if caller.actor.is_customer() {
            return Self::Customer;
        }
        // What is their own they may read.
        let may_read = matches!(reach, Reach::Resource(_)) || caller.actor.holds(Permission::BookingRead);
        if !may_read {
            return Self::Writer;
        }
        let unnamed = caller.actor.holds(Permission::BookingWrite);
        Showing::of(caller, scope, operation).map_or(Self::Masked { unnamed }, Self::Store)
    }

    /// Of which customers these bookings show how they are reached, to somebody who acts for the store.
    pub(super) fn shown<'a>(&self, bookings: impl IntoIterator<Item = &'a Booking>) -> Option<Shown> {
        let Self::Store(showing) = self else { return None };
        let reached = bookings.into_iter().filter(|booking| booking.contact.phone.is_some());
        showing.to(reached.map(|booking| booking.customer))
    }

    const fn is_store(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Masked { .. })
    }

    /// Whether they are told which customer it is.
    pub(super) const fn knows_whom(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Masked { unnamed: false })
    }
}

impl AtBookings {
    /// What this caller may see of the bookings, in the answer of this operation.
    pub(super) fn reader(&self, operation: &'static str) -> Reader {
        Reader::of(&self.caller, &self.scope, self.reach, operation)
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
    /// Who comes. Absent in answers to callers without `booking.read`, and to those with `booking.write` and without
    /// `customer.contact`.
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
    /// The customer's telephone number as given with the booking, or `•••-` and its last four digits without
    /// `customer.contact`. Null in answers to keys that may not read bookings.
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
    /// What the store is called. In the list of a person's own bookings alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    store_name: Option<String>,
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
    pub(super) fn of(booking: &Booking, reader: &Reader) -> Self {
        let agreement = &booking.agreement;
        let for_store = reader.is_store();
        let names = !matches!(reader, Reader::Writer);
        let personal = |text: &Option<String>| text.clone().filter(|_| names);
        let phone = match reader {
            Reader::Masked { .. } => booking.contact.phone.as_deref().map(mask::phone),
            _ => personal(&booking.contact.phone),
        };
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
            customer_id: reader.knows_whom().then_some(booking.customer),
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
            customer_phone: phone,
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
            store_name: None,
        }
    }

    /// The same, with the token that is shown once.
    pub(super) fn with_manage_token(self, token: &str) -> Self {
        Self { manage_token: Some(token.to_owned()), ..self }
    }

    /// The same, with the name of its store.
    pub(super) fn with_store_name(self, name: String) -> Self {
        Self { store_name: Some(name), ..self }
    }
}

/// A booking with its version as entity tag. That it shows how its customer is reached is noted first.
pub(super) async fn shown(app: &App, caller: &Caller, booking: &Booking, reader: &Reader) -> Result<Response, Problem> {
    app.contact_reads.note(caller, reader.shown([booking]).as_ref()).await?;
    Ok(tagged(booking.version, &BookingView::of(booking, reader)))
}

/// 200 for a booking that was changed.
pub(super) fn changed(booking: &Booking, reader: &Reader) -> Presented {
    Presented::changed(booking.version, &BookingView::of(booking, reader)).showing(reader.shown([booking]))
}
