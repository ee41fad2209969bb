//! Random shops for the property tests: every feature of the booking rules at a modest rate, around the dates on which
//! clocks change, so that most shops still offer a good number of starts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};
use chrono_tz::Tz;
use proptest::collection::vec;
use proptest::option::weighted as maybe;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::oracle::{
    Ask, Case, Change, Customer, Day, Entry, Gender, Kind, Menu, Opt, Rank, Requirement, Res, Service, Source, Span,
    Taken, TimeRule, Week, instant,
};

/// A shop with one request, and the first and the last business date to search.
pub(crate) fn case() -> impl Strategy<Value = (Case, (NaiveDate, NaiveDate))> {
    place().prop_flat_map(|place| {
        let parts = (store(), vec(date(), 5), service_kind().prop_flat_map(team), menu(), vec(taken(), 0..24), ask());
        parts.prop_map(move |(store, dates, team, menu, taken, ask)| {
            (assemble(place, store, dates, team, menu, taken, ask), (place.from, place.to))
        })
    })
}

// ---------------------------------------------------------------------------------------------------------------------
// Where and when

/// Where the shop is and which business dates are searched.
#[derive(Debug, Clone, Copy)]
struct Place {
    zone: Tz,
    from: NaiveDate,
    to: NaiveDate,
}

impl Place {
    /// The business date `days` after the first one.
    fn date(self, days: i64) -> NaiveDate {
        self.from + TimeDelta::days(days)
    }

    /// The instant `minutes` after the midnight of the first business date.
    fn after_midnight(self, minutes: i64) -> i64 {
        instant(self.zone, self.from, 0) + minutes
    }
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a date")
}

/// One to three dates on or near a date that matters in the zone.
fn place() -> impl Strategy<Value = Place> {
    let (new_york, lord_howe, tokyo) = (Tz::America__New_York, Tz::Australia__Lord_Howe, Tz::Asia__Tokyo);
    let centre = prop_oneof![
        3 => Just((new_york, day(2026, 3, 8))),
        3 => Just((new_york, day(2026, 11, 1))),
        2 => Just((lord_howe, day(2026, 4, 5))),
        2 => Just((lord_howe, day(2026, 10, 4))),
        1 => Just((new_york, day(2026, 6, 17))),
        1 => Just((lord_howe, day(2026, 12, 31))),
        3 => Just((tokyo, day(2026, 5, 4))),
        1 => Just((tokyo, day(2026, 3, 1))),
    ];
    let length = prop_oneof![1 => Just(1), 6 => Just(2), 2 => Just(3)];
    (centre, length, 0_u64..3).prop_map(|((zone, centre), length, before)| {
        let from = centre - Days::new(before.min(length));
        Place { zone, from, to: from + Days::new(length - 1) }
    })
}

/// The opening hours of one day.
fn hours() -> impl Strategy<Value = Vec<Span>> {
    let long_day = (7_i64..12, 17_i64..23).prop_map(|(open, close)| vec![(open * 60, close * 60)]);
    let with_a_break = (8_i64..11, 0_i64..90, 17_i64..25)
        .prop_map(|(open, pause, close)| vec![(open * 60, 780 - pause), (780 + pause, close * 60)]);
    let touching = (8_i64..11, 12_i64..18).prop_map(|(open, at)| vec![(open * 60, at * 60 + 30), (at * 60 + 30, 1200)]);
    let late = (15_i64..20, 97_i64..=120).prop_map(|(open, close)| vec![(open * 60, close * 15)]);
    let early_and_late = (0_i64..=12, 8_i64..30, 90_i64..=120)
        .prop_map(|(open, length, close)| vec![(open * 30, open * 30 + length * 15), (1080, close * 15)]);
    let round_the_clock = select(vec![(0, 1440), (0, 1800), (360, 1800)]).prop_map(|span| vec![span]);
    // The half hours around the clock changes, on the date itself and as the late hours of the date before.
    let small_hours = subsequence((0..=10).map(|step| step * 30).collect::<Vec<i64>>(), 2..=6).prop_map(|cuts| {
        let nights = [0, 1440].map(|shift| cuts.windows(2).map(|w| (w[0] + shift, w[1] + shift)).collect::<Vec<_>>());
        nights.concat()
    });
    // An even number of cuts, paired: breaks everywhere, odd minutes.
    let odd = subsequence((0..=100).map(|step| step * 18).collect::<Vec<i64>>(), 2..=4)
        .prop_map(|cuts| cuts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect());
    prop_oneof![
        5 => long_day,
        3 => with_a_break,
        1 => touching,
        2 => late,
        3 => early_and_late,
        2 => round_the_clock,
        2 => small_hours,
        2 => odd,
        1 => Just(Vec::new()),
    ]
}

