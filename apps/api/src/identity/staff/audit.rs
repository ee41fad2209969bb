//! `/v1/stores/{store_id}/audit`

use crate::access::{AuditRead, StoreAccess};
use crate::entity::Listed;
use crate::problem::Problem;
use crate::query::{PageParams, Query, Reader};
use crate::state::App;
use axum::Json;
use axum::extract::State;
use musubi_kernel::audit::AuditLine;
use musubi_kernel::id::StoreId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// See what was done at a store
///
/// The newest first.
#[utoipa::path(get, path = "/v1/stores/{store_id}/audit", operation_id = "list_audit", tag = "audit",
    params(("store_id" = StoreId, Path), PageParams), responses((status = 200, body = Listed<AuditLine>)))]
async fn list(
    State(app): State<App>,
    at: StoreAccess<AuditRead>,
    query: Query,
) -> Result<Json<Listed<AuditLine>>, Problem> {
    let page = query.read(Reader::page)?;
    Ok(Json(app.audit.of_store(&at.scope, &page).await?.into()))
}
