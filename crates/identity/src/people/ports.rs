//! What the use cases on people ask of the outside.

use super::strangers::Stranger;
use crate::age_group::AgeGroupId;
use crate::one_time_token::{OneTimeToken, TokenKind};
use crate::passkey::{CredentialId, Passkey};
use crate::recovery_codes::RecoveryCodes;
use crate::session::{EndReason, Session};
use crate::sign_in_account::{Provider, SignInAccount};
use crate::staff_account::StaffAccount;
use crate::token::TokenDigest;
use crate::two_factor::{Means, TwoFactor};
use crate::user::User;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{OneTimeTokenId, PasskeyId, SessionId, SignInAccountId, UserId};
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
    /// Those that began with this account.
    Of(SignInAccountId),
}

impl Which {
    /// Whether this session is one of them.
    pub fn names(self, session: &Session) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(kept) => session.id != kept,
            Self::One(one) => session.id == one,
            Self::Of(account) => session.account == account,
        }
    }
}

/// Where what is written about a person ends. Whatever changes how they stand or sign in is written there in its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenSoFar {
    /// How many entries there are, from 1.
    pub entries: i64,
    /// The hash of the last one.
    pub last: [u8; 32],
}

/// How a person stands, read at one moment and without a lock: good for as long as nothing more is written about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The person.
    pub user: User,
    /// Their local account, if they have one.
    pub local: Option<SignInAccount>,
    /// Whether a second factor is asked for when they sign in.
    pub has_second_factor: bool,
    /// What this is as good as; `None`: nothing was ever written about them.
    pub written: Option<WrittenSoFar>,
}

/// Where people, their accounts, sessions, second factors and one-time tokens are kept.
#[async_trait]
pub trait PeopleStore: Send + Sync {
    /// A unit of work.
    async fn begin(&self) -> Result<Box<dyn PeopleUnit>, StoreError>;

    /// The person, deleted or not.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// How the person with this address stands. Costs the same for nobody.
    async fn see(&self, email: &EmailAddress) -> Result<Option<Seen>, StoreError>;

    /// Opens a session of somebody who was seen so, in a transaction of its own, and writes the record about them; unless
    /// something has been written about them since, or is about to be under their lock. Whether it did.
    async fn open_session(&self, seen: &Seen, session: &Session, record: &Record) -> Result<bool, StoreError>;

    /// A person's accounts that are not deleted, by id.
    async fn accounts(&self, user: UserId) -> Result<Vec<SignInAccount>, StoreError>;

    /// A person's authenticator app, active or not.
    async fn two_factor(&self, user: UserId) -> Result<Option<TwoFactor>, StoreError>;

    /// A person's passkeys, by id.
    async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>, StoreError>;

    /// The passkey that its device names so.
    async fn passkey_of(&self, credential: &CredentialId) -> Result<Option<Passkey>, StoreError>;

    /// A person's recovery codes, as they were shown.
    async fn recovery_codes(&self, user: UserId) -> Result<RecoveryCodes, StoreError>;

