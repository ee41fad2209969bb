//! `/v1/stores/{store_id}/resources`

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
use musubi_catalog::resource::{Resource, ResourceDetails, ResourceFilter, ResourceType};
use musubi_kernel::id::{ResourceId, StoreId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, patch, put_away))
}

/// Add a resource
#[utoipa::path(post, path = "/v1/stores/{store_id}/resources", operation_id = "create_resource", tag = "resources",
    params(("store_id" = StoreId, Path)), request_body = ResourceDetails, responses((status = 201, body = Resource)))]
async fn create(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    once: Once<ResourceDetails>,
) -> Result<Response, Problem> {
    entity::create(&app.catalog.resources, at.caller, at.scope, once).await
}

/// List the resources
#[utoipa::path(get, path = "/v1/stores/{store_id}/resources", operation_id = "list_resources", tag = "resources",
    params(
        ("store_id" = StoreId, Path),
        ("type" = Option<ResourceType>, Query, description = "Those of this kind alone"),
        ("include_inactive" = Option<bool>, Query, description = "Inactive ones too"),
        PageParams
    ),
    responses((status = 200, body = Listed<Resource>)))]
async fn list(
    State(app): State<App>,
    at: StoreAccess<CatalogRead>,
    query: Query,
) -> Result<Json<Listed<Resource>>, Problem> {
    let (filter, page) = query.read(|query| {
        let kind = query.word("type", ResourceType::from_code, "staff, room, equipment, vehicle");
        let include_inactive = query.flag("include_inactive").unwrap_or_default();
        (ResourceFilter { kind, include_inactive }, query.page())
    })?;
    Ok(Json(app.catalog.resources.list(&at.scope, &filter, &page).await?.into()))
}

/// Read a resource
#[utoipa::path(get, path = "/v1/stores/{store_id}/resources/{resource_id}", operation_id = "get_resource",
    tag = "resources", params(("store_id" = StoreId, Path), ("resource_id" = ResourceId, Path)),
    responses((status = 200, body = Resource)))]
async fn get(
    State(app): State<App>,
    at: StoreAccess<CatalogRead>,
    Id(id): Id<ResourceId>,
) -> Result<Response, Problem> {
    entity::get(&app.catalog.resources, &at.scope, id).await
}

/// Change a resource
#[utoipa::path(patch, path = "/v1/stores/{store_id}/resources/{resource_id}", operation_id = "patch_resource",
    tag = "resources", params(("store_id" = StoreId, Path), ("resource_id" = ResourceId, Path)),
    request_body(content = ResourceDetails, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Resource)))]
async fn patch(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(id): Id<ResourceId>,
    expected: IfMatch,
    patch: MergePatch<ResourceDetails>,
) -> Result<Response, Problem> {
    entity::patch(&app.catalog.resources, &at.caller, &at.scope, id, expected, &patch).await
}

/// Put a resource away
///
/// It becomes inactive; bookings keep it.
#[utoipa::path(delete, path = "/v1/stores/{store_id}/resources/{resource_id}", operation_id = "delete_resource",
    tag = "resources", params(("store_id" = StoreId, Path), ("resource_id" = ResourceId, Path)),
    responses((status = 204, description = "It is inactive")))]
async fn put_away(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(id): Id<ResourceId>,
    expected: IfMatch,
) -> Result<StatusCode, Problem> {
    entity::put_away(&app.catalog.resources, &at.caller, &at.scope, id, expected).await
}
