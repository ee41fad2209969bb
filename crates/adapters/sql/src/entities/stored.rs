//! An entity's row, on its way back.

use crate::engine::Row;
use musubi_kernel::error::StoreError;
use musubi_kernel::secret::{Cipher, Place, Secret};
use std::ops::Deref;
use uuid::Uuid;

/// A row of an entity's table: a [`Row`] that also opens sealed columns.
pub struct Stored<'a> {
    row: &'a Row,
    table: &'static str,
    id: Uuid,
    cipher: &'a dyn Cipher,
}

impl<'a> Stored<'a> {
    /// Of a row that has its column `id`.
    pub fn of(row: &'a Row, table: &'static str, cipher: &'a dyn Cipher) -> Result<Self, StoreError> {
        Ok(Self { row, table, id: row.get("id")?, cipher })
    }

    /// The entity's id.
    pub fn entity_id<T: From<Uuid>>(&self) -> T {
        self.id.into()
    }

    /// The entity's version.
    pub fn version(&self) -> Result<i64, StoreError> {
        self.row.get("version")
    }

    /// What a sealed column holds, when it holds something.
    pub fn sealed(&self, column: &str) -> Result<Option<Secret>, StoreError> {
        opened(self.cipher, Place { table: self.table, column, row: self.id }, self.row.get(column)?)
    }
}

/// What was sealed for this place.
pub(super) fn opened(
    cipher: &dyn Cipher,
    place: Place<'_>,
    sealed: Option<Vec<u8>>,
) -> Result<Option<Secret>, StoreError> {
    let Some(sealed) = sealed else { return Ok(None) };
    let opened = cipher.open(place, &sealed)?;
    match std::str::from_utf8(&opened) {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(_) => Err(StoreError::Corrupt(format!("{}: not text", place.column))),
    }
}

impl Deref for Stored<'_> {
    type Target = Row;

    fn deref(&self) -> &Row {
        self.row
    }
}
