//! What those do who look after people: look them up, lock and ban them, and let them in again.

use super::error::PeopleError;
use super::ports::Which;
use super::scope::PeopleScope;
use super::{People, ended};
use crate::message::MessageKind;
use crate::session::EndReason;
use crate::user::{LOCK_REASON, User};
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, ModeratorScope, SupportScope};
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::UserId;
use musubi_kernel::retry::retrying;
use serde_json::json;

/// A step of a person's life.
struct Step<'a> {
    kind: &'static str,
    /// What they are afterwards; `None`: they cannot take this step.
    take: &'a (dyn Fn(User, DateTime<Utc>) -> Option<User> + Sync),
    /// Why their sessions end, if they do.
    ends: Option<EndReason>,
    /// What they are told of it.
    tells: Option<MessageKind>,
}

impl People {
    /// The person.
    pub async fn get(&self, scope: &PeopleScope) -> Result<User, PeopleError> {
        self.store.user(scope.user()).await?.ok_or(PeopleError::NotFound("user"))
    }

    /// The person, for who looks after people. That they were looked up is written down.
    pub async fn look_up(&self, caller: &Caller, _: &SupportScope, id: UserId) -> Result<User, PeopleError> {
        let user = self.store.user(id).await?.ok_or(PeopleError::NotFound("user"))?;
        self.looked_up(caller, user).await
    }

    /// The person with this address, proven or not, as [`People::look_up`].
    pub async fn find(
        &self,
        caller: &Caller,
        _: &SupportScope,
        email: &EmailAddress,
    ) -> Result<Option<User>, PeopleError> {
        match self.store.see(email).await? {
            Some(seen) => self.looked_up(caller, seen.user).await.map(Some),
            None => Ok(None),
        }
    }

    async fn looked_up(&self, caller: &Caller, user: User) -> Result<User, PeopleError> {
        let now = self.clock.now();
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            unit.note(Some(user.id), &self.about("user.looked_up", caller, Some(user.id), json!({}), now));
            Ok::<_, PeopleError>(unit.commit().await?)
        })
        .await?;
        Ok(user)
    }

    /// Keeps a person from signing in; all of their sessions end at once. The reason is one line of up to
    /// [`LOCK_REASON`] characters, for those who decide about it later. About admins only the operator decides, or an admin
    /// who may do everything.
    pub async fn lock(&self, caller: &Caller, _: &SupportScope, id: UserId, reason: &str) -> Result<User, PeopleError> {
        check_reason(reason)?;
        let take = |user: User, now| user.lock(reason.to_owned(), now);
        let ends = Some(EndReason::Locked);
        self.step(caller, id, &Step { kind: "user.locked", take: &take, ends, tells: None }).await
    }

    /// Lets a locked person in again; not one who is banned. Admins as in [`People::lock`].
    pub async fn unlock(&self, caller: &Caller, _: &SupportScope, id: UserId) -> Result<User, PeopleError> {
        self.step(caller, id, &Step { kind: "user.unlocked", take: &User::unlock, ends: None, tells: None }).await
    }

    /// Bans a person, locked or not: until they are unbanned they cannot sign in, and their address is nobody else's. All of
    /// their sessions end at once, links that were sent are void, and they are told; the reason they are not. It is as that of
    /// [`People::lock`]. Nobody bans themselves.
    pub async fn ban(
        &self,
        caller: &Caller,
        _: &ModeratorScope,
        id: UserId,
        reason: &str,
    ) -> Result<User, PeopleError> {
        check_reason(reason)?;
        if caller.actor.as_person().is_ok_and(|person| person.user() == id) {
            let detail = "nobody bans themselves: to go, delete your account under /v1/me";
            return Err(PeopleError::Refused { code: "own_ban", detail });
        }
        let take = |user: User, now| user.ban(reason.to_owned(), now);
        let (ends, tells) = (Some(EndReason::Banned), Some(MessageKind::Banned));
        self.step(caller, id, &Step { kind: "user.banned", take: &take, ends, tells }).await
    }

    /// Ends a ban, and a lock that was there before it: the person can sign in again, and is told.
    pub async fn unban(&self, caller: &Caller, _: &ModeratorScope, id: UserId) -> Result<User, PeopleError> {
        let tells = Some(MessageKind::Unbanned);
        self.step(caller, id, &Step { kind: "user.unbanned", take: &User::unban, ends: None, tells }).await
    }

    async fn step(&self, caller: &Caller, id: UserId, step: &Step<'_>) -> Result<User, PeopleError> {
        let now = self.clock.now();
        let after = retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let before = unit.lock(id).await?.ok_or(PeopleError::NotFound("user"))?;
            if unit.is_admin(id).await? {
                caller.actor.as_operator()?;
            }
            let Some(after) = (step.take)(before.clone(), now) else {
                return Err(wrong_status());
            };
            unit.save_user(&after).await?;
            if let Some(reason) = step.ends {
                unit.void_tokens(id, now).await?;
                let count = unit.end_sessions(id, Which::All, reason, now).await?;
                if count > 0 {
                    unit.note(Some(id), &self.about("session.ended", caller, Some(id), ended(count), now));
                }
            }
            unit.note(Some(id), &self.of_user(step.kind, caller, Some(&before), &after, now));
            unit.commit().await?;
            Ok(after)
        })
        .await?;
        if let Some(kind) = step.tells {
            self.tell(&after, kind, None).await;
        }
        Ok(after)
    }
}

fn check_reason(reason: &str) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    invalid.line("/reason", reason, 1..=LOCK_REASON);
    invalid.finish()
}

pub(super) const fn wrong_status() -> PeopleError {
    PeopleError::Refused { code: "wrong_status", detail: "this person is not in a state in which this can be done" }
}
