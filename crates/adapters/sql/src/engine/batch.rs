//! Several writes in one round trip.
//!
//! | engine | how they are sent |
//! |---|---|
//! | PostgreSQL | one statement, each write a common table expression of it |
//! | MariaDB | one prepared block, `BEGIN NOT ATOMIC … END` |
//! | SQLite | one text of several statements: the driver's thread is called once |

mod alone;

use super::alive::answer;
use super::statement::{Sql, safe};
use super::tx::{Inner, Tx};
use super::{Engine, when_running};
use futures_util::TryStreamExt as _;
use musubi_kernel::error::StoreError;
use sea_query::{
    CommonTableExpression, Expr, Func, Query, ReturningClause, SelectStatement, SubQueryStatement, Value, WithClause,
    WithQuery,
};
use sea_query_sqlx::SqlxValues;
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Either, Executor as _, Row as _, query_with};
use std::borrow::Cow;

/// A statement that writes, and how many rows it must touch.
///
/// Those that are sent together must not depend on each other's effect but by a foreign key, and no two of them may
/// touch one row: PostgreSQL runs them at once, on one view of the data, and checks foreign keys at their end. A row that
/// others may refer to is deleted on its own, or the refusal would count as a lost race.
#[derive(Debug, Clone)]
pub struct Write {
    statement: SubQueryStatement,
    rows: Option<u64>,
    leaves: Leaves,
}

/// What a write leaves for others in this process.
#[derive(Debug, Clone)]
pub(super) enum Leaves {
    Nothing,
    /// Whatever it is, somebody does it.
    Work,
    /// Events of these kinds.
    Events(Vec<Cow<'static, str>>),
}

impl Write {
    /// Touches one row: [`StoreError::Conflict`] when there was none, as another writer was first.
    pub fn one(statement: impl Into<SubQueryStatement>) -> Self {
        Self::rows(statement, 1)
    }

    /// Touches so many rows: [`StoreError::Conflict`] when there was none.
    pub fn rows(statement: impl Into<SubQueryStatement>, rows: usize) -> Self {
        Self { statement: statement.into(), rows: Some(rows as u64), leaves: Leaves::Nothing }
    }

    /// Touches as many rows as there are.
    pub fn any(statement: impl Into<SubQueryStatement>) -> Self {
        Self { statement: statement.into(), rows: None, leaves: Leaves::Nothing }
    }

    /// What it writes is work for others in this process, who are [told](super::Db::news) when it is committed.
    pub(crate) fn leaving_work(self) -> Self {
        Self { leaves: Leaves::Work, ..self }
    }

    /// What it writes are events of these kinds, for those who [want](super::Db::tell_of) them.
    pub(crate) fn leaving_events(self, kinds: impl IntoIterator<Item = Cow<'static, str>>) -> Self {
        Self { leaves: Leaves::Events(kinds.into_iter().collect()), ..self }
    }

    /// Whoever sends it tells of the work that it leaves.
    pub(crate) fn quietly(self) -> Self {
        Self { leaves: Leaves::Nothing, ..self }
    }

    pub(super) const fn leaves(&self) -> &Leaves {
        &self.leaves
    }

    fn sql(&self, engine: Engine) -> Result<Sql, StoreError> {
        match &self.statement {
            SubQueryStatement::InsertStatement(insert) => Sql::of(engine, insert),
            SubQueryStatement::UpdateStatement(update) => Sql::of(engine, update),
            SubQueryStatement::DeleteStatement(delete) => Sql::of(engine, delete),
            SubQueryStatement::SelectStatement(_) | SubQueryStatement::WithStatement(_) => {
                Err(StoreError::Internal("a query is not a write".to_owned()))
            }
        }
    }

    fn check(&self, touched: u64) -> Result<(), StoreError> {
        match self.rows {
            Some(rows) => as_many(rows, touched),
            None => Ok(()),
        }
    }
}

/// Whether a statement for `rows` rows touched that many.
pub(super) fn as_many(rows: u64, touched: u64) -> Result<(), StoreError> {
    match touched {
        _ if touched == rows => Ok(()),
        0 => Err(StoreError::Conflict),
        _ => Err(StoreError::Internal(format!("a statement for {rows} rows touched {touched}"))),
    }
}

impl Tx {
    /// Sends writes together. They take effect in their order, save that PostgreSQL knows none.
    ///
    /// # Errors
    /// That of the first that failed, or touched another number of rows than it must.
    pub async fn write_together(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        self.count_together(writes).await.map(drop)
    }

    /// As [`Tx::write_together`]; how many rows each write touched.
    pub async fn count_together(&mut self, writes: &[Write]) -> Result<Vec<u64>, StoreError> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        self.leave(writes);
        let engine = self.engine();
        self.count();
        let sent = match self.inner() {
            Inner::Sqlite(tx) => one_after_the_other(tx, engine, writes).await,
            Inner::Postgres(tx) => in_one_statement(tx, engine, writes).await,
            Inner::MariaDb(tx) => in_a_block(tx, engine, writes).await,
        };
        let touched = sent.and_then(|touched| {
            if touched.len() != writes.len() {
                return Err(StoreError::Internal(format!("{} writes told of {} results", writes.len(), touched.len())));
            }
            writes.iter().zip(&touched).try_for_each(|(write, n)| write.check(*n))?;
            Ok(touched)
        });
        self.fail_with(touched)
    }
}

