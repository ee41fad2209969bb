//! Holding a slot for somebody who is about to book.

use super::{Counter, Desk, whole_minute};
use crate::agreement::{Agreement, price_by_rank};
use crate::code::BookingMode;
use crate::error::BookingError;
use crate::hold::{HeldTerms, Hold};
use crate::minute::Minute;
use crate::request::Wish;
use crate::token;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::id::{HoldId, MenuId};
use musubi_kernel::receipt::Receipt;
use musubi_kernel::retry::retrying;
use musubi_kernel::secret::Secret;

/// A hold with the token that its holder gets, once.
#[derive(Debug, Clone)]
pub struct Held {
    /// The hold.
    pub hold: Hold,
    /// The token.
    pub token: Secret,
}

impl Desk {
    /// Keeps a slot free for the store's `hold_minutes`.
    pub async fn hold(
        &self,
        scope: &StoreScope,
        menu: MenuId,
        start: DateTime<Utc>,
        wish: &Wish,
        receipt: &dyn Receipt<Held>,
    ) -> Result<Held, BookingError> {
        let start = whole_minute("/start", start)?;
        retrying(&*self.pause, || async {
            let counter = self.counter(scope, menu, start).await?;
            self.try_hold(scope, &counter, start, wish, receipt).await
        })
        .await
    }

    async fn try_hold(
        &self,
        scope: &StoreScope,
        counter: &Counter,
        start: Minute,
        wish: &Wish,
        receipt: &dyn Receipt<Held>,
    ) -> Result<Held, BookingError> {
        let days = counter.days_to_lock(wish, start, self.clock.now())?;
        let mut unit = self.store.begin(scope).await?;
        unit.lock(&days).await?;
        let now = self.clock.now();
        let occupancy = unit.occupancy(&counter.dates_to_read(), now, None).await?;
        counter.still_holds(&mut *unit).await?;
        let plan = Self::plan_with(counter, &occupancy, wish, None, now)?;
        let offer = plan.at(start)?;
        let token = token::new(&*self.ids);
        let kept = Hold {
            id: HoldId::new(&*self.ids, now),
            token_hash: token::hash(token.expose()),
            terms: HeldTerms {
                agreement: Agreement::of(&plan, &offer),
                price_by_rank: price_by_rank(&plan, &offer),
                needs_approval: counter.needs_approval(),
            },
            created_at: now,
            expires_at: now + TimeDelta::minutes(i64::from(counter.shop.hold_minutes)),
        };
        let held = Held { hold: kept, token };
        unit.insert_hold(&held.hold).await?;
        unit.commit(receipt.of(&held).as_slice()).await?;
        Ok(held)
    }

    /// Gives a held slot back. A hold that has ended or was used is no error.
    pub async fn release(&self, scope: &StoreScope, token: &str) -> Result<(), BookingError> {
        let token_hash = token::hash(token);
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin(scope).await?;
            let Some(hold) = unit.hold(&token_hash).await? else { return Ok(()) };
            unit.lock(&hold.terms.agreement.days()).await?;
            if unit.hold(&token_hash).await?.is_some() {
                unit.remove_hold(hold.id).await?;
                unit.commit(&[]).await?;
            }
            Ok(())
        })
        .await
    }

    /// Forgets up to `limit` holds that have ended; how many. They keep nothing any more: this only makes room.
    pub async fn tidy_holds(&self, limit: u32) -> Result<u64, BookingError> {
        Ok(self.store.tidy_holds(self.clock.now(), limit).await?)
    }
}

impl Counter {
    /// Whether a booking waits for the store's word.
    pub(super) fn needs_approval(&self) -> bool {
        self.shop.mode == BookingMode::Manual || self.offering.service.requires_approval
    }
}
