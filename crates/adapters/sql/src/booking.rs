//! Booking's ports on SQL.
//!
//! | module | what it is |
//! |---|---|
//! | `shops` | what a store offers, read from the catalog's tables |
//! | `days` | the lock of a store's day |
//! | `bookings`, `holds`, `changes`, `patrons` | one table each, with what belongs to it |
//! | `persons` | customers who sign in, and which bookings are within reach |
//! | `occupancy` | what is taken around some dates: one query over bookings and live holds |
//! | `unit` | one transaction over all of these |

mod bookings;
mod changes;
mod days;
mod holds;
mod occupancy;
mod patrons;
mod persons;
mod shops;
mod unit;

pub use shops::SqlShops;

use crate::SqlStore;
use crate::engine::Reader;
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_booking::booking::Booking;
use musubi_booking::change::BookingChange;
use musubi_booking::hold::Hold;
use musubi_booking::occupancy::Occupancy;
use musubi_booking::patron::Patron;
use musubi_booking::ports::{BookingFilter, BookingPosition, BookingStore, BookingUnit};
use musubi_booking::reach::Reach;
use musubi_kernel::access::{PersonScope, StoreRef, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, CustomerId, IdGen};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::secret::Secret;
use sea_query::UnionType;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Bookings and holds in a database.
#[derive(Clone)]
pub struct SqlBookings {
    store: SqlStore,
    ids: Arc<dyn IdGen>,
}

impl SqlBookings {
    /// Bookings in this database. Rows that a booking brings with it, such as a new customer, get ids of `ids`.
    pub fn new(store: SqlStore, ids: Arc<dyn IdGen>) -> Self {
        Self { store, ids }
    }

    fn reader(&self) -> Reader<'_> {
        Reader::Db(&self.store.db)
    }

    /// The token of a booking's manage link, for who tells its customer; `None`: the booking was made before it was kept.
    pub(crate) async fn manage_token(&self, scope: &StoreScope, id: BookingId) -> Result<Option<Secret>, StoreError> {
        let Some(row) = self.store.db.optional(&bookings::manage_token(scope, id)).await? else { return Ok(None) };
        bookings::opened_token(&*self.store.cipher, id, &row)
    }
}

#[async_trait]
impl BookingStore for SqlBookings {
    async fn begin(&self, scope: &StoreScope) -> Result<Box<dyn BookingUnit>, StoreError> {
        let tx = self.store.db.begin().await?;
        Ok(Box::new(unit::SqlUnit::new(self.store.clone(), tx, scope.clone(), Arc::clone(&self.ids))))
    }

    async fn occupancy(
        &self,
        scope: &StoreScope,
        dates: &RangeInclusive<NaiveDate>,
        now: DateTime<Utc>,
    ) -> Result<Occupancy, StoreError> {
        let [mut query, booked] = occupancy::around(scope, dates, now, None);
        query.union(UnionType::All, booked);
        occupancy::read(&self.store.db.all(&query).await?)
    }

    async fn find_hold(&self, scope: &StoreScope, token_hash: &[u8; 32]) -> Result<Option<Hold>, StoreError> {
        holds::find(&mut self.reader(), scope, token_hash).await
    }

    async fn find(&self, scope: &StoreScope, id: BookingId, reach: Reach) -> Result<Option<Booking>, StoreError> {
        let query = bookings::by_id(scope, id, reach);
        Ok(bookings::all_settled(&self.store.db, &*self.store.cipher, &query).await?.pop())
    }

    async fn find_managed(&self, token_hash: &[u8; 32]) -> Result<Option<(StoreRef, BookingId)>, StoreError> {
        let row = self.store.db.optional(&bookings::by_manage_token(token_hash)).await?;
        row.map(|row| bookings::managed(&row)).transpose()
    }

    async fn find_own(&self, person: &PersonScope, id: BookingId) -> Result<Option<StoreRef>, StoreError> {
        let row = self.store.db.optional(&bookings::own_by_id(person, id)).await?;
        row.map(|row| bookings::managed(&row).map(|(store, _)| store)).transpose()
    }

    async fn list_own(
        &self,
        person: &PersonScope,
        filter: &BookingFilter,
        page: &PageRequest,
        after: Option<BookingPosition>,
    ) -> Result<Page<Booking>, StoreError> {
        let query = bookings::listed(bookings::of_person(person), filter, page.limit, after);
        let found = bookings::all_settled(&self.store.db, &*self.store.cipher, &query).await?;
        Ok(Page::of(found, page.limit, Booking::position))
    }

    async fn list(
        &self,
        scope: &StoreScope,
        filter: &BookingFilter,
        page: &PageRequest,
        after: Option<BookingPosition>,
    ) -> Result<Page<Booking>, StoreError> {
        let within = bookings::of_reach(scope, filter.reach);
        let query = bookings::listed(within, filter, page.limit, after);
        let found = bookings::all_settled(&self.store.db, &*self.store.cipher, &query).await?;
        Ok(Page::of(found, page.limit, Booking::position))
    }

    async fn changes(&self, scope: &StoreScope, id: BookingId) -> Result<Vec<BookingChange>, StoreError> {
        changes::of(&self.store.db, scope, id).await
    }

    async fn patron(&self, scope: &StoreScope, id: CustomerId) -> Result<Option<Patron>, StoreError> {
        patrons::find(&mut self.reader(), &*self.store.cipher, scope, id).await
    }

    async fn tidy_holds(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        holds::tidy(&self.store.db, before, limit).await
    }
}
