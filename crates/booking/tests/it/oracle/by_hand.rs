//! The oracle itself against cases worked out by hand.

use super::*;
use std::collections::BTreeSet;

/// Minutes of a clock time.
fn at(hours: i64, minutes: i64) -> i64 {
    hours * 60 + minutes
}

/// A date of 2026.
fn date(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).expect("a date of 2026")
}

/// An instant of 2026, told in UTC.
fn utc(month: u32, day: u32, hours: i64, minutes: i64) -> i64 {
    instant(Tz::UTC, date(month, day), at(hours, minutes))
}

/// A resource that works whenever the store is open.
fn plain_resource(id: u32, kind: Kind, capacity: i64) -> Res {
    Res {
        id,
        kind,
        efficiency_hundredths: 100,
        rate_diff: 0,
        capacity,
        sort_order: 0,
        hours: None,
        absences: Vec::new(),
        active: true,
    }
}

/// A shop in Tokyo, open from 10:00 to 19:00 every day, with one member of staff and a service of an hour for 1,000
/// yen, asked for online on 1 January.
fn plain_case() -> Case {
    Case {
        zone: Tz::Asia__Tokyo,
        weekly: Week { days: std::array::from_fn(|_| vec![(at(10, 0), at(19, 0))]), holiday: None },
        national_holidays: BTreeSet::new(),
        calendar: BTreeMap::new(),
        interval: 30,
        advance_days: 400,
        same_day: true,
        day_limit: 50,
        store_active: true,
        store_public: true,
        resources: vec![plain_resource(1, Kind::Staff, 1)],
        menu: Menu {
            kind: Service::Individual,
            base: 60,
            prep: 0,
            cleanup: 0,
            buffer: 0,
            base_price: 1_000,
            per_participant: false,
            varies_by_time: true,
            time_rules: Vec::new(),
            rank_percent: BTreeMap::new(),
            varies_by_resource: true,
            requires_resource: false,
            allowed_types: Some(vec![Kind::Staff]),
            allow_list: None,
            required: Vec::new(),
            min_participants: 1,
            max_participants: 20,
            min_age: None,
            max_age: None,
            gender: None,
            advance_hours: 1,
            active: true,
            bookable: true,
            online: true,
            options: Vec::new(),
        },
        taken: Vec::new(),
        request: Ask { party: 1, nominated: None, options: Vec::new(), source: Source::Online, customer: None },
        now: utc(1, 1, 0, 0),
    }
}

/// The instant of a clock time of 17 June, a Wednesday, in Tokyo.
fn wednesday(hours: i64, minutes: i64) -> i64 {
    instant(Tz::Asia__Tokyo, date(6, 17), at(hours, minutes))
}

/// A booking of 17 June that holds seats of one resource.
fn booked(from: i64, to: i64, id: u32, seats: i64) -> Taken {
    Taken { business_date: date(6, 17), from, to, seats: vec![(id, seats)] }
}

/// The code of a refusal.
fn code(case: &Case, start: i64) -> Option<&'static str> {
    match verdict(case, start) {
        Verdict::Refused(code) => Some(code),
        Verdict::Offered { .. } => None,
    }
}

#[test]
fn clock_forward_in_new_york() {
    let (zone, sunday) = (Tz::America__New_York, date(3, 8));
    assert_eq!(instant(zone, sunday, at(1, 59)), utc(3, 8, 6, 59));
    assert_eq!(instant(zone, sunday, at(2, 30)), utc(3, 8, 7, 30));
    assert_eq!(instant(zone, sunday, at(3, 0)), utc(3, 8, 7, 0));
    assert_eq!(instant(zone, sunday, at(3, 30)), utc(3, 8, 7, 30));
    // 01:00 EST to 04:30 EDT are two hours and a half; 02:30 to 03:00 would end before it begins.
    let mut case = Case { zone, ..plain_case() };
    case.weekly.days[6] = vec![(at(1, 0), at(4, 30))];
    let starts: Vec<_> = offered(&case, sunday, sunday).into_iter().map(|(start, _)| start).collect();
    assert_eq!(starts, [utc(3, 8, 6, 0), utc(3, 8, 6, 30), utc(3, 8, 7, 0), utc(3, 8, 7, 30)]);
    case.weekly.days[6] = vec![(at(2, 30), at(3, 0))];
    case.menu.base = 10;
    assert!(offered(&case, sunday, sunday).is_empty());
}

