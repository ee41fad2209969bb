//! What lasts for minutes, in Redis: as in every other store, and when Redis is away or has lost everything.

#[path = "../../../../identity/tests/contract/ephemeral.rs"]
mod contract;
mod sign_in;

use crate::redis;
use contract::{Shelf, for_each_rule};
use musubi_identity::ephemeral::{Counted, Ephemeral as _};
use musubi_kernel::error::{ErrorKind, Failure as _};
use musubi_kernel::id::{IdGen as _, SystemIds};
use musubi_redis::Redis;
use musubi_redis::ephemeral::SharedEphemeral;
use std::sync::Arc;
use std::time::{Duration, Instant};

macro_rules! tests {
    ($($name:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $name() {
            contract::$name(shelf()).await;
        }
    )+};
}
for_each_rule!(tests);

fn shelf() -> Shelf {
    let prefix = format!("test:{}", SystemIds.uuid(chrono::DateTime::UNIX_EPOCH));
    Shelf { servers: [redis(), redis()].map(|redis| Arc::new(SharedEphemeral::new(redis)) as _), prefix }
}

#[tokio::test]
async fn redis_deletes_what_has_ended() {
    let (store, key) = (SharedEphemeral::new(redis()), format!("{}:short", shelf().prefix));
    let now = chrono::DateTime::UNIX_EPOCH;
    store.put(&key, "one", now, now).await.unwrap();
    store.count(&format!("{key}:count"), 1, now, now).await.unwrap();
    // By the clock of who asks they would live on.
    let before = now - chrono::TimeDelta::days(1);
    let deadline = Instant::now() + Duration::from_secs(5);
    while store.get(&key, before).await.unwrap().is_some() {
        assert!(Instant::now() < deadline, "it is still there");
        tokio::task::yield_now().await;
    }
    while store.count(&format!("{key}:count"), 1, now, before).await.unwrap() != Counted::Within(1) {
        assert!(Instant::now() < deadline, "it is still there");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn when_redis_is_away_nothing_is_answered() {
    let store = SharedEphemeral::new(Redis::at("redis://127.0.0.1:1").unwrap());
    let now = chrono::DateTime::UNIX_EPOCH;
    let began = Instant::now();
    let refused = [
        store.put("a", "b", now, now).await.unwrap_err(),
        store.get("a", now).await.unwrap_err(),
        store.take("a", now).await.unwrap_err(),
        store.attempt("a", 1, now).await.unwrap_err(),
        store.count("a", 1, now, now).await.unwrap_err(),
        store.uncount("a", now).await.unwrap_err(),
        store.remove("a").await.unwrap_err(),
    ];
    for refused in refused {
        // Not that of a database that is away.
        assert_eq!((refused.kind(), refused.code()), (ErrorKind::Unavailable, "ephemeral_unavailable"), "{refused:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(10));
}
