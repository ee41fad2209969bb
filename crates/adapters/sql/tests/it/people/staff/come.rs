//! Being invited, and accepting.

use super::{Shop, code, invitation};
use crate::contract::{World, contract};
use crate::people::HANAKO;
use chrono::TimeDelta;
use musubi_catalog::resource::{ResourceDetails, ResourceType};
use musubi_identity::staff::invitation::NewInvitation;
use musubi_identity::staff_account::StaffDetails;
use musubi_identity::throttle::{HOUR, INVITATIONS_PER_ADDRESS};
use musubi_kernel::access::{Override, Permission, Role};
use musubi_kernel::page::PageRequest;
use uuid::Uuid;

contract!(
    who_is_invited_becomes_staff,
    an_invitation_is_good_for_one_address_for_a_while,
    a_new_invitation_takes_the_place_of_those_before,
    an_invitation_is_replaced_only_by_who_could_have_sent_it,
    an_address_is_sent_so_many_invitations,
    an_invitation_can_be_revoked,
    nobody_is_invited_by_who_may_not,
    who_was_let_go_can_be_invited_again,
    everything_that_is_decided_comes_back,
);

async fn who_is_invited_becomes_staff(world: World) {
    let shop = Shop::of(&world).await;
    let hanako = shop.somebody(HANAKO).await;
    let token = shop.invite(&shop.caller, &invitation(HANAKO, Role::Reception)).await.unwrap();
    let open = shop.staff.invitations(&shop.scope, &PageRequest::default()).await.unwrap().items;
    let [open] = &open[..] else { panic!("{open:?}") };
    assert_eq!((open.email.as_str(), open.details.role, open.store), (HANAKO, Role::Reception, shop.store()));
    assert_eq!(open.expires_at, shop.house.now() + TimeDelta::days(7));
    assert!(!shop.works_here(&hanako).await);

    let account = shop.staff.accept(&hanako.caller, &hanako.own, &token).await.unwrap();
    assert_eq!((account.user_id, account.store_id, account.version), (hanako.own.user(), shop.store(), 1));
    let standing = shop.standings.standing(&hanako.own, Some(shop.store())).await.unwrap();
    assert_eq!(standing.post, account.post());
    assert_eq!(shop.standings.standing(&hanako.own, None).await.unwrap().post, None);
    let elsewhere = world.shop("elsewhere").await;
    assert_eq!(shop.standings.standing(&hanako.own, Some(elsewhere.store())).await.unwrap().post, None);
    let member = shop.staff.member(&shop.scope, account.id).await.unwrap();
    assert_eq!((&member.account, member.display_name.as_str()), (&account, "花子 🌸"));
    assert_eq!(code(shop.staff.member(&elsewhere, account.id).await), "not_found");
    let places = shop.staff.workplaces(&hanako.own, &PageRequest::default()).await.unwrap().items;
    assert_eq!(places.len(), 1);
    assert_eq!((&places[0].account, places[0].store_name.as_str()), (&account, "Hanako"));

    assert!(shop.staff.invitations(&shop.scope, &PageRequest::default()).await.unwrap().items.is_empty());
    assert_eq!(code(shop.staff.accept(&hanako.caller, &hanako.own, &token).await), "token_spent");
    let again = shop.invite(&shop.caller, &invitation(HANAKO, Role::Owner)).await.unwrap();
    assert_eq!(code(shop.staff.accept(&hanako.caller, &hanako.own, &again).await), "already_staff");
}

async fn an_invitation_is_good_for_one_address_for_a_while(world: World) {
    let shop = Shop::of(&world).await;
    let (hanako, taro) = (shop.somebody(HANAKO).await, shop.somebody("taro@example.jp").await);
    let token = shop.invite(&shop.caller, &invitation(HANAKO, Role::Staff)).await.unwrap();
    let accept = async |who: &super::Somebody, token: &str| code(shop.staff.accept(&who.caller, &who.own, token).await);
    assert_eq!(accept(&taro, &token).await, "invitation_for_another_address");
    let other_kind = shop.house.ask("new@example.jp").await;
    for wrong in ["", "mso_", &other_kind, &format!("mso_{}", "A".repeat(43))] {
        assert_eq!(accept(&hanako, wrong).await, "token_spent", "{wrong}");
    }
    // A link that proves an address is none to a store, nor the other way round.
    shop.house.verify(&token).await.unwrap_err();
    shop.house.later(TimeDelta::days(7));
    assert_eq!(accept(&hanako, &token).await, "token_spent");
    let late = shop.invite(&shop.caller, &invitation(HANAKO, Role::Staff)).await.unwrap();
    shop.house.later(TimeDelta::days(7) - TimeDelta::microseconds(1));
    let hanako = shop.signed_in(HANAKO).await;
    shop.house.later(-TimeDelta::milliseconds(1));
    assert_eq!(accept(&hanako, &late).await, "ok");
}

