//! Leave to work on a store's staff.

use super::invitation::Invitation;
use crate::staff_account::StaffAccount;
use musubi_kernel::access::StoreScope;
use musubi_kernel::id::{StoreId, TenantId};

/// Leave to work on a store's staff. Whoever may work on the store has it; who is invited, or works there, has it in this
/// crate alone, for what is their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffScope {
    tenant: TenantId,
    store: StoreId,
}

impl StaffScope {
    pub(super) const fn of_invited(invitation: &Invitation) -> Self {
        Self { tenant: invitation.tenant, store: invitation.store }
    }

    pub(super) const fn of_own(account: &StaffAccount) -> Self {
        Self { tenant: account.tenant_id, store: account.store_id }
    }

    /// Whose store.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The store.
    pub const fn store(&self) -> StoreId {
        self.store
    }
}

impl From<&StoreScope> for StaffScope {
    fn from(scope: &StoreScope) -> Self {
        Self { tenant: scope.tenant(), store: scope.store() }
    }
}
