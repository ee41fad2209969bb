//! What a person is besides a customer: at a store, and to the platform. It is asked for with every request of theirs, so
//! what is taken from somebody is gone at once, on every node.

use crate::session::Method;
use async_trait::async_trait;
use musubi_kernel::access::{Actor, AdminRole, PersonScope, Post};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{AdminUserId, StoreId};
use std::collections::BTreeSet;

/// What a person is besides a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// What they are at the store that was asked about, if they work there.
    pub post: Option<Post>,
    /// What they are to the platform, if anything.
    pub admin: Option<(AdminUserId, AdminRole)>,
    /// How they proved who they are, in the session by which they act.
    pub methods: BTreeSet<Method>,
}

/// Knows what people are.
#[async_trait]
pub trait StandingBook: Send + Sync {
    /// What a person is, at a store if one is named. One query.
    async fn standing(&self, person: &PersonScope, store: Option<StoreId>) -> Result<Standing, StoreError>;
}

/// As whom a person acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// The person, in what they are.
    pub actor: Actor,
    /// Whether they could do more, had they signed in with a second factor.
    pub lacks_factor: bool,
}

impl Standing {
    /// As whom a person acts at a store: as an admin who may do everything, else as its staff, else as a customer. Other
    /// admins have no business there.
    pub fn at_store(self, person: PersonScope) -> Acting {
        let everything = self.admin.filter(|(_, role)| *role == AdminRole::Admin);
        let acting = Self { admin: everything, ..self.clone() }.at_large(person);
        match (acting.actor, self.post) {
            (Actor::Person { user, session }, Some(post)) => {
                Acting { actor: Actor::Staff { user, session, post }, lacks_factor: acting.lacks_factor }
            }
            (actor, _) => Acting { actor, lacks_factor: acting.lacks_factor },
        }
    }

    /// As whom a person acts on the platform. An admin who has signed in without a second factor is none.
    pub fn at_large(self, person: PersonScope) -> Acting {
        let (user, session) = (person.user(), person.session());
        let factor = self.methods.into_iter().any(Method::is_second_factor);
        match self.admin {
            Some((admin, role)) if factor => {
                Acting { actor: Actor::Admin { admin, user, session, role }, lacks_factor: false }
            }
            admin => Acting { actor: Actor::Person { user, session }, lacks_factor: admin.is_some() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::access::Role;
    use uuid::Uuid;

    fn person() -> PersonScope {
        let (user, session) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        Actor::Person { user, session }.as_person().unwrap()
    }

    fn post() -> Post {
        let id = Uuid::from_u128;
        Post {
            account: id(3).into(),
            tenant: id(4).into(),
            store: id(5).into(),
            role: Role::Owner,
            permissions: Role::Owner.permissions().collect(),
            resource: None,
        }
    }

    #[test]
    fn as_whom_a_person_acts() {
        let admin = |role| Some((AdminUserId(Uuid::from_u128(6)), role));
        let (password, both) = ([Method::Password], [Method::Password, Method::OneTimePassword]);
        let kind = |acting: Acting| {
            let actor = match acting.actor {
                Actor::Person { .. } => "person",
                Actor::Staff { .. } => "staff",
                Actor::Admin { .. } => "admin",
                other => panic!("{other:?}"),
            };
            (actor, acting.lacks_factor)
        };
        // Post, admin, second factor; at the store, at large.
        for (post, admin, factor, at_store, at_large) in [
            (None, None, false, ("person", false), ("person", false)),
            (None, None, true, ("person", false), ("person", false)),
            (Some(post()), None, false, ("staff", false), ("person", false)),
            (None, admin(AdminRole::Admin), false, ("person", true), ("person", true)),
            (None, admin(AdminRole::Admin), true, ("admin", false), ("admin", false)),
            (Some(post()), admin(AdminRole::Admin), false, ("staff", true), ("person", true)),
            (Some(post()), admin(AdminRole::Admin), true, ("admin", false), ("admin", false)),
            (None, admin(AdminRole::Support), true, ("person", false), ("admin", false)),
            (Some(post()), admin(AdminRole::Support), true, ("staff", false), ("admin", false)),
            (Some(post()), admin(AdminRole::Moderator), false, ("staff", false), ("person", true)),
        ] {
            let methods = if factor { both.into() } else { password.into() };
            let standing = Standing { post, admin, methods };
            assert_eq!(kind(standing.clone().at_store(person())), at_store, "{standing:?}");
            assert_eq!(kind(standing.clone().at_large(person())), at_large, "{standing:?}");
        }
    }

    #[test]
    fn another_providers_word_is_no_second_factor() {
        let factors: Vec<_> = Method::ALL.iter().filter(|method| method.is_second_factor()).collect();
        assert_eq!(factors, [&Method::OneTimePassword, &Method::HardwareKey]);
    }
}
