//! `/v1/stores`

use crate::access::{CatalogRead, CatalogWrite, Known, Proven, Seen, StoreAccess};
use crate::body::{FromJson, MergePatch};
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
use musubi_catalog::store::{Store, StoreDetails, StoreFilter, StoresScope};
use musubi_kernel::access::{AccessError, Actor, Permission, TenantScope};
use musubi_kernel::entity::Entity;
use musubi_kernel::error::Invalid;
use musubi_kernel::id::{StoreId, TenantId};
use musubi_notification::settings::StoreSettings;
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, patch, put_away))
}

const NOTIFICATION_SETTINGS: &str = "notification_settings";

/// A store that is to be opened, and whose it will be.
#[derive(Debug)]
struct NewStore {
    /// The operator must say; a tenant's own key need not.
    tenant_id: Option<TenantId>,
    details: StoreDetails,
}

impl From<NewStore> for StoreDetails {
    fn from(new: NewStore) -> Self {
        new.details
    }
}

/// By hand: serde's `flatten` would lose the place of what is wrong.
impl FromJson for NewStore {
    fn from_json(mut value: Value) -> Result<Self, Invalid> {
        let tenant = value.as_object_mut().and_then(|fields| fields.remove("tenant_id"));
        let tenant_id = tenant.map(Option::<TenantId>::from_json).transpose()?.flatten();
        Ok(Self { tenant_id, details: StoreDetails::from_json(value)? })
    }
}

impl PartialSchema for NewStore {
    fn schema() -> RefOr<Schema> {
        let tenant = ObjectBuilder::new()
            .schema_type([Type::String, Type::Null].into_iter().collect::<utoipa::openapi::schema::SchemaType>())
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
            .description(Some("Whose it will be: the operator must say; a tenant's own key need not."))
            .build();
        let mut schema = StoreDetails::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.properties.insert("tenant_id".to_owned(), tenant.into());
            object.description = Some("A store that is to be opened.".to_owned());
            if let Some(Value::Object(example)) = &mut object.example {
                example.insert("tenant_id".to_owned(), "01a1fa73-99bd-7c0c-9963-68d129d1a79a".into());
            }
        }
        schema
    }
}

impl ToSchema for NewStore {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        StoreDetails::schemas(schemas);
    }
}

/// Leave to use `permission` on all of a tenant: the one that is named, or else the caller's own.
fn tenant_of(seen: &Seen, named: Option<TenantId>, at: &str, permission: Permission) -> Result<TenantScope, Problem> {
    let actor = &seen.caller.actor;
    let own = match actor {
        Actor::Key { tenant, .. } => Some(*tenant),
        Actor::Person { .. } | Actor::Staff { .. } if named.is_none() => {
            return seen.granted(Err(AccessError::Forbidden(permission)));
        }
        Actor::Operator { .. } | Actor::System | Actor::Person { .. } | Actor::Staff { .. } | Actor::Admin { .. } => {
            None
        }
        Actor::Public => return Err(AccessError::Unauthenticated.into()),
    };
    match named.or(own) {
        Some(tenant) => seen.granted(actor.on_tenant(tenant, permission)),
        None => Err(Invalid::one(at, "missing", "the operator must say of which tenant").into()),
    }
}

/// The rules for a store and for what it decides about its notifications, which hold however it is set: what breaks them is
/// named together.
pub(crate) fn checked(details: &StoreDetails) -> Result<(), Invalid> {
    let mut invalid = <Store as Entity>::check(details).err().unwrap_or_default();
    if let Some(settings) = &details.notification_settings
        && let Err(broken) = StoreSettings::check(settings, &format!("/{NOTIFICATION_SETTINGS}"))
    {
        invalid.join(broken);
    }
    invalid.finish()
}

/// Open a store
///
/// Needs `tenant.write` on the whole tenant.
#[utoipa::path(post, path = "/v1/stores", operation_id = "create_store", tag = "stores",
    request_body = NewStore, responses((status = 201, body = Store)))]
