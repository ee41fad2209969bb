//! Routes of the catalog.

mod absences;
mod calendar;
mod menu_options;
mod menus;
mod public;
mod resources;
pub(crate) mod stores;
mod tenants;

use crate::state::App;
use musubi_catalog::absence::Absence;
use musubi_catalog::calendar::Calendar;
use musubi_catalog::menu_option::MenuOption;
use musubi_catalog::menus::Menus;
use musubi_catalog::ports::{OptionBook, StoreDirectory};
use musubi_catalog::resource::Resource;
use musubi_catalog::store::Store;
use musubi_catalog::tenant::Tenant;
use musubi_kernel::entity::Keeper;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// The use cases of the catalog.
pub struct Catalog {
    /// On tenants.
    pub tenants: Keeper<Tenant>,
    /// On stores.
    pub stores: Keeper<Store>,
    /// Finds stores before access to them is granted.
    pub directory: Arc<dyn StoreDirectory>,
    /// On resources.
    pub resources: Keeper<Resource>,
    /// On absences of resources.
    pub absences: Keeper<Absence>,
    /// On menus.
    pub menus: Menus,
    /// On options of menus.
    pub menu_options: Keeper<MenuOption>,
    /// The options of many menus at a time.
    pub option_book: Arc<dyn OptionBook>,
    /// On the business calendar.
    pub calendar: Calendar,
}

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(tenants::routes())
        .merge(stores::routes())
        .merge(resources::routes())
        .merge(absences::routes())
        .merge(menus::routes())
        .merge(menu_options::routes())
        .merge(calendar::routes())
        .merge(public::routes())
}
