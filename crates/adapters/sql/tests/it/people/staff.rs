//! Those who work at stores: the use cases over every store of them.

mod change;
mod come;
mod race;
mod sender;

use super::{House, acting, scope};
use crate::contract::World;
use chrono::TimeDelta;
use musubi_identity::lifetimes::Lifetimes;
use musubi_identity::locale::Locale;
use musubi_identity::message::MessageKind;
use musubi_identity::staff::error::StaffError;
use musubi_identity::staff::invitation::NewInvitation;
use musubi_identity::staff::{Ports, Staff};
use musubi_identity::staff_account::{StaffAccount, StaffDetails};
use musubi_identity::standing::StandingBook;
use musubi_kernel::access::{Caller, Override, PersonScope, Role, StoreScope};
use musubi_kernel::error::EntityError;
use musubi_kernel::id::{StaffAccountId, StoreId};
use musubi_kernel::page::PageRequest;
use musubi_kernel::retry::NoPause;
use musubi_sql_testing::key_ring;
use std::sync::Arc;

/// A store with the use cases on its staff, and the house that its people come from.
struct Shop {
    house: House,
    staff: Staff,
    standings: Arc<dyn StandingBook>,
    scope: StoreScope,
    caller: Caller,
}

/// Somebody who has signed in.
struct Somebody {
    own: PersonScope,
    caller: Caller,
}

impl Shop {
    async fn of(world: &World) -> Self {
        let house = House::of(world);
        let ports = Ports {
            store: world.staff.clone(),
            courier: house.letters.clone(),
            ephemeral: world.ephemeral.clone(),
            cipher: Arc::new(key_ring()),
            clock: world.clock.clone(),
            ids: world.ids.clone(),
            pause: Arc::new(NoPause),
        };
        Self {
            staff: Staff::new(ports, Lifetimes::default()),
            standings: world.standings.clone(),
            scope: world.shop("salon").await,
            caller: world.caller.clone(),
            house,
        }
    }

    fn store(&self) -> StoreId {
        self.scope.store()
    }

    /// A new person, signed in.
    async fn somebody(&self, email: &str) -> Somebody {
        self.house.person(email).await;
        self.signed_in(email).await
    }

    async fn signed_in(&self, email: &str) -> Somebody {
        let signed_in = self.house.sign_in(email).await;
        Somebody { own: scope(&signed_in), caller: acting(&signed_in) }
    }

    /// Invites somebody; what the link carries.
    async fn invite(&self, by: &Caller, new: &NewInvitation) -> Result<String, StaffError> {
        self.house.later(TimeDelta::milliseconds(1));
        self.staff.invite(by, &self.scope, new).await?;
        Ok(self.house.link(MessageKind::Invitation, new.email.as_str()))
    }

    /// Somebody who works here from now on, as the store sees them.
    async fn hire(&self, email: &str, role: Role) -> (Somebody, StaffAccount) {
        let somebody = self.somebody(email).await;
        let token = self.invite(&self.caller, &invitation(email, role)).await.unwrap();
        let account = self.staff.accept(&somebody.caller, &somebody.own, &token).await.unwrap();
        (self.at_work(somebody).await, account)
    }

    /// The same, as who they are here.
    async fn at_work(&self, somebody: Somebody) -> Somebody {
        let standing = self.standings.standing(&somebody.own, Some(self.store())).await.unwrap();
        let actor = standing.at_store(somebody.own).actor;
        Somebody { caller: Caller { actor, ..somebody.caller }, ..somebody }
    }

    async fn works_here(&self, somebody: &Somebody) -> bool {
        self.standings.standing(&somebody.own, Some(self.store())).await.unwrap().post.is_some()
    }

    /// Nobody works here but these.
    async fn let_others_go(&self, staying: &[StaffAccountId]) {
        let here = self.staff.members(&self.scope, false, &PageRequest::default()).await.unwrap().items;
        for member in here.iter().filter(|member| !staying.contains(&member.account.id)) {
            self.staff.disable(&self.caller, &self.scope, member.account.id, None).await.unwrap();
        }
    }

    /// Decides about somebody.
    async fn change(
        &self,
        by: &Caller,
        account: &StaffAccount,
        after: impl Fn(StaffDetails) -> StaffDetails + Send + Sync,
    ) -> Result<StaffAccount, StaffError> {
        self.staff.change(by, &self.scope, account.id, None, |present| Ok(after(present.clone()))).await
    }
}

fn invitation(email: &str, role: Role) -> NewInvitation {
    NewInvitation {
        email: super::email(email),
        role,
        permissions: Override::default(),
        resource_id: None,
        locale: Locale::En,
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, StaffError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(StaffError::Entity(EntityError::Refused { code, .. })) => code,
        Err(StaffError::Entity(EntityError::Invalid(invalid))) => invalid.violations()[0].code,
        Err(StaffError::Entity(EntityError::NotFound(_))) => "not_found",
        Err(StaffError::Entity(EntityError::Stale { .. })) => "stale",
        Err(StaffError::TooMany { .. }) => "too_many",
        Err(StaffError::Access(error)) => musubi_kernel::error::Failure::code(&error),
        Err(other) => panic!("{other:?}"),
    }
}
