//! How people sign in, stay signed in, and sign out.

use super::error::PeopleError;
use super::password::Compared;
use super::ports::{PeopleUnit, Which, usable};
use super::{People, SignedIn, Tokens, tokens_of};
use crate::message::MessageKind;
use crate::password_hash::PasswordHash;
use crate::rotation::{Verdict, judge, renew};
use crate::session::{EndReason, Fresh, Method};
use crate::sign_in_account::SignInAccount;
use crate::token::{self, ACCESS_PREFIX, RefreshToken};
use crate::user::User;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Actor, Caller, PersonScope};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::UserId;
use musubi_kernel::retry::retrying;
use musubi_kernel::secret::Secret;
use serde_json::json;

/// What came of a refresh token.
enum Refreshed {
    Renewed(Tokens),
    Over,
    /// Whose session was ended, as the token had been replaced.
    Reused(Option<User>),
}

impl People {
    /// Signs a person in by their address and password. To locked and deleted people, to those who have no password and
    /// to nobody the answer is the same as to a wrong password, and takes as long.
    pub async fn sign_in(&self, caller: &Caller, email: &str, password: &Secret) -> Result<SignedIn, PeopleError> {
        let now = self.clock.now();
        let known = match email.parse::<EmailAddress>() {
            Ok(email) => self.store.local(&email).await?,
            Err(_) => None,
        };
        let person = known.as_ref().map(|(user, _)| user.id);
        let account = known
            .filter(|(user, _)| user.is_active())
            .and_then(|(_, account)| account)
            .filter(SignInAccount::is_usable);
        let hash = account.as_ref().and_then(|account| account.password_hash.as_ref());
        let compared = self.compare(password, hash).await?;
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let entered = match (&compared, &account) {
                (Compared::Right { renewed }, Some(account)) => {
                    self.enter(&mut *unit, caller, account, renewed.as_ref(), now).await?
                }
                _ => None,
            };
            if entered.is_none() {
                let how = json!({ "provider": "local" });
                unit.note(person, &self.about("sign_in.failed", caller, person, how, now));
            }
            unit.commit().await?;
            entered.ok_or(PeopleError::WrongCredentials)
        })
        .await
    }

    /// Under the lock of the person: what was true when the password was compared must still be.
    async fn enter(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        compared: &SignInAccount,
        renewed: Option<&PasswordHash>,
        now: DateTime<Utc>,
    ) -> Result<Option<SignedIn>, StoreError> {
        let Some(user) = unit.lock(compared.user).await?.filter(User::is_active) else { return Ok(None) };
        let account = usable(unit, user.id, compared.id).await?;
        let Some(account) = account.filter(|account| account.password_hash == compared.password_hash) else {
            return Ok(None);
        };
        let account = match renewed {
            Some(hash) => SignInAccount { password_hash: Some(hash.clone()), ..account },
            None => account,
        };
        self.open_session(unit, caller, user, &account, Method::Password, now).await.map(Some)
    }

    /// The next tokens in exchange for a refresh token. When it had been replaced, the session ends and the person is
    /// told (see [`crate::rotation`]).
    pub async fn refresh(&self, caller: &Caller, token: &str) -> Result<Tokens, PeopleError> {
        let shown = RefreshToken::read(token).ok_or(PeopleError::SessionEnded)?;
        let done = retrying(&*self.pause, || self.attempt_refresh(caller, &shown)).await?;
        match done {
            Refreshed::Renewed(tokens) => Ok(tokens),
            Refreshed::Over => Err(PeopleError::SessionEnded),
            Refreshed::Reused(user) => {
                if let Some(user) = user {
                    // The session has ended and its event says why, whether or not this message can be posted.
                    let _ = self.tell(&user, MessageKind::SessionReused, None).await;
                }
                Err(PeopleError::SessionEnded)
            }
        }
    }

    async fn attempt_refresh(&self, caller: &Caller, shown: &RefreshToken) -> Result<Refreshed, StoreError> {
        let now = self.clock.now();
        let mut unit = self.store.begin().await?;
        let Some(session) = unit.lock_session(&shown.session()).await? else { return Ok(Refreshed::Over) };
        let digest = shown.digest();
        match judge(&session, &digest, now) {
            Verdict::Rotate | Verdict::Retry => {
                let refresh = shown.next(&*self.ids);
                let (access, access_digest) = token::new(ACCESS_PREFIX, &*self.ids);
                let fresh = Fresh { refresh: refresh.digest(), access: access_digest };
                let session = renew(session, &digest, fresh, caller, &self.lifetimes, now);
                unit.renew_session(&session).await?;
                unit.commit().await?;
                Ok(Refreshed::Renewed(tokens_of(&session, access, refresh)))
            }
            Verdict::Reuse => {
                let owner = unit.user(session.user).await?;
                unit.end_sessions(session.user, Which::One(session.id), EndReason::Reuse, now).await?;
                let session = session.end(EndReason::Reuse, now);
                let record = self.of_session("session.reuse_detected", caller, &session, now);
                unit.note(Some(session.user), &record);
                unit.commit().await?;
                Ok(Refreshed::Reused(owner))
            }
            Verdict::Ended => Ok(Refreshed::Over),
        }
    }

    /// Who shows this access token; `None`: nobody known. The first use of each token is written down, as the rule of
    /// [`crate::rotation`] rests on it; later ones to the minute.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Actor>, StoreError> {
        let Some(shown) = token::shown(ACCESS_PREFIX, token) else { return Ok(None) };
        retrying(&*self.pause, || async {
            let now = self.clock.now();
            let found = self.store.session_by_access(&shown).await?;
            let Some(session) = found.filter(|session| session.admits(&shown, now)) else { return Ok(None) };
            if !session.newest.used {
                if !self.store.mark_used(session.id, &shown, now).await? {
                    // Somebody else was first: with the same token, with a refresh, or with the end of the session.
                    return Err(StoreError::Conflict);
                }
            } else if session.is_use_outdated(now) {
                // A caller is no less known when this cannot be written down.
                let _ = self.store.touch(session.id, now).await;
            }
            Ok(Some(session.actor()))
        })
        .await
    }

    /// Ends the session by which a person acts.
    pub async fn sign_out(&self, caller: &Caller, scope: &PersonScope) -> Result<(), PeopleError> {
        self.end(caller, scope.user(), Which::One(scope.session()), EndReason::SignedOut).await.map(drop)
    }

    /// Ends sessions, under the lock of the person; how many.
    pub(super) async fn end(
        &self,
        caller: &Caller,
        user: UserId,
        which: Which,
        reason: EndReason,
    ) -> Result<u64, PeopleError> {
        let now = self.clock.now();
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            unit.lock(user).await?.ok_or(PeopleError::NotFound("user"))?;
            let count = unit.end_sessions(user, which, reason, now).await?;
            if count > 0 {
                let one = if let Which::One(session) = which { Some(session) } else { None };
                let what = json!({ "session_id": one, "reason": reason, "sessions_ended": count });
                unit.note(Some(user), &self.about("session.ended", caller, Some(user), what, now));
            }
            unit.commit().await?;
            Ok(count)
        })
        .await
    }
}
