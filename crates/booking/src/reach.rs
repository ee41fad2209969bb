//! Which bookings of a store a caller reaches.

use musubi_kernel::access::{AccessError, Actor, Permission, StoreRef, StoreScope};
use musubi_kernel::id::{ResourceId, UserId};

/// Which bookings of a store a caller reaches. What is out of reach is not there for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// All.
    #[default]
    Store,
    /// Those that hold this resource: of staff who see to their own bookings alone.
    Resource(ResourceId),
    /// Those of the customer who is this person.
    Person(UserId),
}

impl Reach {
    /// Leave to do with bookings what takes `permission`, for those who act for the store. Who has not got it, but has
    /// `booking.own` and is a resource of the store, reaches what holds that resource.
    pub fn of_the_stores(
        actor: &Actor,
        at: &StoreRef,
        permission: Permission,
    ) -> Result<(StoreScope, Self), AccessError> {
        match actor {
            Actor::Staff { post, .. } if !actor.holds(permission) => {
                let resource = post.resource.filter(|_| actor.holds(Permission::BookingOwn));
                // Whether the store is theirs at all is told first.
                let wanted = if resource.is_some() { Permission::BookingOwn } else { permission };
                Ok((actor.on_store(at, wanted)?, resource.map_or(Self::Store, Self::Resource)))
            }
            _ => Ok((actor.on_store(at, permission)?, Self::Store)),
        }
    }

    /// The same, and for customers who have signed in: they reach what is their own.
    pub fn of_anyone(actor: &Actor, at: &StoreRef, permission: Permission) -> Result<(StoreScope, Self), AccessError> {
        match actor {
            Actor::Person { user, .. } => Ok((actor.on_public_store(at, permission)?, Self::Person(*user))),
            _ => Self::of_the_stores(actor, at, permission),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_kernel::access::{Override, Post, Role};
    use musubi_kernel::error::Failure as _;
    use uuid::Uuid;

    const AKI: ResourceId = ResourceId(Uuid::from_u128(11));
    const HANAKO: UserId = UserId(Uuid::from_u128(5));

    fn shop(number: u128, open_to_public: bool) -> StoreRef {
        StoreRef { store: Uuid::from_u128(number).into(), tenant: Uuid::from_u128(2).into(), open_to_public }
    }

    fn staff(role: Role, different: &Override, resource: Option<ResourceId>) -> Actor {
        let at = shop(1, true);
        let post = Post {
            account: Uuid::from_u128(3).into(),
            tenant: at.tenant,
            store: at.store,
            role,
            permissions: role.with(different),
            resource,
        };
        Actor::Staff { user: HANAKO, session: Uuid::from_u128(6).into(), post }
    }

    /// What somebody reaches, or why not.
    fn told(found: Result<(StoreScope, Reach), AccessError>) -> Result<Reach, &'static str> {
        found.map(|(_, reach)| reach).map_err(|error| error.code())
    }

    #[test]
    fn staff_reach_the_store_or_their_own() {
        let plain = Override::default();
        let but = |permission| Override { granted: [].into(), denied: [permission].into() };
        let no_reading = but(Permission::BookingRead);
        let (all, own) = (Ok(Reach::Store), Ok(Reach::Resource(AKI)));
        let missing = Err("permission_missing");
        let (aki, nobody) = (Some(AKI), None);
        for (what, actor, read, write) in [
            ("an owner", staff(Role::Owner, &plain, aki), all, all),
            ("at the desk", staff(Role::Reception, &plain, nobody), all, all),
            ("staff", staff(Role::Staff, &plain, aki), all, own),
            ("staff whom nobody can book", staff(Role::Staff, &plain, nobody), all, missing),
            ("staff who see their own alone", staff(Role::Staff, &no_reading, aki), own, own),
            ("staff without any", staff(Role::Staff, &but(Permission::BookingOwn), aki), all, missing),
            ("a desk that may not read", staff(Role::Reception, &no_reading, aki), missing, all),
        ] {
            let reach = |at, permission| told(Reach::of_the_stores(&actor, &at, permission));
            assert_eq!(reach(shop(1, false), Permission::BookingRead), read, "{what}");
            assert_eq!(reach(shop(1, false), Permission::BookingWrite), write, "{what}");
            assert_eq!(reach(shop(9, true), Permission::BookingWrite), Err("not_found"), "{what}");
            assert_eq!(told(Reach::of_anyone(&actor, &shop(1, false), Permission::BookingWrite)), write, "{what}");
        }
    }

    #[test]
    fn a_customer_reaches_their_own_and_only_where_customers_may() {
        let person = Actor::Person { user: HANAKO, session: Uuid::from_u128(6).into() };
        let write = Permission::BookingWrite;
        assert_eq!(told(Reach::of_anyone(&person, &shop(1, true), write)), Ok(Reach::Person(HANAKO)));
        assert_eq!(told(Reach::of_anyone(&person, &shop(1, false), write)), Err("not_found"));
        assert_eq!(told(Reach::of_the_stores(&person, &shop(1, true), write)), Err("permission_missing"));
        assert_eq!(told(Reach::of_anyone(&Actor::Public, &shop(1, true), write)), Err("unauthenticated"));
        assert_eq!(told(Reach::of_anyone(&Actor::System, &shop(1, false), write)), Ok(Reach::Store));
    }
}
