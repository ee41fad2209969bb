//! Reading alike inside and outside a transaction.

use super::{Db, Row, Tx};
use musubi_kernel::error::StoreError;
use sea_query_sqlx::SqlxBinder;

/// Where a query runs: on its own, or in a transaction.
#[derive(Debug)]
pub enum Reader<'a> {
    /// On its own.
    Db(&'a Db),
    /// In a transaction.
    Tx(&'a mut Tx),
}

impl Reader<'_> {
    /// The first row of a query.
    pub async fn optional(&mut self, query: &(impl SqlxBinder + Sync)) -> Result<Option<Row>, StoreError> {
        match self {
            Self::Db(db) => db.optional(query).await,
            Self::Tx(tx) => tx.optional(query).await,
        }
    }

    /// Every row of a query.
    pub async fn all(&mut self, query: &(impl SqlxBinder + Sync)) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Db(db) => db.all(query).await,
            Self::Tx(tx) => tx.all(query).await,
        }
    }
}
