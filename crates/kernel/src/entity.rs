//! Things that are created, read, changed and put away: what they have in common, the port that stores them, the
//! use cases on them, and a fake of the port.
//!
//! An entity is an id, the scope it lives in, its details (everything a caller may set), and a version that counts its
//! changes. [`Keeper`] holds the use cases; each is one transaction of [`EntityStore`], which writes the entity, its
//! [`Record`] and the answer of an idempotent request together.

use crate::access::Caller;
use crate::bound::Bound;
use crate::clock::Clock;
use crate::error::{EntityError, Invalid, StoreError};
use crate::id::{IdGen, StoreId, TenantId};
use crate::page::{Page, PageRequest};
use crate::receipt::{Answered, Receipt};
use crate::record::{Change, Record};
use crate::retry::{Pause, retrying};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// A thing with details that callers set.
pub trait Entity: Clone + Send + Sync + 'static {
    /// Its id.
    type Id: Copy + Eq + Into<Uuid> + From<Uuid> + Send + Sync;
    /// Where it lives, and leave to work there: a store's scope, a menu of a store.
    type Scope: Clone + Send + Sync;
    /// Everything that a caller may set.
    type Details: Clone + Send + Sync;
    /// Which of them a list shows.
    type Filter: Clone + Default + Send + Sync;
    /// By what a list is sorted: total and unchanging enough to page by; ends with the id.
    type SortKey: Ord + Serialize + DeserializeOwned + Send;

    /// What it is called in errors, events and audit entries: `menu`.
    const NOUN: &'static str;
    /// How many of them a scope holds at most; `None`: there is no end to them.
    const BOUND: Option<Bound> = None;

    /// A new one, at version 1.
    fn create(id: Self::Id, scope: &Self::Scope, details: Self::Details, at: DateTime<Utc>) -> Self;
    /// The same thing with other details, one version later.
    #[must_use]
    fn revise(&self, details: Self::Details, at: DateTime<Utc>) -> Self;
    /// Every rule that the details break.
    fn check(details: &Self::Details) -> Result<(), Invalid>;

    /// Its id.
    fn id(&self) -> Self::Id;
    /// How often it was written.
    fn version(&self) -> i64;
    /// Its details.
    fn details(&self) -> &Self::Details;
    /// The tenant and store that it belongs to, for its record.
    fn home(&self) -> (Option<TenantId>, Option<StoreId>);
    /// How it stands in events and audit entries: without contact data and secrets.
    fn public_record(&self) -> Value;

    /// Whether it lives in `scope`.
    fn lives_in(&self, scope: &Self::Scope) -> bool;
    /// Whether a list shows it.
    fn admitted_by(&self, filter: &Self::Filter) -> bool;
    /// Its place in a list.
    fn sort_key(&self) -> Self::SortKey;
    /// The error when another entity has what must be unique in this one; `None`: no clash.
    fn clash(&self, other: &Self) -> Option<StoreError> {
        let _ = other;
        None
    }
}

/// Where entities are kept. Every write is one transaction: all of it happens, or nothing.
#[async_trait]
pub trait EntityStore<E: Entity>: Send + Sync {
    /// The entity, if it lives in the scope.
    async fn find(&self, scope: &E::Scope, id: E::Id) -> Result<Option<E>, StoreError>;

    /// A page of those in the scope that the filter admits, in order of [`Entity::sort_key`].
    async fn list(&self, scope: &E::Scope, filter: &E::Filter, page: &PageRequest) -> Result<Page<E>, EntityError>;

    /// Writes a new entity with its record; [`StoreError::Full`] when the scope holds as many as it may.
    async fn insert(
        &self,
        scope: &E::Scope,
        new: &E,
        record: &Record,
        answered: Option<&Answered>,
    ) -> Result<(), StoreError>;

    /// Writes an entity over the version before its own; [`StoreError::Conflict`] when another has been written since.
    async fn update(
        &self,
        scope: &E::Scope,
        new: &E,
        record: &Record,
        answered: Option<&Answered>,
    ) -> Result<(), StoreError>;

    /// Removes an entity that is at this version; [`StoreError::Conflict`] when it no longer is.
    async fn remove(&self, scope: &E::Scope, old: &E, record: &Record) -> Result<(), StoreError>;
}

/// The use cases on one kind of entity.
#[derive(Clone)]
pub struct Keeper<E: Entity> {
    store: Arc<dyn EntityStore<E>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    pause: Arc<dyn Pause>,
}

impl<E: Entity> Keeper<E> {
    /// Use cases over these ports.
    pub fn new(
        store: Arc<dyn EntityStore<E>>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGen>,
        pause: Arc<dyn Pause>,
    ) -> Self {
        Self { store, clock, ids, pause }
    }

    /// A new entity.
    pub async fn create(
        &self,
        caller: &Caller,
        scope: &E::Scope,
        details: E::Details,
        receipt: &dyn Receipt<E>,
    ) -> Result<E, EntityError> {
        E::check(&details)?;
        retrying(&*self.pause, || async {
            let now = self.clock.now();
            let entity = E::create(self.ids.uuid(now).into(), scope, details.clone(), now);
            let record = self.record("created", caller, None, Some(&entity), now);
            self.store.insert(scope, &entity, &record, receipt.of(&entity).as_ref()).await?;
            Ok(entity)
        })
        .await
    }

    /// The entity.
    pub async fn get(&self, scope: &E::Scope, id: E::Id) -> Result<E, EntityError> {
        self.store.find(scope, id).await?.ok_or(EntityError::NotFound(E::NOUN))
    }

    /// A page of them.
    pub async fn list(&self, scope: &E::Scope, filter: &E::Filter, page: &PageRequest) -> Result<Page<E>, EntityError> {
        self.store.list(scope, filter, page).await
    }

