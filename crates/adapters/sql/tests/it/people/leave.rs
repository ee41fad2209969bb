//! Changing what one signs in with, and going.

use super::{HANAKO, House, PASSWORD, acting, email, refused, scope, visitor};
use crate::contract::{World, contract};
use chrono::TimeDelta;
use musubi_identity::message::MessageKind;
use musubi_identity::password_hasher::FastHasher;
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::scope::PeopleScope;
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
    a_deleted_person_leaves_an_id,
);

async fn a_changed_password_ends_all_other_sessions(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let (here, there) = (house.sign_in(HANAKO).await, house.sign_in(HANAKO).await);
    house.people.ask_reset(&visitor(), &email(HANAKO)).await.unwrap();
    let link = house.link(MessageKind::PasswordReset, HANAKO);
    let new = FastHasher::hashed("new");
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
    house.try_sign_in(HANAKO, "new").await.unwrap();
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
    let new = FastHasher::hashed("new");
    assert_eq!(house.people.reset_password(&visitor(), &late, &new).await, Err(PeopleError::SpentToken));

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
    house.try_sign_in(HANAKO, "new").await.unwrap();
}

async fn a_reset_is_sent_only_where_it_is_good_for_something(world: World) {
    let house = House::of(&world);
    let user = house.person(HANAKO).await;
    house.people.ask_reset(&visitor(), &email(HANAKO)).await.unwrap();
    let token = house.link(MessageKind::PasswordReset, HANAKO);
    house.people.lock(&world.caller, &house.operator, user.id, "spam").await.unwrap();
    for address in [HANAKO, "nobody@example.jp"] {
        assert_eq!(house.people.ask_reset(&visitor(), &email(address)).await, Ok(()));
    }
    assert_eq!(house.letters.empty(), []);
    let new = FastHasher::hashed("new");
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
    let hash = FastHasher::hashed("x");
    assert_eq!(house.people.reset_password(&visitor(), &reset, &hash).await, Err(PeopleError::SpentToken));
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
    let (caller, operator) = (&world.caller, &house.operator);
    let locked = house.people.lock(caller, operator, user.id, "spam 🌸").await.unwrap();
    assert_eq!(locked.status, Status::Locked { at: house.now(), reason: "spam 🌸".into() });
    assert_eq!(house.store.user(user.id).await, Ok(Some(locked)));
    assert!(!house.is_known(&signed_in.tokens.access).await);
    assert_eq!(house.try_sign_in(HANAKO, PASSWORD).await, Err(PeopleError::WrongCredentials));
    let again = house.people.lock(caller, operator, user.id, "more").await.unwrap_err();
    assert!(refused("wrong_status")(&again), "{again:?}");
    assert!(matches!(house.people.lock(caller, operator, user.id, "").await, Err(PeopleError::Invalid(_))));
    let nobody = Uuid::from_u128(1).into();
    assert_eq!(house.people.unlock(caller, operator, nobody).await, Err(PeopleError::NotFound("user")));

    let unlocked = house.people.unlock(caller, operator, user.id).await.unwrap();
    assert_eq!((unlocked.status, unlocked.version), (Status::Active, 3));
    house.sign_in(HANAKO).await;
    assert!(!house.is_known(&signed_in.tokens.access).await, "a session that ended stays ended");
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
    let hash = FastHasher::hashed("x");
    assert_eq!(house.people.reset_password(&visitor(), &token, &hash).await, Err(PeopleError::SpentToken));
    assert_eq!(house.try_sign_in(HANAKO, PASSWORD).await, Err(PeopleError::WrongCredentials));
    let again = house.people.delete(&acting(&signed_in), &own).await.unwrap_err();
    assert!(refused("wrong_status")(&again), "{again:?}");

    let successor = house.person(HANAKO).await;
    assert_ne!(successor.id, user.id);
    assert_eq!(house.sign_in(HANAKO).await.user, successor);
}
