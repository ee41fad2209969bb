//! Fakes of the [ports](super::ports), for tests and for embedding without a database.
//!
//! A unit works on a copy of everything and puts it back on commit, unless somebody else wrote meanwhile: then the
//! commit is a lost race, as a database would report it.

use super::ports::{PeopleStore, PeopleUnit, Seen, Which, WrittenSoFar};
use super::strangers::Stranger;
use crate::admin_user::AdminUser;
use crate::age_group::AgeGroupId;
use crate::message::{Courier, Message};
use crate::one_time_token::{OneTimeToken, TokenKind};
use crate::passkey::{CredentialId, Passkey};
use crate::recovery_codes::{KeptCode, RecoveryCodes};
use crate::session::{EndReason, Session};
use crate::sign_in_account::{AccountStatus, Provider, SignInAccount};
use crate::staff::memory::SentInvitation;
use crate::staff_account::StaffAccount;
use crate::token::TokenDigest;
use crate::two_factor::TwoFactor;
use crate::user::User;
use crate::wordpress_link::WordPressLink;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{
    AdminUserId, OneTimeTokenId, PasskeyId, SessionId, SignInAccountId, StaffAccountId, StoreId, UserId,
};
use musubi_kernel::record::Record;
use musubi_kernel::secret::{Cipher, Place};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use zeroize::Zeroizing;

/// People and what they are at stores, as one database has them.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// Counts writes: a unit that began on an older state has lost a race.
    writes: u64,
    pub(crate) users: BTreeMap<UserId, User>,
    /// What people are at stores, and to which they are invited: see [`crate::staff::memory`].
    pub(crate) staff: BTreeMap<StaffAccountId, StaffAccount>,
    pub(crate) invitations: BTreeMap<OneTimeTokenId, SentInvitation>,
    /// What people are to the platform: see [`crate::admins::memory`].
    pub(crate) admins: BTreeMap<AdminUserId, AdminUser>,
    accounts: BTreeMap<SignInAccountId, SignInAccount>,
    sessions: BTreeMap<SessionId, Session>,
    step_ups: BTreeMap<SessionId, DateTime<Utc>>,
    apps: BTreeMap<UserId, TwoFactor>,
    codes: BTreeMap<UserId, Vec<KeptCode>>,
    passkeys: BTreeMap<PasskeyId, Passkey>,
    tokens: BTreeMap<OneTimeTokenId, OneTimeToken>,
    /// Which members of the WordPress site people are: see [`crate::wordpress_link`].
    pub(crate) wordpress: BTreeMap<UserId, WordPressLink>,
    pub(crate) records: Vec<Record>,
    /// How much was written about each person.
    written: BTreeMap<UserId, i64>,
}

impl State {
    /// Puts this in the place of what it was a copy of, unless somebody else has done so before.
    pub(crate) fn commit(self, kept: &Mutex<Self>) -> Result<(), StoreError> {
        let mut kept = kept.lock().expect("no holder panics");
        if kept.writes != self.writes {
            return Err(StoreError::Conflict);
        }
        *kept = Self { writes: self.writes + 1, ..self };
        Ok(())
    }

    /// As [`State::commit`], of a unit on people.
    ///
    /// # Panics
    /// When somebody stands or signs in otherwise than before and nothing is written about them, as sign-ins rest on that.
    fn commit_people(self, kept: &Mutex<Self>) -> Result<(), StoreError> {
        {
            let kept = kept.lock().expect("no holder panics");
            for id in kept.written.keys() {
                let is_noted = kept.written.get(id) != self.written.get(id);
                let stands_so = |state: &Self| {
                    let version = state.users.get(id).map(|user| user.version);
                    (version, state.accounts(*id), state.has_second_factor(*id))
                };
                assert!(is_noted || stands_so(&kept) == stands_so(&self), "not written: what became of {id}");
            }
        }
        self.commit(kept)
    }

    fn has_second_factor(&self, user: UserId) -> bool {
        self.apps.get(&user).is_some_and(TwoFactor::is_active) || !self.passkeys(user).is_empty()
    }

    fn add_session(&mut self, session: &Session) -> Result<(), StoreError> {
        if let Some(challenge) = &session.challenge
            && self.sessions.values().any(|begun| begun.challenge.as_ref() == Some(challenge))
        {
            return Err(StoreError::Conflict);
        }
        let account = self.accounts.get_mut(&session.account).ok_or(StoreError::Conflict)?;
        account.last_login_at = Some(session.created_at);
        self.sessions.insert(session.id, session.clone());
        Ok(())
    }

