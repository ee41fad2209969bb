//! How staff, invitations and workplaces look from outside.

use chrono::{DateTime, Utc};
use musubi_identity::staff::invitation::Invitation;
use musubi_identity::staff::ports::{Member, Workplace};
use musubi_identity::staff_account::StaffAccount;
use musubi_kernel::access::{Override, Permission, Role};
use musubi_kernel::id::{OneTimeTokenId, ResourceId, StaffAccountId, StoreId, TenantId, UserId};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Somebody who works at a store, or has worked there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StaffMember)]
pub(super) struct MemberView {
    /// Id.
    id: StaffAccountId,
    /// Who.
    user_id: UserId,
    /// The store.
    store_id: StoreId,
    /// What to call them; empty: they have deleted their account.
    display_name: String,
    /// As what they work there.
    role: Role,
    /// What they may do beside their role, or not in spite of it.
    permissions: Override,
    /// What they may do, all in all, while they work there.
    held: BTreeSet<Permission>,
    /// The resource that they are, if customers can book them.
    #[schema(required)]
    resource_id: Option<ResourceId>,
    /// Whether they work there now.
    is_active: bool,
    /// How often it was written.
    version: i64,
    /// When they came.
    created_at: DateTime<Utc>,
    /// When this was last changed.
    updated_at: DateTime<Utc>,
}

impl From<Member> for MemberView {
    fn from(Member { account, display_name }: Member) -> Self {
        let held = account.details.held();
        let StaffAccount { id, user_id, store_id, details, version, created_at, updated_at, .. } = account;
        Self {
            id,
            user_id,
            store_id,
            display_name,
            role: details.role,
            permissions: details.permissions,
            held,
            resource_id: details.resource_id,
            is_active: details.is_active,
            version,
            created_at,
            updated_at,
        }
    }
}

/// An invitation that can be accepted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(super) struct InvitationView {
    /// Id.
    id: OneTimeTokenId,
    /// The store.
    store_id: StoreId,
    /// To whom it was sent: nobody else can accept it.
    #[schema(example = "hanako@example.jp")]
    email: String,
    /// As what they are to work there.
    role: Role,
    /// What they may do beside their role, or not in spite of it.
    permissions: Override,
    /// The resource that they are, if customers can book them.
    #[schema(required)]
    resource_id: Option<ResourceId>,
    /// When it was sent.
    created_at: DateTime<Utc>,
    /// When it ends.
    expires_at: DateTime<Utc>,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            store_id: invitation.store,
            email: invitation.email.as_str().to_owned(),
            role: invitation.details.role,
            permissions: invitation.details.permissions,
            resource_id: invitation.details.resource_id,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}

/// A store where the person works.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Workplace)]
pub(super) struct WorkplaceView {
    /// What they are there.
    staff_id: StaffAccountId,
    /// Whose store.
    tenant_id: TenantId,
    /// The store.
    store_id: StoreId,
    /// Name of the store.
    store_name: String,
    /// As what they work there.
    role: Role,
    /// What they may do there.
    permissions: BTreeSet<Permission>,
    /// The resource that they are, if customers can book them.
    #[schema(required)]
    resource_id: Option<ResourceId>,
}

impl From<Workplace> for WorkplaceView {
    fn from(Workplace { account, store_name }: Workplace) -> Self {
        Self {
            staff_id: account.id,
            tenant_id: account.tenant_id,
            store_id: account.store_id,
            store_name,
            role: account.details.role,
            permissions: account.details.held(),
            resource_id: account.details.resource_id,
        }
    }
}
