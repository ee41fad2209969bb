//! `/v1/caller`

use crate::access::Known;
use crate::state::App;
use axum::Json;
use musubi_kernel::access::{Actor, Permission};
use musubi_kernel::id::{ApiKeyId, StoreId, TenantId, UserId};
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
    /// `operator`, who may do everything, `key`, or `person`: what people may do at stores is told by `/v1/me/stores`.
    #[schema(example = "key")]
    kind: &'static str,
    /// The key; null: a person calls.
    #[schema(required)]
    key_id: Option<ApiKeyId>,
    /// The person; null: a key is shown.
    #[schema(required)]
    user_id: Option<UserId>,
    /// The tenant that the key belongs to; null: the operator's, or a person calls.
    #[schema(required)]
    tenant_id: Option<TenantId>,
    /// The only store that the key can reach; null: all of the tenant's, or a person calls.
    #[schema(required)]
    store_id: Option<StoreId>,
    /// What the key may do.
    permissions: Vec<Permission>,
}

/// See whose credentials these are
#[utoipa::path(get, path = "/v1/caller", operation_id = "get_caller", tag = "keys",
    responses((status = 200, body = WhoCalls)))]
async fn show(known: Known) -> Json<WhoCalls> {
    let nobody = WhoCalls {
        kind: "operator",
        key_id: None,
        user_id: None,
        tenant_id: None,
        store_id: None,
        permissions: vec![],
    };
    Json(match known.seen().caller.actor.clone() {
        Actor::Key { key, tenant, store, permissions } => WhoCalls {
            kind: "key",
            key_id: Some(key),
            tenant_id: Some(tenant),
            store_id: store,
            permissions: permissions.into_iter().collect(),
            ..nobody
        },
        Actor::Person { user, .. } | Actor::Staff { user, .. } | Actor::Admin { user, .. } => {
            WhoCalls { kind: "person", user_id: Some(user), ..nobody }
        }
        Actor::Operator { key } => WhoCalls { key_id: Some(key), permissions: Permission::ALL.to_vec(), ..nobody },
        Actor::Public | Actor::System => nobody,
    })
}
