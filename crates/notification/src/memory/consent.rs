//! Who agrees to hear of offers, in memory.

use super::BookInMemory;
use crate::consent::{ConsentStore, Holder};
use crate::ports::Book as _;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::CustomerId;
use std::sync::Arc;

/// Consents of the customers in a book in memory, at one store.
#[derive(Debug, Clone)]
pub struct ConsentsInMemory {
    book: Arc<BookInMemory>,
    scope: StoreScope,
}

impl ConsentsInMemory {
    /// Those of this store.
    pub const fn new(book: Arc<BookInMemory>, scope: StoreScope) -> Self {
        Self { book, scope }
    }
}

#[async_trait]
impl ConsentStore for ConsentsInMemory {
    async fn holder(&self, customer: CustomerId) -> Result<Option<Holder>, StoreError> {
        let (book, scope) = (&self.book, &self.scope);
        let addressee = book.customer(scope, customer).await?.filter(|addressee| addressee.in_use);
        Ok(book.any_house(scope.store()).zip(addressee).map(|(house, addressee)| Holder {
            scope: scope.clone(),
            store_name: house.name,
            agrees: addressee.agrees_to_offers,
        }))
    }

    async fn withdraw(
        &self,
        scope: &StoreScope,
        customer: CustomerId,
        _: &Caller,
        _: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if let Some(mut addressee) = self.book.customer(scope, customer).await? {
            addressee.agrees_to_offers = false;
            self.book.put_customer(scope.store(), addressee);
        }
        Ok(())
    }
}
