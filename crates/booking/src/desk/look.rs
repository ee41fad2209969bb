//! Looking: free slots, bookings, their history.

use super::{Desk, MAX_SEARCH_DAYS};
use crate::booking::Booking;
use crate::change::BookingChange;
use crate::error::BookingError;
use crate::minute::Minute;
use crate::occupancy::NEIGHBOURS;
use crate::plan::{Offers, Plan, Situation};
use crate::ports::BookingFilter;
use crate::reach::Reach;
use crate::refusal::Refusal;
use crate::request::Wish;
use crate::resource::BookableResource;
use chrono::{DateTime, Datelike, DurationRound, NaiveDate, TimeDelta, Utc};
use musubi_kernel::access::{StoreRef, StoreScope};
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{BookingId, CustomerId, MenuId};
use musubi_kernel::page::{Page, PageRequest};
use std::ops::{Range, RangeInclusive};

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SlotQuery {
    /// The menu.
    pub menu: MenuId,
    /// First business date.
    pub from: NaiveDate,
    /// Last business date.
    pub to: NaiveDate,
    /// The rest of what is wanted.
    pub wish: Wish,
    /// For which customer, if known.
    pub customer: Option<CustomerId>,
    /// Whether refused starts are told, too.
    pub explain: bool,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotAnswer {
    /// Offered starts, in order of time.
    pub offers: Offers,
    /// The resources that [`crate::plan::Choice`] points into.
    pub resources: Vec<BookableResource>,
    /// The rule that refuses every start, if one does: options, nomination, party size, a menu that is put away.
    pub refused_by: Option<Refusal>,
    /// Refused starts of the grid, in order of time; empty unless asked for.
    pub refused: Vec<StartRefusal>,
    /// For which instants it is right, as long as nothing is written.
    pub good: Range<DateTime<Utc>>,
}

/// A start of the grid that is not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartRefusal {
    /// The start.
    pub start: DateTime<Utc>,
    /// The business date on whose grid it lies.
    pub business_date: NaiveDate,
    /// The first rule that refuses it.
    pub refusal: Refusal,
}

impl SlotQuery {
    /// The dates whose bookings and holds can decide about its answer: whichever date a booking has, before or after it
    /// is changed, that is locked by whoever changes it.
    pub fn dates_read(&self) -> RangeInclusive<NaiveDate> {
        let around = Plan::dates_around(&(self.from..=self.to));
        *around.start() - NEIGHBOURS..=*around.end() + NEIGHBOURS
    }

    /// Every rule that it breaks.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        let days = self.to.signed_duration_since(self.from).num_days() + 1;
        invalid.require(days >= 1, "?to", "before_from", "must not lie before from");
        invalid.require(days <= MAX_SEARCH_DAYS, "?to", "too_many_days", "a search spans 62 days at most");
        for (name, date) in [("?from", self.from), ("?to", self.to)] {
            invalid.require(
                (1970..=2100).contains(&date.year()),
                name,
                "out_of_range",
                "must lie in the years 1970 to 2100",
            );
        }
        invalid.require(self.wish.party_size >= 1, "?party_size", "too_small", "must be 1 or more");
        invalid.finish()
    }
}

impl Desk {
    /// Every offered start of the dates that are asked for.
    pub async fn slots(&self, scope: &StoreScope, query: &SlotQuery) -> Result<SlotAnswer, BookingError> {
        query.check()?;
        let now = self.clock.now();
        let dates = query.from..=query.to;
        let around = Plan::dates_around(&dates);
        let shop = self.shop(scope).await?;
        let offering = self.shops.offering(scope, query.menu, &around).await?.ok_or(BookingError::NotFound("menu"))?;
        let guest = match query.customer {
            Some(id) => {
                let known = self.store.patron(scope, id).await?.filter(|patron| patron.active);
                Some(known.ok_or(BookingError::NotFound("customer"))?.guest)
            }
            None => None,
        };
        let occupancy = self.store.occupancy(scope, &around, now).await?;
        let situation = Situation {
            shop: &shop,
            service: &offering.service,
            resources: &offering.resources,
            calendar: &offering.calendar,
            occupancy: &occupancy,
            now,
        };
        let refused_at = |(start, business_date, refusal): (Minute, NaiveDate, Refusal)| StartRefusal {
            start: start.instant(),
            business_date,
            refusal,
        };
        let (offers, refused_by, refused) = match Plan::new(situation, &query.wish, guest.as_ref(), &dates) {
            Ok(plan) => {
                (plan.offers(&dates), plan.refused_by(), if query.explain { plan.refusals(&dates) } else { Vec::new() })
            }
            Err(refusal) => {
                let grid = if query.explain { Plan::grid(&situation, &dates) } else { Vec::new() };
                let refused = grid.into_iter().map(|(start, date)| (start, date, refusal)).collect();
                (Offers::default(), Some(refusal), refused)
            }
        };
        let refused = refused.into_iter().map(refused_at).collect();
        let good = now..good_until(now, occupancy.first_hold_ends);
        Ok(SlotAnswer { offers, resources: offering.resources, refused_by, refused, good })
    }

    /// A booking of the store, within reach.
    pub async fn booking(&self, scope: &StoreScope, id: BookingId, reach: Reach) -> Result<Booking, BookingError> {
        self.store.find(scope, id, reach).await?.ok_or(BookingError::NotFound("booking"))
    }

    /// The booking of a manage token, with its store.
    pub async fn managed(&self, token_hash: &[u8; 32]) -> Result<(StoreRef, BookingId), BookingError> {
        self.store.find_managed(token_hash).await?.ok_or(BookingError::NotFound("booking"))
    }

    /// A page of bookings, in order of their starts.
    pub async fn bookings(
        &self,
        scope: &StoreScope,
        filter: &BookingFilter,
        page: &PageRequest,
    ) -> Result<Page<Booking>, BookingError> {
        let after = page.position()?;
        Ok(self.store.list(scope, filter, page, after).await?)
    }

    /// A booking's history, oldest first.
    pub async fn history(
        &self,
        scope: &StoreScope,
        id: BookingId,
        reach: Reach,
    ) -> Result<Vec<BookingChange>, BookingError> {
        self.booking(scope, id, reach).await?;
        Ok(self.store.changes(scope, id).await?)
    }
}

/// When an answer of this instant is no longer right although nothing was written: when a hold ends, or at the next whole
/// minute. Time decides by nothing finer: `today` begins at a whole minute in every zone, and the earliest start is
/// the first whole minute that is not before a number of hours from now; so a whole minute itself has an answer of
/// its own.
fn good_until(now: DateTime<Utc>, first_hold_ends: Option<DateTime<Utc>>) -> DateTime<Utc> {
    let instant = TimeDelta::microseconds(1);
    let minute = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
    let next = if minute == now { now + instant } else { minute + TimeDelta::minutes(1) };
    first_hold_ends.map_or(next, |ends| ends.min(next))
}
