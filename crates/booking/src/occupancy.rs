//! What is taken already.

use crate::minute::{Minute, Span};
use chrono::NaiveDate;
use musubi_kernel::id::ResourceId;
use std::collections::{BTreeMap, HashMap};

/// More seats than any resource has: what is taken where parties do not share. A number of seats alone would leave some
/// free when the resource is given more later.
pub const ALL_SEATS: u32 = 1_000_000;

/// A resource that a booking or a live hold keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Which.
    pub resource: ResourceId,
    /// The business date of the booking or hold.
    pub business_date: NaiveDate,
    /// Its occupied window.
    pub window: Span,
    /// Seats.
    pub seats: u32,
}

/// Everything that is taken around the dates that are looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// By resource.
    pub taken: Vec<Taken>,
    /// Bookings and live holds of each business date, with or without a resource.
    pub parties: BTreeMap<NaiveDate, u32>,
}

impl Occupancy {
    /// Bookings and live holds of a business date.
    pub fn parties_on(&self, date: NaiveDate) -> u32 {
        self.parties.get(&date).copied().unwrap_or(0)
    }

    /// The seats in use of each resource over time.
    pub fn by_resource(&self) -> HashMap<ResourceId, Usage> {
        let mut taken: HashMap<ResourceId, Vec<Taken>> = HashMap::new();
        for one in &self.taken {
            taken.entry(one.resource).or_default().push(*one);
        }
        taken.into_iter().map(|(resource, taken)| (resource, Usage::of(&taken))).collect()
    }
}

/// The seats of one resource in use over time, and the minutes taken on each business date.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// From each of these minutes on, until the next, so many seats are in use. Ends with none in use.
    steps: Vec<(Minute, u32)>,
    minutes: Vec<(NaiveDate, i64)>,
}

impl Usage {
    fn of(taken: &[Taken]) -> Self {
        let mut edges: Vec<(Minute, i64)> = Vec::with_capacity(taken.len() * 2);
        let mut minutes: Vec<(NaiveDate, i64)> = Vec::with_capacity(taken.len());
        for one in taken {
            edges.push((one.window.from, i64::from(one.seats)));
            edges.push((one.window.to, -i64::from(one.seats)));
            minutes.push((one.business_date, one.window.minutes()));
        }
        edges.sort_unstable_by_key(|(at, _)| *at);
        let mut steps: Vec<(Minute, u32)> = Vec::with_capacity(edges.len());
        let mut in_use = 0;
        for (at, change) in edges {
            in_use += change;
            let seats = u32::try_from(in_use.max(0)).unwrap_or(u32::MAX);
            match steps.last_mut() {
                Some(last) if last.0 == at => last.1 = seats,
                _ => steps.push((at, seats)),
            }
        }
        minutes.sort_unstable_by_key(|(date, _)| *date);
        minutes.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        Self { steps, minutes }
    }

    /// Minutes taken by bookings and live holds of a business date.
    pub fn minutes_on(&self, date: NaiveDate) -> i64 {
        self.minutes.binary_search_by_key(&date, |(date, _)| *date).map_or(0, |place| self.minutes[place].1)
    }

    /// The most seats in use at any moment of a window.
    pub fn peak(&self, window: Span) -> u32 {
        let first_after = self.steps.partition_point(|(at, _)| *at <= window.from);
        let before = first_after.checked_sub(1).map_or(0, |place| self.steps[place].1);
        let within = self.steps[first_after..].iter().take_while(|(at, _)| *at < window.to).map(|(_, seats)| *seats);
        within.fold(before, u32::max)
    }

    /// The stretches in which more than `seats` are in use, in order.
    pub fn above(&self, seats: u32) -> impl Iterator<Item = Span> + '_ {
        self.steps.windows(2).filter(move |pair| pair[0].1 > seats).filter_map(|pair| Span::new(pair[0].0, pair[1].0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_add_up_and_windows_are_half_open() {
        let date = NaiveDate::from_ymd_opt(2026, 4, 1).expect("a date");
        let taken = |from, to, seats| Taken {
            resource: ResourceId(uuid::Uuid::nil()),
            business_date: date,
            window: Span { from: Minute(from), to: Minute(to) },
            seats,
        };
        let usage = Usage::of(&[taken(0, 10, 1), taken(5, 15, 2), taken(15, 20, 1)]);
        let peak = |from, to| usage.peak(Span { from: Minute(from), to: Minute(to) });
        assert_eq!((peak(0, 5), peak(0, 6), peak(10, 15), peak(15, 16), peak(20, 30), peak(-5, 0)), (1, 3, 2, 1, 0, 0));
        assert_eq!(usage.minutes_on(date), 25);
        let above: Vec<_> = usage.above(1).map(|span| (span.from.0, span.to.0)).collect();
        assert_eq!(above, [(5, 10), (10, 15)]);
    }
}
