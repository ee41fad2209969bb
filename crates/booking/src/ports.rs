//! What booking needs of the outside, in its own words.

use crate::booking::{Booking, StatusCode};
use crate::change::BookingChange;
use crate::hold::Hold;
use crate::number::BookingNumber;
use crate::occupancy::Occupancy;
use crate::patron::{Newcomer, Patron, Person};
use crate::reach::Reach;
use crate::resource::BookableResource;
use crate::service::Service;
use crate::shop::{Calendar, Shop};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_kernel::access::{Caller, PersonScope, StoreRef, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{BookingId, CustomerId, HoldId, MenuId, ResourceId, StoreId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::Record;
use musubi_kernel::secret::Secret;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// What a store offers.
#[async_trait]
pub trait ShopBook: Send + Sync {
    /// How often its settings have been written: asked before they are read, so that [`BookingUnit::settings_revision`]
    /// tells under the locks of a booking whether they still hold.
    async fn revision(&self, scope: &StoreScope) -> Result<SettingsRevision, StoreError>;

    /// The store.
    async fn shop(&self, scope: &StoreScope) -> Result<Option<Shop>, StoreError>;

    /// A menu of it with everything that decides about its starts on `dates`. `None`: no such menu.
    async fn offering(
        &self,
        scope: &StoreScope,
        menu: MenuId,
        dates: &RangeInclusive<NaiveDate>,
    ) -> Result<Option<Offering>, StoreError>;

    /// What these stores are called, as customers read it.
    async fn names(&self, stores: &BTreeSet<StoreId>) -> Result<BTreeMap<StoreId, String>, StoreError>;
}

/// A menu with the resources and the calendar around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offering {
    /// The menu with its options.
    pub service: Service,
    /// The store's active resources; their absences as far as they touch the dates asked for.
    pub resources: Vec<BookableResource>,
    /// What the calendar says of the dates asked for.
    pub calendar: Calendar,
}

/// Which bookings a list shows. `None` everywhere: all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BookingFilter {
    /// With this business date or a later one.
    pub date_from: Option<NaiveDate>,
    /// With this business date or an earlier one.
    pub date_to: Option<NaiveDate>,
    /// With one of these statuses; empty: any.
    pub statuses: Vec<StatusCode>,
    /// Which hold this resource, as the primary one or beside it.
    pub resource: Option<ResourceId>,
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// With this number.
    pub number: Option<BookingNumber>,
    /// Within the caller's reach.
    pub reach: Reach,
}

/// A booking's place in a list: by start, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BookingPosition(pub DateTime<Utc>, pub BookingId);

impl Booking {
    /// Its place in a list.
    pub fn position(&self) -> BookingPosition {
        BookingPosition(self.starts_at(), self.id)
    }
}

/// Bookings and holds, read without locks.
#[async_trait]
pub trait BookingStore: Send + Sync {
    /// A unit of work on one store.
    async fn begin(&self, scope: &StoreScope) -> Result<Box<dyn BookingUnit>, StoreError>;

    /// What is taken around business dates: bookings and the holds that are live at `now`. Covers everything whose
    /// occupied window could meet that of a booking with one of these business dates.
    async fn occupancy(
        &self,
        scope: &StoreScope,
        dates: &RangeInclusive<NaiveDate>,
        now: DateTime<Utc>,
    ) -> Result<Occupancy, StoreError>;

    /// The hold whose token has this SHA-256, live or not.
    async fn find_hold(&self, scope: &StoreScope, token_hash: &[u8; 32]) -> Result<Option<Hold>, StoreError>;

    /// A booking of the store, within reach.
    async fn find(&self, scope: &StoreScope, id: BookingId, reach: Reach) -> Result<Option<Booking>, StoreError>;

    /// The booking whose manage token has this SHA-256, with its store.
    async fn find_managed(&self, token_hash: &[u8; 32]) -> Result<Option<(StoreRef, BookingId)>, StoreError>;

    /// The store of a booking whose customer is this person.
    async fn find_own(&self, person: &PersonScope, id: BookingId) -> Result<Option<StoreRef>, StoreError>;

    /// A page of the bookings whose customer is this person, at all stores, in order of [`BookingPosition`]. The
    /// reach of the filter is of no account.
    async fn list_own(
        &self,
        person: &PersonScope,
        filter: &BookingFilter,
        page: &PageRequest,
        after: Option<BookingPosition>,
    ) -> Result<Page<Booking>, StoreError>;

    /// A page of bookings, in order of [`BookingPosition`].
    async fn list(
        &self,
        scope: &StoreScope,
        filter: &BookingFilter,
        page: &PageRequest,
        after: Option<BookingPosition>,
    ) -> Result<Page<Booking>, StoreError>;

    /// A booking's history, oldest first.
    async fn changes(&self, scope: &StoreScope, id: BookingId) -> Result<Vec<BookingChange>, StoreError>;

    /// A customer of the store, in use or put away.
    async fn patron(&self, scope: &StoreScope, id: CustomerId) -> Result<Option<Patron>, StoreError>;

