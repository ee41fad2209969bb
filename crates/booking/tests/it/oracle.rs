//! The booking rules written down a second time: slow, plain and with nothing shared with the crate under test.
//!
//! Every function states one rule of `docs/booking-rules.md` and takes the shortest road to it: minutes are walked one
//! by one, combinations of resources are all listed before any is judged.
//!
//! Units: an *instant* is a whole minute since the Unix epoch; a *wall minute* is counted on the clock from the
//! midnight of a business date, `0..=1800` (30:00); money is whole yen; windows are half open, `[from, to)`.

mod by_hand;
mod case;

pub(crate) use case::*;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Weekday};
use chrono_tz::Tz;

/// The rules in the order in which a refusal names them.
const RULES: [&str; 20] = [
    "outside_opening_hours",
    "off_grid",
    "resource_unavailable",
    "party_exceeds_capacity",
    "slot_taken",
    "store_inactive",
    "menu_inactive",
    "store_not_public",
    "menu_not_bookable",
    "not_bookable_online",
    "too_soon",
    "too_far_ahead",
    "same_day_not_accepted",
    "day_limit_reached",
    "party_size_out_of_range",
    "customer_restricted",
    "age_unknown",
    "age_out_of_range",
    "gender_unknown",
    "gender_not_admitted",
];

// ---------------------------------------------------------------------------------------------------------------------
// Time

/// Minutes by which the zone's clock is ahead of UTC at an instant.
fn offset(zone: Tz, instant: i64) -> i64 {
    let utc = DateTime::from_timestamp(instant * 60, 0).expect("an instant of this era").naive_utc();
    i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()) / 60
}

/// The zone's clock at an instant.
pub(crate) fn local(zone: Tz, instant: i64) -> NaiveDateTime {
    let shown = instant + offset(zone, instant);
    DateTime::from_timestamp(shown * 60, 0).expect("an instant of this era").naive_utc()
}

/// Rule 2: the instant of a wall minute of business date `date`; in a gap it moves forward by the gap, of two instants
/// the earlier is meant. Zones change their clock at most once within two days.
pub(crate) fn instant(zone: Tz, date: NaiveDate, wall_minute: i64) -> i64 {
    let wall = date.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(wall_minute);
    let as_if_utc = wall.and_utc().timestamp() / 60;
    let by_old_offset = as_if_utc - offset(zone, as_if_utc - 24 * 60);
    let by_new_offset = as_if_utc - offset(zone, as_if_utc + 24 * 60);
    // When the clock goes back, both show the wall time and the old offset gives the earlier instant. When it goes
    // forward over the wall time, neither does: the old offset counts on through the gap.
    for candidate in [by_old_offset, by_new_offset] {
        if local(zone, candidate) == wall {
            return candidate;
        }
    }
    by_old_offset
}

/// Rule 4: the wall minute of a start, counted from the midnight of its business date.
fn clock(case: &Case, start: i64, date: NaiveDate) -> i64 {
    let shown = local(case.zone, start);
    let days = (shown.date() - date).num_days();
    days * 24 * 60 + i64::from(shown.hour()) * 60 + i64::from(shown.minute())
}

/// How many there are.
fn count<T>(all: impl Iterator<Item = T>) -> i64 {
    all.map(|_| 1).sum()
}

/// Whether `inner` lies inside `outer`.
fn inside(inner: Span, outer: Span) -> bool {
    outer.0 <= inner.0 && inner.1 <= outer.1
}

// ---------------------------------------------------------------------------------------------------------------------
// Hours

/// The hours that a week gives for a date: those of national holidays when it is one and they are given, else those of
/// the weekday.
fn hours_of_week<'a>(week: &'a Week, case: &Case, date: NaiveDate) -> &'a [Span] {
    if case.national_holidays.contains(&date)
        && let Some(holiday) = &week.holiday
    {
        return holiday;
    }
    &week.days[date.weekday().num_days_from_monday() as usize]
}

/// Store hours on a date: closed by the calendar, else its special hours, else those of the week.
fn hours_of_store(case: &Case, date: NaiveDate) -> &[Span] {
    if let Some(entry) = case.calendar.get(&date) {
        if entry.is_holiday {
            return &[];
        }
        if let Some(special) = &entry.special_hours {
            return special;
        }
    }
    hours_of_week(&case.weekly, case, date)
}