async fn a_new_invitation_takes_the_place_of_those_before(world: World) {
    let shop = Shop::of(&world).await;
    let hanako = shop.somebody(HANAKO).await;
    let elsewhere = world.shop("elsewhere").await;
    let first = shop.invite(&shop.caller, &invitation(HANAKO, Role::Owner)).await.unwrap();
    shop.staff.invite(&shop.caller, &elsewhere, &invitation(HANAKO, Role::Manager)).await.unwrap();
    shop.house.letters.empty();
    shop.invite(&shop.caller, &invitation("taro@example.jp", Role::Staff)).await.unwrap();
    let second = shop.invite(&shop.caller, &invitation(HANAKO, Role::Staff)).await.unwrap();
    let open = async |scope| {
        let open = shop.staff.invitations(scope, &PageRequest::default()).await.unwrap().items;
        open.into_iter().map(|open| (open.email.as_str().to_owned(), open.details.role)).collect::<Vec<_>>()
    };
    let taro = ("taro@example.jp".to_owned(), Role::Staff);
    assert_eq!(open(&shop.scope).await, [taro, (HANAKO.to_owned(), Role::Staff)]);
    assert_eq!(open(&elsewhere).await, [(HANAKO.to_owned(), Role::Manager)]);
    assert_eq!(code(shop.staff.accept(&hanako.caller, &hanako.own, &first).await), "token_spent");
    let account = shop.staff.accept(&hanako.caller, &hanako.own, &second).await.unwrap();
    assert_eq!(account.details.role, Role::Staff);
}

async fn an_invitation_is_replaced_only_by_who_could_have_sent_it(world: World) {
    let shop = Shop::of(&world).await;
    let (owner, _) = shop.hire("owner@example.jp", Role::Owner).await;
    let (manager, _) = shop.hire("manager@example.jp", Role::Manager).await;
    let hanako = shop.somebody(HANAKO).await;
    let token = shop.invite(&owner.caller, &invitation(HANAKO, Role::Owner)).await.unwrap();
    let again = invitation(HANAKO, Role::Staff);
    assert_eq!(code(shop.invite(&manager.caller, &again).await), "outranked");
    let open = shop.staff.invitations(&shop.scope, &PageRequest::default()).await.unwrap().items;
    assert_eq!(open.iter().map(|open| open.details.role).collect::<Vec<_>>(), [Role::Owner]);
    assert_eq!(code(shop.staff.accept(&hanako.caller, &hanako.own, &token).await), "ok");

    // What is over stands in nobody's way; nor does what they could have sent themselves.
    let taro = |role| invitation("taro@example.jp", role);
    shop.invite(&owner.caller, &taro(Role::Owner)).await.unwrap();
    shop.house.later(TimeDelta::days(7));
    for (by, role) in [(&manager, Role::Staff), (&owner, Role::Manager), (&manager, Role::Reception)] {
        assert_eq!(code(shop.invite(&by.caller, &taro(role)).await), "ok");
    }
}

async fn an_address_is_sent_so_many_invitations(world: World) {
    let shop = Shop::of(&world).await;
    let elsewhere = world.shop("elsewhere").await;
    for n in 0..INVITATIONS_PER_ADDRESS {
        let scope = if n == 0 { &elsewhere } else { &shop.scope };
        shop.staff.invite(&shop.caller, scope, &invitation(HANAKO, Role::Staff)).await.unwrap();
    }
    let invite = async || code(shop.staff.invite(&shop.caller, &shop.scope, &invitation(HANAKO, Role::Staff)).await);
    assert_eq!(invite().await, "too_many");
    shop.house.later(HOUR);
    assert_eq!(invite().await, "ok");
}

