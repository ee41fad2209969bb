//! Rows, and the types that columns decode into.

use chrono::{DateTime, NaiveDate, Utc};
use musubi_kernel::error::StoreError;
use serde::de::DeserializeOwned;
use sqlx::mysql::MySqlRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column as _, ColumnIndex, Decode, MySql, Postgres, Row as _, Sqlite, Type, TypeInfo as _, ValueRef as _};
use uuid::Uuid;

/// One row of an answer.
#[derive(Debug)]
pub enum Row {
    /// Of SQLite.
    Sqlite(SqliteRow),
    /// Of PostgreSQL.
    Postgres(PgRow),
    /// Of MariaDB.
    MariaDb(MySqlRow),
}

/// A type that a column decodes into on every engine.
///
/// A closed list, as each was seen to round-trip on all three: integers are read by [`Row::int`], as their widths differ,
/// and JSON by [`Row::json`], as it is stored as text.
pub trait Column:
    Type<Postgres>
    + for<'r> Decode<'r, Postgres>
    + Type<MySql>
    + for<'r> Decode<'r, MySql>
    + Type<Sqlite>
    + for<'r> Decode<'r, Sqlite>
{
    /// Whether null is one of its values.
    const NULLABLE: bool;
}

macro_rules! columns {
    ($($type:ty),+ $(,)?) => {$(
        impl Column for $type {
            const NULLABLE: bool = false;
        }
        impl Column for Option<$type> {
            const NULLABLE: bool = true;
        }
    )+};
}

columns!(bool, i32, i64, f64, String, Vec<u8>, Uuid, DateTime<Utc>, NaiveDate);

impl Row {
    /// The value of a column.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the column holds something else.
    pub fn get<T: Column>(&self, column: &str) -> Result<T, StoreError> {
        match self {
            // Its driver reads null as an empty text, as 0, as false.
            Self::Sqlite(row) if !T::NULLABLE && row.try_get_raw(column).is_ok_and(|value| value.is_null()) => {
                return Err(unreadable(column, &"unexpected null"));
            }
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
            Self::MariaDb(row) => row.try_get(column),
        }
        .map_err(|error| unreadable(column, &error))
    }

    /// An integer column (`{int}` or `{bigint}`) as any type of integer.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the number does not fit.
    pub fn int<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        self.int_or_null(column)?.ok_or_else(|| StoreError::Corrupt(format!("{column}: no number")))
    }

    /// As [`Row::int`], of a column that may be null.
    pub fn int_or_null<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let number = match self {
            Self::Postgres(row) if narrow(row, column) => self.get::<Option<i32>>(column)?.map(i64::from),
            _ => self.get::<Option<i64>>(column)?,
        };
        let out_of_range = || StoreError::Corrupt(format!("{column}: a number out of range"));
        number.map(|number| T::try_from(number).map_err(|_| out_of_range())).transpose()
    }

    /// What a `{json}` column holds.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is not that.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|error| unexpected(column, &error))
    }

    /// As [`Row::json`], of a column that may be null.
    pub fn json_or_null<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| unexpected(column, &error))).transpose()
    }

    /// A column of one of a set of codes, read by the set's own parser.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the parser does not know the code.
    pub fn code<T>(&self, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        let code: String = self.get(column)?;
        parse(&code).ok_or_else(|| StoreError::Corrupt(format!("{column}: unknown code")))
    }

    /// As [`Row::code`], of a column that may be null.
    pub fn code_or_null<T>(
        &self,
        column: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        match self.get::<Option<String>>(column)? {
            Some(code) => parse(&code).map(Some).ok_or_else(|| StoreError::Corrupt(format!("{column}: unknown code"))),
            None => Ok(None),
        }
    }

    /// An id, typed.
    pub fn id<T: From<Uuid>>(&self, column: &str) -> Result<T, StoreError> {
        self.get::<Uuid>(column).map(T::from)
    }

    /// As [`Row::id`], of a column that may be null.
    pub fn id_or_null<T: From<Uuid>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        Ok(self.get::<Option<Uuid>>(column)?.map(T::from))
    }
}

/// PostgreSQL alone refuses to read its 32-bit integers as wider ones.
fn narrow(row: &PgRow, column: &str) -> bool {
    column.index(row).is_ok_and(|index| row.columns()[index].type_info().name() == "INT4")
}

fn unreadable(column: &str, error: &impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("{column}: {error}"))
}

/// serde's own message would quote what it found, and that may be somebody's data.
fn unexpected(column: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt(format!("{column}: unexpected JSON at line {}, column {}", error.line(), error.column()))
}

pub(super) fn sqlite(rows: Vec<SqliteRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Sqlite).collect()
}

pub(super) fn postgres(rows: Vec<PgRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Postgres).collect()
}

pub(super) fn mariadb(rows: Vec<MySqlRow>) -> Vec<Row> {
    rows.into_iter().map(Row::MariaDb).collect()
}