#[test]
fn clock_back_in_new_york_and_on_lord_howe() {
    let (zone, sunday) = (Tz::America__New_York, date(11, 1));
    assert_eq!(instant(zone, sunday, at(1, 30)), utc(11, 1, 5, 30));
    assert_eq!(instant(zone, sunday, at(2, 0)), utc(11, 1, 7, 0));
    // 01:00 EDT to 03:00 EST are three hours; the second 01:00 costs what 01:00 costs.
    let mut case = Case { zone, ..plain_case() };
    case.weekly.days[6] = vec![(at(1, 0), at(3, 0))];
    let hour = TimeRule { days: vec![Day::Week(Weekday::Sun)], from: 60, to: 61, change: Change::Percent(50) };
    case.menu.time_rules = vec![hour];
    let found = offered(&case, sunday, sunday);
    let prices = found.iter().map(|(start, verdict)| match verdict {
        Verdict::Offered { price, .. } => (start - utc(11, 1, 5, 0), price.total),
        Verdict::Refused(code) => panic!("{code}"),
    });
    assert_eq!(prices.collect::<Vec<_>>(), [(0, 1_500), (30, 1_000), (60, 1_500), (90, 1_000), (120, 1_000)]);
    // Half an hour: 02:00 at +11:00 becomes 01:30 at +10:30.
    assert_eq!(instant(Tz::Australia__Lord_Howe, date(4, 5), at(1, 45)), utc(4, 4, 14, 45));
    assert_eq!(instant(Tz::Australia__Lord_Howe, date(4, 5), at(2, 0)), utc(4, 4, 15, 30));
    assert_eq!(instant(Tz::Australia__Lord_Howe, date(10, 4), at(2, 15)), utc(10, 3, 15, 45));
}

#[test]
fn half_past_twenty_five() {
    let mut case = plain_case();
    case.weekly.days[4] = vec![(at(18, 0), at(26, 0))];
    case.menu.base = 30;
    let rule = |day| TimeRule { days: vec![Day::Week(day)], from: at(25, 0), to: at(26, 0), change: Change::Amount(7) };
    case.menu.time_rules = vec![rule(Weekday::Sat)];
    let start = instant(case.zone, date(6, 20), at(1, 30));
    let base = |case: &Case| match verdict(case, start) {
        Verdict::Offered { business_date, price, .. } => (business_date, price.base),
        Verdict::Refused(code) => panic!("{code}"),
    };
    assert_eq!(base(&case), (date(6, 19), 1_000));
    case.menu.time_rules.push(rule(Weekday::Fri));
    assert_eq!(base(&case), (date(6, 19), 1_007));
    assert_eq!(code(&case, start + 1), Some("outside_opening_hours"));
}

#[test]
fn two_business_dates_at_once() {
    let mut case = plain_case();
    case.weekly.days[4] = vec![(at(18, 0), at(30, 0))];
    case.weekly.days[5] = vec![(at(4, 50), at(12, 0))];
    let saturday = |minutes| instant(case.zone, date(6, 20), minutes);
    let (last_of_friday, first_of_saturday, between) = (saturday(at(4, 30)), saturday(at(4, 50)), saturday(at(5, 0)));
    let on = |case: &Case, start| match verdict(case, start) {
        Verdict::Offered { business_date, .. } => Ok(business_date),
        Verdict::Refused(code) => Err(code),
    };
    assert_eq!(on(&case, last_of_friday), Ok(date(6, 19)));
    assert_eq!(on(&case, first_of_saturday), Ok(date(6, 20)));
    // On the grid of Friday, but Saturday has it.
    assert_eq!(on(&case, between), Err("off_grid"));
    case.request.source = Source::Staff;
    assert_eq!(on(&case, between), Ok(date(6, 20)));
    assert_eq!(offered(&case, date(6, 19), date(6, 19)).last().map(|(start, _)| *start), Some(last_of_friday));
}

#[test]
fn efficiency_rounds_up() {
    let mut case = plain_case();
    case.menu.base = 40;
    case.menu.options = vec![Opt { id: 7, price: 300, duration: 10, required: true, active: true }];
    assert_eq!(code(&case, wednesday(10, 0)), Some("option_required"));
    case.request.options = vec![7];
    for (efficiency, minutes) in [(100, 50), (120, 42), (80, 63), (150, 34), (50, 100)] {
        case.resources[0].efficiency_hundredths = efficiency;
        let Verdict::Offered { end, price, .. } = verdict(&case, wednesday(10, 0)) else { panic!("not offered") };
        assert_eq!((end - wednesday(10, 0), price.total), (minutes, 1_300), "at {efficiency}");
    }
}