    /// The entity with the details that `revision` makes of its present ones. With `expected`, only over that version.
    pub async fn update(
        &self,
        caller: &Caller,
        scope: &E::Scope,
        id: E::Id,
        expected: Option<i64>,
        revision: impl Fn(&E) -> Result<E::Details, Invalid> + Send + Sync,
    ) -> Result<E, EntityError> {
        retrying(&*self.pause, || async {
            let present = self.at_version(scope, id, expected).await?;
            let details = revision(&present)?;
            E::check(&details)?;
            let now = self.clock.now();
            let revised = present.revise(details, now);
            let record = self.record("updated", caller, Some(&present), Some(&revised), now);
            self.store.update(scope, &revised, &record, None).await?;
            Ok(revised)
        })
        .await
    }

    /// Removes the entity for good. What others refer to is put away by an [`Keeper::update`] instead.
    pub async fn remove(
        &self,
        caller: &Caller,
        scope: &E::Scope,
        id: E::Id,
        expected: Option<i64>,
    ) -> Result<(), EntityError> {
        retrying(&*self.pause, || async {
            let present = self.at_version(scope, id, expected).await?;
            let record = self.record("removed", caller, Some(&present), None, self.clock.now());
            Ok(self.store.remove(scope, &present, &record).await?)
        })
        .await
    }

    async fn at_version(&self, scope: &E::Scope, id: E::Id, expected: Option<i64>) -> Result<E, EntityError> {
        let present = self.get(scope, id).await?;
        match expected {
            Some(expected) if expected != present.version() => {
                Err(EntityError::Stale { expected, actual: present.version() })
            }
            _ => Ok(present),
        }
    }

    fn record(&self, what: &str, caller: &Caller, before: Option<&E>, after: Option<&E>, at: DateTime<Utc>) -> Record {
        let Some(entity) = after.or(before) else { unreachable!("a record is of something") };
        let (tenant, store) = entity.home();
        let change = Change {
            kind: Cow::Owned(format!("{}.{what}", E::NOUN)),
            subject_kind: E::NOUN,
            subject: entity.id().into(),
            tenant,
            store,
            caller,
            at,
        };
        Record::of(&*self.ids, &change, before.map(E::public_record).as_ref(), after.map(E::public_record).as_ref())
    }
}

/// Entities in memory, for tests and for embedding without a database.
#[derive(Debug)]
pub struct EntitiesInMemory<E> {
    rows: Mutex<Vec<E>>,
    records: Mutex<Vec<Record>>,
}

impl<E> Default for EntitiesInMemory<E> {
    fn default() -> Self {
        Self { rows: Mutex::default(), records: Mutex::default() }
    }
}

impl<E: Entity> EntitiesInMemory<E> {
    /// What was recorded so far, in order.
    pub fn records(&self) -> Vec<Record> {
        self.records.lock().expect("no holder panics").clone()
    }

    /// Everything that is kept, whatever its scope: for fakes of other ports that read the same things.
    pub fn rows(&self) -> Vec<E> {
        self.rows.lock().expect("no holder panics").clone()
    }

    fn write(
        &self,
        scope: &E::Scope,
        new: Option<&E>,
        old: Option<(E::Id, i64)>,
        record: &Record,
    ) -> Result<(), StoreError> {
        let mut rows = self.rows.lock().expect("no holder panics");
        if let Some(bound) = E::BOUND.filter(|_| old.is_none()) {
            bound.admits(rows.iter().filter(|row| row.lives_in(scope)).count() as u64 + 1)?;
        }
        if let Some(clash) =
            new.and_then(|new| rows.iter().filter(|row| row.id() != new.id()).find_map(|row| new.clash(row)))
        {
            return Err(clash);
        }
        if let Some((id, version)) = old {
            let place =
                rows.iter().position(|row| row.id() == id && row.version() == version).ok_or(StoreError::Conflict)?;
            rows.remove(place);
        }
        rows.extend(new.cloned());
        self.records.lock().expect("no holder panics").push(record.clone());
        Ok(())
    }
}

#[async_trait]
impl<E: Entity> EntityStore<E> for EntitiesInMemory<E> {
    async fn find(&self, scope: &E::Scope, id: E::Id) -> Result<Option<E>, StoreError> {
        let rows = self.rows.lock().expect("no holder panics");
        Ok(rows.iter().find(|row| row.id() == id && row.lives_in(scope)).cloned())
    }

    async fn list(&self, scope: &E::Scope, filter: &E::Filter, page: &PageRequest) -> Result<Page<E>, EntityError> {
        let after: Option<E::SortKey> = page.position()?;
        let mut rows: Vec<E> = {
            let rows = self.rows.lock().expect("no holder panics");
            rows.iter().filter(|row| row.lives_in(scope) && row.admitted_by(filter)).cloned().collect()
        };
        rows.sort_by_key(E::sort_key);
        rows.retain(|row| after.as_ref().is_none_or(|after| row.sort_key() > *after));
        rows.truncate(page.limit as usize + 1);
        Ok(Page::of(rows, page.limit, E::sort_key))
    }

    async fn insert(&self, scope: &E::Scope, new: &E, record: &Record, _: Option<&Answered>) -> Result<(), StoreError> {
        self.write(scope, Some(new), None, record)
    }

    async fn update(&self, scope: &E::Scope, new: &E, record: &Record, _: Option<&Answered>) -> Result<(), StoreError> {
        self.write(scope, Some(new), Some((new.id(), new.version() - 1)), record)
    }

    async fn remove(&self, scope: &E::Scope, old: &E, record: &Record) -> Result<(), StoreError> {
        self.write(scope, None, Some((old.id(), old.version())), record)
    }
}
