//! Rules 1 to 3 as ranges of starts, for every date and resource of a plan.

use super::day::Day;
use super::parts::Candidate;
use super::ranges::{RangeBook, StartRanges};
use super::{LATEST_START_AFTER, Lengths, Plan};
use crate::minute::{Minute, Span};
use crate::shop::Spans;

/// What hours, absences and occupancy leave of each date: tables with a row for each of the dates.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) book: RangeBook,
    /// For each candidate, the starts of the date that rules 1 to 3 leave it.
    starts: Vec<StartRanges>,
    /// Candidates in order of preference.
    preference: Vec<usize>,
    /// For each need beside the primary resource, its resources in order of preference.
    needed: Vec<usize>,
    /// For each of the plan's lengths and each resource, the starts at which it can be had beside a primary one: rules
    /// 2 and 3. None for a resource that no need asks for; empty where nothing is needed.
    beside: Vec<StartRanges>,
}

/// What a store's hours leave of a date, for one length of service.
#[derive(Debug, Clone, Copy)]
struct Opening {
    /// Starts at which the service lies in an opening interval, and that belong to no later date.
    served: StartRanges,
    /// Starts at which somebody who works as the store is open can prepare, serve and clean up.
    worked: StartRanges,
    /// Those that are both.
    both: StartRanges,
}

