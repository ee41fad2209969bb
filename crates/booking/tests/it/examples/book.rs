//! The stores that the page describes.

use super::table::{Row, read, tables};
use super::{clock, instant};
use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::code::{BookingMode, DayName, Gender, Rank, ResourceKind, ServiceKind};
use musubi_booking::minute::{Minute, Span};
use musubi_booking::occupancy::{Occupancy, Taken};
use musubi_booking::plan::Situation;
use musubi_booking::request::Guest;
use musubi_booking::resource::BookableResource;
use musubi_booking::service::{Eligibility, PriceChange, Pricing, Requirement, Service, ServiceOption, TimeRule};
use musubi_booking::shop::{Calendar, CalendarDay, NoShowPolicy, Shop};
use musubi_kernel::hours::{DayHours, OpenInterval, WeeklyHours};
use musubi_kernel::id::{MenuId, MenuOptionId, ResourceId, StoreId};
use musubi_kernel::money::Amount;
use musubi_kernel::zone::Tz;
use std::collections::BTreeMap;
use uuid::Uuid;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// All tables of the page.
pub(crate) struct Book(BTreeMap<String, Vec<Row>>);

/// A store and one of its menus, with all that decides about it.
pub(crate) struct World {
    pub(crate) shop: Shop,
    service: Service,
    resources: Vec<BookableResource>,
    calendar: Calendar,
    occupancy: Occupancy,
    now: DateTime<Utc>,
}

impl World {
    pub(crate) fn situation(&self) -> Situation<'_> {
        let Self { shop, service, resources, calendar, occupancy, now } = self;
        Situation { shop, service, resources, calendar, occupancy, now: *now }
    }
}

impl Book {
    pub(crate) fn of(page: &str) -> Self {
        Self(tables(page))
    }

    fn rows(&self, table: &str) -> &[Row] {
        self.0.get(table).unwrap_or_else(|| panic!("no table {table}"))
    }

