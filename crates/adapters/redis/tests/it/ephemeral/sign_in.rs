//! Signing in with a second factor, over Redis.

use chrono::{DateTime, TimeDelta, Utc};
use musubi_identity::ephemeral::Ephemeral;
use musubi_identity::ephemeral::memory::EphemeralInMemory;
use musubi_identity::locale::Locale;
use musubi_identity::passkey::memory::TrustingPasskeys;
use musubi_identity::password_hasher::FastHasher;
use musubi_identity::people::error::PeopleError;
use musubi_identity::people::memory::{Letterbox, PeopleInMemory, PlainCipher};
use musubi_identity::people::register::Registration;
use musubi_identity::people::second_step::{SecondProof, SignIn};
use musubi_identity::people::{People, Ports, Settings};
use musubi_kernel::access::{Actor, Caller};
use musubi_kernel::clock::{Clock as _, ManualClock};
use musubi_kernel::error::{ErrorKind, Failure as _};
use musubi_kernel::id::SystemIds;
use musubi_kernel::retry::NoPause;
use musubi_kernel::secret::Secret;
use musubi_redis::Redis;
use musubi_redis::ephemeral::SharedEphemeral;
use std::sync::Arc;

const EMAIL: &str = "hanako@example.jp";
const PASSWORD: &str = "correct horse battery";

struct World {
    store: Arc<PeopleInMemory>,
    clock: Arc<ManualClock>,
    codes: Vec<Secret>,
}

fn people(store: &Arc<PeopleInMemory>, clock: &Arc<ManualClock>, ephemeral: Arc<dyn Ephemeral>) -> People {
    let ports = Ports {
        store: store.clone(),
        passwords: Arc::new(FastHasher::default()),
        courier: Arc::new(Letterbox::default()),
        ephemeral,
        cipher: Arc::new(PlainCipher),
        passkeys: Arc::new(TrustingPasskeys::default()),
        clock: clock.clone(),
        ids: Arc::new(SystemIds),
        pause: Arc::new(NoPause),
    };
    People::new(ports, Settings::default())
}

fn visitor() -> Caller {
    Caller { actor: Actor::Public, ..Caller::system() }
}

async fn try_sign_in(people: &People) -> Result<SignIn, PeopleError> {
    people.sign_in(&visitor(), EMAIL, &Secret::new(PASSWORD)).await
}

/// The token of a sign-in that waits for its second factor.
async fn begin(people: &People) -> Secret {
    match try_sign_in(people).await.unwrap() {
        SignIn::SecondFactor(challenge) => challenge.token,
        SignIn::Done(signed_in) => panic!("{signed_in:?}"),
    }
}

/// Somebody with a second factor; their recovery codes.
async fn world() -> World {
    let (store, letters) = (Arc::new(PeopleInMemory::default()), Arc::new(Letterbox::default()));
    let clock = Arc::new(ManualClock::at("2026-03-20T01:02:03Z".parse::<DateTime<Utc>>().unwrap()));
    let ports = Ports {
        store: store.clone(),
        passwords: Arc::new(FastHasher::default()),
        courier: letters.clone(),
        ephemeral: Arc::new(EphemeralInMemory::default()),
        cipher: Arc::new(PlainCipher),
        passkeys: Arc::new(TrustingPasskeys::default()),
        clock: clock.clone(),
        ids: Arc::new(SystemIds),
        pause: Arc::new(NoPause),
    };
    let people = People::new(ports, Settings::default());
    let registration = Registration {
        email: EMAIL.parse().unwrap(),
        password: Secret::new(PASSWORD),
        locale: Locale::Ja,
        display_name: "花子".into(),
    };
    people.register(&visitor(), &registration).await.unwrap();
    let link = letters.empty().remove(0).token.unwrap();
    people.verify_email(&visitor(), link.expose(), &Secret::new(PASSWORD)).await.unwrap();
    let SignIn::Done(signed_in) = try_sign_in(&people).await.unwrap() else { panic!("no second factor yet") };
    let scope = signed_in.session.actor().as_person().unwrap();
    let enrolment = people.begin_two_factor(&visitor(), &scope).await.unwrap();
    let code = musubi_identity::totp::TotpSecret::from_base32(enrolment.secret.expose()).unwrap().code_at(clock.now());
    let codes = people.confirm_two_factor(&visitor(), &scope, &code).await.unwrap();
    World { store, clock, codes }
}

