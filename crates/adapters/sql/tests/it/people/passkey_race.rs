//! Passkeys at the same moment, over two pools of connections.

use super::race::{houses, rows_of};
use super::{HANAKO, acting, refused, scope, visitor};
use crate::crowd::all_at_once;
use musubi_identity::passkey::MOST;
use musubi_identity::passkey::memory::Device;
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::passkeys::PasskeyAnswer;
use musubi_sql_testing::{TestDb, on_each_engine};

on_each_engine!(
    one_answer_used_at_once_opens_one_session,
    two_answers_at_once_show_a_copy,
    one_credential_added_at_once_is_one_persons,
    no_more_than_twenty_are_added_at_once,
);

async fn one_answer_used_at_once_opens_one_session(test: TestDb) {
    let houses = houses(&test).await;
    let mut device = Device::new(b"one");
    houses[0].person_with_passkey(HANAKO, &mut device).await;
    for round in 1..=3 {
        let asked = houses[0].people.begin_passkey_sign_in().await.unwrap();
        let answer = PasskeyAnswer { ceremony: asked.id, credential: device.answer(&asked.options) };
        let done = all_at_once(6, |n| {
            let (house, answer) = (houses[n % 2].clone(), answer.clone());
            Box::pin(async move { house.people.sign_in_by_passkey(&visitor(), &answer).await })
        });
        let (opened, over): (Vec<_>, Vec<_>) = done.await.into_iter().partition(Result::is_ok);
        assert_eq!((opened.len(), rows_of(&test, "sessions").await), (1, 1 + round));
        assert!(over.iter().all(|over| *over == Err(PeopleError::ChallengeOver)), "{over:?}");
    }
}

async fn two_answers_at_once_show_a_copy(test: TestDb) {
    let houses = houses(&test).await;
    let mut device = Device::new(b"one");
    houses[0].person_with_passkey(HANAKO, &mut device).await;
    let mut answers = Vec::new();
    for _ in 0..4 {
        let asked = houses[0].people.begin_passkey_sign_in().await.unwrap();
        // Each by a copy that has counted as far.
        answers.push(PasskeyAnswer { ceremony: asked.id, credential: device.clone().answer(&asked.options) });
    }
    let done = all_at_once(answers.len(), |n| {
        let (house, answer) = (houses[n % 2].clone(), answers[n].clone());
        Box::pin(async move { house.people.sign_in_by_passkey(&visitor(), &answer).await })
    });
    let (opened, wrong): (Vec<_>, Vec<_>) = done.await.into_iter().partition(Result::is_ok);
    assert_eq!((opened.len(), rows_of(&test, "sessions").await), (1, 2));
    assert!(wrong.iter().all(|wrong| *wrong == Err(PeopleError::WrongPasskey)), "{wrong:?}");
}

async fn one_credential_added_at_once_is_one_persons(test: TestDb) {
    let houses = houses(&test).await;
    let mut people = Vec::new();
    for address in [HANAKO, "taro@example.jp"] {
        houses[0].person(address).await;
        people.push(houses[0].sign_in(address).await);
    }
    let done = all_at_once(2, |n| {
        let (house, signed_in) = (houses[n].clone(), people[n].clone());
        Box::pin(async move { house.try_add(&signed_in, &mut Device::new(b"one"), "a").await })
    });
    let (added, taken): (Vec<_>, Vec<_>) = done.await.into_iter().partition(Result::is_ok);
    assert_eq!((added.len(), rows_of(&test, "passkeys").await), (1, 1));
    assert!(taken.iter().all(|taken| taken.as_ref().is_err_and(refused("passkey_taken"))), "{taken:?}");
}

async fn no_more_than_twenty_are_added_at_once(test: TestDb) {
    let houses = houses(&test).await;
    let (signed_in, _) = houses[0].person_with_passkey(HANAKO, &mut Device::new(b"one")).await;
    for n in 2..MOST {
        houses[0].try_add(&signed_in, &mut Device::new(&n.to_be_bytes()), "a").await.unwrap();
    }
    let mut made = Vec::new();
    for n in [b"a", b"b", b"c", b"d"] {
        let asked = houses[0].people.begin_passkey(&scope(&signed_in)).await.unwrap();
        made.push(PasskeyAnswer { ceremony: asked.id, credential: Device::new(n).register(&asked.options) });
    }
    let done = all_at_once(made.len(), |n| {
        let (house, signed_in, made) = (houses[n % 2].clone(), signed_in.clone(), made[n].clone());
        Box::pin(async move { house.people.add_passkey(&acting(&signed_in), &scope(&signed_in), "a", &made).await })
    });
    let (added, refusals): (Vec<_>, Vec<_>) = done.await.into_iter().partition(Result::is_ok);
    assert_eq!((added.len(), rows_of(&test, "passkeys").await), (1, MOST));
    assert!(refusals.iter().all(|one| one.as_ref().is_err_and(refused("too_many_passkeys"))), "{refusals:?}");
}
