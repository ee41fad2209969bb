//! Finishing a sign-in with a second factor.

use super::{HANAKO, House, NEW_PASSWORD, PASSWORD, acting, email, refused, scope, visitor, wrong_code};
use crate::contract::{World, contract};
use chrono::TimeDelta;
use musubi_identity::locale::Locale;
use musubi_identity::message::MessageKind;
use musubi_identity::people::accounts::{Arrived, Identity};
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::passkeys::PasskeyAnswer;
use musubi_identity::people::scope::PeopleScope;
use musubi_identity::people::second_step::SecondProof;
use musubi_identity::people::step_up::StepUpProof;
use musubi_identity::session::Method;
use musubi_identity::token::TokenDigest;
use musubi_identity::two_factor::{Factor, MOST_WRONG_CODES};
use musubi_kernel::error::{ErrorKind, Failure as _};
use musubi_kernel::secret::Secret;
use serde_json::json;
use uuid::Uuid;

contract!(
    a_password_alone_opens_nothing,
    no_code_of_the_app_works_twice,
    a_recovery_code_stands_in_once,
    a_mailed_code_stands_in,
    a_mailed_code_is_for_one_sign_in_and_the_newest_counts,
    five_proofs_may_be_tried,
    what_compares_nothing_is_no_try,
    a_sign_in_is_finished_once_whatever_is_kept_of_it,
    new_sign_ins_bring_no_new_tries,
    after_a_hundred_wrong_codes_only_a_recovery_code_is_taken,
    a_sign_in_that_waits_ends_with_what_it_rests_on,
    a_provider_does_not_stand_in_for_the_app,
    a_reset_does_not_stand_in_for_the_app,
);

/// The token of the sign-in is over.
const OVER: Result<(), PeopleError> = Err(PeopleError::ChallengeOver);

async fn a_password_alone_opens_nothing(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    assert_eq!(waiting.factors, [Factor::App, Factor::RecoveryCode, Factor::EmailCode]);
    assert_eq!(waiting.expires_at, house.now() + TimeDelta::minutes(10));
    assert_eq!(house.people.sessions(&scope(&who.signed_in).into()).await.unwrap().len(), 1);
    for token in [waiting.token.expose(), "", "mst_"] {
        assert_eq!(house.people.authenticate(token).await, Ok(None));
    }
    let signed_in = house.finish(&waiting, &house.fresh_code(&who.app)).await.unwrap();
    assert!(house.is_known(&signed_in.tokens.access).await);
    assert_eq!(signed_in.user, who.signed_in.user);
    assert_eq!(signed_in.session.methods, [Method::Password, Method::OneTimePassword].into());
    for wrong in ["", "mst_", &format!("mst_{}", "A".repeat(64)), who.signed_in.tokens.access.expose()] {
        let proof = house.fresh_code(&who.app);
        let over = house.people.second_step(&visitor(), wrong, &proof).await.map(drop);
        assert_eq!(over, OVER, "{wrong}");
    }
    // A sign-in is finished once.
    assert_eq!(house.finish(&waiting, &house.fresh_code(&who.app)).await.map(drop), OVER);
    let wrong = house.people.sign_in(&visitor(), HANAKO, &Secret::new("wrong")).await;
    assert_eq!(wrong, Err(PeopleError::WrongCredentials));
}

async fn no_code_of_the_app_works_twice(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    let used = SecondProof::App(who.app.code_at(house.now()));
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    assert_eq!(house.finish(&waiting, &used).await, Err(PeopleError::WrongCode), "it confirmed the app");
    let proof = house.fresh_code(&who.app);
    house.finish(&waiting, &proof).await.unwrap();
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    assert_eq!(house.finish(&waiting, &proof).await, Err(PeopleError::WrongCode));
    assert_eq!(house.finish(&waiting, &wrong_code(&who.app, house.now())).await, Err(PeopleError::WrongCode));
    house.finish(&waiting, &house.fresh_code(&who.app)).await.unwrap();
}

