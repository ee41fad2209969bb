//! One start: what a booking of it would hold, or the first rule that refuses it.

use super::day::Day;
use super::offer::{Choice, Offer, Offers, Terms};
use super::parts::Candidate;
use super::ranges::StartRanges;
use super::{BasePrice, Lengths, Plan};
use crate::minute::Minute;
use crate::price::{ExactBase, Price};
use crate::refusal::Refusal;
use musubi_kernel::money::Amount;

/// What is the same for every candidate of one date and length at a start.
#[derive(Debug, Clone, Copy)]
struct Common {
    day: usize,
    pace: usize,
    /// Whether the start may lie where it lies, and rules 4 and 5 admit it.
    admitted: bool,
    base: BasePrice,
}

impl Plan<'_> {
    /// What a booking of this start would hold, or the first rule that refuses it. The plan must have been made for
    /// [`Plan::dates_of`] the start, or for dates around it.
    pub fn at(&self, start: Minute) -> Result<Offer<'static>, Refusal> {
        let days = self.days_of(start);
        let mut offers = Offers::default();
        if self.judge_on(start, &days, &mut Vec::new(), &mut offers) {
            self.offer_begun(std::iter::once(start), &mut offers);
        }
        offers.into_first().ok_or_else(|| self.refusal_of(start, &days))
    }

    /// Rules 1 to 5 at a start that lies within the hours of these days, the latest first. Where they leave a candidate,
    /// `offers` begins new terms, and the answer is true. `others` is only room to work in.
    pub(super) fn judge_on(&self, start: Minute, days: &[usize], others: &mut Vec<usize>, offers: &mut Offers) -> bool {
        if let [day] = days {
            let ranked = self.preference_on(&self.days[*day]);
            self.judge(start, ranked.iter().map(|candidate| (*candidate, *day)), others, offers)
        } else {
            self.judge(start, self.by_preference(start, days).into_iter(), others, offers)
        }
    }

    /// [`Plan::judge_on`] for candidates in order of preference, each with its own day.
    fn judge(
        &self,
        start: Minute,
        ranked: impl Iterator<Item = (usize, usize)>,
        others: &mut Vec<usize>,
        offers: &mut Offers,
    ) -> bool {
        let (mut common, mut begun): (Option<Common>, bool) = (None, false);
        let mut last: Option<(StartRanges, bool)> = None;
        for (candidate, place) in ranked {
            let (day, Candidate { resource, pace, .. }) = (&self.days[place], &self.candidates[candidate]);
            let starts = self.starts_of(day)[candidate];
            // Resources that work as the store is open, and are free all day, share their ranges.
            let (_, possible) = match last {
                Some(known) if known.0 == starts => known,
                _ => *last.insert((starts, self.settled.book.contains(starts, start))),
            };
            if !possible {
                continue;
            }
            let Common { admitted, base, .. } = match common {
                Some(known) if (known.day, known.pace) == (place, *pace) => known,
                _ => *common.insert(self.common(start, place, *pace)),
            };
            if !admitted || !self.assign(start, candidate, day, others) {
                continue;
            }
            if !begun {
                self.begin(candidate, day, base, others, offers);
                begun = true;
            }
            if let Some(resource) = *resource {
                offers.add_choice(Choice { resource, total: self.price(base, candidate, true).total });
            }
        }
        if begun {
            offers.end();
        }
        begun
    }

    fn common(&self, start: Minute, day_place: usize, pace: usize) -> Common {
        let day = &self.days[day_place];
        let placed =
            self.gates.off_grid_allowed || day.on_grid(start, self.lengths[pace], self.situation.shop.slot_interval);
        let admitted = placed && day.gate.is_none() && self.gates.admits(start);
        Common { day: day_place, pace, admitted, base: self.base(start, day) }
    }

    /// The candidates in order of preference, each with its own business date.
    fn by_preference(&self, start: Minute, days: &[usize]) -> Vec<(usize, usize)> {
        let own_day = |candidate: usize| {
            days.iter().copied().find(|day| self.days[*day].opens_for(start, self.candidates[candidate].lengths))
        };
        let mut pairs: Vec<(usize, usize)> =
            (0..self.candidates.len()).filter_map(|candidate| own_day(candidate).map(|day| (candidate, day))).collect();
        // Stable: what is busy for as long keeps its standing.
        pairs.sort_by_key(|(candidate, day)| self.minutes_of(*candidate, *day));
        pairs
    }

    fn begin(&self, candidate: usize, day: &Day, base: BasePrice, others: &[usize], offers: &mut Offers) {
        let Candidate { resource, lengths, .. } = self.candidates[candidate];
        let held = resource.iter().chain(others).map(|place| {
            let one = &self.situation.resources[*place];
            (one.id, one.seats_for(self.situation.service.kind, self.wish.party_size))
        });
        let price = self.price(base, candidate, self.wish.nominated.is_some());
        let terms = Terms {
            business_date: day.date,
            parties: day.parties,
            lengths,
            primary: resource,
            price,
            base: base.exact,
            resources: 0..0,
            choices: 0..0,
        };
        offers.begin(terms, held);
    }

    /// Offers these starts on the terms that were begun last.
    pub(super) fn offer_begun(&self, starts: impl Iterator<Item = Minute>, offers: &mut Offers) {
        let Some((terms, choices)) = offers.begun() else { return };
        let Terms { lengths, primary, parties, .. } = *terms;
        match primary {
            Some(place) if self.situation.service.kind.is_shared() => {
                let capacity = self.situation.resources[place].capacity;
                let seats = |start| self.usage.peak(place, lengths.occupied_window(start));
                offers.offer(starts.map(|start| (start, capacity.saturating_sub(seats(start)))));
            }
            Some(_) => offers.offer(starts.map(|start| (start, u32::try_from(choices).unwrap_or(u32::MAX)))),
            None => {
                let left = self.situation.shop.daily_limit.saturating_sub(parties);
                offers.offer(starts.map(|start| (start, left)));
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

    pub(super) fn priced(&self, exact: ExactBase) -> BasePrice {
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
        let lengths: Lengths = self.candidates[candidate].lengths;
        if !self.gates.off_grid_allowed && !day.on_grid(start, lengths, self.situation.shop.slot_interval) {
            return Refusal::OffGrid;
        }
        let works = |place: usize| self.works(start, lengths, place, day);
        let fits = |place: usize| self.party_fits(place);
        let free = |place: usize| self.is_free(start, lengths, place);
        let assignable = |test: &dyn Fn(usize) -> bool| {
            self.candidates[candidate].resource.is_none_or(test)
                && self.assign_where(candidate, day, test, &mut Vec::new())
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