/// A week; `holiday` is how often it gives hours for national holidays.
fn week(day: impl Strategy<Value = Vec<Span>> + Clone, holiday: f64) -> impl Strategy<Value = Week> {
    (vec(day.clone(), 7), maybe(holiday, day))
        .prop_map(|(days, holiday)| Week { days: days.try_into().expect("seven days"), holiday })
}

// ---------------------------------------------------------------------------------------------------------------------
// Store and calendar

/// The store itself.
#[derive(Debug, Clone)]
struct Store {
    weekly: Week,
    interval: i64,
    advance_days: i64,
    same_day: bool,
    day_limit: i64,
    active: bool,
    public: bool,
    /// The present, in minutes after the midnight of the first business date.
    now: i64,
}

fn usually(value: bool) -> impl Strategy<Value = bool> {
    prop_oneof![99 => Just(value), 1 => Just(!value)]
}

fn store() -> impl Strategy<Value = Store> {
    let interval = select(vec![5, 10, 15, 15, 20, 30, 30, 60, 90]);
    let advance_days = prop_oneof![14 => Just(30), 1 => 0_i64..4];
    let day_limit = prop_oneof![5 => Just(50), 1 => 1_i64..7, 1 => 3_i64..12];
    let now = prop_oneof![
        26 => -14_400_i64..-2_880,
        6 => -2_880_i64..0,
        6 => 0_i64..2_000,
        1 => -60_000_i64..-30_000,
        1 => 4_320_i64..8_000,
    ];
    let same_day = prop::bool::weighted(0.7);
    (week(hours().boxed(), 0.4), interval, advance_days, same_day, day_limit, usually(true), usually(true), now)
        .prop_map(|(weekly, interval, advance_days, same_day, day_limit, active, public, now)| Store {
            weekly,
            interval,
            advance_days,
            same_day,
            day_limit,
            active,
            public,
            now,
        })
}

/// What the calendar says of one date: whether it is a national holiday, and its entry.
fn date() -> impl Strategy<Value = (bool, Option<Entry>)> {
    let closed = (maybe(0.2, hours())).prop_map(|special_hours| Entry { is_holiday: true, special_hours });
    let special = hours().prop_map(|hours| Entry { is_holiday: false, special_hours: Some(hours) });
    let entry = prop_oneof![
        15 => Just(None),
        1 => closed.prop_map(Some),
        3 => special.prop_map(Some),
        1 => Just(Some(Entry::default())),
    ];
    (prop::bool::weighted(0.2), entry)
}

// ---------------------------------------------------------------------------------------------------------------------
// Resources

/// The kind of service with the resources it finds; their absences are minutes after the first midnight.
#[derive(Debug, Clone)]
struct Team {
    service: Service,
    resources: Vec<Res>,
}

fn service_kind() -> impl Strategy<Value = Service> {
    prop_oneof![
        5 => Just(Service::Individual),
        3 => Just(Service::Group),
        1 => Just(Service::Course),
        1 => Just(Service::Subscription),
    ]
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    use Kind::{Equipment, Room, Staff, Vehicle};
    let mixed = vec(select(vec![Staff, Room, Equipment, Vehicle]), 1..=4);
    prop_oneof![
        1 => Just(Vec::new()),
        2 => (1_usize..=4).prop_map(|count| vec![Staff; count]),
        2 => Just(vec![Staff, Room, Room, Room]),
        2 => Just(vec![Staff, Staff, Room, Room]),
        2 => Just(vec![Room, Staff, Equipment, Room]),
        1 => Just(vec![Staff, Equipment, Equipment, Vehicle]),
        1 => Just(vec![Room, Room, Room]),
        3 => mixed,
    ]
}

