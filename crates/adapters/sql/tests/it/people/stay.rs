//! Staying signed in: refreshing, ends, the list of devices.

use super::{HANAKO, House, acting, scope, visitor};
use crate::contract::{World, contract};
use chrono::TimeDelta;
use musubi_identity::message::MessageKind;
use musubi_identity::people::Tokens;
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::token::TokenDigest;
use musubi_kernel::access::Caller;
use musubi_kernel::id::SessionId;
use std::net::IpAddr;

contract!(
    a_refresh_replaces_both_tokens,
    a_lost_answer_can_be_asked_for_again,
    a_replaced_token_ends_the_session,
    even_the_oldest_token_ends_the_session,
    sessions_end_by_the_clock,
    what_is_over_is_forgotten_by_when_it_ended,
    use_is_remembered_to_the_minute,
    devices_are_listed_and_revoked,
    signing_out_ends_one_session,
    who_has_a_refresh_token_alone_can_sign_out,
    a_replaced_token_signs_nobody_out_quietly,
);

async fn refresh(house: &House, tokens: &Tokens) -> Result<Tokens, PeopleError> {
    house.people.refresh(&visitor(), tokens.refresh.expose()).await
}

async fn a_refresh_replaces_both_tokens(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let first = house.sign_in(HANAKO).await.tokens;
    house.later(TimeDelta::minutes(10));
    assert!(!house.is_known(&first.access).await);
    let second = refresh(&house, &first).await.unwrap();
    assert!(house.is_known(&second.access).await && house.is_known(&second.access).await);
    let third = refresh(&house, &second).await.unwrap();
    assert!(!house.is_known(&second.access).await && house.is_known(&third.access).await);
    assert_eq!(third.access_expires_at, house.now() + TimeDelta::minutes(10));
    assert_eq!(third.refresh_expires_at, house.now() + TimeDelta::days(30));
    assert_eq!(house.letters.empty(), []);
}

async fn a_lost_answer_can_be_asked_for_again(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let first = house.sign_in(HANAKO).await.tokens;
    let lost = refresh(&house, &first).await.unwrap();
    let lost_again = refresh(&house, &first).await.unwrap();
    let third = refresh(&house, &first).await.unwrap();
    for lost in [&lost, &lost_again] {
        assert!(!house.is_known(&lost.access).await);
    }
    assert!(house.is_known(&third.access).await);
    refresh(&house, &third).await.unwrap();
}

async fn a_replaced_token_ends_the_session(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let other_device = house.sign_in(HANAKO).await.tokens;
    let first = house.sign_in(HANAKO).await.tokens;
    let second = refresh(&house, &first).await.unwrap();
    assert!(house.is_known(&second.access).await);
    assert_eq!(refresh(&house, &first).await, Err(PeopleError::SessionEnded));
    house.letter(MessageKind::SessionReused, HANAKO);
    assert!(!house.is_known(&second.access).await);
    assert_eq!(refresh(&house, &second).await, Err(PeopleError::SessionEnded));
    assert_eq!(refresh(&house, &first).await, Err(PeopleError::SessionEnded));
    assert_eq!(house.letters.empty(), [], "they are told once");
    assert!(house.is_known(&other_device.access).await);
}

async fn even_the_oldest_token_ends_the_session(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let first = house.sign_in(HANAKO).await.tokens;
    let mut newest = first.clone();
    for _ in 0..4 {
        newest = refresh(&house, &newest).await.unwrap();
    }
    assert_eq!(refresh(&house, &first).await, Err(PeopleError::SessionEnded));
    house.letter(MessageKind::SessionReused, HANAKO);
    assert_eq!(refresh(&house, &newest).await, Err(PeopleError::SessionEnded));
    for stranger in ["", "msr_", &format!("msr_{}", "A".repeat(86)), first.access.expose()] {
        assert_eq!(house.people.refresh(&visitor(), stranger).await, Err(PeopleError::SessionEnded));
    }
}

