//! Fakes of the [ports](super::ports), for tests and for embedding without a database.
//!
//! A unit works on a copy of everything and puts it back on commit, unless somebody else wrote meanwhile: then the
//! commit is a lost race, as a database would report it.

use super::ports::{PeopleStore, PeopleUnit, Which};
use crate::message::{Courier, Message};
use crate::one_time_token::OneTimeToken;
use crate::session::{EndReason, Session};
use crate::sign_in_account::{AccountStatus, Provider, SignInAccount};
use crate::token::TokenDigest;
use crate::user::User;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{OneTimeTokenId, SessionId, SignInAccountId, UserId};
use musubi_kernel::record::Record;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Debug, Clone, Default)]
struct State {
    /// Counts writes: a unit that began on an older state has lost a race.
    writes: u64,
    users: BTreeMap<UserId, User>,
    accounts: BTreeMap<SignInAccountId, SignInAccount>,
    sessions: BTreeMap<SessionId, Session>,
    tokens: BTreeMap<OneTimeTokenId, OneTimeToken>,
    records: Vec<Record>,
}

impl State {
    fn user_by_email(&self, email: &EmailAddress) -> Option<User> {
        self.users.values().find(|user| user.email.as_ref() == Some(email)).cloned()
    }

    fn accounts(&self, user: UserId) -> Vec<SignInAccount> {
        let own = |account: &&SignInAccount| account.user == user && account.status != AccountStatus::Deleted;
        self.accounts.values().filter(own).cloned().collect()
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

    async fn accounts(&self, user: UserId) -> Result<Vec<SignInAccount>, StoreError> {
        Ok(self.state().accounts(user))
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
        state.sessions.retain(|_, session| session.expires_at >= over_before);
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
    async fn lock(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.user(id).await
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

    async fn add_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.state.sessions.insert(session.id, session.clone());
        Ok(())
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
            if session.user == user && which.names(session.id) && session.ended.is_none() {
                session.ended = Some((at, reason));
                ended += 1;
            }
        }
        Ok(ended)
    }

    async fn token(&mut self, digest: &TokenDigest) -> Result<Option<OneTimeToken>, StoreError> {
        Ok(self.state.tokens.values().find(|token| token.digest == *digest).cloned())
    }

    async fn add_token(&mut self, token: &OneTimeToken) -> Result<(), StoreError> {
        self.state.tokens.insert(token.id, token.clone());
        Ok(())
    }

    async fn use_token(&mut self, id: OneTimeTokenId, at: DateTime<Utc>) -> Result<(), StoreError> {
        let token = self.state.tokens.get_mut(&id).filter(|token| token.used_at.is_none());
        let token = token.ok_or(StoreError::Conflict)?;
        (token.used_at, token.payload) = (Some(at), None);
        Ok(())
    }

    async fn void_tokens(&mut self, user: UserId, at: DateTime<Utc>) -> Result<(), StoreError> {
        for token in self.state.tokens.values_mut() {
            if token.user == Some(user) && token.used_at.is_none() {
                (token.used_at, token.payload) = (Some(at), None);
            }
        }
        Ok(())
    }

    fn note(&mut self, _: Option<UserId>, record: &Record) {
        self.state.records.push(record.clone());
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let mut kept = self.kept.lock().expect("no holder panics");
        if kept.writes != self.state.writes {
            return Err(StoreError::Conflict);
        }
        *kept = State { writes: self.state.writes + 1, ..self.state.clone() };
        Ok(())
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
