//! One business date, prepared.

use super::gates::Gates;
use super::{Candidate, Lengths, Plan, StartRanges};
use crate::minute::{Minute, Span, without};
use crate::refusal::Refusal;
use crate::shop::DayClock;
use chrono::{Datelike, NaiveDate, Weekday};

/// A business date of the store.
#[derive(Debug)]
pub(super) struct Day {
    pub(super) date: NaiveDate,
    pub(super) weekday: Weekday,
    pub(super) national_holiday: bool,
    pub(super) clock: DayClock,
    /// Opening intervals.
    pub(super) open: Vec<Span>,
    /// Candidates in order of preference.
    pub(super) preference: Vec<usize>,
    /// For each candidate, the starts of this date that rules 1 to 3 leave it.
    pub(super) starts: Vec<StartRanges>,
    /// For each need beside the primary resource, its resources in order of preference.
    pub(super) needed: Vec<Vec<usize>>,
    /// For each of the plan's lengths and each resource, the starts at which it can be had beside a primary one: rules
    /// 2 and 3. Empty for a resource that no need asks for.
    pub(super) beside: Vec<Vec<StartRanges>>,
    /// The first rule that refuses the whole date.
    pub(super) gate: Option<Refusal>,
    /// Whether no other date's hours meet its own.
    pub(super) alone: bool,
}

/// What a store's hours leave of a date, for one length of service.
struct Opening {
    /// Starts at which the service lies in an opening interval, and that belong to no later date.
    served: StartRanges,
    /// Starts at which somebody who works as the store is open can prepare, serve and clean up.
    worked: StartRanges,
    /// Those that are both.
    both: StartRanges,
}

impl Day {
    /// Whether nothing can be offered, whatever the start.
    pub(super) fn cannot_offer(&self, gates: &Gates) -> bool {
        self.gate.is_some() || gates.refuse_all() || (self.alone && self.starts.iter().all(StartRanges::is_empty))
    }

    /// How many starts lie on its grid, some of them perhaps twice.
    pub(super) fn grid_size(&self, interval: u16) -> usize {
        let starts = self.open.iter().map(|span| span.minutes() / i64::from(interval.max(1)) + 1);
        usize::try_from(starts.sum::<i64>()).unwrap_or(0)
    }

    /// Whether a start lies on the grid of an opening interval that contains its service.
    pub(super) fn on_grid(&self, start: Minute, lengths: Lengths, interval: u16) -> bool {
        let service = lengths.service_window(start);
        self.open.iter().any(|span| span.contains(service) && (start - span.from) % i64::from(interval.max(1)) == 0)
    }

    /// Whether a service of this length lies inside one opening interval.
    pub(super) fn opens_for(&self, start: Minute, lengths: Lengths) -> bool {
        self.open.iter().any(|span| span.contains(lengths.service_window(start)))
    }
}

/// The starts on the grid of these opening intervals, in order.
pub(super) fn grid(open: &[Span], interval: u16) -> Vec<Minute> {
    let step = usize::from(interval.max(1));
    let mut grid: Vec<Minute> =
        open.iter().flat_map(|span| (span.from.0..span.to.0).step_by(step).map(Minute)).collect();
    if open.len() > 1 {
        grid.sort_unstable();
        grid.dedup();
    }
    grid
}

