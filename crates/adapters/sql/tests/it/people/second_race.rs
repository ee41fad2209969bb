//! Second factors at the same moment, over two pools of connections.

use super::race::{houses, rows_of};
use super::{Guarded, HANAKO, House, PASSWORD, acting, scope, wrong_code};
use crate::crowd::all_at_once;
use chrono::TimeDelta;
use musubi_identity::challenge::Challenge;
use musubi_identity::message::MessageKind;
use musubi_identity::people::SignedIn;
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::second_step::SecondProof;
use musubi_kernel::secret::Secret;
use musubi_sql_testing::{TestDb, on_each_engine};
use std::sync::Arc;

on_each_engine!(
    one_code_used_at_once_opens_one_session,
    one_recovery_code_used_at_once_opens_one_session,
    one_mailed_code_used_at_once_opens_one_session,
    one_sign_in_finished_at_once_in_many_ways_opens_one_session,
    wrong_codes_at_once_are_all_counted,
    one_code_is_mailed_at_once,
);

async fn begin(houses: &[Arc<House>; 2], count: usize) -> Vec<Challenge> {
    let mut begun = Vec::new();
    for n in 0..count {
        begun.push(houses[n % 2].challenge(HANAKO, PASSWORD).await);
    }
    begun
}

async fn finish_at_once(
    houses: &[Arc<House>; 2],
    waiting: &[Challenge],
    proof: &SecondProof,
) -> (Vec<SignedIn>, Vec<PeopleError>) {
    let done = all_at_once(waiting.len(), |n| {
        let (house, waiting, proof) = (houses[n % 2].clone(), waiting[n].clone(), proof.clone());
        Box::pin(async move { house.finish(&waiting, &proof).await })
    });
    let (opened, refused): (Vec<_>, Vec<_>) = done.await.into_iter().partition(Result::is_ok);
    (opened.into_iter().map(Result::unwrap).collect(), refused.into_iter().map(Result::unwrap_err).collect())
}

async fn person(houses: &[Arc<House>; 2]) -> Guarded {
    houses[0].person_with_app(HANAKO).await
}

async fn one_code_used_at_once_opens_one_session(test: TestDb) {
    let houses = houses(&test).await;
    let who = person(&houses).await;
    for round in 1..=3 {
        houses[0].later(TimeDelta::minutes(15));
        let waiting = begin(&houses, 6).await;
        let proof = houses[0].fresh_code(&who.app);
        let (opened, refused) = finish_at_once(&houses, &waiting, &proof).await;
        assert_eq!((opened.len(), rows_of(&test, "sessions").await), (1, 1 + round));
        assert!(refused.iter().all(|refused| *refused == PeopleError::WrongCode), "{refused:?}");
    }
}

async fn one_recovery_code_used_at_once_opens_one_session(test: TestDb) {
    let houses = houses(&test).await;
    let who = person(&houses).await;
    let waiting = begin(&houses, 6).await;
    let (opened, refused) = finish_at_once(&houses, &waiting, &SecondProof::RecoveryCode(who.codes[3].clone())).await;
    assert_eq!((opened.len(), rows_of(&test, "sessions").await), (1, 2));
    assert!(refused.iter().all(|refused| *refused == PeopleError::WrongCode), "{refused:?}");
    let own = scope(&opened[0]).into();
    assert_eq!(houses[0].people.two_factor(&own).await.unwrap().recovery_codes_left, 9);
}

async fn one_mailed_code_used_at_once_opens_one_session(test: TestDb) {
    let houses = houses(&test).await;
    person(&houses).await;
    let waiting = begin(&houses, 1).await.remove(0);
    houses[0].people.send_code(&super::visitor(), waiting.token.expose()).await.unwrap();
    let code = houses[0].link(MessageKind::SignInCode, HANAKO);
    let waiting = vec![waiting; 4];
    let (opened, refused) = finish_at_once(&houses, &waiting, &SecondProof::EmailCode(Secret::new(code))).await;
    assert_eq!((opened.len(), rows_of(&test, "sessions").await), (1, 2));
    for refused in refused {
        assert!(matches!(refused, PeopleError::WrongCode | PeopleError::ChallengeOver), "{refused:?}");
    }
}

