//! How customers are reached: who is shown it, how it is masked for everybody else, and the note of each showing.
//!
//! A caller with `customer.contact` gets a `Showing`, without which an answer is masked. What an answer then shows is
//! told by [`Shown`], and noted by [`ContactReads`] before the answer is sent.

pub(crate) mod mask;
mod reads;

pub use reads::ContactReads;

use musubi_kernel::access::{Caller, Permission, StoreScope};
use musubi_kernel::id::{CustomerId, StoreId, TenantId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Leave to show a caller how a store's customers are reached.
#[derive(Debug, Clone)]
pub(crate) struct Showing {
    tenant: TenantId,
    store: StoreId,
    operation: &'static str,
}

impl Showing {
    /// In the answer of this operation of the document; `None`: it must be masked.
    pub(crate) fn of(caller: &Caller, scope: &StoreScope, operation: &'static str) -> Option<Self> {
        let may = caller.actor.holds(Permission::CustomerContact);
        may.then(|| Self { tenant: scope.tenant(), store: scope.store(), operation })
    }

    /// That these customers are shown; `None`: none are.
    pub(crate) fn to(&self, customers: impl IntoIterator<Item = CustomerId>) -> Option<Shown> {
        let Self { tenant, store, operation } = *self;
        let customers: BTreeSet<_> = customers.into_iter().collect();
        (!customers.is_empty()).then(|| Shown { tenant, store, operation: operation.into(), customers })
    }
}

/// Of which customers an answer shows how they are reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    tenant: TenantId,
    store: StoreId,
    operation: Cow<'static, str>,
    customers: BTreeSet<CustomerId>,
}
