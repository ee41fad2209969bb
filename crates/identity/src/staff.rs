//! The use cases on those who work at stores.
//!
//! | module | subject |
//! |---|---|
//! | [`invite`], `letters` | inviting by e-mail, listing and revoking what is open; how many invitations are sent |
//! | [`accept`] | how who is invited becomes staff |
//! | [`change`] | reading staff, deciding about them anew, letting them go |
//! | [`own`] | where a person works, and leaving |
//! | `rules`, [`sender`] | who may decide about whom; whether who sent an invitation could still send it |
//! | [`invitation`], [`scope`], [`error`] | what an invitation says; leave to work on staff; why it fails |
//! | [`ports`], [`memory`] | what storage must do, and its fake |
//!
//! A person signs in once, and is staff at any number of stores. Nobody becomes staff without their own doing: they are
//! invited by e-mail, and accept as the person whose address that is. Whether an address is known here is not told to
//! who invites. Every decision is made under the lock of the store's staff, over what the decider is there at that moment.

pub mod accept;
pub mod change;
pub mod error;
pub mod invitation;
pub mod invite;
mod letters;
pub mod memory;
pub mod own;
pub mod ports;
mod rules;
pub mod scope;
pub mod sender;
#[cfg(test)]
mod tests;

use crate::ephemeral::Ephemeral;
use crate::lifetimes::Lifetimes;
use crate::message::Courier;
use crate::staff_account::StaffAccount;
use chrono::{DateTime, Utc};
use error::StaffError;
use invitation::Invitation;
use musubi_kernel::access::{AccessError, Actor, Caller, Permission};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen;
use musubi_kernel::record::{Change, Record};
use musubi_kernel::retry::Pause;
use musubi_kernel::secret::Cipher;
use ports::{StaffStore, StaffUnit};
use serde_json::{Value, json};
use std::sync::Arc;

const INVITATION: &str = "staff_invitation";

/// The ports of [`Staff`].
#[derive(Clone)]
pub struct Ports {
    /// Where staff accounts and invitations are kept.
    pub store: Arc<dyn StaffStore>,
    /// Takes messages.
    pub courier: Arc<dyn Courier>,
    /// Counts invitations.
    pub ephemeral: Arc<dyn Ephemeral>,
    /// Makes the digests by which they are counted.
    pub cipher: Arc<dyn Cipher>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids and tokens come from.
    pub ids: Arc<dyn IdGen>,
    /// Waits after a lost race.
    pub pause: Arc<dyn Pause>,
}

/// The use cases on those who work at stores.
#[derive(Clone)]
pub struct Staff {
    store: Arc<dyn StaffStore>,
    courier: Arc<dyn Courier>,
    ephemeral: Arc<dyn Ephemeral>,
    cipher: Arc<dyn Cipher>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    pause: Arc<dyn Pause>,
    lifetimes: Lifetimes,
}

impl Staff {
    /// Use cases over these ports.
    pub fn new(ports: Ports, lifetimes: Lifetimes) -> Self {
        let Ports { store, courier, ephemeral, cipher, clock, ids, pause } = ports;
        Self { store, courier, ephemeral, cipher, clock, ids, pause, lifetimes }
    }

    /// The record of somebody who works at a store from now on, as it is theirs.
    fn of_newcomer(&self, caller: &Caller, account: &StaffAccount, at: DateTime<Utc>) -> Record {
        let (subject_kind, subject) = ("user", account.user_id.0);
        let change = Change { kind: "user.hired".into(), subject_kind, subject, tenant: None, store: None, caller, at };
        let what = json!({ "store_id": account.store_id, "role": account.details.role });
        Record::of(&*self.ids, &change, None::<&Value>, Some(&what))
    }

    /// The record of what became of an invitation.
    fn of_invitation(&self, kind: &'static str, caller: &Caller, invitation: &Invitation, at: DateTime<Utc>) -> Record {
        let change = Change {
            kind: kind.into(),
            subject_kind: INVITATION,
            subject: invitation.id.0,
            tenant: Some(invitation.tenant),
            store: Some(invitation.store),
            caller,
            at,
        };
        Record::of(&*self.ids, &change, None::<&Value>, Some(&invitation.public_record()))
    }
}

/// Who decides, as they stand now, under the lock of the store's staff: since they were let in, somebody else may have
/// decided about them.
async fn decider(unit: &mut dyn StaffUnit, actor: &Actor) -> Result<Actor, StaffError> {
    match actor {
        Actor::Staff { user, session, .. } => {
            let post = unit.account_of(*user).await?.and_then(|account| account.post());
            let post = post.ok_or(AccessError::NotFound("store"))?;
            if !post.permissions.contains(&Permission::StaffWrite) {
                return Err(AccessError::Forbidden(Permission::StaffWrite).into());
            }
            Ok(Actor::Staff { user: *user, session: *session, post })
        }
        other => Ok(other.clone()),
    }
}

fn unreadable() -> StoreError {
    StoreError::Corrupt("one_time_tokens.payload: not that of an invitation".to_owned())
}