async fn a_recovery_code_stands_in_once(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    for (n, code) in who.codes.iter().enumerate() {
        let waiting = house.challenge(HANAKO, PASSWORD).await;
        assert!(waiting.factors.contains(&Factor::RecoveryCode));
        let proof = SecondProof::RecoveryCode(Secret::new(code.expose().to_lowercase()));
        house.finish(&waiting, &proof).await.unwrap();
        let waiting = house.challenge(HANAKO, PASSWORD).await;
        if n < 9 {
            assert_eq!(house.finish(&waiting, &proof).await, Err(PeopleError::WrongCode));
        } else {
            assert_eq!(waiting.factors, [Factor::App, Factor::EmailCode]);
            let none = house.finish(&waiting, &proof).await.unwrap_err();
            assert!(refused("factor_not_open")(&none), "{none:?}");
        }
        house.later(TimeDelta::minutes(15));
    }
}

async fn mailed(house: &House, token: &Secret) -> SecondProof {
    house.later(TimeDelta::minutes(1));
    house.people.send_code(&visitor(), token.expose()).await.unwrap();
    SecondProof::EmailCode(Secret::new(house.link(MessageKind::SignInCode, HANAKO)))
}

async fn a_mailed_code_stands_in(world: World) {
    let house = House::of(&world);
    house.person_with_app(HANAKO).await;
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    let before = SecondProof::EmailCode(Secret::new("000000"));
    assert_eq!(house.finish(&waiting, &before).await, Err(PeopleError::WrongCode), "none was mailed");
    let ends = house.people.send_code(&visitor(), waiting.token.expose()).await.unwrap();
    assert_eq!(ends, house.now() + TimeDelta::minutes(5));
    let code = house.link(MessageKind::SignInCode, HANAKO);
    assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
    let until = house.now() + TimeDelta::minutes(1);
    let soon = house.people.send_code(&visitor(), waiting.token.expose()).await.unwrap_err();
    assert_eq!(soon, PeopleError::TooMany { code: "code_sent_recently", until });
    assert_eq!((soon.kind(), house.letters.empty().len()), (ErrorKind::TooMany, 0));

    let late = SecondProof::EmailCode(Secret::new(code));
    house.later(TimeDelta::minutes(5));
    assert_eq!(house.finish(&waiting, &late).await, Err(PeopleError::WrongCode));
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    let proof = mailed(&house, &waiting.token).await;
    house.later(TimeDelta::minutes(5) - TimeDelta::microseconds(1));
    let signed_in = house.finish(&waiting, &proof).await.unwrap();
    assert_eq!(signed_in.session.methods, [Method::Password, Method::OneTimePassword].into());
    let again = house.challenge(HANAKO, PASSWORD).await;
    assert_eq!(house.finish(&again, &proof).await, Err(PeopleError::WrongCode));
    for wrong in ["", "mst_"] {
        assert_eq!(house.people.send_code(&visitor(), wrong).await.map(drop), OVER);
    }
}

async fn a_mailed_code_is_for_one_sign_in_and_the_newest_counts(world: World) {
    let house = House::of(&world);
    house.person_with_app(HANAKO).await;
    let (one, two) = (house.challenge(HANAKO, PASSWORD).await, house.challenge(HANAKO, PASSWORD).await);
    let first = mailed(&house, &one.token).await;
    assert_eq!(house.finish(&two, &first).await, Err(PeopleError::WrongCode));
    let second = mailed(&house, &one.token).await;
    if first != second {
        assert_eq!(house.finish(&one, &first).await, Err(PeopleError::WrongCode));
    }
    house.finish(&one, &second).await.unwrap();

    // A code is tried five times, also by several sign-ins' worth of tries.
    house.later(TimeDelta::minutes(15));
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    let right = mailed(&house, &waiting.token).await;
    let SecondProof::EmailCode(code) = &right else { unreachable!() };
    let wrong = Secret::new(if code.expose() == "000000" { "000001" } else { "000000" });
    for _ in 0..4 {
        let wrong = SecondProof::EmailCode(wrong.clone());
        assert_eq!(house.finish(&waiting, &wrong).await, Err(PeopleError::WrongCode));
    }
    house.finish(&waiting, &right).await.unwrap();
}

async fn five_proofs_may_be_tried(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    for _ in 0..5 {
        let wrong = wrong_code(&who.app, house.now());
        assert_eq!(house.finish(&waiting, &wrong).await, Err(PeopleError::WrongCode));
    }
    assert_eq!(house.finish(&waiting, &house.fresh_code(&who.app)).await.map(drop), OVER);
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    house.later(TimeDelta::minutes(10));
    assert_eq!(house.finish(&waiting, &house.fresh_code(&who.app)).await.map(drop), OVER);
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    house.finish(&waiting, &house.fresh_code(&who.app)).await.unwrap();
}

