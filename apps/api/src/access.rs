//! Extractors that grant access. A route names the permission it needs in its signature, and gets the scope that its
//! use case asks for; without the permission the route is not reached.

use crate::caller::CallerOf;
use crate::path::{Id, segment};
use crate::problem::Problem;
use crate::state::App;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use musubi_catalog::store::Store;
use musubi_identity::standing::Acting;
use musubi_kernel::access::{
    AccessError, Actor, Caller, ModeratorScope, OperatorScope, Permission, PersonScope, StoreRef, StoreScope,
    SupportScope, TenantScope,
};
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
    CustomerContact,
    CustomerWrite,
    PromotionSend,
    BookingRead,
    BookingWrite,
    BookingOwn,
    StaffRead,
    StaffWrite,
    AuditRead,
    KeyManage,
    WebhookManage,
];

/// A caller in what they are: a person may be staff at a store, or an admin of the platform.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Who calls.
    pub(crate) caller: Caller,
    /// Whether they are an admin who has signed in without a second factor.
    lacks_factor: bool,
}

impl Seen {
    /// The caller in what they are, at a store if one is named. Who is no person is what they are.
    pub(crate) async fn of(app: &App, caller: Caller, store: Option<StoreId>) -> Result<Self, Problem> {
        let (Actor::Person { .. }, Ok(person)) = (&caller.actor, caller.actor.as_person()) else {
            return Ok(Self { caller, lacks_factor: false });
        };
        let standing = app.standings.standing(&person, store).await?;
        let acting = if store.is_some() { standing.at_store(person) } else { standing.at_large(person) };
        let Acting { actor, lacks_factor } = acting;
        Ok(Self { caller: Caller { actor, ..caller }, lacks_factor })
    }

    /// The caller, for whatever else of the request asks who that is.
    pub(crate) fn acts(self, parts: &mut Parts) -> Caller {
        parts.extensions.insert(self.caller.clone());
        self.caller
    }

    /// What a second factor would open is told to who could have one.
    pub(crate) fn granted<T>(&self, leave: Result<T, AccessError>) -> Result<T, Problem> {
        leave.map_err(|error| if self.lacks_factor { AccessError::SecondFactorRequired } else { error }.into())
    }
}

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
        let seen = Seen::of(app, caller, Some(store.store)).await?;
        let scope = seen.granted(seen.caller.actor.on_store(&store, P::PERMISSION))?;
        Ok(Self { scope, caller: seen.acts(parts), grant: PhantomData })
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
        let seen = Seen::of(app, caller.clone(), Some(store.store)).await?;
        let for_the_store = seen.caller.actor.on_public_store(&store, P::PERMISSION);
        if for_the_store.is_err() && caller.actor.is_customer() {
            // Who works there without this permission is still its customer.
            let scope = seen.granted(caller.actor.on_public_store(&store, P::PERMISSION))?;
            return Ok(Self { scope, caller, grant: PhantomData });
        }
        let scope = seen.granted(for_the_store)?;
        Ok(Self { scope, caller: seen.acts(parts), grant: PhantomData })
    }
}

/// The store `{store_id}`.
pub(crate) async fn named_store(parts: &mut Parts, app: &App) -> Result<StoreRef, Problem> {
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
        let seen = Seen::of(app, caller, None).await?;
        let scope = seen.granted(seen.caller.actor.on_tenant(tenant, P::PERMISSION))?;
        Ok(Self { scope, caller: seen.caller, grant: PhantomData })
    }
}

/// Somebody known is calling; the use case decides what they may do.
#[derive(Debug, Clone)]
pub struct Known {
    seen: Seen,
}

impl Known {
    /// Who: on the platform, not at a store.
    pub(crate) const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Who, at a store if one is meant.
    pub(crate) async fn at(self, app: &App, store: Option<StoreId>) -> Result<Seen, Problem> {
        match store {
            Some(_) => Seen::of(app, self.seen.caller, store).await,
            None => Ok(self.seen),
        }
    }
}

impl FromRequestParts<App> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        if caller.actor.is_public() {
            return Err(AccessError::Unauthenticated.into());
        }
        Ok(Self { seen: Seen::of(app, caller, None).await? })
    }
}

/// A person who has signed in is calling, about what is their own.
#[derive(Debug, Clone)]
pub struct PersonAccess {
    /// Leave to work on that.
    pub scope: PersonScope,
    /// The person.
    pub caller: Caller,
}

impl FromRequestParts<App> for PersonAccess {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        let scope = caller.actor.as_person()?;
        Ok(Self { scope, caller })
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
        let seen = Seen::of(app, caller, None).await?;
        let scope = seen.granted(seen.caller.actor.as_operator())?;
        Ok(Self { scope, caller: seen.caller })
    }
}

/// Somebody who looks after people is calling.
#[derive(Debug, Clone)]
pub struct SupportAccess {
    /// Leave to look after people.
    pub scope: SupportScope,
    /// Who.
    pub caller: Caller,
}

impl FromRequestParts<App> for SupportAccess {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        let seen = Seen::of(app, caller, None).await?;
        let scope = seen.granted(seen.caller.actor.as_support())?;
        Ok(Self { scope, caller: seen.caller })
    }
}

/// Somebody who decides about what people have done is calling.
#[derive(Debug, Clone)]
pub struct ModeratorAccess {
    /// Leave to decide about that.
    pub scope: ModeratorScope,
    /// Who.
    pub caller: Caller,
}

impl FromRequestParts<App> for ModeratorAccess {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        let seen = Seen::of(app, caller, None).await?;
        let scope = seen.granted(seen.caller.actor.as_moderator())?;
        Ok(Self { scope, caller: seen.caller })
    }
}

/// As `A`, for what is dangerous in the wrong hands: a person must have [proven not long ago](musubi_identity::people::step_up)
/// who they are, in the session by which they act. A key is no session and is not asked. The document of an operation that
/// takes this says so as `x-recent-proof`; a test holds the two to each other.
#[derive(Debug, Clone)]
pub struct Proven<A>(pub A);

impl<A: FromRequestParts<App, Rejection = Problem> + Send> FromRequestParts<App> for Proven<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // Who may not do it anyway is told that, and not asked for a proof first.
        let access = A::from_request_parts(parts, app).await?;
        let CallerOf(caller) = CallerOf::from_request_parts(parts, app).await?;
        if let Ok(person) = caller.actor.as_person() {
            app.people.require_recent_proof(&person).await?;
        }
        Ok(Self(access))
    }
}
