//! How people sign in, stay signed in, and sign out.

use super::error::PeopleError;
use super::password::{COMPARISONS, Compared};
use super::ports::{PeopleUnit, Seen, Which};
use super::second_step::{Admitted, SignIn};
use super::{Entry, People, Tokens, tokens_of};
use crate::message::MessageKind;
use crate::password_hash::PasswordHash;
use crate::rotation::{Exchange, judge, renew};
use crate::session::{EndReason, Fresh, Method, Session};
use crate::sign_in_account::SignInAccount;
use crate::token::{self, ACCESS_PREFIX, RefreshToken};
use crate::user::User;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Actor, Caller, PersonScope};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::UserId;
use musubi_kernel::record::Record;
use musubi_kernel::retry::retrying;
use musubi_kernel::secret::Secret;
use serde_json::json;

/// What came of a password that was right, under the lock of the person.
enum Entered {
    In(Admitted),
    /// They may not sign in, or not with this account.
    Refused,
    /// The hash has been changed since the password was compared with it.
    Outdated,
}

/// What came of a refresh token.
enum Refreshed {
    Renewed(Tokens),
    Over,
    /// Whose session was ended, as the token had been replaced.
    Reused(Option<User>),
}

impl People {
    /// Signs a person in by their address and password, or asks for their second factor. To locked and deleted people, to
    /// those who have no password and to nobody the answer is the same as to a wrong password, and takes as long. Whoever was
    /// wrong too often is told [`PeopleError::TooMany`] before anything is compared, and where everybody was, after it (see
    /// [`crate::throttle`]).
    pub async fn sign_in(&self, caller: &Caller, email: &str, password: &Secret) -> Result<SignIn, PeopleError> {
        let now = self.clock.now();
        let seen = match email.parse::<EmailAddress>() {
            Ok(email) => self.store.see(&email).await?,
            Err(_) => None,
        };
        let guess = self.begin_guess(caller, email, seen.as_ref().map(|seen| seen.user.id), now).await?;
        let may_be_right = guess.may_be_right();
        let admitted = match self.try_to_sign_in(caller, email, seen.as_ref(), may_be_right, password, now).await {
            Ok(admitted) => admitted.ok_or_else(|| guess.wrong())?,
            Err(error) => {
                // Nobody learned whether it was right: it was no guess.
                self.undo_guess(guess, now).await;
                return Err(error);
            }
        };
        self.forgive_guess(guess, now).await;
        Ok(self.answer(admitted, now).await?)
    }

