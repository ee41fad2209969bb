//! Every row that holds sealed values, a few at a time.

use super::{ANSWERS, COLUMNS};
use crate::engine::{Db, Row};
use crate::idempotency;
use musubi_kernel::error::StoreError;
use musubi_kernel::secret::Place;
use sea_query::{Condition, Expr, ExprTrait as _, Order, Query, SelectStatement};
use uuid::Uuid;

/// How many rows are read at a time.
const STEP: u64 = 200;

/// A row and its sealed values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// Its table.
    pub table: &'static str,
    pub(super) key: Key,
    /// Column and value of all that is not null.
    pub values: Vec<(&'static str, Vec<u8>)>,
}

impl SealedRow {
    /// The place of one of its values.
    pub fn place(&self, column: &'static str) -> Place<'static> {
        Place { table: self.table, column, row: self.key.row() }
    }

    /// Why a value does not open, with its row, in one line.
    pub fn complaint(&self, error: &StoreError) -> String {
        match error {
            StoreError::Corrupt(what) | StoreError::MasterKeyMissing(what) => {
                format!("{what} (row {})", self.key.row())
            }
            error => error.to_string(),
        }
    }
}

/// What a row is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    Id(Uuid),
    Answer { caller: String, key: String },
}

impl Key {
    pub(super) fn is_it(&self) -> Condition {
        match self {
            Self::Id(id) => Condition::all().add(Expr::col("id").eq(*id)),
            Self::Answer { caller, key } => idempotency::of(caller, key),
        }
    }

    fn is_behind(&self) -> Condition {
        match self {
            Self::Id(id) => Condition::all().add(Expr::col("id").gt(*id)),
            Self::Answer { caller, key } => {
                let same = Expr::col("caller").eq(caller).and(Expr::col("idem_key").gt(key));
                Condition::any().add(Expr::col("caller").gt(caller)).add(same)
            }
        }
    }

    fn row(&self) -> Uuid {
        match self {
            Self::Id(id) => *id,
            Self::Answer { caller, key } => idempotency::place(caller, key).row,
        }
    }
}

/// A table and its sealed columns.
#[derive(Debug, Clone)]
struct Shelf {
    table: &'static str,
    columns: Vec<&'static str>,
}

impl Shelf {
    /// In the order of [`COLUMNS`], with the answers before the last.
    fn all() -> Vec<Self> {
        let mut shelves: Vec<Self> = Vec::new();
        for &(table, column) in COLUMNS {
            match shelves.last_mut() {
                Some(shelf) if shelf.table == table => shelf.columns.push(column),
                _ => shelves.push(Self { table, columns: vec![column] }),
            }
        }
        let (table, column) = ANSWERS;
        shelves.insert(shelves.len() - 1, Self { table, columns: vec![column] });
        shelves
    }

    fn key(&self) -> &'static [&'static str] {
        if self.table == ANSWERS.0 { &["caller", "idem_key"] } else { &["id"] }
    }

    /// Whether a row holds something.
    fn holds(&self) -> Condition {
        self.columns.iter().fold(Condition::any(), |any, column| any.add(Expr::col(*column).is_not_null()))
    }

    fn rows(&self, after: Option<&Key>) -> SelectStatement {
        let mut query = Query::select();
        query.columns(self.key().iter().chain(&self.columns).copied()).from(self.table).cond_where(self.holds());
        if let Some(after) = after {
            query.cond_where(after.is_behind());
        }
        for column in self.key() {
            query.order_by(*column, Order::Asc);
        }
        query.limit(STEP).to_owned()
    }

    fn read(&self, row: &Row) -> Result<SealedRow, StoreError> {
        let key = if self.table == ANSWERS.0 {
            Key::Answer { caller: row.get("caller")?, key: row.get("idem_key")? }
        } else {
            Key::Id(row.get("id")?)
        };
        let mut values = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            values.extend(row.get::<Option<Vec<u8>>>(column)?.map(|value| (*column, value)));
        }
        Ok(SealedRow { table: self.table, key, values })
    }
}

/// How many rows a [`Walk`] passes, if nobody adds any.
pub async fn count(db: &Db) -> Result<u64, StoreError> {
    let mut rows = 0;
    for shelf in Shelf::all() {
        let count = Expr::cust("COUNT(*)");
        let query = Query::select().expr_as(count, "n").from(shelf.table).cond_where(shelf.holds()).to_owned();
        rows += match db.optional(&query).await? {
            Some(row) => row.int::<u64>("n")?,
            None => 0,
        };
    }
    Ok(rows)
}

/// A walk over every sealed value, table by table in the order of [`COLUMNS`]. What is added meanwhile may be passed or not.
#[derive(Debug)]
pub struct Walk<'a> {
    db: &'a Db,
    ahead: std::vec::IntoIter<Shelf>,
    here: Option<(Shelf, Option<Key>)>,
}

impl<'a> Walk<'a> {
    /// A walk that stands at its beginning.
    pub fn over(db: &'a Db) -> Self {
        let mut ahead = Shelf::all().into_iter();
        let here = ahead.next().map(|shelf| (shelf, None));
        Self { db, ahead, here }
    }

    /// The next rows; `None`: that was all.
    pub async fn next_rows(&mut self) -> Result<Option<Vec<SealedRow>>, StoreError> {
        while let Some((shelf, after)) = &mut self.here {
            let rows = self.db.all(&shelf.rows(after.as_ref())).await?;
            let rows = rows.iter().map(|row| shelf.read(row)).collect::<Result<Vec<_>, _>>()?;
            if let Some(last) = rows.last() {
                *after = Some(last.key.clone());
                return Ok(Some(rows));
            }
            self.here = self.ahead.next().map(|shelf| (shelf, None));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_is_passed_once_and_the_check_last() {
        let shelves = Shelf::all();
        let tables: Vec<_> = shelves.iter().map(|shelf| shelf.table).collect();
        let mut once = tables.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), tables.len(), "{tables:?}");
        assert_eq!((tables[0], tables[tables.len() - 1]), ("look_up_keys", "installation"));
        let columns: usize = shelves.iter().map(|shelf| shelf.columns.len()).sum();
        assert_eq!(columns, COLUMNS.len() + 1);
    }
}
