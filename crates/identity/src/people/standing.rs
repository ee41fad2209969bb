//! Locking people, letting them in again, and deleting them.

use super::error::PeopleError;
use super::ports::Which;
use super::scope::PeopleScope;
use super::{People, ended};
use crate::session::EndReason;
use crate::user::{LOCK_REASON, User};
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, OperatorScope};
use musubi_kernel::error::Invalid;
use musubi_kernel::id::UserId;
use musubi_kernel::retry::retrying;

/// A step of a person's life.
struct Step<'a> {
    kind: &'static str,
    /// What they are afterwards; `None`: they cannot take this step.
    take: &'a (dyn Fn(User, DateTime<Utc>) -> Option<User> + Sync),
    /// Why their sessions end, if they do.
    ends: Option<EndReason>,
}

impl People {
    /// The person.
    pub async fn get(&self, scope: &PeopleScope) -> Result<User, PeopleError> {
        self.store.user(scope.user()).await?.ok_or(PeopleError::NotFound("user"))
    }

    /// Keeps a person from signing in; all of their sessions end at once. The reason is one line of up to
    /// [`LOCK_REASON`] characters, for those who decide about it later.
    pub async fn lock(
        &self,
        caller: &Caller,
        _: &OperatorScope,
        id: UserId,
        reason: &str,
    ) -> Result<User, PeopleError> {
        let mut invalid = Invalid::default();
        invalid.line("/reason", reason, 1..=LOCK_REASON);
        invalid.finish()?;
        let take = |user: User, now| user.lock(reason.to_owned(), now);
        self.step(caller, id, &Step { kind: "user.locked", take: &take, ends: Some(EndReason::Locked) }).await
    }

    /// Lets a locked person in again.
    pub async fn unlock(&self, caller: &Caller, _: &OperatorScope, id: UserId) -> Result<User, PeopleError> {
        self.step(caller, id, &Step { kind: "user.unlocked", take: &User::unlock, ends: None }).await
    }

    /// Deletes a person: their sessions end at once, their accounts and address are free for others, and their id stays, as
    /// other things refer to it.
    pub async fn delete(&self, caller: &Caller, scope: &PeopleScope) -> Result<User, PeopleError> {
        let step = Step { kind: "user.deleted", take: &User::delete, ends: Some(EndReason::Deleted) };
        self.step(caller, scope.user(), &step).await
    }

    async fn step(&self, caller: &Caller, id: UserId, step: &Step<'_>) -> Result<User, PeopleError> {
        let now = self.clock.now();
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let before = unit.lock(id).await?.ok_or(PeopleError::NotFound("user"))?;
            let Some(after) = (step.take)(before.clone(), now) else {
                let detail = "this person is not in a state in which this can be done";
                return Err(PeopleError::Refused { code: "wrong_status", detail });
            };
            unit.save_user(&after).await?;
            if let Some(reason) = step.ends {
                unit.void_tokens(id, now).await?;
                if reason == EndReason::Deleted {
                    for account in unit.accounts(id).await? {
                        unit.save_account(&account.deleted()).await?;
                    }
                }
                let count = unit.end_sessions(id, Which::All, reason, now).await?;
                if count > 0 {
                    unit.note(Some(id), &self.about("session.ended", caller, Some(id), ended(count), now));
                }
            }
            unit.note(Some(id), &self.of_user(step.kind, caller, Some(&before), &after, now));
            unit.commit().await?;
            Ok(after)
        })
        .await
    }
}
