//! What the catalog asks of storage beyond [`EntityStore`](musubi_kernel::entity::EntityStore).

use crate::menu_option::MenuOption;
use crate::store::Store;
use async_trait::async_trait;
use musubi_kernel::access::{StoreRef, StoreScope};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{MenuId, ResourceId, StoreId};

/// A store as somebody finds it who has no leave yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What granting access to it needs to know.
    pub at: StoreRef,
    /// The store itself: to be shown only after access was granted.
    pub store: Store,
}

/// Finds stores before anybody has leave to work on them.
///
/// A store is open to the public when it is active and public, and its tenant is active.
#[async_trait]
pub trait StoreDirectory: Send + Sync {
    /// The store with this id.
    async fn by_id(&self, id: StoreId) -> Result<Option<StoreRef>, StoreError>;

    /// The store with this slug.
    async fn by_slug(&self, slug: &str) -> Result<Option<Found>, StoreError>;
}

/// Knows a store's resources.
#[async_trait]
pub trait ResourceBook: Send + Sync {
    /// Those of `ids` that are resources of the store, active or not, in no particular order.
    async fn existing(&self, scope: &StoreScope, ids: &[ResourceId]) -> Result<Vec<ResourceId>, StoreError>;
}

/// Knows the options of many menus at a time.
#[async_trait]
pub trait OptionBook: Send + Sync {
    /// The active options of these menus of the store, in order of [`sort_key`](musubi_kernel::entity::Entity::sort_key).
    async fn of_menus(&self, scope: &StoreScope, menus: &[MenuId]) -> Result<Vec<MenuOption>, StoreError>;
}
