//! `/v1/api-keys`

use crate::access::{Known, Proven};
use crate::entity::Listed;
use crate::idempotency::{Once, Presented};
use crate::path::Id;
use crate::problem::Problem;
use crate::query::{PageParams, Query, Reader};
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use musubi_identity::api_key::{ApiKey, NewApiKey};
use musubi_identity::api_keys::Issued;
use musubi_identity::home::KeysScope;
use musubi_kernel::access::{AccessError, Actor, Caller, Permission};
use musubi_kernel::id::{ApiKeyId, StoreId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, revoke))
}

/// A key that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "LINE mini-app",
    "permissions": ["catalog.read", "booking.read", "booking.write"],
    "tenant_id": "01a1fa73-99bd-7c0c-9963-68d129d1a79a"
}))]
struct NewKey {
    /// What to call it, 1 to 255 characters.
    name: String,
    /// What it may do: nothing that its maker may not.
    permissions: Vec<Permission>,
    /// When it ends, no later than its maker's key; absent: when that ends, if it does.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
    /// Whose it will be: the operator must say; a tenant's own key need not.
    #[serde(default)]
    tenant_id: Option<TenantId>,
    /// The only store that it will reach; absent: all that its maker can reach.
    #[serde(default)]
    store_id: Option<StoreId>,
}

/// A key that was just made. Its secret is shown this once.
#[derive(Debug, Serialize, ToSchema)]
struct IssuedKey<'a> {
    /// The key.
    key: &'a ApiKey,
    /// What its holder sends: `Authorization: Bearer …`.
    #[schema(example = "msb_3q2-7wEAAAD…")]
    secret: &'a str,
}

/// Whose keys are meant.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its documentation is used")]
struct OfParams {
    /// This tenant's; by default the caller's own.
    tenant_id: Option<TenantId>,
    /// This store's; by default all that the caller can reach.
    store_id: Option<StoreId>,
}

#[derive(Debug, Clone, Copy)]
struct Of {
    tenant: Option<TenantId>,
    store: Option<StoreId>,
}

impl Of {
    fn read(query: &mut Reader) -> Self {
        Self { tenant: query.id("tenant_id"), store: query.id("store_id") }
    }

    /// Leave to work on these keys, and who has it: at the store, if one is named.
    async fn scope(self, app: &App, known: Known) -> Result<(KeysScope, Caller), Problem> {
        let seen = known.at(app, self.store).await?;
        let actor = &seen.caller.actor;
        let (own_tenant, own_store) = match actor {
            Actor::Key { tenant, store, .. } => (Some(*tenant), *store),
            Actor::Staff { post, .. } => (Some(post.tenant), Some(post.store)),
            Actor::Operator { .. } | Actor::Admin { .. } | Actor::System | Actor::Person { .. } | Actor::Public => {
                (None, None)
            }
        };
        let tenant = self.tenant.or(own_tenant);
        let Some(store) = self.store.or(own_store) else {
            let scope = match tenant {
                Some(tenant) => seen.granted(actor.on_tenant(tenant, Permission::KeyManage))?.into(),
                None => seen.granted(actor.as_operator())?.into(),
            };
            return Ok((scope, seen.caller));
        };
        let found = app.catalog.directory.by_id(store).await?;
        let found = found.filter(|found| tenant.is_none_or(|tenant| tenant == found.tenant));
        let found = found.ok_or(AccessError::NotFound("store"))?;
        Ok((seen.granted(actor.on_store(&found, Permission::KeyManage))?.into(), seen.caller))
    }
}

/// Make a key
///
/// Its secret is in the answer, and nowhere else.
#[utoipa::path(post, path = "/v1/api-keys", operation_id = "create_api_key", tag = "keys",
    extensions(("x-recent-proof" = json!(true))), request_body = NewKey,
    responses((status = 201, body = IssuedKey)))]
async fn create(State(app): State<App>, Proven(known): Proven<Known>, once: Once<NewKey>) -> Result<Response, Problem> {
    let of = Of { tenant: once.body.tenant_id, store: once.body.store_id };
    let (scope, caller) = of.scope(&app, known).await?;
    if let KeysScope::Tenant(tenant) = &scope {
        app.catalog.tenants.get(&tenant.clone().into(), tenant.tenant()).await?;
    }
    once.run(
        |issued: &Issued| {
            let view = IssuedKey { key: &issued.key, secret: issued.secret.expose() };
            Presented { created: Some(issued.key.id.into()), ..Presented::plain(StatusCode::CREATED, &view) }
        },
        |NewKey { name, permissions, expires_at, .. }, keep| async move {
            let new = NewApiKey { name, permissions, expires_at };
            app.keys.issue(&caller, &scope, &new, &keep).await
        },
    )
    .await
}

/// List keys
///
/// Revoked ones too.
#[utoipa::path(get, path = "/v1/api-keys", operation_id = "list_api_keys", tag = "keys",
    params(OfParams, PageParams), responses((status = 200, body = Listed<ApiKey>)))]
async fn list(State(app): State<App>, known: Known, query: Query) -> Result<Json<Listed<ApiKey>>, Problem> {
    let (of, page) = query.read(|query| (Of::read(query), query.page()))?;
    let (scope, _) = of.scope(&app, known).await?;
    Ok(Json(app.keys.list(&scope, &page).await?.into()))
}

/// Read a key
#[utoipa::path(get, path = "/v1/api-keys/{key_id}", operation_id = "get_api_key", tag = "keys",
    params(("key_id" = ApiKeyId, Path), OfParams), responses((status = 200, body = ApiKey)))]
async fn get(
    State(app): State<App>,
    known: Known,
    Id(id): Id<ApiKeyId>,
    query: Query,
) -> Result<Json<ApiKey>, Problem> {
    let (scope, _) = query.read(Of::read)?.scope(&app, known).await?;
    Ok(Json(app.keys.get(&scope, id).await?))
}

/// Revoke a key
///
/// It ends at once.
#[utoipa::path(delete, path = "/v1/api-keys/{key_id}", operation_id = "revoke_api_key", tag = "keys",
    extensions(("x-recent-proof" = json!(true))),
    params(("key_id" = ApiKeyId, Path), OfParams), responses((status = 204, description = "It is revoked")))]
async fn revoke(
    State(app): State<App>,
    Proven(known): Proven<Known>,
    Id(id): Id<ApiKeyId>,
    query: Query,
) -> Result<StatusCode, Problem> {
    let (scope, caller) = query.read(Of::read)?.scope(&app, known).await?;
    app.keys.revoke(&caller, &scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
