//! Which keys a database belongs to.

use crate::rows::now;
use musubi_crypto::{KeyRing, LookUpKey, MasterKey, MasterKeys};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::SystemIds;
use musubi_kernel::secret::{Cipher as _, Place};
use musubi_sql::engine::Db;
use musubi_sql::sealed::{self, Bound};
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::Query;
use std::sync::Arc;
use uuid::Uuid;

pub(super) fn keys() -> MasterKeys {
    MasterKeys::only(MasterKey::generate(&SystemIds))
}

pub(super) fn ring(keys: &MasterKeys) -> KeyRing {
    KeyRing::of(keys, Arc::new(SystemIds))
}

const FRESH: [u8; 32] = [9; 32];

/// What a start with these keys does.
async fn bind(db: &Db, keys: &MasterKeys) -> Bound {
    let ring = ring(keys);
    let first = |sealed: Option<&[u8]>| match sealed {
        Some(sealed) => ring.look_up_key_beside(sealed).map(|key| *key.expose()),
        None => Some(FRESH),
    };
    sealed::bind(db, &ring, now(), first).await.unwrap()
}

/// Binds it as releases did that kept no look-up key.
async fn bind_as_of_old(db: &Db, keys: &MasterKeys) {
    let place = Place { table: "installation", column: "key_check", row: Uuid::nil() };
    let sealed = ring(keys).seal(place, b"musubi");
    let insert = Query::insert()
        .into_table("installation")
        .columns(["id", "key_check", "created_at"])
        .values_panic([Uuid::nil().into(), sealed.into(), now().into()])
        .to_owned();
    let mut tx = db.begin().await.unwrap();
    tx.exactly_one(&insert).await.unwrap();
    tx.commit().await.unwrap();
}

fn look_up_key(bound: Bound) -> LookUpKey {
    match bound {
        Bound::ToThese(key) => LookUpKey::from_bytes(&key).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn a_database_belongs_to_its_first_key(test: TestDb) {
    let (own, other) = (keys(), keys());
    assert!(!sealed::is_bound(&test.db).await.unwrap());
    assert_eq!(look_up_key(bind(&test.db, &own).await).expose(), &FRESH);
    assert!(sealed::is_bound(&test.db).await.unwrap());
    assert_eq!(look_up_key(bind(&test.db, &own).await).expose(), &FRESH);
    assert_eq!(bind(&test.db, &other).await, Bound::ToAnother);
    assert_eq!(look_up_key(bind(&test.db, &own.rotated(&SystemIds)).await).expose(), &FRESH);
    let samples = sealed::samples(&test.db).await.unwrap();
    assert!(samples.iter().all(|sample| !sample.sealed.windows(8).any(|bytes| bytes == &FRESH[..8])));
}
on_each_engine!(a_database_belongs_to_its_first_key);

async fn a_process_that_lacks_the_newest_key_knows_it(test: TestDb) {
    let old = keys();
    let new = old.rotated(&SystemIds);
    assert_eq!(sealed::try_keys(&test.db, &ring(&old)).await, Ok(()), "nothing is sealed yet");
    bind(&test.db, &new).await;
    assert_eq!(sealed::try_keys(&test.db, &ring(&new)).await, Ok(()));
    let tried = sealed::try_keys(&test.db, &ring(&old)).await;
    assert!(matches!(tried, Err(StoreError::MasterKeyMissing(_))), "{tried:?}");
}
on_each_engine!(a_process_that_lacks_the_newest_key_knows_it);

async fn of_an_older_release_the_look_up_key_stays(test: TestDb) {
    let own = keys();
    bind_as_of_old(&test.db, &own).await;
    let index = ring(&own).blind_index("users.email", "hanako@example.jp");
    assert_eq!(bind(&test.db, &keys()).await, Bound::ToAnother);
    // The first start of the newer release comes with a newer key already.
    let rotated = own.rotated(&SystemIds);
    for keys in [&rotated, &rotated] {
        let key = look_up_key(bind(&test.db, keys).await);
        assert_eq!(ring(keys).looking_up_with(key).blind_index("users.email", "hanako@example.jp"), index);
    }
    assert_eq!(bind(&test.db, &own).await, Bound::ToMore, "its look-up key is sealed with the newer");
    let newer = MasterKeys::only(rotated.current().clone());
    assert_eq!(bind(&test.db, &newer).await, Bound::ToMore, "its check is sealed with the older");
}
on_each_engine!(of_an_older_release_the_look_up_key_stays);

async fn of_many_first_starts_all_get_one_look_up_key(test: TestDb) {
    let own = keys();
    let starts = (0..8_u8).map(|n| {
        let (db, own) = (test.db.clone(), own.clone());
        tokio::spawn(async move { sealed::bind(&db, &ring(&own), now(), |_| Some([n; 32])).await.unwrap() })
    });
    let mut found = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        found.push(look_up_key(start.await.unwrap()));
    }
    assert!(found.iter().all(|key| *key == found[0]));
}
on_each_engine!(of_many_first_starts_all_get_one_look_up_key);
