//! What the use cases on people ask of the outside.

use crate::one_time_token::OneTimeToken;
use crate::session::{EndReason, Session};
use crate::sign_in_account::{Provider, SignInAccount};
use crate::token::TokenDigest;
use crate::user::User;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{OneTimeTokenId, SessionId, SignInAccountId, UserId};
use musubi_kernel::record::Record;

/// Which of a person's sessions are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// All but this one.
    AllBut(SessionId),
    /// This one.
    One(SessionId),
}

impl Which {
    /// Whether this session is one of them.
    pub fn names(self, session: SessionId) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(kept) => session != kept,
            Self::One(one) => session == one,
        }
    }
}

/// Where people, their accounts, sessions and one-time tokens are kept.
#[async_trait]
pub trait PeopleStore: Send + Sync {
    /// A unit of work.
    async fn begin(&self) -> Result<Box<dyn PeopleUnit>, StoreError>;

    /// The person, deleted or not.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The person with this address and their local account, if they have one. Costs the same for nobody.
    async fn local(&self, email: &EmailAddress) -> Result<Option<(User, Option<SignInAccount>)>, StoreError>;

    /// A person's accounts that are not deleted, by id.
    async fn accounts(&self, user: UserId) -> Result<Vec<SignInAccount>, StoreError>;

    /// A person's sessions that are live, by id.
    async fn sessions(&self, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, StoreError>;

    /// The session whose newest access token has this digest, live or not.
    async fn session_by_access(&self, access: &TokenDigest) -> Result<Option<Session>, StoreError>;

    /// Writes that the newest pair of a session has been used, if this is its access token, nobody wrote it before and
    /// the session has not ended; whether it did.
    async fn mark_used(&self, session: SessionId, access: &TokenDigest, at: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Writes when a session was last used.
    async fn touch(&self, session: SessionId, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Deletes one-time tokens and sessions that were over before this; how many.
    async fn forget(&self, over_before: DateTime<Utc>) -> Result<u64, StoreError>;
}

/// One transaction. Dropped without `commit`, it leaves no trace. What a unit locks is locked in the order person,
/// one-time token, session.
#[async_trait]
pub trait PeopleUnit: Send {
    /// Takes the lock of a person, then reads them. Whatever depends on how they stand is written under it.
    async fn lock(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The person, without a lock.
    async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The person with this address, without a lock.
    async fn user_by_email(&mut self, email: &EmailAddress) -> Result<Option<User>, StoreError>;

    /// Writes a new person; [`StoreError::Conflict`] when another has the address.
    async fn add_user(&mut self, user: &User) -> Result<(), StoreError>;

    /// Writes a person over the version before theirs; [`StoreError::Conflict`] when another has been written since, or
    /// when another person has the address.
    async fn save_user(&mut self, user: &User) -> Result<(), StoreError>;

    /// A person's accounts that are not deleted, by id.
    async fn accounts(&mut self, user: UserId) -> Result<Vec<SignInAccount>, StoreError>;

    /// The account of this subject.
    async fn account_of(&mut self, provider: &Provider, subject: &str) -> Result<Option<SignInAccount>, StoreError>;

    /// Writes a new account; [`StoreError::Conflict`] when the subject has one.
    async fn add_account(&mut self, account: &SignInAccount) -> Result<(), StoreError>;

    /// Writes an account, under the lock of its person.
    async fn save_account(&mut self, account: &SignInAccount) -> Result<(), StoreError>;

    /// Takes the lock of the session whose refresh tokens share what has this digest, then reads it.
    async fn lock_session(&mut self, family: &TokenDigest) -> Result<Option<Session>, StoreError>;

    /// Writes a new session, under the lock of its person.
    async fn add_session(&mut self, session: &Session) -> Result<(), StoreError>;

    /// Writes the tokens, the idle end and the device of a session, under its lock.
    async fn renew_session(&mut self, session: &Session) -> Result<(), StoreError>;

    /// Ends those of a person's sessions that have not ended; how many.
    async fn end_sessions(
        &mut self,
        user: UserId,
        which: Which,
        reason: EndReason,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError>;

    /// The one-time token with this digest, live or not, without a lock.
    async fn token(&mut self, digest: &TokenDigest) -> Result<Option<OneTimeToken>, StoreError>;

    /// Writes a new one-time token.
    async fn add_token(&mut self, token: &OneTimeToken) -> Result<(), StoreError>;

    /// Writes that a one-time token is used, and forgets what it carried; [`StoreError::Conflict`] when it was used before.
    async fn use_token(&mut self, id: OneTimeTokenId, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Makes void what one-time tokens a person has left, and forgets what they carried.
    async fn void_tokens(&mut self, user: UserId, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Takes up a record. It goes to the audit chain of the person it is about, or to that of strangers.
    fn note(&mut self, person: Option<UserId>, record: &Record);

    /// Makes everything durable.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// The account of a person, if somebody can sign in with it.
pub(crate) async fn usable(
    unit: &mut dyn PeopleUnit,
    user: UserId,
    id: SignInAccountId,
) -> Result<Option<SignInAccount>, StoreError> {
    Ok(unit.accounts(user).await?.into_iter().find(|account| account.id == id && account.is_usable()))
}