    /// `None`: nobody signs in with this, and the failure is written.
    async fn try_to_sign_in(
        &self,
        caller: &Caller,
        email: &str,
        seen: Option<&Seen>,
        may_be_right: bool,
        password: &Secret,
        now: DateTime<Utc>,
    ) -> Result<Option<Admitted>, PeopleError> {
        let person = seen.map(|seen| seen.user.id);
        let mut account = seen
            .filter(|seen| may_be_right && seen.user.is_active())
            .and_then(|seen| seen.local.clone())
            .filter(SignInAccount::is_usable);
        for _ in 0..COMPARISONS {
            let hash = account.as_ref().and_then(|account| account.password_hash.as_ref());
            let compared = self.compare(password, hash).await?;
            if let (Compared::Right { renewed: None }, Some(account), Some(seen)) = (&compared, &account, seen)
                && let Some(entered) = self.enter_at_once(caller, seen, account, now).await?
            {
                return Ok(Some(entered));
            }
            let entered = retrying(&*self.pause, || async {
                let mut unit = self.store.begin().await?;
                let entered = match (&compared, &account) {
                    (Compared::Right { renewed }, Some(account)) => {
                        self.enter(&mut *unit, caller, account, renewed.as_ref(), now).await?
                    }
                    _ => Entered::Refused,
                };
                match entered {
                    Entered::Outdated => return Ok(entered),
                    Entered::Refused => {
                        let how = json!({ "provider": "local" });
                        let record = self.about("sign_in.failed", caller, person, how, now);
                        self.note_at_address(&mut *unit, email, person, &record);
                    }
                    Entered::In(_) => {}
                }
                unit.commit().await?;
                Ok::<_, StoreError>(entered)
            })
            .await?;
            match entered {
                Entered::In(admitted) => return Ok(Some(admitted)),
                Entered::Refused => return Ok(None),
                Entered::Outdated => account = self.as_it_is_now(account).await?,
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Most sign-ins need no lock: when nothing was written about the person since they were seen, before the password was compared,
    /// the session begins. `None`: this is to be decided under their lock.
    async fn enter_at_once(
        &self,
        caller: &Caller,
        seen: &Seen,
        compared: &SignInAccount,
        now: DateTime<Utc>,
    ) -> Result<Option<Admitted>, StoreError> {
        if seen.local.as_ref() != Some(compared) || seen.has_second_factor {
            return Ok(None);
        }
        let entry = Entry::at_once(compared, Method::Password);
        let (entered, record) = self.new_session(caller, seen.user.clone(), entry, now);
        let is_open = self.store.open_session(seen, &entered.session, &record).await?;
        Ok(is_open.then(|| Admitted::In(Box::new(entered))))
    }

    /// Under the lock of the person: what was true when the password was compared must still be.
    async fn enter(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        compared: &SignInAccount,
        renewed: Option<&PasswordHash>,
        now: DateTime<Utc>,
    ) -> Result<Entered, StoreError> {
        let Some((user, account)) = unit.lock_with_account(compared.user, compared.id).await? else {
            return Ok(Entered::Refused);
        };
        if !user.is_active() || !account.is_usable() {
            return Ok(Entered::Refused);
        }
        if account.password_hash != compared.password_hash {
            return Ok(Entered::Outdated);
        }
        let account = match renewed {
            Some(hash) => SignInAccount { password_hash: Some(hash.clone()), ..account },
            None => account,
        };
        if renewed.is_some() {
            unit.save_account(&account).await?;
        }
        self.admit(unit, caller, user, account, Method::Password, now).await.map(Entered::In)
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
                    self.tell(&user, MessageKind::SessionReused, None).await;
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
            Exchange::Rotate | Exchange::Retry => {
                let refresh = shown.next(&*self.ids);
                let (access, access_digest) = token::new(ACCESS_PREFIX, &*self.ids);
                let fresh = Fresh { refresh: refresh.digest(), access: access_digest };
                let session = renew(session, &digest, fresh, caller, &self.settings.lifetimes, now);
                unit.renew_session(&session).await?;
                unit.commit().await?;
                Ok(Refreshed::Renewed(tokens_of(&session, access, refresh)))
            }
            Exchange::Reuse => self.end_reused(unit, caller, session, now).await.map(Refreshed::Reused),
            Exchange::Ended => Ok(Refreshed::Over),
        }
    }

    /// Ends a session whose refresh token was shown after it had been replaced; whose it was.
    async fn end_reused(
        &self,
        mut unit: Box<dyn PeopleUnit>,
        caller: &Caller,
        session: Session,
        now: DateTime<Utc>,
    ) -> Result<Option<User>, StoreError> {
        let owner = unit.user(session.user).await?;
        unit.end_sessions(session.user, Which::One(session.id), EndReason::Reuse, now).await?;
        let session = session.end(EndReason::Reuse, now);
        let record = self.of_session("session.reuse_detected", caller, &session, now);
        unit.note(Some(session.user), &record);
        unit.commit().await?;
        Ok(owner)
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

    /// Ends the session of a refresh token, whose access token may be over. One that is good for nothing ends nothing, which
    /// is no error (RFC 7009, 2.2); one that had been replaced is answered as [`People::refresh`] does.
    pub async fn sign_out_by(&self, caller: &Caller, token: &str) -> Result<(), PeopleError> {
        let Some(shown) = RefreshToken::read(token) else { return Ok(()) };
        let reused = retrying(&*self.pause, || self.attempt_sign_out(caller, &shown)).await?;
        if let Some(user) = reused {
            self.tell(&user, MessageKind::SessionReused, None).await;
        }
        Ok(())
    }

    /// Whose session was ended as the token had been replaced.
    async fn attempt_sign_out(&self, caller: &Caller, shown: &RefreshToken) -> Result<Option<User>, StoreError> {
        let now = self.clock.now();
        let mut unit = self.store.begin().await?;
        let Some(session) = unit.lock_session(&shown.session()).await? else { return Ok(None) };
        match judge(&session, &shown.digest(), now) {
            Exchange::Rotate | Exchange::Retry => {
                let (which, reason) = (Which::One(session.id), EndReason::SignedOut);
                let count = unit.end_sessions(session.user, which, reason, now).await?;
                let caller = Caller { actor: session.actor(), ..caller.clone() };
                unit.note(Some(session.user), &self.of_ended(&caller, session.user, which, reason, count, now));
                unit.commit().await?;
                Ok(None)
            }
            Exchange::Reuse => self.end_reused(unit, caller, session, now).await,
            Exchange::Ended => Ok(None),
        }
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
                unit.note(Some(user), &self.of_ended(caller, user, which, reason, count, now));
            }
            unit.commit().await?;
            Ok(count)
        })
        .await
    }

    fn of_ended(
        &self,
        caller: &Caller,
        user: UserId,
        which: Which,
        reason: EndReason,
        count: u64,
        now: DateTime<Utc>,
    ) -> Record {
        let one = if let Which::One(session) = which { Some(session) } else { None };
        let what = json!({ "session_id": one, "reason": reason, "sessions_ended": count });
        self.about("session.ended", caller, Some(user), what, now)
    }
}
