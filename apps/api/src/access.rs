//! Extractors that grant access. A route names the permission it needs in its signature, and gets the scope that its
//! use case asks for; without the permission the route is not reached.

use crate::caller::CallerOf;
use crate::path::{Id, segment};
use crate::problem::Problem;
use crate::state::App;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use musubi_catalog::store::Store;
use musubi_kernel::access::{AccessError, Actor, Caller, OperatorScope, Permission, StoreRef, StoreScope, TenantScope};
use musubi_kernel::id::{StoreId, TenantId};
use std::marker::PhantomData;

/// A permission as a type.
pub trait Grant: Send + Sync + 'static {
    /// The permission.
    const PERMISSION: Permission;
}

macro_rules! grants {
    ($($name:ident),+ $(,)?) => {$(
        #[doc = concat!("[`Permission::", stringify!($name), "`].")]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Grant for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )+};
}

grants![
    TenantRead,
    TenantWrite,
    CatalogRead,
    CatalogWrite,
    CustomerRead,
    CustomerWrite,
    BookingRead,
    BookingWrite,
    KeyManage,
];

/// The caller may use `P` on the store `{store_id}`.
#[derive(Debug, Clone)]
pub struct StoreAccess<P> {
    /// Leave to work there.
    pub scope: StoreScope,
    /// Who got it.
    pub caller: Caller,
    grant: PhantomData<P>,
}

impl<P: Grant> FromRequestParts<App> for StoreAccess<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        if caller.actor.is_public() {
            return Err(AccessError::Unauthenticated.into());
        }
        let store = named_store(parts, app).await?;
        let scope = caller.actor.on_store(&store, P::PERMISSION)?;
        Ok(Self { scope, caller, grant: PhantomData })
    }
}

/// The caller may do on the store `{store_id}` what its public page offers; a caller with credentials needs `P`.
#[derive(Debug, Clone)]
pub struct PublicStoreAccess<P> {
    /// Leave to work there.
    pub scope: StoreScope,
    /// Who got it.
    pub caller: Caller,
    grant: PhantomData<P>,
}

impl<P: Grant> FromRequestParts<App> for PublicStoreAccess<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        let store = named_store(parts, app).await?;
        let scope = caller.actor.on_public_store(&store, P::PERMISSION)?;
        Ok(Self { scope, caller, grant: PhantomData })
    }
}

async fn named_store(parts: &mut Parts, app: &App) -> Result<StoreRef, Problem> {
    let Id(id) = Id::<StoreId>::from_request_parts(parts, app).await?;
    Ok(app.catalog.directory.by_id(id).await?.ok_or(AccessError::NotFound("store"))?)
}

/// The public page of the store `{slug}`: open to everybody while the store is.
#[derive(Debug, Clone)]
pub struct StorePage {
    /// Leave to work there.
    pub scope: StoreScope,
    /// The store.
    pub store: Store,
    /// Who got it.
    pub caller: Caller,
}

impl FromRequestParts<App> for StorePage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        let slug = segment(parts, "slug").await?.unwrap_or_default();
        let plain = !slug.is_empty() && slug.len() <= 100 && !slug.contains('\0');
        let found = if plain { app.catalog.directory.by_slug(&slug).await? } else { None };
        let found = found.ok_or(AccessError::NotFound("store"))?;
        // Whoever asks sees what a customer sees.
        let scope = Actor::Public.on_public_store(&found.at, Permission::CatalogRead)?;
        Ok(Self { scope, store: found.store, caller })
    }
}

/// The caller may use `P` on the tenant `{tenant_id}` as a whole.
#[derive(Debug, Clone)]
pub struct TenantAccess<P> {
    /// Leave to work there.
    pub scope: TenantScope,
    /// Who got it.
    pub caller: Caller,
    grant: PhantomData<P>,
}

impl<P: Grant> FromRequestParts<App> for TenantAccess<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        if caller.actor.is_public() {
            return Err(AccessError::Unauthenticated.into());
        }
        let Id(tenant) = Id::<TenantId>::from_request_parts(parts, app).await?;
        let scope = caller.actor.on_tenant(tenant, P::PERMISSION)?;
        Ok(Self { scope, caller, grant: PhantomData })
    }
}

/// Somebody known is calling; the use case decides what they may do.
#[derive(Debug, Clone)]
pub struct Known {
    /// Who.
    pub caller: Caller,
}

impl FromRequestParts<App> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        if caller.actor.is_public() {
            return Err(AccessError::Unauthenticated.into());
        }
        Ok(Self { caller })
    }
}

/// The operator is calling.
#[derive(Debug, Clone)]
pub struct OperatorAccess {
    /// Leave to work on the whole installation.
    pub scope: OperatorScope,
    /// The operator.
    pub caller: Caller,
}

impl FromRequestParts<App> for OperatorAccess {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        let scope = caller.actor.as_operator()?;
        Ok(Self { scope, caller })
    }
}
