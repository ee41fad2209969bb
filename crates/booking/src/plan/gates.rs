//! Rules 4 and 5: those that do not depend on resources.

use super::Situation;
use crate::minute::Minute;
use crate::refusal::Refusal;
use crate::request::{Guest, Wish};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use musubi_kernel::zone;

/// What rules 4 and 5 say of a request, whatever the resources.
#[derive(Debug)]
pub(super) struct Gates {
    /// Refuses every start.
    always: Option<Refusal>,
    /// Starts before this are too soon.
    earliest: Option<Minute>,
    /// Dates that customers may book.
    dates: Option<BookableDates>,
    /// Refuses every start, but is named after the rules on dates.
    party_size: Option<Refusal>,
    /// Whether starts may lie off the grid.
    pub(super) off_grid_allowed: bool,
}

#[derive(Debug)]
struct BookableDates {
    today: NaiveDate,
    same_day: bool,
    last: NaiveDate,
    daily_limit: u32,
}

impl Gates {
    pub(super) fn of(situation: &Situation<'_>, wish: &Wish) -> Self {
        let Situation { shop, service, now, .. } = *situation;
        let by_customer = wish.source.is_customer_facing();
        let today = zone::date_of(shop.zone, now);
        let (smallest, largest) = service.participants;
        let notice = TimeDelta::hours(i64::from(service.advance_booking_hours));
        let earliest = now.checked_add_signed(notice).unwrap_or(DateTime::<Utc>::MAX_UTC);
        Self {
            always: [
                (!shop.active, Refusal::StoreInactive),
                (!service.active, Refusal::MenuInactive),
                (by_customer && !shop.public, Refusal::StoreNotPublic),
                (by_customer && !service.bookable, Refusal::MenuNotBookable),
                (by_customer && !service.online, Refusal::NotBookableOnline),
            ]
            .into_iter()
            .find_map(|(refused, rule)| refused.then_some(rule)),
            earliest: by_customer.then(|| Minute::not_before(earliest)),
            dates: by_customer.then(|| BookableDates {
                today,
                same_day: shop.accept_same_day,
                last: today.checked_add_days(Days::new(u64::from(shop.advance_booking_days))).unwrap_or(NaiveDate::MAX),
                daily_limit: shop.daily_limit,
            }),
            party_size: (!(smallest..=largest).contains(&wish.party_size)).then_some(Refusal::PartySizeOutOfRange),
            off_grid_allowed: !by_customer,
        }
    }

    /// The first rule that refuses a whole date; rules that refuse every start are not asked.
    pub(super) fn on(
        &self,
        date: NaiveDate,
        parties: u32,
        situation: &Situation<'_>,
        guest: Option<&Guest>,
    ) -> Option<Refusal> {
        let by_date = self.dates.as_ref().and_then(|dates| {
            if date > dates.last {
                Some(Refusal::TooFarAhead)
            } else if date == dates.today && !dates.same_day {
                Some(Refusal::SameDayNotAccepted)
            } else if parties >= dates.daily_limit {
                Some(Refusal::DayLimitReached)
            } else {
                None
            }
        });
        by_date.or_else(|| guest?.refused_by(&situation.service.eligibility, date, situation.now))
    }

    /// The rule that refuses every start.
    pub(super) fn of_all_starts(&self) -> Option<Refusal> {
        self.always.or(self.party_size)
    }

    /// Whether every start is refused.
    pub(super) fn refuse_all(&self) -> bool {
        self.of_all_starts().is_some()
    }

    /// The minute from which on starts are not too soon.
    pub(super) fn earliest(&self) -> Option<Minute> {
        self.earliest
    }

    /// Whether no rule but those on dates refuses a start.
    pub(super) fn admits(&self, start: Minute) -> bool {
        !self.refuse_all() && self.earliest.is_none_or(|earliest| start >= earliest)
    }

    /// The first rule that refuses a start which some rule here does refuse.
    pub(super) fn first_refusal(&self, start: Minute, of_date: Option<Refusal>) -> Refusal {
        let too_soon = self.earliest.is_some_and(|earliest| start < earliest).then_some(Refusal::TooSoon);
        let all = [self.always, too_soon, of_date, self.party_size];
        all.into_iter().flatten().min().unwrap_or(Refusal::SlotTaken)
    }
}