impl Plan<'_> {
    /// A business date with its hours; [`Plan::settle_days`] adds what depends on its neighbours.
    pub(super) fn day(&self, date: NaiveDate) -> Day {
        let clock = DayClock::of(self.situation.shop.zone, date);
        let open = clock.spans(self.situation.shop.hours_on(date, self.situation.calendar));
        Day {
            date,
            weekday: date.weekday(),
            national_holiday: self.situation.calendar.get(&date).is_some_and(|day| day.national_holiday),
            clock,
            open,
            preference: Vec::new(),
            starts: Vec::new(),
            needed: Vec::new(),
            beside: Vec::new(),
            gate: self.gates.on(date, &self.situation, self.guest),
            alone: true,
        }
    }

    /// Adds to each date what its neighbours and the occupancy leave of it.
    pub(super) fn settle_days(&mut self) {
        let busy: Vec<Vec<Span>> = (0..self.usage.len()).map(|place| self.too_full(place)).collect();
        for place in 0..self.days.len() {
            let reach = super::LATEST_START_AFTER;
            let near = place.saturating_sub(reach)..self.days.len().min(place + reach + 1);
            let meets = |other: usize| {
                other != place
                    && self.days[other].open.iter().any(|a| self.days[place].open.iter().any(|b| a.meets(*b)))
            };
            self.days[place].alone = !near.clone().any(meets);
            let later = place + 1..near.end;
            let open: Vec<Opening> = self.lengths.iter().map(|lengths| self.opening(*lengths, place, &later)).collect();
            let (day, date) = (&self.days[place], self.days[place].date);
            let starts = self.candidates.iter().map(|candidate| self.starts_of(candidate, day, &open, &busy)).collect();
            let beside = self.beside(day, &open, &busy);
            let mut preference: Vec<usize> = (0..self.candidates.len()).collect();
            preference.sort_by_key(|candidate| self.minutes_of(*candidate, date));
            let needed = self.needs.iter().map(|need| {
                let mut resources = need.resources.clone();
                resources.sort_by_key(|resource| self.usage[*resource].minutes_on(date));
                resources
            });
            let needed = needed.collect();
            let day = &mut self.days[place];
            (day.starts, day.beside, day.preference, day.needed) = (starts, beside, preference, needed);
        }
    }

    /// What the store's hours alone leave of a date, for one of the plan's lengths.
    fn opening(&self, lengths: Lengths, place: usize, later: &std::ops::Range<usize>) -> Opening {
        let day = &self.days[place];
        let mut served = StartRanges::inside(&day.open, 0, lengths.service);
        if !day.alone {
            for other in later.clone() {
                served = served.except(&StartRanges::inside(&self.days[other].open, 0, lengths.service));
            }
        }
        let worked = StartRanges::inside(&day.open, lengths.prep, lengths.service + lengths.cleanup);
        Opening { both: served.and(&worked), served, worked }
    }

    /// The starts of a date that rules 1 to 3 leave a candidate, not counting what it needs beside it.
    fn starts_of(&self, candidate: &Candidate, day: &Day, open: &[Opening], busy: &[Vec<Span>]) -> StartRanges {
        let (open, lengths) = (&open[candidate.pace], candidate.lengths);
        let Some(resource) = candidate.resource else { return open.served.clone() };
        if !self.party_fits(resource) {
            return StartRanges::default();
        }
        let starts = match self.own_work(resource, day, lengths) {
            None => open.both.clone(),
            Some(worked) => open.served.and(&worked),
        };
        Self::free_of(starts, &busy[resource], lengths)
    }

    /// See [`Day::beside`].
    fn beside(&self, day: &Day, open: &[Opening], busy: &[Vec<Span>]) -> Vec<Vec<StartRanges>> {
        if self.needs.is_empty() {
            return Vec::new();
        }
        let is_needed = |resource: usize| self.needs.iter().any(|need| need.resources.contains(&resource));
        let needed: Vec<bool> = (0..self.usage.len()).map(is_needed).collect();
        let starts = |resource: usize, lengths: Lengths, open: &Opening| {
            if !needed[resource] || !self.party_fits(resource) {
                return StartRanges::default();
            }
            let worked = self.own_work(resource, day, lengths).unwrap_or_else(|| open.worked.clone());
            Self::free_of(worked, &busy[resource], lengths)
        };
        let of_lengths = |(lengths, open): (&Lengths, &Opening)| {
            (0..self.usage.len()).map(|resource| starts(resource, *lengths, open)).collect()
        };
        self.lengths.iter().zip(open).map(of_lengths).collect()
    }

    /// The starts that a resource's own hours and absences leave; `None` when it works as the store is open.
    fn own_work(&self, resource: usize, day: &Day, lengths: Lengths) -> Option<StartRanges> {
        let one = &self.situation.resources[resource];
        if one.hours.is_none() && one.absences.is_empty() {
            return None;
        }
        Some(StartRanges::inside(&self.work(resource, day), lengths.prep, lengths.service + lengths.cleanup))
    }

    fn free_of(starts: StartRanges, busy: &[Span], lengths: Lengths) -> StartRanges {
        starts.clear_of(busy, lengths.prep, lengths.service + lengths.cleanup + lengths.buffer)
    }

    /// The working intervals of a resource on a date.
    pub(super) fn work(&self, resource: usize, day: &Day) -> Vec<Span> {
        let one = &self.situation.resources[resource];
        if day.open.is_empty() {
            return Vec::new();
        }
        let hours = match &one.hours {
            None => day.open.clone(),
            Some(hours) => day.clock.spans(hours.of(day.weekday, day.national_holiday)),
        };
        if one.absences.is_empty() { hours } else { without(hours, &one.absences) }
    }

    /// When a resource has no seats left for this party.
    fn too_full(&self, resource: usize) -> Vec<Span> {
        let one = &self.situation.resources[resource];
        let needed = one.seats_for(self.situation.service.kind, self.wish.party_size);
        self.usage[resource].above(one.capacity.saturating_sub(needed)).collect()
    }

    /// Minutes that a candidate is taken on a date: what preference looks at first.
    pub(super) fn minutes_of(&self, candidate: usize, date: NaiveDate) -> i64 {
        self.candidates[candidate].resource.map_or(0, |place| self.usage[place].minutes_on(date))
    }
}
