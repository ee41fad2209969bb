//! Answers kept for repeated requests.

use crate::rows::now;
use chrono::TimeDelta;
use musubi_kernel::error::StoreError;
use musubi_kernel::receipt::Answered;
use musubi_sql::idempotency;
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::Query;

fn answer(caller: &str, key: &str) -> Answered {
    Answered {
        caller: caller.to_owned(),
        key: key.to_owned(),
        fingerprint: [7; 32],
        status: 201,
        body: br#"{"token":"msb_secret"}"#.to_vec(),
        answered_at: now(),
        expires_at: now() + TimeDelta::hours(24),
    }
}

async fn keep(test: &TestDb, answered: &Answered) -> Result<(), StoreError> {
    let mut tx = test.db.begin().await?;
    idempotency::write(&mut tx, &*test.store().cipher, answered).await?;
    tx.commit().await
}

async fn an_answer_is_given_again(test: TestDb) {
    let store = test.store();
    let kept = answer("key:1", "abc");
    assert_eq!(store.answered("key:1", "abc", now()).await.unwrap(), None);
    keep(&test, &kept).await.unwrap();
    assert_eq!(store.answered("key:1", "abc", now()).await.unwrap(), Some(kept.clone()));
    for (caller, key) in [("key:2", "abc"), ("key:1", "ABC"), ("key:1", "abc "), ("key:1a", "bc")] {
        assert_eq!(store.answered(caller, key, now()).await.unwrap(), None, "{caller} {key}");
    }
    assert_eq!(keep(&test, &kept).await, Err(StoreError::AlreadyAnswered));
    keep(&test, &answer("key:2", "abc")).await.unwrap();
}
on_each_engine!(an_answer_is_given_again);

async fn what_is_shown_once_is_not_readable_in_the_table(test: TestDb) {
    keep(&test, &answer("key:1", "abc")).await.unwrap();
    let query = Query::select().column("body").from("idempotency_keys").to_owned();
    let body: Vec<u8> = test.db.optional(&query).await.unwrap().unwrap().get("body").unwrap();
    assert!(!body.windows(6).any(|window| window == b"secret"));
}
on_each_engine!(what_is_shown_once_is_not_readable_in_the_table);

async fn an_answer_expires(test: TestDb) {
    let store = test.store();
    let kept = answer("key:1", "abc");
    keep(&test, &kept).await.unwrap();
    let later = kept.expires_at;
    assert!(store.answered("key:1", "abc", later - TimeDelta::microseconds(1)).await.unwrap().is_some());
    assert_eq!(store.answered("key:1", "abc", later).await.unwrap(), None);
    let second = Answered { answered_at: later, expires_at: later + TimeDelta::hours(24), status: 200, ..kept };
    keep(&test, &second).await.unwrap();
    assert_eq!(store.answered("key:1", "abc", later).await.unwrap(), Some(second));
}
on_each_engine!(an_answer_expires);

async fn only_what_has_expired_is_tidied_away(test: TestDb) {
    let mut tx = test.db.begin().await.unwrap();
    let cipher = test.store().cipher;
    for n in 0..501 {
        idempotency::write(&mut tx, &*cipher, &answer("key:1", &n.to_string())).await.unwrap();
    }
    let fresh = Answered { expires_at: now() + TimeDelta::days(3), ..answer("key:1", "fresh") };
    idempotency::write(&mut tx, &*cipher, &fresh).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(idempotency::tidy(&test.db, now()).await.unwrap(), 0);
    assert_eq!(idempotency::tidy(&test.db, now() + TimeDelta::days(2)).await.unwrap(), 501);
    assert_eq!(idempotency::tidy(&test.db, now() + TimeDelta::days(2)).await.unwrap(), 0);
    assert!(test.store().answered("key:1", "fresh", now()).await.unwrap().is_some());
}
on_each_engine!(only_what_has_expired_is_tidied_away);

async fn of_two_at_once_one_is_kept(test: TestDb) {
    let keepers: Vec<_> = (0..2)
        .map(|_| {
            let test = test.clone();
            tokio::spawn(async move { keep(&test, &answer("key:1", "abc")).await })
        })
        .collect();
    let mut results = Vec::new();
    for keeper in keepers {
        results.push(keeper.await.unwrap());
    }
    assert!(results.contains(&Ok(())) && results.contains(&Err(StoreError::AlreadyAnswered)), "{results:?}");
}
on_each_engine!(of_two_at_once_one_is_kept);
