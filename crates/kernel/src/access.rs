//! Who acts, what they may do, and on which store.

use crate::error::{ErrorKind, Failure};
use crate::id::{ApiKeyId, SessionId, StoreId, TenantId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Something that a caller may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Permission {
    /// Read the tenant.
    #[serde(rename = "tenant.read")]
    TenantRead,
    /// Change the tenant, open stores.
    #[serde(rename = "tenant.write")]
    TenantWrite,
    /// Read stores, resources, menus and the calendar.
    #[serde(rename = "catalog.read")]
    CatalogRead,
    /// Change stores, resources, menus and the calendar.
    #[serde(rename = "catalog.write")]
    CatalogWrite,
    /// Read customers.
    #[serde(rename = "customer.read")]
    CustomerRead,
    /// Change customers.
    #[serde(rename = "customer.write")]
    CustomerWrite,
    /// Read bookings and slots.
    #[serde(rename = "booking.read")]
    BookingRead,
    /// Hold, book, change, cancel.
    #[serde(rename = "booking.write")]
    BookingWrite,
    /// Make and revoke API keys.
    #[serde(rename = "key.manage")]
    KeyManage,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 9] = [
        Self::TenantRead,
        Self::TenantWrite,
        Self::CatalogRead,
        Self::CatalogWrite,
        Self::CustomerRead,
        Self::CustomerWrite,
        Self::BookingRead,
        Self::BookingWrite,
        Self::KeyManage,
    ];

    /// The permission's stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TenantRead => "tenant.read",
            Self::TenantWrite => "tenant.write",
            Self::CatalogRead => "catalog.read",
            Self::CatalogWrite => "catalog.write",
            Self::CustomerRead => "customer.read",
            Self::CustomerWrite => "customer.write",
            Self::BookingRead => "booking.read",
            Self::BookingWrite => "booking.write",
            Self::KeyManage => "key.manage",
        }
    }

    /// The permission of that name.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.code() == code)
    }
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The operator of this installation: may do everything.
    Operator {
        /// The key that was shown.
        key: ApiKeyId,
    },
    /// A machine caller of one tenant, or of one of its stores.
    Key {
        /// The key that was shown.
        key: ApiKeyId,
        /// The tenant it belongs to.
        tenant: TenantId,
        /// The only store it may touch; `None`: all of the tenant.
        store: Option<StoreId>,
        /// What it may do.
        permissions: BTreeSet<Permission>,
    },
    /// A person who has signed in: a customer wherever they are.
    Person {
        /// Who.
        user: UserId,
        /// By which sign-in.
        session: SessionId,
    },
    /// Somebody on a public page: a store's customer, not signed in.
    Public,
    /// The system itself, such as the worker.
    System,
}

/// Why access was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Nobody known is asking.
    #[error("this call needs credentials: send `Authorization: Bearer <api key>`")]
    Unauthenticated,
    /// The caller may not know that it exists.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The caller lacks a permission.
    #[error("this caller lacks the permission `{}`", .0.code())]
    Forbidden(Permission),
    /// Only the operator may do this.
    #[error("only the operator may do this")]
    OperatorOnly,
    /// Only a person who has signed in may do this.
    #[error("only a person who has signed in may do this")]
    PersonOnly,
}

impl Failure for AccessError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unauthenticated => ErrorKind::Unauthenticated,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Forbidden(_) | Self::OperatorOnly | Self::PersonOnly => ErrorKind::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::NotFound(_) => "not_found",
            Self::Forbidden(_) => "permission_missing",
            Self::OperatorOnly => "operator_only",
            Self::PersonOnly => "person_only",
        }
    }
}

/// A store, as far as granting access to it needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreRef {
    /// The store.
    pub store: StoreId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Whether customers may see it: active, public, of an active tenant.
    pub open_to_public: bool,
}

/// Leave to work on one store's data. Only [`Actor::on_store`] makes it, so a repository that asks for one cannot be
/// called by somebody who may not see the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreScope {
    store: StoreId,
    tenant: TenantId,
}

impl StoreScope {
    /// The store.
    pub const fn store(&self) -> StoreId {
        self.store
    }

    /// Its tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }
}

/// Leave to work on one tenant's data. Only [`Actor::on_tenant`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantScope(TenantId);

impl TenantScope {
    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.0
    }
}

/// Leave to work on the whole installation. Only [`Actor::as_operator`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorScope(());

/// Leave of a person to work on what is their own. Only [`Actor::as_person`] makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonScope {
    user: UserId,
    session: SessionId,
}

impl PersonScope {
    /// The person.
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The sign-in by which they act.
    pub const fn session(&self) -> SessionId {
        self.session
    }
}

impl Actor {
    /// Leave to use `permission` on a store.
    pub fn on_store(&self, at: &StoreRef, permission: Permission) -> Result<StoreScope, AccessError> {
        let scope = StoreScope { store: at.store, tenant: at.tenant };
        match self {
            Self::Operator { .. } | Self::System => Ok(scope),
            Self::Key { tenant, store, permissions, .. } => {
                if *tenant != at.tenant || store.is_some_and(|only| only != at.store) {
                    return Err(AccessError::NotFound("store"));
                }
                permissions.contains(&permission).then_some(scope).ok_or(AccessError::Forbidden(permission))
            }
            Self::Person { .. } if at.open_to_public => Err(AccessError::Forbidden(permission)),
            Self::Person { .. } => Err(AccessError::NotFound("store")),
            Self::Public => Err(AccessError::Unauthenticated),
        }
    }

