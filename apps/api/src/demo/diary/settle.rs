//! What became of a booking.

use super::{DAYS, Diary, end_of};
use crate::demo::DemoError;
use chrono::Days;
use musubi_booking::booking::{Booking, By, StatusCode};
use musubi_booking::code::Source;
use musubi_booking::desk::{NewTerms, Target};
use musubi_booking::error::BookingError;
use musubi_booking::reach::Reach;
use musubi_booking::request::Wish;
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::receipt::NoReceipt;

impl Diary<'_> {
    /// What is over took place, mostly; what is to come may be confirmed, moved or called off.
    pub(super) async fn settle(&mut self, booking: Booking) -> Result<Booking, DemoError> {
        let now = self.house.clock.now();
        let (over, begun) = (end_of(&booking) <= now, booking.starts_at() <= now);
        let waits = booking.status.name() == StatusCode::Pending;
        let booking = if waits && (begun || self.chance.percent(25)) { self.confirm(booking).await? } else { booking };
        match self.chance.below(100) {
            0..5 if over => self.no_show(booking).await,
            5..12 if over => self.cancel(booking, "お客様のご都合によりキャンセル").await,
            _ if over => self.complete(booking).await,
            0..7 if !begun => self.cancel(booking, "体調不良のため").await,
            7..12 if !begun && !waits => self.reschedule(booking).await,
            _ => Ok(booking),
        }
    }

    async fn confirm(&mut self, booking: Booking) -> Result<Booking, DemoError> {
        let (caller, scope) = self.by_way_of(Source::Staff)?;
        Ok(self.house.desk.confirm(target(&caller, &scope, &booking), None, None, &NoReceipt).await?)
    }

    async fn complete(&mut self, booking: Booking) -> Result<Booking, DemoError> {
        let (caller, scope) = self.by_way_of(Source::Staff)?;
        Ok(self.house.desk.complete(target(&caller, &scope, &booking), None, &NoReceipt).await?)
    }

    async fn no_show(&mut self, booking: Booking) -> Result<Booking, DemoError> {
        let (caller, scope) = self.by_way_of(Source::Staff)?;
        let reason = Some("ご連絡なし");
        Ok(self.house.desk.no_show(target(&caller, &scope, &booking), reason, &NoReceipt).await?)
    }

    /// Who booked by themselves call it off by themselves, as long as they may.
    async fn cancel(&mut self, booking: Booking, why: &str) -> Result<Booking, DemoError> {
        let in_time = self.house.clock.now() < booking.changeable_until();
        let source = booking.agreement.source;
        let own_hand = source.is_customer_facing() && in_time;
        let (caller, scope) = self.by_way_of(if own_hand { source } else { Source::Staff })?;
        let by =
            if own_hand { By::Customer { reason: Some(why.to_owned()) } } else { By::Staff { reason: why.to_owned() } };
        match self.house.desk.cancel(target(&caller, &scope, &booking), &by, &NoReceipt).await {
            // The notice period has begun meanwhile.
            Err(BookingError::TooLateToChange { .. }) => Ok(booking),
            cancelled => Ok(cancelled?),
        }
    }

    /// To another start within three days, if there is one.
    async fn reschedule(&mut self, booking: Booking) -> Result<Booking, DemoError> {
        let (shop, agreement) = (self.shop, &booking.agreement);
        let Some((menu, demand)) = shop.menus.iter().find(|(menu, _)| menu.id == agreement.menu) else {
            return Ok(booking);
        };
        let wish = Wish {
            party_size: agreement.party_size,
            nominated: agreement.primary().filter(|_| agreement.nominated).map(|held| held.id),
            options: agreement.options.iter().map(|option| option.id).collect(),
            source: Source::Staff,
        };
        let from = agreement.business_date + Days::new(1);
        let to = (from + Days::new(2)).min(self.today + Days::new(DAYS));
        if from > to {
            return Ok(booking);
        }
        let found = self.start_between(from, to, menu, demand, &wish, Some(booking.customer)).await?;
        let Some(start) = found else { return Ok(booking) };
        let (caller, scope) = self.by_way_of(Source::Staff)?;
        let terms = NewTerms { start: Some(start), ..NewTerms::default() };
        let by = By::Staff { reason: "お客様のご希望により日時変更".to_owned() };
        match self.house.desk.reschedule(target(&caller, &scope, &booking), &terms, &by, &NoReceipt).await {
            Err(BookingError::Refused(_)) => Ok(booking),
            moved => Ok(moved?),
        }
    }
}

fn target<'t>(caller: &'t Caller, scope: &'t StoreScope, booking: &Booking) -> Target<'t> {
    Target { caller, scope, booking: booking.id, version: Some(booking.version), reach: Reach::Store }
}
