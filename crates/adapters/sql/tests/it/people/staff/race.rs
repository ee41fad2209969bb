//! Many at a time.

use super::{Shop, code, invitation};
use crate::contract::World;
use crate::crowd::all_at_once;
use crate::people::HANAKO;
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::staff_account::StaffDetails;
use musubi_kernel::access::Role;
use musubi_kernel::error::Failure as _;
use musubi_kernel::page::PageRequest;
use musubi_sql_testing::{TestDb, on_each_engine};
use std::sync::Arc;

on_each_engine!(
    two_owners_who_demote_one_another_leave_one,
    two_owners_who_go_at_once_leave_one,
    who_goes_does_not_come_at_once,
    one_invitation_makes_one_account,
    one_address_has_one_open_invitation,
);

async fn two_owners_who_demote_one_another_leave_one(test: TestDb) {
    let shop = Arc::new(Shop::of(&World::over(&test.store())).await);
    let people =
        [shop.hire("one@example.jp", Role::Owner).await, shop.hire("two@example.jp", Role::Owner).await].map(Arc::new);
    let done = all_at_once(2, |n| {
        let (shop, own, other) = (shop.clone(), people[n].clone(), people[1 - n].clone());
        Box::pin(async move {
            let demote = |present: StaffDetails| StaffDetails { role: Role::Staff, ..present };
            code(shop.change(&own.0.caller, &other.1, demote).await)
        })
    })
    .await;
    let mut sorted = done.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["ok", "permission_missing"], "{done:?}");
    let left = shop.staff.members(&shop.scope, false, &PageRequest::default()).await.unwrap().items;
    assert_eq!(left.iter().filter(|member| member.account.details.is_active_owner()).count(), 1);
}

/// Whatever they do to go at the same moment.
async fn two_owners_who_go_at_once_leave_one(test: TestDb) {
    let shop = Arc::new(Shop::of(&World::over(&test.store())).await);
    for (round, both_delete) in [true, false, true, false].into_iter().enumerate() {
        let names = ["one", "two"].map(|name| format!("{name}-{round}@example.jp"));
        let people = [shop.hire(&names[0], Role::Owner).await, shop.hire(&names[1], Role::Owner).await].map(Arc::new);
        shop.let_others_go(&[people[0].1.id, people[1].1.id]).await;
        let mut done = all_at_once(2, |n| {
            let (shop, who) = (shop.clone(), people[n].clone());
            Box::pin(async move {
                if n == 0 || both_delete {
                    let gone = shop.house.people.delete(&who.0.caller, &PeopleScope::Own(who.0.own)).await;
                    gone.map_or_else(|error| error.code(), |_| "ok")
                } else {
                    code(shop.staff.leave(&who.0.caller, &who.0.own, shop.store()).await)
                }
            })
        })
        .await;
        done.sort_unstable();
        assert_eq!(done, ["last_owner", "ok"], "round {round}");
        let left = shop.staff.members(&shop.scope, false, &PageRequest::default()).await.unwrap().items;
        assert_eq!(left.iter().filter(|member| member.account.details.is_active_owner()).count(), 1);
    }
}

/// Of a store that they come to while they go, somebody answers for it or they do not come.
async fn who_goes_does_not_come_at_once(test: TestDb) {
    let shop = Arc::new(Shop::of(&World::over(&test.store())).await);
    for round in 0..4 {
        let address = format!("person-{round}@example.jp");
        let hanako = Arc::new(shop.somebody(&address).await);
        let token = shop.invite(&shop.caller, &invitation(&address, Role::Owner)).await.unwrap();
        all_at_once(2, |n| {
            let (shop, hanako, token) = (shop.clone(), hanako.clone(), token.clone());
            Box::pin(async move {
                if n == 0 {
                    let gone = shop.house.people.delete(&hanako.caller, &PeopleScope::Own(hanako.own)).await;
                    assert!(gone.is_ok() || gone.is_err_and(|error| error.code() == "last_owner"));
                } else {
                    let come = code(shop.staff.accept(&hanako.caller, &hanako.own, &token).await);
                    assert!(["ok", "not_found"].contains(&come), "{come}");
                }
            })
        })
        .await;
        let person = shop.house.store.user(hanako.own.user()).await.unwrap().unwrap();
        let here = shop.staff.members(&shop.scope, false, &PageRequest::default()).await.unwrap().items;
        let works_here = here.iter().any(|member| member.account.user_id == person.id);
        assert_eq!(works_here, person.is_active(), "round {round}");
        shop.let_others_go(&[]).await;
    }
}

async fn one_invitation_makes_one_account(test: TestDb) {
    let shop = Arc::new(Shop::of(&World::over(&test.store())).await);
    let hanako = Arc::new(shop.somebody(HANAKO).await);
    let token = shop.invite(&shop.caller, &invitation(HANAKO, Role::Staff)).await.unwrap();
    let mut done = all_at_once(4, |_| {
        let (shop, hanako, token) = (shop.clone(), hanako.clone(), token.clone());
        Box::pin(async move { code(shop.staff.accept(&hanako.caller, &hanako.own, &token).await) })
    })
    .await;
    done.sort_unstable();
    assert_eq!(done, ["ok", "token_spent", "token_spent", "token_spent"]);
    let members = shop.staff.members(&shop.scope, true, &PageRequest::default()).await.unwrap().items;
    assert_eq!(members.len(), 1);
}

async fn one_address_has_one_open_invitation(test: TestDb) {
    let shop = Arc::new(Shop::of(&World::over(&test.store())).await);
    let done = all_at_once(4, |_| {
        let shop = shop.clone();
        Box::pin(
            async move { code(shop.staff.invite(&shop.caller, &shop.scope, &invitation(HANAKO, Role::Staff)).await) },
        )
    })
    .await;
    assert_eq!(done, ["ok"; 4]);
    let open = shop.staff.invitations(&shop.scope, &PageRequest::default()).await.unwrap().items;
    assert_eq!(open.len(), 1);
}
