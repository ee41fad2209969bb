//! What is known of stores, bookings and customers, in memory.

use crate::facts::{Addressee, BookingFacts, Candidate, House};
use crate::ports::Book;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, CustomerId, StoreId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

#[derive(Debug, Default)]
struct Known {
    houses: BTreeMap<StoreId, House>,
    closed: BTreeSet<StoreId>,
    bookings: BTreeMap<(StoreId, BookingId), BookingFacts>,
    customers: BTreeMap<(StoreId, CustomerId), Addressee>,
    last_visits: BTreeMap<CustomerId, DateTime<Utc>>,
}

/// A book in memory: what was put into it last is how it stands.
#[derive(Debug, Default)]
pub struct BookInMemory(Mutex<Known>);

impl BookInMemory {
    /// How a store stands.
    pub fn put_house(&self, house: House) {
        let mut known = self.known();
        known.closed.remove(&house.store);
        known.houses.insert(house.store, house);
    }

    /// That a store does no business any more.
    pub fn close_house(&self, store: StoreId) {
        self.known().closed.insert(store);
    }

    /// A store, whether it does business or not.
    pub(super) fn any_house(&self, store: StoreId) -> Option<House> {
        self.known().houses.get(&store).cloned()
    }

    /// How a booking stands, and its customer.
    pub fn put_booking(&self, store: StoreId, facts: BookingFacts) {
        self.put_customer(store, facts.addressee.clone());
        self.known().bookings.insert((store, facts.id), facts);
    }

    /// How a customer stands.
    pub fn put_customer(&self, store: StoreId, addressee: Addressee) {
        self.known().customers.insert((store, addressee.customer), addressee);
    }

    /// When a customer was last at their store.
    pub fn put_last_visit(&self, customer: CustomerId, at: DateTime<Utc>) {
        self.known().last_visits.insert(customer, at);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().expect("no holder panics")
    }
}

#[async_trait]
impl Book for BookInMemory {
    async fn house(&self, scope: &StoreScope) -> Result<Option<House>, StoreError> {
        let known = self.known();
        Ok(known.houses.get(&scope.store()).filter(|house| !known.closed.contains(&house.store)).cloned())
    }

    async fn booking(&self, scope: &StoreScope, id: BookingId) -> Result<Option<BookingFacts>, StoreError> {
        Ok(self.known().bookings.get(&(scope.store(), id)).cloned())
    }

    async fn customer(&self, scope: &StoreScope, id: CustomerId) -> Result<Option<Addressee>, StoreError> {
        Ok(self.known().customers.get(&(scope.store(), id)).cloned())
    }

    async fn customers(
        &self,
        scope: &StoreScope,
        after: Option<CustomerId>,
        most: u32,
    ) -> Result<Vec<Candidate>, StoreError> {
        let known = self.known();
        let next = known
            .customers
            .iter()
            .filter(|((store, id), _)| *store == scope.store() && after.is_none_or(|after| *id > after));
        let candidate = |((_, id), addressee): (&(StoreId, CustomerId), &Addressee)| Candidate {
            addressee: addressee.clone(),
            last_visit_at: known.last_visits.get(id).copied(),
        };
        Ok(next.take(most as usize).map(candidate).collect())
    }
}