async fn create(State(app): State<App>, known: Known, once: Once<NewStore>) -> Result<Response, Problem> {
    let seen = known.seen();
    let scope = tenant_of(seen, once.body.tenant_id, "/tenant_id", Permission::TenantWrite)?;
    app.catalog.tenants.get(&scope.clone().into(), scope.tenant()).await?;
    checked(&once.body.details)?;
    entity::create(&app.catalog.stores, seen.caller.clone(), scope.into(), once).await
}

/// List a tenant's stores
///
/// A key of one store sees that store.
#[utoipa::path(get, path = "/v1/stores", operation_id = "list_stores", tag = "stores",
    params(
        ("tenant_id" = Option<TenantId>, Query, description = "Whose; the operator must say"),
        ("include_inactive" = Option<bool>, Query, description = "Inactive ones too"),
        PageParams
    ),
    responses((status = 200, body = Listed<Store>)))]
async fn list(State(app): State<App>, known: Known, query: Query) -> Result<Json<Listed<Store>>, Problem> {
    let (tenant, filter, page) = query.read(|query| {
        let filter = StoreFilter { include_inactive: query.flag("include_inactive").unwrap_or_default() };
        (query.id("tenant_id"), filter, query.page())
    })?;
    let seen = known.seen();
    let actor = &seen.caller.actor;
    let scope = match actor {
        Actor::Key { tenant: own, store: Some(only), .. } if tenant.is_none_or(|tenant| tenant == *own) => {
            let store = app.catalog.directory.by_id(*only).await?.ok_or(AccessError::NotFound("store"))?;
            StoresScope::One(actor.on_store(&store, Permission::CatalogRead)?)
        }
        _ => StoresScope::Of(tenant_of(seen, tenant, "?tenant_id", Permission::CatalogRead)?),
    };
    Ok(Json(app.catalog.stores.list(&scope, &filter, &page).await?.into()))
}

/// Read a store
#[utoipa::path(get, path = "/v1/stores/{store_id}", operation_id = "get_store", tag = "stores",
    params(("store_id" = StoreId, Path)), responses((status = 200, body = Store)))]
async fn get(State(app): State<App>, at: StoreAccess<CatalogRead>, Id(id): Id<StoreId>) -> Result<Response, Problem> {
    entity::get(&app.catalog.stores, &at.scope.into(), id).await
}

/// Change a store
///
/// Secrets that the patch does not name stay as they are.
#[utoipa::path(patch, path = "/v1/stores/{store_id}", operation_id = "patch_store", tag = "stores",
    params(("store_id" = StoreId, Path)),
    request_body(content = StoreDetails, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Store)))]
async fn patch(
    State(app): State<App>,
    at: StoreAccess<CatalogWrite>,
    Id(id): Id<StoreId>,
    expected: IfMatch,
    patch: MergePatch<StoreDetails>,
) -> Result<Response, Problem> {
    let revision = |present: &Store| {
        let details = patch.onto(&present.details)?;
        // What was there before there were rules keeps nobody from changing something else.
        if patch.fields().contains_key(NOTIFICATION_SETTINGS) {
            checked(&details)?;
        }
        Ok(details.with_secrets_of(&present.details, patch.fields()))
    };
    let stores = &app.catalog.stores;
    let store = stores.update(&at.caller, &at.scope.into(), id, expected.0, &revision).await?;
    Ok(entity::show(&store))
}

/// Close a store
///
/// It becomes inactive: it takes no bookings and its public page is closed.
#[utoipa::path(delete, path = "/v1/stores/{store_id}", operation_id = "delete_store", tag = "stores",
    extensions(("x-recent-proof" = json!(true))), params(("store_id" = StoreId, Path)), responses((status = 204, description = "It is inactive")))]
async fn put_away(
    State(app): State<App>,
    Proven(at): Proven<StoreAccess<CatalogWrite>>,
    Id(id): Id<StoreId>,
    expected: IfMatch,
) -> Result<StatusCode, Problem> {
    entity::put_away(&app.catalog.stores, &at.caller, &at.scope.into(), id, expected).await
}
