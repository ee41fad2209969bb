//! One transaction.

use super::row::{self, Row};
use super::{Db, Engine, Pools, Sql, safe, unreachable_at_begin, when_running};
use musubi_kernel::error::StoreError;
use sea_query_sqlx::SqlxBinder;
use sqlx::{MySql, Postgres, Sqlite, Transaction, query_with};

/// One transaction. Dropped without [`Tx::commit`], it leaves no trace.
///
/// After a failed statement it can only be dropped: PostgreSQL would answer a later commit with "ok" and yet keep
/// nothing.
#[derive(Debug)]
pub struct Tx {
    inner: Inner,
    failed: bool,
}

#[derive(Debug)]
enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
    MariaDb(Transaction<'static, MySql>),
}

impl Tx {
    pub(super) async fn begin(db: &Db) -> Result<Self, StoreError> {
        let inner = match &db.0 {
            // A transaction that begins as a reader and then writes is refused at once when another has written.
            Pools::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Inner::Sqlite),
            Pools::Postgres(pool) => pool.begin().await.map(Inner::Postgres),
            Pools::MariaDb(pool) => pool.begin().await.map(Inner::MariaDb),
        };
        inner.map(|inner| Self { inner, failed: false }).map_err(|error| unreachable_at_begin(&error))
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
            Inner::Postgres(tx) => query_with(sql, values).execute(&mut **tx).await.map(|done| done.rows_affected()),
            Inner::MariaDb(tx) => query_with(sql, values).execute(&mut **tx).await.map(|done| done.rows_affected()),
        };
        self.note(done, &text)
    }

    /// Runs a statement that must touch one row: [`StoreError::Conflict`] when there was none, as another writer was
    /// first.
    pub async fn exactly_one(&mut self, statement: &(impl SqlxBinder + Sync)) -> Result<(), StoreError> {
        match self.execute(statement).await? {
            1 => Ok(()),
            touched => {
                self.failed = true;
                Err(match touched {
                    0 => StoreError::Conflict,
                    _ => StoreError::Internal(format!("a statement for one row touched {touched}")),
                })
            }
        }
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
                query_with(sql, values).fetch_optional(&mut **tx).await.map(|row| row.map(Row::Postgres))
            }
            Inner::MariaDb(tx) => {
                query_with(sql, values).fetch_optional(&mut **tx).await.map(|row| row.map(Row::MariaDb))
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
            Inner::Postgres(tx) => query_with(sql, values).fetch_all(&mut **tx).await.map(row::postgres),
            Inner::MariaDb(tx) => query_with(sql, values).fetch_all(&mut **tx).await.map(row::mariadb),
        };
        self.note(found, &text)
    }

    /// Makes everything durable.
    pub async fn commit(self) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Internal("commit after a failed statement".to_owned()));
        }
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await,
            Inner::Postgres(tx) => tx.commit().await,
            Inner::MariaDb(tx) => tx.commit().await,
        }
        .map_err(|error| when_running(&error, "COMMIT"))
    }

    fn sql(&mut self, statement: &impl SqlxBinder) -> Result<Sql, StoreError> {
        let sql = Sql::of(self.engine(), statement);
        self.failed |= sql.is_err();
        sql
    }

    fn note<T>(&mut self, done: Result<T, sqlx::Error>, sql: &str) -> Result<T, StoreError> {
        done.map_err(|error| {
            self.failed = true;
            when_running(&error, sql)
        })
    }
}
