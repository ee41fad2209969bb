//! `/v1/age-groups`

use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use musubi_identity::age_group::AgeGroup;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The groups of ages.
#[derive(Debug, Serialize, ToSchema)]
struct AgeGroups {
    /// All of them, the youngest first.
    items: Vec<AgeGroup>,
}

/// List the groups of ages
#[utoipa::path(get, path = "/v1/age-groups", operation_id = "list_age_groups", tag = "platform", security(()),
    responses((status = 200, body = AgeGroups)))]
async fn list(State(app): State<App>) -> Result<Json<AgeGroups>, Problem> {
    Ok(Json(AgeGroups { items: app.age_groups.age_groups().await? }))
}