async fn sessions_end_by_the_clock(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let idle = house.sign_in(HANAKO).await.tokens;
    let begun = house.now();
    let mut busy = house.sign_in(HANAKO).await.tokens;
    for day in [29, 58, 87] {
        house.clock.set(begun + TimeDelta::days(day));
        busy = refresh(&house, &busy).await.unwrap();
    }
    assert_eq!(refresh(&house, &idle).await, Err(PeopleError::SessionEnded));
    assert_eq!(busy.refresh_expires_at, begun + TimeDelta::days(90) + TimeDelta::milliseconds(1));
    house.clock.set(busy.refresh_expires_at - TimeDelta::minutes(1));
    busy = refresh(&house, &busy).await.unwrap();
    assert_eq!(busy.access_expires_at, busy.refresh_expires_at);
    house.clock.set(busy.refresh_expires_at);
    assert!(!house.is_known(&busy.access).await);
    assert_eq!(refresh(&house, &busy).await, Err(PeopleError::SessionEnded));
    assert_eq!(house.letters.empty(), []);

    // What is long over is forgotten.
    assert_eq!(house.store.forget(begun + TimeDelta::days(30)).await, Ok(1));
    assert_eq!(house.store.forget(house.now() + TimeDelta::days(1)).await, Ok(2));
    assert_eq!(house.store.forget(house.now() + TimeDelta::days(1)).await, Ok(0));
}

async fn what_is_over_is_forgotten_by_when_it_ended(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let (first, second) = (house.sign_in(HANAKO).await, house.sign_in(HANAKO).await);
    let begun = house.now();
    house.later(TimeDelta::days(2));
    let mut busy = house.sign_in(HANAKO).await.tokens;
    let keep = PeopleScope::Own(scope(&second));
    house.people.revoke_session(&acting(&second), &keep, first.session.id).await.unwrap();
    // The link of the registration was over after a day.
    assert_eq!(house.store.forget(begun + TimeDelta::days(1) + TimeDelta::hours(12)).await, Ok(1));
    let forget = async |days| house.store.forget(begun + TimeDelta::days(days)).await;
    // It was revoked after two days, and would have lasted for ninety.
    assert_eq!((forget(2).await, forget(3).await), (Ok(0), Ok(1)));
    // Another one is not used any more, and is over after thirty.
    for day in [20, 40] {
        house.clock.set(begun + TimeDelta::days(day));
        busy = refresh(&house, &busy).await.unwrap();
    }
    assert_eq!((forget(29).await, forget(31).await), (Ok(0), Ok(1)));
    refresh(&house, &busy).await.unwrap();
    assert_eq!(house.store.session_by_access(&TokenDigest::of(first.tokens.access.expose())).await, Ok(None));
}

async fn use_is_remembered_to_the_minute(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let signed_in = house.sign_in(HANAKO).await;
    let scope = PeopleScope::Own(scope(&signed_in));
    let start = house.now();
    for (after, remembered) in [(30, 30), (60, 30), (89, 30), (90, 90), (149, 90), (200, 200)] {
        house.clock.set(start + TimeDelta::seconds(after));
        assert!(house.is_known(&signed_in.tokens.access).await);
        let listed = house.people.sessions(&scope).await.unwrap();
        assert_eq!(listed[0].session.last_used_at, start + TimeDelta::seconds(remembered), "{after}");
    }
}