/// Rule 2: wall hours as instants; an interval whose ends become the same instant, or cross, is none.
fn as_instants(case: &Case, date: NaiveDate, hours: &[Span]) -> Vec<Span> {
    hours
        .iter()
        .map(|&(from, to)| (instant(case.zone, date, from), instant(case.zone, date, to)))
        .filter(|&(from, to)| from < to)
        .collect()
}

/// Rule 8: the working intervals of a resource on a date, absences not yet cut out; none when the store is closed.
fn working_hours(case: &Case, resource: &Res, date: NaiveDate) -> Vec<Span> {
    let store = as_instants(case, date, hours_of_store(case, date));
    match &resource.hours {
        Some(week) if !store.is_empty() => as_instants(case, date, hours_of_week(week, case, date)),
        _ => store,
    }
}

/// The hours of a case as instants, worked out once.
struct Timetable {
    open: BTreeMap<NaiveDate, Vec<Span>>,
    working: BTreeMap<(NaiveDate, u32), Vec<Span>>,
}

/// The hours of all dates from `from` to `to`.
fn timetable(case: &Case, from: NaiveDate, to: NaiveDate) -> Timetable {
    let mut table = Timetable { open: BTreeMap::new(), working: BTreeMap::new() };
    for date in from.iter_days().take_while(|date| *date <= to) {
        table.open.insert(date, as_instants(case, date, hours_of_store(case, date)));
        for resource in &case.resources {
            table.working.insert((date, resource.id), working_hours(case, resource, date));
        }
    }
    table
}

/// Rule 5: the business date of a service window is the latest date whose hours contain it.
fn business_date(table: &Timetable, window: Span) -> Option<NaiveDate> {
    let holds = |hours: &Vec<Span>| hours.iter().any(|&interval| inside(window, interval));
    table.open.iter().rev().find(|(_, hours)| holds(hours)).map(|(date, _)| *date)
}

/// Rule 3: whether the window starts `open + k × interval` in an opening interval of its date that contains it.
fn on_grid(case: &Case, table: &Timetable, date: NaiveDate, window: Span) -> bool {
    table.open[&date].iter().any(|&interval| inside(window, interval) && (window.0 - interval.0) % case.interval == 0)
}

// ---------------------------------------------------------------------------------------------------------------------
// Before the rules

/// The chosen options must be active ones of the service.
fn options_available(case: &Case) -> bool {
    let available = |id: &u32| case.menu.options.iter().any(|option| option.id == *id && option.active);
    case.request.options.iter().all(available)
}

/// Every required option (that can be chosen at all) must be chosen.
fn required_options_chosen(case: &Case) -> bool {
    let mut required = case.menu.options.iter().filter(|option| option.required && option.active);
    required.all(|option| case.request.options.contains(&option.id))
}

/// The chosen options.
fn chosen_options(case: &Case) -> impl Iterator<Item = &Opt> {
    case.menu.options.iter().filter(|option| case.request.options.contains(&option.id))
}

/// Rule 9: a service uses no primary resource when neither kinds nor resources are named and none is required.
fn uses_primary(menu: &Menu) -> bool {
    menu.requires_resource || menu.allowed_types.is_some() || menu.allow_list.is_some()
}

/// Rule 9: whether a resource may be the primary one.
fn may_be_primary(menu: &Menu, resource: &Res) -> bool {
    let kind_admitted = menu.allowed_types.as_ref().is_none_or(|kinds| kinds.contains(&resource.kind));
    let listed = menu.allow_list.as_ref().is_none_or(|ids| ids.contains(&resource.id));
    uses_primary(menu) && resource.active && kind_admitted && listed
}

