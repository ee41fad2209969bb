//! An oracle's case in the words of the crate.

use crate::oracle::{Case, Change, Day, Gender, Kind, Rank, Service as Sharing, Source, Week};
use chrono::{NaiveDate, Weekday};
use musubi_booking::code;
use musubi_booking::minute::{Minute, Span};
use musubi_booking::occupancy::{Occupancy, Taken};
use musubi_booking::request::{Guest, Wish};
use musubi_booking::resource::BookableResource;
use musubi_booking::service::{Eligibility, PriceChange, Pricing, Requirement, Service, ServiceOption, TimeRule};
use musubi_booking::shop::{Calendar, CalendarDay, NoShowPolicy, Shop};
use musubi_kernel::hours::{DayHours, OpenInterval, WeeklyHours};
use musubi_kernel::id::{MenuId, MenuOptionId, ResourceId, StoreId};
use musubi_kernel::money::Amount;
use musubi_kernel::wall_time::WallTime;
use std::collections::BTreeSet;
use uuid::Uuid;

pub(crate) struct World {
    pub(crate) shop: Shop,
    pub(crate) service: Service,
    pub(crate) resources: Vec<BookableResource>,
    pub(crate) calendar: Calendar,
    pub(crate) occupancy: Occupancy,
    pub(crate) wish: Wish,
    pub(crate) guest: Option<Guest>,
    pub(crate) now: Minute,
}

pub(crate) fn resource_id(id: u32) -> ResourceId {
    ResourceId(Uuid::from_u128(u128::from(id)))
}

fn option_id(id: u32) -> MenuOptionId {
    MenuOptionId(Uuid::from_u128(u128::from(id)))
}

fn small(number: i64) -> u32 {
    u32::try_from(number).expect("a small number")
}

fn wall(minute: i64) -> WallTime {
    u16::try_from(minute).ok().and_then(WallTime::from_minutes).expect("a wall time")
}

fn hours(spans: &[(i64, i64)]) -> DayHours {
    spans.iter().map(|(open, close)| OpenInterval { open: wall(*open), close: wall(*close) }).collect()
}

fn weekly(week: &Week) -> WeeklyHours {
    let [mon, tue, wed, thu, fri, sat, sun] = week.days.each_ref().map(|spans| hours(spans));
    WeeklyHours { mon, tue, wed, thu, fri, sat, sun, holiday: week.holiday.as_deref().map(hours) }
}

fn kind(kind: Kind) -> code::ResourceKind {
    match kind {
        Kind::Staff => code::ResourceKind::Staff,
        Kind::Room => code::ResourceKind::Room,
        Kind::Equipment => code::ResourceKind::Equipment,
        Kind::Vehicle => code::ResourceKind::Vehicle,
    }
}

fn gender(gender: Gender) -> code::Gender {
    match gender {
        Gender::Female => code::Gender::Female,
        Gender::Male => code::Gender::Male,
        Gender::Other => code::Gender::Other,
    }
}

fn rank(rank: Rank) -> code::Rank {
    match rank {
        Rank::New => code::Rank::New,
        Rank::Regular => code::Rank::Regular,
        Rank::Vip => code::Rank::Vip,
        Rank::Premium => code::Rank::Premium,
    }
}

fn day_name(day: Day) -> code::DayName {
    match day {
        Day::Holiday => code::DayName::Holiday,
        Day::Week(Weekday::Mon) => code::DayName::Mon,
        Day::Week(Weekday::Tue) => code::DayName::Tue,
        Day::Week(Weekday::Wed) => code::DayName::Wed,
        Day::Week(Weekday::Thu) => code::DayName::Thu,
        Day::Week(Weekday::Fri) => code::DayName::Fri,
        Day::Week(Weekday::Sat) => code::DayName::Sat,
        Day::Week(Weekday::Sun) => code::DayName::Sun,
    }
}

fn spans(pairs: &[(i64, i64)]) -> Vec<Span> {
    pairs.iter().map(|(from, to)| Span { from: Minute(*from), to: Minute(*to) }).collect()
}

fn shop(case: &Case) -> Shop {
    Shop {
        id: StoreId(Uuid::nil()),
        name: "shop".to_owned(),
        address: None,
        zone: case.zone,
        hours: weekly(&case.weekly),
        slot_interval: u16::try_from(case.interval).expect("a small number"),
        advance_booking_days: small(case.advance_days),
        accept_same_day: case.same_day,
        daily_limit: small(case.day_limit),
        hold_minutes: 10,
        mode: code::BookingMode::Auto,
        require_customer_info: false,
        active: case.store_active,
        public: case.store_public,
        no_show_policy: NoShowPolicy::default(),
    }
}

