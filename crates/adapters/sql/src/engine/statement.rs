//! Statements in the words of an engine.

use super::Engine;
use chrono::{Datelike as _, SubsecRound as _};
use musubi_kernel::error::StoreError;
use sea_query::{
    Expr, ExprTrait, InsertStatement, IntoColumnRef, LockBehavior, LockType, MysqlQueryBuilder, OnConflict,
    PostgresQueryBuilder, SelectStatement, SqliteQueryBuilder, Value,
};
use sea_query_sqlx::{SqlxBinder, SqlxValues};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use std::sync::Arc;

/// A statement as it is sent: text with placeholders, and the values for them.
pub(crate) struct Sql {
    pub(crate) text: Arc<str>,
    pub(crate) values: SqlxValues,
}

impl Sql {
    /// The statement as `engine` reads it. The drivers leave out a value that they cannot write, and what would follow is
    /// another statement than was meant: so such values end here.
    pub(crate) fn of(engine: Engine, statement: &impl SqlxBinder) -> Result<Self, StoreError> {
        let (text, SqlxValues(mut values)) = match engine {
            Engine::Sqlite => statement.build_sqlx(SqliteQueryBuilder),
            Engine::Postgres => statement.build_sqlx(PostgresQueryBuilder),
            Engine::MariaDb => statement.build_sqlx(MysqlQueryBuilder),
        };
        if let Some(value) = values.0.iter().find(|value| !within_reach(value)) {
            return Err(StoreError::Internal(format!("no engine keeps {value:?}")));
        }
        values.0.iter_mut().for_each(|value| fit(value, engine));
        Ok(Self { text: text.into(), values: SqlxValues(values) })
    }
}

/// Whether every engine knows a value's year. The day before year 1 is within reach, as is what a time zone makes of
/// that year's first midnight.
fn within_reach(value: &Value) -> bool {
    let year = match value {
        Value::ChronoDateTimeUtc(Some(at)) => at.year(),
        Value::ChronoDate(Some(date)) => date.year(),
        _ => return true,
    };
    (0..=9999).contains(&year)
}

/// Instants are whole microseconds on every engine. MariaDB's driver would send them as `TIMESTAMP`, which makes null of
/// what lies before 1970 or after 2038; as `DATETIME`, which the columns are, they arrive. The session's clock is UTC.
fn fit(value: &mut Value, engine: Engine) {
    let Value::ChronoDateTimeUtc(instant) = value else { return };
    let instant = instant.map(|instant| instant.trunc_subsecs(6));
    *value = match engine {
        Engine::MariaDb => Value::ChronoDateTime(instant.map(|instant| instant.naive_utc())),
        Engine::Sqlite | Engine::Postgres => Value::ChronoDateTimeUtc(instant),
    };
}

/// The only place that vouches for SQL text. It is built from identifiers in this crate, with values apart, or comes
/// from the migrations in the binary.
pub(crate) fn safe(text: impl Into<Arc<str>>) -> SqlStr {
    AssertSqlSafe(text.into()).into_sql_str()
}

/// Locks the rows that a query finds until the transaction ends. SQLite needs no row locks: its transactions are alone.
///
/// On a multi-primary cluster such a lock stays on its node: write the row too, so that a clash is seen at commit.
#[must_use]
pub fn for_update(mut query: SelectStatement) -> SelectStatement {
    query.lock_exclusive();
    query
}

/// Locks those of the rows that a query finds which nobody has locked, and passes over the others. As [`for_update`], it
/// must be followed by a write.
#[must_use]
pub fn for_update_unless_locked(mut query: SelectStatement) -> SelectStatement {
    query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    query
}

/// The statement that writes rows whose primary key is `key`, or counts `counter` up by `by` in those that are there. Each row is
/// locked, one after the other in the order of the statement. How many rows were touched means nothing.
///
/// No other unique key may be in the table: MariaDB would take a clash with any of them for a row that is there.
#[must_use]
pub fn count_up(
    mut insert: InsertStatement,
    table: &'static str,
    key: &[&'static str],
    counter: &'static str,
    by: i64,
) -> InsertStatement {
    let next = Expr::col((table, counter)).add(by);
    insert.on_conflict(OnConflict::columns(key.iter().copied()).value(counter, next).to_owned());
    insert
}

/// Whether a text column begins with `prefix`. Unlike `LIKE` it needs no escapes and uses a plain index on every
/// engine, as all of them compare text by code points here.
///
/// No text with NUL characters is ever written, and PostgreSQL refuses even to be asked for one.
pub fn starts_with(column: impl IntoColumnRef, prefix: &str) -> Expr {
    if prefix.contains('\0') {
        return Expr::val(1).eq(0);
    }
    let column = Expr::col(column);
    column.clone().gte(prefix).and(column.lt(format!("{prefix}\u{10FFFF}")))
}