/// What is wrong with the request itself, whatever the start.
fn wrong_with_request(case: &Case) -> Option<&'static str> {
    let candidate = |id| case.resources.iter().any(|r| r.id == id && may_be_primary(&case.menu, r));
    if !options_available(case) {
        return Some("option_not_available");
    }
    if !required_options_chosen(case) {
        return Some("option_required");
    }
    match case.request.nominated {
        Some(id) if !candidate(id) => Some("resource_not_allowed"),
        None if case.menu.requires_resource => Some("resource_required"),
        _ => None,
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Length and resources

/// Service minutes: work of service and options by the speed of the primary resource, rounded up.
fn service_minutes(case: &Case, primary: Option<&Res>) -> i64 {
    let work = case.menu.base + chosen_options(case).map(|option| option.duration).sum::<i64>();
    let efficiency = primary.map_or(100, |resource| resource.efficiency_hundredths);
    let mut minutes = 0;
    while minutes * efficiency < work * 100 {
        minutes += 1;
    }
    minutes
}

/// Rule 10: minutes of all occupied windows of date `date` that hold the resource.
fn occupied_minutes(case: &Case, resource: &Res, date: NaiveDate) -> i64 {
    let holds = |taken: &&Taken| taken.seats.iter().any(|(id, _)| *id == resource.id);
    let of_date = case.taken.iter().filter(|taken| taken.business_date == date);
    of_date.filter(holds).map(|taken| taken.to - taken.from).sum()
}

/// Rule 10: what resources are sorted by.
fn preference(case: &Case, resource: &Res, date: NaiveDate) -> (i64, i64, u32) {
    (occupied_minutes(case, resource, date), resource.sort_order, resource.id)
}

/// A possible primary resource, or none for a service without, at one start.
struct Candidate<'a> {
    primary: Option<&'a Res>,
    service: i64,
    date: Option<NaiveDate>,
}

/// All candidates for the primary resource in order of preference, each with the service length and the business date
/// that it makes. Those without a business date come last.
fn candidates<'a>(case: &'a Case, table: &Timetable, start: i64) -> Vec<Candidate<'a>> {
    let candidate = |primary| {
        let service = service_minutes(case, primary);
        Candidate { primary, service, date: business_date(table, (start, start + service)) }
    };
    if !uses_primary(&case.menu) {
        return vec![candidate(None)];
    }
    let nominated = |resource: &&Res| case.request.nominated.is_none_or(|id| id == resource.id);
    let allowed = case.resources.iter().filter(|resource| may_be_primary(&case.menu, resource));
    let mut all: Vec<_> = allowed.filter(nominated).map(|resource| candidate(Some(resource))).collect();
    all.sort_by_key(|c| (c.date.is_none(), c.date.zip(c.primary).map(|(date, r)| preference(case, r, date))));
    all
}

/// All ways to take `quantity` of `from`, in lexicographic order.
fn ways_to_take<'a>(quantity: usize, from: &[&'a Res]) -> Vec<Vec<&'a Res>> {
    if quantity == 0 {
        return vec![Vec::new()];
    }
    let mut ways = Vec::new();
    for (index, first) in from.iter().enumerate() {
        for rest in ways_to_take(quantity - 1, &from[index + 1..]) {
            ways.push([vec![*first], rest].concat());
        }
    }
    ways
}

/// Rule 11: all ways to complete `so_far` by the required resources, all different, in order of preference on `date`.
fn completions<'a>(case: &'a Case, date: NaiveDate, required: &[Requirement], so_far: &[&'a Res]) -> Vec<Vec<&'a Res>> {
    let Some((entry, later)) = required.split_first() else {
        return vec![so_far.to_vec()];
    };
    let admitted = |resource: &&Res| {
        resource.active
            && resource.kind == entry.kind
            && entry.ids.as_ref().is_none_or(|ids| ids.contains(&resource.id))
            && so_far.iter().all(|other| other.id != resource.id)
    };
    let mut free: Vec<_> = case.resources.iter().filter(admitted).collect();
    free.sort_by_key(|resource| preference(case, resource, date));
    let mut all = Vec::new();
    for taken in ways_to_take(entry.quantity, &free) {
        all.extend(completions(case, date, later, &[so_far, &taken].concat()));
    }
    all
}

/// Seats that the party needs on a resource.
fn seats_needed(case: &Case, resource: &Res) -> i64 {
    match (case.menu.kind, resource.kind) {
        (Service::Group | Service::Course, _) | (_, Kind::Staff | Kind::Equipment) => case.request.party,
        (Service::Individual | Service::Subscription, Kind::Room | Kind::Vehicle) => resource.capacity,
    }
}

/// Rule 12: seats in use on a resource at a moment.
fn seats_in_use(case: &Case, resource: &Res, moment: i64) -> i64 {
    let mut sum = 0;
    for taken in &case.taken {
        if taken.from <= moment && moment < taken.to {
            for (id, seats) in &taken.seats {
                if *id == resource.id {
                    sum += seats;
                }
            }
        }
    }
    sum
}

// ---------------------------------------------------------------------------------------------------------------------
// The rules

/// One way to make the booking: a candidate with its business date, and all resources.
struct Combination<'a> {
    date: NaiveDate,
    start: i64,
    service: i64,
    assigned: Vec<&'a Res>,
}

