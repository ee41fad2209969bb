//! Many at a time, over two pools of connections, as two processes would be.

use super::{HANAKO, House, PASSWORD, email, registration, visitor};
use crate::booking::house::Jitter;
use crate::crowd::all_at_once;
use chrono::TimeDelta;
use musubi_identity::locale::Locale;
use musubi_identity::message::MessageKind;
use musubi_identity::password_hasher::FastHasher;
use musubi_identity::people::Tokens;
use musubi_identity::people::accounts::{Arrived, Identity};
use musubi_identity::people::error::PeopleError;
use musubi_identity::session::EndReason;
use musubi_identity::sign_in_account::SignInAccount;
use musubi_kernel::access::Caller;
use musubi_kernel::clock::ManualClock;
use musubi_kernel::id::{SystemIds, UserId};
use musubi_kernel::secret::Secret;
use musubi_sql::SqlStore;
use musubi_sql_testing::{TestDb, key_ring, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Query};
use std::sync::Arc;

on_each_engine!(
    one_token_refreshed_at_once_leaves_one_live_pair,
    a_first_use_and_a_retry_do_not_both_hold,
    one_link_makes_one_person,
    one_address_becomes_one_person,
    one_provider_account_becomes_one_person,
    who_is_locked_while_signing_in_is_out,
    who_is_banned_while_signing_in_is_out,
    a_password_that_was_changed_lets_nobody_in,
    who_sign_in_at_once_over_an_outdated_hash_all_come_in,
);

/// Two processes on one database. Ids and tokens are the system's: those that tests count are equal in both.
pub(super) async fn houses(test: &TestDb) -> [Arc<House>; 2] {
    let other = SqlStore::new(test.reconnect().await, Arc::new(key_ring()));
    let clock = Arc::new(ManualClock::at("2026-03-20T01:02:03Z".parse().unwrap()));
    [test.store(), other].map(Arc::new).map(|store| {
        Arc::new(House::with((store.clone(), store), clock.clone(), Arc::new(SystemIds), Arc::new(Jitter)))
    })
}

pub(super) async fn rows_of(test: &TestDb, table: &'static str) -> usize {
    test.db.all(&Query::select().column("id").from(table).to_owned()).await.unwrap().len()
}

async fn refresh(house: &House, tokens: &Tokens) -> Result<Tokens, PeopleError> {
    house.people.refresh(&visitor(), tokens.refresh.expose()).await
}

async fn one_token_refreshed_at_once_leaves_one_live_pair(test: TestDb) {
    let houses = houses(&test).await;
    houses[0].person(HANAKO).await;
    for _ in 0..5 {
        let first = houses[0].sign_in(HANAKO).await.tokens;
        let pairs = all_at_once(6, |n| {
            let (house, first) = (houses[n % 2].clone(), first.clone());
            Box::pin(async move { refresh(&house, &first).await })
        });
        // Nobody used what they got, so every one is a rotation or a retry of it.
        let pairs: Vec<Tokens> = pairs.await.into_iter().map(Result::unwrap).collect();
        let mut live = Vec::new();
        for pair in &pairs {
            if houses[1].is_known(&pair.access).await {
                live.push(pair);
            }
        }
        let [live] = live.as_slice() else { panic!("{} live pairs", live.len()) };
        refresh(&houses[1], live).await.unwrap();
    }
}

async fn a_first_use_and_a_retry_do_not_both_hold(test: TestDb) {
    let houses = houses(&test).await;
    houses[0].person(HANAKO).await;
    for _ in 0..10 {
        let first = houses[0].sign_in(HANAKO).await.tokens;
        let second = refresh(&houses[0], &first).await.unwrap();
        let (owner, thief) = (houses[0].clone(), houses[1].clone());
        let access = second.access.clone();
        let used = tokio::spawn(async move { owner.is_known(&access).await });
        let again = tokio::spawn(async move { refresh(&thief, &first).await });
        let (used, again) = (used.await.unwrap(), again.await.unwrap());
        match again {
            // The retry was first: what it replaced never opened anything.
            Ok(third) => assert!(!used && houses[1].is_known(&third.access).await),
            // The use was first, and the session is over.
            Err(error) => {
                assert_eq!((error, used), (PeopleError::SessionEnded, true));
                assert!(!houses[1].is_known(&second.access).await);
            }
        }
    }
}

async fn one_link_makes_one_person(test: TestDb) {
    let houses = houses(&test).await;
    let token = houses[0].ask(HANAKO).await;
    // As many as may try a password at once.
    let made = all_at_once(5, |n| {
        let (house, token) = (houses[n % 2].clone(), token.clone());
        Box::pin(async move { house.verify(&token).await })
    });
    let (made, refused): (Vec<_>, Vec<_>) = made.await.into_iter().partition(Result::is_ok);
    assert!(refused.iter().all(|refused| *refused == Err(PeopleError::SpentToken)), "{refused:?}");
    assert_eq!((made.len(), rows_of(&test, "users").await, rows_of(&test, "sign_in_accounts").await), (1, 1, 1));
}

