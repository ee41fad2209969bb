//! Whose a key is, and leave to work on keys.

use musubi_kernel::access::{OperatorScope, StoreScope, TenantScope};
use musubi_kernel::id::{StoreId, TenantId};
use serde::Serialize;

/// Whose a key is, and what it can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "Ids")]
pub enum KeyHome {
    /// The operator's: everything.
    Installation,
    /// A tenant's: all of its stores.
    Tenant {
        /// The tenant.
        tenant: TenantId,
    },
    /// A store's: that store alone.
    Store {
        /// The store's tenant.
        tenant: TenantId,
        /// The store.
        store: StoreId,
    },
}

impl KeyHome {
    /// The home with these ids; `None`: a store without a tenant.
    pub const fn from_ids(tenant: Option<TenantId>, store: Option<StoreId>) -> Option<Self> {
        match (tenant, store) {
            (None, None) => Some(Self::Installation),
            (Some(tenant), None) => Some(Self::Tenant { tenant }),
            (Some(tenant), Some(store)) => Some(Self::Store { tenant, store }),
            (None, Some(_)) => None,
        }
    }

    /// The tenant and the store, as far as it has them.
    pub const fn ids(self) -> (Option<TenantId>, Option<StoreId>) {
        match self {
            Self::Installation => (None, None),
            Self::Tenant { tenant } => (Some(tenant), None),
            Self::Store { tenant, store } => (Some(tenant), Some(store)),
        }
    }
}

/// A home as it is shown.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct Ids {
    /// Whose the key is; absent: the operator's.
    tenant_id: Option<TenantId>,
    /// The only store that it can reach; absent: all of the tenant's.
    store_id: Option<StoreId>,
}

impl From<KeyHome> for Ids {
    fn from(home: KeyHome) -> Self {
        let (tenant_id, store_id) = home.ids();
        Self { tenant_id, store_id }
    }
}

/// Leave to work on keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysScope {
    /// On the operator's own.
    Installation(OperatorScope),
    /// On a tenant's and on those of its stores; new ones are the tenant's.
    Tenant(TenantScope),
    /// On one store's.
    Store(StoreScope),
}

impl From<OperatorScope> for KeysScope {
    fn from(scope: OperatorScope) -> Self {
        Self::Installation(scope)
    }
}

impl From<TenantScope> for KeysScope {
    fn from(scope: TenantScope) -> Self {
        Self::Tenant(scope)
    }
}

impl From<StoreScope> for KeysScope {
    fn from(scope: StoreScope) -> Self {
        Self::Store(scope)
    }
}

impl KeysScope {
    /// The home of keys that are made in it.
    pub const fn home(&self) -> KeyHome {
        match self {
            Self::Installation(_) => KeyHome::Installation,
            Self::Tenant(scope) => KeyHome::Tenant { tenant: scope.tenant() },
            Self::Store(scope) => KeyHome::Store { tenant: scope.tenant(), store: scope.store() },
        }
    }

    /// Whether a key of that home is within it.
    pub fn holds(&self, home: KeyHome) -> bool {
        match (self, home) {
            (Self::Tenant(scope), KeyHome::Store { tenant, .. }) => tenant == scope.tenant(),
            _ => self.home() == home,
        }
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use super::{Ids, KeyHome};
    use utoipa::openapi::{RefOr, Schema};
    use utoipa::{PartialSchema, ToSchema};

    impl PartialSchema for KeyHome {
        fn schema() -> RefOr<Schema> {
            Ids::schema()
        }
    }

    impl ToSchema for KeyHome {
        fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            Ids::schemas(schemas);
        }
    }
}
