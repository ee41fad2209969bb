//! Two entities in one row.

use super::stored::{Stored, opened};
use crate::engine::{Column, Row};
use musubi_kernel::error::StoreError;
use musubi_kernel::secret::{Cipher, Place, Secret};
use uuid::Uuid;

/// The name of a column of the second entity.
pub(crate) fn joined(column: &str) -> String {
    format!("joined_{column}")
}

/// The second entity of a row, whose columns have the names that [`joined`] gives them.
pub(crate) struct Joined<'a> {
    row: &'a Row,
    table: &'static str,
    id: Uuid,
    cipher: &'a dyn Cipher,
}

impl<'a> Joined<'a> {
    /// `None`: the row has a first one alone.
    pub(crate) fn of(row: &'a Row, table: &'static str, cipher: &'a dyn Cipher) -> Result<Option<Self>, StoreError> {
        let id: Option<Uuid> = row.get(&joined("id"))?;
        Ok(id.map(|id| Self { row, table, id, cipher }))
    }
}

/// What is read of an entity, whether it has its row alone or is the second one in it.
pub(crate) trait Columns {
    /// The entity's id.
    fn entity_id<T: From<Uuid>>(&self) -> T;
    /// As [`Row::get`].
    fn get<T: Column>(&self, column: &str) -> Result<T, StoreError>;
    /// As [`Stored::sealed`].
    fn sealed(&self, column: &str) -> Result<Option<Secret>, StoreError>;

    /// As [`Row::code`].
    fn code<T>(&self, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        let code: String = self.get(column)?;
        parse(&code).ok_or_else(|| StoreError::Corrupt(format!("{column}: unknown code")))
    }
}

impl Columns for Stored<'_> {
    fn entity_id<T: From<Uuid>>(&self) -> T {
        Stored::entity_id(self)
    }

    fn get<T: Column>(&self, column: &str) -> Result<T, StoreError> {
        Row::get(self, column)
    }

    fn sealed(&self, column: &str) -> Result<Option<Secret>, StoreError> {
        Stored::sealed(self, column)
    }
}

impl Columns for Joined<'_> {
    fn entity_id<T: From<Uuid>>(&self) -> T {
        self.id.into()
    }

    fn get<T: Column>(&self, column: &str) -> Result<T, StoreError> {
        self.row.get(&joined(column))
    }

    fn sealed(&self, column: &str) -> Result<Option<Secret>, StoreError> {
        opened(self.cipher, Place { table: self.table, column, row: self.id }, self.get(column)?)
    }
}
