//! Which starts are offered, and with what: the rules of `docs/booking-rules.md` over one request.
//!
//! A [`Plan`] is made once per request. It turns hours, absences and occupancy into ranges of possible starts per day
//! and resource, so that looking at one start costs a few comparisons. One function judges a start. Booking (the
//! [desk](crate::desk), by [`Plan::at`]) asks it about one; search ([`Plan::offers`]) asks it once for every run of
//! starts between which nothing changes. So what is offered can be booked, and nothing else.
//!
//! | module | what it decides |
//! |---|---|
//! | `parts` | options, candidates for the primary resource, what is needed beside it |
//! | `day` | the hours of each date, and which dates meet |
//! | `usage` | when too few seats of a resource are left, how long it is taken on each date |
//! | `settle` | rules 1 to 3 and the order of preference, as tables by date and resource |
//! | `gates` | rules 4 and 5 |
//! | `assign` | the resources beside the primary one |
//! | `judge` | one start: what a booking of it would hold, or the rule that refuses it |
//! | `search` | every start of some dates |

mod assign;
mod day;
mod gates;
mod judge;
mod lists;
mod offer;
mod parts;
mod ranges;
mod search;
mod settle;
mod usage;

pub use offer::{Choice, Offer, Offers, OffersIter};

use crate::agreement::days_to_lock;
use crate::minute::{Minute, Span};
use crate::occupancy::Occupancy;
use crate::price::{self, ExactBase};
use crate::refusal::Refusal;
use crate::request::{Guest, Wish};
use crate::resource::BookableResource;
use crate::service::{Service, ServiceOption};
use crate::shop::{Calendar, Shop};
use chrono::{DateTime, Days, NaiveDate, Utc};
use day::Day;
use gates::Gates;
use musubi_kernel::money::Amount;
use musubi_kernel::zone;
use parts::{Candidate, Need, absences, are_apart, candidates, chosen_options, distinct_lengths, needs, standing};
use serde::{Deserialize, Serialize};
use settle::Settled;
use smallvec::SmallVec;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use usage::Usage;

/// A day's hours end at `30:00` at the latest, so a start lies on its business date or the day after; in a zone that
/// once skipped a whole date, two days after.
const LATEST_START_AFTER: usize = 2;

/// Everything that the rules look at besides the request.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The store.
    pub shop: &'a Shop,
    /// The menu.
    pub service: &'a Service,
    /// The store's active resources.
    pub resources: &'a [BookableResource],
    /// What the calendar says of the dates that are looked at.
    pub calendar: &'a Calendar,
    /// What is taken around them.
    pub occupancy: &'a Occupancy,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// The minutes of a booking: kept before, served, kept after within hours, kept after in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lengths {
    /// Before the start.
    pub prep: i64,
    /// The service.
    pub service: i64,
    /// After it, within the hours of the resources.
    pub cleanup: i64,
    /// After that, in or out of hours.
    pub buffer: i64,
}

impl Lengths {
    /// What the customer sees.
    pub fn service_window(self, start: Minute) -> Span {
        Span { from: start, to: start + self.service }
    }

    /// What is kept free of other bookings.
    pub fn occupied_window(self, start: Minute) -> Span {
        Span { from: start - self.prep, to: start + self.service + self.cleanup + self.buffer }
    }
}

/// The price of the service itself at a start: exact, and rounded for the guest.
#[derive(Debug, Clone, Copy)]
struct BasePrice {
    exact: ExactBase,
    rounded: Amount,
}

/// A request against a situation, prepared for a range of dates.
#[derive(Debug)]
pub struct Plan<'a> {
    situation: Situation<'a>,
    wish: &'a Wish,
    guest: Option<&'a Guest>,
    options: Vec<&'a ServiceOption>,
    option_price: Amount,
    /// The price of the service itself, where it is the same at every start.
    flat_price: Option<BasePrice>,
    /// In order of preference, as far as it is the same on every date.
    candidates: Vec<Candidate>,
    /// The different lengths that candidates need.
    lengths: Vec<Lengths>,
    needs: Vec<Need>,
    /// Whether no resource can serve two of these needs.
    needs_apart: bool,
    /// When each resource is away.
    absences: Vec<Vec<Span>>,
    usage: Usage,
    gates: Gates,
    days: Vec<Day>,
    settled: Settled,
}

