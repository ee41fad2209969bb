//! Changing a password, and setting a new one by a link.

use super::error::PeopleError;
use super::letters::{Mail, Purpose};
use super::ports::{PeopleUnit, Which, usable};
use super::tries;
use super::{People, ended, live_token, one_time_shown, unreadable};
use crate::message::MessageKind;
use crate::one_time_token::{Reset, TokenKind};
use crate::password_hash::PasswordHash;
use crate::password_hasher::{HashingError, Verdict};
use crate::session::EndReason;
use crate::sign_in_account::SignInAccount;
use crate::throttle::HOUR;
use crate::user::User;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, PersonScope};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::{Invalid, StoreError};
use musubi_kernel::id::UserId;
use musubi_kernel::retry::retrying;
use musubi_kernel::secret::Secret;
use serde_json::json;
use uuid::Uuid;

/// How often a password is compared with hashes that change under the comparison, as other sign-ins hash it anew.
pub(super) const COMPARISONS: u32 = 3;

/// What came of an attempt to change a password, under the lock of the person.
enum Changed {
    Done(User),
    /// The present password is wrong, which is written.
    Wrong,
    /// The present hash has been changed since it was compared.
    Outdated,
}

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
    /// Whether a password is right, and what to keep of it from now on.
    pub(super) async fn compare(
        &self,
        entered: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<Compared, HashingError> {
        Ok(match self.check(entered, hash).await? {
            Verdict::Wrong => Compared::Wrong,
            Verdict::Right => Compared::Right { renewed: None },
            Verdict::RightButOutdated => Compared::Right { renewed: Some(self.passwords.hash(entered).await?) },
        })
    }

    /// Whether a password is right, where nothing is kept of it.
    pub(super) async fn is_right(&self, entered: &Secret, hash: Option<&PasswordHash>) -> Result<bool, HashingError> {
        Ok(self.check(entered, hash).await? != Verdict::Wrong)
    }

    /// Without a hash every password is wrong, and that takes as long to tell as with one: the time must not tell who has
    /// an account.
    async fn check(&self, entered: &Secret, hash: Option<&PasswordHash>) -> Result<Verdict, HashingError> {
        let Some(hash) = hash else {
            self.passwords.verify_nobody(entered).await?;
            return Ok(Verdict::Wrong);
        };
        match self.passwords.verify(entered, hash).await {
            // Such as `*`, by which other systems say that nobody signs in.
            Err(HashingError::UnknownHash) => {
                self.passwords.verify_nobody(entered).await?;
                Ok(Verdict::Wrong)
            }
            checked => checked,
        }
    }

    /// An account whose hash was changed under a comparison, as far as somebody can sign in with it now.
    pub(super) async fn as_it_is_now(
        &self,
        account: Option<SignInAccount>,
    ) -> Result<Option<SignInAccount>, StoreError> {
        let Some(before) = account else { return Ok(None) };
        let accounts = self.store.accounts(before.user).await?;
        Ok(accounts.into_iter().find(|account| account.id == before.id && account.is_usable()))
    }

    /// Whether a person may have this password.
    fn check_new(&self, new: &Secret, person: &User) -> Result<(), Invalid> {
        let email = person.email.as_ref().map_or("", EmailAddress::as_str);
        self.settings.password_rules.check("/new_password", new, &[email, &person.display_name])
    }

    /// Another password for a person who knows the present one, and who, with a second factor, has proven it recently. All
    /// of their other sessions end, and links that were sent before are void. Says of `/new_password` what is wrong with it.
    pub async fn change_password(
        &self,
        caller: &Caller,
        scope: &PersonScope,
        present: &Secret,
        new: &Secret,
    ) -> Result<(), PeopleError> {
        let now = self.clock.now();
        let person = self.store.user(scope.user()).await?.ok_or(PeopleError::NotFound("user"))?;
        self.check_new(new, &person)?;
        let accounts = self.store.accounts(scope.user()).await?;
        let account = accounts.into_iter().find(|account| account.provider.is_local() && account.is_usable());
        let account = account.ok_or(PeopleError::Refused {
            code: "no_password",
            detail: "this person signs in by a provider and has no password",
        })?;
        // Told before anything is counted or compared, and held to again under the lock.
        let mut unit = self.store.begin().await?;
        self.require_recent_second(&mut *unit, scope, now).await?;
        drop(unit);
        self.count_try(person.id, now).await?;
        let changed = match self.try_to_change(caller, scope, account, present, new, now).await {
            Ok(changed) => changed,
            Err(error) => {
                // Nobody learned whether it was right.
                self.forget_tries([tries::key(person.id)], now).await;
                return Err(error);
            }
        };
        let wrong = PeopleError::Refused { code: "wrong_password", detail: "the present password is wrong" };
        let changed = changed.ok_or(wrong)?;
        self.forgive_try(changed.id, now).await;
        self.tell(&changed, MessageKind::PasswordChanged, None).await;
        Ok(())
    }

    /// `None`: the present password is wrong, which is written.
    async fn try_to_change(
        &self,
        caller: &Caller,
        scope: &PersonScope,
        account: SignInAccount,
        present: &Secret,
        new: &Secret,
        now: DateTime<Utc>,
    ) -> Result<Option<User>, PeopleError> {
        let mut account = Some(account);
        for _ in 0..COMPARISONS {
            let hashed = match &account {
                Some(account) => self.hash_if_known(present, account, new).await?,
                None => None,
            };
            let changed = retrying(&*self.pause, || async {
                let mut unit = self.store.begin().await?;
                let user = unit.lock(scope.user()).await?.filter(User::is_active);
                let user = user.ok_or(PeopleError::NotFound("user"))?;
                self.require_recent_second(&mut *unit, scope, now).await?;
                let kept = match &account {
                    Some(account) => usable(&mut *unit, user.id, account.id).await?,
                    None => None,
                };
                let (Some(before), Some(kept), Some(hashed)) = (&account, kept, &hashed) else {
                    let record = self.about("user.password_change_failed", caller, Some(user.id), json!({}), now);
                    unit.note(Some(user.id), &record);
                    unit.commit().await?;
                    return Ok::<_, PeopleError>(Changed::Wrong);
                };
                if kept.password_hash != before.password_hash {
                    return Ok(Changed::Outdated);
                }
                let which = Which::AllBut(scope.session());
                self.set_password(&mut *unit, caller, &user, kept, hashed, which, now).await?;
                unit.commit().await?;
                Ok(Changed::Done(user))
            })
            .await?;
            match changed {
                Changed::Done(user) => return Ok(Some(user)),
                Changed::Wrong => return Ok(None),
                Changed::Outdated => account = self.as_it_is_now(account).await?,
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// The hash of a new password, if the present one is right.
    async fn hash_if_known(
        &self,
        present: &Secret,
        account: &SignInAccount,
        new: &Secret,
    ) -> Result<Option<PasswordHash>, HashingError> {
        if self.is_right(present, account.password_hash.as_ref()).await? {
            return self.passwords.hash(new).await.map(Some);
        }
        Ok(None)
    }

    /// Sends a link by which a new password can be set, if the address is that of somebody who has one and may sign in. The
    /// answer is the same if not, and when the mail is [withheld](crate::throttle): then the links that were sent within the
    /// hour are good again, for as long as a new one would be. So nobody keeps others from theirs by asking in their stead.
    pub async fn ask_reset(&self, caller: &Caller, email: &EmailAddress) -> Result<(), PeopleError> {
        let now = self.clock.now();
        let mail = self.count_mail(caller, Purpose::Reset, email, now).await?;
        let seen = self.store.see(email).await?;
        let person = seen.as_ref().map(|seen| seen.user.id);
        let local = seen.and_then(|seen| seen.local).map(|account| account.id);
        let (open, shown) = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            // Under the lock, as a link to an address that was given up would outlive the change that voids it. Asked for nobody
            // too.
            let user = unit.lock(person.unwrap_or(UserId(Uuid::nil()))).await?;
            let user = user.filter(|user| user.is_active() && user.email.as_ref() == Some(email));
            let accounts = unit.accounts(person.unwrap_or(UserId(Uuid::nil()))).await?;
            let account = accounts.into_iter().find(|account| Some(account.id) == local && account.is_usable());
            let until = now + TokenKind::PasswordReset.lifetime(&self.settings.lifetimes);
            let again = match mail {
                Mail::Sent => 0,
                Mail::Withheld => {
                    let of = person.unwrap_or(UserId(Uuid::nil()));
                    unit.prolong_tokens(of, TokenKind::PasswordReset, now - HOUR, until).await?
                }
            };
            // Without a link of the hour, as the owner has used them up, they get one.
            let open = user.zip(account).filter(|_| again == 0);
            let (token, shown) = match &open {
                Some((user, account)) => {
                    let payload = Reset { account: account.id }.payload();
                    let (token, shown) = self.one_time(TokenKind::PasswordReset, Some(user.id), payload, now);
                    (token, Some(shown))
                }
                None => (self.decoy(TokenKind::PasswordReset, now), None),
            };
            unit.add_token(&token).await?;
            let sent = json!({ "sent": shown.is_some(), "good_again": again });
            let record = self.about("user.password_reset_asked", caller, person, sent, now);
            self.note_at_address(&mut *unit, email.as_str(), person, &record);
            unit.commit().await?;
            Ok::<_, StoreError>((open, shown))
        })
        .await?;
        if let Some((user, _)) = open {
            self.tell(&user, MessageKind::PasswordReset, shown).await;
        }
        Ok(())
    }

    /// Sets a new password by the link that [`People::ask_reset`] sent. All sessions end, and nobody is signed in by it: a
    /// second factor is asked for at the next sign-in as before, and is not mailed until another one was proven. Says of
    /// `/new_password` what is wrong with it.
    pub async fn reset_password(&self, caller: &Caller, token: &str, new: &Secret) -> Result<(), PeopleError> {
        let shown = one_time_shown(token)?;
        let now = self.clock.now();
        let mut unit = self.store.begin().await?;
        let (live, _) = live_token(&mut *unit, TokenKind::PasswordReset, &shown, now).await?;
        let owner = live.user.ok_or_else(|| unreadable(&live))?;
        let person = unit.user(owner).await?.ok_or(PeopleError::SpentToken)?;
        drop(unit);
        self.check_new(new, &person)?;
        let new = self.passwords.hash(new).await?;
        let user = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let (token, payload) = live_token(&mut *unit, TokenKind::PasswordReset, &shown, now).await?;
            let reset = Reset::read(&payload).ok_or_else(|| unreadable(&token))?;
            let owner = token.user.ok_or_else(|| unreadable(&token))?;
            let user = unit.lock(owner).await?.filter(User::is_active).ok_or(PeopleError::SpentToken)?;
            unit.use_token(token.id, now).await?;
            let account = usable(&mut *unit, user.id, reset.account).await?.ok_or(PeopleError::SpentToken)?;
            self.set_password(&mut *unit, caller, &user, account, &new, Which::All, now).await?;
            self.note_reset(&mut *unit, &user, now).await?;
            unit.commit().await?;
            Ok::<_, PeopleError>(user)
        })
        .await?;
        self.tell(&user, MessageKind::PasswordChanged, None).await;
        Ok(())
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
