//! Every store of Musubi's data, once for PostgreSQL, MariaDB and SQLite.
//!
//! | module | what it is |
//! |---|---|
//! | [`engine`] | the one place where the dialects meet: [`Db`], [`Tx`](engine::Tx), [`Row`](engine::Row), and what an engine's error means |
//! | [`migrate`] | the tables, from one portable source |
//! | [`entities`] | things that are created, changed and put away: one mapping per thing, everything else once |
//! | [`records`] | what is written beside every change: [`audit`] and [`outbox`] |
//! | [`booking`] | bookings and holds under the lock of their days |
//! | [`notification`] | what customers are told, and what is known of them for that |
//! | [`jobs`], [`schedules`] | work that is done later, and work that comes back |
//! | [`idempotency`] | answers kept for repeated requests |
//! | [`retention`], [`system_log`] | how long rows are kept, and what the system has done by itself |
//! | [`sealed`] | which columns are sealed, and samples of them |
//!
//! Catalog, customers, wordings, API keys and webhooks have no module to call: [`SqlStore::entities`] stores them, and [`SqlStore`]
//! itself is their `StoreDirectory`, `ResourceBook`, `ApiKeyStore` and `WebhookStore`, and tells by its [`Revisions`] what was written
//! since.
//! A [`Db`] by itself is the `JobQueue`, the `Outbox` and the `ScheduleBook`.
//!
//! [`Revisions`]: musubi_kernel::revision::Revisions
//!
//! Repositories are written against [`engine`] alone, as small named functions that build one statement each. Every
//! statement on a store's data takes that store's scope. Ids and times come from the caller, never from the database;
//! `RETURNING`, `ON CONFLICT`, JSON predicates and SQL clocks do not mean the same everywhere and are not used outside
//! [`engine`].
//!
//! A use case is one transaction: it locks, reads, writes the state, its [`records`] and the answer of an idempotent
//! request, and commits. A race that was lost is [`StoreError::Conflict`](musubi_kernel::error::StoreError::Conflict),
//! on whichever engine and at whichever statement; the use case is then run again as a whole.

pub mod audit;
pub mod booking;
mod catalog;
mod condition;
mod customer;
pub mod engine;
pub mod entities;
pub mod idempotency;
mod identity;
pub mod jobs;
pub mod migrate;
pub mod notification;
pub mod outbox;
pub mod records;
pub mod retention;
mod revision;
pub mod schedules;
pub mod sealed;
pub mod system_log;

use engine::Db;
use entities::{Mapped, SqlEntities};
use musubi_kernel::secret::Cipher;
use std::sync::Arc;

/// A database and the cipher of its sealed columns: what every repository of this crate is made of.
#[derive(Clone)]
pub struct SqlStore {
    /// The database.
    pub db: Db,
    /// Seals and opens columns that must not be readable in the database.
    pub cipher: Arc<dyn Cipher>,
}

impl SqlStore {
    /// Stores over a database that has been [migrated](migrate::run).
    pub fn new(db: Db, cipher: Arc<dyn Cipher>) -> Self {
        Self { db, cipher }
    }

    /// The store of one kind of entity.
    pub fn entities<E: Mapped>(&self) -> Arc<SqlEntities<E>> {
        Arc::new(SqlEntities::new(self.clone()))
    }
}

impl std::fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqlStore").field("db", &self.db).finish_non_exhaustive()
    }
}