    fn rows_of<'a>(&'a self, table: &str, column: &'a str, value: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows(table).iter().filter(move |row| row.get(column) == value)
    }

    fn place(&self, table: &str, column: &str, name: &str) -> Uuid {
        let place = self.rows(table).iter().position(|row| row.get(column) == name);
        Uuid::from_u128(place.unwrap_or_else(|| panic!("no {name} in {table}")) as u128 + 1)
    }

    pub(crate) fn resource(&self, name: &str) -> ResourceId {
        ResourceId(self.place("Resources", "resource", name))
    }

    pub(crate) fn name_of(&self, id: ResourceId) -> &str {
        let named = |row: &&Row| self.resource(row.get("resource")) == id;
        self.rows("Resources").iter().find(named).expect("a resource of the page").get("resource")
    }

    pub(crate) fn option(&self, name: &str) -> MenuOptionId {
        MenuOptionId(self.place("Options", "option", name))
    }

    pub(crate) fn guest(&self, name: &str) -> Guest {
        let row = self.rows_of("Customers", "who", name).next().unwrap_or_else(|| panic!("no customer {name}"));
        let until = row.some("restricted").and_then(|text| text.strip_prefix("until "));
        Guest {
            rank: Rank::from_code(row.get("rank")).expect("a rank"),
            birthday: row.some("birthday").map(read),
            gender: row.some("gender").map(|code| Gender::from_code(code).expect("a gender")),
            restricted: row.some("restricted").is_some(),
            restricted_until: until.map(|date| instant(Tz::Asia__Tokyo, read(date), 0)),
        }
    }

    pub(crate) fn world(&self, store: &str, menu: &str) -> World {
        let row = self.rows_of("Stores", "store", store).next().unwrap_or_else(|| panic!("no store {store}"));
        let shop = shop(row);
        let (date, time) = row.get("now").split_once(' ').expect("a date and a time");
        let menu = self.rows_of("Menus", "menu", menu).find(|row| row.get("store") == store).expect("a menu");
        World {
            service: self.service(menu),
            resources: self.rows_of("Resources", "store", store).map(|row| self.bookable(row, shop.zone)).collect(),
            calendar: self.rows_of("Calendar", "store", store).map(calendar_day).collect(),
            occupancy: self.occupancy(store, shop.zone),
            now: instant(shop.zone, read(date), clock(time)),
            shop,
        }
    }

    fn bookable(&self, row: &Row, zone: Tz) -> BookableResource {
        let absence = |text: &str| {
            let (date, times) = text.split_once(' ').expect("a date and times");
            span(zone, read(date), &times.replace(" to ", "-"))
        };
        BookableResource {
            id: self.resource(row.get("resource")),
            kind: ResourceKind::from_code(row.get("kind")).expect("a kind"),
            name: row.get("resource").to_owned(),
            efficiency: read(&row.get("speed").replace('.', "")),
            hourly_rate_diff: row.number("yen an hour"),
            capacity: row.number("seats"),
            sort_order: row.number("order"),
            hours: row.some("hours").map(week),
            absences: row.some("away").map(absence).into_iter().collect(),
        }
    }

    fn service(&self, row: &Row) -> Service {
        let name = row.get("menu");
        let [prep, base_duration, cleanup, buffer] = row.get("minutes").split('+').map(read).collect::<Vec<u32>>()[..]
        else {
            panic!("four lengths in {row}")
        };
        let primary: Vec<&str> = row.some("primary").map(|text| text.split('/').collect()).unwrap_or_default();
        let kinds: Vec<ResourceKind> = primary.iter().filter_map(|name| ResourceKind::from_code(name)).collect();
        let (state, nomination) = (row.get("state"), row.get("nomination"));
        let ages = row.some("ages").map(|text| text.split_once('-').expect("two ages"));
        let age = |text: &str| (!text.is_empty()).then(|| read(text));
        let party = row.get("party").split_once('-').expect("two sizes");
        Service {
            id: MenuId(self.place("Menus", "menu", name)),
            name: name.to_owned(),
            kind: ServiceKind::from_code(row.get("kind")).expect("a kind"),
            base_duration,
            prep,
            cleanup,
            buffer,
            pricing: self.pricing(row),
            requires_resource: nomination == "must",
            allowed_resources: (kinds.is_empty() && !primary.is_empty())
                .then(|| primary.iter().map(|name| self.resource(name)).collect()),
            allowed_kinds: (!kinds.is_empty()).then_some(kinds),
            required_resources: row.some("beside").map(requirement).into_iter().collect(),
            participants: (read(party.0), read(party.1)),
            eligibility: Eligibility {
                min_age: ages.and_then(|(min, _)| age(min)),
                max_age: ages.and_then(|(_, max)| age(max)),
                gender: row.some("gender").map(|code| Gender::from_code(code).expect("a gender")),
            },
            advance_booking_hours: row.number("notice"),
            cancellation_hours: 24,
            online: state != "not online",
            requires_approval: false,
            active: state != "put away",
            bookable: state != "not bookable",
            options: self.rows_of("Options", "menu", name).map(|row| self.menu_option(row)).collect(),
        }
    }

    fn menu_option(&self, row: &Row) -> ServiceOption {
        ServiceOption {
            id: self.option(row.get("option")),
            name: row.get("option").to_owned(),
            price: Amount(row.number("price")),
            duration: row.number("minutes"),
            required: row.get("state") == "required",
            active: row.get("state") != "put away",
        }
    }

    fn pricing(&self, row: &Row) -> Pricing {
        let menu = row.get("menu");
        let price = row.get("price");
        let rank = |row: &Row| (Rank::from_code(row.get("rank")).expect("a rank"), row.number("percent"));
        Pricing {
            base: Amount(read(price.trim_end_matches(" each"))),
            per_participant: price.ends_with(" each"),
            by_time: self.rows_of("Price rules", "menu", menu).map(time_rule).collect(),
            by_rank: self.rows_of("Rank discounts", "menu", menu).map(rank).collect(),
            by_resource: row.get("nomination") != "free",
        }
    }

    fn occupancy(&self, store: &str, zone: Tz) -> Occupancy {
        let mut occupancy = Occupancy::default();
        for row in self.rows_of("Taken", "store", store) {
            let business_date: NaiveDate = row.number("date");
            *occupancy.parties.entry(business_date).or_default() += row.number::<u32>("parties");
            for held in row.list("holds") {
                let (name, seats) = held.split_once(' ').expect("a resource and seats");
                let window = span(zone, business_date, row.get("window"));
                let resource = self.resource(name);
                occupancy.taken.push(Taken { resource, business_date, window, seats: read(seats) });
            }
        }
        occupancy
    }
}