fn service(case: &Case) -> Service {
    let menu = &case.menu;
    let time_rules = menu.time_rules.iter().map(|rule| TimeRule {
        days: rule.days.iter().copied().map(day_name).collect(),
        from: wall(rule.from),
        to: wall(rule.to),
        change: match rule.change {
            Change::Percent(percent) => PriceChange::Percent(i32::try_from(percent).expect("a percentage")),
            Change::Amount(amount) => PriceChange::Amount(Amount(amount)),
        },
    });
    Service {
        id: MenuId(Uuid::nil()),
        name: "service".to_owned(),
        kind: match menu.kind {
            Sharing::Group => code::ServiceKind::Group,
            Sharing::Course => code::ServiceKind::Course,
            Sharing::Individual => code::ServiceKind::Individual,
            Sharing::Subscription => code::ServiceKind::Subscription,
        },
        base_duration: small(menu.base),
        prep: small(menu.prep),
        cleanup: small(menu.cleanup),
        buffer: small(menu.buffer),
        pricing: Pricing {
            base: Amount(menu.base_price),
            per_participant: menu.per_participant,
            by_time: if menu.varies_by_time { time_rules.collect() } else { Vec::new() },
            by_rank: menu
                .rank_percent
                .iter()
                .map(|(one, percent)| (rank(*one), i32::try_from(*percent).expect("a percentage")))
                .collect(),
            by_resource: menu.varies_by_resource,
        },
        requires_resource: menu.requires_resource,
        allowed_kinds: menu.allowed_types.as_ref().map(|kinds| kinds.iter().map(|one| kind(*one)).collect()),
        allowed_resources: menu.allow_list.as_ref().map(|ids| ids.iter().map(|id| resource_id(*id)).collect()),
        required_resources: menu
            .required
            .iter()
            .map(|one| Requirement {
                kind: kind(one.kind),
                quantity: u32::try_from(one.quantity).expect("a small number"),
                resources: one.ids.as_ref().map(|ids| ids.iter().map(|id| resource_id(*id)).collect()),
            })
            .collect(),
        participants: (small(menu.min_participants), small(menu.max_participants)),
        eligibility: Eligibility {
            min_age: menu.min_age.map(small),
            max_age: menu.max_age.map(small),
            gender: menu.gender.map(gender),
        },
        advance_booking_hours: small(menu.advance_hours),
        cancellation_hours: 24,
        online: menu.online,
        requires_approval: false,
        active: menu.active,
        bookable: menu.bookable,
        options: menu
            .options
            .iter()
            .map(|option| ServiceOption {
                id: option_id(option.id),
                name: "option".to_owned(),
                price: Amount(option.price),
                duration: small(option.duration),
                required: option.required,
                active: option.active,
            })
            .collect(),
    }
}

fn calendar(case: &Case) -> Calendar {
    let dates: BTreeSet<NaiveDate> = case.calendar.keys().chain(&case.national_holidays).copied().collect();
    let day = |date: &NaiveDate| {
        let entry = case.calendar.get(date).cloned().unwrap_or_default();
        CalendarDay {
            closed: entry.is_holiday,
            special_hours: entry.special_hours.as_deref().map(hours),
            national_holiday: case.national_holidays.contains(date),
        }
    };
    dates.iter().map(|date| (*date, day(date))).collect()
}

fn occupancy(case: &Case) -> Occupancy {
    let mut occupancy = Occupancy::default();
    for taken in &case.taken {
        *occupancy.parties.entry(taken.business_date).or_default() += 1;
        occupancy.taken.extend(taken.seats.iter().map(|(resource, seats)| Taken {
            resource: resource_id(*resource),
            business_date: taken.business_date,
            window: Span { from: Minute(taken.from), to: Minute(taken.to) },
            seats: small(*seats),
        }));
    }
    occupancy
}

pub(crate) fn world(case: &Case) -> World {
    let active = case.resources.iter().filter(|one| one.active);
    World {
        shop: shop(case),
        service: service(case),
        resources: active
            .map(|one| BookableResource {
                id: resource_id(one.id),
                kind: kind(one.kind),
                name: "resource".to_owned(),
                efficiency: u16::try_from(one.efficiency_hundredths).expect("a small number"),
                hourly_rate_diff: one.rate_diff,
                capacity: small(one.capacity),
                sort_order: i32::try_from(one.sort_order).expect("a small number"),
                hours: one.hours.as_ref().map(weekly),
                absences: spans(&one.absences),
            })
            .collect(),
        calendar: calendar(case),
        occupancy: occupancy(case),
        wish: Wish {
            party_size: small(case.request.party),
            nominated: case.request.nominated.map(resource_id),
            options: case.request.options.iter().map(|id| option_id(*id)).collect(),
            source: match case.request.source {
                Source::Online => code::Source::Web,
                Source::Staff => code::Source::Staff,
            },
        },
        guest: case.request.customer.as_ref().map(|customer| Guest {
            rank: rank(customer.rank),
            birthday: customer.birthday,
            gender: customer.gender.map(gender),
            restricted: customer.restricted,
            restricted_until: customer.restriction_until.map(|at| Minute(at).instant()),
        }),
        now: Minute(case.now),
    }
}
