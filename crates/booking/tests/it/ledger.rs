//! The port in memory, watched: it can lose races on demand, and keeps what is committed with idempotent requests.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::booking::Booking;
use musubi_booking::change::BookingChange;
use musubi_booking::hold::Hold;
use musubi_booking::memory::BookingsInMemory;
use musubi_booking::occupancy::Occupancy;
use musubi_booking::patron::{Newcomer, Patron, Person};
use musubi_booking::ports::{BookingFilter, BookingPosition, BookingStore, BookingUnit, Glance, SettingsRevision};
use musubi_booking::reach::Reach;
use musubi_kernel::access::{Caller, PersonScope, StoreRef, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, CustomerId, HoldId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use musubi_kernel::secret::Secret;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

type Dates = RangeInclusive<NaiveDate>;

/// What the watcher has seen, and what it is to do.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// So many commits are still to lose their race.
    pub(crate) races_to_lose: u32,
    /// How often a unit gives way at its locks beyond the first time.
    pub(crate) slowness: u32,
    /// How many units have begun.
    pub(crate) begun: u32,
    /// The days whose locks were taken, in order.
    pub(crate) locked: Vec<BTreeSet<NaiveDate>>,
    /// What was committed with requests that carry a key.
    pub(crate) answered: Vec<Answered>,
}

pub(crate) struct Ledger {
    inner: BookingsInMemory,
    seen: Arc<Mutex<Seen>>,
}

struct Watched {
    inner: Box<dyn BookingUnit>,
    seen: Arc<Mutex<Seen>>,
}

impl Ledger {
    pub(crate) fn over(inner: BookingsInMemory) -> Self {
        Self { inner, seen: Arc::default() }
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().expect("no holder panics"))
    }
}

#[async_trait]
impl BookingStore for Ledger {
    async fn begin(&self, scope: &StoreScope) -> Result<Box<dyn BookingUnit>, StoreError> {
        self.seen(|seen| seen.begun += 1);
        Ok(Box::new(Watched { inner: self.inner.begin(scope).await?, seen: self.seen.clone() }))
    }
    async fn occupancy(&self, scope: &StoreScope, dates: &Dates, now: DateTime<Utc>) -> Result<Occupancy, StoreError> {
        self.inner.occupancy(scope, dates, now).await
    }
    async fn find_hold(&self, scope: &StoreScope, token_hash: &[u8; 32]) -> Result<Option<Hold>, StoreError> {
        self.inner.find_hold(scope, token_hash).await
    }
    async fn find(&self, scope: &StoreScope, id: BookingId, reach: Reach) -> Result<Option<Booking>, StoreError> {
        self.inner.find(scope, id, reach).await
    }
    async fn find_own(&self, person: &PersonScope, id: BookingId) -> Result<Option<StoreRef>, StoreError> {
        self.inner.find_own(person, id).await
    }
    async fn list_own(
        &self,
        person: &PersonScope,
        filter: &BookingFilter,
        page: &PageRequest,
        after: Option<BookingPosition>,
    ) -> Result<Page<Booking>, StoreError> {
        self.inner.list_own(person, filter, page, after).await
    }
    async fn find_managed(&self, token_hash: &[u8; 32]) -> Result<Option<(StoreRef, BookingId)>, StoreError> {
        self.inner.find_managed(token_hash).await
    }
    async fn list(
        &self,
        scope: &StoreScope,
        filter: &BookingFilter,
        page: &PageRequest,
        after: Option<BookingPosition>,
    ) -> Result<Page<Booking>, StoreError> {
        self.inner.list(scope, filter, page, after).await
    }
    async fn changes(&self, scope: &StoreScope, id: BookingId) -> Result<Vec<BookingChange>, StoreError> {
        self.inner.changes(scope, id).await
    }
    async fn patron(&self, scope: &StoreScope, id: CustomerId) -> Result<Option<Patron>, StoreError> {
        self.inner.patron(scope, id).await
    }
    async fn tidy_holds(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        self.inner.tidy_holds(before, limit).await
    }
}

#[async_trait]
impl BookingUnit for Watched {
    async fn lock_for(&mut self, days: &BTreeSet<NaiveDate>, writers: usize) -> Result<(), StoreError> {
        self.seen.lock().expect("no holder panics").locked.push(days.clone());
        // Gives way, so that units which begin together meet.
        let slowness = self.seen.lock().expect("no holder panics").slowness;
        for _ in 0..=slowness {
            tokio::task::yield_now().await;
        }
        self.inner.lock_for(days, writers).await
    }
    async fn glance(&mut self, id: BookingId, reach: Reach) -> Result<Option<Glance>, StoreError> {
        self.inner.glance(id, reach).await
    }
    async fn settings_revision(&mut self) -> Result<SettingsRevision, StoreError> {
        self.inner.settings_revision().await
    }
    async fn occupancy(
        &mut self,
        dates: &Dates,
        now: DateTime<Utc>,
        except: Option<BookingId>,
    ) -> Result<Occupancy, StoreError> {
        self.inner.occupancy(dates, now, except).await
    }
    async fn booking(&mut self, id: BookingId, reach: Reach) -> Result<Option<Booking>, StoreError> {
        self.inner.booking(id, reach).await
    }
    async fn hold(&mut self, token_hash: &[u8; 32]) -> Result<Option<Hold>, StoreError> {
        self.inner.hold(token_hash).await
    }
    async fn patrons(&mut self, ids: &BTreeSet<CustomerId>) -> Result<Vec<Patron>, StoreError> {
        self.inner.patrons(ids).await
    }
    async fn identify(
        &mut self,
        newcomer: &Newcomer,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Patron, StoreError> {
        self.inner.identify(newcomer, caller, now).await
    }
    async fn identify_person(
        &mut self,
        person: &Person,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Patron, StoreError> {
        self.inner.identify_person(person, caller, now).await
    }
    async fn insert_hold(&mut self, hold: &Hold) -> Result<(), StoreError> {
        self.inner.insert_hold(hold).await
    }
    async fn remove_hold(&mut self, id: HoldId) -> Result<(), StoreError> {
        self.inner.remove_hold(id).await
    }
    async fn insert(&mut self, booking: &Booking, manage_token: &Secret) -> Result<(), StoreError> {
        self.inner.insert(booking, manage_token).await
    }
    async fn save(&mut self, before: &Booking, after: &Booking) -> Result<(), StoreError> {
        self.inner.save(before, after).await
    }
    async fn save_patron(&mut self, patron: &Patron, record: &Record, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.inner.save_patron(patron, record, now).await
    }
    async fn note(&mut self, booking: &Booking, change: &BookingChange, record: &Record) -> Result<(), StoreError> {
        self.inner.note(booking, change, record).await
    }
    async fn commit(self: Box<Self>, answered: &[Answered]) -> Result<(), StoreError> {
        {
            let mut seen = self.seen.lock().expect("no holder panics");
            if seen.races_to_lose > 0 {
                seen.races_to_lose -= 1;
                return Err(StoreError::Conflict);
            }
        }
        self.inner.commit(answered).await?;
        self.seen.lock().expect("no holder panics").answered.extend_from_slice(answered);
        Ok(())
    }
}
