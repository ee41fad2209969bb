//! Changing what one signs in with, and going.

use super::{HANAKO, House, NEW_PASSWORD, PASSWORD, acting, email, refused, registration, scope, visitor};
use crate::contract::{World, contract};
use chrono::TimeDelta;
use musubi_identity::message::MessageKind;
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::session::EndReason;
use musubi_identity::token::TokenDigest;
use musubi_identity::user::Status;
use musubi_kernel::secret::Secret;
use uuid::Uuid;

contract!(
    a_changed_password_ends_all_other_sessions,
    a_reset_ends_all_sessions,
    a_reset_is_sent_only_where_it_is_good_for_something,
    an_address_changes_when_the_new_one_is_proven,
    an_address_of_another_does_not_change_hands,
    a_locked_person_is_out_until_unlocked,
    a_banned_person_is_out_until_unbanned,
    a_ban_reaches_who_is_half_signed_in_and_who_is_locked,
    nobody_bans_themselves,
    a_deleted_person_leaves_an_id,
);

async fn a_changed_password_ends_all_other_sessions(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let (here, there) = (house.sign_in(HANAKO).await, house.sign_in(HANAKO).await);
    house.people.ask_reset(&visitor(), &email(HANAKO)).await.unwrap();
    let link = house.link(MessageKind::PasswordReset, HANAKO);
    let new = Secret::new(NEW_PASSWORD);
    let change = async |present: &'static str| {
        house.people.change_password(&acting(&here), &scope(&here), &Secret::new(present), &new).await
    };
    let wrong = change("wrong").await.unwrap_err();
    assert!(refused("wrong_password")(&wrong), "{wrong:?}");
    assert!(house.is_known(&there.tokens.access).await);
    assert_eq!(house.letters.empty(), []);

    change(PASSWORD).await.unwrap();
    house.letter(MessageKind::PasswordChanged, HANAKO);
    assert!(house.is_known(&here.tokens.access).await && !house.is_known(&there.tokens.access).await);
    assert_eq!(house.try_sign_in(HANAKO, PASSWORD).await, Err(PeopleError::WrongCredentials));
    house.try_sign_in(HANAKO, NEW_PASSWORD).await.unwrap();
    assert_eq!(house.people.reset_password(&visitor(), &link, &new).await, Err(PeopleError::SpentToken));
}

async fn a_reset_ends_all_sessions(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let signed_in = house.sign_in(HANAKO).await;
    let ask = async || {
        house.people.ask_reset(&visitor(), &email(HANAKO)).await.unwrap();
        house.link(MessageKind::PasswordReset, HANAKO)
    };
    let late = ask().await;
    house.later(TimeDelta::minutes(10));
    let new = Secret::new(NEW_PASSWORD);
    assert_eq!(house.people.reset_password(&visitor(), &late, &new).await, Err(PeopleError::SpentToken));

    // As more than three mails an hour are not sent.
    house.later(TimeDelta::hours(1));
    let (other, token) = (ask().await, ask().await);
    house.people.reset_password(&visitor(), &token, &new).await.unwrap();
    house.letter(MessageKind::PasswordChanged, HANAKO);
    assert_eq!(
        house.people.refresh(&visitor(), signed_in.tokens.refresh.expose()).await,
        Err(PeopleError::SessionEnded)
    );
    for spent in [&token, &other] {
        assert_eq!(house.people.reset_password(&visitor(), spent, &new).await, Err(PeopleError::SpentToken));
    }
    assert_eq!(house.try_sign_in(HANAKO, PASSWORD).await, Err(PeopleError::WrongCredentials));
    house.try_sign_in(HANAKO, NEW_PASSWORD).await.unwrap();
}

async fn a_reset_is_sent_only_where_it_is_good_for_something(world: World) {
    let house = House::of(&world);
    let user = house.person(HANAKO).await;
    house.people.ask_reset(&visitor(), &email(HANAKO)).await.unwrap();
    let token = house.link(MessageKind::PasswordReset, HANAKO);
    house.people.lock(&world.caller, &house.support, user.id, "spam").await.unwrap();
    for address in [HANAKO, "nobody@example.jp"] {
        assert_eq!(house.people.ask_reset(&visitor(), &email(address)).await, Ok(()));
    }
    assert_eq!(house.letters.empty(), []);
    let new = Secret::new(NEW_PASSWORD);
    assert_eq!(house.people.reset_password(&visitor(), &token, &new).await, Err(PeopleError::SpentToken));
}