#[tokio::test]
async fn a_sign_in_waits_in_redis() {
    let World { store, clock, codes } = world().await;
    let people = people(&store, &clock, Arc::new(SharedEphemeral::new(crate::redis())));
    let token = begin(&people).await;
    let proof = |n: usize| SecondProof::RecoveryCode(codes[n].clone());
    let wrong = SecondProof::RecoveryCode(Secret::new("00000-00000"));
    assert_eq!(people.second_step(&visitor(), token.expose(), &wrong).await, Err(PeopleError::WrongCode));
    let signed_in = people.second_step(&visitor(), token.expose(), &proof(0)).await.unwrap();
    assert!(people.authenticate(signed_in.tokens.access.expose()).await.unwrap().is_some());
    assert_eq!(people.second_step(&visitor(), token.expose(), &proof(1)).await, Err(PeopleError::ChallengeOver));

    let late = begin(&people).await;
    clock.advance(TimeDelta::minutes(10));
    assert_eq!(people.second_step(&visitor(), late.expose(), &proof(1)).await, Err(PeopleError::ChallengeOver));
}

#[tokio::test]
async fn a_sign_in_that_waits_in_redis_is_finished_by_one_of_two() {
    let World { store, clock, codes } = world().await;
    let people = people(&store, &clock, Arc::new(SharedEphemeral::new(crate::redis())));
    for pair in codes.chunks(2) {
        let (token, before) = (begin(&people).await, store.rows());
        let proofs = [0, 1].map(|n| SecondProof::RecoveryCode(pair[n].clone()));
        let done = proofs.map(|proof| {
            let (people, token) = (people.clone(), token.clone());
            tokio::spawn(async move { people.second_step(&visitor(), token.expose(), &proof).await })
        });
        let mut opened = 0;
        for one in done {
            match one.await.unwrap() {
                Ok(_) => opened += 1,
                Err(refused) => assert_eq!(refused, PeopleError::ChallengeOver),
            }
        }
        assert_eq!((opened, store.rows() - before), (1, 1));
    }
}

#[tokio::test]
async fn nobody_is_let_in_while_redis_is_away() {
    let World { store, clock, codes } = world().await;
    let token = begin(&people(&store, &clock, Arc::new(SharedEphemeral::new(crate::redis())))).await;
    let away = Arc::new(SharedEphemeral::new(Redis::at("redis://127.0.0.1:1").unwrap()));
    let people = people(&store, &clock, away);
    let proof = SecondProof::RecoveryCode(codes[0].clone());
    let before = store.rows();
    for refused in [
        try_sign_in(&people).await.map(drop).unwrap_err(),
        people.second_step(&visitor(), token.expose(), &proof).await.map(drop).unwrap_err(),
        people.send_code(&visitor(), token.expose()).await.map(drop).unwrap_err(),
    ] {
        assert_eq!((refused.kind(), refused.code()), (ErrorKind::Unavailable, "ephemeral_unavailable"), "{refused:?}");
    }
    assert_eq!(store.rows(), before, "no session began");
}

#[tokio::test]
async fn when_redis_has_lost_everything_people_begin_again() {
    // A database of its own: it is emptied.
    let url = format!("{}/11", crate::url().trim_end_matches('/'));
    let mut plain = ::redis::Client::open(&*url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let World { store, clock, codes } = world().await;
    let people = people(&store, &clock, Arc::new(SharedEphemeral::new(Redis::at(&url).unwrap())));
    let lost = begin(&people).await;
    ::redis::cmd("FLUSHDB").exec_async(&mut plain).await.unwrap();
    let proof = SecondProof::RecoveryCode(codes[0].clone());
    assert_eq!(people.second_step(&visitor(), lost.expose(), &proof).await, Err(PeopleError::ChallengeOver));
    let signed_in = people.second_step(&visitor(), begin(&people).await.expose(), &proof).await.unwrap();
    ::redis::cmd("FLUSHDB").exec_async(&mut plain).await.unwrap();
    let actor = people.authenticate(signed_in.tokens.access.expose()).await.unwrap();
    assert!(actor.is_some(), "a session that has begun is not in Redis");
}