fn team(service: Service) -> impl Strategy<Value = Team> {
    kinds().prop_flat_map(move |kinds| {
        let resources: Vec<_> =
            kinds.into_iter().zip(1_u32..).map(|(kind, id)| resource(id, kind, service).boxed()).collect();
        resources.prop_map(move |resources| Team { service, resources })
    })
}

fn resource(id: u32, kind: Kind, service: Service) -> impl Strategy<Value = Res> {
    let shift = prop_oneof![
        4 => Just(vec![(0, 1800)]),
        2 => (6_i64..12, 16_i64..26).prop_map(|(from, to)| vec![(from * 60, to * 60)]),
        2 => (8_i64..12, 18_i64..30).prop_map(|(from, to)| vec![(from * 60, 795), (825, to * 60)]),
        1 => Just(vec![(0, 150), (150, 780), (780, 1800)]),
        1 => hours(),
    ];
    let largest = if matches!(service, Service::Group | Service::Course) { 12_i64 } else { 4 };
    let capacity = prop_oneof![1 => 1_i64..=2, 1 => 1_i64..=4, 1 => Just(4), 2 => 3_i64..=largest];
    let absence = (-600_i64..4_320, 10_i64..300).prop_map(|(from, length)| (from, from + length));
    let absences = prop_oneof![3 => Just(Vec::new()), 2 => vec(absence, 1..3)];
    let efficiency = prop_oneof![3 => Just(100), 4 => select(vec![50, 80, 120, 150])];
    (
        efficiency,
        prop_oneof![Just(0), -700_i64..2_000],
        capacity,
        0_i64..3,
        maybe(0.35, week(shift.boxed(), 0.3)),
        absences,
        prop_oneof![14 => Just(true), 1 => Just(false)],
    )
        .prop_map(move |(efficiency_hundredths, rate_diff, capacity, sort_order, hours, absences, active)| Res {
            id,
            kind,
            efficiency_hundredths,
            rate_diff,
            capacity,
            sort_order,
            hours,
            absences,
            active,
        })
}

// ---------------------------------------------------------------------------------------------------------------------
// Service

/// Which resources the service wants, told by positions since the resources are not known yet.
#[derive(Debug, Clone)]
struct Wants {
    primary: WantsPrimary,
    /// Positions of the allow-list.
    allow_list: Option<Vec<usize>>,
    required: WantsBeside,
    requires_resource: bool,
}

/// The kinds that the primary resource may have.
#[derive(Debug, Clone)]
enum WantsPrimary {
    /// Not restricted.
    Unsaid,
    /// The kind of the first resource.
    KindOfFirst,
    /// These kinds.
    Kinds(Vec<Kind>),
}

/// What the service wants beside the primary resource.
#[derive(Debug, Clone)]
enum WantsBeside {
    Nothing,
    /// Resources of the kind of the one at a position, named or not.
    OfKind {
        position: usize,
        quantity: usize,
        named: bool,
    },
    /// Two resources of the most frequent kind, the second entry admitting only what the first one would prefer.
    Contested,
    /// One of each of two positions' kinds.
    Two(usize, usize),
}

fn wants() -> impl Strategy<Value = Wants> {
    let some_kinds = subsequence(vec![Kind::Staff, Kind::Room, Kind::Equipment, Kind::Vehicle], 1..=3);
    let primary = prop_oneof![
        2 => Just(WantsPrimary::Unsaid),
        6 => Just(WantsPrimary::KindOfFirst),
        1 => some_kinds.prop_map(WantsPrimary::Kinds),
    ];
    let required = prop_oneof![
        10 => Just(WantsBeside::Nothing),
        4 => (0_usize..4, prop_oneof![5 => Just(1_usize), 1 => Just(2)], any::<bool>())
            .prop_map(|(position, quantity, named)| WantsBeside::OfKind { position, quantity, named }),
        4 => Just(WantsBeside::Contested),
        2 => (0_usize..4, 0_usize..4).prop_map(|(one, other)| WantsBeside::Two(one, other)),
    ];
    let allow_list = maybe(0.25, subsequence(vec![0_usize, 1, 2, 3], 1..=4));
    (primary, allow_list, required, prop::bool::weighted(0.15)).prop_map(
        |(primary, allow_list, required, requires_resource)| Wants { primary, allow_list, required, requires_resource },
    )
}

