//! Which starts are offered, and with what: the rules of `docs/booking-rules.md` over one request.
//!
//! A [`Plan`] is made once per request. It turns hours, absences and occupancy into ranges of possible starts per day
//! and resource, so that looking at one start costs a few comparisons. Search ([`Plan::offers`]) and booking
//! (the [desk](crate::desk), by [`Plan::at`]) both ask the same functions, so what is offered can be booked, and
//! nothing else.

mod assign;
mod day;
mod gates;
mod parts;
mod ranges;

use crate::agreement::days_to_lock;
use crate::minute::{Minute, Span};
use crate::occupancy::{Occupancy, Usage};
use crate::price::{self, ExactBase, Price};
use crate::refusal::Refusal;
use crate::request::{Guest, Wish};
use crate::resource::BookableResource;
use crate::service::{Service, ServiceOption};
use crate::shop::{Calendar, DayClock, Shop};
use chrono::{DateTime, Days, NaiveDate, Utc};
use day::Day;
use gates::Gates;
use musubi_kernel::id::ResourceId;
use musubi_kernel::money::Amount;
use musubi_kernel::zone;
use parts::{Candidate, Need, are_apart, candidates, chosen_options, distinct_lengths, needs, standing};
use ranges::StartRanges;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

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

/// A start that is offered, and what a booking of it would hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The date it belongs to.
    pub business_date: NaiveDate,
    /// What the customer sees.
    pub service: Span,
    /// What is kept free of other bookings.
    pub occupied: Span,
    /// The lengths behind these.
    pub lengths: Lengths,
    /// The resources with their seats, the primary one first where there is one.
    pub resources: Vec<(ResourceId, u32)>,
    /// Whether the first of them is the primary one.
    pub has_primary: bool,
    /// The price of the request as it was made.
    pub price: Price,
    /// The price of the service before rounding and rank.
    pub base: ExactBase,
    /// How many more can come, see `docs/booking-rules.md`, 14.
    pub remaining: u32,
    /// Every resource that can be the primary one, in order of preference, with the total when it is nominated.
    pub choices: Vec<Choice>,
}

