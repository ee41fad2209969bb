//! The use cases on admins.
//!
//! The operator's key appoints the first one. Any of them can be dismissed, the last one too: the key remains.

pub mod memory;
pub mod ports;

use crate::admin_user::AdminUser;
use crate::user::User;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{AdminRole, Caller, OperatorScope};
use musubi_kernel::clock::Clock;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::{EntityError, Invalid, StoreError};
use musubi_kernel::id::{AdminUserId, IdGen, UserId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::record::{Change, Record};
use musubi_kernel::retry::{Pause, retrying};
use ports::{AdminStore, AdminUnit};
use serde_json::{Value, json};
use std::sync::Arc;

const NOUN: &str = "admin_user";

/// Who is to be an admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appointee {
    /// The person with this id.
    Id(UserId),
    /// The person who has proven that this address is theirs.
    Email(EmailAddress),
}

/// The use cases on admins.
#[derive(Clone)]
pub struct Admins {
    store: Arc<dyn AdminStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    pause: Arc<dyn Pause>,
}

impl Admins {
    /// Use cases over these ports.
    pub fn new(store: Arc<dyn AdminStore>, clock: Arc<dyn Clock>, ids: Arc<dyn IdGen>, pause: Arc<dyn Pause>) -> Self {
        Self { store, clock, ids, pause }
    }

    /// A page of the admins, the oldest first.
    pub async fn list(&self, _: &OperatorScope, page: &PageRequest) -> Result<Page<AdminUser>, EntityError> {
        self.store.admins(page).await
    }

    /// Makes a person an admin, or an admin another kind of one. They act as one once they have signed in with a second
    /// factor.
    pub async fn appoint(
        &self,
        caller: &Caller,
        _: &OperatorScope,
        who: &Appointee,
        role: AdminRole,
    ) -> Result<AdminUser, EntityError> {
        let now = self.clock.now();
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let person = locked(&mut *unit, who).await?.filter(User::is_active).ok_or_else(|| unknown(who))?;
            let before = unit.admin_of(person.id).await?;
            let after = match &before {
                Some(before) if before.is_active && before.role == role => return Ok(before.clone()),
                Some(before) => before.clone().appoint(role, now),
                None => AdminUser::new(AdminUserId::new(&*self.ids, now), person.id, role, now),
            };
            self.write(&mut *unit, caller, "admin_user.appointed", before.as_ref(), &after, now).await?;
            unit.note_of_person(person.id, &self.of_appointee(caller, &after, now));
            unit.commit().await?;
            Ok(after)
        })
        .await
    }

    /// Somebody is no admin any more, from their next request on.
    pub async fn dismiss(&self, caller: &Caller, _: &OperatorScope, id: AdminUserId) -> Result<(), EntityError> {
        let now = self.clock.now();
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let before = unit.admin(id).await?.ok_or(EntityError::NotFound(NOUN))?;
            if !before.is_active {
                return Ok(());
            }
            let after = before.clone().dismiss(now);
            self.write(&mut *unit, caller, "admin_user.dismissed", Some(&before), &after, now).await?;
            Ok(unit.commit().await?)
        })
        .await
    }

    /// The record of somebody who is an admin from now on, as it is theirs.
    fn of_appointee(&self, caller: &Caller, admin: &AdminUser, at: DateTime<Utc>) -> Record {
        let (subject_kind, subject) = ("user", admin.user_id.0);
        let change =
            Change { kind: "user.appointed".into(), subject_kind, subject, tenant: None, store: None, caller, at };
        Record::of(&*self.ids, &change, None::<&Value>, Some(&json!({ "role": admin.role })))
    }

    async fn write(
        &self,
        unit: &mut dyn AdminUnit,
        caller: &Caller,
        kind: &'static str,
        before: Option<&AdminUser>,
        after: &AdminUser,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        match before {
            Some(_) => unit.save(after).await?,
            None => unit.add(after).await?,
        }
        let subject = after.id.0;
        let change = Change { kind: kind.into(), subject_kind: NOUN, subject, tenant: None, store: None, caller, at };
        let before = before.map(AdminUser::public_record);
        unit.note(&Record::of(&*self.ids, &change, before.as_ref(), Some(&after.public_record())));
        Ok(())
    }
}

/// The person, under their lock.
async fn locked(unit: &mut dyn AdminUnit, who: &Appointee) -> Result<Option<User>, StoreError> {
    match who {
        Appointee::Id(id) => unit.lock_person(*id).await,
        Appointee::Email(email) => {
            let Some(id) = unit.person_by_email(email).await? else { return Ok(None) };
            Ok(unit.lock_person(id).await?.filter(|person| person.verified_email() == Some(email)))
        }
    }
}

fn unknown(who: &Appointee) -> Invalid {
    match who {
        Appointee::Id(_) => Invalid::one("/user_id", "unknown_user", "must be somebody who can sign in"),
        Appointee::Email(_) => {
            Invalid::one("/email", "unknown_user", "must be the address of somebody who can sign in")
        }
    }
}