fn time_rule() -> impl Strategy<Value = TimeRule> {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    let mut days: Vec<Day> = [Mon, Tue, Wed, Thu, Fri, Sat, Sun].map(Day::Week).to_vec();
    days.push(Day::Holiday);
    let span = prop_oneof![
        Just((0, 1800)),
        (0_i64..24, 1_i64..7).prop_map(|(from, length)| (from * 60, (from + length) * 60)),
        (0_i64..1700, 1_i64..100).prop_map(|(from, length)| (from, from + length)),
    ];
    let change = prop_oneof![(-100_i64..60).prop_map(Change::Percent), (-3_000_i64..3_000).prop_map(Change::Amount)];
    (subsequence(days, 1..=8), span, change).prop_map(|(days, (from, to), change)| TimeRule { days, from, to, change })
}

fn option() -> impl Strategy<Value = Opt> {
    let duration = select(vec![0, 0, 10, 15, 7]);
    (prop_oneof![Just(0), 1_i64..3_000], duration, prop::bool::weighted(0.15), prop::bool::weighted(0.9))
        .prop_map(|(price, duration, required, active)| Opt { id: 0, price, duration, required, active })
}

/// The service; its kind and its resources are left to [`assemble`].
fn menu() -> impl Strategy<Value = (Menu, Wants)> {
    let spare = || prop_oneof![3 => Just(0), 1 => select(vec![5_i64, 10, 15, 3])];
    let minutes = (select(vec![10, 15, 20, 30, 30, 45, 50, 60, 60, 90, 7, 37, 75, 120]), spare(), spare(), spare());
    let price = (
        prop_oneof![Just(0), 1_i64..200, 1_000_i64..20_000],
        any::<bool>(),
        any::<bool>(),
        vec(time_rule(), 0..4),
        proptest::collection::btree_map(rank(), -60_i64..40, 0..3),
        any::<bool>(),
    );
    let party = (prop_oneof![24 => Just(1_i64), 1 => Just(2)], prop_oneof![12 => Just(5_i64), 1 => 1_i64..4]);
    let admits = (maybe(0.12, select(vec![18_i64, 20])), maybe(0.08, select(vec![19_i64, 60])), maybe(0.07, gender()));
    let notice = prop_oneof![3 => Just(1_i64), 2 => Just(0), 1 => select(vec![2_i64, 12, 48])];
    let flags = (usually(true), usually(true), usually(true));
    (minutes, price, party, admits, notice, flags, vec(option(), 0..4), wants()).prop_map(
        |(minutes, price, party, admits, advance_hours, flags, mut options, wants)| {
            let (base, prep, cleanup, buffer) = minutes;
            let (base_price, per_participant, varies_by_time, time_rules, rank_percent, varies_by_resource) = price;
            let (min_participants, more) = party;
            let (min_age, max_age, gender) = admits;
            let (active, bookable, online) = flags;
            for (option, id) in options.iter_mut().zip(1..) {
                option.id = id;
            }
            let menu = Menu {
                kind: Service::Individual,
                base,
                prep,
                cleanup,
                buffer,
                base_price,
                per_participant,
                varies_by_time,
                time_rules,
                rank_percent,
                varies_by_resource,
                requires_resource: false,
                allowed_types: None,
                allow_list: None,
                required: Vec::new(),
                min_participants,
                max_participants: more.max(min_participants),
                min_age,
                // Nineteen is above every lowest age but twenty.
                max_age: max_age.filter(|max| min_age.is_none_or(|min| min <= *max)),
                gender: gender.filter(|gender| *gender != Gender::Other),
                advance_hours,
                active,
                bookable,
                online,
                options,
            };
            (menu, wants)
        },
    )
}