    /// A person's sessions that are live, by id.
    async fn sessions(&self, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, StoreError>;

    /// The session whose newest access token has this digest, live or not.
    async fn session_by_access(&self, access: &TokenDigest) -> Result<Option<Session>, StoreError>;

    /// Writes that the newest pair of a session has been used, if this is its access token, nobody wrote it before and
    /// the session has not ended; whether it did.
    async fn mark_used(&self, session: SessionId, access: &TokenDigest, at: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Writes when a session was last used.
    async fn touch(&self, session: SessionId, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Deletes one-time tokens and sessions that were over before this, whatever ended them; how many.
    async fn forget(&self, over_before: DateTime<Utc>) -> Result<u64, StoreError>;
}

/// One transaction. Dropped without `commit`, it leaves no trace. What a unit locks is locked in the order staff of stores,
/// person, one-time token, session.
#[async_trait]
pub trait PeopleUnit: Send {
    /// Takes the locks of the staff of all stores where a person works. Before anything else that the unit locks.
    async fn lock_workplaces(&mut self, user: UserId) -> Result<(), StoreError>;

    /// What a person is at the stores where they work, under their lock and those of [`PeopleUnit::lock_workplaces`], by id;
    /// [`StoreError::Conflict`] when they work by now at a store that is not locked.
    async fn workplaces(&mut self, user: UserId) -> Result<Vec<StaffAccount>, StoreError>;

    /// Whether a store has an owner who can sign in beside this one; a store of an inactive tenant needs none.
    async fn keeps_an_owner(&mut self, beside: &StaffAccount) -> Result<bool, StoreError>;

    /// Writes what a person is at a store over the version before, under the locks of [`PeopleUnit::lock_workplaces`].
    async fn save_workplace(&mut self, account: &StaffAccount) -> Result<(), StoreError>;

    /// Takes the lock of a person, then reads them. Whatever depends on how they stand is written under it.
    async fn lock(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// Whether a person is an admin now, under their lock: nobody is appointed without it.
    async fn is_admin(&mut self, user: UserId) -> Result<bool, StoreError>;

    /// Takes the lock of a person, then reads them and this account of theirs, unless it is deleted.
    async fn lock_with_account(
        &mut self,
        id: UserId,
        account: SignInAccountId,
    ) -> Result<Option<(User, SignInAccount)>, StoreError>;

    /// The person, without a lock.
    async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The person with this address, without a lock.
    async fn user_by_email(&mut self, email: &EmailAddress) -> Result<Option<User>, StoreError>;

    /// Writes a new person; [`StoreError::Conflict`] when another has the address.
    async fn add_user(&mut self, user: &User) -> Result<(), StoreError>;

    /// Writes a person over the version before theirs; [`StoreError::Conflict`] when another has been written since, or
    /// when another person has the address.
    async fn save_user(&mut self, user: &User) -> Result<(), StoreError>;

    /// Whether there is this group of ages.
    async fn has_age_group(&mut self, id: AgeGroupId) -> Result<bool, StoreError>;

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

    /// Whether a session has begun by the second factor of this challenge, under the lock of its person.
    async fn has_begun(&mut self, challenge: &TokenDigest) -> Result<bool, StoreError>;

    /// Writes a new session, and that its account was used for it, under the lock of its person, at the commit: what the unit
    /// reads does not show it yet. [`StoreError::Conflict`], there too, when one has begun by its challenge. At most one in a unit.
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

    /// When a person last proved who they are in this live session of theirs: as it began, or later.
    async fn proven_at(
        &mut self,
        user: UserId,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// Writes that a person proved again who they are in this session, under their lock.
    async fn prove_session(&mut self, session: SessionId, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Whether a person has an active authenticator app or a passkey.
    async fn has_second_factor(&mut self, user: UserId) -> Result<bool, StoreError>;

    /// A person's authenticator app, active or not.
    async fn two_factor(&mut self, user: UserId) -> Result<Option<TwoFactor>, StoreError>;

    /// Writes a new authenticator app; [`StoreError::Conflict`] when the person has one.
    async fn add_two_factor(&mut self, app: &TwoFactor) -> Result<(), StoreError>;

    /// Writes an authenticator app over the version before its own; [`StoreError::Conflict`] when another has been written
    /// since.
    async fn save_two_factor(&mut self, app: &TwoFactor) -> Result<(), StoreError>;

    /// Deletes a person's authenticator app, under their lock.
    async fn remove_two_factor(&mut self, user: UserId) -> Result<(), StoreError>;

    /// A person's passkeys, by id.
    async fn passkeys(&mut self, user: UserId) -> Result<Vec<Passkey>, StoreError>;

    /// The passkey that its device names so, without a lock.
    async fn passkey_of(&mut self, credential: &CredentialId) -> Result<Option<Passkey>, StoreError>;

    /// Writes a new passkey, under the lock of its person; [`StoreError::Conflict`] when there is one of this credential.
    async fn add_passkey(&mut self, passkey: &Passkey) -> Result<(), StoreError>;

    /// Writes a passkey, under the lock of its person.
    async fn save_passkey(&mut self, passkey: &Passkey) -> Result<(), StoreError>;

    /// Deletes a passkey, under the lock of its person.
    async fn remove_passkey(&mut self, id: PasskeyId) -> Result<(), StoreError>;

    /// A person's recovery codes, as they were shown.
    async fn recovery_codes(&mut self, user: UserId) -> Result<RecoveryCodes, StoreError>;

    /// Writes recovery codes in the place of all that the person has, under their lock.
    async fn replace_recovery_codes(&mut self, user: UserId, codes: &RecoveryCodes) -> Result<(), StoreError>;

    /// Writes that a recovery code is used; [`StoreError::Conflict`] when it was used before.
    async fn use_recovery_code(&mut self, user: UserId, digest: &[u8; 32], at: DateTime<Utc>)
    -> Result<(), StoreError>;

    /// The one-time token with this digest, live or not, without a lock.
    async fn token(&mut self, digest: &TokenDigest) -> Result<Option<OneTimeToken>, StoreError>;

    /// Writes a new one-time token.
    async fn add_token(&mut self, token: &OneTimeToken) -> Result<(), StoreError>;

    /// Writes that a one-time token is used, and forgets what it carried; [`StoreError::Conflict`] when it was used before.
    async fn use_token(&mut self, id: OneTimeTokenId, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Makes those of a person's unused one-time tokens of a kind that were made since good until then, over or not; how many.
    async fn prolong_tokens(
        &mut self,
        user: UserId,
        kind: TokenKind,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<u64, StoreError>;

    /// Makes void what one-time tokens a person has left, and forgets what they carried.
    async fn void_tokens(&mut self, user: UserId, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Deletes which member of the WordPress site a person is, under their lock.
    async fn remove_wordpress_link(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Takes up a record. It goes to the audit chain of the person it is about. `None`: it is about nobody here, and goes to
    /// any of those of strangers.
    fn note(&mut self, person: Option<UserId>, record: &Record);

    /// Takes up a record of what was tried at an address that nobody has. It goes to the audit chain of such strangers.
    fn note_stranger(&mut self, stranger: Stranger, record: &Record);

    /// Takes up a record of what a person is at a store. It goes to the store's audit chain.
    fn note_at_store(&mut self, account: &StaffAccount, record: &Record);

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

/// What a person has besides a password or a provider, under their lock.
pub(crate) async fn means(unit: &mut dyn PeopleUnit, user: UserId) -> Result<Means, StoreError> {
    let app = unit.two_factor(user).await?.filter(TwoFactor::is_active);
    let (codes, passkeys) = (unit.recovery_codes(user).await?, unit.passkeys(user).await?);
    Ok(Means { user, app, codes, passkeys })
}

/// Deletes what a person has besides a password or a provider, under their lock.
pub(crate) async fn remove_means(unit: &mut dyn PeopleUnit, user: UserId) -> Result<(), StoreError> {
    for passkey in unit.passkeys(user).await? {
        unit.remove_passkey(passkey.id).await?;
    }
    unit.remove_two_factor(user).await?;
    remove_codes(unit, user).await
}

/// Deletes a person's recovery codes, under their lock.
pub(crate) async fn remove_codes(unit: &mut dyn PeopleUnit, user: UserId) -> Result<(), StoreError> {
    unit.replace_recovery_codes(user, &RecoveryCodes::from_kept(user.0, Vec::new())).await
}