    fn note(&mut self, person: Option<UserId>, record: &Record) {
        if let Some(person) = person {
            *self.written.entry(person).or_default() += 1;
        }
        self.records.push(record.clone());
    }

    /// Counts a write that is no unit's.
    pub(crate) fn wrote(&mut self) {
        self.writes += 1;
    }

    /// Whether there is such a person, who is not deleted.
    pub(crate) fn has_person(&self, user: UserId) -> bool {
        self.users.get(&user).is_some_and(|user| !user.is_deleted())
    }

    /// Writes what somebody is at a store over the version before.
    pub(crate) fn save_staff(&mut self, account: &StaffAccount) -> Result<(), StoreError> {
        if self.staff.get(&account.id).is_none_or(|present| present.version + 1 != account.version) {
            return Err(StoreError::Conflict);
        }
        self.staff.insert(account.id, account.clone());
        Ok(())
    }

    /// Whether a store has an owner who can sign in beside this one.
    pub(crate) fn has_owner_beside(&self, store: StoreId, id: StaffAccountId) -> bool {
        let can_sign_in = |user: UserId| self.users.get(&user).is_some_and(User::is_active);
        let mut others = self.staff.values().filter(|other| other.store_id == store && other.id != id);
        others.any(|other| other.details.is_active_owner() && can_sign_in(other.user_id))
    }

    pub(crate) fn user_by_email(&self, email: &EmailAddress) -> Option<User> {
        self.users.values().find(|user| user.email.as_ref() == Some(email)).cloned()
    }

    fn accounts(&self, user: UserId) -> Vec<SignInAccount> {
        let own = |account: &&SignInAccount| account.user == user && account.status != AccountStatus::Deleted;
        self.accounts.values().filter(own).cloned().collect()
    }

    fn codes(&self, user: UserId) -> RecoveryCodes {
        RecoveryCodes::from_kept(user.0, self.codes.get(&user).cloned().unwrap_or_default())
    }

    fn passkeys(&self, user: UserId) -> Vec<Passkey> {
        self.passkeys.values().filter(|passkey| passkey.user == user).cloned().collect()
    }

    fn passkey_of(&self, credential: &CredentialId) -> Option<Passkey> {
        self.passkeys.values().find(|passkey| passkey.credential == *credential).cloned()
    }

    fn put_user(&mut self, user: &User) -> Result<(), StoreError> {
        let namesake = user.email.as_ref().and_then(|email| self.user_by_email(email));
        if namesake.is_some_and(|other| other.id != user.id) {
            return Err(StoreError::Conflict);
        }
        self.users.insert(user.id, user.clone());
        Ok(())
    }

    fn put_account(&mut self, account: &SignInAccount) -> Result<(), StoreError> {
        let clash = |other: &SignInAccount| {
            other.id != account.id
                && other.subject.is_some()
                && (&other.provider, &other.subject) == (&account.provider, &account.subject)
        };
        if self.accounts.values().any(clash) {
            return Err(StoreError::Conflict);
        }
        self.accounts.insert(account.id, account.clone());
        Ok(())
    }
}

/// People in memory.
#[derive(Debug, Default)]
pub struct PeopleInMemory(Arc<Mutex<State>>);

impl PeopleInMemory {
    /// What was recorded so far, in order.
    pub fn records(&self) -> Vec<Record> {
        self.state().records.clone()
    }

    /// How many people, accounts, sessions and one-time tokens there are.
    pub fn rows(&self) -> usize {
        let state = self.state();
        state.users.len() + state.accounts.len() + state.sessions.len() + state.tokens.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder panics")
    }

    /// What is kept, to be shared by who keeps more of the same people.
    pub(crate) fn shared(&self) -> Arc<Mutex<State>> {
        Arc::clone(&self.0)
    }
}

