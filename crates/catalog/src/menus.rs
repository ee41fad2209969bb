//! The use cases on menus: those of [`Keeper`], and that a menu refers only to resources of its own store.

use crate::menu::{Menu, MenuDetails, MenuFilter};
use crate::ports::ResourceBook;
use musubi_kernel::access::{Caller, StoreScope};
use musubi_kernel::entity::{Entity, Keeper};
use musubi_kernel::error::{EntityError, Invalid, StoreError};
use musubi_kernel::id::{MenuId, ResourceId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Receipt;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The use cases on menus.
#[derive(Clone)]
pub struct Menus {
    keeper: Keeper<Menu>,
    resources: Arc<dyn ResourceBook>,
}

impl Menus {
    /// Use cases over these.
    pub fn new(keeper: Keeper<Menu>, resources: Arc<dyn ResourceBook>) -> Self {
        Self { keeper, resources }
    }

    /// A new menu.
    pub async fn create(
        &self,
        caller: &Caller,
        scope: &StoreScope,
        details: MenuDetails,
        receipt: &dyn Receipt<Menu>,
    ) -> Result<Menu, EntityError> {
        self.strangers(scope, &details).await?.check(&details)?;
        self.keeper.create(caller, scope, details, receipt).await
    }

    /// The menu.
    pub async fn get(&self, scope: &StoreScope, id: MenuId) -> Result<Menu, EntityError> {
        self.keeper.get(scope, id).await
    }

    /// A page of them.
    pub async fn list(
        &self,
        scope: &StoreScope,
        filter: &MenuFilter,
        page: &PageRequest,
    ) -> Result<Page<Menu>, EntityError> {
        self.keeper.list(scope, filter, page).await
    }

    /// The menu with the details that `revision` makes of its present ones. With `expected`, only over that version.
    pub async fn update(
        &self,
        caller: &Caller,
        scope: &StoreScope,
        id: MenuId,
        expected: Option<i64>,
        revision: impl Fn(&Menu) -> Result<MenuDetails, Invalid> + Send + Sync,
    ) -> Result<Menu, EntityError> {
        let present = self.keeper.get(scope, id).await?;
        // A resource that another writer adds meanwhile was looked up by that writer, and none is ever removed.
        let strangers = self.strangers(scope, &revision(&present)?).await?;
        let revision = |present: &Menu| {
            let details = revision(present)?;
            strangers.check(&details)?;
            Ok(details)
        };
        self.keeper.update(caller, scope, id, expected, revision).await
    }

    async fn strangers(&self, scope: &StoreScope, details: &MenuDetails) -> Result<Strangers, StoreError> {
        // Rules bound the lists, so what breaks one is not looked up.
        if Menu::check(details).is_err() {
            return Ok(Strangers::default());
        }
        let named: Vec<ResourceId> = named(details).map(|(_, id)| id).collect::<BTreeSet<_>>().into_iter().collect();
        if named.is_empty() {
            return Ok(Strangers::default());
        }
        let known = self.resources.existing(scope, &named).await?;
        Ok(Strangers(named.into_iter().filter(|id| !known.contains(id)).collect()))
    }
}

/// Named resources that the store does not have.
#[derive(Default)]
struct Strangers(BTreeSet<ResourceId>);

impl Strangers {
    fn check(&self, details: &MenuDetails) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        for (pointer, id) in named(details) {
            invalid.require(!self.0.contains(&id), &pointer, "unknown_resource", "this store has no such resource");
        }
        invalid.finish()
    }
}

/// Every resource that the details name, with its place.
fn named(details: &MenuDetails) -> impl Iterator<Item = (String, ResourceId)> {
    let primary = details.resource_ids.iter().flatten().enumerate();
    let primary = primary.map(|(index, id)| (format!("/resource_ids/{index}"), *id));
    let required = details.required_resources.iter().enumerate().flat_map(|(entry, requirement)| {
        let listed = requirement.resource_ids.iter().flatten().enumerate();
        listed.map(move |(index, id)| (format!("/required_resources/{entry}/resource_ids/{index}"), *id))
    });
    primary.chain(required)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::{keeper_over, store_scope};
    use crate::menu::Requirement;
    use crate::resource::{Resource, ResourceDetails, ResourceType};
    use musubi_kernel::entity::EntitiesInMemory;
    use musubi_kernel::error::Failure;
    use musubi_kernel::money::Amount;
    use musubi_kernel::receipt::NoReceipt;

    #[tokio::test]
    async fn a_menu_names_only_its_own_stores_resources() {
        let book = Arc::new(EntitiesInMemory::<Resource>::default());
        let resources = keeper_over(book.clone());
        let menus = Menus::new(keeper_over(Arc::new(EntitiesInMemory::default())), book);
        let (caller, ours, theirs) = (Caller::system(), store_scope(1, 1), store_scope(1, 2));
        let room = ResourceDetails::new(ResourceType::Room, "room");
        let own = resources.create(&caller, &ours, room.clone(), &NoReceipt).await.unwrap().id;
        let foreign = resources.create(&caller, &theirs, room, &NoReceipt).await.unwrap().id;

        let details = |primary: &[ResourceId], beside: &[ResourceId]| MenuDetails {
            resource_ids: Some(primary.to_vec()),
            required_resources: vec![Requirement {
                kind: ResourceType::Room,
                quantity: 1,
                resource_ids: Some(beside.to_vec()),
            }],
            ..MenuDetails::new("Cut", 60, Amount(5500))
        };
        let pointers = |refused: Result<Menu, EntityError>| {
            let error = refused.unwrap_err();
            error.violations().iter().map(|violation| violation.pointer.clone()).collect::<Vec<_>>()
        };
        let refused = menus.create(&caller, &ours, details(&[own, foreign], &[foreign]), &NoReceipt).await;
        assert_eq!(pointers(refused), ["/resource_ids/1", "/required_resources/0/resource_ids/0"]);

        let menu = menus.create(&caller, &ours, details(&[own], &[own]), &NoReceipt).await.unwrap();
        let refused = menus.update(&caller, &ours, menu.id, Some(1), |_| Ok(details(&[own], &[own, foreign]))).await;
        assert_eq!(pointers(refused), ["/required_resources/0/resource_ids/1"]);
        let plain = menus
            .update(&caller, &ours, menu.id, Some(1), |menu| {
                Ok(MenuDetails { resource_ids: None, ..menu.details.clone() })
            })
            .await
            .unwrap();
        assert_eq!((plain.version, plain.details.resource_ids), (2, None));
    }
}
