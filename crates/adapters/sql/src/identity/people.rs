//! People, their accounts, sessions and one-time tokens: reading, and units of work.
//!
//! On a multi-primary cluster a row's lock stays on its node. There, units of one person clash at the end of the person's
//! audit chain, which each of them writes, and refreshes at the session's row.

use super::{one_time_token, session, sign_in_account, user};
use crate::SqlStore;
use crate::audit::{chain_of_person, chain_of_strangers};
use crate::engine::{Db, Tx};
use crate::records::Records;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_identity::one_time_token::OneTimeToken;
use musubi_identity::people::ports::{PeopleStore, PeopleUnit, Which};
use musubi_identity::session::{EndReason, Session};
use musubi_identity::sign_in_account::{Provider, SignInAccount};
use musubi_identity::token::TokenDigest;
use musubi_identity::user::User;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{OneTimeTokenId, SessionId, UserId};
use musubi_kernel::record::Record;
use musubi_kernel::secret::Cipher;
use sea_query::UpdateStatement;
use std::sync::Arc;

#[async_trait]
impl PeopleStore for SqlStore {
    async fn begin(&self) -> Result<Box<dyn PeopleUnit>, StoreError> {
        let tx = self.db.begin().await?;
        Ok(Box::new(Unit { tx, cipher: self.cipher.clone(), records: Records::default() }))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = self.db.optional(&user::by_id(id)).await?;
        row.map(|row| user::read(&row, &*self.cipher)).transpose()
    }

    async fn local(&self, email: &EmailAddress) -> Result<Option<(User, Option<SignInAccount>)>, StoreError> {
        let row = self.db.optional(&user::by_email(email, &*self.cipher)).await?;
        let user = row.map(|row| user::read(&row, &*self.cipher)).transpose()?;
        // Asked for nobody too, so that it takes as long.
        let id = user.as_ref().map_or(UserId(uuid::Uuid::nil()), |user| user.id);
        let accounts = PeopleStore::accounts(self, id).await?;
        Ok(user.map(|user| (user, accounts.into_iter().find(|account| account.provider.is_local()))))
    }

    async fn accounts(&self, user: UserId) -> Result<Vec<SignInAccount>, StoreError> {
        let rows = self.db.all(&sign_in_account::of(user)).await?;
        rows.iter().map(|row| sign_in_account::read(row, &*self.cipher)).collect()
    }

    async fn sessions(&self, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, StoreError> {
        let rows = self.db.all(&session::live_of(user, now)).await?;
        rows.iter().map(|row| session::read(row, &*self.cipher)).collect()
    }

    async fn session_by_access(&self, access: &TokenDigest) -> Result<Option<Session>, StoreError> {
        let row = self.db.optional(&session::by_access(access)).await?;
        row.map(|row| session::read(&row, &*self.cipher)).transpose()
    }

    async fn mark_used(&self, session: SessionId, access: &TokenDigest, at: DateTime<Utc>) -> Result<bool, StoreError> {
        alone(&self.db, &session::first_use(session, access, at)).await.map(|touched| touched == 1)
    }

    async fn touch(&self, session: SessionId, at: DateTime<Utc>) -> Result<(), StoreError> {
        alone(&self.db, &session::touching(session, at)).await.map(drop)
    }

    async fn forget(&self, over_before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut tx = self.db.begin().await?;
        let tokens = tx.execute(&one_time_token::forgetting(over_before)).await?;
        let sessions = tx.execute(&session::forgetting(over_before)).await?;
        tx.commit().await?;
        Ok(tokens + sessions)
    }
}

/// One statement in a transaction of its own; how many rows it touched.
async fn alone(db: &Db, update: &UpdateStatement) -> Result<u64, StoreError> {
    let mut tx = db.begin().await?;
    let touched = tx.execute(update).await?;
    tx.commit().await?;
    Ok(touched)
}

struct Unit {
    tx: Tx,
    cipher: Arc<dyn Cipher>,
    records: Records,
}

#[async_trait]
impl PeopleUnit for Unit {
    async fn lock(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = self.tx.optional(&user::locking(id)).await?;
        row.map(|row| user::read(&row, &*self.cipher)).transpose()
    }

    async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = self.tx.optional(&user::by_id(id)).await?;
        row.map(|row| user::read(&row, &*self.cipher)).transpose()
    }

    async fn user_by_email(&mut self, email: &EmailAddress) -> Result<Option<User>, StoreError> {
        let row = self.tx.optional(&user::by_email(email, &*self.cipher)).await?;
        row.map(|row| user::read(&row, &*self.cipher)).transpose()
    }

    async fn add_user(&mut self, user: &User) -> Result<(), StoreError> {
        self.tx.exactly_one(&user::adding(user, &*self.cipher)).await
    }

    async fn save_user(&mut self, user: &User) -> Result<(), StoreError> {
        self.tx.exactly_one(&user::saving(user, &*self.cipher)).await
    }

    async fn accounts(&mut self, user: UserId) -> Result<Vec<SignInAccount>, StoreError> {
        let rows = self.tx.all(&sign_in_account::of(user)).await?;
        rows.iter().map(|row| sign_in_account::read(row, &*self.cipher)).collect()
    }

    async fn account_of(&mut self, provider: &Provider, subject: &str) -> Result<Option<SignInAccount>, StoreError> {
        let row = self.tx.optional(&sign_in_account::of_subject(provider, subject)).await?;
        row.map(|row| sign_in_account::read(&row, &*self.cipher)).transpose()
    }

    async fn add_account(&mut self, account: &SignInAccount) -> Result<(), StoreError> {
        self.tx.exactly_one(&sign_in_account::adding(account, &*self.cipher)).await
    }

    async fn save_account(&mut self, account: &SignInAccount) -> Result<(), StoreError> {
        self.tx.exactly_one(&sign_in_account::saving(account, &*self.cipher)).await
    }

    async fn lock_session(&mut self, family: &TokenDigest) -> Result<Option<Session>, StoreError> {
        let row = self.tx.optional(&session::locking(family)).await?;
        row.map(|row| session::read(&row, &*self.cipher)).transpose()
    }

    async fn add_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.tx.exactly_one(&session::adding(session, &*self.cipher)).await
    }

    async fn renew_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.tx.exactly_one(&session::renewing(session, &*self.cipher)).await
    }

    async fn end_sessions(
        &mut self,
        user: UserId,
        which: Which,
        reason: EndReason,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.tx.execute(&session::ending(user, which, reason, at)).await
    }

    async fn token(&mut self, digest: &TokenDigest) -> Result<Option<OneTimeToken>, StoreError> {
        let row = self.tx.optional(&one_time_token::by_digest(digest)).await?;
        row.map(|row| one_time_token::read(&row, &*self.cipher)).transpose()
    }

    async fn add_token(&mut self, token: &OneTimeToken) -> Result<(), StoreError> {
        self.tx.exactly_one(&one_time_token::adding(token, &*self.cipher)).await
    }

    async fn use_token(&mut self, id: OneTimeTokenId, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.tx.exactly_one(&one_time_token::using(id, at)).await
    }

    async fn void_tokens(&mut self, user: UserId, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.tx.execute(&one_time_token::voiding(user, at)).await.map(drop)
    }

    fn note(&mut self, person: Option<UserId>, record: &Record) {
        let chain = person.map_or_else(|| chain_of_strangers(record.audit.at.date_naive()), chain_of_person);
        self.records.add(chain, record);
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { mut tx, mut records, .. } = *self;
        records.entries.find_ends(&mut tx).await?;
        tx.write_together(&records.writes()).await?;
        tx.commit().await
    }
}