async fn an_address_changes_when_the_new_one_is_proven(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let here = house.sign_in(HANAKO).await;
    house.people.ask_reset(&visitor(), &email(HANAKO)).await.unwrap();
    let reset = house.link(MessageKind::PasswordReset, HANAKO);
    house.people.change_email(&acting(&here), &scope(&here), &email("new@example.jp")).await.unwrap();
    let token = house.link(MessageKind::VerifyNewEmail, "new@example.jp");
    house.sign_in(HANAKO).await;

    let user = house.people.confirm_email(&visitor(), &token).await.unwrap();
    house.letter(MessageKind::EmailChanged, HANAKO);
    assert_eq!((user.verified_email(), user.version), (Some(&email("new@example.jp")), 2));
    assert_eq!(house.people.confirm_email(&visitor(), &token).await, Err(PeopleError::SpentToken));
    assert_eq!(house.try_sign_in(HANAKO, PASSWORD).await, Err(PeopleError::WrongCredentials));
    house.sign_in("new@example.jp").await;
    // Whoever still reads the old mailbox has nothing by it.
    let new = Secret::new(NEW_PASSWORD);
    assert_eq!(house.people.reset_password(&visitor(), &reset, &new).await, Err(PeopleError::SpentToken));
    house.person(HANAKO).await;
}

async fn an_address_of_another_does_not_change_hands(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    house.person("taro@example.jp").await;
    let taro = house.sign_in("taro@example.jp").await;
    let (caller, own) = (acting(&taro), scope(&taro));
    assert_eq!(house.people.change_email(&caller, &own, &email(HANAKO)).await, Ok(()));
    assert_eq!(house.letter(MessageKind::AlreadyRegistered, HANAKO).token, None);

    house.people.change_email(&caller, &own, &email("free@example.jp")).await.unwrap();
    let token = house.link(MessageKind::VerifyNewEmail, "free@example.jp");
    house.person("free@example.jp").await;
    let late = house.people.confirm_email(&visitor(), &token).await.unwrap_err();
    assert!(refused("email_taken")(&late), "{late:?}");
}

async fn a_locked_person_is_out_until_unlocked(world: World) {
    let house = House::of(&world);
    let user = house.person(HANAKO).await;
    let signed_in = house.sign_in(HANAKO).await;
    let (caller, support) = (&world.caller, &house.support);
    let locked = house.people.lock(caller, support, user.id, "spam 🌸").await.unwrap();
    assert_eq!(locked.status, Status::Locked { at: house.now(), reason: "spam 🌸".into() });
    assert_eq!(house.store.user(user.id).await, Ok(Some(locked)));
    assert!(!house.is_known(&signed_in.tokens.access).await);
    assert_eq!(house.try_sign_in(HANAKO, PASSWORD).await, Err(PeopleError::WrongCredentials));
    let again = house.people.lock(caller, support, user.id, "more").await.unwrap_err();
    assert!(refused("wrong_status")(&again), "{again:?}");
    assert!(matches!(house.people.lock(caller, support, user.id, "").await, Err(PeopleError::Invalid(_))));
    let nobody = Uuid::from_u128(1).into();
    assert_eq!(house.people.unlock(caller, support, nobody).await, Err(PeopleError::NotFound("user")));

    let unlocked = house.people.unlock(caller, support, user.id).await.unwrap();
    assert_eq!((unlocked.status, unlocked.version), (Status::Active, 3));
    house.sign_in(HANAKO).await;
    assert!(!house.is_known(&signed_in.tokens.access).await, "a session that ended stays ended");
}

async fn a_banned_person_is_out_until_unbanned(world: World) {
    let house = House::of(&world);
    let user = house.person(HANAKO).await;
    let signed_in = house.sign_in(HANAKO).await;
    house.people.ask_reset(&visitor(), &email(HANAKO)).await.unwrap();
    let link = house.link(MessageKind::PasswordReset, HANAKO);
    let (caller, moderator) = (&world.caller, &house.moderator);
    assert!(matches!(house.people.ban(caller, moderator, user.id, " ").await, Err(PeopleError::Invalid(_))));
    let early = house.people.unban(caller, moderator, user.id).await.unwrap_err();
    assert!(refused("wrong_status")(&early), "{early:?}");

    let banned = house.people.ban(caller, moderator, user.id, "threats 🌸").await.unwrap();
    assert_eq!(banned.status, Status::Banned { at: house.now(), reason: "threats 🌸".into() });
    assert_eq!(house.store.user(user.id).await, Ok(Some(banned)));
    assert_eq!(house.letter(MessageKind::Banned, HANAKO).token, None);
    let ended = house.store.session_by_access(&TokenDigest::of(signed_in.tokens.access.expose())).await.unwrap();
    assert_eq!(ended.and_then(|session| session.ended), Some((house.now(), EndReason::Banned)));
    assert!(!house.is_known(&signed_in.tokens.access).await);
    assert_eq!(
        house.people.refresh(&visitor(), signed_in.tokens.refresh.expose()).await,
        Err(PeopleError::SessionEnded)
    );
    assert_eq!(house.try_sign_in(HANAKO, PASSWORD).await, Err(PeopleError::WrongCredentials));
    let new = Secret::new(NEW_PASSWORD);
    assert_eq!(house.people.reset_password(&visitor(), &link, &new).await, Err(PeopleError::SpentToken));
    house.people.ask_reset(&visitor(), &email(HANAKO)).await.unwrap();
    assert_eq!(house.letters.empty(), []);
    // Nobody comes back under the same address.
    house.people.register(&visitor(), &registration(HANAKO)).await.unwrap();
    house.letter(MessageKind::AlreadyRegistered, HANAKO);

    // Nothing but the end of the ban lets them in.
    for refusal in [
        house.people.unlock(caller, &house.support, user.id).await.unwrap_err(),
        house.people.lock(caller, &house.support, user.id, "more").await.unwrap_err(),
        house.people.ban(caller, moderator, user.id, "more").await.unwrap_err(),
    ] {
        assert!(refused("wrong_status")(&refusal), "{refusal:?}");
    }
    let back = house.people.unban(caller, moderator, user.id).await.unwrap();
    assert_eq!((back.status, back.version), (Status::Active, 3));
    house.letter(MessageKind::Unbanned, HANAKO);
    house.sign_in(HANAKO).await;
    assert!(!house.is_known(&signed_in.tokens.access).await, "a session that ended stays ended");
    let nobody = Uuid::from_u128(1).into();
    assert_eq!(house.people.ban(caller, moderator, nobody, "x").await, Err(PeopleError::NotFound("user")));
}

