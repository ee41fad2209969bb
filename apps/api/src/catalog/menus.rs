//! `/v1/stores/{store_id}/menus`

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
use musubi_catalog::menu::{Menu, MenuDetails, MenuFilter};
use musubi_kernel::id::{MenuId, StoreId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, patch, put_away))
}

/// Add a menu
#[utoipa::path(post, path = "/v1/stores/{store_id}/menus", operation_id = "create_menu", tag = "menus",
    params(("store_id" = StoreId, Path)), request_body = MenuDetails, responses((status = 201, body = Menu)))]
async fn create(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    once: Once<MenuDetails>,
) -> Result<Response, Problem> {
    entity::create(&app.catalog.menus, at.caller, at.scope, once).await
}

/// List the menus
#[utoipa::path(get, path = "/v1/stores/{store_id}/menus", operation_id = "list_menus", tag = "menus",
    params(
        ("store_id" = StoreId, Path),
        ("category" = Option<String>, Query, description = "Those of this category alone"),
        ("include_inactive" = Option<bool>, Query, description = "Inactive ones too"),
        ("only_bookable" = Option<bool>, Query, description = "Only those that customers can book by themselves"),
        PageParams
    ),
    responses((status = 200, body = Listed<Menu>)))]
async fn list(
    State(app): State<App>,
    at: StoreAccess<CatalogRead>,
    query: Query,
) -> Result<Json<Listed<Menu>>, Problem> {
    let (filter, page) = query.read(|query| {
        let filter = MenuFilter {
            category: query.text("category"),
            include_inactive: query.flag("include_inactive").unwrap_or_default(),
            only_bookable: query.flag("only_bookable").unwrap_or_default(),
        };
        (filter, query.page())
    })?;
    Ok(Json(app.catalog.menus.list(&at.scope, &filter, &page).await?.into()))
}

/// Read a menu
#[utoipa::path(get, path = "/v1/stores/{store_id}/menus/{menu_id}", operation_id = "get_menu",
    tag = "menus", params(("store_id" = StoreId, Path), ("menu_id" = MenuId, Path)),
    responses((status = 200, body = Menu)))]
async fn get(State(app): State<App>, at: StoreAccess<CatalogRead>, Id(id): Id<MenuId>) -> Result<Response, Problem> {
    entity::get(&app.catalog.menus, &at.scope, id).await
}

/// Change a menu
#[utoipa::path(patch, path = "/v1/stores/{store_id}/menus/{menu_id}", operation_id = "patch_menu",
    tag = "menus", params(("store_id" = StoreId, Path), ("menu_id" = MenuId, Path)),
    request_body(content = MenuDetails, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Menu)))]
async fn patch(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(id): Id<MenuId>,
    expected: IfMatch,
    patch: MergePatch<MenuDetails>,
) -> Result<Response, Problem> {
    entity::patch(&app.catalog.menus, &at.caller, &at.scope, id, expected, &patch).await
}

/// Put a menu away
///
/// It becomes inactive; bookings keep it.
#[utoipa::path(delete, path = "/v1/stores/{store_id}/menus/{menu_id}", operation_id = "delete_menu",
    tag = "menus", params(("store_id" = StoreId, Path), ("menu_id" = MenuId, Path)),
    responses((status = 204, description = "It is inactive")))]
async fn put_away(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(id): Id<MenuId>,
    expected: IfMatch,
) -> Result<StatusCode, Problem> {
    entity::put_away(&app.catalog.menus, &at.caller, &at.scope, id, expected).await
}