/// A resource that a customer can nominate for a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Its place in [`Situation::resources`].
    pub resource: usize,
    /// What the booking costs that nominates it.
    pub total: Amount,
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
    usage: Vec<Usage>,
    days: Vec<Day>,
    gates: Gates,
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
        candidates.sort_by_key(|one| one.resource.map(|place| standing(&situation.resources[place])));
        let lengths = distinct_lengths(&mut candidates);
        let mut by_resource = situation.occupancy.by_resource();
        let usage = situation.resources.iter().map(|one| by_resource.remove(&one.id).unwrap_or_default()).collect();
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
            usage,
            days: Vec::new(),
            gates: Gates::of(&situation, wish),
        };
        if situation.service.pricing.by_time.is_empty() {
            plan.flat_price = Some(plan.priced(ExactBase::of(&situation.service.pricing, wish.party_size)));
        }
        let around = Self::dates_around(dates);
        let dates = around.start().iter_days().take_while(|date| date <= around.end());
        plan.days = dates.map(|date| plan.day(date)).collect();
        plan.settle_days();
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

    /// Every offered start of these dates, in order of time.
    pub fn offers(&self, dates: &RangeInclusive<NaiveDate>) -> Vec<Offer> {
        let asked = |day: &Day| dates.contains(&day.date) && !day.cannot_offer(&self.gates);
        let starts =
            self.days.iter().filter(|day| asked(day)).map(|day| day.grid_size(self.situation.shop.slot_interval));
        let mut offers: Vec<Offer> = Vec::with_capacity(starts.sum());
        for (place, day) in self.days.iter().enumerate().filter(|(_, day)| asked(day)) {
            for start in day::grid(&day.open, self.situation.shop.slot_interval) {
                let offer =
                    if day.alone { self.offer_on(start, &[place]) } else { self.offer_on(start, &self.days_of(start)) };
                offers.extend(offer.filter(|offer| {
                    offer.business_date == day.date
                        && day.on_grid(start, offer.lengths, self.situation.shop.slot_interval)
                }));
            }
        }
        offers.sort_by_key(|offer| offer.service.from);
        offers
    }

    /// Every start on the grid of these dates that is offered on no date, with the first rule that refuses it.
    pub fn refusals(&self, dates: &RangeInclusive<NaiveDate>) -> Vec<(Minute, NaiveDate, Refusal)> {
        let mut refusals = Vec::new();
        for day in self.days.iter().filter(|day| dates.contains(&day.date)) {
            for start in day::grid(&day.open, self.situation.shop.slot_interval) {
                if let Err(refusal) = self.at(start) {
                    refusals.push((start, day.date, refusal));
                }
            }
        }
        refusals.sort_by_key(|(start, date, _)| (*start, *date));
        refusals.dedup_by_key(|(start, ..)| *start);
        refusals
    }

    /// Every start on the grid of these dates, in order of time.
    pub fn grid(situation: &Situation<'_>, dates: &RangeInclusive<NaiveDate>) -> Vec<(Minute, NaiveDate)> {
        let Situation { shop, calendar, .. } = situation;
        let mut grid: Vec<(Minute, NaiveDate)> = dates
            .start()
            .iter_days()
            .take_while(|date| date <= dates.end())
            .flat_map(|date| {
                let open = DayClock::of(shop.zone, date).spans(shop.hours_on(date, calendar));
                day::grid(&open, shop.slot_interval).into_iter().map(move |start| (start, date))
            })
            .collect();
        grid.sort_unstable();
        grid.dedup_by_key(|(start, _)| *start);
        grid
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

    /// What a booking of this start would hold, or the first rule that refuses it. The plan must have been made for
    /// [`Plan::dates_of`] the start, or for dates around it.
    pub fn at(&self, start: Minute) -> Result<Offer, Refusal> {
        let days = self.days_of(start);
        self.offer_on(start, &days).ok_or_else(|| self.refusal_of(start, &days))
    }

    /// The places of the days whose hours contain this minute, the latest first.
    fn days_of(&self, start: Minute) -> Vec<usize> {
        let open = |day: &Day| day.open.iter().any(|span| span.from <= start && start < span.to);
        (0..self.days.len()).rev().filter(|place| open(&self.days[*place])).collect()
    }

    fn offer_on(&self, start: Minute, days: &[usize]) -> Option<Offer> {
        let mut offer: Option<Offer> = None;
        let mut price: Option<(usize, BasePrice)> = None;
        let mut look = |candidate: usize, place: usize| {
            let day = &self.days[place];
            let possible = self.possible(start, candidate, day);
            if possible && let Some(others) = self.assign(start, candidate, day) {
                let (_, base) = match price {
                    Some(known) if known.0 == place => known,
                    _ => *price.insert((place, self.base(start, day))),
                };
                let offer = offer.get_or_insert_with(|| self.offer(start, candidate, day, base, &others));
                if let Some(resource) = self.candidates[candidate].resource {
                    offer.choices.push(Choice { resource, total: self.price(base, candidate, true).total });
                }
            }
        };
        match days {
            [day] => self.days[*day].preference.iter().for_each(|candidate| look(*candidate, *day)),
            _ => self.by_preference(start, days).into_iter().for_each(|(candidate, day)| look(candidate, day)),
        }
        offer.map(|mut offer| {
            if offer.has_primary && !self.situation.service.kind.is_shared() {
                offer.remaining = u32::try_from(offer.choices.len()).unwrap_or(u32::MAX);
            }
            offer
        })
    }

    /// The candidates in order of preference, each with its own business date.
    fn by_preference(&self, start: Minute, days: &[usize]) -> Vec<(usize, usize)> {
        let own_day = |candidate: usize| {
            days.iter().copied().find(|day| self.days[*day].opens_for(start, self.candidates[candidate].lengths))
        };
        let mut pairs: Vec<(usize, usize)> =
            (0..self.candidates.len()).filter_map(|candidate| own_day(candidate).map(|day| (candidate, day))).collect();
        // Stable: what is busy for as long keeps its standing.
        pairs.sort_by_key(|(candidate, day)| self.minutes_of(*candidate, self.days[*day].date));
        pairs
    }

    /// Rules 1 to 5 for one candidate, all but those of the resources needed beside it.
    fn possible(&self, start: Minute, candidate: usize, day: &Day) -> bool {
        day.starts[candidate].contains(start)
            && (self.gates.off_grid_allowed
                || day.on_grid(start, self.candidates[candidate].lengths, self.situation.shop.slot_interval))
            && day.gate.is_none()
            && self.gates.admits(start)
    }

    fn offer(&self, start: Minute, candidate: usize, day: &Day, base: BasePrice, others: &[usize]) -> Offer {
        let Candidate { resource, lengths, .. } = self.candidates[candidate];
        let held = resource.iter().chain(others).map(|place| {
            let one = &self.situation.resources[*place];
            (one.id, one.seats_for(self.situation.service.kind, self.wish.party_size))
        });
        Offer {
            business_date: day.date,
            service: lengths.service_window(start),
            occupied: lengths.occupied_window(start),
            lengths,
            resources: held.collect(),
            has_primary: resource.is_some(),
            price: self.price(base, candidate, self.wish.nominated.is_some()),
            base: base.exact,
            remaining: self.remaining(start, resource, lengths, day),
            choices: Vec::with_capacity(self.candidates.len()),
        }
    }

    fn remaining(&self, start: Minute, primary: Option<usize>, lengths: Lengths, day: &Day) -> u32 {
        match primary {
            None => self.situation.shop.daily_limit.saturating_sub(self.situation.occupancy.parties_on(day.date)),
            Some(place) => {
                let peak = self.usage[place].peak(lengths.occupied_window(start));
                self.situation.resources[place].capacity.saturating_sub(peak)
            }
        }
    }

    fn base(&self, start: Minute, day: &Day) -> BasePrice {
        self.flat_price.unwrap_or_else(|| {
            let pricing = &self.situation.service.pricing;
            let clock = day.clock.shown_at(start);
            self.priced(ExactBase::at(pricing, self.wish.party_size, day.weekday, day.national_holiday, clock))
        })
    }

    fn priced(&self, exact: ExactBase) -> BasePrice {
        let rank = self.guest.map(|guest| guest.rank);
        BasePrice { exact, rounded: exact.for_rank(&self.situation.service.pricing, rank) }
    }

    fn price(&self, base: BasePrice, candidate: usize, nominated: bool) -> Price {
        let nomination = if nominated { self.candidates[candidate].nomination } else { Amount::ZERO };
        Price::of(base.rounded, self.option_price, nomination)
    }

    /// The first rule that no candidate passes, each taken together with all rules before it.
    fn refusal_of(&self, start: Minute, days: &[usize]) -> Refusal {
        let of_candidate = |candidate: usize| {
            let lengths = self.candidates[candidate].lengths;
            match days.iter().map(|day| &self.days[*day]).find(|day| day.opens_for(start, lengths)) {
                None => Refusal::OutsideOpeningHours,
                Some(day) => self.refusal_on(start, candidate, day),
            }
        };
        (0..self.candidates.len()).map(of_candidate).max().unwrap_or(Refusal::ResourceUnavailable)
    }

    fn refusal_on(&self, start: Minute, candidate: usize, day: &Day) -> Refusal {
        let lengths = self.candidates[candidate].lengths;
        if !self.gates.off_grid_allowed && !day.on_grid(start, lengths, self.situation.shop.slot_interval) {
            return Refusal::OffGrid;
        }
        let works = |place: usize| self.works(start, lengths, place, day);
        let fits = |place: usize| self.party_fits(place);
        let free = |place: usize| self.is_free(start, lengths, place);
        let assignable = |test: &dyn Fn(usize) -> bool| {
            self.candidates[candidate].resource.is_none_or(test) && self.assign_where(candidate, day, &test).is_some()
        };
        if !assignable(&works) {
            Refusal::ResourceUnavailable
        } else if !assignable(&|place| works(place) && fits(place)) {
            Refusal::PartyExceedsCapacity
        } else if !assignable(&|place| works(place) && fits(place) && free(place)) {
            Refusal::SlotTaken
        } else {
            self.gates.first_refusal(start, day.gate)
        }
    }
}