#[test]
fn rooms_are_not_shared_staff_is() {
    let mut case = plain_case();
    case.taken = vec![booked(wednesday(11, 0), wednesday(12, 0), 1, 1)];
    case.resources = vec![plain_resource(1, Kind::Staff, 3)];
    assert_eq!(code(&case, wednesday(11, 30)), None);
    case.request.party = 3;
    assert_eq!(code(&case, wednesday(11, 30)), Some("slot_taken"));
    assert_eq!(code(&case, wednesday(12, 0)), None);
    case.request.party = 4;
    assert_eq!(code(&case, wednesday(12, 0)), Some("party_exceeds_capacity"));
    case.request.party = 1;
    case.resources = vec![plain_resource(1, Kind::Room, 3)];
    case.menu.allowed_types = Some(vec![Kind::Room]);
    assert_eq!(code(&case, wednesday(10, 30)), Some("slot_taken"));
    assert_eq!(code(&case, wednesday(10, 0)), None);
}

#[test]
fn groups_share_until_full() {
    let mut case = plain_case();
    case.menu.kind = Service::Group;
    case.menu.allowed_types = Some(vec![Kind::Room]);
    case.resources = vec![plain_resource(1, Kind::Room, 10)];
    // Never more than seven at once.
    case.taken = vec![
        booked(wednesday(11, 0), wednesday(11, 30), 1, 7),
        booked(wednesday(11, 30), wednesday(12, 0), 1, 5),
        booked(wednesday(11, 45), wednesday(13, 0), 1, 2),
    ];
    case.request.party = 3;
    let Verdict::Offered { remaining, .. } = verdict(&case, wednesday(11, 0)) else { panic!("not offered") };
    assert_eq!(remaining, 3);
    case.request.party = 4;
    assert_eq!(code(&case, wednesday(11, 0)), Some("slot_taken"));
    assert_eq!(code(&case, wednesday(12, 0)), None);
}

#[test]
fn buffer_may_pass_the_end_of_work() {
    let mut case = plain_case();
    case.request.source = Source::Staff;
    (case.menu.prep, case.menu.cleanup, case.menu.buffer) = (5, 10, 30);
    assert_eq!(code(&case, wednesday(10, 4)), Some("resource_unavailable"));
    assert_eq!(code(&case, wednesday(10, 5)), None);
    assert_eq!(code(&case, wednesday(17, 50)), None);
    assert_eq!(code(&case, wednesday(17, 51)), Some("resource_unavailable"));
    assert_eq!(code(&case, wednesday(18, 1)), Some("outside_opening_hours"));
    // Against other bookings the buffer counts: 10:20 + 60 + 10 + 30 is noon.
    case.taken = vec![booked(wednesday(12, 0), wednesday(13, 0), 1, 1)];
    assert_eq!(code(&case, wednesday(10, 20)), None);
    assert_eq!(code(&case, wednesday(10, 21)), Some("slot_taken"));
    assert_eq!(code(&case, wednesday(13, 4)), Some("slot_taken"));
    assert_eq!(code(&case, wednesday(13, 5)), None);
}

#[test]
fn a_later_entry_makes_an_earlier_one_yield() {
    let mut case = plain_case();
    case.resources.extend([2, 3, 4].map(|id| plain_resource(id, Kind::Room, 2)));
    let entry = |quantity, ids| Requirement { kind: Kind::Room, quantity, ids: Some(ids) };
    case.menu.required = vec![entry(1, vec![2, 3, 4]), entry(1, vec![2])];
    let assigned = |case: &Case| match verdict(case, wednesday(12, 0)) {
        Verdict::Offered { assigned, .. } => Ok(assigned),
        Verdict::Refused(code) => Err(code),
    };
    assert_eq!(assigned(&case), Ok(vec![1, 3, 2]));
    // Room 3 is busy in the morning; then room 4 is at noon, which leaves only room 3.
    case.taken = vec![booked(wednesday(10, 0), wednesday(10, 30), 3, 2)];
    assert_eq!(assigned(&case), Ok(vec![1, 4, 2]));
    case.taken.push(booked(wednesday(12, 59), wednesday(13, 0), 4, 1));
    assert_eq!(assigned(&case), Ok(vec![1, 3, 2]));
    case.menu.required = vec![entry(2, vec![2, 3, 4]), entry(1, vec![4])];
    case.taken = Vec::new();
    assert_eq!(assigned(&case), Ok(vec![1, 2, 3, 4]));
    case.resources[2].absences = vec![(wednesday(12, 10), wednesday(12, 11))];
    assert_eq!(assigned(&case), Err("resource_unavailable"));
}

