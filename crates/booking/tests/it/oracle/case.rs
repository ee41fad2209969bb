//! What the oracle is asked, and what it answers: plain types of its own.

use chrono::{NaiveDate, Weekday};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

/// A half-open span of minutes, `[0, 1)`: wall minutes in opening hours, instants everywhere else.
pub(crate) type Span = (i64, i64);

/// One shop, one service, what is booked already, and one request.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Time zone of the store.
    pub zone: Tz,
    /// Weekly opening hours of the store.
    pub weekly: Week,
    /// All national holidays, from the calendar and from the region alike.
    pub national_holidays: BTreeSet<NaiveDate>,
    /// Calendar entries of the store.
    pub calendar: BTreeMap<NaiveDate, Entry>,
    /// Grid step in minutes.
    pub interval: i64,
    /// How many days after today a business date may lie.
    pub advance_days: i64,
    /// Whether bookings for today are taken.
    pub same_day: bool,
    /// How many bookings a business date takes.
    pub day_limit: i64,
    /// Whether the store is active.
    pub store_active: bool,
    /// Whether the store is public.
    pub store_public: bool,
    /// All resources of the store.
    pub resources: Vec<Res>,
    /// The service asked for.
    pub menu: Menu,
    /// Bookings that count and live holds.
    pub taken: Vec<Taken>,
    /// The request.
    pub request: Ask,
    /// The present instant.
    pub now: i64,
}

/// Hours per weekday, in wall minutes, sorted and without overlap.
#[derive(Debug, Clone, Default)]
pub(crate) struct Week {
    /// Monday to Sunday.
    pub days: [Vec<Span>; 7],
    /// Hours of national holidays, if they differ.
    pub holiday: Option<Vec<Span>>,
}

/// A calendar entry of the store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    /// The store is closed.
    pub is_holiday: bool,
    /// Hours in wall minutes that replace those of the week.
    pub special_hours: Option<Vec<Span>>,
}

/// Kind of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A person.
    Staff,
    /// A room or a table.
    Room,
    /// A machine.
    Equipment,
    /// A vehicle.
    Vehicle,
}

/// A resource of the store.
#[derive(Debug, Clone)]
pub(crate) struct Res {
    /// Identifier.
    pub id: u32,
    /// Kind.
    pub kind: Kind,
    /// Working speed in hundredths: 120 does 120 minutes of work in 100.
    pub efficiency_hundredths: i64,
    /// Surcharge in yen per hour when nominated.
    pub rate_diff: i64,
    /// Seats.
    pub capacity: i64,
    /// Lower is preferred.
    pub sort_order: i64,
    /// Working hours; without them those of the store.
    pub hours: Option<Week>,
    /// Absences, as instants.
    pub absences: Vec<Span>,
    /// Whether the resource is in use at all.
    pub active: bool,
}

/// Kind of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// Parties share the resource.
    Group,
    /// Parties share the resource, over several dates.
    Course,
    /// One party at a time.
    Individual,
    /// One party at a time, paid for by the month.
    Subscription,
}

/// Gender of a customer, or the one a service admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Other; no service admits only this one.
    Other,
}

/// Loyalty rank of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// `new`.
    New,
    /// `regular`.
    Regular,
    /// `vip`.
    Vip,
    /// `premium`.
    Premium,
}

/// A day named by a time rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Day {
    /// A weekday of business dates.
    Week(Weekday),
    /// Any national holiday.
    Holiday,
}

/// What a time rule does to the base price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Adds this many percent.
    Percent(i64),
    /// Adds this many yen, per participant if the base price is.
    Amount(i64),
}

/// One rule of `time_based_pricing`.
#[derive(Debug, Clone)]
pub(crate) struct TimeRule {
    /// Days on which it holds.
    pub days: Vec<Day>,
    /// First wall minute at which it holds.
    pub from: i64,
    /// First wall minute at which it no longer holds.
    pub to: i64,
    /// What it does.
    pub change: Change,
}

/// Resources needed beside the primary one.
#[derive(Debug, Clone)]
pub(crate) struct Requirement {
    /// Their kind.
    pub kind: Kind,
    /// How many.
    pub quantity: usize,
    /// The only ones admitted, if given.
    pub ids: Option<Vec<u32>>,
}

