//! `/v1/caller`

use crate::access::Known;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use musubi_kernel::access::{AccessError, Actor, Permission};
use musubi_kernel::id::{ApiKeyId, StoreId, TenantId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Who is calling.
#[derive(Debug, Serialize, ToSchema)]
struct WhoCalls {
    /// `operator`, who may do everything, or `key`.
    #[schema(example = "key")]
    kind: &'static str,
    /// The key.
    #[schema(required)]
    key_id: Option<ApiKeyId>,
    /// The tenant it belongs to; null: the operator's.
    #[schema(required)]
    tenant_id: Option<TenantId>,
    /// The only store it can reach; null: all of the tenant's.
    #[schema(required)]
    store_id: Option<StoreId>,
    /// What it may do.
    permissions: Vec<Permission>,
}

/// See whose credentials these are
#[utoipa::path(get, path = "/v1/caller", operation_id = "get_caller", tag = "keys",
    responses((status = 200, body = WhoCalls)))]
async fn show(known: Known) -> Result<Json<WhoCalls>, Problem> {
    Ok(Json(match known.caller.actor {
        Actor::Key { key, tenant, store, permissions } => WhoCalls {
            kind: "key",
            key_id: Some(key),
            tenant_id: Some(tenant),
            store_id: store,
            permissions: permissions.into_iter().collect(),
        },
        Actor::Person { .. } | Actor::Public => return Err(AccessError::OperatorOnly.into()),
        operator @ (Actor::Operator { .. } | Actor::System) => WhoCalls {
            kind: "operator",
            key_id: operator.id().map(ApiKeyId),
            tenant_id: None,
            store_id: None,
            permissions: Permission::ALL.to_vec(),
        },
    }))
}