impl<'a> Plan<'a> {
    /// The dates whose calendar and occupancy decide about starts on `dates`.
    pub fn dates_around(dates: &RangeInclusive<NaiveDate>) -> RangeInclusive<NaiveDate> {
        let around = Days::new(LATEST_START_AFTER as u64);
        *dates.start() - around..=*dates.end() + around
    }

    /// The dates for which a plan about a start at this instant is made.
    pub fn dates_of(shop: &Shop, start: Minute) -> RangeInclusive<NaiveDate> {
        let date = zone::date_of(shop.zone, start.instant());
        date..=date
    }

    /// Prepares a request for starts on `dates`. Refused when options or nomination are wrong, whatever the start.
    pub fn new(
        situation: Situation<'a>,
        wish: &'a Wish,
        guest: Option<&'a Guest>,
        dates: &RangeInclusive<NaiveDate>,
    ) -> Result<Self, Refusal> {
        let options = chosen_options(situation.service, wish)?;
        let mut candidates = candidates(&situation, wish, &options)?;
        candidates.sort_unstable_by_key(|one| one.resource.map(|place| standing(&situation.resources[place])));
        let lengths = distinct_lengths(&mut candidates);
        let needs = needs(&situation);
        let mut plan = Self {
            situation,
            wish,
            guest,
            option_price: price::of_options(options.iter().copied()),
            options,
            flat_price: None,
            candidates,
            lengths,
            needs_apart: are_apart(&needs),
            needs,
            absences: absences(situation.resources),
            usage: Usage::default(),
            gates: Gates::of(&situation, wish),
            days: Vec::new(),
            settled: Settled::default(),
        };
        if situation.service.pricing.by_time.is_empty() {
            plan.flat_price = Some(plan.priced(ExactBase::of(&situation.service.pricing, wish.party_size)));
        }
        plan.days = plan.days_around(dates);
        plan.usage = plan.usage();
        plan.settled = plan.settle();
        Ok(plan)
    }

    /// What it was made for.
    pub fn situation(&self) -> &Situation<'a> {
        &self.situation
    }

    /// What is wanted.
    pub fn wish(&self) -> &Wish {
        self.wish
    }

    /// The chosen options, in the menu's order.
    pub fn options(&self) -> &[&'a ServiceOption] {
        &self.options
    }

    /// The rule that refuses every start, whenever it is.
    pub fn refused_by(&self) -> Option<Refusal> {
        self.gates.of_all_starts()
    }

    /// The days whose locks a booking of this start needs, whichever resource it gets.
    pub fn days_to_lock(&self, start: Minute) -> BTreeSet<NaiveDate> {
        let days = self.days_of(start);
        self.candidates
            .iter()
            .filter_map(|candidate| {
                let day = days.iter().find(|day| self.days[**day].opens_for(start, candidate.lengths));
                day.map(|day| days_to_lock(self.days[*day].date, candidate.lengths.occupied_window(start)))
            })
            .flatten()
            .collect()
    }

    /// The places of the days whose hours contain this minute, the latest first.
    fn days_of(&self, start: Minute) -> SmallVec<[usize; 3]> {
        let open = |day: &Day| day.row.is_some() && day.open.iter().any(|span| span.from <= start && start < span.to);
        (0..self.days.len()).rev().filter(|place| open(&self.days[*place])).collect()
    }

    /// How many resources the store has.
    fn resources(&self) -> usize {
        self.situation.resources.len()
    }

    fn usage(&self) -> Usage {
        let asked_for = |resource: usize| {
            self.candidates.iter().any(|candidate| candidate.resource == Some(resource))
                || self.needs.iter().any(|need| need.resources.contains(&resource))
        };
        Usage::of(&self.situation, self.wish, asked_for, self.days.iter().map(|day| day.date))
    }
}