/// What the customer sees.
fn service_window(combination: &Combination) -> Span {
    (combination.start, combination.start + combination.service)
}

/// When the resources work: the service with preparation and cleaning up.
fn working_window(case: &Case, combination: &Combination) -> Span {
    let (start, end) = service_window(combination);
    (start - case.menu.prep, end + case.menu.cleanup)
}

/// What is kept free of other bookings: the working window and the buffer.
fn occupied_window(case: &Case, combination: &Combination) -> Span {
    let (from, to) = working_window(case, combination);
    (from, to + case.menu.buffer)
}

/// Rule 2 of the offer: the working window lies inside one working interval and meets no absence.
fn works(table: &Timetable, resource: &Res, date: NaiveDate, window: Span) -> bool {
    let absent = |moment: i64| resource.absences.iter().any(|&(from, to)| from <= moment && moment < to);
    table.working[&(date, resource.id)].iter().any(|&interval| inside(window, interval))
        && (window.0..window.1).all(|moment| !absent(moment))
}

/// Rule 3 of the offer: at every moment of the window the seats in use and those needed are within the capacity.
fn seats_free(case: &Case, resource: &Res, window: Span) -> bool {
    let needed = seats_needed(case, resource);
    (window.0..window.1).all(|moment| seats_in_use(case, resource, moment) + needed <= resource.capacity)
}

/// Bookings and live holds with this business date.
fn booked_on(case: &Case, date: NaiveDate) -> i64 {
    count(case.taken.iter().filter(|taken| taken.business_date == date))
}

/// Rule 4 of the offer, for every source: store and service are active.
fn not_active(case: &Case) -> Option<&'static str> {
    if !case.store_active {
        return Some("store_inactive");
    }
    if !case.menu.active {
        return Some("menu_inactive");
    }
    None
}

/// Rule 4 of the offer, for customers only: published, in time, and under the day limit.
fn not_for_customers(case: &Case, combination: &Combination) -> Option<&'static str> {
    let today = local(case.zone, case.now).date();
    let date = combination.date;
    if !case.store_public {
        return Some("store_not_public");
    }
    if !case.menu.bookable {
        return Some("menu_not_bookable");
    }
    if !case.menu.online {
        return Some("not_bookable_online");
    }
    if combination.start < case.now + case.menu.advance_hours * 60 {
        return Some("too_soon");
    }
    if (date - today).num_days() > case.advance_days {
        return Some("too_far_ahead");
    }
    if date == today && !case.same_day {
        return Some("same_day_not_accepted");
    }
    if booked_on(case, date) >= case.day_limit {
        return Some("day_limit_reached");
    }
    None
}

/// Whether a customer is restricted now.
fn restricted(customer: &Customer, now: i64) -> bool {
    customer.restricted && customer.restriction_until.is_none_or(|until| until > now)
}

/// Age in full years: how many anniversaries have been reached. That of 29 February is reached on 1 March in other
/// years.
fn age(birthday: NaiveDate, date: NaiveDate) -> i64 {
    let anniversary = |year| {
        birthday.with_year(year).unwrap_or_else(|| NaiveDate::from_ymd_opt(year, 3, 1).expect("every year has a March"))
    };
    count((birthday.year() + 1..=date.year()).filter(|&year| anniversary(year) <= date))
}

