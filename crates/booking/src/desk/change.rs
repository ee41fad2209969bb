//! The steps of a booking's life that agree its terms anew: confirm at a preferred time, reschedule.

use super::{Counter, Desk, Target, whole_minute};
use crate::agreement::Agreement;
use crate::booking::{Booking, By};
use crate::change::ChangeKind;
use crate::code::Source;
use crate::error::BookingError;
use crate::minute::Minute;
use crate::ports::BookingUnit;
use crate::reach::Reach;
use crate::request::Wish;
use chrono::{DateTime, Utc};
use musubi_kernel::error::{Invalid, StoreError};
use musubi_kernel::id::{MenuId, MenuOptionId, ResourceId};
use musubi_kernel::receipt::Receipt;
use musubi_kernel::retry::retrying;

/// What is to be different. `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewTerms {
    /// Another start.
    pub start: Option<DateTime<Utc>>,
    /// Another menu.
    pub menu: Option<MenuId>,
    /// Another party size.
    pub party_size: Option<u32>,
    /// Other options.
    pub options: Option<Vec<MenuOptionId>>,
    /// Another nomination; `Some(None)` takes it back.
    pub nominated: Option<Option<ResourceId>>,
}

impl Desk {
    /// Gives the store's word, at the booking's start or at one of its preferred times, which is then checked as a
    /// new booking would be.
    pub async fn confirm(
        &self,
        target: Target<'_>,
        start: Option<DateTime<Utc>>,
        reason: Option<&str>,
        receipt: &dyn Receipt<Booking>,
    ) -> Result<Booking, BookingError> {
        let start = start.map(|start| whole_minute("/start", start)).transpose()?;
        retrying(&*self.pause, || async {
            let seen = self.booking(target.scope, target.booking, target.reach).await?;
            seen.expect_version(target.version)?;
            let elsewhere = start.filter(|start| *start != seen.agreement.service.from);
            let (mut unit, before, agreed) = match elsewhere {
                None => {
                    let mut unit = self.store.begin(target.scope).await?;
                    let before = Self::lock_booking(&mut *unit, target).await?;
                    before.expect_version(target.version)?;
                    (unit, before.clone(), before)
                }
                Some(start) => {
                    seen.may_be_confirmed()?;
                    seen.prefers(start)?;
                    let wish = Wish { source: Source::Staff, ..wish_of(&seen) };
                    let counter = self.counter(target.scope, seen.agreement.menu, start).await?;
                    let mut unit = self.store.begin(target.scope).await?;
                    let agreement = self.agree_anew(&mut *unit, &counter, &seen, target.reach, &wish, start).await?;
                    let agreement = Agreement { source: seen.agreement.source, ..agreement };
                    (unit, seen.clone(), Booking { agreement, ..seen })
                }
            };
            let after = agreed.confirm(self.clock.now())?;
            unit.save(&before, &after).await?;
            self.note(&mut *unit, target.caller, ChangeKind::Confirm, Some(&before), &after, reason).await?;
            unit.commit(receipt.of(&after).as_slice()).await?;
            Ok(after)
        })
        .await
    }

    /// Moves a booking, or changes its party, options, menu or nomination. Everything is checked again, in one
    /// transaction over the days it leaves and the days it goes to.
    pub async fn reschedule(
        &self,
        target: Target<'_>,
        terms: &NewTerms,
        by: &By,
        receipt: &dyn Receipt<Booking>,
    ) -> Result<Booking, BookingError> {
        let new_start = terms.start.map(|start| whole_minute("/start", start)).transpose()?;
        retrying(&*self.pause, || async {
            let before = self.booking(target.scope, target.booking, target.reach).await?;
            before.expect_version(target.version)?;
            before.may_be_changed(by, self.clock.now())?;
            let start = new_start.unwrap_or(before.agreement.service.from);
            let wish = new_wish(&before, terms, by);
            let counter = self.counter(target.scope, terms.menu.unwrap_or(before.agreement.menu), start).await?;
            let mut unit = self.store.begin(target.scope).await?;
            let agreement = self.agree_anew(&mut *unit, &counter, &before, target.reach, &wish, start).await?;
            let agreement = Agreement { source: before.agreement.source, ..agreement };
            let after = before.clone().reschedule(agreement, self.clock.now());
            unit.save(&before, &after).await?;
            self.note(&mut *unit, target.caller, ChangeKind::Update, Some(&before), &after, by.reason()).await?;
            unit.commit(receipt.of(&after).as_slice()).await?;
            Ok(after)
        })
        .await
    }

    /// Locks the days that a booking leaves and those it goes to, and checks the new terms as if it were not there.
    async fn agree_anew(
        &self,
        unit: &mut dyn BookingUnit,
        counter: &Counter,
        seen: &Booking,
        reach: Reach,
        wish: &Wish,
        start: Minute,
    ) -> Result<Agreement, BookingError> {
        let mut days = counter.days_to_lock(wish, start, self.clock.now())?;
        days.extend(seen.agreement.days());
        unit.lock(&days).await?;
        let present = unit.glance(seen.id, reach).await?.ok_or(BookingError::NotFound("booking"))?;
        if present.version != seen.version {
            return Err(StoreError::Conflict.into());
        }
        let now = self.clock.now();
        let patron = unit.patron(seen.customer).await?.ok_or(BookingError::NotFound("customer"))?;
        let occupancy = unit.occupancy(&counter.dates_to_read(), now, Some(seen.id)).await?;
        counter.still_holds(unit).await?;
        let plan = Self::plan_with(counter, &occupancy, wish, Some(&patron.guest), now)?;
        let agreement = Agreement::of(&plan, &plan.at(start)?);
        match reach {
            Reach::Resource(own) if !agreement.holds(own) => Err(BookingError::NoLongerOwn),
            _ => Ok(agreement),
        }
    }
}

impl Booking {
    fn prefers(&self, start: Minute) -> Result<(), Invalid> {
        let detail = "must be the booking's start or one of its preferred times";
        let named = self.preferred_times.contains(&start);
        if named { Ok(()) } else { Err(Invalid::one("/start", "not_a_preferred_time", detail)) }
    }
}

fn wish_of(booking: &Booking) -> Wish {
    let agreement = &booking.agreement;
    Wish {
        party_size: agreement.party_size,
        nominated: agreement.primary().filter(|_| agreement.nominated).map(|held| held.id),
        options: agreement.options.iter().map(|option| option.id).collect(),
        source: agreement.source,
    }
}

fn new_wish(booking: &Booking, terms: &NewTerms, by: &By) -> Wish {
    let present = wish_of(booking);
    Wish {
        party_size: terms.party_size.unwrap_or(present.party_size),
        nominated: terms.nominated.unwrap_or(present.nominated),
        options: terms.options.clone().unwrap_or(present.options),
        source: match by {
            By::Customer { .. } if present.source.is_customer_facing() => present.source,
            By::Customer { .. } => Source::Web,
            By::Staff { .. } => Source::Staff,
        },
    }
}