// ---------------------------------------------------------------------------------------------------------------------
// Bookings

/// A booking; its resources are told by position.
#[derive(Debug, Clone)]
struct Booked {
    /// Days after the first business date.
    days: i64,
    /// First minute of the occupied window on the clock of its business date.
    from: i64,
    minutes: i64,
    /// Positions of resources and the seats on each, to be cut to their capacity.
    seats: Vec<(usize, i64)>,
}

fn taken() -> impl Strategy<Value = Booked> {
    let from = prop_oneof![4 => 480_i64..1_320, 2 => 1_320_i64..1_700, 2 => -20_i64..480];
    let minutes = prop_oneof![1 => 5_i64..20, 4 => 20_i64..90, 2 => 90_i64..300];
    let seats = prop_oneof![
        1 => Just(Vec::new()),
        8 => vec((0_usize..4, 1_i64..=4), 1),
        3 => vec((0_usize..4, 1_i64..=4), 2..=3),
    ];
    (-1_i64..=2, from, minutes, seats).prop_map(|(days, from, minutes, seats)| Booked { days, from, minutes, seats })
}

// ---------------------------------------------------------------------------------------------------------------------
// Request

/// How a request is made; everything that needs the shop is told by position.
#[derive(Debug, Clone)]
struct Wish {
    party: i64,
    nominated: Nominated,
    /// Which of the options that need not be chosen are.
    extras: Vec<bool>,
    slip: Slip,
    source: Source,
    /// The customer; a restriction ends this many minutes after the present.
    customer: Option<(Customer, Birthday)>,
}

#[derive(Debug, Clone, Copy)]
enum Nominated {
    Nobody,
    /// One of those that can be nominated.
    Candidate(usize),
    /// Any id at all.
    Anyone(u32),
}

/// What is wrong with the options of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slip {
    Nothing,
    LeavesRequired,
    TakesInactive,
    TakesForeign,
    /// Nobody is nominated although somebody must be.
    NominatesNobody,
}

#[derive(Debug, Clone, Copy)]
enum Birthday {
    Unknown,
    On(NaiveDate),
    /// Turns this age this many days after the first business date.
    Turns(i32, i64),
}

fn gender() -> impl Strategy<Value = Gender> {
    prop_oneof![4 => Just(Gender::Female), 4 => Just(Gender::Male), 1 => Just(Gender::Other)]
}

fn rank() -> impl Strategy<Value = Rank> {
    select(vec![Rank::New, Rank::Regular, Rank::Vip, Rank::Premium])
}

fn customer() -> impl Strategy<Value = (Customer, Birthday)> {
    let birthday = prop_oneof![
        1 => Just(Birthday::Unknown),
        4 => (1950_i32..2012, 1_u32..=365).prop_map(|(year, ordinal)| {
            Birthday::On(NaiveDate::from_yo_opt(year, ordinal).expect("a date"))
        }),
        1 => select(vec![2004, 2008]).prop_map(|year| Birthday::On(day(year, 2, 29))),
        2 => (select(vec![18, 20, 61]), -1_i64..=2).prop_map(|(age, days)| Birthday::Turns(age, days)),
    ];
    let until = prop_oneof![2 => Just(None), 3 => select(vec![-90_000_i64, -1, 0, 1, 90_000]).prop_map(Some)];
    (rank(), birthday, maybe(0.85, gender()), prop::bool::weighted(0.08), until).prop_map(
        |(rank, birthday, gender, restricted, restriction_until)| {
            (Customer { rank, birthday: None, gender, restricted, restriction_until }, birthday)
        },
    )
}

