//! What the use cases on staff ask of the outside.

use super::scope::StaffScope;
use crate::admin_user::AdminUser;
use crate::api_key::ApiKey;
use crate::one_time_token::OneTimeToken;
use crate::staff_account::StaffAccount;
use crate::token::TokenDigest;
use crate::user::User;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{ApiKeyId, OneTimeTokenId, ResourceId, StaffAccountId, StoreId, UserId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::record::Record;

/// Somebody who works at a store, as their colleagues see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What they are there.
    pub account: StaffAccount,
    /// What to call them; empty: they have deleted themselves.
    pub display_name: String,
}

/// A store where somebody works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workplace {
    /// What they are there.
    pub account: StaffAccount,
    /// Name of the store.
    pub store_name: String,
}

/// Where staff accounts and invitations are kept.
#[async_trait]
pub trait StaffStore: Send + Sync {
    /// A unit of work on a store's staff. Of one store there is one at a time: it begins with the store's lock.
    async fn begin(&self, scope: &StaffScope) -> Result<Box<dyn StaffUnit>, StoreError>;

    /// Somebody of the store, active or not.
    async fn member(&self, scope: &StaffScope, id: StaffAccountId) -> Result<Option<Member>, StoreError>;

    /// A page of the store's staff, by id.
    async fn members(
        &self,
        scope: &StaffScope,
        include_inactive: bool,
        page: &PageRequest,
    ) -> Result<Page<Member>, EntityError>;

    /// A page of the store's invitations that can be accepted, by id.
    async fn invitations(
        &self,
        scope: &StaffScope,
        now: DateTime<Utc>,
        page: &PageRequest,
    ) -> Result<Page<OneTimeToken>, EntityError>;

    /// The token with this digest, live or not. Whoever shows one has no leave yet, so there is no scope.
    async fn token(&self, digest: &TokenDigest) -> Result<Option<OneTimeToken>, StoreError>;

    /// What a person is at a store, active or not.
    async fn account_at(&self, user: UserId, store: StoreId) -> Result<Option<StaffAccount>, StoreError>;

    /// A page of the stores where a person works now, by the id of the account. Those of inactive tenants are none.
    async fn workplaces(&self, user: UserId, page: &PageRequest) -> Result<Page<Workplace>, EntityError>;
}

/// One transaction on a store's staff, under its lock. Dropped without `commit`, it leaves no trace.
#[async_trait]
pub trait StaffUnit: Send {
    /// Somebody of the store, active or not.
    async fn account(&mut self, id: StaffAccountId) -> Result<Option<StaffAccount>, StoreError>;

    /// What a person is at the store, active or not.
    async fn account_of(&mut self, user: UserId) -> Result<Option<StaffAccount>, StoreError>;

    /// Whether somebody but this one is an active owner: a person who can still sign in.
    async fn has_owner_beside(&mut self, id: StaffAccountId) -> Result<bool, StoreError>;

    /// Whether the store has this resource.
    async fn has_resource(&mut self, id: ResourceId) -> Result<bool, StoreError>;

    /// What the store is called.
    async fn store_name(&mut self) -> Result<String, StoreError>;

    /// A person, without a lock.
    async fn person(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// What a person is to the platform, or was.
    async fn admin_of(&mut self, user: UserId) -> Result<Option<AdminUser>, StoreError>;

    /// The key, live or not; none while its tenant is inactive.
    async fn key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;

    /// Takes the lock of a person, then reads them. Whoever becomes staff does so under it: they may be going.
    async fn lock_person(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// Writes a new account; [`StoreError::Conflict`] when the person has one here.
    async fn add(&mut self, account: &StaffAccount) -> Result<(), StoreError>;

    /// Writes an account over the version before its own.
    async fn save(&mut self, account: &StaffAccount) -> Result<(), StoreError>;

    /// The token with this digest, live or not.
    async fn token(&mut self, digest: &TokenDigest) -> Result<Option<OneTimeToken>, StoreError>;

    /// The store's invitation with this id, if it can be accepted.
    async fn invitation(&mut self, id: OneTimeTokenId, now: DateTime<Utc>) -> Result<Option<OneTimeToken>, StoreError>;

    /// How many of the store's invitations can be accepted.
    async fn open_invitations(&mut self, now: DateTime<Utc>) -> Result<u64, StoreError>;

    /// The store's invitations to an address that can be accepted.
    async fn invitations_to(
        &mut self,
        email: &EmailAddress,
        now: DateTime<Utc>,
    ) -> Result<Vec<OneTimeToken>, StoreError>;

    /// Makes void the store's invitations to an address.
    async fn void_invitations(&mut self, email: &EmailAddress, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Writes a new invitation to an address.
    async fn add_invitation(&mut self, token: &OneTimeToken, email: &EmailAddress) -> Result<(), StoreError>;

    /// Writes that an invitation is used or revoked, and forgets what it carried; [`StoreError::Conflict`] when it was
    /// before.
    async fn use_invitation(&mut self, id: OneTimeTokenId, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Takes up a record. It goes to the store's audit chain.
    fn note(&mut self, record: &Record);

    /// Takes up a record about a person whose lock is held. It goes to their audit chain.
    fn note_of_person(&mut self, person: UserId, record: &Record);

    /// Makes everything durable.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
