//! Where the three dialects meet: one database, one transaction, one row, whatever engine is behind them.
//!
//! Everything above this module builds `sea_query` statements and reads columns by name; nothing above it names a
//! driver.

mod alive;
mod batch;
mod connect;
mod error;
mod news;
mod pen;
mod reader;
mod row;
mod statement;
mod tx;
mod unique;

pub use batch::Write;
pub use connect::{NotADatabaseUrl, PoolSettings, sqlite_file, sqlite_url};
pub use reader::Reader;
pub use row::{Column, Row};
pub use statement::{count_up, for_update, for_update_unless_locked, starts_with};
pub use tx::Tx;
pub use unique::{UNIQUE_KEYS, UniqueKey};

pub(crate) use error::{when_alone, when_connecting, when_running};
pub(crate) use statement::{Sql, safe};

use alive::{answer, in_time};
use musubi_kernel::error::StoreError;
use musubi_kernel::outbox::Wanted;
use news::News;
use pen::{Pen, Turn};
use sea_query_sqlx::SqlxBinder;
use sqlx::{MySqlPool, PgPool, SqlitePool, query_with};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// A file, without a server.
    Sqlite,
    /// PostgreSQL 15 or later.
    Postgres,
    /// MariaDB 10.6 or later, alone or as a Galera cluster.
    MariaDb,
}

impl Engine {
    /// Its name as settings and tests spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::MariaDb => "mariadb",
        }
    }
}

/// A database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Db(pub(crate) Pools, Arc<Shared>);

/// What the connections of this process have in common.
#[derive(Debug, Default)]
struct Shared {
    round_trips: AtomicU64,
    /// Told when a commit has left work for others.
    news: News,
}

/// The connections of a [`Db`].
#[derive(Debug, Clone)]
pub(crate) enum Pools {
    /// SQLite has one writer at a time, so there is one connection that writes; the others only read.
    Sqlite {
        writer: Pen,
        readers: SqlitePool,
    },
    Postgres(PgPool),
    MariaDb(MySqlPool),
}

impl Db {
    /// Connects to `sqlite:FILE` (made when absent), `postgres://…`, `mysql://…` or `mariadb://…`.
    ///
    /// At least one connection is opened, so that a wrong address or password shows at once. The tables are made by
    /// [`crate::migrate::run`].
    pub async fn connect(url: &str, settings: PoolSettings) -> Result<Self, StoreError> {
        connect::connect(url, settings).await.map(|pools| Self(pools, Arc::default()))
    }

    /// Which engine this is.
    pub const fn engine(&self) -> Engine {
        match self.0 {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres(_) => Engine::Postgres,
            Pools::MariaDb(_) => Engine::MariaDb,
        }
    }

    /// Begins a transaction. On SQLite it is the only writer from here on, when those who have asked before are done.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Tx::begin(self, Turn::InLine).await
    }

    /// Begins a transaction which on SQLite goes [ahead](pen) of those who wait to write.
    async fn begin_ahead(&self) -> Result<Tx, StoreError> {
        Tx::begin(self, Turn::Ahead).await
    }

    /// The first row of a query, outside any transaction.
    pub async fn optional(&self, query: &(impl SqlxBinder + Sync)) -> Result<Option<Row>, StoreError> {
        let Sql { text, values } = Sql::of(self.engine(), query)?;
        let sql = safe(text.clone());
        match &self.0 {
            Pools::Sqlite { readers, .. } => {
                query_with(sql, values).fetch_optional(readers).await.map(|row| row.map(Row::Sqlite))
            }
            Pools::Postgres(pool) => {
                answer(query_with(sql, values).fetch_optional(pool)).await.map(|row| row.map(Row::Postgres))
            }
            Pools::MariaDb(pool) => {
                answer(query_with(sql, values).fetch_optional(pool)).await.map(|row| row.map(Row::MariaDb))
            }
        }
        .map_err(|error| when_alone(&error, &text))
    }

    /// Every row of a query, outside any transaction.
    pub async fn all(&self, query: &(impl SqlxBinder + Sync)) -> Result<Vec<Row>, StoreError> {
        let Sql { text, values } = Sql::of(self.engine(), query)?;
        let sql = safe(text.clone());
        match &self.0 {
            Pools::Sqlite { readers, .. } => query_with(sql, values).fetch_all(readers).await.map(row::sqlite),
            Pools::Postgres(pool) => answer(query_with(sql, values).fetch_all(pool)).await.map(row::postgres),
            Pools::MariaDb(pool) => answer(query_with(sql, values).fetch_all(pool)).await.map(row::mariadb),
        }
        .map_err(|error| when_alone(&error, &text))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let ping = "SELECT 1";
        match &self.0 {
            Pools::Sqlite { readers, .. } => sqlx::query(ping).execute(readers).await.map(drop),
            Pools::Postgres(pool) => answer(sqlx::query(ping).execute(pool)).await.map(drop),
            Pools::MariaDb(pool) => answer(sqlx::query(ping).execute(pool)).await.map(drop),
        }
        .map_err(|error| when_alone(&error, ping))
    }

    /// How many connections are open, and how many of these are idle.
    pub fn connections(&self) -> (u32, u32) {
        let (open, idle) = match &self.0 {
            Pools::Sqlite { writer, readers } => {
                (writer.pool.size() + readers.size(), writer.pool.num_idle() + readers.num_idle())
            }
            Pools::Postgres(pool) => (pool.size(), pool.num_idle()),
            Pools::MariaDb(pool) => (pool.size(), pool.num_idle()),
        };
        (open, u32::try_from(idle).unwrap_or(u32::MAX))
    }

    /// How often its transactions have called the database so far, their beginnings and commits included.
    pub fn round_trips(&self) -> u64 {
        self.1.round_trips.load(Ordering::Relaxed)
    }

    /// The same database, told of the work that the transactions of `other` leave, and the other way round: for a process
    /// that has several pools of connections.
    #[must_use]
    pub fn beside(self, other: &Self) -> Self {
        Self(self.0, Arc::clone(&other.1))
    }

    /// Is done when a transaction of this process has left work for others since the last call: an event that is
    /// [wanted](Self::tell_of), a job. One at a time waits.
    pub async fn news(&self) {
        self.1.news.come().await;
    }

    /// From now on [`news`](Self::news) comes of events of these kinds alone, and of those that were named so before.
    pub fn tell_of(&self, wanted: Wanted) {
        self.1.news.tell_of(wanted);
    }

    /// Waits for work in progress and closes every connection. A server that does not answer is not waited for for long.
    pub async fn close(&self) {
        match &self.0 {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.pool.close().await;
            }
            Pools::Postgres(pool) => in_time(pool.close()).await,
            Pools::MariaDb(pool) => in_time(pool.close()).await,
        }
    }
}