#[test]
fn preference_choices_and_nomination() {
    let mut case = plain_case();
    case.resources = [1, 2, 3].map(|id| plain_resource(id, Kind::Staff, 1)).to_vec();
    case.resources[0].rate_diff = 500;
    case.resources[1].sort_order = -1;
    case.resources[1].efficiency_hundredths = 150;
    case.resources[1].rate_diff = -101;
    case.taken = vec![booked(wednesday(17, 0), wednesday(17, 1), 2, 1)];
    let Verdict::Offered { primary, price, remaining, choices, .. } = verdict(&case, wednesday(10, 0)) else {
        panic!("not offered")
    };
    // -101 yen an hour for 40 minutes are -67.3 yen.
    assert_eq!((primary, price.total, remaining), (Some(1), 1_000, 3));
    assert_eq!(choices, [(1, 1_500), (3, 1_000), (2, 933)]);
    case.request.nominated = Some(2);
    let Verdict::Offered { primary, price, end, .. } = verdict(&case, wednesday(10, 0)) else { panic!("not offered") };
    assert_eq!((primary, end), (Some(2), wednesday(10, 40)));
    assert_eq!(price, Price { base: 1_000, option: 0, resource: -67, total: 933 });
    case.request.nominated = Some(4);
    assert_eq!(code(&case, wednesday(10, 0)), Some("resource_not_allowed"));
    (case.request.nominated, case.menu.requires_resource) = (None, true);
    assert_eq!(code(&case, wednesday(10, 0)), Some("resource_required"));
}

#[test]
fn halves_round_up_even_below_zero() {
    assert_eq!([5, 15, -5, -15, -16, 4].map(|tenths| round(tenths, 10)), [1, 2, 0, -1, -2, 0]);
    let mut case = plain_case();
    case.menu.base_price = 333;
    case.menu.per_participant = true;
    case.resources[0].capacity = 5;
    case.request.party = 5;
    let all_day = |change| TimeRule { days: vec![Day::Week(Weekday::Wed)], from: 0, to: 1800, change };
    let price = |case: &Case| match verdict(case, wednesday(10, 0)) {
        Verdict::Offered { price, .. } => price,
        Verdict::Refused(code) => panic!("{code}"),
    };
    // 1665 - 10 % = 1498.5, and a tenth less of that is 1348.65: rounded once.
    case.menu.time_rules = vec![all_day(Change::Percent(-10))];
    assert_eq!(price(&case).base, 1_499);
    case.menu.rank_percent = BTreeMap::from([(Rank::Vip, -10)]);
    case.request.customer =
        Some(Customer { rank: Rank::Vip, birthday: None, gender: None, restricted: false, restriction_until: None });
    assert_eq!(price(&case).base, 1_349);
    // (333 - 338) x 5 = -25, a tenth less of that is -22.5.
    case.menu.time_rules = vec![all_day(Change::Amount(-338))];
    assert_eq!(price(&case), Price { base: -22, option: 0, resource: 0, total: 0 });
    case.request.nominated = Some(1);
    (case.menu.base, case.resources[0].rate_diff) = (30, -1);
    assert_eq!(price(&case).resource, 0);
    (case.menu.base, case.resources[0].rate_diff) = (90, 61);
    assert_eq!(price(&case), Price { base: -22, option: 0, resource: 92, total: 70 });
}

#[test]
fn the_day_limit_binds_customers() {
    let mut case = plain_case();
    case.day_limit = 2;
    (case.menu.allowed_types, case.resources) = (None, Vec::new());
    let elsewhere = |from, to| Taken { business_date: date(6, 17), from, to, seats: Vec::new() };
    case.taken = vec![elsewhere(wednesday(10, 0), wednesday(19, 0))];
    let Verdict::Offered { primary, remaining, assigned, .. } = verdict(&case, wednesday(11, 0)) else {
        panic!("not offered")
    };
    assert_eq!((primary, remaining, assigned), (None, 1, Vec::new()));
    case.taken.push(elsewhere(wednesday(10, 0), wednesday(11, 0)));
    assert_eq!(code(&case, wednesday(15, 0)), Some("day_limit_reached"));
    assert_eq!(code(&case, wednesday(15, 0) + 24 * 60), None);
    case.request.source = Source::Staff;
    assert_eq!(code(&case, wednesday(15, 0)), None);
}

