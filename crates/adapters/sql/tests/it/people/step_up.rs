//! What is dangerous asks for a recent proof.

use super::{HANAKO, House, NEW_PASSWORD, PASSWORD, acting, email, refused, scope};
use crate::contract::{World, contract};
use chrono::TimeDelta;
use musubi_identity::locale::Locale;
use musubi_identity::message::MessageKind;
use musubi_identity::people::SignedIn;
use musubi_identity::people::accounts::{Arrived, Identity};
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::people::second_step::SecondProof;
use musubi_identity::people::step_up::StepUpProof;
use musubi_kernel::error::{ErrorKind, Failure as _};
use musubi_kernel::secret::Secret;
use uuid::Uuid;

contract!(
    what_is_dangerous_asks_for_a_recent_proof,
    a_password_proves_who_has_no_app,
    an_app_proves_who_has_one,
    a_proof_is_for_one_session,
    wrong_proofs_are_counted,
    who_has_neither_signs_in_anew,
);

fn line() -> Identity {
    Identity {
        provider: "line".parse().unwrap(),
        subject: "U1".into(),
        email: None,
        email_verified: false,
        locale: Locale::Ja,
        display_name: "花子".into(),
    }
}

fn password(text: &str) -> StepUpProof {
    StepUpProof::Password(Secret::new(text))
}

fn code(proof: SecondProof) -> StepUpProof {
    match proof {
        SecondProof::App(code) => StepUpProof::App(code),
        other => panic!("{other:?}"),
    }
}

/// Whether the person can do something dangerous, that has no effect.
async fn may(house: &House, signed_in: &SignedIn) -> bool {
    let nothing = house.people.unlink(&acting(signed_in), &scope(signed_in), Uuid::nil().into()).await;
    match nothing.unwrap_err() {
        PeopleError::NotFound("sign_in_account") => true,
        PeopleError::StepUpRequired => false,
        other => panic!("{other:?}"),
    }
}

