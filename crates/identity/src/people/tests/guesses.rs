//! How often somebody may guess, and ask for mails.

use super::{World, change_of, hanako, visitor, world};
use crate::password_hash::PasswordHash;
use crate::people::error::PeopleError;
use crate::people::ports::{PeopleStore as _, Seen};
use crate::people::register::Registration;
use crate::sign_in_account::SignInAccount;
use crate::throttle::{HOUR, LONGEST_WAIT, PER_ACCOUNT, PER_CLIENT, wait_after};
use chrono::TimeDelta;
use musubi_kernel::access::Caller;
use musubi_kernel::clock::Clock as _;
use musubi_kernel::error::Failure as _;
use musubi_kernel::secret::Secret;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

const HANAKO: &str = "hanako@example.jp";

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    Right,
    Wrong,
    /// Refused for so long.
    Wait(TimeDelta),
}

use Tried::{Right, Wait, Wrong};

impl World {
    async fn with_hanako() -> Self {
        let world = world();
        world.people.register(&visitor(), &hanako()).await.unwrap();
        let link = world.letters.empty().remove(0).token.unwrap();
        world.people.verify_email(&visitor(), link.expose(), &hanako().password).await.unwrap();
        world
    }

    async fn try_from(&self, client: u32, email: &str, password: &str) -> Tried {
        match self.people.sign_in(&from(client), email, &Secret::new(password)).await {
            Ok(_) => Right,
            Err(PeopleError::WrongCredentials) => Wrong,
            Err(PeopleError::TooMany { code: "too_many_attempts", until }) => Wait(until - self.clock.now()),
            Err(other) => panic!("{other}"),
        }
    }
}

fn from(client: u32) -> Caller {
    Caller { ip: Some(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + client))), ..visitor() }
}

#[tokio::test]
async fn what_is_kept_in_place_of_a_hash_is_a_wrong_password_like_any() {
    let world = World::with_hanako().await;
    let Seen { user, local, .. } = world.store.see(&HANAKO.parse().unwrap()).await.unwrap().unwrap();
    let mut unit = world.store.begin().await.unwrap();
    unit.lock(user.id).await.unwrap();
    unit.save_account(&SignInAccount { password_hash: Some(PasswordHash::new("*")), ..local.unwrap() }).await.unwrap();
    unit.note(Some(user.id), &change_of(user.id));
    unit.commit().await.unwrap();
    let checks = world.hasher.checks();
    for _ in 0..5 {
        assert_eq!(world.try_from(1, HANAKO, "*").await, Wrong);
    }
    assert!(matches!(world.try_from(1, HANAKO, "*").await, Wait(_)), "it counts");
    assert!(world.hasher.checks() - checks >= 5, "and takes as long");
}

#[tokio::test]
async fn waits_grow_and_end_with_the_right_password_or_an_hour_of_rest() {
    let world = World::with_hanako().await;
    for round in 0..2 {
        // After an hour of rest waits are short again, though the first tries are not free.
        for _ in 0..if round == 0 { 5 } else { 1 } {
            assert_eq!(world.try_from(1, HANAKO, "wrong").await, Wrong);
        }
        for failures in 5..18 {
            let wait = wait_after(failures);
            // The right password does not help, as it is not even compared.
            let compared = world.hasher.checks();
            assert_eq!(world.try_from(1, HANAKO, "secret of hers").await, Wait(wait), "{failures}");
            world.clock.advance(wait - TimeDelta::milliseconds(1));
            assert_eq!(world.try_from(1, HANAKO, "wrong").await, Wait(TimeDelta::milliseconds(1)), "{failures}");
            assert_eq!(world.hasher.checks(), compared);
            world.clock.advance(TimeDelta::milliseconds(1));
            assert_eq!(world.try_from(1, HANAKO, "wrong").await, Wrong, "{failures}");
        }
        // Others are not held up.
        assert_eq!(world.try_from(2, HANAKO, "secret of hers").await, Right);
        world.clock.advance(HOUR);
    }
    assert_eq!(world.try_from(1, HANAKO, "secret of hers").await, Right);
    for _ in 0..6 {
        for _ in 0..4 {
            assert_eq!(world.try_from(1, HANAKO, "wrong").await, Wrong);
        }
        assert_eq!(world.try_from(1, HANAKO, "secret of hers").await, Right);
    }
}

