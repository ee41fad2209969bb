//! A fake of the [ports](super::ports), for tests and for embedding without a database.
//!
//! Admins are kept beside the people who they are ([`PeopleInMemory`]), as one database has them.

use super::ports::{AdminStore, AdminUnit};
use crate::admin_user::AdminUser;
use crate::people::memory::{PeopleInMemory, State};
use crate::user::User;
use async_trait::async_trait;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{AdminUserId, UserId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::record::Record;
use std::sync::{Arc, Mutex};

impl State {
    /// What a person is to the platform, or was.
    pub(crate) fn admin_of(&self, user: UserId) -> Option<AdminUser> {
        self.admins.values().find(|admin| admin.user_id == user).cloned()
    }
}

/// Admins in memory.
#[derive(Clone)]
pub struct AdminsInMemory(Arc<PeopleInMemory>);

impl AdminsInMemory {
    /// None yet, of these people.
    pub const fn new(people: Arc<PeopleInMemory>) -> Self {
        Self(people)
    }

    fn state(&self) -> State {
        self.0.shared().lock().expect("no holder panics").clone()
    }
}

#[async_trait]
impl AdminStore for AdminsInMemory {
    async fn begin(&self) -> Result<Box<dyn AdminUnit>, StoreError> {
        Ok(Box::new(Unit { state: self.state(), kept: self.0.shared() }))
    }

    async fn admins(&self, page: &PageRequest) -> Result<Page<AdminUser>, EntityError> {
        let last: Option<AdminUserId> = page.position()?;
        let state = self.state();
        let shown = state.admins.values().filter(|one| one.is_active && last.is_none_or(|last| one.id > last));
        Ok(Page::of(shown.take(page.limit as usize + 1).cloned().collect(), page.limit, |one| one.id))
    }
}

struct Unit {
    state: State,
    kept: Arc<Mutex<State>>,
}

#[async_trait]
impl AdminUnit for Unit {
    async fn admin(&mut self, id: AdminUserId) -> Result<Option<AdminUser>, StoreError> {
        Ok(self.state.admins.get(&id).cloned())
    }

    async fn admin_of(&mut self, user: UserId) -> Result<Option<AdminUser>, StoreError> {
        Ok(self.state.admin_of(user))
    }

    async fn lock_person(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.state.users.get(&id).cloned())
    }

    async fn person_by_email(&mut self, email: &EmailAddress) -> Result<Option<UserId>, StoreError> {
        Ok(self.state.user_by_email(email).map(|user| user.id))
    }

    async fn add(&mut self, admin: &AdminUser) -> Result<(), StoreError> {
        if self.state.admin_of(admin.user_id).is_some() {
            return Err(StoreError::Conflict);
        }
        self.state.admins.insert(admin.id, admin.clone());
        Ok(())
    }

    async fn save(&mut self, admin: &AdminUser) -> Result<(), StoreError> {
        if self.state.admins.get(&admin.id).is_none_or(|present| present.version + 1 != admin.version) {
            return Err(StoreError::Conflict);
        }
        self.state.admins.insert(admin.id, admin.clone());
        Ok(())
    }

    fn note(&mut self, record: &Record) {
        self.state.records.push(record.clone());
    }

    fn note_of_person(&mut self, _: UserId, record: &Record) {
        self.state.records.push(record.clone());
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.state.commit(&self.kept)
    }
}
