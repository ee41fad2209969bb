//! Fakes of the [`ports`](crate::ports), for tests and for embedding without a database.

use crate::menu_option::MenuOption;
use crate::ports::{Found, OptionBook, ResourceBook, StoreDirectory};
use crate::resource::Resource;
use crate::store::Store;
use crate::tenant::Tenant;
use async_trait::async_trait;
use musubi_kernel::access::{StoreRef, StoreScope};
use musubi_kernel::entity::{EntitiesInMemory, Entity};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{MenuId, ResourceId, StoreId};
use std::sync::Arc;

/// Finds stores among those in memory.
#[derive(Debug)]
pub struct DirectoryInMemory {
    tenants: Arc<EntitiesInMemory<Tenant>>,
    stores: Arc<EntitiesInMemory<Store>>,
}

impl DirectoryInMemory {
    /// A directory of these.
    pub fn new(tenants: Arc<EntitiesInMemory<Tenant>>, stores: Arc<EntitiesInMemory<Store>>) -> Self {
        Self { tenants, stores }
    }

    fn first(&self, wanted: impl Fn(&Store) -> bool) -> Option<Found> {
        let store = self.stores.rows().into_iter().find(wanted)?;
        let tenant_active =
            self.tenants.rows().iter().any(|tenant| tenant.id == store.tenant_id && tenant.details.is_active);
        let open_to_public = store.details.is_active && store.details.is_public && tenant_active;
        Some(Found { at: StoreRef { store: store.id, tenant: store.tenant_id, open_to_public }, store })
    }
}

#[async_trait]
impl StoreDirectory for DirectoryInMemory {
    async fn by_id(&self, id: StoreId) -> Result<Option<StoreRef>, StoreError> {
        Ok(self.first(|store| store.id == id).map(|found| found.at))
    }

    async fn by_slug(&self, slug: &str) -> Result<Option<Found>, StoreError> {
        Ok(self.first(|store| store.details.slug == slug))
    }
}

#[async_trait]
impl OptionBook for EntitiesInMemory<MenuOption> {
    async fn of_menus(&self, scope: &StoreScope, menus: &[MenuId]) -> Result<Vec<MenuOption>, StoreError> {
        let mut options = self.rows();
        options.retain(|one| one.store_id == scope.store() && menus.contains(&one.menu_id) && one.details.is_active);
        options.sort_by_key(Entity::sort_key);
        Ok(options)
    }
}

#[async_trait]
impl ResourceBook for EntitiesInMemory<Resource> {
    async fn existing(&self, scope: &StoreScope, ids: &[ResourceId]) -> Result<Vec<ResourceId>, StoreError> {
        let own = self.rows().into_iter().filter(|resource| resource.lives_in(scope));
        Ok(own.map(|resource| resource.id).filter(|id| ids.contains(id)).collect())
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use crate::store::{IndustryType, StoreDetails};
    use chrono::DateTime;
    use musubi_kernel::access::{Actor, Permission, StoreRef, StoreScope, TenantScope};
    use musubi_kernel::clock::ManualClock;
    use musubi_kernel::entity::{EntitiesInMemory, Entity, EntityStore, Keeper};
    use musubi_kernel::hours::{OpenInterval, WeeklyHours};
    use musubi_kernel::id::CountingIds;
    use musubi_kernel::retry::NoPause;
    use std::sync::Arc;
    use uuid::Uuid;

    pub(crate) fn keeper<E: Entity>() -> Keeper<E> {
        keeper_over(Arc::new(EntitiesInMemory::default()))
    }

    pub(crate) fn keeper_over<E: Entity>(store: Arc<dyn EntityStore<E>>) -> Keeper<E> {
        let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
        Keeper::new(store, clock, Arc::new(CountingIds::default()), Arc::new(NoPause))
    }

    pub(crate) fn broken<E: Entity>(details: &E::Details) -> Vec<(String, &'static str)> {
        let Err(invalid) = E::check(details) else { return Vec::new() };
        invalid.into_violations().into_iter().map(|violation| (violation.pointer, violation.code)).collect()
    }

    pub(crate) fn tenant_scope(tenant: u128) -> TenantScope {
        Actor::System.on_tenant(Uuid::from_u128(tenant).into(), Permission::TenantWrite).expect("the system may")
    }

    pub(crate) fn store_scope(tenant: u128, store: u128) -> StoreScope {
        let (tenant, store) = (Uuid::from_u128(tenant).into(), Uuid::from_u128(store).into());
        let at = StoreRef { store, tenant, open_to_public: true };
        Actor::System.on_store(&at, Permission::CatalogWrite).expect("the system may")
    }

    pub(crate) fn sample_store(slug: &str) -> StoreDetails {
        let ten_to_seven = OpenInterval { open: "10:00".parse().unwrap(), close: "19:00".parse().unwrap() };
        let hours = WeeklyHours { mon: vec![ten_to_seven], ..WeeklyHours::default() };
        StoreDetails::new("Hanako", slug, IndustryType::Beauty, hours)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{keeper_over, sample_store};
    use super::*;
    use crate::store::{StoreDetails, StoresScope};
    use crate::tenant::{TenantDetails, TenantsScope};
    use musubi_kernel::access::{Caller, Permission};
    use musubi_kernel::receipt::NoReceipt;

    #[tokio::test]
    async fn a_store_is_open_when_it_its_page_and_its_tenant_are() {
        let (tenants, stores) = (Arc::new(EntitiesInMemory::default()), Arc::new(EntitiesInMemory::default()));
        let directory = DirectoryInMemory::new(tenants.clone(), stores.clone());
        let (tenants, stores) = (keeper_over::<Tenant>(tenants), keeper_over::<Store>(stores));
        let caller = Caller::system();
        let all = TenantsScope::from(caller.actor.as_operator().unwrap());
        for (index, (tenant_active, is_active, is_public)) in
            [(true, true, true), (false, true, true), (true, false, true), (true, true, false)].into_iter().enumerate()
        {
            let details = TenantDetails { is_active: tenant_active, ..TenantDetails::new("t") };
            let tenant = tenants.create(&caller, &all, details, &NoReceipt).await.unwrap();
            let scope = StoresScope::from(caller.actor.on_tenant(tenant.id, Permission::TenantWrite).unwrap());
            let details = StoreDetails { is_active, is_public, ..sample_store(&format!("store-{index}")) };
            let store = stores.create(&caller, &scope, details, &NoReceipt).await.unwrap();
            let at = directory.by_id(store.id).await.unwrap().unwrap();
            assert_eq!(at.open_to_public, index == 0, "{index}");
            let found = directory.by_slug(&store.details.slug).await.unwrap().unwrap();
            assert_eq!(found, Found { at, store });
        }
        assert_eq!(directory.by_slug("store-9").await, Ok(None));
    }
}
