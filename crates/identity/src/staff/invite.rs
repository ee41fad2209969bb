//! Inviting people to work at a store.

use super::error::{StaffError, refused};
use super::invitation::{Invitation, MOST_OPEN, NewInvitation, role_in_words};
use super::ports::StaffUnit;
use super::scope::StaffScope;
use super::sender::Sender;
use super::{INVITATION, Staff, decider, rules, unreadable};
use crate::message::{Invited, Message, MessageKind};
use crate::one_time_token::{OneTimeToken, TokenKind};
use crate::token::{self, ONE_TIME_PREFIX};
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::error::{EntityError, Invalid, StoreError};
use musubi_kernel::id::{OneTimeTokenId, ResourceId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::retry::retrying;

pub(super) fn unknown_resource() -> Invalid {
    Invalid::one("/resource_id", "unknown_resource", "must be a resource of this store")
}

impl Staff {
    /// Sends an invitation to an address. One that was sent there before is void from now on; who may not revoke that one
    /// may not replace it either. The answer is the same whether or not the address is somebody's here, and whether or not
    /// they work at the store already. So many are sent [and no more](crate::throttle).
    pub async fn invite(
        &self,
        caller: &Caller,
        scope: &StoreScope,
        new: &NewInvitation,
    ) -> Result<Invitation, StaffError> {
        let now = self.clock.now();
        let counted = self.count_invitation(scope.store(), &new.email, now).await?;
        let sent = self.send(caller, scope, new, now).await;
        if sent.is_err() {
            self.uncount_invitation(&counted, now).await;
        }
        sent
    }

    async fn send(
        &self,
        caller: &Caller,
        scope: &StoreScope,
        new: &NewInvitation,
        now: DateTime<Utc>,
    ) -> Result<Invitation, StaffError> {
        let (invitation, message) = retrying(&*self.pause, || async {
            let mut unit = self.store.begin(&scope.into()).await?;
            let (actor, details) = (decider(&mut *unit, &caller.actor).await?, new.details());
            rules::check(&actor, &details)?;
            if !has_resource(&mut *unit, details.resource_id).await? {
                return Err(unknown_resource().into());
            }
            for before in unit.invitations_to(&new.email, now).await? {
                rules::may_void(&actor, &read(&before)?)?;
            }
            unit.void_invitations(&new.email, now).await?;
            if unit.open_invitations(now).await? >= MOST_OPEN {
                return Err(refused("too_many_invitations", "too many invitations are open: revoke some").into());
            }
            let (shown, digest) = token::new(ONE_TIME_PREFIX, &*self.ids);
            let kind = TokenKind::Invitation;
            let invitation = Invitation {
                id: OneTimeTokenId::new(&*self.ids, now),
                tenant: scope.tenant(),
                store: scope.store(),
                details,
                email: new.email.clone(),
                sender: Sender::of(&caller.actor),
                created_at: now,
                expires_at: now + kind.lifetime(&self.lifetimes),
            };
            let token = OneTimeToken {
                id: invitation.id,
                kind,
                digest,
                user: None,
                payload: Some(invitation.payload()),
                created_at: now,
                expires_at: invitation.expires_at,
                used_at: None,
            };
            unit.add_invitation(&token, &new.email).await?;
            let invited =
                Invited { store: unit.store_name().await?, role: role_in_words(new.role, new.locale).to_owned() };
            unit.note(&self.of_invitation("staff_invitation.sent", caller, &invitation, now));
            unit.commit().await?;
            let message = Message {
                to: new.email.clone(),
                locale: new.locale,
                kind: MessageKind::Invitation,
                token: Some(shown),
                invited: Some(invited),
            };
            Ok::<_, StaffError>((invitation, message))
        })
        .await?;
        self.courier.post(message).await?;
        Ok(invitation)
    }

    /// A page of the store's invitations that can be accepted, the oldest first.
    pub async fn invitations(&self, scope: &StoreScope, page: &PageRequest) -> Result<Page<Invitation>, StaffError> {
        let Page { items, next } = self.store.invitations(&scope.into(), self.clock.now(), page).await?;
        Ok(Page { items: items.iter().map(read).collect::<Result<_, _>>()?, next })
    }

    /// Revokes an invitation that can be accepted. Who may not give what it gives may not take it back either.
    pub async fn revoke_invitation(
        &self,
        caller: &Caller,
        scope: &StoreScope,
        id: OneTimeTokenId,
    ) -> Result<(), StaffError> {
        let now = self.clock.now();
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin(&StaffScope::from(scope)).await?;
            let actor = decider(&mut *unit, &caller.actor).await?;
            let token = unit.invitation(id, now).await?.ok_or(EntityError::NotFound(INVITATION))?;
            let invitation = read(&token)?;
            rules::may_void(&actor, &invitation)?;
            unit.use_invitation(id, now).await?;
            unit.note(&self.of_invitation("staff_invitation.revoked", caller, &invitation, now));
            unit.commit().await?;
            Ok(())
        })
        .await
    }
}

fn read(token: &OneTimeToken) -> Result<Invitation, StoreError> {
    Invitation::read(token).ok_or_else(unreadable)
}

/// Whether the store has this resource, if one is named.
pub(super) async fn has_resource(unit: &mut dyn StaffUnit, resource: Option<ResourceId>) -> Result<bool, StoreError> {
    match resource {
        Some(resource) => unit.has_resource(resource).await,
        None => Ok(true),
    }
}
