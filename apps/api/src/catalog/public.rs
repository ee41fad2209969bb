//! `/v1/public/stores/{slug}`: what a store's page shows to everybody.

mod views;

use crate::access::StorePage;
use crate::entity::Listed;
use crate::problem::Problem;
use crate::query::{PageParams, Query, Reader};
use crate::state::App;
use axum::Json;
use axum::extract::State;
use musubi_catalog::menu::MenuFilter;
use musubi_catalog::menu_option::MenuOption;
use musubi_catalog::resource::ResourceFilter;
use musubi_kernel::id::MenuId;
use std::collections::HashMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use views::{PublicMenu, PublicResource, PublicStore};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(store)).routes(routes!(menus)).routes(routes!(resources))
}

/// See a store
#[utoipa::path(get, path = "/v1/public/stores/{slug}", operation_id = "see_store", tag = "public", security(()),
    params(("slug" = String, Path)), responses((status = 200, body = PublicStore)))]
async fn store(page: StorePage) -> Json<PublicStore> {
    Json(page.store.into())
}

/// See the menus that can be booked online, with their options
#[utoipa::path(get, path = "/v1/public/stores/{slug}/menus", operation_id = "see_menus", tag = "public",
    security(()),
    params(
        ("slug" = String, Path),
        ("category" = Option<String>, Query, description = "Those of this category alone"),
        PageParams
    ),
    responses((status = 200, body = Listed<PublicMenu>)))]
async fn menus(State(app): State<App>, at: StorePage, query: Query) -> Result<Json<Listed<PublicMenu>>, Problem> {
    let (filter, page) = query.read(|query| {
        let filter = MenuFilter { category: query.text("category"), only_bookable: true, ..MenuFilter::default() };
        (filter, query.page())
    })?;
    let found = app.catalog.menus.list(&at.scope, &filter, &page).await?;
    let ids: Vec<MenuId> = found.items.iter().map(|menu| menu.id).collect();
    let mut options: HashMap<MenuId, Vec<MenuOption>> = HashMap::new();
    for option in app.catalog.option_book.of_menus(&at.scope, &ids).await? {
        options.entry(option.menu_id).or_default().push(option);
    }
    let shown = found.map(|menu| {
        let options = options.remove(&menu.id).unwrap_or_default();
        PublicMenu::new(menu, options)
    });
    Ok(Json(shown.into()))
}

/// See the people, rooms and things that can be booked
#[utoipa::path(get, path = "/v1/public/stores/{slug}/resources", operation_id = "see_resources", tag = "public",
    security(()), params(("slug" = String, Path), PageParams), responses((status = 200, body = Listed<PublicResource>)))]
async fn resources(
    State(app): State<App>,
    at: StorePage,
    query: Query,
) -> Result<Json<Listed<PublicResource>>, Problem> {
    let page = query.read(Reader::page)?;
    let found = app.catalog.resources.list(&at.scope, &ResourceFilter::default(), &page).await?;
    Ok(Json(found.map(PublicResource::from).into()))
}
