//! What a business offers: its tenants, stores, resources, menus and calendar.
//!
//! | module | thing | lives in |
//! |---|---|---|
//! | [`tenant`] | a business that runs stores | the installation |
//! | [`store`] | one shop with its hours and booking settings | a tenant |
//! | [`resource`] | a person, room, piece of equipment or vehicle that can be booked | a store |
//! | [`absence`] | a time at which a resource is away | a resource |
//! | [`menu`] | a service that can be booked: length, price, what it needs, whom it admits | a store |
//! | [`menu_option`] | an extra that can be chosen with a menu | a menu |
//! | [`calendar`] | a date on which the store's week does not hold | a store |
//! | [`holidays`] | national holidays, computed | |
//!
//! Each is an [`Entity`](musubi_kernel::entity::Entity): its `…Details` are what a caller may set, with the defaults
//! that the wire format has, and `check` names every rule that they break. The use cases are those of
//! [`Keeper`](musubi_kernel::entity::Keeper); [`menus`] adds that a menu refers only to its own store's resources, and
//! [`calendar::Calendar`] that a date has at most one entry. Storage stands behind ports: [`ports`] names those beyond
//! [`EntityStore`](musubi_kernel::entity::EntityStore), [`memory`] has their fakes.
//!
//! ```
//! use musubi_catalog::resource::{Resource, ResourceDetails, ResourceFilter, ResourceType};
//! use musubi_kernel::access::{Actor, Caller, Permission, StoreRef};
//! use musubi_kernel::clock::SystemClock;
//! use musubi_kernel::entity::{EntitiesInMemory, Keeper};
//! use musubi_kernel::error::Failure;
//! use musubi_kernel::id::{IdGen, SystemIds};
//! use musubi_kernel::page::PageRequest;
//! use musubi_kernel::receipt::NoReceipt;
//! use musubi_kernel::retry::NoPause;
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let resources: Keeper<Resource> = Keeper::new(
//!     Arc::new(EntitiesInMemory::default()),
//!     Arc::new(SystemClock),
//!     Arc::new(SystemIds),
//!     Arc::new(NoPause),
//! );
//!
//! // Leave to work on a store comes from an actor alone.
//! # let (store, tenant) = (SystemIds.uuid(Default::default()).into(), SystemIds.uuid(Default::default()).into());
//! let at = StoreRef { store, tenant, open_to_public: true };
//! let caller = Caller::system();
//! let scope = caller.actor.on_store(&at, Permission::CatalogWrite)?;
//!
//! let hanako = ResourceDetails { capacity: 2, ..ResourceDetails::new(ResourceType::Staff, "Hanako") };
//! let hanako = resources.create(&caller, &scope, hanako, &NoReceipt).await?;
//!
//! // A broken rule says where and which.
//! let crowd = ResourceDetails { capacity: 11, ..hanako.details.clone() };
//! let refused = resources.create(&caller, &scope, crowd, &NoReceipt).await.unwrap_err();
//! assert_eq!(refused.violations()[0].pointer, "/capacity");
//!
//! let page = resources.list(&scope, &ResourceFilter::default(), &PageRequest::default()).await?;
//! assert_eq!(page.items, [hanako]);
//! # Ok(())
//! # }
//! ```

pub mod absence;
pub mod calendar;
pub mod efficiency;
pub mod holidays;
pub mod memory;
pub mod menu;
pub mod menu_option;
pub mod menus;
pub mod ports;
pub mod resource;
mod shape;
pub mod store;
pub mod tenant;

/// Serde's default for what is on unless it is turned off.
const fn yes() -> bool {
    true
}