#[test]
fn the_calendar_rules_the_week() {
    let mut case = plain_case();
    case.weekly.holiday = Some(vec![(at(12, 0), at(15, 0))]);
    case.resources[0].hours = Some(Week {
        days: std::array::from_fn(|_| vec![(0, at(13, 0)), (at(13, 0), at(30, 0))]),
        holiday: Some(vec![(at(13, 0), at(14, 0))]),
    });
    let starts = |case: &Case| offered(case, date(6, 17), date(6, 17)).len();
    // 10:00 to 18:00 by half hours, but for 12:30, which would span two shifts.
    assert_eq!(starts(&case), 16);
    case.national_holidays.insert(date(6, 17));
    assert_eq!(starts(&case), 1);
    let special = Some(vec![(at(9, 0), at(20, 0))]);
    case.calendar.insert(date(6, 17), Entry { is_holiday: false, special_hours: special.clone() });
    assert_eq!(starts(&case), 1);
    case.national_holidays.clear();
    assert_eq!(starts(&case), 20);
    case.calendar.insert(date(6, 17), Entry { is_holiday: true, special_hours: special });
    assert_eq!(starts(&case), 0);
}

#[test]
fn the_furthest_rule_is_named() {
    let mut case = plain_case();
    case.resources.push(plain_resource(2, Kind::Staff, 1));
    case.resources[0].absences = vec![(wednesday(0, 0), wednesday(30, 0))];
    case.taken = vec![booked(wednesday(12, 0), wednesday(13, 0), 2, 1)];
    assert_eq!(code(&case, wednesday(12, 0)), Some("slot_taken"));
    assert_eq!(code(&case, wednesday(12, 1)), Some("off_grid"));
    case.menu.active = false;
    assert_eq!(code(&case, wednesday(12, 0)), Some("slot_taken"));
    assert_eq!(code(&case, wednesday(13, 0)), Some("menu_inactive"));
}

#[test]
fn notice_horizon_and_customer() {
    let mut case = plain_case();
    case.now = wednesday(9, 0);
    case.advance_days = 1;
    assert_eq!(code(&case, wednesday(10, 0)), None);
    case.now += 1;
    assert_eq!(code(&case, wednesday(10, 0)), Some("too_soon"));
    assert_eq!(code(&case, wednesday(10, 0) + 24 * 60), None);
    assert_eq!(code(&case, wednesday(10, 0) + 48 * 60), Some("too_far_ahead"));
    case.same_day = false;
    assert_eq!(code(&case, wednesday(11, 0)), Some("same_day_not_accepted"));
    case.same_day = true;
    case.menu.min_age = Some(18);
    assert_eq!(code(&case, wednesday(11, 0)), None);
    let with = |birthday, gender, restriction_until| {
        let customer = Customer { rank: Rank::New, birthday, gender, restricted: true, restriction_until };
        let request = Ask { customer: Some(customer), ..case.request.clone() };
        let menu = Menu { gender: Some(Gender::Female), ..case.menu.clone() };
        code(&Case { menu, request, ..case.clone() }, wednesday(11, 0))
    };
    let (past, future) = (Some(case.now), Some(case.now + 1));
    let (of_age, too_young) = (NaiveDate::from_ymd_opt(2008, 6, 17), NaiveDate::from_ymd_opt(2008, 6, 18));
    assert_eq!(with(of_age, Some(Gender::Female), None), Some("customer_restricted"));
    assert_eq!(with(of_age, Some(Gender::Female), future), Some("customer_restricted"));
    assert_eq!(with(of_age, Some(Gender::Female), past), None);
    assert_eq!(with(None, None, past), Some("age_unknown"));
    assert_eq!(with(too_young, None, past), Some("age_out_of_range"));
    assert_eq!(with(of_age, None, past), Some("gender_unknown"));
    assert_eq!(with(of_age, Some(Gender::Other), past), Some("gender_not_admitted"));
    let leap = NaiveDate::from_ymd_opt(2008, 2, 29).expect("a leap day");
    assert_eq!((age(leap, date(2, 28)), age(leap, date(3, 1))), (17, 18));
}
