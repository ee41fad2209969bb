//! What is taken, by resource, as one request looks at it.

use super::Situation;
use super::lists::Lists;
use crate::minute::{Minute, Span};
use crate::occupancy::Taken;
use crate::request::Wish;
use chrono::NaiveDate;

/// When each resource of a situation has no seats left for a party, and how long it is taken on each date.
#[derive(Debug, Default)]
pub(super) struct Usage {
    resources: usize,
    /// The first of the dates.
    first: NaiveDate,
    /// Minutes taken on each date, resource by resource.
    minutes: Vec<i64>,
    /// The stretches in which too few seats are left, sorted and disjoint.
    busy: Lists<Span>,
    /// From each of these minutes on, until the next, so many seats are in use. Empty where every booking takes more
    /// than the party leaves free: such a resource is busy or empty.
    steps: Lists<(Minute, u32)>,
}

/// An occupied window with the seats that it takes.
type Seated = (Span, u32);

impl Usage {
    /// Of the resources that are asked for, on these dates, which follow one another.
    pub(super) fn of(
        situation: &Situation<'_>,
        wish: &Wish,
        asked_for: impl Fn(usize) -> bool,
        mut dates: impl ExactSizeIterator<Item = NaiveDate>,
    ) -> Self {
        let (resources, taken) = (situation.resources.len(), &situation.occupancy.taken);
        let count = dates.len();
        let Some(first) = dates.next().filter(|_| !taken.is_empty()) else { return Self::default() };
        let mut usage = Self {
            resources,
            first,
            minutes: vec![0; resources * count],
            busy: Lists::with_capacity(resources),
            steps: Lists::with_capacity(resources),
        };
        let (by_resource, ends) = usage.group(situation, taken, asked_for);
        usage.read(situation, wish, by_resource, &ends);
        usage
    }

    /// The windows of each resource one after another, and where those of each end: one counting pass.
    fn group(
        &mut self,
        situation: &Situation<'_>,
        taken: &[Taken],
        asked_for: impl Fn(usize) -> bool,
    ) -> (Vec<Seated>, Vec<usize>) {
        let nobody = self.resources;
        let resources = situation.resources.iter().enumerate().filter(|(place, _)| asked_for(*place));
        let mut known: Vec<(u128, usize)> = Vec::with_capacity(self.resources);
        known.extend(resources.map(|(place, one)| (one.id.0.as_u128(), place)));
        known.sort_unstable();
        let place_of = |id: u128| known.binary_search_by_key(&id, |(id, _)| *id).map_or(nobody, |at| known[at].1);

        let mut ends = vec![0; self.resources + 1];
        let mut places: Vec<usize> = Vec::with_capacity(taken.len());
        // What is taken mostly comes sorted by resource or by date, so the last answer is often the next one.
        let mut resource = (taken[0].resource, place_of(taken[0].resource.0.as_u128()));
        let mut day = (taken[0].business_date, self.row(taken[0].business_date));
        for one in taken {
            if one.resource != resource.0 {
                resource = (one.resource, place_of(one.resource.0.as_u128()));
            }
            if one.business_date != day.0 {
                day = (one.business_date, self.row(one.business_date));
            }
            let place = resource.1;
            places.push(place);
            ends[place] += 1;
            if place != nobody
                && let Some(minutes) = day.1.and_then(|row| self.minutes.get_mut(row + place))
            {
                *minutes += one.window.minutes();
            }
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += std::mem::replace(end, sum);
        }
        let nothing = Span { from: Minute(0), to: Minute(0) };
        let mut by_resource = vec![(nothing, 0); taken.len()];
        for (one, place) in taken.iter().zip(places) {
            by_resource[ends[place]] = (one.window, one.seats);
            ends[place] += 1;
        }
        (by_resource, ends)
    }

    fn read(&mut self, situation: &Situation<'_>, wish: &Wish, mut by_resource: Vec<Seated>, ends: &[usize]) {
        let keeps_steps = situation.service.kind.is_shared();
        let mut edges: Vec<(Minute, i64)> = Vec::new();
        let mut begin = 0;
        for (one, end) in situation.resources.iter().zip(ends) {
            let windows = &mut by_resource[begin..*end];
            begin = *end;
            let spare = one.capacity.saturating_sub(one.seats_for(situation.service.kind, wish.party_size));
            if windows.iter().all(|(_, seats)| *seats > spare) {
                if !windows.is_sorted_by_key(|(window, _)| window.from) {
                    windows.sort_unstable_by_key(|(window, _)| window.from);
                }
                for (window, _) in windows.iter() {
                    self.add_busy(*window);
                }
            } else {
                self.sweep(windows, spare, keeps_steps, &mut edges);
            }
            self.busy.close();
            self.steps.close();
        }
    }

    /// Counts the seats in use from edge to edge.
    fn sweep(&mut self, windows: &[Seated], spare: u32, keeps_steps: bool, edges: &mut Vec<(Minute, i64)>) {
        edges.clear();
        for (window, seats) in windows {
            edges.push((window.from, i64::from(*seats)));
            edges.push((window.to, -i64::from(*seats)));
        }
        edges.sort_unstable_by_key(|(at, _)| *at);
        let mut in_use = 0;
        for (place, (at, change)) in edges.iter().enumerate() {
            in_use += change;
            let next = edges.get(place + 1).map_or(*at, |(next, _)| *next);
            if keeps_steps && (next > *at || place + 1 == edges.len()) {
                self.steps.push((*at, u32::try_from(in_use).unwrap_or(u32::MAX)));
            }
            if in_use > i64::from(spare) {
                self.add_busy(Span { from: *at, to: next });
            }
        }
    }

    /// Adds a stretch that begins no earlier than those before.
    fn add_busy(&mut self, span: Span) {
        match self.busy.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ if span.from < span.to => self.busy.push(span),
            _ => {}
        }
    }

    /// Where the minutes of a date begin.
    fn row(&self, date: NaiveDate) -> Option<usize> {
        let day = usize::try_from(date.signed_duration_since(self.first).num_days()).ok()?;
        day.checked_mul(self.resources)
    }

    /// How many busy stretches there are.
    pub(super) fn stretches(&self) -> usize {
        self.busy.total()
    }

    /// When a resource has too few seats left: sorted, disjoint.
    pub(super) fn busy(&self, resource: usize) -> &[Span] {
        self.busy.get(resource)
    }

    /// Minutes of a resource that bookings and live holds of a business date take; the date is the place of its day.
    pub(super) fn minutes_on(&self, day: usize, resource: usize) -> i64 {
        self.minutes.get(day * self.resources + resource).copied().unwrap_or(0)
    }

    /// The most seats of a resource in use at any moment of a window at which it is not busy.
    pub(super) fn peak(&self, resource: usize, window: Span) -> u32 {
        let steps = self.steps.get(resource);
        let first_after = steps.partition_point(|(at, _)| *at <= window.from);
        let before = first_after.checked_sub(1).map_or(0, |place| steps[place].1);
        let within = steps[first_after..].iter().take_while(|(at, _)| *at < window.to).map(|(_, seats)| *seats);
        within.fold(before, u32::max)
    }
}