    /// Removes holds that ended before `before`, at most `limit`; how many were removed. Only tidies: an ended hold
    /// keeps nothing.
    async fn tidy_holds(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError>;
}

/// What a writer has to know of a booking before it takes its locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// Its version.
    pub version: i64,
    /// Its [days](crate::agreement::Agreement::days).
    pub days: BTreeSet<NaiveDate>,
}

/// How often what decides about a store's bookings, save the bookings themselves, had been written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SettingsRevision {
    /// What belongs to its tenant.
    pub tenant: i64,
    /// What belongs to the store.
    pub store: i64,
}

impl SettingsRevision {
    /// From the revisions of [`musubi_kernel::revision::Subject::settings`].
    pub fn of(revisions: &[i64]) -> Result<Self, StoreError> {
        match *revisions {
            [tenant, store] => Ok(Self { tenant, store }),
            _ => Err(StoreError::Internal("a question for revisions was answered in part".to_owned())),
        }
    }
}

/// One transaction on one store's bookings. Dropped without `commit`, it leaves no trace.
///
/// Writes may be gathered and sent with the commit, which then returns their errors.
///
/// Every write below asks for [`BookingUnit::lock`] of the days it touches first: the days queue their writers, so what
/// is read after the lock stays true until the commit.
#[async_trait]
pub trait BookingUnit: Send {
    /// What to lock for a booking of the store, within reach.
    async fn glance(&mut self, id: BookingId, reach: Reach) -> Result<Option<Glance>, StoreError>;

    /// Takes the locks of these days for so many writers, in their order. Called before anything that is decided on is
    /// read.
    async fn lock_for(&mut self, days: &BTreeSet<NaiveDate>, writers: usize) -> Result<(), StoreError>;

    /// As [`BookingUnit::lock_for`], for one writer.
    async fn lock(&mut self, days: &BTreeSet<NaiveDate>) -> Result<(), StoreError> {
        self.lock_for(days, 1).await
    }

    /// How far the settings had come when they were first asked about under the lock: by [`BookingUnit::occupancy`],
    /// [`BookingUnit::booking`] or this. Costs nothing after one of the two.
    async fn settings_revision(&mut self) -> Result<SettingsRevision, StoreError>;

    /// As [`BookingStore::occupancy`], without one booking of its own.
    async fn occupancy(
        &mut self,
        dates: &RangeInclusive<NaiveDate>,
        now: DateTime<Utc>,
        except: Option<BookingId>,
    ) -> Result<Occupancy, StoreError>;

    /// A booking of the store, within reach.
    async fn booking(&mut self, id: BookingId, reach: Reach) -> Result<Option<Booking>, StoreError>;

    /// The hold whose token has this SHA-256.
    async fn hold(&mut self, token_hash: &[u8; 32]) -> Result<Option<Hold>, StoreError>;

    /// Customers of the store, in use or put away, locked against other writers of the same customers, in order of id.
    async fn patrons(&mut self, ids: &BTreeSet<CustomerId>) -> Result<Vec<Patron>, StoreError>;

    /// As [`BookingUnit::patrons`], for one customer.
    async fn patron(&mut self, id: CustomerId) -> Result<Option<Patron>, StoreError> {
        Ok(self.patrons(&BTreeSet::from([id])).await?.pop())
    }

    /// The customer whom a newcomer turns out to be, unchanged: the one with the same LINE user, else with the same
    /// telephone number, else with the same e-mail address. If there is none, a new one, recorded as made by `caller`.
    async fn identify(
        &mut self,
        newcomer: &Newcomer,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Patron, StoreError>;

    /// The customer who a person is here, recorded as changed or made by `caller` where that is so: the one who is linked
    /// to them and in use; else the oldest with their address who is linked to nobody, who is linked to them; else a new
    /// one. A restriction of another record with the telephone number or address that they name counts.
    async fn identify_person(
        &mut self,
        person: &Person,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Patron, StoreError>;

    /// Writes a new hold.
    async fn insert_hold(&mut self, hold: &Hold) -> Result<(), StoreError>;

    /// Removes a hold; [`StoreError::Conflict`] when it is gone.
    async fn remove_hold(&mut self, id: HoldId) -> Result<(), StoreError>;

    /// Writes a new booking, with the token of its manage link, sealed: what tells the customer of the booking shows the link.
    async fn insert(&mut self, booking: &Booking, manage_token: &Secret) -> Result<(), StoreError>;

    /// Writes a booking over `before`, the version before its own.
    async fn save(&mut self, before: &Booking, after: &Booking) -> Result<(), StoreError>;

    /// Writes what a customer's bookings have come to, and their restriction, with its audit entry and event.
    async fn save_patron(&mut self, patron: &Patron, record: &Record, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// Writes an entry of a booking's history, with its audit entry and event.
    async fn note(&mut self, booking: &Booking, change: &BookingChange, record: &Record) -> Result<(), StoreError>;

    /// Makes everything durable, with the answers of idempotent requests.
    async fn commit(self: Box<Self>, answered: &[Answered]) -> Result<(), StoreError>;
}
