//! Booking's ports in memory: for tests, and for embedding without a database.
//!
//! A unit works on a copy of everything and puts it back on commit, unless somebody else committed meanwhile: then the
//! commit is a lost race, as a database would report it.

mod state;
mod unit;

use crate::booking::Booking;
use crate::change::BookingChange;
use crate::hold::Hold;
use crate::occupancy::Occupancy;
use crate::patron::Patron;
use crate::ports::{BookingFilter, BookingPosition, BookingStore, BookingUnit, Offering, SettingsRevision, ShopBook};
use crate::reach::Reach;
use crate::shop::{Calendar, Shop};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_kernel::access::{PersonScope, StoreRef, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, CustomerId, IdGen, MenuId, StoreId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::record::Record;
use state::State;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

/// What stores offer, in memory.
#[derive(Debug, Default)]
pub struct ShopsInMemory {
    shops: Mutex<HashMap<StoreId, (Shop, Calendar)>>,
    offerings: Mutex<HashMap<(StoreId, MenuId), Offering>>,
}

impl ShopsInMemory {
    /// Adds a store with its calendar, or replaces it.
    pub fn put_shop(&self, shop: Shop, calendar: Calendar) {
        self.shops.lock().unwrap_or_else(PoisonError::into_inner).insert(shop.id, (shop, calendar));
    }

    /// Adds a menu of a store with its resources, or replaces it.
    pub fn put_offering(&self, store: StoreId, offering: Offering) {
        let key = (store, offering.service.id);
        self.offerings.lock().unwrap_or_else(PoisonError::into_inner).insert(key, offering);
    }
}

#[async_trait]
impl ShopBook for ShopsInMemory {
    /// Settings in memory are not counted.
    async fn revision(&self, _: &StoreScope) -> Result<SettingsRevision, StoreError> {
        Ok(SettingsRevision::default())
    }

    async fn shop(&self, scope: &StoreScope) -> Result<Option<Shop>, StoreError> {
        let shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(shops.get(&scope.store()).map(|(shop, _)| shop.clone()))
    }

    async fn offering(
        &self,
        scope: &StoreScope,
        menu: MenuId,
        dates: &RangeInclusive<NaiveDate>,
    ) -> Result<Option<Offering>, StoreError> {
        let offerings = self.offerings.lock().unwrap_or_else(PoisonError::into_inner);
        let shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        let calendar = shops.get(&scope.store()).map(|(_, calendar)| calendar.clone()).unwrap_or_default();
        let calendar: Calendar = calendar.into_iter().filter(|(date, _)| dates.contains(date)).collect();
        Ok(offerings.get(&(scope.store(), menu)).map(|offering| Offering { calendar, ..offering.clone() }))
    }

    async fn names(&self, stores: &BTreeSet<StoreId>) -> Result<BTreeMap<StoreId, String>, StoreError> {
        let shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        let name = |id: &StoreId| shops.get(id).map(|(shop, _)| (*id, shop.name.clone()));
        Ok(stores.iter().filter_map(name).collect())
    }
}

/// Bookings, holds and customers, in memory.
#[derive(Clone)]
pub struct BookingsInMemory {
    state: Arc<Mutex<State>>,
    ids: Arc<dyn IdGen>,
}

impl BookingsInMemory {
    /// An empty store of bookings that takes ids for new customers from `ids`.
    pub fn new(ids: Arc<dyn IdGen>) -> Self {
        Self { state: Arc::default(), ids }
    }

    /// Adds a customer, or replaces them.
    pub fn put_patron(&self, store: StoreId, patron: Patron) {
        self.read(|state| state.patrons.insert((store, patron.id), (patron, crate::patron::Newcomer::default())));
    }

    /// What was recorded so far, in order.
    pub fn records(&self) -> Vec<Record> {
        self.read(|state| state.records.clone())
    }

    fn read<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl BookingStore for BookingsInMemory {
    async fn begin(&self, scope: &StoreScope) -> Result<Box<dyn BookingUnit>, StoreError> {
        let copy = self.read(|state| state.clone());
        Ok(Box::new(unit::Unit::new(self.clone(), scope.clone(), copy)))
    }

    async fn occupancy(
        &self,
        scope: &StoreScope,
        dates: &RangeInclusive<NaiveDate>,
        now: DateTime<Utc>,
    ) -> Result<Occupancy, StoreError> {
        Ok(self.read(|state| state.occupancy(scope.store(), dates, now, None)))
    }

    async fn find_hold(&self, scope: &StoreScope, token_hash: &[u8; 32]) -> Result<Option<Hold>, StoreError> {
        Ok(self.read(|state| state.hold(scope.store(), token_hash)))
    }

    async fn find(&self, scope: &StoreScope, id: BookingId, reach: Reach) -> Result<Option<Booking>, StoreError> {
        Ok(self.read(|state| state.booking(scope.store(), id, reach)))
    }

    async fn find_own(&self, person: &PersonScope, id: BookingId) -> Result<Option<StoreRef>, StoreError> {
        Ok(self.read(|state| {
            let booking =
                state.bookings.get(&id).filter(|booking| state.reaches(Reach::Person(person.user()), booking))?;
            Some(StoreRef { store: booking.store, tenant: booking.tenant, open_to_public: true })
        }))
    }

    async fn list_own(
        &self,
        person: &PersonScope,
        filter: &BookingFilter,
        page: &PageRequest,
        after: Option<BookingPosition>,
    ) -> Result<Page<Booking>, StoreError> {
        let filter = BookingFilter { reach: Reach::Person(person.user()), ..filter.clone() };
        Ok(self.read(|state| state.page(|_| true, &filter, page, after)))
    }

    async fn find_managed(&self, token_hash: &[u8; 32]) -> Result<Option<(StoreRef, BookingId)>, StoreError> {
        Ok(self.read(|state| {
            let booking = state.bookings.values().find(|booking| booking.manage_token_hash == *token_hash)?;
            let store = StoreRef { store: booking.store, tenant: booking.tenant, open_to_public: true };
            Some((store, booking.id))
        }))
    }

    async fn list(
        &self,
        scope: &StoreScope,
        filter: &BookingFilter,
        page: &PageRequest,
        after: Option<BookingPosition>,
    ) -> Result<Page<Booking>, StoreError> {
        Ok(self.read(|state| state.page(|booking| booking.store == scope.store(), filter, page, after)))
    }

    async fn changes(&self, scope: &StoreScope, id: BookingId) -> Result<Vec<BookingChange>, StoreError> {
        Ok(self.read(|state| {
            let of_booking =
                state.changes.iter().filter(|(store, change)| *store == scope.store() && change.booking == id);
            of_booking.map(|(_, change)| change.clone()).collect()
        }))
    }

    async fn patron(&self, scope: &StoreScope, id: CustomerId) -> Result<Option<Patron>, StoreError> {
        Ok(self.read(|state| state.patrons.get(&(scope.store(), id)).map(|(patron, _)| patron.clone())))
    }

    async fn tidy_holds(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        Ok(self.read(|state| {
            let ended: Vec<_> = state
                .holds
                .iter()
                .filter(|(_, (_, hold))| hold.expires_at <= before)
                .map(|(id, _)| *id)
                .take(limit as usize)
                .collect();
            for id in &ended {
                state.holds.remove(id);
            }
            ended.len() as u64
        }))
    }
}
