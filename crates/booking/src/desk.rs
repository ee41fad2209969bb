//! The use cases of booking: what a store's front desk does.
//!
//! Each use case that writes reads what the store offers, refuses early what is decided before the question of free seats, then takes the
//! locks of the days it touches, decides by the same pure rules as the search, writes, and commits. A lost race runs it
//! again.

mod book;
mod change;
mod hold;
mod line;
mod look;
mod own;
mod settle;
mod together;

pub use book::{Booked, MAX_PREFERRED_TIMES, NewBooking, What, Who};
pub use change::NewTerms;
pub use hold::Held;
pub use look::{SlotAnswer, SlotQuery, StartRefusal};
pub use own::OwnBooking;

use crate::booking::Booking;
use crate::change::{BookingChange, ChangeKind};
use crate::error::BookingError;
use crate::minute::Minute;
use crate::occupancy::Occupancy;
use crate::plan::{Plan, Situation};
use crate::ports::{BookingStore, BookingUnit, Offering, SettingsRevision, ShopBook};
use crate::reach::Reach;
use crate::refusal::Refusal;
use crate::request::{Guest, Wish};
use crate::shop::Shop;
use chrono::{DateTime, NaiveDate, Utc};
use line::Lines;
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::{Invalid, StoreError};
use musubi_kernel::id::{BookingChangeId, BookingId, IdGen, MenuId};
use musubi_kernel::record::{Change, Record};
use musubi_kernel::retry::Pause;
use musubi_kernel::task::Tasks;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The most dates that one search may span.
pub const MAX_SEARCH_DAYS: i64 = 62;

/// The use cases of booking.
#[derive(Clone)]
pub struct Desk {
    shops: Arc<dyn ShopBook>,
    store: Arc<dyn BookingStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    pause: Arc<dyn Pause>,
    tasks: Option<Arc<dyn Tasks>>,
    lines: Lines,
}

/// Which booking a step is for, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Who takes the step.
    pub caller: &'a Caller,
    /// In which store.
    pub scope: &'a StoreScope,
    /// For which booking.
    pub booking: BookingId,
    /// At which version they saw it; `None`: at any.
    pub version: Option<i64>,
    /// Which bookings they reach.
    pub reach: Reach,
}

/// What a write decides on, read before its transaction.
#[derive(Clone)]
struct Counter {
    settings: SettingsRevision,
    shop: Arc<Shop>,
    offering: Arc<Offering>,
    dates: RangeInclusive<NaiveDate>,
}

impl Counter {
    fn situation<'a>(&'a self, occupancy: &'a Occupancy, now: DateTime<Utc>) -> Situation<'a> {
        Situation {
            shop: &self.shop,
            service: &self.offering.service,
            resources: &self.offering.resources,
            calendar: &self.offering.calendar,
            occupancy,
            now,
        }
    }

    /// A lost race when the settings were written after they were read: under the locks of `unit` they must hold.
    async fn still_holds(&self, unit: &mut dyn BookingUnit) -> Result<(), StoreError> {
        if unit.settings_revision().await? == self.settings { Ok(()) } else { Err(StoreError::Conflict) }
    }

    /// The business dates whose occupancy decides.
    fn dates_to_read(&self) -> RangeInclusive<NaiveDate> {
        Plan::dates_around(&self.dates)
    }

    /// Refuses what is decided before the question of free seats; else the days whose locks a booking of this start
    /// needs. Rules that come after that question are left to the plan under the lock: only there it is known whether
    /// the start is taken, which is what the caller would have to be told first.
    fn days_to_lock(
        &self,
        wish: &Wish,
        start: Minute,
        now: DateTime<Utc>,
    ) -> Result<BTreeSet<NaiveDate>, BookingError> {
        let nothing_taken = Occupancy::default();
        let plan = Plan::new(self.situation(&nothing_taken, now), wish, None, &self.dates)?;
        match plan.at(start) {
            Err(refusal) if refusal < Refusal::SlotTaken => Err(refusal.into()),
            _ => Ok(plan.days_to_lock(start)),
        }
    }
}

impl Desk {
    /// Use cases over these ports.
    pub fn new(
        shops: Arc<dyn ShopBook>,
        store: Arc<dyn BookingStore>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGen>,
        pause: Arc<dyn Pause>,
    ) -> Self {
        Self { shops, store, clock, ids, pause, tasks: None, lines: Lines::default() }
    }

    async fn shop(&self, scope: &StoreScope) -> Result<Shop, BookingError> {
        self.shops.shop(scope).await?.ok_or(BookingError::NotFound("store"))
    }

    async fn counter(&self, scope: &StoreScope, menu: MenuId, start: Minute) -> Result<Counter, BookingError> {
        let settings = self.shops.revision(scope).await?;
        let shop = self.shop(scope).await?;
        let dates = Plan::dates_of(&shop, start);
        let around = Plan::dates_around(&dates);
        let offering = self.shops.offering(scope, menu, &around).await?.ok_or(BookingError::NotFound("menu"))?;
        Ok(Counter { settings, shop: Arc::new(shop), offering: Arc::new(offering), dates })
    }

    fn plan_with<'a>(
        counter: &'a Counter,
        occupancy: &'a Occupancy,
        wish: &'a Wish,
        guest: Option<&'a Guest>,
        now: DateTime<Utc>,
    ) -> Result<Plan<'a>, BookingError> {
        Ok(Plan::new(counter.situation(occupancy, now), wish, guest, &counter.dates)?)
    }

    /// Writes the history of a change beside it.
    async fn note(
        &self,
        unit: &mut dyn BookingUnit,
        caller: &Caller,
        kind: ChangeKind,
        before: Option<&Booking>,
        after: &Booking,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let at = after.updated_at;
        let change = BookingChange {
            before: before.map(Booking::public_record),
            after: after.public_record(),
            reason: reason.map(str::to_owned),
            ..BookingChange::by(caller, kind, BookingChangeId::new(&*self.ids, at), after.id, at)
        };
        let what = Change {
            kind: Cow::Borrowed(kind.event()),
            subject_kind: "booking",
            subject: after.id.0,
            tenant: Some(after.tenant),
            store: Some(after.store),
            caller,
            at,
        };
        let record = Record::of(&*self.ids, &what, change.before.as_ref(), Some(&change.after));
        unit.note(after, &change, &record).await
    }
}

/// A start in whole minutes, within what calendars know.
fn whole_minute(pointer: &str, at: DateTime<Utc>) -> Result<Minute, Invalid> {
    use chrono::Datelike;
    if !(1970..=2100).contains(&at.year()) {
        return Err(Invalid::one(pointer, "out_of_range", "must lie in the years 1970 to 2100"));
    }
    Minute::exactly(at).ok_or_else(|| Invalid::one(pointer, "not_a_whole_minute", "must be a whole minute"))
}
