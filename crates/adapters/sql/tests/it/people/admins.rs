//! Those who look after the platform, on every store of them.

use super::{HANAKO, House, email, scope};
use crate::contract::{World, contract};
use crate::crowd::all_at_once;
use musubi_identity::admins::{Admins, Appointee};
use musubi_identity::people::error::PeopleError;
use musubi_identity::session::{Method, Session};
use musubi_identity::token::TokenDigest;
use musubi_kernel::access::{AccessError, Actor, AdminRole, Caller};
use musubi_kernel::error::{EntityError, Failure as _};
use musubi_kernel::page::PageRequest;
use musubi_kernel::retry::NoPause;
use musubi_sql_testing::{TestDb, on_each_engine};
use std::sync::Arc;
use uuid::Uuid;

contract!(
    admins_are_appointed_and_dismissed,
    nobody_becomes_an_admin_who_cannot_sign_in,
    admins_are_spared,
    who_looks_after_people_finds_them,
);
on_each_engine!(an_admin_acts_as_one_with_a_second_factor, who_is_appointed_is_not_locked_at_once);

fn admins(world: &World) -> Admins {
    Admins::new(world.admins.clone(), world.clock.clone(), world.ids.clone(), Arc::new(NoPause))
}

async fn admins_are_appointed_and_dismissed(world: World) {
    let (house, admins) = (House::of(&world), admins(&world));
    let (hanako, taro) = (house.person(HANAKO).await, house.person("taro@example.jp").await);
    let (caller, operator) = (&world.caller, world.operator());
    let appoint = async |who: Appointee, role| admins.appoint(caller, &operator, &who, role).await.unwrap();
    let first = appoint(Appointee::Email(email(HANAKO)), AdminRole::Support).await;
    assert_eq!((first.user_id, first.role, first.version), (hanako.id, AdminRole::Support, 1));
    let second = appoint(Appointee::Id(taro.id), AdminRole::Moderator).await;
    assert_eq!(appoint(Appointee::Id(hanako.id), AdminRole::Support).await, first, "nothing to do");
    let higher = appoint(Appointee::Id(hanako.id), AdminRole::Admin).await;
    assert_eq!((higher.id, higher.role, higher.version), (first.id, AdminRole::Admin, 2));
    let list = async || admins.list(&operator, &PageRequest::default()).await.unwrap().items;
    assert_eq!(list().await, [higher.clone(), second.clone()]);
    let page = admins.list(&operator, &PageRequest { limit: 1, after: None }).await.unwrap();
    let rest = admins.list(&operator, &PageRequest { limit: 1, after: page.next }).await.unwrap();
    assert_eq!((rest.items, rest.next), (vec![second.clone()], None));

    for _ in 0..2 {
        admins.dismiss(caller, &operator, first.id).await.unwrap();
    }
    assert_eq!(list().await, std::slice::from_ref(&second));
    admins.dismiss(caller, &operator, second.id).await.unwrap();
    assert_eq!(list().await, []);
    let nobody = Uuid::from_u128(9).into();
    assert_eq!(admins.dismiss(caller, &operator, nobody).await, Err(EntityError::NotFound("admin_user")));
    let again = appoint(Appointee::Id(hanako.id), AdminRole::Support).await;
    assert_eq!((again.id, again.is_active, again.version), (first.id, true, 4));
}

async fn nobody_becomes_an_admin_who_cannot_sign_in(world: World) {
    let (house, admins) = (House::of(&world), admins(&world));
    let hanako = house.person(HANAKO).await;
    house.people.lock(&world.caller, &house.support, hanako.id, "spam").await.unwrap();
    for (who, pointer) in [
        (Appointee::Id(hanako.id), "/user_id"),
        (Appointee::Email(email(HANAKO)), "/email"),
        (Appointee::Email(email("nobody@example.jp")), "/email"),
        (Appointee::Id(Uuid::from_u128(9).into()), "/user_id"),
    ] {
        let refused = admins.appoint(&world.caller, &world.operator(), &who, AdminRole::Admin).await;
        let Err(EntityError::Invalid(invalid)) = refused else { panic!("{refused:?}") };
        let [violation] = invalid.violations() else { panic!("{invalid:?}") };
        assert_eq!((violation.pointer.as_str(), violation.code), (pointer, "unknown_user"));
    }
}