fn ask() -> impl Strategy<Value = Wish> {
    let party = prop_oneof![10 => Just(1_i64), 4 => Just(2), 1 => 3_i64..=5];
    let nominated = prop_oneof![
        16 => Just(Nominated::Nobody),
        10 => (0_usize..4).prop_map(Nominated::Candidate),
        1 => (1_u32..=6).prop_map(Nominated::Anyone),
    ];
    let slip = prop_oneof![
        50 => Just(Slip::Nothing),
        1 => Just(Slip::LeavesRequired),
        1 => Just(Slip::TakesInactive),
        1 => Just(Slip::TakesForeign),
        2 => Just(Slip::NominatesNobody),
    ];
    let source = prop_oneof![2 => Just(Source::Online), 1 => Just(Source::Staff)];
    (party, nominated, vec(prop::bool::weighted(0.4), 4), slip, source, maybe(0.55, customer())).prop_map(
        |(party, nominated, extras, slip, source, customer)| Wish { party, nominated, extras, slip, source, customer },
    )
}

// ---------------------------------------------------------------------------------------------------------------------
// The shop

/// Puts the parts together: positions become resources that exist, days and minutes become dates and instants.
fn assemble(
    place: Place,
    store: Store,
    dates: Vec<(bool, Option<Entry>)>,
    team: Team,
    (mut menu, wants): (Menu, Wants),
    taken: Vec<Booked>,
    wish: Wish,
) -> Case {
    let mut resources = team.resources;
    for absence in resources.iter_mut().flat_map(|resource| &mut resource.absences) {
        *absence = (place.after_midnight(absence.0), place.after_midnight(absence.1));
    }
    menu.kind = team.service;
    want(&mut menu, wants, &resources, &wish);
    let mut national_holidays = BTreeSet::new();
    let mut calendar = BTreeMap::new();
    for ((national, entry), days) in dates.into_iter().zip(-1..) {
        if national {
            national_holidays.insert(place.date(days));
        }
        if let Some(entry) = entry {
            calendar.insert(place.date(days), entry);
        }
    }
    let now = place.after_midnight(store.now);
    Case {
        zone: place.zone,
        weekly: store.weekly,
        national_holidays,
        calendar,
        interval: store.interval,
        advance_days: store.advance_days,
        same_day: store.same_day,
        day_limit: store.day_limit,
        store_active: store.active,
        store_public: store.public,
        taken: taken.into_iter().map(|booked| book(place, &resources, booked)).collect(),
        request: request(place, now, &menu, &resources, wish),
        resources,
        menu,
        now,
    }
}

/// Makes the service want resources that the shop has.
fn want(menu: &mut Menu, wants: Wants, resources: &[Res], wish: &Wish) {
    menu.allowed_types = match wants.primary {
        WantsPrimary::Unsaid => None,
        WantsPrimary::KindOfFirst => resources.first().map(|first| vec![first.kind]),
        WantsPrimary::Kinds(kinds) => Some(kinds),
    };
    let listed = wants.allow_list.map(|positions| {
        positions.into_iter().filter_map(|position| resources.get(position)).map(|r| r.id).collect::<Vec<_>>()
    });
    menu.allow_list = listed.filter(|ids| !ids.is_empty());
    menu.requires_resource = wants.requires_resource && wish.names_somebody_or_slips();
    // Lists that admit nobody stay with large parties only.
    if wish.party <= 2 && candidates(menu, resources).is_empty() {
        menu.allow_list = None;
    }
    if wish.party <= 2 && candidates(menu, resources).is_empty() {
        menu.allowed_types = None;
    }
    if resources.is_empty() {
        return;
    }
    let kind_at = |position: usize| resources[position % resources.len()].kind;
    let ids_of = |kind: Kind| resources.iter().filter(|r| r.kind == kind).map(|r| r.id).collect::<Vec<_>>();
    menu.required = match wants.required {
        WantsBeside::Nothing => Vec::new(),
        WantsBeside::OfKind { position, quantity, named } => {
            let kind = kind_at(position);
            vec![Requirement { kind, quantity, ids: named.then(|| ids_of(kind)) }]
        }
        WantsBeside::Contested => {
            let last = resources.iter().max_by_key(|r| ids_of(r.kind).len()).expect("a resource");
            let of_kind = resources.iter().filter(|r| r.kind == last.kind);
            let preferred = of_kind.min_by_key(|r| (r.sort_order, r.id)).expect("a resource of this kind");
            let entry = |ids| Requirement { kind: last.kind, quantity: 1, ids: Some(ids) };
            vec![entry(ids_of(last.kind)), entry(vec![preferred.id])]
        }
        WantsBeside::Two(one, other) => {
            [one, other].map(|position| Requirement { kind: kind_at(position), quantity: 1, ids: None }).to_vec()
        }
    };
    // A shop that can never serve is of little use: entries beyond what there is beside the primary resource go, but
    // for large parties, so that some of these shops remain.
    while wish.party <= 2 && !enough(menu, resources) {
        menu.required.pop();
    }
}

