//! Sign-ins without a lock: good for as long as nothing more is written about the person.

use super::race::{houses, rows_of};
use super::{HANAKO, House, record, visitor};
use crate::contract::{World, contract};
use musubi_identity::lifetimes::Lifetimes;
use musubi_identity::people::ports::{Seen, Which};
use musubi_identity::session::{EndReason, Fresh, Method, Session};
use musubi_identity::token::TokenDigest;
use musubi_identity::user::User;
use musubi_kernel::id::{IdGen as _, SystemIds};
use musubi_sql::audit::{Verified, chain_of_person, verify};
use musubi_sql_testing::{Engine, TestDb, on_each_engine};
use std::time::Duration;
use uuid::Uuid;

contract!(who_was_seen_comes_in_until_more_is_written, of_whom_nothing_was_written_they_do_not_come_in_so,);
on_each_engine!(a_lock_keeps_those_out_who_were_seen_before, a_sign_in_takes_few_round_trips);

async fn seen(house: &House) -> Seen {
    house.store.see(&HANAKO.parse().unwrap()).await.unwrap().expect("a person")
}

fn session(house: &House, seen: &Seen) -> Session {
    let digest = || TokenDigest(SystemIds.secret());
    let (fresh, methods) = (Fresh { refresh: digest(), access: digest() }, [Method::Password].into());
    let (id, now) = (Uuid::new_v4().into(), house.now());
    let account = seen.local.as_ref().expect("a local account").id;
    Session::begin(id, seen.user.id, account, digest(), fresh, methods, &visitor(), &Lifetimes::default(), now)
}

async fn open(house: &House, seen: &Seen) -> bool {
    house.store.open_session(seen, &session(house, seen), &record(house, &seen.user)).await.unwrap()
}

fn entries(seen: &Seen) -> i64 {
    seen.written.expect("something was written").entries
}

async fn who_was_seen_comes_in_until_more_is_written(world: World) {
    let house = House::of(&world);
    let user = house.person(HANAKO).await;
    let first = seen(&house).await;
    assert_eq!((&first.user, first.has_second_factor), (&user, false));
    assert!(open(&house, &first).await);
    assert!(!open(&house, &first).await, "the session that began is written");
    let second = seen(&house).await;
    assert_eq!(entries(&second), entries(&first) + 1);
    assert!(second.local.as_ref().unwrap().last_login_at.is_some());
    house.try_sign_in(HANAKO, "wrong-password").await.unwrap_err();
    assert!(!open(&house, &second).await);
    assert!(open(&house, &seen(&house).await).await);
    assert_eq!(house.store.sessions(user.id, house.now()).await.unwrap().len(), 2);
    assert_eq!(house.store.see(&"other@example.jp".parse().unwrap()).await, Ok(None));
}

async fn of_whom_nothing_was_written_they_do_not_come_in_so(world: World) {
    let house = House::of(&world);
    let new = User { email: Some("new@example.jp".parse().unwrap()), ..house.person(HANAKO).await };
    let new = User { id: Uuid::new_v4().into(), ..new };
    let mut unit = house.store.begin().await.unwrap();
    unit.add_user(&new).await.unwrap();
    unit.commit().await.unwrap();
    let seen = house.store.see(&"new@example.jp".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((&seen.user, &seen.local, seen.has_second_factor, seen.written), (&new, &None, false, None));
    let with_account = Seen { local: self::seen(&house).await.local, ..seen };
    assert!(!open(&house, &with_account).await);
}

async fn a_lock_keeps_those_out_who_were_seen_before(test: TestDb) {
    let [decides, enters] = houses(&test).await;
    let user = decides.person(HANAKO).await;
    let before = seen(&enters).await;
    let mut unit = decides.store.begin().await.unwrap();
    unit.lock(user.id).await.unwrap();
    unit.end_sessions(user.id, Which::All, EndReason::Locked, decides.now()).await.unwrap();
    let entering = {
        let (enters, before) = (enters.clone(), before.clone());
        tokio::spawn(async move { open(&enters, &before).await })
    };
    // Long enough for it to get as far as it can; should it not, it has less to show, and is refused all the same.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!entering.is_finished(), "it waits for who holds the lock");
    unit.note(Some(user.id), &record(&decides, &user));
    unit.commit().await.unwrap();
    assert!(!entering.await.unwrap());
    assert_eq!(rows_of(&test, "sessions").await, 0);
    let sound = verify(&test.db, &chain_of_person(user.id)).await.unwrap();
    assert_eq!(sound, Verified { sound: 2, flaw: None });
}

/// Within transactions; to see the person is one more.
async fn a_sign_in_takes_few_round_trips(test: TestDb) {
    let store = test.store();
    let house = House::of(&World::over(&store));
    house.person(HANAKO).await;
    house.sign_in(HANAKO).await;
    let before = test.db.round_trips();
    house.sign_in(HANAKO).await;
    let each = if test.engine() == Engine::Sqlite { 3 } else { 1 };
    // The try is counted, the session begins, the try is forgiven.
    assert_eq!(test.db.round_trips() - before, 3 * each);
}