#[async_trait]
impl PeopleStore for PeopleInMemory {
    async fn begin(&self) -> Result<Box<dyn PeopleUnit>, StoreError> {
        Ok(Box::new(Unit { state: self.state().clone(), kept: self.0.clone() }))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.state().users.get(&id).cloned())
    }

    async fn local(&self, email: &EmailAddress) -> Result<Option<(User, Option<SignInAccount>)>, StoreError> {
        let state = self.state();
        Ok(state.user_by_email(email).map(|user| {
            let local = state.accounts(user.id).into_iter().find(|account| account.provider.is_local());
            (user, local)
        }))
    }

    async fn see(&self, id: UserId, account: SignInAccountId) -> Result<Option<Seen>, StoreError> {
        let state = self.state();
        let account = state.accounts(id).into_iter().find(|kept| kept.id == account);
        let (Some(user), Some(account), Some(entries)) = (state.users.get(&id), account, state.written.get(&id)) else {
            return Ok(None);
        };
        let written = WrittenSoFar { entries: *entries, last: [0; 32] };
        Ok(Some(Seen { user: user.clone(), account, has_second_factor: state.has_second_factor(id), written }))
    }

    async fn open_session(&self, seen: &Seen, session: &Session, record: &Record) -> Result<bool, StoreError> {
        let mut state = self.state();
        if state.written.get(&seen.user.id) != Some(&seen.written.entries) {
            return Ok(false);
        }
        state.add_session(session)?;
        state.note(Some(seen.user.id), record);
        state.wrote();
        Ok(true)
    }

    async fn accounts(&self, user: UserId) -> Result<Vec<SignInAccount>, StoreError> {
        Ok(self.state().accounts(user))
    }

    async fn two_factor(&self, user: UserId) -> Result<Option<TwoFactor>, StoreError> {
        Ok(self.state().apps.get(&user).cloned())
    }

    async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        Ok(self.state().passkeys(user))
    }

    async fn passkey_of(&self, credential: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        Ok(self.state().passkey_of(credential))
    }

    async fn recovery_codes(&self, user: UserId) -> Result<RecoveryCodes, StoreError> {
        Ok(self.state().codes(user))
    }

    async fn sessions(&self, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, StoreError> {
        let live = |session: &&Session| session.user == user && session.is_live(now);
        Ok(self.state().sessions.values().filter(live).cloned().collect())
    }

    async fn session_by_access(&self, access: &TokenDigest) -> Result<Option<Session>, StoreError> {
        Ok(self.state().sessions.values().find(|session| session.newest.access == *access).cloned())
    }

    async fn mark_used(&self, session: SessionId, access: &TokenDigest, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut state = self.state();
        let open = |session: &&mut Session| {
            session.newest.access == *access && !session.newest.used && session.ended.is_none()
        };
        let Some(session) = state.sessions.get_mut(&session).filter(open) else { return Ok(false) };
        session.newest.used = true;
        session.last_used_at = at;
        state.writes += 1;
        Ok(true)
    }

    async fn touch(&self, session: SessionId, at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some(session) = state.sessions.get_mut(&session) {
            session.last_used_at = at;
            state.writes += 1;
        }
        Ok(())
    }

    async fn forget(&self, over_before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut state = self.state();
        let before = state.tokens.len() + state.sessions.len();
        state.tokens.retain(|_, token| token.expires_at >= over_before);
        state.sessions.retain(|_, session| session.over_at() >= over_before);
        let State { sessions, step_ups, .. } = &mut *state;
        step_ups.retain(|session, _| sessions.contains_key(session));
        state.writes += 1;
        Ok((before - state.tokens.len() - state.sessions.len()) as u64)
    }
}

struct Unit {
    state: State,
    kept: Arc<Mutex<State>>,
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

/// A cipher without a key, which seals nothing. For tests alone.
#[derive(Debug, Default, Clone, Copy)]
pub struct PlainCipher;

impl Cipher for PlainCipher {
    fn seal(&self, _: Place<'_>, value: &[u8]) -> Vec<u8> {
        value.to_vec()
    }

    fn open(&self, _: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        Ok(Zeroizing::new(sealed.to_vec()))
    }

    fn blind_index(&self, purpose: &str, value: &str) -> [u8; 32] {
        Sha256::digest(format!("{purpose}\0{value}")).into()
    }
}

/// Messages that nobody sends.
#[derive(Debug, Default)]
pub struct Letterbox(Mutex<Vec<Message>>);

impl Letterbox {
    /// What was posted since this was last asked, in order.
    pub fn empty(&self) -> Vec<Message> {
        std::mem::take(&mut *self.0.lock().expect("no holder panics"))
    }
}

#[async_trait]
impl Courier for Letterbox {
    async fn post(&self, message: Message) -> Result<(), StoreError> {
        self.0.lock().expect("no holder panics").push(message);
        Ok(())
    }
}
