//! What the use cases on admins ask of storage.

use crate::admin_user::AdminUser;
use crate::user::User;
use async_trait::async_trait;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{AdminUserId, UserId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::record::Record;

/// Where admins are kept.
#[async_trait]
pub trait AdminStore: Send + Sync {
    /// A unit of work.
    async fn begin(&self) -> Result<Box<dyn AdminUnit>, StoreError>;

    /// A page of those who are admins now, by id.
    async fn admins(&self, page: &PageRequest) -> Result<Page<AdminUser>, EntityError>;
}

/// One transaction. Dropped without `commit`, it leaves no trace.
#[async_trait]
pub trait AdminUnit: Send {
    /// Somebody who is an admin, or was one.
    async fn admin(&mut self, id: AdminUserId) -> Result<Option<AdminUser>, StoreError>;

    /// What a person is to the platform, or was.
    async fn admin_of(&mut self, user: UserId) -> Result<Option<AdminUser>, StoreError>;

    /// Takes the lock of a person, then reads them. Whoever is appointed is so under it: they may be about to be locked.
    async fn lock_person(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// Who has this address, proven or not, without a lock.
    async fn person_by_email(&mut self, email: &EmailAddress) -> Result<Option<UserId>, StoreError>;

    /// Writes somebody new; [`StoreError::Conflict`] when the person is there already.
    async fn add(&mut self, admin: &AdminUser) -> Result<(), StoreError>;

    /// Writes somebody over the version before theirs.
    async fn save(&mut self, admin: &AdminUser) -> Result<(), StoreError>;

    /// Takes up a record. It goes to the platform's audit chain.
    fn note(&mut self, record: &Record);

    /// Takes up a record about a person whose lock is held. It goes to their audit chain.
    fn note_of_person(&mut self, person: UserId, record: &Record);

    /// Makes everything durable.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