/// An option of a service.
#[derive(Debug, Clone)]
pub(crate) struct Opt {
    /// Identifier.
    pub id: u32,
    /// Price in yen.
    pub price: i64,
    /// Additional minutes.
    pub duration: i64,
    /// Whether it must be chosen.
    pub required: bool,
    /// Whether it can be chosen.
    pub active: bool,
}

/// The service asked for.
#[derive(Debug, Clone)]
pub(crate) struct Menu {
    /// Kind of service.
    pub kind: Service,
    /// Minutes of work.
    pub base: i64,
    /// Minutes of preparation before the start.
    pub prep: i64,
    /// Minutes of cleaning up after the end.
    pub cleanup: i64,
    /// Minutes kept free after cleaning up.
    pub buffer: i64,
    /// Price in yen.
    pub base_price: i64,
    /// Whether the base price is per participant.
    pub per_participant: bool,
    /// Whether the time rules count.
    pub varies_by_time: bool,
    /// Time rules; the first that holds counts.
    pub time_rules: Vec<TimeRule>,
    /// Percentage added for customers of a rank.
    pub rank_percent: BTreeMap<Rank, i64>,
    /// Whether a nominated resource adds its surcharge.
    pub varies_by_resource: bool,
    /// Whether a resource must be nominated.
    pub requires_resource: bool,
    /// Kinds that the primary resource may have.
    pub allowed_types: Option<Vec<Kind>>,
    /// Resources that may be the primary one.
    pub allow_list: Option<Vec<u32>>,
    /// Resources needed beside the primary one.
    pub required: Vec<Requirement>,
    /// Smallest party.
    pub min_participants: i64,
    /// Largest party.
    pub max_participants: i64,
    /// Lowest age in years.
    pub min_age: Option<i64>,
    /// Highest age in years.
    pub max_age: Option<i64>,
    /// The only gender admitted.
    pub gender: Option<Gender>,
    /// Hours of notice.
    pub advance_hours: i64,
    /// Whether the service is active.
    pub active: bool,
    /// Whether it can be booked.
    pub bookable: bool,
    /// Whether it can be booked online.
    pub online: bool,
    /// Its options.
    pub options: Vec<Opt>,
}

/// A booking that counts, or a live hold.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    /// Its business date.
    pub business_date: NaiveDate,
    /// First instant of its occupied window.
    pub from: i64,
    /// First instant after its occupied window.
    pub to: i64,
    /// The resources it holds and the seats it takes on each.
    pub seats: Vec<(u32, i64)>,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The customer: `line`, `web`.
    Online,
    /// The shop: `phone`, `walk_in`, `staff`.
    Staff,
}

/// A known customer.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    /// Loyalty rank.
    pub rank: Rank,
    /// Date of birth, if known.
    pub birthday: Option<NaiveDate>,
    /// Gender, if known.
    pub gender: Option<Gender>,
    /// Whether the customer is restricted.
    pub restricted: bool,
    /// The instant at which the restriction ends, if it does.
    pub restriction_until: Option<i64>,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// Number of people.
    pub party: i64,
    /// The nominated primary resource.
    pub nominated: Option<u32>,
    /// Chosen options.
    pub options: Vec<u32>,
    /// Where the request comes from.
    pub source: Source,
    /// The customer, if known.
    pub customer: Option<Customer>,
}

/// A price and its components in yen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Price {
    /// Base price after time rule and rank.
    pub base: i64,
    /// Sum of the options.
    pub option: i64,
    /// Surcharge of the nominated resource.
    pub resource: i64,
    /// What is paid.
    pub total: i64,
}

/// The answer for one start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The start can be booked.
    Offered {
        /// The business date.
        business_date: NaiveDate,
        /// The instant at which the service ends.
        end: i64,
        /// The primary resource, if the service uses one.
        primary: Option<u32>,
        /// All resources: the primary one, then the required ones in the order of their entries.
        assigned: Vec<u32>,
        /// Price of the request as made.
        price: Price,
        /// What is left, as rule 14 counts it.
        remaining: i64,
        /// Every resource that can be the primary one, by preference, with the total when it is nominated.
        choices: Vec<(u32, i64)>,
    },
    /// The start cannot be booked; the code says why.
    Refused(&'static str),
}
