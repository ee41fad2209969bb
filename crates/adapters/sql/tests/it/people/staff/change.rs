//! Deciding about staff, and letting them go.

use super::{Shop, Somebody, code, invitation};
use crate::contract::{World, contract};
use crate::people::{HANAKO, refused};
use musubi_catalog::resource::{ResourceDetails, ResourceType};
use musubi_catalog::tenant::{Tenant, TenantDetails, TenantsScope};
use musubi_identity::message::MessageKind;
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::staff_account::StaffDetails;
use musubi_kernel::access::{Actor, Caller, Override, Permission, Role};
use musubi_kernel::page::PageRequest;
use musubi_sql_testing::{TestDb, on_each_engine};
use uuid::Uuid;

contract!(
    a_decision_counts_and_holds_at_once,
    nobody_touches_who_can_do_more,
    a_store_keeps_an_owner,
    who_has_gone_is_no_owner,
    a_stores_last_owner_does_not_delete_themselves,
    staff_are_listed_by_pages,
);
on_each_engine!(a_store_of_an_inactive_tenant_needs_no_owner);

async fn a_decision_counts_and_holds_at_once(world: World) {
    let shop = Shop::of(&world).await;
    let (owner, _) = shop.hire("owner@example.jp", Role::Owner).await;
    let (hanako, account) = shop.hire(HANAKO, Role::Reception).await;
    let resource = world.add(&world.resources, &shop.scope, ResourceDetails::new(ResourceType::Staff, "Hanako")).await;
    let permissions = Override { granted: [Permission::AuditRead].into(), denied: [Permission::BookingOwn].into() };
    let decided = StaffDetails { role: Role::Staff, permissions, resource_id: Some(resource.id), is_active: true };
    let changed = shop.change(&owner.caller, &account, |_| decided.clone()).await.unwrap();
    assert_eq!((&changed.details, changed.version), (&decided, 2));
    assert_eq!(shop.staff.member(&shop.scope, account.id).await.unwrap().account, changed);
    let post = shop.standings.standing(&hanako.own, Some(shop.store())).await.unwrap().post;
    assert_eq!(post, changed.post());

    let over = async |version| {
        let same = |present: &StaffDetails| Ok(present.clone());
        code(shop.staff.change(&owner.caller, &shop.scope, account.id, Some(version), same).await)
    };
    assert_eq!((over(1).await, over(2).await), ("stale", "ok"));
    assert_eq!(code(shop.staff.disable(&owner.caller, &shop.scope, account.id, Some(2)).await), "stale");
    for _ in 0..2 {
        shop.staff.disable(&owner.caller, &shop.scope, account.id, None).await.unwrap();
        assert!(!shop.works_here(&hanako).await);
    }
    assert_eq!(shop.staff.member(&shop.scope, account.id).await.unwrap().account.version, 4);
    let elsewhere = world.shop("elsewhere").await;
    assert_eq!(code(shop.staff.disable(&shop.caller, &elsewhere, account.id, None).await), "not_found");
    let foreign = StaffDetails { resource_id: Some(Uuid::from_u128(7).into()), is_active: false, ..decided.clone() };
    assert_eq!(code(shop.change(&owner.caller, &account, |_| foreign.clone()).await), "unknown_resource");
    // Nobody works at a store without their own doing.
    assert_eq!(code(shop.change(&owner.caller, &account, |_| decided.clone()).await), "must_be_invited");
    assert!(!shop.works_here(&hanako).await);
}

async fn nobody_touches_who_can_do_more(world: World) {
    let shop = Shop::of(&world).await;
    let (owner, owners) = shop.hire("owner@example.jp", Role::Owner).await;
    let (manager, managers) = shop.hire("manager@example.jp", Role::Manager).await;
    let (_, account) = shop.hire(HANAKO, Role::Reception).await;
    let to = |role| move |present: StaffDetails| StaffDetails { role, ..present };
    assert_eq!(code(shop.change(&manager.caller, &owners, to(Role::Reception)).await), "outranked");
    assert_eq!(code(shop.staff.disable(&manager.caller, &shop.scope, owners.id, None).await), "outranked");
    assert_eq!(code(shop.change(&manager.caller, &account, to(Role::Owner)).await), "permission_not_held");
    assert_eq!(code(shop.change(&manager.caller, &managers, to(Role::Owner)).await), "own_account");
    assert_eq!(code(shop.change(&owner.caller, &owners, to(Role::Manager)).await), "own_account");
    assert_eq!(code(shop.change(&manager.caller, &account, to(Role::Manager)).await), "ok");
    assert_eq!(code(shop.staff.disable(&manager.caller, &shop.scope, account.id, None).await), "ok");
}

async fn a_store_keeps_an_owner(world: World) {
    let shop = Shop::of(&world).await;
    let (owner, owners) = shop.hire("owner@example.jp", Role::Owner).await;
    let key = |store| {
        let permissions = Permission::ALL.iter().copied().collect();
        let actor = Actor::Key { key: Uuid::from_u128(1).into(), tenant: shop.scope.tenant(), store, permissions };
        Caller { actor, ..shop.caller.clone() }
    };
    let stores = key(Some(shop.store()));
    assert_eq!(code(shop.staff.leave(&owner.caller, &owner.own, shop.store()).await), "last_owner");
    assert_eq!(code(shop.staff.disable(&owner.caller, &shop.scope, owners.id, None).await), "last_owner");
    let demote = |present: StaffDetails| StaffDetails { role: Role::Manager, ..present };
    assert_eq!(code(shop.change(&stores, &owners, demote).await), "last_owner");
    assert!(shop.works_here(&owner).await);

    let (second, seconds) = shop.hire(HANAKO, Role::Owner).await;
    shop.staff.leave(&owner.caller, &owner.own, shop.store()).await.unwrap();
    assert_eq!(code(shop.staff.leave(&second.caller, &second.own, shop.store()).await), "last_owner");
    shop.change(&key(None), &seconds, demote).await.unwrap();
    shop.staff.leave(&second.caller, &second.own, shop.store()).await.unwrap();
}