async fn a_ban_reaches_who_is_half_signed_in_and_who_is_locked(world: World) {
    let house = House::of(&world);
    let hanako = house.person_with_app(HANAKO).await;
    let half = house.challenge(HANAKO, PASSWORD).await;
    let (caller, id) = (&world.caller, hanako.signed_in.user.id);
    house.people.lock(caller, &house.support, id, "spam").await.unwrap();
    house.people.ban(caller, &house.moderator, id, "threats").await.unwrap();
    house.letter(MessageKind::Banned, HANAKO);
    let proof = house.fresh_code(&hanako.app);
    assert_eq!(house.finish(&half, &proof).await, Err(PeopleError::ChallengeOver));
    // The lock that was there before ends with the ban.
    house.people.unban(caller, &house.moderator, id).await.unwrap();
    house.letter(MessageKind::Unbanned, HANAKO);
    let proof = house.fresh_code(&hanako.app);
    assert_eq!(house.finish(&half, &proof).await, Err(PeopleError::ChallengeOver), "it is of before the lock");
    let half = house.challenge(HANAKO, PASSWORD).await;
    house.finish(&half, &proof).await.unwrap();
    let deleted = house.people.delete(caller, &PeopleScope::Operator(house.operator.clone(), id)).await.unwrap();
    assert_eq!(deleted.status, Status::Deleted { at: house.now() });
    let late = house.people.ban(caller, &house.moderator, id, "x").await.unwrap_err();
    assert!(refused("wrong_status")(&late), "{late:?}");
}

async fn nobody_bans_themselves(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let admin = house.sign_in(HANAKO).await;
    let own = house.people.ban(&acting(&admin), &house.moderator, admin.user.id, "x").await.unwrap_err();
    assert!(refused("own_ban")(&own), "{own:?}");
    assert!(house.is_known(&admin.tokens.access).await);
    assert_eq!(house.letters.empty(), []);
}

async fn a_deleted_person_leaves_an_id(world: World) {
    let house = House::of(&world);
    let user = house.person(HANAKO).await;
    let signed_in = house.sign_in(HANAKO).await;
    house.people.ask_reset(&visitor(), &email(HANAKO)).await.unwrap();
    let token = house.link(MessageKind::PasswordReset, HANAKO);
    let own = PeopleScope::Own(scope(&signed_in));
    let deleted = house.people.delete(&acting(&signed_in), &own).await.unwrap();
    assert_eq!((deleted.id, &deleted.email, &deleted.status), (user.id, &None, &Status::Deleted { at: house.now() }));
    assert_eq!(house.store.user(user.id).await, Ok(Some(deleted)));
    assert_eq!(house.store.accounts(user.id).await, Ok(vec![]));
    assert!(!house.is_known(&signed_in.tokens.access).await);
    let new = Secret::new(NEW_PASSWORD);
    assert_eq!(house.people.reset_password(&visitor(), &token, &new).await, Err(PeopleError::SpentToken));
    assert_eq!(house.try_sign_in(HANAKO, PASSWORD).await, Err(PeopleError::WrongCredentials));
    let again = house.people.delete(&acting(&signed_in), &own).await.unwrap_err();
    assert!(refused("wrong_status")(&again), "{again:?}");

    let successor = house.person(HANAKO).await;
    assert_ne!(successor.id, user.id);
    assert_eq!(house.sign_in(HANAKO).await.user, successor);
}
