//! Registering, proving an address, signing in.

use super::{HANAKO, House, NEW_PASSWORD, PASSWORD, email, record, refused, registration, scope, visitor};
use crate::contract::{World, contract};
use chrono::TimeDelta;
use musubi_identity::locale::Locale;
use musubi_identity::message::MessageKind;
use musubi_identity::password_hasher::FastHasher;
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::register::Registration;
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::sign_in_account::SignInAccount;
use musubi_kernel::access::Actor;
use musubi_kernel::error::{ErrorKind, Failure as _};
use musubi_kernel::secret::Secret;

/// What a stranger chooses for a password.
const STRANGERS: &str = "a stranger has chosen";

contract!(
    a_person_comes_into_being_by_proving_an_address,
    a_known_address_is_told_to_its_owner_alone,
    of_two_registrations_the_first_to_be_proven_counts,
    a_strangers_password_does_not_become_an_owners,
    an_owners_link_outlives_a_strangers_registration,
    links_end_and_are_good_once,
    wrong_credentials_look_alike,
    an_outdated_hash_is_renewed,
);

async fn a_person_comes_into_being_by_proving_an_address(world: World) {
    let house = House::of(&world);
    let token = house.ask(HANAKO).await;
    assert_eq!(house.try_sign_in(HANAKO, PASSWORD).await, Err(PeopleError::WrongCredentials));

    let user = house.verify(&token).await.unwrap();
    assert_eq!(
        (user.verified_email(), user.locale, &*user.display_name),
        (Some(&email(HANAKO)), Locale::En, "花子 🌸")
    );
    assert_eq!(house.store.user(user.id).await, Ok(Some(user.clone())));

    let signed_in = house.try_sign_in(" Hanako@Example.JP", PASSWORD).await.unwrap();
    assert_eq!(signed_in.user, user);
    let actor = Actor::Person { user: user.id, session: signed_in.session.id };
    assert_eq!(house.people.authenticate(signed_in.tokens.access.expose()).await, Ok(Some(actor)));
    let accounts = house.people.accounts(&scope(&signed_in)).await.unwrap();
    let [local] = accounts.as_slice() else { panic!("{accounts:?}") };
    assert!(local.provider.is_local() && local.is_usable());
    assert_eq!((local.id, local.last_login_at), (signed_in.session.account, Some(house.now())));
    assert_eq!(house.people.get(&PeopleScope::Own(scope(&signed_in))).await, Ok(user));
    for wrong in ["", "msa_", signed_in.tokens.refresh.expose(), &format!("{}x", signed_in.tokens.access.expose())] {
        assert_eq!(house.people.authenticate(wrong).await, Ok(None));
    }
}

async fn a_known_address_is_told_to_its_owner_alone(world: World) {
    let house = House::of(&world);
    let user = house.person(HANAKO).await;
    let again = Registration { display_name: "Thief".into(), locale: Locale::Ja, ..registration(HANAKO) };
    assert_eq!(house.people.register(&visitor(), &again).await, Ok(()));
    let letter = house.letter(MessageKind::AlreadyRegistered, HANAKO);
    assert_eq!((letter.token, letter.locale), (None, user.locale));
    assert_eq!(house.store.user(user.id).await, Ok(Some(user)));

    let wrong = Registration {
        display_name: " ".into(),
        password: Secret::new("newcomer1"),
        ..registration("newcomer@example.jp")
    };
    let invalid = house.people.register(&visitor(), &wrong).await.unwrap_err();
    let found: Vec<_> = invalid.violations().iter().map(|violation| (&*violation.pointer, violation.code)).collect();
    assert_eq!(
        (invalid.kind(), found),
        (ErrorKind::Invalid, vec![("/display_name", "blank"), ("/password", "personal")])
    );
    assert_eq!(house.letters.empty(), []);
}

async fn of_two_registrations_the_first_to_be_proven_counts(world: World) {
    let house = House::of(&world);
    let (one, two) = (house.ask(HANAKO).await, house.ask(HANAKO).await);
    house.verify(&two).await.unwrap();
    let late = house.verify(&one).await.unwrap_err();
    assert!(refused("already_registered")(&late), "{late:?}");
    house.sign_in(HANAKO).await;
}

/// Somebody registers an address that is not theirs; what its owner gets.
async fn by_a_stranger(house: &House) -> String {
    let stranger = Registration { password: Secret::new(STRANGERS), ..registration(HANAKO) };
    house.people.register(&visitor(), &stranger).await.unwrap();
    house.link(MessageKind::VerifyEmail, HANAKO)
}

