//! Deleting people.

use super::error::PeopleError;
use super::ports::{PeopleUnit, Which, remove_means};
use super::scope::PeopleScope;
use super::support::wrong_status;
use super::{People, ended};
use crate::session::EndReason;
use crate::staff_account::{StaffAccount, StaffDetails};
use crate::user::User;
use chrono::{DateTime, Utc};
use musubi_kernel::access::Caller;
use musubi_kernel::retry::retrying;

impl People {
    /// Deletes a person, who needs a recent proof if they ask for it: their sessions end at once, they no longer work
    /// anywhere, their accounts, address and membership in WordPress are free for others, and their id stays, as other things refer to it.
    ///
    /// Not a store's last owner, unless the operator does it: of several who go at once one stays.
    pub async fn delete(&self, caller: &Caller, scope: &PeopleScope) -> Result<User, PeopleError> {
        let (id, now) = (scope.user(), self.clock.now());
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            unit.lock_workplaces(id).await?;
            let before = unit.lock(id).await?.ok_or(PeopleError::NotFound("user"))?;
            let after = before.clone().delete(now).ok_or_else(wrong_status)?;
            self.require_recent_of(&mut *unit, scope, now).await?;
            for account in unit.workplaces(id).await? {
                self.resign(&mut *unit, caller, scope, &account, now).await?;
            }
            unit.save_user(&after).await?;
            unit.void_tokens(id, now).await?;
            remove_means(&mut *unit, id).await?;
            unit.remove_wordpress_link(id).await?;
            for account in unit.accounts(id).await? {
                unit.save_account(&account.deleted()).await?;
            }
            let count = unit.end_sessions(id, Which::All, EndReason::Deleted, now).await?;
            if count > 0 {
                unit.note(Some(id), &self.about("session.ended", caller, Some(id), ended(count), now));
            }
            unit.note(Some(id), &self.of_user("user.deleted", caller, Some(&before), &after, now));
            unit.commit().await?;
            Ok(after)
        })
        .await
    }

    /// A person who goes no longer works at a store.
    async fn resign(
        &self,
        unit: &mut dyn PeopleUnit,
        caller: &Caller,
        scope: &PeopleScope,
        account: &StaffAccount,
        now: DateTime<Utc>,
    ) -> Result<(), PeopleError> {
        let is_own = matches!(scope, PeopleScope::Own(_));
        if is_own && account.details.is_active_owner() && !unit.keeps_an_owner(account).await? {
            let detail = "you are the last owner of a store: hand it over first, by inviting another owner there";
            return Err(PeopleError::Refused { code: "last_owner", detail });
        }
        let after = account.revise(StaffDetails { is_active: false, ..account.details.clone() }, now);
        unit.save_workplace(&after).await?;
        let record = after.changed(&*self.ids, "staff_account.disabled", caller, Some(account), now);
        unit.note_at_store(&after, &record);
        Ok(())
    }
}