async fn what_compares_nothing_is_no_try(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    let own = scope(&who.signed_in);
    let app = |text: &str| SecondProof::App(Secret::new(text));
    let recovery = |text: &str| SecondProof::RecoveryCode(Secret::new(text));
    let mailed = |text: &str| SecondProof::EmailCode(Secret::new(text));
    let no_answer = SecondProof::Passkey(PasskeyAnswer { ceremony: Uuid::nil().into(), credential: json!({}) });
    // A sign-in that a change of address makes void is none to try either.
    let void = house.challenge(HANAKO, PASSWORD).await;
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    let new = Secret::new(NEW_PASSWORD);
    house.people.change_password(&acting(&who.signed_in), &own, &Secret::new(PASSWORD), &new).await.unwrap();
    house.letters.empty();
    for _ in 0..12 {
        assert_eq!(house.finish(&void, &house.fresh_code(&who.app)).await.map(drop), OVER);
        assert_eq!(house.finish(&waiting, &recovery("0000000000")).await.map(drop), OVER);
    }

    house.later(TimeDelta::minutes(1));
    let waiting = house.challenge(HANAKO, NEW_PASSWORD).await;
    for _ in 0..12 {
        for (proof, pointer) in [
            (app(""), "/code"),
            (app("12345"), "/code"),
            (app("1234567"), "/code"),
            (app("12345a"), "/code"),
            (recovery("7ZK4M-0Q1X"), "/recovery_code"),
            (recovery("7ZK4M-0Q1XPP"), "/recovery_code"),
            (recovery("7ZK4M-0Q1X!"), "/recovery_code"),
            (mailed("１２３４５"), "/email_code"),
        ] {
            let malformed = house.finish(&waiting, &proof).await.unwrap_err();
            let found: Vec<_> = malformed.violations().iter().map(|one| (&*one.pointer, one.code)).collect();
            assert_eq!(found, [(pointer, "bad_format")], "{proof:?}");
        }
        assert_eq!(house.finish(&waiting, &mailed("000000")).await, Err(PeopleError::WrongCode), "none was mailed");
        let closed = house.finish(&waiting, &no_answer).await.unwrap_err();
        assert!(refused("factor_not_open")(&closed), "{closed:?}");
        let malformed = StepUpProof::App(Secret::new("12345"));
        let malformed = house.people.step_up(&acting(&who.signed_in), &own, &malformed).await.unwrap_err();
        assert_eq!(malformed.kind(), ErrorKind::Invalid);
    }
    // All the tries of the sign-in are left, and all but these of the person.
    for _ in 0..4 {
        let wrong = wrong_code(&who.app, house.now());
        assert_eq!(house.finish(&waiting, &wrong).await, Err(PeopleError::WrongCode));
    }
    let kept = house.store.two_factor(who.signed_in.user.id).await.unwrap().unwrap();
    assert_eq!(kept.wrong_codes, 4);
    house.finish(&waiting, &house.fresh_code(&who.app)).await.unwrap();
    for _ in 0..6 {
        let waiting = house.challenge(HANAKO, NEW_PASSWORD).await;
        let wrong = house.finish(&waiting, &wrong_code(&who.app, house.now())).await;
        assert_eq!(wrong, Err(PeopleError::WrongCode));
    }
    // Who has to wait uses no try of a sign-in up by that.
    let waiting = house.challenge(HANAKO, NEW_PASSWORD).await;
    for _ in 0..6 {
        let locked = house.finish(&waiting, &wrong_code(&who.app, house.now())).await.unwrap_err();
        assert_eq!(locked.code(), "second_factor_locked");
    }
}

async fn a_sign_in_is_finished_once_whatever_is_kept_of_it(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    let half = Uuid::from_slice(&TokenDigest::of(waiting.token.expose()).0[..16]).unwrap();
    let key = format!("session:{}:{half}", who.signed_in.user.id);
    let kept = world.ephemeral.get(&key, house.now()).await.unwrap().unwrap();
    let first = house.finish(&waiting, &house.fresh_code(&who.app)).await.unwrap();
    assert_eq!(world.ephemeral.get(&key, house.now()).await, Ok(None));
    // As if it could not be removed.
    for _ in 0..2 {
        world.ephemeral.put(&key, &kept, house.now() + TimeDelta::minutes(10), house.now()).await.unwrap();
        for proof in [house.fresh_code(&who.app), SecondProof::RecoveryCode(who.codes[0].clone())] {
            assert_eq!(house.finish(&waiting, &proof).await.map(drop), OVER);
        }
        let over = house.people.send_code(&visitor(), waiting.token.expose()).await.map(drop);
        assert_eq!(over, OVER);
        house.people.sign_out(&acting(&first), &scope(&first)).await.unwrap();
    }
    let own = scope(&who.signed_in).into();
    let status = house.people.two_factor(&own).await.unwrap();
    assert_eq!((house.people.sessions(&own).await.unwrap().len(), status.recovery_codes_left), (1, 10));
}

