//! Writes that are a transaction by themselves, in one round trip where the engine can.
//!
//! | engine | how they are sent |
//! |---|---|
//! | PostgreSQL | one statement, as always, which divides by nought where a write touched other rows than it must |
//! | MariaDB | one block that begins, checks each write, and commits or rolls back |
//! | SQLite | a transaction, ahead of those that wait to begin: its driver is in this process |

use super::{Sql, Write, answer, as_one, failed, parts, when_running};
use crate::engine::{Db, Engine, Pools, safe, when_alone};
use musubi_kernel::error::StoreError;
use sea_query::{CaseStatement, Expr, ExprTrait as _, LockType, SelectStatement, Value};
use sea_query_sqlx::SqlxValues;
use sqlx::{Executor as _, MySqlPool, PgPool, Row as _, query_with};
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

impl Db {
    /// Sends writes as one transaction: all of them take effect, or none does.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when one touched another number of rows than it must; else that of the first that failed.
    pub async fn write_alone(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.write_after(None, writes).await
    }

    /// As [`Db::write_alone`], after those who hold the row that the query finds. To it the first write must refer by a foreign
    /// key: that makes MariaDB wait. PostgreSQL checks such keys last, and would lie in wait for whoever then waits for the other
    /// rows.
    pub async fn write_alone_after(&self, held: &SelectStatement, writes: &[Write]) -> Result<(), StoreError> {
        self.write_after(Some(held), writes).await
    }

    async fn write_after(&self, held: Option<&SelectStatement>, writes: &[Write]) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        match &self.0 {
            Pools::Sqlite { .. } => {
                let mut tx = self.begin_ahead().await?;
                tx.write_together(writes).await?;
                return tx.commit().await;
            }
            Pools::Postgres(pool) => in_one_statement(pool, held, writes).await?,
            Pools::MariaDb(pool) => in_a_block(pool, writes).await?,
        }
        self.1.round_trips.fetch_add(1, Ordering::Relaxed);
        if self.1.news.is_left_by(writes) {
            self.1.news.tell();
        }
        Ok(())
    }
}

async fn in_one_statement(pool: &PgPool, held: Option<&SelectStatement>, writes: &[Write]) -> Result<(), StoreError> {
    let held = held.map(|held| held.clone().lock(LockType::KeyShare).to_owned());
    let Sql { text, values } = Sql::of(Engine::Postgres, &as_one(held, writes, checked))?;
    let done = answer(query_with(safe(text.clone()), values).execute(pool)).await;
    done.map(drop).map_err(|error| when_running(&error, &text))
}

/// The number of rows, or an error (`division_by_zero`) where it is another than it must be: that undoes the statement.
fn checked(count: SelectStatement, rows: Option<u64>) -> Expr {
    let Some(rows) = rows else { return count.into() };
    let is_right = CaseStatement::new().case(Expr::expr(count).eq(rows), 1).finally(0);
    Expr::val(1).div(Expr::expr(is_right))
}

/// The variable outlives a failure, and so tells what had failed.
async fn in_a_block(pool: &MySqlPool, writes: &[Write]) -> Result<(), StoreError> {
    let mut text = "BEGIN NOT ATOMIC DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END; \
                    SET @done = 0; START TRANSACTION; "
        .to_owned();
    let mut values: Vec<Value> = Vec::new();
    let parts = parts(Engine::MariaDb, writes)?;
    for (part, write) in parts.iter().zip(writes) {
        text.push_str(&part.text);
        text.push_str("; ");
        if let Some(rows) = write.rows {
            // As the server itself says it of a record that has changed.
            let lost = "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1020, MESSAGE_TEXT = 'another writer was first'";
            write!(text, "IF ROW_COUNT() <> {rows} THEN {lost}; END IF; ").expect("text takes everything");
        }
        text.push_str("SET @done = @done + 1; ");
        values.extend(part.values.0.iter().cloned());
    }
    text.push_str("COMMIT; END");
    let mut connection = answer(pool.acquire()).await.map_err(|error| when_alone(&error, &text))?;
    let sent = query_with(safe(text), SqlxValues(sea_query::Values(values)));
    match answer(sent.execute(&mut *connection)).await {
        Ok(_) => Ok(()),
        Err(error @ sqlx::Error::Database(_)) => {
            let told = answer(connection.fetch_one("SELECT @done")).await;
            let done = told.and_then(|row| row.try_get::<i64, _>(0)).unwrap_or_default();
            Err(when_running(&error, failed(&parts, usize::try_from(done).unwrap_or_default())))
        }
        Err(error) => Err(when_running(&error, failed(&parts, 0))),
    }
}