async fn one_address_becomes_one_person(test: TestDb) {
    let houses = houses(&test).await;
    let mut tokens = Vec::new();
    for _ in 0..6 {
        houses[0].later(TimeDelta::hours(1));
        tokens.push(houses[0].ask(HANAKO).await);
    }
    let made = all_at_once(6, |n| {
        let (house, token) = (houses[n % 2].clone(), tokens[n].clone());
        Box::pin(async move { house.verify(&token).await })
    });
    let (made, refused): (Vec<_>, Vec<_>) = made.await.into_iter().partition(Result::is_ok);
    for refused in &refused {
        assert!(matches!(refused, Err(PeopleError::Refused { code: "already_registered", .. })), "{refused:?}");
    }
    assert_eq!((made.len(), rows_of(&test, "users").await, rows_of(&test, "sign_in_accounts").await), (1, 1, 1));
    // Asked again by many at once, too; so many mails are sent within an hour.
    houses[0].later(TimeDelta::hours(1));
    let asked = all_at_once(6, |n| {
        let house = houses[n % 2].clone();
        Box::pin(async move { house.people.register(&visitor(), &registration(HANAKO)).await })
    });
    assert!(asked.await.iter().all(Result::is_ok));
    let letters = [houses[0].letters.empty(), houses[1].letters.empty()].concat();
    assert_eq!(letters.iter().filter(|letter| letter.kind == MessageKind::AlreadyRegistered).count(), 3);
}

async fn one_provider_account_becomes_one_person(test: TestDb) {
    let houses = houses(&test).await;
    let identity = Identity {
        provider: "line".parse().unwrap(),
        subject: "U1".into(),
        email: Some(email(HANAKO)),
        email_verified: true,
        locale: Locale::default(),
        display_name: String::new(),
    };
    let arrived = all_at_once(6, |n| {
        let (house, identity) = (houses[n % 2].clone(), identity.clone());
        Box::pin(async move { house.people.arrive(&visitor(), &identity, None).await })
    });
    let who = |arrived: Result<Arrived, PeopleError>| match arrived {
        Ok(Arrived::SignedIn(signed_in)) => signed_in.user.id,
        other => panic!("{other:?}"),
    };
    let people: std::collections::BTreeSet<UserId> = arrived.await.into_iter().map(who).collect();
    assert_eq!((people.len(), rows_of(&test, "users").await, rows_of(&test, "sessions").await), (1, 1, 6));
}

async fn who_is_locked_while_signing_in_is_out(test: TestDb) {
    who_is_kept_out_while_signing_in_is_out(test, EndReason::Locked).await;
}

async fn who_is_banned_while_signing_in_is_out(test: TestDb) {
    who_is_kept_out_while_signing_in_is_out(test, EndReason::Banned).await;
}

async fn who_is_kept_out_while_signing_in_is_out(test: TestDb, reason: EndReason) {
    let houses = houses(&test).await;
    let (is_ban, caller) = (reason == EndReason::Banned, Caller::system());
    let user = houses[0].person(HANAKO).await;
    for _ in 0..5 {
        let mut signing_in = Vec::new();
        for n in 0..4 {
            let house = houses[n % 2].clone();
            signing_in.push(tokio::spawn(async move { house.try_sign_in(HANAKO, PASSWORD).await }));
        }
        let House { people, support, moderator, .. } = &*houses[1];
        let kept_out = if is_ban {
            people.ban(&caller, moderator, user.id, "threats").await
        } else {
            people.lock(&caller, support, user.id, "spam").await
        };
        kept_out.unwrap();
        for signed_in in signing_in {
            if let Ok(signed_in) = signed_in.await.unwrap() {
                assert!(!houses[0].is_known(&signed_in.tokens.access).await);
            }
        }
        let live =
            Query::select().column("id").from("sessions").and_where(Expr::col("revoked_at").is_null()).to_owned();
        assert_eq!(test.db.all(&live).await.unwrap().len(), 0);
        let let_in = if is_ban {
            people.unban(&caller, moderator, user.id).await
        } else {
            people.unlock(&caller, support, user.id).await
        };
        let_in.unwrap();
    }
}

async fn a_password_that_was_changed_lets_nobody_in(test: TestDb) {
    let houses = houses(&test).await;
    houses[0].person(HANAKO).await;
    let mut present = PASSWORD.to_owned();
    for round in 0..5 {
        let here = houses[0].try_sign_in(HANAKO, &present).await.unwrap();
        let mut signing_in = Vec::new();
        for n in 0..4 {
            let (house, present) = (houses[n % 2].clone(), present.clone());
            signing_in.push(tokio::spawn(async move { house.try_sign_in(HANAKO, &present).await }));
        }
        let next = format!("lake number {round}");
        let (own, new) = (super::scope(&here), Secret::new(next.as_str()));
        let old = Secret::new(present);
        houses[1].people.change_password(&super::acting(&here), &own, &old, &new).await.unwrap();
        for signed_in in signing_in {
            if let Ok(signed_in) = signed_in.await.unwrap() {
                assert!(!houses[0].is_known(&signed_in.tokens.access).await);
            }
        }
        assert!(houses[0].is_known(&here.tokens.access).await);
        present = next;
    }
}

/// As the first of them hashes the password anew.
async fn who_sign_in_at_once_over_an_outdated_hash_all_come_in(test: TestDb) {
    let houses = houses(&test).await;
    let user = houses[0].person(HANAKO).await;
    for _ in 0..5 {
        let mut unit = houses[0].store.begin().await.unwrap();
        let account = unit.accounts(user.id).await.unwrap().remove(0);
        let outdated = Some(FastHasher::outdated(PASSWORD));
        unit.save_account(&SignInAccount { password_hash: outdated, ..account }).await.unwrap();
        unit.commit().await.unwrap();
        let signed_in = all_at_once(4, |n| {
            let house = houses[n % 2].clone();
            Box::pin(async move { house.try_sign_in(HANAKO, PASSWORD).await.map(drop) })
        });
        assert_eq!(signed_in.await, vec![Ok(()); 4]);
        let kept = houses[1].store.accounts(user.id).await.unwrap().remove(0).password_hash;
        assert_eq!(kept, Some(FastHasher::hashed(PASSWORD)));
    }
}