impl Plan<'_> {
    /// For each candidate, the starts of a date that rules 1 to 3 leave it.
    pub(super) fn starts_of(&self, day: &Day) -> &[StartRanges] {
        row(&self.settled.starts, day, self.candidates.len())
    }

    /// Candidates in order of preference.
    pub(super) fn preference_on(&self, day: &Day) -> &[usize] {
        row(&self.settled.preference, day, self.candidates.len())
    }

    /// For each need, its resources in order of preference.
    pub(super) fn needed_on<'p>(&'p self, day: &Day) -> impl Iterator<Item = &'p [usize]> {
        let mut rest = row(&self.settled.needed, day, self.needs.iter().map(|need| need.resources.len()).sum());
        self.needs.iter().map(move |need| rest.split_off(..need.resources.len()).unwrap_or(&[]))
    }

    /// For each of the plan's lengths and each resource, the starts at which it can be had beside a primary one.
    pub(super) fn beside_on(&self, day: &Day) -> &[StartRanges] {
        row(&self.settled.beside, day, if self.needs.is_empty() { 0 } else { self.lengths.len() * self.resources() })
    }

    /// Applies rules 1 to 3 to every date that has a row.
    pub(super) fn settle(&self) -> Settled {
        let rows = self.days.iter().filter(|day| day.row.is_some()).count();
        let mut settled = Settled {
            book: RangeBook::with_capacity(rows * (3 * self.lengths.len() + 2) + 2 * self.usage.stretches()),
            starts: Vec::with_capacity(rows * self.candidates.len()),
            preference: Vec::with_capacity(rows * self.candidates.len()),
            needed: Vec::with_capacity(rows * self.needs.iter().map(|need| need.resources.len()).sum::<usize>()),
            beside: Vec::with_capacity(if self.needs.is_empty() {
                0
            } else {
                rows * self.lengths.len() * self.resources()
            }),
        };
        let is_needed = |resource: usize| self.needs.iter().any(|need| need.resources.contains(&resource));
        let needed: Vec<bool> =
            if self.needs.is_empty() { Vec::new() } else { (0..self.resources()).map(is_needed).collect() };
        let mut openings: Vec<Opening> = Vec::with_capacity(self.lengths.len());
        for (place, day) in self.days.iter().enumerate().filter(|(_, day)| day.row.is_some()) {
            openings.clear();
            openings.extend(self.lengths.iter().map(|lengths| self.opening(*lengths, place, &mut settled.book)));
            for candidate in &self.candidates {
                let starts = self.starts_for(candidate, day, openings[candidate.pace], &mut settled.book);
                settled.starts.push(starts);
            }
            for (lengths, opening) in self.lengths.iter().zip(&openings) {
                for (resource, needed) in needed.iter().enumerate() {
                    let starts = if *needed && self.party_fits(resource) {
                        self.worked_by(resource, day, *lengths, opening.worked, &mut settled.book)
                    } else {
                        StartRanges::default()
                    };
                    settled.beside.push(starts);
                }
            }
            self.rank(place, &mut settled);
        }
        settled
    }

    /// What the store's hours alone leave of a date, for one of the plan's lengths.
    fn opening(&self, lengths: Lengths, place: usize, book: &mut RangeBook) -> Opening {
        let day = &self.days[place];
        let mut served = book.inside(&day.open, 0, lengths.service);
        if !day.alone {
            for later in self.days[place + 1..].iter().take(LATEST_START_AFTER) {
                let others = book.inside(&later.open, 0, lengths.service);
                served = book.except(served, others);
            }
        }
        let worked = book.inside(&day.open, lengths.prep, lengths.service + lengths.cleanup);
        Opening { served, worked, both: book.both(served, worked) }
    }

    /// The starts of a date that rules 1 to 3 leave a candidate, not counting what it needs beside it.
    fn starts_for(&self, candidate: &Candidate, day: &Day, opening: Opening, book: &mut RangeBook) -> StartRanges {
        let Some(resource) = candidate.resource else { return opening.served };
        if !self.party_fits(resource) {
            return StartRanges::default();
        }
        if self.situation.resources[resource].hours.is_none() {
            return self.worked_by(resource, day, candidate.lengths, opening.both, book);
        }
        let worked = self.worked_by(resource, day, candidate.lengths, opening.worked, book);
        book.both(opening.served, worked)
    }

    /// The starts at which a resource works and is free: rules 2 and 3. `open` are those at which it could, if it worked
    /// as the store is open.
    fn worked_by(
        &self,
        resource: usize,
        day: &Day,
        lengths: Lengths,
        open: StartRanges,
        book: &mut RangeBook,
    ) -> StartRanges {
        let Lengths { prep, service, cleanup, buffer } = lengths;
        let worked = match &self.situation.resources[resource].hours {
            Some(_) => book.inside(&self.hours_of(resource, day), prep, service + cleanup),
            None => open,
        };
        let present = book.clear_of(worked, &self.absences[resource], prep, service + cleanup);
        book.clear_of(present, self.usage.busy(resource), prep, service + cleanup + buffer)
    }

    /// The working hours of a resource on a date, absences not taken off. Without opening hours nobody works.
    fn hours_of(&self, resource: usize, day: &Day) -> Spans {
        match &self.situation.resources[resource].hours {
            None => day.open.clone(),
            Some(_) if day.open.is_empty() => Spans::new(),
            Some(hours) => day.clock.spans(hours.of(day.weekday, day.national_holiday)).collect(),
        }
    }

    /// Puts candidates and needed resources in order of preference.
    fn rank(&self, place: usize, settled: &mut Settled) {
        let minutes = |resource: usize| self.usage.minutes_on(place, resource);
        let begin = settled.preference.len();
        settled.preference.extend(0..self.candidates.len());
        let of_candidate = |candidate: &usize| self.minutes_of(*candidate, place);
        // In order of standing already: that decides between what is busy for as long.
        sort_stably(&mut settled.preference[begin..], of_candidate, |candidate| *candidate);
        for need in &self.needs {
            let begin = settled.needed.len();
            settled.needed.extend(&need.resources);
            let standing = |resource: &usize| super::parts::standing(&self.situation.resources[*resource]);
            sort_stably(&mut settled.needed[begin..], |resource| minutes(*resource), standing);
        }
    }

    /// Minutes that a candidate is taken on a date: what preference looks at first.
    pub(super) fn minutes_of(&self, candidate: usize, day: usize) -> i64 {
        self.candidates[candidate].resource.map_or(0, |resource| self.usage.minutes_on(day, resource))
    }

    /// Rule 2 for one resource: its hours on the date contain preparation, service and cleaning up, and it is not away.
    pub(super) fn works(&self, start: Minute, lengths: Lengths, resource: usize, day: &Day) -> bool {
        let worked = Span { from: start - lengths.prep, to: start + lengths.service + lengths.cleanup };
        self.hours_of(resource, day).iter().any(|span| span.contains(worked))
            && !self.absences[resource].iter().any(|absence| absence.meets(worked))
    }

    /// Rule 3 for one resource: whether it is large enough at all.
    pub(super) fn party_fits(&self, resource: usize) -> bool {
        self.wish.party_size <= self.situation.resources[resource].capacity
    }

    /// Rule 3 for one resource that is large enough: whether its seats suffice at every moment.
    pub(super) fn is_free(&self, start: Minute, lengths: Lengths, resource: usize) -> bool {
        let window = lengths.occupied_window(start);
        !self.usage.busy(resource).iter().any(|busy| busy.meets(window))
    }
}

/// The part of a table that belongs to a date.
fn row<'t, T>(table: &'t [T], day: &Day, width: usize) -> &'t [T] {
    day.row.map_or(&[], |row| &table[row * width..(row + 1) * width])
}

/// Sorts by a first key, and where it is the same by a second, by which they are in order already.
fn sort_stably<A: Ord, B: Ord>(places: &mut [usize], first: impl Fn(&usize) -> A, second: impl Fn(&usize) -> B) {
    if !places.is_sorted_by_key(&first) {
        places.sort_unstable_by_key(|place| (first(place), second(place)));
    }
}