fn shop(row: &Row) -> Shop {
    Shop {
        id: StoreId(Uuid::nil()),
        name: row.get("store").to_owned(),
        address: None,
        zone: row.number("zone"),
        hours: WeeklyHours { holiday: row.some("holiday").map(hours), ..week(row.get("week")) },
        slot_interval: row.number("grid"),
        advance_booking_days: row.number("days ahead"),
        accept_same_day: row.get("same day") == "yes",
        daily_limit: row.number("bookings a day"),
        hold_minutes: 10,
        mode: BookingMode::Auto,
        require_customer_info: false,
        active: row.get("state") != "inactive",
        public: row.get("state") != "not public",
        no_show_policy: NoShowPolicy::default(),
    }
}

fn calendar_day(row: &Row) -> (NaiveDate, CalendarDay) {
    let entry = match row.get("entry") {
        "closed" => CalendarDay { closed: true, ..CalendarDay::default() },
        "national holiday" => CalendarDay { national_holiday: true, ..CalendarDay::default() },
        text => CalendarDay { special_hours: Some(hours(text)), ..CalendarDay::default() },
    };
    (row.number("date"), entry)
}

/// `10:00-13:00 14:00-18:00`
fn hours(text: &str) -> DayHours {
    let interval = |text: &str| {
        let (open, close) = text.split_once('-').expect("two times");
        OpenInterval { open: read(open), close: read(close) }
    };
    text.split(' ').map(interval).collect()
}

/// `tue-thu 10:00-19:00, sun 10:00-13:00 14:00-18:00`
fn week(text: &str) -> WeeklyHours {
    let mut days: [DayHours; 7] = Default::default();
    for part in text.split(", ") {
        let (names, times) = part.split_once(' ').expect("days and times");
        let (first, last) = names.split_once('-').unwrap_or((names, names));
        let place = |name: &str| DAYS.iter().position(|day| *day == name).expect("a day");
        for day in &mut days[place(first)..=place(last)] {
            *day = hours(times);
        }
    }
    let [mon, tue, wed, thu, fri, sat, sun] = days;
    WeeklyHours { mon, tue, wed, thu, fri, sat, sun, holiday: None }
}

fn span(zone: Tz, date: NaiveDate, times: &str) -> Span {
    let (from, to) = times.split_once('-').expect("two times");
    let minute = |text| Minute::exactly(instant(zone, date, clock(text))).expect("a whole minute");
    Span { from: minute(from), to: minute(to) }
}

/// `1 room`
fn requirement(text: &str) -> Requirement {
    let (quantity, kind) = text.split_once(' ').expect("how many of which");
    Requirement { kind: ResourceKind::from_code(kind).expect("a kind"), quantity: read(quantity), resources: None }
}

fn time_rule(row: &Row) -> TimeRule {
    let change = row.get("change");
    TimeRule {
        days: row.get("days").split(' ').map(|name| DayName::from_code(name).expect("a day")).collect(),
        from: row.number("from"),
        to: row.number("to"),
        change: match change.strip_suffix(" %") {
            Some(percent) => PriceChange::Percent(read(percent)),
            None => PriceChange::Amount(Amount(read(change))),
        },
    }
}