async fn new_sign_ins_bring_no_new_tries(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    let begun = house.now();
    let mut first = None;
    for _ in 0..10 {
        let waiting = house.challenge(HANAKO, PASSWORD).await;
        first.get_or_insert(house.now());
        let wrong = wrong_code(&who.app, house.now());
        assert_eq!(house.finish(&waiting, &wrong).await, Err(PeopleError::WrongCode));
    }
    let until = first.unwrap() + TimeDelta::minutes(15);
    let locked = PeopleError::TooMany { code: "second_factor_locked", until };
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    let recovery = SecondProof::RecoveryCode(who.codes[0].clone());
    for proof in [house.fresh_code(&who.app), recovery] {
        assert_eq!(house.finish(&waiting, &proof).await, Err(locked.clone()), "not even what is right");
    }
    house.clock.set(until);
    assert!(until - begun < TimeDelta::minutes(16));
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    house.finish(&waiting, &house.fresh_code(&who.app)).await.unwrap();

    // What is right takes back its own try, and none of those that were wrong.
    house.later(TimeDelta::minutes(15));
    for _ in 0..9 {
        let waiting = house.challenge(HANAKO, PASSWORD).await;
        house.finish(&waiting, &wrong_code(&who.app, house.now())).await.unwrap_err();
    }
    for code in &who.codes[..3] {
        let waiting = house.challenge(HANAKO, PASSWORD).await;
        house.finish(&waiting, &SecondProof::RecoveryCode(code.clone())).await.unwrap();
    }
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    let wrong = wrong_code(&who.app, house.now());
    assert_eq!(house.finish(&waiting, &wrong).await, Err(PeopleError::WrongCode));
    let locked = house.finish(&waiting, &wrong).await.unwrap_err();
    assert_eq!(locked.code(), "second_factor_locked");
}

async fn after_a_hundred_wrong_codes_only_a_recovery_code_is_taken(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    for _ in 0..MOST_WRONG_CODES / 10 {
        house.later(TimeDelta::minutes(15));
        for _ in 0..2 {
            let waiting = house.challenge(HANAKO, PASSWORD).await;
            for _ in 0..5 {
                let wrong = wrong_code(&who.app, house.now());
                assert_eq!(house.finish(&waiting, &wrong).await, Err(PeopleError::WrongCode));
            }
        }
    }
    house.later(TimeDelta::minutes(15));
    let own = scope(&who.signed_in).into();
    assert!(house.people.two_factor(&own).await.unwrap().is_blocked);
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    assert_eq!(waiting.factors, [Factor::RecoveryCode]);
    let closed = house.finish(&waiting, &house.fresh_code(&who.app)).await.unwrap_err();
    assert!(refused("factor_not_open")(&closed), "{closed:?}");
    let closed = house.people.send_code(&visitor(), waiting.token.expose()).await.unwrap_err();
    assert!(refused("factor_not_open")(&closed), "{closed:?}");
    house.finish(&waiting, &SecondProof::RecoveryCode(who.codes[0].clone())).await.unwrap();
    assert!(!house.people.two_factor(&own).await.unwrap().is_blocked);
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    house.finish(&waiting, &house.fresh_code(&who.app)).await.unwrap();
}