async fn a_strangers_password_does_not_become_an_owners(world: World) {
    let house = House::of(&world);
    let (theirs, own) = (by_a_stranger(&house).await, house.ask(HANAKO).await);
    // The owner takes the older of two links for the one that they asked for.
    let wrong = house.verify(&theirs).await.unwrap_err();
    assert!(refused("wrong_registration_password")(&wrong), "{wrong:?}");
    assert_eq!((wrong.kind(), house.letters.empty()), (ErrorKind::Refused, vec![]));
    for password in [PASSWORD, STRANGERS] {
        assert_eq!(house.try_sign_in(HANAKO, password).await, Err(PeopleError::WrongCredentials));
    }
    house.verify(&own).await.unwrap();
    house.sign_in(HANAKO).await;
    assert_eq!(house.try_sign_in(HANAKO, STRANGERS).await, Err(PeopleError::WrongCredentials));
    // The wrong password has not used the other link up; it is good for nothing any more all the same.
    let late = house.people.verify_email(&visitor(), &theirs, &Secret::new(STRANGERS)).await.unwrap_err();
    assert!(refused("already_registered")(&late), "{late:?}");
    assert_eq!(house.try_sign_in(HANAKO, STRANGERS).await, Err(PeopleError::WrongCredentials));
}

async fn an_owners_link_outlives_a_strangers_registration(world: World) {
    let house = House::of(&world);
    let own = house.ask(HANAKO).await;
    by_a_stranger(&house).await;
    house.people.verify_email(&visitor(), &own, &Secret::new(STRANGERS)).await.unwrap_err();
    house.verify(&own).await.unwrap();
    house.sign_in(HANAKO).await;
}

async fn links_end_and_are_good_once(world: World) {
    let house = House::of(&world);
    let token = house.ask(HANAKO).await;
    house.later(TimeDelta::hours(24));
    assert_eq!(house.verify(&token).await, Err(PeopleError::SpentToken));

    let token = house.ask(HANAKO).await;
    house.later(TimeDelta::hours(24) - TimeDelta::microseconds(1));
    // A link is good for what it was sent for.
    let new = Secret::new(NEW_PASSWORD);
    assert_eq!(house.people.reset_password(&visitor(), &token, &new).await, Err(PeopleError::SpentToken));
    assert_eq!(house.people.confirm_email(&visitor(), &token).await, Err(PeopleError::SpentToken));
    house.verify(&token).await.unwrap();
    for spent in [&*token, "", "mso_", &format!("mso_{}", "A".repeat(43))] {
        assert_eq!(house.verify(spent).await, Err(PeopleError::SpentToken), "{spent}");
    }
}

async fn wrong_credentials_look_alike(world: World) {
    let house = House::of(&world);
    let locked = house.person("locked@example.jp").await;
    let deleted = house.person("deleted@example.jp").await;
    house.person(HANAKO).await;
    house.people.lock(&world.caller, &house.support, locked.id, "spam").await.unwrap();
    let leave = PeopleScope::Operator(house.operator.clone(), deleted.id);
    house.people.delete(&world.caller, &leave).await.unwrap();
    for (address, password) in [
        (HANAKO, "wrong"),
        (HANAKO, ""),
        ("nobody@example.jp", PASSWORD),
        ("no address", PASSWORD),
        ("hanako\0@example.jp", PASSWORD),
        ("locked@example.jp", PASSWORD),
        ("deleted@example.jp", PASSWORD),
    ] {
        let refused = house.try_sign_in(address, password).await;
        assert_eq!(refused, Err(PeopleError::WrongCredentials), "{address} {password}");
    }
}

async fn an_outdated_hash_is_renewed(world: World) {
    let house = House::of(&world);
    let user = house.person(HANAKO).await;
    let account = house.store.accounts(user.id).await.unwrap().remove(0);
    let mut unit = house.store.begin().await.unwrap();
    let outdated = SignInAccount { password_hash: Some(FastHasher::outdated(PASSWORD)), ..account };
    unit.save_account(&outdated).await.unwrap();
    unit.note(Some(user.id), &record(&house, &user));
    unit.commit().await.unwrap();
    let signed_in = house.sign_in(HANAKO).await;
    let kept = house.people.accounts(&scope(&signed_in)).await.unwrap().remove(0).password_hash;
    assert_eq!(kept, Some(FastHasher::hashed(PASSWORD)));
    house.sign_in(HANAKO).await;
}
