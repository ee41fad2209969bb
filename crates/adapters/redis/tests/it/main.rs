//! Against a real Redis: `MUSUBI_TEST_REDIS_URL`, as `tests/servers` gives it. Without one these tests fail.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod ephemeral;

use musubi_redis::rate::SharedRate;
use musubi_redis::{Redis, RedisError};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

fn url() -> String {
    std::env::var("MUSUBI_TEST_REDIS_URL").expect("MUSUBI_TEST_REDIS_URL names a Redis for tests")
}

fn redis() -> Redis {
    Redis::at(&url()).expect("an address of Redis")
}

fn rate(redis: Redis, per_minute: u32, burst: u32) -> SharedRate {
    SharedRate::new(redis, NonZeroU32::new(per_minute).expect("a rate"), NonZeroU32::new(burst).expect("a burst"))
}

/// A client that no other test or run is.
fn client(name: &str) -> String {
    format!("{name}-{}-{:?}", std::process::id(), Instant::now())
}

#[tokio::test]
async fn a_burst_passes_then_calls_wait_and_waiting_helps() {
    let rate = rate(redis(), 600, 3);
    let client = client("burst");
    for _ in 0..3 {
        assert_eq!(rate.count(&client).await.unwrap(), None);
    }
    let wait = rate.count(&client).await.unwrap().expect("one too many");
    assert!(wait <= Duration::from_millis(100), "{wait:?}");
    tokio::time::sleep(wait + Duration::from_millis(5)).await;
    assert_eq!(rate.count(&client).await.unwrap(), None);
}

#[tokio::test]
async fn even_the_highest_rate_is_counted() {
    let (rate, client) = (rate(redis(), u32::MAX, 3), client("highest"));
    assert_eq!(rate.count(&client).await.unwrap(), None);
}

#[tokio::test]
async fn servers_share_the_count_and_clients_do_not() {
    let (one, two) = (rate(redis(), 1, 2), rate(redis(), 1, 2));
    let (ours, theirs) = (client("ours"), client("theirs"));
    assert_eq!(one.count(&ours).await.unwrap(), None);
    assert_eq!(two.count(&ours).await.unwrap(), None);
    for server in [&one, &two] {
        assert!(server.count(&ours).await.unwrap().is_some_and(|wait| wait > Duration::from_secs(50)));
        assert_eq!(server.count(&theirs).await.unwrap(), None);
    }
}

#[tokio::test]
async fn many_calls_at_once_are_each_counted_once() {
    let rate = rate(redis(), 1, 10);
    let client = client("many");
    let calls: Vec<_> = (0..40)
        .map(|_| {
            let (rate, client) = (rate.clone(), client.clone());
            tokio::spawn(async move { rate.count(&client).await.unwrap() })
        })
        .collect();
    let mut passed = 0;
    for call in calls {
        passed += u32::from(call.await.unwrap().is_none());
    }
    assert_eq!(passed, 10);
}

#[tokio::test]
async fn a_redis_that_is_away_is_told_soon() {
    let rate = rate(Redis::at("redis://127.0.0.1:1").unwrap(), 60, 1);
    let began = Instant::now();
    assert!(matches!(rate.count("x").await, Err(RedisError::Away(_))));
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(matches!(Redis::at("http://127.0.0.1"), Err(RedisError::Address(_))));
}
