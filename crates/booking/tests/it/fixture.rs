//! A small shop behind a desk, with its clock in hand.

use crate::ledger::Ledger;
use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use musubi_booking::booking::Booking;
use musubi_booking::code::{BookingMode, Rank, ResourceKind, ServiceKind, Source};
use musubi_booking::desk::{Booked, Desk, NewBooking, Target, What, Who};
use musubi_booking::error::BookingError;
use musubi_booking::memory::{BookingsInMemory, ShopsInMemory};
use musubi_booking::patron::{Newcomer, Patron, VisitRecord};
use musubi_booking::ports::Offering;
use musubi_booking::reach::Reach;
use musubi_booking::request::{Guest, Wish};
use musubi_booking::resource::BookableResource;
use musubi_booking::service::{Eligibility, Pricing, Service};
use musubi_booking::shop::{Calendar, NoShowPolicy, Shop};
use musubi_kernel::access::{Actor, Caller, Permission, StoreRef, StoreScope};
use musubi_kernel::clock::ManualClock;
use musubi_kernel::error::Failure;
use musubi_kernel::hours::{OpenInterval, WeeklyHours};
use musubi_kernel::id::{ApiKeyId, BookingId, CountingIds, CustomerId, MenuId, ResourceId, StoreId, TenantId};
use musubi_kernel::money::Amount;
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::retry::NoPause;
use musubi_kernel::zone::Tz;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

pub(crate) const STORE: StoreId = StoreId(Uuid::from_u128(1));
pub(crate) const AKI: ResourceId = ResourceId(Uuid::from_u128(11));
pub(crate) const BEN: ResourceId = ResourceId(Uuid::from_u128(12));
pub(crate) const HALL: ResourceId = ResourceId(Uuid::from_u128(13));
/// An hour with Aki or Ben and a quarter kept after; ¥6,000, for a VIP ¥5,400; Aki costs ¥1,000 more when nominated.
pub(crate) const CUT: MenuId = MenuId(Uuid::from_u128(21));
/// Like the cut, but each booking waits for the store's word.
pub(crate) const COLOUR: MenuId = MenuId(Uuid::from_u128(22));
/// An hour in the hall, which parties share: six seats.
pub(crate) const CLASS: MenuId = MenuId(Uuid::from_u128(23));

/// Everything that a test needs of a shop in Tokyo that is open from 10 to 19 on every day.
pub(crate) struct Front {
    pub(crate) desk: Desk,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) shops: Arc<ShopsInMemory>,
    pub(crate) bookings: BookingsInMemory,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) scope: StoreScope,
}

impl Front {
    /// The shop on 1 June 2026, at 9 in the morning, with nothing booked.
    pub(crate) fn new() -> Self {
        Self::of(shop())
    }

    /// The same with other settings.
    pub(crate) fn of(shop: Shop) -> Self {
        let ids = Arc::new(CountingIds::default());
        let clock = Arc::new(ManualClock::at(at("2026-06-01 09:00")));
        let shops = Arc::new(ShopsInMemory::default());
        shops.put_shop(shop, Calendar::new());
        for service in services() {
            shops.put_offering(STORE, Offering { service, resources: resources(), calendar: Calendar::new() });
        }
        let bookings = BookingsInMemory::new(ids.clone());
        let ledger = Arc::new(Ledger::over(bookings.clone()));
        let desk = Desk::new(shops.clone(), ledger.clone(), clock.clone(), ids, Arc::new(NoPause));
        let store = StoreRef { store: STORE, tenant: TenantId(Uuid::from_u128(2)), open_to_public: true };
        let scope = Actor::System.on_store(&store, Permission::BookingWrite).expect("the system may do everything");
        Self { desk, clock, shops, bookings, ledger, scope }
    }

    /// Adds a customer of this rank.
    pub(crate) fn customer(&self, number: u128, rank: Rank) -> CustomerId {
        let id = CustomerId(Uuid::from_u128(1000 + number));
        let guest = Guest { rank, birthday: None, gender: None, restricted: false, restricted_until: None };
        let (name, phone) = (Some(format!("Customer {number}")), Some(format!("+8190000000{number:02}")));
        self.bookings
            .put_patron(STORE, Patron { id, name, phone, guest, active: true, record: VisitRecord::default() });
        id
    }

    pub(crate) async fn patron(&self, id: CustomerId) -> Patron {
        use musubi_booking::ports::BookingStore as _;
        self.bookings.patron(&self.scope, id).await.expect("memory").expect("a customer")
    }

    /// Books as staff do, for a new customer of this name.
    pub(crate) async fn book(&self, menu: MenuId, start: &str, who: &str) -> Result<Booking, BookingError> {
        self.make(&fresh(menu, start, wish(Source::Staff), named(who))).await.map(|booked| booked.booking)
    }

    pub(crate) async fn make(&self, new: &NewBooking) -> Result<Booked, BookingError> {
        self.desk.book(&staff(), &self.scope, new, &NoReceipt).await
    }

    /// A step on a booking by this caller, at any version.
    pub(crate) fn target<'a>(&'a self, caller: &'a Caller, booking: BookingId) -> Target<'a> {
        Target { caller, scope: &self.scope, booking, version: None, reach: Reach::Store }
    }

    pub(crate) fn wait(&self, minutes: i64) {
        self.clock.advance(TimeDelta::minutes(minutes));
    }
}