/// Rule 5 of the offer: a known customer fits the service.
fn does_not_fit(case: &Case, customer: &Customer, date: NaiveDate) -> Option<&'static str> {
    let menu = &case.menu;
    if restricted(customer, case.now) {
        return Some("customer_restricted");
    }
    if menu.min_age.is_some() || menu.max_age.is_some() {
        let Some(birthday) = customer.birthday else {
            return Some("age_unknown");
        };
        let age = age(birthday, date);
        if menu.min_age.is_some_and(|min| age < min) || menu.max_age.is_some_and(|max| max < age) {
            return Some("age_out_of_range");
        }
    }
    if let Some(admitted) = menu.gender {
        let Some(gender) = customer.gender else {
            return Some("gender_unknown");
        };
        if gender != admitted {
            return Some("gender_not_admitted");
        }
    }
    None
}

/// The first rule that a combination breaks, in the order of the table.
fn broken_rule(case: &Case, table: &Timetable, combination: &Combination) -> Option<&'static str> {
    let (date, party) = (combination.date, case.request.party);
    let online = case.request.source == Source::Online;
    let assigned = &combination.assigned;
    let working = working_window(case, combination);
    let occupied = occupied_window(case, combination);
    // A combination has a business date: its service window lies in an opening interval.
    if online && !on_grid(case, table, date, service_window(combination)) {
        return Some("off_grid");
    }
    if !assigned.iter().all(|resource| works(table, resource, date, working)) {
        return Some("resource_unavailable");
    }
    if !assigned.iter().all(|resource| party <= resource.capacity) {
        return Some("party_exceeds_capacity");
    }
    if !assigned.iter().all(|resource| seats_free(case, resource, occupied)) {
        return Some("slot_taken");
    }
    if let Some(code) = not_active(case) {
        return Some(code);
    }
    if online && let Some(code) = not_for_customers(case, combination) {
        return Some(code);
    }
    if party < case.menu.min_participants || case.menu.max_participants < party {
        return Some("party_size_out_of_range");
    }
    case.request.customer.as_ref().and_then(|customer| does_not_fit(case, customer, date))
}

/// The place of a code in the order of the table.
fn rank_of(code: &str) -> usize {
    RULES.iter().position(|rule| *rule == code).expect("a code of the table")
}