#[tokio::test]
async fn many_at_once_are_not_more_than_as_many_in_a_row() {
    let world = Arc::new(World::with_hanako().await);
    let before = world.hasher.checks();
    let tries: Vec<_> = (0..40)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.try_from(1, HANAKO, "wrong").await })
        })
        .collect();
    let mut wrong = 0;
    for one in tries {
        wrong += usize::from(one.await.unwrap() == Wrong);
    }
    assert_eq!((wrong, world.hasher.checks() - before), (5, 5));
}

#[tokio::test]
async fn guessers_everywhere_do_not_lock_the_owner_out_where_they_are_signed_in() {
    let world = World::with_hanako().await;
    assert_eq!(world.try_from(1, HANAKO, "secret of hers").await, Right);
    for account in [HANAKO, "nobody@example.jp", "not an address"] {
        for n in 0..PER_ACCOUNT {
            assert_eq!(world.try_from(100 + n / 4, account, "wrong").await, Wrong, "{account} {n}");
        }
        assert_eq!(world.try_from(2, account, "secret of hers").await, Wait(HOUR), "{account}");
        world.clock.advance(TimeDelta::minutes(20));
        assert_eq!(
            world.try_from(2, account, "secret of hers").await,
            Wait(HOUR - TimeDelta::minutes(20)),
            "{account}"
        );
        // Neither what they are told nor how long it takes shows from where its owner has signed in.
        let cost = async |client| {
            let (checks, records) = (world.hasher.checks(), world.store.records().len());
            let tried = world.try_from(client, account, "wrong").await;
            (tried, world.hasher.checks() - checks, world.store.records().len() - records)
        };
        let elsewhere = cost(3).await;
        assert_eq!(cost(1).await, elsewhere, "{account}");
        assert_eq!(elsewhere, (Wait(HOUR - TimeDelta::minutes(20)), 1, 1), "{account}");
        // Else their own try would show whether there is such an account.
        let owners = world.try_from(1, account, "secret of hers").await;
        assert_eq!(owners == Right, account == HANAKO, "{account}: {owners:?}");
        world.clock.advance(HOUR);
    }
    assert_eq!(world.try_from(2, HANAKO, "secret of hers").await, Right);
}

#[tokio::test]
async fn one_client_does_not_try_one_password_at_every_account() {
    let world = World::with_hanako().await;
    for n in 0..PER_CLIENT {
        assert_eq!(world.try_from(1, &format!("somebody{n}@example.jp"), "wrong").await, Wrong);
        // What is right does not count.
        assert_eq!(world.try_from(2, HANAKO, "secret of hers").await, Right);
    }
    assert_eq!(world.try_from(1, HANAKO, "secret of hers").await, Wait(HOUR));
    assert_eq!(world.try_from(3, HANAKO, "secret of hers").await, Right);
    world.clock.advance(HOUR);
    assert_eq!(world.try_from(1, HANAKO, "secret of hers").await, Right);
}

#[tokio::test]
async fn a_password_that_could_not_be_compared_does_not_count() {
    let world = World::with_hanako().await;
    world.hasher.set_busy(true);
    for _ in 0..60 {
        world.people.sign_in(&from(1), HANAKO, &Secret::new("secret of hers")).await.unwrap_err();
    }
    world.hasher.set_busy(false);
    assert_eq!(world.try_from(1, HANAKO, "secret of hers").await, Right);
}

/// A registration that waits for its link to be followed; the link.
async fn registered(world: &World) -> Secret {
    registered_from(world, &visitor()).await
}

async fn registered_from(world: &World, caller: &Caller) -> Secret {
    world.people.register(caller, &hanako()).await.unwrap();
    world.letters.empty().remove(0).token.unwrap()
}

