//! Shops to search: open from 9 to 19, a start every 30 minutes, a service of 30 minutes.

use chrono::{NaiveDate, TimeDelta};
use musubi_booking::code::{BookingMode, ResourceKind, ServiceKind, Source};
use musubi_booking::minute::Minute;
use musubi_booking::occupancy::{Occupancy, Taken};
use musubi_booking::plan::{Lengths, Offers, Plan, Situation};
use musubi_booking::request::Wish;
use musubi_booking::resource::BookableResource;
use musubi_booking::service::{Eligibility, Pricing, Requirement, Service};
use musubi_booking::shop::{Calendar, NoShowPolicy, Shop};
use musubi_kernel::hours::{OpenInterval, WeeklyHours};
use musubi_kernel::id::{MenuId, ResourceId, StoreId};
use musubi_kernel::money::Amount;
use musubi_kernel::wall_time::WallTime;
use musubi_kernel::zone::{self, Tz};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// Half hours between 9 and 19.
const SLOTS_A_DAY: u64 = 20;

/// A shop with everything that one search looks at.
pub(crate) struct World {
    shop: Shop,
    service: Service,
    resources: Vec<BookableResource>,
    calendar: Calendar,
    occupancy: Occupancy,
    wish: Wish,
    dates: RangeInclusive<NaiveDate>,
}

impl World {
    /// So many members of staff in Tokyo in June, each with so many bookings, spread evenly over so many days.
    pub(crate) fn in_june(days: u64, resources: u64, bookings_each: u64) -> Self {
        Self::new(Tz::Asia__Tokyo, NaiveDate::from_ymd_opt(2026, 6, 1).expect("a date"), days, resources, bookings_each)
    }

    /// One member of staff in New York, over 30 days from the first of March.
    pub(crate) fn in_new_york() -> Self {
        Self::new(Tz::America__New_York, NaiveDate::from_ymd_opt(2026, 3, 1).expect("a date"), 30, 1, 0)
    }

    fn new(zone: Tz, first: NaiveDate, days: u64, resources: u64, bookings_each: u64) -> Self {
        let mut occupancy = Occupancy::default();
        for resource in 0..resources {
            for booking in 0..bookings_each {
                let slot = booking * days * SLOTS_A_DAY / bookings_each;
                let taken = taken(zone, first, resource, slot);
                *occupancy.parties.entry(taken.business_date).or_default() += 1;
                occupancy.taken.push(taken);
            }
        }
        Self {
            shop: shop(zone),
            service: service(),
            resources: (0..resources).map(staff).collect(),
            calendar: Calendar::new(),
            occupancy,
            wish: Wish { party_size: 1, nominated: None, options: Vec::new(), source: Source::Web },
            dates: first..=day(first, days - 1),
        }
    }

    /// The same, for a service that needs every resource at once.
    pub(crate) fn all_at_once(mut self) -> Self {
        let quantity = u32::try_from(self.resources.len()).expect("a small number");
        self.service.allowed_kinds = None;
        self.service.required_resources = vec![Requirement { kind: ResourceKind::Staff, quantity, resources: None }];
        self
    }

    /// Prepares a plan and asks it for every offered start, as one request to the API does after it has read the shop.
    pub(crate) fn search(&self) -> Offers {
        let situation = Situation {
            shop: &self.shop,
            service: &self.service,
            resources: &self.resources,
            calendar: &self.calendar,
            occupancy: &self.occupancy,
            now: zone::midnight(self.shop.zone, *self.dates.start()) - TimeDelta::days(1),
        };
        Plan::new(situation, &self.wish, None, &self.dates).expect("a fair wish").offers(&self.dates)
    }
}

/// The seven cases of `docs/benchmarks.md`, each with the number of starts that it offers.
pub(crate) fn cases() -> [(&'static str, World, usize); 7] {
    [
        ("1 resource, 0 bookings", World::in_june(30, 1, 0), 600),
        ("1 resource, 500 bookings", World::in_june(30, 1, 500), 100),
        ("20 resources, 0 bookings", World::in_june(30, 20, 0), 600),
        ("20 resources, 500 bookings in total", World::in_june(30, 20, 25), 575),
        ("20 resources, 500 bookings each", World::in_june(30, 20, 500), 100),
        ("20 resources all at once, 500 bookings in total", World::in_june(30, 20, 25).all_at_once(), 575),
        ("1 resource, New York in March", World::in_new_york(), 600),
    ]
}

fn day(first: NaiveDate, days: u64) -> NaiveDate {
    first + chrono::Days::new(days)
}

fn taken(zone: Tz, first: NaiveDate, resource: u64, slot: u64) -> Taken {
    let business_date = day(first, slot / SLOTS_A_DAY);
    let clock = u16::try_from(9 * 60 + slot % SLOTS_A_DAY * 30).expect("a clock time");
    let start = zone::instant(zone, business_date, WallTime::from_minutes(clock).expect("a clock time"));
    let lengths = Lengths { prep: 0, service: 30, cleanup: 0, buffer: 0 };
    Taken {
        resource: id(resource),
        business_date,
        window: lengths.occupied_window(Minute::containing(start)),
        seats: 1,
    }
}

fn id(resource: u64) -> ResourceId {
    ResourceId(Uuid::from_u128(u128::from(resource)))
}

fn staff(number: u64) -> BookableResource {
    BookableResource {
        id: id(number),
        kind: ResourceKind::Staff,
        name: format!("Staff {number}"),
        efficiency: 100,
        hourly_rate_diff: 0,
        capacity: 1,
        sort_order: 0,
        hours: None,
        absences: Vec::new(),
    }
}

fn shop(zone: Tz) -> Shop {
    let clock = |text: &str| text.parse().expect("a clock time");
    let open = vec![OpenInterval { open: clock("09:00"), close: clock("19:00") }];
    let [mon, tue, wed, thu, fri, sat, sun] = [(); 7].map(|()| open.clone());
    Shop {
        id: StoreId(Uuid::nil()),
        name: "Shop".to_owned(),
        address: None,
        zone,
        hours: WeeklyHours { mon, tue, wed, thu, fri, sat, sun, holiday: None },
        slot_interval: 30,
        advance_booking_days: 60,
        accept_same_day: true,
        daily_limit: 1000,
        hold_minutes: 10,
        mode: BookingMode::Auto,
        require_customer_info: false,
        active: true,
        public: true,
        no_show_policy: NoShowPolicy::default(),
    }
}

fn service() -> Service {
    Service {
        id: MenuId(Uuid::nil()),
        name: "Half an hour".to_owned(),
        kind: ServiceKind::Individual,
        base_duration: 30,
        prep: 0,
        cleanup: 0,
        buffer: 0,
        pricing: Pricing { base: Amount(3000), ..Pricing::default() },
        requires_resource: false,
        allowed_kinds: Some(vec![ResourceKind::Staff]),
        allowed_resources: None,
        required_resources: Vec::new(),
        participants: (1, 1),
        eligibility: Eligibility::default(),
        advance_booking_hours: 1,
        cancellation_hours: 24,
        online: true,
        requires_approval: false,
        active: true,
        bookable: true,
        options: Vec::new(),
    }
}
