//! What people say of themselves.

use super::People;
use super::error::PeopleError;
use crate::user::{PersonDetails, User};
use musubi_kernel::access::{Caller, PersonScope};
use musubi_kernel::error::Invalid;
use musubi_kernel::retry::retrying;

impl People {
    /// The person as `revision` makes it of what they have said of themselves so far, over the version `expected` if that is
    /// said. Says of `/display_name` and `/age_group_id` what is wrong with them.
    pub async fn change_details(
        &self,
        caller: &Caller,
        scope: &PersonScope,
        expected: Option<i64>,
        revision: impl Fn(&PersonDetails) -> Result<PersonDetails, Invalid> + Send + Sync,
    ) -> Result<User, PeopleError> {
        let now = self.clock.now();
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin().await?;
            let before = unit.lock(scope.user()).await?.filter(User::is_active);
            let before = before.ok_or(PeopleError::NotFound("user"))?;
            if let Some(expected) = expected.filter(|expected| *expected != before.version) {
                return Err(PeopleError::Stale { expected, actual: before.version });
            }
            let present = before.details();
            let details = revision(&present)?;
            let mut invalid = details.check(&present).err().unwrap_or_default();
            if let Some(group) = details.age_group_id {
                let known = unit.has_age_group(group).await?;
                let detail = "must be one of the groups of ages, or null";
                invalid.require(known, "/age_group_id", "unknown_age_group", detail);
            }
            invalid.finish()?;
            let after = before.clone().with_details(details, now);
            unit.save_user(&after).await?;
            unit.note(Some(after.id), &self.of_user("user.updated", caller, Some(&before), &after, now));
            unit.commit().await?;
            Ok(after)
        })
        .await
    }
}
