//! One transaction.

use super::alive::{Work, answer};
use super::batch::Write;
use super::batch::as_many;
use super::pen::{Hold, Turn};
use super::row::{self, Row};
use super::{Db, Engine, Pools, Shared, Sql, safe, when_alone, when_running};
use musubi_kernel::error::StoreError;
use sea_query_sqlx::SqlxBinder;
use sqlx::{MySql, Postgres, Sqlite, Transaction, query_with};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// One transaction. Dropped without [`Tx::commit`], it leaves no trace.
///
/// After a failed statement it can only be dropped: PostgreSQL would answer a later commit with "ok" and yet keep
/// nothing.
#[derive(Debug)]
pub struct Tx {
    work: Work,
    inner: Inner,
    /// On SQLite: let go after the transaction.
    _pen: Option<Hold>,
    failed: bool,
    /// What it writes is work for others, who are told when it is there.
    leaves_work: bool,
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
    MariaDb(Transaction<'static, MySql>),
}

impl Tx {
    pub(super) async fn begin(db: &Db, turn: Turn) -> Result<Self, StoreError> {
        let begun = match &db.0 {
            Pools::Sqlite { writer, .. } => writer.begin(turn).await.map(|(tx, pen)| (Inner::Sqlite(tx), Some(pen))),
            Pools::Postgres(pool) => answer(pool.begin()).await.map(|tx| (Inner::Postgres(tx), None)),
            Pools::MariaDb(pool) => answer(pool.begin()).await.map(|tx| (Inner::MariaDb(tx), None)),
        };
        let (inner, pen) = begun.map_err(|error| when_alone(&error, "BEGIN"))?;
        let shared = Arc::clone(&db.1);
        let tx = Self { work: Work::default(), inner, _pen: pen, failed: false, leaves_work: false, shared };
        tx.count();
        Ok(tx)
    }

    pub(super) fn count(&self) {
        self.shared.round_trips.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes what writes leave for others.
    pub(super) fn leave(&mut self, writes: &[Write]) {
        self.leaves_work |= self.shared.news.is_left_by(writes);
    }

    pub(super) fn inner(&mut self) -> &mut Inner {
        &mut self.inner
    }

    /// Which engine this is.
    pub const fn engine(&self) -> Engine {
        match self.inner {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
            Inner::MariaDb(_) => Engine::MariaDb,
        }
    }

    /// Runs a statement; how many rows it touched.
    pub async fn execute(&mut self, statement: &(impl SqlxBinder + Sync)) -> Result<u64, StoreError> {
        let Sql { text, values } = self.sql(statement)?;
        let sql = safe(text.clone());
        let done = match &mut self.inner {
            Inner::Sqlite(tx) => query_with(sql, values).execute(&mut **tx).await.map(|done| done.rows_affected()),
            Inner::Postgres(tx) => {
                answer(query_with(sql, values).execute(&mut **tx)).await.map(|done| done.rows_affected())
            }
            Inner::MariaDb(tx) => {
                answer(query_with(sql, values).execute(&mut **tx)).await.map(|done| done.rows_affected())
            }
        };
        self.note(done, &text)
    }

    /// Runs a statement that must touch one row: [`StoreError::Conflict`] when there was none, as another writer was
    /// first.
    pub async fn exactly_one(&mut self, statement: &(impl SqlxBinder + Sync)) -> Result<(), StoreError> {
        let touched = self.execute(statement).await?;
        self.fail_with(as_many(1, touched))
    }

    /// The first row of a query.
    pub async fn optional(&mut self, query: &(impl SqlxBinder + Sync)) -> Result<Option<Row>, StoreError> {
        let Sql { text, values } = self.sql(query)?;
        let sql = safe(text.clone());
        let found = match &mut self.inner {
            Inner::Sqlite(tx) => {
                query_with(sql, values).fetch_optional(&mut **tx).await.map(|row| row.map(Row::Sqlite))
            }
            Inner::Postgres(tx) => {
                answer(query_with(sql, values).fetch_optional(&mut **tx)).await.map(|row| row.map(Row::Postgres))
            }
            Inner::MariaDb(tx) => {
                answer(query_with(sql, values).fetch_optional(&mut **tx)).await.map(|row| row.map(Row::MariaDb))
            }
        };
        self.note(found, &text)
    }

    /// Every row of a query.
    pub async fn all(&mut self, query: &(impl SqlxBinder + Sync)) -> Result<Vec<Row>, StoreError> {
        let Sql { text, values } = self.sql(query)?;
        let sql = safe(text.clone());
        let found = match &mut self.inner {
            Inner::Sqlite(tx) => query_with(sql, values).fetch_all(&mut **tx).await.map(row::sqlite),
            Inner::Postgres(tx) => answer(query_with(sql, values).fetch_all(&mut **tx)).await.map(row::postgres),
            Inner::MariaDb(tx) => answer(query_with(sql, values).fetch_all(&mut **tx)).await.map(row::mariadb),
        };
        self.note(found, &text)
    }

    /// Makes everything durable.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Internal("commit after a failed statement".to_owned()));
        }
        self.count();
        let done = match self.inner {
            Inner::Sqlite(tx) => tx.commit().await,
            Inner::Postgres(tx) => answer(tx.commit()).await,
            Inner::MariaDb(tx) => answer(tx.commit()).await,
        };
        if done.is_ok() {
            self.work.done();
            if self.leaves_work {
                self.shared.news.tell();
            }
        }
        done.map_err(|error| when_running(&error, "COMMIT"))
    }

    fn sql(&mut self, statement: &impl SqlxBinder) -> Result<Sql, StoreError> {
        self.count();
        self.fail_with(Sql::of(self.engine(), statement))
    }

    /// Remembers a failure.
    pub(super) fn fail_with<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        self.failed |= done.is_err();
        done
    }

    fn note<T>(&mut self, done: Result<T, sqlx::Error>, sql: &str) -> Result<T, StoreError> {
        self.fail_with(done.map_err(|error| when_running(&error, sql)))
    }
}