#[tokio::test]
async fn passwords_of_a_registration_are_guessed_no_faster_than_others() {
    let world = world();
    let link = registered(&world).await;
    let verify = async |client: u32, password: &str| {
        let verified = world.people.verify_email(&from(client), link.expose(), &Secret::new(password)).await;
        verified.map(drop).map_err(|error| (error.code(), error.retry_at().map(|until| until - world.clock.now())))
    };
    let wrong = Err(("wrong_registration_password", None));
    for failures in 0..10 {
        let wait = wait_after(failures);
        if wait > TimeDelta::zero() {
            let compared = world.hasher.checks();
            assert_eq!(verify(1, "secret of hers").await, Err(("too_many_attempts", Some(wait))));
            assert_eq!(world.hasher.checks(), compared, "not even what is right is compared");
            world.clock.advance(wait);
        }
        assert_eq!(verify(1, "wrong").await, wrong, "{failures}");
    }
    // Strangers who guess at the address, as they guess at others, do not keep its owner from finishing.
    for n in 0..PER_ACCOUNT {
        world.try_from(100 + n / 4, HANAKO, "wrong").await;
    }
    assert_eq!(world.try_from(2, HANAKO, "wrong").await, Wait(HOUR));
    assert_eq!(verify(2, "secret of hers").await, Ok(()));
    assert_eq!(verify(1, "secret of hers").await, Err(("token_spent", None)));
}

#[tokio::test]
async fn a_client_guesses_at_registrations_and_accounts_together() {
    let world = world();
    for n in 0..PER_CLIENT {
        let somebody = Registration { email: format!("somebody{n}@example.jp").parse().unwrap(), ..hanako() };
        world.people.register(&from(1000 + n), &somebody).await.unwrap();
        let link = world.letters.empty().remove(0).token.unwrap();
        let wrong = world.people.verify_email(&from(1), link.expose(), &Secret::new("wrong")).await.unwrap_err();
        assert_eq!(wrong.code(), "wrong_registration_password");
    }
    assert_eq!(world.try_from(1, HANAKO, "wrong").await, Wait(HOUR));
    let link = registered(&world).await;
    world.hasher.set_busy(true);
    let busy = world.people.verify_email(&from(2), link.expose(), &hanako().password).await.unwrap_err();
    assert_eq!(busy.code(), "sign_in_busy");
    world.hasher.set_busy(false);
    let refused = world.people.verify_email(&from(1), link.expose(), &hanako().password).await.unwrap_err();
    assert_eq!((refused.code(), refused.retry_at()), ("too_many_attempts", Some(world.clock.now() + HOUR)));
    world.people.verify_email(&from(2), link.expose(), &hanako().password).await.unwrap();
}

#[tokio::test]
async fn three_resets_an_hour_are_mailed_and_nobody_sees_that_there_are_no_more() {
    let world = World::with_hanako().await;
    let email = HANAKO.parse().unwrap();
    for n in 0..6 {
        let rows = world.store.rows();
        world.people.ask_reset(&from(n), &email).await.unwrap();
        assert_eq!((world.store.rows() - rows, world.letters.empty().len()), (1, usize::from(n < 3)), "{n}");
    }
    // What is asked for otherwise is counted apart.
    world.people.register(&from(7), &hanako()).await.unwrap();
    assert_eq!(world.letters.empty().len(), 1);
    world.clock.advance(HOUR);
    world.people.ask_reset(&from(1), &email).await.unwrap();
    assert_eq!(world.letters.empty().len(), 1);
}