async fn what_is_dangerous_asks_for_a_recent_proof(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let here = house.sign_in(HANAKO).await;
    let (caller, own) = (acting(&here), scope(&here));
    house.later(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
    assert!(may(&house, &here).await);
    house.later(TimeDelta::microseconds(1));
    let (people, new) = (&house.people, Secret::new(NEW_PASSWORD));
    let refusals = [
        people.change_email(&caller, &own, &email("new@example.jp")).await.unwrap_err(),
        people.delete(&caller, &own.into()).await.map(drop).unwrap_err(),
        people.begin_two_factor(&caller, &own).await.map(drop).unwrap_err(),
        people.confirm_two_factor(&caller, &own, &Secret::new("000000")).await.map(drop).unwrap_err(),
        people.disable_two_factor(&caller, &own).await.unwrap_err(),
        people.renew_recovery_codes(&caller, &own).await.map(drop).unwrap_err(),
        people.unlink(&caller, &own, here.session.account).await.unwrap_err(),
        people.arrive(&caller, &line(), Some(&own)).await.map(drop).unwrap_err(),
    ];
    for refusal in refusals {
        assert_eq!(refusal, PeopleError::StepUpRequired);
        assert_eq!((refusal.kind(), refusal.code()), (ErrorKind::Forbidden, "step_up_required"));
    }
    assert_eq!(house.letters.empty(), []);
    // The rest goes on; a change of passwords asks for the present one.
    people.sessions(&own.into()).await.unwrap();
    people.revoke_all(&caller, &own.into(), Some(here.session.id)).await.unwrap();
    people.change_password(&caller, &own, &Secret::new(PASSWORD), &new).await.unwrap();
    // A refresh proves nothing.
    people.refresh(&caller, here.tokens.refresh.expose()).await.unwrap();
    assert!(!may(&house, &here).await);
}

async fn a_password_proves_who_has_no_app(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let here = house.sign_in(HANAKO).await;
    let (caller, own) = (acting(&here), scope(&here));
    house.later(TimeDelta::hours(1));
    let wrong = house.people.step_up(&caller, &own, &password("wrong")).await.unwrap_err();
    assert!(refused("wrong_proof")(&wrong), "{wrong:?}");
    let none = house.people.step_up(&caller, &own, &StepUpProof::App(Secret::new("000000"))).await.unwrap_err();
    assert!(refused("no_second_factor")(&none), "{none:?}");
    assert!(!may(&house, &here).await);
    for _ in 0..2 {
        let until = house.people.step_up(&caller, &own, &password(PASSWORD)).await.unwrap();
        assert_eq!(until, house.now() + TimeDelta::minutes(10));
        assert!(may(&house, &here).await);
        house.clock.set(until);
        assert!(!may(&house, &here).await);
    }
    house.people.sign_out(&caller, &own).await.unwrap();
    let over = house.people.step_up(&caller, &own, &password(PASSWORD)).await;
    assert_eq!(over, Err(PeopleError::SessionEnded));
    let over = house.people.delete(&caller, &own.into()).await;
    assert_eq!(over, Err(PeopleError::SessionEnded));
}

async fn an_app_proves_who_has_one(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    let (caller, own) = (acting(&who.signed_in), scope(&who.signed_in));
    house.later(TimeDelta::hours(1));
    let alone = house.people.step_up(&caller, &own, &password(PASSWORD)).await.unwrap_err();
    assert!(refused("second_factor_needed")(&alone), "{alone:?}");
    // Not even with the present password.
    let (present, new) = (Secret::new(PASSWORD), Secret::new(NEW_PASSWORD));
    let change = async || house.people.change_password(&caller, &own, &present, &new).await;
    assert_eq!(change().await, Err(PeopleError::StepUpRequired));

    let proof = code(house.fresh_code(&who.app));
    house.people.step_up(&caller, &own, &proof).await.unwrap();
    assert!(may(&house, &who.signed_in).await);
    let again = house.people.step_up(&caller, &own, &proof).await.unwrap_err();
    assert!(refused("wrong_proof")(&again), "no code works twice: {again:?}");
    change().await.unwrap();
    house.later(TimeDelta::hours(1));
    let recovery = StepUpProof::RecoveryCode(who.codes[0].clone());
    house.letters.empty();
    house.people.step_up(&caller, &own, &recovery).await.unwrap();
    house.letter(MessageKind::RecoveryCodeUsed, HANAKO);
    assert!(may(&house, &who.signed_in).await);
    let again = house.people.step_up(&caller, &own, &recovery).await.unwrap_err();
    assert!(refused("wrong_proof")(&again), "{again:?}");
    let status = house.people.two_factor(&PeopleScope::Own(own)).await.unwrap();
    assert_eq!(status.recovery_codes_left, 9);
}

async fn a_proof_is_for_one_session(world: World) {
    let house = House::of(&world);
    house.person(HANAKO).await;
    let (here, there) = (house.sign_in(HANAKO).await, house.sign_in(HANAKO).await);
    house.later(TimeDelta::hours(1));
    house.people.step_up(&acting(&here), &scope(&here), &password(PASSWORD)).await.unwrap();
    assert!(may(&house, &here).await && !may(&house, &there).await);
}

async fn wrong_proofs_are_counted(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    house.person("taro@example.jp").await;
    let taro = house.sign_in("taro@example.jp").await;
    let (caller, own) = (acting(&taro), scope(&taro));
    let begun = house.now();
    for n in 0..10 {
        if n % 2 == 0 {
            house.people.step_up(&caller, &own, &password("wrong")).await.unwrap_err();
        } else {
            let (wrong, new) = (Secret::new("wrong"), Secret::new(NEW_PASSWORD));
            house.people.change_password(&caller, &own, &wrong, &new).await.unwrap_err();
        }
    }
    let locked = PeopleError::TooMany { code: "second_factor_locked", until: begun + TimeDelta::minutes(15) };
    assert_eq!(house.people.step_up(&caller, &own, &password(PASSWORD)).await, Err(locked.clone()));
    let (present, new) = (Secret::new(PASSWORD), Secret::new(NEW_PASSWORD));
    assert_eq!(house.people.change_password(&caller, &own, &present, &new).await, Err(locked));
    // Another person is not concerned.
    let (caller, own) = (acting(&who.signed_in), scope(&who.signed_in));
    house.people.step_up(&caller, &own, &code(house.fresh_code(&who.app))).await.unwrap();
    house.clock.set(begun + TimeDelta::minutes(15));
    house.people.step_up(&acting(&taro), &scope(&taro), &password(PASSWORD)).await.unwrap();
}

async fn who_has_neither_signs_in_anew(world: World) {
    let house = House::of(&world);
    let arrive = async || match house.people.arrive(&super::visitor(), &line(), None).await {
        Ok(Arrived::SignedIn(signed_in)) => *signed_in,
        other => panic!("{other:?}"),
    };
    let here = arrive().await;
    house.later(TimeDelta::hours(1));
    let none = house.people.step_up(&acting(&here), &scope(&here), &password(PASSWORD)).await.unwrap_err();
    assert!(refused("no_password")(&none), "{none:?}");
    assert!(!may(&house, &here).await);
    assert!(may(&house, &arrive().await).await);
}
