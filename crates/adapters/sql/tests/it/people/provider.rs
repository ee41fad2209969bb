//! Coming by a provider's word.

use super::{HANAKO, House, acting, email, refused, scope, visitor};
use crate::contract::{World, contract};
use musubi_identity::locale::Locale;
use musubi_identity::message::MessageKind;
use musubi_identity::people::SignedIn;
use musubi_identity::people::accounts::{Arrived, Identity};
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::session::Method;

contract!(
    a_newcomer_is_signed_in_at_once,
    a_vouched_address_joins_a_proven_one,
    an_unproven_address_joins_nothing,
    accounts_are_linked_and_unlinked,
    who_may_not_sign_in_is_not_let_in_by_a_provider,
);

fn google(subject: &str, address: Option<&str>, email_verified: bool) -> Identity {
    Identity {
        provider: "google".parse().expect("a provider"),
        subject: subject.to_owned(),
        email: address.map(email),
        email_verified,
        locale: Locale::Ja,
        display_name: "花子".to_owned(),
    }
}

async fn enter(house: &House, identity: &Identity) -> SignedIn {
    match house.people.arrive(&visitor(), identity, None).await {
        Ok(Arrived::SignedIn(signed_in)) => *signed_in,
        other => panic!("{other:?}"),
    }
}

async fn a_newcomer_is_signed_in_at_once(world: World) {
    let house = House::of(&world);
    let identity = google("108", Some(HANAKO), true);
    let first = enter(&house, &identity).await;
    assert_eq!(first.user.verified_email(), Some(&email(HANAKO)));
    assert_eq!(first.session.methods, [Method::Federated].into());
    assert!(house.is_known(&first.tokens.access).await);
    let again = enter(&house, &identity).await;
    assert_eq!(again.user, first.user);

    // An address that nobody vouches for is not the person's, and is kept with the account alone.
    let unvouched = enter(&house, &google("109", Some("taro@example.jp"), false)).await;
    assert_eq!(unvouched.user.email, None);
    let account = house.people.accounts(&scope(&unvouched)).await.unwrap().remove(0);
    assert_eq!((account.email, account.email_verified), (Some(email("taro@example.jp")), false));
    house.letters.empty();
    house.person("taro@example.jp").await;

    let nameless = Identity { subject: String::new(), ..identity.clone() };
    assert!(matches!(house.people.arrive(&visitor(), &nameless, None).await, Err(PeopleError::Invalid(_))));
    let local = Identity { provider: "local".parse().expect("a provider"), ..identity };
    assert!(matches!(house.people.arrive(&visitor(), &local, None).await, Err(PeopleError::Invalid(_))));
}

async fn a_vouched_address_joins_a_proven_one(world: World) {
    let house = House::of(&world);
    let user = house.person(HANAKO).await;
    let signed_in = enter(&house, &google("108", Some(HANAKO), true)).await;
    assert_eq!(signed_in.user, user);
    house.letter(MessageKind::AccountLinked, HANAKO);
    assert_eq!(house.people.accounts(&scope(&signed_in)).await.unwrap().len(), 2);
}

async fn an_unproven_address_joins_nothing(world: World) {
    let house = House::of(&world);
    let user = house.person(HANAKO).await;
    let arrived = house.people.arrive(&visitor(), &google("666", Some(HANAKO), false), None).await;
    assert_eq!(arrived, Ok(Arrived::ProveFirst));
    assert_eq!(house.store.accounts(user.id).await.unwrap().len(), 1);
}

async fn accounts_are_linked_and_unlinked(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    house.person("taro@example.jp").await;
    let (hanako, taro) = (house.sign_in(HANAKO).await, house.sign_in("taro@example.jp").await);
    let (caller, own) = (acting(&hanako), scope(&hanako));
    let local = house.people.accounts(&own).await.unwrap().remove(0).id;
    let unlink = async |id| house.people.unlink(&caller, &own, id).await;
    let last = unlink(local).await.unwrap_err();
    assert!(refused("last_account")(&last), "{last:?}");

    let identity = google("108", None, false);
    let linked = Ok(Arrived::Linked(hanako.user.id));
    for told in [1, 0] {
        assert_eq!(house.people.arrive(&caller, &identity, Some(&own)).await, linked);
        assert_eq!(house.letters.empty().len(), told);
    }
    let stolen = house.people.arrive(&acting(&taro), &identity, Some(&scope(&taro))).await.unwrap_err();
    assert!(refused("account_belongs_to_another")(&stolen), "{stolen:?}");
    assert_eq!(enter(&house, &identity).await.user.id, hanako.user.id);

    let theirs = house.people.accounts(&scope(&taro)).await.unwrap().remove(0).id;
    assert_eq!(unlink(theirs).await, Err(PeopleError::NotFound("sign_in_account")));
    let by_google = enter(&house, &identity).await;
    unlink(local).await.unwrap();
    // What began with it has ended, this session too.
    assert!(!house.is_known(&hanako.tokens.access).await && house.is_known(&by_google.tokens.access).await);
    assert_eq!(unlink(local).await, Err(PeopleError::SessionEnded));
    let (caller, own) = (acting(&by_google), scope(&by_google));
    let unlink = async |id| house.people.unlink(&caller, &own, id).await;
    assert_eq!(unlink(local).await, Err(PeopleError::NotFound("sign_in_account")));
    let accounts = house.people.accounts(&own).await.unwrap();
    let last = unlink(accounts[0].id).await.unwrap_err();
    assert!(refused("last_account")(&last) && accounts.len() == 1, "{last:?}");
}

async fn who_may_not_sign_in_is_not_let_in_by_a_provider(world: World) {
    let house = House::of(&world);
    let identity = google("108", Some(HANAKO), true);
    let first = enter(&house, &identity).await;
    house.people.lock(&world.caller, &house.support, first.user.id, "spam").await.unwrap();
    let arrived = house.people.arrive(&visitor(), &identity, None).await;
    assert_eq!(arrived, Err(PeopleError::WrongCredentials));
    let other = house.people.arrive(&visitor(), &google("109", Some(HANAKO), true), None).await;
    assert_eq!(other, Err(PeopleError::WrongCredentials));

    // Once they are deleted, whoever has that account is somebody new.
    let leave = PeopleScope::Operator(house.operator.clone(), first.user.id);
    house.people.delete(&world.caller, &leave).await.unwrap();
    assert_ne!(enter(&house, &identity).await.user.id, first.user.id);
}