async fn a_sign_in_that_waits_ends_with_what_it_rests_on(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    let (caller, own) = (acting(&who.signed_in), scope(&who.signed_in));
    let waiting = house.challenge(HANAKO, PASSWORD).await;
    let new = Secret::new(NEW_PASSWORD);
    house.people.change_password(&caller, &own, &Secret::new(PASSWORD), &new).await.unwrap();
    house.letters.empty();
    assert_eq!(house.finish(&waiting, &house.fresh_code(&who.app)).await.map(drop), OVER);
    assert_eq!(house.people.send_code(&visitor(), waiting.token.expose()).await.map(drop), OVER);

    let waiting = house.challenge(HANAKO, NEW_PASSWORD).await;
    let (operator, user) = (&house.operator, who.signed_in.user.id);
    house.people.lock(&world.caller, &house.support, user, "spam").await.unwrap();
    assert_eq!(house.finish(&waiting, &house.fresh_code(&who.app)).await.map(drop), OVER);
    house.people.unlock(&world.caller, &house.support, user).await.unwrap();
    let waiting = house.challenge(HANAKO, NEW_PASSWORD).await;
    let leave = PeopleScope::Operator(operator.clone(), user);
    house.people.delete(&world.caller, &leave).await.unwrap();
    assert_eq!(house.finish(&waiting, &house.fresh_code(&who.app)).await.map(drop), OVER);
}

pub(super) fn google(subject: &str) -> Identity {
    Identity {
        provider: "google".parse().unwrap(),
        subject: subject.to_owned(),
        email: Some(email(HANAKO)),
        email_verified: true,
        locale: Locale::Ja,
        display_name: "花子".to_owned(),
    }
}

async fn a_provider_does_not_stand_in_for_the_app(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    // Who has the address elsewhere has it not here: the account is not linked behind the second factor's back.
    assert_eq!(house.people.arrive(&visitor(), &google("108"), None).await, Ok(Arrived::ProveFirst));
    let user = who.signed_in.user.id;
    assert_eq!(house.store.accounts(user).await.unwrap().len(), 1);
    let (caller, own) = (acting(&who.signed_in), scope(&who.signed_in));
    let linked = house.people.arrive(&caller, &google("108"), Some(&own)).await;
    assert_eq!(linked, Ok(Arrived::Linked(user)));
    house.letters.empty();

    let arrived = house.people.arrive(&visitor(), &google("108"), None).await.unwrap();
    let Arrived::SecondFactor(waiting) = arrived else { panic!("{arrived:?}") };
    assert_eq!(waiting.factors, [Factor::App, Factor::RecoveryCode]);
    let closed = house.people.send_code(&visitor(), waiting.token.expose()).await.unwrap_err();
    assert!(refused("factor_not_open")(&closed), "{closed:?}");
    let signed_in = house.finish(&waiting, &house.fresh_code(&who.app)).await.unwrap();
    assert_eq!(signed_in.session.methods, [Method::Federated, Method::OneTimePassword].into());
    let accounts = house.store.accounts(user).await.unwrap();
    let google_account = accounts.iter().find(|account| !account.provider.is_local()).unwrap();
    assert_eq!(signed_in.session.account, google_account.id);

    // Unlinked meanwhile, it opens nothing any more.
    let arrived = house.people.arrive(&visitor(), &google("108"), None).await.unwrap();
    let Arrived::SecondFactor(waiting) = arrived else { panic!("{arrived:?}") };
    house.people.unlink(&caller, &own, google_account.id).await.unwrap();
    assert_eq!(house.finish(&waiting, &house.fresh_code(&who.app)).await.map(drop), OVER);
    assert!(!house.is_known(&signed_in.tokens.access).await, "what began with it has ended");
    assert!(house.is_known(&who.signed_in.tokens.access).await);
}

async fn a_reset_does_not_stand_in_for_the_app(world: World) {
    let house = House::of(&world);
    let who = house.person_with_app(HANAKO).await;
    house.people.ask_reset(&visitor(), &email(HANAKO)).await.unwrap();
    let link = house.link(MessageKind::PasswordReset, HANAKO);
    house.people.reset_password(&visitor(), &link, &Secret::new(NEW_PASSWORD)).await.unwrap();
    house.letter(MessageKind::PasswordChanged, HANAKO);
    assert!(!house.is_known(&who.signed_in.tokens.access).await);
    // Whoever has the mailbox has the new password, and no code that is mailed.
    let waiting = house.challenge(HANAKO, NEW_PASSWORD).await;
    assert_eq!(waiting.factors, [Factor::App, Factor::RecoveryCode]);
    let closed = house.people.send_code(&visitor(), waiting.token.expose()).await.unwrap_err();
    assert!(refused("factor_not_open")(&closed), "{closed:?}");
    house.finish(&waiting, &house.fresh_code(&who.app)).await.unwrap();
    let waiting = house.challenge(HANAKO, NEW_PASSWORD).await;
    assert_eq!(waiting.factors, [Factor::App, Factor::RecoveryCode, Factor::EmailCode]);
}
