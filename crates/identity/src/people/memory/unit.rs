//! One transaction.

use super::State;
use crate::age_group::AgeGroupId;
use crate::one_time_token::{OneTimeToken, TokenKind};
use crate::passkey::{CredentialId, Passkey};
use crate::people::ports::{PeopleUnit, Which};
use crate::people::strangers::Stranger;
use crate::recovery_codes::RecoveryCodes;
use crate::session::{EndReason, Session};
use crate::sign_in_account::{Provider, SignInAccount};
use crate::staff_account::StaffAccount;
use crate::token::TokenDigest;
use crate::two_factor::TwoFactor;
use crate::user::User;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{OneTimeTokenId, PasskeyId, SessionId, SignInAccountId, UserId};
use musubi_kernel::record::Record;
use std::sync::{Arc, Mutex};

/// A copy of everything, that is changed until it is put back.
pub(super) struct Unit {
    pub(super) state: State,
    pub(super) kept: Arc<Mutex<State>>,
}

#[async_trait]
impl PeopleUnit for Unit {
    async fn lock_workplaces(&mut self, _: UserId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn workplaces(&mut self, user: UserId) -> Result<Vec<StaffAccount>, StoreError> {
        let own = |account: &&StaffAccount| account.user_id == user && account.details.is_active;
        Ok(self.state.staff.values().filter(own).cloned().collect())
    }

    async fn keeps_an_owner(&mut self, beside: &StaffAccount) -> Result<bool, StoreError> {
        Ok(self.state.has_owner_beside(beside.store_id, beside.id))
    }

    async fn save_workplace(&mut self, account: &StaffAccount) -> Result<(), StoreError> {
        self.state.save_staff(account)
    }

    async fn lock(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.user(id).await
    }

    async fn is_admin(&mut self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.state.admin_of(user).is_some_and(|admin| admin.is_active))
    }

    async fn lock_with_account(
        &mut self,
        id: UserId,
        account: SignInAccountId,
    ) -> Result<Option<(User, SignInAccount)>, StoreError> {
        let account = self.state.accounts(id).into_iter().find(|kept| kept.id == account);
        Ok(self.state.users.get(&id).cloned().zip(account))
    }

