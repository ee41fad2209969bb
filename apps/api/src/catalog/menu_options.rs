//! `/v1/stores/{store_id}/menus/{menu_id}/options`

use crate::access::{CatalogRead, CatalogWrite, StoreAccess};
use crate::body::MergePatch;
use crate::entity::{self, Listed};
use crate::idempotency::Once;
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query};
use crate::state::App;
use crate::version::IfMatch;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use musubi_catalog::menu_option::{InMenu, MenuOption, MenuOptionDetails, MenuOptionFilter};
use musubi_kernel::access::StoreScope;
use musubi_kernel::id::{MenuId, MenuOptionId, StoreId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, patch, put_away))
}

async fn of(app: &App, scope: &StoreScope, menu: MenuId) -> Result<InMenu, Problem> {
    Ok(app.catalog.menus.get(scope, menu).await?.options(scope)?)
}

/// Add an option to a menu
#[utoipa::path(post, path = "/v1/stores/{store_id}/menus/{menu_id}/options", operation_id = "create_menu_option",
    tag = "menus", params(("store_id" = StoreId, Path), ("menu_id" = MenuId, Path)),
    request_body = MenuOptionDetails, responses((status = 201, body = MenuOption)))]
async fn create(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(menu): Id<MenuId>,
    once: Once<MenuOptionDetails>,
) -> Result<Response, Problem> {
    let scope = of(&app, &at.scope, menu).await?;
    entity::create(&app.catalog.menu_options, at.caller, scope, once).await
}

/// List a menu's options
#[utoipa::path(get, path = "/v1/stores/{store_id}/menus/{menu_id}/options", operation_id = "list_menu_options",
    tag = "menus",
    params(
        ("store_id" = StoreId, Path),
        ("menu_id" = MenuId, Path),
        ("include_inactive" = Option<bool>, Query, description = "Inactive ones too"),
        PageParams
    ),
    responses((status = 200, body = Listed<MenuOption>)))]
async fn list(
    State(app): State<App>,
    at: StoreAccess<CatalogRead>,
    Id(menu): Id<MenuId>,
    query: Query,
) -> Result<Json<Listed<MenuOption>>, Problem> {
    let (filter, page) = query.read(|query| {
        (MenuOptionFilter { include_inactive: query.flag("include_inactive").unwrap_or_default() }, query.page())
    })?;
    let scope = of(&app, &at.scope, menu).await?;
    Ok(Json(app.catalog.menu_options.list(&scope, &filter, &page).await?.into()))
}

/// Read an option
#[utoipa::path(get, path = "/v1/stores/{store_id}/menus/{menu_id}/options/{option_id}",
    operation_id = "get_menu_option", tag = "menus",
    params(("store_id" = StoreId, Path), ("menu_id" = MenuId, Path), ("option_id" = MenuOptionId, Path)),
    responses((status = 200, body = MenuOption)))]
async fn get(
    State(app): State<App>,
    at: StoreAccess<CatalogRead>,
    Id(menu): Id<MenuId>,
    Id(id): Id<MenuOptionId>,
) -> Result<Response, Problem> {
    let scope = of(&app, &at.scope, menu).await?;
    entity::get(&app.catalog.menu_options, &scope, id).await
}

/// Change an option
#[utoipa::path(patch, path = "/v1/stores/{store_id}/menus/{menu_id}/options/{option_id}",
    operation_id = "patch_menu_option", tag = "menus",
    params(("store_id" = StoreId, Path), ("menu_id" = MenuId, Path), ("option_id" = MenuOptionId, Path)),
    request_body(content = MenuOptionDetails, content_type = "application/merge-patch+json"),
    responses((status = 200, body = MenuOption)))]
async fn patch(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(menu): Id<MenuId>,
    Id(id): Id<MenuOptionId>,
    expected: IfMatch,
    patch: MergePatch<MenuOptionDetails>,
) -> Result<Response, Problem> {
    let scope = of(&app, &at.scope, menu).await?;
    entity::patch(&app.catalog.menu_options, &at.caller, &scope, id, expected, &patch).await
}

/// Put an option away
///
/// It becomes inactive; bookings keep it.
#[utoipa::path(delete, path = "/v1/stores/{store_id}/menus/{menu_id}/options/{option_id}",
    operation_id = "delete_menu_option", tag = "menus",
    params(("store_id" = StoreId, Path), ("menu_id" = MenuId, Path), ("option_id" = MenuOptionId, Path)),
    responses((status = 204, description = "It is inactive")))]
async fn put_away(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(menu): Id<MenuId>,
    Id(id): Id<MenuOptionId>,
    expected: IfMatch,
) -> Result<StatusCode, Problem> {
    let scope = of(&app, &at.scope, menu).await?;
    entity::put_away(&app.catalog.menu_options, &at.caller, &scope, id, expected).await
}