async fn devices_are_listed_and_revoked(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    house.person("taro@example.jp").await;
    let (one, two, three) = (house.sign_in(HANAKO).await, house.sign_in(HANAKO).await, house.sign_in(HANAKO).await);
    let stranger = house.sign_in("taro@example.jp").await;
    let caller = acting(&two);
    let own = PeopleScope::Own(scope(&two));
    let listed = async || -> Vec<(SessionId, bool)> {
        let devices = house.people.sessions(&own).await.unwrap();
        devices.into_iter().map(|device| (device.session.id, device.is_this_one)).collect()
    };
    assert_eq!(listed().await, [(one.session.id, false), (two.session.id, true), (three.session.id, false)]);
    let device = house.people.sessions(&own).await.unwrap().remove(0).session;
    assert_eq!((device.ip, device.user_agent), (visitor().ip, visitor().user_agent));

    let moved = Caller { ip: Some(IpAddr::from([203, 0, 113, 9])), user_agent: None, ..visitor() };
    let tokens = house.people.refresh(&moved, one.tokens.refresh.expose()).await.unwrap();
    let device = house.people.sessions(&own).await.unwrap().remove(0).session;
    assert_eq!((device.ip, device.user_agent), (moved.ip, visitor().user_agent));

    let missing = Err(PeopleError::NotFound("session"));
    assert_eq!(house.people.revoke_session(&caller, &own, stranger.session.id).await, missing);
    house.people.revoke_session(&caller, &own, one.session.id).await.unwrap();
    assert_eq!(house.people.revoke_session(&caller, &own, one.session.id).await, missing);
    assert!(!house.is_known(&tokens.access).await);
    assert_eq!(refresh(&house, &tokens).await, Err(PeopleError::SessionEnded));
    assert_eq!(listed().await, [(two.session.id, true), (three.session.id, false)]);

    assert_eq!(house.people.revoke_all(&caller, &own, Some(two.session.id)).await, Ok(1));
    assert_eq!(listed().await, [(two.session.id, true)]);
    let by_operator = PeopleScope::Operator(house.operator.clone(), two.user.id);
    assert_eq!(house.people.revoke_all(&world.caller, &by_operator, None).await, Ok(1));
    assert_eq!(listed().await, []);
    assert!(house.is_known(&stranger.tokens.access).await);
}

async fn signing_out_ends_one_session(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let (one, two) = (house.sign_in(HANAKO).await, house.sign_in(HANAKO).await);
    for _ in 0..2 {
        house.people.sign_out(&acting(&one), &scope(&one)).await.unwrap();
    }
    assert!(!house.is_known(&one.tokens.access).await && house.is_known(&two.tokens.access).await);
    assert_eq!(refresh(&house, &one.tokens).await, Err(PeopleError::SessionEnded));
}

async fn who_has_a_refresh_token_alone_can_sign_out(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let other = house.sign_in(HANAKO).await;
    let sign_out = async |token: &str| house.people.sign_out_by(&visitor(), token).await;
    // While the access token lives, after it is over, and when the answer with the next pair was lost.
    for (wait, is_lost) in [(0, false), (11, false), (11, true)] {
        let here = house.sign_in(HANAKO).await;
        house.later(TimeDelta::minutes(wait));
        let lost = if is_lost { Some(refresh(&house, &here.tokens).await.unwrap()) } else { None };
        for _ in 0..2 {
            assert_eq!(sign_out(here.tokens.refresh.expose()).await, Ok(()), "{wait} {is_lost}");
        }
        for tokens in [Some(here.tokens), lost].into_iter().flatten() {
            assert!(!house.is_known(&tokens.access).await);
            assert_eq!(refresh(&house, &tokens).await, Err(PeopleError::SessionEnded));
        }
    }
    for nothing in ["", "msr_", &format!("msr_{}", "A".repeat(86)), other.tokens.access.expose()] {
        assert_eq!(sign_out(nothing).await, Ok(()), "{nothing}");
    }
    house.clock.set(other.tokens.refresh_expires_at);
    assert_eq!(sign_out(other.tokens.refresh.expose()).await, Ok(()));
    assert_eq!(house.letters.empty(), []);
}

async fn a_replaced_token_signs_nobody_out_quietly(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let first = house.sign_in(HANAKO).await.tokens;
    let second = refresh(&house, &first).await.unwrap();
    assert!(house.is_known(&second.access).await);
    for _ in 0..2 {
        assert_eq!(house.people.sign_out_by(&visitor(), first.refresh.expose()).await, Ok(()));
    }
    house.letter(MessageKind::SessionReused, HANAKO);
    assert!(!house.is_known(&second.access).await);
}
