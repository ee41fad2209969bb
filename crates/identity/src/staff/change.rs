//! Reading a store's staff, deciding about them anew, and letting them go.

use super::error::{StaffError, refused};
use super::invite::{has_resource, unknown_resource};
use super::ports::{Member, StaffUnit};
use super::{Staff, decider, rules};
use crate::staff_account::{ACCOUNT, StaffAccount, StaffDetails};
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::error::{EntityError, Invalid};
use musubi_kernel::id::StaffAccountId;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::retry::retrying;

impl Staff {
    /// Somebody of the store, active or not.
    pub async fn member(&self, scope: &StoreScope, id: StaffAccountId) -> Result<Member, StaffError> {
        let found = self.store.member(&scope.into(), id).await?;
        Ok(found.ok_or(EntityError::NotFound(ACCOUNT))?)
    }

    /// A page of the store's staff, the oldest first; those who no longer work there only if asked for.
    pub async fn members(
        &self,
        scope: &StoreScope,
        include_inactive: bool,
        page: &PageRequest,
    ) -> Result<Page<Member>, StaffError> {
        Ok(self.store.members(&scope.into(), include_inactive, page).await?)
    }

    /// Somebody's account as `revision` makes it of the present one, over the version `expected` if that is said. It holds
    /// from their next request on.
    pub async fn change(
        &self,
        caller: &Caller,
        scope: &StoreScope,
        id: StaffAccountId,
        expected: Option<i64>,
        revision: impl Fn(&StaffDetails) -> Result<StaffDetails, Invalid> + Send + Sync,
    ) -> Result<StaffAccount, StaffError> {
        let now = self.clock.now();
        retrying(&*self.pause, || async {
            let mut unit = self.store.begin(&scope.into()).await?;
            let actor = decider(&mut *unit, &caller.actor).await?;
            let before = unit.account(id).await?.ok_or(EntityError::NotFound(ACCOUNT))?;
            if let Some(expected) = expected.filter(|expected| *expected != before.version) {
                return Err(EntityError::Stale { expected, actual: before.version }.into());
            }
            let details = revision(&before.details)?;
            rules::may_change(&actor, &before, &details)?;
            if details.is_active && !before.details.is_active {
                let detail = "who has left works here again when they accept an invitation";
                return Err(refused("must_be_invited", detail).into());
            }
            if (details.role, &details.permissions) != (before.details.role, &before.details.permissions) {
                rules::check(&actor, &details)?;
            }
            if details.resource_id != before.details.resource_id
                && !has_resource(&mut *unit, details.resource_id).await?
            {
                return Err(unknown_resource().into());
            }
            let after = before.revise(details, now);
            self.decide(unit, &Caller { actor, ..caller.clone() }, &before, &after).await?;
            Ok(after)
        })
        .await
    }

    /// Somebody no longer works at the store, from their next request on. Who does not work there any more stays as they
    /// are.
    pub async fn disable(
        &self,
        caller: &Caller,
        scope: &StoreScope,
        id: StaffAccountId,
        expected: Option<i64>,
    ) -> Result<(), StaffError> {
        let member = self.member(scope, id).await?;
        if !member.account.details.is_active && expected.is_none_or(|expected| expected == member.account.version) {
            return Ok(());
        }
        let away = |present: &StaffDetails| Ok(StaffDetails { is_active: false, ..present.clone() });
        self.change(caller, scope, id, expected, away).await.map(drop)
    }

    /// Writes a decision, unless the store would be left without an owner.
    pub(super) async fn decide(
        &self,
        mut unit: Box<dyn StaffUnit>,
        caller: &Caller,
        before: &StaffAccount,
        after: &StaffAccount,
    ) -> Result<(), StaffError> {
        if rules::loses_an_owner(&before.details, &after.details)
            && !rules::is_above_owners(&caller.actor)
            && !unit.has_owner_beside(before.id).await?
        {
            let detail = "the store would be left without an owner: a key of the tenant or the operator can do this";
            return Err(refused("last_owner", detail).into());
        }
        unit.save(after).await?;
        let kind = match (before.details.is_active, after.details.is_active) {
            (true, false) => "staff_account.disabled",
            (false, true) => "staff_account.enabled",
            _ => "staff_account.updated",
        };
        unit.note(&after.changed(&*self.ids, kind, caller, Some(before), after.updated_at));
        Ok(unit.commit().await?)
    }
}
