//! `/v1/tenants`

use crate::access::{OperatorAccess, Proven, TenantAccess, TenantRead};
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
use axum::response::Response;
use musubi_catalog::tenant::{Tenant, TenantDetails, TenantFilter};
use musubi_kernel::id::TenantId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, patch))
}

/// Make a tenant
///
/// For the operator.
#[utoipa::path(post, path = "/v1/tenants", operation_id = "create_tenant", tag = "tenants",
    request_body = TenantDetails, responses((status = 201, body = Tenant)))]
async fn create(State(app): State<App>, at: OperatorAccess, once: Once<TenantDetails>) -> Result<Response, Problem> {
    entity::create(&app.catalog.tenants, at.caller, at.scope.into(), once).await
}

/// List the tenants
///
/// For the operator.
#[utoipa::path(get, path = "/v1/tenants", operation_id = "list_tenants", tag = "tenants",
    params(("include_inactive" = Option<bool>, Query, description = "Inactive ones too"), PageParams),
    responses((status = 200, body = Listed<Tenant>)))]
async fn list(State(app): State<App>, at: OperatorAccess, query: Query) -> Result<Json<Listed<Tenant>>, Problem> {
    let (filter, page) = query.read(|query| {
        (TenantFilter { include_inactive: query.flag("include_inactive").unwrap_or_default() }, query.page())
    })?;
    Ok(Json(app.catalog.tenants.list(&at.scope.into(), &filter, &page).await?.into()))
}

/// Read a tenant
#[utoipa::path(get, path = "/v1/tenants/{tenant_id}", operation_id = "get_tenant", tag = "tenants",
    params(("tenant_id" = TenantId, Path)), responses((status = 200, body = Tenant)))]
async fn get(State(app): State<App>, at: TenantAccess<TenantRead>, Id(id): Id<TenantId>) -> Result<Response, Problem> {
    entity::get(&app.catalog.tenants, &at.scope.into(), id).await
}

/// Change a tenant
///
/// For the operator.
#[utoipa::path(patch, path = "/v1/tenants/{tenant_id}", operation_id = "patch_tenant", tag = "tenants",
    extensions(("x-recent-proof" = json!(true))), params(("tenant_id" = TenantId, Path)),
    request_body(content = TenantDetails, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Tenant)))]
async fn patch(
    State(app): State<App>,
    Proven(at): Proven<OperatorAccess>,
    Id(id): Id<TenantId>,
    expected: IfMatch,
    patch: MergePatch<TenantDetails>,
) -> Result<Response, Problem> {
    entity::patch(&app.catalog.tenants, &at.caller, &at.scope.into(), id, expected, &patch).await
}
