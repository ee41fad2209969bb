//! Every start of some dates.

use super::day::{self, Day};
use super::offer::Offers;
use super::{Plan, Situation};
use crate::minute::{Minute, Span};
use crate::refusal::Refusal;
use crate::shop::{DayClock, Spans};
use chrono::NaiveDate;
use std::ops::RangeInclusive;

impl Plan<'_> {
    /// Every offered start of these dates, in order of time.
    pub fn offers(&self, dates: &RangeInclusive<NaiveDate>) -> Offers {
        let asked = |day: &Day| dates.contains(&day.date) && !self.cannot_offer(day);
        let interval = self.situation.shop.slot_interval;
        let grids = self.days.iter().filter(|day| asked(day)).map(|day| day.grid_size(interval));
        let (days, starts) = grids.fold((0, 0), |(days, starts), size| (days + 1, starts + size));
        let mut offers = Offers::with_capacity(starts, days, days * self.candidates.len());
        let (mut changes, mut others) = (GridMarks::default(), Vec::new());
        for (place, day) in self.days.iter().enumerate().filter(|(_, day)| asked(day)) {
            if day.alone && day.orderly {
                for open in &day.open {
                    self.offer_runs(place, *open, &mut changes, &mut others, &mut offers);
                }
            } else {
                self.offer_each(place, &mut others, &mut offers);
            }
        }
        offers.sort();
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
        let mut grid: Vec<(Minute, NaiveDate)> = DayClock::from_date(shop.zone, *dates.start())
            .take_while(|clock| clock.date() <= *dates.end())
            .flat_map(|clock| {
                let open: Spans = clock.spans(shop.hours_on(clock.date(), calendar)).collect();
                day::grid(&open, shop.slot_interval).into_iter().map(move |start| (start, clock.date()))
            })
            .collect();
        grid.sort_unstable();
        grid.dedup_by_key(|(start, _)| *start);
        grid
    }

    /// Whether nothing can be offered, whatever the start.
    fn cannot_offer(&self, day: &Day) -> bool {
        day.gate.is_some()
            || self.gates.refuse_all()
            || (day.alone && self.starts_of(day).iter().all(|starts| starts.is_empty()))
    }

    /// Offers the starts on the grid of one opening interval, which no other interval of any date meets. Between two
    /// changes every start gets the same answer, so only the first is judged.
    fn offer_runs(
        &self,
        place: usize,
        open: Span,
        changes: &mut GridMarks,
        others: &mut Vec<usize>,
        offers: &mut Offers,
    ) {
        changes.begin(open, self.situation.shop.slot_interval);
        self.mark_changes(&self.days[place], changes);
        let mut run = 0;
        while run < changes.size {
            let next = changes.next_after(run);
            if self.judge_on(changes.start(run), &[place], others, offers) {
                self.offer_begun((run..next).map(|start| changes.start(start)), offers);
            }
            run = next;
        }
    }

    /// Marks every start at which the judgement of a day can change: where a range of starts begins or has ended, where
    /// starts are no longer too soon, and where a price begins or ends to hold.
    fn mark_changes(&self, day: &Day, changes: &mut GridMarks) {
        let mut last = None;
        for starts in self.starts_of(day).iter().chain(self.beside_on(day)) {
            // Resources that work as the store is open, and are free all day, share their ranges.
            if last.replace(*starts) == Some(*starts) {
                continue;
            }
            for (first, last) in self.settled.book.of(*starts) {
                changes.mark(*first);
                changes.mark(*last + 1);
            }
        }
        if let Some(earliest) = self.gates.earliest() {
            changes.mark(earliest);
        }
        for rule in &self.situation.service.pricing.by_time {
            if day.clock.is_uniform() {
                changes.mark(day.clock.minute(rule.from));
                changes.mark(day.clock.minute(rule.to));
            } else {
                changes.mark_all();
            }
        }
    }

    /// Offers the starts on the grid of a day whose hours meet another day's, or each other: each start is judged.
    fn offer_each(&self, place: usize, others: &mut Vec<usize>, offers: &mut Offers) {
        let (day, interval) = (&self.days[place], self.situation.shop.slot_interval);
        for start in day::grid(&day.open, interval) {
            if !self.judge_on(start, &self.days_of(start), others, offers) {
                continue;
            }
            let belongs = offers.begun().is_some_and(|(terms, _)| {
                terms.business_date == day.date && day.on_grid(start, terms.lengths, interval)
            });
            if belongs {
                self.offer_begun(std::iter::once(start), offers);
            } else {
                offers.forget_begun();
            }
        }
    }
}

/// Marks on the grid of one opening interval.
#[derive(Debug, Default)]
struct GridMarks {
    from: i64,
    interval: u32,
    /// How many starts the grid has.
    size: u32,
    words: Vec<u64>,
}

impl GridMarks {
    /// Begins anew, without a mark.
    fn begin(&mut self, open: Span, interval: u16) {
        self.from = open.from.0;
        self.interval = u32::from(interval.max(1));
        self.size = u32::try_from(open.minutes()).unwrap_or(u32::MAX).div_ceil(self.interval);
        self.words.clear();
        self.words.resize(self.size.div_ceil(64) as usize, 0);
    }

    /// The start at a place of the grid.
    fn start(&self, place: u32) -> Minute {
        Minute(self.from + i64::from(place) * i64::from(self.interval))
    }

    /// Marks the first start that does not lie before `at`.
    fn mark(&mut self, at: Minute) {
        // The first start of all begins a run anyway.
        let Ok(minutes) = u32::try_from(at.0 - self.from) else { return };
        let place = minutes.div_ceil(self.interval);
        if let Some(word) = self.words.get_mut(place as usize / 64) {
            *word |= 1 << (place % 64);
        }
    }

    fn mark_all(&mut self) {
        self.words.fill(u64::MAX);
    }

    /// The place of the first mark after a place; the grid's size when there is none.
    fn next_after(&self, place: u32) -> u32 {
        let (mut word, from) = ((place + 1) / 64, (place + 1) % 64);
        let mut marks = self.words.get(word as usize).map_or(0, |marks| marks & (u64::MAX << from));
        while marks == 0 {
            word += 1;
            let Some(next) = self.words.get(word as usize) else { return self.size };
            marks = *next;
        }
        self.size.min(word * 64 + marks.trailing_zeros())
    }
}
