//! An entity's fields, on their way into a row.

use musubi_kernel::secret::{Cipher, Place};
use sea_query::Value;
use serde::Serialize;
use uuid::Uuid;

/// Gathers the values of a row.
pub struct Fields<'a> {
    table: &'static str,
    row: Uuid,
    cipher: &'a dyn Cipher,
    values: Vec<(&'static str, Value)>,
}

impl<'a> Fields<'a> {
    /// Fields of the row with this id.
    pub fn new(table: &'static str, row: Uuid, cipher: &'a dyn Cipher) -> Self {
        Self { table, row, cipher, values: Vec::new() }
    }

    /// A plain value; null for `None`.
    pub fn set(&mut self, column: &'static str, value: impl Into<Value>) {
        self.values.push((column, value.into()));
    }

    /// A `{json}` column.
    pub fn json<T: Serialize + ?Sized>(&mut self, column: &'static str, value: &T) {
        self.set(column, json(value));
    }

    /// A `{json}` column that may be null.
    pub fn json_or_null<T: Serialize>(&mut self, column: &'static str, value: Option<&T>) {
        self.set(column, value.map(json));
    }

    /// A sealed `{bytes}` column. Only whoever has the key can read it, and only in this row and column.
    pub fn sealed(&mut self, column: &'static str, value: Option<&str>) {
        let place = Place { table: self.table, column, row: self.row };
        self.set(column, value.map(|value| self.cipher.seal(place, value.as_bytes())));
    }

    /// The `{bytes:32}` column by which a sealed value is found again. `value` is normalised; `purpose` names the sealed
    /// column, such as `customers.phone`.
    pub fn look_up(&mut self, column: &'static str, purpose: &str, value: Option<&str>) {
        self.set(column, value.map(|value| self.cipher.blind_index(purpose, value).to_vec()));
    }

    /// What was gathered, in order.
    pub fn finish(self) -> Vec<(&'static str, Value)> {
        self.values
    }
}

/// JSON is bound as text: PostgreSQL would otherwise pass it through `jsonb`, which changes it.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("domain values are plain data")
}
