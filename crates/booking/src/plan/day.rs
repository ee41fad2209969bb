//! One business date, as the store's hours make it.

use super::{Lengths, Plan};
use crate::minute::{Minute, Span};
use crate::refusal::Refusal;
use crate::shop::{DayClock, Spans};
use chrono::{Datelike, NaiveDate, Weekday};
use std::ops::RangeInclusive;

/// A business date of the store.
#[derive(Debug)]
pub(super) struct Day {
    pub(super) date: NaiveDate,
    pub(super) weekday: Weekday,
    pub(super) national_holiday: bool,
    pub(super) clock: DayClock,
    /// Opening intervals.
    pub(super) open: Spans,
    /// Bookings and live holds.
    pub(super) parties: u32,
    /// The first rule that refuses the whole date.
    pub(super) gate: Option<Refusal>,
    /// Whether no other date's hours meet its own.
    pub(super) alone: bool,
    /// Whether its intervals are in order and disjoint, as they are but for some clock changes.
    pub(super) orderly: bool,
    /// Its row in [`super::settle::Settled`]; `None`: no start that the plan is asked for can belong to it.
    pub(super) row: Option<usize>,
}

impl Day {
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

    /// Whether its hours and another date's share a minute.
    fn meets(&self, other: &Self) -> bool {
        self.open.iter().any(|a| other.open.iter().any(|b| a.meets(*b)))
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
    /// The dates around these with their hours. Rows go to those to which a start on these dates, or on their grid, can
    /// belong.
    pub(super) fn days_around(&self, dates: &RangeInclusive<NaiveDate>) -> Vec<Day> {
        let around = Self::dates_around(dates);
        let clocks = DayClock::from_date(self.situation.shop.zone, *around.start());
        let count = usize::try_from((*around.end() - *around.start()).num_days() + 1).unwrap_or(0);
        let mut days = Vec::with_capacity(count);
        days.extend(clocks.take(count).map(|clock| self.day(clock)));
        for place in 0..days.len() {
            let next = place + 1..days.len().min(place + super::LATEST_START_AFTER + 1);
            for other in next {
                if days[place].meets(&days[other]) {
                    (days[place].alone, days[other].alone) = (false, false);
                }
            }
        }
        let asked = |day: &Day| dates.contains(&day.date);
        let midnights = [Some(super::LATEST_START_AFTER), days.len().checked_sub(super::LATEST_START_AFTER)];
        let midnights =
            midnights.into_iter().flatten().filter_map(|place| days.get(place)).map(|day| day.clock.midnight());
        let hours =
            days.iter().filter(|day| asked(day)).flat_map(|day| &day.open).flat_map(|span| [span.from, span.to]);
        let (from, to) = midnights
            .chain(hours)
            .fold((Minute(i64::MAX), Minute(i64::MIN)), |(from, to), at| (from.min(at), to.max(at)));
        let mut rows = 0..;
        for day in &mut days {
            if asked(day) || day.open.iter().any(|span| span.meets(Span { from, to })) {
                day.row = rows.next();
            }
        }
        days
    }

    fn day(&self, clock: DayClock) -> Day {
        let (date, calendar) = (clock.date(), self.situation.calendar);
        let open: Spans = clock.spans(self.situation.shop.hours_on(date, calendar)).collect();
        let parties = self.situation.occupancy.parties_on(date);
        Day {
            date,
            weekday: date.weekday(),
            national_holiday: calendar.get(&date).is_some_and(|day| day.national_holiday),
            clock,
            orderly: open.is_sorted_by(|a, b| a.to <= b.from),
            open,
            parties,
            gate: self.gates.on(date, parties, &self.situation, self.guest),
            alone: true,
            row: None,
        }
    }
}
