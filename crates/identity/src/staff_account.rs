//! Staff accounts: what people are at the stores where they work.

use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, Override, Permission, Post, Role};
use musubi_kernel::id::{IdGen, ResourceId, StaffAccountId, StoreId, TenantId, UserId};
use musubi_kernel::record::{Change, Record};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What records call it.
pub(crate) const ACCOUNT: &str = "staff_account";

/// What is decided about somebody who works at a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StaffDetails {
    /// As what they work there.
    pub role: Role,
    /// What they may do beside their role, or not in spite of it.
    #[serde(default)]
    pub permissions: Override,
    /// The resource of the store that they are, if customers can book them.
    #[serde(default)]
    pub resource_id: Option<ResourceId>,
    /// Whether they work there now.
    #[serde(default = "yes")]
    pub is_active: bool,
}

const fn yes() -> bool {
    true
}

impl StaffDetails {
    /// What they may do at the store, if they work there now.
    pub fn held(&self) -> BTreeSet<Permission> {
        self.role.with(&self.permissions)
    }

    /// Whether they answer for the store.
    pub fn is_active_owner(&self) -> bool {
        self.is_active && self.role == Role::Owner
    }
}

/// What a person is at a store. A person has one at each store where they work or have worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StaffAccount {
    /// Id.
    pub id: StaffAccountId,
    /// Who.
    pub user_id: UserId,
    /// Whose store.
    pub tenant_id: TenantId,
    /// The store.
    pub store_id: StoreId,
    /// As what.
    #[serde(flatten)]
    pub details: StaffDetails,
    /// How often it was written.
    pub version: i64,
    /// When they came.
    pub created_at: DateTime<Utc>,
    /// When this was last changed.
    pub updated_at: DateTime<Utc>,
}

impl StaffAccount {
    /// The same account, decided about anew.
    #[must_use]
    pub fn revise(&self, details: StaffDetails, now: DateTime<Utc>) -> Self {
        Self { details, version: self.version + 1, updated_at: now, ..self.clone() }
    }

    /// What they are there now; `None`: nothing any more.
    pub fn post(&self) -> Option<Post> {
        self.details.is_active.then(|| Post {
            account: self.id,
            tenant: self.tenant_id,
            store: self.store_id,
            role: self.details.role,
            permissions: self.details.held(),
            resource: self.details.resource_id,
        })
    }

    /// How it stands in events and audit entries.
    pub fn public_record(&self) -> Value {
        json!(self)
    }

    /// The record of what became of it: from `before`, if it was there, to this.
    pub(crate) fn changed(
        &self,
        ids: &dyn IdGen,
        kind: &'static str,
        caller: &Caller,
        before: Option<&Self>,
        at: DateTime<Utc>,
    ) -> Record {
        let change = Change {
            kind: kind.into(),
            subject_kind: ACCOUNT,
            subject: self.id.0,
            tenant: Some(self.tenant_id),
            store: Some(self.store_id),
            caller,
            at,
        };
        Record::of(ids, &change, before.map(Self::public_record).as_ref(), Some(&self.public_record()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use uuid::Uuid;

    pub(crate) fn details(role: Role) -> StaffDetails {
        StaffDetails { role, permissions: Override::default(), resource_id: None, is_active: true }
    }

    fn reception() -> StaffAccount {
        let id = Uuid::from_u128;
        StaffAccount {
            id: id(1).into(),
            user_id: id(2).into(),
            tenant_id: id(3).into(),
            store_id: id(4).into(),
            details: details(Role::Reception),
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_post_is_had_while_somebody_works_there() {
        let account = reception();
        let denied = Override { granted: [Permission::AuditRead].into(), denied: [Permission::CustomerContact].into() };
        let differs =
            account.revise(StaffDetails { permissions: denied, ..account.details.clone() }, DateTime::UNIX_EPOCH);
        let post = differs.post().unwrap();
        assert!(post.permissions.contains(&Permission::AuditRead));
        assert!(!post.permissions.contains(&Permission::CustomerContact));
        assert_eq!((post.account, post.store, differs.version), (account.id, account.store_id, 2));
        let gone = StaffDetails { is_active: false, ..account.details.clone() };
        assert_eq!(account.revise(gone, DateTime::UNIX_EPOCH).post(), None);
    }

    #[test]
    fn what_is_not_said_is_as_usual() {
        let read: StaffDetails = serde_json::from_value(json!({ "role": "reception" })).unwrap();
        assert_eq!(read, details(Role::Reception));
        assert!(serde_json::from_value::<StaffDetails>(json!({})).is_err(), "a role must be said");
    }
}
