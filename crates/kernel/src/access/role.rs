//! What people may do where they work.

use super::Permission;
use crate::id::{ResourceId, StaffAccountId, StoreId, TenantId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

crate::codes! {
    /// What somebody is at a store (seed 003: `staff_accounts.role`), the highest first.
    Role {
        /// Answers for the store.
        Owner = "owner",
        /// Runs it from day to day.
        Manager = "manager",
        /// Serves customers; with a linked resource, has bookings of their own.
        Staff = "staff",
        /// Takes bookings.
        Reception = "reception",
    }
}

impl Role {
    /// Who has a permission by their role: the one table of operation against role. The permissions on a tenant as a whole
    /// are for API keys alone, as a role is had at one store.
    pub const fn of(permission: Permission) -> &'static [Self] {
        use Role::{Manager, Owner, Reception, Staff};
        match permission {
            Permission::TenantRead | Permission::TenantWrite | Permission::WebhookManage => &[],
            Permission::CatalogRead | Permission::CustomerRead | Permission::BookingRead => {
                &[Owner, Manager, Staff, Reception]
            }
            Permission::CustomerContact | Permission::CustomerWrite | Permission::BookingWrite => {
                &[Owner, Manager, Reception]
            }
            Permission::CatalogWrite
            | Permission::PromotionSend
            | Permission::StaffRead
            | Permission::StaffWrite
            | Permission::AuditRead => &[Owner, Manager],
            Permission::BookingOwn => &[Owner, Manager, Staff],
            Permission::KeyManage => &[Owner],
        }
    }

    /// What somebody with this role may do.
    pub fn permissions(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| Self::of(*permission).contains(&self))
    }

    /// What somebody with this role may do for whom something differs; what is denied is not had, even if it is granted.
    pub fn with(self, different: &Override) -> BTreeSet<Permission> {
        let Override { granted, denied } = different;
        self.permissions().chain(granted.iter().copied()).filter(|permission| !denied.contains(permission)).collect()
    }
}

/// A permission that one person has beside their role, or has not in spite of it (seed 003:
/// `staff_accounts.permissions`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Had beside the role.
    #[serde(default)]
    pub granted: BTreeSet<Permission>,
    /// Not had in spite of it.
    #[serde(default)]
    pub denied: BTreeSet<Permission>,
}

/// What a person is at a store where they work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The staff account.
    pub account: StaffAccountId,
    /// Whose store.
    pub tenant: TenantId,
    /// The store.
    pub store: StoreId,
    /// As what.
    pub role: Role,
    /// What they may do there: by their role, and what differs for them.
    pub permissions: BTreeSet<Permission>,
    /// The resource that they are, if customers can book them.
    pub resource: Option<ResourceId>,
}

crate::codes! {
    /// What somebody is to the platform (seed 001: `admin_users.role`).
    AdminRole {
        /// May do everything, as the operator.
        Admin = "admin",
        /// Looks after people: sees how they stand, locks and unlocks them.
        Support = "support",
        /// Does the same, and decides about what people have done: bans them.
        Moderator = "moderator",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(permissions: impl IntoIterator<Item = Permission>) -> Vec<&'static str> {
        permissions.into_iter().map(Permission::code).collect()
    }

    #[test]
    fn who_may_what() {
        let all_but_tenants: Vec<_> = Permission::ALL.iter().copied().skip(3).collect();
        assert_eq!(codes(Role::Owner.permissions()), codes(all_but_tenants));
        let (owner, manager): (BTreeSet<_>, BTreeSet<_>) =
            (Role::Owner.permissions().collect(), Role::Manager.permissions().collect());
        assert_eq!(codes(owner.difference(&manager).copied()), ["key.manage"]);
        assert_eq!(codes(Role::Staff.permissions()), ["catalog.read", "customer.read", "booking.read", "booking.own"]);
        assert_eq!(
            codes(Role::Reception.permissions()),
            ["catalog.read", "customer.read", "customer.contact", "customer.write", "booking.read", "booking.write"]
        );
    }

    #[test]
    fn a_person_can_differ_from_their_role() {
        use Permission::{BookingRead, CatalogWrite, CustomerContact, CustomerRead};
        let different = Override {
            granted: [CustomerContact, CatalogWrite].into(),
            denied: [CustomerRead, BookingRead, CatalogWrite].into(),
        };
        let held = Role::Staff.with(&different);
        assert_eq!(codes(held), ["catalog.read", "customer.contact", "booking.own"]);
    }
}
