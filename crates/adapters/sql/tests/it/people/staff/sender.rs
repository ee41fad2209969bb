//! Invitations whose sender has fallen since.

use super::{Shop, Somebody, code, invitation};
use crate::contract::{World, contract};
use chrono::TimeDelta;
use musubi_identity::admins::{Admins, Appointee};
use musubi_identity::api_key::NewApiKey;
use musubi_identity::api_keys::ApiKeys;
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::staff_account::StaffDetails;
use musubi_kernel::access::{Actor, AdminRole, Caller, Override, Permission, Role};
use musubi_kernel::clock::Clock as _;
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::retry::NoPause;
use musubi_kernel::secret::Secret;
use std::sync::Arc;
use uuid::Uuid;

contract!(
    an_invitation_falls_with_who_works_there,
    an_invitation_falls_with_an_admin,
    an_invitation_falls_with_the_key_that_was_shown,
    an_invitation_of_the_system_does_not_fall,
);

/// What a sender has sent, to two people.
struct Sent {
    guests: [(Somebody, String); 2],
}

impl Sent {
    async fn by(shop: &Shop, sender: &Caller, about: &str) -> Self {
        let send = async |n: usize| {
            let address = format!("{about}-{n}@example.jp");
            let guest = shop.somebody(&address).await;
            let token = shop.invite(sender, &invitation(&address, Role::Reception)).await.unwrap();
            (guest, token)
        };
        Self { guests: [send(0).await, send(1).await] }
    }

    async fn accept(&self, shop: &Shop, guest: usize) -> &'static str {
        let (guest, token) = &self.guests[guest];
        code(shop.staff.accept(&guest.caller, &guest.own, token).await)
    }

    /// Good before something happens, and good for nothing afterwards.
    async fn falls(&self, shop: &Shop, about: &str, fall: impl Future<Output = ()>) {
        assert_eq!(self.accept(shop, 0).await, "ok", "{about}: not yet");
        fall.await;
        assert_eq!(self.accept(shop, 1).await, "token_spent", "{about}");
        assert!(!shop.works_here(&self.guests[1].0).await, "{about}");
    }
}

async fn an_invitation_falls_with_who_works_there(world: World) {
    let shop = Shop::of(&world).await;
    shop.hire("owner@example.jp", Role::Owner).await;
    for about in ["locked", "deleted", "let-go", "left", "demoted", "denied"] {
        let (manager, account) = shop.hire(&format!("{about}@example.jp"), Role::Manager).await;
        let sent = Sent::by(&shop, &manager.caller, about).await;
        let user = manager.own.user();
        let fall = async {
            match about {
                "locked" => {
                    drop(shop.house.people.lock(&shop.caller, &shop.house.support, user, "stolen").await.unwrap());
                }
                "deleted" => {
                    let own = shop.signed_in(&format!("{about}@example.jp")).await;
                    drop(shop.house.people.delete(&own.caller, &PeopleScope::Own(own.own)).await.unwrap());
                }
                "let-go" => shop.staff.disable(&shop.caller, &shop.scope, account.id, None).await.unwrap(),
                "left" => shop.staff.leave(&manager.caller, &manager.own, shop.store()).await.unwrap(),
                "demoted" => {
                    let demoted = |present| StaffDetails { role: Role::Staff, ..present };
                    drop(shop.change(&shop.caller, &account, demoted).await.unwrap());
                }
                _ => {
                    // What the invitation gives, and they no longer have.
                    let less = Override { denied: [Permission::CustomerContact].into(), ..Override::default() };
                    let denied = |present| StaffDetails { permissions: less.clone(), ..present };
                    drop(shop.change(&shop.caller, &account, denied).await.unwrap());
                }
            }
        };
        sent.falls(&shop, about, fall).await;
        if about == "locked" {
            shop.house.people.unlock(&shop.caller, &shop.house.support, user).await.unwrap();
            assert_eq!(sent.accept(&shop, 1).await, "ok", "as they stand now, they could send it");
        }
    }
}

async fn an_invitation_falls_with_an_admin(world: World) {
    let shop = Shop::of(&world).await;
    let admins = Admins::new(world.admins.clone(), world.clock.clone(), world.ids.clone(), Arc::new(NoPause));
    let operator = world.operator();
    for about in ["dismissed", "support", "locked"] {
        let admin = shop.somebody(&format!("{about}@example.jp")).await;
        let (own, who) = (admin.own, Appointee::Id(admin.own.user()));
        let appointed = admins.appoint(&world.caller, &operator, &who, AdminRole::Admin).await.unwrap();
        let (user, session) = (own.user(), own.session());
        let actor = Actor::Admin { admin: appointed.id, user, session, role: AdminRole::Admin };
        let sent = Sent::by(&shop, &Caller { actor, ..admin.caller.clone() }, about).await;
        let fall = async {
            match about {
                "dismissed" => admins.dismiss(&world.caller, &operator, appointed.id).await.unwrap(),
                "support" => {
                    admins.appoint(&world.caller, &operator, &who, AdminRole::Support).await.unwrap();
                }
                _ => drop(shop.house.people.lock(&shop.caller, &shop.house.support, user, "stolen").await.unwrap()),
            }
        };
        sent.falls(&shop, about, fall).await;
    }
}

async fn an_invitation_falls_with_the_key_that_was_shown(world: World) {
    let shop = Shop::of(&world).await;
    let keys = ApiKeys::new(world.keys.clone(), world.clock.clone(), world.ids.clone(), Arc::new(NoPause));
    let of_tenant = world.of_tenant(shop.scope.tenant()).into();
    for about in ["revoked", "over"] {
        let expires_at = (about == "over").then(|| world.clock.now() + TimeDelta::hours(1));
        let permissions = Role::Owner.permissions().collect();
        let new = NewApiKey { name: about.to_owned(), permissions, expires_at };
        let key = keys.issue(&world.caller, &of_tenant, &new, &NoReceipt).await.unwrap().key;
        let sent = Sent::by(&shop, &Caller { actor: key.actor(), ..world.caller.clone() }, about).await;
        let fall = async {
            if about == "revoked" {
                keys.revoke(&world.caller, &of_tenant, key.id).await.unwrap();
            } else {
                shop.house.later(TimeDelta::hours(1));
            }
        };
        sent.falls(&shop, about, fall).await;
    }
    // The operator's, which another takes the place of.
    let replace = async |secret: &str| keys.ensure_operator_key(&world.operator(), &Secret::new(secret)).await.unwrap();
    let before = replace("msb_the-operators-key-of-the-tests-1").await;
    let sent = Sent::by(&shop, &Caller { actor: before.actor(), ..world.caller.clone() }, "operator").await;
    sent.falls(&shop, "operator", async { drop(replace("msb_the-operators-key-of-the-tests-2").await) }).await;
}

async fn an_invitation_of_the_system_does_not_fall(world: World) {
    let shop = Shop::of(&world).await;
    let sent = Sent::by(&shop, &shop.caller, "guest").await;
    assert_eq!((sent.accept(&shop, 0).await, sent.accept(&shop, 1).await), ("ok", "ok"));
    let unknown = Actor::Key {
        key: Uuid::from_u128(404).into(),
        tenant: shop.scope.tenant(),
        store: None,
        permissions: Role::Owner.permissions().collect(),
    };
    let sent = Sent::by(&shop, &Caller { actor: unknown, ..world.caller.clone() }, "unknown").await;
    assert_eq!(sent.accept(&shop, 0).await, "token_spent", "a key that is not there is none");
}