/// A local time in Tokyo.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a date and a time");
    Tz::Asia__Tokyo.from_local_datetime(&local).single().expect("Tokyo's clocks never change").with_timezone(&Utc)
}

pub(crate) fn wish(source: Source) -> Wish {
    Wish { party_size: 1, nominated: None, options: Vec::new(), source }
}

pub(crate) fn fresh(menu: MenuId, start: &str, wish: Wish, who: Who) -> NewBooking {
    new_booking(What::Fresh { menu, start: at(start), wish }, who)
}

pub(crate) fn new_booking(what: What, who: Who) -> NewBooking {
    NewBooking { what, who, notes: musubi_booking::booking::Notes::default(), preferred_times: Vec::new() }
}

/// Somebody of this name whose telephone number is made from it.
pub(crate) fn named(name: &str) -> Who {
    let number = name.bytes().fold(0_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 100_000_000);
    Who::Described(Newcomer {
        name: Some(name.to_owned()),
        phone: Some(format!("+8190{number:08}")),
        ..Newcomer::default()
    })
}

pub(crate) fn staff() -> Caller {
    Caller {
        actor: Actor::Operator { key: ApiKeyId(Uuid::from_u128(77)) },
        ip: Some("192.0.2.7".parse().expect("an address")),
        user_agent: Some("till".to_owned()),
        request_id: "r-1".to_owned(),
    }
}

pub(crate) fn public() -> Caller {
    Caller { actor: Actor::Public, ip: None, user_agent: None, request_id: "r-2".to_owned() }
}

/// The code of a result's error; empty when there is none.
pub(crate) fn code<T>(result: &Result<T, BookingError>) -> &'static str {
    result.as_ref().err().map_or("", BookingError::code)
}

pub(crate) fn shop() -> Shop {
    let clock = |text: &str| text.parse().expect("a clock time");
    let open = vec![OpenInterval { open: clock("10:00"), close: clock("19:00") }];
    let [mon, tue, wed, thu, fri, sat, sun] = [(); 7].map(|()| open.clone());
    Shop {
        id: STORE,
        name: "Shop".to_owned(),
        address: None,
        zone: Tz::Asia__Tokyo,
        hours: WeeklyHours { mon, tue, wed, thu, fri, sat, sun, holiday: None },
        slot_interval: 30,
        advance_booking_days: 60,
        accept_same_day: true,
        daily_limit: 50,
        hold_minutes: 10,
        mode: BookingMode::Auto,
        require_customer_info: false,
        active: true,
        public: true,
        no_show_policy: NoShowPolicy { threshold: 2, restrict_days: 90 },
    }
}

pub(crate) fn services() -> Vec<Service> {
    let cut = Service {
        id: CUT,
        name: "Cut".to_owned(),
        kind: ServiceKind::Individual,
        base_duration: 60,
        prep: 0,
        cleanup: 0,
        buffer: 15,
        pricing: Pricing {
            base: Amount(6000),
            by_rank: BTreeMap::from([(Rank::Vip, -10)]),
            by_resource: true,
            ..Pricing::default()
        },
        requires_resource: false,
        allowed_kinds: Some(vec![ResourceKind::Staff]),
        allowed_resources: None,
        required_resources: Vec::new(),
        participants: (1, 1),
        eligibility: Eligibility::default(),
        advance_booking_hours: 2,
        cancellation_hours: 24,
        online: true,
        requires_approval: false,
        active: true,
        bookable: true,
        options: Vec::new(),
    };
    let colour = Service { id: COLOUR, name: "Colour".to_owned(), requires_approval: true, ..cut.clone() };
    let class = Service {
        id: CLASS,
        name: "Class".to_owned(),
        kind: ServiceKind::Group,
        allowed_kinds: Some(vec![ResourceKind::Room]),
        participants: (1, 6),
        ..cut.clone()
    };
    vec![cut, colour, class]
}

pub(crate) fn resources() -> Vec<BookableResource> {
    let aki = BookableResource {
        id: AKI,
        kind: ResourceKind::Staff,
        name: "Aki".to_owned(),
        efficiency: 100,
        hourly_rate_diff: 1000,
        capacity: 1,
        sort_order: 1,
        hours: None,
        absences: Vec::new(),
    };
    let ben = BookableResource { id: BEN, name: "Ben".to_owned(), hourly_rate_diff: 0, sort_order: 2, ..aki.clone() };
    let hall =
        BookableResource { id: HALL, kind: ResourceKind::Room, name: "Hall".to_owned(), capacity: 6, ..ben.clone() };
    vec![aki, ben, hall]
}

impl Front {
    pub(crate) fn clock_now(&self) -> DateTime<Utc> {
        use musubi_kernel::clock::Clock as _;
        self.clock.now()
    }

    /// Edits a menu, as the store does in its catalogue.
    pub(crate) fn edit(&self, menu: MenuId, change: impl FnOnce(&mut Service)) {
        let mut service = services().into_iter().find(|service| service.id == menu).expect("a menu");
        change(&mut service);
        self.shops.put_offering(STORE, Offering { service, resources: resources(), calendar: Calendar::new() });
    }

    pub(crate) fn reprice(&self, menu: MenuId, base: Amount) {
        self.edit(menu, |service| service.pricing = Pricing { base, ..Pricing::default() });
    }

    /// Restricts a customer until somebody lifts it.
    pub(crate) async fn restrict(&self, id: CustomerId) {
        let mut patron = self.patron(id).await;
        patron.guest.restricted = true;
        self.bookings.put_patron(STORE, patron);
    }
}
