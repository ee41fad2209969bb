//! A store, a customer and a booking to test with.

use crate::channel::Addresses;
use crate::event::{BookingEvent, BookingEventKind};
use crate::facts::{Addressee, Author, BookingFacts, BookingStatus, House, Named, Snapshot, Step, Terms, Unsubscribe};
use crate::notification::Notification;
use crate::plan::{Draft, Home};
use crate::preferences::Preferences;
use crate::settings::{Columns, StoreSettings};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::{Actor, Permission, StoreRef, StoreScope};
use musubi_kernel::id::{BookingId, CustomerId, EventId, StoreId, TenantId, UserId};
use musubi_kernel::money::{Amount, Currency};
use musubi_kernel::record::DomainEvent;
use musubi_kernel::zone::Tz;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const TENANT: TenantId = TenantId(Uuid::from_u128(1));
pub(crate) const STORE: StoreId = StoreId(Uuid::from_u128(2));
pub(crate) const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(3));
pub(crate) const BOOKING: BookingId = BookingId(Uuid::from_u128(4));
pub(crate) const USER: UserId = UserId(Uuid::from_u128(5));

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn scope() -> StoreScope {
    let at = StoreRef { store: STORE, tenant: TENANT, open_to_public: true };
    Actor::System.on_store(&at, Permission::BookingRead).unwrap()
}

/// A store in Tokyo with these settings.
pub(crate) fn house(settings: &Value) -> House {
    House {
        store: STORE,
        name: "サロン花子".into(),
        colour: "#10b981".into(),
        zone: Tz::Asia__Tokyo,
        currency: Currency::Jpy,
        address: Some("東京都渋谷区神南1-2-3 結ビル2階".into()),
        phone: Some("03-1234-5678".into()),
        email: Some("salon@example.jp".parse().unwrap()),
        settings: StoreSettings::of(settings.as_object(), Columns::default()),
    }
}

/// A customer who can be told by every way.
pub(crate) fn hanako() -> Addressee {
    Addressee {
        customer: CUSTOMER,
        name: Some("山田 花子".into()),
        in_use: true,
        addresses: Addresses {
            line: Some("U4af4980629".into()),
            email: Some("hanako@example.jp".parse().unwrap()),
            sms: Some("+819012345678".into()),
            user: None,
        },
        preferences: Preferences::default(),
        agrees_to_offers: false,
        unsubscribe: Unsubscribe::default(),
    }
}

pub(crate) fn terms(start: DateTime<Utc>) -> Terms {
    Terms {
        start,
        end: start + TimeDelta::hours(1),
        menu_id: Uuid::from_u128(6).into(),
        menu_name: "カット＆カラー".into(),
        option_ids: vec![],
        party_size: 1,
        resources: vec![Named { id: Uuid::from_u128(7).into(), name: "佐藤".into() }],
        total_price: Amount(12_100),
    }
}

/// A booking and what becomes of it.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) facts: BookingFacts,
    pub(crate) events: Vec<BookingEvent>,
}

impl Life {
    /// Made at a time by somebody.
    pub(crate) fn made(by: Author, status: BookingStatus, start: DateTime<Utc>, at: DateTime<Utc>) -> Self {
        let now = Snapshot { status, version: 0, terms: terms(start) };
        let facts = BookingFacts {
            id: BOOKING,
            number: "260320-XTHYJC8-P".into(),
            now: now.clone(),
            created_at: at,
            changeable_until: start - TimeDelta::hours(24),
            links: None,
            addressee: hanako(),
            history: vec![],
        };
        let mut life = Self { facts, events: vec![] };
        life.write(BookingEventKind::Created, by, at, now);
        life.facts.history[0].before = None;
        life
    }

    /// Something becomes of it.
    pub(crate) fn becomes(&mut self, kind: BookingEventKind, by: Author, at: DateTime<Utc>) {
        let status = match kind {
            BookingEventKind::Created | BookingEventKind::Updated => self.facts.now.status,
            BookingEventKind::Cancelled => BookingStatus::Cancelled,
            BookingEventKind::Confirmed => BookingStatus::Confirmed,
            BookingEventKind::Completed => BookingStatus::Completed,
            BookingEventKind::NoShow => BookingStatus::NoShow,
        };
        let after = Snapshot { status, ..self.facts.now.clone() };
        self.write(kind, by, at, after);
    }

    /// It is moved.
    pub(crate) fn moves(&mut self, by: Author, start: DateTime<Utc>, at: DateTime<Utc>) {
        let after = Snapshot { terms: terms(start), ..self.facts.now.clone() };
        self.write(BookingEventKind::Updated, by, at, after);
    }

    fn write(&mut self, kind: BookingEventKind, by: Author, at: DateTime<Utc>, after: Snapshot) {
        let after = Snapshot { version: self.facts.now.version + 1, ..after };
        let before = Some(self.facts.now.clone());
        self.facts.history.push(Step { kind, at, by, before, after: after.clone() });
        self.facts.now = after.clone();
        let id = EventId(Uuid::from_u128(1_000 + self.events.len() as u128));
        self.events.push(BookingEvent { id, kind, tenant: TENANT, store: STORE, booking: BOOKING, after, at });
    }

    pub(crate) fn last(&self) -> &BookingEvent {
        self.events.last().unwrap()
    }
}

/// As it comes out of the outbox.
pub(crate) fn outbox(event: &BookingEvent) -> DomainEvent {
    DomainEvent {
        id: event.id,
        kind: event.kind.code().into(),
        tenant: Some(event.tenant),
        store: Some(event.store),
        subject: event.booking.0,
        payload: json!(event.after),
        occurred_at: event.at,
    }
}

/// What was planned, as it is written.
pub(crate) fn written(draft: Draft, number: u128, now: DateTime<Utc>) -> Notification {
    let home = Home { tenant: TENANT, store: STORE, customer: CUSTOMER };
    draft.written(home, Uuid::from_u128(number).into(), Uuid::from_u128(number), now)
}