async fn an_invitation_can_be_revoked(world: World) {
    let shop = Shop::of(&world).await;
    let (manager, _) = shop.hire("manager@example.jp", Role::Manager).await;
    let hanako = shop.somebody(HANAKO).await;
    let token = shop.invite(&shop.caller, &invitation(HANAKO, Role::Owner)).await.unwrap();
    let id = shop.staff.invitations(&shop.scope, &PageRequest::default()).await.unwrap().items[0].id;
    let elsewhere = world.shop("elsewhere").await;
    assert_eq!(code(shop.staff.revoke_invitation(&shop.caller, &elsewhere, id).await), "not_found");
    assert_eq!(code(shop.staff.revoke_invitation(&manager.caller, &shop.scope, id).await), "outranked");
    shop.staff.revoke_invitation(&shop.caller, &shop.scope, id).await.unwrap();
    assert_eq!(code(shop.staff.revoke_invitation(&shop.caller, &shop.scope, id).await), "not_found");
    assert_eq!(code(shop.staff.accept(&hanako.caller, &hanako.own, &token).await), "token_spent");
}

async fn nobody_is_invited_by_who_may_not(world: World) {
    let shop = Shop::of(&world).await;
    let (manager, account) = shop.hire("manager@example.jp", Role::Manager).await;
    let by = async |new: NewInvitation| code(shop.invite(&manager.caller, &new).await);
    assert_eq!(by(invitation(HANAKO, Role::Owner)).await, "permission_not_held");
    let elsewhere = world.shop("elsewhere").await;
    let foreign = world.add(&world.resources, &elsewhere, ResourceDetails::new(ResourceType::Staff, "Chair")).await;
    for resource in [foreign.id, Uuid::from_u128(7).into()] {
        let new = NewInvitation { resource_id: Some(resource), ..invitation(HANAKO, Role::Staff) };
        assert_eq!(by(new).await, "unknown_resource");
    }
    assert_eq!(by(invitation(HANAKO, Role::Staff)).await, "ok");
    // What they were let in for has been taken from them since.
    let less = Override { denied: [Permission::StaffWrite].into(), ..Override::default() };
    shop.change(&shop.caller, &account, |present| StaffDetails { permissions: less.clone(), ..present }).await.unwrap();
    assert_eq!(by(invitation(HANAKO, Role::Staff)).await, "permission_missing");
    shop.staff.disable(&shop.caller, &shop.scope, account.id, None).await.unwrap();
    assert_eq!(by(invitation(HANAKO, Role::Staff)).await, "not_found");
}

async fn who_was_let_go_can_be_invited_again(world: World) {
    let shop = Shop::of(&world).await;
    let (hanako, account) = shop.hire(HANAKO, Role::Manager).await;
    shop.staff.leave(&hanako.caller, &hanako.own, shop.store()).await.unwrap();
    assert!(!shop.works_here(&hanako).await);
    assert_eq!(code(shop.staff.leave(&hanako.caller, &hanako.own, shop.store()).await), "not_found");
    assert!(shop.staff.workplaces(&hanako.own, &PageRequest::default()).await.unwrap().items.is_empty());

    let token = shop.invite(&shop.caller, &invitation(HANAKO, Role::Staff)).await.unwrap();
    let again = shop.staff.accept(&hanako.caller, &hanako.own, &token).await.unwrap();
    assert_eq!((again.id, again.details.role, again.version), (account.id, Role::Staff, 3));
    assert_eq!(again.created_at, account.created_at);
    assert!(shop.works_here(&hanako).await);
}

async fn everything_that_is_decided_comes_back(world: World) {
    let shop = Shop::of(&world).await;
    let resource = world.add(&world.resources, &shop.scope, ResourceDetails::new(ResourceType::Staff, "Hanako")).await;
    let hanako = shop.somebody(HANAKO).await;
    let permissions = Override {
        granted: [Permission::AuditRead, Permission::CustomerContact].into(),
        denied: [Permission::BookingRead].into(),
    };
    let new = NewInvitation {
        permissions: permissions.clone(),
        resource_id: Some(resource.id),
        ..invitation(HANAKO, Role::Staff)
    };
    let token = shop.invite(&shop.caller, &new).await.unwrap();
    let account = shop.staff.accept(&hanako.caller, &hanako.own, &token).await.unwrap();
    let decided = StaffDetails { role: Role::Staff, permissions, resource_id: Some(resource.id), is_active: true };
    assert_eq!(account.details, decided);
    assert_eq!(shop.staff.member(&shop.scope, account.id).await.unwrap().account, account);
    let post = shop.standings.standing(&hanako.own, Some(shop.store())).await.unwrap().post.unwrap();
    assert_eq!((post.role, post.resource), (Role::Staff, Some(resource.id)));
    assert!(post.permissions.contains(&Permission::AuditRead) && !post.permissions.contains(&Permission::BookingRead));
}