/// How many rows each write touched.
type Touched = Result<Vec<u64>, StoreError>;

async fn one_after_the_other(connection: &mut SqliteConnection, engine: Engine, writes: &[Write]) -> Touched {
    let parts = parts(engine, writes)?;
    let (text, values) = joined(&parts, "", ";\n", "");
    let mut touched = Vec::with_capacity(parts.len());
    let mut done = connection.fetch_many(query_with(safe(text), values));
    loop {
        match done.try_next().await {
            Ok(Some(Either::Left(one))) => touched.push(one.rows_affected()),
            Ok(Some(Either::Right(_))) => {}
            Ok(None) => return Ok(touched),
            Err(error) => return Err(when_running(&error, failed(&parts, touched.len()))),
        }
    }
}

async fn in_one_statement(connection: &mut PgConnection, engine: Engine, writes: &[Write]) -> Touched {
    let Sql { text, values } = Sql::of(engine, &as_one(None, writes, |count, _| count.into()))?;
    let row = answer(connection.fetch_one(query_with(safe(text.clone()), values))).await;
    let touched = |row: sqlx::postgres::PgRow| {
        (0..writes.len()).map(|n| row.try_get::<i64, _>(n).map(i64::unsigned_abs)).collect::<Result<_, _>>()
    };
    row.and_then(touched).map_err(|error| when_running(&error, &text))
}

/// `WITH w0 AS (INSERT … RETURNING 1), … SELECT (SELECT COUNT(*) FROM w0), …`, or what `told` makes of each count and of the
/// number that it must be. `before` is run before all others.
fn as_one(
    before: Option<SelectStatement>,
    writes: &[Write],
    told: impl Fn(SelectStatement, Option<u64>) -> Expr,
) -> WithQuery {
    let (mut with, mut counts) = (WithClause::new(), Query::select());
    let mut add = |name: String, statement: SubQueryStatement, rows| {
        with.cte(CommonTableExpression::new().table_name(name.clone()).query(statement).to_owned());
        counts.expr(told(Query::select().expr(Func::count(Expr::cust("*"))).from(name).to_owned(), rows));
    };
    if let Some(before) = before {
        add("before".to_owned(), before.into(), None);
    }
    for (n, write) in writes.iter().enumerate() {
        let mut statement = write.statement.clone();
        let one = ReturningClause::Exprs(vec![Expr::cust("1")]);
        match &mut statement {
            SubQueryStatement::InsertStatement(insert) => drop(insert.returning(one)),
            SubQueryStatement::UpdateStatement(update) => drop(update.returning(one)),
            SubQueryStatement::DeleteStatement(delete) => drop(delete.returning(one)),
            SubQueryStatement::SelectStatement(_) | SubQueryStatement::WithStatement(_) => {}
        }
        add(format!("w{n}"), statement, write.rows);
    }
    with.query(counts)
}

/// The numbers come back as one text: ` 1 1 3`. The variable outlives a failure, and so tells what had failed.
async fn in_a_block(connection: &mut MySqlConnection, engine: Engine, writes: &[Write]) -> Touched {
    let parts = parts(engine, writes)?;
    let (text, values) = joined(
        &parts,
        "BEGIN NOT ATOMIC SET @touched = ''; ",
        "; SET @touched = CONCAT(@touched, ' ', ROW_COUNT()); ",
        "SELECT @touched; END",
    );
    let told = answer(connection.fetch_one(query_with(safe(text), values))).await;
    match told.and_then(|row| row.try_get::<String, _>(0)) {
        Ok(told) => Ok(numbers(&told)),
        Err(error @ sqlx::Error::Database(_)) => {
            let told =
                answer(connection.fetch_one("SELECT @touched")).await.and_then(|row| row.try_get::<String, _>(0));
            let done = told.map_or(0, |told| numbers(&told).len());
            Err(when_running(&error, failed(&parts, done)))
        }
        Err(error) => Err(when_running(&error, failed(&parts, 0))),
    }
}

fn numbers(told: &str) -> Vec<u64> {
    told.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

fn parts(engine: Engine, writes: &[Write]) -> Result<Vec<Sql>, StoreError> {
    writes.iter().map(|write| write.sql(engine)).collect()
}

/// The parts as one text, with `after` behind each, and the values of all.
fn joined(parts: &[Sql], before: &str, after: &str, end: &str) -> (String, SqlxValues) {
    let mut text = before.to_owned();
    let mut values: Vec<Value> = Vec::new();
    for part in parts {
        text.push_str(&part.text);
        text.push_str(after);
        values.extend(part.values.0.iter().cloned());
    }
    text.push_str(end);
    (text, SqlxValues(sea_query::Values(values)))
}

/// The statement that failed after so many that did not.
fn failed(parts: &[Sql], done: usize) -> &str {
    parts.get(done).map_or("", |part| &*part.text)
}