#[tokio::test]
async fn who_asks_in_anothers_stead_does_not_keep_them_from_a_link_that_works() {
    let world = World::with_hanako().await;
    let (email, new) = (HANAKO.parse().unwrap(), Secret::new("quiet lake of stones"));
    for n in 0..9 {
        world.people.ask_reset(&from(n), &email).await.unwrap();
    }
    let links: Vec<_> = world.letters.empty().into_iter().map(|letter| letter.token.unwrap()).collect();
    assert_eq!(links.len(), 3);
    world.clock.advance(TimeDelta::minutes(50));
    let over = world.people.reset_password(&from(20), links[2].expose(), &new).await.unwrap_err();
    assert_eq!(over.code(), "token_spent");
    // She asks herself: no mail comes, and the last one is good again, for ten minutes.
    world.people.ask_reset(&from(20), &email).await.unwrap();
    assert!(world.letters.empty().is_empty());
    world.clock.advance(TimeDelta::minutes(9));
    world.people.reset_password(&from(20), links[2].expose(), &new).await.unwrap();
    world.letters.empty();
    // A link that was used, or was void with it, is not good again; so there is a new one.
    world.people.ask_reset(&from(20), &email).await.unwrap();
    let next = world.letters.empty().remove(0).token.unwrap();
    for link in &links {
        let spent = world.people.reset_password(&from(20), link.expose(), &new).await.unwrap_err();
        assert_eq!(spent.code(), "token_spent");
    }
    world.people.reset_password(&from(20), next.expose(), &new).await.unwrap();
}

#[tokio::test]
async fn who_registers_anothers_address_does_not_use_up_their_mails() {
    let world = world();
    for n in 0..12 {
        // From three networks, one after the other.
        world.people.register(&from(n / 4), &hanako()).await.unwrap();
        assert_eq!(world.letters.empty().len(), usize::from(n % 4 < 3), "{n}");
    }
    let link = registered_from(&world, &from(50)).await;
    world.people.verify_email(&from(50), link.expose(), &hanako().password).await.unwrap();
    // Ten in all.
    world.people.register(&from(51), &hanako()).await.unwrap();
    assert!(world.letters.empty().is_empty());
}

#[tokio::test]
async fn one_client_asks_for_twenty_mails_an_hour() {
    let world = world();
    for n in 0..20 {
        let email = format!("somebody{n}@example.jp").parse().unwrap();
        world.people.ask_reset(&from(1), &email).await.unwrap();
    }
    let refused = world.people.register(&from(1), &hanako()).await.unwrap_err();
    assert_eq!((refused.code(), refused.retry_at()), ("too_many_attempts", Some(world.clock.now() + HOUR)));
    assert!(world.letters.empty().is_empty());
    world.people.register(&from(2), &hanako()).await.unwrap();
    assert_eq!(world.letters.empty().len(), 1);
}

/// A step of a guesser's: a wrong password from a client, after so many seconds.
fn steps() -> impl Strategy<Value = Vec<(u32, i64)>> {
    let pause = prop_oneof![4 => 0_i64..3, 3 => 3_i64..300, 1 => 300_i64..5000];
    prop::collection::vec((0_u32..3, pause), 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whoever guesses, however slyly: what they are told is the same for an account and for nobody's address; within any
    /// hour a client gets in no more than the rule says.
    #[test]
    fn guessers_learn_and_get_no_more_than_the_rule_says(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (world, twin) = (World::with_hanako().await, World::with_hanako().await);
            let mut compared: Vec<(u32, chrono::DateTime<chrono::Utc>)> = Vec::new();
            for (client, pause) in steps {
                world.clock.advance(TimeDelta::seconds(pause));
                twin.clock.advance(TimeDelta::seconds(pause));
                let now = world.clock.now();
                let told = world.try_from(client, HANAKO, "wrong").await;
                assert_eq!(told, twin.try_from(client, "nobody@example.jp", "wrong").await);
                match told {
                    Wait(wait) => assert!(wait > TimeDelta::zero() && wait <= HOUR.max(LONGEST_WAIT)),
                    Wrong => compared.push((client, now)),
                    Right => panic!("a wrong password"),
                }
                let recent = |minutes| {
                    let since = now - TimeDelta::minutes(minutes);
                    compared.iter().filter(move |(by, at)| *by == client && *at > since).count()
                };
                // Four free ones, and at the gate ten that are 1, 2, 4, … 512 seconds apart and three at the longest wait.
                assert!(recent(60) <= 4 + 13, "{} within an hour", recent(60));
            }
        });
    }
}
