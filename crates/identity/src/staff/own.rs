//! Where a person works, and how they leave.

use super::Staff;
use super::error::StaffError;
use super::ports::Workplace;
use super::scope::StaffScope;
use crate::staff_account::{ACCOUNT, StaffDetails};
use musubi_kernel::access::{Caller, PersonScope};
use musubi_kernel::error::EntityError;
use musubi_kernel::id::StoreId;
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::retry::retrying;

impl Staff {
    /// A page of the stores where the person works now.
    pub async fn workplaces(&self, scope: &PersonScope, page: &PageRequest) -> Result<Page<Workplace>, StaffError> {
        Ok(self.store.workplaces(scope.user(), page).await?)
    }

    /// The person no longer works at a store; not its last owner.
    pub async fn leave(&self, caller: &Caller, scope: &PersonScope, store: StoreId) -> Result<(), StaffError> {
        let now = self.clock.now();
        retrying(&*self.pause, || async {
            let gone = EntityError::NotFound(ACCOUNT);
            let found = self.store.account_at(scope.user(), store).await?.ok_or_else(|| gone.clone())?;
            let mut unit = self.store.begin(&StaffScope::of_own(&found)).await?;
            let before = unit.account(found.id).await?.filter(|account| account.details.is_active).ok_or(gone)?;
            let after = before.revise(StaffDetails { is_active: false, ..before.details.clone() }, now);
            self.decide(unit, caller, &before, &after).await
        })
        .await
    }
}