    /// Leave to do on a store what its public page offers; a caller who is no customer needs `permission` for it.
    pub fn on_public_store(&self, at: &StoreRef, permission: Permission) -> Result<StoreScope, AccessError> {
        match self {
            Self::Public | Self::Person { .. } if at.open_to_public => {
                Ok(StoreScope { store: at.store, tenant: at.tenant })
            }
            Self::Public | Self::Person { .. } => Err(AccessError::NotFound("store")),
            known => known.on_store(at, permission),
        }
    }

    /// Leave to use `permission` on a tenant as a whole.
    pub fn on_tenant(&self, at: TenantId, permission: Permission) -> Result<TenantScope, AccessError> {
        match self {
            Self::Operator { .. } | Self::System => Ok(TenantScope(at)),
            Self::Key { tenant, .. } if *tenant != at => Err(AccessError::NotFound("tenant")),
            Self::Key { store: Some(_), .. } => Err(AccessError::Forbidden(permission)),
            Self::Key { permissions, .. } => {
                permissions.contains(&permission).then_some(TenantScope(at)).ok_or(AccessError::Forbidden(permission))
            }
            Self::Person { .. } => Err(AccessError::NotFound("tenant")),
            Self::Public => Err(AccessError::Unauthenticated),
        }
    }

    /// Leave to do what only the operator may.
    pub fn as_operator(&self) -> Result<OperatorScope, AccessError> {
        match self {
            Self::Operator { .. } | Self::System => Ok(OperatorScope(())),
            Self::Key { .. } | Self::Person { .. } => Err(AccessError::OperatorOnly),
            Self::Public => Err(AccessError::Unauthenticated),
        }
    }

    /// Leave of a person to work on what is their own.
    pub const fn as_person(&self) -> Result<PersonScope, AccessError> {
        match self {
            Self::Person { user, session } => Ok(PersonScope { user: *user, session: *session }),
            Self::Operator { .. } | Self::Key { .. } | Self::System => Err(AccessError::PersonOnly),
            Self::Public => Err(AccessError::Unauthenticated),
        }
    }

    /// Whether this is somebody on a public page who has not signed in.
    pub const fn is_public(&self) -> bool {
        matches!(self, Self::Public)
    }

    /// Whether this is a store's customer, signed in or not, and not one who acts for the store.
    pub const fn is_customer(&self) -> bool {
        matches!(self, Self::Public | Self::Person { .. })
    }

    /// Refuses to a customer, signed in or not, what takes `permission` of a store's own people.
    pub const fn not_as_customer(&self, permission: Permission) -> Result<(), AccessError> {
        match self {
            Self::Operator { .. } | Self::Key { .. } | Self::System => Ok(()),
            Self::Person { .. } => Err(AccessError::Forbidden(permission)),
            Self::Public => Err(AccessError::Unauthenticated),
        }
    }

    /// How histories name this actor: `staff`, `customer` or `system`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Operator { .. } | Self::Key { .. } => "staff",
            Self::Public | Self::Person { .. } => "customer",
            Self::System => "system",
        }
    }

    /// The id that histories keep of this actor.
    pub const fn id(&self) -> Option<Uuid> {
        match self {
            Self::Operator { key } | Self::Key { key, .. } => Some(key.0),
            Self::Person { user, .. } => Some(user.0),
            Self::Public | Self::System => None,
        }
    }
}

/// Who acts, and from where: kept in histories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// From which address.
    pub ip: Option<std::net::IpAddr>,
    /// With which program, as it says of itself; at most 512 characters.
    pub user_agent: Option<String>,
    /// The request.
    pub request_id: String,
}

impl Caller {
    /// The system itself.
    pub fn system() -> Self {
        Self { actor: Actor::System, ip: None, user_agent: None, request_id: "system".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(open_to_public: bool) -> StoreRef {
        StoreRef { store: Uuid::from_u128(1).into(), tenant: Uuid::from_u128(2).into(), open_to_public }
    }

    #[test]
    fn a_person_is_a_customer_everywhere_and_nothing_more() {
        let person = Actor::Person { user: Uuid::from_u128(3).into(), session: Uuid::from_u128(4).into() };
        let (read, open, closed) = (Permission::CatalogRead, shop(true), shop(false));
        assert_eq!(person.on_public_store(&open, read), Actor::Public.on_public_store(&open, read));
        assert_eq!(person.on_public_store(&closed, read), Err(AccessError::NotFound("store")));
        assert_eq!(person.on_store(&open, read), Err(AccessError::Forbidden(read)));
        assert_eq!(person.on_store(&closed, read), Err(AccessError::NotFound("store")));
        assert_eq!(person.on_tenant(open.tenant, read), Err(AccessError::NotFound("tenant")));
        assert_eq!(person.as_operator(), Err(AccessError::OperatorOnly));
        assert_eq!((person.kind(), person.id()), ("customer", Some(Uuid::from_u128(3))));
        assert!(person.is_customer() && !person.is_public());
        assert_eq!(person.not_as_customer(read), Err(AccessError::Forbidden(read)));
        assert_eq!(Actor::Public.not_as_customer(read), Err(AccessError::Unauthenticated));
        assert_eq!(Actor::System.not_as_customer(read), Ok(()));
    }

    #[test]
    fn only_a_person_has_things_of_their_own() {
        let person = Actor::Person { user: Uuid::from_u128(3).into(), session: Uuid::from_u128(4).into() };
        let own = person.as_person().expect("a person");
        assert_eq!((own.user().0, own.session().0), (Uuid::from_u128(3), Uuid::from_u128(4)));
        assert_eq!(Actor::Public.as_person(), Err(AccessError::Unauthenticated));
        assert_eq!(Actor::System.as_person(), Err(AccessError::PersonOnly));
        assert_eq!(Actor::Operator { key: Uuid::nil().into() }.as_person(), Err(AccessError::PersonOnly));
    }
}