/// Whether the service may use a primary resource, and which.
fn candidates<'a>(menu: &Menu, resources: &'a [Res]) -> Vec<&'a Res> {
    let uses_primary = menu.requires_resource || menu.allowed_types.is_some() || menu.allow_list.is_some();
    let admitted = |resource: &&Res| {
        uses_primary
            && resource.active
            && menu.allowed_types.as_ref().is_none_or(|kinds| kinds.contains(&resource.kind))
            && menu.allow_list.as_ref().is_none_or(|ids| ids.contains(&resource.id))
    };
    resources.iter().filter(admitted).collect()
}

/// Whether there are as many resources of each kind as the service needs, the primary one set aside.
fn enough(menu: &Menu, resources: &[Res]) -> bool {
    let candidates = candidates(menu, resources);
    menu.required.iter().all(|entry| {
        let wanted = menu.required.iter().filter(|other| other.kind == entry.kind).map(|other| other.quantity);
        let there = resources.iter().filter(|resource| resource.active && resource.kind == entry.kind).count();
        let primary = !candidates.is_empty() && candidates.iter().all(|resource| resource.kind == entry.kind);
        wanted.sum::<usize>() + usize::from(primary) <= there
    })
}

impl Wish {
    /// Whether a service that wants somebody nominated is asked for properly, or improperly on purpose.
    fn names_somebody_or_slips(&self) -> bool {
        !matches!(self.nominated, Nominated::Nobody) || self.slip == Slip::NominatesNobody
    }
}

fn book(place: Place, resources: &[Res], booked: Booked) -> Taken {
    let business_date = place.date(booked.days);
    let from = instant(place.zone, business_date, booked.from);
    let held: BTreeMap<u32, i64> = booked
        .seats
        .into_iter()
        .filter_map(|(position, seats)| resources.get(position).map(|r| (r.id, seats.min(r.capacity))))
        .collect();
    Taken { business_date, from, to: from + booked.minutes, seats: held.into_iter().collect() }
}

fn request(place: Place, now: i64, menu: &Menu, resources: &[Res], wish: Wish) -> Ask {
    let mut options: Vec<u32> = menu
        .options
        .iter()
        .zip(&wish.extras)
        .filter(|(option, extra)| match (option.active, option.required) {
            (false, _) => wish.slip == Slip::TakesInactive,
            (true, true) => wish.slip != Slip::LeavesRequired,
            (true, false) => **extra,
        })
        .map(|(option, _)| option.id)
        .collect();
    if wish.slip == Slip::TakesForeign {
        options.push(99);
    }
    let candidates = candidates(menu, resources);
    let nominated = match wish.nominated {
        Nominated::Candidate(position) if !candidates.is_empty() => Some(candidates[position % candidates.len()].id),
        Nominated::Nobody | Nominated::Candidate(_) => None,
        Nominated::Anyone(id) => Some(id),
    };
    let customer = wish.customer.map(|(customer, birthday)| Customer {
        birthday: match birthday {
            Birthday::Unknown => None,
            Birthday::On(date) => Some(date),
            Birthday::Turns(age, days) => {
                let date = place.date(days);
                date.with_year(date.year() - age)
            }
        },
        restriction_until: customer.restriction_until.map(|minutes| now + minutes),
        ..customer
    });
    Ask { party: wish.party, nominated, options, source: wish.source, customer }
}
