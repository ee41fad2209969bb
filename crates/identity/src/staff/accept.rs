//! How who is invited becomes staff.

use super::error::{StaffError, refused};
use super::invitation::Invitation;
use super::scope::StaffScope;
use super::sender::could_send;
use super::{Staff, unreadable};
use crate::one_time_token::{OneTimeToken, TokenKind};
use crate::staff_account::StaffAccount;
use crate::token::{self, ONE_TIME_PREFIX};
use crate::user::User;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, PersonScope};
use musubi_kernel::error::EntityError;
use musubi_kernel::id::StaffAccountId;
use musubi_kernel::retry::retrying;

impl Staff {
    /// The person is staff from now on, as an invitation says that was sent to their address. Who has worked there before
    /// gets their account back, as it is decided now. An invitation whose sender could no longer send it is good for nothing.
    pub async fn accept(&self, caller: &Caller, scope: &PersonScope, token: &str) -> Result<StaffAccount, StaffError> {
        let shown = token::shown(ONE_TIME_PREFIX, token).ok_or_else(spent)?;
        let now = self.clock.now();
        retrying(&*self.pause, || async {
            let found = self.store.token(&shown).await?;
            let invitation = live(found, now)?;
            let mut unit = self.store.begin(&StaffScope::of_invited(&invitation)).await?;
            live(unit.token(&shown).await?, now)?;
            let person = unit.lock_person(scope.user()).await?.filter(User::is_active);
            let person = person.ok_or(EntityError::NotFound("user"))?;
            if person.verified_email() != Some(&invitation.email) {
                let detail =
                    "this invitation was sent to another address than the one that you have proven to be yours";
                return Err(refused("invitation_for_another_address", detail).into());
            }
            if !could_send(&mut *unit, &invitation, scope, now).await? {
                return Err(spent().into());
            }
            let before = unit.account_of(person.id).await?;
            if before.as_ref().is_some_and(|account| account.details.is_active) {
                return Err(refused("already_staff", "you work at this store already").into());
            }
            unit.use_invitation(invitation.id, now).await?;
            let after = if let Some(before) = &before {
                let again = before.revise(invitation.details.clone(), now);
                unit.save(&again).await?;
                again
            } else {
                let account = StaffAccount {
                    id: StaffAccountId::new(&*self.ids, now),
                    user_id: person.id,
                    tenant_id: invitation.tenant,
                    store_id: invitation.store,
                    details: invitation.details.clone(),
                    version: 1,
                    created_at: now,
                    updated_at: now,
                };
                unit.add(&account).await?;
                account
            };
            unit.note(&self.of_invitation("staff_invitation.accepted", caller, &invitation, now));
            let kind = if before.is_some() { "staff_account.enabled" } else { "staff_account.created" };
            unit.note(&after.changed(&*self.ids, kind, caller, before.as_ref(), now));
            unit.note_of_person(person.id, &self.of_newcomer(caller, &after, now));
            unit.commit().await?;
            Ok(after)
        })
        .await
    }
}

fn spent() -> EntityError {
    refused("token_spent", "this invitation is not good any more: ask for a new one")
}

fn live(token: Option<OneTimeToken>, now: DateTime<Utc>) -> Result<Invitation, EntityError> {
    let token = token.filter(|token| token.is_live(TokenKind::Invitation, now)).ok_or_else(spent)?;
    Ok(Invitation::read(&token).ok_or_else(unreadable)?)
}
