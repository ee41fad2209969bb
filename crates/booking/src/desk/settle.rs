//! The steps of a booking's life that leave its terms alone: cancel, complete, no-show, notes.

use super::{Desk, Target};
use crate::booking::{Booking, By, Notes};
use crate::change::ChangeKind;
use crate::error::BookingError;
use crate::ports::{BookingUnit, Glance};
use crate::shop::NoShowPolicy;
use chrono::{DateTime, Utc};
use musubi_kernel::access::Caller;
use musubi_kernel::error::StoreError;
use musubi_kernel::receipt::Receipt;
use musubi_kernel::record::{Change, Record};
use musubi_kernel::retry::retrying;
use std::borrow::Cow;

/// What follows from a step beside the booking itself.
#[derive(Clone, Copy)]
enum Aftermath {
    Nothing,
    Visit,
    NoShow(NoShowPolicy),
}

impl Desk {
    /// Calls a booking off.
    pub async fn cancel(
        &self,
        target: Target<'_>,
        by: &By,
        receipt: &dyn Receipt<Booking>,
    ) -> Result<Booking, BookingError> {
        let step = |booking: Booking, now| booking.cancel(by, now);
        self.step(target, ChangeKind::Cancel, by.reason(), Aftermath::Nothing, &step, receipt).await
    }

    /// The appointment took place: the customer's visits and spending grow.
    pub async fn complete(
        &self,
        target: Target<'_>,
        reason: Option<&str>,
        receipt: &dyn Receipt<Booking>,
    ) -> Result<Booking, BookingError> {
        let step = |booking: Booking, now| booking.complete(now);
        self.step(target, ChangeKind::Complete, reason, Aftermath::Visit, &step, receipt).await
    }

    /// The customer stayed away: their count grows, and at the store's threshold they are restricted.
    pub async fn no_show(
        &self,
        target: Target<'_>,
        reason: Option<&str>,
        receipt: &dyn Receipt<Booking>,
    ) -> Result<Booking, BookingError> {
        let policy = self.shop(target.scope).await?.no_show_policy;
        let step = |booking: Booking, now| booking.miss(now);
        self.step(target, ChangeKind::NoShow, reason, Aftermath::NoShow(policy), &step, receipt).await
    }

    /// Other notes on a booking, in whatever state it is.
    pub async fn annotate(
        &self,
        target: Target<'_>,
        revision: &(dyn Fn(&Notes) -> Result<Notes, BookingError> + Send + Sync),
        receipt: &dyn Receipt<Booking>,
    ) -> Result<Booking, BookingError> {
        let step = |booking: Booking, now| {
            let notes = revision(&booking.notes)?;
            Ok(booking.annotate(notes, now))
        };
        self.step(target, ChangeKind::Update, None, Aftermath::Nothing, &step, receipt).await
    }

    async fn step(
        &self,
        target: Target<'_>,
        kind: ChangeKind,
        reason: Option<&str>,
        aftermath: Aftermath,
        step: &(dyn Fn(Booking, DateTime<Utc>) -> Result<Booking, BookingError> + Send + Sync),
        receipt: &dyn Receipt<Booking>,
    ) -> Result<Booking, BookingError> {
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin(target.scope).await?;
            let before = Self::lock_booking(&mut *unit, target).await?;
            before.expect_version(target.version)?;
            let after = step(before.clone(), self.clock.now())?;
            self.settle_patron(&mut *unit, target.caller, &after, aftermath).await?;
            unit.save(&before, &after).await?;
            self.note(&mut *unit, target.caller, kind, Some(&before), &after, reason).await?;
            unit.commit(receipt.of(&after).as_slice()).await?;
            Ok(after)
        })
        .await
    }

    /// Locks the days of a booking, then reads it as it is under the lock.
    pub(super) async fn lock_booking(
        unit: &mut dyn BookingUnit,
        Target { booking: id, reach, .. }: Target<'_>,
    ) -> Result<Booking, BookingError> {
        let Glance { days, .. } = unit.glance(id, reach).await?.ok_or(BookingError::NotFound("booking"))?;
        unit.lock(&days).await?;
        let booking = unit.booking(id, reach).await?.ok_or(BookingError::NotFound("booking"))?;
        if booking.agreement.days() == days { Ok(booking) } else { Err(StoreError::Conflict.into()) }
    }

    async fn settle_patron(
        &self,
        unit: &mut dyn BookingUnit,
        caller: &Caller,
        booking: &Booking,
        aftermath: Aftermath,
    ) -> Result<(), BookingError> {
        if matches!(aftermath, Aftermath::Nothing) {
            return Ok(());
        }
        let Some(before) = unit.patron(booking.customer).await? else { return Ok(()) };
        let (at, now) = (booking.starts_at(), booking.updated_at);
        let after = match aftermath {
            Aftermath::Nothing => before.clone(),
            Aftermath::Visit => before.clone().visited(at, booking.agreement.price.total),
            Aftermath::NoShow(policy) => before.clone().stayed_away(at, policy, now),
        };
        let change = Change {
            kind: Cow::Borrowed("customer.updated"),
            subject_kind: "customer",
            subject: after.id.0,
            tenant: Some(booking.tenant),
            store: Some(booking.store),
            caller,
            at: now,
        };
        let record = Record::of(&*self.ids, &change, Some(&before.public_record()), Some(&after.public_record()));
        Ok(unit.save_patron(&after, &record, now).await?)
    }
}