    async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.state.users.get(&id).cloned())
    }

    async fn user_by_email(&mut self, email: &EmailAddress) -> Result<Option<User>, StoreError> {
        Ok(self.state.user_by_email(email))
    }

    async fn add_user(&mut self, user: &User) -> Result<(), StoreError> {
        self.state.put_user(user)
    }

    async fn save_user(&mut self, user: &User) -> Result<(), StoreError> {
        if self.state.users.get(&user.id).is_none_or(|present| present.version + 1 != user.version) {
            return Err(StoreError::Conflict);
        }
        self.state.put_user(user)
    }

    async fn has_age_group(&mut self, id: AgeGroupId) -> Result<bool, StoreError> {
        // Those that come with the tables.
        Ok((1..=8).contains(&id.0))
    }

    async fn accounts(&mut self, user: UserId) -> Result<Vec<SignInAccount>, StoreError> {
        Ok(self.state.accounts(user))
    }

    async fn account_of(&mut self, provider: &Provider, subject: &str) -> Result<Option<SignInAccount>, StoreError> {
        let same =
            |account: &&SignInAccount| account.provider == *provider && account.subject.as_deref() == Some(subject);
        Ok(self.state.accounts.values().find(same).cloned())
    }

    async fn add_account(&mut self, account: &SignInAccount) -> Result<(), StoreError> {
        self.state.put_account(account)
    }

    async fn save_account(&mut self, account: &SignInAccount) -> Result<(), StoreError> {
        self.state.put_account(account)
    }

    async fn lock_session(&mut self, family: &TokenDigest) -> Result<Option<Session>, StoreError> {
        Ok(self.state.sessions.values().find(|session| session.family == *family).cloned())
    }

    async fn has_begun(&mut self, challenge: &TokenDigest) -> Result<bool, StoreError> {
        Ok(self.state.sessions.values().any(|session| session.challenge.as_ref() == Some(challenge)))
    }

    async fn add_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.state.add_session(session)
    }

    async fn renew_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.state.sessions.insert(session.id, session.clone());
        Ok(())
    }

    async fn end_sessions(
        &mut self,
        user: UserId,
        which: Which,
        reason: EndReason,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut ended = 0;
        for session in self.state.sessions.values_mut() {
            if session.user == user && which.names(session) && session.ended.is_none() {
                session.ended = Some((at, reason));
                ended += 1;
            }
        }
        Ok(ended)
    }

    async fn proven_at(
        &mut self,
        user: UserId,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let live = |found: &&Session| found.user == user && found.is_live(now);
        let Some(found) = self.state.sessions.get(&session).filter(live) else { return Ok(None) };
        Ok(Some(self.state.step_ups.get(&session).copied().unwrap_or(found.created_at)))
    }

    async fn prove_session(&mut self, session: SessionId, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.state.step_ups.insert(session, at);
        Ok(())
    }

    async fn has_second_factor(&mut self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.state.has_second_factor(user))
    }

    async fn two_factor(&mut self, user: UserId) -> Result<Option<TwoFactor>, StoreError> {
        Ok(self.state.apps.get(&user).cloned())
    }

    async fn add_two_factor(&mut self, app: &TwoFactor) -> Result<(), StoreError> {
        if self.state.apps.contains_key(&app.user) {
            return Err(StoreError::Conflict);
        }
        self.state.apps.insert(app.user, app.clone());
        Ok(())
    }

    async fn save_two_factor(&mut self, app: &TwoFactor) -> Result<(), StoreError> {
        let before = |present: &&mut TwoFactor| present.id == app.id && present.version + 1 == app.version;
        *self.state.apps.get_mut(&app.user).filter(before).ok_or(StoreError::Conflict)? = app.clone();
        Ok(())
    }

    async fn remove_two_factor(&mut self, user: UserId) -> Result<(), StoreError> {
        self.state.apps.remove(&user);
        Ok(())
    }

    async fn passkeys(&mut self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        Ok(self.state.passkeys(user))
    }

    async fn passkey_of(&mut self, credential: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        Ok(self.state.passkey_of(credential))
    }

    async fn add_passkey(&mut self, passkey: &Passkey) -> Result<(), StoreError> {
        if self.state.passkey_of(&passkey.credential).is_some() {
            return Err(StoreError::Conflict);
        }
        self.save_passkey(passkey).await
    }

    async fn save_passkey(&mut self, passkey: &Passkey) -> Result<(), StoreError> {
        self.state.passkeys.insert(passkey.id, passkey.clone());
        Ok(())
    }

    async fn remove_passkey(&mut self, id: PasskeyId) -> Result<(), StoreError> {
        self.state.passkeys.remove(&id);
        Ok(())
    }

    async fn recovery_codes(&mut self, user: UserId) -> Result<RecoveryCodes, StoreError> {
        Ok(self.state.codes(user))
    }

    async fn replace_recovery_codes(&mut self, user: UserId, codes: &RecoveryCodes) -> Result<(), StoreError> {
        self.state.codes.insert(user, codes.kept().to_vec());
        Ok(())
    }

    async fn use_recovery_code(
        &mut self,
        user: UserId,
        digest: &[u8; 32],
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut codes = self.state.codes.get_mut(&user).into_iter().flatten();
        let code = codes.find(|code| code.digest == *digest && code.used_at.is_none());
        code.ok_or(StoreError::Conflict)?.used_at = Some(at);
        Ok(())
    }

    async fn token(&mut self, digest: &TokenDigest) -> Result<Option<OneTimeToken>, StoreError> {
        Ok(self.state.tokens.values().find(|token| token.digest == *digest).cloned())
    }

    async fn add_token(&mut self, token: &OneTimeToken) -> Result<(), StoreError> {
        self.state.tokens.insert(token.id, token.clone());
        Ok(())
    }

    async fn remove_wordpress_link(&mut self, user: UserId) -> Result<(), StoreError> {
        self.state.wordpress.remove(&user);
        Ok(())
    }

    async fn use_token(&mut self, id: OneTimeTokenId, at: DateTime<Utc>) -> Result<(), StoreError> {
        let token = self.state.tokens.get_mut(&id).filter(|token| token.used_at.is_none());
        let token = token.ok_or(StoreError::Conflict)?;
        (token.used_at, token.payload) = (Some(at), None);
        Ok(())
    }

    async fn prolong_tokens(
        &mut self,
        user: UserId,
        kind: TokenKind,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut prolonged = 0;
        for token in self.state.tokens.values_mut() {
            let is_unused = token.user == Some(user) && token.kind == kind && token.used_at.is_none();
            if is_unused && token.created_at >= since {
                token.expires_at = until;
                prolonged += 1;
            }
        }
        Ok(prolonged)
    }

    async fn void_tokens(&mut self, user: UserId, at: DateTime<Utc>) -> Result<(), StoreError> {
        for token in self.state.tokens.values_mut() {
            if token.user == Some(user) && token.used_at.is_none() {
                (token.used_at, token.payload) = (Some(at), None);
            }
        }
        Ok(())
    }

    fn note(&mut self, person: Option<UserId>, record: &Record) {
        self.state.note(person, record);
    }

    fn note_stranger(&mut self, _: Stranger, record: &Record) {
        self.state.records.push(record.clone());
    }

    fn note_at_store(&mut self, _: &StaffAccount, record: &Record) {
        self.state.records.push(record.clone());
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.state.commit_people(&self.kept)
    }
}