async fn admins_are_spared(world: World) {
    let (house, admins) = (House::of(&world), admins(&world));
    let (hanako, taro) = (house.person(HANAKO).await, house.person("taro@example.jp").await);
    let operator = world.operator();
    let support = AdminRole::Support;
    let admin = admins.appoint(&world.caller, &operator, &Appointee::Id(hanako.id), support).await.unwrap();
    let as_role = |role| Actor::Admin { admin: admin.id, user: hanako.id, session: Uuid::nil().into(), role };
    let spared = Err(PeopleError::Access(AccessError::OperatorOnly));
    let decide = async |actor: &Actor, user| {
        let caller = Caller { actor: actor.clone(), ..world.caller.clone() };
        house.people.lock(&caller, &house.support, user, "spam").await?;
        house.people.unlock(&caller, &house.support, user).await.map(drop)
    };
    for (actor, user, expected) in [
        (as_role(support), hanako.id, spared.clone()),
        (as_role(AdminRole::Moderator), hanako.id, spared.clone()),
        (as_role(support), taro.id, Ok(())),
        (as_role(AdminRole::Admin), hanako.id, Ok(())),
        (Actor::System, hanako.id, Ok(())),
    ] {
        assert_eq!(decide(&actor, user).await, expected, "{actor:?}");
    }
    // Nor do they let an admin in again whom the operator has locked.
    house.people.lock(&world.caller, &house.support, hanako.id, "spam").await.unwrap();
    let caller = Caller { actor: as_role(support), ..world.caller.clone() };
    assert_eq!(house.people.unlock(&caller, &house.support, hanako.id).await.map(drop), spared);
    house.people.unlock(&world.caller, &house.support, hanako.id).await.unwrap();
    admins.dismiss(&world.caller, &operator, admin.id).await.unwrap();
    assert_eq!(decide(&as_role(support), hanako.id).await, Ok(()));
}

/// Nobody is locked by who looks after people and an admin from the same moment on.
async fn who_is_appointed_is_not_locked_at_once(test: TestDb) {
    let world = World::over(&test.store());
    let house = Arc::new(House::of(&world));
    let admins = admins(&world);
    for round in 0..6 {
        let somebody = house.person(&format!("person-{round}@example.jp")).await;
        let operator = world.operator();
        let mut done = all_at_once(2, |n| {
            let (house, admins, operator, system) =
                (house.clone(), admins.clone(), operator.clone(), world.caller.clone());
            let (id, address) = (somebody.id, somebody.email.clone().unwrap());
            Box::pin(async move {
                if n == 0 {
                    let role = AdminRole::Support;
                    let actor = Actor::Admin { admin: Uuid::nil().into(), user: id, session: Uuid::nil().into(), role };
                    let caller = Caller { actor, ..system };
                    house
                        .people
                        .lock(&caller, &house.support, id, "spam")
                        .await
                        .map_or_else(|error| error.code(), |_| "ok")
                } else {
                    let who = if round % 2 == 0 { Appointee::Id(id) } else { Appointee::Email(address) };
                    let appointed = admins.appoint(&system, &operator, &who, AdminRole::Support).await;
                    appointed.map_or_else(|error| error.code(), |_| "ok")
                }
            })
        })
        .await;
        done.sort_unstable();
        assert!(
            [["invalid_request", "ok"], ["ok", "operator_only"]].contains(&[done[0], done[1]]),
            "{round}: {done:?}"
        );
    }
}

async fn who_looks_after_people_finds_them(world: World) {
    let house = House::of(&world);
    let hanako = house.person(HANAKO).await;
    let (people, caller, support) = (&house.people, &world.caller, &house.support);
    assert_eq!(people.look_up(caller, support, hanako.id).await, Ok(hanako.clone()));
    assert_eq!(people.find(caller, support, &email(HANAKO)).await, Ok(Some(hanako)));
    assert_eq!(people.find(caller, support, &email("nobody@example.jp")).await, Ok(None));
    let nobody = people.look_up(caller, support, Uuid::from_u128(9).into()).await;
    assert_eq!(nobody, Err(PeopleError::NotFound("user")));
}

async fn an_admin_acts_as_one_with_a_second_factor(test: TestDb) {
    let world = World::over(&test.store());
    let (house, admins) = (House::of(&world), admins(&world));
    let hanako = house.person(HANAKO).await;
    let signed_in = house.sign_in(HANAKO).await;
    let own = scope(&signed_in);
    let operator = world.operator();
    let who = Appointee::Id(hanako.id);
    let admin = admins.appoint(&world.caller, &operator, &who, AdminRole::Support).await.unwrap();
    let acting = world.standings.standing(&own, None).await.unwrap().at_large(own);
    assert!(acting.lacks_factor && acting.actor == signed_in.session.actor(), "{acting:?}");

    let digest = |n| TokenDigest([n; 32]);
    let mut strong = Session {
        id: Uuid::from_u128(77).into(),
        family: digest(1),
        methods: [Method::Password, Method::OneTimePassword].into(),
        ..signed_in.session.clone()
    };
    (strong.newest.access, strong.newest.refresh) = (digest(2), digest(3));
    let mut unit = house.store.begin().await.unwrap();
    unit.add_session(&strong).await.unwrap();
    unit.commit().await.unwrap();
    let own = strong.actor().as_person().unwrap();
    let role = AdminRole::Support;
    let acting = world.standings.standing(&own, None).await.unwrap().at_large(own);
    assert_eq!(acting.actor, Actor::Admin { admin: admin.id, user: hanako.id, session: strong.id, role });
    admins.dismiss(&world.caller, &operator, admin.id).await.unwrap();
    let acting = world.standings.standing(&own, None).await.unwrap().at_large(own);
    assert_eq!((acting.actor, acting.lacks_factor), (strong.actor(), false));
}