/// The first rule that no combination passes together with all before it: the furthest of the rules that stopped the
/// combinations. Without any candidate that is rule 2.
fn named_rule(broken: &[&'static str]) -> &'static str {
    broken.iter().copied().max_by_key(|code| rank_of(code)).unwrap_or("resource_unavailable")
}

// ---------------------------------------------------------------------------------------------------------------------
// Price

/// `numerator / denominator` to the nearest whole number, halves toward plus infinity.
fn round(numerator: i64, denominator: i64) -> i64 {
    (2 * numerator + denominator).div_euclid(2 * denominator)
}

/// Rule 13: whether a time rule holds at a wall minute of a business date.
fn time_rule_holds(case: &Case, rule: &TimeRule, date: NaiveDate, clock: i64) -> bool {
    let names = |day: &Day| match day {
        Day::Week(weekday) => *weekday == date.weekday(),
        Day::Holiday => case.national_holidays.contains(&date),
    };
    rule.days.iter().any(names) && rule.from <= clock && clock < rule.to
}

/// Rule 13: the base price, exact until it is rounded once.
fn base_price(case: &Case, date: NaiveDate, start: i64) -> i64 {
    let menu = &case.menu;
    let times = if menu.per_participant { case.request.party } else { 1 };
    let clock = clock(case, start, date);
    let rule = menu.time_rules.iter().find(|rule| time_rule_holds(case, rule, date, clock));
    let change = rule.filter(|_| menu.varies_by_time).map(|rule| rule.change);
    let hundredths = match change {
        None => menu.base_price * times * 100,
        Some(Change::Percent(percent)) => menu.base_price * times * (100 + percent),
        Some(Change::Amount(amount)) => (menu.base_price + amount) * times * 100,
    };
    let rank = case.request.customer.as_ref().map(|customer| customer.rank);
    let percent = rank.and_then(|rank| menu.rank_percent.get(&rank)).copied().unwrap_or(0);
    round(hundredths * (100 + percent), 100 * 100)
}

/// The price of a booking, with or without its primary resource being nominated.
fn price(case: &Case, date: NaiveDate, start: i64, service: i64, nominated: Option<&Res>) -> Price {
    let base = base_price(case, date, start);
    let option = chosen_options(case).map(|option| option.price).sum();
    let resource = match nominated {
        Some(resource) if case.menu.varies_by_resource => round(resource.rate_diff * service, 60),
        _ => 0,
    };
    Price { base, option, resource, total: (base + option + resource).max(0) }
}

// ---------------------------------------------------------------------------------------------------------------------
// Verdict

/// Rule 14: seats free on the primary resource throughout the occupied window, before this party takes its own.
fn free_seats(case: &Case, resource: &Res, window: Span) -> i64 {
    let most = (window.0..window.1).map(|moment| seats_in_use(case, resource, moment)).max();
    resource.capacity - most.unwrap_or(0)
}

/// Rule 14: what is left of an offered start.
fn remaining(case: &Case, combination: &Combination, primary: Option<&Res>, choices: i64) -> i64 {
    match (primary, case.menu.kind) {
        (None, _) => (case.day_limit - booked_on(case, combination.date)).max(0),
        (Some(primary), Service::Group | Service::Course) => {
            free_seats(case, primary, occupied_window(case, combination))
        }
        (Some(_), Service::Individual | Service::Subscription) => choices,
    }
}

/// The verdict for one start by hours worked out before.
fn judge(case: &Case, table: &Timetable, start: i64) -> Verdict {
    if let Some(code) = wrong_with_request(case) {
        return Verdict::Refused(code);
    }
    let mut broken = Vec::new();
    let mut possible = Vec::new();
    for candidate in candidates(case, table, start) {
        let Candidate { primary, service, date: Some(date) } = candidate else {
            broken.push("outside_opening_hours");
            continue;
        };
        let so_far: Vec<_> = primary.into_iter().collect();
        let mut first = None;
        let completions = completions(case, date, &case.menu.required, &so_far);
        if completions.is_empty() {
            let off_grid =
                case.request.source == Source::Online && !on_grid(case, table, date, (start, start + service));
            broken.push(if off_grid { "off_grid" } else { "resource_unavailable" });
        }
        for assigned in completions {
            let combination = Combination { date, start, service, assigned };
            match broken_rule(case, table, &combination) {
                Some(code) => broken.push(code),
                None if first.is_none() => first = Some((primary, combination)),
                None => {}
            }
        }
        possible.extend(first);
    }
    let Some((primary, combination)) = possible.first() else {
        return Verdict::Refused(named_rule(&broken));
    };
    let total = |of: &Combination, primary: &Res| price(case, of.date, start, of.service, Some(primary)).total;
    let choices: Vec<_> =
        possible.iter().filter_map(|(primary, of)| primary.map(|primary| (primary.id, total(of, primary)))).collect();
    let nominated = primary.filter(|_| case.request.nominated.is_some());
    Verdict::Offered {
        business_date: combination.date,
        end: start + combination.service,
        primary: primary.map(|resource| resource.id),
        assigned: combination.assigned.iter().map(|resource| resource.id).collect(),
        price: price(case, combination.date, start, combination.service, nominated),
        remaining: remaining(case, combination, *primary, count(choices.iter())),
        choices,
    }
}

/// Whether the case's request may start at an instant, and how.
pub(crate) fn verdict(case: &Case, start: i64) -> Verdict {
    let date = local(case.zone, start).date();
    let table = timetable(case, date - Days::new(2), date + Days::new(1));
    judge(case, &table, start)
}

/// All starts that a search of the business dates `from..=to` offers, for every source on the grid.
pub(crate) fn offered(case: &Case, from: NaiveDate, to: NaiveDate) -> Vec<(i64, Verdict)> {
    let table = timetable(case, from - Days::new(2), to + Days::new(2));
    let first = instant(case.zone, from, 0);
    let last = instant(case.zone, to, 30 * 60);
    // Most minutes are on no grid of any date; they need no verdict.
    let on_some_grid = |start: i64| {
        let mut intervals = table.open.values().flatten();
        intervals.any(|&(open, close)| open <= start && start < close && (start - open) % case.interval == 0)
    };
    let mut all = Vec::new();
    for start in (first..=last).filter(|start| on_some_grid(*start)) {
        let verdict = judge(case, &table, start);
        if let Verdict::Offered { business_date, end, .. } = verdict
            && (from..=to).contains(&business_date)
            && on_grid(case, &table, business_date, (start, end))
        {
            all.push((start, verdict));
        }
    }
    all
}
