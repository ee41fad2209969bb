//! Changing a password, and setting a new one by a link.

use super::error::PeopleError;
use super::ports::{PeopleUnit, Which, usable};
use super::{People, ended, live_token, one_time_shown, unreadable};
use crate::message::MessageKind;
use crate::one_time_token::{Reset, TokenKind};
use crate::password_hash::PasswordHash;
use crate::password_hasher::{HashingError, Verdict};
use crate::session::EndReason;
use crate::sign_in_account::SignInAccount;
use crate::user::User;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, PersonScope};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::retry::retrying;
use musubi_kernel::secret::Secret;
use serde_json::json;

/// What became of a password that somebody entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Compared {
    Wrong,
    Right {
        /// What to keep of it from now on; `None`: what is kept is still good.
        renewed: Option<PasswordHash>,
    },
}

impl People {
    /// Without a hash every password is wrong, and that takes as long to tell as with one: the time must not tell who has
    /// an account.
    pub(super) async fn compare(
        &self,
        entered: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<Compared, HashingError> {
        let Some(hash) = hash else {
            self.passwords.verify_nobody(entered).await?;
            return Ok(Compared::Wrong);
        };
        Ok(match self.passwords.verify(entered, hash).await? {
            Verdict::Wrong => Compared::Wrong,
            Verdict::Right => Compared::Right { renewed: None },
            Verdict::RightButOutdated => Compared::Right { renewed: Some(self.passwords.hash(entered).await?) },
        })
    }

    /// Another password for a person who knows the present one. All of their other sessions end, and links that were sent
    /// before are void.
    pub async fn change_password(
        &self,
        caller: &Caller,
        scope: &PersonScope,
        present: &Secret,
        new: &PasswordHash,
    ) -> Result<(), PeopleError> {
        let now = self.clock.now();
        let accounts = self.store.accounts(scope.user()).await?;
        let account = accounts.into_iter().find(|account| account.provider.is_local() && account.is_usable());
        let account = account.ok_or(PeopleError::Refused {
            code: "no_password",
            detail: "this person signs in by a provider and has no password",
        })?;
        let right = self.compare(present, account.password_hash.as_ref()).await? != Compared::Wrong;
        let changed = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let user = unit.lock(scope.user()).await?.filter(User::is_active);
            let user = user.ok_or(PeopleError::NotFound("user"))?;
            let compared = usable(&mut *unit, user.id, account.id).await?;
            let compared = compared.filter(|now| right && now.password_hash == account.password_hash);
            let Some(compared) = compared else {
                let record = self.about("user.password_change_failed", caller, Some(user.id), json!({}), now);
                unit.note(Some(user.id), &record);
                unit.commit().await?;
                return Ok::<_, PeopleError>(None);
            };
            let kept = Which::AllBut(scope.session());
            self.set_password(&mut *unit, caller, &user, compared, new, kept, now).await?;
            unit.commit().await?;
            Ok(Some(user))
        })
        .await?;
        let wrong = PeopleError::Refused { code: "wrong_password", detail: "the present password is wrong" };
        Ok(self.tell(&changed.ok_or(wrong)?, MessageKind::PasswordChanged, None).await?)
    }

    /// Sends a link by which a new password can be set, if the address is that of somebody who has one and may sign in. The
    /// answer is the same if not.
    pub async fn ask_reset(&self, caller: &Caller, email: &EmailAddress) -> Result<(), PeopleError> {
        let now = self.clock.now();
        let known = self.store.local(email).await?;
        let person = known.as_ref().map(|(user, _)| user.id);
        let open = known.filter(|(user, _)| user.is_active());
        let open = open.and_then(|(user, account)| Some((user, account.filter(SignInAccount::is_usable)?)));
        let shown = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let (token, shown) = match &open {
                Some((user, account)) => {
                    let payload = Reset { account: account.id }.payload();
                    let (token, shown) = self.one_time(TokenKind::PasswordReset, Some(user.id), payload, now);
                    (token, Some(shown))
                }
                None => (self.decoy(TokenKind::PasswordReset, now), None),
            };
            unit.add_token(&token).await?;
            let sent = json!({ "sent": shown.is_some() });
            unit.note(person, &self.about("user.password_reset_asked", caller, person, sent, now));
            unit.commit().await?;
            Ok::<_, StoreError>(shown)
        })
        .await?;
        match open {
            Some((user, _)) => Ok(self.tell(&user, MessageKind::PasswordReset, shown).await?),
            None => Ok(()),
        }
    }

    /// Sets a new password by the link that [`People::ask_reset`] sent. All sessions end, and nobody is signed in by it: a
    /// second factor is asked for at the next sign-in as before.
    pub async fn reset_password(&self, caller: &Caller, token: &str, new: &PasswordHash) -> Result<(), PeopleError> {
        let shown = one_time_shown(token)?;
        let now = self.clock.now();
        let user = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let (token, payload) = live_token(&mut *unit, TokenKind::PasswordReset, &shown, now).await?;
            let reset = Reset::read(&payload).ok_or_else(|| unreadable(&token))?;
            let owner = token.user.ok_or_else(|| unreadable(&token))?;
            let user = unit.lock(owner).await?.filter(User::is_active).ok_or(PeopleError::SpentToken)?;
            unit.use_token(token.id, now).await?;
            let account = usable(&mut *unit, user.id, reset.account).await?.ok_or(PeopleError::SpentToken)?;
            self.set_password(&mut *unit, caller, &user, account, new, Which::All, now).await?;
            unit.commit().await?;
            Ok::<_, PeopleError>(user)
        })
        .await?;
        Ok(self.tell(&user, MessageKind::PasswordChanged, None).await?)
    }

    #[expect(clippy::too_many_arguments, reason = "one step of two use cases")]
    async fn set_password(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        user: &User,
        account: SignInAccount,
        new: &PasswordHash,
        which: Which,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        unit.save_account(&SignInAccount { password_hash: Some(new.clone()), ..account }).await?;
        unit.void_tokens(user.id, now).await?;
        let count = unit.end_sessions(user.id, which, EndReason::PasswordChanged, now).await?;
        unit.note(Some(user.id), &self.about("user.password_changed", caller, Some(user.id), ended(count), now));
        Ok(())
    }
}
