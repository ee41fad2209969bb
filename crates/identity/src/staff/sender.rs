//! Who sent an invitation, and whether they could still send it.

use super::invitation::Invitation;
use super::ports::StaffUnit;
use super::rules;
use crate::user::User;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Actor, Permission, PersonScope, StoreRef};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{ApiKeyId, UserId};
use serde::{Deserialize, Serialize};

/// Who sent an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// Somebody on the store's staff.
    Staff(UserId),
    /// An admin of the platform.
    Admin(UserId),
    /// Who showed this key: a tenant's, a store's or the operator's.
    Key(ApiKeyId),
    /// The system itself.
    System,
}

impl Sender {
    /// Who acts as this; `None`: nobody who sends invitations.
    pub(super) const fn of(actor: &Actor) -> Option<Self> {
        match actor {
            Actor::Staff { user, .. } => Some(Self::Staff(*user)),
            Actor::Admin { user, .. } => Some(Self::Admin(*user)),
            Actor::Key { key, .. } | Actor::Operator { key } => Some(Self::Key(*key)),
            Actor::System => Some(Self::System),
            Actor::Person { .. } | Actor::Public => None,
        }
    }
}

/// Whether an invitation is good as far as its sender goes: as they are now, they could send it. So whoever falls takes what
/// they sent with them: who is locked, let go, demoted or dismissed, and who shows a key that was revoked or has ended.
pub(super) async fn could_send(
    unit: &mut dyn StaffUnit,
    invitation: &Invitation,
    by: &PersonScope,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let Some(actor) = acting(unit, invitation.sender, by, now).await? else { return Ok(false) };
    let at = StoreRef { store: invitation.store, tenant: invitation.tenant, open_to_public: false };
    Ok(actor.on_store(&at, Permission::StaffWrite).is_ok() && rules::check(&actor, &invitation.details).is_ok())
}

/// As whom the sender would act now, had they the session by which the invitation is accepted; `None`: as nobody.
async fn acting(
    unit: &mut dyn StaffUnit,
    sender: Option<Sender>,
    by: &PersonScope,
    now: DateTime<Utc>,
) -> Result<Option<Actor>, StoreError> {
    let session = by.session();
    Ok(match sender {
        Some(Sender::System) => Some(Actor::System),
        Some(Sender::Key(key)) => unit.key(key).await?.filter(|key| key.is_live(now)).map(|key| key.actor()),
        Some(Sender::Staff(user)) if can_sign_in(unit, user).await? => {
            let post = unit.account_of(user).await?.and_then(|account| account.post());
            post.map(|post| Actor::Staff { user, session, post })
        }
        Some(Sender::Admin(user)) if can_sign_in(unit, user).await? => {
            let admin = unit.admin_of(user).await?.filter(|admin| admin.is_active);
            admin.map(|admin| Actor::Admin { admin: admin.id, user, session, role: admin.role })
        }
        None | Some(Sender::Staff(_) | Sender::Admin(_)) => None,
    })
}

async fn can_sign_in(unit: &mut dyn StaffUnit, user: UserId) -> Result<bool, StoreError> {
    Ok(unit.person(user).await?.is_some_and(|person| User::is_active(&person)))
}
