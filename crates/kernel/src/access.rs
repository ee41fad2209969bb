//! Who acts, what they may do, and on which store.

mod permission;
mod role;

pub use permission::Permission;
pub use role::{AdminRole, Override, Post, Role};

use crate::error::{ErrorKind, Failure};
use crate::id::{AdminUserId, ApiKeyId, SessionId, StoreId, TenantId, UserId};
use std::collections::BTreeSet;
use uuid::Uuid;

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
    /// A person who has signed in, at a store where they work.
    Staff {
        /// Who.
        user: UserId,
        /// By which sign-in.
        session: SessionId,
        /// What they are there.
        post: Post,
    },
    /// A person who has signed in, and looks after the platform.
    Admin {
        /// As which admin.
        admin: AdminUserId,
        /// Who.
        user: UserId,
        /// By which sign-in.
        session: SessionId,
        /// What they may do.
        role: AdminRole,
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
    #[error("this call needs credentials: send `Authorization: Bearer <token>` with an API key or an access token")]
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
    /// Only somebody who looks after the platform's people may do this.
    #[error("only those who look after the platform's people may do this")]
    SupportOnly,
    /// Only somebody who decides about what people have done may do this.
    #[error("only those who decide about what people have done may do this")]
    ModeratorOnly,
    /// Only a person who has signed in may do this.
    #[error("only a person who has signed in may do this")]
    PersonOnly,
    /// The person may do this once they have signed in with a second factor.
    #[error("sign in with a second factor to do this")]
    SecondFactorRequired,
}

impl Failure for AccessError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unauthenticated => ErrorKind::Unauthenticated,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Forbidden(_)
            | Self::OperatorOnly
            | Self::SupportOnly
            | Self::ModeratorOnly
            | Self::PersonOnly
            | Self::SecondFactorRequired => ErrorKind::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::NotFound(_) => "not_found",
            Self::Forbidden(_) => "permission_missing",
            Self::OperatorOnly => "operator_only",
            Self::SupportOnly => "support_only",
            Self::ModeratorOnly => "moderator_only",
            Self::PersonOnly => "person_only",
            Self::SecondFactorRequired => "second_factor_required",
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

/// Leave to look after people: to see how they stand, to lock and to unlock them. Only [`Actor::as_support`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportScope(());

