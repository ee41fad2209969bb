//! Fakes of the [ports](super::ports), for tests and for embedding without a database.
//!
//! A unit works on a copy of everything and puts it back on commit, unless somebody else wrote meanwhile: then the
//! commit is a lost race, as a database would report it.

mod letterbox;
mod plain_cipher;
mod unit;

pub use letterbox::Letterbox;
pub use plain_cipher::PlainCipher;

use super::ports::{PeopleStore, PeopleUnit, Seen, WrittenSoFar};
use crate::admin_user::AdminUser;
use crate::one_time_token::OneTimeToken;
use crate::passkey::{CredentialId, Passkey};
use crate::recovery_codes::{KeptCode, RecoveryCodes};
use crate::session::Session;
use crate::sign_in_account::{AccountStatus, SignInAccount};
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
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use unit::Unit;

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

    async fn see(&self, email: &EmailAddress) -> Result<Option<Seen>, StoreError> {
        let state = self.state();
        Ok(state.user_by_email(email).map(|user| Seen {
            local: state.accounts(user.id).into_iter().find(|account| account.provider.is_local()),
            has_second_factor: state.has_second_factor(user.id),
            written: state.written.get(&user.id).map(|entries| WrittenSoFar { entries: *entries, last: [0; 32] }),
            user,
        }))
    }

    async fn open_session(&self, seen: &Seen, session: &Session, record: &Record) -> Result<bool, StoreError> {
        let mut state = self.state();
        let written = seen.written.map(|written| written.entries);
        if written.is_none() || state.written.get(&seen.user.id).copied() != written {
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
