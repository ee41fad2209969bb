//! `/v1/stores/{store_id}/resources/{resource_id}/absences`

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
use musubi_catalog::absence::{Absence, AbsenceDetails, AbsenceFilter, OfResource};
use musubi_kernel::access::StoreScope;
use musubi_kernel::id::{AbsenceId, ResourceId, StoreId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, patch, remove))
}

async fn of(app: &App, scope: &StoreScope, resource: ResourceId) -> Result<OfResource, Problem> {
    Ok(app.catalog.resources.get(scope, resource).await?.absences(scope)?)
}

/// Note a time at which a resource is away
#[utoipa::path(post, path = "/v1/stores/{store_id}/resources/{resource_id}/absences", operation_id = "create_absence",
    tag = "resources", params(("store_id" = StoreId, Path), ("resource_id" = ResourceId, Path)),
    request_body = AbsenceDetails, responses((status = 201, body = Absence)))]
async fn create(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(resource): Id<ResourceId>,
    once: Once<AbsenceDetails>,
) -> Result<Response, Problem> {
    let scope = of(&app, &at.scope, resource).await?;
    entity::create(&app.catalog.absences, at.caller, scope, once).await
}

/// List a resource's absences
#[utoipa::path(get, path = "/v1/stores/{store_id}/resources/{resource_id}/absences", operation_id = "list_absences",
    tag = "resources",
    params(
        ("store_id" = StoreId, Path),
        ("resource_id" = ResourceId, Path),
        ("from" = Option<DateTime<Utc>>, Query, description = "Those that last beyond this instant"),
        ("to" = Option<DateTime<Utc>>, Query, description = "Those that begin before this instant"),
        PageParams
    ),
    responses((status = 200, body = Listed<Absence>)))]
async fn list(
    State(app): State<App>,
    at: StoreAccess<CatalogRead>,
    Id(resource): Id<ResourceId>,
    query: Query,
) -> Result<Json<Listed<Absence>>, Problem> {
    let (filter, page) =
        query.read(|query| (AbsenceFilter { from: query.instant("from"), to: query.instant("to") }, query.page()))?;
    let scope = of(&app, &at.scope, resource).await?;
    Ok(Json(app.catalog.absences.list(&scope, &filter, &page).await?.into()))
}

/// Read an absence
#[utoipa::path(get, path = "/v1/stores/{store_id}/resources/{resource_id}/absences/{absence_id}",
    operation_id = "get_absence", tag = "resources",
    params(("store_id" = StoreId, Path), ("resource_id" = ResourceId, Path), ("absence_id" = AbsenceId, Path)),
    responses((status = 200, body = Absence)))]
async fn get(
    State(app): State<App>,
    at: StoreAccess<CatalogRead>,
    Id(resource): Id<ResourceId>,
    Id(id): Id<AbsenceId>,
) -> Result<Response, Problem> {
    let scope = of(&app, &at.scope, resource).await?;
    entity::get(&app.catalog.absences, &scope, id).await
}

/// Change an absence
#[utoipa::path(patch, path = "/v1/stores/{store_id}/resources/{resource_id}/absences/{absence_id}",
    operation_id = "patch_absence", tag = "resources",
    params(("store_id" = StoreId, Path), ("resource_id" = ResourceId, Path), ("absence_id" = AbsenceId, Path)),
    request_body(content = AbsenceDetails, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Absence)))]
async fn patch(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(resource): Id<ResourceId>,
    Id(id): Id<AbsenceId>,
    expected: IfMatch,
    patch: MergePatch<AbsenceDetails>,
) -> Result<Response, Problem> {
    let scope = of(&app, &at.scope, resource).await?;
    entity::patch(&app.catalog.absences, &at.caller, &scope, id, expected, &patch).await
}

/// Remove an absence
#[utoipa::path(delete, path = "/v1/stores/{store_id}/resources/{resource_id}/absences/{absence_id}",
    operation_id = "delete_absence", tag = "resources",
    params(("store_id" = StoreId, Path), ("resource_id" = ResourceId, Path), ("absence_id" = AbsenceId, Path)),
    responses((status = 204, description = "It is gone")))]
async fn remove(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(resource): Id<ResourceId>,
    Id(id): Id<AbsenceId>,
    expected: IfMatch,
) -> Result<StatusCode, Problem> {
    let scope = of(&app, &at.scope, resource).await?;
    app.catalog.absences.remove(&at.caller, &scope, id, expected.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