/// Leave to decide about what people have done: to ban them. Only [`Actor::as_moderator`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModeratorScope(());

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
        self.on_store_with_any(at, &[permission])
    }

    /// Leave to use one of `permissions` on a store; the first is named when none is held.
    pub fn on_store_with_any(&self, at: &StoreRef, permissions: &[Permission]) -> Result<StoreScope, AccessError> {
        let reaches = match self {
            Self::Operator { .. } | Self::System | Self::Admin { role: AdminRole::Admin, .. } => true,
            Self::Key { tenant, store, .. } => *tenant == at.tenant && store.is_none_or(|only| only == at.store),
            Self::Staff { post, .. } => (post.tenant, post.store) == (at.tenant, at.store),
            Self::Person { .. } | Self::Admin { .. } => at.open_to_public,
            Self::Public => return Err(AccessError::Unauthenticated),
        };
        if !reaches {
            return Err(AccessError::NotFound("store"));
        }
        if permissions.iter().any(|permission| self.holds(*permission)) {
            return Ok(StoreScope { store: at.store, tenant: at.tenant });
        }
        Err(permissions.first().map_or(AccessError::OperatorOnly, |first| AccessError::Forbidden(*first)))
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
            Self::Operator { .. } | Self::System | Self::Admin { role: AdminRole::Admin, .. } => Ok(TenantScope(at)),
            Self::Key { tenant, .. } if *tenant != at => Err(AccessError::NotFound("tenant")),
            Self::Key { store: Some(_), .. } => Err(AccessError::Forbidden(permission)),
            Self::Key { permissions, .. } => {
                permissions.contains(&permission).then_some(TenantScope(at)).ok_or(AccessError::Forbidden(permission))
            }
            Self::Staff { post, .. } if post.tenant == at => Err(AccessError::Forbidden(permission)),
            Self::Staff { .. } | Self::Person { .. } | Self::Admin { .. } => Err(AccessError::NotFound("tenant")),
            Self::Public => Err(AccessError::Unauthenticated),
        }
    }

    /// Leave to do what only the operator may.
    pub const fn as_operator(&self) -> Result<OperatorScope, AccessError> {
        match self {
            Self::Operator { .. } | Self::System | Self::Admin { role: AdminRole::Admin, .. } => Ok(OperatorScope(())),
            Self::Key { .. } | Self::Person { .. } | Self::Staff { .. } | Self::Admin { .. } => {
                Err(AccessError::OperatorOnly)
            }
            Self::Public => Err(AccessError::Unauthenticated),
        }
    }

    /// Leave to look after people.
    pub const fn as_support(&self) -> Result<SupportScope, AccessError> {
        match self {
            Self::Operator { .. } | Self::System | Self::Admin { .. } => Ok(SupportScope(())),
            Self::Key { .. } | Self::Person { .. } | Self::Staff { .. } => Err(AccessError::SupportOnly),
            Self::Public => Err(AccessError::Unauthenticated),
        }
    }

    /// Leave to decide about what people have done.
    pub const fn as_moderator(&self) -> Result<ModeratorScope, AccessError> {
        match self {
            Self::Operator { .. }
            | Self::System
            | Self::Admin { role: AdminRole::Admin | AdminRole::Moderator, .. } => Ok(ModeratorScope(())),
            Self::Key { .. } | Self::Person { .. } | Self::Staff { .. } | Self::Admin { .. } => {
                Err(AccessError::ModeratorOnly)
            }
            Self::Public => Err(AccessError::Unauthenticated),
        }
    }

    /// Leave of a person to work on what is their own.
    pub const fn as_person(&self) -> Result<PersonScope, AccessError> {
        match self {
            Self::Person { user, session } | Self::Staff { user, session, .. } | Self::Admin { user, session, .. } => {
                Ok(PersonScope { user: *user, session: *session })
            }
            Self::Operator { .. } | Self::Key { .. } | Self::System => Err(AccessError::PersonOnly),
            Self::Public => Err(AccessError::Unauthenticated),
        }
    }

    /// Whether it has this permission, wherever it reaches.
    pub fn holds(&self, permission: Permission) -> bool {
        match self {
            Self::Operator { .. } | Self::System | Self::Admin { role: AdminRole::Admin, .. } => true,
            Self::Key { permissions, .. } => permissions.contains(&permission),
            Self::Staff { post, .. } => post.permissions.contains(&permission),
            Self::Person { .. } | Self::Admin { .. } | Self::Public => false,
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
            Self::Operator { .. } | Self::Key { .. } | Self::Staff { .. } | Self::Admin { .. } | Self::System => Ok(()),
            Self::Person { .. } => Err(AccessError::Forbidden(permission)),
            Self::Public => Err(AccessError::Unauthenticated),
        }
    }

    /// How histories name this actor: `staff`, `customer` or `system`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Operator { .. } | Self::Key { .. } | Self::Staff { .. } | Self::Admin { .. } => "staff",
            Self::Public | Self::Person { .. } => "customer",
            Self::System => "system",
        }
    }

    /// The id that histories keep of this actor.
    pub const fn id(&self) -> Option<Uuid> {
        match self {
            Self::Operator { key } | Self::Key { key, .. } => Some(key.0),
            Self::Person { user, .. } | Self::Staff { user, .. } | Self::Admin { user, .. } => Some(user.0),
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
    fn staff_reach_their_store_with_what_their_post_allows() {
        let home = shop(false);
        let away = StoreRef { store: Uuid::from_u128(9).into(), ..home };
        let stranger = StoreRef { tenant: Uuid::from_u128(9).into(), ..home };
        let post = Post {
            account: Uuid::from_u128(5).into(),
            tenant: home.tenant,
            store: home.store,
            role: Role::Reception,
            permissions: Role::Reception.permissions().collect(),
            resource: None,
        };
        let staff = Actor::Staff { user: Uuid::from_u128(3).into(), session: Uuid::from_u128(4).into(), post };
        let (write, own, manage) = (Permission::BookingWrite, Permission::BookingOwn, Permission::KeyManage);
        assert!(staff.on_store(&home, write).is_ok() && staff.on_public_store(&home, write).is_ok());
        assert!(staff.on_store_with_any(&home, &[manage, write]).is_ok());
        assert_eq!(staff.on_store(&home, manage), Err(AccessError::Forbidden(manage)));
        assert_eq!(staff.on_store_with_any(&home, &[manage, own]), Err(AccessError::Forbidden(manage)));
        for elsewhere in [away, stranger] {
            assert_eq!(staff.on_store(&elsewhere, write), Err(AccessError::NotFound("store")));
        }
        assert_eq!(staff.on_tenant(home.tenant, write), Err(AccessError::Forbidden(write)));
        assert_eq!(staff.on_tenant(stranger.tenant, write), Err(AccessError::NotFound("tenant")));
        assert_eq!(staff.as_operator(), Err(AccessError::OperatorOnly));
        assert_eq!((staff.kind(), staff.id()), ("staff", Some(Uuid::from_u128(3))));
        assert!(staff.as_person().is_ok() && !staff.is_customer());
    }

    #[test]
    fn admins_differ_by_role() {
        let (home, read) = (shop(false), Permission::CatalogRead);
        for role in AdminRole::ALL {
            let admin = Actor::Admin {
                admin: Uuid::from_u128(6).into(),
                user: Uuid::from_u128(3).into(),
                session: Uuid::from_u128(4).into(),
                role: *role,
            };
            let all = *role == AdminRole::Admin;
            assert_eq!(admin.as_operator().is_ok(), all, "{role:?}");
            assert_eq!(admin.on_store(&home, read).is_ok(), all, "{role:?}");
            assert_eq!(admin.on_tenant(home.tenant, read).is_ok(), all, "{role:?}");
            assert!(admin.as_support().is_ok() && admin.as_person().is_ok());
            assert_eq!(admin.as_moderator().is_ok(), *role != AdminRole::Support, "{role:?}");
        }
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
