//! One transaction on one store's bookings.

use super::{bookings, changes, days, holds, occupancy, patrons};
use crate::audit::{chain_of, chain_of_day};
use crate::engine::{Reader, Tx};
use crate::{idempotency, records};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::booking::Booking;
use musubi_booking::change::BookingChange;
use musubi_booking::hold::Hold;
use musubi_booking::occupancy::Occupancy;
use musubi_booking::patron::{Newcomer, Patron};
use musubi_booking::ports::BookingUnit;
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, CustomerId, HoldId, IdGen};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use musubi_kernel::secret::Cipher;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

pub(super) struct SqlUnit {
    tx: Tx,
    scope: StoreScope,
    cipher: Arc<dyn Cipher>,
    ids: Arc<dyn IdGen>,
}

impl SqlUnit {
    pub(super) fn new(tx: Tx, scope: StoreScope, cipher: Arc<dyn Cipher>, ids: Arc<dyn IdGen>) -> Self {
        Self { tx, scope, cipher, ids }
    }

    fn own(&self, booking: &Booking) -> Result<(), StoreError> {
        if (booking.tenant, booking.store) == (self.scope.tenant(), self.scope.store()) {
            Ok(())
        } else {
            Err(StoreError::Internal("a booking of another store".to_owned()))
        }
    }
}

#[async_trait]
impl BookingUnit for SqlUnit {
    async fn lock(&mut self, days: &BTreeSet<NaiveDate>) -> Result<(), StoreError> {
        days::lock(&mut self.tx, &self.scope, days).await
    }

    async fn occupancy(
        &mut self,
        dates: &RangeInclusive<NaiveDate>,
        now: DateTime<Utc>,
        except: Option<BookingId>,
    ) -> Result<Occupancy, StoreError> {
        occupancy::around(&mut Reader::Tx(&mut self.tx), &self.scope, dates, now, except).await
    }

    async fn booking(&mut self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        let query = bookings::by_id(&self.scope, id);
        Ok(bookings::all(&mut Reader::Tx(&mut self.tx), &*self.cipher, &query).await?.pop())
    }

    async fn hold(&mut self, token_hash: &[u8; 32]) -> Result<Option<Hold>, StoreError> {
        holds::find(&mut Reader::Tx(&mut self.tx), &self.scope, token_hash).await
    }

    async fn patron(&mut self, id: CustomerId) -> Result<Option<Patron>, StoreError> {
        patrons::lock(&mut self.tx, &*self.cipher, &self.scope, id).await
    }

    async fn identify(
        &mut self,
        newcomer: &Newcomer,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Patron, StoreError> {
        let Self { tx, scope, cipher, ids } = self;
        patrons::identify(tx, &**cipher, &**ids, scope, newcomer, caller, now).await
    }

    async fn insert_hold(&mut self, hold: &Hold) -> Result<(), StoreError> {
        holds::insert(&mut self.tx, &self.scope, hold).await
    }

    async fn remove_hold(&mut self, id: HoldId) -> Result<(), StoreError> {
        holds::remove(&mut self.tx, &self.scope, id).await
    }

    async fn insert(&mut self, booking: &Booking) -> Result<(), StoreError> {
        self.own(booking)?;
        bookings::insert(&mut self.tx, &*self.cipher, &*self.ids, booking).await
    }

    async fn save(&mut self, booking: &Booking) -> Result<(), StoreError> {
        bookings::update(&mut self.tx, &*self.cipher, &*self.ids, &self.scope, booking).await
    }

    async fn save_patron(&mut self, patron: &Patron, record: &Record, now: DateTime<Utc>) -> Result<(), StoreError> {
        patrons::save(&mut self.tx, &self.scope, patron, now).await?;
        let chain = chain_of(Some(self.scope.tenant()), Some(self.scope.store()));
        records::write(&mut self.tx, &chain, record).await
    }

    async fn note(&mut self, booking: &Booking, change: &BookingChange, record: &Record) -> Result<(), StoreError> {
        self.own(booking)?;
        changes::insert(&mut self.tx, booking, change).await?;
        let chain = chain_of_day(booking.store, booking.agreement.business_date);
        records::write(&mut self.tx, &chain, record).await
    }

    async fn commit(mut self: Box<Self>, answered: Option<&Answered>) -> Result<(), StoreError> {
        if let Some(answered) = answered {
            idempotency::write(&mut self.tx, &*self.cipher, answered).await?;
        }
        self.tx.commit().await
    }
}