async fn who_has_gone_is_no_owner(world: World) {
    let shop = Shop::of(&world).await;
    let (owner, _) = shop.hire("owner@example.jp", Role::Owner).await;
    let (second, seconds) = shop.hire(HANAKO, Role::Owner).await;
    shop.house.people.delete(&second.caller, &PeopleScope::Own(second.own)).await.unwrap();
    assert_eq!(code(shop.staff.leave(&owner.caller, &owner.own, shop.store()).await), "last_owner");
    let gone = shop.staff.member(&shop.scope, seconds.id).await.unwrap();
    assert_eq!((gone.display_name.as_str(), gone.account.details.is_active, gone.account.version), ("", false, 2));
    assert_eq!(gone.account.details.role, Role::Owner);
}

async fn a_stores_last_owner_does_not_delete_themselves(world: World) {
    let shop = Shop::of(&world).await;
    let (owner, owners) = shop.hire("owner@example.jp", Role::Owner).await;
    let (second, seconds) = shop.hire(HANAKO, Role::Owner).await;
    let (manager, _) = shop.hire("manager@example.jp", Role::Manager).await;
    let delete = async |who: &Somebody| shop.house.people.delete(&who.caller, &PeopleScope::Own(who.own)).await;
    delete(&manager).await.unwrap();

    // Neither who is locked nor who has been let go stands in for them.
    shop.house.people.lock(&shop.caller, &shop.house.support, second.own.user(), "lost phone").await.unwrap();
    let last = delete(&owner).await.unwrap_err();
    assert!(refused("last_owner")(&last), "{last:?}");
    assert!(
        shop.works_here(&owner).await && shop.house.store.user(owner.own.user()).await.unwrap().unwrap().is_active()
    );
    shop.house.people.unlock(&shop.caller, &shop.house.support, second.own.user()).await.unwrap();
    shop.change(&shop.caller, &seconds, |present| StaffDetails { role: Role::Manager, ..present }).await.unwrap();
    assert!(delete(&owner).await.is_err_and(|error| refused("last_owner")(&error)));

    // They hand it over, and go from everywhere at once.
    let elsewhere = world.shop("elsewhere").await;
    shop.staff.invite(&shop.caller, &elsewhere, &invitation("owner@example.jp", Role::Staff)).await.unwrap();
    let token = shop.house.link(MessageKind::Invitation, "owner@example.jp");
    let there = shop.staff.accept(&owner.caller, &owner.own, &token).await.unwrap();
    shop.change(&shop.caller, &seconds, |present| StaffDetails { role: Role::Owner, ..present }).await.unwrap();
    delete(&owner).await.unwrap();
    for (scope, id) in [(&shop.scope, owners.id), (&elsewhere, there.id)] {
        assert!(!shop.staff.member(scope, id).await.unwrap().account.details.is_active);
    }

    // The operator decides about the last one too.
    let operator = PeopleScope::Operator(shop.house.operator.clone(), second.own.user());
    shop.house.people.delete(&shop.caller, &operator).await.unwrap();
    assert!(shop.staff.members(&shop.scope, false, &PageRequest::default()).await.unwrap().items.is_empty());
}

async fn a_store_of_an_inactive_tenant_needs_no_owner(test: TestDb) {
    let world = World::over(&test.store());
    let shop = Shop::of(&world).await;
    let (owner, _) = shop.hire("owner@example.jp", Role::Owner).await;
    let all = TenantsScope::from(world.operator());
    let closed = |tenant: &Tenant| Ok(TenantDetails { is_active: false, ..tenant.details.clone() });
    world.keeper(&world.tenants).update(&world.caller, &all, shop.scope.tenant(), None, closed).await.unwrap();
    shop.house.people.delete(&owner.caller, &PeopleScope::Own(owner.own)).await.unwrap();
}

async fn staff_are_listed_by_pages(world: World) {
    let shop = Shop::of(&world).await;
    let mut hired = Vec::new();
    for n in 0..5 {
        hired.push(shop.hire(&format!("person-{n}@example.jp"), Role::Staff).await.1.id);
        shop.invite(&shop.caller, &invitation(&format!("guest-{n}@example.jp"), Role::Staff)).await.unwrap();
    }
    shop.staff.disable(&shop.caller, &shop.scope, hired[1], None).await.unwrap();
    for (include_inactive, expected) in
        [(true, hired.clone()), (false, hired.iter().copied().filter(|id| *id != hired[1]).collect())]
    {
        let (mut seen, mut page) = (Vec::new(), PageRequest { limit: 2, after: None });
        loop {
            let found = shop.staff.members(&shop.scope, include_inactive, &page).await.unwrap();
            assert!(found.items.len() <= 2);
            seen.extend(found.items.into_iter().map(|member| member.account.id));
            let Some(next) = found.next else { break };
            page.after = Some(next);
        }
        assert_eq!(seen, expected);
    }
    let first = shop.staff.invitations(&shop.scope, &PageRequest { limit: 3, after: None }).await.unwrap();
    let rest = shop.staff.invitations(&shop.scope, &PageRequest { limit: 3, after: first.next }).await.unwrap();
    let all: Vec<_> = first.items.iter().chain(&rest.items).map(|open| open.email.as_str().to_owned()).collect();
    assert_eq!(all, (0..5).map(|n| format!("guest-{n}@example.jp")).collect::<Vec<_>>());
    assert_eq!(rest.next, None);
}