async fn one_sign_in_finished_at_once_in_many_ways_opens_one_session(test: TestDb) {
    let houses = houses(&test).await;
    let who = person(&houses).await;
    let own = scope(&who.signed_in).into();
    let mut left = who.codes.len();
    for round in 1..=3 {
        houses[0].later(TimeDelta::minutes(15));
        let waiting = begin(&houses, 1).await.remove(0);
        // What they were told of a recovery code that let them in.
        houses[0].letters.empty();
        houses[0].people.send_code(&super::visitor(), waiting.token.expose()).await.unwrap();
        let mailed = houses[0].link(MessageKind::SignInCode, HANAKO);
        let recovery = |n: usize| SecondProof::RecoveryCode(who.codes[n].clone());
        // Each of them is right.
        let proofs = [
            houses[0].fresh_code(&who.app),
            recovery(2 * round),
            recovery(2 * round + 1),
            SecondProof::EmailCode(Secret::new(mailed)),
        ];
        let done = all_at_once(4, |n| {
            let (house, waiting, proof) = (houses[n % 2].clone(), waiting.clone(), proofs[n].clone());
            Box::pin(async move { house.finish(&waiting, &proof).await })
        });
        let (opened, refused): (Vec<_>, Vec<_>) = done.await.into_iter().partition(Result::is_ok);
        assert_eq!((opened.len(), rows_of(&test, "sessions").await), (1, 1 + round), "{refused:?}");
        assert!(refused.iter().all(|refused| *refused == Err(PeopleError::ChallengeOver)), "{refused:?}");
        // The others have used nothing up.
        let now_left = houses[1].people.two_factor(&own).await.unwrap().recovery_codes_left;
        assert!(left - now_left <= 1, "{left} {now_left}");
        left = now_left;
    }
}

async fn wrong_codes_at_once_are_all_counted(test: TestDb) {
    let houses = houses(&test).await;
    let who = person(&houses).await;
    let one = begin(&houses, 1).await.remove(0);
    let wrong = wrong_code(&who.app, houses[0].now());
    // Of one sign-in five are tried, of all of a person ten.
    let (_, refused) = finish_at_once(&houses, &vec![one; 8], &wrong).await;
    let tried = |refused: &[PeopleError]| refused.iter().filter(|one| **one == PeopleError::WrongCode).count();
    let over = refused.iter().filter(|one| **one == PeopleError::ChallengeOver).count();
    assert_eq!((tried(&refused), over), (5, 3), "{refused:?}");
    let waiting = begin(&houses, 8).await;
    let (_, refused) = finish_at_once(&houses, &waiting, &wrong).await;
    let locked = refused.iter().filter(|one| matches!(one, PeopleError::TooMany { .. })).count();
    assert_eq!((tried(&refused), locked), (5, 3), "{refused:?}");
    let app = houses[1].store.two_factor(who.signed_in.user.id).await.unwrap().unwrap();
    assert_eq!(app.wrong_codes, 10);
    let own = scope(&who.signed_in);
    let (present, new) = (Secret::new(PASSWORD), Secret::new(super::NEW_PASSWORD));
    let locked = houses[1].people.change_password(&acting(&who.signed_in), &own, &present, &new).await;
    assert!(matches!(locked, Err(PeopleError::TooMany { .. })), "{locked:?}");
}

async fn one_code_is_mailed_at_once(test: TestDb) {
    let houses = houses(&test).await;
    person(&houses).await;
    let waiting = begin(&houses, 6).await;
    let sent = all_at_once(6, |n| {
        let (house, waiting) = (houses[n % 2].clone(), waiting[n].clone());
        Box::pin(async move { house.people.send_code(&super::visitor(), waiting.token.expose()).await })
    });
    let (sent, refused): (Vec<_>, Vec<_>) = sent.await.into_iter().partition(Result::is_ok);
    assert!(refused.iter().all(|refused| matches!(refused, Err(PeopleError::TooMany { .. }))), "{refused:?}");
    let letters = [houses[0].letters.empty(), houses[1].letters.empty()].concat();
    assert_eq!((sent.len(), letters.len()), (1, 1));
}
